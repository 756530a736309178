"""Runs of block coordinate descent, with either engine."""

import dataclasses
import itertools

import numpy as np
from sklearn.utils import check_random_state

from .. import _params
from .._core import core
from .._validation import check_integer, check_number, check_vector
from .._warnings import warn_not_converged
from ._partitions import COMPOSED, OF_GRAPHS, SIZED, check_graph, check_partition, check_rule
from ._partitions import partition as make_partition
from ._problems import check_problem

ENGINES = ("core", "numpy")
#: More iterations than anybody waits for, of which the core counts no more.
_MOST = 2**62

_REMEDIES = {
    "iteration_limit": "Raise max_iter or tol, or use larger blocks. If the gradient does not "
    "fall, F has no minimum.",
    "not_finite": "Divide H and c, or A, by their largest entries. If that does not help, H is not "
    "positive semi-definite, and F has no minimum.",
}


@dataclasses.dataclass(frozen=True, eq=False)
class BlockRecord:
    """Hold the state of a run after one iteration.

    Parameters
    ----------
    iteration : int
        0 is the start.
    block : ndarray of int64
        Variables that moved.
    score : float
        By which the block was chosen; 0 for rules without a score.
    step_norm : float
        Euclidean norm of the change of x.
    objective : float
        F at x.
    gradient_norm : float
        Euclidean norm of the gradient at x; where there are kinks or bounds, of the shortest
        subgradient.
    certificate : float
        Bound of F - min F; infinite if no constant of strong convexity is known.
    identified : int
        The last iteration that changed the active set.
    x : ndarray of shape (n,)
        The point; of float32 where the data of the problem are, rounded for the record only.
    active_set : ndarray of int64
        Variables at a kink (zero, with a weight) or at a bound.
    """

    iteration: int
    block: np.ndarray
    score: float
    step_norm: float
    objective: float
    gradient_norm: float
    certificate: float
    identified: int
    x: np.ndarray = dataclasses.field(repr=False)
    active_set: np.ndarray = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, eq=False)
class BlockResult:
    """Hold what a run found.

    Parameters
    ----------
    x : ndarray of shape (n,)
        The minimiser; of float32 where the data of the problem are. The run, its sums and `status`
        are of double precision in any case.
    objective, gradient_norm, certificate : float
        As in :class:`BlockRecord`, computed from x anew at the end, after it was rounded.
    n_iter : int
        Blocks that were moved.
    active_set : ndarray of int64
        Variables at a kink or at a bound.
    identified : int
        The iteration after which the active set stayed what it is.
    status : str
        "converged", "iteration_limit", "precision_limit" (rounding hides what is left),
        "not_finite" or "stopped" (by the callback).
    trace : tuple of BlockRecord, or None
        All records, if they were asked for.
    """

    x: np.ndarray
    objective: float
    gradient_norm: float
    certificate: float
    n_iter: int
    active_set: np.ndarray
    identified: int
    status: str
    trace: tuple | None = None

    @property
    def converged(self):
        """Whether the tolerance was reached."""
        return self.status == "converged"


