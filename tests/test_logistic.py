"""LogisticRegression: independent oracles, invariances, and the scikit-learn contract."""

import importlib.metadata
import io
import pickle
import threading
import tracemalloc
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn import linear_model as peer
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from optlite import linear_model
from optlite.exceptions import SeparationWarning
from optlite.linear_model import LogisticRegression

SOLVERS = ["auto", "lbfgs", "newton-cg", "newton-cholesky"]


def binary_data(n=300, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    w = rng.normal(size=d)
    y = (rng.random(n) < 1 / (1 + np.exp(-(X @ w + 0.3)))).astype(int)
    return X, y


def class_data(n=300, d=4, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    scores = X @ rng.normal(size=(d, K)) + rng.gumbel(size=(n, K))
    return X, scores.argmax(axis=1)


def objective(X, y, coef, intercept, C, weight=None):
    """F in plain NumPy, for any number of classes."""
    X = X.toarray() if sp.issparse(X) else np.asarray(X, dtype=np.float64)
    s = np.ones(len(y)) if weight is None else weight
    scores = X @ coef.T + intercept
    if len(coef) == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    codes = np.unique(y, return_inverse=True)[1]
    loss = logsumexp(scores, axis=1) - scores[np.arange(len(y)), codes]
    return s @ loss / s.sum() + 0.5 * np.sum(coef**2) / (C * s.sum())


def scipy_optimum(X, y, C, weight=None):
    """A tight optimum from SciPy, with nothing of ours and a gradient by hand."""
    s = np.ones(len(y)) if weight is None else weight
    classes, codes = np.unique(y, return_inverse=True)
    K, d = len(classes), X.shape[1]
    rows = 1 if K == 2 else K
    truth = np.eye(K)[codes]

    def value_and_gradient(flat):
        table = flat.reshape(rows, d + 1)
        scores = X @ table[:, :d].T + table[:, d]
        if rows == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        p = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))
        residual = (p - truth) * (s / s.sum())[:, None]
        residual = residual[:, 1:] if rows == 1 else residual
        gradient = np.hstack(
            [residual.T @ X + table[:, :d] / (C * s.sum()), residual.sum(0)[:, None]]
        )
        return objective(X, y, table[:, :d], table[:, d], C, weight), gradient.ravel()

    # BFGS to its own limit, then Newton steps with a differenced Hessian to rounding.
    x = minimize(value_and_gradient, np.zeros(rows * (d + 1)), jac=True, options={"gtol": 1e-8}).x
    for _ in range(3):
        size = len(x)
        H = np.empty((size, size))
        for j in range(size):
            e = 1e-5 * np.eye(size)[j]
            H[:, j] = (value_and_gradient(x + e)[1] - value_and_gradient(x - e)[1]) / 2e-5
        x = x - np.linalg.lstsq(H, value_and_gradient(x)[1], rcond=1e-10)[0]
    table = x.reshape(rows, d + 1)
    intercept = table[:, d] - (table[:, d].mean() if rows > 1 else 0.0)
    return table[:, :d], intercept, value_and_gradient(x)[0]


# --- optimum --------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_optimum_matches_scipy(solver, data, C):
    X, y = data()
    weight = np.random.default_rng(1).uniform(0.1, 3.0, len(y))
    coef, intercept, value = scipy_optimum(X, y, C, weight)
    model = LogisticRegression(C=C, solver=solver, tol=1e-12).fit(X, y, weight)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, coef, atol=2e-6, rtol=2e-6)
    np.testing.assert_allclose(model.intercept_, intercept, atol=2e-6, rtol=2e-6)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-11)


