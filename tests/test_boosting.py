"""Natural gradient boosting against its twin, ngboost, and what must hold of any such model."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

from optlite import reference
from optlite._core import core
from optlite.boosting import NGBClassifier, NGBRegressor, _features, distributions

#: Families whose targets are no numbers, one a row, from an unbounded or half-bounded range.
UNLIKE_NUMBERS = ("bernoulli", "categorical", "multivariate_normal")
PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 1}


def friedman(n, seed=0):
    """Friedman's first problem with noise that depends on a feature."""
    X, y = make_friedman1(n, noise=0.0, random_state=seed)
    return X, y + np.random.default_rng(seed).normal(size=n) * (0.5 + 2 * X[:, 3])


def arrays_of(model):
    """All numbers of a fitted model."""
    return {**model.forest_, "start": model.init_params_, "steps": model.scalings_}


def assert_same(model, other):
    """Two fits agree bit by bit."""
    mine, theirs = arrays_of(model), arrays_of(other)
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


# --- the algorithm --------------------------------------------------------------------------------


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_core_and_twin_take_the_same_stages(joint, weighted):
    X, y = friedman(150)
    X = X.round(2)
    weight = np.random.default_rng(1).integers(0, 4, 150).astype(float) if weighted else None
    model = NGBRegressor(
        n_estimators=12,
        learning_rate=0.1,
        tree_sharing="joint" if joint else "separate",
        early_stopping_rounds=None,
        min_samples_leaf=5,
    ).fit(X, y, weight)
    normal = distributions.Normal()
    start = normal.marginal(y, sample_weight=weight)
    stages = list(
        reference.boosting.steps(
            X,
            y,
            start,
            lambda theta, y: normal.score(theta.T, y),
            lambda theta, y: normal.natural_gradient(theta.T, y).T,
            n_estimators=12,
            learning_rate=0.1,
            weight=weight,
            joint=joint,
            reach=np.array([np.inf, 1.0]),
            min_leaf_weight=5.0,
        )
    )
    assert [s.step for s in stages] == list(model.scalings_)
    np.testing.assert_allclose([s.score for s in stages], model.train_score_[1:], rtol=1e-9)
    np.testing.assert_allclose(stages[-1].params, model.pred_dist(X).theta, atol=1e-8)


def test_the_training_score_falls():
    X, y = friedman(400)
    model = NGBRegressor(n_estimators=100, **PLAIN).fit(X, y)
    assert (np.diff(model.train_score_) < 0).all()
    assert model.loss(X, y) == pytest.approx(model.train_score_[-1])


def test_the_default_learns_mean_and_spread():
    X, y = friedman(4000)
    X_new, y_new = friedman(4000, seed=1)
    model = NGBRegressor(random_state=0).fit(X, y)
    predicted = model.pred_dist(X_new)
    assert np.corrcoef(predicted.std(), 0.5 + 2 * X_new[:, 3])[0, 1] > 0.8
    lower, upper = model.predict_interval(X_new).T
    assert abs(np.mean((y_new >= lower) & (y_new <= upper)) - 0.9) < 0.03
    # The mean score of the distribution that made the data is a floor.
    truth = distributions.Normal()
    mean = make_friedman1(4000, noise=0.0, random_state=1)[1]
    theta = np.column_stack([mean, np.log(0.5 + 2 * X_new[:, 3])])
    floor = truth.score(theta, y_new).mean()
    start = distributions.Normal().score(np.tile(model.init_params_, (4000, 1)), y_new).mean()
    assert floor < model.loss(X_new, y_new) < floor + 0.4 * (start - floor)


@pytest.mark.parametrize("unit", [1e-9, 1e7, 1e180])
def test_the_unit_of_the_target_does_not_matter(unit):
    X, y = friedman(300)
    model = NGBRegressor(n_estimators=40, random_state=0).fit(X, y)
    other = NGBRegressor(n_estimators=40, random_state=0).fit(X, unit * y + 3 * unit)
    np.testing.assert_allclose(other.predict(X), unit * (model.predict(X) + 3), rtol=1e-7)


def test_equal_values_of_the_target_end_in_a_small_scale():
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.warns(UserWarning, match=r"y is constant \(7\)"):
        model = NGBRegressor().fit(X, np.full(60, 7.0))
    predicted = model.pred_dist(X)
    np.testing.assert_allclose(predicted.mean(), 7.0)
    assert (predicted.std() > 0).all() and (predicted.std() < 1e-6).all()


