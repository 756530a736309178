"""Transport whose plan need not have the sums a and b: deviate at a price, or move a part."""

import math

import numpy as np

from .. import _params
from .._core import core
from ._costs import MatrixCosts, point_costs, refuse_isolated
from ._marginals import check_masses
from ._relaxed_result import PartialResult, UnbalancedResult
from ._run import NumpyRun
from ._solve import solve, solve_points
from ._staged_runs import RunOptions, check_reg


def solve_unbalanced(a, b, M, reg, reg_m, method="auto", reg_type="kl", tol=1e-9, **options):
    r"""Solve an entropic transport problem whose plan may miss the masses, at a price.

    .. math::
        \min_{P \ge 0} \; \langle M, P \rangle + \mathrm{reg}\, \mathrm{KL}(P \mid R)
        + \mathrm{reg}_m\, \mathrm{KL}(P 1 \mid a) + \mathrm{reg}_m\, \mathrm{KL}(P^T 1 \mid b),
        \quad \mathrm{KL}(p \mid q) = \sum p \log \tfrac{p}{q} - p + q .

    Mass that is dear to move is destroyed and created instead.

    Parameters
    ----------
    a, b : array-like of shape (n_sources,) and (n_targets,), or None
        Masses >= 0, whose sums may differ; uniform with sum one when None or empty.
    M : array-like of shape (n_sources, n_targets)
        Cost of moving a unit of mass from each source to each target; ``inf`` forbids a link.
        float32 and float64 with contiguous rows are read in place.
    reg : float, > 0
        Regularization, in units of the cost.
    reg_m : float or pair of float, > 0
        Price of deviations of the sources and of the targets, in units of the cost. ``inf`` allows
        none: (inf, number) and (number, inf) are semi-relaxed, inf for both is :func:`solve`.
    method : {"auto", "newton", "sinkhorn"}, default="auto"
        "auto" and "newton": sweeps of translation-invariant scalings while they converge fast, then
        Newton's steps. "sinkhorn": sweeps only.
    reg_type : {"kl", "entropy"}, default="kl"
        The reference R of the regularization: the product of a and b, or ones.
    tol : float, > 0, default=1e-9
        Sum of the absolute differences between the sums of the plan and those that its potentials
        ask for at which the run ends, as a share of the mass of the plan.
    **options
        ``max_iter``, ``annealing`` and ``engine`` as described in :func:`steps`; ``trace``, whether
        to keep the records; ``callback``, called with each of them, which may raise
        ``StopIteration`` to end the run.

    Returns
    -------
    UnbalancedResult
        The plan, the potentials, and bounds of how far they are from optimal.

    Raises
    ------
    ValueError
        For negative masses, NaN or isolating costs, reg or reg_m that is not positive.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    Notes
    -----
    Adding a constant to the potentials of the sources and taking it from those of the targets does
    not change the plan, but its best value matters to the scalings, which without it need of the
    order of ``reg_m / reg`` sweeps: Sejourne, Vialard and Peyre, Faster unbalanced optimal
    transport: translation invariant Sinkhorn and 1-D Frank-Wolfe, 2022. The problem and
    the scalings are those of Chizat, Peyre, Schmitzer and Vialard, Scaling algorithms for
    unbalanced optimal transport problems, 2018.

    Examples
    --------
    Two atoms that move and one that is too far away:

    >>> from optlite import ot
    >>> M = [[0.0, 1.0], [1.0, 0.0], [9.0, 9.0]]
    >>> result = ot.solve_unbalanced([1.0, 1.0, 1.0], [1.0, 1.0], M, reg=0.01, reg_m=1.0)
    >>> rows, columns = result.marginals
    >>> rows.round(3), columns.round(3)
    (array([1., 1., 0.]), array([1., 1.]))
    >>> result.relative_gap < 1e-9
    True
    """
    costs = MatrixCosts(M)
    rho = _check_penalties(reg_m)
    if min(rho) == math.inf:
        result = solve(a, b, M, check_reg(reg, "ot.solve_unbalanced"), method, tol, **options)
        return _from_balanced(result, _check_reg_type(reg_type))
    return _unbalanced(costs, a, b, reg, rho, reg_type, method=method, tol=tol, **options)