@pytest.mark.parametrize("C", [1.0, 100.0, 1e4])
def test_lbfgs_by_name_reaches_the_optimum_of_badly_scaled_classes(C):
    """Its metric spoils as the classes separate; the second half of its iterations renews it."""
    X, y = load_digits(return_X_y=True)
    model = LogisticRegression(solver="lbfgs", C=C).fit(X, y)
    assert model.converged_ and model.certificate_ <= 1e-8
    newton = LogisticRegression(solver="newton-cg", C=C).fit(X, y)
    np.testing.assert_allclose(model.objective_, newton.objective_, rtol=2e-8)


def tall_classes(n=20_000, d=8, classes=4):
    """So many rows that a sample of them gives the metric; classes of unequal size."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    scores = X @ rng.standard_normal((d, classes)) + rng.standard_normal(classes)
    return X, np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)


def test_intercepts_of_classes_cost_few_steps():
    """Their curvature is shared with the coefficients', of which a plain metric knows nothing."""
    X, y = tall_classes()
    model = LogisticRegression().fit(X, y)
    assert model.solver_info_ == "lbfgs with the Hessian of a sample"
    assert model.n_iter_[0] <= 16  # 20 without
    scores = X @ model.coef_.T + model.intercept_
    residual = softmax(scores, axis=1) - np.eye(4)[y]
    np.testing.assert_allclose(residual.sum(axis=0), 0.0, atol=1e-3 * len(y))
    np.testing.assert_allclose(residual.T @ X + model.coef_, 0.0, atol=1e-3 * len(y))


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6])
def test_certificate_of_tall_classes_holds(tol):
    X, y = tall_classes()
    optimum = LogisticRegression(tol=1e-12).fit(X, y).objective_
    model = LogisticRegression(tol=tol).fit(X, y)
    assert 0 <= model.objective_ - optimum <= model.certificate_ * model.objective_
    assert model.certificate_ <= tol


@pytest.mark.parametrize("seed", [9, 28, 39])
def test_certificate_holds_where_the_metric_knows_little(seed):
    """One sample of a class in 20,500: its curvature is far from that of the sample of the rows."""
    rng = np.random.default_rng(seed)
    X = 100 + rng.standard_normal((20_500, 3)) * 10.0 ** rng.uniform(-1, 2, 3)
    y = np.argmax((X - 100) / X.std(axis=0) @ (5 * rng.standard_normal((3, 3))), axis=1)
    y[0] = 3
    optimum = LogisticRegression(solver="newton-cg", tol=1e-12).fit(X, y).objective_
    model = LogisticRegression().fit(X, y)
    assert model.converged_
    assert model.objective_ - optimum <= 1.01 * model.certificate_ * model.objective_


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
@pytest.mark.parametrize("C", [0.1, 1.0])
def test_optimum_matches_scikit_learn_on_real_data(load, C):
    X, y = load(return_X_y=True)
    step = 8 if len(y) > 1000 else 2
    X = X[::step] / X.max(axis=0).clip(1e-9)
    y = y[::step]
    model = LogisticRegression(C=C, tol=1e-12).fit(X, y)
    theirs = peer.LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky", max_iter=1000)
    theirs.fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, theirs.intercept_, atol=1e-5)


@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_no_penalty_has_zero_gradient(data, fit_intercept):
    X, y = data()
    model = LogisticRegression(C=np.inf, fit_intercept=fit_intercept, tol=1e-12).fit(X, y)
    assert model.converged_
    assert model.certificate_kind_ == "relative Newton decrement"
    p = model.predict_proba(X)
    residual = p - (y[:, None] == model.classes_)
    assert np.abs(X.T @ residual).max() < 1e-4
    if fit_intercept:
        assert np.abs(residual.sum(axis=0)).max() < 1e-4
    if len(model.classes_) > 2:
        np.testing.assert_allclose(model.coef_.sum(axis=0), 0.0, atol=1e-9)
        np.testing.assert_allclose(model.intercept_.sum(), 0.0, atol=1e-9)


