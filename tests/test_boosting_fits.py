"""How a fit of boosting runs: callbacks, more stages, rows held out, base learners, leaves."""

import importlib.metadata
import os
import subprocess
import sys
import textwrap
from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival

ESTIMATORS = (NGBRegressor, NGBClassifier, NGBSurvival)
PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 5}


def data_for(estimator, n=200, seed=0):
    """Features, and targets that they explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = X[:, 0] + 0.5 * rng.normal(size=n)
    if estimator is NGBClassifier:
        return X, np.where(y > 0.5, "yes", "no")
    return X, (np.exp(y) if estimator is NGBSurvival else y)


# --- callbacks ------------------------------------------------------------------------------------

needs_callbacks = pytest.mark.skipif(
    tuple(map(int, importlib.metadata.version("scikit-learn").split(".")[:2])) < (1, 9),
    reason="scikit-learn has callbacks since version 1.9",
)


class Listener:
    """Keep the scores of the models after each task; stop, or be interrupted, after some."""

    def __init__(self, stop_after=None, interrupt_after=None):
        self.tasks, self.losses = [], []
        self.stop_after, self.interrupt_after = stop_after, interrupt_after

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.tasks.append(context.task_name)
        self.losses.append(fitted_estimator.loss(X, y))
        if len(self.tasks) == self.interrupt_after:
            raise KeyboardInterrupt
        return len(self.tasks) == self.stop_after


@needs_callbacks
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_callbacks_hear_every_stage_and_get_the_model_of_it(estimator):
    X, y = data_for(estimator)
    listener = Listener()
    model = estimator(n_estimators=6, random_state=0, **PLAIN).set_callbacks(listener).fit(X, y)
    assert listener.tasks == ["stage"] * 6 + ["fit"]
    assert_allclose(listener.losses[:6], model.train_score_[1:], rtol=1e-9)
    assert listener.losses[6] == listener.losses[5]
    plain = estimator(n_estimators=6, random_state=0, **PLAIN).fit(X, y)
    assert_array_equal(plain._params(X), model._params(X))


@needs_callbacks
@pytest.mark.parametrize("base", [None, Ridge()])
def test_a_callback_may_end_the_fit(base):
    X, y = data_for(NGBRegressor)
    model = NGBRegressor(Base=base, **PLAIN).set_callbacks(Listener(stop_after=3)).fit(X, y)
    assert model.n_iter_ == 3 and model.stop_reason_ == "callback"
    short = NGBRegressor(Base=base, n_estimators=3, **PLAIN).fit(X, y)
    assert_array_equal(model.predict(X), short.predict(X))


@needs_callbacks
def test_an_interrupted_callback_keeps_the_stages():
    X, y = data_for(NGBRegressor)
    model = NGBRegressor(**PLAIN).set_callbacks(Listener(interrupt_after=4))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.n_iter_ == 4
    short = NGBRegressor(n_estimators=4, **PLAIN).fit(X, y)
    assert_array_equal(model.predict(X), short.predict(X))


@needs_callbacks
@pytest.mark.parametrize(
    ("estimator", "scoring"), [(NGBRegressor, "r2"), (NGBClassifier, "accuracy")]
)
def test_callbacks_of_scikit_learn_hear_every_stage(estimator, scoring):
    from sklearn.callback import ScoringMonitor

    X, y = data_for(estimator)
    monitor = ScoringMonitor(scoring=scoring)
    model = clone(estimator(n_estimators=5)).set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    assert sum(row["task_name"] == "stage" for row in rows) == 5
    last = next(row for row in rows if row["task_name"] == "fit")
    assert last[scoring] == model.score(X, y)


# --- more stages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [None, Ridge()])
def test_more_stages_of_another_kind_are_refused(base):
    X, y = data_for(NGBRegressor)
    model = NGBRegressor(Base=base, n_estimators=2, **PLAIN).fit(X, y)
    with pytest.raises(ValueError, match="Base must be that of the stages"):
        clone_of(model).set_params(Base=None if base else Ridge()).partial_fit(X, y)
    with pytest.raises(ValueError, match="Dist must be that of the stages"):
        clone_of(model).set_params(Dist="poisson").partial_fit(X, np.ones(200))
    if base is None:
        with pytest.raises(ValueError, match="tree_sharing must be that of the stages"):
            clone_of(model).set_params(tree_sharing="joint").partial_fit(X, y)


def clone_of(model):
    """Return a fitted copy."""
    copy = clone(model)
    copy.__dict__.update(vars(model))
    return copy


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_partial_fit_goes_on_with_new_data(estimator):
    """Its trees are fitted to what the old ones leave of the new targets."""
    X, y = data_for(estimator)
    Z, z = data_for(estimator, seed=1)
    model = estimator(n_estimators=10, random_state=0, **PLAIN).fit(X, y)
    before = model.loss(Z, z)
    start = model._params(Z)
    model.partial_fit(Z, z)
    assert model.n_iter_ == 20
    assert model.train_score_[0] == pytest.approx(before, rel=1e-9)
    assert model.loss(Z, z) == pytest.approx(model.train_score_[-1], rel=1e-9)
    assert model.loss(Z, z) < before
    for stage, raw in enumerate(model._stages(Z)):
        if stage == 9:
            assert_allclose(raw, start, rtol=1e-12)


def test_partial_fit_of_classes_that_come_later():
    X, y = data_for(NGBClassifier)
    model = NGBClassifier(n_estimators=5, **PLAIN)
    model.partial_fit(X, y, classes=["maybe", "no", "yes"])
    assert model.predict_proba(X).shape == (200, 3)
    later = np.where(X[:, 1] > 0, "maybe", y)
    for _ in range(4):
        model.partial_fit(X, later)
    assert model.predict_proba(X[X[:, 1] > 1])[:, 0].mean() > 0.3
    with pytest.raises(ValueError, match="a label that was not there before: perhaps"):
        model.partial_fit(X, np.where(X[:, 1] > 0, "perhaps", y))


# --- rows held out --------------------------------------------------------------------------------


def test_rows_held_out_have_the_shares_of_the_classes():
    seen = []

    class Spy(NGBClassifier):
        def _split(self, data, validation, rng):
            parts = super()._split(data, validation, rng)
            seen.append([np.bincount(part.y.astype(int)).tolist() for part in parts[:2]])
            return parts

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 2)), np.repeat(["a", "b", "c"], [240, 50, 10])
    for seed in range(4):
        Spy(n_estimators=1, random_state=seed, validation_fraction=0.1).fit(X, y)
    assert seen == [[[216, 45, 9], [24, 5, 1]]] * 4


def test_weights_of_validation_rows_count():
    X, y = data_for(NGBRegressor)
    V, v = data_for(NGBRegressor, seed=1)
    v[:100] += 5.0
    weight = np.repeat([0.0, 1.0], 100)
    settings = {"n_estimators": 60, "learning_rate": 0.2, "early_stopping_rounds": 5}
    weighted = NGBRegressor(**settings).fit(X, y, X_val=V, Y_val=v, val_sample_weight=weight)
    cut = NGBRegressor(**settings).fit(X, y, X_val=V[100:], Y_val=v[100:])
    assert_allclose(weighted.validation_score_, cut.validation_score_, rtol=1e-9)
    assert weighted.n_iter_ == cut.n_iter_ == np.argmin(weighted.validation_score_)
    plain = NGBRegressor(**settings).fit(X, y, X_val=V, Y_val=v)
    assert plain.validation_score_[0] > cut.validation_score_[0]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("early", ["auto", None])
def test_rows_without_weight_are_not_there(estimator, early):
    X, y = data_for(estimator, n=330)
    weight = (np.arange(330) % 3 > 0) * 2.0
    settings = {"n_estimators": 15, "random_state": 0, "early_stopping_rounds": early}
    with_zeros = estimator(**settings).fit(X, y, sample_weight=weight)
    rows = weight > 0
    without = estimator(**settings).fit(X[rows], y[rows], sample_weight=weight[rows])
    assert_array_equal(with_zeros._params(X), without._params(X))


# --- base learners and leaves ---------------------------------------------------------------------


def test_each_parameter_may_have_its_own_base():
    X, y = data_for(NGBRegressor)
    bases = [Ridge(alpha=1e-3), DecisionTreeRegressor(max_depth=2, random_state=0)]
    model = NGBRegressor(Base=bases, n_estimators=3, **PLAIN).fit(X, y)
    for stage in model.base_models_:
        assert [type(m) for m in stage] == [Ridge, DecisionTreeRegressor]
    with pytest.raises(ValueError, match=r"one for each parameter \['mu', 'log_sigma'\]"):
        NGBRegressor(Base=[Ridge()], **PLAIN).fit(X, y)
    assert clone(model).get_params()["Base"][0].alpha == 1e-3


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_any_base_sees_weights_shares_and_sparse_columns(estimator, kind):
    """The model is the sum of its parts, which scikit-learn predicts with."""
    X, y = data_for(estimator)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 200)
    settings = {"minibatch_frac": 0.5, "col_sample": 0.7, "n_estimators": 8, "random_state": 0}
    model = estimator(Base=Ridge(), **settings).fit(kind(X), y, sample_weight=weight)
    total = np.repeat(model.init_params_[:, None], 200, axis=1)
    for models, columns, factors in zip(
        model.base_models_, model.col_idxs_, model.stage_factors_, strict=True
    ):
        assert len(columns) == 2
        total += factors[:, None] * np.array([m.predict(X[:, columns]) for m in models])
    assert_allclose(model._params(kind(X)), total, rtol=1e-9)
    assert not hasattr(model, "feature_importances_")


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("sharing", ["separate", "joint"])
def test_a_prediction_is_the_sum_of_the_values_of_its_leaves(estimator, sharing):
    X, y = data_for(estimator)
    X[::9, 1] = np.nan
    model = estimator(n_estimators=7, tree_sharing=sharing, random_state=0).fit(X, y)
    leaves, forest, p = model.apply(X), model.forest_, len(model.init_params_)
    assert leaves.shape == (200, model.n_iter_ * (1 if sharing == "joint" else p))
    raw = np.repeat(model.init_params_[:, None], 200, axis=1)
    for tree, target in enumerate(forest["target"]):
        nodes = forest["starts"][tree] + leaves[:, tree]
        assert (forest["feature"][nodes] == -1).all()
        if sharing == "joint":
            raw += forest["value"].reshape(-1, p)[nodes].T
        else:
            raw[target] += forest["value"][nodes]
    assert_allclose(model._params(X), raw, rtol=1e-9, atol=1e-12)


class Recorder(RegressorMixin, BaseEstimator):
    """A learner that remembers what it was to learn."""

    seen: ClassVar[list] = []

    def fit(self, X, y):
        self.seen.append((X[:, 0].astype(int), np.array(y)))
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_a_stage_of_drawn_rows_learns_the_gradients_of_these_rows():
    """Of a normal distribution: z = (y - mean) / scale, and (z^2 - 1) / 2, at the same rows."""
    rng = np.random.default_rng(0)
    n = 300
    X = np.column_stack([np.arange(n), rng.normal(size=n)])
    y = rng.gamma(2.0, size=n)
    Recorder.seen.clear()
    NGBRegressor(Base=Recorder(), n_estimators=1, minibatch_frac=0.5, **PLAIN).fit(X, y)
    (rows, location), (again, scale) = Recorder.seen[:2]
    assert len(set(rows)) == len(rows) == n // 2 and (rows == again).all()
    z = (y[rows] - y.mean()) / y.std()
    for learnt, expected in ((location, z), (scale, (z**2 - 1) / 2)):
        factor = (learnt @ expected) / (expected @ expected)  # the length of the stage's step
        assert factor > 0
        assert learnt == pytest.approx(factor * expected, abs=1e-9)


@pytest.mark.parametrize("share", [0.2, 0.8, 0.9])
def test_every_row_is_drawn_as_often_as_any_other(share):
    """Counts are binomial: five standard deviations, and the mean of their squares within 30 %."""
    n, stages = 500, 100
    X = np.arange(n, dtype=float)[:, None]
    Recorder.seen.clear()
    settings = {"n_estimators": stages, "minibatch_frac": share, "tol": 0.0, "random_state": 0}
    y = np.random.default_rng(0).normal(size=n)
    NGBRegressor(Base=Recorder(), **settings, **PLAIN).fit(X, y)
    drawn = [rows for rows, _ in Recorder.seen[::2]]
    assert len(drawn) == stages
    assert all(len(rows) == round(share * n) and (np.diff(rows) > 0).all() for rows in drawn)
    z = np.bincount(np.concatenate(drawn), minlength=n) - stages * share
    z /= np.sqrt(stages * share * (1.0 - share))
    assert np.abs(z).max() < 5.0
    assert 0.7 < np.mean(z**2) < 1.3
    halves = [np.mean(rows < n / 2) for rows in drawn]
    assert np.mean(halves) == pytest.approx(0.5, abs=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_a_fit_needs_little_memory_beside_the_features():
    """Codes (20 bytes a row), parameters (16), targets (8), places (4), nodes (1), fixed parts."""
    code = """
        import numpy as np
        from optlite.boosting import NGBRegressor

        rng = np.random.default_rng(0)
        settings = {"n_estimators": 2, "early_stopping_rounds": None}
        small = rng.normal(size=(3000, 20))
        NGBRegressor(**settings).fit(small, small[:, 0])
        X = np.empty((200_000, 20))
        for begin in range(0, len(X), 10_000):
            X[begin : begin + 10_000] = rng.normal(size=(10_000, 20))
        y = X[:, 0] + rng.normal(size=len(X))

        def now(what):
            lines = open("/proc/self/status").read().splitlines()
            return 1024 * next(int(l.split()[1]) for l in lines if l.startswith(what))

        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
        before = now("VmRSS")
        NGBRegressor(**settings).fit(X, y)
        print((now("VmHWM") - before) / len(X))
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert float(run.stdout) < 53.0


