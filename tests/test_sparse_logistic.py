"""LogisticRegression with an L1 penalty against optimality conditions and scikit-learn."""

import hashlib
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, xlogy
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite.linear_model import LogisticRegression


def make(n=80, d=12, seed=0, zeros=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + 0.5
    if zeros:
        X[rng.random((n, d)) < 0.5] = 0.0
    z = X[:, : min(3, d)].sum(axis=1) - 1.0
    return X, (rng.random(n) < expit(z)).astype(int), rng.uniform(0.2, 2.0, n)


def gap_and_value(model, X, y, weight, C, ratio=1.0):
    """Duality gap and objective from the definitions, on the scale of ``objective_``."""
    s = np.ones(len(y)) if weight is None else weight
    sign = np.where(y == model.classes_[1], 1.0, -1.0)
    w, b = model.coef_[0].astype(float), float(model.intercept_[0])
    m = sign * (X @ w + b)
    p = expit(-m)
    r = s * sign * p
    if model.fit_intercept:
        assert abs(r.sum()) <= 1e-6 * np.abs(r).sum()
    l1, l2 = ratio / C, (1 - ratio) / C
    value = s @ np.logaddexp(0.0, -m) + l1 * np.abs(w).sum() + 0.5 * l2 * w @ w
    if model.fit_intercept:
        r = r - s / s.sum() * r.sum()  # what is left of its slope
    c = X.T @ r
    t = min(1.0, l1 / np.abs(c).max()) if l2 == 0 else 1.0
    q = np.clip(t * p, 0.0, 1.0)
    dual = -s @ (xlogy(q, q) + xlogy(1 - q, 1 - q))
    if l2 > 0:
        dual -= (np.maximum(np.abs(c) - l1, 0.0) ** 2).sum() / (2 * l2)
    return (value - dual) / s.sum(), value / s.sum()


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(80, 12), (40, 90)])
def test_no_other_point_is_better(ratio, intercept, weighted, shape):
    X, y, weight = make(*shape)
    s = weight if weighted else None
    options = {"C": 0.7, "l1_ratio": ratio, "fit_intercept": intercept}
    ours = LogisticRegression(**options, tol=1e-12).fit(X, y, s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = peer.LogisticRegression(**options, solver="saga", tol=1e-9, max_iter=3000)
        theirs.fit(X, y, s)
    gap, value = gap_and_value(ours, X, y, s, 0.7, ratio)
    sign = 2.0 * y - 1.0
    weights = np.ones(len(y)) if s is None else s
    w, b = theirs.coef_[0], theirs.intercept_[0]
    reached = (
        weights @ np.logaddexp(0.0, -sign * (X @ w + b))
        + (ratio * np.abs(w).sum() + 0.5 * (1 - ratio) * w @ w) / 0.7
    ) / weights.sum()
    assert value <= reached * (1 + 1e-12)
    assert abs(gap) <= 1e-11 * value
    assert_allclose(ours.objective_, value, rtol=1e-12)
    assert ours.certificate_ <= 1e-12
    assert ours.certificate_kind_ == "relative duality gap"
    assert ours.converged_
    assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)


def test_matches_liblinear_without_intercept():
    X, y, _ = make(200, 30)
    ours = LogisticRegression(C=0.2, l1_ratio=1.0, fit_intercept=False, tol=1e-13).fit(X, y)
    options = {"solver": "liblinear", "l1_ratio": 1.0, "random_state": 0, "max_iter": 100_000}
    theirs = peer.LogisticRegression(C=0.2, fit_intercept=False, tol=1e-12, **options).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@settings(max_examples=40)