def test_data_that_are_fitted_exactly_do_not_overflow():
    X = np.repeat(np.arange(10.0), 30)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = NGBRegressor(n_estimators=600, learning_rate=0.3, early_stopping_rounds=None)
        predicted = model.fit(X, X[:, 0] ** 2).pred_dist(X)
    assert np.isfinite(predicted.theta).all() and (predicted.std() > 0).all()


def test_a_monotone_feature_moves_the_first_parameter_one_way():
    X, y = friedman(800)
    signs = [0, 0, 0, 1, 0] + [0] * 5
    model = NGBRegressor(n_estimators=60, monotonic_cst=signs).fit(X, y)
    line = np.tile(X[:20], (50, 1, 1))
    line[:, :, 3] = np.linspace(0, 1, 50)[:, None]
    means = model.predict(line.reshape(-1, 10)).reshape(50, 20)
    assert (np.diff(means, axis=0) >= -1e-9).all()


def test_a_share_of_rows_and_columns_is_repeatable():
    X, y = friedman(300)
    settings = {"n_estimators": 15, "minibatch_frac": 0.5, "col_sample": 0.4}
    model = NGBRegressor(random_state=3, **settings).fit(X, y)
    assert_same(model, NGBRegressor(random_state=3, **settings).fit(X, y))
    other = NGBRegressor(random_state=4, **settings).fit(X, y)
    assert not np.array_equal(model.predict(X), other.predict(X))
    one = NGBRegressor(n_estimators=1, col_sample=0.1, **PLAIN).fit(X, y)
    assert len(set(one.forest_["feature"]) - {-1}) == 1


def test_threads_change_no_bit(n_threads):
    X, y = friedman(9000)
    settings = {"n_estimators": 6, "random_state": 0}
    model = NGBRegressor(**settings, n_threads=n_threads).fit(X, y)
    serial = NGBRegressor(**settings, n_threads=1).fit(X, y)
    assert_same(model, serial)
    assert np.array_equal(model.predict(X), serial.predict(X))


def test_the_threads_of_a_prediction_are_limited_and_given_back(monkeypatch):
    X, y = friedman(300)
    model = NGBRegressor(n_estimators=3, random_state=0, n_threads=3).fit(X, y)
    before, seen = core.threads(), []
    encode = _features.encode
    monkeypatch.setattr(_features, "encode", lambda *x: seen.append(core.threads()) or encode(*x))
    model.predict(X)
    assert seen == [3 if core.openmp_runtime.startswith("OpenMP") else 1]
    assert core.threads() == before

    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(_features, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.predict(X)
    assert core.threads() == before


# --- stages ---------------------------------------------------------------------------------------


def test_early_stopping_restores_the_best_stage():
    X, y = friedman(600)
    X_val, y_val = friedman(300, seed=5)
    model = NGBRegressor(learning_rate=0.2, early_stopping_rounds=10)
    model.fit(X, y, X_val=X_val, Y_val=y_val)
    assert model.n_iter_ == np.argmin(model.validation_score_)
    assert len(model.validation_score_) == model.n_iter_ + 11
    assert model.stop_reason_ == "validation"
    best = model.validation_score_[model.n_iter_]
    assert best - 0.2 < model.loss(X_val, y_val) <= best  # the scale was shifted, too
    with pytest.raises(ValueError, match="X_val and Y_val must be given together, got X_val only"):
        model.fit(X, y, X_val=X_val)


def test_stages_lead_to_the_prediction():
    X, y = friedman(200)
    model = NGBRegressor(n_estimators=7, **PLAIN).fit(X, y)
    staged = list(model.staged_predict(X))
    assert len(staged) == 7
    np.testing.assert_allclose(staged[-1], model.predict(X), rtol=1e-12)
    short = NGBRegressor(n_estimators=3, **PLAIN).fit(X, y)
    np.testing.assert_allclose(staged[2], short.predict(X), rtol=1e-12)
    leaves = model.apply(X)
    assert leaves.shape == (200, 14)
    assert len(np.unique(leaves[:, 0])) <= 8


def test_a_warm_start_goes_on():
    X, y = friedman(300)
    whole = NGBRegressor(n_estimators=9, **PLAIN).fit(X, y)
    model = NGBRegressor(n_estimators=4, warm_start=True, **PLAIN).fit(X, y)
    model.set_params(n_estimators=9).fit(X, y)
    np.testing.assert_allclose(model.predict(X), whole.predict(X), rtol=1e-9)
    parts = NGBRegressor(n_estimators=3, **PLAIN)
    for _ in range(3):
        parts.partial_fit(X, y)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-9)
    with pytest.raises(ValueError, match="at least the 9 stages"):
        model.set_params(n_estimators=5).fit(X, y)


