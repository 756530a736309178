r"""
Choosing the regularization with a certificate
==============================================

**Question.** Entropic transport has a knob, :math:`\varepsilon`. Too large, and the plan is a blur
that costs too much; too small, and the run takes long. Exact transport, with which one would
compare, is what one wanted to avoid. How do you know that :math:`\varepsilon` is small enough?

There are two answers before the run. For :math:`n` points of equal mass on either side, the plan
:math:`P_\varepsilon` costs at most :math:`\varepsilon \log n` more than the cheapest, as that is
all that entropy can be worth. And when :math:`\varepsilon` is small beside the gaps between plans,
what it costs more vanishes like :math:`e^{-\delta / \varepsilon}` (Cominetti and San Martín; Weed).
The first is pessimistic, the second has a :math:`\delta` that nobody knows.

The third answer comes after the run, and it is a number. The potentials :math:`g` of any run give a
feasible point of the dual linear program, :math:`f_i = \min_j (C_{ij} - g_j)` and then
:math:`\bar g_j = \min_i (C_{ij} - f_i)`; its plan, rounded to the marginals, is a feasible point of
the primal one:

.. math::

    \langle a, f \rangle + \langle b, \bar g \rangle
    \;\le\; \min_P \langle C, P \rangle \;\le\;
    \langle C, \operatorname{round}(P_\varepsilon) \rangle .

That is ``result.certificate``.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment

from optlite import exercises, ot
from optlite.display import Claims

claims = Claims()
rng = np.random.default_rng(0)
n = 150
X = rng.random((n, 2))
Y = rng.normal([0.7, 0.4], [0.25, 0.1], (n, 2))
C = ((X[:, None] - Y) ** 2).sum(axis=2)
mean = C.mean()
exact = C[linear_sum_assignment(C)].sum() / n  # the judge; a user has none

# %%
# **By hand.** Both bounds in a few lines: the two minima; then rows and columns that are too heavy
# are shrunk, and what is missing is added as a product.


def certificate(plan, g):
    """Return both bounds, with uniform masses."""
    f = (C - g).min(axis=1)
    lower = f.mean() + (C - f[:, None]).min(axis=0).mean()
    plan = plan * np.minimum(1.0, 1.0 / (n * plan.sum(axis=1)))[:, None]
    plan = plan * np.minimum(1.0, 1.0 / (n * plan.sum(axis=0)))
    lack_a, lack_b = 1.0 / n - plan.sum(axis=1), 1.0 / n - plan.sum(axis=0)
    rounded = plan + np.outer(lack_a, lack_b) / max(lack_a.sum(), 1e-300)
    return np.array([lower, (C * rounded).sum()])


shares = np.geomspace(1.0, 1e-4, 13)
results = [ot.solve(None, None, C, share * mean) for share in shares]
lower, upper = np.array([result.certificate for result in results]).T
cost = np.array([result.cost for result in results])
claims.at_most(
    "by hand and compiled: largest difference of the bounds, relative",
    "weak duality; Altschuler et al. 2017",
    1e-9,
    max(np.abs(certificate(r.plan, r.potentials[1]) / r.certificate - 1.0).max() for r in results),
)
claims.at_least(
    "exact cost less lower bound, relative, the least of all",
    "weak duality",
    -1e-12,
    (exact - lower).min() / exact,
)
claims.at_least(
    "upper bound less exact cost, relative, the least of all",
    "weak duality",
    -1e-12,
    (upper - exact).min() / exact,
)

# %%
# **Step by step.** The bounds can be watched while a run goes on: :func:`optlite.ot.steps` stops
# after each iteration, and the potentials of its record are all that the bounds need. They hold
# from the first one on, long before the run has converged. (The first three iterations try the last
# :math:`\varepsilon` at once; then it falls in stages.)

print("iteration   ε / mean   marginal error   lower bound   upper bound")
watched = []
for record in ot.steps(None, None, C, 0.001 * mean):
    plan = np.exp((record.f[:, None] + record.g - C) / record.reg)
    watched.append(certificate(plan, record.g))
    low, high = watched[-1]
    print(
        f"{record.iteration:9d}   {record.reg / mean:8.5f}   {record.marginal_error:14.2e}   "
        f"{low:11.6f}   {high:11.6f}"
    )
watched = np.array(watched)
claims.at_least(
    "each iteration of a run: the lesser distance of a bound from the exact cost, relative",
    "weak duality",
    -1e-12,
    min((exact - watched[:, 0]).min(), (watched[:, 1] - exact).min()) / exact,
)

# %%
# **What is promised before the run** holds, and is far from what happens:

excess = cost - exact
claims.at_most(
    "cost of the plan above the exact one, over ε log n: the most",
    "Cuturi 2013",
    1.0,
    (excess / (shares * mean * np.log(n))).max(),
)
claims.at_most(
    "... at ε = 0.0001 of the mean cost", "the run", 0.2, excess[-1] / (1e-4 * mean * np.log(n))
)

# %%
# **The exponential end** needs :math:`\varepsilon` below the gaps, and with 150 points these are
# tiny. With six, all 720 assignments can be listed. One that moves :math:`k` of the six points to
# other partners and costs :math:`d` more in all leaks mass like :math:`e^{-d / (k \varepsilon)}`;
# the smallest :math:`d / k` wins.

few = rng.random((6, 6))
best = linear_sum_assignment(few)[1]
delta = min(
    (few[range(6), other].sum() - few[range(6), best].sum()) / np.sum(other != best)
    for other in map(np.array, itertools.permutations(range(6)))
    if np.any(other != best)
)
ends = delta / np.array([12.0, 16.0])
leaks = [
    ot.solve(None, None, few, reg, tol=1e-13).cost - few[range(6), best].mean() for reg in ends
]
claims.equal(
    "six points: the slope of the log of the excess in 1 / ε, over -δ",
    "Cominetti and San Martín 1994; Weed 2018",
    1.0,
    -np.log(leaks[1] / leaks[0]) / (delta / ends[1] - delta / ends[0]),
    rtol=0.02,
)

# %%
# **The recipe.** Ask for what you want, the cost to one per cent, and halve :math:`\varepsilon`
# until the certificate says so. Each run starts from the potentials of the one before.


def solve_to(share, M):
    """Return the first of a sequence of results whose certificate is as narrow as wanted."""
    reg, start = M.mean(), None
    while True:
        result = ot.solve(None, None, M, reg, start=start)
        low, high = result.certificate
        if high - low <= share * high:
            return result
        reg, start = 0.5 * reg, result.potentials[1]


chosen = {wanted: solve_to(wanted, C) for wanted in (0.1, 0.01, 0.001)}
for wanted, result in chosen.items():
    low, high = result.certificate
    print(
        f"wanted {wanted:6.1%}: ε = {result.reg / mean:.5f} of the mean cost, cost in "
        f"[{low:.6f}, {high:.6f}], {result.n_iter} iterations; exact {exact:.6f}"
    )
claims.at_most(
    "wanted 1 %: the true error of the upper bound, relative",
    "weak duality",
    0.01,
    chosen[0.01].certificate[1] / exact - 1.0,
)

# %%
# The same share of the mean cost is not the same accuracy on other data. Where costs are
# independent random numbers, the cheapest plan costs about a fiftieth of their mean (Aldous: the
# costs of an optimal assignment sum to :math:`\pi^2 / 6`), and an :math:`\varepsilon` that suits
# the points above is as large as the whole answer.

independent = rng.random((n, n))
claims.equal(
    "random costs: the cheapest plan over their mean",
    "Aldous 2001: π² / (6 n) over 1 / 2",
    np.pi**2 / (3 * n),
    independent[linear_sum_assignment(independent)].mean() / independent.mean(),
    rtol=0.2,
)
widths = []
for M in (C, independent):
    low, high = ot.solve(None, None, M, 0.02 * M.mean()).certificate
    widths.append((high - low) / high)
print(f"ε = 0.02 of the mean: width {widths[0]:.1%} for the points, {widths[1]:.1%} at random")
claims.at_least(
    "ε = 0.02 of the mean: width of random costs over that of points",
    "the run",
    5.0,
    widths[1] / widths[0],
)

# %%
# Left: the interval closes on the exact cost, which the cost of the plan approaches from above.
# Right: how far each is from it. The width is what you can see, the dots are what you get.

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
BLUE, ORANGE = "#0072B2", "#D55E00"
left.fill_between(shares, lower, upper, color=BLUE, alpha=0.25, linewidth=0, label="certificate")
left.semilogx(shares, cost, "o-", color=BLUE, markersize=4, label="cost of the plan")
left.axhline(exact, color="k", linestyle="--", linewidth=1, label="exact cost")
left.set(xlabel=r"$\varepsilon$ / mean cost", ylabel="cost", ylim=(0.0, 1.1 * upper.max()))
right.loglog(
    shares,
    (upper - lower) / exact,
    "s-",
    color=ORANGE,
    markersize=4,
    label="width of the certificate",
)
right.loglog(
    shares, excess / exact, "o-", color=BLUE, markersize=4, label="true excess of the plan"
)
right.loglog(shares, shares * mean * np.log(n) / exact, "k:", label=r"$\varepsilon \log n$")
for wanted, result in chosen.items():
    right.plot(result.reg / mean, wanted, "k*", markersize=9)
right.plot([], [], "k*", label="what the recipe chose")
right.set(xlabel=r"$\varepsilon$ / mean cost", ylabel="relative to the exact cost")
for ax in (left, right):
    ax.invert_xaxis()
    ax.grid(alpha=0.25)
    ax.legend(fontsize="small")
plt.show()

# %%
# Twin and kernel
# ---------------
# Potentials come from a method, such as the twin of Newton's; bounds from the C++ beside it, in
# three reads of the costs (its twin is ``certificate`` above).
#
# .. tab-set::
#
#    .. tab-item:: NumPy twin of the method
#
#       .. literalinclude:: ../../../python/optlite/reference/transport_methods/newton.py
#          :language: python
#          :caption: python/optlite/reference/transport_methods/newton.py
#
#    .. tab-item:: C++ kernel of the bounds
#
#       .. literalinclude:: ../../../cpp/src/transport_bounds.cpp
#          :language: cpp
#          :caption: cpp/src/transport_bounds.cpp

# %%
# Exercises
# ---------
# **1.** Measure distances in centimetres instead of metres: squares are 10,000 times as large. What
# must :math:`\varepsilon` be for the same plan, and what happens to the relative width?

scaled = ot.solve(None, None, 1e4 * C, 1e4 * chosen[0.01].reg)
low, high = scaled.certificate
before = chosen[0.01].certificate
claims.equal(
    "exercise 1: relative width with costs and ε times 10,000, over that before",
    "both are costs",
    1.0,
    (high - low) / high / ((before[1] - before[0]) / before[1]),
    rtol=1e-3,
)

# %%
# **2.** Every unit of mass pays a toll of 5 on top, wherever it goes. Which :math:`\varepsilon`
# does the recipe choose for one per cent now? Is the plan better or worse than before?

toll = solve_to(0.01, C + 5.0)
claims.at_least(
    "exercise 2: chosen ε with the toll, over that without (the toll is certain, the plan a blur)",
    "this lesson",
    10.0,
    toll.reg / chosen[0.01].reg,
)

# %%
# **To write yourself**, and to be checked on random problems, are two functions of
# :doc:`/exercises`:

for name in ("c-transform", "round-to-marginals"):
    exercise = exercises.get(name)
    print(f"{exercise.title}\n    exercises.check({name!r}, {exercise.function_name})")

# %%
# Claims
# ------

claims

# %%
# **Sources.** Cuturi, Sinkhorn distances: lightspeed computation of optimal transport, 2013.
# Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal transport via
# Sinkhorn iteration, 2017, arXiv:1705.09634. Cominetti and San Martín, Asymptotic analysis of the
# exponential penalty trajectory in linear programming, 1994. Weed, An explicit analysis of the
# entropic penalty in linear programming, 2018. Aldous, The zeta(2) limit in the random assignment
# problem, 2001. The numbers behind ≤ and ≥ of "the run" are ours.
