"""SparseClassifier against optimality conditions, LogisticRegression and scikit-learn."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning

from optlite import reference
from optlite.linear_model import LogisticRegression, SparseClassifier
from optlite.linear_model._sparse_model import find_penalty


def make(n=120, d=8, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + 0.3
    W = np.zeros((classes, d))
    W[:, :2] = 1.5 * rng.normal(size=(classes, 2))
    z = X @ W.T + rng.gumbel(size=(n, classes))
    y = z.argmax(axis=1)
    y[:classes] = np.arange(classes)
    return X, np.array(["a", "b", "c", "d"])[y], rng.uniform(0.2, 2.0, n)


def gap_and_value(model, X, y, weight=None):
    """Duality gap and objective from the definitions, for several classes."""
    s = np.ones(len(y)) if weight is None else weight
    s = s / s.sum()
    own = np.searchsorted(model.classes_, y)
    rows = np.arange(len(y))
    z = X @ model.coef_.T + model.intercept_
    p = softmax(z, axis=1)
    u = -p * s[:, None]
    u[rows, own] += s  # minus the derivative
    assert np.abs(u.sum(axis=0)).max() <= 1e-7
    c = u.T @ X
    W = model.coef_
    record, fields = find_penalty(model.penalty, model.penalty_params)
    twin = reference.load("penalties", record["name"])
    if record["of_groups"]:
        blocks = [W[:, j] for j in range(W.shape[1])], [c[:, j] for j in range(W.shape[1])]
    else:
        blocks = [W.ravel()], [c.ravel()]
    t = min(1.0, *(np.min(twin.reach(b / model.alpha, *fields)) for b in blocks[1]))
    penalty = model.alpha * sum(np.sum(twin.value(b, *fields)) for b in blocks[0])
    conjugate = sum(np.sum(twin.conjugate(t * b / model.alpha, *fields)) for b in blocks[1])
    q = t * p
    q[rows, own] += 1.0 - t
    dual = -s @ np.sum(q * np.log(q), axis=1) - model.alpha * conjugate
    value = -s @ log_softmax(z, axis=1)[rows, own] + penalty
    return value - dual, value


@pytest.mark.parametrize("penalty", ["l1", "elastic_net", "group"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(120, 8), (40, 60)])
def test_gap_is_met_for_several_classes(penalty, weighted, shape):
    X, y, weight = make(*shape)
    s = weight if weighted else None
    model = SparseClassifier(0.03, penalty=penalty, tol=1e-10).fit(X, y, s)
    gap, value = gap_and_value(model, X, y, s)
    assert gap <= 1.1e-10 * value + 1e-13
    assert_allclose(model.objective_, value, rtol=1e-10)
    assert model.certificate_kind_ == "relative duality gap" and model.converged_
    if penalty == "group":  # a feature matters to all classes, or to none
        zero = model.coef_ == 0
        assert (zero.all(axis=0) | ~zero.any(axis=0)).all()
        assert zero.any() or shape[1] < 60


@settings(max_examples=30)
@given(
    n=st.integers(6, 30),
    d=st.integers(1, 20),
    seed=st.integers(0, 1000),
    exponent=st.floats(-3.0, 0.0),
    penalty=st.sampled_from(["l1", "elastic_net", "group"]),
    classes=st.integers(3, 4),
    copies=st.booleans(),
)
def test_gap_is_met_on_any_data(n, d, seed, exponent, penalty, classes, copies):
    """Separable classes and columns that depend on each other included."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    if copies:
        X = np.hstack([X, X, np.zeros((n, 1)), -2.0 * X[:, :1]])
    y = rng.integers(0, classes, n)
    y[:classes] = np.arange(classes)
    model = SparseClassifier(10.0**exponent, penalty=penalty).fit(X, y)
    gap, value = gap_and_value(model, X, y)
    assert gap <= 1.1e-8 * value + 1e-13
    assert model.converged_


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("shape", [(120, 8), (40, 60)])
def test_two_classes_agree_with_logistic_regression(ratio, shape):
    X, y, weight = make(*shape, classes=2)
    alpha = 0.05
    other = LogisticRegression(C=1.0 / (alpha * weight.sum()), l1_ratio=ratio, tol=1e-12)
    other.fit(X, y, weight)
    params = {"l1_ratio": ratio}
    model = SparseClassifier(alpha, penalty="elastic_net", penalty_params=params, tol=1e-12)
    model.fit(X, y, weight)
    assert_allclose(model.objective_, other.objective_, rtol=1e-10)
    assert_allclose(model.coef_, other.coef_, atol=1e-5)
    assert_allclose(model.predict_proba(X), other.predict_proba(X), atol=1e-5)
    assert_allclose(model.predict_log_proba(X), np.log(model.predict_proba(X)), rtol=1e-9)


