r"""
What acceleration does to small eigen-directions
================================================

**Question.** Momentum is sold as speed. With stochastic gradients it also changes *which* part of
the error is left at the end. When does accelerated SGD end nearer to the truth than SGD, and when
farther from it?

Least squares on a stream: each step sees a new sample with features :math:`a`, covariance
:math:`H = \operatorname{diag}(\lambda_1, \dots, \lambda_d)`, and a target with noise of variance
:math:`\sigma^2`. Write :math:`x` for the distance from the truth. SGD and accelerated SGD are

.. math::

    x_t &= x_{t-1} - \eta\, g_t, \qquad g_t = a_t (a_t^\top x_{t-1} - \varepsilon_t), \\
    \bar x_t &= \alpha\, \bar x_{t-1} + (1 - \alpha) (x_{t-1} - \tfrac{\kappa \eta}{c}\, g_t),
    \qquad x_t = \frac{c\, (x_{t-1} - \eta\, g_t) + (1 - \alpha)\, \bar x_t}{c + 1 - \alpha},

with :math:`\alpha = 1 - c^2 \xi / \kappa`: a short step, and a mean of points that long steps
reach. Li et al. (2024) prove what this lesson measures: along small eigenvalues accelerated SGD
forgets its start faster than SGD, along large ones slower; and the noise it lets in is always more.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.display import Claims

claims = Claims()
RATE, KAPPA, XI, C = 0.1, 1000.0, 10.0, 0.7
ALPHA = 1.0 - C**2 * XI / KAPPA
SGD = optim.SGD(RATE)
ASGD = optim.ASGD(RATE, long_step=KAPPA, advantage=XI, small_constant=C)

# %%
# One direction is a 2 by 2 matrix
# --------------------------------
# The mean gradient along an eigenvector is :math:`\lambda x`. So :math:`(x, \bar x)` is multiplied
# by a matrix M in each step, and what is left of the start shrinks like the powers of its spectral
# radius; in SGD, like those of :math:`1 - \eta \lambda`.


def matrix(eigenvalue):
    """Return M of one direction."""
    total = C + 1.0 - ALPHA
    bar = np.array([(1.0 - ALPHA) * (1.0 - KAPPA * RATE / C * eigenvalue), ALPHA])
    short = np.array([C * (1.0 - RATE * eigenvalue), 0.0])
    return np.array([(short + (1.0 - ALPHA) * bar) / total, bar])


def noise_vector():
    """Return what a gradient of size one adds to (x, x_bar)."""
    bar = -(1.0 - ALPHA) * KAPPA * RATE / C
    return np.array([(-C * RATE + (1.0 - ALPHA) * bar) / (C + 1.0 - ALPHA), bar])


eigenvalues = np.geomspace(1e-5, 5.0, 400)
matrices = np.array([matrix(each) for each in eigenvalues])
radius = np.abs(np.linalg.eigvals(matrices)).max(axis=1)
plain = np.abs(1.0 - RATE * eigenvalues)

# %%
# **Step by step.** The method itself, on a quadratic with four of these eigenvalues: the factor by
# which each coordinate shrinks in a step, fitted to its records, is the spectral radius.

four = np.array([1e-4, 1e-3, 1e-2, 4.0])
f = objectives.from_callable(lambda x: 0.5 * four @ x**2, lambda x: four * x, shape=4, minimum=0.0)
STEPS = 4000
for rule, predicted in ((SGD, np.abs(1.0 - RATE * four)), (ASGD, None)):
    records = list(optim.steps(f, np.ones(4), rule, max_iter=STEPS, tol=0.0))
    for record in records[:: STEPS // 4]:
        sizes = " ".join(f"{size:7.1e}" for size in np.abs(record.x))
        print(f"{type(rule).__name__:4s} step {record.iteration:4d}: |x| = {sizes}")
    path = np.abs([record.x for record in records])
    if predicted is None:
        predicted = np.array([np.abs(np.linalg.eigvals(matrix(each))).max() for each in four])
    worst = 0.0
    for j in range(4):
        # The upper envelope of what is above rounding; complex roots make the coordinate oscillate.
        tail = np.flatnonzero(path[:, j] > 1e-250)
        envelope = np.maximum.accumulate(path[tail[::-1], j])[::-1]
        half = len(tail) // 2
        slope = np.log(envelope[-1] / envelope[half]) / (len(tail) - 1 - half)
        worst = max(worst, abs(slope / np.log(predicted[j]) - 1.0))
    claims.at_most(
        f"{type(rule).__name__}: largest relative error of the predicted rates, 4 eigenvalues",
        "spectral radius of M",
        0.02,
        worst,
    )

# %%
# **Small eigenvalues.** To first order in :math:`\lambda`, with the left and right eigenvectors
# of M at :math:`\lambda = 0`, the radius is :math:`1 - \eta \lambda\, c (1 + \xi) / (1 + c)`:
# accelerated SGD behaves like SGD with a rate :math:`c (1 + \xi) / (1 + c)` times as large, here
# 4.5.
#
# **Large eigenvalues.** Where the roots are complex, as at :math:`\lambda = 1`, their modulus is
# the root of the determinant, :math:`\sqrt{\alpha c (1 - \eta \lambda) / (c + 1 - \alpha)}`: a
# root is larger than what SGD has. At :math:`\lambda = 1 / \eta` the determinant is zero. There
# SGD forgets all in one step, and accelerated SGD keeps the trace of M, about :math:`1 - (1 -
# \alpha)(1 + \xi)`: its mean of far points moves as slowly as ever.

gain = C * (1.0 + XI) / (1.0 + C)
claims.equal(
    "smallest eigenvalue: gain of accelerated SGD, c (1 + ξ) / (1 + c)",
    "perturbation of M",
    gain,
    (1.0 - radius[0]) / (1.0 - plain[0]),
    rtol=0.01,
)
claims.equal(
    "λ = 1: the radius is the root of the determinant",
    "complex roots",
    np.sqrt(ALPHA * C * (1.0 - RATE) / (C + 1.0 - ALPHA)),
    np.abs(np.linalg.eigvals(matrix(1.0))).max(),
    rtol=1e-9,
)
claims.equal(
    "λ = 1 / η: SGD keeps nothing, accelerated SGD about 1 - (1 - α)(1 + ξ) a step",
    "trace of M",
    1.0 - (1.0 - ALPHA) * (1.0 + XI),
    np.abs(np.linalg.eigvals(matrix(1.0 / RATE))).max(),
    rtol=1e-3,
)
claims.at_least(
    "largest eigenvalue, 5: steps to forget, accelerated over plain",
    "Li et al. 2024",
    5.0,
    np.log(plain[-1]) / np.log(radius[-1]),
)
crossing = eigenvalues[np.argmax(radius > plain)]
print(f"accelerated SGD forgets faster below an eigenvalue of {crossing:.2f}")
claims.at_most(
    "the sign of the difference changes once along the spectrum, changes - 1",
    "Li et al. 2024",
    0,
    np.count_nonzero(np.diff(np.sign(radius - plain))) - 1,
)

# %%
# The price: more noise, everywhere
# ---------------------------------
# Noise of variance :math:`\lambda \sigma^2` in the gradient is kept alive for as long as the matrix
# remembers it. Where it rests, the covariance S of :math:`(x, \bar x)` solves
# :math:`S = M S M^\top + \lambda \sigma^2 n n^\top`; in SGD the variance of x is
# :math:`\eta \sigma^2 / (2 - \eta \lambda)`.


def resting_variance(eigenvalue):
    """Return the variance of x at rest, for sigma = 1."""
    M, n = matrix(eigenvalue), noise_vector()
    S = np.linalg.solve(np.eye(4) - np.kron(M, M), eigenvalue * np.outer(n, n).ravel())
    return S[0]


variance = np.array([resting_variance(each) for each in eigenvalues])
plain_variance = RATE / (2.0 - RATE * eigenvalues)
claims.at_least(
    "smallest ratio of the variances, over the whole spectrum",
    "Li et al. 2024",
    1.0,
    (variance / plain_variance).min(),
)
claims.equal(
    "smallest eigenvalue: ratio of the variances, again c (1 + ξ) / (1 + c)",
    "a larger rate, in effect",
    gain,
    variance[0] / plain_variance[0],
    rtol=0.02,
)

# %%
# So the start decides
# --------------------
# With normal features the second moments of a whole stream obey a recursion without any
# approximation: as :math:`E\, a a^\top S a a^\top = H \operatorname{tr} (H S) + 2 H S H`, the
# gradient along :math:`e_i` has, beside its mean, the variance
# :math:`\lambda_i (\sum_j \lambda_j E x_j^2 + \sigma^2) + \lambda_i^2 E x_i^2`. So the expected
# excess risk :math:`\frac12 \sum_i \lambda_i E x_i^2` is known after each step, for each start. Two
# starts with the same risk: one in the two largest directions, one in ten of the small ones.

d, sigma = 40, 0.05
spectrum = 1.0 / np.arange(1, d + 1) ** 2
starts = {"large": np.zeros(d), "small": np.zeros(d)}
starts["large"][:2] = 1.0 / np.sqrt(2.0 * spectrum[:2])
starts["small"][10:20] = 1.0 / np.sqrt(10.0 * spectrum[10:20])


def theory(start, matrices, n, n_steps):
    """Return the expected excess risk after each step; x is the first entry of each state."""
    size = matrices.shape[1]
    S = start[:, None, None] ** 2 * np.ones((d, size, size))
    risks = []
    for _ in range(n_steps + 1):
        second = S[:, 0, 0]
        risks.append(0.5 * spectrum @ second)
        spread = spectrum * (spectrum @ second + sigma**2) + spectrum**2 * second
        S = matrices @ S @ matrices.transpose(0, 2, 1) + spread[:, None, None] * np.outer(n, n)
    return np.array(risks)


def streams(start, rule, n_steps, runs=200):
    """Return the excess risks of many runs at once, each on its own stream: (steps, runs)."""
    random = np.random.default_rng(7)
    x = np.tile(start, (runs, 1))
    state, risks = rule.init(x), []
    for _ in range(n_steps + 1):
        risks.append(0.5 * (x**2 @ spectrum))
        a = random.normal(size=(runs, d)) * np.sqrt(spectrum)
        error = np.sum(a * x, axis=1) - sigma * random.normal(size=runs)
        rule.step(x, a * error[:, None], state)
    return np.array(risks)


STEPS = 600
KINDS = {
    "SGD": (SGD, (1.0 - RATE * spectrum)[:, None, None], np.array([-RATE])),
    "accelerated": (ASGD, np.array([matrix(each) for each in spectrum]), noise_vector()),
}
curves, measured = {}, {}
for where, start in starts.items():
    for name, (rule, M, n) in KINDS.items():
        curves[name, where] = theory(start, M, n, STEPS)
        measured[name, where] = streams(start, rule, STEPS)
worst = 0.0
for key, runs in measured.items():
    error = runs.std(axis=1, ddof=1) / np.sqrt(runs.shape[1])
    distance = np.abs(runs.mean(axis=1) - curves[key])[1:] / error[1:]
    worst = max(worst, np.median(distance))
claims.at_most(
    "median distance of 200 runs from the theory, in standard errors",
    "exact second moments",
    2.0,
    worst,
)
ends = {key: curve[-1] for key, curve in curves.items()}
claims.at_most(
    "start in small directions: risk, accelerated over SGD",
    "Li et al. 2024",
    0.6,
    ends["accelerated", "small"] / ends["SGD", "small"],
)
claims.at_least(
    "start in large directions: risk, accelerated over SGD",
    "Li et al. 2024",
    1.5,
    ends["accelerated", "large"] / ends["SGD", "large"],
)

COLORS = {"SGD": "#1f5fa8", "accelerated": "#d9730d"}
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
axes[0].loglog(eigenvalues, -np.log(plain), color=COLORS["SGD"], label="SGD")
axes[0].loglog(eigenvalues, -np.log(radius), color=COLORS["accelerated"], label="accelerated")
axes[0].axvline(crossing, color="0.5", linestyle=":", linewidth=1)
axes[0].set(xlabel=r"eigenvalue $\lambda$", title="How fast a start is forgotten")
axes[0].set_ylabel("- log of the factor per step")
axes[1].loglog(eigenvalues, plain_variance, color=COLORS["SGD"], label="SGD")
axes[1].loglog(eigenvalues, variance, color=COLORS["accelerated"], label="accelerated")
axes[1].set(xlabel=r"eigenvalue $\lambda$", ylabel=r"variance of x, $\sigma = 1$")
axes[1].set_yticks([0.05, 0.1, 0.2], ["0.05", "0.1", "0.2"])
axes[1].minorticks_off()
axes[1].set_title("How much noise stays")
for (name, where), curve in curves.items():
    style = "-" if where == "small" else "--"
    axes[2].semilogy(curve, style, color=COLORS[name], label=f"{name}, {where}")
    at = np.arange(0, STEPS + 1, 60)
    axes[2].semilogy(at, measured[name, where].mean(axis=1)[at], ".", color=COLORS[name])
axes[2].set(xlabel="step", ylabel="expected excess risk")
axes[2].set_title("Theory, and 200 runs (dots)")
axes[2].legend(title="method, start in directions", fontsize=8)
for ax in axes:
    ax.grid(alpha=0.25)
axes[0].legend()
plt.show()

# %%
# Exercise
# --------
# SGD could have the large rate itself: multiply :math:`\eta` by the gain 4.5. Start in the small
# directions, and predict two ratios after 600 steps: of what is left of the start in the mean, and
# of the risks.

faster = gain * RATE
mean = {
    "SGD": (1.0 - faster * spectrum) ** STEPS * starts["small"],
    "accelerated": [
        (np.linalg.matrix_power(matrix(each), STEPS) @ (x, x))[0]
        for each, x in zip(spectrum, starts["small"], strict=True)
    ],
}
left_over = {name: 0.5 * spectrum @ np.square(each) for name, each in mean.items()}
claims.equal(
    "exercise: left of the start in the mean, SGD with 4.5 times the rate over accelerated",
    "a larger rate, in effect",
    1.0,
    left_over["SGD"] / left_over["accelerated"],
    rtol=0.05,
)
shape = (1.0 - faster * spectrum)[:, None, None]
fast = theory(starts["small"], shape, np.array([-faster]), STEPS)
claims.at_least(
    "exercise: the risks: the long steps of SGD shake all directions, by their large eigenvalues",
    "exact second moments",
    1.5,
    fast[-1] / ends["accelerated", "small"],
)

# %%
# What acceleration buys is that this rate holds for the small directions alone: at
# :math:`\lambda = 1 / \eta` SGD with 4.5 times the rate multiplies its error by 3.5 in each step,
# while accelerated SGD shrinks it, as the table says above.

# %%
# Claims
# ------

claims

# %%
# **Sources.** P. Jain, S. M. Kakade, R. Kidambi, P. Netrapalli and A. Sidford, Accelerating
# stochastic gradient descent for least squares regression, 2018, arXiv:1704.08227. R. Kidambi, P.
# Netrapalli, P. Jain and S. M. Kakade, On the insufficiency of existing momentum schemes for
# stochastic optimization, 2018. X. Li, Y. Deng, J. Wu, D. Zhou and Q. Gu, Risk bounds of
# accelerated SGD for overparameterized linear regression, 2024.
