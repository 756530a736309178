"""Entropic transport from Python: checks, the run of one of two engines, the result."""

import math
import time

import numpy as np

from .. import _params
from .._core import core
from .._warnings import warn
from ._marginals import check_costs, check_marginals, refuse_isolated
from ._result import MatrixCosts, PointCosts, TransportRecord, TransportResult, exact_result

METRICS = ("sqeuclidean", "euclidean", "cityblock")
ENGINES = ("core", "numpy")

#: Entries below this share of a row's or a column's mass, spread evenly, are left out of products.
DROP = 1e-9


def solve(a, b, M, reg, method="auto", tol=1e-9, **options):
    """Solve an entropic optimal transport problem.

    Parameters
    ----------
    a, b : array-like of shape (n_sources,) and (n_targets,), or None
        Masses >= 0 with equal sums; uniform when None or empty.
    M : array-like of shape (n_sources, n_targets)
        Cost of moving a unit of mass from each source to each target; ``inf`` forbids a link.
        float32 and float64 with contiguous rows are read in place.
    reg : float, >= 0
        Regularization, in units of the cost. 0 asks for exact transport, which is left to the
        package POT where it is installed.
    method : str, default="auto"
        A registered method: "newton" (which "auto" stands for), "sinkhorn", "anderson",
        "newton_sparse" or "greenkhorn".
    tol : float, > 0, default=1e-9
        Sum of the absolute differences between the marginals of the plan and a, b, at which the run
        ends, as a share of the mass.
    **options
        ``max_iter``, ``annealing``, ``start`` and ``engine`` as described in :func:`steps`;
        ``trace``, whether to keep the records; ``callback``, called with each of them, which may
        raise ``StopIteration`` to end the run; and the hyper-parameters of the method.

    Returns
    -------
    TransportResult
        The plan, the potentials, and bounds of how far they are from optimal.

    Raises
    ------
    ValueError
        For masses that are negative or differ in their sums, NaN or isolating costs, or
        reg < 0; for reg = 0 without POT.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    Notes
    -----
    The dual is maximised over the target potentials alone, at regularizations that fall to `reg`:
    see the pages of the methods.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> x = np.linspace(0.0, 1.0, 50)
    >>> M = (x[:, None] - x) ** 2
    >>> result = ot.solve(None, np.arange(1.0, 51.0) / 1275.0, M, reg=1e-3)
    >>> result.converged, result.marginal_error < 1e-9
    (True, True)
    """
    reg = _params.real_number(reg, "reg", "ot.solve")
    if reg == 0.0:
        return _solve_exactly(a, b, M)
    costs = MatrixCosts(check_costs(M))
    return _run_to_the_end(costs, a, b, reg, method, tol, **options)


def solve_points(X, Y, a=None, b=None, reg=1.0, metric="sqeuclidean", method="auto", **options):
    """Solve entropic transport between two clouds of points.

    No matrix is kept: memory is that of the points and a few vectors, unless `metric` is a
    function.

    Parameters
    ----------
    X, Y : array-like of shape (n_sources, n_dimensions) and (n_targets, n_dimensions)
        Points.
    a, b : array-like or None, default=None
        Masses; uniform when None.
    reg : float, > 0, default=1.0
        Regularization, in units of the cost.
    metric : {"sqeuclidean", "euclidean", "cityblock"} or callable, default="sqeuclidean"
        Cost of moving a unit of mass. A function takes X and Y and returns the matrix of costs,
        which is then kept.
    method : str, default="auto"
        As in :func:`solve`.
    **options
        As in :func:`solve`, `tol` included.

    Returns
    -------
    TransportResult
        As of :func:`solve`.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> result = ot.solve_points(X, X + 1.0, reg=0.1)
    >>> lower, upper = result.certificate  # every point moves by (1, 1), whose square is 2
    >>> bool(lower <= 2.0 <= upper)
    True
    """
    X, Y = _points(X, "X"), _points(Y, "Y")
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"X and Y must have the same number of columns, got {X.shape[1]} and {Y.shape[1]}."
        )
    if callable(metric):
        return solve(a, b, metric(X, Y), reg, method, **options)
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {list(METRICS)} or callable, got {metric!r}.")
    dtype = np.result_type(X, Y)
    costs = PointCosts(X.astype(np.float64), Y.astype(np.float64), metric, dtype)
    reg = _params.real_number(reg, "reg", "ot.solve_points")
    return _run_to_the_end(costs, a, b, reg, method, **options)