def solve(problem, partition="variable", selection=None, update=None, block_size=5, **options):
    """Minimise by block coordinate descent.

    Parameters
    ----------
    problem : Quadratic, LeastSquares, LabelPropagation, Logistic, Softmax, Composite or SVMDual
        What to minimise.
    partition : str or list of array-like of int, default="variable"
        "variable" for blocks of any composition; "forest" for those among them whose graph has no
        cycle, where H is sparse; a rule of :func:`partition`; or the blocks. The groups of a
        problem, if it has some, are the blocks.
    selection : str, default=None
        A registered block selection; None is "gsd", or "gs_q" where there are kinks or bounds.
        Greedy for smooth problems: "gs", "gsd", "gsl", "gsq"; for all: "gs_s", "gs_r", "gs_q" and
        "mi". Not greedy: "random", "cyclic", "permutation", "lipschitz". "gsl", "mi" and those not
        greedy other than "random" need a partition. With "forest" the selection says which nodes
        come first: "gs" or "gsd" make greedy trees, "random" random ones.
    update : str, default=None
        A registered block update; None is "matrix" for quadratics, "newton" for other smooth
        problems, "two_metric" where there are kinks or bounds, "proximal" for groups, and
        "message_passing" where blocks are trees. The others are "gradient", "exact" and
        "sparse_cholesky".
    block_size : int, >= 1, or None, default=5
        Variables in a block, at most; None for as many as there can be.
    **options
        ``x0``, ``tol``, ``max_iter``, ``random_state``, ``anderson``, ``final_phase`` and
        ``engine`` as described in :func:`steps`; ``trace``, whether to keep the records;
        ``callback``, called with each of them, which may raise ``StopIteration`` to end the run;
        and the hyper-parameters of selection and update.

    Returns
    -------
    BlockResult
        The minimiser, and how far it may be from optimal.

    Raises
    ------
    ValueError, TypeError
        For names and values that are not allowed, and if H turns out not to be positive
        semi-definite.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    Notes
    -----
    The gradient of all variables is kept up to date, so an iteration costs the columns of H in the
    block and a pass over the gradient; with a sparse H the neighbours of the block only, as the
    scores are kept in a tree. For a logistic or softmax problem it costs two passes over A.

    References
    ----------
    Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
    rules, message-passing, active-set complexity, and superlinear convergence, 2022. For
    ``anderson``: Narkiss and Zibulevsky, Sequential subspace optimization method for large-scale
    unconstrained problems, 2005; Bertrand and Massias, Anderson acceleration of coordinate descent,
    2021.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> A = np.random.default_rng(0).normal(size=(60, 30))
    >>> result = bcd.solve(bcd.LeastSquares(A, A.sum(axis=1)), tol=1e-10)
    >>> bool(np.allclose(result.x, 1.0)), result.converged
    (True, True)
    """
    trace, callback = options.pop("trace", False), options.pop("callback", None)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}.")
    run, asked = _make_run(problem, partition, selection, update, block_size, **options)
    records, status = None, None
    if not trace and callback is None:
        run.run()
    else:
        records = []
        for record in _iterate(run, problem):
            if trace:
                records.append(record)
            try:
                if callback is not None:
                    callback(record)
            except StopIteration:
                status = "stopped"
                break
    last, x = run.record, np.array(run.x)
    active = np.flatnonzero(problem.at_kink(x))
    x = x.astype(problem.smooth.dtype, copy=False)
    result = BlockResult(
        x,
        *_judged(problem, x, last),
        last["iteration"],
        active,
        last["identified"],
        status or run.status,
        tuple(records) if trace else None,
    )
    if result.status not in ("converged", "stopped"):
        remedy = _REMEDIES.get(result.status, "Raise tol, or use larger blocks.")
        warn_not_converged(
            f"Block coordinate descent stopped after {result.n_iter} iterations ({result.status}). "
            f"Reached: gradient norm {result.gradient_norm:.3g}, bound of the gap "
            f"{result.certificate:.3g}; asked for: tol={asked:.3g}. {remedy}"
        )
    return result


def steps(problem, partition="variable", selection=None, update=None, block_size=5, **options):
    """Yield one record per iteration of block coordinate descent.

    Parameters
    ----------
    problem, partition, selection, update, block_size
        As in :func:`solve`.
    **options
        ``x0`` : array-like of shape (n,), the start, zeros by default, or the nearest point within
        the bounds. ``tol`` : float > 0, 1e-8 by default; where a constant of strong convexity is
        known, the run ends once F - min F is certainly at most `tol` times that of the start, or of
        the default start if it is larger there; else once the shortest subgradient is at most `tol`
        times the gradient of f at zero, or that of the start if f has none at zero.
        ``max_iter`` : int >= 0, 100000 by default. ``random_state`` : int,
        RandomState or None, for random selections. ``anderson`` : int >= 0, 0 by default; for a
        quadratic without kinks and bounds, with any selection, x goes to the minimum over the plane
        through the ends of so many passes and of the last one, which costs no product with H; for
        other problems x is extrapolated from so many passes of a cyclic selection, and the result
        kept if F is less there (Anderson's acceleration). 5 is usual for both. A pass is as many
        iterations as move each variable once. ``final_phase`` : bool, by default whether
        there are kinks or bounds; once no variable came to one or left one for two passes, all the
        others (if 2000 at most) take Newton steps together for as long as that halves the
        subgradient. ``engine`` : "core", the compiled kernels, or
        "numpy", their twins, which a debugger can enter. Hyper-parameters of selection and update.

    Yields
    ------
    BlockRecord
        Record 0 is the start.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> f = bcd.Quadratic(np.diag([1.0, 2.0, 4.0]), [3.0, 2.0, 1.0])
    >>> for record in bcd.steps(f, selection="gs", block_size=1):
    ...     print(record.iteration, record.block, record.objective)
    0 [] 0.0
    1 [0] -4.5
    2 [1] -5.5
    3 [2] -5.625
    """
    run, _ = _make_run(problem, partition, selection, update, block_size, **options)
    return _iterate(run, problem)