@given(
    n=st.integers(4, 30),
    d=st.integers(1, 30),
    seed=st.integers(0, 1000),
    exponent=st.floats(-2.0, 4.0),
    ratio=st.sampled_from([1.0, 0.5, 0.02]),
    intercept=st.booleans(),
    copies=st.booleans(),
)
def test_gap_is_met_on_any_data(n, d, seed, exponent, ratio, intercept, copies):
    """Separable classes and columns that depend on each other included."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    if copies:
        X = np.hstack([X, X, np.zeros((n, 1)), -2.0 * X[:, :1]])
    y = rng.integers(0, 2, n)
    y[:2] = [0, 1]
    C = 10.0**exponent
    model = LogisticRegression(C=C, l1_ratio=ratio, fit_intercept=intercept).fit(X, y)
    gap, value = gap_and_value(model, X, y, None, C, ratio)
    assert gap <= 1.1e-8 * value + 1e-15
    assert model.converged_


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(2000, 60), (200, 300)])
def test_columns_that_nearly_depend_on_each_other(ratio, shape):
    """Products in single precision are too rough for them."""
    X, y, _ = make(*shape)
    X[:, 1::2] = X[:, ::2] + 1e-4 * np.random.default_rng(0).normal(size=X[:, ::2].shape)
    model = LogisticRegression(C=100.0, l1_ratio=ratio).fit(X, y)
    gap, value = gap_and_value(model, X, y, None, 100.0, ratio)
    assert gap <= 1.1e-8 * value
    assert model.converged_


@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_matrix, np.asfortranarray])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts_agree(container, dtype):
    X, y, weight = make(zeros=True)
    X = X.astype(dtype)
    expected = LogisticRegression(l1_ratio=0.8, tol=1e-13).fit(X.astype(float), y, weight)
    model = LogisticRegression(l1_ratio=0.8, tol=1e-13).fit(container(X), y, weight)
    assert model.coef_.dtype == dtype
    assert_allclose(model.coef_, expected.coef_, atol=1e-5 if dtype == np.float32 else 1e-7)


def test_weights_count_rows():
    X, y, _ = make()
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = LogisticRegression(l1_ratio=1.0, tol=1e-13).fit(X, y, counts)
    repeated = LogisticRegression(l1_ratio=1.0, tol=1e-13).fit(
        np.repeat(X, counts, axis=0), np.repeat(y, counts)
    )
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-7)


def test_strong_penalty_leaves_the_share_of_the_classes():
    X, y, _ = make()
    model = LogisticRegression(C=1e-4, l1_ratio=1.0).fit(X, y)
    assert not model.coef_.any()
    assert_allclose(expit(model.intercept_), [y.mean()], rtol=1e-10)


def test_warm_start_begins_at_the_solution():
    X, y, _ = make()
    model = LogisticRegression(l1_ratio=1.0, warm_start=True).fit(X, y)
    assert model.n_iter_[0] > 1
    coef = model.coef_.copy()
    assert model.fit(X, y).n_iter_[0] == 0
    assert_allclose(model.coef_, coef, rtol=1e-12)
    with pytest.raises(ValueError, match=r"needs coef_ of shape \(1, 11\)"):
        model.fit(X[:, 1:], y)


def test_iteration_limit_is_reported():
    X, y, _ = make(60, 200)
    with pytest.warns(ConvergenceWarning, match="relative duality gap .* asked 1e-08"):
        model = LogisticRegression(C=100.0, l1_ratio=1.0, max_iter=1).fit(X, y)
    assert model.n_iter_[0] == 1
    assert model.certificate_ > 1e-8


def test_a_gap_that_rounding_leaves_is_reported():
    """Columns that differ in the eighth digit, and hardly a penalty: no model of them is exact."""
    X, y, _ = make(200, 30)
    X[:, 1::2] = X[:, ::2] + 1e-7 * np.random.default_rng(0).normal(size=(200, 15))
    with pytest.warns(ConvergenceWarning, match="relative duality gap .* asked 1e-08"):
        model = LogisticRegression(C=100.0, l1_ratio=1.0).fit(1e6 * X, y)
    gap, value = gap_and_value(model, 1e6 * X, y, None, 100.0)
    assert gap > 1e-8 * value
    assert not model.converged_


def test_tol_zero_ends_at_rounding():
    X, y, _ = make()
    model = LogisticRegression(l1_ratio=1.0, tol=0).fit(X, y)
    assert 0.0 <= model.certificate_ <= 1e-13
    assert model.converged_


def test_small_probabilities_keep_their_digits():
    """Separable classes and hardly a penalty: the objective is 1e-9 of that at zero."""
    y = np.arange(40) % 2
    X = (2.0 * y - 1.0)[:, None] * [[1.0, 0.5]] + 0.01 * make(40, 2)[0]
    model = LogisticRegression(C=1e9, l1_ratio=1.0, fit_intercept=False).fit(X, y)
    sign = 2.0 * y - 1.0
    m = sign * (X @ model.coef_[0])
    p = expit(-m)
    p *= min(1.0, 1e-9 / np.abs(X.T @ (sign * p)).max())
    value = np.log1p(np.exp(-m)).sum() + 1e-9 * np.abs(model.coef_).sum()
    dual = -(p * np.log(p) + (1 - p) * np.log1p(-p)).sum()
    assert value < 1e-7
    assert 0.0 <= value - dual <= 1.1e-8 * value
    assert_allclose(model.certificate_, (value - dual) / value, rtol=1e-3, atol=1e-12)
    assert model.converged_


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_several_classes(ratio, intercept, weighted):
    """The gap from its definition, and scikit-learn's solution."""
    rng = np.random.default_rng(0)
    X, _, weight = make(150, 6)
    y = np.argmax(X @ rng.normal(size=(6, 3)) + 3.0 * rng.gumbel(size=(150, 3)), axis=1)
    s = weight if weighted else np.ones(150)
    options = {"C": 0.3, "l1_ratio": ratio, "fit_intercept": intercept}
    model = LogisticRegression(**options, tol=1e-10).fit(X, y, s)
    z = X @ model.coef_.T + model.intercept_
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    own = np.eye(3)[y]
    l1, l2 = ratio / 0.3, (1 - ratio) / 0.3
    c = X.T @ (s[:, None] * (own - p))
    t = min(1.0, l1 / np.abs(c).max()) if l2 == 0 else 1.0
    q = t * p + (1 - t) * own
    dual = -s @ xlogy(q, q).sum(axis=1)
    dual -= (np.maximum(np.abs(c) - l1, 0) ** 2).sum() / (2 * l2) if l2 > 0 else 0.0
    W = model.coef_
    value = -s @ np.log(p[np.arange(150), y]) + l1 * np.abs(W).sum() + 0.5 * l2 * (W**2).sum()
    assert value - dual <= 1.1e-10 * value
    assert_allclose(model.objective_, value / s.sum(), rtol=1e-11)
    assert model.converged_ and model.certificate_kind_ == "relative duality gap"
    theirs = peer.LogisticRegression(**options, solver="saga", tol=1e-8, max_iter=20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y, s)
    assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    again = LogisticRegression(**options, tol=1e-10, warm_start=True).fit(X, y, s)
    assert again.fit(X, y, s).n_iter_ <= 1