def sinkhorn(a, b, M, reg, tol=1e-9, max_iter=100_000, annealing=1.0, **options):
    """Solve entropic transport by Sinkhorn's iteration.

    Parameters
    ----------
    a, b, M, reg, tol
        As in :func:`solve`.
    max_iter : int, default=100000
        Limit of iterations.
    annealing : float, >= 1, default=1.0
        Ratio of successive regularizations; 1 for `reg` from the start.
    **options
        As in :func:`solve`; ``relaxation`` and ``domain`` of the method.

    Returns
    -------
    TransportResult
        As of :func:`solve`.

    Examples
    --------
    >>> from optlite import ot
    >>> ot.sinkhorn(None, None, [[0.0, 1.0], [1.0, 0.0]], reg=0.5).plan.round(3)
    array([[0.44, 0.06],
           [0.06, 0.44]])
    """
    options.update(max_iter=max_iter, annealing=annealing)
    return solve(a, b, M, reg, "sinkhorn", tol, **options)


def sinkhorn_newton(a, b, M, reg, tol=1e-9, **options):
    """Solve entropic transport by truncated Newton steps on the semi-dual.

    Parameters
    ----------
    a, b, M, reg, tol, **options
        As in :func:`solve`; ``forcing``, ``slow`` and ``max_inner`` of the method.

    Returns
    -------
    TransportResult
        As of :func:`solve`.

    Examples
    --------
    >>> from optlite import ot
    >>> result = ot.sinkhorn_newton(None, None, [[0.0, 1.0], [2.0, 0.0]], reg=1e-3)
    >>> round(result.cost, 6)
    0.0
    """
    return solve(a, b, M, reg, "newton", tol, **options)


def sinkhorn_newton_sparse(a, b, M, reg, tol=1e-9, annealing=1.0, **options):
    """Solve entropic transport by Sinkhorn-Newton-Sparse, as its paper states it.

    It reproduces results; :func:`sinkhorn_newton` is faster and converges where a fixed number of
    Hessian entries is too small, which here becomes slow or stalls.

    Parameters
    ----------
    a, b, M, reg, tol, **options
        As in :func:`solve`; ``sparsity``, ``warm_up`` and ``max_inner`` of the method.
    annealing : float, >= 1, default=1.0
        Ratio of successive regularizations; 1 for `reg` from the start.

    Returns
    -------
    TransportResult
        As of :func:`solve`.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> M = np.random.default_rng(0).random((100, 100))
    >>> result = ot.sinkhorn_newton_sparse(None, None, M, reg=1 / 1200)
    >>> result.converged
    True
    """
    return solve(a, b, M, reg, "newton_sparse", tol, annealing=annealing, **options)


def steps(
    a,
    b,
    M,
    reg,
    method="auto",
    tol=1e-9,
    max_iter=1000,
    annealing=4.0,
    start=None,
    engine="core",
    **fields,
):
    """Yield one record per iteration of an entropic transport problem.

    Parameters
    ----------
    a, b, M, reg, method, tol
        As in :func:`solve`, with reg > 0.
    max_iter : int, >= 0, default=1000
        Limit of iterations.
    annealing : float, >= 1, default=4.0
        Ratio, at most, of the regularizations of successive stages, from a tenth of the scale of
        the costs (mean less minimum) down to `reg`; 1 solves at `reg` at once, and so is a `reg` of
        a hundredth of that scale or more.
    start : array-like of shape (n_targets,), default=None
        Target potentials to start from; zeros when None.
    engine : {"core", "numpy"}, default="core"
        The compiled kernels, or their NumPy twins, which a debugger can enter.
    **fields
        Hyper-parameters of the method, by name.

    Yields
    ------
    TransportRecord
        Record 0 is the start.

    Examples
    --------
    >>> from optlite import ot
    >>> M = [[0.0, 1.0], [1.0, 0.0]]
    >>> for record in ot.steps([0.5, 0.5], [0.2, 0.8], M, reg=1.0, method="sinkhorn", tol=1e-2):
    ...     print(record.iteration, f"{record.marginal_error:.4f}")
    0 0.6000
    1 0.0888
    2 0.0107
    3 0.0012
    """
    costs = MatrixCosts(check_costs(M))
    a, b = check_marginals(a, b, costs.shape)
    reg = _params.real_number(reg, "reg", "ot.steps")
    run = _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields)
    return _iterate(run)


