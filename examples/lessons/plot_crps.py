r"""
What the CRPS changes
=====================

**Question.** A predicted distribution can be judged by the logarithm of its density at what
happened, or by the continuous ranked probability score. Both are lowest, on average, for the truth.
When does it matter which one a model is fitted by?

.. math::

    \text{log score:}\quad -\log f(y) \qquad\qquad
    \text{CRPS:}\quad \int_{-\infty}^{\infty} \bigl(F(x) - 1\{y \le x\}\bigr)^2\, dx

The first looks at one point of the density and is measured in nats. The second compares whole
distribution functions and is measured in the unit of :math:`y`; of a single number it is the
absolute error. For a normal distribution, with :math:`z = (y - \mu) / \sigma`,

.. math::

    \mathrm{CRPS} = \sigma \left( z\, (2 \Phi(z) - 1) + 2 \varphi(z)
    - \tfrac{1}{\sqrt\pi} \right) .
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from scipy import integrate, optimize, stats

from optlite import reference
from optlite.boosting import NGBRegressor, distributions
from optlite.display import Claims
from optlite.reference.natural_gradient import natural_gradient

claims = Claims()
gneiting = "Gneiting & Raftery 2007, section 4.2"
normal = reference.load("distributions", "normal")  # the NumPy twin


def crps_by_definition(predicted, y):
    """Return the integral that defines the score, in two smooth parts."""
    below = integrate.quad(lambda x: predicted.cdf(x)[0] ** 2, -np.inf, y)[0]
    above = integrate.quad(lambda x: predicted.sf(x)[0] ** 2, y, np.inf)[0]
    return below + above


def largest_error(name, params, targets):
    """Return the largest relative difference of closed form and definition."""
    family = distributions.from_name(name)
    closed = family.score(params, targets, score="crps")
    frozen = [family.at(row[None]) for row in params]
    exact = [crps_by_definition(each, y) for each, y in zip(frozen, targets, strict=True)]
    return np.max(np.abs(closed / exact - 1.0))


random = np.random.default_rng(0)
params, targets = random.normal(size=(12, 2)), random.normal(scale=2.0, size=12)
for name in ("normal", "laplace"):
    claims.at_most(
        f"{name}: closed form against quadrature, largest relative gap",
        gneiting if name == "normal" else "the definition",
        1e-6,
        largest_error(name, params, targets),
    )

# %%
# **One outlier.** Far from :math:`\mu` the log score grows like :math:`z^2 / 2`, the CRPS like
# :math:`|y - \mu|`. What matters for a fit is the slope: the pull of one row on the mean. That of
# the log score is :math:`z / \sigma`, without bound. That of the CRPS is
# :math:`2 \Phi(z) - 1`, at most 1, whoever is far away.

at, far = np.zeros((2, 1)), np.array([10.0])  # mu = log sigma = 0, and a row at z = 10
by_log, by_crps = normal.log_gradient(at, far)[:, 0], normal.crps_gradient(at, far)[:, 0]
for name, source, expected, slope in (
    ("log score: slope in μ at z = 10", "-z / σ", -10.0, by_log[0]),
    ("CRPS: the same", gneiting, -1.0, by_crps[0]),
    ("log score: slope in log σ", "1 - z²", -99.0, by_log[1]),
    ("CRPS: the same, -σ / √π", gneiting, -1.0 / np.sqrt(np.pi), by_crps[1]),
):
    claims.equal(name, source, expected, slope, rtol=1e-12)

# %%
# **The best normal distribution for spoiled data.** A share of 5 % of the observations is a typing
# error with the standard deviation 10, all others have 1. The log score takes the standard
# deviation of the whole, :math:`\sqrt{0.95 + 0.05 \cdot 100} = 2.44`. The CRPS compares
# distribution functions; the expected score of :math:`F` under :math:`G` is :math:`\int (F - G)^2`
# plus a constant, which says how far it goes:

x = np.linspace(-80.0, 80.0, 64_001)
G = 0.95 * stats.norm.cdf(x) + 0.05 * stats.norm.cdf(x, scale=10.0)
best = optimize.minimize_scalar(
    lambda s: np.trapezoid((stats.norm.cdf(x, scale=s) - G) ** 2, x),
    bounds=(0.5, 5.0),
    method="bounded",
).x
spoiled = np.where(random.random(100_000) < 0.05, 10.0, 1.0) * random.normal(size=100_000)


def fitted(y, score, start=(0.0, 0.5)):
    """Return mu and sigma with the lowest mean score, from the twin's scores and gradients."""
    value = {"log": normal.log_score, "crps": normal.crps}[score]
    slope = {"log": normal.log_gradient, "crps": normal.crps_gradient}[score]
    found = optimize.minimize(
        lambda theta: value(theta, y).mean(), start, jac=lambda theta: slope(theta, y).mean(axis=1)
    )
    return found.x[0], np.exp(found.x[1])


