"""Predicted distributions are calibrated: transforms are uniform, intervals cover what they say."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

from optlite.boosting import NGBClassifier, NGBRegressor, _folds, _spread, distributions

LEVELS = np.array([0.5, 0.8, 0.9, 0.95])


def sine(n, rng):
    """A normal distribution whose mean and spread depend on one feature each, of five."""
    X = rng.uniform(-1.0, 1.0, (n, 5))
    return X, np.sin(3.0 * X[:, 0]) + np.exp(X[:, 1] - 1.0) * rng.normal(size=n)


def friedman(n, rng):
    """Friedman's first problem with a standard deviation that rises with the fourth feature."""
    X, y = make_friedman1(n, noise=0.0, random_state=int(rng.integers(2**31)))
    return X, y + (0.5 + 2.0 * X[:, 3]) * rng.normal(size=n)


def waits(n, rng):
    """Gamma times whose scale depends on two features."""
    X = rng.uniform(-1.0, 1.0, (n, 4))
    return X, np.exp(X[:, 0] + X[:, 1]) * rng.gamma(2.0, size=n)


#: The parameter that says where targets lie, where it is not the first one.
WHERE = {"gamma": 1, "weibull": 1}
ONE_NUMBER = [
    name
    for name in distributions.list_distributions()
    if distributions.from_name(name).targets not in ("binary", "label", "vector")
]


def well_specified(name):
    """Rows of a family: where they lie follows two features, all else a third one."""
    family = distributions.from_name(name)

    def draw(n, rng):
        X = rng.uniform(-1.0, 1.0, (n, 4))
        theta = np.repeat(0.5 + 0.5 * X[:, [2]], family.n_params, axis=1)
        theta[:, WHERE.get(name, 0)] = 0.5 + X[:, 0] + 0.5 * X[:, 1]
        if name == "student_t":
            theta[:, 2] = 1.5
        return X, np.array(family.at(theta).rvs(random_state=rng), dtype=float)

    return draw


CASES = [(sine, "normal"), (friedman, "normal"), (waits, "gamma")]


def coverage(predicted, y):
    """Share of the targets in the intervals of each level."""
    return np.array([np.mean(np.abs(2.0 * predicted.cdf(y) - 1.0) <= level) for level in LEVELS])


@pytest.mark.parametrize("name, theta", [("gamma", [0.7, -0.2]), ("beta", [0.7, 12.0])])
def test_a_gamma_and_a_narrow_beta_spread_about_their_means(name, theta):
    """The spread is no parameter: the shift keeps the mean and multiplies the deviation."""
    family = distributions.from_name(name)
    theta = np.array([theta])
    (spread,) = _spread.spreads_of(family)
    moved = family.at(spread.grown(theta, 0.3))
    np.testing.assert_allclose(moved.mean(), family.at(theta).mean())
    np.testing.assert_allclose(moved.std(), np.exp(0.3) * family.at(theta).std(), rtol=1e-5)


@pytest.mark.parametrize("draw, name", CASES, ids=["sine", "friedman", "gamma"])
def test_intervals_cover_what_they_say(draw, name):
    """With early stopping, within 2 points of the nominal level; transforms are uniform."""
    shares, p_values = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        model = NGBRegressor(Dist=name, random_state=seed).fit(*draw(3000, rng))
        assert model.stop_reason_ == "validation"
        X, y = draw(3000, np.random.default_rng(100 + seed))
        predicted = model.pred_dist(X)
        shares.append(coverage(predicted, y))
        p_values.append(stats.kstest(predicted.cdf(y)[:400], "uniform").pvalue)
    assert np.abs(np.mean(shares, axis=0) - LEVELS).max() < 0.02
    assert min(p_values) > 0.01


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_every_family_covers_what_it_says(name):
    """With early stopping, on rows of the family itself: within 2 points, the mean of four fits.

    A Weibull distribution whose place is not known well is not one. Intervals of 50 % cover
    51.1 +- 0.4 % with 1,500 rows (40 fits), 50.3 +- 0.5 % with 6,000 (12) and 50.0 +- 0.4 % with
    24,000 (6); those of the true parameters 50.1, 49.9 and 49.8 % of the same rows. Four fits are
    few, hence the many rows. The negative binomial is slow.
    """
    draw, shares = well_specified(name), []
    n = {"weibull": 6000, "negative_binomial": 800}.get(name, 2000)
    for seed in range(4):
        model = NGBRegressor(Dist=name, random_state=seed)
        model.fit(*draw(n, np.random.default_rng(seed)))
        rng = np.random.default_rng(100 + seed)
        X, y = draw(2000 if name == "negative_binomial" else 4000, rng)
        predicted = model.pred_dist(X)
        u = predicted.cdf(y)
        if predicted.family.discrete:  # anywhere in the step
            u = u - rng.uniform(size=len(y)) * predicted.pdf(y)
        shares.append([np.mean(np.abs(2.0 * u - 1.0) <= level) for level in LEVELS])
    assert np.abs(np.mean(shares, axis=0) - LEVELS).max() < 0.02, np.mean(shares, axis=0)


