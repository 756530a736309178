"""SparseRegressor against closed forms, optimality conditions, the lasso's solvers and SciPy."""

import hashlib
import itertools
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize, nnls
from scipy.special import ndtri, xlogy
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite import reference
from optlite.linear_model import ElasticNet, GroupLasso, Lasso, SparseRegressor, sparse_path
from optlite.linear_model._sparse_model import find_penalty, levels_of_ranks
from optlite.reference import sparse_model as twin

TWIN = {"squared": "least_squares", "huber": "huber", "poisson": "poisson"}
CONVEX = ["l1", "elastic_net", "positive", "group", "slope"]
CONCAVE = ["mcp", "scad", "l0.5"]


def make(n=80, d=12, seed=0, zeros=False, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + 0.5
    if zeros:
        X[rng.random((n, d)) < 0.5] = 0.0
    w = np.zeros(d)
    w[: max(1, d // 4)] = rng.uniform(0.3, 0.6, max(1, d // 4))
    z = X @ w
    y = rng.poisson(np.exp(np.minimum(z, 3.0))) if loss == "poisson" else z + rng.normal(size=n)
    return X, y.astype(float), rng.uniform(0.2, 2.0, n)


def problem_of(model, X, y, weight=None):
    """The twin's problem for the settings of an estimator."""
    X = X.toarray() if sp.issparse(X) else np.asarray(X, dtype=float)
    d, weights = X.shape[1], model.weights
    record, fields = find_penalty(model.penalty, model.penalty_params)
    if record["of_ranks"]:
        fields, groups = levels_of_ranks(weights, d), [(np.arange(d), model.alpha)]
    elif record["of_groups"]:
        own = [np.flatnonzero(model.groups_ == g) for g in range(model.groups_.max() + 1)]
        v = np.sqrt([len(g) for g in own]) if weights is None else np.asarray(weights)
        groups = list(zip(own, model.alpha * v, strict=True))
    else:
        v = np.ones(d) if weights is None else np.asarray(weights)
        groups = [(np.array([j]), model.alpha * v[j]) for j in range(d)]
    loss = reference.load("objectives", TWIN[model.loss])
    penalty = reference.load("penalties", record["name"])
    options = tuple((model.loss_params or {}).values())
    return twin.SparseModel(
        X, y, weight, loss, penalty, groups, options, fields, model.fit_intercept
    )


def judge(model, X, y, weight=None):
    """Objective, duality gap (None if there is none) and KKT violation, from the definitions."""
    problem = problem_of(model, X, y, weight)
    w, b = model.coef_.astype(float), float(model.intercept_)
    if model.fit_intercept:
        residual = problem.s * problem.loss.first(problem.X @ w + b, y, *problem.loss_fields)
        assert abs(residual.sum()) <= 1e-6 * np.abs(residual).sum()
    gap = problem.gap(w, b) if hasattr(problem.penalty, "reach") else None
    return problem.value(w, b), gap, problem.violation(w, b)


def lowest(model, y, weight=None):
    """A bound from below on the loss."""
    s = np.ones(len(y)) if weight is None else weight
    return s @ (y - xlogy(y, y)) / s.sum() if model.loss == "poisson" else 0.0


def fit(penalty, loss="squared", alpha=0.1, tol=1e-10, **options):
    options = {"groups": 3, **options} if penalty == "group" else options
    return SparseRegressor(alpha, penalty=penalty, loss=loss, tol=tol, **options)


# --- optimality -----------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", CONVEX)
@pytest.mark.parametrize("loss", sorted(TWIN))
@pytest.mark.parametrize("shape", [(80, 12), (30, 60)])
@pytest.mark.parametrize("intercept", [False, True])
def test_gap_is_met(penalty, loss, shape, intercept):
    X, y, weight = make(*shape, loss=loss)
    s = weight if intercept else None
    model = fit(penalty, loss, fit_intercept=intercept).fit(X, y, s)
    value, gap, _ = judge(model, X, y, s)
    assert gap <= 1.1e-10 * (value - lowest(model, y, s)) + 1e-14
    assert_allclose(model.objective_, value, rtol=1e-10)
    assert_allclose(model.dual_gap_, gap, rtol=1e-2, atol=1e-13)
    assert model.certificate_kind_ == "relative duality gap"
    assert model.converged_


@pytest.mark.parametrize("penalty", CONCAVE)
@pytest.mark.parametrize("loss", sorted(TWIN))
@pytest.mark.parametrize("shape", [(80, 12), (30, 60)])
@pytest.mark.parametrize("intercept", [False, True])
def test_conditions_are_met(penalty, loss, shape, intercept):
    X, y, weight = make(*shape, loss=loss)
    s = weight if intercept else None
    model = fit(penalty, loss, 0.15, fit_intercept=intercept).fit(X, y, s)
    value, gap, violation = judge(model, X, y, s)
    assert gap is None and model.dual_gap_ is None
    assert violation <= 1e-9
    assert_allclose(model.objective_, value, rtol=1e-10)
    assert model.certificate_kind_ == "relative KKT violation"
    assert model.converged_
    assert 0 < np.count_nonzero(model.coef_) < X.shape[1]


@pytest.mark.parametrize("penalty", CONVEX + CONCAVE)
@pytest.mark.parametrize("loss", sorted(TWIN))
def test_plain_steps_of_the_twin_find_nothing_better(penalty, loss):
    """From where the solver ends they do not move; from zero they end no lower if it is convex."""
    X, y, weight = make(60, 6, loss=loss)
    model = fit(penalty, loss).fit(X, y, weight)
    problem = problem_of(model, X, y, weight)
    value = problem.value(model.coef_, model.intercept_)
    w, b = next(problem.steps(model.coef_, model.intercept_, 0.01))
    assert_allclose(w, model.coef_, atol=1e-6)
    assert_allclose(b, model.intercept_, atol=1e-6)
    if penalty in CONVEX:
        start = np.zeros(6), 0.0 if loss == "poisson" else y.mean()
        w, b = next(itertools.islice(problem.steps(*start), 300, None))
        reached = problem.value(w, b)
        assert value <= reached + 1e-12
        assert reached <= value + 0.05 * (problem.value(*start) - value)  # they come near


columns = st.sampled_from(["normal", "zero", "constant", "copy", "negative", "sum", "tiny"])


def odd_columns(kinds, n, rng):
    X = np.empty((n, len(kinds)))
    for j, kind in enumerate(kinds):
        other = X[:, rng.integers(j)] if j else rng.normal(size=n)
        fresh = rng.normal(size=n)
        X[:, j] = {
            "normal": fresh,
            "zero": 0.0 * fresh,
            "constant": 0.0 * fresh + 3.0,
            "copy": other,
            "negative": -2.0 * other,
            "sum": other + fresh,
            "tiny": 1e-4 * fresh,
        }[kind]
    return X


@settings(max_examples=60)
@given(
    kinds=st.lists(columns, min_size=1, max_size=16),
    n=st.integers(2, 25),
    seed=st.integers(0, 1000),
    exponent=st.floats(-4.0, 0.5),
    penalty=st.sampled_from(CONVEX),
    loss=st.sampled_from(sorted(TWIN)),
    intercept=st.booleans(),
)
def test_gap_is_met_on_any_data(kinds, n, seed, exponent, penalty, loss, intercept):
    """Duplicate, zero, constant and dependent columns, in one group or in several."""
    rng = np.random.default_rng(seed)
    X = odd_columns(kinds, n, rng)
    y = rng.poisson(2.0, n).astype(float) if loss == "poisson" else rng.normal(size=n) + 1.0
    if loss == "poisson":
        y[0] = 1.0
    groups = rng.integers(0, 5, len(kinds))
    model = SparseRegressor(
        10.0**exponent, penalty=penalty, loss=loss, groups=groups, fit_intercept=intercept
    )
    model.fit(X, y)
    value, gap, _ = judge(model, X, y)
    assert gap <= 1.1e-8 * (value - lowest(model, y)) + 1e-13
    assert model.converged_


@settings(max_examples=60)
@given(
    kinds=st.lists(columns, min_size=1, max_size=16),
    n=st.integers(2, 25),
    seed=st.integers(0, 1000),
    exponent=st.floats(-2.0, 0.5),
    penalty=st.sampled_from(CONCAVE),
    loss=st.sampled_from(sorted(TWIN)),
)
def test_conditions_are_met_on_any_data(kinds, n, seed, exponent, penalty, loss):
    rng = np.random.default_rng(seed)
    X = odd_columns(kinds, n, rng)
    y = rng.poisson(2.0, n).astype(float) if loss == "poisson" else rng.normal(size=n) + 1.0
    y[:2] = [1.0, 2.0]
    model = SparseRegressor(10.0**exponent, penalty=penalty, loss=loss).fit(X, y)
    scale = np.abs(X.T @ (y - y.mean())).max() / n
    assert judge(model, X, y)[2] <= 2e-8 * max(scale, 1e-12)
    assert model.converged_


def test_half_thresholding_leaps_where_few_residuals_are_within_delta():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(60, 8)) * rng.uniform(0.5, 2.0, 8) + 0.3
    rng.normal(size=60)
    y = X[:, :3] @ [0.6, -0.5, 0.4] + 0.6 * rng.standard_t(2, size=60)
    model = SparseRegressor(0.0663, penalty="l0.5", loss="huber").fit(X, y)
    assert model.converged_ and judge(model, X, y)[2] <= 1e-7
    assert np.count_nonzero(model.coef_) > 1


@pytest.mark.parametrize("penalty", ["mcp", "scad"])
@pytest.mark.parametrize("seed", [1, 5, 17, 26, 33, 87])
def test_steps_end_where_the_model_is_not_convex(penalty, seed):
    """Few residuals are within delta: the minimum of the model is far from that of the objective,
    steps to stationary points nearby are Newton's, and zeros that have to leave are not forgotten.
    """
    rng = np.random.default_rng(seed)
    n, d = [(20, 4), (30, 5), (25, 8)][seed % 3]
    X = rng.normal(size=(n, d))
    y = X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.normal(size=n) * (1 + 9 * (rng.random(n) < 0.1))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    clipped = X.T @ np.clip(y - np.median(y), -1.35, 1.35) / n
    for share in (0.99, 0.8, 0.1):
        alpha = share * np.abs(clipped).max()
        model = SparseRegressor(alpha, penalty=penalty, loss="huber").fit(X, y)
        assert model.converged_ and model.n_iter_ <= 25
        assert judge(model, X, y)[2] <= 3e-8 * np.abs(clipped).max()


# --- known answers --------------------------------------------------------------------------------


def orthogonal(n=64, d=8, seed=0):
    """Centred columns with X^T X / n the identity."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, d))
    Q, _ = np.linalg.qr(Z - Z.mean(axis=0))
    X = np.sqrt(n) * Q
    w = np.array([3.0, -2.0, 1.2, 0.7, -0.4, 0.1, 0.0, 0.0])[:d]
    return X, X @ w + 0.1 * rng.normal(size=n) + 5.0


def threshold(z, alpha, penalty, gamma):
    """Minimiser of (w - z)^2 / 2 plus MCP or SCAD, as their papers state it."""
    size, sign = np.abs(z), np.sign(z)
    soft = sign * np.maximum(size - alpha, 0.0)
    if penalty == "mcp":
        return np.where(size <= gamma * alpha, soft / (1.0 - 1.0 / gamma), z)
    middle = ((gamma - 1.0) * z - sign * gamma * alpha) / (gamma - 2.0)
    inner = np.where(size <= 2.0 * alpha, soft, middle)
    return np.where(size > gamma * alpha, z, inner)


@pytest.mark.parametrize(("penalty", "gamma"), [("mcp", 3.0), ("mcp", 1.5), ("scad", 3.7)])
@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.8])
def test_orthogonal_columns_have_a_closed_form(penalty, gamma, alpha):
    """Large coefficients are those of least squares: there is no bias."""
    X, y = orthogonal()
    z = X.T @ (y - y.mean()) / len(y)
    model = fit(penalty, alpha=alpha, penalty_params={"gamma": gamma}).fit(X, y)
    assert_allclose(model.coef_, threshold(z, alpha, penalty, gamma), rtol=1e-9, atol=1e-9)
    assert_allclose(model.intercept_, y.mean(), rtol=1e-12)
    large = np.abs(z) > gamma * alpha
    assert_allclose(model.coef_[large], z[large], rtol=1e-9)
    assert large.any()


@pytest.mark.parametrize("alpha", [0.1, 0.5])
def test_half_thresholding_on_orthogonal_columns(alpha):
    """Each coefficient is the best of a fine grid."""
    X, y = orthogonal()
    z = X.T @ (y - y.mean()) / len(y)
    grid = np.linspace(-4.0, 4.0, 80001)[:, None]
    best = grid[np.argmin(0.5 * (grid - z) ** 2 + alpha * np.sqrt(np.abs(grid)), axis=0), 0]
    assert_allclose(fit("l0.5", alpha=alpha).fit(X, y).coef_, best, atol=1e-4)


@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("shape", [(80, 12), (30, 90)])
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_specialised_solvers(container, shape, weighted):
    X, y, weight = make(*shape, zeros=True)
    s = weight if weighted else None
    D = container(X)
    pairs = [
        (fit("l1"), Lasso(0.1, tol=1e-12)),
        (fit("elastic_net"), ElasticNet(0.1, tol=1e-12)),
        (fit("positive"), Lasso(0.1, positive=True, tol=1e-12)),
        (fit("group"), GroupLasso(0.1, groups=3, tol=1e-12)),
        (fit("slope", weights=np.ones(shape[1])), Lasso(0.1, tol=1e-12)),
        (fit("l1", loss="huber", loss_params={"delta": 1e3}), Lasso(0.1, tol=1e-12)),
    ]
    for ours, theirs in pairs:
        ours.fit(D, y, s)
        theirs.fit(D, y, s)
        assert_allclose(ours.objective_, theirs.objective_, rtol=1e-9)
        assert_allclose(ours.coef_, theirs.coef_, atol=2e-4)


def test_agrees_with_scikit_learn():
    X, y, weight = make()
    ours = fit("elastic_net", penalty_params={"l1_ratio": 0.7}, tol=1e-13).fit(X, y, weight)
    theirs = peer.ElasticNet(0.1, l1_ratio=0.7, tol=1e-12, max_iter=100_000).fit(X, y, weight)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-7)
    ours = SparseRegressor(0.1, penalty="squared_l2", loss="poisson", tol=1e-13)
    X, y, weight = make(loss="poisson")
    theirs = peer.PoissonRegressor(alpha=0.1, tol=1e-12, solver="newton-cholesky").fit(X, y, weight)
    assert_allclose(ours.fit(X, y, weight).coef_, theirs.coef_, atol=1e-9)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert_allclose(
        ours.score(X, y), 1 - ((y - ours.predict(X)) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    )


@pytest.mark.parametrize("seed", range(4))
def test_slope_is_not_beaten_by_a_search(seed):
    X, y, _ = make(25, 4, seed)
    levels = np.array([1.0, 0.9, 0.4, 0.1])
    model = fit("slope", alpha=0.3, weights=levels).fit(X, y)
    Z, r = X - X.mean(axis=0), y - y.mean()

    def total(w):
        return 0.5 * np.mean((r - Z @ w) ** 2) + 0.3 * np.sort(np.abs(w))[::-1] @ levels

    assert_allclose(total(model.coef_), model.objective_, rtol=1e-12)
    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    found = minimize(total, model.coef_ + 0.1, method="Nelder-Mead", options=options)
    assert model.objective_ <= found.fun + 1e-12


def test_slope_joins_equal_effects():
    """Two columns that are nearly the same get coefficients that are the same."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 6))
    X[:, 1] = X[:, 0] + 0.05 * rng.normal(size=100)
    y = X[:, 0] + X[:, 1] + 0.1 * rng.normal(size=100)
    model = fit("slope", alpha=0.2, weights=np.linspace(1.0, 0.5, 6)).fit(X, y)
    assert model.coef_[0] == model.coef_[1] > 0.0


def test_levels_of_slope_by_default():
    levels = levels_of_ranks(None, 5)
    expected = ndtri(1.0 - 0.1 * np.arange(1, 6) / 10.0)
    assert_allclose(levels, expected / expected[0], rtol=1e-14)
    assert levels[0] == 1.0


@pytest.mark.parametrize("penalty", ["l1", "mcp", "scad", "l0.5"])
def test_weights_scale_the_penalty_of_a_feature(penalty):
    """A weight v is a column divided by v, but for the unit in which MCP and SCAD bend."""
    X, y, _ = make()
    v = np.random.default_rng(0).uniform(0.5, 2.0, X.shape[1])
    model = fit(penalty, weights=v).fit(X, y)
    assert judge(model, X, y)[2] <= 1e-9
    if penalty == "l1":
        scaled = fit("l1").fit(X / v, y)
        assert_allclose(model.coef_, scaled.coef_ / v, atol=1e-6)


@pytest.mark.parametrize("loss", sorted(TWIN))
def test_features_without_penalty(loss):
    """Their coefficients are at their best given the others, and the gap is a bound still."""
    X, y, _ = make(loss=loss)
    v = np.ones(X.shape[1])
    v[[0, 5]] = 0.0
    model = fit("l1", loss, alpha=1e3, weights=v).fit(X, y)
    assert not model.coef_[v > 0].any()
    assert model.certificate_kind_ == "relative duality gap" and model.converged_
    z = X[:, [0, 5]] @ model.coef_[[0, 5]] + model.intercept_
    slopes = reference.load("objectives", TWIN[loss]).first(z, y)
    assert_allclose(np.column_stack([X[:, [0, 5]], np.ones(len(y))]).T @ slopes, 0.0, atol=1e-9)
    model = fit("l1", loss, alpha=0.05, weights=v).fit(X, y)
    nearly = fit("l1", loss, alpha=0.05, weights=np.maximum(v, 1e-5)).fit(X, y)
    assert model.objective_ <= nearly.objective_
    assert_allclose(model.objective_, nearly.objective_, rtol=1e-4)
    assert model.dual_gap_ <= 1e-9 and (model.coef_[v > 0] != 0).any()


def test_dependent_features_without_penalty():
    """There is no one solution; the objective is that without the copy."""
    X, y, _ = make()
    X[:, 1] = X[:, 0]
    v = np.ones(X.shape[1])
    v[:2] = 0.0
    model = SparseRegressor(0.1, weights=v).fit(X, y)
    assert model.converged_ and model.kkt_violation_ <= 1e-8
    one = SparseRegressor(0.1, weights=v[1:]).fit(X[:, 1:], y)
    assert_allclose(model.objective_, one.objective_, rtol=1e-7)


def test_nothing_to_explain():
    X, y, _ = make()
    for penalty in CONVEX + CONCAVE:
        model = fit(penalty, alpha=1e3).fit(X, y)
        assert not model.coef_.any()
        assert_allclose(model.intercept_, y.mean())
        constant = fit(penalty).fit(X, np.full(len(y), 7.0))
        assert not constant.coef_.any() and constant.intercept_ == 7.0 and constant.converged_


# --- sequences of lassos --------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["mcp", "scad"])
@pytest.mark.parametrize("loss", sorted(TWIN))
def test_lla_meets_the_conditions_of_the_concave_problem(penalty, loss):
    X, y, weight = make(120, 15, loss=loss)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = SparseRegressor(0.15, penalty=penalty, loss=loss, method="lla").fit(X, y, weight)
    value, _, violation = judge(model, X, y, weight)
    assert violation <= 2e-8 and model.kkt_violation_ <= 1e-8 and model.converged_
    assert_allclose(model.objective_, value, rtol=1e-10)
    assert 0.0 <= model.dual_gap_ <= 1e-7
    lasso = SparseRegressor(0.15, loss=loss).fit(X, y, weight)
    assert model.objective_ <= problem_of(model, X, y, weight).value(lasso.coef_, lasso.intercept_)


@pytest.mark.parametrize(("penalty", "gamma"), [("mcp", 3.0), ("scad", 3.7)])
def test_lla_on_orthogonal_columns(penalty, gamma):
    X, y = orthogonal()
    z = X.T @ (y - y.mean()) / len(y)
    model = fit(penalty, alpha=0.3, method="lla", penalty_params={"gamma": gamma}).fit(X, y)
    assert_allclose(model.coef_, threshold(z, 0.3, penalty, gamma), atol=1e-7)


def test_adaptive_lasso_is_a_weighted_one():
    X, y, _ = make(200, 10)
    model = fit("l1", method="adaptive").fit(X, y)
    size = np.abs(fit("l1").fit(X, y).coef_)
    weights = size.max() / (size + 0.01 * size.max())
    assert_allclose(model.weights_[0], weights, rtol=1e-4)
    same = fit("l1", weights=model.weights_[0]).fit(X, y)
    assert_allclose(model.coef_, same.coef_, atol=1e-7)
    assert model.certificate_kind_ == "relative duality gap" and model.converged_
    assert np.count_nonzero(model.coef_) <= np.count_nonzero(size)


def test_methods_refuse_other_penalties():
    X, y, _ = make()
    with pytest.raises(ValueError, match='method="lla" needs a concave penalty'):
        SparseRegressor(method="lla").fit(X, y)
    with pytest.raises(ValueError, match='method="adaptive" needs penalty="l1"'):
        SparseRegressor(method="adaptive", penalty="mcp").fit(X, y)


# --- data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", CONVEX + CONCAVE)
@pytest.mark.parametrize("loss", sorted(TWIN))
def test_layouts_and_single_precision(penalty, loss):
    X, y, weight = make(zeros=True, loss=loss)
    expected = fit(penalty, loss).fit(X, y, weight)
    for container in (np.asfortranarray, sp.csr_array, sp.csc_matrix):
        model = fit(penalty, loss).fit(container(X), y, weight)
        assert_allclose(model.coef_, expected.coef_, atol=1e-6)
        assert_allclose(model.predict(container(X)), expected.predict(X), rtol=1e-5)
    X = X.astype(np.float32)
    single, double = (fit(penalty, loss).fit(A, y, weight) for A in (X, X.astype(float)))
    assert single.coef_.dtype == np.float32 and single.converged_
    assert_allclose(single.coef_, double.coef_, rtol=1e-5, atol=1e-6)


def test_unsorted_and_duplicate_entries():
    X, y, _ = make(zeros=True)
    n, d = X.shape
    indices = np.tile(np.r_[np.arange(d)[::-1], np.arange(d)], n).astype(np.int64)
    data = 0.5 * np.hstack([X[:, ::-1], X]).ravel()
    twice = sp.csr_matrix((data, indices, np.arange(0, 2 * n * d + 1, 2 * d)), shape=(n, d))
    assert_allclose(fit("mcp").fit(twice, y).coef_, fit("mcp").fit(X, y).coef_, atol=1e-7)


@pytest.mark.parametrize("penalty", ["l1", "slope", "mcp"])
@pytest.mark.parametrize("loss", sorted(TWIN))
def test_weights_count_rows(penalty, loss):
    X, y, _ = make(loss=loss)
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = fit(penalty, loss).fit(X, y, counts)
    repeated = fit(penalty, loss).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-6)
    assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-6)