log_sigma, crps_sigma = fitted(spoiled, "log")[1], fitted(spoiled, "crps")[1]
claims.equal("log score: σ of spoiled data", "√5.95", np.sqrt(5.95), log_sigma, rtol=0.02)
claims.equal("CRPS: the same", "∫ (F - G)²", best, crps_sigma, rtol=0.02)
claims.at_most("CRPS: and the clean rows have 1", "∫ (F - G)²", 1.2, crps_sigma)

# %%
# **Step by step.** Natural gradient descent on the two parameters, as a stage of boosting does it
# for each row, by either score, from a start on the wrong side. Each record is a step:


@dataclass(frozen=True)
class Step:
    """One step of natural gradient descent."""

    number: int
    mu: float
    sigma: float
    score: float  # the mean score at these parameters


def descend(y, score, start=(3.0, 1.0), rate=0.5, steps=12):
    """Yield a record for each step."""
    value = {"log": normal.log_score, "crps": normal.crps}[score]
    slope = {"log": normal.log_gradient, "crps": normal.crps_gradient}[score]
    metric = {"log": normal.log_metric, "crps": normal.crps_metric}[score]
    theta = np.array(start)[:, None]
    for number in range(1, steps + 1):
        g = np.mean(slope(theta, y), axis=1, keepdims=True)
        theta = theta - rate * natural_gradient(metric(theta), g)
        mu, sigma = float(theta[0, 0]), float(np.exp(theta[1, 0]))
        yield Step(number, mu, sigma, float(np.mean(value(theta, y))))


ends = {}
for score in ("log", "crps"):
    records = list(descend(spoiled, score))
    for record in records[::4]:
        print(
            f"{score:4s} step {record.number}: μ = {record.mu:.3f}, σ = {record.sigma:.3f}, "
            f"score {record.score:.3f}"
        )
    ends[score] = records[-1]
claims.equal(
    "stepping by the log score: σ at its end", "√5.95", log_sigma, ends["log"].sigma, rtol=0.02
)
claims.equal(
    "stepping by the CRPS: the same", "∫ (F - G)²", crps_sigma, ends["crps"].sigma, rtol=0.02
)

# %%
# **The price.** On clean data the maximum of the likelihood is the most accurate estimate there is,
# so the CRPS must lose. Its variance is :math:`\mathbb{E}[g^2] / M^2` over the number of rows, with
# the slope :math:`g` and the metric :math:`M`. For :math:`\mu`, :math:`\mathbb{E}[g^2] = 1/3` and
# :math:`M = 1/\sqrt\pi`: the variance is :math:`\pi / 3` times that of the mean. That is the
# efficiency :math:`3/\pi = 95.5\,\%` of Wilcoxon's rank statistics: no coincidence, as
# :math:`2\Phi(z) - 1` is a rank. For :math:`\log \sigma` it is
# :math:`(2/\sqrt3 - 1) / \pi` over :math:`(1 / (2\sqrt\pi))^2`, against :math:`1/2`.

small = random.normal(size=(1500, 100))  # as many experiments, with 100 rows each
estimates = np.array([(fitted(y, "crps", (0.0, 0.0)), (y.mean(), y.std())) for y in small])
variance = np.var(np.stack([estimates[..., 0], np.log(estimates[..., 1])]), axis=1)
efficiency = variance[:, 1] / variance[:, 0]
claims.equal("efficiency of the CRPS for μ", "3 / π", 3 / np.pi, efficiency[0], rtol=0.05)
exact = 0.5 * (0.25 / np.pi) / ((2 / np.sqrt(3) - 1) / np.pi)
claims.equal("... for log σ", "E[g²] / M²", exact, efficiency[1], rtol=0.08)

# %%
# **What counts.** A standard deviation that is stated twice too large costs as many nats whatever
# it is. The CRPS it costs is in proportion to :math:`\sigma`: over many rows the CRPS is a matter
# of the uncertain ones.


