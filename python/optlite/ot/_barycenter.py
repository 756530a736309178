"""The barycenter of histograms on given points."""

import numpy as np

from .. import _params
from .._core import core
from ._costs import MatrixCosts, refuse_isolated
from ._run import NumpyRun
from ._staged_runs import RunOptions, check_reg


def barycenter(
    A,
    M,
    reg,
    weights=None,
    method="auto",
    debiased=False,
    tol=1e-9,
    max_iter=None,
    annealing=1.5,
    **options,
):
    r"""Return the entropic barycenter of histograms: their mean in the sense of transport.

    .. math::
        \min_x \; \sum_k w_k \; \min \Bigl\{ \langle M, P \rangle + \mathrm{reg} \sum P \log P :
        P 1 = A_k, \; P^T 1 = x \Bigr\}

    Parameters
    ----------
    A : array-like of shape (n_points, n_histograms)
        Histograms in columns: masses >= 0 that sum to one.
    M : array-like of shape (n_points, n_support)
        Cost of moving a unit of mass from each point of the histograms to each point of the
        barycenter; square if the points are the same. ``inf`` forbids a link.
    reg : float, > 0
        Regularization, in units of the cost.
    weights : array-like of shape (n_histograms,), default=None
        Weights >= 0 that are divided by their sum; uniform when None.
    method : {"auto", "newton", "sinkhorn"}, default="auto"
        "auto" and "newton": scalings while they converge fast, then Newton's steps (none if it is
        debiased). "sinkhorn": scalings only.
    debiased : bool, default=False
        Whether to subtract half the transport of the barycenter to itself. The entropy of the plans
        blurs the barycenter by about the square root of reg; this takes most of the blur away. M
        must be symmetric.
    tol : float, > 0, default=1e-9
        Error at which the run ends: mean over the histograms of the sum of absolute differences
        between the sums of their plans and the barycenter.
    max_iter : int, >= 0, default=None
        Limit of iterations; None for 1000 where Newton's steps are taken, and 10000 elsewhere.
    annealing : float, >= 1, default=1.5
        Ratio of successive regularizations, as in :func:`steps`. Newton's steps go wrong here more
        easily than there: points of the barycenter may have masses of any size.
    **options
        ``engine`` as described in :func:`steps`; ``trace``, whether to keep the records;
        ``callback``, called with each of them, which may raise ``StopIteration`` to end the run.

    Returns
    -------
    BarycenterResult
        The barycenter, the potentials, and bounds of how far they are from optimal.

    Raises
    ------
    ValueError
        For histograms that do not sum to one, negative masses or weights, NaN or isolating costs,
        reg that is not positive, M that is not symmetric where it must be, or a point of the
        barycenter that all of a histogram is forbidden to go to.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    See Also
    --------
    bures_wasserstein_barycenter : Of normal distributions, without regularization.

    Notes
    -----
    The scalings are those of Benamou, Carlier, Cuturi, Nenna and Peyre, Iterative Bregman
    projections for regularized transportation problems, 2015, in logarithms. Newton's
    steps maximise the dual over the potentials of the barycenter, whose weighted sum is zero. The
    debiased barycenter is that of Janati, Cuturi and Gramfort, Debiased Sinkhorn barycenters, 2020,
    algorithm 1: a fixed point, not a maximum, for which no bounds are given.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> x = np.linspace(-3.0, 3.0, 61)
    >>> A = np.exp(-0.5 * (x[:, None] - [-1.0, 1.0]) ** 2 / 0.25)
    >>> A /= A.sum(axis=0)
    >>> M = (x[:, None] - x) ** 2
    >>> result = ot.barycenter(A, M, reg=0.1, debiased=True)
    >>> mean = x @ result.barycenter
    >>> deviation = np.sqrt((x - mean) ** 2 @ result.barycenter)
    >>> abs(mean) < 1e-6, round(float(deviation), 3)  # between two of deviation 0.5
    (np.True_, 0.5)
    """
    costs = MatrixCosts(M)
    A, dtype = _check_histograms(A, costs)
    reg, w = check_reg(reg, "ot.barycenter"), _check_weights(weights, A.shape[1])
    if not isinstance(debiased, (bool, np.bool_)):
        raise TypeError(f"debiased must be True or False, got {debiased!r}.")
    if max_iter is None:
        max_iter = 10_000 if debiased or method == "sinkhorn" else 1000
    options = RunOptions.of(
        "ot.barycenter",
        method=method,
        tol=tol,
        max_iter=max_iter,
        annealing=annealing,
        **options,
    )
    used = w > 0.0
    histograms, shares = np.ascontiguousarray(A[:, used]), w[used]
    refuse_isolated(costs.M, histograms.max(axis=1) > 0.0, np.ones(costs.shape[1], dtype=bool))
    if costs.forbids:
        _refuse_unreachable(costs.M, A, used)
    if debiased:
        _refuse_asymmetric(costs.M)
    cost = costs.make(*(np.ones(size, dtype=bool) for size in costs.shape))
    run = _start(cost, costs, histograms, shares, reg, bool(debiased), options)
    trace, status = options.finish(run)
    potentials, x = np.ascontiguousarray(run.potentials), np.array(run.barycenter)
    bounds = None
    if not debiased:
        bounds = core.barycenter_bounds(
            cost, np.ascontiguousarray(histograms.T), shares, reg, potentials, x
        )
    everywhere = np.zeros((w.size, potentials.shape[1]))
    everywhere[used] = potentials
    result = BarycenterResult(
        x.astype(dtype), everywhere, w, reg, run.record, bounds, status, trace
    )
    options.warn("The barycenter", status, run.record)
    return result


