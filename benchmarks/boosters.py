"""Probabilistic boosting: the tasks, and every library behind one shape.

A library is a function ``(task, threads, stages) -> (fit, predict)``: ``fit(X, y)`` returns a
model, ``predict(model, X)`` mean and standard deviation of each row, or the probability of class 1.
All take the same stages, depth and rate; the rest is what each library does by default.
"""

import contextlib
import dataclasses
import gc
import logging
import statistics
import time
import warnings

import numpy as np
from limits import Work

DEPTH = 3
LEAVES = 2**DEPTH


@dataclasses.dataclass(frozen=True)
class Task:
    """A problem and its settings."""

    key: str
    stages: int
    rate: float
    kind: str = "regression"
    memory: bool = False  # whether peaks of memory are compared
    points_only: bool = False  # compared with libraries that predict no distribution

    @property
    def trees(self):
        """Return the number of trees that the stages need: one a parameter."""
        return self.stages * (2 if self.kind == "regression" else 1)


TASKS = {
    task.key: task
    for task in (
        Task("friedman", 500, 0.05),
        Task("diabetes", 500, 0.01),
        Task("breast_cancer", 500, 0.01, "classification"),
        Task("million", 200, 0.1, memory=True, points_only=True),
    )
}


# ------------------------------------------------------------------------- data


def friedman(n=20000, d=10):
    """Friedman's first function with noise that depends on a feature: the scale is learnable."""
    from sklearn.datasets import make_friedman1

    X, y = make_friedman1(n_samples=n, n_features=d, noise=0.0, random_state=0)
    noise = np.random.default_rng(0).standard_normal(n)
    return X, y + noise * (0.5 + 2 * X[:, 3])


def million(n=1_010_000, d=20):
    """Normal features, a mean of five of them and a scale of another one."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    mean = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3]
    return X, mean + rng.standard_normal(n) * np.exp(0.5 * X[:, 4])


def load(task):
    """Return X, y for the fit and X, y for the test."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    if task.key == "million":
        X, y = million()
        return X[:1_000_000], y[:1_000_000], X[1_000_000:], y[1_000_000:]
    made = {"friedman": friedman}.get(task.key)
    X, y = made() if made else getattr(datasets, f"load_{task.key}")(return_X_y=True)
    X, Xt, y, yt = train_test_split(X, y, test_size=0.25, random_state=0)
    return X, y, Xt, yt


def work_of(task, n, d):
    """Return what must be done for `n` rows and `d` features."""
    # Every row at the root, then the smaller child of each node: at most a half of the rows.
    adds = task.trees * n * d * (1 + (DEPTH - 1) / 2)
    # The score at the steps 1 and 2 and after the stage, and its gradient.
    exps = 4 * task.stages * n
    # Codes and targets of the rows of each level, and for the scores y, parameters and direction.
    levels = task.trees * n * (d + 8) * (1 + (DEPTH - 1) / 2)
    scores = 4 * task.stages * n * 8 * (1 + 2 * task.trees / task.stages)
    in_memory = n * d > 2**22
    plan = "bins of the root and of the smaller children; four evaluations of the score a stage"
    return Work(plan, bytes=levels + scores if in_memory else 0.0, exps=exps, bins=adds)


# ------------------------------------------------------------------------- libraries


def optlite(task, threads, stages, **more):
    from optlite import boosting

    name = "NGBRegressor" if task.kind == "regression" else "NGBClassifier"
    settings = {"n_estimators": stages, "learning_rate": task.rate, "max_depth": DEPTH}
    settings |= {"early_stopping_rounds": None, "random_state": 0}  # threads: the environment
    model = getattr(boosting, name)(**settings, **more)

    def predict(fitted, X):
        if task.kind != "regression":
            return fitted.predict_proba(X)[:, 1]
        predicted = fitted.pred_dist(X)
        return predicted.mean(), predicted.std()

    return model.fit, predict


def ngboost(task, threads, stages):
    import ngboost as package

    name = "NGBRegressor" if task.kind == "regression" else "NGBClassifier"
    model = getattr(package, name)(
        n_estimators=stages, learning_rate=task.rate, verbose=False, random_state=0
    )
    return model.fit, lambda fitted, X: _of_ngboost(task, fitted, X)


def ngboost_lightning(task, threads, stages):
    import ngboost_lightning as package

    kind = "Regressor" if task.kind == "regression" else "Classifier"
    model = getattr(package, f"LightningBoost{kind}")(
        n_estimators=stages,
        learning_rate=task.rate,
        num_leaves=LEAVES,
        max_depth=DEPTH,
        verbose=False,
        random_state=0,
    )
    return model.fit, lambda fitted, X: _of_ngboost(task, fitted, X)


