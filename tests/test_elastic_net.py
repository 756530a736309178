"""Lasso, ElasticNet and their paths against optimality conditions, LARS and scikit-learn."""

import hashlib
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite.linear_model import ElasticNet, Lasso, Ridge, enet_path, lasso_path
from optlite.linear_model._elastic_net_problem import ElasticNetProblem
from optlite.reference import elastic_net as twin

LAYOUTS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "float32": lambda X: np.asfortranarray(X, dtype=np.float32),
    "csr": sp.csr_array,
    "csc": sp.csc_matrix,
}


def make(n, d, seed=0, shift=1.0, zeros=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + shift
    if zeros:
        X[rng.random((n, d)) < 0.6] = 0.0
    w = np.zeros(d)
    w[rng.permutation(d)[: max(1, d // 6)]] = rng.normal(size=max(1, d // 6))
    return X, X @ w + 0.3 * rng.normal(size=n) + 2.0, rng.uniform(0.2, 2.0, n)


def levels(alpha, ratio, s):
    return alpha * ratio * s.sum(), alpha * (1 - ratio) * s.sum()


def true_gap(model, X, y, weight, alpha, ratio=1.0, positive=False, intercept=True):
    """Gap and objective of the model, from the twin: both divided by the weights' sum."""
    Z, yc, s, mean, ybar = twin.center(X, y, weight, intercept)
    w = np.asarray(model.coef_, dtype=float)
    l1, l2 = levels(alpha, ratio, s)
    assert_allclose(model.intercept_, ybar - mean @ w, rtol=1e-5, atol=1e-5)
    gap = twin.duality_gap(Z, yc, s, w, l1, l2, positive)
    return gap / s.sum(), twin.objective(Z, yc, s, w, l1, l2) / s.sum()


def in_both_modes(X, weight=None, intercept=False, n_strengths=1):
    """Problems on a working set and on all columns."""
    for whole in (False, True):
        problem = ElasticNetProblem(
            X, weight, intercept, n_strengths=n_strengths, precompute=whole, name="test"
        )
        if not whole and problem.whole:
            problem.whole = False  # small data: the working set would be all columns
        yield problem


# --- the solution ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(60, 9), (25, 70)])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_matches_scikit_learn(layout, shape, ratio, positive, intercept, weighted):
    X, y, weight = make(*shape, zeros=layout.startswith("cs"))
    s = weight if weighted else None
    options = {"l1_ratio": ratio, "fit_intercept": intercept, "positive": positive}
    ours = ElasticNet(0.05, **options, tol=1e-12).fit(LAYOUTS[layout](X), y, s)
    data = X.astype(np.float32).astype(float) if layout == "float32" else X
    theirs = peer.ElasticNet(0.05, **options, tol=1e-13, max_iter=100_000).fit(data, y, s)
    rest = (data, y, s, 0.05, ratio, positive, intercept)
    gap, value = true_gap(ours, *rest)
    _, reached = true_gap(theirs, *rest)
    single = layout == "float32"  # the solution is rounded
    assert value <= reached * (1 + (1e-5 if single else 1e-10))
    assert gap <= (1e-4 if single else 2e-12) * value
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-3 if single else 2e-5)
    assert ours.coef_.dtype == (np.float32 if single else np.float64)
    assert ours.certificate_ <= 1e-12
    assert_allclose(ours.dual_gap_, ours.certificate_ * ours.objective_, rtol=1e-10)
    assert ours.converged_


columns = st.sampled_from(
    ["normal", "zero", "constant", "copy", "negative", "sum", "tiny", "shifted"]
)


@settings(max_examples=80)
@given(
    kinds=st.lists(columns, min_size=1, max_size=24),
    n=st.integers(1, 30),
    seed=st.integers(0, 1000),
    exponent=st.floats(-7.0, 0.1),
    ratio=st.sampled_from([1.0, 0.99, 0.5, 0.01]),
    positive=st.booleans(),
    intercept=st.booleans(),
    weighted=st.booleans(),
    whole=st.booleans(),
)
def test_gap_is_met_on_any_data(
    kinds, n, seed, exponent, ratio, positive, intercept, weighted, whole
):
    """Duplicate, zero, constant and dependent columns, strengths from none to overwhelming."""
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
            "tiny": 1e-6 * fresh,
            "shifted": fresh + 100.0,
        }[kind]
    y = rng.normal(size=n) + 1.0
    weight = rng.uniform(0.0, 2.0, n) + 1e-3 if weighted else None
    Z, yc, s, _, _ = twin.center(X, y, weight, intercept)
    largest = np.abs(Z.T @ (s * yc)).max() / s.sum() / ratio
    alpha = max(largest * 10.0**exponent, 1e-12)
    problem = next(p for p in in_both_modes(X, weight, intercept) if p.whole == whole)
    fit = problem.target(y).path([alpha], ratio, positive=positive)[0]
    assert fit.status in ("converged", "precision_limit")
    l1, l2 = levels(alpha, ratio, s)
    gap = twin.duality_gap(Z, yc, s, fit.coefficients, l1, l2, positive) / s.sum()
    value = twin.objective(Z, yc, s, fit.coefficients, l1, l2) / s.sum()
    rounding = 1e-13 * (s @ yc**2 / s.sum() + value) + 1e-28 * y @ y
    assert gap <= 1.01e-8 * value + rounding
    assert_allclose(fit.value, value, rtol=1e-8, atol=rounding)
    assert (fit.coefficients >= 0).all() or not positive
    unused = (s @ Z**2) == 0.0
    assert (fit.coefficients[unused] == 0).all()


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_a_working_set_finds_what_all_columns_give(ratio, positive, sparse, intercept):
    X, y, weight = make(80, 600, seed=2, zeros=sparse)
    X = sp.csc_array(X) if sparse else np.asfortranarray(X)
    paths = []
    for problem in in_both_modes(X, weight, intercept, n_strengths=12):
        target = problem.target(y)
        alphas = target.core.largest_strength(positive) * np.geomspace(1.0, 0.01, 12)
        fits = target.path(alphas, ratio, positive=positive, tol=1e-11)
        assert all(fit.certificate <= 1e-11 for fit in fits)
        paths.append(fits)
    for few, all_ in zip(*paths, strict=True):
        assert_allclose(few.value, all_.value, rtol=1e-10)
        assert_allclose(few.coefficients, all_.coefficients, atol=2e-4)
    assert (paths[0][-1].coefficients != 0).sum() > 10
    if ratio == 1.0:
        assert not paths[0][0].coefficients.any()


def test_path_passes_through_the_knots_of_lars():
    X, y = load_diabetes(return_X_y=True)
    X, y = X - X.mean(axis=0), y - y.mean()
    knots, _, theirs = peer.lars_path(X, y, method="lasso")
    keep = knots > 1e-6
    alphas, ours, gaps = lasso_path(X, y, alphas=knots[keep], tol=1e-14)
    assert_allclose(alphas, knots[keep])
    assert_allclose(ours, theirs[:, keep], rtol=1e-6, atol=1e-5)
    assert (gaps <= 1e-9).all()


def test_single_column_in_closed_form():
    x, y = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 0.0, 2.0])
    model = ElasticNet(0.3, l1_ratio=0.25, fit_intercept=False).fit(x, y)
    inner, square = x[:, 0] @ y / 3, x[:, 0] @ x[:, 0] / 3
    assert_allclose(model.coef_, [(inner - 0.075) / (square + 0.225)], rtol=1e-12)


