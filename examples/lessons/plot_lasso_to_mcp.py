r"""
From the lasso to MCP: sparse without shrinking
===============================================

**Question.** The lasso makes small coefficients exactly zero, and pays for it with the large
ones: it shrinks them all. Is that the price of sparsity, or of convexity?

Along one coordinate, with columns of length :math:`\sqrt n`, a penalty :math:`\rho` changes the
least squares coefficient z into :math:`\operatorname{argmin}_x \frac12 (x - z)^2 + \rho(x)`. For
:math:`x \ge 0`, and symmetric,

.. math::

    \text{lasso:}\quad \rho(x) = \alpha x, \qquad
    \text{MCP:}\quad \rho(x) = \begin{cases} \alpha x - x^2 / 2 \gamma & x \le \gamma \alpha \\
    \gamma \alpha^2 / 2 & x > \gamma \alpha . \end{cases}

MCP (Zhang 2010) begins as steep as the lasso and ends flat: what is larger than
:math:`\gamma \alpha` is left as it is. Between, its slope falls at the rate :math:`1 / \gamma`, and
:math:`\gamma > 1` keeps the problem along the coordinate convex.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from optlite.display import Claims
from optlite.linear_model import Lasso, SparseRegressor
from optlite.reference.penalties import mcp

claims = Claims()
BLUE, ORANGE, GREEN = "#1f5fa8", "#d9730d", "#2e7d4f"
GAMMA = 3.0


def soft(z, alpha):
    """Return the minimiser for the lasso."""
    return np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0)


def firm(z, alpha, gamma=GAMMA):
    """Return the minimiser for MCP: the firm shrinkage of Gao and Bruce."""
    return np.where(np.abs(z) > gamma * alpha, z, soft(z, alpha) / (1.0 - 1.0 / gamma))


grid = np.linspace(-6.0, 6.0, 200_001)
inside = np.minimum(np.abs(grid), GAMMA)
penalty = inside - inside**2 / (2 * GAMMA)
brute = [grid[np.argmin(0.5 * (grid - z) ** 2 + penalty)] for z in np.linspace(-5, 5, 41)]
claims.at_most(
    "the formula against a search over 200001 points, largest difference",
    "Zhang 2010; Gao and Bruce 1997",
    6e-5,
    np.abs(firm(np.linspace(-5, 5, 41), 1.0) - brute).max(),
)

claims.at_most(
    "and against the operator of the library's penalty",
    "optlite.reference.penalties.mcp",
    1e-14,
    np.abs(firm(grid[::100], 1.0) - mcp.prox(grid[::100], 1.0, GAMMA)).max(),
)

# %%
# Many columns
# ------------
# Coordinate descent applies that operator to one coordinate after the other (Breheny and Huang
# 2011). The only difference between the two penalties is the function that is called.

random = np.random.default_rng(4)
n, p = 200, 400
X = random.normal(size=(n, p))
for j in range(1, p):
    X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
X = (X - X.mean(axis=0)) / X.std(axis=0)  # columns of length sqrt(n)
truth = np.zeros(p)
truth[[20, 90, 160, 230, 300, 370]] = [3.0, -2.0, 1.5, 3.0, -1.5, 2.0]
used = truth != 0.0
y = X @ truth + random.normal(size=n)
y -= y.mean()


@dataclass(frozen=True)
class Sweep:
    """What is there after a sweep over all coordinates."""

    number: int
    w: np.ndarray
    moved: float  # the largest change of a coordinate


def sweeps(operator, alpha, start, count=200):
    """Yield a record a sweep of coordinate descent, one operator call a coordinate."""
    w, residual = start.copy(), y - X @ start
    for number in range(1, count + 1):
        largest = 0.0
        for j in range(p):
            old = w[j]
            w[j] = operator(old + X[:, j] @ residual / n, alpha)
            if w[j] != old:
                residual -= (w[j] - old) * X[:, j]
                largest = max(largest, abs(w[j] - old))
        yield Sweep(number, w.copy(), largest)
        if largest < 1e-9:
            break


# %%
# **Step by step.** From zero, at an :math:`\alpha` of a fifth of the one at which nothing is left.
# After two sweeps both have the six true columns and no other. The lasso leaves all of them too
# small; MCP those only that are not yet beyond :math:`\gamma \alpha`.

largest = np.abs(X.T @ y).max() / n
for name, operator in (("lasso", soft), ("MCP", firm)):
    for record in sweeps(operator, 0.2 * largest, np.zeros(p)):
        if record.number in (1, 2, 3, 5, 10) or record.moved < 1e-9:
            ones = " ".join(f"{each:5.2f}" for each in record.w[used])
            print(
                f"{name:5s} sweep {record.number:2d}: {np.count_nonzero(record.w):3d} columns, "
                f"the true ones {ones}, moved by {record.moved:.0e}"
            )

# %%
# **Along a path.** P is not convex for MCP, and where one ends depends on where one starts. So
# start where the answer is certain, at the :math:`\alpha` for which w = 0, and follow the
# solution down.

alphas = np.geomspace(largest, 0.02 * largest, 30)
paths = {}
for name, operator in (("lasso", soft), ("MCP", firm)):
    w, path = np.zeros(p), []
    for alpha in alphas:
        *_, record = sweeps(operator, alpha, w)
        w = record.w
        path.append(w)
    paths[name] = np.array(path)
middle = 14
fitted = Lasso(alpha=alphas[middle], fit_intercept=False, tol=1e-12).fit(X, y).coef_
claims.at_most(
    "lasso by these lines, and by the library: largest difference",
    "optlite.linear_model.Lasso",
    1e-6,
    np.abs(paths["lasso"][middle] - fitted).max(),
)

# %%
# **The library's path.** :class:`~optlite.linear_model.SparseRegressor` takes any registered
# penalty, and solves by Newton steps on working sets what the lines above solve one coordinate at a
# time. With ``warm_start=True`` it follows the same path. Its certificate is how far the conditions
# of optimality are from holding: a duality gap would need a convex penalty.

model = SparseRegressor(
    penalty="mcp",
    penalty_params={"gamma": GAMMA},
    fit_intercept=False,
    warm_start=True,
    tol=1e-10,
)
off, worst = [], 0.0
for k, alpha in enumerate(alphas):
    model.set_params(alpha=alpha).fit(X, y)
    off.append(np.abs(model.coef_ - paths["MCP"][k]).max())
    worst = max(worst, model.certificate_)
claims.at_most(
    "MCP by these lines, and by the library: largest difference, the upper two thirds of the path",
    "optlite.linear_model.SparseRegressor",
    1e-6,
    max(off[:20]),
)
claims.at_most(
    "SparseRegressor: largest violation of the conditions along the path",
    "its certificate",
    1e-8,
    worst,
)

# %%
# **What MCP buys.** Compare both where they choose best, by the error on fresh data. The oracle is
# least squares on the six true columns, which nobody knows.

fresh = random.normal(size=(2000, p))
for j in range(1, p):
    fresh[:, j] = 0.5 * fresh[:, j - 1] + np.sqrt(0.75) * fresh[:, j]
risk = {name: np.mean((fresh @ (path - truth).T) ** 2, axis=0) for name, path in paths.items()}
best = {name: int(np.argmin(each)) for name, each in risk.items()}
oracle = np.zeros(p)
oracle[used] = np.linalg.lstsq(X[:, used], y, rcond=None)[0]
oracle_risk = np.mean((fresh @ (oracle - truth)) ** 2)
chosen = {name: paths[name][k] for name, k in best.items()}
for name, w in chosen.items():
    print(
        f"{name:5s} at its best: {np.count_nonzero(w):3d} columns, "
        f"excess risk {risk[name][best[name]]:.4f} (oracle {oracle_risk:.4f})"
    )
claims.at_most(
    "MCP: excess risk at its best, over the oracle's",
    "Zhang 2010: the oracle property",
    1.5,
    risk["MCP"].min() / oracle_risk,
)
claims.at_least(
    "lasso: excess risk at its best, over the oracle's",
    "Fan and Li 2001: bias",
    4.0,
    risk["lasso"].min() / oracle_risk,
)
claims.equal(
    "MCP at its best: wrong columns, kept or dropped, plus one",
    "Zhang 2010: selection",
    1,
    1 + int(np.sum((chosen["MCP"] != 0.0) != used)),
    rtol=0.0,
)
claims.at_least(
    "lasso at its best: columns that are not in the truth",
    "Meinshausen and Bühlmann 2006: prediction wants too many",
    6,
    int(np.sum((chosen["lasso"] != 0.0) & ~used)),
)

# %%
# **Where the bias is.** The optimality conditions of the lasso say by how much the large
# coefficients are shrunk: on its support S with signs s, the solution is least squares on S minus
# :math:`\alpha\, (X_S^\top X_S / n)^{-1} s`. For MCP, where all of S is beyond :math:`\gamma
# \alpha`, nothing is subtracted: it *is* least squares on S.

w, alpha = chosen["lasso"], alphas[best["lasso"]]
S = w != 0.0
gram = X[:, S].T @ X[:, S] / n
shift = np.linalg.lstsq(X[:, S], y, rcond=None)[0] - w[S]
claims.at_most(
    "lasso: least squares on its support, minus the solution, minus the formula",
    "optimality conditions",
    1e-6,
    np.abs(shift - alpha * np.linalg.solve(gram, np.sign(w[S]))).max(),
)
claims.at_most(
    "MCP: difference from least squares on the true columns",
    "flat beyond γα",
    1e-6,
    np.abs(chosen["MCP"] - oracle).max(),
)

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
z = np.linspace(-4.5, 4.5, 901)
axes[0].plot(z, z, ":", color="0.5", label="least squares")
axes[0].plot(z, soft(z, 1.0), color=ORANGE, label="lasso")
axes[0].plot(z, firm(z, 1.0), color=BLUE, label=rf"MCP, $\gamma$ = {GAMMA:g}")
axes[0].set(xlabel=r"z / $\alpha$", ylabel=r"x / $\alpha$", title="One coordinate")
axes[0].legend()
for ax, (name, path) in zip(axes[1:], paths.items(), strict=True):
    ax.semilogx(alphas, path[:, ~used], color="0.7", linewidth=0.8)
    ax.semilogx(alphas, path[:, used], color=ORANGE if name == "lasso" else BLUE)
    ax.axvline(alphas[best[name]], color="0.3", linestyle="--", linewidth=1)
    for value in truth[used]:
        ax.plot(alphas[-1], value, "<", color=GREEN, clip_on=False)
    ax.set(xlabel=r"$\alpha$", ylabel="coefficients", ylim=(-3, 4))
    ax.set_title(f"{name}: best risk at the line")
    ax.set_xticks([1.0, 0.3, 0.1], ["1", "0.3", "0.1"])
    ax.minorticks_off()
    ax.invert_xaxis()
for ax in axes:
    ax.grid(alpha=0.25)
plt.show()

# %%
# The triangles are the true coefficients, grey lines columns that are not in the truth.
#
# Exercise
# --------
# As :math:`\gamma` grows, MCP becomes the lasso. What becomes of it as :math:`\gamma` goes to one?
# (What does the middle case of the operator do to z just above :math:`\alpha`?) Compare with *hard*
# thresholding, which keeps z or drops it.

z = np.linspace(-4.0, 4.0, 200)
hard = np.where(np.abs(z) > 1.0, z, 0.0)
claims.at_most(
    "exercise: γ = 1e6, largest difference from the lasso's operator",
    "this lesson",
    1e-5,
    np.abs(firm(z, 1.0, 1e6) - soft(z, 1.0)).max(),
)
claims.at_most(
    "exercise: γ = 1.001, the same from hard thresholding, outside of [1, 1.001]",
    "this lesson",
    1e-12,
    np.abs(firm(z, 1.0, 1.001) - hard).max(),
)

# %%
# Claims
# ------

claims

# %%
# **Sources.** R. Tibshirani, Regression shrinkage and selection via the lasso, 1996. H.-Y. Gao
# and A. G. Bruce, WaveShrink with firm shrinkage, 1997. J. Fan and R. Li, Variable selection via
# nonconcave penalized likelihood and its oracle properties, 2001. N. Meinshausen and P. Bühlmann,
# High-dimensional graphs and variable selection with the lasso, 2006. C.-H. Zhang, Nearly
# unbiased variable selection under minimax concave penalty, 2010. P. Breheny and J. Huang,
# Coordinate descent algorithms for nonconvex penalized regression, with applications to
# biological feature selection, 2011.