@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("max_iter", [1, 2, 3, 5, 100])
def test_certificate_bounds_the_suboptimality(data, solver, max_iter):
    X, y = data(seed=3)
    best = LogisticRegression(tol=0.0, max_iter=1000).fit(X, y).objective_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(solver=solver, max_iter=max_iter).fit(X, y)
    reached = objective(X, y, model.coef_, model.intercept_, 1.0)
    np.testing.assert_allclose(reached, model.objective_, rtol=1e-12)
    assert reached - best <= model.certificate_ * model.objective_ + 1e-14
    assert model.converged_ == (model.certificate_ <= model.tol)


def test_badly_scaled_and_shifted_columns_converge_with_default_settings():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(3000, 20))
    scale = np.logspace(-2, 2, 20)
    y = rng.random(3000) < 1 / (1 + np.exp(-Z @ rng.normal(size=20)))
    X = (Z + 10.0) * scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for solver in SOLVERS:
            model = LogisticRegression(solver=solver).fit(X, y)
            assert model.converged_ and model.certificate_ <= 1e-8
            free = LogisticRegression(solver=solver, C=np.inf).fit(X, y)
            assert free.converged_


# --- invariances ----------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_weights_repeat_and_drop_rows(data, container):
    X, y = data()
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = LogisticRegression(tol=1e-13).fit(container(X), y, weight)
    repeated = LogisticRegression(tol=1e-13)
    repeated.fit(container(np.repeat(X, weight, axis=0)), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-7)


@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
@pytest.mark.parametrize("array", [True, False])
def test_sparse_equals_dense(data, solver, kind, array):
    X, y = data()
    X = np.where(np.abs(X) < 0.7, 0.0, X)
    sparse = (sp.coo_array if array else sp.coo_matrix)(X).asformat(kind)
    dense = LogisticRegression(tol=0, solver=solver).fit(X, y)
    model = LogisticRegression(tol=0, solver=solver).fit(sparse, y)
    # Both stop where rounding does; their objectives agree to the last digits.
    np.testing.assert_allclose(model.objective_, dense.objective_, rtol=1e-13)
    np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-6)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_equals_dense_to_ten_digits_from_newton(index):
    X, y = binary_data()
    X = np.where(np.abs(X) < 0.7, 0.0, X)
    sparse = sp.csr_array(X)
    sparse.indices = sparse.indices.astype(index)
    sparse.indptr = sparse.indptr.astype(index)
    dense = LogisticRegression(tol=1e-14, solver="newton-cholesky").fit(X, y)
    model = LogisticRegression(tol=1e-14, solver="newton-cholesky").fit(sparse, y)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_column_scaling_does_not_matter_without_penalty(data):
    X, y = data()
    scale = np.logspace(-3, 3, X.shape[1])
    plain = LogisticRegression(C=np.inf, tol=1e-13).fit(X, y)
    scaled = LogisticRegression(C=np.inf, tol=1e-13).fit(X * scale, y)
    np.testing.assert_allclose(scaled.coef_ * scale, plain.coef_, atol=1e-6)
    np.testing.assert_allclose(scaled.intercept_, plain.intercept_, atol=1e-6)


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_shift_moves_only_the_intercept(data):
    X, y = data()
    shift = np.linspace(-50, 50, X.shape[1])
    plain = LogisticRegression(tol=1e-13).fit(X, y)
    moved = LogisticRegression(tol=1e-13).fit(X + shift, y)
    np.testing.assert_allclose(moved.coef_, plain.coef_, atol=1e-6)
    intercept = plain.intercept_ - plain.coef_ @ shift
    np.testing.assert_allclose(moved.intercept_, intercept, atol=1e-4)


