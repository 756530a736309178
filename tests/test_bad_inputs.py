"""What linear estimators answer to bad and unusual input: a clear refusal, or the right model.

Rows that could crash the interpreter run in a process of their own, so that a crash is a failed
test and not a dead run.
"""

import os
import subprocess
import sys
import textwrap
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
import scipy.sparse as sp
from linear_estimators import ESTIMATORS, MODELS, NAMES
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError

from optlite import linear_model
from optlite.linear_model import LogisticRegression

CLASSIFIERS = [E for E in ESTIMATORS if is_classifier(E())]
REGRESSORS = [E for E in ESTIMATORS if E not in CLASSIFIERS]

every = pytest.mark.parametrize("Estimator", ESTIMATORS)
CROSS_VALIDATED = [
    MODELS[name]
    for name in (
        "ElasticNetCV",
        "LassoCV",
        "MultiTaskElasticNetCV",
        "MultiTaskLassoCV",
        "SparseRegressorCV",
    )
]
STRATIFIED = [MODELS[name] for name in ("LogisticRegressionCV", "SparseClassifierCV")]
ONLY_L1 = ["LassoCV", "MultiTaskLassoCV", "SparseClassifierCV", "SparseRegressorCV"]
ONE_TARGET = [*CROSS_VALIDATED, MODELS["SparseRegressor"]]
classifiers = pytest.mark.parametrize("Estimator", CLASSIFIERS)


