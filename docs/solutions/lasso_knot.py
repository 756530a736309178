"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def candidates(X, y, active, signs, alpha, n):
    """Return the alphas at which something could happen, as two lists: enters, leaves."""
    used = X[:, active]
    gram = used.T @ used
    at_zero = np.linalg.solve(gram, used.T @ y)  # w = at_zero - alpha slope
    slope = np.linalg.solve(gram, n * signs)
    leaves = [z / s for z, s, sign in zip(at_zero, slope, signs, strict=True) if s * sign < 0.0]
    enters = []
    for j in np.setdiff1d(np.arange(X.shape[1]), active):
        pull = X[:, j] @ (y - used @ at_zero) / n  # c_j = pull + alpha change
        change = X[:, j] @ used @ slope / n
        enters += [pull / (1.0 - change), -pull / (1.0 + change)]
    return enters, leaves


def first_below(found, alpha):
    return max((each for each in found if 0.0 < each < alpha * (1.0 - 1e-10)), default=0.0)


def lasso_knot(X, y, active, signs, alpha):
    enters, leaves = candidates(X, y, active, signs, alpha, len(y))
    return first_below(enters + leaves, alpha)


def last_instead_of_first(X, y, active, signs, alpha):
    enters, leaves = candidates(X, y, active, signs, alpha, len(y))
    return min((each for each in enters + leaves if 0.0 < each < alpha), default=0.0)


def a_little_less(X, y, active, signs, alpha):
    return 0.5 * (alpha + lasso_knot(X, y, active, signs, alpha))


def without_n(X, y, active, signs, alpha):
    enters, leaves = candidates(X, y, active, signs, alpha, 1)
    return first_below(enters + leaves, alpha)


def nobody_leaves(X, y, active, signs, alpha):
    enters, _ = candidates(X, y, active, signs, alpha, len(y))
    return first_below(enters, alpha)


def never_ends(X, y, active, signs, alpha):
    return lasso_knot(X, y, active, signs, alpha) or 0.5 * alpha


MISTAKES = {
    "solution_above": last_instead_of_first,
    "no_solution_below": a_little_less,
    "orthogonal": without_n,
    "leaves": nobody_leaves,
    "end_of_the_path": never_ends,
}