def test_importances_are_one_row_a_parameter():
    X, y = friedman(3000)
    table = NGBRegressor(random_state=0).fit(X, y).feature_importances_
    assert table.shape == (2, 10)
    np.testing.assert_allclose(table.sum(axis=1), 1.0)
    assert np.argmax(table[1]) == 3  # the spread follows feature 3
    assert table[:, 5:].max() < 0.1  # features without effect


def test_an_interrupted_fit_keeps_its_stages(ctrl_c):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 5)), rng.normal(size=3000)
    model = NGBRegressor(n_estimators=10**6, early_stopping_rounds=None)
    ctrl_c(lambda: model.fit(X, y), after=0.7)
    assert 0 < model.n_iter_ < 10**6
    assert len(list(model.staged_predict(X[:5]))) == model.n_iter_
    assert np.isfinite(model.predict(X)).all()


# --- features -------------------------------------------------------------------------------------


def test_missing_values_and_categories_of_a_data_frame():
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "green", "blue", "grey"], 600)
    effect = {"red": 3.0, "green": -1.0, "blue": 2.5, "grey": 0.0}
    y = np.array([effect[c] for c in colour]) + 0.1 * rng.normal(size=600)
    frame = pd.DataFrame({"noise": rng.normal(size=600), "colour": pd.Categorical(colour)})
    frame.loc[::7, "noise"] = np.nan
    model = NGBRegressor(n_estimators=60, random_state=0).fit(frame, y)
    assert model.score(frame, y) > 0.98
    new = pd.DataFrame({"noise": [0.0, np.nan], "colour": pd.Categorical(["pink", None])})
    assert np.isfinite(model.predict(new)).all()
    assert model.feature_importances_[0, 1] > 0.7  # late trees fit noise, and count as much
    words = frame.to_numpy(dtype=object)
    listed = NGBRegressor(n_estimators=60, random_state=0, categorical_features=[1]).fit(words, y)
    np.testing.assert_allclose(listed.predict(words), model.predict(frame))
    with pytest.raises(ValueError, match="categorical_features must name columns of X, got 'size'"):
        NGBRegressor(categorical_features=["size"]).fit(frame, y)


def test_sparse_and_dense_give_one_model():
    dense = sp.random(400, 8, density=0.3, random_state=0).toarray()
    y = dense @ np.arange(8.0) + 0.1 * np.random.default_rng(0).normal(size=400)
    model = NGBRegressor(n_estimators=20, random_state=0).fit(dense, y)
    for kind in (sp.csr_array, sp.csc_array, sp.csr_matrix, sp.coo_array):
        other = NGBRegressor(n_estimators=20, random_state=0).fit(kind(dense), y)
        assert_same(model, other)
        assert np.array_equal(model.predict(dense), other.predict(kind(dense)))


def test_any_regressor_may_be_the_base():
    X, y = friedman(300)
    base = DecisionTreeRegressor(max_depth=3, random_state=0)
    slow = NGBRegressor(Base=base, n_estimators=20, **PLAIN).fit(X, y)
    fast = NGBRegressor(n_estimators=20, **PLAIN).fit(X, y)
    assert slow.loss(X, y) == pytest.approx(fast.loss(X, y), abs=0.02)
    linear = NGBRegressor(Base=Ridge(alpha=1e-3), n_estimators=300, **PLAIN).fit(X, y)
    assert linear.score(X, y) == pytest.approx(Ridge(alpha=1e-3).fit(X, y).score(X, y), abs=0.03)
    assert len(list(linear.staged_predict(X))) == linear.n_iter_


