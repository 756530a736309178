"""Many transport problems of one shape in one call."""

import numpy as np

from .. import _params
from .._core import core
from .._warnings import warn_not_converged
from ._costs import MatrixCosts, refuse_isolated
from ._marginals import check_marginals
from ._result import TransportResult
from ._run import DROP, check_iteration, run_to_the_end
from ._staged_runs import check_reg


def solve_batch(
    a, b, M, reg, method="auto", tol=1e-9, max_iter=1000, annealing=4.0, engine="core", **fields
):
    """Solve many entropic optimal transport problems of one shape.

    Parameters
    ----------
    a, b : array-like, or None
        Masses >= 0 with equal sums: of shape (n_problems, n_sources) and (n_problems, n_targets),
        or (n_sources,) and (n_targets,) if all problems share them; uniform when None or empty.
    M : array-like of shape (n_problems, n_sources, n_targets) or (n_sources, n_targets)
        Costs of each problem, or of all. float32 and float64 in C order are read in place.
    reg : float or array-like of shape (n_problems,), > 0
        Regularization, in units of the cost.
    method : str, default="auto"
        A registered method, as in :func:`solve`.
    tol : float, > 0, default=1e-9
        Error of the sums at which a problem is solved, as a share of its mass.
    max_iter : int, >= 0, default=1000
        Limit of iterations of each problem.
    annealing : float, >= 1, default=4.0
        Ratio of successive regularizations, as in :func:`steps`.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels, or their NumPy twins, one problem after the other.
    **fields
        Hyper-parameters of the method, by name.

    Returns
    -------
    BatchResult
        Arrays over the problems; ``result[k]`` is the :class:`TransportResult` of problem k.

    Raises
    ------
    ValueError
        For shapes that do not fit, and what :func:`solve` refuses; the message names the problem.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If some problems did not reach the tolerance.

    See Also
    --------
    solve : One problem.

    Notes
    -----
    All problems are solved in one call of the core, small ones side by side, one a thread; large
    ones one after the other, each by all threads. The numbers are those of :func:`solve` for each
    problem alone, whatever the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> M = np.random.default_rng(0).random((10, 20, 30))
    >>> result = ot.solve_batch(None, None, M, reg=0.05)
    >>> result.plan.shape, result.converged.all()
    ((10, 20, 30), np.True_)
    >>> one = ot.solve(None, None, M[3], reg=0.05)
    >>> bool(np.array_equal(result.plan[3], one.plan))
    True
    """
    check_iteration(tol, max_iter, annealing, engine)
    M = _check_stack(M)
    regs = np.atleast_1d(_params.real_array(reg, "reg", "ot.solve_batch")).astype(np.float64)
    a, b = (_check_rows(values, name) for values, name in ((a, "a"), (b, "b")))
    count = _count(M, a, b, regs)
    problems = []
    for k in range(count):
        if k == 0 or len(M) > 1:
            costs = _named(k, lambda k=k: MatrixCosts(M[k]))
        problems.append(_check_one(k, a, b, costs, regs))
    record = _params.find("transport_methods", "newton" if method == "auto" else method, "method")
    values = _params.field_values(record, fields)
    if engine == "numpy":
        results = [
            run_to_the_end(
                costs, own_a, own_b, own_reg, method, tol, max_iter, annealing, engine=engine,
                **fields,
            )
            for costs, own_a, own_b, own_reg in problems
        ]  # fmt: skip
        return BatchResult(results)
    answers = core.transport_batch(
        M,
        np.stack([problem[1] for problem in problems]),
        np.stack([problem[2] for problem in problems]),
        np.array([problem[3] for problem in problems]),
        record["name"],
        [_params.stored(field, values[field["name"]]) for field in record["fields"]],
        np.array([tol * problem[1].sum() for problem in problems]),
        np.array([costs.scale(a > 0.0, b > 0.0) for costs, a, b, _ in problems]),
        max_iter,
        annealing,
        DROP,
        MatrixCosts.memory,
    )
    result = BatchResult(
        [
            TransportResult(*problem, f, g, last, status)
            for problem, (f, g, last, status) in zip(problems, answers, strict=True)
        ]
    )
    _warn(result, tol)
    return result


