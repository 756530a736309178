r"""
Does the looking pay?
=====================

**Question.** A greedy rule needs fewer iterations than a random one. But each of its iterations
looks at all variables. When is it faster?

**Claim** (Nutini et al. 2015; Nutini, Laradji and Schmidt 2022). Greedy rules pay where a greedy
iteration costs about as much as a random one, and this depends on the *problem*: on whether the
gradient of all variables can be kept up to date at the price of the move.

With :math:`k_r` and :math:`k_g` the iterations that a random and a greedy rule need, and
:math:`w_r`, :math:`w_g` the work of one of them, greedy pays if

.. math:: \frac{k_r}{k_g} > \frac{w_g}{w_r} .

The left side is what the lesson :doc:`plot_greedy_blocks` is about. Here is the right side, and it
is not measured with a clock: every multiplication, and every number that is looked at, is counted
where it happens.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import bcd, datasets
from optlite.display import Claims

claims = Claims()
m, n, size = 120, 300, 5


class Counted:
    """Multiply, and look for the largest, at a price of one for each number that is touched."""

    def __init__(self):
        self.work = 0

    def product(self, M, v):
        """Return M v."""
        self.work += M.size
        return M @ v

    def largest(self, scores):
        """Return the place of the largest score."""
        self.work += scores.size
        return int(np.argmax(scores))


# %%
# Three ways to choose
# --------------------
# A ridge regression, :math:`f(x) = \tfrac12 \|A x - b\|^2 + \tfrac12 |x|^2`, with columns of
# different sizes, and a fixed partition into blocks of five. The same problem is solved in two ways
# that differ in what is kept. *With* :math:`H` *at hand*, a move changes the gradient by five
# columns of H. *With A only*, the residual :math:`r = A x - b` is kept, and the gradient of a block
# is :math:`A_b^T r + x_b`.
#
# Factors of the blocks are computed before, for all alike.

rng = np.random.default_rng(0)
A = rng.normal(size=(m, n)) * np.exp(rng.normal(size=n))
b = A @ (rng.normal(size=n) * (rng.random(n) < 0.1)) + rng.normal(size=m)
H, c = A.T @ A + np.eye(n), A.T @ b
blocks = np.arange(n).reshape(-1, size)
inverses = [np.linalg.inv(H[np.ix_(k, k)]) for k in blocks]
lipschitz = np.array([np.linalg.eigvalsh(H[np.ix_(k, k)])[-1] for k in blocks])
least = -0.5 * c @ np.linalg.solve(H, c)


def gap(x):
    """Return f(x) - min f, as a share of that at zero. (Judging costs nothing.)"""
    return (0.5 * x @ H @ x - c @ x - least) / -least


def with_matrix(choose, share):
    """Keep the gradient by columns of H; return the work of each iteration, and the blocks."""
    counted, x, g, works, chosen = Counted(), np.zeros(n), -c, [], []
    while gap(x) > share:
        before = counted.work
        k = choose(counted, g)
        d = counted.product(-inverses[k], g[blocks[k]])
        x[blocks[k]] += d
        g = g + counted.product(H[:, blocks[k]], d)
        works.append(counted.work - before)
        chosen.append(blocks[k].tolist())
    return np.array(works), chosen


def without_matrix(choose, share):
    """Keep the residual; a rule that looks at all variables needs all of A for it."""
    counted, x, r, works = Counted(), np.zeros(n), -b, []
    queue = []
    while gap(x) > share:
        before = counted.work
        queue = queue or choose(counted, x, r)
        k = queue.pop(0)
        columns = A[:, blocks[k]]
        g = counted.product(columns.T, r) + x[blocks[k]]
        d = counted.product(-inverses[k], g)
        x[blocks[k]] += d
        r = r + counted.product(columns, d)
        works.append(counted.work - before)
    return np.array(works)


# %%
# The rules: a block at random; the block that GSL likes best; and, for the second way, one look for
# thirty moves: the better half of the blocks is moved, best first, each block with its own gradient
# of the moment (a *working set*).


def scores_of(counted, g):
    """Return the GSL score of each block."""
    counted.work += g.size
    return (g.reshape(-1, size) ** 2).sum(axis=1) / lipschitz


def best(counted, g):
    """Choose the best block."""
    return counted.largest(scores_of(counted, g))


def drawn(seed):
    """Return a rule that draws blocks."""
    generator = np.random.default_rng(seed)
    return lambda counted, *state: int(generator.integers(len(blocks)))


def several(count):
    """Return a rule that looks once for so many blocks, best first."""

    def choose(counted, x, r):
        scores = scores_of(counted, counted.product(A.T, r) + x)
        counted.work += scores.size
        return np.argsort(-scores)[:count].tolist()

    return choose


def one_by_one(rule):
    """Return a rule for a queue of one block."""
    return lambda counted, x, r: [rule(counted, r)]


share = 1e-3
greedy_H, chosen = with_matrix(best, share)
random_H = [with_matrix(drawn(seed), share)[0] for seed in range(5)]
greedy_A = without_matrix(several(1), share)
working_set = without_matrix(several(30), share)
random_A = [without_matrix(one_by_one(drawn(seed)), share) for seed in range(5)]

# %%
# **Step by step.** The library's records say which block it moved: the same as the counted code.

library = list(
    bcd.steps(bcd.Quadratic(H, c), list(blocks), "gsl", "matrix", max_iter=len(chosen), tol=1e-12)
)
for r in library[1:6]:
    print(
        f"iteration {r.iteration}: score {r.score:.3g}, block {r.block.tolist()}, gap left "
        f"{gap(r.x):.3f}"
    )
claims.equal(
    "blocks that the library and the counted code choose alike",
    "the definition of GSL",
    len(chosen),
    sum(r.block.tolist() == k for r, k in zip(library[1:], chosen, strict=True)),
    rtol=0.0,
)

# %%
# What it costs, and what it saves
# --------------------------------


def ratios(greedy, random):
    """Return iterations saved, price of an iteration, and work saved: greedy beside random."""
    middle = sorted(random, key=len)[len(random) // 2]
    return len(middle) / len(greedy), greedy.mean() / middle.mean(), middle.sum() / greedy.sum()


with_H, with_A = ratios(greedy_H, random_H), ratios(greedy_A, random_A)
with_set = ratios(working_set, random_A)
claims.equal(
    "with H: price of a greedy iteration",
    "1 + (n + n / size) / (n size + size^2)",
    1.0 + (n + n // size) / (n * size + size**2),
    with_H[1],
    rtol=1e-12,
)
claims.equal(
    "with A only: price of a greedy iteration",
    "1 + (m n + n + n / size) / (2 m size + size^2)",
    1.0 + (m * n + n + n // size) / (2 * m * size + size**2),
    with_A[1],
    rtol=1e-12,
)
claims.at_least("with H: work that greedy saves", "the run", 1.5, with_H[2])
claims.at_least("with A only: iterations that greedy saves", "the run", 2.0, with_A[0])
claims.at_most("with A only: work that greedy 'saves'", "the run", 0.5, with_A[2])
claims.at_least("with A only, a look for thirty moves: work saved", "the run", 1.2, with_set[2])

rows = [
    ("H at hand, GSL", with_H),
    ("A only, GSL", with_A),
    ("A only, thirty moves a look", with_set),
]
figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
place = np.arange(len(rows))[::-1]
for offset, index, color, text in (
    (0.2, 0, "#0072B2", "iterations saved"),
    (-0.2, 1, "#D55E00", "price of an iteration"),
):
    bars = [row[index] for _, row in rows]
    ax.barh(place + offset, bars, 0.36, color=color, label=f"{text} (random = 1)")
ax.set_yticks(place, [name for name, _ in rows])
ax.set(xlabel="times the random rule", xscale="log", xlim=(1.0, 60.0))
ax.set_xticks([1, 2, 3, 5, 10, 20, 50], ["1", "2", "3", "5", "10", "20", "50"])
ax.minorticks_off()
ax.legend(loc="upper right", fontsize="small")
plt.show()
print("greedy pays where the blue bar is longer than the orange one")

# %%
# A sparse H
# ----------
# On a lattice a move changes the gradients of four neighbours. The move costs five multiplications,
# so a scan of all n scores is out of all proportion. Kept in a tournament, a binary tree in whose
# inner nodes the winner of the two below stands, the best is known at once, and five changed scores
# cost five paths to the root: :math:`5 \log_2 n` games.


class Tournament:
    """Know the largest of n numbers, of which few change at a time."""

    def __init__(self, counted, keys):
        self.counted, self.leaves = counted, 1 << (len(keys) - 1).bit_length()
        self.keys = np.concatenate([keys, np.full(self.leaves - len(keys), -np.inf)]).tolist()
        self.winner = [0] * self.leaves + list(range(self.leaves))
        for node in range(self.leaves - 1, 0, -1):
            self.play(node)

    def play(self, node):
        """Play one game."""
        self.counted.work += 1
        left, right = self.winner[2 * node], self.winner[2 * node + 1]
        self.winner[node] = right if self.keys[right] > self.keys[left] else left

    def change(self, i, key):
        """Change a number, and play its games again."""
        self.keys[i] = key
        node = (self.leaves + i) // 2
        while node > 0:
            self.play(node)
            node //= 2


def on_lattice(side, rule, moves, seed=0):
    """Move single variables of a lattice; return work for each move, and the gaps in between."""
    f = bcd.LabelPropagation(*datasets.lattice_labels(side, side, weight=1.0, random_state=1))
    starts, neighbours, values = f.H.indptr.tolist(), f.H.indices.tolist(), f.H.data.tolist()
    diagonal, g, x = f.H.diagonal().tolist(), (-f.c).tolist(), np.zeros(f.dim)
    draws = np.random.default_rng(seed).integers(f.dim, size=moves).tolist()
    games = Tournament(Counted(), np.square(g)) if rule == "tournament" else None
    counted = games.counted if games else Counted()
    counted.work, path = 0, []
    for k in range(moves):
        i = games.winner[1] if games else draws[k]
        d = -g[i] / diagonal[i]
        x[i] += d
        for place in range(starts[i], starts[i + 1]):
            j = neighbours[place]
            g[j] += d * values[place]
            counted.work += 1
            if games:
                games.change(j, g[j] ** 2)
        if k % f.dim == 0:
            path.append(x.copy())
    solution = np.linalg.solve(f.H.toarray(), f.c)
    gaps = [(y - solution) @ (f.H @ (y - solution)) / (solution @ f.c) for y in path]
    return f.dim, counted.work / moves, np.array(gaps)


rounds = 6
found = {}
for side in (16, 32):
    for rule in ("tournament", "random"):
        count = side * side - side
        found[side, rule] = on_lattice(side, rule, rounds * count)
(small_n, small_work, _), (large_n, large_work, greedy_gaps) = (
    found[side, "tournament"] for side in (16, 32)
)
_, random_work, random_gaps = found[32, "random"]
claims.at_most(
    "lattice: work of a tournament's move over 5 + 5 log2(leaves)",
    "at most four neighbours",
    1.0,
    large_work / (5 + 5 * np.ceil(np.log2(large_n))),
)
claims.at_most(
    "lattice: growth of that work where there are four times as many nodes",
    "a game more in ten, borders aside",
    1.35,
    large_work / small_work,
)
claims.at_least(
    "lattice: work of a scan over that of the tournament",
    "n / log n",
    10.0,
    (large_n + 5) / large_work,
)
claims.at_most(
    "lattice: gap of greedy over that of random, after as many moves",
    "the run",
    0.5,
    greedy_gaps[-1] / random_gaps[-1],
)

# %%
# The price does not grow with the problem, or hardly. But it is there: a random move costs five
# multiplications, and looks at nothing. For the same *work* a random rule may move more than ten
# times as often, which is more than greedy moves save here. A tournament makes greedy moves
# possible on large sparse problems. To make them pay, a move must be dearer than its games (larger
# blocks: :doc:`plot_message_passing`), or what is wrong must be confined to a few places.

price = large_work / random_work
_, _, patient = on_lattice(32, "random", int(price * rounds * large_n))
claims.at_least("lattice: price of a greedy move", "at most four neighbours", 5.0, price)
claims.at_least(
    "lattice: gap of greedy over that of random, after as much work",
    "the run",
    2.0,
    greedy_gaps[-1] / patient[-1],
)

# %%
# The library keeps the same tournament, and takes the same steps:

f = bcd.LabelPropagation(*datasets.lattice_labels(16, 16, weight=1.0, random_state=1))
*_, last = bcd.steps(f, selection="gs", block_size=1, max_iter=5 * f.dim + 1, tol=1e-14)
solution = np.linalg.solve(f.H.toarray(), f.c)
claims.equal(
    "lattice: gap of the library over that of the counted code",
    "the definition of GS",
    1.0,
    (last.x - solution)
    @ (f.H @ (last.x - solution))
    / (solution @ f.c)
    / found[16, "tournament"][2][5],
    rtol=1e-6,
)

# %%
# The compiled tournament
# -----------------------
# .. literalinclude:: ../../../cpp/include/optlite/bcd/tournament.hpp
#    :language: cpp
#    :caption: cpp/include/optlite/bcd/tournament.hpp

# %%
# Exercises
# ---------
# **1.** Why thirty? With A only and blocks of five: how many moves must one look serve so that
# looking costs no more than moving?

moves = (m * n + n + n // size) / (2 * m * size + size**2)
served = without_matrix(several(int(np.ceil(moves))), share)
claims.at_most(
    "exercise 1: price of an iteration beside a random one, n / (2 size) moves for a look",
    "the two prices",
    2.01,
    ratios(served, random_A)[1],
)

# %%
# **2.** With H at hand, how does the price of looking change with the size of the blocks?

halves = 1.0 + (n + n // 10) / (n * 10 + 100)
blocks = np.arange(n).reshape(-1, 10)
size = 10
inverses = [np.linalg.inv(H[np.ix_(k, k)]) for k in blocks]
lipschitz = np.array([np.linalg.eigvalsh(H[np.ix_(k, k)])[-1] for k in blocks])
wide, _ = with_matrix(best, share)
claims.equal(
    "exercise 2: price of a greedy iteration with blocks of ten",
    "1 + about 1 / size",
    halves,
    wide.mean() / (n * 10 + 100),
    rtol=1e-12,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** J. Nutini, M. Schmidt, I. Laradji, M. Friedlander and H. Koepke, Coordinate descent
# converges faster with the Gauss-Southwell rule than random selection, 2015. J. Nutini, I. Laradji
# and M. Schmidt, Let's make block coordinate descent converge faster: faster greedy rules,
# message-passing, active-set complexity, and superlinear convergence, 2022. Where "the run" is the
# source, the number behind <= or >= is ours.