def data(n=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def tight(Estimator):
    """An estimator that solves to rounding, so that two routes to one optimum agree."""
    logistic = Estimator in (LogisticRegression, linear_model.LogisticRegressionCV)
    return Estimator(tol=1e-13) if logistic else Estimator()


def folds(n, kept=slice(None)):
    """Three folds of n rows, of which some are kept."""
    part = (np.arange(n) // 2 % 3)[kept]
    return [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(3)]


def coefficients(model):
    return np.append(np.ravel(model.coef_), np.ravel(model.intercept_))


# --- refused, with the place, the value and the remedy ------------------------------------------


@every
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_not_finite_X_names_row_and_column(Estimator, value, container, dtype):
    X, y = data()
    X[7, 2] = value
    X[9, 1] = value
    kind = "NaN" if np.isnan(value) else "infinity"
    # Storage order decides which one is found first.
    place = r"(row 7, column 2|row 9, column 1)"
    with pytest.raises(ValueError, match=rf"(?s)Input X contains {kind}.*{place}"):
        Estimator().fit(container(X.astype(dtype)), y)


@every
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", ["y", "sample_weight"])
def test_not_finite_y_and_weights(Estimator, value, place):
    X, y = data()
    other = y.astype(float)
    other[3] = value
    with pytest.raises(ValueError, match=r"(?i)nan|infinity|continuous"):
        if place == "y":
            Estimator().fit(X, other)
        else:
            Estimator().fit(X, y, sample_weight=np.abs(other) + 1)


@every
@pytest.mark.parametrize(
    ("shape", "message"), [((0, 3), "0 sample"), ((5, 0), "0 feature"), ((5,), "2D array")]
)
def test_empty_or_flat_X(Estimator, shape, message):
    with pytest.raises(ValueError, match=message):
        Estimator().fit(np.ones(shape), np.arange(shape[0]) % 2)


@every
def test_lengths_differ(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Estimator().fit(X, y[:-1])
    with pytest.raises(ValueError, match="sample_weight"):
        Estimator().fit(X, y, sample_weight=np.ones(len(y) - 1))
    with pytest.raises(ValueError, match="1D"):
        Estimator().fit(X, y, sample_weight=np.ones((len(y), 1)))


@every
def test_negative_weights_are_refused(Estimator):
    X, y = data()
    weight = np.ones(len(y))
    weight[4] = -0.5
    with pytest.raises(ValueError, match=r"sample_weight must be >= 0, got -0\.5 at row 4"):
        Estimator().fit(X, y, sample_weight=weight)


@every
def test_all_zero_weights_are_refused(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="non-zero"):
        Estimator().fit(X, y, sample_weight=np.zeros(len(y)))


@every
def test_weights_whose_sum_overflows_are_refused(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match=r"sum of sample_weight overflows"):
        Estimator().fit(X, y, sample_weight=np.full(len(y), 1e308))


@every
@pytest.mark.parametrize("magnitude", [1e160, 1e300])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
def test_columns_that_overflow_when_squared_are_named(Estimator, magnitude, container):
    X, y = data()
    X[:, 1] *= magnitude
    with pytest.raises(ValueError, match=r"Column 1 of X overflows when squared.*MaxAbsScaler"):
        Estimator().fit(container(X), y)


@classifiers
def test_one_class(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="class"):
        Estimator().fit(X, np.full(len(y), 7))


@classifiers
@pytest.mark.parametrize("way", ["sample_weight", "class_weight"])
def test_weights_that_leave_one_class(Estimator, way):
    X, y = data()
    labels = np.where(y == 1, "yes", "no")
    with pytest.raises(ValueError, match=r"At least 2 classes .*'no': 0\.0.*Check sample_weight"):
        if way == "sample_weight":
            Estimator().fit(X, labels, sample_weight=1.0 * y)
        else:
            Estimator(class_weight={"no": 0.0, "yes": 1.0}).fit(X, labels)


@classifiers
def test_continuous_target(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        Estimator().fit(X, y + 0.37 * np.arange(len(y)))


@every
def test_wrong_types(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="Complex data"):
        Estimator().fit(X + 1j, y)
    with pytest.raises(ValueError, match="could not convert string"):
        Estimator().fit(np.array([["a", "b"]] * len(y), dtype=object), y)


@every
def test_pandas_nullable_and_category(Estimator):
    pandas = pytest.importorskip("pandas")
    X, y = data()
    frame = pandas.DataFrame(np.round(4 * X)).astype("Float64")
    good = tight(Estimator).fit(frame, y)
    plain = tight(Estimator).fit(np.round(4 * X), y)
    np.testing.assert_allclose(coefficients(good), coefficients(plain), rtol=1e-9)
    missing = frame.astype("Int64")
    missing.iloc[6, 1] = pandas.NA
    with pytest.raises(ValueError, match=r"(?s)NaN.*row 6, column 1"):
        Estimator().fit(missing, y)
    frame = pandas.DataFrame(X)
    frame[0] = pandas.Categorical(["u", "v"] * 20)
    with pytest.raises(ValueError, match="could not convert string"):
        Estimator().fit(frame, y)


@every
def test_before_fit_and_wrong_width(Estimator):
    X, y = data()
    with pytest.raises(NotFittedError):
        Estimator().predict(X)
    model = Estimator().fit(X, y)
    with pytest.raises(ValueError, match="expecting 3 features"):
        model.predict(X[:, :2])


@every
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("container", [np.asarray, np.ndarray.tolist, sp.csr_array, sp.csc_matrix])
def test_prediction_from_not_finite_X_names_row_and_column(Estimator, value, container):
    X, y = data()
    model = Estimator().fit(X, y)
    X[6, 1] = value
    kind = "NaN" if np.isnan(value) else "infinity"
    for name in ("predict", "decision_function", "predict_proba", "score"):
        if not hasattr(model, name):
            continue
        arguments = (container(X), y) if name == "score" else (container(X),)
        with pytest.raises(ValueError, match=rf"(?s)Input X contains {kind}.*row 6, column 1"):
            getattr(model, name)(*arguments)


@every
def test_prediction_from_missing_values_of_a_frame_names_them(Estimator):
    pandas = pytest.importorskip("pandas")
    X, y = data()
    frame = pandas.DataFrame(np.round(4 * X)).astype("Int64")
    model = Estimator().fit(frame, y)
    frame.iloc[6, 1] = pandas.NA
    with pytest.raises(ValueError, match=r"(?s)NaN.*row 6, column 1"):
        model.predict(frame)


@every
def test_a_failed_fit_leaves_the_estimator_unfitted(Estimator):
    X, y = data()
    model = Estimator()
    with pytest.raises(ValueError, match="overflows"):
        model.fit(X * 1e200, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": 0.0}, r"'C' parameter .*must be a float in the range \(0"),
        ({"C": -1.0}, "'C' parameter"),
        ({"C": np.nan}, "'C' parameter"),
        ({"tol": -1.0}, "'tol' parameter"),
        ({"max_iter": -1}, "'max_iter' parameter"),
        ({"solver": "adam"}, "'solver' parameter .*newton-cholesky"),
        ({"class_weight": "even"}, "'class_weight' parameter"),
        ({"l1_ratio": 2.0}, "'l1_ratio' parameter"),
        ({"class_weight": {0: 1.0, 1: -1.0}}, "class_weight must hold finite numbers >= 0"),
        ({"class_weight": {0: 1.0, 1: np.inf}}, "class_weight must hold finite numbers >= 0"),
        ({"class_weight": {0: 1.0, 1: 0.0}}, "At least 2 classes must have a positive total"),
    ],
)
def test_bad_parameters_of_logistic_regression(parameters, message):
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**parameters).fit(*data())


@pytest.mark.parametrize("value", [-3.0, np.nan, np.inf])
def test_bad_class_weights_of_ridge_are_named(value):
    model = linear_model.RidgeClassifier(class_weight={0: 1.0, 1: value})
    with pytest.raises(ValueError, match="class_weight must hold finite numbers >= 0"):
        model.fit(*data())


@pytest.mark.parametrize("Estimator", REGRESSORS)
@pytest.mark.parametrize("multi", [False, True])
def test_targets_that_overflow_when_squared_are_refused(Estimator, multi):
    X, y = data()
    y = 1e200 * y
    multi = multi and Estimator not in ONE_TARGET
    with pytest.raises(ValueError, match=r"y overflows when squared.* is 1e\+200"):
        Estimator().fit(X, np.column_stack([X[:, 0], y]) if multi else y)


# --- unusual and fine ----------------------------------------------------------------------------


@every
def test_constant_column_and_zero_weights(Estimator):
    X, y = data()
    with_constant = np.column_stack([X, np.full(len(y), 3.0)])
    model = Estimator().fit(with_constant, y)
    assert abs(np.ravel(model.coef_)[-1]) < 1e-6
    weight = np.ones(len(y))
    weight[::4] = 0.0
    weighted, dropped = Estimator(), Estimator()
    if Estimator in STRATIFIED:  # the same folds, of the rows that are there
        weighted.cv, dropped.cv = folds(len(y)), folds(len(y), weight > 0)
    weighted.fit(X, y, sample_weight=weight)
    dropped.fit(X[weight > 0], y[weight > 0])
    np.testing.assert_allclose(coefficients(weighted), coefficients(dropped), atol=1e-4)


@pytest.mark.parametrize("Estimator", REGRESSORS)
def test_one_sample_is_enough_for_regression(Estimator):
    if Estimator is linear_model.RidgeCV:  # it fits, and says that nothing could be left out
        with pytest.warns(UserWarning, match="leave-one-out prediction.* do not exist"):
            model = Estimator().fit([[1.0, 2.0]], [3.0])
    elif Estimator in CROSS_VALIDATED:
        with pytest.raises(ValueError, match=r"(?i)splits.*greater than the number of samples"):
            Estimator().fit([[1.0, 2.0]], [3.0])
        return
    else:
        model = Estimator().fit([[1.0, 2.0]], [3.0])
    np.testing.assert_allclose(np.ravel(model.predict([[1.0, 2.0]])), [3.0])


@every
@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-20])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_tiny_columns_get_tiny_effects(Estimator, scale, container):
    X, y = data()
    if scale > 1e-150:
        model = Estimator().fit(container(X * scale), y)
    else:
        with pytest.warns(UserWarning, match=r"largest absolute value is .* underflow.*MaxAbs"):
            model = Estimator().fit(container(X * scale), y)
    assert np.isfinite(coefficients(model)).all()
    assert np.abs(model.coef_).max() < 1e3 * len(y) * scale


@every
def test_zeros_are_not_called_too_small(Estimator):
    X, y = data()
    assert not Estimator().fit(0.0 * X, y).coef_.any()  # warnings are errors


@every
def test_large_but_workable_columns(Estimator):
    X, y = data()
    scale = np.array([1e100, 1.0, 1e-100])
    model = Estimator()
    # No level of an L1 penalty suits all three, so that rounding hides whether the gap is closed.
    hidden = Estimator.__name__.endswith(
        ("Lasso", "ElasticNet", "SparseRegressor", "SparseClassifier")
    )
    with pytest.warns(ConvergenceWarning, match="Scale the columns") if hidden else nullcontext():
        model.fit(X * scale, y)
    assert getattr(model, "converged_", True) is not hidden
    assert np.isfinite(coefficients(model)).all()
    assert model.score(X * scale, y) > 0.3


# An L1 penalty alone does not care how equal columns share an effect.
@pytest.mark.parametrize("Estimator", [MODELS[n] for n in NAMES if n not in ONLY_L1])
def test_collinear_columns_share_the_effect(Estimator):
    X, y = data()
    model = Estimator().fit(np.column_stack([X, X[:, 0]]), y)
    coef = np.ravel(model.coef_)
    np.testing.assert_allclose(coef[0], coef[3], rtol=1e-8)


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "newton-cholesky"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_collinear_columns_without_penalty_share_the_effect_of_logistic_regression(
    solver, n_classes
):
    X, y = data(n=200)
    y = y if n_classes == 2 else np.random.default_rng(1).integers(0, 3, len(y))
    model = LogisticRegression(C=np.inf, solver=solver)
    model.fit(np.column_stack([X, X[:, 0], np.ones(len(y))]), y)
    assert model.converged_ and model.certificate_ < 1e-8
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, 3], rtol=1e-8)
    alone = LogisticRegression(C=np.inf, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(2 * model.coef_[:, 0], alone.coef_[:, 0], rtol=1e-3)
    if solver != "newton-cg":
        assert "depend on each other" in model.solver_info_


LAYOUTS = {
    "negative strides": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "every second": lambda X: np.repeat(np.repeat(X, 2, 0), 2, 1)[::2, ::2],
    "Fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(">f8"),
    "unaligned": lambda X: np.ndarray(X.shape, float, buffer=b"\0" + X.tobytes(), offset=1),
    "list": lambda X: X.tolist(),
    "object": lambda X: X.astype(object),
}


@every
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(Estimator, layout):
    X, y = data()
    plain = Estimator().fit(X, y)
    view = LAYOUTS[layout](X)
    if isinstance(view, np.ndarray):
        view.flags.writeable = False
    model = Estimator().fit(view, y)
    np.testing.assert_allclose(coefficients(model), coefficients(plain), atol=1e-6)


@every
def test_memory_map(Estimator, tmp_path):
    X, y = data()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_allclose(
        coefficients(Estimator().fit(mapped, y)), coefficients(Estimator().fit(X, y)), atol=1e-10
    )


@every
def test_column_vector_y(Estimator):
    X, y = data()
    plain = Estimator().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        model = Estimator().fit(X, y[:, None])
    np.testing.assert_allclose(coefficients(model), coefficients(plain), atol=1e-10)


@every
def test_sparse_duplicates_are_summed(Estimator):
    X, y = data(n=60)
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    rows, cols = np.nonzero(X)
    values = X[rows, cols]
    # Every entry in three parts, not sorted.
    order = np.random.default_rng(0).permutation(3 * len(rows))
    rows, cols = np.tile(rows, 3)[order], np.tile(cols, 3)[order]
    values = np.tile(values / 3, 3)[order]
    by_row = np.argsort(rows, kind="stable")
    indptr = np.searchsorted(rows[by_row], np.arange(61))
    duplicates = sp.csr_array((values[by_row], cols[by_row], indptr), shape=X.shape)
    before = duplicates.data.copy()
    model = tight(Estimator).fit(duplicates, y)
    np.testing.assert_array_equal(duplicates.data, before)
    np.testing.assert_allclose(
        coefficients(model), coefficients(tight(Estimator).fit(X, y)), atol=1e-6
    )
    coo = sp.coo_array((values, (rows, cols)), shape=X.shape)
    model = tight(Estimator).fit(coo, y)
    np.testing.assert_allclose(
        coefficients(model), coefficients(tight(Estimator).fit(X, y)), atol=1e-6
    )


@every
@pytest.mark.parametrize("fmt", ["bsr", "dia", "lil", "dok", "coo", "csc"])
def test_all_sparse_formats(Estimator, fmt):
    X, y = data()
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    model = tight(Estimator).fit(sp.csr_matrix(X).asformat(fmt), y)
    np.testing.assert_allclose(
        coefficients(model), coefficients(tight(Estimator).fit(X, y)), atol=1e-6
    )


# --- risky: in a process of their own ------------------------------------------------------------


def run(code, *arguments):
    """Run code in a fresh interpreter; a crash or a hang fails, after the rows that it printed."""
    shared = os.path.join(os.path.dirname(__file__), "exam")
    path = os.pathsep.join([shared, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path.strip(os.pathsep)},
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-200:], done.stderr[-2000:])
    return done.stdout