def test_a_large_mean_costs_no_digits():
    X, y, _ = make()
    near, far = fit("scad").fit(X, y), fit("scad").fit(X + 1e5, y + 1e7)
    assert_allclose(far.coef_, near.coef_, atol=1e-6)


def test_arrays_are_left_alone():
    X, y, weight = make()
    kept = X.copy(), y.copy(), weight.copy()
    for array in (X, y, weight):
        array.setflags(write=False)
    SparseRegressor(0.1, penalty="slope").fit(X, y, weight)
    for array, before in zip((X, y, weight), kept, strict=True):
        assert_array_equal(array, before)


@pytest.mark.parametrize("penalty", ["l1", "slope", "group", "mcp"])
def test_threads_change_no_bit(penalty):
    X, y, _ = make(400, 150)
    digests = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            model = fit(penalty, alpha=0.05).fit(X, y)
        digests.add(hashlib.sha256(model.coef_.tobytes()).hexdigest())
    assert len(digests) == 1


# --- as an estimator -----------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", CONVEX + CONCAVE)
def test_warm_start_goes_on(penalty):
    X, y, _ = make()
    model = fit(penalty, warm_start=True, tol=1e-8).fit(X, y)
    first = model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_ <= 2
    assert_allclose(model.coef_, first, atol=1e-6)
    with pytest.raises(ValueError, match="warm_start=True needs coef_ of shape"):
        model.fit(X[:, :-3], y)


