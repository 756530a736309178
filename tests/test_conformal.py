"""Conformal intervals and risk control: the guarantees by simulation, the rest in closed form."""

import pickle
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from optlite.boosting import NGBRegressor, distributions
from optlite.model_selection import ConformalRegressor, _conformity, conformal_risk_control
from optlite.model_selection._quantile import threshold
from optlite.model_selection._row_split import row_keys, split_rows

SCORES = ["absolute", "normalized", "quantile", "distribution"]


class Guess(RegressorMixin, BaseEstimator):
    """Says N(x, (1 + x^2)^2), whatever the data are."""

    def fit(self, X, y):
        self.n_features_in_ = 1
        return self

    def pred_dist(self, X):
        x = np.asarray(X)[:, 0]
        return distributions.Normal().at(np.column_stack([x, np.log1p(x**2)]))

    def predict(self, X):
        return np.asarray(X)[:, 0]


def draw(n, rng):
    """Rows for which Guess is wrong: skew noise, larger on one side."""
    x = rng.normal(size=n)
    return x[:, None], x + (0.3 + np.exp(x)) * rng.gumbel(size=n)


def conformal(score, **settings):
    return ConformalRegressor(
        FrozenEstimator(Guess().fit(None, None)), conformity_score=score, **settings
    )


# --- the guarantee --------------------------------------------------------------------------------


def mean_coverage(model, n, rng, repeats=200, new=20):
    """Mean share of new rows in their intervals, over calibrations and rows, and its error."""
    shares = []
    for seed in range(repeats):
        X, y = draw(n + new, rng)
        model.set_params(random_state=seed).fit(X[:n], y[:n])
        lower, upper = model.predict_interval(X[n:]).T
        shares.append(np.mean((lower <= y[n:]) & (y[n:] <= upper)))
    return np.mean(shares), np.std(shares, ddof=1) / np.sqrt(repeats)


@pytest.mark.parametrize("n, confidence", [(20, 0.8), (50, 0.9), (99, 0.95)])
def test_coverage_given_the_calibration_is_beta(n, confidence):
    """Vovk (2012): Beta(k, n + 1 - k); here the coverage of each interval is known exactly."""
    rng = np.random.default_rng(n)
    model = conformal("absolute", confidence=confidence)
    coverages = []
    for _ in range(250):
        x = rng.normal(size=(n, 1))
        model.fit(x, x[:, 0] + rng.standard_t(3, size=n))
        lower, upper = model.predict_interval([[0.0]])[0]
        coverages.append(stats.t.cdf(upper, 3) - stats.t.cdf(lower, 3))
    k = int(np.ceil(Fraction(str(confidence)) * (n + 1)))
    assert stats.kstest(coverages, stats.beta(k, n + 1 - k).cdf).pvalue > 0.01


@pytest.mark.parametrize("score", SCORES)
def test_a_new_row_is_covered_as_often_as_promised(score):
    """Without ties, exactly with probability k / (n + 1), over calibrations and rows."""
    rng = np.random.default_rng(SCORES.index(score))
    share, error = mean_coverage(conformal(score, confidence=0.85), 30, rng)
    exact = 27 / 31  # ceil(0.85 * 31) = 27
    assert abs(share - exact) < 3.5 * error < 0.03


@pytest.mark.parametrize(
    "estimator, score",
    [
        (Ridge(), "absolute"),
        (BayesianRidge(), "normalized"),
        (NGBRegressor(n_estimators=5, random_state=0), "auto"),
    ],
    ids=["ridge", "bayesian", "boosting"],
)
def test_the_split_inside_keeps_the_promise(estimator, score):
    model = ConformalRegressor(estimator, conformity_score=score, confidence=0.8)
    share, error = mean_coverage(model, 60, np.random.default_rng(1), repeats=150)
    assert len(model.calibration_scores_) == 15
    assert abs(share - 13 / 16) < 3.5 * error < 0.04  # ceil(0.8 * 16) = 13


def test_equal_scores_only_add_to_the_coverage():
    rng = np.random.default_rng(0)
    model = conformal("absolute", confidence=0.8)
    hits, repeats = 0, 300
    for _ in range(repeats):
        y = rng.integers(0, 4, 12).astype(float)
        model.fit(np.zeros((11, 1)), y[:11])
        lower, upper = model.predict_interval([[0.0]])[0]
        hits += lower <= y[11] <= upper
    assert stats.binomtest(hits, repeats, 0.8, alternative="less").pvalue > 0.01


def test_the_rank_is_exact():
    for n in (*range(1, 60), 99, 199, 999):
        for level in ("0.5", "0.8", "0.9", "0.95", "0.99"):
            k = int(np.ceil(Fraction(level) * (n + 1)))
            limit = threshold(np.arange(1.0, n + 1), np.ones(n), float(level))
            assert limit == (k if k <= n else np.inf), (n, level)


