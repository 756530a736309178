"""Boosting on hard targets, in any unit, with the ordinary gradient, and with several outputs."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin

from optlite import reference
from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival, _fit, _units, distributions

PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 5}
N = 120


def features(n=N, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 3))


def noisy(X, seed=1):
    return X[:, 0] + 0.3 * np.random.default_rng(seed).normal(size=len(X))


# --- hard targets ---------------------------------------------------------------------------------


def hard_targets(kind):
    """Yield targets of a kind of support that make squares overflow and spreads vanish."""
    X = features()
    z = noisy(X)
    rng = np.random.default_rng(2)
    y = z if kind == "real" else np.exp(z)
    if kind in ("real", "positive", "non_negative"):
        for unit in (1e-300, 1e-30, 1e30, 1e300):
            yield unit * y
        for outlier in (1e8, 1e150, 1e-300):
            yield np.where(np.arange(N) == 3, outlier, y)
        heavy = rng.standard_cauchy(N) ** 5
        yield heavy if kind == "real" else np.abs(heavy)
        yield np.where(np.arange(N) == 5, 2.0000001, 2.0)
        yield np.where(z > 0, 1.0, 2.0)
        yield np.where(z > 0, 1e300, 1e-300)
        yield 10.0 ** np.linspace(-300, 300, N)
        yield np.full(N, 1e300)
        yield np.full(N, 1e-300)
        yield y + 1e12
    if kind in ("real", "non_negative", "count"):
        yield np.zeros(N)
        yield (np.arange(N) == 7) * 1.0
    if kind == "unit":
        ends = np.array([1e-300, 1.0 - 2.0**-53])
        yield ends[(z > 0).astype(int)]
        for value in (0.5, *ends):
            yield np.full(N, value)
    if kind == "count":
        yield np.full(N, 1e15)
        yield np.where(np.arange(N) == 3, 2.0**53, np.floor(np.exp(z)))
    if kind == "binary":
        yield from (np.zeros(N), np.ones(N), (X[:, 0] > 0) * 1.0)


FAMILIES = [
    name
    for name in distributions.list_distributions()
    if distributions.from_name(name).targets not in ("label", "vector")
]


@pytest.mark.parametrize("natural", [True, False])
@pytest.mark.parametrize("name", FAMILIES)
def test_hard_targets_give_finite_models_without_a_warning(name, natural):
    family = distributions.from_name(name)
    X = features()
    for y in hard_targets(family.targets):
        for score in family.scores:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.filterwarnings("ignore", "y is constant")
                model = NGBRegressor(
                    family, score, n_estimators=8, natural_gradient=natural, **PLAIN
                ).fit(X, y)
                assert np.isfinite(model.pred_dist(X).theta).all()
            # The mean of the start, and so its CRPS, is above all doubles: the shape is 1 / 300.
            too_wide = name == "weibull" and score == "crps" and y.max() / 1e250 > y.min()
            if name != "normal_fixed_var" and not too_wide:  # squares of 1e300 have no number
                assert np.isfinite(model.train_score_).all()
            if name in ("normal", "exponential", "poisson", "bernoulli", "log_normal"):
                assert (np.diff(model.train_score_) <= 0.0).all()


@pytest.mark.parametrize("name", ["normal", "laplace", "weibull", "gamma"])
def test_defaults_with_rows_held_out_are_finite_on_hard_targets(name):
    family = distributions.from_name(name)
    X = features()
    for y in hard_targets(family.targets):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "y is constant")
            predicted = NGBRegressor(family, n_estimators=6, random_state=0).fit(X, y).pred_dist(X)
            assert np.isfinite(predicted.theta).all()
            assert np.isfinite(predicted.ppf(0.5)).all()


def test_targets_next_to_the_largest_number_are_refused():
    X, y = features(), noisy(features())
    y[9] = -1.5e308
    with pytest.raises(ValueError, match=r"y must be at most 1e\+305 .* got -1.5e\+308 at row 9"):
        NGBRegressor().fit(X, y)
    with pytest.raises(ValueError, match=r"a whole number from 0 to 2\^53, got 1e\+16 at row 0"):
        NGBRegressor("poisson").fit(X, np.full(N, 1e16))


@pytest.mark.parametrize("estimator", [NGBRegressor, NGBClassifier, NGBSurvival])
def test_one_row_with_a_weight_is_one_row(estimator):
    X, y = features(), np.arange(N) % 2 + 1.0
    weight = (np.arange(N) == 4) * 1.0
    with pytest.raises(ValueError, match=r"at least 2 samples .* got 1 sample|one class only"):
        estimator().fit(X, y, sample_weight=weight)
    weight[5] = 1e-12  # two rows, one of which hardly counts
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The weights add up to")
        model = estimator(n_estimators=3, early_stopping_rounds=None)
        assert np.isfinite(model.fit(X, y, sample_weight=weight)._params(X)).all()


def test_single_precision_features_give_the_model_of_the_same_numbers():
    """Features become bins, whatever their type; parameters and predictions are doubles."""
    X = features(300).astype(np.float32)
    y = noisy(X).astype(np.float32)
    single = NGBRegressor(n_estimators=5, random_state=0).fit(X, y)
    double = NGBRegressor(n_estimators=5, random_state=0).fit(X.astype(float), y.astype(float))
    assert_array_equal(single.predict(X), double.predict(X.astype(float)))
    assert single.predict(X).dtype == np.float64


# --- units ----------------------------------------------------------------------------------------

WITH_UNIT = [n for n in FAMILIES if _units._kind(distributions.from_name(n)) is not None]


@pytest.mark.parametrize("natural", [True, False])
@pytest.mark.parametrize("unit", [1e-200, 1e-5, 1e3, 1e200])
@pytest.mark.parametrize("name", WITH_UNIT)
def test_no_model_depends_on_the_unit(name, unit, natural):
    """A power of ten is no power of two: rounding differs, and nothing else may."""
    family = distributions.from_name(name)
    X = features()
    shift = 3.0 if family.targets == "real" else 0.0
    y = noisy(X) if family.targets == "real" else np.exp(noisy(X))
    for score in family.scores:
        settings = {"n_estimators": 6, "natural_gradient": natural, **PLAIN}
        one = NGBRegressor(family, score, **settings).fit(X, y)
        other = NGBRegressor(family, score, **settings).fit(X, unit * (y + shift))
        expected = one.pred_dist(X).theta
        expected[:, min(1, expected.shape[1] - 1)] += np.log(unit)  # the logarithm of the scale
        if family.targets == "real":
            expected[:, 0] = unit * (expected[:, 0] + shift)
        assert_allclose(other.pred_dist(X).theta, expected, rtol=1e-6, atol=1e-6)
        gained = {"log": np.log(unit), "crps": 0.0}[score]
        factor = {"log": 1.0, "crps": unit}[score]
        scores = factor * one.train_score_ + gained
        assert_allclose(other.train_score_, scores, rtol=1e-7, atol=1e-7 * factor)
        # The scores that a fit reports are those of its predictions.
        assert other.loss(X, unit * (y + shift)) == pytest.approx(other.train_score_[-1], rel=1e-7)


# --- the ordinary gradient ------------------------------------------------------------------------


class Spy(RegressorMixin, BaseEstimator):
    """A base learner that keeps the targets it is given."""

    seen = ()

    def fit(self, X, y):
        type(self).seen += (y.copy(),)
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


ORDINARY = [("normal", "log"), ("normal", "crps"), ("gamma", "log"), ("student_t", "log")]
ORDINARY += [("poisson", "log"), ("beta", "log"), ("multivariate_normal", "log")]


@pytest.mark.parametrize(("name", "score"), ORDINARY)
def test_base_learners_get_minus_the_slope_of_the_score(name, score):
    """Central differences of the score at the start, in the unit of the fit."""
    family = distributions.from_name(name)
    rng = np.random.default_rng(0)
    theta = 0.3 * np.ones((N, family.n_params))
    y = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
    Spy.seen = ()
    settings = {"Base": Spy(), "natural_gradient": False, "n_estimators": 1}
    model = NGBRegressor(family, score, early_stopping_rounds=None, **settings)
    model.fit(features(), y)
    counted = _units.counted(y, model.unit_)
    factor, shift = _units.parameters_of(family, model.unit_)
    start = np.tile((model.init_params_ - shift) / factor, (N, 1))
    for k, seen in enumerate(Spy.seen):
        h = 1e-5 * np.eye(family.n_params)[k]
        up, down = (family.score(start + s * h, counted, score=score) for s in (1, -1))
        assert_allclose(seen, -(up - down) / 2e-5, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["normal", "gamma", "multivariate_normal"])
def test_core_and_twin_take_the_same_ordinary_stages(name):
    family = distributions.from_name(name)
    rng = np.random.default_rng(0)
    X = features().round(1)
    theta = np.tile(0.2 * np.arange(family.n_params), (N, 1))
    theta[:, 0] += X[:, 0]
    y = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
    settings = {"n_estimators": 8, "learning_rate": 0.1}
    model = NGBRegressor(family, natural_gradient=False, **settings, **PLAIN).fit(X, y)
    counted = _units.counted(y, model.unit_)
    stages = reference.boosting.steps(
        X,
        counted,
        family.marginal(counted),
        lambda theta, y: family.score(theta.T, y),
        lambda theta, y: family.gradient(theta.T, y).T,
        reach=np.array(_fit.reach_of(family)),
        min_leaf_weight=5.0,
        **settings,
    )
    stages = list(stages)
    assert [s.step for s in stages] == list(model.scalings_)
    factor, shift = _units.parameters_of(family, model.unit_)
    assert_allclose(factor * stages[-1].params + shift, model.pred_dist(X).theta, atol=1e-7)


def test_the_natural_gradient_fits_the_normal_distribution_faster():
    """What the paper says, with one learning rate, on the training score (figure 5 there)."""
    X = features(600)
    y = noisy(X) * np.exp(X[:, 1])
    settings = {"n_estimators": 60, **PLAIN}
    natural = NGBRegressor(**settings).fit(X, y).train_score_
    ordinary = NGBRegressor(natural_gradient=False, **settings).fit(X, y).train_score_
    assert natural[0] == ordinary[0]
    assert natural[-1] < ordinary[-1]


# --- several outputs ------------------------------------------------------------------------------


def two_outputs(n, seed=0):
    """Two means, a spread and a correlation, each of which depends on a feature of its own."""
    rng = np.random.default_rng(seed)
    X, e = rng.uniform(-1, 1, size=(n, 4)), rng.normal(size=(n, 2))
    spread, r = np.exp(0.5 * X[:, 2]), np.tanh(2.0 * X[:, 3])
    second = r * e[:, 0] + np.sqrt(1 - r**2) * e[:, 1]
    return X, np.column_stack([2 * X[:, 0] + spread * e[:, 0], X[:, 1] + 0.5 * second]), r


@pytest.mark.parametrize("sharing", ["separate", "joint"])
def test_means_spreads_and_correlations_are_learned(sharing):
    X, y, _ = two_outputs(1500)
    X_new, y_new, r = two_outputs(1500, seed=1)
    family = distributions.MultivariateNormal(d=2)
    model = NGBRegressor(family, tree_sharing=sharing, random_state=0).fit(X, y)
    predicted = model.pred_dist(X_new)
    covariance = predicted.params["cov"]
    deviation = np.sqrt(np.einsum("nii->ni", covariance))
    assert_allclose(predicted.std(), deviation, rtol=1e-9)
    assert np.corrcoef(covariance[:, 0, 1] / deviation.prod(axis=1), r)[0, 1] > 0.95
    # More than half of the variance of the spreads is explained.
    assert np.corrcoef(deviation[:, 0], np.exp(0.5 * X_new[:, 2]))[0, 1] > np.sqrt(0.5)
    # The ellipse of 90 %: squares of two standard normal numbers add up to less than 4.605.
    gap = y_new - predicted.mean()
    distance = np.einsum("ni,nij,nj->n", gap, np.linalg.inv(covariance), gap)
    assert abs(np.mean(distance < 4.605) - 0.9) < 0.05
    assert model.loss(X_new, y_new) == pytest.approx(-predicted.logpdf(y_new).mean())
    assert model.predict(X_new).shape == (1500, 2)
    assert model.predict_interval(X_new).shape == (1500, 2, 2)
    assert model.predict_quantile(X_new, [0.1, 0.5, 0.9]).shape == (1500, 2, 3)
    assert model.feature_importances_.shape == (5, 4)
    if sharing == "separate":  # mu_0, mu_1, log L_00, L_01, log L_11
        assert list(model.feature_importances_[:2].argmax(axis=1)) == [0, 1]
        assert model.feature_importances_[3].argmax() == 3
    single = sum(
        NGBRegressor(random_state=0).fit(X, y[:, k]).loss(X_new, y_new[:, k]) for k in (0, 1)
    )
    assert model.loss(X_new, y_new) < single  # two models do not know the correlation
    staged = list(model.staged_predict(X_new[:5]))
    assert_allclose(staged[-1], model.predict(X_new[:5]), rtol=1e-12)
    shares = 1.0 - np.mean(gap**2, axis=0) / y_new.var(axis=0)
    assert model.score(X_new, y_new) == pytest.approx(shares.mean())
    assert shares.min() > 0.4


@pytest.mark.parametrize("natural", [True, False])
def test_outputs_may_have_units_of_their_own(natural):
    X, y, _ = two_outputs(200)
    settings = {"natural_gradient": natural, "n_estimators": 8, **PLAIN}
    units, shift = np.array([1e-150, 1e140]), np.array([0.0, 3e140])
    family = distributions.MultivariateNormal(d=2)
    one = NGBRegressor(family, **settings).fit(X, y)
    other = NGBRegressor(family, **settings).fit(X, units * y + shift)
    assert_allclose(other.predict(X), units * one.predict(X) + shift, rtol=1e-7, atol=1e-159)
    assert_allclose(other.pred_dist(X).std(), units * one.pred_dist(X).std(), rtol=1e-6)
    assert_allclose(other.train_score_, one.train_score_ + np.log(units).sum(), rtol=1e-9)


def test_one_output_of_several_is_the_normal_distribution():
    """log L = -log sigma: the trees are those of the normal distribution with the sign turned."""
    X, y = features(200), noisy(features(200))
    settings = {"n_estimators": 20, **PLAIN}
    vector = NGBRegressor(distributions.MultivariateNormal(d=1), **settings).fit(X, y)
    normal = NGBRegressor(**settings).fit(X, y)
    assert_allclose(vector.predict(X), normal.predict(X), rtol=1e-9)
    assert_allclose(vector.pred_dist(X).std(), normal.pred_dist(X).std(), rtol=1e-9)
    assert_allclose(vector.predict_interval(X), normal.predict_interval(X), rtol=1e-8)


def test_several_outputs_with_constraints_categories_and_ten_columns():
    X, y, _ = two_outputs(400)
    family = distributions.MultivariateNormal(d=2)
    model = NGBRegressor(family, n_estimators=20, monotonic_cst=[1, 0, 0, 0], random_state=0)
    line = np.tile(X[:10], (30, 1, 1))
    line[:, :, 0] = np.linspace(-1, 1, 30)[:, None]
    first = model.fit(X, y).predict(line.reshape(-1, 4))[:, 0].reshape(30, 10)
    assert (np.diff(first, axis=0) >= -1e-9).all()
    colour = np.random.default_rng(0).choice(["red", "green", "blue"], 400)
    frame = pd.DataFrame({"x": X[:, 0], "colour": pd.Categorical(colour)})
    shifted = y + 3.0 * (colour == "green")[:, None]
    fitted = NGBRegressor(family, n_estimators=60, random_state=0).fit(frame, shifted)
    table = fitted.feature_importances_
    assert table[1, 1] > 0.8  # the second output follows the colour alone
    many = np.random.default_rng(1).normal(size=(150, 10)) + X[:150, :1]
    ten = NGBRegressor(distributions.MultivariateNormal(d=10), n_estimators=5, **PLAIN)
    assert ten.fit(X[:150], many).predict(X).shape == (400, 10)
    assert (np.diff(ten.train_score_) < 0).all()


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.ones(N), r"y must have the shape \(n, 2\), got \(120,\)"),
        (np.ones((N, 3)), r"y must have the shape \(n, 2\), got \(120, 3\)"),
        (np.full((N, 2), np.nan), "contains NaN"),
    ],
)
def test_outputs_of_another_shape_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        NGBRegressor(distributions.MultivariateNormal(d=2)).fit(features(), y)


# --- models from files that are not intact --------------------------------------------------------


def damaged(array, rng):
    """Return a stored array with something wrong: its length, one entry, or its type."""
    array, kind = np.array(array), rng.integers(5)
    if kind == 0:
        return array[: rng.integers(0, max(array.size, 1))]
    if kind == 1:
        return np.concatenate([array.ravel(), np.ones(1, array.dtype)])
    if kind == 2:
        return array.astype(rng.choice([np.float32, np.int16, object]))
    flat = array.ravel()
    if flat.size and array.dtype.kind == "f":
        flat[rng.integers(flat.size)] = rng.choice([np.nan, np.inf, -np.inf, -1e308])
    elif flat.size:
        info = np.iinfo(array.dtype)
        ends = [info.min, info.max, max(info.min, -1), 0, 1, 3, 4, 7, 16]
        flat[rng.integers(flat.size)] = rng.choice(np.array(ends, dtype=array.dtype))
    return flat.reshape(array.shape)


@pytest.mark.parametrize("sharing", ["separate", "joint"])
def test_damaged_models_answer_or_say_so(sharing):
    """Nothing but ValueError, and no other memory: an answer where the damage is a valid number."""
    rng = np.random.default_rng(0)
    X = features()
    X[:, 2] = rng.integers(0, 6, N)
    X[::7, 1] = np.nan
    model = NGBRegressor(
        n_estimators=3, categorical_features=[2], max_bins=16, tree_sharing=sharing, **PLAIN
    ).fit(X, X[:, 0] + (X[:, 2] == 3))
    kept = dict(vars(model))
    refused = answered = 0
    places = [("forest_", name) for name in model.forest_] + [("bins_", n) for n in model.bins_]
    places += [(name, None) for name in ("init_params_", "lower_", "unit_", "scalings_")]
    calls = (
        lambda m: m.predict(X),
        lambda m: m.apply(X),
        lambda m: m.feature_importances_,
        lambda m: list(m.staged_predict(X[:3])),
        lambda m: m.partial_fit(X, X[:, 0]),
    )
    for attribute, name in places * 12:
        value = kept[attribute]
        changed = damaged(value if name is None else value[name], rng)
        for call in calls:
            vars(model).update(kept)
            setattr(model, attribute, changed if name is None else {**value, name: changed})
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    call(model)
                answered += 1
            except ValueError as error:
                assert "damaged" in str(error) or "must be that of" in str(error), error
                refused += 1
    assert refused > 4 * len(places) * 5
    for attribute in ("forest_", "bins_"):
        for name in kept[attribute]:
            vars(model).update(kept)
            rest = {key: array for key, array in kept[attribute].items() if key != name}
            setattr(model, attribute, rest)
            with pytest.raises(ValueError, match=f"damaged: {name} is missing"):
                model.predict(X)
