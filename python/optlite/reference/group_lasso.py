"""Group lasso, sparse group lasso and multi-task elastic net: twin of ``cpp/src/group_lasso.cpp``.

All functions work on the sum over rows, with the intercepts eliminated by centring,

    F(W) = sum_i s_i |Yc_i - W^T z_i|^2 / 2
           + sum_g (l1 |W_g|_1 + norm v_g |W_g|_2 + ridge |W_g|^2 / 2),

W has one column for each task, and `groups` are lists of its rows. Groups of one row make it the
multi-task elastic net, one task the (sparse) group lasso.
"""

import numpy as np

from .penalties import group as penalty
from .ridge import center

__all__ = [
    "can_be_dropped",
    "center",
    "coordinate_descent",
    "duality_gap",
    "feasible_scale",
    "objective",
]


def soft(c, l1):
    """Return c, each entry moved towards zero by l1."""
    return c - np.clip(c, -l1, l1)


def objective(Z, Yc, s, W, groups, v, l1, norm, ridge=0.0):
    """Return F(W)."""
    R = Yc - Z @ W
    parts = sum(
        l1 * np.abs(W[g]).sum() + norm * vg * np.linalg.norm(W[g])
        for g, vg in zip(groups, v, strict=True)
    )
    return 0.5 * (s @ R**2).sum() + parts + 0.5 * ridge * (W**2).sum()


def feasible_scale(c, l1, radius):
    """Return the largest t with ``|soft(t c, l1)| <= radius``.

    The norm grows with t. Between two values of t at which some ``t |c_j| = l1`` its square is
    ``t^2 sum c_j^2 - 2 t l1 sum |c_j| + k l1^2`` over the k largest entries. The deviations of the
    entries from their mean keep the root from cancelling where `radius` is far below `l1`, and
    units in which the largest numbers are 1 keep squares from overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.group_lasso import feasible_scale
    >>> float(feasible_scale(np.array([3.0, 4.0]), 0.0, 1.0))
    0.2
    """
    sizes = np.sort(np.abs(c).ravel())[::-1]
    if sizes[0] == 0:
        return np.inf
    top, unit = sizes[0], max(l1, radius)
    sizes, l1, radius = sizes / top, l1 / unit, radius / unit
    for k in range(1, len(sizes) + 1):
        largest = sizes[:k]
        squares, deviation = np.sum(largest**2), np.sum((largest - largest.mean()) ** 2)
        root = np.sqrt(max(squares * radius**2 - k * l1**2 * deviation, 0.0))
        t = (l1 * largest.sum() + root) / squares
        if k == len(sizes) or t * sizes[k] <= l1:
            break
    return t * (unit / top)


def duality_gap(Z, Yc, s, W, groups, v, l1, norm, ridge=0.0):
    """Bound ``F(W) - min F`` by the better of two points of the dual problem.

    They are those of `optlite.reference.elastic_net.duality_gap`, with norms of groups.

    Ndiaye, Fercoq, Gramfort and Salmon, Gap safe screening rules for sparsity enforcing penalties,
    2017.
    """
    return _gap_and_scale(Z, Yc, s, W, groups, v, l1, norm, ridge)[0]


def _gap_and_scale(Z, Yc, s, W, groups, v, l1, norm, ridge):
    """The gap, and the scale t of the residual with the gap that belongs to it."""
    R = Yc - Z @ W
    C = Z.T @ (s[:, None] * R)
    shifted = C - ridge * W
    squares = (s @ R**2).sum() + ridge * (W**2).sum()
    fit = (shifted * W).sum()
    t = 1.0 + fit / squares if squares > 0 else 1.0
    for g, vg in zip(groups, v, strict=True):
        t = min(t, feasible_scale(shifted[g], l1, norm * vg))
    t = max(t, 0.0)
    total = objective(Z, Yc, s, W, groups, v, l1, norm, ridge) - 0.5 * squares
    scaled = 0.5 * (1 - t) ** 2 * squares + total - t * fit
    gap = scaled
    if ridge > 0:
        excess = sum(
            max(np.linalg.norm(soft(C[g], l1)) - norm * vg, 0.0) ** 2
            for g, vg in zip(groups, v, strict=True)
        )
        gap = min(gap, total + 0.5 * ridge * (W**2).sum() - (C * W).sum() + 0.5 * excess / ridge)
    return max(gap, 0.0), t, max(scaled, 0.0)


def can_be_dropped(Z, Yc, s, W, groups, v, l1, norm, ridge=0.0):
    """Tell which groups are zero at the minimum, as far as this point proves it.

    The solution of the dual problem lies within ``sqrt(2 gap)`` of the dual point, and a group
    whose constraint is slack in all of this ball is zero (gap-safe screening).
    """
    _, t, scaled = _gap_and_scale(Z, Yc, s, W, groups, v, l1, norm, ridge)
    C = Z.T @ (s[:, None] * (Yc - Z @ W)) - ridge * W
    sizes = np.sqrt(s @ Z**2 + ridge)
    radius = np.sqrt(2.0 * scaled)
    dropped = []
    for g, vg in zip(groups, v, strict=True):
        whole = np.linalg.norm(soft(t * C[g], l1)) + radius * np.linalg.norm(sizes[g])
        each = np.linalg.norm(soft(np.abs(t * C[g]) + radius * sizes[g][:, None], l1))
        dropped.append(min(whole, each) < norm * vg)
    return np.array(dropped)


def coordinate_descent(Z, Yc, s, groups, v, l1, norm, ridge=0.0, sweeps=100):
    """Minimise over one group after the other, by a proximal gradient step each.

    Qin, Scheinberg and Goldfarb, Efficient block-coordinate descent algorithms for the group lasso,
    2013; the step is that of the largest eigenvalue.

    Returns
    -------
    W : ndarray of shape (n_features, n_tasks)
    gaps : list of float
        The duality gap after each sweep.
    """
    W = np.zeros((Z.shape[1], Yc.shape[1]))
    R = Yc.copy()
    gaps = []
    for _ in range(sweeps):
        for g, vg in zip(groups, v, strict=True):
            curvature = np.linalg.eigvalsh(Z[:, g].T @ (s[:, None] * Z[:, g]))[-1]
            if curvature <= 0:
                continue
            total = l1 + norm * vg
            step = 1.0 / (curvature + ridge)
            point = step * (curvature * W[g] + Z[:, g].T @ (s[:, None] * R))
            new = penalty.prox(point.ravel(), step * total, l1 / total).reshape(point.shape)
            R -= Z[:, g] @ (new - W[g])
            W[g] = new
        gaps.append(duality_gap(Z, Yc, s, W, groups, v, l1, norm, ridge))
    return W, gaps
