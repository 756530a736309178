"""Every objective with every direction and step size: the optimum, honesty, twin parity."""

import functools
import inspect
import warnings

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from optlite import objectives, optim, reference
from optlite._params import default, records

DIRECTIONS, STEP_SIZES = sorted(records("directions")), sorted(records("step_sizes"))
EPSILON = np.finfo(float).eps


@functools.cache
def refusal(direction, step_size):
    """The sentence with which the twins refuse this pair, or None if they work together."""
    run, rule = (
        getattr(reference.load(kind, name), records(kind)[name]["class_name"])()
        for kind, name in (("directions", direction), ("step_sizes", step_size))
    )

    class At:
        gradient = np.ones(1)

    try:
        rule.prepare(run, At)
    except ValueError as error:
        return str(error)
    return None


def suits(direction, step_size):
    """Whether the header of the direction allows this step size."""
    return records("directions")[direction]["step_size"] in ("", step_size)


ALLOWED = [(d, s) for d in DIRECTIONS for s in STEP_SIZES if suits(d, s)]
PAIRS = [pair for pair in ALLOWED if refusal(*pair) is None]
REFUSED = [pair for pair in ALLOWED if refusal(*pair) is not None]


@pytest.fixture(params=[0.1, 0.0], ids=["l2", "unpenalised"])
def f(request, problem):
    """Give the objective, weights and intercept on, with and without a penalty."""
    return problem.make(alpha=request.param, sample_weight=problem.weight, fit_intercept=True)


def minimum(f):
    """The minimum of the twin by SciPy, polished by Newton steps."""
    twin = f.twin()
    result = scipy.optimize.minimize(
        lambda x: twin.evaluate(x).value,
        np.zeros(f.dim),
        jac=lambda x: twin.evaluate(x).gradient,
        hess=lambda x: twin.hessian(twin.evaluate(x)),
        method="trust-exact",
        options={"gtol": 1e-9},
    )
    x = result.x
    for _ in range(3):
        at = twin.evaluate(x)
        x = x - np.linalg.lstsq(twin.hessian(at), at.gradient, rcond=1e-12)[0]
    at = twin.evaluate(x)
    assert np.linalg.norm(at.gradient) < 1e-13
    return at


@pytest.mark.parametrize(("method", "step_size"), PAIRS)
def test_reaches_the_minimum_that_scipy_finds(f, method, step_size):
    best = minimum(f)
    result = optim.minimize(f, method=method, step_size=step_size, max_iter=20000, trace=True)
    assert result.success, result.message
    accuracy = {"converged": 1e-8, "estimated": 1e-8, "precision_limit": 1e-12}[result.status]
    rounding = 64 * EPSILON * abs(best.value)
    assert result.fun - best.value <= accuracy * abs(best.value) + rounding
    # At relative suboptimality s the margins are off by about sqrt(s).
    margins = f.twin().evaluate(result.x.ravel()).margins
    off = (margins - best.margins) - (margins - best.margins).mean(axis=1, keepdims=True) * (
        margins.shape[1] > 1
    )
    assert np.abs(off).max() <= 1e-2 if accuracy > 1e-12 else 1e-4


@pytest.mark.parametrize(("method", "step_size"), PAIRS)
def test_never_goes_up_and_never_overstates(f, method, step_size):
    best = minimum(f)
    trace = optim.minimize(f, method=method, step_size=step_size, max_iter=20000, trace=True).trace
    objective = trace["objective"]
    rounding = 64 * EPSILON * np.abs(objective)
    assert np.all(np.diff(objective) <= rounding[1:])
    # The gap bounds the suboptimality anywhere, the squared Newton decrement near the minimum.
    near = objective - best.value <= 1e-3 * abs(best.value)
    assert np.all((trace["certificate"] + rounding >= objective - best.value)[near])


def test_the_duality_gap_is_a_bound_anywhere(problem):
    f = problem.make(alpha=0.3, sample_weight=problem.weight)
    best = minimum(f).value
    for _ in range(20):
        w = 3.0 * problem.point(f)
        assert f.duality_gap(w) >= f.value(w) - best