def _judged(problem, x, last):
    """Return objective, length of the shortest subgradient and certificate at the result."""
    if x.dtype == np.float64:
        return last["objective"], last["gradient_norm"], last["certificate"]
    x = x.astype(np.float64)
    s = problem.terms_twin().least_subgradient(np.arange(len(x)), x, problem.smooth.slopes(x))
    squared, mu = float(s @ s), problem.strong_convexity
    return problem.value(x), float(np.sqrt(squared)), squared / (2 * mu) if mu > 0.0 else np.inf


def _iterate(run, problem):
    while True:
        x = np.array(run.x)
        active = np.flatnonzero(problem.at_kink(x))
        x = x.astype(problem.smooth.dtype, copy=False)
        yield BlockRecord(block=np.array(run.block), x=x, active_set=active, **run.record)
        if not run.advance():
            return


def _make_run(
    problem,
    partition,
    selection,
    update,
    block_size,
    x0=None,
    tol=1e-8,
    max_iter=100_000,
    random_state=None,
    anderson=0,
    final_phase=None,
    engine="core",
    **fields,
):
    """Check everything and start a run with one of the two engines."""
    check_problem(problem)
    tol = check_number(tol, "tol", "bcd; the default is 1e-8", positive=True)
    max_iter = min(check_integer(max_iter, "max_iter", 0, "bcd"), _MOST)
    n = problem.dim
    size = n if block_size is None else check_integer(block_size, "block_size", 1, "bcd")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")
    forest, blocks = _blocks(problem, partition, min(size, n))
    trees = forest or (isinstance(partition, str) and partition in OF_GRAPHS)
    parts = choose_parts(problem, selection, update, trees)
    _refuse_unfit(problem, parts, blocks)
    values = _params.split_fields(parts, fields)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    typical = min(size, n) if blocks is None else n // len(blocks)
    limits = (seed, tol, problem.strong_convexity, max_iter, _stride(problem, typical))
    limits += _accelerations(problem, anderson, final_phase, parts[0])
    limits += (_reference(problem, x0),)
    x, sizes = _start(problem, x0), (min(size, n), blocks, forest)
    make = _twin_run if engine == "numpy" else _core_run
    return make(problem, x, sizes, parts, values, limits), tol


def choose_parts(problem, selection, update, trees):
    """Return the records of selection and update; None stands for those that fit the problem."""
    smooth = len(problem.terms()) == 0
    if selection is None:
        selection = "gsd" if smooth else "gs_q"
    if update is None:
        if not smooth:
            update = "two_metric" if len(problem.terms()) == 3 else "proximal"
        elif trees:
            update = "message_passing"
        else:
            update = "matrix" if hasattr(problem.smooth, "H") else "newton"
    chosen = _params.find("block_selections", selection, "selection")
    return chosen, _params.find("block_updates", update, "update")


def _refuse_unfit(problem, parts, blocks):
    """Say why a selection or an update has no meaning for a problem."""
    selection = parts[0]
    if selection["needs_partition"] and blocks is None:
        raise ValueError(
            f'selection="{selection["name"]}" needs a partition. Use partition="sort", or a '
            'selection such as "gsd".'
        )
    kind = {0: "smooth", 2: "groups", 3: "separable"}[len(problem.terms())]
    for word, part, instead in (
        ("selection", parts[0], '"gs_s", "gs_r" or "gs_q"'),
        ("update", parts[1], '"proximal"' if kind == "groups" else '"two_metric" or "proximal"'),
    ):
        takes = part["takes"]
        if takes == "graph":
            check_graph(problem, f'{word}="{part["name"]}"')
        if takes == "any" or kind == "smooth" or (takes, kind) == ("separable", "separable"):
            continue
        what = "groups" if kind == "groups" else "kinks or bounds"
        raise ValueError(
            f'{word}="{part["name"]}" does not take problems with {what}. Use {instead}.'
        )


