"""SparseRegressorCV and SparseClassifierCV against loops written by hand, and their peers."""

import itertools
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_softmax, xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold

from optlite.linear_model import (
    LassoCV,
    SparseClassifier,
    SparseClassifierCV,
    SparseRegressor,
    SparseRegressorCV,
)

ALPHAS = [0.3, 0.1, 0.03]


def make(n=70, d=8, seed=0, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + 0.3
    z = X[:, :3] @ [0.6, -0.5, 0.4]
    noisy = z + 0.6 * rng.normal(size=n)
    if loss == "cox":
        y = np.column_stack([np.round(rng.exponential(np.exp(-z)), 1) + 0.1, rng.random(n) < 0.7])
    else:
        y = {
            "poisson": rng.poisson(np.exp(np.minimum(z, 2.0))).astype(float),
            "logistic": np.where(noisy > 0.2, "yes", "no"),
            "multinomial": np.digitize(noisy, np.quantile(noisy, [0.3, 0.7])),
        }.get(loss, noisy)
    return X, y, rng.uniform(0.2, 2.0, n)


def partial(time, event, z, s):
    """Minus the logarithm of Cox's partial likelihood, as it is defined."""
    return sum(
        s[i] * (np.log(s[time >= time[i]] @ np.exp(z[time >= time[i]])) - z[i])
        for i in np.flatnonzero(event)
    )


def held_out_loss(loss, model, X, y, s, train, test):
    """Mean loss of a fitted model on held-out rows, from the definitions."""
    if loss == "cox":
        time, event = y[:, 0], y[:, 1]
        rows, z = np.concatenate([train, test]), X @ model.coef_
        both = partial(time[rows], event[rows], z[rows], s[rows])
        return (both - partial(time[train], event[train], z[train], s[train])) / s[test].sum()
    y, z = y[test], X[test] @ np.squeeze(model.coef_).T + np.squeeze(model.intercept_)
    each = {
        "squared": lambda: 0.5 * (y - z) ** 2,
        "huber": lambda: np.where(
            np.abs(y - z) <= 0.7, 0.5 * (y - z) ** 2, 0.7 * (np.abs(y - z) - 0.35)
        ),
        "poisson": lambda: np.exp(z) - y * z,
        "logistic": lambda: -np.log(expit(np.where(y == "yes", z, -z))),
        "multinomial": lambda: -log_softmax(z, axis=1)[np.arange(len(y)), y],
    }[loss]()
    return np.average(each, weights=s[test])


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [
        *itertools.product(["squared", "huber", "poisson", "cox"], ["l1", "group", "mcp"]),
        *itertools.product(["logistic", "multinomial"], ["l1", "group"]),  # mcp need not end there
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_a_loop(loss, penalty, weighted):
    X, y, weight = make(loss=loss)
    s = weight if weighted else np.ones(len(y))
    options = {"penalty": penalty, "groups": 2, "loss": loss, "tol": 1e-10}
    if loss == "huber":
        options["loss_params"] = {"delta": 0.7}
    classes = loss in ("logistic", "multinomial")
    kind, single = (
        (SparseClassifierCV, SparseClassifier) if classes else (SparseRegressorCV, SparseRegressor)
    )
    model = kind(alphas=ALPHAS, cv=3, **options).fit(X, y, weight if weighted else None)
    folds = StratifiedKFold(3) if classes else KFold(3)
    for k, (train, test) in enumerate(folds.split(X, y if loss != "cox" else y[:, 0])):
        fit = single(**options, warm_start=True)
        for a, alpha in enumerate(ALPHAS):
            fit.set_params(alpha=alpha).fit(X[train], y[train], s[train])
            expected = held_out_loss(loss, fit, X, y, s, train, test)
            assert_allclose(-model.scores_[k, a], expected, rtol=1e-5)
    assert model.scores_.shape == model.certificates_.shape == (3, 3)
    assert (model.certificates_ <= 1e-10).all()
    best = model.scores_.mean(axis=0).argmax()
    assert model.alpha_ == model.alphas_[best] == ALPHAS[best]
    full = single(**options, warm_start=True)
    for alpha in ALPHAS[: best + 1]:
        full.set_params(alpha=alpha).fit(X, y, s)
    assert_allclose(model.coef_, full.coef_, atol=1e-6)
    assert_allclose(model.intercept_, full.intercept_, atol=1e-6)
    assert_allclose(model.objective_, full.objective_, rtol=1e-9)
    assert_allclose(model.score(X, y), full.score(X, y), rtol=1e-6)


@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array])
def test_lasso_is_chosen_as_by_its_solver(container):
    X, y, weight = make()
    options = {"alphas": 12, "eps": 0.01, "cv": 4, "tol": 1e-12}
    ours = SparseRegressorCV(**options).fit(container(X), y, weight)
    theirs = LassoCV(**options).fit(container(X), y, weight)
    assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-12)
    assert_allclose(-2.0 * ours.scores_.T, theirs.mse_path_, rtol=1e-5)
    assert_allclose(ours.alpha_, theirs.alpha_, rtol=1e-12)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    assert_allclose(ours.objective_, theirs.objective_, rtol=1e-10)


