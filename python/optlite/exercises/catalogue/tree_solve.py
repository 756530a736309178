"""Solve a linear system along a tree, from the leaves to the root and back.

H is symmetric and positive definite, and its graph is a tree: beside the diagonal, H_uv is not zero
only where v is the parent of u, or u that of v. Nodes are numbered so that each parent comes before
its children; the root is node 0. Gauss eliminates children first,

    D_v <- D_v - H_uv^2 / D_u,        r_v <- r_v - H_uv r_u / D_u        for each child u of v,

which fills in nothing, and then substitutes from the root on. That is message passing, in as many
operations as there are nodes.

Source: Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster
greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022; Bickson,
Gaussian belief propagation: theory and application, 2009.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "coordinate methods"
difficulty = 2


def returns(diagonal, parent, edge, r):
    """Return x with H x = r, an array like r. All four are arrays with an entry for each node.

    parent[u] is the number of the parent of node u, and edge[u] is H between the two; both have no
    meaning for the root.
    """
    return r.shape


def tree(rng, size, chain=False):
    """Return diagonal, parents, edges, right-hand side and the whole matrix."""
    parent = np.arange(-1, size - 1) if chain else np.array([0] * size)
    if not chain:
        parent[1:] = [rng.integers(u) for u in range(1, size)]
    parent[0] = 0
    edge = rng.normal(size=size)
    edge[0] = 7.0  # has no meaning
    H = np.zeros((size, size))
    for u in range(1, size):
        H[u, parent[u]] = H[parent[u], u] = edge[u]
    diagonal = np.abs(H).sum(axis=1) + rng.uniform(0.1, 1.0, size=size)
    return diagonal, parent, edge, rng.normal(size=size), H + np.diag(diagonal)


@holds("a single node is a division", "With one node there is no edge to look at.")
def one_node(answer, rng):
    diagonal, r = rng.uniform(1.0, 2.0, size=1), rng.normal(size=1)
    return close(answer(diagonal, np.zeros(1, dtype=int), np.full(1, 7.0), r), r / diagonal)


@holds(
    "it solves the system of a chain",
    "Go from the last node to the first, then from the first to the last. On the way back, what is "
    "already known when x_u is computed?",
)
def chain(answer, rng):
    *parts, H = tree(rng, 8, chain=True)
    return close(H @ answer(*parts), parts[-1])


@holds(
    "it solves the system of any tree",
    "A parent may have several children: each of them sends its message before the parent does.",
)
def any_tree(answer, rng):
    *parts, H = tree(rng, 15)
    return close(H @ answer(*parts), parts[-1])


@holds(
    "what the arrays say of the parent of the root does not matter",
    "Leave node 0 out where edges are gone through.",
)
def root(answer, rng):
    diagonal, parent, edge, r, _ = tree(rng, 9)
    other = edge.copy()
    other[0] = -100.0
    return close(answer(diagonal, parent, edge, r), answer(diagonal, parent, other, r))


@holds(
    "a chain of ten thousand nodes is no problem",
    "No matrix of all pairs, and no recursion as deep as the tree.",
)
def long_chain(answer, rng):
    size = 10_000
    parent = np.maximum(np.arange(-1, size - 1), 0)
    edge, r = np.full(size, -1.0), rng.normal(size=size)
    x = answer(np.full(size, 2.5), parent, edge, r)
    product = 2.5 * x
    product[1:] -= x[:-1]
    product[:-1] -= x[1:]
    return close(product, r)
