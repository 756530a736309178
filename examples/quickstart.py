"""
Quickstart: certified models on real data
=========================================

Three data sets that scikit-learn ships, each fitted by a pipeline with a grid search: once with
optlite's estimator and once with scikit-learn's, on the same grid and the same folds. Then one
Newton iteration after the other, by hand, and a figure.
"""

import os
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sklearn.linear_model
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import optlite.linear_model
from optlite import objectives, optim
from optlite.display import ConvergenceDisplay

# %%
# Pipelines and grid searches
# ---------------------------
#
# The two libraries take the same arguments. scikit-learn's solver gets more iterations than its
# default of 100, because on some points of the grid it would stop too early.

C_GRID = {"model__C": np.logspace(-3, 0, 4)}
RIDGE_GRID = {"model__alpha": np.logspace(-2, 3, 11)}
STRATIFIED = StratifiedKFold(3, shuffle=True, random_state=0)
SHUFFLED = KFold(3, shuffle=True, random_state=0)
SCALE = [("scale", StandardScaler())]
PAIRS = [("expand", PolynomialFeatures(2, include_bias=False)), *SCALE]

CLASSIFIERS = (
    optlite.linear_model.LogisticRegression(),
    sklearn.linear_model.LogisticRegression(max_iter=5000),
)
RIDGES = (optlite.linear_model.Ridge(), sklearn.linear_model.Ridge())

TASKS = [
    # data set, loader, preparation, the two models, grid, folds
    ("breast cancer", load_breast_cancer, SCALE, CLASSIFIERS, C_GRID, STRATIFIED),
    ("digits", load_digits, SCALE, CLASSIFIERS, C_GRID, STRATIFIED),
    ("diabetes", load_diabetes, PAIRS, RIDGES, RIDGE_GRID, SHUFFLED),
]  # fmt: skip


def search(model, preparation, grid, folds, X, y):
    """Run the grid search and return it with the seconds it took."""
    start = time.perf_counter()
    found = GridSearchCV(Pipeline([*preparation, ("model", model)]), grid, cv=folds).fit(X, y)
    return found, time.perf_counter() - start


# %%
# How close is a fitted model to the optimum? Ours says it in ``certificate_``. For the other one we
# evaluate the same objective at its coefficients and compare.


def objective_of(found, X, y):
    """The objective that the best pipeline minimised, on its transformed training data."""
    model = found.best_estimator_[-1]
    Z = found.best_estimator_[:-1].transform(X)
    if hasattr(model, "alpha"):
        return objectives.LeastSquares(Z, y, alpha=model.alpha / len(y), fit_intercept=True)
    loss = objectives.Logistic if len(np.unique(y)) == 2 else objectives.Multinomial
    return loss(Z, y, alpha=1.0 / (model.C * len(y)), fit_intercept=True)


def value_at(objective, model):
    """The objective at the coefficients of a fitted model."""
    w = np.column_stack([np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)])
    return objective.value(w.reshape(objective.shape))


def error_text(error, certified):
    """Write a relative error; below the rounding unit of doubles there is nothing to tell."""
    error = max(error, np.finfo(float).eps)
    return f"<= {error:.1e}" if certified else f"{error:.1e}"


def iterations(model):
    """Iterations of the final fit; a direct solver has none."""
    count = getattr(model, "n_iter_", None)
    direct = count is None or getattr(model, "solver_", None) in ("cholesky", "svd", "dual")
    return "direct" if direct else f"{np.max(count)}"


def compare(name, load, preparation, models, grid, folds):
    """Fit with both libraries and return the rows of the table."""
    X, y = load(return_X_y=True)
    stratify = y if folds is STRATIFIED else None
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=stratify)
    rows = []
    for library, model in zip(("optlite", "scikit-learn"), models, strict=True):
        found, seconds = search(model, preparation, grid, folds, X, y)
        best = found.best_estimator_[-1]
        value = value_at(objective_of(found, X, y), best)
        certified = library == "optlite"
        if certified:
            minimum, error = value, best.certificate_
        else:
            error = (value - minimum) / minimum
        rows.append(
            f"{'' if rows else name:14s} {library:13s}{found.score(X_test, y_test):7.4f}"
            f"{error_text(error, certified):>12s}{iterations(best):>12s}{seconds:11.2f}"
        )
    return rows


