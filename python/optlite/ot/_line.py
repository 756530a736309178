"""Exact transport on a line, where sorting solves the problem."""

import numpy as np

from .._params import real_array
from ._marginals import check_marginals


def transport_on_line(x, y, a=None, b=None, p=2):
    """Solve unregularised transport between masses on a line, exactly.

    Parameters
    ----------
    x, y : array-like of shape (n_sources,) and (n_targets,)
        Positions.
    a, b : array-like, default=None
        Masses with equal sums; uniform when None.
    p : float, >= 1, default=2
        Moving a unit of mass costs ``|x - y| ** p``.

    Returns
    -------
    plan : scipy.sparse.coo_array of shape (n_sources, n_targets)
        The optimal plan: at most ``n_sources + n_targets - 1`` entries.
    cost : float
        Its cost, the p-th power of the Wasserstein distance times the mass.

    Notes
    -----
    For a convex cost the mass at each quantile of x goes to the same quantile of y: Santambrogio,
    Optimal transport for applied mathematicians, 2015, theorem 2.9.

    Examples
    --------
    >>> from optlite.ot import transport_on_line
    >>> plan, cost = transport_on_line([0.0, 1.0], [3.0, 2.0], p=1)
    >>> cost, plan.toarray()
    (2.0, array([[0. , 0.5],
           [0.5, 0. ]]))
    """
    from scipy.sparse import coo_array

    x, y = _positions(x, "x"), _positions(y, "y")
    if not (np.isfinite(p) and p >= 1):
        raise ValueError(f"p must be >= 1 and finite, got {p!r}: otherwise sorting is not optimal.")
    a, b = check_marginals(a, b, (x.size, y.size))
    sources, targets = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    # The plan changes source or target where one of the two cumulated masses is reached.
    ends_a, ends_b = np.cumsum(a[sources]), np.cumsum(b[targets])
    ends_a[-1] = ends_b[-1] = max(ends_a[-1], ends_b[-1])
    ends = np.sort(np.concatenate([ends_a, ends_b]))
    masses = np.diff(ends, prepend=0.0)
    kept = masses > 0.0
    ends, masses = ends[kept], masses[kept]
    rows = sources[np.searchsorted(ends_a, ends)]
    columns = targets[np.searchsorted(ends_b, ends)]
    cost = float(masses @ np.abs(x[rows] - y[columns]) ** p)
    return coo_array((masses, (rows, columns)), shape=(x.size, y.size)), cost


def _positions(values, name):
    positions = real_array(values, name, "ot.transport_on_line").astype(np.float64)
    if positions.ndim != 1 or positions.size == 0:
        raise ValueError(f"{name} must be a vector of positions, got shape {positions.shape}.")
    if not np.isfinite(positions).all():
        i = np.flatnonzero(~np.isfinite(positions))[0]
        raise ValueError(f"{name} must be finite, got {name}[{i}] = {positions[i]}.")
    return positions