def test_the_duality_gap_with_an_intercept_is_a_bound_near_the_minimum(problem):
    f = problem.make(alpha=0.3, sample_weight=problem.weight, fit_intercept=True)
    best = minimum(f)
    for size in np.logspace(-6, 0, 25):
        w = best.x.reshape(f.shape) + size * problem.point(f)
        suboptimality = f.value(w) - best.value
        assert f.duality_gap(w) >= suboptimality - 64 * EPSILON * abs(best.value)


@pytest.mark.parametrize("size", [1.0, 1e9])
def test_added_up_margins_give_the_gradient_of_the_point(size):
    """Newton-CG adds margins of its directions; where they are huge they are computed anew."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 60)) * np.logspace(-3, 3, 60)
    y = size * (X @ rng.normal(size=60) / np.linalg.norm(X, axis=1) + rng.normal(size=400))
    for f in (
        objectives.LeastSquares(X, y, alpha=1e-4, fit_intercept=True),
        objectives.Logistic(X, np.sign(y), alpha=1e-4, fit_intercept=True),
    ):
        for record in optim.steps(f, method="newton_cg", max_iter=30):
            value, gradient = f.value_and_gradient(record.x)
            # The rounding of a residual, times the column that it meets.
            atol = (
                1e-14 * (size if isinstance(f, objectives.LeastSquares) else 1.0) * np.abs(X).max()
            )
            assert_allclose(record.gradient, gradient, rtol=0, atol=atol)
            assert_allclose(record.objective, value, rtol=1e-13)


@pytest.mark.parametrize("size", [1e5, 1e9])
def test_a_start_far_away_leaves_no_rounding_in_the_margins(size):
    """A step from margins of this size to small ones: added up, they keep the large ones' rounding.

    With margins of 1e5 that is 1e-11, and 1e-7 with 1e9. Up to 1e3 they are added: 1e-13 at most.
    """
    rng = np.random.default_rng(6)
    X = rng.normal(size=(300, 8))
    f = objectives.LeastSquares(X, X @ np.ones(8) + rng.normal(size=300), alpha=1e-3)
    path = list(optim.steps(f, size * np.ones(8), method="newton_cg", max_iter=6))
    reached = [record for record in path if np.abs(record.x).max() < 10.0]
    assert reached
    for record in reached:
        value, gradient = f.value_and_gradient(record.x)
        assert_allclose(record.gradient, gradient, rtol=0.0, atol=1e-13)
        assert_allclose(record.objective, value, rtol=1e-13)


def test_the_duality_gap_does_not_depend_on_the_order_of_the_classes():
    """At equal probabilities the mean curvature has equal eigenvalues, and any basis for them."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 4))
    y = np.repeat([0, 1, 2], [32, 30, 28])
    for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1], [1, 0, 2]):
        f = objectives.Multinomial(X, np.take(order, y), alpha=0.3, fit_intercept=True)
        start = np.zeros(f.shape)
        # C = (I - 11^T / 3) / 3, so that C^+ g = 3 g for the residuals g, which sum to zero.
        g = 1 / 3 - np.array([32, 30, 28]) / 90
        # Of X, which is not centred, by the class: sum_i (p - y_i) x_i / n.
        slopes = [(X / 3 - X * (y == k)[:, None]).sum(axis=0) / 90 for k in range(3)]
        spread = np.sqrt(f.twin().loss.curvature_bound() * (X**2).mean(axis=0).sum() * 3 * g @ g)
        total = np.linalg.norm(slopes) + spread
        gap = np.exp(2.0 * 3 * np.abs(g).max()) * (total**2 / 0.6 + 1.5 * g @ g)
        assert_allclose(f.duality_gap(start), gap, rtol=1e-12)
        assert_allclose(f.twin().certificate(f.twin().evaluate(start.ravel())), gap, rtol=1e-12)


@pytest.mark.parametrize("max_iter", [0, 1])
@pytest.mark.parametrize(("method", "step_size"), PAIRS)
def test_the_iteration_limit_is_reported(f, method, step_size, max_iter):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = optim.minimize(f, method=method, step_size=step_size, max_iter=max_iter, tol=1e-14)
    assert result.nit <= max_iter
    limited = result.status == "iteration_limit"
    assert result.success != limited
    assert [w.category for w in caught] == [ConvergenceWarning] * limited


