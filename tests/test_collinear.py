"""Columns that depend on each other: who gets the effect without a penalty, and what is reported.

Everything is compared with a singular value decomposition of the centred columns by NumPy.
"""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from optlite.linear_model import LogisticRegression, Ridge, RidgeClassifier, RidgeCV
from optlite.linear_model._ridge_problem import LeastSquares, _Basis


def dependent(n, classes=2, seed=0):
    """Ten independent columns; a copy, a sum and a multiple of some, and a constant."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 10))
    if classes == 2:
        y = (X @ rng.standard_normal(10) + 2.0 * rng.logistic(size=n) > 0).astype(int)
    else:
        noise = rng.gumbel(size=(n, classes))
        y = np.argmax(0.5 * X @ rng.standard_normal((10, classes)) + noise, axis=1)
    more = [X[:, 0], X[:, 1] + 2.0 * X[:, 2], 1000.0 * X[:, 3], np.full(n, 3.0)]
    return np.column_stack([X, *more]), y


def outside_row_space(X, coef, intercept=True):
    """Share of the coefficients that changes no fitted value: zero for those of least norm."""
    Z = X - X.mean(axis=0) if intercept else X
    _, s, Vt = np.linalg.svd(Z, full_matrices=False)
    V = Vt[s > 1e-9 * s[0]]
    return np.linalg.norm(coef - (coef @ V.T) @ V) / np.linalg.norm(coef)


@pytest.mark.parametrize("n", [400, 40_000])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("intercept", [True, False])
def test_without_penalty_the_coefficients_of_least_norm(n, classes, solver, intercept):
    X, y = dependent(n, classes)
    model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=intercept).fit(X, y)
    assert model.converged_ and model.certificate_ <= model.tol
    assert outside_row_space(X, model.coef_, intercept) < 1e-10
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, 10], rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_without_penalty_sparse_columns_share_as_dense_ones(classes):
    X, y = dependent(600, classes)
    X[np.abs(X) < 0.5] = 0.0
    X[:, 10:13] = np.column_stack([X[:, 0], X[:, 1] + 2.0 * X[:, 2], 1000.0 * X[:, 3]])
    model = LogisticRegression(C=np.inf, tol=1e-12).fit(sp.csr_array(X), y)
    assert outside_row_space(X, model.coef_) < 1e-10
    dense = LogisticRegression(C=np.inf, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "newton-cholesky"])
def test_the_coefficients_of_least_norm_are_the_limit_of_a_vanishing_penalty(solver):
    X, y = dependent(2000)
    free = LogisticRegression(C=np.inf, tol=1e-14, solver=solver).fit(X, y)
    nearly = LogisticRegression(C=1e5, tol=1e-14, solver=solver).fit(X, y)
    np.testing.assert_allclose(free.coef_, nearly.coef_, rtol=1e-4, atol=1e-7)


def test_dependences_across_the_blocks_of_a_factorisation():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((3000, 300))
    X[:, 100] = X[:, 7]
    X[:, 200] = X[:, 3] - X[:, 150]
    X[:, 299] = X[:, 100] + X[:, 200] + X[:, 298]
    y = X[:, :10].sum(axis=1) + 3.0 * rng.logistic(size=3000) > 0
    model = LogisticRegression(C=np.inf).fit(X, y)
    assert outside_row_space(X, model.coef_) < 1e-10
    assert (model.rank_, model.rank_kind_) == (297, "exact")
    ridge = Ridge().fit(X, y)
    assert (ridge.rank_, ridge.rank_kind_) == (297, "exact")


# --- rank and condition number --------------------------------------------------------------------


def eigenvalues(X, weight=None, of_one_size=False):
    """Of the smaller Gram matrix of the centred, weighted columns, by singular values."""
    weight = np.ones(len(X)) if weight is None else weight
    Z = np.sqrt(weight)[:, None] * (X - weight @ X / weight.sum())
    if of_one_size:  # up to a power of two
        Z = Z * np.exp2(-np.round(np.log2(np.linalg.norm(Z, axis=0))))
    e = np.linalg.svd(Z, compute_uv=False) ** 2
    return np.where(e > 1e-20 * e[0], e, 0.0)


def spread(e, alpha):
    """Condition number of the system with these eigenvalues and a penalty."""
    e = e if alpha > 0 else e[e > 1e-12 * e[0]]
    return (e.max() + alpha) / (e.min() + alpha)


CASES = {"tall": (20_000, 60), "small": (200, 14), "square": (500, 320), "wide": (60, 200)}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("collinear", [False, True])
def test_ridge_reports_rank_and_condition_number(case, alpha, weighted, collinear):
    n, d = CASES[case]
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, d)) + 0.5 * rng.standard_normal((n, 1))
    if collinear:
        X[:, -2:] = np.column_stack([X[:, 0], X[:, 1] + 2.0 * X[:, 2]])
    y = X[:, 0] + rng.standard_normal(n)
    weight = rng.integers(0, 3, n).astype(float) if weighted else None
    e = eigenvalues(X, weight)
    rank = int((e > 1e-12 * e[0]).sum())
    truth = spread(e, alpha)
    model = Ridge(alpha=alpha).fit(X, y, weight)
    unchecked = case == "square" and alpha > 0 and not collinear
    assert (model.rank_, model.rank_kind_) == (rank, "estimate" if unchecked else "exact")
    if model.condition_number_kind_ == "exact":
        truth = spread(eigenvalues(X, weight, of_one_size=n >= d), alpha)
        np.testing.assert_allclose(model.condition_number_, truth, rtol=1e-9)
    else:
        slack = 1.5 if model.condition_number_kind_ == "estimate" else 1.0 + 1e-6
        assert 0.7 * truth <= model.condition_number_ <= slack * truth


@pytest.mark.parametrize(
    ("solver", "kinds"),
    [
        ("cholesky", ("exact", "lower bound")),
        ("svd", ("exact", "exact")),
        ("cg", ("lower bound", "lower bound")),
    ],
)
def test_solvers_of_ridge_agree(solver, kinds):
    X, y = dependent(500)
    X[:, 12] /= 1000.0
    model = Ridge(solver=solver).fit(X, y)
    assert (model.rank_kind_, model.condition_number_kind_) == kinds
    e = eigenvalues(X)
    assert model.rank_ == 10 or (solver == "cg" and 3 <= model.rank_ < 10)
    truth = spread(e, 1.0)
    if solver == "cg":  # its preconditioner is the diagonal
        Z = X - X.mean(axis=0)
        H = Z.T @ Z + np.eye(14)
        unit = 1.0 / np.sqrt(np.diag(H))
        truth = np.linalg.cond(H * unit * unit[:, None])
    assert 0.2 * truth <= model.condition_number_ <= (1.0 + 1e-6) * truth


def test_conjugate_gradients_of_wide_and_sparse_data_bound_the_rank():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((40, 8)) @ rng.standard_normal((8, 300))
    X = (X - X.mean(axis=0)) / X.std(axis=0)  # of one size: no preconditioner
    model = Ridge(solver="cg", tol=1e-14).fit(X, rng.standard_normal(40))
    assert model.rank_kind_ == "lower bound" and 4 <= model.rank_ <= 8
    e = eigenvalues(X)[:8]  # the iterates stay in the row space
    assert 0.5 <= model.condition_number_ / spread(e, 1.0) <= 1.0 + 1e-6
    S = sp.random_array((30_000, 3000), density=1e-3, rng=rng, format="csr")
    for fitted in (
        Ridge(solver="cg").fit(S, S @ np.ones(3000)),
        LogisticRegression().fit(S, rng.integers(0, 2, 30_000)),
    ):
        assert fitted.rank_kind_ == fitted.condition_number_kind_ == "lower bound"
        assert 2 <= fitted.rank_ <= 3000 and fitted.condition_number_ > 1.0


def test_a_sparse_gram_matrix_is_described_like_a_dense_one():
    X, y = dependent(300)
    dense, sparse = Ridge().fit(X, y), Ridge().fit(sp.csr_array(X), y)
    assert dense.rank_ == sparse.rank_ == 10
    np.testing.assert_allclose(dense.condition_number_, sparse.condition_number_, rtol=1e-6)


def test_other_ridge_estimators_report_them_too():
    X, y = dependent(300)
    X[:, 12] /= 1000.0
    e = eigenvalues(X)
    for model in (RidgeCV(), RidgeCV(gcv_mode="svd"), RidgeCV(cv=3), RidgeClassifier()):
        model.fit(X, y)
        alpha = model.alpha_ if isinstance(model, RidgeCV) else model.alpha
        assert (model.rank_, model.rank_kind_) == (10, "exact")
        exact = model.condition_number_kind_ == "exact"
        np.testing.assert_allclose(
            model.condition_number_, spread(e, alpha), rtol=1e-6 if exact else 0.3
        )
    wide = RidgeCV().fit(X.T[:, :50], np.arange(14.0))
    np.testing.assert_allclose(
        wide.condition_number_, spread(eigenvalues(X.T[:, :50]), wide.alpha_), rtol=1e-9
    )
    assert Ridge(positive=True).fit(X, y).rank_ == 10


def hessian_condition(model, X):
    """Of the Hessian at the optimum, in units in which its diagonal is one."""
    alpha = 0.0 if np.isinf(model.C) else 1.0 / (model.C * len(X))
    p = model.predict_proba(X)[:, 1]
    Z = np.column_stack([X - X.mean(axis=0), np.ones(len(X))])
    H = (Z * (p * (1.0 - p))[:, None]).T @ Z / len(X) + alpha * np.diag(
        np.append(np.ones(X.shape[1]), 0.0)
    )
    unit = 1.0 / np.sqrt(np.diag(H))
    return np.linalg.cond(H * unit * unit[:, None])


@pytest.mark.parametrize("n", [400, 40_000])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_logistic_regression_reports_rank_and_condition_number(n, C):
    X, y = dependent(n)
    X = X[:, :10] + X[:, [3]] * np.exp(np.arange(10.0))
    model = LogisticRegression(C=C).fit(X, y)
    assert (model.rank_, model.rank_kind_) == (10, "exact")
    assert model.condition_number_kind_ == ("estimate" if n > 1000 else "lower bound")
    # The solver's units are powers of two: each within a factor of two of those of the truth.
    assert 0.25 <= model.condition_number_ / hessian_condition(model, X) <= 4.0


@pytest.mark.parametrize("n", [400, 40_000])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("intercept", [True, False])
def test_logistic_regression_counts_independent_columns(n, classes, solver, C, intercept):
    X, y = dependent(n, classes)
    model = LogisticRegression(C=C, solver=solver, fit_intercept=intercept).fit(X, y)
    rank = 10 if intercept else 11  # the constant column
    products = solver == "newton-cg" and C == 1.0
    sample = n > 1000 and classes == 3 and solver in ("auto", "lbfgs")
    if model.rank_kind_ == "lower bound" and (products or sample):
        assert 2 <= model.rank_ <= rank
    else:
        assert (model.rank_, model.rank_kind_) == (rank, "exact")


def test_without_a_matrix_or_products_there_is_no_condition_number():
    X, y = dependent(300)
    model = LogisticRegression(solver="lbfgs").fit(X, y)
    assert model.rank_ == 10
    assert model.condition_number_ is None and model.condition_number_kind_ is None
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression(max_iter=0).fit(X, y)
    assert model.condition_number_ is None


@pytest.mark.parametrize("value", [0.1, 1e6 / 3, 1e-9])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_the_rounding_of_a_constant_column_is_no_column(value, container):
    X, y = dependent(500)
    X[:, 13] = value
    X = container(X)
    for model in (Ridge(), LogisticRegression(), RidgeCV(), LogisticRegression(C=np.inf)):
        assert model.fit(X, y).rank_ == 10


# --- columns of very different size ---------------------------------------------------------------


def ill_scaled(n=300, seed=3):
    """Five independent columns between 1e-9 and 1e9, and a copy of the first."""
    rng = np.random.default_rng(seed)
    size = np.array([1.0, 1e-5, 1e5, 1e-9, 1e9, 1.0])
    X = rng.standard_normal((n, 6))
    X[:, 5] = X[:, 0]
    y = X[:, :5].sum(axis=1) + 0.1 * rng.standard_normal(n)
    Z = X[:, :5] - X[:, :5].mean(axis=0)
    least = np.linalg.lstsq(Z, y - y.mean(), rcond=None)[1][0]
    return X * size, y, least


@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_small_columns_are_no_rounding_of_large_ones(solver, container):
    X, y, least = ill_scaled()
    if solver == "svd" and container is sp.csr_array:
        return
    model = Ridge(alpha=0.0, solver=solver).fit(container(X), y)
    np.testing.assert_allclose(model.objective_, least, rtol=1e-9)
    assert (model.rank_, model.rank_kind_) == (5, "exact")
    np.testing.assert_allclose(model.coef_[0], model.coef_[5], rtol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cg", "newton-cholesky"])
def test_logistic_regression_of_columns_of_very_different_size(solver):
    X, y, _ = ill_scaled()
    y = y > np.random.default_rng(8).normal(0.0, 3.0, len(y))
    model = LogisticRegression(C=np.inf, solver=solver).fit(X, y)
    assert model.converged_ and model.rank_ == 5
    np.testing.assert_allclose(model.coef_[0, 0], model.coef_[0, 5], rtol=1e-9)


@pytest.mark.parametrize("digits", [6, 8, 10])
def test_singular_values_keep_the_digits_that_their_squares_lose(digits):
    rng = np.random.default_rng(7)
    U = np.linalg.qr(rng.standard_normal((200, 8))).Q
    V = np.linalg.qr(rng.standard_normal((8, 8))).Q
    X = U * np.logspace(0, -digits, 8) @ V.T
    w = rng.standard_normal(8)
    model = Ridge(alpha=0.0, fit_intercept=False, solver="svd").fit(X, X @ w)
    np.testing.assert_allclose(model.coef_, w, atol=10.0 ** (digits - 14))
    assert model.rank_ == 8


def test_a_certificate_sees_directions_that_a_decomposition_leaves_out():
    X, y, _ = ill_scaled()
    problem = LeastSquares(X, y, None, True)
    zero = np.zeros(1)
    whole = problem.solve("svd", zero, 1e-10, None)
    assert whole["certificate"].max() < 1e-10
    # Only the largest column, as a cut at the rounding of squares would have it.
    e, Vt = np.array([problem.core.squares()[4]]), np.eye(6)[[4]]
    moments = problem.core.target_moments() @ Vt.T
    for alpha in (zero, np.array([1e-3])):
        part = problem._from_spectrum(_Basis(Vt, e), moments, alpha, 1e-10, "part")
        assert part["certificate"].max() > 0.1 and part["status"] != "converged"


def test_leave_one_out_hands_over_where_the_squares_lose_columns():
    X, y, _ = ill_scaled()
    model = RidgeCV(alphas=[1e-6, 1e-3]).fit(X, y)
    assert model.certificate_ < 1e-9
    direct = Ridge(alpha=model.alpha_).fit(X, y)
    np.testing.assert_allclose(model.predict(X), direct.predict(X), atol=1e-6)


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "model",
    [
        Ridge(alpha=0.0),
        Ridge(solver="svd"),
        RidgeCV(),
        LogisticRegression(C=np.inf),
        LogisticRegression(),
    ],
    ids=repr,
)
def test_collinear_tall_data_are_not_copied(model, dtype):
    rng = np.random.default_rng(9)
    X = rng.standard_normal((30_000, 80)).astype(dtype)
    X[:, 79] = X[:, 3]
    y = (X[:, 3] + rng.logistic(size=len(X)) > 0).astype(int)
    clone(model).fit(X[:2000], y[:2000])  # imports
    tracemalloc.start()
    try:
        fitted = model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fitted.rank_ == 79
    assert peak < 0.25 * X.size * 8


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_singular_values_of_tall_data_come_from_a_triangle(weighted, fit_intercept):
    rng = np.random.default_rng(10)
    X = rng.standard_normal((3000, 12)) + 2.0
    X[:, 11] = X[:, 0] - X[:, 1]
    Y = np.column_stack([X[:, 2], X[:, 0] ** 2])
    weight = rng.uniform(0.0, 2.0, 3000) if weighted else np.ones(3000)
    model = Ridge(alpha=0.0, solver="svd", fit_intercept=fit_intercept).fit(X, Y, weight)
    mean, center = (weight @ X / weight.sum(), weight @ Y / weight.sum())
    if not fit_intercept:
        mean, center = 0.0 * mean, 0.0 * center
    root = np.sqrt(weight)[:, None]
    coef = np.linalg.lstsq(root * (X - mean), root * (Y - center), rcond=1e-12)[0]
    np.testing.assert_allclose(model.coef_, coef.T, rtol=1e-9, atol=1e-12)
    assert model.rank_ == 11
