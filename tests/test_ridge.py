"""Ridge, RidgeClassifier and RidgeCV against closed forms, brute force and scikit-learn."""

import hashlib
import pickle
import subprocess
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as peer
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import hadamard
from scipy.optimize import nnls
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from optlite._core import core
from optlite._validation import as_design
from optlite.linear_model import Ridge, RidgeClassifier, RidgeCV
from optlite.reference import ridge as twin

DIRECT = ("auto", "cholesky", "dual", "svd")
ITERATIVE = ("cg", "lsqr", "sparse_cg", "sag", "saga")
ALPHAS = np.logspace(-3, 3, 7)


def make(n, d, targets=1, seed=0, shift=2.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + shift
    Y = X @ rng.normal(size=(d, targets)) + rng.normal(size=(n, targets)) + 3.0
    weight = rng.uniform(0.1, 2.0, n)
    return X, Y[:, 0] if targets == 1 else Y, weight


def objective(model, X, y, alpha, weight=None):
    s = np.ones(len(y)) if weight is None else weight
    r = y - model.predict(X)
    return s @ r**2 + alpha * model.coef_ @ model.coef_


def brute_force_errors(X, y, alpha, weight=None, intercept=True):
    """Fit n models, each without one sample."""
    errors = np.empty(len(y))
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        s = None if weight is None else weight[keep]
        model = peer.Ridge(alpha, fit_intercept=intercept, solver="svd").fit(X[keep], y[keep], s)
        errors[i] = y[i] - model.predict(X[i : i + 1])[0]
    return errors


# --- Ridge: the solution --------------------------------------------------------------------------


def exact_ridge(X, y, alpha, weight):
    """Solve the centred normal equations in rational arithmetic (integers in)."""
    n, d = len(X), len(X[0])
    total = sum(weight)
    mean = [sum(weight[i] * X[i][j] for i in range(n)) / total for j in range(d)]
    ybar = sum(weight[i] * y[i] for i in range(n)) / total
    Z = [[X[i][j] - mean[j] for j in range(d)] for i in range(n)]
    rows = [
        [sum(weight[i] * Z[i][j] * Z[i][k] for i in range(n)) + (alpha if j == k else 0)
         for k in range(d)]
        + [sum(weight[i] * Z[i][j] * (y[i] - ybar) for i in range(n))]
        for j in range(d)
    ]  # fmt: skip
    for j in range(d):
        rows[j] = [v / rows[j][j] for v in rows[j]]
        for k in range(d):
            if k != j:
                rows[k] = [a - rows[k][j] * b for a, b in zip(rows[k], rows[j], strict=True)]
    w = [row[-1] for row in rows]
    return w, ybar - sum(m * v for m, v in zip(mean, w, strict=True))


@pytest.mark.parametrize("solver", [*DIRECT, "lsqr"])
def test_matches_rational_arithmetic(solver):
    rng = np.random.default_rng(3)
    X, y, s = rng.integers(-9, 9, (7, 3)), rng.integers(-9, 9, 7), rng.integers(1, 4, 7)
    as_fractions = [[Fraction(int(v)) for v in row] for row in X]
    w, b = exact_ridge(
        as_fractions, [Fraction(int(v)) for v in y], Fraction(1, 3), [Fraction(int(v)) for v in s]
    )
    model = Ridge(1 / 3, solver=solver, tol=1e-14).fit(X, y, s)
    assert_allclose(model.coef_, [float(v) for v in w], rtol=1e-13, atol=1e-13)
    assert_allclose(model.intercept_, float(b), rtol=1e-12)


@pytest.mark.parametrize("solver", [*DIRECT, *ITERATIVE])
@pytest.mark.parametrize("shape", [(60, 8), (15, 40), (20, 20)])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_matches_scikit_learn(solver, shape, targets, intercept, weighted):
    X, y, weight = make(*shape, targets)
    s = weight if weighted else None
    ours = Ridge(0.7, solver=solver, fit_intercept=intercept, tol=1e-12).fit(X, y, s)
    theirs = peer.Ridge(0.7, solver="svd", fit_intercept=intercept).fit(X, y, s)
    tolerance = 1e-10 if solver in DIRECT else 1e-4 if solver == "cg" else 1e-7
    assert_allclose(ours.coef_, theirs.coef_, rtol=tolerance, atol=tolerance)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=tolerance, atol=10 * tolerance)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.converged_
    assert isinstance(ours.n_iter_, int)


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_array, sp.coo_array])
@pytest.mark.parametrize("shape", [(60, 8), (15, 40)])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "dual", "cg", "lsqr"])
def test_sparse_equals_dense(container, shape, solver):
    X, y, weight = make(*shape, 2)
    X[np.abs(X) < 2] = 0.0
    dense = Ridge(0.5, solver="svd").fit(X, y, weight)
    model = Ridge(0.5, solver=solver, tol=1e-15).fit(container(X), y, weight)
    assert_allclose(model.coef_, dense.coef_, rtol=1e-6, atol=1e-7)
    assert_allclose(model.predict(container(X)), dense.predict(X), rtol=1e-6)


