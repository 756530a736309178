"""How far a stage of boosting goes: the steps of both searches against SciPy's minimiser."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.linear_model import Ridge

from optlite import reference
from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival, _fit, distributions
from optlite.reference.boosting import Line, doubled_step, newton_step

PLAIN = {"early_stopping_rounds": None, "min_samples_leaf": 10, "random_state": 0}
#: The whole step is taken, so that the stages end where the search does.
WHOLE = {"learning_rate": 1.0, "n_estimators": 4, **PLAIN}
N = 300


def rows_of(name, n=N):
    """Features, and targets drawn from a family whose parameters depend on them."""
    rng = np.random.default_rng(0)
    family = distributions.from_name(name, **{"multivariate_normal": {"d": 2}}.get(name, {}))
    X = rng.uniform(-1.0, 1.0, size=(n, 3))
    theta = np.tile(0.3 * np.ones(family.n_params), (n, 1))
    theta[:, 0] += X[:, 0] + 0.5 * (X[:, 1] > 0.3)
    theta[:, -1] += 0.5 * X[:, 2] + 2.0 * (name == "beta")
    return family, X, np.array(family.at(theta).rvs(random_state=rng), dtype=float)


def estimator_of(family, score, **settings):
    if family.targets in ("binary", "label"):
        return NGBClassifier(family, score, **settings)
    return NGBRegressor(family, score, **settings)


def lines_of(model, X, y, weight=None, event=None):
    """Yield, stage by stage, the mean score as a function of the step, and step, end and start."""
    family, rule = model._family(), model.score_rule_
    given = {} if event is None else {"event": event}
    before = np.repeat(model.init_params_[:, None], len(X), axis=1)
    reach = np.array(_fit.reach_of(family))
    for step, raw in zip(model.scalings_, model._stages(X), strict=True):
        if step == 0.0:  # the natural gradient's trees may lead nowhere: the fit ends
            assert step == model.scalings_[-1] and model.stop_reason_ == "tol"
            return
        raw = raw.copy()
        direction = (raw - before) / (model.learning_rate * step)
        furthest = model.learning_rate * np.abs(direction).max(axis=1)
        longest = np.min(reach / np.maximum(furthest, 1e-300))

        def score_at(step, start=before, direction=direction):
            theta = start + step * direction
            theta = np.clip(theta, model.lower_[:, None], model.upper_[:, None])
            scores = family.score(theta.T.copy(), y, score=rule, **given)
            return np.average(scores, weights=weight)

        yield score_at, step, longest
        before = raw


PAIRS = [
    pytest.param(name, score, id=f"{name}-{score}")
    for name in distributions.list_distributions()
    for score in distributions.from_name(name).scores
]


def assert_lowest(score_at, step, longest):
    """No step between the ones next to it that doubling tries has a lower score."""
    start, found = score_at(0.0), score_at(step)
    end = min(2.0 * step, max(longest, 1.0))
    best = minimize_scalar(
        score_at, bounds=(0.4 * step, end), method="bounded", options={"xatol": 1e-9}
    )
    assert found < start
    assert found <= best.fun + 1e-6 * (start - best.fun)


@pytest.mark.parametrize("natural", [True, False])
@pytest.mark.parametrize(("name", "score"), PAIRS)
def test_newton_finds_the_lowest_score_along_the_line(name, score, natural):
    family, X, y = rows_of(name)
    model = estimator_of(family, score, line_search="newton", natural_gradient=natural, **WHOLE)
    model.fit(X, y)
    assert model.scalings_[0] > 0.0
    for stage, (score_at, step, longest) in enumerate(lines_of(model, X, y)):
        assert_lowest(score_at, step, longest)
        # It is not above the score of the step that doubling takes on the same line.
        line = Line(score_at, None, score_at(0.0), longest)
        assert score_at(step) <= score_at(doubled_step(line)) * (1.0 + 1e-14) + 1e-14
        assert model.train_score_[stage + 1] == pytest.approx(score_at(step), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["log_normal", "exponential", "weibull", "gamma"])
def test_newton_finds_it_where_times_are_censored(name):
    family, X, y = rows_of(name)
    limit = np.random.default_rng(1).exponential(2.0 * np.median(y), size=N)
    T, E = np.minimum(y, limit), (y <= limit).astype(float)
    for score in [s for s in family.scores if family.takes_censored(s)]:
        model = NGBSurvival(family, score, line_search="newton", **WHOLE).fit(X, T, E)
        for line in lines_of(model, X, T, event=E):
            assert_lowest(*line)


def test_the_step_agrees_with_the_minimiser_to_four_digits():
    """The curvature of the normal distribution's score does not vanish: the step is determined."""
    _, X, y = rows_of("normal", 2000)
    model = NGBRegressor(line_search="newton", **WHOLE).fit(X, y)
    for score_at, step, _ in lines_of(model, X, y):
        best = minimize_scalar(
            score_at, bounds=(0.1, 4.0), method="bounded", options={"xatol": 1e-9}
        )
        assert step == pytest.approx(best.x, rel=2e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_parabola_is_solved_in_closed_form(weighted):
    """Of a normal distribution with known variance: sum f (y - theta) / sum f^2."""
    _, X, y = rows_of("normal")
    weight = np.random.default_rng(0).integers(1, 4, N).astype(float) if weighted else None
    model = NGBRegressor("normal_fixed_var", line_search="newton", **WHOLE).fit(X, y, weight)
    before = np.full(N, model.init_params_[0])
    for step, raw in zip(model.scalings_, model._stages(X), strict=True):
        f = (raw[0] - before) / step
        w = np.ones(N) if weight is None else weight
        assert step == pytest.approx(np.sum(w * f * (y - before)) / np.sum(w * f * f), rel=1e-8)
        before = raw[0].copy()


def test_the_closed_form_costs_one_slope_more():
    calls = []

    def slope(step):
        calls.append(step)
        return 6.0 * (step - 0.7)

    line = Line(lambda step: 3.0 * (step - 0.7) ** 2, slope, 3.0 * 0.49)
    assert newton_step(line) == pytest.approx(0.7, rel=1e-14)
    assert calls == pytest.approx([1.0, 0.7])


LINES = {
    "kink": (lambda t: abs(t - 0.3), lambda t: np.sign(t - 0.3), 0.3),
    "steep": (lambda t: np.exp(8.0 * t) - 40.0 * t, lambda t: 8.0 * np.exp(8.0 * t) - 40.0, None),
    "flat": (lambda t: (t - 2.6) ** 4, lambda t: 4.0 * (t - 2.6) ** 3, 2.6),
    "wall": (
        lambda t: -t if t < 0.9 else np.inf,
        lambda t: -1.0 if t < 0.9 else np.nan,
        0.9,
    ),
    "far": (lambda t: np.exp(-t) + 1e-3 * t, lambda t: 1e-3 - np.exp(-t), np.log(1e3)),
    "two valleys": (
        lambda t: np.cos(4.0 * t) + 0.1 * t,
        lambda t: 0.1 - 4.0 * np.sin(4.0 * t),
        None,
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_hard_lines_end_at_a_lowest_point(name):
    score, slope, lowest = LINES[name]
    with np.errstate(over="ignore"):
        line = Line(score, slope, score(0.0))
        step, doubled = newton_step(line), doubled_step(line)
        assert score(step) <= score(doubled)
    if lowest is not None:
        assert step == pytest.approx(lowest, rel=2e-2 if name == "flat" else 1e-3)
    else:
        assert score(step) <= min(score(step * 0.99), score(step * 1.01)) + 1e-9


@pytest.mark.parametrize("longest", [0.2, 1.3, 3.5])
def test_no_step_above_one_is_longer_than_allowed(longest):
    line = Line(lambda t: -t, lambda t: -1.0, 0.0, longest)
    assert newton_step(line) == max(1.0, longest)
    assert doubled_step(line) == {0.2: 1.0, 1.3: 1.0, 3.5: 2.0}[longest]


def test_where_nothing_falls_there_is_no_step():
    line = Line(lambda t: t, lambda t: 1.0, 0.0, shortest=1e-3)
    assert newton_step(line) == doubled_step(line) == 0.0


# --- core and twin --------------------------------------------------------------------------------


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("name", "score"), [("normal", "log"), ("normal", "crps"), ("gamma", "log")]
)
def test_core_and_twin_take_the_same_steps(name, score, weighted, joint):
    family, X, y = rows_of(name, 150)
    X = X.round(2)
    weight = np.random.default_rng(1).integers(0, 4, 150).astype(float) if weighted else None
    if name == "normal":  # in the unit of the fit, in which a CRPS has its gradient
        center = np.average(y, weights=weight)
        y = (y - center) / np.sqrt(np.average((y - center) ** 2, weights=weight))
    model = NGBRegressor(
        family,
        score,
        n_estimators=10,
        learning_rate=0.3,
        line_search="newton",
        tree_sharing="joint" if joint else "separate",
        early_stopping_rounds=None,
        min_samples_leaf=5,
    ).fit(X, y, weight)
    stages = list(
        reference.boosting.steps(
            X,
            y,
            family.marginal(y, sample_weight=weight),
            lambda theta, y: family.score(theta.T, y, score=score),
            lambda theta, y: family.natural_gradient(theta.T, y, score=score).T,
            line_search="newton",
            gradient=lambda theta, y: family.gradient(theta.T, y, score=score).T,
            n_estimators=10,
            learning_rate=0.3,
            weight=weight,
            joint=joint,
            reach=np.array(_fit.reach_of(family)),
            min_leaf_weight=5.0,
        )
    )
    assert_allclose(model.scalings_, [s.step for s in stages], rtol=1e-7)
    assert_allclose(model.train_score_[1:], [s.score for s in stages], rtol=1e-9)
    assert_allclose(model.pred_dist(X).theta, stages[-1].params, atol=1e-7)


# --- the estimators -------------------------------------------------------------------------------


def arrays_of(model):
    return {**model.forest_, "start": model.init_params_, "steps": model.scalings_}


def test_threads_change_no_bit(n_threads):
    _, X, y = rows_of("normal", 9000)
    settings = {"n_estimators": 5, "line_search": "newton", "random_state": 0}
    model = NGBRegressor(**settings, n_threads=n_threads).fit(X, y)
    serial = NGBRegressor(**settings, n_threads=1).fit(X, y)
    for name, array in arrays_of(serial).items():
        assert_array_equal(arrays_of(model)[name], array)


def test_a_row_of_weight_two_is_two_rows():
    _, X, y = rows_of("normal")
    weight = np.random.default_rng(2).integers(0, 3, N)
    settings = {"line_search": "newton", "n_estimators": 8, **PLAIN}
    weighted = NGBRegressor(**settings).fit(X, y, weight)
    repeated = NGBRegressor(**settings).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.scalings_, repeated.scalings_, rtol=1e-6)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-8)


