r"""
The learning curve of SGD, without running it
=============================================

**Question.** A learning curve looks like chance: another seed, another curve. For least squares
with random data its mean can be computed exactly. What is in it, and where does a power law come
from?

Each step draws :math:`B` samples with normal features of covariance :math:`H`, eigenvalues
:math:`\lambda_i`, and targets with noise of variance :math:`\sigma^2`. Let :math:`m_i = E\, x_i^2`
be the mean square of the error along eigenvector i. A step multiplies and adds:

.. math::

    m_i \leftarrow \Big( (1 - \eta \lambda_i)^2 + \frac{\eta^2 \lambda_i^2}{B} \Big) m_i
    + \frac{\eta^2 \lambda_i}{B} \Big( \sum_j \lambda_j m_j + \sigma^2 \Big),
    \qquad L = \frac12 \sum_i \lambda_i m_i ,

by :math:`E\, a a^\top S a a^\top = H \operatorname{tr}(H S) + 2 H S H` (Bordelon and Pehlevan
2022). The first factor is gradient descent. The rest is what sampling adds: each direction is
shaken by the loss of *all* of them.
"""

from itertools import islice

import matplotlib.pyplot as plt
import numpy as np

from optlite import optim
from optlite.display import Claims

claims = Claims()


def moments(eigenvalues, start, rate, batch=1, sigma=0.0):
    """Yield m after each step, and L."""
    m = start**2
    keep = (1.0 - rate * eigenvalues) ** 2 + (rate * eigenvalues) ** 2 / batch
    shake = rate**2 * eigenvalues / batch
    while True:
        loss = 0.5 * eigenvalues @ m
        yield m, loss
        m = keep * m + shake * (2.0 * loss + sigma**2)


def theory(eigenvalues, start, rate, n_steps, batch=1, sigma=0.0):
    """Return the expected loss after each step."""
    steps = moments(eigenvalues, start, rate, batch, sigma)
    return np.array([loss for _, loss in islice(steps, n_steps + 1)])


def runs(eigenvalues, start, rate, n_steps, batch=1, sigma=0.0, count=300):
    """Return the losses of many runs of SGD at once, each on its own stream: (steps, runs)."""
    random, rule = np.random.default_rng(3), optim.SGD(rate)
    x = np.tile(start, (count, 1))
    state, losses = rule.init(x), []
    for _ in range(n_steps + 1):
        losses.append(0.5 * (x**2 @ eigenvalues))
        a = random.normal(size=(batch, count, len(start))) * np.sqrt(eigenvalues)
        error = np.sum(a * x, axis=2) - sigma * random.normal(size=(batch, count))
        rule.step(x, np.mean(a * error[:, :, None], axis=0), state)
    return np.array(losses)


# %%
# Theory and runs
# ---------------
# Thirty directions, 300 runs on 300 streams: their mean stays within what 300 runs can tell.

d = 30
eigenvalues = 1.0 / np.arange(1.0, d + 1) ** 1.5
start = np.ones(d)
CASES = {
    "B = 1": {"batch": 1},
    "B = 8": {"batch": 8},
    "B = 1, noise": {"batch": 1, "sigma": 0.5},
}
STEPS, RATE = 250, 0.2
curves = {name: theory(eigenvalues, start, RATE, STEPS, **case) for name, case in CASES.items()}
found = {name: runs(eigenvalues, start, RATE, STEPS, **case) for name, case in CASES.items()}

# %%
# **Step by step.** The recursion itself, with noisy targets: what descent takes away, what sampling
# puts back, and one run of SGD beside the mean of all. In the end they take away and put back
# alike.

sigma = CASES["B = 1, noise"]["sigma"]
print("step   expected loss   taken away   put back   first run   mean of 300")
for t, (m, loss) in enumerate(islice(moments(eigenvalues, start, RATE, 1, sigma), STEPS + 1)):
    if t in (0, 1, 2, 5, 10, 50, 100, 250):
        taken = loss - 0.5 * eigenvalues @ ((1.0 - RATE * eigenvalues) ** 2 * m)
        put = (
            0.5
            * RATE**2
            * (eigenvalues**3 @ m + eigenvalues @ eigenvalues * (2.0 * loss + sigma**2))
        )
        run = found["B = 1, noise"][t]
        print(
            f"{t:4d}   {loss:13.4f}   {taken:10.4f}   {put:8.4f}   "
            f"{run[0]:9.4f}   {run.mean():11.4f}"
        )

for name, losses in found.items():
    error = losses.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    distance = np.abs(losses.mean(axis=1) - curves[name])[1:] / error[1:]
    claims.at_most(
        f"{name}: root mean square distance of the runs from theory, in standard errors",
        "Bordelon and Pehlevan 2022",
        2.0,
        np.sqrt(np.mean(distance**2)),
    )
batch_only = theory(eigenvalues, start, RATE, STEPS, batch=10**9)
descent = [0.5 * eigenvalues @ ((1 - RATE * eigenvalues) ** t * start) ** 2 for t in (10, 100)]
claims.equal(
    "B = 10^9: the curve of gradient descent, at step 100",
    "closed form",
    descent[1],
    batch_only[100],
    rtol=1e-6,
)

