r"""
Leaving a saddle point
======================

**Question.** At a saddle point the gradient is zero, and nothing that looks at gradients alone can
tell it from a minimum. What do methods do there, and near there, and how does a method that knows
the curvature prove that it is not at the end, and leave?

The function of this lesson has the saddle at 0, where its Hessian is diag(2, -2), and two minima of
value -1 at :math:`(0, \pm\sqrt 2)`:

.. math:: f(x, y) = x^2 - y^2 + \tfrac14 y^4 .
"""

import matplotlib.pyplot as plt
import numpy as np

from optlite import objectives, optim
from optlite.curvature import lanczos
from optlite.display import Claims

f = objectives.from_callable(
    lambda w: w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4,
    lambda w: np.array([2 * w[0], w[1] ** 3 - 2 * w[1]]),
    shape=2,
    hvp=lambda w, v: np.array([2 * v[0], (3 * w[1] ** 2 - 2) * v[1]]),
)
claims = Claims()

# %%
# Who is attracted by it
# ----------------------
# Gradient descent is pushed away along y, but only as far as it has come: from a distance
# :math:`\delta` a rate :math:`\eta` makes :math:`(1 + 2 \eta)^k \delta` of it in k steps. Random
# starts miss the line y = 0 on which it converges to the saddle (Lee et al. 2016), but a start near
# it costs :math:`\log(1 / \delta)` steps. Newton's method is worse: its step goes to the stationary
# point of the quadratic model, whichever that is. Around the saddle it *converges* to it,
# and very fast: here the error of y is cubed.


def newton(w):
    """One step as in the books, without a safeguard; the Hessian is diagonal."""
    return w - f.gradient(w) / np.array([2.0, 3.0 * w[1] ** 2 - 2.0])


w = np.array([0.6, 0.3])
ys = [w[1]]
for _ in range(4):
    w = newton(w)
    ys.append(w[1])
claims.at_most("plain Newton after 4 steps: distance from the saddle", "theory", 1e-15, abs(ys[-1]))
claims.equal(
    "plain Newton: error after a step over the cube of the error before",
    "y - f'/f'' = -2 y^3 / (2 - 3 y^2)",
    -1.0,
    ys[2] / ys[1] ** 3,
    rtol=0.01,
)

rate, left = 0.1, {}
for delta in (1e-2, 1e-4, 1e-8):
    run = optim.steps(f, [1.0, delta], method="sgd", learning_rate=rate, max_iter=300)
    left[delta] = next(record.iteration for record in run if abs(record.x[1]) > 0.1)
claims.equal(
    "gradient descent: further steps to leave from 1e-8 than from 1e-4",
    "log(1e4) / log(1 + 2 eta)",
    np.log(1e4) / np.log(1.0 + 2.0 * rate),
    left[1e-8] - left[1e-4],
    rtol=0.03,
)

# %%
# A proof of negative curvature
# -----------------------------
# A Ritz value is a Rayleigh quotient, :math:`\theta = v^T H v` with :math:`|v| = 1`: the smallest
# eigenvalue is not above it, and some eigenvalue is within :math:`\|H v - \theta v\|` of it. A
# negative :math:`\theta` therefore proves that the point is no minimum. ``trust_region`` and
# ``cubic`` meet such vectors on their way, and where the gradient has vanished, Lanczos' method
# looks for one. Every record has the number and its bound.

runs = {
    method: list(optim.steps(f, [0.0, 0.0], method=method, tol=1e-10))
    for method in ("trust_region", "cubic")
}
for method, run in runs.items():
    claims.equal(
        f"{method}, exactly at the saddle: curvature", "Hessian", -2.0, run[0].curvature, rtol=1e-10
    )
    claims.at_most(f"{method}: its bound", "Lanczos", 1e-10, run[0].curvature_bound)
    claims.equal(f"{method}: the value at the end", "f", -1.0, run[-1].objective, rtol=1e-12)
    claims.at_least(f"{method}: curvature at the end", "Hessian", 1.99, run[-1].curvature)
stuck = optim.newton(f)
claims.equal("newton, from the saddle: steps", "zero gradient", 0, stuck.nit, rtol=0.0)

# %%
# **Step by step.** From the saddle itself, where the gradient says nothing: record 0 has found the
# negative curvature, and the first step goes along it. (On its way the trust region looks for
# none.)

for method, run in runs.items():
    for record in run:
        x, y = record.x
        seen = f", curvature {record.curvature:+.4f} within {record.curvature_bound:.0e}"
        print(
            f"{method:12s} step {record.iteration}: ({x:+.4f}, {y:+.4f}), "
            f"f = {record.objective:+.6f}{'' if np.isnan(record.curvature) else seen}"
        )

