"""``optlite bench --quick``: fits timed beside scikit-learn's, at equal quality.

A time means something only with the error that it was spent on. So every solver first climbs a
ladder of tolerances, to the first one at which its objective exceeds the minimum by no more than
`QUALITY`, relative; at that tolerance all are timed, in turns, and the shortest time of each
counts. The minimum is that of a fit to the strictest tolerance, whose certificate is printed.
"""

import os
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
import sklearn
import sklearn.linear_model as peers
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from .. import config, linear_model

QUALITY = 1e-6
LADDER = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)
ROUNDS = 7
SECONDS = 4.0  # for the rounds of a task
LIMIT = 3.0  # of one fit: a solver that needs more for the quality is not timed


@dataclass
class Entry:
    """A solver on a problem."""

    name: str
    make: object  # of a tolerance
    tolerance: float | None = None
    excess: float = float("inf")
    seconds: list = field(default_factory=list)


def logistic_task():
    """Return title, data, objective and solvers of logistic regression with an l2 penalty."""
    X, y = make_classification(
        10_000, 50, n_informative=20, n_redundant=10, class_sep=0.7, random_state=0
    )
    signs = 2.0 * y - 1.0

    def objective(model):
        w = model.coef_.ravel()
        margins = signs * (X @ w + model.intercept_)
        return 0.5 * w @ w + np.logaddexp(0.0, -margins).sum()

    return (
        "Logistic regression, l2, 10000 x 50",
        (X, y),
        objective,
        [
            Entry("optlite", lambda tol: linear_model.LogisticRegression(tol=tol)),
            *[
                Entry(
                    f"scikit-learn {solver}",
                    lambda tol, solver=solver: peers.LogisticRegression(
                        solver=solver, tol=tol, max_iter=5000
                    ),
                )
                for solver in ("lbfgs", "newton-cholesky")
            ],
        ],
    )


def lasso_task():
    """Return the same of the lasso."""
    X, y = make_regression(
        300, 2000, n_informative=40, noise=10.0, effective_rank=150, random_state=0
    )
    X *= 30.0
    X, y = np.asfortranarray(X - X.mean(axis=0)), y - y.mean()
    alpha = 0.02 * np.abs(X.T @ y).max() / len(y)

    def objective(model):
        residual = y - X @ model.coef_ - model.intercept_
        return residual @ residual / (2 * len(y)) + alpha * np.abs(model.coef_).sum()

    return (
        "Lasso, 300 x 2000, at 1/50 of the largest penalty",
        (X, y),
        objective,
        [
            Entry("optlite", lambda tol: linear_model.Lasso(alpha, tol=tol)),
            Entry("scikit-learn", lambda tol: peers.Lasso(alpha, tol=tol, max_iter=50_000)),
        ],
    )


def ridge_task():
    """Return the same of ridge regression."""
    X, y = make_regression(20_000, 200, noise=10.0, random_state=0)

    def objective(model):
        residual = y - X @ model.coef_ - model.intercept_
        return residual @ residual + 10.0 * model.coef_ @ model.coef_

    return (
        "Ridge, 20000 x 200",
        (X, y),
        objective,
        [
            Entry("optlite", lambda tol: linear_model.Ridge(10.0, tol=tol)),
            *[
                Entry(
                    f"scikit-learn {solver}",
                    lambda tol, solver=solver: peers.Ridge(10.0, solver=solver, tol=tol),
                )
                for solver in ("cholesky", "lsqr")
            ],
        ],
    )


def run(tasks=(logistic_task, lasso_task, ridge_task), rounds=ROUNDS):
    """Run the tasks and print a table of each."""
    print_circumstances()
    # Threads that wait for a busy processor would measure the machine, not the solvers.
    with threadpool_limits(1):
        for make in tasks:
            run_task(*make(), rounds)


def run_task(title, data, objective, entries, rounds):
    """Run a task and print its table."""
    print(f"\n{title}")
    reference = entries[0].make(1e-12)
    minimum = objective(fitted(reference, data))
    print(f"  minimum {minimum:.10g}, certificate {reference.certificate_:.1e}")
    for entry in entries:
        climb(entry, data, objective, minimum)
    time_in_turns(entries, data, rounds)
    print_table(entries)


def fitted(model, data):
    """Fit, without warnings: the ladder asks for less than some solvers' defaults."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data)


def climb(entry, data, objective, minimum):
    """Find the largest tolerance of the ladder that is good enough, and the excess there."""
    for tolerance in LADDER:
        start = time.perf_counter()
        model = fitted(entry.make(tolerance), data)
        spent = time.perf_counter() - start
        entry.excess = min(entry.excess, (objective(model) - minimum) / minimum)
        if entry.excess <= QUALITY:
            entry.tolerance = tolerance
            return
        if spent > LIMIT:
            return


def time_in_turns(entries, data, rounds):
    """Time a fit of each solver that is good enough, again and again, in alternating order."""
    ready = [entry for entry in entries if entry.tolerance is not None]
    end = time.perf_counter() + SECONDS
    for turn in range(rounds):
        for entry in ready if turn % 2 == 0 else reversed(ready):
            model = entry.make(entry.tolerance)
            start = time.perf_counter()
            fitted(model, data)
            entry.seconds.append(time.perf_counter() - start)
        if time.perf_counter() > end:
            return


def print_table(entries):
    """Print tolerance, error, time, and the time as a multiple of optlite's."""
    print(f"  {'solver':30s} {'tol':>7s} {'error':>9s} {'ms':>9s} {'ratio':>7s}")
    ours = min(entries[0].seconds, default=float("nan"))
    for entry in entries:
        if not entry.seconds:
            print(
                f"  {entry.name:30s} not timed: error {entry.excess:.1e} in fits of up to {LIMIT} s"
            )
            continue
        best, error = min(entry.seconds), max(entry.excess, np.finfo(float).eps)
        print(
            f"  {entry.name:30s} {entry.tolerance:7.0e} {error:9.1e} {1e3 * best:9.2f} "
            f"{best / ours:7.2f}"
        )


def print_circumstances():
    """Print versions, threads and load: without them a time says nothing."""
    facts, cores = config(), os.cpu_count()
    print(
        f"optlite {facts['version']} ({facts['simd_level']}), "
        f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, one of {cores} processors"
    )
    print(
        f"error: (objective - minimum) / minimum, at most {QUALITY:.0e}; ms: the shortest of up to "
        f"{ROUNDS} fits; ratio: to optlite's"
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.7:
        print(f"This machine is busy (load {load:.1f}): do not trust the times.")