def test_a_distribution_of_python_gives_the_model_of_the_core():
    class Mine:
        """The normal distribution, as a user would write it."""

        parameter_names, scores, targets = ("mu", "log_sigma"), ("log",), "real"
        n_params, n_outputs = 2, 1
        inner = distributions.Normal()

        def check_targets(self, y):
            return np.asarray(y, dtype=float)

        def marginal(self, y, *, sample_weight=None):
            return self.inner.marginal(y, sample_weight=sample_weight)

        def score(self, params, y, *, score="log"):
            z = (y - params[:, 0]) / np.exp(params[:, 1])
            return 0.5 * z**2 + params[:, 1] + 0.5 * np.log(2 * np.pi)

        def natural_gradient(self, params, y, *, score="log"):
            z = (y - params[:, 0]) / np.exp(params[:, 1])
            return np.column_stack([params[:, 0] - y, 0.5 * (1 - z**2)])

        gradient = natural_gradient

        def at(self, params):
            return self.inner.at(params)

    X, y = friedman(200)
    model = NGBRegressor(Dist=Mine(), n_estimators=15, **PLAIN).fit(X, y)
    core = NGBRegressor(n_estimators=15, **PLAIN).fit(X, y)
    np.testing.assert_allclose(model.predict(X), core.predict(X), rtol=1e-8)


# --- other scores and classes ---------------------------------------------------------------------


def test_the_crps_is_minimised_when_asked():
    X, y = friedman(400)
    settings = {"n_estimators": 60, "learning_rate": 0.05, **PLAIN}
    crps = NGBRegressor(Score="crps", **settings).fit(X, y)
    assert (np.diff(crps.train_score_) < 0).all()
    start = (
        NGBRegressor(Score="crps", n_estimators=1, **PLAIN).fit(X, y).pred_dist(X).crps(y).mean()
    )
    assert crps.pred_dist(X).crps(y).mean() < 0.7 * start
    with pytest.raises(ValueError, match=r"Score must be one of .* got 'brier'"):
        NGBRegressor(Score="brier").fit(X, y)


@pytest.mark.parametrize("labels", [[5, 7], ["no", "yes"], [False, True]])
def test_labels_may_be_anything(labels):
    X, y = load_breast_cancer(return_X_y=True)
    X1, X2, y1, y2 = train_test_split(X, np.array(labels)[y], random_state=0)
    model = NGBClassifier(random_state=0).fit(X1, y1)
    assert model.score(X2, y2) > 0.93
    proba = model.predict_proba(X2)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    right = proba[np.arange(len(y2)), np.searchsorted(model.classes_, y2)]
    assert model.loss(X2, y2) == pytest.approx(-np.log(right).mean(), rel=1e-9)
    np.testing.assert_allclose(list(model.staged_predict_proba(X2))[-1], proba, rtol=1e-12)


@pytest.mark.parametrize("sharing", ["separate", "joint"])
def test_three_classes(sharing):
    X, y = load_iris(return_X_y=True)
    X1, X2, y1, y2 = train_test_split(X, np.array(["a", "b", "c"])[y], random_state=0)
    model = NGBClassifier(tree_sharing=sharing, min_samples_leaf=5, random_state=0).fit(X1, y1)
    assert model.score(X2, y2) > 0.9
    proba = model.predict_proba(X2)
    assert proba.shape == (len(y2), 3)
    right = proba[np.arange(len(y2)), np.searchsorted(model.classes_, y2)]
    assert model.loss(X2, y2) == pytest.approx(-np.log(right).mean(), rel=1e-9)
    assert model.feature_importances_.shape == (2, 4)


REGRESSIONS = [name for name in distributions.list_distributions() if name not in UNLIKE_NUMBERS]


@pytest.mark.parametrize("name", REGRESSIONS)
def test_every_distribution_is_fitted_without_a_warning(name):
    """Targets drawn from the family, with parameters that depend on a feature."""
    rng = np.random.default_rng(0)
    family = distributions.from_name(name)
    X = rng.uniform(size=(1000, 3))
    theta = np.tile(0.3 * np.ones(family.n_params), (1000, 1))
    theta[:, 0] += 2.0 * (X[:, 0] > 0.5)
    theta[:, -1] += 2.0 * (name == "beta")  # or its draws are rounded to 1
    y = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
    for score in family.scores:
        model = NGBRegressor(Dist=family, Score=score, n_estimators=60, random_state=0)
        model.fit(X, y)
        assert np.isfinite(model.pred_dist(X).theta).all()
        assert model.train_score_[model.n_iter_] < model.train_score_[0]
        # New data do not fit worse than without features.
        new = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
        start = family.score(np.tile(model.init_params_, (1000, 1)), new, score=score).mean()
        assert model.loss(X, new) < start