@pytest.mark.parametrize(
    "settings",
    [{}, {"minibatch_frac": 0.9}, {"minibatch_frac": 0.3, "col_sample": 0.5}],
    ids=["all", "most", "some"],
)
def test_the_little_memory_of_many_rows_changes_nothing(settings, monkeypatch):
    """Trees up to depth 7 keep nodes, deeper ones values; leaves of 10,000 rows are never deep."""
    from optlite.boosting import _units

    rng = np.random.default_rng(0)
    X = rng.normal(size=(110_000, 3))
    y = 50.0 + 7.0 * (X[:, 0] + rng.normal(size=len(X)) * np.exp(0.3 * X[:, 1]))
    fits = []
    for depth in (7, 100):
        limits = {**settings, "max_depth": depth, "min_samples_leaf": 10_000}
        fits.append(
            NGBRegressor(n_estimators=4, early_stopping_rounds=None, random_state=0, **limits)
        )
        fits[-1].fit(X, y)
    monkeypatch.setattr(_units, "MANY_ROWS", 10**9)  # targets are copied, in the unit of the fit
    fits.append(clone(fits[0]).fit(X, y))
    assert (fits[0].scalings_ > 0.0).all()
    for other in fits[1:]:
        assert_array_equal(other.scalings_, fits[0].scalings_)
        assert_allclose(other.train_score_, fits[0].train_score_, rtol=1e-13)
        assert_allclose(other._params(X), fits[0]._params(X), rtol=1e-9, atol=1e-9)
    assert_array_equal(fits[1]._params(X), fits[0]._params(X))
    assert fits[0].loss(X, y) == pytest.approx(fits[0].train_score_[-1], rel=1e-12)


