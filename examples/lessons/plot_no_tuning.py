r"""
Step sizes without tuning
=========================

**Question.** Some rules promise that there is no rate to tune. How close do they come to SGD whose
rate was searched for, and what do they need to know instead?

.. math::

    \text{DoG:}\quad \eta_t = \frac{\max_{s \le t} \|x_s - x_0\|}{\sqrt{\sum_{s \le t} \|g_s\|^2}}
    \qquad
    \text{Polyak, SPS:}\quad \eta_t = \frac{f_t - f^*}{\|g_t\|^2}
    \qquad
    \text{SANIA:}\quad x \leftarrow x - \lambda_t\, \frac{g_t}{\sum_{s \le t} g_s^2}

DoG guesses the distance to go from the distance gone. Polyak's rule goes as far as the linear model
needs to reach the minimum :math:`f^*`, so it has to know it; SPS is the same on a batch, where
:math:`f^* = 0` is a guess that is right if the model can fit every sample. SANIA takes Polyak's
step on a quadratic model whose curvature is a sum of squared gradients, coordinate by coordinate,
*without* Adagrad's root.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite.display import Claims

data = load_breast_cancer()
X = StandardScaler().fit_transform(data.data)
f = objectives.Logistic(X, data.target, alpha=1e-2, fit_intercept=True)
minimum = optim.minimize(f, method="newton", tol=1e-14).fun

EPOCHS, BATCH = 30, 32
per_epoch = len(X) // BATCH


def epochs(objective, method, **options):
    """Return the objective after each epoch; the same batches for every method."""
    run = optim.steps(
        objective,
        method=method,
        max_iter=EPOCHS * per_epoch,
        tol=0.0,
        batch_size=BATCH,
        random_state=0,
        **options,
    )
    # Between two epochs a record holds the loss of its batch only.
    return np.array([record.objective for record in run][::per_epoch])


# %%
# **Suboptimality after 30 epochs**, batches of 32: the median of the last five epochs, because some
# rules are erratic. SGD gets 13 rates, half a decade apart; the others get one run each, at their
# defaults except for the bound that is named.


def final_gap(method, **options):
    """Return the suboptimality at the end."""
    return np.median(epochs(f, method, **options)[-5:]) - minimum


RATES = 10.0 ** np.arange(-4, 2.1, 0.5)
grid = np.array([final_gap("sgd", learning_rate=rate) for rate in RATES])
RULES = {
    "DoG": ("dog", {}),
    "SPS, steps at most 1": ("sps_max", {"bound": 1.0}),
    "SPS, steps not bounded": ("sps_max", {"bound": 1e6}),
    "SANIA AdaGrad": ("sania_adagrad_sqr", {}),
}
free = {name: final_gap(rule, **options) for name, (rule, options) in RULES.items()}
*_, last = optim.steps(f, method="polyak", max_iter=EPOCHS, tol=0.0, minimum=minimum)
free["Polyak, full gradients, f* known"] = last.objective - minimum
start = f.value(np.zeros(f.dim)) - minimum
print(f"{'start':34s}{start:.1e}")
for rate, gap in zip(RATES, grid, strict=True):
    print(f"SGD {rate:<30.1e}{gap:.1e}")
for name, gap in free.items():
    print(f"{name:34s}{gap:.1e}")

claims = Claims()
claims.at_most(
    "best SGD rate: is it inside the grid? steps from the middle",
    "the tuning",
    5,
    abs(int(np.argmin(grid)) - 6),
)
claims.at_least(
    "DoG: beats so many of the 13 rates", "Ivgi et al. 2023", 10, int(np.sum(grid > free["DoG"]))
)
claims.at_most(
    f"DoG: suboptimality over its start (best SGD: {grid.min() / start:.1e})",
    "Ivgi et al. 2023",
    3e-3,
    free["DoG"] / start,
)
claims.at_most(
    "Polyak, f* known: 30 full gradients beat the best SGD, ratio",
    "Polyak 1969",
    0.1,
    free["Polyak, full gradients, f* known"] / grid.min(),
)

# %%
# **Step by step.** What rate does DoG take? Between two records lies a step, whose length over that
# of the gradient is the rate. It is the largest distance from the start so far, over the root of
# the sum of all squared gradients: tiny at first, and then it grows until the distance does no
# more.

run = list(optim.steps(f, method="dog", max_iter=400, tol=0.0))
farthest, squares = 1e-6, 0.0  # the distance that stands for the first: rho (1 + |x_0|)
worst = 0.0
for before, after in itertools.pairwise(run):
    farthest = max(farthest, np.linalg.norm(before.x - run[0].x))
    squares += before.gradient_norm**2
    rate = np.linalg.norm(after.x - before.x) / before.gradient_norm
    worst = max(worst, abs(rate * np.sqrt(squares) / farthest - 1.0))
    if before.iteration in (0, 1, 3, 10, 30, 100, 399):
        print(
            f"step {after.iteration:3d}: distance {farthest:.1e}, rate {rate:.1e}, suboptimality "
            f"{after.objective - minimum:.1e}"
        )
claims.at_most(
    "DoG: rates of 400 steps against the formula, largest relative difference",
    "Ivgi et al. 2023, eq. DoG",
    1e-3,
    worst,
)

# %%
# **A textbook claim that does not hold here.** SPS is often introduced as parameter-free. Its
# guarantee of convergence needs samples that can all be fitted at once. The penalty forbids that:
# the minimum of a batch is above zero, the steps are too long, and they stay too long. A bound on
# them helps, and is a learning rate again.

claims.at_least(
    "SPS without a bound stays away: suboptimality over best SGD",
    "Loizou et al. 2021",
    100.0,
    free["SPS, steps not bounded"] / grid.min(),
)
claims.at_most(
    "SPS with a bound of 1: the same",
    "Loizou et al. 2021",
    20.0,
    free["SPS, steps at most 1"] / grid.min(),
)

# %%
# **Scale invariance.** Multiply each column by a factor of its own, between :math:`e^{-3}` and
# :math:`e^3`, as if the units had been chosen by somebody else. The model can represent the same
# functions. Without a penalty, SANIA does not notice: its gradient is multiplied by :math:`s`, its
# curvature by :math:`s^2`, so its step is divided by :math:`s`. (``eps``, the smallest curvature,
# must be tiny for that.)

scale = np.exp(np.random.default_rng(0).uniform(-3, 3, X.shape[1]))
plain = objectives.Logistic(X, data.target, fit_intercept=True)
rescaled = objectives.Logistic(X * scale, data.target, fit_intercept=True)
ends = [epochs(plain, "sgd", learning_rate=rate)[-1] for rate in RATES]
COMPARED = {
    "SGD, best rate for the first": ("sgd", {"learning_rate": RATES[np.argmin(ends)]}),
    "DoG": ("dog", {}),
    "SANIA AdaGrad": ("sania_adagrad_sqr", {"eps": 1e-30}),
}
both = {
    name: [epochs(objective, rule, **options) for objective in (plain, rescaled)]
    for name, (rule, options) in COMPARED.items()
}
source = "Abdukhakimov et al. 2023"
first, second = both["SANIA AdaGrad"]
claims.at_most(
    "SANIA: largest relative difference of the losses in 30 epochs",
    source,
    1e-6,
    np.abs(second / first - 1).max(),
)
for name in ("SGD, best rate for the first", "DoG"):
    first, second = both[name]
    claims.at_least(
        f"{name}: loss after rescaling over loss before", "the run", 1.2, second[-1] / first[-1]
    )

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
COLORS = {"DoG": "#d9730d", "SANIA AdaGrad": "#2e7d4f"}
left.loglog(RATES, grid, "o-", color="#1f5fa8", label="SGD, a grid of rates")
others = zip(free.items(), ("-", ":", "-.", "-", "--"), strict=True)
for (name, gap), style in others:
    left.axhline(gap, linestyle=style, color=COLORS.get(name, "0.35"), label=name)
left.set(xlabel="learning rate of SGD", ylabel="suboptimality", title="After 30 epochs")
left.set_ylim(1e-8, 1e5)
left.legend(fontsize=8, loc="upper left")
for name, color in (("SGD, best rate for the first", "#1f5fa8"), *COLORS.items()):
    for losses, style in zip(both[name], ("-", "--"), strict=True):
        label = name if style == "-" else None
        right.semilogy(losses, style, color=color, label=label, linewidth=1.8)
right.plot([], [], "k-", label="columns of variance 1")
right.plot([], [], "k--", label="columns rescaled")
right.set(xlabel="epoch", ylabel="loss", title="Without penalty (SANIA: two curves in one)")
right.set_ylim(3e-2, 1e2)
right.legend(fontsize=8)
for ax in (left, right):
    ax.grid(alpha=0.25)
plt.show()

# %%
# Exercise
# --------
# Multiply the *loss* by 64 (and its gradient with it). Which of SGD, DoG and SPS without a bound
# walk the same path as before? Put the factor into the three formulas above before you look.

loud = objectives.from_callable(
    lambda w: 64 * f.value(w), lambda w: 64 * f.gradient(w), shape=f.shape
)


def moved(method, **options):
    """Return how far apart the last points are, relative to their size."""
    ends = [
        list(optim.steps(each, method=method, max_iter=100, tol=0.0, **options))[-1].x
        for each in (f, loud)
    ]
    return np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[0])


claims.at_most("exercise: DoG walks the same path, up to eps", "this lesson", 1e-6, moved("dog"))
# 64 is a power of two: no rounding differs. With 100 it does, and erratic paths part soon.
claims.at_most(
    "exercise: SPS walks the same path", "this lesson", 1e-9, moved("sps_max", bound=1e6)
)
claims.at_least("exercise: SGD does not", "this lesson", 0.1, moved("sgd", learning_rate=1e-2))

# %%
# Claims
# ------

claims

# %%
# **Sources.** Ivgi, Hinder and Carmon, DoG is SGD's best friend: a parameter-free dynamic step size
# schedule, 2023, arXiv:2302.12022. Polyak, Minimization of unsmooth functionals, 1969. Loizou,
# Vaswani, Laradji and Lacoste-Julien, Stochastic Polyak step-size for SGD: an adaptive learning
# rate for fast convergence, 2021, arXiv:2002.10542. Abdukhakimov, Xiang, Kamzolov, Gower and Takac,
# SANIA: Polyak-type optimization framework leads to scale invariant stochastic algorithms, 2023.
