r"""
Trees on a lattice
==================

**Question.** Exact steps of a block of k variables cost :math:`k^3`, or so one thinks. How can a
block hold two thirds of all variables, and still be solved in linear time?

Some nodes of a lattice have a value; the others are to be as close to their neighbours as they
can: :math:`f(x) = \tfrac12 \sum w_{ij} (x_i - x_j)^2` over the edges. Given all but the nodes of a
block, the rest is a linear system with the graph of the block. If that graph has no cycle, each
leaf can be expressed by its parent and forgotten:

.. math:: D_v \leftarrow D_v - H_{uv}^2 / D_u, \qquad r_v \leftarrow r_v - H_{uv}\, r_u / D_u .

These are the messages of belief propagation, and Gaussian elimination without fill.

**Claim** (Nutini, Laradji and Schmidt 2022). With blocks that are trees, chosen greedily in each
iteration, block coordinate descent gains more from an iteration than with fixed trees, with random
ones, or with the two colours of a chessboard.
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse.csgraph
import scipy.sparse.linalg

from optlite import bcd, datasets
from optlite.display import Claims, animate_blocks

claims = Claims()
side = 30
f = bcd.LabelPropagation(*datasets.lattice_labels(side, 36, weight=1.0, random_state=0))
solution = scipy.sparse.linalg.spsolve(f.H, f.c)
least = f.value(solution)

# %%
# The method, whole
# -----------------
# Two functions. The first grows a forest: nodes with a large gradient first, each one unless two of
# its neighbours in the forest are connected already. The second sends the messages: children are
# eliminated before their parents, then values go back from the roots.

neighbours = [f.H.indices[f.H.indptr[i] : f.H.indptr[i + 1]] for i in range(f.dim)]


def grow(scores):
    """Return the nodes of a forest, best first."""
    tree, nodes = np.full(f.dim, -1), []
    for k, node in enumerate(np.argsort(-scores, kind="stable")):
        near = [tree[j] for j in neighbours[node] if j != node and tree[j] >= 0]
        if len(set(near)) == len(near):
            tree[np.isin(tree, near)] = k
            tree[node] = k
            nodes.append(node)
    return nodes


def send(nodes, r):
    """Solve H d = r among the nodes of a forest."""
    D, r, up, order, inside = f.H.diagonal(), r.copy(), {}, [], set(nodes)
    for root in nodes:
        queue = [] if root in up else [root]
        up.setdefault(root, None)
        for node in queue:  # grows: every parent before its children
            order.append(node)
            for child in neighbours[node]:
                if child in inside and child != node and child not in up:
                    up[child] = node
                    queue.append(child)
    for node in reversed(order):
        if up[node] is not None:
            edge = f.H[node, up[node]]
            D[up[node]] -= edge**2 / D[node]
            r[up[node]] -= edge * r[node] / D[node]
    for node in order:
        above = 0.0 if up[node] is None else f.H[node, up[node]] * r[up[node]]
        r[node] = (r[node] - above) / D[node]
    return r[nodes]


*_, record = bcd.steps(f, "forest", "gs", "message_passing", None, max_iter=1)
nodes = grow(f.c**2)  # the gradient at zero is -c
by_hand = send(nodes, f.c)
claims.equal(
    "nodes that NumPy and the core put into the first tree alike",
    "the definition",
    len(nodes),
    len(set(nodes) & set(record.block.tolist())),
    rtol=0.0,
)
dense = np.linalg.solve(f.H[nodes][:, nodes].toarray(), f.c[nodes])
scale = np.abs(dense).max()
claims.at_most(
    "messages by hand and a dense solver: difference",
    "elimination",
    1e-12,
    np.abs(by_hand - dense).max() / scale,
)
claims.at_most(
    "messages of the core and a dense solver: difference",
    "elimination",
    1e-12,
    np.abs(record.x[nodes] - dense).max() / scale,
)
edges = (np.count_nonzero(f.H[nodes][:, nodes].toarray()) - len(nodes)) // 2
pieces = scipy.sparse.csgraph.connected_components(f.H[nodes][:, nodes])[0]
claims.equal("edges of the forest", "nodes less pieces", len(nodes) - pieces, edges, rtol=0.0)
claims.at_least("share of the variables in one block", "the run", 0.5, len(nodes) / f.dim)
*_, factored = bcd.steps(f, "forest", "gs", "sparse_cholesky", None, max_iter=1)
claims.at_most(
    "messages and a sparse Cholesky factor: difference",
    "elimination",
    1e-12,
    np.abs(factored.x - record.x).max() / np.abs(record.x).max(),
)

# %%
# Which trees
# -----------
# The two colours of a chessboard are blocks without an edge; two trees cover the lattice; random
# trees and greedy trees are grown anew in each iteration.

ways = {
    "red and black": ("red_black", "cyclic"),
    "two trees": ("trees", "cyclic"),
    "random trees": ("forest", "random"),
    "greedy trees": ("forest", "gsd"),
}
runs = {
    name: list(bcd.steps(f, *way, "message_passing", None, max_iter=40, random_state=0))
    for name, way in ways.items()
}
gap = {name: np.array([r.objective for r in run]) - least for name, run in runs.items()}

figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
COLORS = ("#D55E00", "#0072B2", "#009E73", "#000000")
for (name, values), color, style in zip(gap.items(), COLORS, ("-.", "--", ":", "-"), strict=True):
    ax.semilogy(values / values[0], style, color=color, label=name)
ax.set(xlabel="iteration", ylabel="gap, as a share of the first")
ax.grid(alpha=0.25)
ax.legend()
plt.show()

source = "Nutini, Laradji, Schmidt 2022, section 6"
claims.at_most(
    "greedy trees over red and black, gap after 40",
    source,
    0.45,
    gap["greedy trees"][-1] / gap["red and black"][-1],
)
claims.at_most(
    "greedy trees over random trees", source, 0.9, gap["greedy trees"][-1] / gap["random trees"][-1]
)
claims.at_most(
    "random trees over red and black",
    source,
    1.0,
    gap["random trees"][-1] / gap["red and black"][-1],
)

# %%
# **Step by step.** A record a block. More than half of the variables move at once, to their best
# values given the rest; what is wrong is left at the few that join the trees.

print("iteration   nodes of the forest     |d|   gradient      gap")
for r in runs["greedy trees"][1:41:5]:
    print(
        f"{r.iteration:9d}   {len(r.block):19d}   {r.step_norm:5.2f}   {r.gradient_norm:8.1e}   "
        f"{r.objective - least:6.1e}"
    )

# %%
# The blocks, one after the other
# -------------------------------
# Left, the nodes of the block that moved; right, the values; white, the nodes that know theirs.

animate_blocks(
    runs["greedy trees"][:21],
    shape=(side, side),
    places=f.free,
    interval=500,
    title="Greedy trees on a lattice",
)

# %%
# Exercises
# ---------
#
# 1. How many colours does a lattice with diagonals need? (Each node has eight neighbours.)
# 2. A path of nodes is a tree itself. How many iterations does it take?

line = np.eye(6, k=1) + np.eye(6, k=-1)
diagonal = np.kron(line, np.eye(6)) + np.kron(np.eye(6), line) + np.kron(line, line)
eight = bcd.LabelPropagation(diagonal, [0], [1.0])
claims.at_least(
    "exercise 1: colours that are found; four nodes are all neighbours",
    "theory",
    4,
    len(bcd.partition(eight, "red_black")),
)
path = bcd.LabelPropagation(np.eye(50, k=1) + np.eye(50, k=-1), [0, 49], [1.0, 2.0])
result = bcd.solve(path, "forest", "gs", "message_passing", None)
claims.equal("exercise 2: iterations on a path", "theory", 1, result.n_iter, rtol=0.0)

# %%
# Claims
# ------

claims

# %%
# **Sources.** J. Nutini, I. Laradji and M. Schmidt, Let's make block coordinate descent converge
# faster: faster greedy rules, message-passing, active-set complexity, and superlinear convergence,
# 2022.