def test_duplicate_entries_of_a_sparse_matrix_are_summed():
    row, col, value = [0, 0, 1, 2, 2], [0, 0, 1, 0, 1], [1.0, 2.0, 3.0, 4.0, 5.0]
    X = sp.csr_matrix((value, col, [0, 2, 3, 5]), shape=(3, 2))
    y = np.array([1.0, 2.0, 3.0])
    dense = np.zeros((3, 2))
    np.add.at(dense, (row, col), value)
    assert_allclose(Ridge().fit(X, y).coef_, Ridge().fit(dense, y).coef_, rtol=1e-12)


@pytest.mark.parametrize("solver", ["auto", "dual", "svd", "cg"])
def test_one_alpha_for_each_target(solver):
    X, Y, _ = make(40, 6, 3)
    alphas = [0.1, 5.0, 300.0]
    together = Ridge(alphas, solver=solver, tol=1e-14).fit(X, Y)
    for t, alpha in enumerate(alphas):
        assert_allclose(together.coef_[t], Ridge(alpha).fit(X, Y[:, t]).coef_, rtol=1e-6)
    with pytest.raises(ValueError, match="2 != 3"):
        Ridge([1.0, 2.0]).fit(X, Y)
    with pytest.raises(ValueError, match="alpha must be finite and >= 0"):
        Ridge([1.0, -2.0, 1.0]).fit(X, Y)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "cg", "lsqr"])
@pytest.mark.parametrize("shape", [(30, 5), (10, 25)])
@pytest.mark.parametrize("intercept", [True, False])
def test_alpha_zero_is_the_least_squares_solution_of_minimum_norm(solver, shape, intercept):
    X, y, _ = make(*shape)
    model = Ridge(0.0, solver=solver, fit_intercept=intercept, tol=1e-14).fit(X, y)
    Z, yc = (X - X.mean(0), y - y.mean()) if intercept else (X, y)
    expected = np.linalg.lstsq(Z, yc, rcond=None)[0]
    assert_allclose(model.coef_, expected, rtol=1e-4, atol=1e-5)


def test_collinear_columns_without_penalty_share_the_coefficient():
    X, y, _ = make(30, 2)
    model = Ridge(0.0).fit(np.c_[X, X[:, :1]], y)
    assert "svd" in model.solver_info_
    assert_allclose(model.coef_[0], model.coef_[2], rtol=1e-9)


def test_sparse_collinear_columns_use_eigenvalues():
    X, y, _ = make(30, 2)
    both = np.c_[X, X[:, :1]]
    model = Ridge(0.0).fit(sp.csr_matrix(both), y)
    assert "eigen" in model.solver_info_
    assert_allclose(model.coef_, Ridge(0.0, solver="svd").fit(both, y).coef_, rtol=1e-7)


def test_refinement_removes_the_squared_condition_number():
    t = np.linspace(0, 1, 60)
    X = np.vander(t, 9)
    y = np.sin(7 * t)
    alpha = 1e-9
    accurate = peer.Ridge(alpha, solver="svd").fit(X, y)
    model = Ridge(alpha, solver="cholesky").fit(X, y)
    assert model.solver_info_.startswith("cholesky")
    assert_allclose(model.coef_, accurate.coef_, rtol=1e-7, atol=1e-12)


