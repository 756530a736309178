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
"""

import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse.linalg
from matplotlib.animation import FuncAnimation

from optlite import bcd, datasets
from optlite.display import Claims
from optlite.reference import bcd_graphs

claims = Claims()
side = 30
f = bcd.LabelPropagation(*datasets.lattice_labels(side, 36, weight=1.0, random_state=0))
solution = scipy.sparse.linalg.spsolve(f.H, f.c)
least = f.value(solution)

# %%
# Messages by hand
# ----------------
# The greedy tree: nodes with a large gradient first, each one unless it closes a cycle.

*_, record = bcd.steps(f, "forest", "gs", "message_passing", None, max_iter=1)
tree = record.block
H_tree = f.H[tree][:, tree].toarray()
by_hand = bcd_graphs.solve(H_tree, -f.gradient(np.zeros(f.dim))[tree])
claims.at_most(
    "messages in NumPy and in the core: difference",
    "the run",
    1e-12,
    np.abs(by_hand - record.x[tree]).max() / np.abs(by_hand).max(),
)
edges = (np.count_nonzero(H_tree) - len(tree)) // 2
claims.at_most("edges of the tree over its nodes", "theory", 1.0, edges / len(tree))
claims.at_least("share of the variables in one block", "the run", 0.5, len(tree) / f.dim)
*_, factored = bcd.steps(f, "forest", "gs", "sparse_cholesky", None, max_iter=1)
claims.at_most(
    "messages and a sparse Cholesky factor: difference",
    "theory",
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
for name, values in gap.items():
    ax.semilogy(values / values[0], label=name)
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
# The blocks, one after the other
# -------------------------------
# Left, the nodes of the block that moved; right, the values. Trees grow first where values are
# wrong, around the nodes that know theirs.


def picture(values, fill):
    """Return a vector of the free nodes as a square."""
    square = np.full(side * side, fill)
    square[f.free] = values
    return square.reshape(side, side)


class Player:
    """Show the frames of an animation, with buttons."""

    def __init__(self, animation):
        self.page = animation.to_jshtml(default_mode="once")

    def _repr_html_(self):
        return self.page


run = runs["greedy trees"]
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.4), layout="constrained")
shown = left.imshow(picture(np.zeros(f.dim), 0.5), cmap="Greens", vmin=0.0, vmax=1.0)
limit = np.abs(solution).max()
values = right.imshow(picture(run[0].x, np.nan), cmap="coolwarm", vmin=-limit, vmax=limit)
for ax in (left, right):
    ax.set_axis_off()


def draw(k):
    """Show an iteration."""
    inside = np.isin(np.arange(f.dim), run[k].block)
    shown.set_data(picture(inside, 0.5))
    values.set_data(picture(run[k].x, np.nan))
    left.set_title(f"block {k}: {len(run[k].block)} of {f.dim}")
    right.set_title(f"gap {gap['greedy trees'][k] / gap['greedy trees'][0]:.1e}")


player = Player(FuncAnimation(figure, draw, frames=range(1, 13), interval=500))
plt.show()
player

# %%
# **Exercises.**
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
# Claims and what was measured:

claims

# %%
# References
# ----------
# J. Nutini, I. Laradji and M. Schmidt, Let's make block coordinate descent converge faster: faster
# greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022.