def test_standardised_folds_have_their_own_units():
    X, y, _ = make()
    X[:20, 3] *= 30.0
    model = SparseRegressorCV(alphas=ALPHAS, cv=KFold(3), standardize=True, tol=1e-11).fit(X, y)
    for k, (train, test) in enumerate(KFold(3).split(X)):
        for a, alpha in enumerate(ALPHAS):
            fit = SparseRegressor(alpha, standardize=True, tol=1e-11).fit(X[train], y[train])
            error = 0.5 * np.mean((y[test] - fit.predict(X[test])) ** 2)
            assert_allclose(-model.scores_[k, a], error, rtol=1e-5)


@pytest.mark.parametrize("method", ["lla", "adaptive"])
def test_other_methods(method):
    X, y, _ = make()
    penalty = "l1" if method == "adaptive" else "mcp"
    options = {"penalty": penalty, "method": method}
    model = SparseRegressorCV(alphas=ALPHAS, cv=3, n_jobs=2, **options).fit(X, y)
    single = SparseRegressor(model.alpha_, **options).fit(X, y)
    assert_allclose(model.coef_, single.coef_, atol=1e-7)
    assert model.converged_


def test_number_of_jobs_changes_no_bit_and_pickles_keep_all():
    X, y, _ = make(120, 150)
    options = {"penalty": "scad", "alphas": 6, "eps": 0.1}
    alone = SparseRegressorCV(**options).fit(X, y)
    together = SparseRegressorCV(**options, n_jobs=2).fit(X, y)
    again = pickle.loads(pickle.dumps(together))
    assert_array_equal(alone.scores_, again.scores_)
    assert_array_equal(alone.coef_, again.coef_)


def test_scoring():
    X, y, weight = make(loss="logistic")
    options = {"alphas": ALPHAS, "cv": 3}
    losses = SparseClassifierCV(**options).fit(X, y, weight)
    same = SparseClassifierCV(**options, scoring="neg_log_loss").fit(X, y, weight)
    assert_allclose(same.scores_, losses.scores_, rtol=1e-9)
    assert_allclose(same.score(X, y), -log_loss(y, same.predict_proba(X)), rtol=1e-12)
    accuracy = SparseClassifierCV(**options, scoring="accuracy").fit(X, y)
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        fit = SparseClassifier(ALPHAS[2]).fit(X[train], y[train])
        assert accuracy.scores_[k, 2] == np.mean(fit.predict(X[test]) == y[test])
    X, y, _ = make(loss="poisson")
    model = SparseRegressorCV(**options, loss="poisson", scoring="neg_mean_poisson_deviance")
    model.fit(X, y)
    mean = SparseRegressor(ALPHAS[0], loss="poisson").fit(X[24:], y[24:]).predict(X[:24])
    deviance = 2.0 * np.mean(xlogy(y[:24], y[:24] / mean) - y[:24] + mean)
    assert_allclose(-model.scores_[0, 0], deviance, rtol=1e-6)
    X, y, _ = make(loss="cox")
    model = SparseRegressorCV(**options, loss="cox", scoring=lambda m, X, y: m.score(X, y))
    assert (model.fit(X, y).scores_ >= 0.0).all() and (model.scores_ <= 1.0).all()


def test_class_weights_go_into_the_fits_only():
    X, y, _ = make(loss="logistic")
    weights = {"no": 3.0, "yes": 1.0}
    model = SparseClassifierCV(alphas=ALPHAS, cv=3, class_weight=weights, tol=1e-10).fit(X, y)
    for k, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        fit = SparseClassifier(ALPHAS[1], class_weight=weights, tol=1e-10).fit(X[train], y[train])
        expected = log_loss(y[test], fit.predict_proba(X[test]))
        assert_allclose(-model.scores_[k, 1], expected, rtol=1e-5)


def test_metadata_routing():
    X, y, _ = make()
    groups = np.arange(len(y)) % 5
    with sklearn.config_context(enable_metadata_routing=True):
        splitter = sklearn.model_selection.GroupKFold(5).set_split_request(groups=True)
        model = SparseRegressorCV(alphas=ALPHAS, cv=splitter).fit(X, y, groups=groups)
        assert model.scores_.shape == (5, 3)
        assert np.isfinite(model.score(X, y))
    expected = SparseRegressorCV(
        alphas=ALPHAS, cv=list(sklearn.model_selection.GroupKFold(5).split(X, y, groups))
    )
    assert_array_equal(expected.fit(X, y).scores_, model.scores_)
    with pytest.raises(ValueError, match="is only supported if"):
        SparseRegressorCV().fit(X, y, groups=groups)


def test_refusals_and_warnings():
    X, y, _ = make(loss="multinomial")
    folds = [(np.flatnonzero(y > 0), np.flatnonzero(y == 0))]
    with pytest.raises(ValueError, match="fold 0 of cv has no training row of class 0"):
        SparseClassifierCV(cv=folds).fit(X, y)
    with pytest.raises(ValueError, match="alphas must be finite"):
        SparseClassifierCV(alphas=[1.0, np.nan]).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="SparseClassifierCV"):
        SparseClassifierCV(alphas=[0.01], max_iter=1, cv=3).fit(X, y)
    X, y, _ = make(loss="cox")
    censored = np.flatnonzero(y[:, 1] == 0)
    with pytest.raises(ValueError, match="fold 0 of cv has no training row with an observed"):
        SparseRegressorCV(loss="cox", cv=[(censored, np.arange(10))]).fit(X, y)
    X, y, _ = make()
    with pytest.raises(ValueError, match="must give finite numbers, got nan for the rows that"):
        SparseRegressorCV(alphas=[0.1], scoring=lambda m, X, y: np.nan, cv=3).fit(X, y)