def test_softmax_with_two_classes_is_logistic_with_twice_the_penalty_strength():
    # w_1 = -w_0 = w / 2 at the optimum, so that ||w_0||^2 + ||w_1||^2 = ||w||^2 / 2.
    X, y = binary_data()
    binary = LogisticRegression(C=2.0, tol=1e-13).fit(X, y)
    # A third class of vanishing weight turns the softmax on.
    X3 = np.vstack([X, np.zeros((1, X.shape[1]))])
    y3 = np.append(y, 2)
    weight = np.append(np.ones(len(y)), 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        softmax = LogisticRegression(C=1.0, tol=1e-12, max_iter=500).fit(X3, y3, weight)
    np.testing.assert_allclose(softmax.coef_[1] - softmax.coef_[0], binary.coef_[0], atol=1e-4)


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_balanced_class_weight_is_a_sample_weight(data):
    X, y = data()
    X, y = X[(y != 0) | (np.arange(len(y)) % 3 == 0)], y[(y != 0) | (np.arange(len(y)) % 3 == 0)]
    given_weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    totals = np.array([given_weight[y == k].sum() for k in np.unique(y)])
    factor = (given_weight.sum() / (len(totals) * totals))[y]
    by_class = LogisticRegression(class_weight="balanced", tol=1e-12).fit(X, y, given_weight)
    by_hand = LogisticRegression(tol=1e-12).fit(X, y, given_weight * factor)
    np.testing.assert_allclose(by_class.coef_, by_hand.coef_, atol=1e-9)
    table = dict(enumerate(given_weight.sum() / (len(totals) * totals)))
    by_dict = LogisticRegression(class_weight=table, tol=1e-12).fit(X, y, given_weight)
    np.testing.assert_allclose(by_dict.coef_, by_hand.coef_, atol=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    n=st.integers(8, 60),
    d=st.integers(1, 12),
    K=st.integers(2, 4),
    seed=st.integers(0, 10**6),
    C=st.sampled_from([1e-3, 1.0, 1e3]),
    fit_intercept=st.booleans(),
    order=st.sampled_from(["C", "F", "strided", "reversed"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_layout_gives_the_same_certified_model(n, d, K, seed, C, fit_intercept, order, dtype):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    y = rng.integers(0, K, n)
    y[:K] = np.arange(K)
    views = {
        "C": np.ascontiguousarray(X),
        "F": np.asfortranarray(X),
        "strided": np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
        "reversed": X[::-1, ::-1].copy()[::-1, ::-1],
    }
    view = views[order]
    view.flags.writeable = False
    model = LogisticRegression(C=C, fit_intercept=fit_intercept).fit(view, y)
    plain = LogisticRegression(C=C, fit_intercept=fit_intercept).fit(X, y)
    assert model.converged_ and model.certificate_ <= 1e-8
    assert model.coef_.dtype == dtype
    np.testing.assert_allclose(model.objective_, plain.objective_, rtol=3e-8)


# --- dtypes, copies, threads ----------------------------------------------------------------------


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_float32_is_kept_and_accurate(data):
    X, y = data()
    X32 = X.astype(np.float32)
    single = LogisticRegression(tol=1e-12).fit(X32, y)
    double = LogisticRegression(tol=1e-12).fit(X32.astype(np.float64), y)
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    assert single.predict_proba(X32).dtype == np.float32
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float16, np.longdouble, ">f8", object])
def test_other_types_become_float64(dtype):
    X = np.round(4 * binary_data()[0])
    y = binary_data()[1]
    model = LogisticRegression().fit(X.astype(dtype), y)
    assert model.coef_.dtype == np.float64
    np.testing.assert_array_equal(model.coef_, LogisticRegression().fit(X, y).coef_)


@pytest.mark.parametrize("layout", ["C", "F", "columns of C", "rows of F", "float32", "csr"])
def test_no_copy_of_the_data(layout):
    rng = np.random.default_rng(0)
    n, d = 20000, 50
    make = {
        "C": lambda: rng.normal(size=(n, d)),
        "F": lambda: np.asfortranarray(rng.normal(size=(n, d))),
        "columns of C": lambda: rng.normal(size=(n, d + 7))[:, 3 : d + 3],
        "rows of F": lambda: np.asfortranarray(rng.normal(size=(n + 9, d)))[5 : n + 5],
        "float32": lambda: rng.normal(size=(n, d)).astype(np.float32),
        "csr": lambda: sp.csr_array(sp.random(n, 500, density=0.1, random_state=0)),
    }
    X = make[layout]()
    size = X.data.nbytes if layout == "csr" else X.nbytes
    y = rng.integers(0, 2, n)
    tracemalloc.start()
    try:
        LogisticRegression(max_iter=50).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Labels, targets and codes are a few vectors of length n; a copy of X would show at once.
    assert peak < 0.3 * size + 8 * n * 8


def test_input_is_never_written():
    X, y = binary_data()
    weight = np.ones(len(y))
    originals = X.copy(), y.copy(), weight.copy()
    LogisticRegression(class_weight="balanced").fit(X, y, weight)
    for before, after in zip(originals, (X, y, weight), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", ["binary", "classes", "sparse", "float32", "no penalty"])
def test_bits_do_not_depend_on_the_number_of_threads(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 20))
    y = (X[:, 0] + rng.normal(size=9000) > 0).astype(int)
    C = 1.0
    if kind == "classes":
        y += (X[:, 1] + rng.normal(size=9000) > 0).astype(int)
    if kind == "sparse":
        X = sp.csr_array(np.where(np.abs(X) < 1.0, 0.0, X))
    if kind == "float32":
        X = X.astype(np.float32)
    if kind == "no penalty":
        C = np.inf
    fits = []
    for count in (1, 2, 3, 7):
        with threadpool_limits(count):
            model = LogisticRegression(C=C).fit(X, y)
        fits.append((model.coef_.tobytes(), model.intercept_.tobytes(), model.certificate_))
    assert all(other == fits[0] for other in fits[1:])


@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("solver", SOLVERS)
def test_bits_do_not_depend_on_the_address_of_the_data(data, solver):
    X, y = data()
    fits = set()
    for offset in range(0, 64, 8):
        memory = np.zeros(X.nbytes + 128, dtype=np.uint8)
        begin = -memory.ctypes.data % 64 + offset
        moved = np.ndarray(X.shape, dtype=float, buffer=memory, offset=begin)
        moved[:] = X
        fits.add(LogisticRegression(solver=solver).fit(moved, y).coef_.tobytes())
    assert len(fits) == 1


# --- separation and warnings ----------------------------------------------------------------------


def test_complete_separation_is_reported():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    with pytest.warns(SeparationWarning, match=r"completely.*column 1.*finite C"):
        model = LogisticRegression(C=np.inf).fit(X, X[:, 1] > 0)
    assert not model.converged_ and np.isfinite(model.coef_).all()
    assert model.n_iter_[0] < 60
    assert model.score(X, X[:, 1] > 0) == 1.0


def test_quasi_separation_names_the_dummy_column():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(400, 3)), columns=["age", "income", "vip"])
    frame["vip"] = 0.0
    frame.loc[:6, "vip"] = 1.0
    y = rng.random(400) < 1 / (1 + np.exp(-frame["age"].to_numpy()))
    y[:7] = True
    with pytest.warns(SeparationWarning, match=r"quasi-completely.*\(features involved: 'vip'\)"):
        model = LogisticRegression(C=np.inf).fit(frame, y)
    assert np.isfinite(model.coef_).all()