def test_iteration_limit_warns_with_the_number():
    X, y, _ = make(loss="poisson")
    model = SparseRegressor(0.01, loss="poisson", max_iter=1)
    with pytest.warns(ConvergenceWarning, match=r"relative duality gap .* Increase max_iter"):
        model.fit(X, y)
    assert not model.converged_ and model.certificate_ > 1e-8


def test_errors_teach():
    X, y, _ = make()
    cases = [
        ({"penalty": "l11"}, r"penalty must be one of .* got 'l11'. Did you mean 'l1'"),
        ({"penalty": "mcp", "penalty_params": {"gamma": 0.5}}, "gamma must be > 1, got 0.5"),
        ({"weights": [1.0]}, "weights must have one number for each of the 12 features"),
        ({"weights": -np.ones(12)}, "weights must be finite and >= 0, got -1.0"),
        ({"penalty": "slope", "weights": np.arange(12.0)}, "weights must descend"),
        ({"penalty": "group", "groups": 5}, "groups=5 must divide"),
        ({"loss": "poisson"}, "y must be >= 0"),
    ]
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            SparseRegressor(**options).fit(X, y)
    with pytest.raises(TypeError, match="L1 has no hyper-parameter 'gamma'"):
        SparseRegressor(penalty_params={"gamma": 3.0}).fit(X, y)