def test_large_common_shift_does_not_cancel():
    X, y, _ = make(200, 5, shift=0.0)
    plain = Ridge(1.0).fit(X, y)
    # The dual solver maps back by products with X itself, whose entries are a million times larger
    # than their spread; the others work with the spread alone.
    for solver, rtol in (("cholesky", 1e-8), ("svd", 1e-8), ("dual", 1e-6)):
        moved = Ridge(1.0, solver=solver).fit(X + 2.0**20, y)
        assert_allclose(moved.coef_, plain.coef_, rtol=rtol)
        assert moved.certificate_ <= 1e-10


def test_pilot_mean_far_from_the_mean_is_repaired():
    # Every row that the pilot sample sees is an outlier.
    rng = np.random.default_rng(0)
    n = 128 * 50
    X = rng.normal(size=(n, 3))
    X[n * np.arange(128) // 128] += 1e7
    y = rng.normal(size=n)
    weight = np.ones(n)
    weight[n * np.arange(128) // 128] = 0.0
    keep = weight > 0
    expected = Ridge(1.0).fit(X[keep], y[keep])
    assert_allclose(Ridge(1.0).fit(X, y, weight).coef_, expected.coef_, rtol=1e-9)


# --- Ridge: properties ----------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["auto", "dual", "svd"])
def test_weight_two_equals_a_duplicate_row(solver):
    X, y, _ = make(25, 4)
    weight = np.array([1.0, 2.0, 0.0, 3.0, 1.0] * 5)
    repeated = np.repeat(np.arange(25), weight.astype(int))
    expected = Ridge(0.3).fit(X[repeated], y[repeated])
    model = Ridge(0.3, solver=solver).fit(X, y, weight)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    assert_allclose(model.intercept_, expected.intercept_, rtol=1e-9)


def test_scaling_data_and_penalty_together_changes_nothing():
    X, y, weight = make(40, 5)
    model = Ridge(2.0).fit(X, y, weight)
    scaled = Ridge(2.0 * 64).fit(8 * X, y, weight)
    assert_allclose(scaled.coef_ * 8, model.coef_, rtol=1e-12)
    weights = Ridge(2.0 * 4).fit(X, y, 4 * weight)
    assert_allclose(weights.coef_, model.coef_, rtol=1e-12)


@pytest.mark.parametrize("solver", ["cg", "cholesky", "dual", "auto"])
@pytest.mark.parametrize("tol", [1e-2, 1e-5, 1e-10])
@pytest.mark.parametrize("shape", [(80, 10), (20, 60)])
def test_certificate_bounds_the_true_suboptimality(solver, tol, shape):
    X, y, weight = make(*shape)
    model = Ridge(0.5, solver=solver, tol=tol).fit(X, y, weight)
    best = objective(peer.Ridge(0.5, solver="svd").fit(X, y, weight), X, y, 0.5, weight)
    reached = objective(model, X, y, 0.5, weight)
    assert model.certificate_ <= tol
    assert (reached - best) / reached <= model.certificate_ + 1e-13
    assert_allclose(model.objective_, reached, rtol=1e-9)


def test_iteration_limit_is_reported():
    X, y, _ = make(50, 20)
    with pytest.warns(ConvergenceWarning, match="relative duality gap"):
        model = Ridge(1e-3, solver="cg", max_iter=2).fit(X, y)
    assert not model.converged_
    assert model.n_iter_ == 2
    assert model.certificate_ > 1e-10


def test_wide_data_with_equal_columns_stays_in_the_row_space():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 400))
    y = X[:, 0] + rng.normal(size=60)
    model = Ridge(1.0, solver="cg").fit(X, y)
    exact = Ridge(1.0, solver="dual").fit(X, y)
    assert model.certificate_ <= 1e-10
    assert model.objective_ / exact.objective_ - 1 <= model.certificate_ + 1e-14
    # The component outside the row space of the centred data is rounding.
    Z = X - X.mean(0)
    inside = Z.T @ np.linalg.lstsq(Z.T, model.coef_, rcond=None)[0]
    assert_allclose(inside, model.coef_, atol=1e-10)


def test_float32_in_float32_out_with_double_accumulation():
    X, y, weight = make(5000, 4)
    X32, y32 = X.astype(np.float32), y.astype(np.float32)
    for order in ("C", "F"):
        model = Ridge(1.0).fit(np.asarray(X32, order=order), y32, weight)
        assert model.coef_.dtype == np.float32
        assert model.predict(X32).dtype == np.float32
        exact = Ridge(1.0).fit(X32.astype(np.float64), y32.astype(np.float64), weight)
        assert_array_equal(model.coef_, exact.coef_.astype(np.float32))


