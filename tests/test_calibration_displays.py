"""Displays of calibration: their numbers in closed form, and what they draw."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge

from optlite.boosting import NGBRegressor, distributions
from optlite.display import (
    FanChartDisplay,
    IntervalCoverageDisplay,
    PITDisplay,
    ReliabilityDisplay,
)
from optlite.model_selection import ConformalRegressor

matplotlib.use("Agg")

ALL = [FanChartDisplay, IntervalCoverageDisplay, PITDisplay, ReliabilityDisplay]


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def normal(n, mean=0.0, sd=1.0):
    """The same normal distribution for n rows."""
    return distributions.Normal().at(np.tile([mean, np.log(sd)], (n, 1)))


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# --- the transform of targets ---------------------------------------------------------------------


def test_bars_are_shares_over_widths(ax):
    display = PITDisplay([0.0, 0.1, 0.3, 0.55, 1.0], n_bins=5, estimator_name="m").plot(ax)
    np.testing.assert_allclose(display.heights, [2.0, 1.0, 1.0, 0.0, 1.0])
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], display.heights)
    assert display.heights.mean() == 1.0
    assert display.statistic == pytest.approx(0.3)  # F_n(0.3) = 0.6
    band, bars = legend(display)
    assert band == "95 % band of all bars, if calibrated"
    assert bars.startswith("m: distance to uniform 0.300 (p = ")


def test_the_band_holds_all_bars_of_a_right_model():
    rng = np.random.default_rng(0)
    displays = [PITDisplay(rng.uniform(size=300), n_bins=8) for _ in range(400)]
    inside = [(d.heights >= d.band[0]).all() and (d.heights <= d.band[1]).all() for d in displays]
    assert stats.binomtest(sum(inside), 400, 0.95, alternative="less").pvalue > 0.01
    assert np.mean(inside) < 0.995  # and is no wider than it needs to be
    assert np.mean([d.pvalue < 0.1 for d in displays]) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("sd, shape", [(0.6, "ends"), (1.6, "middle")])
def test_a_wrong_spread_shows(sd, shape):
    y = np.random.default_rng(0).normal(size=2000)
    display = PITDisplay.from_predictions(y, normal(2000, sd=sd))
    ends, middle = display.heights[[0, -1]], display.heights[4:6]
    high, low = (ends, middle) if shape == "ends" else (middle, ends)
    assert (high > display.band[1]).all() and (low < display.band[0]).all()
    # The share of the first bar is known: P(Y < sd z) with z the first decile.
    assert ends.mean() / 10 == pytest.approx(stats.norm.cdf(sd * stats.norm.ppf(0.1)), abs=0.015)


def test_discrete_targets_are_uniform_between_the_sides_of_a_jump():
    rng = np.random.default_rng(1)
    predicted = distributions.Poisson().at(rng.normal(size=(1500, 1)))
    display = PITDisplay.from_predictions(predicted.rvs(random_state=2), predicted)
    assert display.pvalue > 0.01
    again = PITDisplay.from_predictions(predicted.rvs(random_state=2), predicted)
    assert np.array_equal(display.pit, again.pit)


# --- coverage -------------------------------------------------------------------------------------


def test_coverage_of_intervals_that_are_too_narrow(ax):
    y = np.random.default_rng(0).normal(size=20_000)
    display = IntervalCoverageDisplay.from_predictions(y, normal(20_000, sd=0.7), ax=ax, name="m")
    half = 0.7 * stats.norm.ppf(0.5 + 0.5 * display.levels)
    expected = 2 * stats.norm.cdf(half) - 1
    np.testing.assert_allclose(display.coverage, expected, atol=0.011)  # 3 standard errors
    assert (display.coverage[5:] < display.lower[5:]).all()
    gaps = display.coverage - display.levels
    assert display.largest_gap == min(gaps) == gaps[np.argmax(abs(gaps))]
    assert f"m: largest gap {100 * min(gaps):+.1f} %" in legend(display)
    np.testing.assert_array_equal(display.line_.get_ydata(), display.coverage)


def test_the_band_of_coverage_is_binomial():
    display = IntervalCoverageDisplay([0.5, 0.9], [0.5, 0.9], 40, confidence=0.9)
    for lower, upper, level in zip(display.lower, display.upper, display.levels, strict=True):
        share = stats.binom(40, level)
        inside = share.cdf(40 * upper) - share.cdf(40 * lower - 1)
        assert 0.9 <= inside < 0.96
        assert share.cdf(40 * lower - 1) <= 0.05 < share.cdf(40 * lower)


def test_coverage_of_any_estimator_with_intervals(ax):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 2)), rng.standard_t(3, size=600)
    model = ConformalRegressor(Ridge(), random_state=0).fit(X[:300], y[:300])
    levels = [0.5, 0.8, 0.9]
    display = IntervalCoverageDisplay.from_estimator(model, X[300:], y[300:], levels=levels, ax=ax)
    assert display.estimator_name == "ConformalRegressor" and display.n_samples == 300
    lower, upper = model.predict_interval(X[300:], 0.8).T
    assert display.coverage[1] == np.mean((lower <= y[300:]) & (y[300:] <= upper))


# --- reliability ----------------------------------------------------------------------------------


def test_groups_of_probabilities(ax):
    probability = [0.1, 0.2, 0.2, 0.6, 0.9, 0.8]
    y = ["no", "no", "yes", "yes", "yes", "yes"]
    given = {"pos_label": "yes", "n_bins": 2, "strategy": "uniform"}
    display = ReliabilityDisplay.from_predictions(y, probability, ax=ax, **given)
    np.testing.assert_allclose(display.predicted, [0.5 / 3, 2.3 / 3])
    np.testing.assert_allclose(display.observed, [1 / 3, 1.0])
    np.testing.assert_array_equal(display.counts, [3, 3])
    assert display.calibration_error == pytest.approx((0.5 / 3 + 0.7 / 3) / 2)
    assert ax.get_xlabel() == "Mean predicted probability of class yes"
    assert [bar.get_height() for bar in display.histogram_] == [0.5, 0.5]
    even = ReliabilityDisplay.from_predictions(y, probability, pos_label="yes", n_bins=3)
    np.testing.assert_array_equal(even.counts, [3, 1, 2])  # equal ones stay together


def test_probabilities_that_are_right_and_some_that_are_not():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=5000)
    y = rng.uniform(size=5000) < p
    right = ReliabilityDisplay.from_predictions(y, p)
    assert np.mean((right.lower <= right.observed) & (right.observed <= right.upper)) >= 0.8
    assert right.calibration_error < 0.03
    sure = ReliabilityDisplay.from_predictions(y, np.clip(1.5 * p - 0.25, 0, 1))
    assert sure.observed[0] > sure.upper[0] and sure.observed[-1] < sure.lower[-1]


def test_a_class_of_several():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, np.array(["a", "b", "c"])[y])
    display = ReliabilityDisplay.from_estimator(model, X, model.predict(X), pos_label="b")
    probability = model.predict_proba(X)[:, 1]
    assert np.sum(display.predicted * display.counts) == pytest.approx(probability.sum())
    last = ReliabilityDisplay.from_estimator(model, X, y)
    assert last.label == "c"
    with pytest.raises(ValueError, match=r"pos_label must be one of .*'c'\], got 'd'"):
        ReliabilityDisplay.from_estimator(model, X, y, pos_label="d")


def test_quantiles_of_a_biased_prediction(ax):
    y = np.random.default_rng(0).normal(size=20_000)
    display = ReliabilityDisplay.from_predictions(y, normal(20_000, mean=0.3), ax=ax)
    expected = stats.norm.cdf(stats.norm.ppf(display.predicted) + 0.3)
    np.testing.assert_allclose(display.observed, expected, atol=0.011)
    assert (display.observed > display.upper).all() and display.histogram_ is None


# --- fan ------------------------------------------------------------------------------------------


def test_a_fan_is_sorted_and_counts_what_it_holds(ax):
    x = np.array([3.0, 1.0, 2.0, 0.0])
    predicted = distributions.Normal().at(np.column_stack([x, np.zeros(4)]))
    y = np.add(x, [0.1, 1.0, 5.0, np.nan])
    display = FanChartDisplay.from_predictions(x, predicted, y, levels=[0.5, 0.9], ax=ax)
    np.testing.assert_array_equal(display.x, [0, 1, 2, 3])
    np.testing.assert_allclose(display.median, display.x)
    z = stats.norm.ppf(0.95)
    np.testing.assert_allclose(display.intervals[1], display.x[:, None] + [-z, z])
    np.testing.assert_allclose(display.coverage, [1 / 3, 2 / 3])
    assert legend(display) == ["90 % (holds 67 %)", "50 % (holds 33 %)", "median", "observed"]
    wide, narrow = (band.get_facecolor()[0][:3].sum() for band in display.bands_)
    assert wide > narrow  # lighter
    assert wide < 3.0


def test_a_fan_along_a_column_or_dates(ax):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"other": np.zeros(150), "hour": np.arange(150.0)})
    y = np.sin(frame["hour"] / 20) + 0.1 * rng.normal(size=150)
    model = NGBRegressor(n_estimators=30, random_state=0).fit(frame, y)
    display = FanChartDisplay.from_estimator(model, frame, feature="hour", ax=ax)
    assert ax.get_xlabel() == "hour" and display.points_ is None and display.coverage is None
    numbered = FanChartDisplay.from_estimator(model, frame, feature=1)
    assert numbered.ax_.get_xlabel() == "hour"
    days = np.datetime64("2026-01-01") + np.arange(150)
    dated = FanChartDisplay.from_estimator(model, frame, y, x=days, y_name="load")
    assert dated.x.dtype == days.dtype and dated.ax_.get_ylabel() == "load"
    assert dated.coverage[-1] > 0.8


# --- what all share -------------------------------------------------------------------------------


def test_keyword_arguments_reach_what_is_drawn(ax):
    pit = PITDisplay([0.2, 0.7]).plot(ax, color="k", band_kw={"color": "r"})
    assert pit.bars_[0].get_facecolor()[:3] == (0, 0, 0)
    line = IntervalCoverageDisplay([0.5], [0.4], 10).plot(name="x", color="k", label="mine").line_
    assert line.get_color() == "k" and line.get_label() == "mine"


def bad_input():
    """Yield words of the refusal, and the call."""
    yield r"pit must be a 1-d array of numbers in \[0, 1\]", lambda: PITDisplay([0.5, 1.2])
    yield r"confidence must be in \(0, 1\), got 95", lambda: PITDisplay([0.5], confidence=95)
    yield "must be a distribution with cdf.*got list", lambda: PITDisplay.from_predictions([1], [1])
    yield r"got shapes \(1, 2\) and", lambda: PITDisplay.from_predictions([[1, 2]], normal(2))
    yield (
        r"levels must be .* rising numbers in \(0, 1\)",
        lambda: IntervalCoverageDisplay([0.9, 0.5], [0, 0], 5),
    )
    yield (
        r"predicted must have shape .* \(1, 2, 2\), got \(2, 2\)",
        lambda: IntervalCoverageDisplay.from_predictions([0, 1], np.ones((2, 2)), levels=[0.5]),
    )
    yield "one share for each of the 1 levels", lambda: IntervalCoverageDisplay([0.5], [0, 0], 5)
    yield "kind must be one of", lambda: ReliabilityDisplay([0.5], [0.5], [1], kind="x")
    yield "must have the same shape", lambda: ReliabilityDisplay([0.5], [0.5, 1], [1])
    yield "one probability for each", lambda: ReliabilityDisplay.from_predictions([0], [[0.1, 0.9]])
    yield "probabilities in", lambda: ReliabilityDisplay.from_predictions([0], [1.5])
    yield (
        "strategy must be one of quantile, uniform, got 'width'",
        lambda: ReliabilityDisplay.from_predictions([0], [0.5], strategy="width"),
    )
    yield "median and intervals must", lambda: FanChartDisplay([0, 1], [0, 1], [[[0, 1]]], [0.5])
    yield (
        r"y must have shape \(1,\), as x, got \(2,\)",
        lambda: FanChartDisplay([0], [0], [[[0, 1]]], [0.5], y=[1, 2]),
    )


@pytest.mark.parametrize("words, call", list(bad_input()), ids=lambda v: str(v)[:20])
def test_bad_input_is_refused_in_words(words, call):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@pytest.mark.parametrize("display", ALL)
def test_an_estimator_without_distributions_is_refused(display):
    with pytest.raises(TypeError, match=r"needs an estimator with .*pred_dist"):
        display.from_estimator(Ridge(), [[0.0]], [0.0])