def _run_to_the_end(
    costs,
    a,
    b,
    reg,
    method="auto",
    tol=1e-9,
    max_iter=1000,
    annealing=4.0,
    start=None,
    engine="core",
    trace=False,
    callback=None,
    **fields,
):
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}.")
    a, b = check_marginals(a, b, costs.shape)
    run = _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields)
    records, stopped = None, False
    if not trace and callback is None and engine == "core":
        run.run()
    else:
        records = []
        for record in _iterate(run):
            records.append(record)
            try:
                if callback is not None:
                    callback(record)
            except StopIteration:
                stopped = True
                break
    run.settle()
    status = "stopped" if stopped else run.status
    result = TransportResult(
        costs, a, b, reg, run.f, run.g, run.record, status, tuple(records) if trace else None
    )
    if not (result.converged or stopped):
        _warn(result, tol * a.sum(), max_iter, costs)
    return result


def _make_run(costs, a, b, reg, method, tol, max_iter, annealing, start, engine, fields):
    """Check what is left to check and start a run with one of the two engines."""
    if not (reg > 0.0 and math.isfinite(reg)):
        raise ValueError(
            f"reg must be > 0 and finite, got {reg!r}. For exact transport, ot.solve with reg=0."
        )
    tol = _params.real_number(tol, "tol", "ot")
    if not (tol > 0.0 and math.isfinite(tol)):
        raise ValueError(f"tol must be > 0 and finite, got {tol!r}. The default is 1e-9.")
    annealing = _params.real_number(annealing, "annealing", "ot")
    if not (annealing >= 1.0 and math.isfinite(annealing)):
        raise ValueError(f"annealing must be >= 1 and finite, got {annealing!r}.")
    if not isinstance(max_iter, (int, np.integer)) or isinstance(max_iter, bool) or max_iter < 0:
        raise ValueError(f"max_iter must be an integer >= 0, got {max_iter!r}.")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {list(ENGINES)}, got {engine!r}.")
    record = _params.find("transport_methods", "newton" if method == "auto" else method, "method")
    values = _params.field_values(record, fields)
    keep_a, keep_b = a > 0.0, b > 0.0
    if isinstance(costs, MatrixCosts):
        refuse_isolated(costs.M, keep_a, keep_b)
    g = np.zeros(len(b)) if start is None else np.array(start, dtype=np.float64)
    if g.shape != b.shape or not np.isfinite(g[keep_b]).all():
        raise ValueError(f"start must be finite and have shape {b.shape}, got {start!r}.")
    a, b, g = a[keep_a], b[keep_b], g[keep_b]
    if start is not None:
        g = _centred_start(g, reg)
    if engine == "numpy":
        return _NumpyRun(
            costs, keep_a, keep_b, a, b, reg, record, values, g, tol, max_iter, annealing
        )
    own = [_params.stored(field, values[field["name"]]) for field in record["fields"]]
    cost = costs.make(keep_a, keep_b)
    goal = tol * a.sum()
    return core.TransportRun(
        cost, a, b, reg, record["name"], own, g, goal, max_iter, annealing, DROP, costs.memory
    )


def _centred_start(g, reg):
    """Potentials less their mean, which does not matter but costs digits."""
    with np.errstate(over="ignore", invalid="ignore"):
        g = g - g.mean()
        lost = np.finfo(float).eps * np.ptp(g) / reg
    if not lost < 1e-2:
        raise ValueError(
            f"start must have a range that leaves the exponents (start - M) / reg some digits, got "
            f"rounding errors of {lost:.2g} in them. Leave it out to start from zeros."
        )
    return g


