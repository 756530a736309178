r"""
The natural gradient does not care how you write sigma
======================================================

**Question.** A regression that predicts a normal distribution has two outputs, :math:`\mu` and
:math:`\sigma`, in different units. How can one learning rate fit both? And who decides whether the
second output is :math:`\sigma`, :math:`\sigma^2` or :math:`\log \sigma`?

Let :math:`S(\theta, y) = -\log p_\theta(y)` be the score. The ordinary gradient is the steepest
ascent per unit of *parameters*. The natural gradient is the steepest ascent per unit of
*distribution*, measured by the Kullback-Leibler divergence, whose curvature is the Fisher
information :math:`\mathcal{I}_S(\theta)`:

.. math::

    \tilde\nabla S(\theta, y) = \mathcal{I}_S(\theta)^{-1}\, \nabla S(\theta, y) .

For the normal distribution with :math:`\theta = (\mu, \log \sigma)` and
:math:`z = (y - \mu) / \sigma`,

.. math::

    \nabla S = \begin{pmatrix} -z / \sigma \\ 1 - z^2 \end{pmatrix}, \quad
    \mathcal{I}_S = \begin{pmatrix} 1 / \sigma^2 & 0 \\ 0 & 2 \end{pmatrix}, \quad
    \tilde\nabla S = \begin{pmatrix} \mu - y \\ (1 - z^2) / 2 \end{pmatrix} .

In the natural gradient the mean moves by the residual, in the unit of :math:`y`, however large
:math:`\sigma` is at the moment.
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import reference
from optlite.boosting import NGBRegressor, distributions
from optlite.display import Claims
from optlite.reference.natural_gradient import natural_gradient

claims = Claims()
paper = "Duan et al. 2020, section 2"
normal = reference.load("distributions", "normal")  # the NumPy twin: score, gradient, metric

random = np.random.default_rng(0)
theta = np.array([random.normal(0.0, 3.0, 200), random.normal(0.0, 2.0, 200)])
y = random.normal(0.0, 3.0, 200)
slope, metric = normal.log_gradient(theta, y), normal.log_metric(theta)
solved = natural_gradient(metric, slope)  # one small linear system a row
z = (y - theta[0]) / np.exp(theta[1])
by_hand = np.array([theta[0] - y, 0.5 * (1.0 - z**2)])
core = distributions.Normal().natural_gradient(theta.T, y).T


def gap(a, b):
    """Return the largest difference, relative to the larger one of both and of 1."""
    return np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)))


claims.at_most(
    "the formula is the solution of the system, largest gap", paper, 1e-12, gap(by_hand, solved)
)
claims.at_most("the core has the same, largest gap", "the core", 1e-12, gap(core, by_hand))

# %%
# **The metric is an expectation**, of squared gradients over the distribution that the parameters
# describe. No data are needed for it, and a few Gauss-Hermite nodes give it exactly, as the squares
# are polynomials of degree 4:

nodes, weights = np.polynomial.hermite_e.hermegauss(21)
here = np.array([1.0, np.log(0.3)])
draws = here[0] + np.exp(here[1]) * nodes
g = normal.log_gradient(np.tile(here[:, None], (1, 21)), draws)
outer = np.einsum("in,jn,n->ij", g, g, weights / weights.sum())
claims.at_most(
    "E[∇S ∇Sᵀ] is diag(1/σ², 2), largest gap at σ = 0.3",
    paper,
    1e-12,
    gap(outer, np.diag([1 / 0.3**2, 2.0])),
)

# %%
# **Invariance.** Write the same distribution with :math:`\theta = (\mu, \log\sigma)`, with
# :math:`(\mu, \sigma)` and with :math:`(\mu, \sigma^2)`. Gradients and metrics follow from the
# chain rule. Then ask each form for its direction, and translate it back into
# :math:`(\mu, \log \sigma)`. The natural directions are one direction. The ordinary ones disagree.

FORMS = {"log σ": lambda s: 1.0 + 0.0 * s, "σ": lambda s: s, "σ²": lambda s: 2.0 * s**2}


def direction(form, theta, y, natural):
    """Return the change of (mu, log sigma) that this form asks for; ``form`` is d form / d log."""
    factor = form(np.exp(theta[1]))
    slope = normal.log_gradient(theta, y) / np.array([np.ones_like(factor), factor])
    if natural:
        metric = normal.log_metric(theta)
        metric[1, 1] /= factor**2
        slope = natural_gradient(metric, slope)
    return -slope / np.array([np.ones_like(factor), factor])


def largest_angle(natural):
    """Return the largest angle between the directions of two forms, in degrees."""
    d = [direction(form, theta, y, natural) for form in FORMS.values()]
    unit = [each / np.linalg.norm(each, axis=0) for each in d]
    sine = [np.abs(unit[0][0] * other[1] - unit[0][1] * other[0]) for other in unit[1:]]
    cosine = [np.sum(unit[0] * other, axis=0) for other in unit[1:]]
    return np.degrees(np.max(np.arctan2(sine, cosine)))


claims.at_most(
    "natural: largest angle between the three forms, degrees", paper, 1e-8, largest_angle(True)
)
claims.at_least("ordinary: the same", paper, 80.0, largest_angle(False))

# %%
# What is invariant is the direction, an infinitesimal step. Two finite steps of the same rate end
# at points that differ, by the square of the rate: a tenth of the rate, a hundredth of the
# difference.

start, data = np.array([[2.0], [0.5]]), np.array([0.3])


def difference(rate):
    """Return how far one step in sigma and one in log sigma end apart, in log sigma."""
    move = direction(FORMS["log σ"], start, data, natural=True)[1, 0]
    sigma = np.exp(start[1, 0])
    return abs(start[1, 0] + rate * move - np.log(sigma + rate * sigma * move))


claims.equal(
    "difference after a finite step, rate 0.01 over 0.001",
    "Taylor's theorem",
    100.0,
    difference(0.01) / difference(0.001),
    rtol=0.01,
)

# %%
# **The picture of the paper**: the mean score of data with mean 0 and standard deviation 1 (the
# grey contours), and what both gradients ask for; arrows are drawn with equal lengths. Straight
# above the star, where :math:`\sigma` is too large, the ordinary gradient mostly repairs the spread
# first. Far to the sides it mostly raises :math:`\sigma` even there. The natural one moves
# :math:`\mu` by the mean residual everywhere.

grid_mu, grid_log = np.meshgrid(np.linspace(-3.5, 3.5, 15), np.linspace(-1.5, 1.5, 13))
grid = np.array([grid_mu.ravel(), grid_log.ravel()])


def mean_gradient(theta):
    """Return the gradient of the mean score when y has mean 0 and variance 1."""
    variance = np.exp(2.0 * theta[1])
    return np.array([theta[0] / variance, 1.0 - (1.0 + theta[0] ** 2) / variance])


def mean_score(theta):
    """Return the mean score."""
    return theta[1] + 0.5 * (1.0 + theta[0] ** 2) * np.exp(-2.0 * theta[1])


def to_natural(theta, slope):
    """Return the natural gradient of a gradient."""
    return natural_gradient(normal.log_metric(theta), slope)


arrows = {"ordinary": -mean_gradient(grid)}
arrows["natural"] = to_natural(grid, arrows["ordinary"])
away = np.linalg.norm(grid, axis=0) > 1e-9  # not the minimum itself
sizes = np.linalg.norm(arrows["ordinary"][:, away], axis=0)
wide = grid[1] >= 0.5  # sigma at least 1.6 times too large


def angle_to_minimum(arrow):
    """Return the median angle between arrows and the way to the minimum where sigma is large."""
    cosine = -np.sum(arrow * grid, axis=0)[wide]
    cosine /= np.linalg.norm(arrow, axis=0)[wide] * np.linalg.norm(grid, axis=0)[wide]
    return np.degrees(np.median(np.arccos(np.clip(cosine, -1.0, 1.0))))


above, aside = wide & (np.abs(grid[0]) <= 1.0), wide & (np.abs(grid[0]) >= 2.5)
down, across = arrows["ordinary"][1] < 0.0, np.abs(arrows["ordinary"][0])
spread_first = down & (np.abs(arrows["ordinary"][1]) > across)
for name, where in (("above the star, |μ| <= 1", above), ("to the sides, |μ| >= 2.5", aside)):
    print(
        f"ordinary, {name}: {spread_first[where].mean():.0%} of the arrows lower log σ by more "
        f"than they move μ, {1.0 - down[where].mean():.0%} raise it"
    )
claims.at_least(
    "ordinary, above the star: share of arrows that repair the spread first",
    "the run",
    0.8,
    spread_first[above].mean(),
)
claims.at_least(
    "ordinary, to the sides: share of arrows that raise a σ too large",
    "the run",
    0.4,
    1.0 - down[aside].mean(),
)
angles = {name: angle_to_minimum(arrow) for name, arrow in arrows.items()}
claims.at_most(
    "natural, σ too large: angle to the minimum, degrees", "the run", 30.0, angles["natural"]
)
claims.at_least("ordinary: the same angle", "the run", 30.0, angles["ordinary"])
claims.at_least("ordinary: longest over shortest arrow", paper, 100.0, sizes.max() / sizes.min())
# The mean of the natural step is exactly that to the minimum: -mu.
claims.at_most(
    "natural: its step in μ is the one to the minimum, largest gap",
    paper,
    1e-12,
    gap(arrows["natural"][0], -grid[0]),
)


STARTS = (np.array([3.2, 1.5]), np.array([-2.5, -0.6]))  # sigma too large, sigma too small


def descend(natural, start, rate=0.1, steps=40):
    """Return the points of a descent."""
    points = [start]
    for _ in range(steps):
        slope = mean_gradient(points[-1][:, None])
        if natural:
            slope = to_natural(points[-1][:, None], slope)
        points.append(points[-1] - rate * slope[:, 0])
    return np.array(points)


paths = {name: [descend(name == "natural", s) for s in STARTS] for name in ("ordinary", "natural")}
left = {name: [mean_score(path[-1]) - 0.5 for path in paths[name]] for name in paths}
for start, natural_left, ordinary_left in zip(
    STARTS, left["natural"], left["ordinary"], strict=True
):
    claims.at_least(
        f"excess score after 40 steps from σ = {np.exp(start[1]):.1f}: ordinary over natural",
        "the run",
        20.0,
        ordinary_left / natural_left,
    )
claims.at_least(
    "ordinary from σ = 0.5: the first step takes σ to",
    "the run",
    4.0,
    np.exp(paths["ordinary"][1][1, 1]),
)

# %%
# **Boosting.** Each stage of NGBoost fits a tree to each component of minus the natural gradient.
# Here are 2,000 rows with a mean that is a sine and a spread that grows twelvefold, in three units
# of :math:`y`: hectometres, the metres in which all was drawn, and centimetres. The ordinary
# gradient is what comes out if one pretends that the metric is the identity.
#
# (:class:`~optlite.boosting.NGBRegressor` would hide the difference: because the ordinary gradient
# depends on the unit, the estimator standardises the targets of the distributions that it knows. A
# distribution given in Python, as here, is taken as it is.)

UNITS = (1e-2, 1.0, 1e2)


def make_rows(n, seed):
    """Return features, targets, and the true mean and standard deviation."""
    random = np.random.default_rng(seed)
    X = random.uniform(size=(n, 3))
    mu, sigma = 2.0 * np.sin(2.0 * np.pi * X[:, 0]), np.exp(-2.0 + 2.5 * X[:, 1])
    return X, mu + sigma * random.normal(size=n), mu, sigma


X, y, _, _ = make_rows(2000, 0)
X_new, y_new, mu_new, sigma_new = make_rows(2000, 1)
truth = -distributions.Normal().at(np.column_stack([mu_new, np.log(sigma_new)])).logpdf(y_new)


class Definition:
    """The normal distribution of the twin, with a metric of our choice."""

    parameters = ("mu", "log_sigma")
    score = staticmethod(normal.log_score)
    gradient = staticmethod(normal.log_gradient)
    frozen = staticmethod(normal.frozen)

    def __init__(self, metric):
        self.metric = metric

    def start(self, y, weight):
        """Return the parameters before the first stage."""
        return np.array([y.mean(), np.log(y.std())])


def identity(theta):
    """Return what makes a natural gradient an ordinary one."""
    return np.repeat(np.eye(2)[:, :, None], theta.shape[1], axis=2)


FAMILIES = {
    True: distributions.from_user(Definition(normal.log_metric)),
    False: distributions.from_user(Definition(identity)),
}


def curve(natural, unit):
    """Return the score of new rows after each stage, in the unit of the original rows."""
    model = NGBRegressor(
        FAMILIES[natural], n_estimators=200, early_stopping_rounds=None, n_threads=1
    ).fit(X, unit * y)
    stages = model.staged_pred_dist(X_new)
    return np.array([-each.logpdf(unit * y_new).mean() - np.log(unit) for each in stages])


curves = {(natural, unit): curve(natural, unit) for natural in (True, False) for unit in UNITS}


def stages_to(scores, target):
    """Return the first stage with this score, or infinity."""
    return np.argmax(scores <= target) + 1 if (scores <= target).any() else np.inf


goal = 0.8
reached = {key: stages_to(scores, goal) for key, scores in curves.items()}
for (natural, unit), stage in reached.items():
    name = "natural" if natural else "ordinary"
    print(f"{name:8s} unit {unit:6g}: {stage:4g} stages to a score of {goal}")
print(f"The truth has {truth.mean():.3f} on these rows.")

claims.at_most(
    "boosting, natural: largest difference of the curves in three units",
    paper,
    1e-6,
    max(np.abs(curves[True, unit] - curves[True, 1.0]).max() for unit in UNITS),
)

claims.at_most("... natural: stages to a score of 0.8", "the run", 60, reached[True, 1.0])
claims.at_least(
    "... ordinary, hectometres and centimetres: best score of 200 stages, over the goal",
    "the run",
    1.5,
    min(curves[False, unit].min() for unit in (1e-2, 1e2)) / goal,
)
claims.at_most(
    "... ordinary, the unit in which σ is about 1: best score over that of natural",
    "the run",
    1.02,
    curves[False, 1.0].min() / curves[True, 1.0].min(),
)

# %%
# The last of these claims is there for honesty. Where the typical :math:`\sigma` happens to be 1,
# the metric is close to a constant and the ordinary gradient is as good, or better. It has to be
# lucky with the unit; the natural gradient does not.

# %%
# **Step by step.** The twin of the core yields a record for each stage: minus the natural gradient
# (the targets), the trees, what they make of the targets (the direction :math:`f`), the step
# :math:`\rho` along it, parameters and score.


def twin_stages(line_search, rate, stages):
    """Yield the records of the first stages on the first 400 rows."""
    return reference.boosting.steps(
        X[:400],
        y[:400],
        np.array([y[:400].mean(), np.log(y[:400].std())]),
        normal.log_score,
        lambda theta, y: natural_gradient(normal.log_metric(theta), normal.log_gradient(theta, y)),
        line_search=line_search,
        gradient=normal.log_gradient,
        learning_rate=rate,
        n_estimators=stages,
        min_leaf_weight=20.0,
    )


records = {name: list(twin_stages(name, 0.05, 5)) for name in ("doubling", "newton")}
for name, stages in records.items():
    for r in stages:
        explained = 1.0 - np.mean((r.targets - r.direction) ** 2, axis=0) / np.var(
            r.targets, axis=0
        )
        print(
            f"{name:8s} stage {r.number}: ρ = {r.step:.3f}, score {r.score:.4f}, variance of the "
            f"targets that the trees explain {explained[0]:.2f} and {explained[1]:.2f}"
        )

# %%
# **How far?** Before the learning rate shortens it, the step :math:`\rho` is to lower the mean
# score :math:`\phi(\rho)` along :math:`f`. ngboost doubles it from 1 while the score does not
# exceed :math:`\phi(0)`, or halves it. ``line_search="newton"`` goes to the minimum, where
# :math:`\phi'(\rho) = 0`. In the first stages that is about 1, because a natural gradient step is a
# step of Fisher's scoring: Newton's method with the Fisher information, which is the expected
# second derivative of the score, in place of the second derivative. There doubling takes 1. A
# parabola is back at its start at twice its minimum, so that a minimum above 1 would let doubling
# take 2. :math:`\phi` is steeper on the far side: doubling takes 2 from the stage on in which the
# minimum has risen to about 1.2. Later the minimum spreads widely, as the printed lines say.

claims.equal(
    "the lowest score of the first stage lies at ρ",
    "Fisher's scoring",
    1.0,
    records["newton"][0].step,
    rtol=0.1,
)


def score_beyond(record, factor):
    """Return the mean score at so many times the minimum along the direction of a stage."""
    start = record.params - 0.05 * record.step * record.direction  # 0.05 is the learning rate
    return normal.log_score((start + factor * record.step * record.direction).T, y[:400]).mean()


claims.at_least(
    "first five stages: φ at twice the minimum, minus φ(0), the least",
    "the run",
    0.0,
    min(score_beyond(record, 2.0) - score_beyond(record, 0.0) for record in records["newton"]),
)
searched, steps = {}, {}
for rate in (0.05, 1.0):
    for line_search in ("doubling", "newton"):
        model = NGBRegressor(
            line_search=line_search,
            learning_rate=rate,
            n_estimators=200,
            early_stopping_rounds=None,
            n_threads=1,
        ).fit(X, y)
        steps[line_search, rate] = model.scalings_
        scores = [-each.logpdf(y_new).mean() for each in model.staged_pred_dist(X_new)]
        searched[line_search, rate] = scores = np.array(scores)
        print(
            f"{line_search:8s} rate {rate:4.2f}: score "
            + ", ".join(f"{scores[k - 1]:.3f} after {k}" for k in (5, 25, 50, 100, 200))
            + f"; lowest {scores.min():.3f}, after {scores.argmin() + 1} stages"
        )
least, doubled = np.array(steps["newton", 0.05]), np.array(steps["doubling", 0.05])
change = int(np.argmax(doubled != 1.0))
print(
    f"rate 0.05: doubling takes 1 in stages 1 to {change}, where the minimum goes from "
    f"{least[:change].min():.2f} to {least[:change].max():.2f}; in stage {change + 1} it takes "
    f"{doubled[change]:.0f}, and the minimum is {least[change]:.2f}.\n"
    f"All 200 stages: the minimum goes from {least.min():.2f} to {least.max():.2f}, with the "
    f"median {np.median(least):.2f}"
)
claims.equal(
    "rate 0.05: the minimum in the first stage in which doubling does not take 1",
    "the run",
    1.2,
    least[change],
    rtol=0.1,
)
assert doubled[change] == 2.0
slower = stages_to(searched["newton", 0.05], goal) / stages_to(searched["doubling", 0.05], goal)
claims.equal(
    "... of the 200 stages, the median",
    "Fisher's scoring",
    1.0,
    np.median(steps["newton", 0.05]),
    rtol=0.2,
)
claims.at_least("rate 0.05: stages to a score of 0.8, newton over doubling", "the run", 1.1, slower)
claims.equal(
    "rate 0.05: lowest score, newton and doubling",
    "the run",
    searched["doubling", 0.05].min(),
    searched["newton", 0.05].min(),
    rtol=0.01,
)
claims.at_most(
    "rate 1: lowest score, newton minus doubling",
    "the run",
    0.0,
    searched["newton", 1.0].min() - searched["doubling", 1.0].min(),
)

# %%
# With a small rate the exact minimum is not what one wants: only a twentieth of the step is taken,
# so the longer one learns faster, and both end at the same score. The default is doubling, which
# also gives the models of ngboost. Whoever takes whole steps is better off with the minimum.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
BLUE, ORANGE = "#0072B2", "#D55E00"
fine = np.meshgrid(np.linspace(-4, 4, 201), np.linspace(-1.8, 1.8, 201))
for ax, (name, arrow), color in zip(axes, arrows.items(), (ORANGE, BLUE), strict=False):
    ax.contour(*fine, np.log(mean_score(fine) - 0.4999), 14, colors="0.8", linewidths=0.7)
    arrow = arrow / np.maximum(np.linalg.norm(arrow, axis=0), 1e-12)
    ax.quiver(*grid, *arrow, color=color, alpha=0.55, width=0.004, scale=24)
    for path in paths[name]:
        ax.plot(*path.T, ".-", color="k", linewidth=1.2, markersize=4)
    ax.plot(0, 0, "*", color="k", markersize=11)
    ax.set(title=f"{name.capitalize()} gradient, 40 steps of rate 0.1", xlabel=r"$\mu$")
    ax.set(ylabel=r"$\log\,\sigma$", xlim=(-4, 4), ylim=(-1.8, 1.8))
stages = np.arange(1, 201)
for (natural, unit), scores in curves.items():
    if natural and unit != 1.0:
        continue  # the same curve three times
    color, style = (BLUE, "-") if natural else (ORANGE, {1e-2: ":", 1.0: "-", 1e2: "--"}[unit])
    label = "natural, any unit" if natural else f"ordinary, unit {unit:g}"
    axes[2].plot(stages, scores, style, color=color, label=label)
axes[2].axhline(
    truth.mean(), color="0.4", linewidth=1, linestyle="-.", label="the true distribution"
)
axes[2].set(title="Boosting, new rows", xlabel="stage", ylabel="log score", ylim=(0.6, 1.95))
axes[2].legend(fontsize="small")
axes[2].grid(alpha=0.25)
plt.show()

# %%
# Exercises
# ---------
# **1.** The Poisson distribution has one parameter, :math:`t = \log \mu`. Its gradient is
# :math:`\mu - y` and its information :math:`\mu`. Which step does the natural gradient ask for at
# :math:`\mu = 100` when the data have the mean 1, and which the ordinary one? Which of the two
# would you take with a rate of 0.1? (Predict, then read the two lines of the table.)

poisson = reference.load("distributions", "poisson")
at = np.array([[np.log(100.0)]])
slope = poisson.log_gradient(at, np.array([1.0]))
step = natural_gradient(poisson.log_metric(at), slope)
claims.equal(
    "exercise 1: ordinary step in log μ, μ = 100, y = 1", "μ - y", 99.0, slope[0, 0], rtol=1e-12
)
claims.equal("exercise 1: natural step", "1 - y / μ", 0.99, step[0, 0], rtol=1e-12)

# %%
# **2.** At a *small* :math:`\mu`, the natural step :math:`1 - y / \mu` has no bound: at
# :math:`\mu = 0.01` and :math:`y = 1` it is -99. Which of the two components of the normal natural
# gradient shares this, and at which :math:`z` is it -99?

z_of_99 = np.sqrt(1.0 + 2.0 * 99.0)
at = np.zeros((2, 1))
claims.equal(
    "exercise 2: natural step in log σ at z = √199",
    "(1 - z²) / 2",
    -99.0,
    natural_gradient(normal.log_metric(at), normal.log_gradient(at, np.array([z_of_99])))[1, 0],
    rtol=1e-12,
)

# %%
# That is why boosting limits what one stage may do to a logarithm, and what the CRPS cures: see
# :ref:`the lesson on it <sphx_glr_auto_examples_lessons_plot_crps.py>`.
#
# Claims
# ------

claims

# %%
# **Sources.** Duan, Avati, Ding, Thai, Basu, Ng and Schuler, NGBoost: natural gradient boosting for
# probabilistic prediction, ICML 2020, arXiv:1910.03225. Amari, Natural gradient works efficiently
# in learning, 1998. The numbers behind ≤ and ≥ are ours.
