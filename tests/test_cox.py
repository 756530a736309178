"""Cox's model with penalties: derivatives, gap, ties, weights, and a direct search by SciPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from optlite import reference
from optlite._core import core
from optlite.linear_model import SparseRegressor
from optlite.reference import partial_likelihood as twin


def make(n=60, d=5, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + 0.5
    hazard = np.exp(X[:, 0] - 0.7 * X[:, min(1, d - 1)])
    time, censored = rng.exponential(1.0 / hazard), rng.exponential(2.0, n)
    event = time <= censored
    time = np.minimum(time, censored)
    if ties:
        time = np.ceil(4.0 * time)
    event[0] = True
    y = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    return X, y, rng.uniform(0.2, 2.0, n)


def arguments(y, weight):
    s = np.full(len(y), 1.0 / len(y)) if weight is None else weight / weight.sum()
    return np.ascontiguousarray(y["time"]), y["event"].astype(float), s


@given(
    n=st.integers(2, 30),
    seed=st.integers(0, 1000),
    size=st.sampled_from([0.0, 1.0, 20.0]),
    ties=st.booleans(),
    t=st.floats(0.01, 1.0),
)
def test_core_matches_the_twin(n, seed, size, ties, t):
    _, y, weight = make(n, 1, seed, ties)
    z = size * np.random.default_rng(seed).normal(size=n)
    args = arguments(y, weight)
    value, residual, gap = core.look_at(core.PartialLikelihood(*args), z, t)
    assert_allclose(value, twin.value(z, *args), rtol=1e-12, atol=1e-14)
    assert_allclose(-residual, twin.first(z, *args), rtol=1e-9, atol=1e-13)
    assert_allclose(gap, twin.gap(z, *args, t), rtol=1e-7, atol=1e-13)


def test_risk_sets_do_not_underflow():
    """Early samples with hazards e^1000 times those of late ones."""
    time = np.array([1.0, 2.0, 3.0, 4.0])
    z = np.array([1000.0, 500.0, 0.0, -500.0])
    loss = core.PartialLikelihood(time, np.ones(4), np.full(4, 0.25))
    value, residual, _ = core.look_at(loss, z)
    assert_allclose(value, 0.0, atol=1e-200)
    assert_allclose(residual, 0.0, atol=1e-15)
    value, residual, _ = core.look_at(loss, -z)
    assert_allclose(value, 0.25 * (1500.0 + 1000.0 + 500.0))
    assert_allclose(residual, [0.25, 0.25, 0.25, -0.75])


@pytest.mark.parametrize("ties", [False, True])
def test_twin_derivatives_match_differences(ties):
    _, y, weight = make(12, 1, 3, ties)
    args = arguments(y, weight)
    z = np.random.default_rng(1).normal(size=12)
    for k, e in enumerate(np.eye(12)):
        h = 1e-5
        slope = (twin.value(z + h * e, *args) - twin.value(z - h * e, *args)) / (2 * h)
        assert_allclose(twin.first(z, *args)[k], slope, atol=1e-9)
        bend = (twin.first(z + h * e, *args) - twin.first(z - h * e, *args)) / (2 * h)
        assert_allclose(twin.second(z, *args)[k], bend, atol=1e-9)


def value_and_products(model, X, y, weight=None):
    args = arguments(y, weight)
    z = X @ model.coef_
    return twin.value(z, *args), -X.T @ twin.first(z, *args)


@pytest.mark.parametrize("penalty", ["l1", "elastic_net", "slope", "group"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("shape", [(60, 5), (40, 60)])
def test_gap_is_met(penalty, ties, shape):
    X, y, weight = make(*shape, ties=ties)
    model = SparseRegressor(0.05, penalty=penalty, loss="cox", tol=1e-9).fit(X, y, weight)
    assert model.converged_ and model.certificate_kind_ == "relative duality gap"
    assert model.intercept_ == 0.0
    if penalty == "l1":
        value, c = value_and_products(model, X, y, weight)
        t = min(1.0, 0.05 / np.abs(c).max())
        args = arguments(y, weight)
        gap = twin.gap(X @ model.coef_, *args, t)
        gap += 0.05 * np.abs(model.coef_).sum() - t * c @ model.coef_
        value += 0.05 * np.abs(model.coef_).sum()
        assert_allclose(model.objective_, value, rtol=1e-10)
        s = args[2] * args[1]
        lowest = s @ np.log(np.where(s > 0, len(y) * s, 1.0))
        assert gap <= 1.1e-9 * (value - lowest) + 1e-13


@pytest.mark.parametrize("ties", [False, True])
def test_agrees_with_a_direct_search(ties):
    """The smooth problem by BFGS on the twin; the lasso, in two parts, by L-BFGS-B."""
    X, y, weight = make(80, 4, ties=ties)
    args = arguments(y, weight)

    def smooth(w):
        z = X @ w
        return twin.value(z, *args) + 0.05 * w @ w, X.T @ twin.first(z, *args) + 0.1 * w

    found = minimize(smooth, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-9})
    model = SparseRegressor(0.1, penalty="squared_l2", loss="cox", tol=1e-12).fit(X, y, weight)
    assert_allclose(model.coef_, found.x, atol=1e-6)

    def split(p):
        z = X @ (p[:4] - p[4:])
        g = X.T @ twin.first(z, *args)
        return twin.value(z, *args) + 0.1 * p.sum(), np.concatenate([g, -g]) + 0.1

    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000}
    found = minimize(
        split, np.full(8, 0.1), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 8, options=options
    )
    model = SparseRegressor(0.1, loss="cox", tol=1e-12).fit(X, y, weight)
    assert model.objective_ <= found.fun + 1e-12
    assert_allclose(model.coef_, found.x[:4] - found.x[4:], atol=1e-5)


@pytest.mark.parametrize("penalty", ["mcp", "scad", "l0.5"])
def test_conditions_of_concave_penalties(penalty):
    X, y, _ = make(100, 8)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = SparseRegressor(0.1, penalty=penalty, loss="cox").fit(X, y)
    name = {"l0.5": "l_half"}.get(penalty, penalty)
    part = reference.load("penalties", name)
    unit = 0.1 if part.moves_with_strength else 1.0
    _, c = value_and_products(model, X, y)
    assert part.subdifferential_distance(model.coef_ / unit, -c / 0.1).max() <= 1e-6
    assert model.converged_ and 0 < np.count_nonzero(model.coef_) < 8


def test_weights_layouts_and_forms_of_the_outcome():
    X, y, _ = make(50, 6, ties=True)
    X[X < 0.3] = 0.0
    options = {"loss": "cox", "tol": 1e-11}
    expected = SparseRegressor(0.05, **options).fit(X, y)
    for container in (np.asfortranarray, sp.csr_array, sp.csc_matrix):
        assert_allclose(
            SparseRegressor(0.05, **options).fit(container(X), y).coef_, expected.coef_, atol=1e-6
        )
    two = np.column_stack([y["time"], y["event"]])
    assert_allclose(SparseRegressor(0.05, **options).fit(X, two).coef_, expected.coef_)
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    counts[0] = 1
    weighted = SparseRegressor(0.05, **options).fit(X, y, counts)
    repeated = SparseRegressor(0.05, **options).fit(
        np.repeat(X, counts, axis=0), np.repeat(y, counts)
    )
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-6)
    assert_allclose(
        SparseRegressor(0.05, **options).fit(X + 1e4, y).coef_, expected.coef_, atol=1e-6
    )
    assert 0.6 < expected.score(X, y) <= 1.0


def test_censored_rows_only_are_refused():
    X, y, _ = make()
    y["event"] = False
    with pytest.raises(ValueError, match="at least one observed event"):
        SparseRegressor(loss="cox").fit(X, y)