# %%
# What a step gains
# -----------------
# In a ball of radius :math:`\Delta` the model of the trust region falls by :math:`|\theta|
# \Delta^2 / 2` along v. The cubic model is its own ball: along v its minimum is at
# :math:`t = |\theta| / \sigma` and :math:`|\theta|^3 / (6 \sigma^2)` deep. If the model is an upper
# bound of f, that much is gained for sure, which is the heart of Nesterov's and Polyak's (2006)
# theorem: all points but a few have nearly no negative curvature.

step = runs["cubic"][1]
sigma = 2.0 / np.linalg.norm(step.x)
claims.equal("cubic: sigma of the first step, after one refusal", "the run", 2.0, sigma, rtol=1e-9)
claims.at_least(
    "cubic: decrease of the first step over |theta|^3 / (6 sigma^2)",
    "Nesterov and Polyak 2006",
    1.0,
    -step.objective / (2.0**3 / (6.0 * sigma**2)),
)

# %%
# From a distance, the paths are told apart by how long they hesitate.

start = [1.5, 1e-4]
options = {"sgd": {"learning_rate": rate, "max_iter": 120}}
names = {"sgd": "gradient descent", "trust_region": "trust region", "cubic": "cubic"}
colors = {"sgd": "#2e7d4f", "trust_region": "#1f5fa8", "cubic": "#d9730d"}
paths = {
    method: list(optim.steps(f, start, method=method, **options.get(method, {})))
    for method in names
}
figure, (ax, below) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
x, y = np.meshgrid(np.linspace(-0.6, 1.8, 200), np.linspace(-1.9, 1.9, 200))
levels = [-0.95, -0.8, -0.6, -0.4, -0.2, 0.0, 0.3, 0.7, 1.2, 2.0, 3.0]
ax.contour(x, y, x**2 - y**2 + y**4 / 4, levels, colors="0.75", linewidths=0.8)
for method, path in paths.items():
    points = np.array([record.x for record in path])
    ax.plot(*points.T, "o-", color=colors[method], ms=3.5, lw=1.2, label=names[method])
    values = np.array([record.objective for record in path]) + 1.0
    below.semilogy(np.maximum(values, 1e-16), "o-", color=colors[method], ms=3, lw=1.2)
ax.plot(0, 0, "x", color="k", ms=8)
ax.annotate("saddle", (0.0, 0.0), (-0.5, 0.15))
ax.plot([0, 0], [-np.sqrt(2), np.sqrt(2)], "*", color="k", ms=9)
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper right")
below.set(xlabel="iteration", ylabel="f + 1", ylim=(1e-16, 5))
below.grid(alpha=0.25)
plt.show()

ends = {method: path[-1].iteration for method, path in paths.items()}
claims.at_most(
    "trust_region: steps from (1.5, 1e-4) to the minimum", "the run", 12, ends["trust_region"]
)
claims.at_most("cubic: steps from (1.5, 1e-4) to the minimum", "the run", 15, ends["cubic"])
waits = np.sum(np.abs([record.objective for record in paths["sgd"]]) < 1e-2)
claims.at_least("gradient descent: steps with f near that of the saddle", "the run", 20, waits)

# %%
# Exercises
# ---------
# 1. A *positive* smallest Ritz value proves no minimum: what the start vector has no part of is not
#    seen. Does the bound beside it give a warning? Take the Hessian at the saddle, and start
#    Lanczos' method from :math:`(1, 0)`.
# 2. The maximum of a function has a zero gradient, too. Where do both methods go from the top of
#    :math:`-x^2 - y^2 + (x^4 + y^4) / 4`?

blind = lanczos(np.diag([2.0, -2.0]), 2, v0=[1.0, 0.0])
claims.equal(
    "exercise 1: smallest Ritz value at the saddle, from (1, 0)",
    "one eigenvector",
    2.0,
    blind.ritz_values[0],
    rtol=1e-12,
)
claims.at_most(
    "exercise 1: its bound (some eigenvalue is there; that it is the smallest, nothing says)",
    "one eigenvector",
    1e-12,
    blind.residual_bounds[0],
)
top = objectives.from_callable(
    lambda w: np.sum(w**4 / 4 - w**2),
    lambda w: w**3 - 2 * w,
    shape=2,
    hvp=lambda w, v: (3 * w**2 - 2) * v,
)
for method in names:
    if method != "sgd":
        claims.equal(
            f"exercise 2, {method}: the value at the end",
            "two minima in each variable",
            -2.0,
            optim.minimize(top, method=method, tol=1e-10).fun,
            rtol=1e-10,
        )

# %%
# Claims
# ------

claims

# %%
# **Sources.** Yu. Nesterov and B. T. Polyak, Cubic regularization of Newton method and its global
# performance, 2006. C. Cartis, N. I. M. Gould and Ph. L. Toint, Adaptive cubic regularisation
# methods for unconstrained optimization, part I, 2011. J. D. Lee, M. Simchowitz, M. I. Jordan and
# B. Recht, Gradient descent only converges to minimizers, 2016. T. Steihaug, The conjugate gradient
# method and trust regions in large scale optimization, 1983.