def test_several_classes_agree_with_scikit_learn():
    X, y, _ = make(200, 6)
    model = SparseClassifier(0.02, tol=1e-12).fit(X, y)
    theirs = peer.LogisticRegression(
        C=1.0 / (0.02 * len(y)), l1_ratio=1.0, solver="saga", tol=1e-9, max_iter=20_000
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    assert_allclose(model.coef_, theirs.coef_, atol=1e-4)


def test_two_classes_as_two_columns():
    X, y, _ = make(classes=2)
    model = SparseClassifier(0.02, loss="multinomial", tol=1e-11).fit(X, y)
    gap, value = gap_and_value(model, X, y)
    assert gap <= 1e-10 * value
    assert model.coef_.shape == (2, 8)
    z = X @ model.coef_.T + model.intercept_
    assert_allclose(model.predict_proba(X), softmax(z, axis=1), rtol=1e-10)
    # |w_0| + |w_1| with w_1 - w_0 given is least where it is |w_1 - w_0|: the logistic lasso.
    same = SparseClassifier(0.02, tol=1e-11).fit(X, y)
    assert_allclose(model.coef_[1] - model.coef_[0], same.coef_[0], atol=1e-4)
    assert_allclose(model.objective_, same.objective_, rtol=1e-9)


@pytest.mark.parametrize("penalty", ["mcp", "scad", "l0.5"])
@pytest.mark.parametrize("classes", [2, 3])
def test_conditions_of_concave_penalties(penalty, classes):
    X, y, _ = make(200, 8, classes=classes)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = SparseClassifier(0.04, penalty=penalty).fit(X, y)
    own = np.searchsorted(model.classes_, y)
    z = X @ model.coef_.T + model.intercept_
    z = np.hstack([0.0 * z, z]) if classes == 2 else z
    r = softmax(z, axis=1)
    r[np.arange(len(y)), own] -= 1.0
    gradient = (r.T @ X / len(y))[classes == 2 :]
    twin = reference.load("penalties", find_penalty(penalty, None)[0]["name"])
    unit = 0.04 if twin.moves_with_strength else 1.0
    distance = twin.subdifferential_distance(model.coef_ / unit, gradient / 0.04)
    assert distance.max() <= 1e-6
    assert model.converged_ and (model.coef_ == 0).any() and model.coef_.any()


@pytest.mark.parametrize("penalty", ["mcp", "scad"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("n", "d", "share"), [(40, 60, 0.1), (100, 20, 0.03), (60, 200, 0.2)])
def test_concave_penalties_of_separable_classes(penalty, classes, n, d, share):
    """Large coefficients cost nothing, and grow until the tolerance is reached: by a constant a
    step, with which the losses fall by a factor, as in Newton's method."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (X[:, :5] @ rng.normal(size=(5, classes))).argmax(axis=1)
    centred = np.eye(classes)[y] - np.bincount(y) / n
    scale = np.abs(centred.T @ X).max() / n
    alpha = share * scale
    model = SparseClassifier(alpha, penalty=penalty).fit(X, y)
    assert model.converged_ and model.n_iter_ <= 40
    assert np.abs(model.coef_).max() > 50.0 * alpha  # far beyond where the penalty is constant
    z = X @ model.coef_.T + model.intercept_
    p = softmax(np.hstack([0.0 * z, z]) if classes == 2 else z, axis=1)
    gradient = ((p - np.eye(classes)[y]).T @ X / n)[classes == 2 :]
    twin = reference.load("penalties", penalty)
    distance = twin.subdifferential_distance(model.coef_ / alpha, gradient / alpha)
    assert alpha * distance.max() <= 2e-8 * scale


@pytest.mark.parametrize("penalty", ["l1", "slope", "mcp"])
@pytest.mark.parametrize("classes", [2, 3])
def test_layouts_and_single_precision(penalty, classes):
    X, y, weight = make(classes=classes)
    X[X < 0.2] = 0.0
    options = {"penalty": penalty, "tol": 1e-10}
    expected = SparseClassifier(0.03, **options).fit(X, y, weight)
    for container in (np.asfortranarray, sp.csr_array, sp.csc_matrix):
        model = SparseClassifier(0.03, **options).fit(container(X), y, weight)
        assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    model = SparseClassifier(0.03, **options).fit(X.astype(np.float32), y, weight)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert_allclose(model.coef_, expected.coef_, atol=1e-4)


def test_class_weights_are_sample_weights():
    X, y, _ = make()
    factors = {"a": 2.0, "b": 1.0, "c": 0.5}
    model = SparseClassifier(0.03, class_weight=factors, tol=1e-11).fit(X, y)
    same = SparseClassifier(0.03, tol=1e-11).fit(X, y, [factors[label] for label in y])
    assert_allclose(model.coef_, same.coef_, atol=1e-6)


def test_warm_start_and_errors():
    X, y, _ = make()
    model = SparseClassifier(0.03, warm_start=True).fit(X, y)
    first = model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_ <= 2
    assert_allclose(model.coef_, first, atol=1e-5)
    with pytest.raises(ValueError, match='loss="logistic" is for two classes, got 3'):
        SparseClassifier(loss="logistic").fit(X, y)
    with pytest.raises(ValueError, match="at least 2 classes"):
        SparseClassifier().fit(X, np.zeros(len(y)))


@pytest.mark.parametrize(
    ("C", "common", "units"), [(1e6, 0.0, 0.0), (1e3, 5.0, 0.0), (1e3, 0.0, 2.0)]
)
def test_separable_classes_are_fitted_to_the_tolerance(C, common, units):
    """Losses of 1e-6 a sample have all their digits, and steps stay long where they are flat."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 100)) + common * rng.normal(size=(60, 1))
    if units:
        X *= 10.0 ** rng.uniform(-units, units, 100)
    W = rng.normal(size=(4, 100)) * (rng.random((4, 100)) < 0.2)
    y = (X @ W.T + rng.gumbel(size=(60, 4))).argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = LogisticRegression(C=C, l1_ratio=1.0, max_iter=40).fit(X, y)
    assert model.converged_ and model.certificate_ <= 1e-8

    z = X @ model.coef_.T + model.intercept_
    own = z[np.arange(60), y]
    others = np.exp(z - own[:, None])
    others[np.arange(60), y] = 0.0
    odds = others.sum(axis=1)
    loss, penalty = np.log1p(odds).mean(), np.abs(model.coef_).sum() / (60 * C)
    assert_allclose(model.objective_, loss + penalty, rtol=1e-9)
    pull = others / (1.0 + odds[:, None]) / 60
    pull[np.arange(60), y] = -pull.sum(axis=1)
    strength = 1.0 / (60 * C)
    slopes = pull.T @ X
    assert np.abs(slopes).max() <= strength * (1 + 1e-5)
    held = model.coef_ != 0
    assert_allclose(slopes[held], -strength * np.sign(model.coef_[held]), rtol=1e-4)


@pytest.mark.parametrize(
    ("weights", "far"),
    [
        *itertools.product([[1.0, 1.0], [1.0, 1e12], [1.0, 1e30]], [0.0, 100.0, -1e4]),
        *itertools.product([[1.0, 1.0, 1.0], [1.0, 2.0, 1e-3]], [0.0, 100.0, -1e4]),
        ([1.0, 1e12, 1e-6], 0.0),
    ],
)
def test_intercepts_find_the_shares_of_the_classes(weights, far):
    """From any start, and with rows of any weight: a wrong one can look as if it had no gap."""
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.arange(60) % len(weights)
    model = SparseClassifier(10.0, warm_start=True).fit(X, y)
    assert not model.coef_.any()
    model.intercept_ = far * (np.arange(len(model.intercept_)) + 1.0)
    model.fit(X, y, np.array(weights)[y])
    assert not model.coef_.any()
    odds = np.log(weights)
    expected = odds[1:] - odds[0] if len(weights) == 2 else odds - odds.mean()
    assert_allclose(model.intercept_, expected, rtol=1e-9, atol=1e-9)
