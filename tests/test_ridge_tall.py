"""Ridge on tall data, where the normal equations come from products in single precision."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from optlite.linear_model import Ridge

ROWS, COLUMNS = 20_000, 60


def tall(seed=0, columns=COLUMNS):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((ROWS, columns)) @ (np.eye(columns) + 0.1 * np.ones((columns, columns)))
    y = X @ rng.standard_normal(columns) + 3.0 * rng.standard_normal(ROWS) + 2.0
    return X, y


def solved(X, y, alpha, weight=None):
    """Centre, then solve the stacked least-squares problem: no normal equations."""
    weight = np.ones(len(X)) if weight is None else weight
    mean = weight @ X / weight.sum()
    root = np.sqrt(weight)[:, None]
    targets = y.reshape(len(X), -1)
    center = weight @ targets / weight.sum()
    stacked = np.vstack([root * (X - mean), np.sqrt(alpha) * np.eye(X.shape[1])])
    right = np.vstack([root * (targets - center), np.zeros((X.shape[1], targets.shape[1]))])
    coef = np.linalg.lstsq(stacked, right, rcond=None)[0].T
    coef = coef.reshape((*y.shape[1:], X.shape[1]))
    return coef, center.reshape(y.shape[1:]) - coef @ mean


def objective(model, X, y, weight=None):
    residual = y - X @ model.coef_ - model.intercept_
    squares = residual**2 if weight is None else weight * residual**2
    return squares.sum() + model.alpha * model.coef_ @ model.coef_


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("weighted", [False, True])
def test_coefficients_have_full_precision(alpha, weighted):
    X, y = tall()
    weight = np.random.default_rng(1).uniform(0.2, 3.0, ROWS) if weighted else None
    model = Ridge(alpha=alpha).fit(X, y, weight)
    coef, intercept = solved(X, y, alpha, weight)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-10)
    assert model.certificate_ <= model.tol


def test_several_targets_and_no_intercept():
    X, y = tall()
    Y = np.column_stack([y, np.cos(X[:, 0]), X[:, 1] ** 2])
    coef, intercept = solved(X, Y, 2.0)
    model = Ridge(alpha=2.0).fit(X, Y)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(model.intercept_, intercept, rtol=1e-9, atol=1e-11)
    plain = Ridge(alpha=2.0, fit_intercept=False).fit(X, y)
    expected = np.linalg.solve(X.T @ X + 2.0 * np.eye(COLUMNS), X.T @ y)
    np.testing.assert_allclose(plain.coef_, expected, rtol=1e-9, atol=1e-11)


def test_the_certificate_bounds_the_suboptimality():
    X, y = tall(seed=3)
    model = Ridge(alpha=10.0).fit(X, y)
    best = Ridge(alpha=10.0)
    best.coef_, best.intercept_ = solved(X, y, 10.0)
    reached, least = objective(model, X, y), objective(best, X, y)
    assert reached - least <= model.certificate_ * reached + 1e-13 * least


@pytest.mark.parametrize(
    "spoil",
    [
        lambda X: np.column_stack([X[:, :-1], X[:, 0] + 1e-5 * X[:, -1]]),  # nearly dependent
        lambda X: X + 1e7,  # a shift that hides the spread
        lambda X: X * np.logspace(-20, 20, X.shape[1]),  # squares beyond single precision
        lambda X: np.column_stack([X[:, :-1], np.arange(ROWS) == 7]),  # rare: zero in any sample
    ],
    ids=["dependent", "shifted", "scaled", "rare"],
)
def test_data_that_do_not_suit_single_precision(spoil):
    X, y = tall(seed=5)
    X = spoil(X)
    model = Ridge(alpha=1e-3).fit(X, y)
    centered = X - X.mean(axis=0)
    gradient = centered.T @ (y - y.mean() - centered @ model.coef_) - model.alpha * model.coef_
    # In units of each column: what one column could still lower the objective by, against all.
    curvature = np.einsum("ij,ij->j", centered, centered) + model.alpha
    assert (gradient**2 / curvature).max() <= 1e-9 * ((y - y.mean()) ** 2).sum()
    assert model.certificate_ <= model.tol


def test_an_outlier_beyond_single_precision_is_not_lost():
    X, y = tall(seed=6)
    X[1, 2] = 1e30  # no pilot sample sees it
    model = Ridge(alpha=1.0).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert abs(model.coef_[2]) < 1e-20


def test_same_bits_for_any_number_of_threads():
    X, y = tall(seed=7)
    fits = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads):
            fits.append(Ridge(alpha=1.0).fit(X, y).coef_)
    np.testing.assert_array_equal(fits[0], fits[1])
    np.testing.assert_array_equal(fits[0], fits[2])


def test_float32_data():
    X, y = tall(seed=8)
    single = Ridge(alpha=1.0).fit(X.astype(np.float32), y.astype(np.float32))
    coef, _ = solved(X.astype(np.float32).astype(float), y.astype(np.float32).astype(float), 1.0)
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, coef, rtol=1e-6, atol=1e-6)


def test_value_and_iterations_are_those_of_the_coefficients():
    X, y = tall(seed=9)
    y = X[:, 0] + 1e-5 * y  # nearly perfect: the last step matters
    model = Ridge(alpha=1e-3, tol=1e-2).fit(X, y)
    assert model.objective_ == pytest.approx(objective(model, X, y), rel=1e-6)
    assert model.n_iter_ == 2  # a solution and a refinement


@pytest.mark.parametrize("weight", [1e37, 7.2e-46])
def test_weights_beyond_single_precision(weight):
    X, y = tall(seed=10)
    model = Ridge(alpha=weight).fit(X, y, np.full(ROWS, weight))
    coef, _ = solved(X, y, 1.0)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-9, atol=1e-11)