def test_orthogonal_columns_are_soft_thresholded():
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.normal(size=(50, 12)))
    y = 3.0 * rng.normal(size=50)
    c = Q.T @ y / 50
    model = Lasso(0.02, fit_intercept=False).fit(Q, y)
    assert_allclose(model.coef_, 50 * np.sign(c) * np.maximum(np.abs(c) - 0.02, 0.0), atol=1e-9)


@pytest.mark.parametrize("share", [1e-2, 1e-4])
@pytest.mark.parametrize("apart", [0.0, 1e-4])
def test_pairs_of_equal_or_nearly_equal_columns(share, apart):
    """More columns than rows: sweeps alone would need hundreds of thousands of iterations."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 100))
    X[:, 1::2] = X[:, ::2] + apart * rng.normal(size=(60, 50))
    y = X[:, 0] - X[:, 7] + rng.normal(size=60)
    alpha = share * np.abs(X.T @ (y - y.mean())).max() / 60
    model = Lasso(alpha).fit(X, y)
    gap, value = true_gap(model, X, y, None, alpha)
    assert gap <= 1.01e-8 * value
    assert model.n_iter_ < 2000
    assert np.count_nonzero(model.coef_) <= 60 if apart else model.converged_


# --- limits of the penalty ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(50, 8), (12, 30)])
@pytest.mark.parametrize("positive", [False, True])
def test_without_l1_it_is_ridge(shape, positive):
    X, y, weight = make(*shape)
    ours = ElasticNet(0.3, l1_ratio=0.0, positive=positive, tol=1e-12).fit(X, y, weight)
    ridge = Ridge(0.3 * weight.sum(), positive=positive, tol=1e-12).fit(X, y, weight)
    assert_allclose(ours.coef_, ridge.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(ours.objective_, ridge.objective_ / (2 * weight.sum()), rtol=1e-10)
    nearly = ElasticNet(0.3, l1_ratio=1e-9, positive=positive, tol=1e-12).fit(X, y, weight)
    assert_allclose(nearly.coef_, ours.coef_, rtol=1e-4, atol=1e-6)


def test_alpha_zero_is_the_least_squares_solution_of_minimum_norm():
    X, y, _ = make(12, 30)
    model = Lasso(alpha=0).fit(X, y)
    Z = X - X.mean(axis=0)
    assert_allclose(model.coef_, np.linalg.pinv(Z) @ (y - y.mean()), rtol=1e-7, atol=1e-9)


def test_strength_at_which_all_are_zero():
    X, y, weight = make(40, 10)
    Z, yc, s, *_ = twin.center(X, y, weight)
    largest = np.abs(Z.T @ (s * yc)).max() / s.sum()
    at = Lasso(largest * (1 + 1e-12)).fit(X, y, weight)
    assert not at.coef_.any()
    assert at.certificate_ <= 1e-10
    assert np.count_nonzero(Lasso(largest * 0.99).fit(X, y, weight).coef_) == 1


# --- sparse data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_duplicate_unsorted_and_wide_indices(index, container, dtype):
    rng = np.random.default_rng(1)
    row, col = rng.integers(0, 30, 400), rng.integers(0, 12, 400)
    value = rng.normal(size=400).astype(dtype)
    dense = np.zeros((30, 12), dtype=dtype)
    np.add.at(dense, (row, col), value)
    major, minor = (row, col) if container is sp.csr_matrix else (col, row)
    order = np.argsort(major, kind="stable")  # within a row or column as they come
    starts = np.searchsorted(major[order], np.arange(major.max() + 2))
    X = container((30, 12), dtype=dtype)
    X.data, X.indices = value[order], minor[order].astype(index)
    X.indptr = starts.astype(index)
    before = X.indices.copy()
    y = dense @ rng.normal(size=12) + rng.normal(size=30)
    ours = Lasso(0.05, tol=1e-12).fit(X, y)
    expected = Lasso(0.05, tol=1e-12).fit(dense, y)
    assert_allclose(ours.coef_, expected.coef_, atol=1e-6 if dtype == np.float64 else 1e-4)
    assert_array_equal(X.indices, before)


def test_sparse_coef():
    X, y, _ = make(30, 10)
    model = Lasso(0.5).fit(X, y)
    assert sp.issparse(model.sparse_coef_)
    assert model.sparse_coef_.shape == (1, 10)
    assert_array_equal(model.sparse_coef_.toarray()[0], model.coef_)


# --- weights, targets, starts ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 10), (20, 50)])
def test_weights_count_rows(shape):
    X, y, _ = make(*shape)
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = Lasso(0.05, tol=1e-13).fit(X, y, counts)
    repeated = Lasso(0.05, tol=1e-13).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-8)
    assert_allclose(weighted.dual_gap_, repeated.dual_gap_, atol=1e-12)
    assert_allclose(Lasso(0.05, tol=1e-13).fit(X, y, 7.0 * counts).coef_, weighted.coef_, atol=1e-8)


def test_targets_are_fitted_one_by_one():
    X, y, _ = make(40, 10)
    Y = np.stack([y, 2.0 * y[::-1], np.zeros(40)], axis=1)
    together = ElasticNet(0.1, tol=1e-13).fit(X, Y)
    assert together.coef_.shape == (3, 10)
    assert together.dual_gap_.shape == (3,)
    assert len(together.n_iter_) == 3
    for t in range(3):
        alone = ElasticNet(0.1, tol=1e-13).fit(X, Y[:, t])
        assert_allclose(together.coef_[t], alone.coef_, atol=1e-8)
        assert_allclose(together.intercept_[t], alone.intercept_, atol=1e-8)


def test_warm_start_begins_at_the_solution():
    X, y, _ = make(40, 60)
    model = Lasso(0.05, warm_start=True).fit(X, y)
    assert model.n_iter_ > 0
    coef = model.coef_.copy()
    assert model.fit(X, y).n_iter_ == 0
    assert_allclose(model.coef_, coef, rtol=1e-12)
    with pytest.raises(ValueError, match=r"needs coef_ of shape \(1, 59\), got \(1, 60\)"):
        model.fit(X[:, 1:], y)


def test_start_of_a_path_does_not_change_it():
    X, y, _ = make(30, 40, shift=0.0)
    alphas = [0.5, 0.1, 0.02]
    start = np.random.default_rng(0).normal(size=40)
    _, cold, _ = lasso_path(X, y, alphas=alphas, tol=1e-13)
    _, warm, _ = lasso_path(X, y, alphas=alphas, tol=1e-13, coef_init=start)
    assert_allclose(cold, warm, atol=1e-6)
    with pytest.raises(ValueError, match="coef_init must hold 40 finite numbers"):
        lasso_path(X, y, coef_init=[1.0])
    with pytest.raises(ValueError, match=r"coef_init must hold .* numbers, got nan at 3"):
        lasso_path(X, y, coef_init=np.where(np.arange(40) == 3, np.nan, 0.0))


# --- Gram matrices of the caller ------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_precomputed_gram_matrix(weighted):
    X, y, weight = make(50, 8)
    s = weight if weighted else None
    unit = np.ones(50) if s is None else s * 50 / s.sum()
    Z = X - unit @ X / 50
    given = ElasticNet(0.1, precompute=Z.T @ (unit[:, None] * Z)).fit(Z, y, s)
    assert_allclose(given.coef_, ElasticNet(0.1).fit(X, y, s).coef_, rtol=1e-6, atol=1e-9)
    with pytest.warns(UserWarning, match="recomputing Gram"):
        again = ElasticNet(0.1, precompute=X.T @ X).fit(X, y, s)
    assert_allclose(again.coef_, given.coef_, rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="did not pass validation"):
        ElasticNet(0.1, precompute=np.eye(8)).fit(Z, y, s)
    with pytest.raises(ValueError, match=r"shape \(8, 8\), got shape \(2, 2\)"):
        ElasticNet(0.1, precompute=np.eye(2)).fit(Z, y, s)


@pytest.mark.parametrize("scale", [1.0, 1e-6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -5.0, 1e3])
def test_any_wrong_entry_of_a_gram_matrix_is_found(scale, dtype, value):
    X, y, _ = make(50, 8)
    Z = (scale * (X - X.mean(axis=0))).astype(dtype)
    gram = Z.astype(float).T @ Z.astype(float)
    ElasticNet(0.1, precompute=gram, fit_intercept=False).fit(Z, y)
    for place in [(0, 0), (7, 7), (1, 6), (6, 1), (4, 2)]:
        wrong = gram.copy()
        wrong[place] = value * scale**2
        with pytest.raises(ValueError, match=rf"did not pass validation: row {place[0]} "):
            ElasticNet(0.1, precompute=wrong, fit_intercept=False).fit(Z, y)


# --- the path functions ---------------------------------------------------------------------------


def test_path_returns_what_single_fits_give():
    X, y, weight = make(60, 12, shift=0.0)
    alphas, coefs, gaps, counts = enet_path(
        X, y, l1_ratio=0.7, alphas=7, return_n_iter=True, sample_weight=weight, tol=1e-12
    )
    assert coefs.shape == (12, 7)
    assert len(counts) == len(gaps) == 7
    assert_allclose(alphas[-1] / alphas[0], 1e-3)
    for k, alpha in enumerate(alphas):
        model = ElasticNet(alpha, l1_ratio=0.7, fit_intercept=False, tol=1e-12).fit(X, y, weight)
        assert_allclose(coefs[:, k], model.coef_, atol=1e-6)


def test_path_goes_down_to_no_penalty():
    X, y, _ = make(40, 5, shift=0.0)
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.0, 1.0])
    assert_array_equal(alphas, [1.0, 0.0])
    assert_allclose(coefs[:, 1], np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-6)


def test_path_refuses_what_it_cannot_do():
    X, y, _ = make(20, 5)
    with pytest.raises(ValueError, match="l1_ratio=0"):
        enet_path(X, y, l1_ratio=0.0)
    with pytest.raises(ValueError, match="alphas must be finite"):
        lasso_path(X, y, alphas=[1.0, np.nan])
    with pytest.raises(ValueError, match="row 3, column 2"):
        bad = X.copy()
        bad[3, 2] = np.nan
        lasso_path(bad, y)


@pytest.mark.parametrize("shape", [(4000, 260), (900, 1200)])  # with a Gram matrix, and without
@pytest.mark.parametrize("value, words", [(np.nan, "row 7, column 5"), (1e200, "Column 5 of X")])
def test_path_of_large_data_names_a_bad_value(shape, value, words):
    X = np.random.default_rng(0).standard_normal(shape)
    y = X[:, 0].copy()
    X[7, 5] = value
    with pytest.raises(ValueError, match=words):
        lasso_path(X, y, alphas=10)
    with pytest.raises(ValueError, match=words):
        lasso_path(X, y, alphas=[0.1])


# --- what is promised of every estimator ----------------------------------------------------------


def test_iteration_limit_is_reported_with_the_gap():
    X, y, _ = make(40, 200, seed=3)
    with pytest.warns(ConvergenceWarning, match="relative duality gap .* asked 1e-08"):
        model = Lasso(1e-3, max_iter=1).fit(X, y)
    assert not model.converged_
    assert model.certificate_ > 1e-8
    gap, value = true_gap(model, X, y, None, 1e-3)
    assert_allclose(model.certificate_, gap / value, rtol=1e-6)
    with pytest.warns(ConvergenceWarning, match="of 5 alphas"):
        lasso_path(X, y, alphas=[1e-3, 9e-4, 8e-4, 7e-4, 6e-4], max_iter=1)


def test_a_gap_that_rounding_leaves_is_reported():
    """Columns that differ in the seventh digit, and hardly a penalty."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 30))
    X[:, 1::2] = X[:, ::2] + 1e-6 * rng.normal(size=(200, 15))
    y = X[:, 0] - X[:, 7] + rng.normal(size=200)
    with pytest.warns(ConvergenceWarning, match="asked 1e-08.*[Ss]cale the columns"):
        model = Lasso(1e-8).fit(X, y)
    assert not model.converged_
    assert model.certificate_ > 1e-8
    with pytest.warns(ConvergenceWarning, match="1 of 2 alphas.*[Ss]cale the columns"):
        lasso_path(X, y, alphas=[1.0, 1e-8])