@pytest.mark.parametrize("penalty", ["slope", "group"])
def test_a_gram_matrix_whose_squares_overflow(penalty):
    """Units of 1e80 give entries of 1e160, and their squares are infinite."""
    X, y, _ = make()
    expected = fit(penalty).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit(penalty, alpha=1e79).fit(1e80 * X, y)
    assert_allclose(1e80 * model.coef_, expected.coef_, atol=1e-6)


def test_pickle():
    X, y, _ = make()
    model = fit("slope").fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_huber_stands_outliers(loss):
    X, y, _ = make(200, 8)
    truth = fit("l1", alpha=0.01).fit(X, y).coef_
    y = y.copy()
    y[:10] += 500.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = np.abs(fit("l1", loss, alpha=0.01).fit(X, y).coef_ - truth).max()
    assert error < 0.3 if loss == "huber" else error > 1.0


@pytest.mark.parametrize("penalty", ["l1", "mcp", "scad", "l_half"])
def test_without_a_penalised_feature_a_right_fit_is_not_doubted(penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 5))
    y = X @ rng.normal(size=5) + rng.normal(size=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SparseRegressor(0.0, penalty=penalty).fit(X, y)
    expected = peer.LinearRegression().fit(X, y)
    assert model.converged_
    assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    assert_allclose(model.intercept_, expected.intercept_, rtol=1e-9)


@pytest.mark.parametrize("penalty", ["l1", "mcp", "l_half"])
def test_a_feature_without_penalty_may_explain_everything(penalty):
    X = np.random.default_rng(0).normal(size=(30, 5))
    y = 3.0 * X[:, 0] + 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = SparseRegressor(0.1, penalty=penalty, weights=[0, 1, 1, 1, 1]).fit(X, y)
    assert model.converged_
    assert_allclose(model.coef_, [3.0, 0.0, 0.0, 0.0, 0.0], rtol=1e-12)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"loss": "huber"}])
