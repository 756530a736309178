"""Forests in the graph of a sparse matrix, and linear systems on them.

The graph of H has an edge between i and j where H_ij is not zero.

The twin of ``cpp/src/block_forest.cpp``.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022, section 4.
"""

import numpy as np


def neighbours(H, node):
    """Return the nodes at the other ends of the edges of a node."""
    return [int(j) for j in np.flatnonzero(H[:, node]) if j != node]


class Forest:
    """Grow sets of nodes that keep without a cycle.

    Parameters
    ----------
    H : ndarray of shape (n, n)
        A matrix with few entries that are not zero.
    """

    def __init__(self, H):
        self.H, self.parent = H, {}

    def root(self, node):
        """Return the node that stands for the tree of a node."""
        while self.parent[node] != node:
            node = self.parent[node]
        return node

    def add(self, node):
        """Add a node, unless two of its neighbours in the set are connected already."""
        roots = [self.root(other) for other in neighbours(self.H, node) if other in self.parent]
        if len(set(roots)) < len(roots):
            return False
        self.parent[node] = node
        self.parent.update(dict.fromkeys(roots, node))
        return True


def choose(H, keys, size):
    """Return the largest keys first, as long as there is no cycle: a block of at most `size`."""
    forest, block = Forest(H), []
    for node in np.argsort(-keys, kind="stable"):
        if len(block) == size:
            break
        if forest.add(int(node)):
            block.append(int(node))
    return np.sort(np.array(block, dtype=np.int64))


def solve(H, r):
    """Solve H d = r where the graph of H is a forest, by messages to the roots and back.

    >>> solve(np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]]), np.ones(3))
    array([1.5, 2. , 1.5])
    """
    order, parent = [], {}
    for start in range(len(r)):
        queue = [] if start in parent else [start]
        parent.setdefault(start, None)
        for node in queue:  # breadth first; the list grows
            order.append(node)
            for child in neighbours(H, node):
                if child == parent[node]:
                    continue
                if child in parent:
                    raise ValueError("message_passing needs blocks whose graph has no cycle.")
                parent[child] = node
                queue.append(child)
    D, r = H.diagonal().copy(), r.copy()
    rounding = 8.0 * np.finfo(np.float64).eps * len(r) * D  # each beside its own number
    for node in reversed(order):  # children before their parents
        up = parent[node]
        if not D[node] > rounding[node]:
            raise ValueError(f"H must be positive definite on a block, got the pivot {D[node]:g}.")
        if up is not None:
            D[up] -= H[node, up] ** 2 / D[node]
            r[up] -= H[node, up] * r[node] / D[node]
    for node in order:
        up = parent[node]
        r[node] = (r[node] if up is None else r[node] - H[node, up] * r[up]) / D[node]
    return r
