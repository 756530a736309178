"""What every estimator of boosting answers to bad and unusual input, and the same methods on each.

Rows that could crash the interpreter run in a process of their own.
"""

import subprocess
import sys
import textwrap
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from optlite._core import core
from optlite.boosting import (
    NGBClassifier,
    NGBRegressor,
    NGBSurvival,
    _features,
    _fit,
    distributions,
)

ESTIMATORS = (NGBRegressor, NGBClassifier, NGBSurvival)
PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 5, "random_state": 0}
N = 160

every = pytest.mark.parametrize("Estimator", ESTIMATORS)
numbers = pytest.mark.parametrize("Estimator", (NGBRegressor, NGBSurvival))


def data(Estimator, n=N, seed=0):
    """Features, and targets that two of them explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = X[:, 0] + 0.5 * X[:, 1] + 0.3 * rng.normal(size=n)
    if Estimator is NGBClassifier:
        return X, np.where(y > 0.0, "yes", "no")
    return X, np.exp(y) if Estimator is NGBSurvival else y


def put(X, row, column, value):
    X = X.copy()
    X[row, column] = value
    return X


# --- refused, with the place and the value --------------------------------------------------------


@every
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_features(Estimator, container, dtype, value):
    X, y = data(Estimator)
    bad = container(put(X, 7, 2, value).astype(dtype))
    words = "Input X contains infinity .* at row 7, column 2"
    with pytest.raises(ValueError, match=words):
        Estimator(n_estimators=2, **PLAIN).fit(bad, y)
    model = Estimator(n_estimators=2, **PLAIN).fit(container(X.astype(dtype)), y)
    with pytest.raises(ValueError, match=words):
        model.predict(bad)


@every
@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.where(np.arange(N) == 4, -0.5, 1.0), r"sample_weight must be >= 0, got -0\.5 at row 4"),
        (np.where(np.arange(N) == 4, np.nan, 1.0), "sample_weight contains NaN"),
        (np.where(np.arange(N) == 4, np.inf, 1.0), "sample_weight contains infinity"),
        (np.zeros(N), "at least one non-zero"),
        (np.ones(N - 1), "sample_weight"),
        (np.ones((N, 1)), "1D"),
    ],
    ids=["negative", "nan", "infinite", "zero", "short", "column"],
)
def test_weights(Estimator, weight, words):
    X, y = data(Estimator)
    with pytest.raises(ValueError, match=words):
        Estimator(n_estimators=2).fit(X, y, sample_weight=weight)


def test_rows_without_weight_are_not_there_to_stop_early_by():
    """Their scores may be infinite: the spread is shifted by the other ones."""
    X, y = data(NGBRegressor)
    X_val, Y_val = data(NGBRegressor, seed=1)
    settings = {"n_estimators": 10, "random_state": 0}
    plain = NGBRegressor(**settings).fit(X, y, X_val=X_val, Y_val=Y_val)
    more = {"X_val": np.vstack([X_val, X_val[:1]]), "Y_val": np.append(Y_val, 1e300)}
    weight = np.append(np.ones(N), 0.0)
    model = NGBRegressor(**settings).fit(X, y, **more, val_sample_weight=weight)
    assert_array_equal(model.validation_score_, plain.validation_score_)
    assert_array_equal(model._params(X), plain._params(X))


@every
@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.ones((0, 3)), "0 sample"),
        (np.ones((N, 0)), "0 feature"),
        (np.ones(N), "2D array"),
        (np.ones((N, 3), dtype=complex), "Complex data"),
        (np.full((N, 3), "x", dtype=object), "could not convert string"),
    ],
    ids=["rows", "columns", "flat", "complex", "words"],
)
def test_features_of_another_kind(Estimator, X, words):
    y = data(Estimator)[1][: len(X)]
    with pytest.raises(ValueError, match=words):
        Estimator().fit(X, y)


@every
def test_targets_of_another_kind(Estimator):
    X, y = data(Estimator)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Estimator().fit(X, y[:-1])
    with pytest.raises(ValueError, match=r"2 samples|one class only|at least 2"):
        Estimator().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="requires y"):
        Estimator().fit(X, None)
    missing = np.ones(N)
    missing[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        Estimator().fit(X, missing)


@numbers
def test_targets_outside_the_support_are_named(Estimator):
    X, _ = data(Estimator)
    y = np.where(np.arange(N) == 9, -2.0, 1.0 + np.arange(N) % 5)
    y[11] = 0.0
    for name in ("log_normal", "gamma", "weibull", "exponential"):
        with pytest.raises(ValueError, match=r"must be finite and .* got -2\.0 at row 9"):
            Estimator(Dist=name).fit(X, y)
    y[9] = 1.0
    with pytest.raises(ValueError, match=r"must be finite and > 0, got 0\.0 at row 11"):
        Estimator(Dist="gamma").fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [("poisson", 1.5), ("negative_binomial", -1.0), ("beta", 1.0), ("bernoulli", 2.0)],
)
def test_counts_shares_and_indicators_outside_the_support(name, value):
    X, _ = data(NGBRegressor)
    y = np.full(N, 0.25) if name == "beta" else np.arange(N) % 2.0
    y[[6, 8]] = value
    with pytest.raises(ValueError, match=rf"y must be .*, got {value} at row 6 \("):
        NGBRegressor(Dist=name).fit(X, y)


@every
def test_before_a_fit_and_with_other_columns(Estimator):
    X, y = data(Estimator)
    for method in ("predict", "pred_dist", "apply"):
        with pytest.raises(NotFittedError):
            getattr(Estimator(), method)(X)
    model = Estimator(n_estimators=2, **PLAIN).fit(X, y)
    for method in ("predict", "pred_dist", "apply"):
        with pytest.raises(ValueError, match=r"X has 2 features, but NGB.* is expecting 3"):
            getattr(model, method)(X[:, :2])
    with pytest.raises(ValueError, match="X has 2 features"):
        model.partial_fit(X[:, :2], y)


def test_sparse_indices_out_of_range_are_no_crash():
    code = """
        import numpy as np, scipy.sparse as sp
        from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival

        y = np.arange(60) % 2 + 1.0
        for Estimator in (NGBRegressor, NGBClassifier, NGBSurvival):
            for make in (sp.csr_array, sp.csc_array):
                for index in (10**7, 99, -1):
                    print(Estimator.__name__, make.__name__, index, flush=True)
                    X = make(sp.random(60, 3, 0.5, random_state=0))
                    X.indices[5] = index
                    try:
                        Estimator(n_estimators=2).fit(X, y)
                        raise AssertionError("accepted")
                    except ValueError as error:
                        assert "index" in str(error) or "indices" in str(error), error
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=120)