class BarycenterResult:
    """Hold a barycenter, with bounds of its error.

    Attributes
    ----------
    barycenter : ndarray of shape (n_support,)
        Masses that sum to one. float32 if histograms and costs are, else float64.
    potentials : ndarray of shape (n_histograms, n_support)
        Potentials of the barycenter's points in the transport to each histogram. Their weighted
        sum is zero, without debiasing. Zero for histograms of no weight. float64.
    value : float
        Dual value: a lower bound of the objective, without debiasing.
    gap : float
        Objective at the barycenter, of the plans rounded to it, less `value`: the duality gap. NaN
        with debiasing.
    certificate : tuple of float
        ``(lower, upper)``, between which lies the smallest weighted sum of costs of transport
        without regularization; the upper bound is that of this barycenter, infinite, and so is the
        gap, where rounding needs a forbidden link. NaN with debiasing.
    marginal_error : float
        Weighted mean over the histograms of the sum of absolute differences between the sums of
        their plans and the barycenter; with debiasing, and of its transport to itself.
    n_iter, n_newton, n_cg, n_evaluations : int
        Iterations of any kind, Newton steps, conjugate-gradient iterations in them, and times that
        all exponentials were taken.
    converged : bool
        Whether `marginal_error` is at most the tolerance.
    status : str
        How the run ended, as of :class:`TransportResult`.
    weights : ndarray of shape (n_histograms,)
        Weights that sum to one.
    reg : float
        Regularization.
    trace : tuple of TransportRecord, or None
        The iterations, if asked for; f is the barycenter, g the potentials.
    """

    def __init__(self, x, potentials, weights, reg, record, bounds, status, trace=None):
        self.barycenter, self.potentials, self.weights, self.reg = x, potentials, weights, reg
        self.value = float(record["value"])
        self.marginal_error = float(record["marginal_error"])
        self.n_iter = int(record["iteration"])
        self.n_newton = int(record["n_newton"])
        self.n_cg = int(record["n_products"])
        self.n_evaluations = int(record["n_evaluations"])
        self.status, self.converged, self.trace = status, status == "converged", trace
        none = dict.fromkeys(("lower", "upper", "regularized"), np.nan)
        bounds = none if bounds is None else bounds
        self.certificate = bounds["lower"], bounds["upper"]
        self.gap = float(np.maximum(0.0, bounds["regularized"] - self.value))

    def __repr__(self):
        """Say what was solved and how well."""
        return (
            f"BarycenterResult({self.barycenter.size} points of {self.weights.size} histograms, "
            f"reg={self.reg:g}, marginal_error={self.marginal_error:.2g}, n_iter={self.n_iter}, "
            f"{self.status})"
        )


