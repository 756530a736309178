"""Rank and condition number of the system that a fit solved, as attributes."""

ATTRIBUTES = ("rank", "rank_kind", "condition_number", "condition_number_kind")


def store_conditioning(estimator, found):
    """Set `rank_`, `condition_number_` and what each is worth, from a solver's result."""
    for name in ATTRIBUTES:
        setattr(estimator, name + "_", found[name])


def of_eigenvalues(e, size, alphas):
    """Describe the system with eigenvalues e + alpha, exactly, for the smallest alpha.

    Parameters
    ----------
    e : ndarray
        Eigenvalues >= 0 of the matrix without penalty; those that rounding hides are zero.
    size : int
        Rows of the matrix: eigenvalues that `e` leaves out are zero.
    alphas : ndarray
        Penalties. Without one, directions of eigenvalue zero are no part of the solution, and of
        the condition number neither.
    """
    alpha = alphas.min()
    positive = e[e > 0]
    rank = len(positive)
    if rank == 0 and alpha == 0:
        condition = None
    else:
        whole = rank < size and alpha > 0
        smallest = 0.0 if whole else positive.min()
        condition = float((positive.max(initial=0.0) + alpha) / (smallest + alpha))
    return {
        "rank": rank,
        "rank_kind": "exact",
        "condition_number": condition,
        "condition_number_kind": None if condition is None else "exact",
    }
