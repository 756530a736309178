r"""
Which block moves next?
=======================

**Question.** Block coordinate descent moves a few variables at a time. Is it worth looking at all
of them to choose these few, and is it still worth it when the looking has to be paid for?

With :math:`H_{bb}` the second derivatives along a block, the best step of a quadratic decreases it
by half of :math:`\nabla_b f^T H_{bb}^{-1} \nabla_b f`. Blocks in turn, or drawn, do not look at
this number. Greedy rules do, or at something cheaper: the gradient (GS), the gradient over the
Lipschitz constant of the block (GSL), or over the diagonal of H (GSD), for which the best block of
*any* composition is the coordinates with the largest scores.
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from optlite import bcd, datasets
from optlite.display import Claims

claims = Claims()
size = 5

# %%
# One step
# --------
# A gradient step of coordinate i is certain to decrease f by :math:`g_i^2 / (2 L)`. A random
# coordinate gets the mean of it, the greedy one the maximum, which is between once and n times as
# much: so much faster greedy rules can be, and never slower, *for each iteration* (Nutini et al.
# 2015).

A, b = datasets.scaled_regression(200, 600, random_state=0)
f = bcd.LeastSquares(A.toarray(), b)
squares = f.gradient(np.zeros(f.dim)) ** 2
claims.at_least(
    "one step: maximum over mean of the squared gradient",
    "theory",
    1.0,
    squares.max() / squares.mean(),
)
claims.at_most("the same, over n", "theory", 1.0, squares.max() / squares.mean() / f.dim)

# %%
# Many steps
# ----------
# The columns of this least-squares problem have very different sizes (family A of Nutini, Laradji
# and Schmidt 2022). The gradient alone begins well and then misleads: small columns keep small
# gradients however wrong they are. Beside its Lipschitz constant, a gradient says what it is worth.

ways = {
    "cyclic": {"partition": "sort", "selection": "cyclic"},
    "random": {"partition": "sort", "selection": "random"},
    "GS": {"partition": "sort", "selection": "gs"},
    "GSL": {"partition": "sort", "selection": "gsl"},
    "GSD, blocks of any composition": {"partition": "variable", "selection": "gsd"},
}
paths = {
    name: [r.objective for r in bcd.steps(f, block_size=size, max_iter=150, random_state=0, **way)]
    for name, way in ways.items()
}
figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
for name, path in paths.items():
    ax.semilogy(np.array(path) / path[0], label=name)
ax.set(xlabel="iteration", ylabel="f / f at the start", ylim=(1e-6, 1.5))
ax.grid(alpha=0.25)
ax.legend()
plt.show()

level = {name: path[-1] / path[0] for name, path in paths.items()}
source = "Nutini, Laradji, Schmidt 2022, section 6"
claims.at_most("GS over random, f after 150 iterations", source, 0.5, level["GS"] / level["random"])
claims.at_most("GSL over GS", source, 0.2, level["GSL"] / level["GS"])
claims.at_most(
    "GSD of any composition over GSL",
    source,
    0.2,
    level["GSD, blocks of any composition"] / level["GSL"],
)

# %%
# What the looking costs
# ----------------------
# *With H at hand*, a move of 5 variables changes the gradient by 5 columns of H: 5 n operations,
# and n more to look for the largest. Greedy iterations cost a fifth more.
#
# *With a dense matrix A of a logistic model*, nothing tells how the gradient changes but a product
# with all of A: m n operations, where a block that was drawn needs its own columns twice, 10 m. A
# greedy iteration is n / 10 times as expensive, and has to be worth as many.


def iterations_to(F, share, **choices):
    """Return after how many iterations the gap is this share of that at the start."""
    least = bcd.solve(F, block_size=100, tol=1e-10).objective
    options = {"block_size": size, "random_state": 0, "max_iter": 20_000, "tol": 1e-12}
    for record in bcd.steps(F, **options, **choices):
        if record.iteration == 0:
            first = record.objective
        if record.objective - least <= share * (first - least):
            return record.iteration
    raise AssertionError("the share was not reached")


m, n = 100, 300
rng = np.random.default_rng(0)
dense = rng.normal(size=(m, n)) * np.exp(rng.normal(size=n))
labels = np.where(dense @ (rng.normal(size=n) * (rng.random(n) < 0.1)) > 0.0, 1.0, -1.0)
logistic = bcd.Logistic(dense, labels, alpha=1.0)
squares_problem = bcd.LeastSquares(dense, labels, alpha=1.0)
greedy, drawn = ways["GSD, blocks of any composition"], ways["random"]

rows = []
for name, F, dear, cheap in (
    ("least squares, with H", squares_problem, n * (size + 1), n * size),
    ("logistic, dense A", logistic, m * (n + size), 2 * m * size),
):
    counts = [iterations_to(F, 1e-3, **way) for way in (greedy, drawn)]
    rows.append((name, counts[1] / counts[0], dear / cheap))

figure, ax = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
place = np.arange(len(rows))
ax.barh(
    place + 0.2,
    [row[1] for row in rows],
    0.35,
    label="iterations that greedy saves",
    color="#1f5fa8",
)
ax.barh(
    place - 0.2,
    [row[2] for row in rows],
    0.35,
    label="what a greedy iteration costs",
    color="#d9730d",
)
ax.set_yticks(place, [row[0] for row in rows])
ax.set(xlabel="times the random rule", xscale="log")
ax.axvline(1.0, color="0.5", lw=0.8)
ax.legend()
plt.show()

claims.at_least("with H: saved iterations over their cost", "the run", 1.5, rows[0][1] / rows[0][2])
claims.at_least("logistic: iterations that greedy saves", "the run", 2.0, rows[1][1])
claims.at_most(
    "logistic: saved iterations over their cost", "the run", 0.5, rows[1][1] / rows[1][2]
)

# %%
# *With a sparse H*, a move changes the scores of neighbours only. Kept in a tournament, the largest
# is found by playing their games again: on a lattice, greedy steps of single variables cost about
# as much as drawn ones whatever the size of the problem is. The time per iteration, measured on the
# machine that built this page, for lattices of 400 and of 40,000 nodes:

for side in (20, 200):
    lattice = bcd.LabelPropagation(*datasets.lattice_labels(side, side, weight=1.0, random_state=0))
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the larger one is stopped on purpose
        run = bcd.solve(lattice, selection="gs", block_size=1, max_iter=20_000, tol=1e-3)
    seconds = (time.process_time() - started) / run.n_iter
    print(f"{lattice.dim} variables: {1e6 * seconds:.2f} us an iteration")

# %%
# Larger blocks
# -------------
# The larger the block, the more the matrix knows that one Lipschitz constant does not.

gains = []
for block_size in (2, 5, 20):
    ends = [
        list(bcd.steps(f, "sort", "gsl", update, block_size, max_iter=60))[-1].objective
        for update in ("gradient", "matrix")
    ]
    gains.append(ends[0] / ends[1])
claims.at_least("blocks of 20: gradient over matrix steps, f after 60", source, 2.0, gains[2])
claims.at_least("the same, over that of blocks of 2", source, 1.5, gains[2] / gains[0])

# %%
# **Exercises.**
#
# 1. Give all columns of A the same norm. Which of GS and GSL gains more?
# 2. In how many dimensions can a greedy step be no better than a random one?

equal = A.toarray() / np.linalg.norm(A.toarray(), axis=0)
f_equal = bcd.LeastSquares(equal, b)
ends = [
    list(bcd.steps(f_equal, "order", rule, "gradient", 1, max_iter=100))[-1].x
    for rule in ("gs", "gsl")
]
claims.at_most(
    "exercise 1: GS and GSL, single coordinates, difference of x",
    "theory",
    1e-9,
    np.abs(ends[0] - ends[1]).max(),
)
tied = bcd.Quadratic(np.eye(7), np.ones(7))
steps = [
    list(bcd.steps(tied, "order", rule, block_size=1, max_iter=1, random_state=0))[-1].objective
    for rule in ("gs", "random")
]
claims.equal(
    "exercise 2: any number, if all gradients are equal", "theory", steps[1], steps[0], rtol=1e-12
)

# %%
# Claims and what was measured:

claims

# %%
# References
# ----------
# J. Nutini, M. Schmidt, I. Laradji, M. Friedlander and H. Koepke, Coordinate descent converges
# faster with the Gauss-Southwell rule than random selection, 2015. J. Nutini, I. Laradji and
# M. Schmidt, Let's make block coordinate descent converge faster: faster greedy rules,
# message-passing, active-set complexity, and superlinear convergence, 2022.
