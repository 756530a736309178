"""Lasso problems, and every solver behind one shape: ``make(problem) -> solve(tol) -> solution``.

Solvers are judged at equal duality gap, relative to the objective and computed here, in NumPy, for
whatever they return: each climbs a list of tolerances until its gap is small enough, and its time
is that of the first tolerance that does. Conversion and compilation are outside the clock.
"""

import functools
import importlib
import time
import warnings

import numpy as np
import sparse_models

TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)


def _design(n, d, nonzero, seed, rho=0.3):
    """Equicorrelated columns in column-major order, and the scores of a sparse model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    X += rho * rng.standard_normal((n, 1))
    X /= np.sqrt(1 + rho**2)
    w = np.zeros(d)
    w[rng.permutation(d)[:nonzero]] = rng.standard_normal(nonzero) / np.sqrt(nonzero) * 2
    return X, X @ w, rng


@functools.cache
def regression(n, d, count, eps, l1_ratio=1.0):
    """A path of `count` strengths down to `eps` times the largest; one strength is that last."""
    X, z, rng = _design(n, d, 50, seed=3)
    y = z + 0.5 * rng.standard_normal(n)
    X = np.asfortranarray(X)
    largest = np.abs(X.T @ y).max() / n / l1_ratio
    alphas = largest * (np.geomspace(1.0, eps, count) if count > 1 else np.array([eps]))
    return {"X": X, "y": y, "alphas": alphas, "l1_ratio": l1_ratio}


@functools.cache
def logistic(n, d, nonzero, C=None, share=None):
    """One strength: 1 / C, or a share of the smallest at which all coefficients are zero."""
    X, z, rng = _design(n, d, nonzero, seed=0)
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-z)), 1.0, -1.0)
    if C is None:
        C = 1 / (share * np.abs(X.T @ y).max() / 2)
    return {"X": np.asfortranarray(X), "y": y, "C": C}


#: Key -> how the problem is made, its peers, and the goals: peer -> ratio to reach.
TASKS = {
    "lasso-path-wide": (
        regression,
        (1000, 20_000, 100, 1e-2),
        {"celer": 5.0},
    ),
    "lasso-path-tall": (
        regression,
        (100_000, 500, 100, 1e-3),
        {"sklearn:gram": 1.3, "celer": 20.0},
    ),
    "lasso-wide": (regression, (1000, 20_000, 1, 1e-2), {"skglm": 3.0}),
    "lasso-tall": (regression, (100_000, 500, 1, 1e-2), {"skglm": 2.0}),
    "enet-path-wide": (regression, (1000, 20_000, 100, 1e-2, 0.5), {"skglm": 4.0}),
    "logistic-l1-tall": (logistic, (20_000, 2000, 50, 0.02), {"sklearn:liblinear": 4.0}),
    "logistic-l1-square": (logistic, (5000, 5000, 40, None, 0.05), {"sklearn:liblinear": 4.0}),
    **sparse_models.TASKS,
}


# ------------------------------------------------------------------------- gaps


def relative_gap(problem, solution):
    """The largest gap over the strengths, each divided by its objective."""
    if "loss" in problem:
        return sparse_models.violation(problem, solution)
    if "C" in problem:
        return _logistic_gap(problem, np.ravel(solution))
    X, y, ratio = problem["X"], problem["y"], problem["l1_ratio"]
    n, W = len(y), np.asarray(solution).reshape(X.shape[1], -1)
    R = y[:, None] - X @ W
    products = X.T @ R / n
    worst = 0.0
    for k, alpha in enumerate(problem["alphas"]):
        w, c, l1, l2 = W[:, k], products[:, k], alpha * ratio, alpha * (1 - ratio)
        fit = R[:, k] @ R[:, k] / n
        value = 0.5 * fit + l1 * np.abs(w).sum() + 0.5 * l2 * w @ w
        if l2 > 0:
            terms = l1 * np.abs(w) + 0.5 * l2 * w * w - c * w
            gap = (terms + 0.5 * np.maximum(np.abs(c) - l1, 0) ** 2 / l2).sum()
        else:
            t = min(1.0, l1 / np.abs(c).max())
            gap = 0.5 * (1 - t) ** 2 * fit + (l1 * np.abs(w) - t * c * w).sum()
        worst = max(worst, gap / value)
    return float(worst)


def _logistic_gap(problem, w):
    X, y, C = problem["X"], problem["y"], problem["C"]
    m = y * (X @ w)
    p = 1 / (1 + np.exp(m))
    value = C * np.logaddexp(0, -m).sum() + np.abs(w).sum()
    top = C * np.abs(X.T @ (p * y)).max()
    p = p * min(1.0, 1 / top)
    dual = -C * (p * np.log(p) + (1 - p) * np.log1p(-p)).sum()
    return float((value - dual) / value)


# ------------------------------------------------------------------------- solvers


def optlite(problem):
    """The functions of this package."""
    if "loss" in problem:
        return sparse_models.optlite(problem)
    model = importlib.import_module("optlite.linear_model")
    X, y = problem["X"], problem["y"]
    if "C" in problem:
        return lambda tol: (
            model.LogisticRegression(C=problem["C"], l1_ratio=1.0, fit_intercept=False, tol=tol)
            .fit(X, y)
            .coef_
        )
    if len(problem["alphas"]) == 1:
        return lambda tol: (
            model.ElasticNet(
                problem["alphas"][0], l1_ratio=problem["l1_ratio"], fit_intercept=False, tol=tol
            )
            .fit(X, y)
            .coef_
        )
    return lambda tol: model.enet_path(
        X, y, l1_ratio=problem["l1_ratio"], alphas=problem["alphas"], tol=tol
    )[1]


def sklearn(choice):
    """scikit-learn: with or without a Gram matrix, or liblinear."""

    def make(problem):
        model = importlib.import_module("sklearn.linear_model")
        X, y = problem["X"], problem["y"]
        if choice == "liblinear":
            X = np.ascontiguousarray(X)
            options = {"solver": "liblinear", "l1_ratio": 1.0, "random_state": 0}
            return lambda tol: (
                model.LogisticRegression(
                    C=problem["C"], fit_intercept=False, tol=tol, max_iter=10_000, **options
                )
                .fit(X, y)
                .coef_
            )
        options = {"precompute": choice == "gram", "max_iter": 100_000}
        return lambda tol: model.enet_path(
            X, y, l1_ratio=problem["l1_ratio"], alphas=problem["alphas"], tol=tol, **options
        )[1]

    return make


def celer(problem):
    """celer: its path, or its logistic regression."""
    celer = importlib.import_module("celer")
    X, y = problem["X"], problem["y"]
    limits = {"max_iter": 200, "max_epochs": 100_000}
    if "C" in problem:
        return lambda tol: (
            celer.LogisticRegression(C=problem["C"], fit_intercept=False, tol=tol, **limits)
            .fit(X, y)
            .coef_
        )
    options = {"l1_ratio": problem["l1_ratio"], "alphas": problem["alphas"], **limits}
    return lambda tol: celer.celer_path(X, y, "lasso", tol=tol, **options)[1]


def skglm(problem):
    """skglm: its path, its logistic regression, or its general estimator."""
    if "loss" in problem:
        return sparse_models.skglm(problem)
    skglm = importlib.import_module("skglm")
    X, y = problem["X"], problem["y"]
    limits = {"max_iter": 200, "max_epochs": 100_000, "fit_intercept": False}
    if "C" in problem:
        alpha = 1 / (problem["C"] * len(y))
        return lambda tol: skglm.SparseLogisticRegression(alpha, tol=tol, **limits).fit(X, y).coef_
    ratio = problem["l1_ratio"]
    if ratio == 1:
        return lambda tol: skglm.Lasso(tol=tol, **limits).path(X, y, problem["alphas"])[1]
    return lambda tol: skglm.ElasticNet(l1_ratio=ratio, tol=tol, **limits).path(
        X, y, problem["alphas"]
    )[1]


PEERS = {
    "optlite": optlite,
    "sklearn:gram": sklearn("gram"),
    "sklearn:descent": sklearn("descent"),
    "sklearn:liblinear": sklearn("liblinear"),
    "celer": celer,
    "skglm": skglm,
}


def applies(task, label):
    """Whether a solver can solve a task, and in a time that is worth waiting for."""
    if task in sparse_models.TASKS:
        return label in ("optlite", "skglm")
    logistic_task = task.startswith("logistic")
    if label.startswith("sklearn"):
        if logistic_task:
            return label == "sklearn:liblinear"
        return label == ("sklearn:gram" if "tall" in task else "sklearn:descent")
    return True


def measure(emit, task, peer, gap, clock, rounds):
    """Climb to the gap, then time a few runs at that tolerance."""
    make, args, _ = TASKS[task]
    problem = make(*args)
    solve = PEERS[peer](problem)
    chosen, reached = None, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solve(1e-2)  # imports, first touches and compilation
        for tol in TOLERANCES:
            start = time.perf_counter()
            now = relative_gap(problem, solve(tol))
            reached = min(reached, now)
            if now <= gap or time.perf_counter() - start > 60.0:
                chosen = tol
                break
        for _ in range(rounds):
            start = clock()
            solution = solve(chosen or TOLERANCES[-1])
            facts = {"seconds": clock() - start, "gap": relative_gap(problem, solution)}
            if "loss" in problem:
                facts["objective"] = sparse_models.objective(problem, solution)
            emit(tol=chosen, **facts)