def test_few_rows_give_infinite_intervals_and_a_warning():
    rng = np.random.default_rng(0)
    model = conformal("absolute").fit(*draw(9, rng))
    assert np.isfinite(model.predict_interval([[0.0]])).all()
    for score in SCORES:
        model = conformal(score).fit(*draw(8, rng))
        words = "8 rows are too few for intervals with a confidence of 0.9.* with at least 9 rows"
        with pytest.warns(UserWarning, match=words):
            assert list(model.predict_interval([[0.0]])[0]) == [-np.inf, np.inf]


# --- scores ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES)
def test_an_interval_holds_the_targets_with_a_score_below_the_limit(score):
    rng = np.random.default_rng(1)
    model = conformal(score).fit(*draw(200, rng))
    limit = threshold(model.calibration_scores_, model.calibration_weights_, 0.9)
    X, y = draw(2000, rng)
    y[:1000] = X[:1000, 0] + rng.uniform(-20, 20, 1000)
    lower, upper = model.predict_interval(X).T
    scores = _conformity.SCORES[score](0.9).measure(model.estimator_, X, y)
    assert np.array_equal((lower <= y) & (y <= upper), scores <= limit)
    assert 0.2 < np.mean(scores <= limit) < 0.9


def test_scores_in_closed_form():
    model = Guess()
    X, y = np.array([[0.0], [2.0]]), np.array([-1.0, 12.0])

    def measure(name):
        return _conformity.SCORES[name](0.8).measure(model, X, y)

    np.testing.assert_allclose(measure("absolute"), [1.0, 10.0])
    np.testing.assert_allclose(measure("normalized"), [1.0, 2.0])
    z = stats.norm.ppf(0.9)
    np.testing.assert_allclose(measure("quantile"), [1.0 - z, 10.0 - 5.0 * z])
    np.testing.assert_allclose(measure("distribution"), [-stats.norm.cdf(-1), -stats.norm.cdf(-2)])
    far = _conformity.SCORES["distribution"](0.8).measure(model, X[:1], np.array([30.0]))
    assert far[0] == -stats.norm.sf(30.0) < 0.0  # 1 - F would be 0 from 8.3 on


def test_quantiles_that_are_too_wide_shrink_to_their_middle():
    x = np.linspace(-1, 1, 50)[:, None]
    model = conformal("quantile").fit(x, x[:, 0])
    far = -model.calibration_scores_[45]  # ceil(0.9 * 51) = 46: how far inside the targets are
    assert far > 0
    lower, upper = model.predict_interval(x).T
    half = (1 + x[:, 0] ** 2) * stats.norm.ppf(0.95) - far
    assert (half < 0).any()
    np.testing.assert_allclose(lower, x[:, 0] - np.maximum(half, 0.0), atol=1e-12)
    np.testing.assert_allclose(upper, x[:, 0] + np.maximum(half, 0.0), atol=1e-12)


def test_predictions_in_a_column():
    class Column(LinearRegression):
        def predict(self, X):
            return super().predict(X)[:, None]

    X, y = draw(40, np.random.default_rng(0))
    model, flat = (
        ConformalRegressor(inner, random_state=0).fit(X, y)
        for inner in (Column(), LinearRegression())
    )
    assert np.array_equal(model.predict_interval(X), flat.predict_interval(X))


def test_a_scale_of_zero():
    class Sure(Guess):
        def predict(self, X, return_std=False):
            m = np.zeros(len(X))
            return (m, np.where(np.asarray(X)[:, 0] > 0, 1.0, 0.0)) if return_std else m

        pred_dist = property()

    scores = _conformity.Normalized(0.9).measure(Sure(), np.array([[0.0], [0.0], [1.0]]), [0, 1, 2])
    assert list(scores) == [0.0, np.inf, 2.0]


def test_auto_takes_what_the_estimator_can():
    class Quantiles(LinearRegression):
        def predict_quantile(self, X, q):
            return self.predict(X)[:, None] + stats.norm.ppf(q)

    X, y = draw(80, np.random.default_rng(0))
    boosted = NGBRegressor(n_estimators=3, random_state=0)
    for estimator, name in (
        (Ridge(), "absolute"),
        (Quantiles(), "quantile"),
        (boosted, "distribution"),
    ):
        assert ConformalRegressor(estimator).fit(X, y).conformity_score_ == name
    for name, words in (("quantile", "predict_quantile or pred_dist"), ("normalized", "pred_dist")):
        with pytest.raises(TypeError, match=f"conformity_score='{name}' needs an .* {words}"):
            ConformalRegressor(Ridge(), conformity_score=name).fit(X, y)