def outputs(n, rng):
    """Three outputs that depend on each other, with means and spreads that features explain."""
    X = rng.uniform(-1.0, 1.0, (n, 5))
    theta = np.zeros((n, 9))
    theta[:, 0], theta[:, 1], theta[:, 2] = 2.0 * X[:, 0], np.sin(3.0 * X[:, 1]), X[:, 0] * X[:, 1]
    theta[:, 3], theta[:, 4], theta[:, 6] = 0.5 * X[:, 2], X[:, 3], 0.3
    theta[:, 7], theta[:, 8] = -0.5 * X[:, 0], 0.2
    family = distributions.MultivariateNormal(d=3)
    return X, family.at(theta).rvs(random_state=rng)


def two_outputs(n, rng):
    """Two means, a spread and a correlation, each of which depends on a feature of its own."""
    X, e = rng.uniform(-1.0, 1.0, (n, 4)), rng.normal(size=(n, 2))
    r = np.tanh(2.0 * X[:, 3])
    second = r * e[:, 0] + np.sqrt(1.0 - r**2) * e[:, 1]
    first = 2.0 * X[:, 0] + np.exp(0.5 * X[:, 2]) * e[:, 0]
    return X, np.column_stack([first, X[:, 1] + 0.5 * second])


@pytest.mark.parametrize("sharing", ["separate", "joint"])
@pytest.mark.parametrize("draw", [two_outputs, outputs])
def test_regions_and_margins_of_several_outputs_cover_what_they_say(draw, sharing):
    """Few rows and many: the mean of four fits each, regions of highest density and intervals."""
    d = draw(1, np.random.default_rng(0))[1].shape[1]
    for n in (300, 1500):
        regions, margins = [], []
        for seed in range(4):
            model = NGBRegressor(
                distributions.MultivariateNormal(d=d), random_state=seed, tree_sharing=sharing
            ).fit(*draw(n, np.random.default_rng(seed)))
            X, y = draw(4000, np.random.default_rng(100 + seed))
            predicted = model.pred_dist(X)
            gap = y - predicted.mean()
            precision = np.linalg.inv(predicted.params["cov"])
            distance = np.einsum("ni,nij,nj->n", gap, precision, gap)
            regions.append(np.mean(distance < stats.chi2.ppf(0.9, d)))
            low, high = np.moveaxis(model.predict_interval(X), -1, 0)
            margins.append(np.mean((y >= low) & (y <= high), axis=0))
        assert abs(np.mean(regions) - 0.9) < 0.02, np.mean(regions)
        assert np.abs(np.mean(margins, axis=0) - 0.9).max() < 0.02, np.mean(margins, axis=0)


def test_the_spread_of_an_output_is_a_column_of_the_triangle():
    family = distributions.MultivariateNormal(d=3)
    theta = 0.4 * np.random.default_rng(0).normal(size=(5, family.n_params))
    for k, spread in enumerate(_spread.spreads_of(family)):
        factor = np.where(np.arange(3) == k, np.exp(0.3), 1.0)
        grown, plain = family.at(spread.grown(theta, 0.3)), family.at(theta)
        np.testing.assert_array_equal(grown.mean(), plain.mean())
        expected = plain.params["cov"] * np.outer(factor, factor)
        np.testing.assert_allclose(grown.params["cov"], expected, rtol=1e-12)


