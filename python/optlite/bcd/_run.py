"""Runs of block coordinate descent, with either engine."""

import dataclasses
import math

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from .. import _params
from .._core import core
from .._warnings import warn_not_converged
from ._partitions import check_partition
from ._partitions import partition as make_partition
from ._problems import check_integer, check_problem, check_vector

ENGINES = ("core", "numpy")

_REMEDIES = {
    "iteration_limit": "Raise max_iter or tol, or use larger blocks.",
    "not_finite": "Divide H and c by their largest entries.",
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
    objective, gradient_norm : float
        Of f at x.
    certificate : float
        Bound of f - min f; infinite if no constant of strong convexity is known.
    x : ndarray of shape (n,)
        The point.
    """

    iteration: int
    block: np.ndarray
    score: float
    step_norm: float
    objective: float
    gradient_norm: float
    certificate: float
    x: np.ndarray = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, eq=False)
class BlockResult:
    """Hold what a run found.

    Parameters
    ----------
    x : ndarray of shape (n,)
        The minimiser.
    objective, gradient_norm, certificate : float
        As in :class:`BlockRecord`, computed from x anew at the end.
    n_iter : int
        Blocks that were moved.
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
    status: str
    trace: tuple | None = None

    @property
    def converged(self):
        """Whether the tolerance was reached."""
        return self.status == "converged"


def solve(problem, partition="variable", selection="gsd", update="matrix", block_size=5, **options):
    """Minimise a quadratic by block coordinate descent.

    Parameters
    ----------
    problem : Quadratic or LeastSquares
        What to minimise.
    partition : str or list of array-like of int, default="variable"
        "variable" for blocks of any composition, a rule of :func:`partition`, or the blocks.
    selection : str, default="gsd"
        A registered block selection: "gs" and "gsd" (greedy) and "random" take variable blocks;
        "gsl", "gsq" (greedy), "cyclic", "permutation" and "lipschitz" need a partition.
    update : {"matrix", "gradient"}, default="matrix"
        A registered block update.
    block_size : int, >= 1, default=5
        Variables in a block; at most all of them.
    **options
        ``x0``, ``tol``, ``max_iter``, ``random_state`` and ``engine`` as described in
        :func:`steps`; ``trace``, whether to keep the records; ``callback``, called with each of
        them, which may raise ``StopIteration`` to end the run; and the hyper-parameters of
        selection and update.

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
    block and a pass over the gradient.

    References
    ----------
    Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
    rules, message-passing, active-set complexity, and superlinear convergence, 2022.

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
        for record in _iterate(run):
            records.append(record)
            try:
                if callback is not None:
                    callback(record)
            except StopIteration:
                status = "stopped"
                break
    last = run.record
    result = BlockResult(
        np.array(run.x),
        last["objective"],
        last["gradient_norm"],
        last["certificate"],
        last["iteration"],
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


def steps(problem, partition="variable", selection="gsd", update="matrix", block_size=5, **options):
    """Yield one record per iteration of block coordinate descent.

    Parameters
    ----------
    problem, partition, selection, update, block_size
        As in :func:`solve`.
    **options
        ``x0`` : array-like of shape (n,), the start, zeros by default. ``tol`` : float > 0, 1e-8
        by default; where a constant of strong convexity is known, the run ends once f - min f is
        certainly at most `tol` times that of the start, else once the gradient is at most `tol`
        times that at zero. ``max_iter`` : int >= 0, 100000 by default. ``random_state`` : int,
        RandomState or None, for random selections. ``engine`` : "core", the compiled kernels, or
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
    return _iterate(_make_run(problem, partition, selection, update, block_size, **options)[0])


def _iterate(run):
    while True:
        yield BlockRecord(block=np.array(run.block), x=np.array(run.x), **run.record)
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
    engine="core",
    **fields,
):
    """Check everything and start a run with one of the two engines."""
    check_problem(problem)
    tol = _params.real_number(tol, "tol", "bcd")
    if not (tol > 0.0 and math.isfinite(tol)):
        raise ValueError(f"tol must be > 0 and finite, got {tol!r}. The default is 1e-8.")
    max_iter = check_integer(max_iter, "max_iter", 0)
    size = min(check_integer(block_size, "block_size", 1), problem.dim)
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")
    chosen = _params.find("block_selections", selection, "selection")
    move = _params.find("block_updates", update, "update")
    values = _params.split_fields([chosen, move], fields)
    blocks = _blocks(problem, partition, size, chosen)
    x = np.zeros(problem.dim) if x0 is None else check_vector(x0, "x0", problem.dim)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    limits = (seed, tol, problem.strong_convexity, max_iter)
    quadratic = (problem.c, problem.constant, x, size)
    if engine == "numpy":
        return _twin(problem, quadratic, blocks, (chosen, move), values, limits), tol
    H, flat, starts = problem.H, np.zeros(0, np.int64), np.zeros(0, np.int64)
    if sp.issparse(H):
        H = (H.indptr.astype(np.int64), H.indices.astype(np.int64), H.data)
    if blocks is not None:
        flat, starts = np.concatenate(blocks), np.cumsum([0, *map(len, blocks)])
    parts = []
    for record, own in zip((chosen, move), values, strict=True):
        stored = [_params.stored(field, own[field["name"]]) for field in record["fields"]]
        parts += [record["name"], stored]
    return core.BlockDescentRun(H, *quadratic, flat, starts, *parts, *limits), tol


def _twin(problem, quadratic, blocks, records, values, limits):
    from ..reference import load
    from ..reference.bcd import BlockDescent

    parts = [
        getattr(load(record["kind"], record["name"]), record["class_name"])(**own)
        for record, own in zip(records, values, strict=True)
    ]
    H = problem.H.toarray() if sp.issparse(problem.H) else problem.H
    return BlockDescent(H, *quadratic, blocks, *parts, *limits)


def _blocks(problem, partition, size, selection):
    """Return the blocks, or None where any composition will do."""
    if not isinstance(partition, str):
        return check_partition(partition, problem.dim)
    if partition != "variable":
        return make_partition(problem, partition, size)
    if selection["needs_partition"]:
        raise ValueError(
            f'selection="{selection["name"]}" needs a partition, got partition="variable". Use '
            'partition="sort", or a selection such as "gsd".'
        )
    return None