def _accelerations(problem, anderson, final_phase, selection):
    """Return what Anderson's extrapolation and the final phase are told."""
    anderson = min(check_integer(anderson, "anderson", 0, "bcd"), _MOST)
    quadratic = len(problem.terms()) == 0 and hasattr(problem.smooth, "H")
    if anderson > 0 and selection["name"] != "cyclic" and not quadratic:
        raise ValueError(
            f'anderson={anderson} needs selection="cyclic" where F is no quadratic, got '
            f'"{selection["name"]}": it extrapolates passes that are one map, repeated.'
        )
    separable = len(problem.terms()) == 3
    if final_phase is None:
        final_phase = separable and anderson == 0
    if not isinstance(final_phase, bool):
        raise TypeError(f"final_phase must be True, False or None, got {final_phase!r}.")
    return anderson, final_phase and separable


def _start(problem, x0):
    """Return the start, which must be within the bounds."""
    if x0 is None:
        return problem.start()
    x = check_vector(x0, "x0", problem.dim, "bcd")
    lower, upper = problem.terms_twin().bounds(problem.dim)
    if (x < lower).any() or (x > upper).any():
        i = int(np.argmax((x < lower) | (x > upper)))
        raise ValueError(
            f"x0 must be within the bounds, got {x[i]:g} at {i}, outside of [{lower[i]:g}, "
            f"{upper[i]:g}]. Use numpy.clip."
        )
    return x


def _reference(problem, x0):
    """Return F at the default start: a run that begins at the solution has nothing to compare."""
    if x0 is None or problem.strong_convexity == 0.0:
        return -np.inf
    value = float(problem.value(problem.start()))
    return value if np.isfinite(value) else -np.inf


def _stride(problem, size):
    """Return how often a run looks at the whole gradient: as a move costs, where H is sparse."""
    if problem.graph is None or len(problem.terms()) > 0:
        return 1
    n = problem.dim
    return max(1, n * n // (size * max(problem.graph.nnz, 1)))


def _core_run(problem, x, sizes, parts, values, limits):
    size, blocks, forest = sizes
    flat, starts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if blocks is not None:
        ends = itertools.accumulate(map(len, blocks), initial=0)
        flat, starts = np.concatenate(blocks), np.fromiter(ends, np.int64)
    rules = []
    for record, own in zip(parts, values, strict=True):
        stored = [_params.stored(field, own[field["name"]]) for field in record["fields"]]
        rules += [record["name"], stored]
    function = problem.smooth.compiled(x)
    return core.BlockDescentRun(
        function, problem.terms(), size, flat, starts, forest, *rules, *limits
    )


def _twin_run(problem, x, sizes, parts, values, limits):
    from ..reference import load
    from ..reference.bcd import BlockDescent

    rules = [
        getattr(load(record["kind"], record["name"]), record["class_name"])(**own)
        for record, own in zip(parts, values, strict=True)
    ]
    return BlockDescent(problem.smooth.twin(), problem.terms_twin(), x, *sizes, *rules, *limits)


def _blocks(problem, partition, size):
    """Return whether blocks are trees, and the blocks: None where any composition will do."""
    groups = getattr(problem, "groups", None)
    if groups is not None:
        if not isinstance(partition, str) or partition not in ("variable", "groups"):
            raise ValueError(
                'partition must be "variable" or "groups" for a problem with groups, which are the '
                f"blocks, got {partition!r}."
            )
        return False, groups
    if not isinstance(partition, str):
        return False, check_partition(partition, problem.dim)
    check_rule(partition, [*COMPOSED, *SIZED, *OF_GRAPHS])
    if partition == "forest":
        check_graph(problem, 'partition="forest"')
    if partition in COMPOSED:
        return partition == "forest", None
    return False, make_partition(problem, partition, size)
