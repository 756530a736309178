"""``optlite demo``: one fit beside scikit-learn's, then Newton's method by hand."""

import warnings

import numpy as np
import sklearn.linear_model
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from .. import linear_model, objectives, optim


def run():
    """Print both parts."""
    data = load_breast_cancer()
    print(
        f"Logistic regression: {len(data.data)} tumours, {data.data.shape[1]} measurements, in "
        "their own units.\n"
    )
    compare(data.data, data.target)
    print("\nNewton's method by hand, on two of the columns: for record in optim.steps(...)\n")
    X = StandardScaler().fit_transform(data.data[:, [20, 21]])
    step_through(objectives.Logistic(X, data.target, alpha=1e-3, fit_intercept=True))


def compare(X, y):
    """Fit with both libraries and evaluate one objective at both results."""
    objective = objectives.Logistic(X, y, alpha=1.0 / len(y), fit_intercept=True)
    ours = linear_model.LogisticRegression().fit(X, y)
    minimum = objective.value(np.append(ours.coef_, ours.intercept_))
    print(f"{'':30s} {'accuracy':>8s} {'iterations':>10s} {'objective':>13s}  above the minimum")
    print(
        f"{'optlite':30s} {ours.score(X, y):8.4f} {np.max(ours.n_iter_):10d} {minimum:13.10f}  "
        f"by {ours.certificate_:.1e} at most: its certificate"
    )
    for limit in (100, 10_000):
        model = sklearn.linear_model.LogisticRegression(max_iter=limit)
        theirs, warned = fit_and_listen(model, X, y)
        value = objective.value(np.append(theirs.coef_, theirs.intercept_))
        print(
            f"{f'scikit-learn, max_iter={limit}':30s} {theirs.score(X, y):8.4f} "
            f"{np.max(theirs.n_iter_):10d} {value:13.10f}  by {(value - minimum) / minimum:.1e}"
            f"{', and warns' if warned else ''}"
        )


def fit_and_listen(model, X, y):
    """Fit a model; return it, and whether it warned that it had not converged."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model.fit(X, y)
    return model, any(issubclass(each.category, ConvergenceWarning) for each in heard)


def step_through(objective):
    """Print one line for each record."""
    print(f"{'k':>2s} {'objective':>14s} {'|gradient|':>11s} {'certificate':>12s} {'step':>5s}")
    for record in optim.steps(objective, method="newton", tol=1e-12):
        print(
            f"{record.iteration:2d} {record.objective:14.10f} {record.gradient_norm:11.1e} "
            f"{record.certificate:12.1e} {record.step_size:5.2f}"
        )
