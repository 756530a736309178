r"""
Which block moves next?
=======================

**Question.** Block coordinate descent moves a few variables at a time. Is it worth looking at all
of them to choose these few? And what should one look at?

**Claim** (Nutini, Laradji and Schmidt 2022, and the paper on single coordinates before it, 2015).
A block :math:`b` is a set of variables. Write :math:`\nabla_b f` for their part of the gradient,
:math:`H_{bb}` for the matrix of their second derivatives, and :math:`x + U_b d` for the point
:math:`x` with :math:`d` added to the variables of the block. The exact step
:math:`d = -H_{bb}^{-1} \nabla_b f` lowers a quadratic by

.. math::

    f(x) - f(x + U_b d) = \tfrac12 \nabla_b f(x)^T H_{bb}^{-1} \nabla_b f(x) .

Greedy rules take the block with the largest such number, or with the largest of a lower bound that
is cheaper to have. They are called after Gauss and Southwell:

- **GSQ** (Gauss-Southwell-quadratic): the number itself.
- **GSL** (Gauss-Southwell-Lipschitz): :math:`\|\nabla_b f\|^2 / L_b`, where
  :math:`L_b = \lambda_{\max}(H_{bb})` is the Lipschitz constant of :math:`\nabla_b f`. Half of it
  is a lower bound.
- **GS** (Gauss-Southwell): the gradient alone, :math:`\|\nabla_b f\|^2`. A bound comes of it by a
  division by twice the largest :math:`L_b`.
- **GSD** (Gauss-Southwell-diagonal): :math:`\sum_{i \in b} (\nabla_i f)^2 / D_i`, with a diagonal
  matrix :math:`D` in place of :math:`H_{bb}`. Half of it is a lower bound if
  :math:`D_{bb} - H_{bb}` is positive semidefinite, as for :math:`D_i = |b|\, H_{ii}`. Here the best
  block of *any* composition is easy to find: the coordinates with the largest
  :math:`(\nabla_i f)^2 / D_i`.

The closer the bound, the better the choice, of this one step. Greedy choices need not be the best
over many.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import bcd, datasets
from optlite.display import Claims, animate_blocks

claims = Claims()
source = "Nutini, Laradji, Schmidt 2022"

# %%
# The method, whole
# -----------------
# All of it in NumPy: choose, solve, keep the gradient up to date. The library does the same, block
# for block.

SCORES = {
    "gs": lambda g, H: g @ g,
    "gsl": lambda g, H: g @ g / np.linalg.eigvalsh(H)[-1],
    "gsq": lambda g, H: g @ np.linalg.solve(H, g),
}


def descend(H, c, blocks, score, iterations):
    """Minimise x' H x / 2 - c' x from zero; return its values and the blocks."""
    x, g = np.zeros(len(c)), -c
    values, chosen = [0.0], []
    for _ in range(iterations):
        b = max(blocks, key=lambda b: score(g[b], H[np.ix_(b, b)]))
        d = -np.linalg.solve(H[np.ix_(b, b)], g[b])
        x[b] += d
        g = g + H[:, b] @ d
        values.append(0.5 * x @ (g - c))
        chosen.append(b.tolist())
    return np.array(values), chosen


A, b = datasets.scaled_regression(200, 600, random_state=0)
f = bcd.LeastSquares(A.toarray(), b)
blocks = bcd.partition(f, "sort", 5)
in_numpy = {rule: descend(f.H, f.c, blocks, score, 30) for rule, score in SCORES.items()}
records = {rule: list(bcd.steps(f, blocks, rule, "matrix", max_iter=30)) for rule in SCORES}
for rule, (values, chosen) in in_numpy.items():
    run = records[rule]
    claims.equal(
        f"{rule}: blocks of 30 that NumPy and the core choose alike",
        "the definition",
        30,
        sum(r.block.tolist() == b for r, b in zip(run[1:], chosen, strict=True)),
        rtol=0.0,
    )
    claims.equal(
        f"{rule}: change of f after 30 blocks, core and NumPy",
        "the definition",
        values[-1],
        run[-1].objective - run[0].objective,
        rtol=1e-9,
    )

# %%
# **Step by step.** A record says which variables moved, by which score they were chosen, and how
# far they went:

print("rule   iteration   variables                   score       |d|          f")
for rule, run in records.items():
    for r in run[1:4]:
        print(
            f"{rule:5s}{r.iteration:11d}   {r.block.tolist()!s:26s}{r.score:9.3g}"
            f"{r.step_norm:10.3g}{r.objective:11.4g}"
        )

# %%
# After two steps GSL and GSQ are below GS, after three above it; later they leave it behind. GSQ,
# which knows each decrease exactly, is slightly behind GSL for a while, and then ahead:

compared = {rule: list(bcd.steps(f, blocks, rule, "matrix", max_iter=100)) for rule in SCORES}
print("f after    " + "".join(f"{rule:>12s}" for rule in SCORES))
for k in (2, 3, 30, 60, 100):
    print(f"{k:7d}    " + "".join(f"{run[k].objective:12.5g}" for run in compared.values()))
ratio = [compared["gsq"][k].objective / compared["gsl"][k].objective for k in (30, 60, 100)]
claims.at_least("f by GSQ over f by GSL, after 60 blocks", "the run", 1.0, ratio[1])
claims.at_most("the same, after 100 blocks", "the run", 1.0, ratio[2])

# %%
# Promise and decrease
# --------------------
# A record holds the score by which its block was chosen. Half of it is what the rule promises. The
# promise of GSQ is kept to the digit, that of GSL is a bound. Values are recomputed from A here.


def decreases(run):
    """Return by how much f fell in each iteration."""
    residuals = np.array([A @ record.x - b for record in run])
    return -np.diff(0.5 * (residuals**2).sum(axis=1))


promised = {rule: np.array([0.5 * r.score for r in run[1:]]) for rule, run in records.items()}
claims.at_most(
    "GSQ: relative difference of promise and decrease, the most of 30",
    "f is a quadratic",
    1e-6,
    np.abs(decreases(records["gsq"]) / promised["gsq"] - 1.0).max(),
)
claims.at_least(
    "GSL: decrease over promise, the least of 30",
    source,
    1.0,
    (decreases(records["gsl"]) / promised["gsl"]).min(),
)

# %%
# How fast, at least
# ------------------
# With single coordinates, :math:`L_i = H_{ii}` is the Lipschitz constant of coordinate :math:`i`,
# and :math:`L` the largest of them. A function is strongly convex with the constant :math:`\mu` in
# a norm if :math:`f(y) \ge f(x) + \nabla f(x)^T (y - x) + \tfrac{\mu}{2} \|y - x\|^2` for all x and
# y. Let :math:`\mu`, :math:`\mu_1` and :math:`\mu_L` be the constants in the norms
# :math:`\|x\|_2`, :math:`\sum_i |x_i|` and :math:`\sum_i \sqrt{L_i} |x_i|`. The gap
# :math:`f - \min f` shrinks in *each* step to at most :math:`1 - \mu_1 / L` of what it was by GS,
# and to :math:`1 - \mu_L` by GSL. A random one of :math:`n` coordinates gets
# :math:`1 - \mu / (n L)`, and that on average only. For a quadratic
#
# .. math:: 1 / \mu_1 = \max_{s \in \{-1, 1\}^n} s^T H^{-1} s ,
#
# and with :math:`s_i \sqrt{L_i}` in place of :math:`s_i` for :math:`\mu_L`. Twelve variables have
# 4096 vectors of signs: all of them are tried.

rng = np.random.default_rng(0)
small = rng.normal(size=(30, 12)) * np.exp(rng.normal(size=12))
H, c = small.T @ small, small.T @ rng.normal(size=30)
L, inverse = H.diagonal(), np.linalg.inv(H)
signs = 1.0 - 2.0 * (np.arange(2**12)[:, None] >> np.arange(12) & 1)


def convexity(weights):
    """Return the constant of strong convexity in the norm sum_i weights_i |x_i|."""
    S = signs * weights
    return 1.0 / np.einsum("si,ij,sj->s", S, inverse, S).max()


bounds = {"gs": convexity(np.ones(12)) / L.max(), "gsl": convexity(np.sqrt(L))}
at_random = np.linalg.eigvalsh(H)[0] / (12 * L.max())
least = -0.5 * c @ inverse @ c
for rule, bound in bounds.items():
    run = bcd.steps(bcd.Quadratic(H, c), "order", rule, block_size=1, max_iter=60)
    gap = np.array([0.5 * r.x @ H @ r.x - c @ r.x for r in run]) - least
    gap = gap[gap > 1e-10 * gap[0]]  # below, rounding
    claims.at_most(
        f"{rule}: the slowest step's gap, after over before, over its bound",
        "Nutini et al. 2015",
        1.0,
        (gap[1:] / gap[:-1]).max() / (1.0 - bound),
    )
claims.at_least(
    "share of the gap that GS takes for certain, over that of a random coordinate",
    "Nutini et al. 2015: between 1 and n",
    1.0,
    bounds["gs"] / at_random,
)
claims.at_least(
    "share that GSL takes for certain, over that of GS", source, 1.0, bounds["gsl"] / bounds["gs"]
)

# %%
# Many steps
# ----------
# The columns of the larger problem have very different sizes: normal numbers, each column times a
# random factor of its own, as in the paper's family A of test problems
# (:func:`~optlite.datasets.scaled_regression`). The gradient alone begins well and then misleads:
# small columns keep small gradients however wrong they are. Beside its Lipschitz constant, a
# gradient says what it is worth.

ways = {
    "cyclic": {"partition": "sort", "selection": "cyclic"},
    "random": {"partition": "sort", "selection": "random"},
    "GS": {"partition": "sort", "selection": "gs"},
    "GSL": {"partition": "sort", "selection": "gsl"},
    "GSD, blocks of any composition": {"partition": "variable", "selection": "gsd"},
}
paths = {
    name: list(bcd.steps(f, block_size=5, max_iter=150, random_state=0, **way))
    for name, way in ways.items()
}
figure, ax = plt.subplots(figsize=(7.5, 4.2), layout="constrained")
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")  # told apart without red and green
for (name, path), color, style in zip(
    paths.items(), COLORS, ("-", "--", "-.", ":", "-"), strict=True
):
    values = np.array([r.objective for r in path]) / path[0].objective
    ax.semilogy(values, style, color=color, label=name)
ax.set(xlabel="iteration", ylabel="f / f at the start", ylim=(1e-6, 1.5))
ax.grid(alpha=0.25)
ax.legend()
plt.show()

level = {
    name: 0.5 * np.sum((A @ path[-1].x - b) ** 2) / (0.5 * b @ b) for name, path in paths.items()
}
section = f"{source}, section 6"
claims.at_most("GS over random, f after 150 blocks", section, 0.5, level["GS"] / level["random"])
claims.at_most("GSL over GS", section, 0.2, level["GSL"] / level["GS"])
claims.at_most(
    "GSD of any composition over GSL",
    section,
    0.2,
    level["GSD, blocks of any composition"] / level["GSL"],
)

# %%
# The larger the block, the more the matrix knows that one Lipschitz constant does not.

gains = []
for block_size in (2, 5, 20):
    ends = [
        [*bcd.steps(f, "sort", "gsl", update, block_size, max_iter=60)][-1].x
        for update in ("gradient", "matrix")
    ]
    gains.append(np.divide(*(np.sum((A @ x - b) ** 2) for x in ends)))
claims.at_least("blocks of 20: gradient over matrix steps, f after 60", section, 2.0, gains[2])
claims.at_least("the same, over that of blocks of 2", section, 1.5, gains[2] / gains[0])

# %%
# To be seen: the 600 variables, the ones with the largest :math:`L_i` first. GS (first) hardly
# leaves these. GSD (second) goes wherever something is to gain.

order = np.argsort(np.argsort(-f.diagonal))
animate_blocks(paths["GS"], shape=(20, 30), places=order, title="GS: the largest gradient")

# %%

animate_blocks(
    paths["GSD, blocks of any composition"],
    shape=(20, 30),
    places=order,
    title="GSD: the largest gradient over its curvature",
)

# %%
# In numbers: what share of the moves was for the half with the larger constants?

large = set(np.argsort(-f.diagonal)[:300].tolist())
shares = [
    np.mean([i in large for record in paths[name][1:] for i in record.block])
    for name in ("GS", "GSD, blocks of any composition")
]
claims.at_least("GS: share of moves of the half with larger L", "the run", 0.95, shares[0])
claims.at_most("GSD: the same share", "the run", 0.7, shares[1])

# %%
# Exercises
# ---------
# **1.** Give all columns of A the same norm. Which of GS and GSL gains more, one coordinate at a
# time?

equal = A.toarray() / np.linalg.norm(A.toarray(), axis=0)
f_equal = bcd.LeastSquares(equal, b)
ends = [
    [*bcd.steps(f_equal, "order", rule, "gradient", 1, max_iter=100)][-1].x
    for rule in ("gs", "gsl")
]
claims.at_most(
    "exercise 1: GS and GSL, single coordinates, difference of x",
    "equal constants",
    1e-9,
    np.abs(ends[0] - ends[1]).max(),
)

# %%
# **2.** Measure some variables in thousandths: :math:`x_i = 1000\, z_i` for every third one. Which
# of the rules GS, GSL (with blocks of five) and GSQ choose the blocks that they chose before?

units = np.where(np.arange(f.dim) % 3 == 0, 1e3, 1.0)
rescaled = bcd.LeastSquares(A.toarray() * units, b)
alike = {}
for rule, run in records.items():
    other = bcd.steps(rescaled, blocks, rule, "matrix", max_iter=30)
    pairs = list(zip(run, other, strict=True))[1:]  # the first record is the start, without a block
    alike[rule] = sum(r.block.tolist() == s.block.tolist() for r, s in pairs)
claims.equal(
    "exercise 2: blocks alike of 30, GSQ", "its score has no unit", 30, alike["gsq"], rtol=0.0
)
claims.at_most("exercise 2: blocks alike of 30, GS", "the run", 15, alike["gs"])
claims.at_most("exercise 2: blocks alike of 30, GSL", "the run", 15, alike["gsl"])

# %%
# Claims
# ------

claims

# %%
# **Sources.** J. Nutini, M. Schmidt, I. Laradji, M. Friedlander and H. Koepke, Coordinate descent
# converges faster with the Gauss-Southwell rule than random selection, 2015, arXiv:1506.00552. J.
# Nutini, I. Laradji and M. Schmidt, Let's make block coordinate descent converge faster: faster
# greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022,
# arXiv:1712.08859. Whether greedy steps are worth their price is the next lesson,
# :doc:`plot_greedy_pays`.