class Keeper(RegressorMixin, BaseEstimator):
    """A learner that remembers the arrays it was given."""

    arrays: ClassVar[list] = []

    def fit(self, X, y):
        self.arrays.append(X)
        return self

    def predict(self, X):
        self.arrays.append(X)
        return np.zeros(X.shape[0])


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_stages_of_any_base_do_not_copy_the_features(kind):
    X, y = data_for(NGBRegressor)
    Keeper.arrays.clear()
    settings = {"Base": Keeper(), "n_estimators": 3, "random_state": 0}
    model = NGBRegressor(**settings, **PLAIN).fit(kind(X), y)
    assert len({id(array) for array in Keeper.arrays}) == 1
    Keeper.arrays.clear()
    model.predict(kind(X))
    assert len({id(array) for array in Keeper.arrays}) == 1
    Keeper.arrays.clear()
    NGBRegressor(**settings, validation_fraction=0.1).fit(kind(X), y)
    assert len({id(array) for array in Keeper.arrays}) == 2  # training, held out


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_sparse_features_are_converted_once(estimator, monkeypatch):
    """Bins and codes read the same columns; so do rows held out in the fit and after it."""
    from optlite.boosting import _features

    rows, convert = [], _features.columns_of
    monkeypatch.setattr(
        _features, "columns_of", lambda X: rows.append(X.shape[0]) or convert(X), raising=True
    )
    X, y = data_for(estimator)
    sparse = sp.csr_array(np.where(X > 0.0, X, 0.0))
    settings = {"n_estimators": 5, "random_state": 0, "validation_fraction": 0.1}
    model = estimator(**settings).fit(sparse, y)
    assert rows == [180, 20]
    dense = estimator(**settings).fit(sparse.toarray(), y)
    assert_array_equal(model._params(X), dense._params(X))