def test_tol_zero_ends_at_rounding():
    X, y, _ = make(40, 20)
    model = Lasso(0.01, tol=0).fit(X, y)
    assert model.certificate_ < 1e-13


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_same_bits_for_any_number_of_threads(sparse, order):
    X, y, weight = make(700, 900, seed=4, zeros=sparse)
    X = sp.csc_array(X) if sparse else np.array(X, order=order)
    digests = set()
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            model = Lasso(0.03).fit(X, y, weight)
        digests.add(hashlib.sha256(model.coef_.tobytes()).hexdigest())
    assert len(digests) == 1
    assert model.converged_


def test_data_are_read_only():
    X, y, weight = make(40, 30)
    for array in (X, y, weight):
        array.flags.writeable = False
    model = Lasso(0.05).fit(X, y, weight)
    assert_allclose(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_column_shifts_do_not_matter():
    X, y, _ = make(60, 20, shift=0.0)
    plain = Lasso(0.05, tol=1e-12).fit(X, y)
    moved = Lasso(0.05, tol=1e-12).fit(X + 1e5, y)
    assert_allclose(moved.coef_, plain.coef_, atol=1e-5)
    assert moved.converged_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_ctrl_c_is_heard(polls, ctrl_c):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(300, 40))
    X = base @ rng.normal(size=(40, 1500)) + 1e-3 * rng.normal(size=(300, 1500))
    y = rng.normal(size=300)
    model = Lasso(1e-7, tol=0, max_iter=200)
    assert polls(model.fit, X, y) >= 200 / 16
    ctrl_c(lambda: Lasso(1e-7, tol=0, max_iter=10**9).fit(X, y))


