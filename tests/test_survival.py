"""Survival analysis: the twin, what censoring must do, forms of the target, concordance."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from optlite import reference
from optlite.boosting import NGBRegressor, NGBSurvival, _fit, distributions
from optlite.boosting._concordance import concordance

FAMILIES = ("log_normal", "weibull", "exponential", "gamma")
CASES = [(n, s) for n in FAMILIES for s in distributions.from_name(n).scores]
PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 5}

#: Usual parameters as functions of the features, in the middle of the range of each family.
TRUTHS = {
    "log_normal": lambda X: [X[:, 0] + X[:, 1] ** 2, -0.7 + 0.5 * X[:, 2]],
    "weibull": lambda X: [0.3 + 0.4 * X[:, 2], X[:, 0] + X[:, 1] ** 2],
    "gamma": lambda X: [0.8 + 0.5 * X[:, 2], 0.8 + 0.5 * X[:, 2] + X[:, 0] + X[:, 1] ** 2],
    "exponential": lambda X: [X[:, 0] + X[:, 1] ** 2],
}


def patients(n, name="log_normal", seed=0, mean_censoring=2.0):
    """Return features, times, events, the times without censoring, and the true parameters."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n, 4))
    theta = np.column_stack(TRUTHS[name](X))
    time = distributions.from_name(name).at(theta).rvs(random_state=rng)
    limit = rng.exponential(mean_censoring, size=n)
    return X, np.minimum(time, limit), (time <= limit).astype(float), time, theta