class BatchResult:
    """Hold the solutions of many transport problems of one shape.

    ``len(result)`` is their number, ``result[k]`` the :class:`TransportResult` of problem k. What
    costs a read of all costs is computed when it is first asked for.

    Parameters
    ----------
    results : list of TransportResult
        One for each problem.

    Attributes
    ----------
    plan : ndarray of shape (n_problems, n_sources, n_targets)
        The plans. float32 if the costs are, else float64.
    potentials : tuple of ndarray
        Of shapes (n_problems, n_sources) and (n_problems, n_targets).
    value, gap, cost, marginal_error : ndarray of shape (n_problems,)
        As of :class:`TransportResult`.
    certificate : ndarray of shape (n_problems, 2)
        Bounds of the cost of each problem without regularization.
    n_iter : ndarray of int of shape (n_problems,)
        Iterations.
    converged : ndarray of bool of shape (n_problems,)
        Which problems reached the tolerance.
    status : list of str
        How each run ended.
    """

    def __init__(self, results):
        self._results = list(results)

    def __len__(self):
        """Return the number of problems."""
        return len(self._results)

    def __getitem__(self, k):
        """Return the result of one problem."""
        return self._results[k]

    def __repr__(self):
        """Say what was solved and how well."""
        n, m = self._results[0].a.size, self._results[0].b.size
        return (
            f"BatchResult({len(self)} x {n} x {m}, converged={int(self.converged.sum())}, "
            f"marginal_error<={self.marginal_error.max():.2g})"
        )

    def _each(self, name):
        return np.array([getattr(result, name) for result in self._results])

    @property
    def plan(self):
        """The plans."""
        return self._each("plan")

    @property
    def potentials(self):
        """Potentials of the sources and of the targets."""
        f, g = zip(*(result.potentials for result in self._results), strict=True)
        return np.array(f), np.array(g)

    value = property(lambda self: self._each("value"), doc="Dual values.")
    gap = property(lambda self: self._each("gap"), doc="Duality gaps.")
    cost = property(lambda self: self._each("cost"), doc="Costs of the plans.")
    certificate = property(lambda self: self._each("certificate"), doc="Bounds of the exact costs.")
    marginal_error = property(lambda self: self._each("marginal_error"), doc="Errors of the sums.")
    n_iter = property(lambda self: self._each("n_iter"), doc="Iterations.")
    converged = property(lambda self: self._each("converged"), doc="Which reached the tolerance.")

    @property
    def status(self):
        """How each run ended."""
        return [result.status for result in self._results]


def _check_stack(M):
    """Return costs with three dimensions in C order, of a type that the core reads in place."""
    M = _params.real_array(M, "M", "ot.solve_batch")
    if M.ndim not in (2, 3) or 0 in M.shape:
        raise ValueError(
            "M must have three dimensions, problems by sources by targets, or two if all problems "
            f"share it, and no empty one, got shape {M.shape}."
        )
    if M.dtype not in (np.float32, np.float64) or not M.dtype.isnative:
        M = M.astype(np.float64 if M.dtype != ">f4" else np.float32)
    return np.require(M if M.ndim == 3 else M[None], requirements=["C", "ALIGNED"])


def _check_rows(values, name):
    """Return masses with two dimensions, the first of them one if problems share them, or None."""
    if values is None:
        return None
    masses = _params.real_array(values, name, "ot.solve_batch")
    if masses.size == 0:
        return None
    if masses.ndim not in (1, 2):
        raise ValueError(
            f"{name} must have two dimensions, problems by atoms, or one if all problems share it, "
            f"got shape {masses.shape}."
        )
    return masses if masses.ndim == 2 else masses[None]


def _count(M, a, b, regs):
    """Return the number of problems, on which all that is not shared must agree."""
    if regs.ndim != 1 or regs.size == 0:
        raise ValueError(
            f"reg must be a number or have one dimension and not be empty, got shape {regs.shape}."
        )
    sizes = {"M": len(M), "reg": len(regs)}
    sizes.update({k: len(x) for k, x in (("a", a), ("b", b)) if x is not None})
    several = {name: size for name, size in sizes.items() if size > 1}
    if len(set(several.values())) > 1:
        raise ValueError(
            "M, a, b and reg must be of as many problems as each other, or shared, got "
            + ", ".join(f"{size} in {name}" for name, size in several.items())
            + "."
        )
    return max(sizes.values())


def _check_one(k, a, b, costs, regs):
    own = [None if x is None else x[k if len(x) > 1 else 0] for x in (a, b)]
    own_a, own_b = _named(k, lambda: check_marginals(*own, costs.shape))
    reg = _named(k, lambda: check_reg(float(regs[k if len(regs) > 1 else 0]), "ot.solve_batch"))
    _named(k, lambda: refuse_isolated(costs.M, own_a > 0.0, own_b > 0.0))
    return costs, own_a, own_b, reg


def _named(k, check):
    """Return what a check returns; its error says of which problem it is."""
    try:
        return check()
    except (TypeError, ValueError) as error:
        raise type(error)(f"Problem {k}: {error}") from None


def _warn(result, tol):
    failed = np.flatnonzero(~result.converged)
    if failed.size == 0:
        return
    k = failed[0]
    warn_not_converged(
        f"{failed.size} of {len(result)} transport problems did not reach the tolerance {tol:.3g}, "
        f"the first of them problem {k} ({result.status[k]}, marginal error "
        f"{result.marginal_error[k]:.3g}). Raise max_iter, reg or tol."
    )