# --- rows and weights -----------------------------------------------------------------------------


@pytest.mark.parametrize("frozen", [False, True])
def test_a_weight_counts_as_often_as_equal_rows(frozen):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    weight = rng.integers(0, 4, 60).astype(float)
    weight[:4] = [0, 1, 2, 3]
    repeated = np.repeat(np.arange(60), weight.astype(int))
    rng.shuffle(repeated)
    inner = FrozenEstimator(Ridge().fit(X, y)) if frozen else Ridge()
    model = ConformalRegressor(inner, random_state=0)
    one = model.fit(X, y, sample_weight=weight).predict_interval(X)
    other = model.fit(X[repeated], y[repeated]).predict_interval(X)
    np.testing.assert_allclose(one, other, rtol=1e-10)


def test_weights_make_up_for_other_features():
    """Tibshirani et al. (2019): weights are ratios of densities of x, new rows weigh theirs."""
    rng = np.random.default_rng(0)
    model = conformal("absolute", confidence=0.8)
    plain, weighted, repeats = 0, 0, 250

    def ratio(x):
        return np.exp(x[:, 0] - 0.5)  # N(1, 1) against N(0, 1)

    for _ in range(repeats):
        X, y = draw(200, rng)
        x = rng.normal(1.0, 1.0, size=(1, 1))
        new = x[0, 0] + (0.3 + np.exp(x[0, 0])) * rng.gumbel()
        lower, upper = model.fit(X, y).predict_interval(x)[0]
        plain += lower <= new <= upper
        model.fit(X, y, sample_weight=ratio(X))
        with warnings.catch_warnings():  # some new rows are too rare: infinite
            warnings.simplefilter("ignore")
            lower, upper = model.predict_interval(x, sample_weight=ratio(x))[0]
        weighted += lower <= new <= upper
    assert stats.binomtest(plain, repeats, 0.8, alternative="less").pvalue < 1e-6
    assert stats.binomtest(weighted, repeats, 0.8, alternative="less").pvalue > 0.01


def test_the_split_depends_neither_on_the_order_nor_on_the_format():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, size=(80, 2)).astype(float), rng.integers(0, 2, 80).astype(float)
    rest, part = split_rows(X, y, None, 0.3, np.random.RandomState(0))
    assert sorted([*rest, *part]) == list(range(80))

    def rows_of(chosen):
        return {(*X[i], y[i]) for i in chosen}

    assert not rows_of(rest) & rows_of(part)  # equal rows stay together
    order = rng.permutation(80)
    _, other = split_rows(X[order], y[order], None, 0.3, np.random.RandomState(0))
    assert rows_of(order[other]) == rows_of(part)
    _, part = split_rows(
        rng.normal(size=(101, 2)), np.ones(101), None, 0.25, np.random.RandomState(0)
    )
    assert len(part) == 26  # as train_test_split: rounded up
    shuffled = sp.csr_array(X + 1.0).tocsc().tocsr()
    keys = [len(np.unique(row_keys(each, y))) for each in (X, sp.csc_array(X), shuffled)]
    assert len(set(keys)) == 1 and keys[0] == len(np.unique(np.column_stack([X, y]), axis=0))


def test_frames_with_words_and_sparse_data():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"colour": rng.choice(["red", "blue"], 200), "size": rng.normal(size=200)})
    y = np.where(frame["colour"] == "red", 2.0, 0.0) + 0.1 * rng.normal(size=200)
    inner = make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge())
    model = ConformalRegressor(inner, random_state=0).fit(frame, y)
    lower, upper = model.predict_interval(frame).T
    assert list(model.feature_names_in_) == ["colour", "size"]
    assert np.mean((lower <= y) & (y <= upper)) > 0.85
    X = sp.random(100, 5, density=0.4, random_state=0, format="csr")
    sparse = ConformalRegressor(Ridge(), random_state=0).fit(X, y[:100])
    assert sparse.predict_interval(X).shape == (100, 2)


def test_a_frozen_estimator_is_not_fitted_again():
    rng = np.random.default_rng(0)
    X, y = draw(300, rng)
    inner = Ridge().fit(X[:100], y[:100])
    coef = inner.coef_.copy()
    model = ConformalRegressor(FrozenEstimator(inner)).fit(X[100:], y[100:])
    assert np.array_equal(inner.coef_, coef) and len(model.calibration_scores_) == 200
    scores = np.sort(np.abs(y[100:] - inner.predict(X[100:])))
    np.testing.assert_array_equal(model.calibration_scores_, scores)
    half = scores[181 - 1]  # ceil(0.9 * 201) = 181
    expected = inner.predict(X[:3])[:, None] + [-half, half]
    np.testing.assert_allclose(model.predict_interval(X[:3]), expected)
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.predict_interval(X), model.predict_interval(X))


