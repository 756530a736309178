"""What sparse models leave unread or drop is zero; standardisation without a copy of X."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from optlite._params import find
from optlite.linear_model import SparseClassifier, SparseRegressor
from optlite.linear_model._sparse_model import PenaltyOnFeatures, SparseModelProblem, in_order
from optlite.linear_model._sparse_path import strengths_of

BOUND = {"least_squares": 1.0, "huber": 1.0, "logistic": 0.25, "multinomial": 0.5}
OUTPUTS = {"multinomial": 3}


def make(n, d, loss, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    z = X[:, :4] @ [1.0, -1.0, 0.8, 0.5] + 0.3 * rng.normal(size=n)
    y = {"logistic": np.sign(z), "multinomial": np.digitize(z, [-0.7, 0.7])}.get(loss, z)
    return X, y, rng.uniform(0.5, 2.0, n)


def problem_of(X, y, weight, loss, penalty):
    record = find("objectives", loss, "loss")
    fields, outputs = in_order(record, None), OUTPUTS.get(loss, 1)
    problem = SparseModelProblem(X, weight, True, "test").set_loss(record, fields, y, outputs)
    return problem, PenaltyOnFeatures(penalty, None, None, 5, X.shape[1], outputs)


def residual_of(loss, y, z):
    """Minus the derivative of the loss."""
    if loss == "least_squares":
        return y[:, None] - z
    if loss == "huber":
        return np.clip(y[:, None] - z, -1.35, 1.35)
    if loss == "logistic":
        return y[:, None] / (1.0 + np.exp(y[:, None] * z))
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return np.eye(3)[y] - p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("penalty", ["l1", "elastic_net", "positive", "group", "slope"])
@pytest.mark.parametrize("loss", sorted(BOUND))
@pytest.mark.parametrize("order", ["C", "F", "sparse"])
def test_wide_problems_drop_columns_that_no_solution_has(penalty, loss, order):
    """By the definitions: at a dropped one, the condition for zero is slack by more than the dual
    point may be from its optimum."""
    X, y, weight = make(60, 600, loss)
    if order == "sparse":
        X[np.abs(X) < 0.5] = 0.0
    data = sp.csc_array(X) if order == "sparse" else np.asarray(X, order=order)
    problem, on = problem_of(data, y, weight, loss, penalty)
    alpha = strengths_of(3, 0.3, problem, on)[1]
    result = problem.fit(on, alpha * on.weights, 1e-11, 100)
    assert result["certificate"] <= 1e-11
    W = result["coefficients"]
    dropped = np.zeros(W.size, dtype=bool)
    dropped[result["dropped"]] = True
    dropped = dropped.reshape(W.shape)
    assert dropped.mean() > 0.5
    assert not W[dropped].any()
    s = weight / weight.sum()
    C = ((X - s @ X).T @ (s[:, None] * residual_of(loss, y, X @ W.T + result["intercepts"]))).T
    norms = np.sqrt(s @ (X - s @ X) ** 2)
    radius = norms * np.sqrt(2.0 * BOUND[loss] * max(result["gap"], 1e-15))
    if penalty == "group":
        for g in on.groups:
            out = dropped[:, g]
            assert out.all() or not out.any()
            if out.all():
                far = np.linalg.norm(np.abs(C[:, g]) + radius[g])
                assert far < alpha * np.sqrt(len(g))
        return
    if penalty == "slope":  # from some rank on, none of the largest sums reaches that of the levels
        bounds = np.abs(C) + radius
        order = np.argsort(-bounds, axis=None)
        first = np.flatnonzero(dropped.ravel()[order])[0]
        left = bounds.ravel()[order] - alpha * np.array(on.fields)
        assert any((np.cumsum(left[k:]) < 0.0).all() for k in range(first + 1))
        return
    size = C if penalty == "positive" else np.abs(C)
    share = 0.5 if penalty == "elastic_net" else 1.0
    assert (size + radius < alpha * share)[dropped].all()


@pytest.mark.parametrize("penalty", ["l1", "elastic_net", "group", "slope", "mcp", "l0.5"])
@pytest.mark.parametrize("loss", ["least_squares", "logistic", "multinomial", "poisson"])
def test_columns_at_zero_make_no_difference(penalty, loss):
    """The fit to the columns of the support alone is the same to rounding."""
    X, y, weight = make(60, 300, loss)
    y = np.random.default_rng(1).poisson(np.exp(0.5 * y)).astype(float) if loss == "poisson" else y
    problem, on = problem_of(X, y, weight, loss, penalty)
    alpha = strengths_of(3, 0.3, problem, on)[1]
    result = problem.fit(on, alpha * on.weights, 1e-11, 100)
    W = result["coefficients"]
    support = np.flatnonzero(W.any(axis=0))
    if penalty == "group":
        support = np.flatnonzero(np.isin(on.group_of, on.group_of[support]))
    assert 0 < len(support) < 100
    few, on_few = problem_of(np.ascontiguousarray(X[:, support]), y, weight, loss, penalty)
    if penalty == "slope":
        on_few.fields = on.fields[: W[:, support].size]
    start = W[:, support], result["intercepts"]
    same = few.fit(on_few, alpha * on_few.weights, 1e-11, 100, start)
    assert_allclose(same["value"], result["value"], rtol=1e-12)
    assert_allclose(same["coefficients"], W[:, support], atol=1e-6)
    if penalty in ("mcp", "l0.5") or loss == "poisson":  # not convex, or of no bounded curvature
        assert len(result["dropped"]) == 0


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    share=st.floats(0.02, 0.95),
    tol=st.sampled_from([0.3, 1e-2, 1e-4]),
    loss=st.sampled_from(sorted(BOUND)),
    penalty=st.sampled_from(["l1", "elastic_net", "positive", "group", "slope"]),
)
def test_loose_fits_drop_nothing_that_tight_ones_have(seed, share, tol, loss, penalty):
    """Duplicate, zero and collinear columns included."""
    rng = np.random.default_rng(seed)
    X, y, weight = make(20, 30, loss, seed)
    if loss == "multinomial":
        y[:3] = 0, 1, 2
    X[:, 10:15] = X[:, :5]
    X[:, 15] = 0.0
    X[:, 16] = X[:, 0] + X[:, 1]
    X = X[:, rng.permutation(30)]
    problem, on = problem_of(X, y, weight, loss, penalty)
    alpha = share * problem.largest_alpha(on)
    loose = problem.fit(on, alpha * on.weights, tol, 100)
    tight = problem.fit(on, alpha * on.weights, 1e-10, 100)
    assert not tight["coefficients"].ravel()[loose["dropped"]].any()
    assert not loose["coefficients"].ravel()[loose["dropped"]].any()


def test_what_rounding_may_have_moved_is_not_dropped():
    """Columns far from zero. The strength is below the largest that leaves any coefficient by less
    than rounding moves their products, of which there is one: all that is sure is that it is near.
    """
    dropped = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.integers(-9, 10, 50), rng.integers(-9, 10, 50)
        scatter = Fraction(int(50 * (x @ y) - x.sum() * y.sum()), 2500)
        X = (x + 9.0 * 2.0**20)[:, None]
        weight = np.ones(50)
        problem, on = problem_of(X, y.astype(float), weight, "least_squares", "l1")
        alpha = float(abs(scatter)) * (1.0 - 1e-13)
        result = problem.fit(on, alpha * on.weights, 1e-8, 100)
        assert abs(result["coefficients"]).max() < 1e-6
        dropped += len(result["dropped"])
    assert dropped == 0


# --- standardisation ------------------------------------------------------------------------------


def deviations(X, weight):
    s = weight / weight.sum()
    return np.sqrt(s @ (X - s @ X) ** 2)


@pytest.mark.parametrize("penalty", ["l1", "elastic_net", "positive", "group", "slope", "mcp"])
@pytest.mark.parametrize("loss", ["squared", "poisson", "logistic", "multinomial"])
def test_standardised_is_the_fit_to_scaled_columns(penalty, loss):
    X, y, weight = make(50, 9, loss)
    X = X * np.geomspace(0.01, 100.0, 9) + 3.0
    X[np.random.default_rng(2).random(X.shape) < 0.3] = 0.0
    classes = loss in ("logistic", "multinomial")
    y = np.random.default_rng(1).poisson(np.exp(0.5 * y)).astype(float) if loss == "poisson" else y
    estimator = SparseClassifier if classes else SparseRegressor
    options = {"loss": loss, "penalty": penalty, "groups": 3, "tol": 1e-11}
    units = deviations(X, weight)
    expected = estimator(0.08, **options).fit(X / units, y, weight)
    assert expected.coef_.any()
    for data in (X, np.asfortranarray(X), sp.csr_array(X), sp.csc_matrix(X)):
        before = data.copy()
        model = estimator(0.08, **options, standardize=True).fit(data, y, weight)
        assert_allclose(model.coef_ * units, expected.coef_, atol=1e-5)
        assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)
        assert_allclose(model.objective_, expected.objective_, rtol=1e-10)
        assert (data != before).sum() == 0


@pytest.mark.parametrize("method", ["lla", "adaptive"])
def test_standardised_with_other_methods(method):
    X, y, weight = make(50, 9, "squared")
    X = X * np.geomspace(0.01, 100.0, 9)
    penalty = "l1" if method == "adaptive" else "scad"
    options = {"alpha": 0.1, "method": method, "penalty": penalty, "tol": 1e-9}
    units = deviations(X, weight)
    expected = SparseRegressor(**options).fit(X / units, y, weight)
    model = SparseRegressor(**options, standardize=True).fit(X, y, weight)
    assert_allclose(model.coef_ * units, expected.coef_, atol=1e-6)


def test_standardised_without_intercept_starts_warm_and_keeps_units_of_constant_columns():
    X, y, weight = make(50, 9, "squared")
    X = X * np.geomspace(0.1, 10.0, 9) + 1.0
    X[:, 4] = 2.0
    options = {"alpha": 0.05, "fit_intercept": False}
    units = deviations(X, weight)
    units[4] = 1.0
    expected = SparseRegressor(**options).fit(X / units, y, weight)
    model = SparseRegressor(**options, standardize=True, warm_start=True).fit(X, y, weight)
    assert_allclose(model.coef_ * units, expected.coef_, atol=1e-6)
    again = model.set_params(max_iter=1).fit(X, y, weight).coef_
    assert_allclose(again * units, expected.coef_, atol=1e-6)


def test_units_of_columns_do_not_matter_to_standardised_fits():
    X, y, weight = make(50, 30, "squared")
    units = np.geomspace(2.0**-20, 2.0**20, 30)
    model = SparseRegressor(0.1, penalty="mcp", standardize=True)
    plain = model.fit(X, y, weight).coef_.copy()
    scaled = model.fit(X * units, y, weight).coef_
    assert_allclose(scaled * units, plain, rtol=1e-8)
    single = model.fit((X * units).astype(np.float32), y, weight)
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_ * units, plain, atol=1e-5)
    assert_array_equal(single.coef_ != 0, plain != 0)
