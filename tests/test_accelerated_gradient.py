"""Accelerated gradients for sparse models: the paper's sequence and bounds, twin, conditions."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from optlite import reference
from optlite._core import core
from optlite.linear_model import SparseClassifier, SparseRegressor
from optlite.linear_model._sparse_model import PenaltyOnFeatures, SparseModelProblem
from optlite.reference import accelerated_gradient as twin
from optlite.reference.sparse_model import SparseModel

CONVEX = ["l1", "elastic_net", "positive", "group", "slope"]
CONCAVE = ["mcp", "scad"]
LOSSES = {"least_squares": (), "huber": (1.35,), "logistic": ()}


def make(n=60, d=10, seed=0, loss="least_squares", correlation=0.0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1))
    X = np.sqrt(1.0 - correlation) * rng.normal(size=(n, d)) + np.sqrt(correlation) * shared + 0.5
    w = np.zeros(d)
    w[:3] = 1.5, -1.0, 0.7
    z = X @ w + rng.normal(size=n)
    y = np.where(z > np.median(z), 1.0, -1.0) if loss == "logistic" else z
    return X, y, rng.uniform(0.2, 2.0, n)


def both(X, y, weight, loss, penalty, alpha, intercept=True, restart=True, **params):
    """The core's run and the twin's problem, of one target and single coefficients."""
    record = reference.load("objectives", loss)
    problem = SparseModelProblem(X, weight, intercept, "test")
    find = {r["name"]: r for r in core.registry() if r["kind"] == "objectives"}
    problem.set_loss(find[loss], list(LOSSES[loss]), y)
    on = PenaltyOnFeatures(penalty, params, None, 1, X.shape[1], 1)
    run = core.AcceleratedGradient(
        problem.data,
        problem.loss,
        on.record["name"],
        on.fields,
        on.groups,
        alpha * on.weights,
        None,
        restart,
    )
    centred = y - problem.centre
    groups = [(np.array([j]), alpha) for j in range(X.shape[1])]
    of = reference.load("penalties", on.record["name"])
    fields = tuple(on.fields)
    model = SparseModel(X, centred, weight, record, of, groups, LOSSES[loss], fields, intercept)
    return run, model


# --- the damping ----------------------------------------------------------------------------------


def test_damping_is_the_largest_that_the_conditions_allow():
    """a_1 = 1; a_{k+1}^2 = (1 - a_{k+1}) a_k^2, so that Gamma_k = prod_{i>1} (1 - a_i) = a_k^2."""
    a = np.array(list(itertools.islice(twin.damping(), 1000)))
    root = np.sqrt(5.0)
    first = [1.0, (root - 1.0) / 2.0, 2.0 / (1.0 + np.sqrt(7.0 + 2.0 * root))]
    assert_allclose(a[:3], first, rtol=1e-14)
    assert_allclose(a[1:] ** 2, (1.0 - a[1:]) * a[:-1] ** 2, rtol=1e-13)
    gamma = np.cumprod(np.r_[1.0, 1.0 - a[1:]])
    assert_allclose(gamma, a**2, rtol=1e-11)


def test_damping_lies_between_its_published_bounds():
    """2 / (k + 1 + c k^(1-e)) <= a_k <= 2 / (k + 1), c = 2^e / ((1 - e) (4 - e)), 0 < e < 1."""
    a = np.array(list(itertools.islice(twin.damping(), 5000)))
    k = np.arange(1.0, 5001.0)
    assert np.all(a <= 2.0 / (k + 1.0) * (1.0 + 1e-13))
    for e in np.linspace(0.05, 0.95, 19):
        c = 2.0**e / ((1.0 - e) * (4.0 - e))
        assert np.all(a >= 2.0 / (k + 1.0 + c * k ** (1.0 - e)))
    assert a[-1] > 0.998 * 2.0 / 5001.0


def test_the_core_has_the_sequence():
    run, _ = both(*make(), "least_squares", "mcp", 0.1, restart=False)
    found = []
    for _ in range(50):
        run.step(0.0)
        found.append(run.state["damping"])
    assert_allclose(found, list(itertools.islice(twin.damping(), 50)), rtol=1e-15)


# --- the method -----------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("penalty", ["l1", "elastic_net", *CONCAVE])
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_twin(loss, penalty, intercept, restart):
    X, y, weight = make(loss=loss)
    run, model = both(X, y, weight, loss, penalty, 0.1, intercept, restart)
    largest = twin.lipschitz(model)
    assert largest <= run.lipschitz * (1.0 + 1e-12) and run.lipschitz <= 1.01 * largest
    assert run.beta == 0.99 / run.lipschitz
    restarts = 0
    records = twin.steps(model, np.zeros(X.shape[1]), run.lipschitz, restart)
    for record in itertools.islice(records, 60):
        run.step(0.0)
        state = run.state
        if state["status"] == "precision_limit":
            break
        assert_allclose(state["damping"], record.damping, rtol=1e-15)
        for name in ("point", "middle", "aggregate"):
            assert_allclose(state[name][0], getattr(record, name), rtol=1e-10, atol=1e-12)
        assert_allclose(state["mapping"], record.mapping, rtol=1e-6, atol=1e-12)
        if record.mapping < 1e-11:
            break
        restarts += record.restarts
    assert restart == (restarts > 0)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_gradient_of_what_is_smooth(loss):
    """Minus the descent is the derivative of f + q, where that is not at a bend."""
    X, y, weight = make(loss=loss)
    for penalty in CONCAVE:
        _, model = both(X, y, weight, loss, penalty, 0.3)
        w = np.linspace(-1.5, 1.5, X.shape[1]) + 0.01

        def smooth(w, model=model):
            b = twin.best_intercept(model, w)
            return model.value(w, b) - 0.3 * np.abs(w).sum()

        eye = 1e-6 * np.eye(len(w))
        slopes = [(smooth(w + e) - smooth(w - e)) / 2e-6 for e in eye]
        assert_allclose(-twin.descent(model, w, 0.0)[0], slopes, atol=2e-8)


def test_bounds_of_the_convex_case():
    """F(aggregate_k) - F* <= a_k^2 |w*|^2 / (2 beta), and for the least generalised gradient
    min |G|^2 <= |w*|^2 / (beta sum_k beta (1 - L beta) / a_k^2).
    """
    X, y, _ = make(40, 60, correlation=0.5)
    run, model = both(X, y, None, "least_squares", "l1", 0.05, restart=False)
    best = SparseRegressor(0.05, tol=1e-13).fit(X, y)
    beta, distance = run.beta, best.coef_ @ best.coef_
    total, least = 0.0, np.inf
    for _ in range(400):
        run.step(0.0)
        state = run.state
        w = state["aggregate"][0]
        above = model.value(w, twin.best_intercept(model, w)) - best.objective_
        bound = state["damping"] ** 2 * distance / (2.0 * beta)
        assert above <= bound
        total += beta * (1.0 - run.lipschitz * beta) / state["damping"] ** 2
        least = min(least, state["mapping"] ** 2)
        assert least <= distance / (beta * total)


def test_faster_than_plain_gradients():
    """As published; here in steps to a generalised gradient of 1e-4."""
    X, y, _ = make(40, 20, correlation=0.9)
    counts = {}
    for penalty in ["l1", *CONCAVE]:
        for factors in (twin.damping, lambda: itertools.repeat(1.0)):
            _, model = both(X, y, None, "least_squares", penalty, 0.1)
            largest = twin.lipschitz(model)
            records = twin.steps(model, np.zeros(20), largest, factors=factors)
            small = (r.iteration for r in itertools.islice(records, 1500) if r.mapping <= 1e-4)
            counts.setdefault(penalty, []).append(next(small, 1500))
    for accelerated, plain in counts.values():
        assert accelerated <= 0.4 * plain, counts


# --- the estimators -------------------------------------------------------------------------------


def fit(penalty, alpha=0.1, loss="squared", tol=1e-9, **options):
    options = {"groups": 3, **options} if penalty == "group" else options
    options = {"max_iter": 1000, **options}
    return SparseRegressor(
        alpha, penalty=penalty, loss=loss, method="accelerated_gradient", tol=tol, **options
    )


@pytest.mark.parametrize("penalty", CONVEX)
@pytest.mark.parametrize("loss", ["squared", "huber"])
@pytest.mark.parametrize("shape", [(80, 12), (30, 60)])
@pytest.mark.parametrize("intercept", [False, True])
def test_ends_where_coordinates_do(penalty, loss, shape, intercept):
    X, y, weight = make(*shape)
    model = fit(penalty, loss=loss, tol=1e-10, fit_intercept=intercept).fit(X, y, weight)
    settings = {**model.get_params(), "method": "direct", "tol": 1e-13}
    best = SparseRegressor(**settings).fit(X, y, weight)
    assert_allclose(model.objective_, best.objective_, rtol=1e-10)
    assert model.converged_ and model.kkt_violation_ <= 1e-10
    assert model.certificate_kind_ == "relative KKT violation"
    assert model.certificate_ == model.kkt_violation_
    assert model.dual_gap_ <= 1e-8


@pytest.mark.parametrize("penalty", CONCAVE)
@pytest.mark.parametrize("gamma", [2.1, 3.7])
@pytest.mark.parametrize("shape", [(80, 12), (30, 60)])
def test_conditions_of_concave_penalties_are_met(penalty, gamma, shape):
    X, y, weight = make(*shape)
    model = fit(penalty, 0.2, penalty_params={"gamma": gamma}).fit(X, y, weight)
    _, problem = both(X, y, weight, "least_squares", penalty, 0.2, gamma=gamma)
    b = model.intercept_ - np.average(y, weights=weight)
    violation = problem.violation(model.coef_, b)
    scale = np.abs(problem.products(np.zeros(shape[1]), 0.0)[0]).max()
    assert violation <= 1.1e-9 * scale
    assert model.converged_ and model.dual_gap_ is None
    assert 0 < np.count_nonzero(model.coef_) < shape[1]


def test_columns_without_penalty_and_weights():
    X, y, weight = make(80, 12)
    v = np.linspace(0.0, 2.0, 12)
    model = fit("l1", weights=v, tol=1e-10).fit(X, y, weight)
    best = SparseRegressor(0.1, weights=v, tol=1e-13).fit(X, y, weight)
    assert model.converged_
    assert_allclose(model.objective_, best.objective_, rtol=1e-10)
    assert_allclose(model.coef_, best.coef_, atol=1e-7)


@pytest.mark.parametrize("penalty", ["l1", "scad"])
@pytest.mark.parametrize("classes", [2, 3])
def test_classes(penalty, classes):
    X, z, _ = make(90, 8)
    y = np.digitize(z, np.quantile(z, np.arange(1, classes) / classes))
    settings = {"alpha": 0.05, "penalty": penalty, "max_iter": 1000}
    model = SparseClassifier(method="accelerated_gradient", tol=1e-9, **settings).fit(X, y)
    assert model.converged_ and model.kkt_violation_ <= 1e-9
    if penalty == "l1":
        best = SparseClassifier(tol=1e-12, **settings).fit(X, y)
        assert_allclose(model.objective_, best.objective_, rtol=1e-10)
        assert_allclose(model.intercept_, best.intercept_, atol=1e-6)
        return
    # Newton's method does not leave: the point fulfils its conditions, too.
    again = SparseClassifier(tol=1e-9, warm_start=True, **settings)
    again.coef_, again.intercept_ = model.coef_.copy(), model.intercept_.copy()
    assert_allclose(again.fit(X, y).objective_, model.objective_, rtol=1e-12)


def test_forms_of_the_data():
    X, y, _ = make(80, 12)
    X[np.abs(X) < 0.5] = 0.0
    dense = fit("mcp").fit(X, y)
    assert_allclose(fit("mcp").fit(sp.csc_array(X), y).coef_, dense.coef_, atol=1e-8)
    assert_allclose(fit("mcp").fit(np.asfortranarray(X), y).coef_, dense.coef_, atol=1e-8)
    single = fit("mcp").fit(X.astype(np.float32), y.astype(np.float32))
    assert single.coef_.dtype == np.float32
    assert_allclose(single.coef_, dense.coef_, atol=1e-5)


def test_the_same_bits_for_any_number_of_threads():
    X, y, weight = make(2100, 70)  # more than one task, by rows and by columns
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            fits.append(fit("scad").fit(X, y, weight))
    assert_array_equal(fits[0].coef_, fits[1].coef_)
    assert fits[0].n_iter_ == fits[1].n_iter_


def test_a_warm_start_at_the_solution_stays_there():
    X, y, _ = make(80, 12)
    model = fit("mcp", warm_start=True).fit(X, y)
    first, steps = model.coef_.copy(), model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ <= 2 < steps
    assert_allclose(model.coef_, first, atol=1e-8)


def test_too_few_steps_are_reported():
    X, y, _ = make(60, 80, correlation=0.9)
    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        model = fit("l1", 0.001, max_iter=1).fit(X, y)
    assert model.n_iter_ == 100 and not model.converged_


@pytest.mark.parametrize("tol", [0.0, 1e-17])
@pytest.mark.parametrize(
    ("penalty", "n", "alpha", "seed"), [("l1", 20, 0.5, 1), ("scad", 8, 1.0, 6)]
)
def test_tolerances_below_rounding_end(tol, penalty, n, alpha, seed):
    """The violation that the steps see may become zero where the other methods see 1e-17."""
    X, y, _ = make(n, 3, seed)
    model = fit(penalty, alpha, tol=tol, max_iter=3).fit(X, y)
    assert model.converged_ and model.kkt_violation_ <= 1e-12


class _StepsThatSeeNoViolation:
    """A run that says so at once, far from the solution."""

    def __init__(self, data, *_):
        self.state = {"n_iter": 0, "status": "running", "message": ""}
        self.goals = []

    def run(self, goal, most):
        assert len(self.goals) < 1000
        self.goals.append(goal)
        n_iter = self.state["n_iter"] + min(most, 60)
        self.state = {"n_iter": n_iter, "status": "converged", "message": "The tolerance."}
        self.state.update(aggregate=np.zeros((1, 4)), intercepts=np.zeros(1))


@pytest.mark.parametrize(
    ("tol", "max_iter", "expected"),
    [(0.0, 1000, "what is left is rounding"), (1e-8, 1, "The iteration limit came before")],
)
def test_an_end_that_is_judged_otherwise_is_reported(monkeypatch, tol, max_iter, expected):
    monkeypatch.setattr(core, "AcceleratedGradient", _StepsThatSeeNoViolation)
    X, y, _ = make(30, 4)
    with pytest.warns(ConvergenceWarning, match=expected):
        model = fit("l1", tol=tol, max_iter=max_iter).fit(X, y)
    assert not model.converged_ and model.n_iter_ <= 100


def test_columns_that_say_nothing():
    X, y, _ = make(30, 4)
    model = fit("l1").fit(np.ones_like(X), y)
    assert_array_equal(model.coef_, 0.0)
    assert model.intercept_ == pytest.approx(y.mean())
    assert_array_equal(fit("mcp").fit(X, np.ones(30)).coef_, 0.0)


@pytest.mark.parametrize("loss", ["poisson", "cox"])
def test_losses_of_unbounded_curvature_are_refused(loss):
    X, y, _ = make(30, 4)
    y = np.abs(y) if loss == "poisson" else np.column_stack([np.abs(y) + 0.1, np.ones(30)])
    with pytest.raises(ValueError, match=f"bounded second derivative.*got '{loss}'"):
        fit("l1", loss=loss).fit(X, y)


def test_penalties_of_infinite_slope_are_refused():
    X, y, _ = make(30, 4)
    with pytest.raises(ValueError, match=r"needs a convex penalty.*got 'l0\.5'"):
        fit("l0.5").fit(X, y)


@pytest.mark.parametrize("penalty", CONCAVE)
def test_concave_penalties_start_with_slope_one(penalty):
    """What the method takes for granted of a penalty that it takes apart."""
    of = reference.load("penalties", penalty)
    assert of.value(1e-9) == pytest.approx(1e-9, rel=1e-6)
    assert 0.0 < of.concavity() < np.inf


def test_a_row_without_weight_changes_no_step():
    """Neither the means nor the Lipschitz constant see it."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 6))
    y = X @ [1.0, 0.9, -0.8, 0.7, 0.5, -0.4] + 0.1 * rng.normal(size=40)
    weight = np.ones(40)
    X[0], weight[0] = 1e3, 0.0
    model = SparseRegressor(0.1, method="accelerated_gradient")
    kept = SparseRegressor(0.1, method="accelerated_gradient").fit(X[1:], y[1:])
    assert model.fit(X, y, weight).n_iter_ <= kept.n_iter_ + 1
    assert_allclose(model.coef_, kept.coef_, rtol=1e-6)
