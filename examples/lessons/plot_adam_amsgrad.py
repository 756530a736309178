r"""
Why Adam fails and AMSGrad does not
===================================

**Question.** Adam works so often that it is a surprise that it need not converge, not even on a
straight line. What goes wrong, and what does AMSGrad change?

The counter-example is a convex problem in one variable. On :math:`[-1, 1]`, the loss of step
:math:`t` is linear, with slope :math:`C > 2` in every third step and :math:`-1` in the others:

.. math::

    f_t(x) = \begin{cases} C x & t \bmod 3 = 1 \\ -x & \text{otherwise} \end{cases}
    \qquad \text{mean slope } \frac{C - 2}{3} > 0: \text{ the best point is } x = -1.

Adam keeps two running means: :math:`m_t` of the gradients :math:`g_t` and :math:`v_t` of their
squares. With the learning rate :math:`\eta`, and both means starting at zero,

.. math::

    \begin{gathered}
    m_t = \beta_1 m_{t-1} + (1 - \beta_1)\, g_t, \qquad
    v_t = \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2, \\
    \text{Adam:} \quad x_{t+1} = x_t - \eta\, \frac{m_t}{\sqrt{v_t}}, \qquad
    \text{AMSGrad:} \quad x_{t+1} = x_t - \eta\, \frac{m_t}{\sqrt{\max_{s \le t} v_s}} .
    \end{gathered}

(Adam also divides :math:`m_t` by :math:`1 - \beta_1^t` and :math:`v_t` by :math:`1 - \beta_2^t`,
which corrects for the start at zero. Programs add a small number to the root.)

Adam divides by :math:`\sqrt{v_t}`, where :math:`v_t` is a mean of squares *in which the gradient is
already counted*. A rare large gradient raises its own denominator. The frequent small ones that
follow are divided by what is left of it, which fades. So the large one is held down and the small
ones are not. AMSGrad divides by the root of the largest :math:`v` so far: soon all gradients by the
same number.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import optim
from optlite.display import Claims

C, steps = 3.0, 6000
slopes = np.where(np.arange(steps) % 3 == 0, C, -1.0)


def play(rule, slopes):
    """Return the points at which the losses arrive; after each step x is clipped to [-1, 1]."""
    x, points = np.zeros(1), np.empty(len(slopes))
    state = rule.init(x)
    for t, slope in enumerate(slopes):
        points[t] = x[0]
        rule.step(x, np.array([slope]), state)
        np.clip(x, -1.0, 1.0, out=x)
    return points


# %%
# **What the equations predict.** With :math:`\beta_1 = 0` (no momentum) and
# :math:`\beta_2 = 1 / (1 + C^2)`, as in the paper, :math:`v` soon repeats itself every three steps.
# Its three values solve a linear equation, and the sum of the three steps is the drift of :math:`x`
# per period, in units of the learning rate.

beta2 = 1.0 / (1.0 + C**2)
options = {"beta1": 0.0, "beta2": beta2, "eps": 1e-30}
v1 = (1 - beta2) * (C**2 + beta2 + beta2**2) / (1 - beta2**3)  # after the large gradient
v2 = beta2 * v1 + 1 - beta2
v3 = beta2 * v2 + 1 - beta2
drift = {
    "Adam": -C / np.sqrt(v1) + 1 / np.sqrt(v2) + 1 / np.sqrt(v3),
    "AMSGrad": (-C + 1 + 1) / np.sqrt(v1),
}
for name, value in drift.items():
    print(f"{name:8s} moves by {value:+.3f} learning rates in three steps")

# %%
# **Step by step.** What each rule divides by, in the first two periods, at a learning rate of one
# (the first steps of Adam are corrected for the start at :math:`v = 0`, too). After the large slope
# both go down by one; the two steps that follow are long in Adam, as :math:`v` has forgotten, and
# short in AMSGrad, as the largest :math:`v` has not.

print("slope        Adam: sqrt(v)   step      AMSGrad: sqrt(v_max)   step")
x = np.zeros((2, 1))
rules = [optim.Adam(1.0, **options), optim.AMSGrad(1.0, **options)]
states = [rule.init(each) for rule, each in zip(rules, x, strict=True)]
for slope in slopes[:6]:
    before = x.copy()
    for rule, each, state in zip(rules, x, states, strict=True):
        rule.step(each, np.array([slope]), state)
    moved = (x - before).ravel()
    print(
        f"{slope:+.0f} {np.sqrt(states[0].v[0]):20.3f} {moved[0]:+9.3f} "
        f"{np.sqrt(states[1].v_max[0]):20.3f} {moved[1]:+11.3f}"
    )

# %%
# Adam drifts *up*, to the worst point. Measured, away from the walls and with a constant rate:

claims = Claims()
rate = 1e-4
for name, make in (("Adam", optim.Adam), ("AMSGrad", optim.AMSGrad)):
    points = play(make(rate, **options), slopes[:901])
    claims.equal(
        f"{name}: drift in a period, in learning rates",
        "stationary v",
        drift[name],
        (points[900] - points[300]) / 200 / rate,
        rtol=1e-6,
    )

# %%
# **The game itself**, with learning rates :math:`0.5 / \sqrt t`, for which theory promises that the
# average regret (loss paid minus the loss of the best fixed point) goes to zero. At :math:`x = 1`
# instead of :math:`-1` it is :math:`2 (C - 2) / 3`.

METHODS = {"SGD": optim.SGD, "Adam": optim.Adam, "AMSGrad": optim.AMSGrad}
COLORS = {"SGD": "#1f5fa8", "Adam": "#d9730d", "AMSGrad": "#2e7d4f"}


def decaying(name, **options):
    """Return a rule with the learning rate 0.5 / sqrt(t)."""
    return METHODS[name](lambda t: 0.5 / np.sqrt(t), **({} if name == "SGD" else options))


played = {name: play(decaying(name, **options), slopes) for name in METHODS}
count = np.arange(1, steps + 1)
regret = {name: np.cumsum(slopes * (points + 1.0)) / count for name, points in played.items()}
source = "Reddi et al. 2018, theorem 1"
claims.at_least("Adam: ends at the worst point, x", source, 0.99, played["Adam"][-300:].mean())
claims.equal(
    "Adam: average regret does not vanish, 2 (C - 2) / 3",
    source,
    2 * (C - 2) / 3,
    regret["Adam"][-1],
    rtol=0.02,
)
source = "Reddi et al. 2018, theorem 4"
claims.at_most("AMSGrad: ends at the best point, x", source, -0.99, played["AMSGrad"][-300:].mean())
claims.at_most("AMSGrad: average regret vanishes", source, 0.02, regret["AMSGrad"][-1])

# %%
# **The stochastic form.** The same without a pattern: slope :math:`C` with probability
# :math:`p = (1 + \delta) / (C + 1)`, else :math:`-1`, so that the expected slope is
# :math:`\delta > 0`. Here :math:`C = 50`, :math:`\delta = 1`, and :math:`\beta_2 = 0.9`. However
# large :math:`C` is, the step it causes is at most :math:`1 / \sqrt{1 - \beta_2} = 3.2` learning
# rates. The small steps that follow, some 25 of them, grow from 0.07 to 0.2 as :math:`v` fades,
# and after a longer wait up to one. Together they move x about twice as far as the large ones.

big, delta = 50.0, 1.0
random = np.random.default_rng(0)
drawn = np.where(random.random(steps) < (1 + delta) / (big + 1), big, -1.0)
noisy = {"beta1": 0.0, "beta2": 0.9, "eps": 1e-30}
stochastic = {name: play(decaying(name, **noisy), drawn) for name in METHODS}
source = "Reddi et al. 2018, theorem 3"
claims.at_least("the drawn slopes have a positive mean", "the draw", 0.5, drawn.mean())


def steps_of_adam(slopes):
    """Return the steps on these slopes in learning rates, towards larger x."""
    x, moves = np.zeros(1), np.empty(len(slopes))
    rule = optim.Adam(1.0, **noisy)
    state = rule.init(x)
    for t, slope in enumerate(slopes):
        x[:] = 0.0
        rule.step(x, np.array([slope]), state)
        moves[t] = x[0]
    return moves


after = steps_of_adam(np.array([-1.0] * 200 + [big] + [-1.0] * 100))[200:]
print(
    f"a large step {after[0]:+.2f}; small ones after it: first {after[1]:+.2f}, tenth "
    f"{after[10]:+.2f}, 25th {after[25]:+.2f}, hundredth {after[100]:+.2f}"
)
taken = steps_of_adam(drawn)
small, large = taken[drawn < 0], taken[drawn > 0]
print(f"on the drawn slopes: {small.sum():+.0f} by small steps, {large.sum():+.0f} by large ones")
claims.at_most(
    "Adam: the largest step, in learning rates",
    "1 / √(1 - β₂)",
    1.0 / np.sqrt(1.0 - noisy["beta2"]),
    np.abs(large).max(),
)
claims.equal(
    "Adam: way of the small steps over that of the large ones",
    "the run",
    2.0,
    -small.sum() / large.sum(),
    rtol=0.15,
)
claims.at_least(
    "Adam: mean of the last 1000 points", source, 0.5, stochastic["Adam"][-1000:].mean()
)
claims.at_most(
    "AMSGrad: mean of the last 1000 points", source, -0.9, stochastic["AMSGrad"][-1000:].mean()
)

figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for name, color in COLORS.items():
    axes[0].semilogx(count, played[name], color=color, label=name)
    axes[1].loglog(count, np.maximum(regret[name], 1e-4), color=color, label=name)
    axes[2].semilogx(count, stochastic[name], color=color, label=name, linewidth=1)
axes[1].axhline(2 * (C - 2) / 3, color="0.3", linestyle="--", linewidth=1, label="2 (C - 2) / 3")
axes[0].set(title="Period three", xlabel="step", ylabel="x (best: -1)", ylim=(-1.1, 1.1))
axes[1].set(title="Period three", xlabel="step", ylabel="average regret")
axes[2].set(title="Random slopes", xlabel="step", ylabel="x (best: -1)", ylim=(-1.1, 1.1))
axes[1].legend()
for ax in axes:
    ax.grid(alpha=0.25)
plt.show()

# %%
# For every beta a problem, and for every problem a beta2
# -------------------------------------------------------
# The theorem fixes :math:`\beta_1, \beta_2` *first* and then finds a problem on which they fail.
# For a fixed problem, a :math:`\beta_2` near enough to one, with :math:`\beta_1 < \sqrt{\beta_2}`,
# takes Adam to a neighbourhood of the critical points, which grows with the variance of the
# gradients (Zhang et al. 2022, for smooth problems without constraints; to the points themselves
# only under a stronger condition on that variance). A long memory is nearly a maximum.
#
# Exercise
# --------
# Change ``beta2`` to 0.999 in the random problem, and predict to which wall Adam moves. (How many
# steps does :math:`v` remember now, compared with the 25 between two large slopes?)

remembering = play(decaying("Adam", **{**noisy, "beta2": 0.999}), drawn)
claims.at_most(
    "exercise: with β₂ = 0.999 Adam ends at the best point",
    "Zhang et al. 2022",
    -0.9,
    remembering[-1000:].mean(),
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** Reddi, Kale and Kumar, On the convergence of Adam and beyond, 2018, arXiv:1904.09237.
# Zhang, Chen, Shi, Sun and Luo, Adam can converge without any modification on update rules, 2022.
