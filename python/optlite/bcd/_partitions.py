"""How variables are put into blocks before a run."""

import numpy as np

from .._params import hint
from .._validation import check_integer
from ._problems import check_problem

#: Rules that need the size of the blocks only.
SIZED = ("order", "sort", "average", "hessian_sort", "hessian_average")
#: Rules that need the graph of a sparse H.
OF_GRAPHS = ("red_black", "trees")
#: Blocks that are no partition: they are composed anew in each iteration.
COMPOSED = ("variable", "forest")


def partition(problem, rule="sort", block_size=5):
    """Put the variables of a problem into blocks.

    Parameters
    ----------
    problem : Quadratic, Logistic, Composite or another problem of this package
        The diagonal of its H holds the Lipschitz constants L of the coordinates.
    rule : {"order", "sort", "average", "hessian_sort", "hessian_average", "red_black", "trees"}
        Neighbours together; equal L together (default: "sort"); large and small L together, which
        evens out the constants of the blocks; the same two with the sums of absolute values of the
        rows of H in place of L. The last two are for a sparse H: "red_black" colours its graph so
        that no two neighbours are in one block, with two colours if that is possible; "trees" puts
        each variable into the first block in which it closes no cycle.
    block_size : int, >= 1, default=5
        Variables in a block (the last may be smaller); colours and trees are as large as they are.

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
    check_rule(rule, [*SIZED, *OF_GRAPHS])
    check_problem(problem)
    block_size = check_integer(block_size, "block_size", 1, "bcd")
    if rule in OF_GRAPHS:
        graph = check_graph(problem, f"partition={rule!r}")
        labels = _colours(graph) if rule == "red_black" else _trees(graph)
        return [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
    n = problem.dim
    if rule == "order":
        order = np.arange(n)
        return [order[i : i + block_size] for i in range(0, n, block_size)]
    size = problem.row_sums if rule.startswith("hessian") else problem.diagonal
    order = np.argsort(-size, kind="stable")
    if rule.endswith("average"):
        both = np.empty(n, dtype=np.int64)
        both[0::2], both[1::2] = order[: (n + 1) // 2], order[::-1][: n // 2]
        order = both
    return [np.sort(order[i : i + block_size]) for i in range(0, n, block_size)]


def check_rule(rule, names):
    """Raise where a rule is none of these."""
    if not isinstance(rule, str) or rule not in names:
        raise ValueError(f"partition must be one of {names}, got {rule!r}.{hint(rule, names)}")


def check_graph(problem, who):
    """Return H in sparse columns, or say that there is no graph."""
    if problem.graph is None:
        raise ValueError(
            f"{who} needs the graph of a sparse H, and this H is dense. Make the problem of a "
            "scipy.sparse matrix."
        )
    return problem.graph


def _neighbours(graph, node):
    found = graph.indices[graph.indptr[node] : graph.indptr[node + 1]]
    return found[found != node]


def _colours(graph):
    """Colour nodes breadth first, each with the first colour that no neighbour has."""
    colour = np.full(graph.shape[0], -1)
    for start in range(len(colour)):
        queue = [start] if colour[start] < 0 else []
        for node in queue:  # grows
            if colour[node] >= 0:
                continue
            others = _neighbours(graph, node)
            taken = set(colour[others].tolist())
            colour[node] = next(k for k in range(len(taken) + 1) if k not in taken)
            queue += others[colour[others] < 0].tolist()
    return colour


def _trees(graph):
    """Number the forests into which nodes fit, one node after the other."""
    label = np.full(graph.shape[0], -1)
    parent = np.arange(graph.shape[0])

    def root(node):
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for node in range(len(label)):
        others = _neighbours(graph, node)
        k = 0
        while True:
            roots = [root(j) for j in others[label[others] == k]]
            if len(set(roots)) == len(roots):
                break
            k += 1
        label[node] = k
        parent[roots] = node
    return label


def check_partition(blocks, n, name="partition"):
    """Return the user's blocks; each variable must be in one of them, once."""
    try:
        blocks = [np.sort(np.asarray(block)) for block in blocks]
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a word or a list of arrays of indices, got {blocks!r}."
        ) from None
    if not all(b.ndim == 1 and b.size > 0 and b.dtype.kind in "iu" for b in blocks):
        raise ValueError(f"{name} must hold one-dimensional, non-empty arrays of integers.")
    found = np.sort(np.concatenate(blocks)) if blocks else np.zeros(0)
    if not np.array_equal(found, np.arange(n)):
        raise ValueError(
            f"{name} must hold each of 0, ..., {n - 1} exactly once, got {len(found)} indices."
        )
    return [b.astype(np.int64) for b in blocks]