def test_separation_of_several_classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    with pytest.warns(SeparationWarning, match="completely"):
        LogisticRegression(C=np.inf).fit(X, np.digitize(X[:, 0], [-0.5, 0.5]))
    X[:, 2] = np.arange(300) < 9
    y = rng.integers(0, 3, 300)
    y[:9] = 2
    with pytest.warns(SeparationWarning, match=r"quasi-completely.*column 2"):
        LogisticRegression(C=np.inf).fit(X, y)


def test_hidden_quasi_separation_needs_the_sum_of_two_columns():
    # Neither column separates; their sum is zero except on rows of one class.
    rng = np.random.default_rng(1)
    a = rng.normal(size=300)
    b = -a
    b[:5] += 1.0
    y = rng.integers(0, 2, 300)
    y[:5] = 1
    with pytest.warns(SeparationWarning, match=r"quasi-completely.*5 of 300 rows"):
        LogisticRegression(C=np.inf).fit(np.column_stack([a, b, rng.normal(size=300)]), y)


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_no_false_alarm(data):
    X, y = data(n=400)
    X = np.column_stack([X, X[:, 0], np.ones(len(X)), np.arange(len(X)) == 3])
    X[5, -1] = 1.0
    y[3], y[5] = 0, 1
    y[7], X[7, -1] = y.max(), 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error", SeparationWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        LogisticRegression(C=np.inf).fit(X, y)
        LogisticRegression(C=1e6).fit(X, y)


