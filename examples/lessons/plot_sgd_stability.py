r"""
How flat a minimum must be for SGD
==================================

**Question.** Gradient descent can stay at a minimum if :math:`\lambda_{\max}(H) \le 2 / \eta`. SGD
at the same rate leaves some of those minima. Which?

At a minimum that fits every sample all gradients vanish, and a step on a batch B multiplies the
distance by :math:`I - \eta H_B`. On average that is a step of gradient descent; the second moment
is larger:

.. math:: \Sigma' = \Sigma - \eta (H \Sigma + \Sigma H)
          + \eta^2 \Big( (1 - p)\, H \Sigma H + p\, \frac1n \sum_i H_i \Sigma H_i \Big),
          \qquad p = \frac{n - b}{b\, (n - 1)}

for batches of b of n samples. No :math:`\Sigma` grows just if :math:`\eta` is at most a number that
Mulayoff and Michaeli (2024) found, :math:`2 / \lambda_{\max}(C^+ D)`, C and D being the maps behind
:math:`- 2 \eta` and :math:`\eta^2`. :func:`optlite.curvature.sgd_stability` computes it. Put
:math:`\Sigma = I` in, and for b = 1 and one output it says that

.. math:: \operatorname{tr} H \le \frac2\eta :

SGD counts all curvatures together, where gradient descent looks at the largest.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.curvature import (
    SampleHessians,
    sample_hessians,
    second_moment_step,
    sgd_stability,
)
from optlite.display import Claims

claims = Claims()
random = np.random.default_rng(0)

# %%
# Linear regression: the formula and the recursion
# ------------------------------------------------
# Labels without noise, so that all samples can be fitted, and :math:`H_i = x_i x_i^\top`. Is the
# critical rate the critical rate? The recursion itself, two hundred times, just below and above.

n, d = 30, 20
X = random.normal(size=(n, d)) / np.sqrt(d)
linear = objectives.LeastSquares(X, X @ random.normal(size=d))
hessians = sample_hessians(linear, np.zeros(d))
BATCHES = np.array([1, 2, 3, 4, 6, 8, 10, 15, 20, 30])
found = [sgd_stability(hessians, int(b)) for b in BATCHES]
critical = np.array([each.critical_rate for each in found])
bounds = np.array([each.trace_bound for each in found])
descent = found[0].gradient_descent_rate


def growth(rate, b, steps=200):
    """Return the factor of the last step on the second moment, from the identity."""
    S = np.eye(d)
    for _ in range(steps):
        S = second_moment_step(hessians, S / np.trace(S), rate, b)
    return np.trace(S)


for b, rate in ((1, critical[0]), (4, critical[3])):
    claims.at_most(
        f"b = {b}: factor per step at 0.99 of the critical rate",
        "Mulayoff and Michaeli 2024",
        1.0,
        growth(0.99 * rate, b),
    )
    claims.at_least(
        f"b = {b}: factor per step at 1.01 of the critical rate",
        "Mulayoff and Michaeli 2024",
        1.0,
        growth(1.01 * rate, b),
    )
claims.at_most(
    "b = 1: critical rate over 2 / tr H",
    "Wu et al. 2018",
    1.0,
    critical[0] * np.trace(hessians.mean) / 2,
)
claims.at_least(
    "b = 1: critical rate over the trace bound, which is not far",
    "this page",
    0.8,
    critical[0] / bounds[0],
)
claims.at_least(
    "smallest ratio of critical rates of neighbouring batch sizes",
    "Mulayoff and Michaeli 2024",
    1.0 - 1e-9,
    (critical[1:] / critical[:-1]).min(),
)
claims.equal(
    "all samples: critical rate over that of gradient descent",
    "theory",
    1.0,
    critical[-1] / descent,
    rtol=1e-8,
)

figure, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
ax.loglog(BATCHES, critical, "o-", color="#0072B2", label="critical rate of SGD")
ax.loglog(BATCHES, bounds, "^--", ms=5, color="#009E73", label="bound from traces")
ax.axhline(descent, color="#D55E00", ls="-.", label=r"gradient descent, $2 / \lambda_{\max}$")
ax.axhline(2 / np.trace(hessians.mean), color="0.3", ls=":", label=r"$2 / \operatorname{tr} H$")
ax.set(xlabel="batch size", ylabel="learning rate", xticks=[1, 2, 4, 8, 15, 30])
ax.set_xticklabels(["1", "2", "4", "8", "15", "30"])
ax.set_yticks([3, 5, 10, 20], ["3", "5", "10", "20"])
ax.minorticks_off()
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# A network: flat minima are what is left
# ---------------------------------------
# Twenty samples, 61 weights, all samples are fitted. Each run of SGD with single samples, at a rate
# of its own, ends at a minimum whose critical rate can be computed: it is above the rate of the
# run, or the run could not have stayed.

X = random.normal(size=(20, 3))
f = objectives.MLP(X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2], hidden=12)
RATES = [0.02, 0.05, 0.1, 0.15]
ends = []
for rate in RATES:
    options = {"max_iter": 8000, "tol": 0.0, "batch_size": 1, "random_state": 0}
    *_, last = optim.steps(f, f.init(0), optim.SGD(rate), **options)
    ends.append(last)
at = [sample_hessians(f, last.x) for last in ends]
reached = np.array([sgd_stability(each, 1).critical_rate for each in at])
traces = np.array([np.trace(each.mean) for each in at])
for rate, rate_of_minimum in zip(RATES, reached, strict=True):
    claims.at_least(
        f"critical rate of the minimum that SGD found at η = {rate:g}",
        "Wu et al. 2018",
        rate,
        rate_of_minimum,
    )
claims.at_most("largest loss of them", "the run", 5e-3, max(last.objective for last in ends))
claims.at_most("largest η tr H / 2", "Wu et al. 2018", 1.0, np.max(RATES * traces / 2))
claims.at_least(
    "trace at the minimum of the smallest rate over that of the largest",
    "Wu et al. 2018",
    1.2,
    traces[0] / traces[-1],
)

figure, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
ax.loglog(RATES, reached, "o-", color="#0072B2", label="critical rate of the minimum found")
ax.loglog(RATES, 2 / traces, "^--", ms=5, color="#009E73", label=r"$2 / \operatorname{tr} H$ there")
ax.loglog(RATES, RATES, color="0.3", ls=":", label="the rate of the run")
ax.set(xlabel="rate of the run", ylabel="learning rate", xticks=RATES, xticklabels=RATES)
ax.set_yticks([0.02, 0.05, 0.1, 0.2], ["0.02", "0.05", "0.1", "0.2"])
ax.minorticks_off()
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# Leaving a minimum that is too sharp
# -----------------------------------
# Gradient descent with all samples finds a minimum. At a rate of 0.18 it stays there, as
# :math:`2 / \lambda_{\max}` allows. SGD with single samples leaves, and comes to where the critical
# rate is just its own: an edge of stability again, a stochastic one (Andreyev and Beneventano
# 2024).

*_, start = optim.steps(f, f.init(0), optim.SGD(0.1), max_iter=4000, tol=0.0)
sharp, rate = sgd_stability(sample_hessians(f, start.x), 1), 0.18
claims.at_most(
    "critical rate of SGD there", "Mulayoff and Michaeli 2024", rate, sharp.critical_rate
)
claims.at_least(
    "critical rate of gradient descent there", "theory", rate, sharp.gradient_descent_rate
)
paths = {}
for name, batch in (("gradient descent", None), ("SGD, single samples", 1)):
    options = {"max_iter": 3000, "tol": 0.0, "batch_size": batch, "random_state": 1}
    run = list(optim.steps(f, start.x, optim.SGD(rate), **options))
    whole = run if batch is None else run[::20]  # all samples once an epoch
    paths[name] = np.array([record.objective for record in whole])
after = sgd_stability(sample_hessians(f, run[-1].x), 1).critical_rate

# %%
# **Step by step.** Where SGD comes by, once in 25 epochs: the loss of all samples, and the largest
# rate that single samples would let stay there. The loss goes up, and comes down again where that
# rate is near the one of the run, 0.18.

print("step    loss      critical rate there")
for record in run[::500]:
    there = sgd_stability(sample_hessians(f, record.x), 1).critical_rate
    print(f"{record.iteration:4d}   {record.objective:.1e}   {there:.3f}")

claims.at_most(
    "gradient descent: largest loss over that of the start",
    "theory",
    1.0 + 1e-9,
    paths["gradient descent"].max() / start.objective,
)
claims.at_least(
    "SGD: largest loss over that of the start",
    "Wu et al. 2018",
    100.0,
    paths["SGD, single samples"].max() / start.objective,
)
claims.equal(
    "critical rate where SGD is in the end, over its rate",
    "Andreyev and Beneventano 2024",
    1.0,
    after / rate,
    rtol=0.1,
)

figure, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
ax.semilogy(paths["gradient descent"], color="#D55E00", label="gradient descent")
ax.semilogy(
    20 * np.arange(151),
    paths["SGD, single samples"],
    color="#0072B2",
    lw=0.9,
    label="SGD, single samples",
)
ax.set(xlabel="Iteration", ylabel="Loss of all samples")
ax.grid(alpha=0.25)
ax.legend(frameon=False)
plt.show()

# %%
# Exercise
# --------
# One weight, two samples of curvatures 1 and 3, a step on one of them at a time. At which rate does
# the mean square stop to shrink? At which does the typical run, whose logarithm is what counts?

pair = sgd_stability(SampleHessians([[[1.0]], [[3.0]]]), 1)
claims.equal(
    "exercise: mean square, 2 mean(h) / mean(h^2)",
    "this lesson",
    2.0 * 2.0 / 5.0,
    pair.critical_rate,
    rtol=1e-9,
)
typical = 0.5 * np.sum(np.log(np.abs(1.0 - pair.critical_rate * np.array([1.0, 3.0]))))
claims.at_most(
    "exercise: mean logarithm of the factor at that rate: a typical run still converges",
    "this lesson",
    0.0,
    typical,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** L. Wu, C. Ma and W. E, How SGD selects the global minima in over-parameterized
# learning: a dynamical stability perspective, NeurIPS 2018. R. Mulayoff and T. Michaeli, Exact mean
# square linear stability analysis for SGD, COLT 2024. A. Andreyev and P. Beneventano, Edge of
# stochastic stability: revisiting the edge of stability for SGD, 2024.