@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_narrow_distributions_are_learned_as_well_as_the_normal_one(name):
    """Mean and spread are parameters apart: trees of one need not agree with trees of the other."""
    gaps = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        X = rng.uniform(-1.0, 1.0, (2000, 4))
        mean = np.exp(X[:, 0] + 0.5 * X[:, 1] ** 2)
        if name == "gamma":
            y, other = mean * rng.gamma(300.0, size=2000) / 300.0, "log_normal"
        else:
            share = mean / (1.0 + mean)
            y, other = rng.beta(300.0 * share, 300.0 * (1.0 - share)), "normal"
        models = (NGBRegressor(Dist=d, random_state=0) for d in (name, other))
        losses = [m.fit(X[:1000], y[:1000]).loss(X[1000:], y[1000:]) for m in models]
        gaps.append(losses[0] - losses[1])
    assert np.mean(gaps) < 0.02, gaps  # nats


# --- bad input ------------------------------------------------------------------------------------


def bad_fits():
    """Yield words of the refusal and what is refused."""
    X, y = friedman(150)
    infinite = X.copy()
    infinite[4, 2] = np.inf
    yield "infinity.* at row 4, column 2", (infinite, y), {}
    yield "negative|>= 0", (X, y, -np.ones(150)), {}
    yield "NaN", (X, y, np.full(150, np.nan)), {}
    yield "at least one non-zero", (X, y, np.zeros(150)), {}
    yield "NaN", (X, np.where(np.arange(150) == 3, np.nan, y)), {}
    yield "needs at least 2 samples", (X[:1], y[:1]), {}
    yield "inconsistent numbers of samples", (X, y[:-1]), {}
    yield "monotonic_cst must have one of", (X, y), {"monotonic_cst": [1]}
    yield (
        "got -1.* at row 7",
        (X, np.where(np.arange(150) == 7, -1.0, np.abs(y))),
        {"Dist": "exponential"},
    )
    yield (
        "leaves no training row",
        (X, y),
        {
            "validation_fraction": 0.999,
            "early_stopping_rounds": 5,
        },
    )


@pytest.mark.parametrize("words, data, settings", list(bad_fits()), ids=lambda v: str(v)[:25])
def test_bad_input_is_refused_in_words(words, data, settings):
    with pytest.raises(ValueError, match=words):
        NGBRegressor(**settings).fit(*data)


def test_bad_input_of_a_prediction():
    X, y = friedman(150)
    with pytest.raises(NotFittedError):
        NGBRegressor().predict(X)
    model = NGBRegressor(n_estimators=5).fit(X, y)
    with pytest.raises(ValueError, match="has 9 features, but NGBRegressor is expecting 10"):
        model.predict(X[:, :9])
    with pytest.raises(ValueError, match="one class only: 1"):
        NGBClassifier().fit(X, np.ones(150, int))
    with pytest.warns(UserWarning, match="The weights add up to 1, less than two leaves"):
        NGBRegressor(n_estimators=3, early_stopping_rounds=None).fit(X, y, np.full(150, 1 / 150))


def test_copies_of_a_model_are_plain_arrays():
    import skops.io

    X, y = friedman(150)
    model = NGBRegressor(n_estimators=8, categorical_features=[0], max_bins=20)
    X[:, 0] = X[:, 0].round(1)
    model.fit(X, y)
    assert_same(model, pickle.loads(pickle.dumps(model)))
    stored = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=stored)
    assert all(name.startswith("optlite.") for name in trusted), trusted
    assert_same(model, skops.io.loads(stored, trusted=trusted))
    assert not hasattr(clone(model), "forest_")
    model.forest_["left"] = model.forest_["left"] + 1000
    with pytest.raises(ValueError, match="trees of this model are damaged"):
        model.predict(X)


def test_a_prediction_checks_the_trees_once(monkeypatch):
    from optlite.boosting import _forest

    X, y = np.random.default_rng(0).normal(size=(200, 3)), np.arange(200.0)
    model = NGBRegressor(n_estimators=5).fit(X, y)
    taken, views = [], _forest.views
    monkeypatch.setattr(_forest, "views", lambda model: taken.append(model) or views(model))
    model.pred_dist(X)
    assert len(taken) == 1
