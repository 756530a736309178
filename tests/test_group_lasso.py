"""GroupLasso and SparseGroupLasso against optimality conditions, closed forms and the lasso."""

import hashlib
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite.linear_model import ElasticNet, GroupLasso, Lasso, MultiTaskLasso, SparseGroupLasso
from optlite.reference import group_lasso as twin


def make(n=60, d=12, seed=0, zeros=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + 1.0
    if zeros:
        X[rng.random((n, d)) < 0.5] = 0.0
    w = np.zeros(d)
    w[: max(1, d // 4)] = rng.normal(size=max(1, d // 4))
    return X, X @ w + 0.3 * rng.normal(size=n) + 2.0, rng.uniform(0.2, 2.0, n)


def true_gap(model, X, y, weight, ratio, alpha):
    """Gap and objective from the twin, divided by the sum of weights."""
    Z, yc, s, mean, ybar = twin.center(X, y, weight, model.fit_intercept)
    w = np.asarray(model.coef_, dtype=float)
    assert_allclose(model.intercept_, ybar - mean @ w, rtol=1e-5, atol=1e-5)
    groups = [np.flatnonzero(model.groups_ == k) for k in range(model.groups_.max() + 1)]
    v = np.sqrt([len(g) for g in groups]) if model.weights is None else np.asarray(model.weights)
    args = (groups, v, alpha * ratio * s.sum(), alpha * (1 - ratio) * s.sum())
    gap = twin.duality_gap(Z, yc[:, None], s, w[:, None], *args)
    value = twin.objective(Z, yc[:, None], s, w[:, None], *args)
    return gap / s.sum(), value / s.sum()


@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("ratio", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(60, 12), (20, 60)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_gap_is_met(container, ratio, shape, weighted, intercept):
    X, y, weight = make(*shape, zeros=container not in (np.asarray, np.asfortranarray))
    s = weight if weighted else None
    model = SparseGroupLasso(0.05, l1_ratio=ratio, groups=3, fit_intercept=intercept, tol=1e-11)
    model.fit(container(X), y, s)
    gap, value = true_gap(model, X, y, s, ratio, 0.05)
    assert gap <= 2e-11 * value
    assert_allclose(model.objective_, value, rtol=1e-10)
    assert model.converged_ and model.certificate_ <= 1e-11
    if ratio == 0.0:
        same = GroupLasso(0.05, groups=3, fit_intercept=intercept, tol=1e-11)
        assert_array_equal(same.fit(container(X), y, s).coef_, model.coef_)
        zero = (model.coef_ == 0).reshape(-1, 3)
        assert (zero.all(axis=1) | ~zero.any(axis=1)).all()


columns = st.sampled_from(["normal", "zero", "constant", "copy", "negative", "sum", "tiny"])


@settings(max_examples=60)
@given(
    kinds=st.lists(columns, min_size=1, max_size=20),
    n=st.integers(1, 25),
    seed=st.integers(0, 1000),
    exponent=st.floats(-6.0, 0.1),
    ratio=st.sampled_from([0.0, 0.2, 0.9, 1.0]),
    intercept=st.booleans(),
    tasks=st.integers(1, 3),
)
def test_gap_is_met_on_any_data(kinds, n, seed, exponent, ratio, intercept, tasks):
    """Duplicate, zero, constant and dependent columns, in one group or in several."""
    from optlite.linear_model._group_problem import GroupProblem

    rng = np.random.default_rng(seed)
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
    Y = rng.normal(size=(n, tasks)) + 1.0
    group_of = np.unique(rng.integers(0, 6, len(kinds)), return_inverse=True)[1].astype(np.int64)
    v = rng.uniform(0.5, 2.0, group_of.max() + 1)
    groups = [np.flatnonzero(group_of == k) for k in range(len(v))]
    Z, Yc, s, *_ = twin.center(X, Y, None, intercept)
    problem = GroupProblem(
        X,
        None,
        intercept,
        group_of=group_of,
        group_weights=v,
        mix=lambda r: (r, 1.0 - r, 0.0),
        name="test",
    )
    target = problem.target(Y)
    alpha = max(target.largest_strength(ratio) * 10.0**exponent, 1e-12)
    fit = target.path([alpha], ratio)[0]
    args = (groups, v, alpha * ratio * n, alpha * (1 - ratio) * n)
    gap = twin.duality_gap(Z, Yc, s, fit.coefficients.T, *args) / n
    value = twin.objective(Z, Yc, s, fit.coefficients.T, *args) / n
    rounding = 1e-13 * ((Yc**2).sum() / n + value) + 1e-28 * (Y**2).sum()
    assert fit.status in ("converged", "precision_limit")
    assert gap <= 1.01e-8 * value + rounding
    assert_allclose(fit.value, value, rtol=1e-8, atol=rounding)
    if exponent > 0.0 and (Z**2).sum() > 0:
        assert not fit.coefficients.any()


@pytest.mark.parametrize("ratio", [0.0, 0.4])
def test_a_working_set_finds_what_all_groups_give(ratio):
    """2,000 features in a working set, and 60 of them that alone matter, all at once."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(150, 2000))
    y = X[:, :8] @ rng.normal(size=8) + 0.5 * rng.normal(size=150)
    model = SparseGroupLasso(0.25, l1_ratio=ratio, groups=4, tol=1e-11).fit(X, y)
    gap, value = true_gap(model, X, y, None, ratio, 0.25)
    assert gap <= 2e-11 * value
    support = np.flatnonzero(np.repeat(model.coef_.reshape(-1, 4).any(axis=1), 4))
    assert 8 <= len(support) <= 60
    few = SparseGroupLasso(0.25, l1_ratio=ratio, groups=4, tol=1e-11).fit(X[:, support], y)
    assert_allclose(model.coef_[support], few.coef_, atol=1e-5)
    assert_allclose(model.objective_, few.objective_, rtol=1e-10)


def test_groups_of_one_are_a_lasso():
    X, y, weight = make(40, 30)
    lasso = Lasso(0.05, tol=1e-13).fit(X, y, weight)
    group = GroupLasso(0.05, tol=1e-13).fit(X, y, weight)
    mixed = SparseGroupLasso(0.05, l1_ratio=0.3, tol=1e-13).fit(X, y, weight)
    whole = SparseGroupLasso(0.05, l1_ratio=1.0, groups=5, tol=1e-13).fit(X, y, weight)
    for model in (group, mixed, whole):
        assert_allclose(model.coef_, lasso.coef_, atol=1e-7)
        assert_allclose(model.objective_, lasso.objective_, rtol=1e-12)


def test_orthogonal_groups_in_closed_form():
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.normal(size=(50, 12)))
    y = 3.0 * rng.normal(size=50)
    c = (Q.T @ y).reshape(4, 3)
    norms = np.linalg.norm(c, axis=1, keepdims=True)
    expected = c * np.maximum(1.0 - 50 * 0.04 * np.sqrt(3.0) / norms, 0.0)
    model = GroupLasso(0.04, groups=3, fit_intercept=False, tol=1e-12).fit(Q, y)
    assert_allclose(model.coef_, expected.ravel(), atol=1e-6)
    assert 0 < np.count_nonzero(expected) < 12


def test_against_a_smooth_minimiser_on_the_support():
    """Where no norm vanishes, BFGS on the objective finds the same point."""
    X, y, _ = make(80, 6)
    Z, yc = X - X.mean(axis=0), y - y.mean()
    v = np.array([0.5, 2.0])

    def total(w):
        return 0.5 * np.mean((yc - Z @ w) ** 2) + 0.02 * v @ np.linalg.norm(w.reshape(2, 3), axis=1)

    model = GroupLasso(0.02, groups=3, weights=v, tol=1e-13).fit(X, y)
    best = minimize(total, np.ones(6), method="BFGS", options={"gtol": 1e-9})
    assert model.coef_.all()
    assert_allclose(model.coef_, best.x, atol=1e-5)
    assert model.objective_ <= best.fun * (1 + 1e-12)


def test_one_group_of_all_tasks_is_the_multi_task_lasso():
    """A multi-task lasso is a group lasso of the stacked problem."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 5)), rng.normal(size=(30, 2))
    tasks = MultiTaskLasso(0.1, fit_intercept=False, tol=1e-13).fit(X, Y)
    stacked = np.kron(np.eye(2), X)
    alone = GroupLasso(
        0.05, groups=np.tile(np.arange(5), 2), weights=np.ones(5), fit_intercept=False, tol=1e-13
    ).fit(stacked, Y.T.ravel())
    assert_allclose(tasks.coef_.ravel(), alone.coef_, atol=1e-7)


def test_strength_at_which_all_are_zero():
    X, y, weight = make(40, 12)
    Z, yc, s, *_ = twin.center(X, y, weight)
    c = (Z.T @ (s * yc)).reshape(4, 3) / s.sum()
    largest = np.linalg.norm(c, axis=1).max() / np.sqrt(3.0)
    assert not GroupLasso(largest * (1 + 1e-12), groups=3).fit(X, y, weight).coef_.any()
    model = GroupLasso(largest * 0.99, groups=3).fit(X, y, weight)
    assert np.count_nonzero(model.coef_) == 3


@given(seed=st.integers(0, 10_000))
def test_feasible_scale_is_the_root(seed):
    rng = np.random.default_rng(seed)
    c = rng.normal(size=rng.integers(1, 8)) * 10.0 ** rng.uniform(-3, 3)
    l1, radius = rng.choice([0.0, rng.uniform(0, 2)]), rng.uniform(1e-3, 2.0)
    t = twin.feasible_scale(c, l1, radius)
    assert_allclose(np.linalg.norm(twin.soft(t * c, l1)), radius, rtol=1e-9)


@given(
    seed=st.integers(0, 10_000),
    radius=st.sampled_from([0.0, 1e-12, 1e-8, 1e-4, 1.0]),
    exponent=st.sampled_from([-180, 0, 140]),
)
def test_feasible_scale_is_feasible(seed, radius, exponent):
    """Where the L1 part is nearly all, and where squares would overflow or vanish."""
    rng = np.random.default_rng(seed)
    c = rng.normal(size=rng.integers(1, 8))
    l1 = rng.uniform(0.5, 2.0)
    t = twin.feasible_scale(c * 10.0**exponent, l1, radius) * 10.0**exponent
    rounding = 1e-14 * (l1 + radius)
    assert np.linalg.norm(twin.soft(t * c, l1)) <= radius + rounding
    assert np.linalg.norm(twin.soft(t * (1 + 1e-9) * c, l1)) >= radius


def gap_by_bisection(X, y, s, w, v, l1_ratio, alpha, intercept=True):
    """Best gap of the scaled residuals, for groups of three; scales by halving an interval."""
    n = len(y)
    s = np.ones(n) if s is None else s
    S = s.sum()
    mean, ybar = (s @ X / S, s @ y / S) if intercept else (0.0, 0.0)
    r = y - ybar - (X - mean) @ w
    c = ((X - mean).T @ (s * r)).reshape(-1, 3)
    a, e = alpha * l1_ratio * S, alpha * (1 - l1_ratio) * S * v

    def allowed(t):
        over = np.maximum(np.abs(t * c) - a, 0.0)
        return (np.linalg.norm(over, axis=1) <= e).all()

    low, high = 0.0, 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if allowed(middle) else (low, middle)
    R, fit = s @ r**2, c.ravel() @ w
    t = min(low, 1.0 + fit / R)
    penalty = a * np.abs(w).sum() + e @ np.linalg.norm(w.reshape(-1, 3), axis=1)
    return (0.5 * (1 - t) ** 2 * R + penalty - t * fit) / S, (0.5 * R + penalty) / S


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("ratio", [1.0, 1 - 1e-10, 0.9999, 0.5, 0.0])
@pytest.mark.parametrize("sweeps", [1, 3, 6, 10_000])
@pytest.mark.parametrize("shape", [(40, 9), (15, 60)])
def test_certificate_bounds_what_bisection_finds(ratio, sweeps, shape):
    """At unfinished solutions, too: no dual point that is said to be one lies outside."""
    for seed in range(6):
        X, y, weight = make(*shape, seed=seed)
        s = weight if seed % 2 else None
        v = np.random.default_rng(seed).uniform(0.5, 2.0, shape[1] // 3)
        options = {"groups": 3, "weights": v, "max_iter": sweeps, "fit_intercept": seed < 3}
        model = SparseGroupLasso(0.05, l1_ratio=ratio, tol=1e-13, **options).fit(X, y, s)
        gap, value = gap_by_bisection(X, y, s, model.coef_, v, ratio, 0.05, seed < 3)
        assert_allclose(model.objective_, value, rtol=1e-12)
        assert gap <= model.dual_gap_ * (1 + 1e-9) + 2e-13 * value
        assert model.converged_ == (model.certificate_ <= 1e-12)


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_columns_whose_squares_vanish_or_overflow(ratio):
    """A column near zero changes nothing, and units of 1e90 are as good as others."""
    X, y, _ = make(40, 9)
    alone = SparseGroupLasso(0.05, l1_ratio=ratio, tol=1e-12).fit(X[:, 1:], y)
    assert alone.coef_.any()
    tiny = X * np.r_[1e-170, np.ones(8)]
    model = SparseGroupLasso(0.05, l1_ratio=ratio, tol=1e-12).fit(tiny, y)
    assert_allclose(model.coef_, np.r_[0.0, alone.coef_], atol=1e-6)
    model = SparseGroupLasso(0.05e180, l1_ratio=ratio, tol=1e-12).fit(X[:, 1:] * 1e90, y * 1e90)
    assert_allclose(model.coef_, alone.coef_, atol=1e-6)
    assert model.converged_


@given(seed=st.integers(0, 10_000))
def test_gap_of_the_twin_bounds_the_error_and_dropped_groups_are_zero(seed):
    rng = np.random.default_rng(seed)
    Z, Yc, s = rng.normal(size=(10, 6)), rng.normal(size=(10, 2)), rng.uniform(0.1, 2.0, 10)
    groups, v = [np.array([0, 1]), np.array([2, 3, 4]), np.array([5])], rng.uniform(0.5, 2.0, 3)
    args = (groups, v, rng.choice([0.0, 1.0]), rng.uniform(0.1, 4.0), rng.choice([0.0, 1.5]))
    best, _ = twin.coordinate_descent(Z, Yc, s, *args, sweeps=200)
    least = twin.objective(Z, Yc, s, best, *args)
    W = best + rng.normal(size=best.shape) * 10.0 ** rng.uniform(-5, 1)
    error = twin.objective(Z, Yc, s, W, *args) - least
    assert twin.duality_gap(Z, Yc, s, W, *args) >= error - 1e-12 * (1 + least)
    for g, dropped in zip(groups, twin.can_be_dropped(Z, Yc, s, W, *args), strict=True):
        assert not dropped or np.abs(best[g]).max() < 1e-6


@pytest.mark.parametrize("ratio", [0.0, 0.6])
def test_twin_reaches_the_same_point(ratio):
    X, y, weight = make(40, 9)
    Z, yc, s, *_ = twin.center(X, y, weight)
    groups, v = [np.arange(3), np.arange(3, 5), np.arange(5, 9)], np.sqrt([3.0, 2.0, 4.0])
    levels = (0.05 * ratio * s.sum(), 0.05 * (1 - ratio) * s.sum())
    W, gaps = twin.coordinate_descent(Z, yc[:, None], s, groups, v, *levels, sweeps=400)
    labels = np.repeat(["a", "b", "c"], [3, 2, 4])
    model = SparseGroupLasso(0.05, l1_ratio=ratio, groups=labels, tol=1e-13).fit(X, y, weight)
    assert_allclose(model.coef_, W[:, 0], atol=1e-7)
    assert gaps[-1] <= 1e-9 * gaps[0]


def test_forms_of_groups():
    X, y, _ = make(40, 6)
    shuffled = [[0, 3], [1, 4], [2, 5]]
    lists = GroupLasso(0.1, groups=shuffled).fit(X, y)
    labels = GroupLasso(0.1, groups=["a", "b", "c", "a", "b", "c"]).fit(X, y)
    blocks = GroupLasso(0.1, groups=2).fit(X[:, [0, 3, 1, 4, 2, 5]], y)
    assert_array_equal(lists.coef_, labels.coef_)
    assert_array_equal(lists.groups_, [0, 1, 2, 0, 1, 2])
    assert_allclose(lists.coef_[[0, 3, 1, 4, 2, 5]], blocks.coef_, atol=1e-6)
    series = pd.Series(["a", "b", "c"] * 2, index=list("uvwxyz"))
    assert_array_equal(GroupLasso(0.1, groups=series).fit(X, y).coef_, labels.coef_)
    targets = GroupLasso(0.1, groups=2).fit(X, np.stack([y, -y], axis=1))
    assert_allclose(targets.coef_[0], -targets.coef_[1], atol=1e-7)
    assert targets.dual_gap_.shape == (2,)


@pytest.mark.parametrize(
    ("groups", "weights", "message"),
    [
        (4, None, "groups=4 must divide the number of features, got 6"),
        ([0, 1], None, "one label for each of the 6 features"),
        ([[0, 1], [1, 2, 3, 4, 5]], None, "got feature 1 2 times"),
        ([[0, 1], [3, 4, 5]], None, "got feature 2 0 times"),
        ([[0, 1, 2, 3, 4, 6], [5]], None, "from 0 to 5, got 6"),
        ([[0, 1, 2, 3, 4, 5], []], None, "no feature in group 1"),
        ([[0.9, 1.2], [2, 3, 4, 5]], None, "features by their numbers, got .0.9, 1.2."),
        ([["a", "b"], ["c"]], None, "give one for each feature"),
        (3, [1.0], "each of the 2 groups"),
        (3, [1.0, 0.0], "weights must be finite and > 0, got 0.0"),
        (3, [1.0, np.nan], "weights must be finite and > 0, got nan"),
    ],
)
def test_groups_that_cannot_be(groups, weights, message):
    X, y, _ = make(20, 6)
    with pytest.raises(ValueError, match=message):
        GroupLasso(groups=groups, weights=weights).fit(X, y)


def test_strengths_that_overflow_are_refused():
    X, y, _ = make()
    with pytest.raises(ValueError, match=r"alpha times the largest of weights must be finite"):
        GroupLasso(1e10, groups=3, weights=[1.0, 1e300]).fit(X[:, :6], y)


def test_without_penalty_it_is_least_squares():
    X, y, _ = make(12, 30)
    model = GroupLasso(0.0, groups=3).fit(X, y)
    Z = X - X.mean(axis=0)
    assert_allclose(model.coef_, np.linalg.pinv(Z) @ (y - y.mean()), rtol=1e-7, atol=1e-9)


def test_float32_weights_and_warm_starts():
    X, y, weight = make(60, 30)
    exact = GroupLasso(0.05, groups=3).fit(X, y, weight)
    single = GroupLasso(0.05, groups=3).fit(X.astype(np.float32), y, weight)
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_, exact.coef_, atol=1e-3)
    counts = np.random.default_rng(0).integers(0, 3, len(y))
    repeated = GroupLasso(0.05, groups=3).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(GroupLasso(0.05, groups=3).fit(X, y, counts).coef_, repeated.coef_, atol=1e-5)
    warm = GroupLasso(0.05, groups=3, warm_start=True).fit(X, y, weight)
    assert warm.n_iter_ > 0
    coef = warm.coef_.copy()
    assert warm.fit(X, y, weight).n_iter_ == 0
    assert_allclose(warm.coef_, coef, rtol=1e-12)
    assert_array_equal(pickle.loads(pickle.dumps(warm)).coef_, warm.coef_)


def test_iteration_limit_is_reported():
    X, y, _ = make(40, 120, seed=3)
    with pytest.warns(ConvergenceWarning, match="relative duality gap .* asked 1e-08"):
        model = GroupLasso(1e-3, groups=4, max_iter=1).fit(X, y)
    assert not model.converged_
    gap, value = true_gap(model, X, y, None, 0.0, 1e-3)
    assert_allclose(model.certificate_, gap / value, rtol=1e-6)


def test_same_bits_for_any_number_of_threads():
    X, y, weight = make(400, 600, seed=4)
    digests = set()
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            model = GroupLasso(0.1, groups=3).fit(X, y, weight)
        digests.add(hashlib.sha256(model.coef_.tobytes()).hexdigest())
    assert len(digests) == 1
    assert model.converged_


def test_equal_columns_in_one_group_share_their_effect():
    X, y, _ = make(40, 4)
    X = np.hstack([X, X[:, :1]])
    model = GroupLasso(0.05, groups=[0, 1, 1, 2, 0], tol=1e-13).fit(X, y)
    assert_allclose(model.coef_[0], model.coef_[4], atol=1e-6)
    assert abs(model.coef_[0]) > 0
    ridge_like = ElasticNet(0.05, l1_ratio=0.5, tol=1e-13).fit(X, y)
    assert_allclose(ridge_like.coef_[0], ridge_like.coef_[4], atol=1e-6)


def test_one_large_group():
    """The step of a group of 150 columns is as long as its curvature allows, or nearly."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 300)) + rng.normal(size=(60, 1))  # one eigenvalue above the others
    y = X[:, :150] @ rng.normal(size=150) + rng.normal(size=60)
    products = (X - X.mean(axis=0)).T @ (y - y.mean()) / 60
    alpha = 0.1 * np.linalg.norm(products[:150]) / np.sqrt(150)
    model = GroupLasso(alpha, groups=150, tol=1e-10).fit(X, y)
    gap, value = true_gap(model, X, y, None, 0.0, alpha)
    assert gap <= 1.01e-10 * value
    assert model.coef_[:150].all()
    assert model.n_iter_ < 200


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_ctrl_c_is_heard(polls, ctrl_c):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 600)), rng.normal(size=60)
    nothing = GroupLasso(1e3, groups=600)  # a bound on its curvature is all the work
    assert polls(nothing.fit, X, y) >= 15
    X, y = rng.normal(size=(500, 1500)), rng.normal(size=500)
    model = GroupLasso(1e-3, groups=2, tol=0.0, max_iter=20)
    ctrl_c(lambda: model.fit(X, y))