CORRUPT = """
    import sys
    import numpy as np, scipy.sparse as sp
    from linear_estimators import MODELS

    fmt, *names = sys.argv[1:]
    y = np.arange(40) % 2
    damages = ["far", "near", "negative"]
    if fmt != "coo":
        damages += ["indptr far", "indptr decreases", "indptr start", "indptr short"]
        damages += ["indices short"]

    def damaged(damage, index):
        make = getattr(sp, f"{fmt}_array")
        X = make(sp.random(40, 3, density=0.6, random_state=0))
        if fmt != "coo":
            X.indices = X.indices.astype(index)
            X.indptr = X.indptr.astype(index)
        column = X.col if fmt == "coo" else X.indices
        if damage == "far": column[5] = 10_000_000
        if damage == "near": column[5] = 99
        if damage == "negative": column[5] = -4
        if damage == "indptr far": X.indptr[-1] = 10_000_000
        if damage == "indptr decreases": X.indptr[-2] = X.indptr[-1] + 1
        if damage == "indptr start": X.indptr[0] = -3
        if damage == "indptr short": X.indptr = X.indptr[:-2]
        if damage == "indices short": X.indices = X.indices[:-5]
        return X

    for name in names:
        Estimator = MODELS[name]
        good = Estimator().fit(np.random.default_rng(0).normal(size=(40, 3)), y)
        for index in ["int32", "int64"] if fmt == "csr" else ["int32"]:
            for damage in damages:
                print(name, index, damage, flush=True)
                for call in (lambda X: Estimator().fit(X, y), good.predict):
                    try:
                        call(damaged(damage, index))
                    except ValueError as error:
                        assert "corrupt" in str(error) and "Rebuild" in str(error), error
                    else:
                        raise SystemExit("a corrupt matrix was accepted")
"""