def test_a_first_row_without_weight_may_lie_anywhere(options, intercept):
    """Sums of squares about a row that does not count would be rounding."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6))
    y = X @ [1.0, 0.9, -0.8, 0.7, 0.5, -0.4] + 0.1 * rng.normal(size=40)
    weight = np.ones(40)
    X[0], weight[0] = 1e9, 0.0
    for Estimator in (SparseRegressor, Lasso) if not options else (SparseRegressor,):
        model = Estimator(alpha=0.1, fit_intercept=intercept, tol=1e-10, **options)
        expected = Estimator(**model.get_params()).fit(X[1:], y[1:]).coef_
        found = model.fit(X, y, weight).coef_
        assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("far", [1e4, -1e4])
def test_a_row_without_weight_where_the_loss_is_infinite(far):
    X, y, weight = make(loss="poisson")
    weight[3], X[3, 0] = 0.0, far
    model = SparseRegressor(loss="poisson", alpha=0.05)
    kept = weight > 0.0
    expected = SparseRegressor(loss="poisson", alpha=0.05).fit(X[kept], y[kept], weight[kept])
    assert_allclose(model.fit(X, y, weight).coef_, expected.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("far", [-1e5, -30.0, 100.0])
@pytest.mark.parametrize("loss", sorted(TWIN))
def test_an_intercept_far_away_comes_home(loss, far):
    """Down an exponential each of Newton's steps has length one."""
    X, y, _ = make(loss=loss)
    model = SparseRegressor(1e3, loss=loss, warm_start=True).fit(X, y)
    expected = {"squared": y.mean(), "poisson": np.log(y.mean())}.get(loss, model.intercept_)
    model.intercept_ = far
    model.fit(X, y)
    assert not model.coef_.any()
    assert_allclose(model.intercept_, expected, rtol=1e-9)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", ["direct", "accelerated_gradient"])