def test_convergence_warning_says_numbers_and_remedy():
    X, y = binary_data()
    model = LogisticRegression(max_iter=1)
    expected = r"stopped after 1 iteration.*duality gap .*asked 1e-08.*max_iter \(now 1\)"
    with pytest.warns(ConvergenceWarning, match=expected):
        model.fit(X, y)
    assert not model.converged_ and model.n_iter_[0] == 1


def test_zero_tolerance_ends_at_rounding_without_a_warning():
    X, y = class_data()
    model = LogisticRegression(tol=0.0).fit(X, y)
    assert model.converged_


# --- the estimator contract -----------------------------------------------------------------------


def test_only_arrays_and_scalars_are_stored():
    model = LogisticRegression().fit(*class_data())
    for name, value in vars(model).items():
        if name.endswith("_"):
            assert isinstance(value, np.ndarray | bool | int | float | str), name
    assert model.n_iter_.dtype == np.int32 and model.n_iter_.shape == (1,)


def test_probabilities_are_stable():
    X, y = binary_data()
    model = LogisticRegression().fit(X, y)
    far = 1e4 * np.sign(model.coef_)
    p = model.predict_proba(np.vstack([far, -far]))
    assert p[0, 1] == p[1, 0] == 1.0
    log_p = model.predict_log_proba(np.vstack([far, -far]))
    assert np.isfinite(log_p).all() and log_p[0, 0] < -1000
    several = LogisticRegression().fit(*class_data())
    log_p = several.predict_log_proba(1e5 * np.eye(4))
    assert np.isfinite(log_p).all()
    np.testing.assert_allclose(several.predict_proba(1e5 * np.eye(4)).sum(axis=1), 1.0)


@pytest.mark.parametrize("data", [binary_data, class_data])
def test_warm_start_begins_at_the_previous_optimum(data):
    X, y = data()
    model = LogisticRegression(warm_start=True, solver="newton-cg").fit(X, y)
    first = model.coef_.copy()
    model.fit(X, y)
    assert model.n_iter_[0] <= 1
    np.testing.assert_allclose(model.coef_, first, atol=1e-4)
    with pytest.raises(ValueError, match=r"warm_start=True needs coef_ of shape"):
        model.fit(X[:, :2], y)


def test_aliases_and_solvers_share_the_optimum():
    X, y = class_data()
    values = [
        LogisticRegression(solver=name, tol=1e-10).fit(X, y).objective_
        for name in [*SOLVERS, "liblinear", "sag", "saga"]
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-10)


def test_trace_on_request():
    X, y = class_data()
    model = LogisticRegression(record_trace=True).fit(X, y)
    assert len(model.trace_) == model.n_iter_[0] + 1
    assert np.all(np.diff(model.trace_["objective"]) <= 0)
    model.set_params(record_trace=False).fit(X, y)
    assert not hasattr(model, "trace_")