def regret(score, sigma):
    """Return the expected score of twice the spread, over that of the truth."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    value = {"log": normal.log_score, "crps": normal.crps}[score]
    said = [value((0.0, np.log(f * sigma)), sigma * nodes) @ weights for f in (2.0, 1.0)]
    return (said[0] - said[1]) / weights.sum()


claims.equal(
    "log score: cost of a doubled spread, σ = 10 over σ = 0.1",
    "the formula",
    1.0,
    regret("log", 10.0) / regret("log", 0.1),
    rtol=1e-6,
)
claims.equal(
    "CRPS: the same", gneiting, 100.0, regret("crps", 10.0) / regret("crps", 0.1), rtol=1e-6
)

# %%
# **Boosting**, by both scores, on 1,500 rows of a wave whose spread grows, with 5 % typing errors
# in the training rows and in none of the new ones.


def make_rows(n, errors, seed):
    """Return one feature, targets, and the true standard deviation."""
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(0.0, 1.0, n))
    sigma = 0.2 + 0.6 * x
    noise = np.where(random.random(n) < errors, 10.0, 1.0) * random.normal(size=n)
    return x[:, None], np.sin(2.0 * np.pi * x) + sigma * noise, sigma


X, y, _ = make_rows(1500, 0.05, 0)
X_new, y_new, sigma_new = make_rows(1500, 0.0, 1)
models = {
    score: NGBRegressor(Score=score, random_state=0, n_threads=1).fit(X, y)
    for score in ("log", "crps")
}
predicted = {score: model.pred_dist(X_new) for score, model in models.items()}
ratio = {score: np.median(each.std() / sigma_new) for score, each in predicted.items()}
reached = {score: each.crps(y_new).mean() for score, each in predicted.items()}
for score in models:
    print(
        f"fitted by {score:4s}: spread over the true one {ratio[score]:.2f}, CRPS of clean rows "
        f"{reached[score]:.3f}, log score {-predicted[score].logpdf(y_new).mean():.3f}"
    )
claims.at_least("fitted by log score: spread over the true one", "the run", 1.7, ratio["log"])
claims.at_most("fitted by CRPS: the same", "the run", 1.3, ratio["crps"])
claims.at_most(
    "CRPS of new rows, fitted by CRPS over log", "the run", 0.97, reached["crps"] / reached["log"]
)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
BLUE, ORANGE = "#0072B2", "#D55E00"
z = np.linspace(-6.0, 6.0, 400)
zero = np.zeros((2, len(z)))
left.plot(z, -normal.log_gradient(zero, z)[0], color=ORANGE, label=r"log score, on $\mu$")
left.plot(
    z,
    -normal.log_gradient(zero, z)[1],
    color=ORANGE,
    linestyle="--",
    label=r"log score, on $\log\sigma$",
)
left.plot(z, -normal.crps_gradient(zero, z)[0], color=BLUE, label=r"CRPS, on $\mu$")
left.plot(
    z, -normal.crps_gradient(zero, z)[1], color=BLUE, linestyle="--", label=r"CRPS, on $\log\sigma$"
)
left.set(title="Pull of one row", xlabel="z of the row", ylabel="- gradient", ylim=(-6, 10))
left.legend(loc="upper center", fontsize="small")
left.grid(alpha=0.25)
right.plot(X[:, 0], y, ".", color="0.7", markersize=3)
for score, color, style, name in (("log", ORANGE, "--", "log score"), ("crps", BLUE, "-", "CRPS")):
    lower, upper = predicted[score].interval(0.9)
    for end, label in ((lower, f"90 %, fitted by {name}"), (upper, None)):
        right.plot(X_new[:, 0], end, style, color=color, linewidth=1.3, label=label)
middle, half = np.sin(2.0 * np.pi * X_new[:, 0]), stats.norm.ppf(0.95) * sigma_new
right.fill_between(
    X_new[:, 0], middle - half, middle + half, color="0.85", label="90 % of clean rows"
)
right.set(title="5 % of the rows are typing errors", xlabel="x", ylabel="y", ylim=(-5, 5))
right.legend(fontsize="small", loc="lower left")
plt.show()

# %%
# Exercises
# ---------
# **1.** The CRPS is measured in the unit of :math:`y`, and the log score is not. Multiply all
# targets by 1,000: what becomes of either score of the truth, :math:`N(0, \sigma^2)`? (The expected
# CRPS of the truth is :math:`\sigma / \sqrt\pi`.)

nodes, weights = np.polynomial.hermite_e.hermegauss(120)
means = {
    sigma: [
        score((0.0, np.log(sigma)), sigma * nodes) @ weights / weights.sum()
        for score in (normal.crps, normal.log_score)
    ]
    for sigma in (1.0, 1000.0)
}
claims.equal(
    "exercise 1: CRPS of the truth, σ = 1", gneiting, 1 / np.sqrt(np.pi), means[1.0][0], rtol=1e-3
)
claims.equal(
    "exercise 1: CRPS in thousandths, over that",
    gneiting,
    1000.0,
    means[1000.0][0] / means[1.0][0],
    rtol=1e-9,
)
claims.equal(
    "exercise 1: log score in thousandths, minus that",
    "log 1000",
    np.log(1000.0),
    means[1000.0][1] - means[1.0][1],
    rtol=1e-9,
)

# %%
# **2.** Is a robust fit what you want? Suppose that the 5 % are no typing errors but real, such as
# crashes of a market. Score both models on new rows that have them: who wins, in nats?

X_real, y_real, _ = make_rows(1500, 0.05, 2)
nats = {score: -model.pred_dist(X_real).logpdf(y_real).mean() for score, model in models.items()}
claims.at_least(
    "exercise 2: log score with real outliers, fitted by CRPS minus by log",
    "the run",
    0.1,
    nats["crps"] - nats["log"],
)

heavy = NGBRegressor("student_t", random_state=0, n_threads=1).fit(X, y)
claims.at_most(
    "... and Student's t, fitted by the log score, minus the better of both",
    "the run",
    -0.1,
    -heavy.pred_dist(X_real).logpdf(y_real).mean() - min(nats.values()),
)

# %%
# A normal distribution is wrong for such rows, and each score chooses its own compromise. Student's
# t has a parameter for them: first choose the distribution, then the score.
#
# Claims
# ------

claims

# %%
# **Sources.** Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation,
# 2007. Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, for
# boosting by the CRPS. The numbers behind ≤ and ≥ are ours.
