r"""
A duality gap knows where the minimum is
========================================

**Question.** When may a solver stop? Most stop where nothing seems to change any more. What can one
number, computed from any point, *prove* about a minimum that nobody knows, and which columns can it
send home before the work is done?

The lasso (Tibshirani 1996) minimises over w, and its dual maximises over :math:`\theta`,

.. math::

    P(w) &= \frac{1}{2n} \|y - X w\|^2 + \alpha \|w\|_1, \\
    D(\theta) &= \frac{\|y\|^2 - \|y - \theta\|^2}{2n}
    \quad\text{with}\quad |x_j^\top \theta| \le n \alpha \text{ for all } j.

For each w and each such :math:`\theta`, :math:`D(\theta) \le \min P \le P(w)`, and the ends meet at
the solution, where :math:`\theta^* = y - X w^*`. So the residual of any w, shrunk until it fits
between the constraints, bounds what is left to gain: :math:`P(w) - D(\theta)` is a *certificate*.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np

from optlite.display import Claims
from optlite.linear_model import Lasso

claims = Claims()
BLUE, ORANGE, GREEN = "#1f5fa8", "#d9730d", "#2e7d4f"

# %%
# Three hundred columns that are much alike, each correlated 0.98 with the next; eight of them are
# in the truth.

random = np.random.default_rng(0)
n, p, rho = 100, 300, 0.98
X = random.normal(size=(n, p))
for j in range(1, p):
    X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
X -= X.mean(axis=0)
truth = np.zeros(p)
truth[::40] = random.choice([-2.0, 2.0], size=8)
y = X @ truth + 0.5 * random.normal(size=n)
y -= y.mean()
alpha = 0.02 * np.abs(X.T @ y).max() / n  # a fiftieth of what makes all of w zero


def objective(w):
    """Return P."""
    return np.sum((y - X @ w) ** 2) / (2 * n) + alpha * np.abs(w).sum()


def dual_point(w):
    """Return the residual, shrunk into the constraints."""
    residual = y - X @ w
    return residual * min(1.0, n * alpha / np.abs(X.T @ residual).max())


def gap(w):
    """Return P(w) - D(theta)."""
    theta = dual_point(w)
    return objective(w) - (y @ y - np.sum((y - theta) ** 2)) / (2 * n)


# %%
# Coordinate descent, a record a sweep
# ------------------------------------
# **Step by step.** Along one coordinate the minimum is known: soft thresholding. This is the whole
# method (Friedman, Hastie and Tibshirani 2010).


def sweeps(count):
    """Yield w after each sweep over all coordinates."""
    w, residual, squares = np.zeros(p), y.copy(), np.sum(X**2, axis=0)
    for _ in range(count):
        yield w.copy()
        for j in range(p):
            old = w[j]
            z = old + X[:, j] @ residual / squares[j]
            w[j] = np.sign(z) * max(abs(z) - n * alpha / squares[j], 0.0)
            if w[j] != old:
                residual -= (w[j] - old) * X[:, j]
    yield w


SWEEPS = 500
points = list(sweeps(SWEEPS))
model = Lasso(alpha=alpha, fit_intercept=False, tol=1e-14).fit(X, y)
minimum = objective(model.coef_)
gaps = np.array([gap(w) for w in points])
left = np.array([objective(w) for w in points]) - minimum
for k in (0, 1, 2, 5, 20, 100, 500):
    print(
        f"sweep {k:3d}: P(w) = {left[k] + minimum:9.5f}, within {gaps[k]:.1e} of the minimum, "
        f"{np.count_nonzero(points[k]):3d} columns"
    )
claims.at_most(
    "the library's solver: its duality gap, recomputed here, over P",
    "optlite.linear_model.Lasso",
    1e-13,
    gap(model.coef_) / minimum,
)
claims.at_most(
    "largest excess of the true distance P(w) - min P over the gap, all sweeps, over min P",
    "weak duality",
    1e-13,
    (left - gaps).max() / minimum,
)

# %%
# **Small steps prove nothing.** A common rule stops where no coefficient moves by more than a
# thousandth of the largest. But what is nearly parallel moves slowly: a thousandth a sweep, for
# many sweeps. The gap is no smaller than what is really left, whatever the steps look like.

moves = np.array([np.abs(b - a).max() / np.abs(b).max() for a, b in itertools.pairwise(points)])
stops = int(np.argmax(moves < 1e-3)) + 1
off = np.abs(points[stops] - model.coef_).max() / np.abs(model.coef_).max()
print(f"small moves stop after {stops} sweeps; a coefficient is still off by {100 * off:.1f}%")
claims.at_least(
    "where small moves stop: largest error of a coefficient, over the largest move",
    "the run",
    10.0,
    off / moves[stops - 1],
)

# %%
# Columns that can be sent home
# -----------------------------
# D is strongly concave: it falls by at least :math:`\|\theta - \theta^*\|^2 / 2n` away from its
# maximum. So :math:`\theta^*` is no farther from :math:`\theta` than
# :math:`r = \sqrt{2 n\, \text{gap}}`, and
#
# .. math:: |x_j^\top \theta| + r \|x_j\| < n \alpha \quad\Longrightarrow\quad
#           |x_j^\top \theta^*| < n \alpha \quad\Longrightarrow\quad w_j^* = 0 .
#
# Such a column may be forgotten for good (Fercoq, Gramfort and Salmon 2015). The smaller the gap,
# the more of them. In the end only the columns with :math:`|x_j^\top \theta^*| = n \alpha` are
# left, the *equicorrelation set*: each of them is equally correlated with the residual
# :math:`\theta^*`. It contains all columns with :math:`w_j^* \neq 0`. Solvers turn this around:
# they work on the few columns that come closest to their constraint, and let the gap over all
# columns say when to stop (Massias, Gramfort and Salmon 2018).

norms = np.linalg.norm(X, axis=0)
best = y - X @ model.coef_
bounds = np.array(
    [
        np.abs(X.T @ dual_point(w)) + norms * np.sqrt(2 * n * g)
        for w, g in zip(points, gaps, strict=True)
    ]
)
kept = np.sum(bounds >= n * alpha, axis=1)
support = model.coef_ != 0.0
radius = np.sqrt(2 * n * gaps)
distance = np.array([np.linalg.norm(dual_point(w) - best) for w in points])
claims.at_most(
    "largest distance of θ from θ* over the radius, all sweeps",
    "Fercoq et al. 2015",
    1.0,
    (distance / radius).max(),
)
claims.at_most(
    "columns of the solution that were sent home, all sweeps",
    "Fercoq et al. 2015",
    0,
    int(np.sum(bounds[:, support].min(axis=0) < n * alpha * (1 - 1e-9))),
)
claims.at_most(
    "columns kept at the end, over those that the solution uses",
    "Fercoq et al. 2015: the equicorrelation set, in the end",
    1.2,
    kept[-1] / support.sum(),
)
claims.equal("columns kept at w = 0", "the ball is too large", p, kept[0], rtol=0.0)

figure, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
sweep = np.arange(len(points))
visible = left > 1e-15
left_ax.semilogy(sweep, gaps, color=ORANGE, label="duality gap")
left_ax.semilogy(sweep[visible], left[visible], color=BLUE, label="true distance P(w) - min P")
left_ax.axvline(stops, color="0.4", linestyle=":", label="small moves would stop here")
left_ax.set(xlabel="sweep", ylabel="in the unit of P", title="What the certificate proves")
left_ax.legend()
right_ax.plot(sweep, kept, color=GREEN, label="kept by the bound")
right_ax.plot(sweep, [np.count_nonzero(w) for w in points], color=BLUE, label="not zero in w")
right_ax.axhline(support.sum(), color="0.4", linestyle="--", linewidth=1, label="in the solution")
right_ax.set(xlabel="sweep", ylabel="columns", title=f"Of {p} columns", ylim=(0, None))
right_ax.legend()
for ax in (left_ax, right_ax):
    ax.grid(alpha=0.25)
plt.show()

# %%
# Exercise
# --------
# For which :math:`\alpha` is w = 0 the solution? Look for the smallest one for which the gap at w
# = 0 is zero: it is where every path of solutions begins.


def gap_at_zero(strength):
    """Return the gap at w = 0."""
    theta = y * min(1.0, n * strength / np.abs(X.T @ y).max())
    return np.sum((y - theta) ** 2) / (2 * n)


largest = np.abs(X.T @ y).max() / n
claims.at_most(
    "exercise: gap at w = 0, α = max |x'y| / n", "this lesson", 1e-15, gap_at_zero(largest)
)
claims.at_least("exercise: and 1% below it", "this lesson", 1e-6, gap_at_zero(0.99 * largest))
claims.equal(
    "exercise: the library finds as many columns there",
    "this lesson",
    1,
    np.count_nonzero(Lasso(alpha=0.99 * largest, fit_intercept=False).fit(X, y).coef_),
    rtol=0.0,
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** R. Tibshirani, Regression shrinkage and selection via the lasso, 1996. J. Friedman,
# T. Hastie and R. Tibshirani, Regularization paths for generalized linear models via coordinate
# descent, 2010. O. Fercoq, A. Gramfort and J. Salmon, Mind the duality gap: safer rules for the
# lasso, 2015. M. Massias, A. Gramfort and J. Salmon, Celer: a fast solver for the lasso with dual
# extrapolation, 2018.
