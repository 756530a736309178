"""The map of entropic transport: known maps, new points, weights."""

import numpy as np
import pytest

from optlite.ot import TransportMap


def test_a_linear_map_between_gaussians_is_found():
    """The optimal map between N(0, I) and N(m, A A) is x -> m + A x for A positive definite."""
    rng = np.random.default_rng(0)
    A, m = np.array([[1.5, 0.4], [0.4, 0.7]]), np.array([3.0, -1.0])
    X, Z = rng.normal(size=(1500, 2)), rng.normal(size=(1500, 2))
    model = TransportMap(reg=0.05, tol=1e-6).fit(X, target=m + Z @ A)
    new = rng.normal(size=(200, 2))
    new = new[np.linalg.norm(new, axis=1) < 2.0]  # where there are points to learn from
    error = np.linalg.norm(model.transform(new) - (m + new @ A), axis=1)
    assert np.sqrt(np.mean(error**2)) < 0.2
    back = np.linalg.norm(model.inverse_transform(m + new @ A) - new, axis=1)
    assert np.sqrt(np.mean(back**2)) < 0.3


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "cityblock"])
def test_points_of_the_fit_go_where_the_plan_sends_them(metric):
    rng = np.random.default_rng(1)
    X, Y = rng.random((1100, 3)), rng.random((30, 3))  # more rows than are mapped at a time
    model = TransportMap(metric=metric).fit(X, target=Y)
    plan = model.result_.plan
    moved = model.transform(X)
    assert moved == pytest.approx(plan @ Y / plan.sum(axis=1, keepdims=True), abs=1e-9)
    back = model.inverse_transform(Y)
    expected = plan.T @ X / plan.sum(axis=0)[:, None]
    assert back == pytest.approx(expected, abs=1e-6)


def test_without_weight_a_point_is_as_good_as_not_there():
    rng = np.random.default_rng(2)
    X, Y = rng.random((20, 2)), rng.random((15, 2))
    a, b = np.where(np.arange(20) < 12, 1.0, 0.0), np.where(np.arange(15) < 9, 2.0, 0.0)
    model = TransportMap().fit(X, target=Y, sample_weight=a, target_weight=b)
    small = TransportMap().fit(X[:12], target=Y[:9])
    assert model.reg_ == pytest.approx(small.reg_, rel=1e-12)
    assert model.transform(X) == pytest.approx(small.transform(X), abs=1e-9)
    assert model.inverse_transform(Y) == pytest.approx(small.inverse_transform(Y), abs=1e-9)


def test_single_precision_is_kept_and_bad_targets_are_refused():
    X = np.random.default_rng(3).random((10, 2)).astype(np.float32)
    model = TransportMap().fit(X, target=X + 1)
    assert model.transform(X).dtype == np.float32
    assert model.transform(X) == pytest.approx(X + 1, abs=0.5)
    with pytest.raises(ValueError, match="target must have as many columns as X, 2, got 3"):
        TransportMap().fit(X, target=np.ones((4, 3)))
    with pytest.raises(ValueError, match="'max_iter' parameter of TransportMap must be an int"):
        TransportMap(max_iter=1.5).fit(X)
    with pytest.raises(ValueError, match="target contains NaN"):
        TransportMap().fit(X, target=[[np.nan, 1.0]])


def test_points_whose_costs_overflow_are_refused():
    """They became NaN."""
    X = np.random.default_rng(4).random((10, 2))
    model = TransportMap(reg=1e-10, metric="cityblock").fit(X, target=X)
    with pytest.raises(ValueError, match=r"costs / reg to be numbers, got X\[1\] = \[1.e\+300 0"):
        model.transform([[0.5, 0.5], [1e300, 0.0]])
    for metric in ("sqeuclidean", "euclidean"):
        model = TransportMap(metric=metric).fit(X, target=X)
        with pytest.raises(ValueError, match="costs do not overflow, got a coordinate of 1e\\+160"):
            model.transform(1e160 * X / X.max())
        with pytest.raises(ValueError, match="costs do not overflow"):
            TransportMap(metric=metric).fit(1e160 * X, target=X)