def test_the_score_of_the_drawn_rows_is_the_one_that_is_lowest():
    """With half of the rows a stage, the step is that of these rows: the twin's, on them."""
    _, X, y = rows_of("normal_fixed_var")
    settings = {"minibatch_frac": 0.5, "n_estimators": 3, "learning_rate": 0.5, **PLAIN}
    seen = []

    class Spy(Ridge):
        def fit(self, X, y):
            seen.append((X, y))
            return super().fit(X, y)

    model = NGBRegressor("normal_fixed_var", Base=Spy(), line_search="newton", **settings)
    model.fit(X, y)
    for step, (rows, targets), models in zip(
        model.scalings_, seen, model.base_models_, strict=True
    ):
        f = models[0].predict(rows)
        assert len(rows) == N // 2
        assert step == pytest.approx(f @ targets / (f @ f), rel=1e-8)


def test_a_distribution_of_python_takes_the_steps_of_the_core():
    from scipy import stats

    class Mine:
        """The logistic distribution, as a user would write it."""

        parameters = ("mu", "log_sigma")
        twin = reference.load("distributions", "logistic")
        score = staticmethod(twin.log_score)
        gradient = staticmethod(twin.log_gradient)
        metric = staticmethod(twin.log_metric)

        def frozen(theta):
            return stats.logistic(theta[0], np.exp(theta[1]))

    _, X, y = rows_of("normal")
    settings = {"line_search": "newton", "n_estimators": 3, **PLAIN}
    mine = NGBRegressor(distributions.from_user(Mine), **settings).fit(X, y)
    for score_at, step, longest in lines_of(mine, X, y):
        best = minimize_scalar(
            score_at, bounds=(0.0, min(4.0, longest)), method="bounded", options={"xatol": 1e-9}
        )
        assert step == pytest.approx(best.x, rel=1e-3)


