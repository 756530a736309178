r"""
Why learning rates go down linearly
===================================

**Question.** Everyone lowers the learning rate at the end of a run, many along a cosine. Does
theory know which curve is best, and by how much?

For a convex function with gradients of at most length :math:`G`, a start at distance :math:`D` from
a minimum and steps :math:`\eta_1, \dots, \eta_T`, the *last* point satisfies (Schaipp et al. 2025,
after Defazio et al. 2023)

.. math::

    f(x_T) - f^* \le \frac{D^2 + \sum_{t \le T} \eta_t^2 G_t^2}{2 \sum_{t \le T} \eta_t}
    + \frac12 \sum_{k < T} \frac{\eta_k}{\sum_{t > k} \eta_t} \cdot
    \frac{\sum_{t \ge k} \eta_t^2 G_t^2}{\sum_{t \ge k} \eta_t}, \qquad G_t = \|g_t\| .

(The last of the :math:`T` gradients is looked at, not stepped along.) For linear decay there is a
better one. Steps :math:`\eta (1 - t/T)` give (Defazio et al. 2023)

.. math::

    f(x_T) - f^* \le \frac{D^2}{2 \eta T} + \frac{\eta}{2 T} \sum_{t \le T} G_t^2
    \ \ \overset{\eta = D / (G \sqrt T)}{\le}\ \ \frac{D G}{\sqrt T} .
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linprog
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite.display import Claims
from optlite.optim import schedules

claims = Claims()


def bound(rates, norms, distance):
    """Return the first bound above, and its two parts: that of the distance, that of the norms."""
    left = np.cumsum(rates[::-1])[::-1]  # sum of the rates from step k on
    squares = np.cumsum((rates * norms)[::-1] ** 2)[::-1]
    far = distance**2 / (2 * left[0])
    noisy = squares[0] / (2 * left[0]) + 0.5 * np.sum(
        rates[:-1] / left[1:] * squares[:-1] / left[:-1]
    )
    return far + noisy, far, noisy


def values(schedule, T):
    """Return the rates of all steps."""
    return np.array([schedule(t) for t in range(1, T + 1)])


SHAPES = {
    "constant": lambda rate, T: schedules.Constant(rate),
    "1 / sqrt(t)": lambda rate, T: lambda t: rate / np.sqrt(t),
    "cooldown": lambda rate, T: schedules.WSD(rate, 0, T - T // 5, T // 5),
    "cosine": lambda rate, T: schedules.Cosine(rate, T),
    "linear decay": lambda rate, T: schedules.LinearDecay(rate, T),
}
COLORS = dict(zip(SHAPES, ("#1f5fa8", "0.5", "#56B4E9", "#2e7d4f", "#d9730d"), strict=True))


def best_bound(shape, T):
    """Return the bound at its best rate, and that rate, for D = G = 1."""
    _, far, noisy = bound(values(shape(1.0, T), T), np.ones(T), 1.0)
    return 2 * np.sqrt(far * noisy), np.sqrt(far / noisy)


# %%
# **What the bound says of the shapes.** Each at its own best rate, in units of
# :math:`DG / \sqrt T`:

LENGTHS = (100, 400, 1600)
table = {
    name: [best_bound(shape, T)[0] * np.sqrt(T) for T in LENGTHS] for name, shape in SHAPES.items()
}
print(f"{'T':14s}" + "".join(f"{T:8d}" for T in LENGTHS))
for name, row in table.items():
    print(f"{name:14s}" + "".join(f"{each:8.3f}" for each in row))

T = 1600
harmonic = np.sum(1.0 / np.arange(1, T))
claims.equal(
    "constant: bound in units of DG/√T, √(1 + 1 + 1/2 + ... + 1/(T-1))",
    "arithmetic",
    np.sqrt(1 + harmonic),
    table["constant"][-1],
    rtol=1e-10,
)
claims.equal("linear decay: 2", "arithmetic", 2.0, table["linear decay"][-1], rtol=0.005)
claims.at_least(
    "lowest of the others, over linear decay",
    "Defazio et al. 2023",
    1.02,
    min(row[-1] for name, row in table.items() if name != "linear decay")
    / table["linear decay"][-1],
)
claims.at_most(
    "cooldown in the last fifth: no logarithm, bound of T = 1600 over T = 100",
    "Schaipp et al. 2025",
    1.0,
    table["cooldown"][-1] / table["cooldown"][0],
)
claims.at_least(
    "constant: the same", "Schaipp et al. 2025", 1.2, table["constant"][-1] / table["constant"][0]
)

# %%
# **No schedule can do better in the worst case.** The function :math:`\max_i x_i`, cut off far
# away, in as many variables as there are gradients, and an adversary who always answers with a
# coordinate that has not been used: after :math:`T - 1` steps one coordinate is still zero, and so
# is :math:`f`. The minimum within distance :math:`D` is :math:`-D / \sqrt T`. Linear decay ends
# exactly there, at its bound.


def adversary(rule, T):
    """Return f(x_T) - f* of T - 1 steps; the gradient is a coordinate with the largest value."""
    x = np.zeros(T)
    state = rule.init(x)
    for t in range(T - 1):
        gradient = np.zeros(T)
        gradient[t] = 1.0  # x[t] = 0 is the largest: those before it have gone down
        assert x[t] == x.max()
        rule.step(x, gradient, state)
    return x.max() + 1.0 / np.sqrt(T)


T = 100
paper = schedules.LinearDecay((T - 1) / T / np.sqrt(T), T - 1)  # (1 - t/T) D / (G sqrt T), t >= 1
claims.equal(
    "worst function, linear decay: suboptimality, DG/√T",
    "Defazio et al. 2023",
    1 / np.sqrt(T),
    adversary(optim.SGD(paper), T),
    rtol=1e-12,
)

# %%
# **On data.** Least absolute deviations, :math:`\frac1n \sum_i |a_i^\top x - b_i|`, on
# scikit-learn's diabetes data: convex, not smooth. A linear program gives the exact minimum, so
# :math:`D` and :math:`f^*` are known. 400 gradients, every schedule with seven rates.

data = load_diabetes()
A = np.column_stack([StandardScaler().fit_transform(data.data), np.ones(len(data.target))])
b = data.target / data.target.std()
n, d = A.shape
program = linprog(
    np.append(np.zeros(d), np.ones(n) / n),
    A_ub=np.block([[A, -np.eye(n)], [-A, -np.eye(n)]]),
    b_ub=np.append(b, -b),
    bounds=[(None, None)] * d + [(0, None)] * n,
)
minimum, distance = program.fun, np.linalg.norm(program.x[:d])
deviations = objectives.from_callable(
    lambda x: np.abs(A @ x - b).mean(), lambda x: A.T @ np.sign(A @ x - b) / n, shape=d
)


def follow(schedule, T):
    """Return the records of the T points, from the start on."""
    return list(optim.steps(deviations, np.zeros(d), optim.SGD(schedule), max_iter=T - 1, tol=0.0))


def descend(schedule, T):
    """Return suboptimality and gradient norm at each of T points."""
    run = follow(schedule, T)
    gaps = np.array([record.objective for record in run]) - minimum
    return gaps, np.array([record.gradient_norm for record in run])


# %%
# **Step by step.** The records of two schedules that begin with the same rate. A constant rate
# comes down to the height at which its steps are as long as the valley is wide, and stays there;
# the other goes on down as its steps get shorter.

T = 400
unit = distance / np.sqrt(T)  # G is 1 here, up to the largest rates
pair = [follow(SHAPES[name](10.0 * unit, T), T) for name in ("constant", "linear decay")]
print("step   constant: rate, suboptimality   linear decay: rate, suboptimality")
for t in (0, 1, 10, 100, 200, 300, 350, 390, 399):
    print(
        f"{t:4d}"
        + "   ".join(
            f"{SHAPES[name](10.0 * unit, T)(t + 1):17.4f}   {run[t].objective - minimum:9.5f}"
            for name, run in zip(("constant", "linear decay"), pair, strict=True)
        )
    )

RATES = 10.0 ** np.arange(-1.5, 1.6, 0.5) * unit
runs = {name: [descend(shape(rate, T), T) for rate in RATES] for name, shape in SHAPES.items()}
ratios, chosen = [], {}
for name, shape in SHAPES.items():
    ends = [gaps[-1] for gaps, _ in runs[name]]
    chosen[name] = int(np.argmin(ends))
    ratios += [
        end / bound(values(shape(rate, T), T), norms, distance)[0]
        for end, rate, (_, norms) in zip(ends, RATES, runs[name], strict=True)
    ]
    print(f"{name:14s} best rate {RATES[chosen[name]]:7.4f}, suboptimality {min(ends):.2e}")
claims.at_most(
    "diabetes: suboptimality over its bound, largest of 35 runs",
    "Schaipp et al. 2025",
    1.0,
    max(ratios),
)
best = {name: runs[name][place][0][-1] for name, place in chosen.items()}
claims.at_least(
    "diabetes: constant over linear decay, each at its best rate",
    "the run",
    3.0,
    best["constant"] / best["linear decay"],
)
claims.at_most(
    "diabetes: neighbours in the order of the bounds that are in the other order on data",
    "Schaipp et al. 2025",
    0,
    sum(best[a] < best[b] for a, b in itertools.pairwise(sorted(best, key=lambda k: -table[k][1]))),
)
larger = best_bound(SHAPES["linear decay"], T)[1] / best_bound(SHAPES["constant"], T)[1]
claims.at_least(
    f"diabetes: best rate of linear decay over that of a constant (the bounds: {larger:.2g})",
    "Schaipp et al. 2025",
    2.0,
    RATES[chosen["linear decay"]] / RATES[chosen["constant"]],
)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.1), layout="constrained")
for name, shape in SHAPES.items():
    left.plot(values(shape(1.0, T), T), color=COLORS[name], label=name)
    middle.semilogy(runs[name][chosen[name]][0], color=COLORS[name], label=name)
for name in ("constant", "linear decay"):
    ends = [gaps[-1] for gaps, _ in runs[name]]
    ceilings = [
        bound(values(SHAPES[name](rate, T), T), norms, distance)[0]
        for rate, (_, norms) in zip(RATES, runs[name], strict=True)
    ]
    right.loglog(RATES, ends, "o-", color=COLORS[name], label=name)
    right.loglog(RATES, ceilings, "--", color=COLORS[name], label=f"{name}, bound")
left.set(xlabel="step", ylabel="rate over its peak", title="Schedules", ylim=(0, 1.05))
left.legend(loc=(0.14, 0.18), fontsize=8)
middle.set(xlabel="step", ylabel="suboptimality", title="At the best rate of each", ylim=(1e-5, 3))
right.set(xlabel="learning rate", ylabel="suboptimality", title="Last point against its bound")
right.set_ylim(5e-5, 1e4)
right.legend(loc="upper left")
for ax in (left, middle, right):
    ax.grid(alpha=0.25)
plt.show()

# %%
# The bounds are a hundred times too high here, and more: data is not an adversary. And yet they
# know the order of all five schedules, and that linear decay wants a larger rate than a constant.
#
# Exercise
# --------
# A cooldown can be short or long. Predict which bound is lowest, for T = 1600: cooling down in the
# last 5 %, 20 %, or 80 % of the run. Then compare with 100 %, linear decay.

cooled = {
    part: best_bound(
        lambda rate, T, part=part: schedules.WSD(rate, 0, T - T * part // 100, T * part // 100),
        1600,
    )[0]
    for part in (5, 20, 80, 100)
}
for part, each in cooled.items():
    print(f"cooldown in the last {part:3d} %: bound {each * np.sqrt(1600):.3f}")
claims.at_least(
    "exercise: bound of a 5% cooldown over 20%", "this lesson", 1.05, cooled[5] / cooled[20]
)
claims.at_least(
    "exercise: bound of a 20% cooldown over 80%", "this lesson", 1.05, cooled[20] / cooled[80]
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** Defazio, Cutkosky, Mehta and Mishchenko, When, why and how much? Adaptive learning
# rate scheduling by refinement, 2023, arXiv:2310.07831. Schaipp, Hägele, Taylor, Simsekli and Bach,
# The surprising agreement between convex optimization theory and learning-rate scheduling for large
# model training, 2025, arXiv:2501.18965. The worst function: Drori and Teboulle, An optimal variant
# of Kelley's cutting-plane method, 2016.