# --- the fit --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "score"), CASES)
def test_core_and_twin_take_the_same_stages(name, score):
    X, T, E, *_ = patients(150, name)
    X = X.round(2)
    weight = np.random.default_rng(1).integers(1, 4, 150).astype(float)
    model = NGBSurvival(name, score, n_estimators=8, learning_rate=0.1, **PLAIN)
    model.fit(X, T, E, sample_weight=weight)
    family = distributions.from_name(name)
    stages = reference.boosting.steps(
        X,
        T,
        family.marginal(T, sample_weight=weight, event=E),
        lambda theta, y: family.score(theta.T, y, score=score, event=E),
        lambda theta, y: family.natural_gradient(theta.T, y, score=score, event=E).T,
        n_estimators=8,
        learning_rate=0.1,
        weight=weight,
        reach=np.array(_fit.reach_of(family)),
        min_leaf_weight=5.0,
    )
    stages = list(stages)
    assert [s.step for s in stages] == list(model.scalings_)
    assert_allclose([s.score for s in stages], model.train_score_[1:], rtol=1e-9)
    assert_allclose(stages[-1].params, model.pred_dist(X).theta, atol=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_without_censoring_it_is_the_regression(name):
    X, _, _, time, _ = patients(300, name)
    survival = NGBSurvival(name, n_estimators=30, random_state=0, early_stopping_rounds=None)
    survival.fit(X, time, np.ones(300))
    regression = NGBRegressor(name, n_estimators=30, random_state=0, early_stopping_rounds=None)
    regression.fit(X, time)
    assert_allclose(survival.predict(X), regression.predict(X), rtol=1e-9)
    assert survival.loss(X, time) == pytest.approx(regression.loss(X, time), rel=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_truth_is_found_behind_the_censoring(name):
    """Times are scored that the fit has never seen in full: half of them are censored."""
    family = distributions.from_name(name)
    X, T, E, *_ = patients(3000, name)
    assert 0.3 < E.mean() < 0.7
    X_new, _, _, time, theta = patients(3000, name, seed=1)
    model = NGBSurvival(name, random_state=0).fit(X, T, E)
    predicted = model.pred_dist(X_new)
    floor = family.score(theta, time).mean()
    start = family.score(np.tile(model.init_params_, (3000, 1)), time).mean()
    # More than half of what there is to learn, of times that are mostly not in the data.
    assert floor < -predicted.logpdf(time).mean() < 0.5 * (floor + start)
    # The share that survives, not only the score: a fit that takes censored times for events
    # predicts too short ones.
    naive = NGBSurvival(name, random_state=0).fit(X, T)
    limit = np.median(time)
    assert abs(predicted.sf(limit).mean() - 0.5) < 0.03
    assert naive.pred_dist(X_new).sf(limit).mean() < 0.4


def test_a_censored_row_says_no_more_than_that_it_lived_so_long():
    """Rows censored at time 0 (next to it) change nothing but the seats of bins and the mean."""
    _, T, E, *_ = patients(400)
    rng = np.random.default_rng(2)
    family = distributions.LogNormal()
    theta = rng.normal(size=(50, 2))
    tiny = np.full(50, 1e-300)
    assert_allclose(family.score(theta, tiny, event=np.zeros(50)), 0.0, atol=1e-300)
    assert_allclose(family.natural_gradient(theta, tiny, event=np.zeros(50)), 0.0, atol=1e-300)
    more_T, more_E = np.append(T, tiny), np.append(E, np.zeros(50))
    assert_allclose(family.marginal(more_T, event=more_E), family.marginal(T, event=E), rtol=1e-6)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("events", [1, 3])
def test_hardly_any_event_gives_a_finite_fit_without_a_warning(name, events):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(500, 3)), rng.exponential(size=500)
    E = np.zeros(500)
    E[:events] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = NGBSurvival(name, n_estimators=60, random_state=0).fit(X, T, E).pred_dist(X)
        assert np.isfinite(predicted.theta).all()
        assert np.isfinite(predicted.ppf(0.5)).all() and (predicted.ppf(0.5) > 0).all()


@pytest.mark.parametrize(("share", "best"), [(0.2, 0.90), (0.5, 0.72), (0.8, 0.45)])
def test_the_censored_crps_prefers_times_that_are_too_short(share, best):
    """Expected scores of times with mean 1, of which this share is censored at random times.

    The midpoint rule finds where the score is lowest, and so does the root of its derivative, with
    E e^-ku = a / (a + k) and E u e^-ku = a / (a + k)^2 for u = T / b, a = b times the rate.
    """
    family = distributions.Exponential()
    t = (np.arange(40_000) + 0.5) * 1e-3
    rate = 1.0 / (1.0 - share)  # of whatever ends the observation
    density = np.exp(-rate * t)

    def expected(log_mean, score):
        theta = np.full((len(t), 1), log_mean)
        cut = family.score(theta, t, score=score, event=np.zeros(len(t)))
        return density @ (family.score(theta, t, score=score) + (rate - 1.0) * cut)

    def slope(mean):
        a = mean * rate
        both = rate * (2.0 * a / (a + 1.0) + 2.0 * a / (a + 1.0) ** 2 - 1.5)
        return both - (rate - 1.0) * (0.5 * a / (a + 2.0) + a / (a + 2.0) ** 2)

    found = {
        score: np.exp(optimize.minimize_scalar(expected, (-1.0, 0.0), args=(score,)).x)
        for score in family.scores
    }
    assert found["log"] == pytest.approx(1.0, rel=1e-5)
    assert found["crps"] == pytest.approx(optimize.brentq(slope, 0.1, 1.5), rel=1e-5)
    assert round(found["crps"], 2) == best


# --- rows held out --------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5, 0.9])
def test_strata_are_shared_out_alike_and_keep_a_row(fraction):
    rng = np.random.RandomState(0)
    strata = np.repeat([3.0, 0.0, 7.0, 1.0, 2.0], [200, 61, 9, 2, 1])[rng.permutation(273)]
    chosen = _fit.hold_out(273, strata, fraction, np.random.RandomState(1))
    counts = {s: (chosen[strata == s].sum(), np.sum(strata == s)) for s in np.unique(strata)}
    assert chosen.sum() <= np.ceil(fraction * 273)
    assert chosen.sum() >= min(np.ceil(fraction * 273), 273 - 27 - 5)  # of the 5 that must stay
    for held, total in counts.values():
        assert held <= total - 1
        assert abs(held - fraction * total) < 2.0 or held == total - 1
    again = _fit.hold_out(273, strata, fraction, np.random.RandomState(2))
    assert not np.array_equal(chosen, again)


def test_early_stopping_holds_out_the_share_of_events():
    """One event in fifty: a split at random would often have none in 40 rows."""
    X, T, _, *_ = patients(400)
    E = np.arange(400) % 50 == 0
    seen = []

    class Spy(NGBSurvival):
        def _split(self, data, validation, rng):
            parts = super()._split(data, validation, rng)
            seen.append([int(part.event.sum()) for part in parts[:2]])
            return parts

    for seed in range(5):
        Spy(n_estimators=2, random_state=seed, validation_fraction=0.25).fit(X, T, E)
    assert seen == [[6, 2]] * 5


def test_validation_data_may_be_given():
    X, T, E, *_ = patients(400)
    V, T_val, E_val, *_ = patients(200, seed=3)
    model = NGBSurvival(learning_rate=0.2, n_estimators=400).fit(X, T, E, V, T_val, E_val)
    assert model.stop_reason_ == "validation"
    assert model.n_iter_ == np.argmin(model.validation_score_)
    same = NGBSurvival(learning_rate=0.2, n_estimators=400)
    same.fit(X, np.column_stack([T, E]), X_val=V, T_val=np.column_stack([T_val, E_val]))
    assert_array_equal(model.predict(X), same.predict(X))


@pytest.mark.parametrize("early", ["auto", None])
def test_rows_without_weight_are_not_there(early):
    X, T, E, *_ = patients(500)
    weight = (np.arange(500) % 3 > 0) * 2.0
    settings = {"n_estimators": 25, "random_state": 0, "early_stopping_rounds": early}
    with_zeros = NGBSurvival(**settings).fit(X, T, E, sample_weight=weight)
    rows = weight > 0
    without = NGBSurvival(**settings).fit(X[rows], T[rows], E[rows], sample_weight=weight[rows])
    assert_array_equal(with_zeros.pred_dist(X).theta, without.pred_dist(X).theta)


# --- forms of the target --------------------------------------------------------------------------


def forms(T, E):
    """Yield the arguments behind X in every form that users have."""
    yield (T, E), {}
    yield (list(T), E.astype(bool)), {}
    yield (), {"T": T, "E": E.astype(int)}
    yield (pd.Series(T), pd.Series(E)), {}
    yield (T[:, None], E[:, None]), {}
    yield (np.column_stack([T, E]),), {}
    for event, time in (("cens", "days"), ("Event", "Time")):
        y = np.empty(len(T), dtype=[(event, "?"), (time, "<f8")])
        y[event], y[time] = E == 1, T
        yield (y,), {}
    yield (pd.DataFrame({"time": T, "event": E.astype(bool)}),), {}
    yield (pd.DataFrame({"event": E.astype(bool), "time": T}),), {}
    yield (pd.DataFrame({"time": T, "event": E.astype(int)}),), {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_every_form_of_times_and_events_gives_one_model():
    X, T, E, *_ = patients(120)
    expected = NGBSurvival(n_estimators=5, random_state=0).fit(X, T, E)
    for given, named in forms(T, E):
        model = NGBSurvival(n_estimators=5, random_state=0).fit(X, *given, **named)
        assert_array_equal(model.predict(X), expected.predict(X))
        assert model.score(X, *given, **named) == expected.score(X, T, E)
        assert model.loss(X, *given, **named) == expected.loss(X, T, E)
        parts = NGBSurvival(n_estimators=5, random_state=0).partial_fit(X, *given, **named)
        assert_array_equal(parts.predict(X), expected.predict(X))


def test_pipelines_searches_and_structured_targets():
    X, T, E, *_ = patients(300)
    y = np.empty(300, dtype=[("event", "?"), ("time", "<f8")])
    y["event"], y["time"] = E == 1, T
    pipeline = make_pipeline(StandardScaler(), NGBSurvival(n_estimators=20, random_state=0))
    assert cross_val_score(pipeline, X, y, cv=3).min() > 0.65
    grid = {"ngbsurvival__Dist": ["log_normal", "exponential"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, np.column_stack([T, E]))
    assert search.best_params_ == {"ngbsurvival__Dist": "log_normal"}
    assert search.score(X, y) > 0.7


def test_predictions_are_means_stages_and_probabilities():
    X, T, E, *_ = patients(300)
    model = NGBSurvival(n_estimators=12, random_state=0).fit(X, T, E)
    predicted = model.pred_dist(X)
    mu, sigma = predicted.theta[:, 0], np.exp(predicted.theta[:, 1])
    assert_allclose(model.predict(X), np.exp(mu + 0.5 * sigma**2), rtol=1e-12)
    assert_allclose(model.predict_quantile(X), np.exp(mu), rtol=1e-9)
    assert_allclose(list(model.staged_predict(X))[-1], model.predict(X), rtol=1e-12)
    times = np.array([0.5, 1.0, 3.0])[:, None]
    survival = predicted.sf(times)
    assert survival.shape == (3, 300) and (np.diff(survival, axis=0) < 0).all()
    lower, upper = model.predict_interval(X, 0.5).T
    assert_allclose(predicted.cdf(upper) - predicted.cdf(lower), 0.5, rtol=1e-9)
    assert model.feature_importances_.shape == (2, 4)


# --- concordance ----------------------------------------------------------------------------------


def concordance_by_pairs(time, event, predicted, weight):
    """The definition, pair by pair."""
    right = total = 0.0
    for i in np.flatnonzero(event):
        for j in range(len(time)):
            if time[i] < time[j] or (time[i] == time[j] and not event[j]):
                pair = weight[i] * weight[j]
                total += pair
                right += pair * (
                    (predicted[i] < predicted[j]) + 0.5 * (predicted[i] == predicted[j])
                )
    return right / total


@pytest.mark.parametrize("n", [2, 3, 17, 120])
def test_concordance_is_the_share_of_pairs(n):
    rng = np.random.default_rng(n)
    for digits in (0, 1, 8):  # with many ties, with some, with none
        time = rng.exponential(2.0, size=n).round(digits)
        predicted = (time + rng.normal(size=n)).round(digits)
        event = rng.uniform(size=n) < 0.6
        event[np.argmin(time)] = True
        weight = rng.integers(1, 4, n).astype(float)
        if len(np.unique(time)) > 1:
            found = concordance(time, event, predicted, weight)
            assert found == pytest.approx(concordance_by_pairs(time, event, predicted, weight))
    assert concordance(time, event, time) == 1.0
    assert concordance(time, event, -time) == 0.0


def test_concordance_without_a_pair_is_not_a_number():
    assert np.isnan(concordance(np.array([1.0, 2.0]), np.array([False, True]), np.ones(2)))
    assert concordance(np.arange(4.0), np.ones(4, bool), np.zeros(4)) == 0.5


# --- bad input ------------------------------------------------------------------------------------


def bad_fits():
    """Yield words of the refusal and what is refused."""
    _, T, E, *_ = patients(150)
    at_seven = np.arange(150) == 7
    y = np.column_stack([T, E])
    yield "T must be finite and > 0, got 0.0 at row 7", (np.where(at_seven, 0.0, T), E), {}
    yield "T must be finite and > 0, got -1.0 at row 7", (np.where(at_seven, -1.0, T), E), {}
    yield "contains NaN", (np.where(at_seven, np.nan, T), E), {}
    yield "contains infinity", (np.where(at_seven, np.inf, T), E), {}
    yield "E must be 1 where .* got 2.0 at row 7", (T, np.where(at_seven, 2.0, E)), {}
    yield "E must be 1 where .* got nan at row 7", (T, np.where(at_seven, np.nan, E)), {}
    yield "All 150 rows are censored", (T, np.zeros(150)), {}
    yield "inconsistent numbers of samples", (T[:-1], E), {}
    yield "inconsistent numbers of samples", (T[:-1], E[:-1]), {}
    yield "Events must be given once", (y, E), {}
    yield "seem to be the other way round", (y[:, ::-1],), {}
    yield "A structured y must have two fields", (y.astype("f8").view("f8,f8").ravel(),), {}
    yield "second column of y must be 1 where", (np.column_stack([T, T]),), {}
    yield "one of .*log_normal.*got Normal", (T, E), {"Dist": "normal"}
    yield "Score must be one of", (T, E), {"Dist": "gamma", "Score": "brier"}


@pytest.mark.parametrize("words, data, settings", list(bad_fits()), ids=lambda v: str(v)[:30])
def test_bad_input_is_refused_in_words(words, data, settings):
    X = patients(150)[0]
    with pytest.raises(ValueError, match=words):
        NGBSurvival(**settings).fit(X, *data)


def test_bad_arguments_are_refused_in_words():
    X, T, E, *_ = patients(150)
    with pytest.raises(TypeError, match="T is another name of y"):
        NGBSurvival().fit(X, T, E, T=T)
    with pytest.raises(ValueError, match="requires y to be passed"):
        NGBSurvival().fit(X)
    with pytest.raises(ValueError, match="X_val and Y_val must be given together"):
        NGBSurvival().fit(X, T, E, X_val=X)
    with pytest.raises(ValueError, match="All 150 rows are censored"):
        NGBSurvival().fit(X, T, E, sample_weight=1.0 - E)
    assert NGBSurvival("exponential", n_estimators=2).fit(X, np.where(E, T, 0.0), E).n_iter_ > 0