@pytest.mark.parametrize("Estimator", [NGBRegressor, NGBClassifier, NGBSurvival])
def test_the_parameter_is_checked_and_cloned(Estimator):
    _, X, y = rows_of("normal", 60)
    y = np.exp(y) if Estimator is NGBSurvival else y
    y = np.where(y > 0.0, "yes", "no") if Estimator is NGBClassifier else y
    with pytest.raises(ValueError, match=r"'line_search' parameter .*doubling.* Got 'exact'"):
        Estimator(line_search="exact").fit(X, y)
    model = Estimator(line_search="newton", n_estimators=3, **PLAIN).fit(X, y)
    assert clone(model).line_search == "newton"
    assert Estimator().line_search == "doubling"
    again = clone(model).fit(X, y)
    assert_array_equal(again.scalings_, model.scalings_)
    assert not np.isin(model.scalings_, 2.0 ** np.arange(-20, 10)).all()


@pytest.mark.parametrize("name", ["normal", "gamma", "cauchy", "bernoulli"])
def test_hard_targets_give_finite_models(name):
    family = distributions.from_name(name)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    hard = (
        [(X[:, 0] > 0) * 1.0]
        if name == "bernoulli"
        else [
            np.where(X[:, 0] > 0, 1.0, 2.0),
            np.exp(X[:, 0]) * 1e250,
            np.where(np.arange(120) == 3, 1e150, np.exp(X[:, 0])),
            np.abs(rng.standard_cauchy(120)) ** 5 + 1e-300,
        ]
    )
    for y in hard:
        for score in family.scores:
            model = NGBRegressor(family, score, line_search="newton", n_estimators=8, **PLAIN)
            model.fit(X, y)
            assert np.isfinite(model.pred_dist(X).theta).all()
            assert np.isfinite(model.scalings_).all() and (model.scalings_ >= 0.0).all()