def test_what_it_refuses():
    X, y, _ = make()
    with pytest.raises(ValueError, match="record_trace=True needs l1_ratio=0"):
        LogisticRegression(l1_ratio=1.0, record_trace=True).fit(X, y)
    X[5, 2] = np.nan
    with pytest.raises(ValueError, match="row 5, column 2"):
        LogisticRegression(l1_ratio=1.0).fit(X, y)


@pytest.mark.parametrize("sparse", [False, True])
def test_same_bits_for_any_number_of_threads(sparse):
    X, y, weight = make(900, 700, zeros=sparse)
    X = sp.csc_array(X) if sparse else X
    digests = set()
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            model = LogisticRegression(C=0.1, l1_ratio=1.0).fit(X, y, weight)
        digests.add(hashlib.sha256(model.coef_.tobytes()).hexdigest())
    assert len(digests) == 1
    assert model.converged_


def test_a_start_far_away_is_not_taken_for_the_solution():
    """The duality gap grows as the margins do, however large they are."""
    X, y, _ = make(30, 1)
    options = {"C": 1e5, "l1_ratio": 1.0, "fit_intercept": False, "tol": 1e-4}
    model = LogisticRegression(**options, warm_start=True).fit(X, y)
    expected = model.objective_
    model.coef_ = np.full((1, 1), -1e8)
    assert_allclose(model.fit(X, y).objective_, expected, rtol=1e-3)


@pytest.mark.parametrize("far", [30.0, -100.0, 1e5])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_an_intercept_far_away_comes_home(far, ratio):
    """Where all coefficients are zero a wrong intercept has a gap of zero, or seems to."""
    X, y, _ = make(60, 4)
    model = LogisticRegression(C=1e-4, l1_ratio=ratio, warm_start=True).fit(X, y)
    model.intercept_ = np.array([far])
    model.fit(X, y)
    positive = np.mean(y == model.classes_[1])
    assert not model.coef_.any()
    assert_allclose(model.intercept_[0], np.log(positive / (1.0 - positive)), atol=1e-9)


@pytest.mark.parametrize("heavy", [1e6, 1e12, 1e30])
def test_classes_of_very_different_weight(heavy):
    X, y, _ = make(60, 4)
    codes = np.unique(y, return_inverse=True)[1]
    weight = np.where(codes == 1, heavy, 1.0)
    model = LogisticRegression(C=1e-4 / heavy, l1_ratio=1.0).fit(X, y, weight)
    assert not model.coef_.any()
    odds = heavy * codes.sum() / (1 - codes).sum()
    assert_allclose(model.intercept_[0], np.log(odds), rtol=1e-12)