class _NumpyRun:
    """A run of the twins, under the names of the compiled run."""

    def __init__(
        self, costs, keep_a, keep_b, a, b, reg, record, values, g, tol, max_iter, annealing
    ):
        from ..reference import load
        from ..reference.transport import Problem, TransportRun

        M = costs.matrix()[np.ix_(keep_a, keep_b)].astype(np.float64)
        method = getattr(load("transport_methods", record["name"]), record["class_name"])(**values)
        self._started = time.perf_counter()
        self._run = TransportRun(
            Problem(M, a, b), method, reg, g, tol * a.sum(), max_iter, annealing
        )

    def advance(self):
        return self._run.advance()

    def settle(self):
        self._run.settle()

    @property
    def record(self):
        return {**self._run.record, "seconds": time.perf_counter() - self._started}

    @property
    def status(self):
        return self._run.status

    @property
    def f(self):
        return self._run.at.f

    @property
    def g(self):
        return self._run.at.g


def _iterate(run):
    while True:
        yield TransportRecord(**run.record, f=np.array(run.f), g=np.array(run.g))
        if not run.advance():
            return


_REMEDIES = {
    "iteration_limit": "Raise max_iter (now {max_iter}), reg or tol.",
    "precision_limit": "Rounding hides what is left: raise tol, or reg.",
    "not_finite": "Divide M and reg by the largest cost.",
}


def _warn(result, asked, max_iter, costs):
    remedy = _REMEDIES.get(result.status, "Raise reg or tol.").format(max_iter=max_iter)
    if _forbids_too_much(result, costs):
        remedy = _INFEASIBLE
    warn(
        f"Transport stopped after {result.n_iter} iterations ({result.status}). Reached: marginal "
        f"error {result.marginal_error:.3g}; asked for: {asked:.3g}. {remedy}",
        _convergence_warning(),
    )


_INFEASIBLE = "M forbids so many links that no plan moves a to b."


def _forbids_too_much(result, costs):
    """By weak duality: a plan would cost no more than all mass on the dearest link that is left."""
    if not (isinstance(costs, MatrixCosts) and costs.M.max() == np.inf):
        return False
    dearest = float(costs.M[np.isfinite(costs.M)].max())
    return result.certificate[0] > result.a.sum() * (dearest + 1e-6 * abs(dearest))


def _convergence_warning():
    from sklearn.exceptions import ConvergenceWarning

    return ConvergenceWarning


def _points(values, name):
    points = np.asarray(values)
    if points.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {points.dtype}.")
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(
            f"{name} must have two dimensions, points by coordinates, got shape {points.shape}."
        )
    if points.dtype != np.float32:
        points = points.astype(np.float64)
    if not np.isfinite(points).all():
        i, j = np.argwhere(~np.isfinite(points))[0]
        raise ValueError(f"{name} must be finite, got {name}[{i}, {j}] = {points[i, j]}.")
    return points


def _solve_exactly(a, b, M):
    """Exact transport is what POT's network simplex is for."""
    try:
        import ot as pot
    except ImportError:
        raise ValueError(
            "reg must be > 0, got 0.0: exact transport needs the package POT (pip install POT). "
            "With a small reg, result.certificate bounds its cost."
        ) from None
    M = check_costs(M)
    a, b = check_marginals(a, b, M.shape)
    refuse_isolated(M, a > 0.0, b > 0.0)
    plan, log = pot.emd(a, b, _without_infinity(M), log=True)
    if plan[np.isinf(M)].any():
        raise ValueError(_INFEASIBLE)
    if log["warning"]:
        warn(f"POT's network simplex stopped early: {log['warning']}", _convergence_warning())
    status = "iteration_limit" if log["warning"] else "converged"
    return exact_result(MatrixCosts(M), a, b, plan, log["u"], log["v"], status)


def _without_infinity(M):
    """Costs in float64; a forbidden link costs more than all links of a plan without it could."""
    M = M.astype(np.float64)
    allowed = np.isfinite(M)
    if not allowed.all():
        smallest, largest = M[allowed].min(), M[allowed].max()
        M[~allowed] = largest + sum(M.shape) * max(largest - smallest, abs(largest), 1e-300)
    return M
