r"""
Large steps turn logistic regression into the perceptron
========================================================

**Question.** Textbooks want steps below :math:`2 / L`. On data that a plane separates, gradient
descent for logistic regression finds the plane with *any* step size. Why, and what does it become
when the step size is enormous?

With rows :math:`a_i = y_i x_i`, the gradient step is

.. math::

    \theta_{t+1} = \theta_t + \frac{\eta}{n} \sum_i \sigma(-a_i^\top \theta_t)\, a_i .

For a large :math:`\eta` the parameters are large, and the sigmoid of a large number is 0 or 1: 1
for the misclassified samples. So :math:`\theta / \eta` follows the *batch perceptron*, in which
there is no rate at all (only the first step, from zero, has :math:`\sigma = 1/2` everywhere).
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import nnls
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from optlite import objectives, optim
from optlite.display import Claims

data = load_wine()
X = np.column_stack([StandardScaler().fit_transform(data.data), np.ones(len(data.data))])
X /= np.linalg.norm(X, axis=1).max()  # the longest row has length R = 1
y = np.where(data.target == 1, 1.0, -1.0)  # wines of the second grower against the others
rows = X * y[:, None]
n = len(rows)
f = objectives.Logistic(X, y)

# %%
# How hard the problem is, one number says: the margin :math:`\mu`, the distance of the origin from
# the convex hull of the :math:`a_i`. Non-negative least squares finds that point; the plane
# orthogonal to it has the margin.


def margin_of(rows):
    """Return the largest margin that a plane through the origin has."""
    sums_to_one = np.vstack([rows.T, np.ones(len(rows))])
    weights, _ = nnls(sums_to_one, np.append(np.zeros(rows.shape[1]), 1.0))
    normal = rows.T @ weights
    return (rows @ normal).min() / np.linalg.norm(normal)


margin = margin_of(rows)
print(f"margin {margin:.4f}, 1 / margin^2 = {1 / margin**2:.0f}")


def batch_perceptron(rows, first=0.5, steps=200):
    """Return the points: add up the misclassified rows, `first` of all rows to begin with."""
    points = [np.zeros(rows.shape[1]), first * rows.mean(axis=0)]
    for _ in range(steps - 1):
        points.append(points[-1] + rows[rows @ points[-1] <= 0].sum(axis=0) / len(rows))
    return np.array(points)


def mistakes(points, rows=rows):
    """Return how many samples each point misclassifies; all, at zero."""
    return (points @ rows.T <= 0).sum(axis=1)


def steps_needed(points, rows=rows):
    """Return the first step after which no sample is misclassified."""
    return int(np.argmax(mistakes(points, rows) == 0))


def path(method, rate, steps):
    """Return points and losses of a run from zero."""
    run = list(optim.steps(f, method=method, learning_rate=rate, max_iter=steps, tol=0.0))
    return np.array([each.x for each in run]), np.array([each.objective for each in run])


# %%
# **The limit.** The largest difference between :math:`\theta_t / \eta` and the batch perceptron in
# 50 steps, for growing :math:`\eta`:

claims = Claims()
perceptron = batch_perceptron(rows)
for rate in (1e2, 1e4, 1e6, 1e8):
    points, _ = path("sgd", rate, 50)
    difference = np.abs(points / rate - perceptron[:51]).max()
    print(f"eta = {rate:.0e}: {difference:.1e}")
claims.at_most(
    "GD, η = 1e8: largest difference of θ/η from the perceptron, 50 steps",
    "Tyurin 2024",
    1e-7,
    difference,
)
points, _ = path("lr_perceptron", 1e8, 50)
claims.at_most(
    "LRPerceptron, η = 1e8: the same, with a whole first step",
    "the header of the rule",
    1e-7,
    np.abs(points / 1e8 - batch_perceptron(rows, first=1.0)[:51]).max(),
)

# %%
# **Step by step.** At a rate of a million the records show losses a hundred times as high as at the
# start, and the number of misclassified samples going down nevertheless: the perceptron counts
# mistakes, and does not see how large they are.

for record in optim.steps(f, method="sgd", learning_rate=1e6, max_iter=200, tol=0.0):
    wrong = int(mistakes(record.x[None])[0])
    if record.iteration in (1, 2, 3, 5, 10, 20, 50, 100) or wrong == 0:
        print(
            f"step {record.iteration:3d}: loss {record.objective:12.4f}, misclassified {wrong:3d}"
        )
    if wrong == 0:
        break
claims.equal(
    "GD, η = 1e6: steps until separated, and steps that the perceptron needs",
    "Tyurin 2024",
    steps_needed(perceptron),
    record.iteration,
    rtol=1e-12,
)

# %%
# **Larger is faster**, until the limit is reached, although the loss is *higher*:

RATES = 10.0 ** np.arange(0, 6.1, 0.5)
LONGEST = 12_000
found = {method: [] for method in ("sgd", "lr_perceptron")}
for method, counts in found.items():
    for rate in RATES:
        points, _ = path(method, rate, int(min(LONGEST, 2e4 / rate + 100)))
        counts.append(steps_needed(points))

limit = steps_needed(perceptron)
claims.equal(
    "GD, η = 1 over η = 10: ten times the steps",
    "Tyurin 2024",
    10.0,
    found["sgd"][0] / found["sgd"][2],
    rtol=0.02,
)
shown = {rate: path("sgd", rate, 200) for rate in (1.0, 100.0, 1e6)}
claims.at_least(
    "highest loss in the first 12 steps, η = 1e6 over η = 1",
    "Tyurin 2024",
    50.0,
    shown[1e6][1][:13].max() / shown[1.0][1][:13].max(),
)

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
colors = ("#1f5fa8", "#2e7d4f", "#d9730d")
axes[0].loglog(RATES, found["sgd"], "o-", color=colors[0], label="gradient descent")
axes[0].loglog(RATES, found["lr_perceptron"], "s-", color=colors[2], label="LRPerceptron")
axes[0].axhline(limit, color="0.3", linestyle="--", linewidth=1, label="batch perceptron")
axes[0].set(xlabel=r"step size $\eta$", ylabel="steps", title="Steps until separated")
for (rate, (points, losses)), color in zip(shown.items(), colors, strict=True):
    step = np.arange(201)
    axes[1].loglog(step + 1, np.maximum(losses, 1e-3), color=color, label=rf"$\eta$ = {rate:g}")
    axes[2].semilogx(step + 1, mistakes(points), color=color, label=rf"$\eta$ = {rate:g}")
axes[1].set(xlabel="step + 1", ylabel="logistic loss", title="Loss (shown from 0.001)")
axes[2].set(xlabel="step + 1", ylabel=f"mistakes of {n}", title="Misclassified", ylim=(-0.3, 10))
for ax in axes:
    ax.grid(alpha=0.25)
    ax.legend()
plt.show()

# %%
# **What can be proved.** Novikoff's argument: each mistake moves :math:`\theta` by at least
# :math:`\mu` along the best normal, while :math:`\|\theta\|^2` grows by at most :math:`R^2 = 1`. So
# the classical perceptron makes at most :math:`1 / \mu^2` mistakes. In the batch, with a share
# :math:`c_t` of the samples misclassified in step :math:`t`, the same two lines give
#
# .. math:: \mu \sum_t c_t \le \|\theta_T\| \le \sqrt{\textstyle\sum_t c_t^2} \le
#           \sqrt{\textstyle\sum_t c_t}, \qquad\text{so}\quad \sum_t c_t \le 1 / \mu^2 .
#
# A share may be as small as :math:`1/n`, so the number of *steps* has a factor :math:`n` in its
# bound. Dividing the gradient by :math:`1 - e^{-f}`, as the rule ``LRPerceptron`` does, removes it.
# It is gradient descent on the convex function :math:`\varphi = \log(e^f - 1)`, whose gradient has
# at most length 1, and the mean :math:`\bar\theta_t` of its points satisfies
#
# .. math:: \varphi(\bar\theta_t) \le -\eta\, (\mu^2 t - 1) / 2 .

theta, count, clean = np.zeros(rows.shape[1]), 0, False
while not clean:
    clean = True
    for row in rows:
        if row @ theta <= 0:
            theta, count, clean = theta + row, count + 1, False
claims.at_most("classical perceptron: mistakes", "Novikoff 1962", 1 / margin**2, count)
shares = mistakes(perceptron[1 : limit + 1]) / n
claims.at_most(
    "batch perceptron: sum of the shares of mistakes",
    "the argument above",
    1 / margin**2,
    0.5 + shares.sum(),
)

rate, steps = 10.0, 2000
points, _ = path("lr_perceptron", rate, steps)
means = np.cumsum(points, axis=0) / np.arange(1, steps + 2)[:, None]
phi = np.log(np.expm1([f.value(each) for each in means[:-1]]))
bound = -rate * (margin**2 * np.arange(1, steps + 1) - 1) / 2
claims.at_most(
    "LRPerceptron, η = 10: φ of the mean point minus its bound, largest of 2000",
    "Zhang et al. 2025",
    0.0,
    (phi - bound).max(),
)
enough = 1 / margin**2 + 2 * np.log(n / np.log(2)) / (rate * margin**2)
claims.at_most(
    "LRPerceptron, η = 10: steps until the mean point separates",
    "the same bound, φ < log(log 2 / n)",
    enough,
    steps_needed(means),
)

# %%
# Exercise
# --------
# Separate the *third* grower from the others (``data.target == 2``). The margin is 1.8 times as
# large: by which factor does the bound :math:`1 / \mu^2` shrink? Will the steps of the batch
# perceptron (12 above) shrink by that factor, too?

third = X * np.where(data.target == 2, 1.0, -1.0)[:, None]
claims.equal(
    "exercise: 1.8 times the margin", "the data", 1.8, margin_of(third) / margin, rtol=0.03
)
claims.at_least(
    "exercise: the steps do not shrink (a bound is for the worst case)",
    "the run",
    limit,
    steps_needed(batch_perceptron(third), third),
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** Novikoff, On convergence proofs on perceptrons, 1962. Tyurin, From logistic
# regression to the perceptron algorithm: exploring gradient descent with large step sizes, 2024.
# Zhang, Wu, Lin and Bartlett, Minimax optimal convergence of gradient descent in logistic
# regression via large and adaptive stepsizes, 2025.