def test_pipeline_grid_search_and_cross_validation():
    X, y = load_breast_cancer(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [0.01, 1.0, 100.0]},
        cv=3,
    ).fit(X, y)
    assert search.best_score_ > 0.96
    assert cross_val_score(LogisticRegression(), X, y, cv=3).mean() > 0.9


def test_metadata_routing():
    from sklearn import config_context

    X, y = binary_data()
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    with config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, model).fit(X, y, sample_weight=weight)
    scaled = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(
        pipe[-1].coef_, LogisticRegression().fit(scaled, y, weight).coef_, atol=1e-12
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library):
    frames = pytest.importorskip(library)
    X, y = binary_data(d=3)
    frame = frames.DataFrame({name: X[:, j] for j, name in enumerate("abc")})
    model = LogisticRegression().fit(frame, frames.Series(y))
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    columns = np.asfortranarray(X)  # how a frame stores them: the same bits follow
    np.testing.assert_array_equal(model.coef_, LogisticRegression().fit(columns, y).coef_)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b", "a", "c"]])


def test_labels_of_any_kind():
    X, y = class_data()
    names = np.array(["ant", "bee", "cat"])[y]
    model = LogisticRegression().fit(X, names)
    assert list(model.classes_) == ["ant", "bee", "cat"]
    assert set(model.predict(X)) <= {"ant", "bee", "cat"}
    gaps = LogisticRegression().fit(X, np.array([-3, 5, 70])[y])
    np.testing.assert_array_equal(gaps.coef_, model.coef_)


@pytest.mark.parametrize("way", ["pickle", "joblib", "skops"])
def test_persistence(way):
    X, y = class_data()
    model = LogisticRegression().fit(X, y)
    if way == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    elif way == "joblib":
        buffer = io.BytesIO()
        joblib.dump(model, buffer)
        buffer.seek(0)
        loaded = joblib.load(buffer)
    else:
        skops = pytest.importorskip("skops.io")
        blob = skops.dumps(model)
        unknown = skops.get_untrusted_types(data=blob)
        assert unknown == ["optlite.linear_model.logistic.LogisticRegression"]
        loaded = skops.loads(blob, trusted=unknown)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert vars(loaded).keys() == vars(model).keys()


def test_a_pickle_of_another_version_warns():
    model = LogisticRegression().fit(*binary_data())
    state = model.__getstate__()
    state["_optlite_version"] = "0.0.0"
    with pytest.warns(UserWarning, match=r"saved by optlite 0\.0\.0"):
        LogisticRegression.__new__(LogisticRegression).__setstate__(state)


def test_html_representation_links_to_the_documentation():
    html = LogisticRegression()._repr_html_()
    assert "https://optlite" in html and "optlite.linear_model.LogisticRegression" in html


def test_verbose_logs_and_prints_nothing(caplog, capfd):
    with caplog.at_level("INFO", logger="optlite"):
        LogisticRegression(verbose=1).fit(*binary_data())
    assert "relative duality gap" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_clone_keeps_parameters():
    model = LogisticRegression(C=3.0, solver="newton-cg", record_trace=True)
    assert clone(model).get_params() == model.get_params()


# --- callbacks ------------------------------------------------------------------------------------


class Recorder:
    """A fit callback that keeps what it is told, and may ask to stop."""

    def __init__(self, stop_after=None):
        self.events = []
        self.scores = []
        self.stop_after = stop_after

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.events.append(("end", context.task_name))
        self.scores.append(fitted_estimator.score(X, y))
        return self.stop_after is not None and len(self.scores) >= self.stop_after

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name))


needs_callbacks = pytest.mark.skipif(
    tuple(map(int, importlib.metadata.version("scikit-learn").split(".")[:2])) < (1, 9),
    reason="scikit-learn has callbacks since version 1.9",
)


