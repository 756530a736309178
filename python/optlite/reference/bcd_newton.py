"""Newton's method along a block, within bounds: two-metric projection.

Around x, g is linear on a cell of intervals, where F is smooth with the gradient s. A variable that
the step -s_i / L_i takes to the end of its interval takes that step; the others take Newton's step
among themselves; the path is projected onto the cell, and halved until F has decreased by a share
of what s promises. Where that fails, a gradient step by the bound of the curvature is taken.

The twin of ``cpp/src/block_newton.cpp``.

Bertsekas, Projected Newton methods for optimization problems with simple constraints, 1982; Nutini,
Laradji and Schmidt, Let's make block coordinate descent converge faster, 2022.
"""

import numpy as np

EPSILON = np.finfo(np.float64).eps
SHARE, MOST_HALVINGS = 1e-4, 40


def minimise(state, block, most, share):
    """Return the step of the block, and by how much it changes F.

    Parameters
    ----------
    state : BlockDescent
        The run.
    block : ndarray of int
        Variables to move.
    most : int
        Iterations.
    share : float
        The least subgradient of the block may stay at this share of what it was.
    """
    f, g = state.f, state.g
    base = state.x[block]
    x, d, change = base, np.zeros(len(block)), 0.0
    first = np.inf
    for k in range(most):
        at = state.x.copy()
        at[block] = x
        gradient = state.gradient[block] if k == 0 else f.gradient(at)[block]
        s = g.least_subgradient(block, x, gradient)
        norm = float(np.linalg.norm(s))
        first = norm if k == 0 else first
        if not norm > share * first:
            break
        cell = g.cell(block, x, s)
        p = direction(state, block, x, s, *cell, f.hessian(at, block))
        found = search(state, block, base, x, change, s, p, cell)
        if found is None:  # Newton's step is endless where the Hessian is next to nothing
            p = direction_by_bound(state, block, s)
            found = search(state, block, base, x, change, s, p, cell)
        if found is None:
            break
        x, gain = found
        d, change = x - base, change + gain
    return d, change


@np.errstate(over="ignore", invalid="ignore")  # of steps that are too long
def search(state, block, base, x, change, s, p, cell):
    """Return a point of the projected path from x on and the change of F, or None."""
    f, g = state.f, state.g
    if not np.abs(p).max() > 0.0:
        return None
    f_here = change - (g.value(block, x) - g.value(block, base))
    slack = f.rounding + 8.0 * EPSILON * abs(change)
    for halvings in range(MOST_HALVINGS):
        trial = np.clip(x + 0.5**halvings * p, *cell)
        promised = s @ (trial - x)
        if not promised < 0.0:
            continue
        gain = f.change(state.x, state.gradient, block, trial - base) - f_here
        gain += g.value(block, trial) - g.value(block, x)
        if gain <= SHARE * promised + slack:
            return trial, gain
    return None


def direction_by_bound(state, block, s):
    """Return a step of which a decrease is certain: the diagonal bounds the curvature."""
    L = state.f.diagonal[block].sum()
    return -s / L if L > 0.0 else np.zeros_like(s)


def direction(state, block, x, s, lower, upper, H):
    """Return the step before it is projected."""
    L = state.f.diagonal[block]
    end = np.where(s > 0.0, lower, upper)
    stays = (lower == upper) | ((s == 0.0) & ((L == 0.0) | state.g.at_kink(block, x)))
    active = np.isfinite(end) & (np.abs(np.where(np.isfinite(end), end, 0.0) - x) * L <= np.abs(s))
    p = np.where(L > 0.0, -s / np.where(L > 0.0, L, 1.0), end - x)
    p = np.where(active & ~stays, p, 0.0)
    free = np.flatnonzero(~active & ~stays & (L > 0.0))
    if len(free) > 0:
        H = H[np.ix_(free, free)]
        p[free], singular = state.solve_system(H, -s[free])
        if singular:
            p[free] += unseen_step(
                -s[free] - H @ p[free], x[free], lower[free], upper[free], s[free]
            )
    return p


def unseen_step(r, x, lower, upper, s):
    """Return a step along what a singular H does not see: F is a line, to the end of a cell."""
    ends = np.where(r < 0.0, lower, upper)[r != 0.0]
    length = np.min((ends - x[r != 0.0]) / r[r != 0.0], initial=np.inf)
    seen = np.linalg.norm(r) <= 1e-8 * np.linalg.norm(s)
    return np.zeros_like(r) if seen or np.isinf(length) else length * r