print(
    f"{'data':14s} {'library':13s}{'score':>7s}{'error':>12s}{'iterations':>12s}{'search, s':>11s}"
)
for task in TASKS:
    print("\n".join(compare(*task)))

print("error: (objective - minimum) / minimum; <= certified by the solver, else measured")

# %%
# *score* is the accuracy on held-out data, and R2 for the diabetes data. The minimum that an
# *error* is measured from is optlite's value. *iterations* are those of the last fit, *search* is
# the time of the whole grid search.

# %%
# Newton's method by hand
# -----------------------
#
# Two columns of the breast-cancer data, so that the model can be drawn.
# :func:`optlite.optim.steps` hands over one frozen record for each iteration; ``engine="numpy"``
# would run the NumPy twin, which a debugger can enter.

data = load_breast_cancer()
columns = [20, 21]  # worst radius, worst texture
X2 = StandardScaler().fit_transform(data.data[:, columns])
logistic = objectives.Logistic(X2, data.target, alpha=1e-3, fit_intercept=True)

newton = list(optim.steps(logistic, method="newton", tol=1e-12))
print(f"\n{'k':>2s} {'objective':>14s} {'|gradient|':>11s} {'certificate':>12s} {'step':>5s}")
for record in newton:
    print(
        f"{record.iteration:2d} {record.objective:14.10f} {record.gradient_norm:11.1e} "
        f"{record.certificate:12.1e} {record.step_size:5.2f}"
    )

# %%
# A figure
# --------
#
# Left: the distance to the minimum, and the certificate that bounds it from above. Newton's method
# doubles the number of correct digits in each of its last iterations; L-BFGS adds a digit or so.
# Right: the fitted model, as probabilities over the two columns.

lbfgs = list(optim.steps(logistic, method="lbfgs", tol=1e-12))
best = optim.minimize(logistic, method="newton", tol=1e-15)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
ConvergenceDisplay.from_trace(newton, minimum=best.fun, name="Newton", ax=left, color="#d9730d")
ConvergenceDisplay.from_trace(lbfgs, minimum=best.fun, name="L-BFGS", ax=left, color="#1f5fa8")
left.set(title="The certificate bounds the suboptimality", ylim=(1e-15, 1e4))
left.legend(loc="upper center", ncols=2, fontsize="small")
left.grid(alpha=0.25)

ranges = [np.linspace(x.min() - 0.3, x.max() + 0.3, 200) for x in X2.T]
grid = np.meshgrid(*ranges)
*slopes, intercept = best.x
probability = 1 / (1 + np.exp(-(slopes[0] * grid[0] + slopes[1] * grid[1] + intercept)))
shades = right.contourf(*grid, probability, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.55)
right.contour(*grid, probability, levels=[0.5], colors="black", linewidths=1.5)
for label, color in ((0, "#8c1a1a"), (1, "#17407a")):
    points = X2[data.target == label]
    right.scatter(
        *points.T, s=14, color=color, edgecolor="white", linewidth=0.4,
        label=str(data.target_names[label]),
    )  # fmt: skip
right.set(
    xlabel=f"{data.feature_names[columns[0]]} (standardised)",
    ylabel=f"{data.feature_names[columns[1]]} (standardised)",
    title="Decision boundary of the fitted model",
)
right.legend(loc="upper right")
figure.colorbar(shades, ax=right, label="probability of benign")

target = Path(sys.argv[0]).resolve().with_name("quickstart.png")
figure.savefig(target, dpi=150)
print(f"The figure is in {os.path.relpath(target)}")
