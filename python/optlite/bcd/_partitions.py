"""How variables are put into blocks before a run."""

import numpy as np

from .._params import hint
from ._problems import check_integer, check_problem

#: Rules that need the size of the blocks only.
RULES = ("order", "sort", "average", "hessian_sort", "hessian_average")


def partition(problem, rule="sort", block_size=5):
    """Put the variables of a quadratic into blocks of one size (the last may be smaller).

    Parameters
    ----------
    problem : Quadratic
        The diagonal of its H holds the Lipschitz constants L of the coordinates.
    rule : {"order", "sort", "average", "hessian_sort", "hessian_average"}, default="sort"
        Neighbours together; equal L together; large and small L together, which evens out the
        constants of the blocks; the last two with the sums of absolute values of the rows of H in
        place of L.
    block_size : int, >= 1, default=5
        Variables in a block.

    Returns
    -------
    list of ndarray of int64
        The blocks, each in increasing order.

    References
    ----------
    Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> f = bcd.Quadratic(np.diag([1.0, 9.0, 2.0, 8.0]), np.ones(4))
    >>> [b.tolist() for b in bcd.partition(f, "sort", 2)]
    [[1, 3], [0, 2]]
    >>> [b.tolist() for b in bcd.partition(f, "average", 2)]
    [[0, 1], [2, 3]]
    """
    if rule not in RULES:
        raise ValueError(
            f"partition must be one of {list(RULES)}, got {rule!r}.{hint(rule, RULES)}"
        )
    check_problem(problem)
    block_size = check_integer(block_size, "block_size", 1)
    n = problem.dim
    if rule == "order":
        order = np.arange(n)
    else:
        by_rows = rule.startswith("hessian")
        size = np.ravel(abs(problem.H).sum(axis=0)) if by_rows else problem.H.diagonal()
        order = np.argsort(-size, kind="stable")
        if rule.endswith("average"):
            both = np.empty(n, dtype=np.int64)
            both[0::2], both[1::2] = order[: (n + 1) // 2], order[::-1][: n // 2]
            order = both
    return [np.sort(order[i : i + block_size]) for i in range(0, n, block_size)]


def check_partition(blocks, n):
    """Return the user's blocks; each variable must be in one of them, once."""
    try:
        blocks = [np.sort(np.asarray(block)) for block in blocks]
    except (TypeError, ValueError):
        raise TypeError(
            f"partition must be a word or a list of arrays of indices, got {blocks!r}."
        ) from None
    if not all(b.ndim == 1 and b.size > 0 and b.dtype.kind in "iu" for b in blocks):
        raise ValueError("partition must hold one-dimensional, non-empty arrays of integers.")
    found = np.sort(np.concatenate(blocks)) if blocks else np.zeros(0)
    if not np.array_equal(found, np.arange(n)):
        raise ValueError(
            f"partition must hold each of 0, ..., {n - 1} exactly once, got {len(found)} indices."
        )
    return [b.astype(np.int64) for b in blocks]