@needs_callbacks
@pytest.mark.parametrize("data", [binary_data, class_data])
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_see_every_iteration(data, solver):
    X, y = data()
    recorder = Recorder()
    model = LogisticRegression(solver=solver, record_trace=True).set_callbacks(recorder).fit(X, y)
    ends = [name for event, name in recorder.events if event == "end"]
    # The last task may find that its starting point is the optimum.
    assert len(ends) - 1 in (model.n_iter_[0], model.n_iter_[0] + 1)
    assert ends == ["iteration"] * (len(ends) - 1) + ["fit"]
    assert recorder.events[0] == ("setup", "fit") and recorder.events[-1] == ("teardown", "fit")
    assert model.converged_
    assert len(model.trace_) == model.n_iter_[0] + 1
    plain = LogisticRegression(solver=solver).fit(X, y)
    np.testing.assert_allclose(model.objective_, plain.objective_, rtol=2e-8)


@needs_callbacks
def test_a_callback_can_stop_the_fit():
    X, y = class_data()
    model = LogisticRegression().set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert model.n_iter_[0] == 2 and not model.converged_


@needs_callbacks
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        linear_model.Ridge(),
        linear_model.RidgeClassifier(),
        linear_model.RidgeCV(),
        linear_model.RidgeCV(cv=3),
    ],
    ids=str,
)
def test_callbacks_of_scikit_learn_hear_every_estimator(model):
    from sklearn.callback import ScoringMonitor

    X, y = binary_data()
    scoring = "accuracy" if is_classifier(model) else "r2"
    monitor = ScoringMonitor(scoring=scoring)
    model = clone(model).set_callbacks(monitor).fit(X, y)
    tasks = {row["task_name"]: row for row in monitor.get_logs().data}  # raises if there are none
    assert tasks["fit"][scoring] == model.score(X, y)


def test_concurrent_fits_agree():
    X, y = class_data(n=2000)
    expected = LogisticRegression().fit(X, y).coef_.tobytes()
    found = []

    def work():
        found.append(LogisticRegression().fit(X, y).coef_.tobytes())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6


@pytest.mark.parametrize("C", [1e-4, 1.0])
def test_products_of_unscaled_columns_are_solved_by_default(C):
    """No scaling of columns takes these curvatures away; conjugate gradients alone stay far off."""
    X, y = load_breast_cancer(return_X_y=True)
    X = np.column_stack([X, *(X[:, i, None] * X[:, i:] for i in range(X.shape[1]))])
    model = LogisticRegression(C=C).fit(X, y)  # warnings are errors
    assert model.converged_ and model.certificate_ <= 1e-8
    other = LogisticRegression(C=C, solver="newton-cholesky").fit(X, y)
    values = [
        C * np.logaddexp(0.0, (1 - 2 * y) * m.decision_function(X)).sum() + 0.5 * np.sum(m.coef_**2)
        for m in (model, other)
    ]
    assert values[0] == pytest.approx(values[1], rel=2e-8)


@pytest.mark.parametrize("max_iter", [6, 100])
@pytest.mark.parametrize("intercept", [True, False])
def test_a_trace_changes_neither_steps_nor_certificate(intercept, max_iter):
    """Without a trace, certificates that are surely too large are not worked out on the way."""
    X, y = load_digits(return_X_y=True)
    X = X + 0.1 * np.random.default_rng(0).normal(size=X.shape)
    settings = {"fit_intercept": intercept, "max_iter": max_iter, "solver": "lbfgs", "C": 1e-3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        plain = LogisticRegression(**settings).fit(X, y)
        traced = LogisticRegression(record_trace=True, **settings).fit(X, y)
    assert plain.converged_ == (max_iter == 100)
    assert plain.n_iter_[0] == traced.n_iter_[0] > 1
    np.testing.assert_array_equal(plain.coef_, traced.coef_)
    assert plain.certificate_ == traced.certificate_ < np.inf
    # The certificate is a quotient by the objective: the product may round up.
    gap = plain.certificate_ * plain.objective_
    assert gap <= traced.trace_[-1].certificate * (1.0 + 4.0 * np.finfo(float).eps)
