"""Entropic transport of matrices of costs and of points."""

from .. import _params
from ._costs import MatrixCosts, point_costs
from ._exact import solve_exactly
from ._run import run_to_the_end


def solve(a, b, M, reg, method="auto", tol=1e-9, **options):
    """Solve an entropic optimal transport problem.

    Parameters
    ----------
    a, b : array-like of shape (n_sources,) and (n_targets,), or None
        Masses >= 0 with equal sums; uniform when None or empty.
    M : array-like of shape (n_sources, n_targets)
        Cost of moving a unit of mass from each source to each target; ``inf`` forbids a link.
        float32 and float64 with contiguous rows are read in place; the plan has their dtype.
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
        reg < 0; for reg = 0 without POT, or with a method or options, which it has none of.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the tolerance was not reached.

    Notes
    -----
    The dual is maximised over the target potentials alone, at regularizations that fall to `reg`:
    see the pages of the methods.

    Costs in float32 are taken as exact numbers: the potentials are in float64 and solve that
    problem to the same `tol` as one in float64; only the plan is rounded to float32, entry by
    entry. Its sums are then off by at most 6e-8 of the mass, half the spacing of float32, whatever
    `tol`. (Costs that were rounded to float32 change exponents by up to 6e-8 of the largest cost
    over `reg`: whether that matters depends on the data.)

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
        return solve_exactly(a, b, M, method, tol, **options)
    costs = MatrixCosts(M)
    return run_to_the_end(costs, a, b, reg, method, tol, **options)


def solve_points(X, Y, a=None, b=None, reg=1.0, metric="sqeuclidean", method="auto", **options):
    """Solve entropic transport between two clouds of points.

    No plan is kept: memory is that of the points and a few vectors, unless `metric` is a function.
    Equations that are hard are eliminated where there are at most 3000 targets, in a matrix of
    targets by targets (72 MB at most).

    Parameters
    ----------
    X, Y : array-like of shape (n_sources, n_dimensions) and (n_targets, n_dimensions)
        Points. Where both are float32, so is the plan; distances are computed in float64.
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

    Notes
    -----
    From eight dimensions on, squared distances are ``|x|^2 + |y|^2 - 2 x.y`` with the origin
    between the clouds, products of matrices; those of points that nearly coincide, which cancel
    there, are sums of squared differences. All are correct to 1e-12 of themselves or so.

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
    costs = point_costs(X, Y, metric)
    reg = _params.real_number(reg, "reg", "ot.solve_points")
    return run_to_the_end(costs, a, b, reg, method, **options)


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
        As in :func:`solve`; ``forcing``, ``max_inner`` and ``precision`` of the method.

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