@pytest.mark.parametrize("make_view", [
    np.asfortranarray,
    lambda X: np.repeat(X, 2, axis=0)[::2],
    lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    lambda X: X[::-1][::-1],
])  # fmt: skip
def test_memory_layout_does_not_matter(make_view):
    X, y, _ = make(50, 4)
    expected = Ridge().fit(X, y).coef_
    view = make_view(X)
    view.flags.writeable = False
    assert_allclose(Ridge().fit(view, y).coef_, expected, rtol=1e-13)


def test_callers_arrays_are_not_written():
    X, Y, weight = make(30, 5, 2)
    before = [a.copy() for a in (X, Y, weight)]
    for solver in (*DIRECT, "cg"):
        Ridge(solver=solver, copy_X=False).fit(X, Y, weight)
    RidgeCV(gcv_mode="svd", store_cv_results=True).fit(X, Y, weight)
    for array, kept in zip((X, Y, weight), before, strict=True):
        assert_array_equal(array, kept)


def test_no_copy_of_contiguous_data():
    # Peak memory of a fresh process, because the core allocates outside of Python's view. The
    # system's own count of it can be set back; that of getrusage begins with the parent's.
    code = """
import numpy as np
from optlite.linear_model import Ridge, RidgeCV

def peak():
    with open("/proc/self/status") as status:
        return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

def peak_of(call):
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before = peak()
    call()
    return peak() - before

rng = np.random.default_rng(0)
for order in "CF":
    X = np.ones((400_000, 40), order=order)
    X += rng.normal(size=40)
    X[::7] += rng.normal(size=40)
    X[::5, ::3] -= rng.normal(size=14)
    y = rng.normal(size=len(X))
    for model in (Ridge(), Ridge(solver="cg"), Ridge(positive=True), RidgeCV()):
        model.fit(X[:1000], y[:1000])
        print(order, model, peak_of(lambda: model.fit(X, y)) / X.nbytes, flush=True)
        # A copy would be seen.
        assert peak_of(lambda: X.copy()) > 0.9 * X.nbytes
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=240, capture_output=True, text=True
    )
    shares = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(shares) == 8 and max(shares) < 0.25, done.stdout


@pytest.mark.parametrize("solver", ["cholesky", "dual", "cg"])
def test_same_bits_for_any_number_of_threads(solver):
    X, Y, weight = make(700, 90, 2)
    hashes = set()
    for n_threads in (1, 2, 3, 7):
        with threadpool_limits(n_threads, user_api="openmp"):
            model = Ridge(1.0, solver=solver).fit(X, Y, weight)
        hashes.add(hashlib.sha256(model.coef_.tobytes()).hexdigest())
    assert len(hashes) == 1


def test_pickle_keeps_the_predictions():
    X, y, _ = make(30, 5)
    for model in (
        Ridge().fit(X, y),
        RidgeCV().fit(X, y),
        RidgeClassifier().fit(X, y > np.median(y)),
    ):
        assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


# --- positive=True --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30, 10), (20, 40), (100, 60)])
@pytest.mark.parametrize("alpha", [0.01, 3.0])
@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
def test_non_negative_matches_nnls(shape, alpha, solver):
    X, y, weight = make(*shape, shift=0.0)
    root = np.sqrt(weight)[:, None]
    stacked = np.vstack([root * X, np.sqrt(alpha) * np.eye(shape[1])])
    expected, _ = nnls(stacked, np.r_[root[:, 0] * y, np.zeros(shape[1])])
    model = Ridge(alpha, positive=True, fit_intercept=False, solver=solver).fit(X, y, weight)
    assert_allclose(model.coef_, expected, atol=1e-10)
    assert model.certificate_ <= 1e-10
    assert (model.coef_ >= 0).all()


def test_non_negative_with_intercept_sparse_and_several_targets():
    X, Y, weight = make(50, 12, 3)
    X[np.abs(X) < 1.5] = 0.0
    model = Ridge(0.5, positive=True).fit(sp.csr_matrix(X), Y, weight)
    root = np.sqrt(weight)[:, None]
    Z = root * (X - np.average(X, axis=0, weights=weight))
    Yc = root * (Y - np.average(Y, axis=0, weights=weight))
    for t in range(3):
        stacked = np.vstack([Z, np.sqrt(0.5) * np.eye(12)])
        expected, _ = nnls(stacked, np.r_[Yc[:, t], np.zeros(12)])
        assert_allclose(model.coef_[t], expected, atol=1e-9)


def test_non_negative_without_a_gram_matrix():
    # More columns than the core will square: products with X only.
    rng = np.random.default_rng(0)
    X = sp.random(150, 3200, 0.05, random_state=0, format="csr")
    y = X @ np.abs(rng.normal(size=3200)) + rng.normal(size=150)
    model = Ridge(0.1, positive=True).fit(X, y)
    assert model.converged_
    half_gradient = (
        (X.toarray() - X.toarray().mean(0)).T @ (model.predict(X) - y) + 0.1 * model.coef_
    )  # fmt: skip
    active = model.coef_ > 0
    scale = np.abs(half_gradient).max()
    assert np.abs(half_gradient[active]).max() < 1e-4 * scale
    assert half_gradient[~active].min() > -1e-4 * scale


def test_solver_combinations_without_meaning_are_refused():
    X, y, _ = make(10, 2)
    with pytest.raises(ValueError, match="only when positive=True"):
        Ridge(solver="lbfgs").fit(X, y)
    with pytest.raises(ValueError, match="does not support positive"):
        Ridge(solver="svd", positive=True).fit(X, y)
    with pytest.raises(ValueError, match="does not support sparse X"):
        Ridge(solver="svd").fit(sp.csr_matrix(X), y)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [Ridge(), RidgeCV(), RidgeClassifier()])
def test_bad_input_is_refused(estimator):
    X, y, weight = make(20, 3)
    y = (y > y.mean()).astype(float) if isinstance(estimator, RidgeClassifier) else y
    spoiled = X.copy()
    spoiled[4, 1] = np.nan
    with pytest.raises(ValueError, match="row 4, column 1"):
        estimator.fit(spoiled, y)
    with pytest.raises(ValueError, match="sample_weight must be >= 0"):
        estimator.fit(X, y, -weight)
    with pytest.raises(ValueError, match="zero"):
        estimator.fit(X, y, 0 * weight)
    corrupt = sp.csr_matrix(X)
    corrupt.indices[3] = 10_000_000
    with pytest.raises(ValueError, match="corrupt"):
        estimator.fit(corrupt, y)
    with pytest.raises(ValueError, match="overflows when squared"):
        estimator.fit(X * 1e200, y)


@pytest.mark.parametrize("estimator", [Ridge(), RidgeCV(), Ridge(positive=True)])
def test_one_sample_and_constant_columns(estimator):
    with warnings.catch_warnings():
        # One sample has nothing to be predicted from.
        warnings.filterwarnings("ignore", message=".*leave-one-out prediction")
        assert_array_equal(estimator.fit([[1.0, 2.0]], [3.0]).coef_, [0.0, 0.0])
    assert_allclose(estimator.predict([[5.0, 5.0]]), 3.0)
    X, y, _ = make(20, 3)
    X[:, 1] = 7.3
    model = estimator.fit(X, y)
    assert_allclose(model.coef_[1], 0.0, atol=1e-14)
    assert np.isfinite(model.predict(X)).all()


# --- RidgeCV --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(40, 6), (12, 30), (10, 10), (11, 10)])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("mode", ["eigen", "svd"])
def test_leave_one_out_equals_brute_force(shape, intercept, weighted, container, mode):
    X, y, weight = make(*shape)
    s = weight if weighted else None
    model = RidgeCV(ALPHAS, fit_intercept=intercept, store_cv_results=True, gcv_mode=mode)
    model.fit(container(X), y, s)
    factor = weight if weighted else np.ones(len(y))
    expected = np.column_stack(
        [factor * brute_force_errors(X, y, a, s, intercept) ** 2 for a in ALPHAS]
    )
    assert_allclose(model.cv_results_, expected, rtol=1e-6)
    assert_allclose(model.best_score_, -expected.mean(0).min(), rtol=1e-6)
    assert model.alpha_ == ALPHAS[expected.mean(0).argmin()]
    assert_allclose(
        model.coef_, peer.Ridge(model.alpha_, fit_intercept=intercept).fit(X, y, s).coef_, rtol=1e-6
    )
    assert model.certificate_ <= 1e-10


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
@pytest.mark.parametrize("per_target", [True, False])
def test_ridge_cv_matches_scikit_learn(shape, scoring, per_target):
    X, Y, weight = make(*shape, 3)
    options = {"scoring": scoring, "alpha_per_target": per_target, "store_cv_results": True}
    ours = RidgeCV(ALPHAS, **options).fit(X, Y, weight)
    theirs = peer.RidgeCV(ALPHAS, gcv_mode="svd", **options).fit(X, Y, weight)
    assert_array_equal(ours.alpha_, theirs.alpha_)
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-7)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)
    assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-6)


def test_generalised_cross_validation_score():
    X, y, _ = make(30, 6)
    n = len(y)
    Z, yc = X - X.mean(0), y - y.mean()
    scores = []
    for alpha in ALPHAS:
        H = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(6), Z.T)
        df = 1.0 + np.trace(H)
        scores.append(-n * np.sum((yc - H @ yc) ** 2) / (n - df) ** 2)
    model = RidgeCV(ALPHAS, scoring="gcv").fit(X, y)
    assert model.alpha_ == ALPHAS[np.argmax(scores)]
    assert_allclose(model.best_score_, max(scores), rtol=1e-9)


def test_weights_of_zero_leave_the_row_out_but_predict_it():
    for shape in ((30, 4), (10, 25)):
        X, y, weight = make(*shape)
        weight[[2, 5]] = 0.0
        keep = weight > 0
        options = {"scoring": "neg_mean_squared_error", "store_cv_results": True}
        model = RidgeCV([0.5], **options).fit(X, y, weight)
        plain = Ridge(0.5).fit(X[keep], y[keep], weight[keep])
        assert_allclose(model.cv_results_[~keep, 0], plain.predict(X[~keep]), rtol=1e-7)
        assert_allclose(model.coef_, plain.coef_, rtol=1e-8)


def test_alpha_zero_is_the_limit_from_above():
    for shape in ((30, 4), (10, 25)):
        X, y, _ = make(*shape)
        zero = RidgeCV([0.0], store_cv_results=True).fit(X, y)
        small = RidgeCV([1e-7], store_cv_results=True).fit(X, y)
        assert np.isfinite(zero.cv_results_).all()
        assert_allclose(zero.cv_results_, small.cv_results_, rtol=1e-4)
        assert_allclose(zero.coef_, small.coef_, rtol=1e-4, atol=1e-7)


def test_leverage_one_is_flagged():
    X, y, _ = make(30, 3)
    single = np.zeros(30)
    single[7] = 1.0
    X = np.c_[X, single]
    with pytest.warns(UserWarning, match="leverage is one"):
        model = RidgeCV([1e-13, 1e-14]).fit(X, y)
    assert np.isfinite(model.best_score_)


def test_integers_do_not_overflow():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 255, (50, 5)).astype(np.uint8)
    y = rng.integers(-127, 127, 50).astype(np.int8)
    model = RidgeCV([1, 10, 100], store_cv_results=True).fit(X, y)
    exact = RidgeCV([1.0, 10.0, 100.0], store_cv_results=True).fit(X.astype(float), y.astype(float))
    assert_allclose(model.cv_results_, exact.cv_results_, rtol=1e-9)
    expected = brute_force_errors(X.astype(float), y.astype(float), 10.0) ** 2
    assert_allclose(model.cv_results_[:, 1], expected, rtol=1e-7)


def test_grid_search_with_cv():
    X, y, _ = make(40, 5)
    ours = RidgeCV(ALPHAS, cv=KFold(4)).fit(X, y)
    theirs = peer.RidgeCV(ALPHAS, cv=KFold(4)).fit(X, y)
    assert ours.alpha_ == theirs.alpha_
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    with pytest.raises(ValueError, match="store_cv_results=True are incompatible"):
        RidgeCV(cv=3, store_cv_results=True).fit(X, y)
    with pytest.raises(ValueError, match=r"alphas\[1\] == -1"):
        RidgeCV([1, -1]).fit(X, y)


# --- RidgeClassifier ------------------------------------------------------------------------------


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 1: 0.5}])
def test_classifier_matches_scikit_learn(load, class_weight):
    X, y = load(return_X_y=True)
    ours = RidgeClassifier(class_weight=class_weight).fit(X, y)
    theirs = peer.RidgeClassifier(class_weight=class_weight, solver="svd").fit(X, y)
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-6, atol=1e-8)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.coef_.ndim == 2


def test_classifier_with_several_labels():
    X, Y = make_multilabel_classification(random_state=0)
    ours = RidgeClassifier().fit(X, Y)
    assert_array_equal(ours.predict(X), peer.RidgeClassifier().fit(X, Y).predict(X))
    names = np.array(["no", "yes"])[Y[:, 0]]
    assert set(RidgeClassifier().fit(X, names).predict(X)) <= {"no", "yes"}


# --- the NumPy twin and the core ------------------------------------------------------------------


@pytest.mark.parametrize("intercept", [True, False])
def test_twin_agrees_with_the_core(intercept):
    X, y, weight = make(25, 6)
    expected = {
        "cholesky": twin.normal_equations(X, y, 0.4, weight, intercept),
        "dual": twin.dual(X, y, 0.4, weight, intercept),
        "cg": twin.conjugate_gradients(X, y, 0.4, weight, intercept)[:2],
    }
    for solver, (w, b) in expected.items():
        model = Ridge(0.4, solver=solver, fit_intercept=intercept).fit(X, y, weight)
        assert_allclose(model.coef_, w, rtol=1e-10)
        assert_allclose(model.intercept_, b, rtol=1e-9, atol=1e-12)
    errors = twin.leave_one_out(X, y, ALPHAS, weight, intercept)
    model = RidgeCV(ALPHAS, fit_intercept=intercept, store_cv_results=True).fit(X, y, weight)
    assert_allclose(model.cv_results_, weight[:, None] * errors**2, rtol=1e-9)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_conjugate_gradients_take_the_steps_of_exact_arithmetic(wide, weighted):
    # Ten eigenvalues far above the others: rounding brings their directions back. Columns of equal
    # size, so that wide data stay in the row space.
    rng = np.random.default_rng(0)
    U, sizes, _ = np.linalg.svd(rng.normal(size=(300, 512)), full_matrices=False)
    sizes[:10] = sizes[10] * np.sqrt(np.geomspace(3, 1e4, 10))
    X = (U * sizes) @ hadamard(512)[:300] / np.sqrt(512.0)
    X = X if wide else X.T
    y = X @ rng.normal(size=X.shape[1]) / 20 + rng.normal(size=len(X))
    weight = rng.uniform(0.5, 2.0, len(X)) if weighted else None
    model = Ridge(2.0, solver="cg", tol=1e-12).fit(X, y, weight)
    plain, exact = (
        len(twin.conjugate_gradients(X, y, 2.0, weight, tol=1e-12, keep=keep)[2])
        for keep in (0, len(X))
    )
    assert model.n_iter_ <= 1.25 * exact < 0.5 * plain
    w, b = twin.normal_equations(X, y, 2.0, weight, refinements=3)
    assert_allclose(model.coef_, w, atol=1e-6 * np.abs(w).max())
    r = y - X @ w - b
    optimum = (r**2 if weight is None else weight * r**2).sum() + 2.0 * w @ w
    reached = objective(model, X, y, 2.0, weight)
    assert reached <= optimum * (1.0 + model.certificate_ + 1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_conjugate_gradients_converge_where_eigenvalues_decay(seed):
    # Orthogonal residuals alone end at a certificate a few times the tolerance for some of these.
    rng = np.random.default_rng(seed)
    U, _, Vt = np.linalg.svd(rng.normal(size=(96, 96)))
    X = (U * np.geomspace(10, 1e-4, 96)) @ Vt
    y = rng.normal(size=96)
    model = Ridge(1e-5, solver="cg", fit_intercept=False, max_iter=3000).fit(X, y)
    assert model.converged_ and model.certificate_ <= model.tol


def test_rank_by_conjugate_gradients_is_a_lower_bound():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, d = (int(size) for size in rng.integers(2, 60, 2))
        rank = int(rng.integers(1, min(n, d) + 1))
        X = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d))
        U, sizes, Vt = np.linalg.svd(X, full_matrices=False)
        sizes = sizes[:rank] * 10.0 ** rng.uniform(-3, 3, rank)
        X = (U[:, :rank] * sizes) @ Vt[:rank]
        alpha = 10.0 ** rng.uniform(-6, 2) * sizes.max() ** 2 * 1e-2
        model = Ridge(alpha, solver="cg", fit_intercept=False, tol=1e-12, max_iter=5000)
        model.fit(X, rng.normal(size=n))
        assert 1 <= model.rank_ <= rank, seed


def test_twin_certificate_and_trace():
    X, y, weight = make(60, 30)
    for tol in (1e-2, 1e-4):
        w, _, trace = twin.conjugate_gradients(X, y, 0.4, weight, tol=tol)
        Z, yc, s, _, _ = twin.center(X, y, weight)
        assert_allclose(twin.certificate(Z, yc, s, w, 0.4), trace[-1], rtol=1e-6)
        model = Ridge(0.4, solver="cg", tol=tol).fit(X, y, weight)
        assert model.n_iter_ == len(trace)
        # Conjugate gradients amplify rounding: changing X by one unit in its last place moves the
        # certificate by 2e-9 (relative) at 1e-2, and by 1.4e-6 four iterations later.
        assert_allclose(model.certificate_, trace[-1], rtol={1e-2: 1e-8, 1e-4: 1e-5}[tol])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F", "sparse"])
@pytest.mark.parametrize("shape", [(7, 5), (500, 20), (300, 700)])
def test_core_products(dtype, order, shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape).astype(dtype)
    X[np.abs(X) < 0.5] = 0.0
    X += 0.0 if order == "sparse" else 1.0
    n, d = shape
    weight = rng.uniform(0, 2, n)
    Y = np.ascontiguousarray(rng.normal(size=(2, n)))
    container = sp.csr_matrix(X) if order == "sparse" else np.asarray(X, order=order)
    problem = core.RidgeProblem(as_design(container), Y, weight, True)
    X64 = X.astype(np.float64)
    Z = X64 - np.average(X64, axis=0, weights=weight)
    A = np.sqrt(weight)[:, None] * Z
    Yc = Y.T - np.average(Y.T, axis=0, weights=weight)
    assert_allclose(problem.kernel(), A @ A.T, atol=1e-9 * d)
    assert_allclose(np.triu(problem.gram()), np.triu(A.T @ A), atol=1e-9 * n)
    assert_allclose(problem.squares(), np.diag(A.T @ A), rtol=1e-9)
    assert_allclose(problem.target_moments().T, Z.T @ (weight[:, None] * Yc), atol=1e-9 * n)
    W = np.ascontiguousarray(rng.normal(size=(2, d)))
    G, loss = problem.residual_moments(W)
    R = Yc - Z @ W.T
    assert_allclose(G.T, Z.T @ (weight[:, None] * R), atol=1e-8 * n)
    assert_allclose(loss, weight @ R**2, rtol=1e-10)
    C = np.ascontiguousarray(rng.normal(size=(2, n)))
    assert_allclose(problem.from_dual(C), C @ A, atol=1e-9 * n)


def test_no_warning_on_ordinary_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in ((100, 5), (20, 60)):
            X, y, weight = make(*shape)
            for solver in (*DIRECT, *ITERATIVE):
                Ridge(solver=solver).fit(X, y, weight)
            RidgeCV().fit(X, y, weight)


@pytest.mark.parametrize("alphas", [[1.0, np.nan], [np.inf], np.array([np.nan])])
def test_leave_one_out_refuses_alphas_that_are_not_finite(alphas):
    X, y = np.eye(5), np.arange(5.0)
    with pytest.raises(ValueError, match=r"alphas\[\d\] must be a finite number >= 0"):
        RidgeCV(alphas=alphas).fit(X, y)


def test_warnings_point_at_the_line_of_the_user():
    X = np.random.default_rng(0).standard_normal((40, 3))
    X[:, 2] = np.arange(40) == 7  # only this sample knows the coefficient
    with pytest.warns(UserWarning, match="leave-one-out") as caught:
        RidgeCV(alphas=[1e-14], fit_intercept=False).fit(X, X[:, 0])
    assert caught[0].filename == __file__
    X = np.vander(np.linspace(1, 2, 30), 8)
    with pytest.warns(UserWarning, match="stopped after") as caught:
        Ridge(solver="cg", max_iter=1, tol=1e-15).fit(X, np.ones(30) + X[:, 0])
    assert caught[0].filename == __file__
