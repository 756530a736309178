"""May a node join the forest? One look at what is connected already.

Nodes are added to a set one after the other, and the graph among them shall stay without a cycle: a
forest, along which a linear system is solved in linear time. A node closes a cycle if two of its
neighbours in the set are connected in the set already, or are the same tree; then it must wait.

Go through the nodes in the order given and add each one that closes no cycle. With the order of a
greedy score this is how greedy trees are grown.

Source: Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster
greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

from .._exercise import holds

chapter = "coordinate methods"
difficulty = 2


def returns(neighbours, order):
    """Return 1 for each node that was added and 0 for each other, an array of numbers.

    neighbours[i] is an array of the nodes that node i has an edge with; order is an array of all
    nodes.
    """
    return (len(neighbours),)


def graph(rng, size=12, edges=20):
    """Return the matrix of a random graph."""
    W = np.zeros((size, size), dtype=bool)
    for _ in range(edges):
        i, j = rng.choice(size, 2, replace=False)
        W[i, j] = W[j, i] = True
    return W


def lists(W):
    """Return the neighbours of each node."""
    return [np.flatnonzero(row) for row in W]


def is_forest(W):
    """Whether a graph has no cycle: as many edges as nodes less its pieces."""
    laplacian = np.diag(W.sum(axis=0)) - W
    pieces = np.count_nonzero(np.linalg.eigvalsh(laplacian.astype(float)) < 1e-9)
    return W.sum() // 2 == len(W) - pieces


@holds("what was added has no cycle", "Draw the graph among the added nodes. Where is the ring?")
def no_cycle(answer, rng):
    for _ in range(10):
        W = graph(rng)
        kept = np.asarray(answer(lists(W), rng.permutation(12)), dtype=bool)
        if not is_forest(W[np.ix_(kept, kept)]):
            return False
    return True


@holds(
    "no node waits without a reason",
    "Each node that was left out would close a cycle with those before it. Two neighbours in the "
    "set are no reason by themselves.",
)
def greedy(answer, rng):
    for _ in range(10):
        W, order = graph(rng), rng.permutation(12)
        kept = np.asarray(answer(lists(W), order), dtype=bool)
        before = []
        for node in order:
            together = [*before, node]
            if not kept[node] and is_forest(W[np.ix_(together, together)]):
                return False
            before += [node] * bool(kept[node])
    return True


@holds("of a tree all nodes are added", "A tree has no cycle to close.")
def tree(answer, rng):
    W = np.zeros((15, 15), dtype=bool)
    for u in range(1, 15):
        v = rng.integers(u)
        W[u, v] = W[v, u] = True
    return bool(np.all(answer(lists(W), rng.permutation(15))))


@holds(
    "of a ring all nodes but the last are added",
    "The last one has two neighbours, and these are connected the long way round.",
)
def ring(answer, rng):
    W = np.roll(np.eye(7, dtype=bool), 1, axis=1)
    order = rng.permutation(7)
    kept = np.asarray(answer(lists(W | W.T), order), dtype=bool)
    return bool(kept[order[:-1]].all() and not kept[order[-1]])