def solve_unbalanced_points(
    X, Y, a=None, b=None, reg=1.0, reg_m=1.0, metric="sqeuclidean", method="auto", **options
):
    """Solve unbalanced transport between two clouds of points, without a matrix of costs.

    Equations that are hard are eliminated where there are at most 3000 targets, in a matrix of
    targets by targets (72 MB at most, twice while it is made).

    Parameters
    ----------
    X, Y : array-like of shape (n_sources, n_dimensions) and (n_targets, n_dimensions)
        Points.
    a, b : array-like or None, default=None
        Masses; uniform when None.
    reg : float, > 0, default=1.0
        Regularization, in units of the cost.
    reg_m : float or pair of float, > 0, default=1.0
        Price of deviations, as in :func:`solve_unbalanced`.
    metric : {"sqeuclidean", "euclidean", "cityblock"} or callable, default="sqeuclidean"
        Cost of moving a unit of mass, as in :func:`solve_points`.
    method : {"auto", "newton", "sinkhorn"}, default="auto"
        As in :func:`solve_unbalanced`.
    **options
        As in :func:`solve_unbalanced`, `reg_type` and `tol` included.

    Returns
    -------
    UnbalancedResult
        As of :func:`solve_unbalanced`.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> near = ot.solve_unbalanced_points(X, X, reg=0.01, reg_m=0.1)
    >>> far = ot.solve_unbalanced_points(X, X + 3.0, reg=0.01, reg_m=0.1)
    >>> near.mass > 1e6 * far.mass
    True
    """
    rho = _check_penalties(reg_m)
    if min(rho) == math.inf:
        reg_type = _check_reg_type(options.pop("reg_type", "kl"))
        reg = check_reg(reg, "ot.solve_unbalanced_points")
        result = solve_points(X, Y, a, b, reg, metric, method, **options)
        return _from_balanced(result, reg_type)
    costs = point_costs(X, Y, metric)
    return _unbalanced(costs, a, b, reg, rho, method=method, **options)


def sinkhorn_unbalanced(a, b, M, reg, reg_m, reg_type="kl", tol=1e-9, max_iter=100_000, **options):
    """Solve unbalanced transport by translation-invariant scalings alone.

    Parameters
    ----------
    a, b, M, reg, reg_m, reg_type, tol
        As in :func:`solve_unbalanced`.
    max_iter : int, default=100000
        Limit of iterations.
    **options
        As in :func:`solve_unbalanced`; ``annealing`` is 1 unless given.

    Returns
    -------
    UnbalancedResult
        As of :func:`solve_unbalanced`.

    Examples
    --------
    >>> from optlite import ot
    >>> result = ot.sinkhorn_unbalanced([0.5, 0.5], [0.5, 0.5], [[0, 1], [1, 0]], reg=1, reg_m=1)
    >>> result.plan.round(4)
    array([[0.3221, 0.1185],
           [0.1185, 0.3221]])
    """
    options = {"annealing": 1.0, **options, "max_iter": max_iter}
    return solve_unbalanced(a, b, M, reg, reg_m, "sinkhorn", reg_type, tol, **options)


def solve_partial(a, b, M, reg, mass=None, method="auto", tol=1e-9, **options):
    r"""Solve an entropic transport problem that moves a part of the mass.

    .. math::
        \min_{P \ge 0} \; \langle M, P \rangle + \mathrm{reg} \sum_{ij} P_{ij} \log P_{ij}
        \quad \text{subject to} \quad P 1 \le a, \; P^T 1 \le b, \; \textstyle\sum P = \mathrm{mass}

    Parameters
    ----------
    a, b : array-like of shape (n_sources,) and (n_targets,), or None
        Masses >= 0, whose sums may differ; uniform with sum one when None or empty.
    M : array-like of shape (n_sources, n_targets)
        Cost of moving a unit of mass from each source to each target; ``inf`` forbids a link.
        float32 and float64 with contiguous rows are read in place.
    reg : float, > 0
        Regularization, in units of the cost.
    mass : float, > 0, default=None
        Mass to move, at most the smaller of the sums of a and b, which it is when None.
    method : {"auto", "newton", "sinkhorn"}, default="auto"
        "auto" and "newton": sweeps of scalings with caps while they converge fast, then Newton's
        steps. "sinkhorn": sweeps only.
    tol : float, > 0, default=1e-9
        Error of the sums at which the run ends, as a share of the mass.
    **options
        As in :func:`solve_unbalanced`.

    Returns
    -------
    PartialResult
        The plan, the potentials, and bounds of how far they are from optimal.

    Raises
    ------
    ValueError
        For negative masses, NaN or isolating costs, reg that is not positive, or more mass than
        there is.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    Notes
    -----
    The problem is that of Benamou, Carlier, Cuturi, Nenna and Peyre, Iterative Bregman projections
    for regularized transportation problems, 2015. They project onto the three
    constraints in turn (Dykstra's algorithm). Here a half step fits the caps of one side and the
    mass together, exactly: with row sums s of the plan before, ``min(a, u * s)`` for the u that
    makes their sum the mass. What is left is a concave function of target potentials that are at
    most zero, which Newton's method with an active set maximises.

    Examples
    --------
    >>> from optlite import ot
    >>> M = [[0.0, 2.0], [2.0, 1.0]]
    >>> result = ot.solve_partial([0.5, 0.5], [0.5, 0.5], M, reg=0.01, mass=0.6)
    >>> result.plan.round(6)  # the cheapest link first
    array([[0.5, 0. ],
           [0. , 0.1]])
    >>> lower, upper = result.certificate  # of the cost without regularization, 0.1
    >>> round(lower, 3), round(upper, 3)
    (0.098, 0.1)
    """
    return _partial(MatrixCosts(M), a, b, reg, mass, method=method, tol=tol, **options)