# --- accepted, and what comes of it ---------------------------------------------------------------


@every
def test_the_same_numbers_in_any_storage_give_the_same_model(Estimator):
    X, y = data(Estimator)
    X[::7, 1] = np.nan
    wide = np.zeros((2 * N, 6))
    wide[::2, ::2] = X
    unaligned = np.frombuffer(b"x" + X.tobytes(), dtype=np.uint8)[1:].view(np.float64)
    frozen = X.copy()
    frozen.flags.writeable = False
    halves, places = np.nan_to_num(X).ravel() / 2.0, np.indices(X.shape).reshape(2, -1)
    duplicated = sp.coo_array((np.tile(halves, 2), np.tile(places, 2)), shape=X.shape)
    plain = Estimator(n_estimators=4, **PLAIN).fit(X, y)
    for other in (
        np.asfortranarray(X),
        X[::-1][::-1],
        wide[::2, ::2],
        frozen,
        X.astype(">f8"),
        unaligned.reshape(X.shape),
        pd.DataFrame(X).astype("Float64"),
        X.astype(object),
    ):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X has feature names")
            model = Estimator(n_estimators=4, **PLAIN).fit(other, y)
            assert_array_equal(model._params(other), plain._params(X))
    dense = np.nan_to_num(X)
    plain = Estimator(n_estimators=4, **PLAIN).fit(dense, y)
    for other in (duplicated.tocsr(copy=True), sp.csc_array(dense), sp.csr_array(dense)):
        model = Estimator(n_estimators=4, **PLAIN).fit(other, y)
        assert_allclose(model._params(other), plain._params(dense), rtol=1e-12)


@every
def test_categories_that_were_not_seen_go_the_way_of_missing_ones(Estimator):
    _, y = data(Estimator)
    rng = np.random.default_rng(1)
    kind = rng.choice(["a", "b", "c"], N)
    frame = pd.DataFrame({"x": rng.normal(size=N), "kind": pd.Categorical(kind)})
    frame.loc[::10, "kind"] = np.nan
    model = Estimator(n_estimators=10, **PLAIN).fit(frame, y)
    new = pd.DataFrame({"x": np.zeros(3), "kind": pd.Categorical(["z", np.nan, "a"])})
    answered = model._params(new)
    assert_array_equal(answered[:, 0], answered[:, 1])
    codes = frame.assign(kind=frame["kind"].cat.codes.replace(-1, np.nan))
    listed = Estimator(n_estimators=10, categorical_features=["kind"], **PLAIN).fit(codes, y)
    assert_array_equal(listed._params(codes), model._params(frame))
    unseen = pd.DataFrame({"x": np.zeros(2), "kind": [17.0, np.nan]})
    assert_array_equal(*listed._params(unseen).T)