def test_bad_input_is_refused_in_words():
    X, y = draw(50, np.random.default_rng(0))
    model = ConformalRegressor(Ridge(), random_state=0)
    with pytest.raises(NotFittedError):
        model.predict_interval(X)
    with pytest.raises(ValueError, match=r"at least 2 different rows.*got 3 samples"):
        model.fit(np.ones((3, 1)), np.ones(3))
    with pytest.raises(ValueError, match="takes none in fit"):
        ConformalRegressor(KNeighborsRegressor()).fit(X, y, sample_weight=np.ones(50))
    with pytest.raises(ValueError, match=r"'confidence' parameter .* in the range \(0"):
        ConformalRegressor(Ridge(), confidence=1.0).fit(X, y)
    model.fit(X, y)
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 1.5"):
        model.predict_interval(X, 1.5)
    with pytest.raises(ValueError, match="sample_weight must be finite and >= 0, got -1"):
        model.predict_interval(X, sample_weight=-1.0)
    with pytest.raises(ValueError, match=r"confidence must be 0\.9, that of the fit"):
        conformal("quantile").fit(X, y).predict_interval(X, 0.5)


# --- risk control ---------------------------------------------------------------------------------


def missed_share(n, rng, lambdas):
    """The share of the true labels of each row that a set of labels lacks, at each threshold."""
    probability = rng.beta(0.5, 1.0, size=(n, 6))
    truth = rng.uniform(size=(n, 6)) < probability**1.5  # the model is too sure
    missed = truth[..., None] & (probability[..., None] < 1.0 - lambdas)
    return missed.sum(axis=1) / np.maximum(truth.sum(axis=1, keepdims=True), 1)


def test_the_loss_of_a_miss_is_split_conformal_prediction():
    rng = np.random.default_rng(0)
    for n in (20, 57, 300):
        scores = np.sort(rng.normal(size=n))
        losses = (scores[:, None] > scores[None, :]).astype(float)
        limit = conformal_risk_control(losses, scores, 0.1)
        assert limit == threshold(scores, np.ones(n), 0.9)


@pytest.mark.parametrize("n, alpha", [(30, 0.1), (100, 0.05)])
def test_the_expected_loss_is_bounded(n, alpha):
    """Theorems 1 and 2: between alpha - 2 B / (n + 1) and alpha, over calibrations and rows."""
    rng = np.random.default_rng(n)
    lambdas = np.linspace(0.0, 1.0, 201)
    new = missed_share(20_000, rng, lambdas).mean(axis=0)  # the expected loss at each threshold
    losses = []
    for _ in range(400):
        limit = conformal_risk_control(missed_share(n, rng, lambdas), lambdas, alpha)
        losses.append(new[np.searchsorted(lambdas, limit)])
    error = np.std(losses, ddof=1) / np.sqrt(len(losses))
    assert np.mean(losses) <= alpha + 2.5 * error
    assert np.mean(losses) >= alpha - 2.0 / (n + 1) - 2.5 * error


def test_a_weighted_row_counts_as_several_in_risk_control():
    rng = np.random.default_rng(0)
    lambdas = np.linspace(0.0, 1.0, 51)
    losses = missed_share(40, rng, lambdas)
    weight = rng.integers(0, 4, 40)
    one = conformal_risk_control(losses, lambdas, 0.1, sample_weight=weight)
    assert one == conformal_risk_control(np.repeat(losses, weight, axis=0), lambdas, 0.1)


def test_bad_losses_are_refused_in_words():
    losses = np.array([[0.5, 0.2, 0.0], [1.0, 0.1, 0.0]])
    with pytest.warns(UserWarning, match=r"No threshold .* with 2 rows the bound is 0.333 .*9"):
        assert conformal_risk_control(losses, [1, 2, 3], 0.1) == 3.0
    for change, words in (
        ({"lambdas": [1, 1, 2]}, "rising numbers"),
        ({"lambdas": [1, 2]}, r"shape \(n_samples, 2\).*got \(2, 3\)"),
        ({"alpha": 1.0}, r"alpha must be in \(0, 1\), below the bound, got 1"),
        ({"losses": losses * 2}, "at most bound=1, got 2 at row 1, column 0"),
        ({"losses": losses * np.nan}, "got nan at row 0"),
        ({"losses": losses[:, ::-1]}, "must not rise with the threshold, got 0 and then 0.2 in"),
    ):
        given = {"losses": losses, "lambdas": [1, 2, 3], "alpha": 0.1, **change}
        with pytest.raises(ValueError, match=words):
            conformal_risk_control(**given)