# --- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 0.6])
def test_twin_reaches_the_same_point(positive, ratio):
    X, y, weight = make(40, 15)
    Z, yc, s, *_ = twin.center(X, y, weight)
    l1, l2 = levels(0.05, ratio, s)
    w, gaps = twin.coordinate_descent(Z, yc, s, l1, l2, positive, sweeps=400)
    model = ElasticNet(0.05, l1_ratio=ratio, positive=positive, tol=1e-13).fit(X, y, weight)
    assert_allclose(model.coef_, w, atol=1e-8)
    assert gaps[-1] <= 1e-10 * gaps[0]


@given(seed=st.integers(0, 10_000))
def test_gap_of_the_twin_bounds_the_error(seed):
    """At any point, against the minimum that many sweeps reach."""
    rng = np.random.default_rng(seed)
    Z, yc, s = rng.normal(size=(12, 6)), rng.normal(size=12), rng.uniform(0.1, 2.0, 12)
    l1, l2 = rng.uniform(0.1, 5.0), rng.choice([0.0, rng.uniform(0.1, 3.0)])
    best, _ = twin.coordinate_descent(Z, yc, s, l1, l2, sweeps=300)
    least = twin.objective(Z, yc, s, best, l1, l2)
    w = best + rng.normal(size=6) * 10.0 ** rng.uniform(-4, 1)
    error = twin.objective(Z, yc, s, w, l1, l2) - least
    assert twin.duality_gap(Z, yc, s, w, l1, l2) >= error - 1e-12 * (1 + least)


@given(seed=st.integers(0, 10_000))
def test_bounds_of_the_twin_are_safe(seed):
    rng = np.random.default_rng(seed)
    Z, s = rng.normal(size=(15, 8)), rng.uniform(0.1, 2.0, 15)
    earlier = rng.normal(size=15)
    residual = rng.uniform(0.5, 2.0) * earlier + 10.0 ** rng.uniform(-6, 1) * rng.normal(size=15)
    norms = np.sqrt(s @ Z**2)
    bounds = twin.safe_bounds(norms, Z.T @ (s * earlier), earlier, residual, s)
    assert (np.abs(Z.T @ (s * residual)) <= bounds * (1 + 1e-12)).all()