def paired(draw, settings, seeds=8, n=300):
    """Held-out scores and coverages at 90 %, one row of results for each seed."""
    scores, shares = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        model = NGBRegressor(random_state=seed, **settings).fit(*draw(n, rng))
        X, y = draw(2000, rng)
        scores.append(model.loss(X, y))
        shares.append(coverage(model.pred_dist(X), y)[2])
    return np.array(scores), np.array(shares)


def test_few_rows_are_cross_validated_to_advantage():
    """Better scores and steadier intervals than with a tenth of the rows held out."""
    gains, spreads, shares = [], [], []
    for draw in (sine, friedman):
        scores, covered = paired(draw, {})
        other_scores, other_covered = paired(draw, {"validation_fraction": 0.1})
        gains.append(other_scores - scores)
        spreads.append((np.std(covered), np.std(other_covered)))
        shares.append(covered.mean())
    assert np.mean(gains) > 0.01  # nats
    assert all(spread < other for spread, other in spreads)
    np.testing.assert_allclose(shares, 0.9, atol=0.03)


def test_degrees_of_freedom_do_not_hold_up_the_rest():
    """Near the normal distribution their natural gradient is unbounded."""
    rng = np.random.default_rng(0)
    X, y = sine(600, rng)
    X_new, y_new = sine(3000, rng)
    normal, student = (NGBRegressor(Dist=d, random_state=0) for d in ("normal", "student_t"))
    losses = [model.fit(X, y).loss(X_new, y_new) for model in (normal, student)]
    assert losses[1] < losses[0] + 0.03
    assert np.median(student.scalings_) > 0.1
    y = np.sin(3.0 * X[:, 0]) + 0.3 * rng.standard_t(2.5, size=600)
    y_new = np.sin(3.0 * X_new[:, 0]) + 0.3 * rng.standard_t(2.5, size=3000)
    losses = [model.fit(X, y).loss(X_new, y_new) for model in (normal, student)]
    assert losses[1] < losses[0] - 0.1
    assert np.median(student.pred_dist(X_new).df) < 10.0  # far from the bound, 30


@pytest.mark.parametrize("fraction", [None, 0.2])
def test_any_base_is_validated_as_trees_of_the_core_are(fraction):
    """The same folds, or the same rows held out, the same choice and the same shift."""
    X, y = sine(150, np.random.default_rng(0))
    X = np.round(X, 1)
    settings = {"n_estimators": 30, "learning_rate": 0.2, "random_state": 0}
    settings |= {"validation_fraction": fraction, "early_stopping_rounds": 5}
    tree = DecisionTreeRegressor(max_depth=3, min_samples_leaf=5, random_state=0)
    other = NGBRegressor(Base=tree, **settings).fit(X, y)
    core = NGBRegressor(min_samples_leaf=5, **settings).fit(X, y)
    assert other.stop_reason_ == core.stop_reason_ == "validation"
    assert len(other.validation_score_) == len(core.validation_score_)
    np.testing.assert_allclose(other.validation_score_, core.validation_score_, atol=0.05)
    assert other.n_iter_ == len(other.base_models_) == np.argmin(other.validation_score_)
    # The same stages without validation lack the shift, and nothing else.
    if fraction is None:
        plain = NGBRegressor(Base=tree, **{**settings, "early_stopping_rounds": None})
        plain.set_params(n_estimators=other.n_iter_).fit(X, y)
        moved = other.pred_dist(X).theta - plain.pred_dist(X).theta
        np.testing.assert_allclose(moved, np.tile(moved[0], (150, 1)), atol=1e-12)
        assert moved[0, 0] == 0.0 and 0.0 < abs(moved[0, 1]) < 1.0


# --- how the folds are used -----------------------------------------------------------------------