@pytest.mark.parametrize(
    ("penalty", "alpha"), [("positive", 0.0), ("non_negative", 0.3), ("non_negative", 0.0)]
)
def test_bounds_stay_without_a_penalty(penalty, alpha, method, intercept):
    """No strength makes a bound weaker. A gap would be the objective: its dual point is zero."""
    X, y, _ = make(45, 9)
    y = y - 0.8 * X[:, 0]
    model = SparseRegressor(alpha, penalty=penalty, method=method, fit_intercept=intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y)
    centre = (X.mean(axis=0), y.mean()) if intercept else (0.0, 0.0)
    expected = nnls(X - centre[0], y - centre[1])[0]
    assert (expected == 0.0).any() and (model.coef_ >= 0.0).all()
    assert_allclose(model.coef_, expected, atol=1e-6)
    assert model.certificate_kind_ == "relative KKT violation" and model.converged_
    path = sparse_path(
        X, y, penalty="positive", alphas=[0.1, 0.0], fit_intercept=intercept, tol=1e-10
    )
    assert_allclose(path[1][:, 1], expected, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.3, 10.0])
def test_a_group_without_penalty(alpha):
    """The others see what it and the intercept do not explain (Frisch, Waugh and Lovell)."""
    X, y, _ = make()
    model = fit("group", alpha=alpha, weights=[0.0, 1.0, 1.0, 2.0]).fit(X, y)
    free = np.column_stack([X[:, :3], np.ones(len(y))])
    rest = np.eye(len(y)) - free @ np.linalg.pinv(free)
    others = GroupLasso(
        alpha, groups=3, weights=[1.0, 1.0, 2.0], fit_intercept=False, tol=1e-14
    ).fit(rest @ X[:, 3:], rest @ y)
    assert_allclose(model.coef_[3:], others.coef_, atol=1e-7)
    assert_allclose(free.T @ (y - model.predict(X)), 0.0, atol=1e-6)
    assert model.converged_ and model.coef_[:3].all()
    with pytest.raises(ValueError, match=r"must be finite and > 0, got 0\.0\. For a group"):
        GroupLasso(groups=3, weights=[0.0, 1.0, 1.0, 1.0]).fit(X, y)
    with pytest.raises(ValueError, match=r"weights must be finite and >= 0, got -1\.0"):
        fit("group", weights=[-1.0, 1.0, 1.0, 1.0]).fit(X, y)