@pytest.mark.parametrize("fmt", ["csr", "csc", "coo"])
def test_corrupt_sparse_indices_are_refused(fmt):
    done = run(CORRUPT, fmt, *NAMES).splitlines()
    assert len(done) == len(NAMES) * {"csr": 16, "csc": 8, "coo": 3}[fmt]


def test_huge_and_extreme_values_never_crash():
    done = run(
        """
        import sys, warnings
        import numpy as np, scipy.sparse as sp
        from linear_estimators import MODELS
        warnings.simplefilter("ignore")
        y = np.arange(30) % 2
        for name in sys.argv[1:]:
            rng = np.random.default_rng(0)
            for scale in (1e-320, 1e-300, 1e-160, 1e-40, 1e40, 1e140, 1e153, 1e154, 1e200, 1.7e308):
                print(name, scale, flush=True)
                for make in (np.asarray, sp.csr_array):
                    X = rng.normal(size=(30, 3)).clip(-1, 1)
                    X[:, 1] *= scale
                    try:
                        model = MODELS[name]().fit(make(X), y)
                    except ValueError as error:
                        assert scale > 1e100, error
                    else:
                        assert np.isfinite(model.coef_).all()
        """,
        *NAMES,
    )
    assert len(done.splitlines()) == 10 * len(NAMES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("row", [5, 77_777])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_bad_value_in_large_data_is_found(value, row, fit_intercept, n_classes):
    """Large X is checked only when the fit notices: it must notice any single entry."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120_000, 10))
    y = rng.integers(0, n_classes, len(X))
    X[row, 3] = value
    with pytest.raises(ValueError, match=rf"(row {row}, column 3|Column 3 .* \(row {row}\))"):
        LogisticRegression(fit_intercept=fit_intercept).fit(X, y)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("solver", ["auto", "sparse_cg"])
@pytest.mark.parametrize("shape", [(120_000, 10), (600, 2_000)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_ridge_finds_one_bad_value_in_large_data(value, solver, shape, fit_intercept):
    """As above, for the direct and the iterative solver, tall and wide."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    y = rng.standard_normal(shape[0])
    X[shape[0] // 2, 3] = value
    model = linear_model.Ridge(alpha=10.0, solver=solver, fit_intercept=fit_intercept)
    with pytest.raises(ValueError, match=rf"(row {shape[0] // 2}, column 3|Column 3 of X)"):
        model.fit(X, y)