def test_all_rows_are_fitted_for_as_many_stages_as_the_folds_say():
    X, y = sine(250, np.random.default_rng(0))
    model = NGBRegressor(random_state=0).fit(X, y)
    assert model.n_iter_ == np.argmin(model.validation_score_) > 0
    assert model.stop_reason_ == "validation"
    assert model.forest_["weight"][0] == 250
    plain = NGBRegressor(n_estimators=model.n_iter_, early_stopping_rounds=None).fit(X, y)
    assert np.array_equal(model.forest_["value"], plain.forest_["value"])
    shift = model.init_params_ - plain.init_params_
    assert shift[0] == 0.0 and 0.0 < abs(shift[1]) < 1.0
    held_out = NGBRegressor(random_state=0, validation_fraction=0.2).fit(X, y)
    assert held_out.forest_["weight"][0] == 200
    again = NGBRegressor(random_state=0).fit(X, y)
    assert np.array_equal(model.pred_dist(X).theta, again.pred_dist(X).theta)


def test_the_shift_is_where_rows_score_best_that_were_left_out():
    X, y = sine(200, np.random.default_rng(1))
    model = NGBRegressor(random_state=0).fit(X, y)
    rng = np.random.RandomState(0)
    rng.randint(2**31)  # the seed of the stages
    folds = _folds.fold_numbers(200, None, rng)
    settings = {"n_estimators": model.n_iter_, "early_stopping_rounds": None}
    z = []
    for fold in range(5):
        out = folds == fold
        part = NGBRegressor(**settings).fit(X[~out], y[~out]).pred_dist(X[out])
        z.append((y[out] - part.loc) / part.scale)
    # The best common factor of normal scales is the root of the mean square.
    factor = np.sqrt(np.mean(np.concatenate(z) ** 2))
    plain = NGBRegressor(**settings).fit(X, y).pred_dist(X)
    np.testing.assert_allclose(model.pred_dist(X).scale / plain.scale, factor, rtol=1e-4)


def test_folds_share_out_every_kind_of_row():
    strata = np.repeat([0, 1, 2, 3], [50, 23, 4, 1])
    folds = _folds.fold_numbers(78, strata, np.random.RandomState(0))
    table = np.array([np.bincount(folds[strata == s], minlength=5) for s in range(3)])
    assert (table.max(axis=1) - table.min(axis=1) <= 1).all()
    assert folds[-1] == -1  # the only one of its kind stays in every fit
    assert _folds.fill(10, None) and not _folds.fill(9, None)
    assert not _folds.fill(40, np.arange(40) // 5)


def test_classes_and_weights_with_folds():
    X, y = load_breast_cancer(return_X_y=True)
    gains = []
    for seed in range(4):
        X1, X2, y1, y2 = train_test_split(X, y, random_state=seed)
        model = NGBClassifier(random_state=seed).fit(X1, y1)
        tenth = NGBClassifier(random_state=seed, validation_fraction=0.1).fit(X1, y1)
        gains.append(tenth.loss(X2, y2) - model.loss(X2, y2))
    assert np.mean(gains) > 0.0
    rare = np.where(np.arange(len(y1)) == 5, 2, y1)  # a class with one row
    assert NGBClassifier(random_state=0).fit(X1, rare).predict_proba(X2).shape == (len(y2), 3)
    X, y = load_diabetes(return_X_y=True)
    weight = np.where(np.arange(442) < 300, 1.0, 0.0)
    weighted = NGBRegressor(random_state=0).fit(X, y, weight)
    cut = NGBRegressor(random_state=0).fit(X[:300], y[:300])
    np.testing.assert_allclose(weighted.predict(X), cut.predict(X), rtol=1e-10)


def test_a_family_without_a_scale_is_not_shifted():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(300, 2))
    y = rng.poisson(np.exp(1.0 + X[:, 0])).astype(float)
    model = NGBRegressor(Dist=distributions.Poisson(), random_state=0).fit(X, y)
    settings = {"n_estimators": model.n_iter_, "early_stopping_rounds": None}
    plain = NGBRegressor(Dist="poisson", **settings).fit(X, y)
    assert np.array_equal(model.init_params_, plain.init_params_)