@pytest.mark.parametrize("labels", [[5, 7], ["no", "yes"], [-1.0, 1.0], [True, False]])
def test_labels(labels):
    X, y = data(NGBClassifier)
    y = np.array(labels)[(y == "yes").astype(int)]
    model = NGBClassifier(n_estimators=30, **PLAIN).fit(X, y)
    assert_array_equal(model.classes_, np.unique(labels))
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) > 0.9
    for proba, answered in zip(model.staged_predict_proba(X), model.staged_predict(X), strict=True):
        assert_array_equal(answered, model.classes_[proba.argmax(axis=1)])


@numbers
@pytest.mark.parametrize("value", [1e-3, 7.0])
def test_one_value_of_the_target(Estimator, value):
    X, _ = data(Estimator)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y is constant")
        model = Estimator(random_state=0).fit(X, np.full(N, value))
    assert_allclose(model.predict(X), value, rtol=1e-6)
    assert (np.diff(model.predict_interval(X), axis=1) <= 1e-5 * value).all()


# --- the same methods on each ---------------------------------------------------------------------


@every
@pytest.mark.parametrize("sharing", ["separate", "joint"])
def test_warm_starts_partial_fits_and_stages_lead_to_one_model(Estimator, sharing):
    X, y = data(Estimator)
    settings = {**PLAIN, "tree_sharing": sharing}
    whole = Estimator(n_estimators=9, **settings).fit(X, y)
    warm = Estimator(n_estimators=4, warm_start=True, **settings).fit(X, y)
    warm.set_params(n_estimators=9).fit(X, y)
    parts = Estimator(n_estimators=3, **settings)
    for _ in range(3):
        parts.partial_fit(X, y)
    for model in (warm, parts):
        assert model.n_iter_ == 9
        assert_allclose(model._params(X), whole._params(X), rtol=1e-9, atol=1e-12)
    staged = list(whole.staged_pred_dist(X))
    assert len(staged) == 9
    assert_allclose(staged[-1].theta, whole.pred_dist(X).theta, rtol=1e-12, atol=1e-14)
    for k, predicted in enumerate(whole.staged_predict(X)):
        short = Estimator(n_estimators=k + 1, **settings).fit(X, y)
        if Estimator is NGBClassifier:
            assert_array_equal(predicted, short.predict(X))
        else:
            assert_allclose(predicted, short.predict(X), rtol=1e-9)
    leaves = whole.apply(X)
    assert leaves.shape == (N, 9 * (1 if sharing == "joint" else len(whole.init_params_)))
    assert whole.feature_importances_.shape == (len(whole.init_params_), 3)


@numbers
def test_intervals_and_quantiles_are_those_of_the_distribution(Estimator):
    X, y = data(Estimator)
    model = Estimator(random_state=0).fit(X, y)
    predicted = model.pred_dist(X)
    low, high = model.predict_interval(X, 0.8).T
    assert_allclose(predicted.cdf(low), 0.1, rtol=1e-9)
    assert_allclose(predicted.sf(high), 0.1, rtol=1e-9)
    quantiles = model.predict_quantile(X, [0.1, 0.5, 0.9])
    assert quantiles.shape == (N, 3)
    assert_allclose(quantiles[:, [0, 2]], np.column_stack([low, high]), rtol=1e-9)
    assert_array_equal(model.predict_quantile(X), quantiles[:, 1])
    for bad in (-0.1, 1.5, np.nan):
        with pytest.raises(ValueError, match=r"must be in \[0, 1\]"):
            model.predict_interval(X, bad)
        with pytest.raises(ValueError, match=r"must be in \[0, 1\]"):
            model.predict_quantile(X, bad)
    for bad in ([], [[0.1, 0.9]]):
        with pytest.raises(ValueError, match="q must be a probability or a list of at least one"):
            model.predict_quantile(X, bad)