def solve_partial_points(
    X, Y, a=None, b=None, reg=1.0, mass=None, metric="sqeuclidean", method="auto", **options
):
    """Solve partial transport between two clouds of points, without a matrix of costs.

    Memory is that of :func:`solve_unbalanced_points`.

    Parameters
    ----------
    X, Y : array-like of shape (n_sources, n_dimensions) and (n_targets, n_dimensions)
        Points.
    a, b : array-like or None, default=None
        Masses; uniform when None.
    reg : float, > 0, default=1.0
        Regularization, in units of the cost.
    mass : float, > 0, default=None
        Mass to move, as in :func:`solve_partial`.
    metric : {"sqeuclidean", "euclidean", "cityblock"} or callable, default="sqeuclidean"
        Cost of moving a unit of mass, as in :func:`solve_points`.
    method : {"auto", "newton", "sinkhorn"}, default="auto"
        As in :func:`solve_partial`.
    **options
        As in :func:`solve_partial`, `tol` included.

    Returns
    -------
    PartialResult
        As of :func:`solve_partial`.

    Examples
    --------
    >>> from optlite import ot
    >>> result = ot.solve_partial_points([[0.0], [9.0]], [[1.0], [99.0]], reg=0.1, mass=0.5)
    >>> result.plan.round(6)
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    return _partial(point_costs(X, Y, metric), a, b, reg, mass, method=method, **options)


def _unbalanced(costs, a, b, reg, rho, reg_type="kl", **options):
    a, b = check_masses(a, b, costs.shape)
    owner = "ot.solve_unbalanced"
    reg, options = check_reg(reg, owner), RunOptions.of(owner, **options)
    product = _check_reg_type(reg_type) == "kl"
    keep_a, keep_b = _kept(costs, a, b)
    cost, kept_a, kept_b = costs.make(keep_a, keep_b), a[keep_a], b[keep_b]
    if options.engine == "core":
        run = core.RelaxedTransportRun.unbalanced(
            cost, kept_a, kept_b, reg, *rho, product, *options.of_core(costs.memory)
        )
    else:
        from ..reference.relaxed_transport import RelaxedTransportRun, SoftMarginals

        marginals = SoftMarginals(kept_a, kept_b, *rho, product)
        M = costs.matrix()[np.ix_(keep_a, keep_b)].astype(np.float64)
        run = RelaxedTransportRun(M, marginals, reg, *options.of_twin())
        run = NumpyRun(run, marginals.relative)
    trace, status = options.finish(run)
    state = _state(run)
    sums = state["row_sums"], state["column_sums"]
    state["bounds"] = core.unbalanced_bounds(
        cost, kept_a, kept_b, *rho, product, reg, state["f"], state["g"], *sums
    )
    result = UnbalancedResult(costs, a, b, reg, rho, reg_type, state, status, trace)
    options.warn("Unbalanced transport", status, state["record"])
    return result


def _partial(costs, a, b, reg, mass, **options):
    a, b = check_masses(a, b, costs.shape)
    owner = "ot.solve_partial"
    reg, options = check_reg(reg, owner), RunOptions.of(owner, **options)
    mass = _check_mass(mass, a, b)
    keep_a, keep_b = _kept(costs, a, b)
    cost, kept_a, kept_b = costs.make(keep_a, keep_b), a[keep_a], b[keep_b]
    if options.engine == "core":
        run = core.RelaxedTransportRun.partial(
            cost, kept_a, kept_b, reg, mass, *options.of_core(costs.memory)
        )
    else:
        from ..reference.relaxed_transport import CappedMarginals, RelaxedTransportRun

        M = costs.matrix()[np.ix_(keep_a, keep_b)].astype(np.float64)
        marginals = CappedMarginals(kept_a, kept_b, mass)
        run = RelaxedTransportRun(M, marginals, reg, *options.of_twin())
        run = NumpyRun(run, lambda at: (np.minimum(0.0, at.f - at.multiplier), at.g))
    trace, status = options.finish(run)
    state = _state(run)
    f, g, sums = state["f"], state["g"], (state["row_sums"], state["column_sums"])
    state["bounds"] = core.partial_bounds(
        cost, kept_a, kept_b, mass, reg, f, g, *sums, state["multiplier"]
    )
    result = PartialResult(costs, a, b, reg, state, status, trace)
    options.warn("Partial transport", status, state["record"])
    return result


def _state(run):
    """What is left of a run, without the run."""
    names = ("f", "g", "row_sums", "column_sums", "multiplier", "record")
    return {name: getattr(run, name) for name in names}


def _kept(costs, a, b):
    keep_a, keep_b = a > 0.0, b > 0.0
    if isinstance(costs, MatrixCosts):
        refuse_isolated(costs.M, keep_a, keep_b)
    return keep_a, keep_b


def _check_penalties(reg_m):
    pair = tuple(reg_m) if np.ndim(reg_m) == 1 else (reg_m,)
    if len(pair) not in (1, 2) or np.ndim(reg_m) > 1:
        raise ValueError(f"reg_m must be a number or a pair of numbers, got {reg_m!r}.")
    pair = tuple(_params.real_number(value, "reg_m", "ot.solve_unbalanced") for value in pair)
    if not all(value > 0.0 for value in pair):  # NaN included
        raise ValueError(
            f"reg_m must be > 0, got {reg_m!r} (ot.solve_unbalanced). Without a price of "
            "deviations no mass would move; inf allows none."
        )
    return pair * (2 // len(pair))


def _check_reg_type(reg_type):
    if reg_type not in ("kl", "entropy"):
        raise ValueError(f'reg_type must be "kl" or "entropy", got {reg_type!r}.')
    return reg_type


def _check_mass(mass, a, b):
    most = min(a.sum(), b.sum())
    if mass is None:
        return most
    mass = _params.real_number(mass, "mass", "ot.solve_partial")
    if not 0.0 < mass <= most * (1.0 + 1e-12):
        raise ValueError(
            f"mass must be > 0 and at most the smaller of sum(a) = {a.sum():.12g} and sum(b) = "
            f"{b.sum():.12g}, got {mass!r} (ot.solve_partial)."
        )
    return min(mass, most)


def _from_balanced(result, reg_type):
    """Both penalties are infinite: the plan is that of transport, its objective another one."""
    keep_a, keep_b = result.a > 0.0, result.b > 0.0
    a, b = result.a[keep_a], result.b[keep_b]
    f, g = result.potentials[0][keep_a], result.potentials[1][keep_b]
    # KL(P | R) is sum P log P less terms that the sums of P determine.
    constant = -a.sum() + (a.sum() * b.sum() if reg_type == "kl" else a.size * b.size)
    if reg_type == "kl":
        f, g = f - result.reg * np.log(a), g - result.reg * np.log(b)
        constant -= a @ np.log(a) + b @ np.log(b)
    constant *= result.reg
    record = {
        "iteration": result.n_iter,
        "value": result.value + constant,
        "marginal_error": result.marginal_error,
        "n_newton": result.n_newton,
        "n_products": result.n_cg,
        "n_evaluations": result.n_evaluations,
    }
    lower, upper = result.certificate
    objective = result.value + result.gap + constant
    bounds = {"cost": result.cost, "lower": lower, "upper": upper, "regularized": objective}
    columns = result.plan.sum(axis=0, dtype=np.float64)[keep_b]
    state = {"f": f, "g": g, "multiplier": 0.0, "row_sums": a, "column_sums": columns}
    state.update(record=record, bounds=bounds)
    infinite = (math.inf, math.inf)
    return UnbalancedResult(
        result._costs, result.a, result.b, result.reg, infinite, reg_type, state, result.status,
        result.trace,
    )  # fmt: skip