def _of_ngboost(task, fitted, X):
    if task.kind != "regression":
        return fitted.predict_proba(X)[:, 1]
    predicted = fitted.pred_dist(X)
    return np.asarray(predicted.loc), np.asarray(predicted.scale)


def lightgbm_lss(task, threads, stages):
    if task.kind != "regression":
        raise ImportError("LightGBMLSS has no Bernoulli distribution")
    import lightgbm
    from lightgbmlss.distributions.Gaussian import Gaussian
    from lightgbmlss.model import LightGBMLSS

    settings = _lightgbm_settings(task, threads)
    model = LightGBMLSS(Gaussian(stabilization="None", response_fn="exp", loss_fn="nll"))

    def fit(X, y):
        model.train(settings, lightgbm.Dataset(X, label=y), num_boost_round=stages)
        return model

    def predict(fitted, X):
        table = fitted.predict(X, pred_type="parameters")
        return table["loc"].to_numpy(), table["scale"].to_numpy()

    return fit, predict


def lightgbm_mean(task, threads, stages):
    """The mean alone, with one scale for all rows: the floor of the time, not of the score."""
    import lightgbm

    settings = {**_lightgbm_settings(task, threads), "n_estimators": stages}
    settings["n_jobs"] = settings.pop("num_threads")
    if task.kind != "regression":
        model = lightgbm.LGBMClassifier(**settings)
        return model.fit, lambda fitted, X: fitted.predict_proba(X)[:, 1]
    model = lightgbm.LGBMRegressor(**settings)

    def predict(fitted, X):
        return fitted.predict(X), None

    return model.fit, predict


def _lightgbm_settings(task, threads):
    return {
        "learning_rate": task.rate,
        "max_depth": DEPTH,
        "num_leaves": LEAVES,
        "num_threads": threads,
        "verbose": -1,
    }


PEERS = {
    "optlite": optlite,
    "optlite:joint": lambda *a: optlite(*a, tree_sharing="joint"),
    "ngboost": ngboost,
    "ngboost-lightning": ngboost_lightning,
    "lightgbmlss": lightgbm_lss,
    "lightgbm:mean-only": lightgbm_mean,
}


# ------------------------------------------------------------------------- measurements


def judge(task, predicted, y):
    """Return the mean negative log likelihood and the error of the mean, or the accuracy."""
    if task.kind != "regression":
        p = np.clip(predicted, 1e-15, 1 - 1e-15)
        score = -np.mean(np.where(y == 1, np.log(p), np.log1p(-p)))
        return {"nll": float(score), "error": float(np.mean((p > 0.5) != (y == 1)))}
    mean, scale = predicted
    error = float(np.sqrt(np.mean((y - mean) ** 2)))
    scale = error if scale is None else scale  # of the test rows, which flatters
    score = np.mean(0.5 * np.log(2 * np.pi * scale**2) + (y - mean) ** 2 / (2 * scale**2))
    return {"nll": float(score), "error": error}


@contextlib.contextmanager
def quiet():
    """Keep libraries from talking."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def measure(emit, key, peer, threads, now, seconds):
    """Time fits for about so many seconds (one at least), and predictions of the test rows."""
    task = TASKS[key]
    X, y, Xt, yt = load(task)
    emit(n=len(X), d=X.shape[1], test=len(Xt))
    with quiet():
        fit, predict = PEERS[peer](task, threads, 5)  # imports, first touches, compilation
        predict(fit(X[:200], y[:200]), Xt[:10])
        end = time.perf_counter() + seconds
        while True:
            fit, predict = PEERS[peer](task, threads, task.stages)
            gc.collect()
            start = now()
            model = fit(X, y)
            emit(fit=now() - start)
            if time.perf_counter() > end:
                break
        times = []
        for _ in range(5):
            start = now()
            predicted = predict(model, Xt)
            times.append(now() - start)
        emit(predict=statistics.median(times), fastest=min(times), **judge(task, predicted, yt))


def measure_memory(emit, key, peer, threads, peak_memory):
    """Measure the growth of the resident memory in one fit of a few stages."""
    task = TASKS[key]
    X, y, _, _ = load(task)
    with quiet():
        for rows in (2000, len(X)):  # the first one loads the libraries
            fit, _ = PEERS[peer](task, threads, 10)
            gc.collect()
            with peak_memory() as peak:
                fit(X[:rows], y[:rows])
        emit(extra=peak.extra, how=peak.how, X=X.nbytes, codes=X.size)
