"""Losses with L1, MCP and SCAD penalties, and two solvers behind one shape.

The penalties that are not convex have no duality gap. All of these problems are judged by the
largest distance of a derivative from where the condition of optimality wants it, relative to the
largest derivative at zero, computed here, in NumPy. Of such points there may be several: tables
show the objective, too.
"""

import functools
import importlib

import numpy as np

#: Where the concave penalties become constant, in units of their strength.
GAMMA = {"mcp": 3.0, "scad": 3.7}


@functools.cache
def model(loss, penalty, n, d, share, nonzero=40):
    """Correlated columns of unit variance; the strength is a share of the largest that matters."""
    rng = np.random.default_rng(11)
    X = rng.standard_normal((n, d))
    for j in range(1, d):  # neighbours share half of their variance
        X[:, j] += X[:, j - 1]
        X[:, j] /= np.sqrt(2.0)
    X = np.asfortranarray((X - X.mean(0)) / X.std(0))
    w = np.zeros(d)
    w[rng.permutation(d)[:nonzero]] = rng.choice([-1.0, 1.0], nonzero)
    z = X @ w
    problem = {"X": X, "loss": loss, "penalty": penalty, "gamma": GAMMA.get(penalty)}
    problem["y"] = _targets(loss, z / z.std(), rng)
    problem["scale"] = np.abs(X.T @ _derivative(problem, np.zeros(n))).max() / n
    problem["alpha"] = share * problem["scale"]
    return problem


def _targets(loss, z, rng):
    if loss == "poisson":
        return rng.poisson(np.exp(z)).astype(float)
    if loss == "logistic":
        return np.where(rng.random(len(z)) < 1 / (1 + np.exp(-2 * z)), 1.0, -1.0)
    noise = rng.standard_normal(len(z))
    return z + 0.5 * (noise if loss == "squared" else rng.standard_t(2, len(z)))


def _derivative(problem, z):
    """Of the loss of each row."""
    y, loss = problem["y"], problem["loss"]
    if loss == "poisson":
        return np.exp(z) - y
    if loss == "logistic":
        return -y / (1 + np.exp(y * z))
    return z - y if loss == "squared" else np.clip(z - y, -1.0, 1.0)


def objective(problem, w):
    """Mean loss and penalty."""
    y, loss, z = problem["y"], problem["loss"], problem["X"] @ w
    if loss == "poisson":
        value = np.exp(z) - y * z
    elif loss == "logistic":
        value = np.logaddexp(0, -y * z)
    else:
        size = np.abs(z - y)
        inside = size if loss == "squared" else np.minimum(size, 1.0)
        value = inside * (size - 0.5 * inside)
    a, gamma, size = problem["alpha"], problem["gamma"], np.abs(w)
    if problem["penalty"] == "l1":
        return float(value.mean() + a * size.sum())
    if problem["penalty"] == "mcp":
        size = np.minimum(size, gamma * a)
        return float(value.mean() + (size * (a - 0.5 * size / gamma)).sum())
    middle = (size * (2 * gamma * a - size) - a * a) / (2 * (gamma - 1))
    flat = np.where(size < gamma * a, middle, a * a * (gamma + 1) / 2)
    return float(value.mean() + np.where(size <= a, a * size, flat).sum())


def violation(problem, w):
    """The largest distance of a derivative from its condition, beside the largest at zero."""
    X, a, gamma, size = problem["X"], problem["alpha"], problem["gamma"], np.abs(w)
    c = X.T @ _derivative(problem, X @ w) / len(X)
    slope = a
    if problem["penalty"] == "mcp":
        slope = np.maximum(a - size / gamma, 0.0)
    elif problem["penalty"] == "scad":
        slope = np.clip((gamma * a - size) / (gamma - 1), 0.0, a)
    distance = np.where(w == 0, np.maximum(np.abs(c) - a, 0.0), np.abs(c + np.sign(w) * slope))
    return float(distance.max() / problem["scale"])


def optlite(problem):
    """The estimators of this package."""
    of = importlib.import_module("optlite.linear_model")
    options = {"penalty": problem["penalty"], "fit_intercept": False}
    if problem["gamma"]:
        options["penalty_params"] = {"gamma": problem["gamma"]}
    if problem["loss"] == "logistic":
        make = of.SparseClassifier
    else:
        make, options["loss"] = of.SparseRegressor, problem["loss"]
        if problem["loss"] == "huber":
            options["loss_params"] = {"delta": 1.0}
    X, y, alpha = problem["X"], problem["y"], problem["alpha"]
    return lambda tol: make(alpha, tol=tol, **options).fit(X, y).coef_.ravel()


def skglm(problem):
    """skglm, with the solver that it has for a loss; its tolerance is not relative."""
    parts = ("skglm", "skglm.datafits", "skglm.penalties", "skglm.solvers")
    skglm, losses, penalties, solvers = map(importlib.import_module, parts)
    X, y, alpha, gamma = problem["X"], problem["y"], problem["alpha"], problem["gamma"]
    loss = {
        "squared": losses.Quadratic,
        "huber": lambda: losses.Huber(1.0),
        "logistic": losses.Logistic,
        "poisson": losses.Poisson,
    }[problem["loss"]]()
    penalty = {
        "l1": lambda: penalties.L1(alpha),
        "mcp": lambda: penalties.MCPenalty(alpha, gamma),
        "scad": lambda: penalties.SCAD(alpha, gamma),
    }[problem["penalty"]]()
    newton = problem["loss"] in ("poisson", "logistic") and problem["penalty"] == "l1"
    solver = solvers.ProxNewton if newton else solvers.AndersonCD

    def solve(tol):
        how = solver(tol=tol * problem["scale"], fit_intercept=False, max_iter=200)
        return skglm.GeneralizedLinearEstimator(loss, penalty, how).fit(X, y).coef_.ravel()

    return solve


#: Key -> how the problem is made and the goals, as in `lassos`; none are set for these.
TASKS = {
    "mcp-wide": (model, ("squared", "mcp", 1000, 10_000, 0.1), {}),
    "scad-wide": (model, ("squared", "scad", 1000, 10_000, 0.1), {}),
    "huber-l1": (model, ("huber", "l1", 2000, 5000, 0.05), {}),
    "poisson-l1": (model, ("poisson", "l1", 2000, 5000, 0.05), {}),
    "classes-l1": (model, ("logistic", "l1", 2000, 5000, 0.05), {}),
}