# %%
# The floor
# ---------
# Where the noise of the targets keeps up with the descent, :math:`m_i` rests. Solving for it,
#
# .. math:: L_\infty = \frac{\sigma^2}{2}\, \frac{s}{1 - s}, \qquad
#           s = \sum_i \frac{\eta \lambda_i}{2 B - (B + 1)\, \eta \lambda_i} .
#
# The sum s is also the *edge*: at s = 1 the shaking by all directions together outweighs the
# descent, and the loss grows for ever, although :math:`\eta` is far below :math:`2 / \lambda_1`.


def shaking(rate, batch=1):
    """Return s."""
    step = rate * eigenvalues
    return np.sum(step / (2.0 * batch - (batch + 1) * step))


s = shaking(RATE)
claims.equal(
    "noise: the loss at rest, σ² / 2 · s / (1 - s)",
    "fixed point",
    0.5 * 0.5**2 * s / (1.0 - s),
    theory(eigenvalues, start, RATE, 40_000, sigma=0.5)[-1],
    rtol=1e-6,
)
low, high = 0.0, 1.0 / eigenvalues[0]
for _ in range(60):
    middle = 0.5 * (low + high)
    low, high = (middle, high) if shaking(middle) < 1.0 else (low, middle)
edge = low
print(f"critical rate {edge:.4f}; gradient descent would allow {2 / eigenvalues[0]:.1f}")
below, above = (theory(eigenvalues, start, share * edge, 20_000) for share in (0.98, 1.02))
claims.at_most("2% below the edge: last loss over the first", "s < 1", 1e-2, below[-1] / below[0])
claims.at_least("2% above: last loss over the first", "s > 1", 1e2, above[-1] / above[0])
claims.at_most(
    "the edge, over 2 / trace of H: never more (one sample a step)",
    "Paquette et al. 2021",
    1.0,
    edge * eigenvalues.sum() / 2.0,
)

# %%
# A power law from many exponentials
# ----------------------------------
# Every direction forgets exponentially, :math:`e^{-2 \eta \lambda_i t}`. But if there are many,
# with :math:`\lambda_i \sim i^{-b}` and :math:`\lambda_i m_i(0) \sim i^{-a}`, then at time t
# those up to :math:`i \sim t^{1/b}` are learned, and what is left is the tail of a sum:
# :math:`L_t \sim t^{-(a - 1) / b}`. No direction has a power law; their sum has.

size, b = 10_000, 1.5
index = np.arange(1.0, size + 1)
power = index**-b
laws = {}
for a in (1.75, 2.0, 2.5):
    losses = theory(power, np.sqrt(index ** (b - a)), 0.2, 5000)
    laws[a] = losses
    at = np.array([500, 5000])
    slope = np.diff(np.log(losses[at]))[0] / np.log(10.0)
    claims.equal(
        f"λ ~ i^-{b}, λ m ~ i^-{a}: exponent -(a - 1) / b between steps 500 and 5000",
        "Bordelon and Pehlevan 2022",
        -(a - 1.0) / b,
        slope,
        rtol=0.03,
    )

COLORS = ("#1f5fa8", "#2e7d4f", "#d9730d")
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
for (name, losses), color in zip(found.items(), COLORS, strict=True):
    low, high = np.quantile(losses, [0.1, 0.9], axis=1)
    left.fill_between(np.arange(STEPS + 1), low, high, color=color, alpha=0.15, linewidth=0)
    left.semilogy(losses.mean(axis=1)[::10], ".", color=color)
    left.lines[-1].set_xdata(np.arange(0, STEPS + 1, 10))
    left.semilogy(curves[name], color=color, label=name)
left.set(xlabel="step", ylabel="excess loss", title="Theory (lines), mean of 300 runs (dots)")
left.set_xlim(0, STEPS)
left.legend(title="bands: 80% of the runs", loc="lower left")
for (a, losses), color in zip(laws.items(), COLORS, strict=True):
    step = np.unique(np.geomspace(1, 5000, 200).astype(int))
    right.loglog(step, losses[step], color=color, label=f"a = {a}")
    line = 1.5 * losses[5000] * (step / 5000) ** (-(a - 1.0) / b)
    right.loglog(step[step > 30], line[step > 30], "--", color="0.45", linewidth=1)
right.plot([], [], "--", color="0.45", linewidth=1, label=r"$t^{-(a - 1) / b}$")
right.set(xlabel="step", ylabel="excess loss", title=f"{size:,} exponentials, b = {b}")
right.legend()
for ax in (left, right):
    ax.grid(alpha=0.25)
plt.show()

# %%
# Exercise
# --------
# With a budget of samples, is it better to take B = 1 and many steps, or B = 8 and an eighth of
# them, at the same rate? Predict it for 240 samples at :math:`\eta = 0.2`. And at what ratio of
# rates do the two curves, against samples, fall together?

same_rate = curves["B = 8"][30] / curves["B = 1"][240]
claims.at_least(
    "exercise: 240 samples, loss with B = 8 over B = 1, the same rate",
    "this lesson",
    2.0,
    same_rate,
)
small = 0.02  # where descent is the larger part, only the product of rate and steps counts
one = theory(eigenvalues, start, small, 240)
eight = theory(eigenvalues, start, 8 * small, 30, batch=8)
claims.equal(
    "exercise: B = 8 with 8 times a small rate, loss over that of B = 1",
    "linear scaling",
    1.0,
    eight[-1] / one[-1],
    rtol=0.1,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** B. Bordelon and C. Pehlevan, Learning curves for SGD on structured features, 2022.
# C. Paquette, K. Lee, F. Pedregosa and E. Paquette, SGD in the large: average-case analysis,
# asymptotics, and stepsize criticality, 2021.