@pytest.mark.parametrize(("method", "step_size"), PAIRS)
def test_the_twin_walks_the_same_way(f, method, step_size):
    """x, gradient, direction agree to 1e-12 along the trajectory, and so do all counts.

    The comparison ends with the run or where rounding decides. For full steps that is where the
    gradient has shrunk by 1e-7 and the objective is flat to the last digit. Other
    lengths may come from a parabola through two values: their difference must exceed 1e-6 of the
    objective, or the length has fewer than ten digits.
    """
    options = {"method": method, "step_size": step_size, "max_iter": 60}
    pairs = zip(optim.steps(f, **options), optim.steps(f, engine="numpy", **options), strict=False)
    first = before = None
    for ours, theirs in pairs:
        first, before = first or ours, before or ours
        decrease = before.objective - ours.objective
        if ours.step_size not in (0.0, 1.0) and decrease < 1e-6 * abs(ours.objective):
            break
        before = ours
        scale = max(1.0, np.abs(theirs.x).max())
        assert_allclose(ours.x, theirs.x, rtol=0, atol=1e-12 * scale)
        assert_allclose(ours.gradient, theirs.gradient, rtol=0, atol=1e-12 * first.gradient_norm)
        assert_allclose(ours.objective, theirs.objective, rtol=1e-12)
        if ours.gradient_norm < 1e-7 * first.gradient_norm:
            break
        assert (ours.direction is None) == (theirs.direction is None)
        if ours.direction is not None:
            size = np.abs(theirs.direction).max()
            assert_allclose(ours.direction, theirs.direction, rtol=0, atol=1e-8 * size)
            assert abs(ours.step_size - theirs.step_size) * size <= 1e-12 * scale
        assert_allclose(ours.regularization, theirs.regularization, rtol=1e-7)
        assert_allclose(ours.certificate, theirs.certificate, rtol=1e-5)
        assert (ours.n_passes, ours.n_inner) == (theirs.n_passes, theirs.n_inner)
    assert ours.iteration >= 1


@pytest.mark.parametrize(("method", "step_size"), PAIRS)
def test_the_twin_ends_in_the_same_way(f, method, step_size):
    """Same status and number of iterations, wherever a tolerance and not rounding ends the run."""
    options = {"method": method, "step_size": step_size, "tol": 1e-6}
    ours = optim.minimize(f, **options)
    theirs = optim.minimize(f, engine="numpy", **options)
    assert (ours.success, theirs.success) == (True, True)
    if ours.status in ("converged", "estimated"):
        assert (theirs.status, theirs.nit) == (ours.status, ours.nit)
        assert theirs.message == ours.message
    assert_allclose(theirs.fun, ours.fun, rtol=1e-12)


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize(("method", "step_size"), REFUSED)
def test_pairs_that_do_not_fit_are_refused_with_the_same_words(problem, method, step_size, engine):
    with pytest.raises(ValueError) as caught:
        list(optim.steps(problem.usual(), method=method, step_size=step_size, engine=engine))
    assert str(caught.value) == refusal(method, step_size)


@pytest.mark.parametrize("kind", ["directions", "step_sizes"])
def test_twins_have_the_same_hyper_parameters(kind):
    for name, record in records(kind).items():
        cls = getattr(reference.load(kind, name), record["class_name"])
        own = {p.name: p.default for p in inspect.signature(cls).parameters.values()}
        assert own == {field["name"]: default(field) for field in record["fields"]}


@pytest.mark.parametrize("kind", ["directions", "step_sizes"])
def test_hyper_parameters_reach_both_engines(kind, make_problem):
    """A value other than the default keeps the two engines together."""
    f = make_problem("logistic").usual()
    for name, record in records(kind).items():
        for field in record["fields"]:
            value = 0.4 * field["default"] if field["default"] < 2 else field["default"] // 4
            value = field["words"][0] if field["words"] else value
            options = {field["name"]: value, "max_iter": 4, "tol": 1e-4}
            at = 0 if kind == "directions" else 1
            pair = next(pair for pair in PAIRS if pair[at] == name)
            options |= {"method": pair[0], "step_size": pair[1]}
            ours = list(optim.steps(f, **options))
            theirs = list(optim.steps(f, engine="numpy", **options))
            assert len(ours) == len(theirs)
            assert_allclose(ours[-1].x, theirs[-1].x, rtol=0, atol=1e-12)
