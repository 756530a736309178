"""LogisticRegression on tall data, whose Hessian comes from products in single precision."""

import numpy as np
import pytest

from optlite.linear_model import LogisticRegression

ROWS, COLUMNS = 40_000, 10


def tall(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((ROWS, COLUMNS))
    y = (X @ rng.standard_normal(COLUMNS) + rng.logistic(size=ROWS) > 0).astype(int)
    return X, y


def newton_decrement(model, X, y, weight=None):
    """Twice the suboptimality near the optimum, relative: from scaled columns, by QR."""
    weight = np.ones(len(X)) if weight is None else weight / weight.mean()
    alpha = 0.0 if np.isinf(model.C) else 1.0 / (model.C * len(X))
    Z = np.column_stack([X, np.ones(len(X))])
    w = np.append(model.coef_[0], model.intercept_)
    margin = np.where(y == 1, 1.0, -1.0) * (Z @ w)
    loss = weight @ np.logaddexp(0.0, -margin) / len(X) + 0.5 * alpha * w[:-1] @ w[:-1]
    tail = np.exp(-np.logaddexp(0.0, margin))
    penalty = alpha * np.append(np.ones(COLUMNS), 0.0)
    gradient = Z.T @ (weight * tail * np.where(y == 1, -1.0, 1.0)) / len(X) + penalty * w
    root = np.sqrt(weight * tail * (1.0 - tail) / len(X))[:, None] * Z
    stacked = np.vstack([root, np.diag(np.sqrt(penalty))])
    unit = np.linalg.norm(stacked, axis=0)
    R = np.linalg.qr(stacked / unit, mode="r")
    half = np.linalg.lstsq(R.T, gradient / unit, rcond=None)[0]
    return half @ half / loss


@pytest.mark.parametrize("value", [1e6, 1e15, 1e20, 1e60])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_a_value_that_no_sample_of_the_rows_saw(value, C):
    X, y = tall()
    X[7, 3] = value
    model = LogisticRegression(C=C).fit(X, y)
    assert model.converged_
    assert 0.0 < model.certificate_ <= model.tol
    assert newton_decrement(model, X, y) <= 10 * model.tol


@pytest.mark.parametrize("value", [1e10, 1e20])
def test_a_column_that_no_sample_of_the_rows_saw(value):
    X, y = tall(seed=1)
    X[:, 0] = 0.0
    X[7, 0] = value
    model = LogisticRegression(tol=1e-4).fit(X, y)
    assert model.converged_
    assert newton_decrement(model, X, y) <= 1e-3


@pytest.mark.parametrize("weight", [1e37, 1e-40, 7.2e-46])
def test_weights_beyond_single_precision(weight):
    X, y = tall(seed=2)
    # The penalty counts in units of the weights: with C / weight the problem stays the same.
    usual = LogisticRegression(C=1.0).fit(X, y)
    model = LogisticRegression(C=1.0 / weight).fit(X, y, np.full(ROWS, weight))
    np.testing.assert_allclose(model.coef_, usual.coef_, rtol=1e-4, atol=1e-5)
    assert model.certificate_ <= model.tol


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_view_with_gaps(order):
    X, y = tall(seed=3)
    wide = np.zeros((ROWS, 5 * COLUMNS), order=order)
    wide[:, :COLUMNS] = X
    view = wide[:, :COLUMNS]
    model = LogisticRegression().fit(view, y)
    np.testing.assert_allclose(
        model.coef_, LogisticRegression().fit(X, y).coef_, rtol=1e-3, atol=1e-4
    )
    assert newton_decrement(model, X, y) <= 10 * model.tol