def test_a_tolerance_of_zero_ends():
    """At the best score no step is short enough to fall: halving must end, and the fit after it."""
    code = """
        import numpy as np
        from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival

        X = np.repeat([0.0, 1.0], 40)[:, None]
        y = np.tile([1.0, 1.0, 2.0, 2.0], 20)  # the same in both groups
        for Estimator in (NGBRegressor, NGBClassifier, NGBSurvival):
            for more in ({}, {"minibatch_frac": 0.5}, {"natural_gradient": False}):
                print(Estimator.__name__, more, flush=True)
                model = Estimator(tol=0.0, n_estimators=40, early_stopping_rounds=None, **more)
                model.fit(X, y)
                assert model.n_iter_ <= 40
                assert np.isfinite(model._params(X)).all()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_checks_bins_codes_and_predictions_ask_for_ctrl_c(polls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100000, 60)).astype(np.float32)
    rows = _fit.Data(X, None)
    bins = _features.find_bins(rows, np.zeros(60), 255)
    model = NGBRegressor(n_estimators=3, n_threads=1, **PLAIN).fit(X[:1000], X[:1000, 0])
    assert polls(core.first_infinity, X) >= len(X) / 2048
    assert polls(_features.find_bins, rows, np.zeros(60), 255) >= X.size / 500_000
    assert polls(_features.encode, rows, bins) >= X.size / 5_000_000
    before = polls(core.first_infinity, X) + polls(_features.encode, rows, bins)
    assert polls(model.predict, X) > before


@pytest.mark.parametrize("name", ["student_t", "negative_binomial", "gamma"])
def test_starts_and_scores_ask_for_ctrl_c(name, polls):
    """A start goes over the rows many times, and sums of its own make a score slow."""
    family, n = distributions.from_name(name), 10000
    theta = np.full((n, family.n_params), 0.5)
    y = family.at(theta).rvs(random_state=0).astype(float)
    assert polls(family.marginal, y) >= n / 100
    for function in (family.score, family.gradient, family.natural_gradient):
        assert polls(function, theta, y, score="log") >= n / 5000
    assert polls(family.metric, theta) >= n / 5000


def test_stages_ask_for_ctrl_c(polls):
    """Trees of one split ask a few times: most is for the slopes and the scores of the rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100000, 1))
    y = X[:, 0] + rng.normal(size=100000)
    settings = {"max_depth": 1, "n_threads": 1, **PLAIN}
    one, two = (NGBRegressor(n_estimators=k, **settings) for k in (1, 2))
    assert polls(two.fit, X, y) - polls(one.fit, X, y) >= 3 * len(X) / 20000


def test_rows_held_out_need_no_copy_of_the_features():
    """What NumPy allocates at most at one time in a default fit: bytes, targets, places of rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20000, 40))
    y = X[:, 0] + rng.normal(size=20000)
    model = NGBRegressor(n_estimators=2, random_state=0)
    model.fit(X[:2000], y[:2000])
    tracemalloc.start()
    try:
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert model.n_iter_ == 2 and model.validation_score_ is not None
    assert peak < X.nbytes / 8 + 80 * len(y)


def test_what_is_listed_is_what_there_is():
    """Every distribution but those of classes and vectors serves a regressor by its name."""
    X, _ = data(NGBRegressor)
    for name in distributions.list_distributions():
        family = distributions.from_name(name)
        if family.targets in ("label", "vector"):
            continue
        y = np.array(family.at(np.full((N, family.n_params), 0.5)).rvs(random_state=0), dtype=float)
        model = NGBRegressor(Dist=name, n_estimators=2, **PLAIN).fit(X, y)
        assert model.pred_dist(X).family == family


def test_categories_of_a_polars_frame_are_those_of_a_pandas_frame():
    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(size=N), "e": rng.choice(["u", "v", "w"], N)}
    y = columns["a"] + (columns["e"] == "v")
    frame = pl.DataFrame(columns).with_columns(pl.col("e").cast(pl.Categorical))
    other = pd.DataFrame(columns).astype({"e": "category"})
    settings = {"n_estimators": 10, "random_state": 0, "early_stopping_rounds": None}
    model, same = (NGBRegressor(**settings).fit(X, y) for X in (frame, other))
    assert list(model.feature_names_in_) == ["a", "e"]
    assert model.bins_["categorical"].tolist() == [0, 1]
    assert_array_equal(model.predict(frame), same.predict(other))
    by_name = NGBRegressor(categorical_features=["e"], **settings).fit(pl.DataFrame(columns), y)
    assert_array_equal(by_name.predict(pl.DataFrame(columns)), same.predict(other))