def _start(cost, costs, histograms, shares, reg, debiased, options):
    if options.engine == "core":
        newton, *rest = options.of_core(costs.memory)
        return core.BarycenterRun(
            cost, np.ascontiguousarray(histograms.T), shares, reg, newton, debiased, *rest
        )
    from ..reference.barycenter import BarycenterRun

    newton, *rest = options.of_twin()
    M = costs.matrix().astype(np.float64)
    run = BarycenterRun(M, histograms, shares, reg, newton, debiased, *rest)
    return NumpyRun(run, lambda at: (at.mean, at.g[:, :-1].T))


def _check_histograms(A, costs):
    """Return the histograms in float64, with sums of exactly one, and the type of the result."""
    given = _params.real_array(A, "A", "ot.barycenter")
    if given.ndim != 2 or given.shape[0] != costs.shape[0] or given.shape[1] == 0:
        raise ValueError(
            "A must have two dimensions, points by histograms, and as many points as M has rows, "
            f"{costs.shape[0]}, got shape {given.shape}."
        )
    dtype = np.float32 if given.dtype == costs.dtype == np.float32 else np.float64
    A = given.astype(np.float64)
    bad = np.argwhere(~np.isfinite(A) | (A < 0.0))
    if bad.size:
        i, k = bad[0]
        raise ValueError(f"A must be finite and >= 0, got A[{i}, {k}] = {A[i, k]}.")
    sums = A.sum(axis=0)
    off = np.flatnonzero(np.abs(sums - 1.0) > (1e-5 if given.dtype == np.float32 else 1e-8))
    if off.size:
        raise ValueError(
            f"A must have columns that sum to one, but column {off[0]} sums to "
            f"{sums[off[0]]:.12g}. Divide A by A.sum(axis=0)."
        )
    return A / sums, dtype


def _check_weights(weights, count):
    if weights is None:
        return np.full(count, 1.0 / count)
    w = _params.real_array(weights, "weights", "ot.barycenter").astype(np.float64)
    if w.shape != (count,) or not (w >= 0.0).all() or not 0.0 < w.sum() < np.inf:
        raise ValueError(
            f"weights must hold {count} finite numbers >= 0 that are not all zero, got {weights!r}."
        )
    return w / w.sum()


def _refuse_unreachable(M, A, used):
    """Raise where a point can have no mass, since all of one histogram's is forbidden to go there:
    its potential would be infinite."""
    reached = (A > 0.0).astype(np.float64).T @ np.isfinite(M).astype(np.float64)
    lost = np.argwhere((reached == 0.0) & used[:, None])
    if lost.size:
        k, j = lost[0]
        raise ValueError(
            f"M must let each histogram reach each point of the barycenter, but no mass of "
            f"histogram {k} can reach point {j} of the barycenter. Leave out column {j} of M."
        )


def _refuse_asymmetric(M):
    if M.shape[0] != M.shape[1]:
        raise ValueError(
            f"M must be square where debiased=True, got shape {M.shape}: the barycenter is moved "
            "to itself, too."
        )
    with np.errstate(invalid="ignore"):
        difference = np.abs(np.where(M == M.T, 0.0, M - M.T))
    if difference.max() > 1e-6 * np.abs(M[np.isfinite(M)]).max():
        i, j = np.unravel_index(difference.argmax(), M.shape)
        raise ValueError(
            f"M must be symmetric where debiased=True, got M[{i}, {j}] = {M[i, j]} and "
            f"M[{j}, {i}] = {M[j, i]}."
        )
