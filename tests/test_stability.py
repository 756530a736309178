"""Thresholds of update rules, and the sharpness along their runs."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator

from optlite import objectives, optim
from optlite.curvature import (
    FiniteDifferenceOperator,
    GaussNewtonOperator,
    HessianOperator,
    PreconditionedOperator,
    SharpnessTracker,
    adam_preconditioner,
    gradient_in_top_subspace,
    growth_factor,
    sharpness,
    stability_threshold,
    subspace_overlap,
)

RATE = 0.1
RULES = {
    "gradient descent": (optim.SGD(RATE), 2.0 / RATE),
    "heavy ball": (optim.Momentum(RATE, momentum=0.9), 2.0 * 1.9 / RATE),
    "damped heavy ball": (optim.Momentum(RATE, momentum=0.5, dampening=0.5), 6.0 / RATE),
    "nesterov": (optim.Nesterov(RATE, momentum=0.9), 3.8 / (2.8 * RATE)),
}


def grows(rule, curvature, steps=4000, hold=lambda state: None):
    """Whether a run on a quadratic of one variable ends farther away than it was half way."""
    x = np.array([1e-100])
    state = rule.init(x)
    sizes = []
    for _ in range(steps):
        hold(state)
        rule.step(x, curvature * x, state)
        sizes.append(abs(x[0]))
        if sizes[-1] > 1e100:
            return True
    return max(sizes[-50:]) > max(sizes[steps // 2 : steps // 2 + 50])


@pytest.mark.parametrize("name", RULES)
def test_thresholds_are_where_runs_on_quadratics_begin_to_grow(name):
    rule, expected = RULES[name]
    assert stability_threshold(rule) == pytest.approx(expected, rel=1e-12)
    assert not grows(rule, 0.99 * expected) and grows(rule, 1.01 * expected)
    factors = growth_factor(rule, [expected * (1 - 1e-9), expected * (1 + 1e-9)])
    assert factors[0] <= 1.0 < factors[1]


@pytest.mark.parametrize("beta1", [0.0, 0.9])
def test_threshold_of_adam_is_for_the_preconditioned_hessian(beta1):
    """With the mean of the squared gradients held at 1, Adam's steps are linear: P is 1."""
    beta2 = 0.999999
    rule = optim.Adam(RATE, beta1=beta1, beta2=beta2, eps=1e-12)

    def hold(state):
        state.v[...] = (1.0 - beta2 ** (state.t + 1)) / beta2  # the step takes beta2 of it

    threshold = stability_threshold(rule)
    assert threshold == pytest.approx(2.0 * (1.0 + beta1) / ((1.0 - beta1) * RATE))
    assert not grows(rule, 0.99 * threshold, hold=hold)
    assert grows(rule, 1.01 * threshold, hold=hold)


def test_growth_factors_are_those_of_the_companion_matrices():
    for curvature in np.linspace(0.0, 60.0, 13):
        s, mu = RATE * curvature, 0.9
        heavy = [[1.0 + mu - s, -mu], [1.0, 0.0]]
        ahead = [[(1.0 + mu) * (1.0 - s), -mu * (1.0 - s)], [1.0, 0.0]]
        for name, matrix in (("momentum", heavy), ("nesterov", ahead)):
            modulus = np.abs(np.linalg.eigvals(matrix)).max()
            found = growth_factor(name, curvature, learning_rate=RATE, momentum=mu)
            assert found == pytest.approx(modulus, abs=1e-7)  # a double root loses half the digits


def test_measured_growth_is_the_growth_factor():
    rule = optim.Momentum(RATE, momentum=0.9)
    x = np.array([1.0])
    state, sizes = rule.init(x), []
    for _ in range(300):
        rule.step(x, 40.0 * x, state)
        sizes.append(abs(x[0]))
    assert sizes[-1] / sizes[-2] == pytest.approx(growth_factor(rule, 40.0), rel=1e-9)


def test_adam_preconditioner_is_what_a_step_divides_by():
    rule = optim.Adam(0.01, beta1=0.7, beta2=0.9, eps=1e-3)
    x = np.array([1.0, -2.0, 3.0])
    state = rule.init(x)
    for t in range(1, 5):
        before = x.copy()
        rule.step(x, np.array([1.0, 5.0, -0.1]) * t, state)
        P = adam_preconditioner(state.v, state.t, beta1=0.7, beta2=0.9, eps=1e-3)
        assert before - x == pytest.approx(0.01 * state.m / P, rel=1e-12)


def test_preconditioned_operator_is_the_matrix():
    X = np.random.default_rng(0).normal(size=(30, 5))
    H = HessianOperator(objectives.Logistic(X, np.arange(30) % 2, alpha=0.1), np.zeros(5))
    p = np.linspace(0.5, 4.0, 5)
    dense = H.to_dense() / np.sqrt(np.outer(p, p))
    assert PreconditionedOperator(H, p).to_dense() == pytest.approx(dense, rel=1e-13)
    eigenvalues = np.sort(np.linalg.eigvals(H.to_dense() / p[:, None]).real)
    assert np.linalg.eigvalsh(PreconditionedOperator(H, p).to_dense()) == pytest.approx(eigenvalues)


# --- the tracker ----------------------------------------------------------------------------------

X = np.random.default_rng(3).normal(size=(60, 6))
NET = objectives.MLP(X, np.sin(X[:, 0]) + X[:, 1] ** 2, hidden=(12, 8))


def exact(objective, w):
    return np.linalg.eigvalsh(objective.hessian(w))


@pytest.mark.parametrize("k", [1, 3])
def test_tracker_follows_the_largest_eigenvalues(k):
    rule = optim.SGD(0.05)
    tracker = SharpnessTracker(NET, k, rule=rule, every=20, tol=1e-6)
    points = {}
    for record in tracker.follow(optim.steps(NET, NET.init(0), rule, max_iter=200)):
        points[record.iteration] = record.x
    assert tracker.iterations.tolist() == list(range(0, 201, 20))
    for found in tracker.records:
        values = exact(NET, points[found.iteration])
        assert found.eigenvalues == pytest.approx(values[-k:], rel=1e-6)
        assert abs(found.sharpness - values[-1]) <= found.residual_bound
        assert found.converged
        assert found.objective == pytest.approx(NET.value(points[found.iteration]))
    vectors = np.linalg.eigh(NET.hessian(points[200]))[1][:, -k:]
    assert subspace_overlap(vectors, tracker.eigenvectors) == pytest.approx(1.0, abs=1e-6)
    g = NET.gradient(points[200])
    share = np.sum((vectors.T @ g) ** 2) / (g @ g)
    assert tracker.records[-1].gradient_share == pytest.approx(share, rel=1e-3, abs=1e-7)


def test_a_warm_start_needs_few_products():
    rule = optim.SGD(0.01)
    tracker = SharpnessTracker(NET, rule=rule, every=5)
    for _ in tracker.follow(optim.steps(NET, NET.init(0), rule, max_iter=100)):
        pass
    warm = np.median([each.n_products for each in tracker.records[1:]])
    cold = np.median([sharpness(NET, NET.init(0), random_state=k).n_products for k in range(5)])
    assert 9 <= warm <= 15 and warm < cold  # at least 3 steps with a block of 3


def test_an_eigenvalue_that_overtakes_is_noticed():
    """The start is an exact eigenvector, of an eigenvalue that is not the largest any more."""
    values = np.linspace(0.0, 1.0, 60)
    moved = values.copy()
    moved[10] = 3.0
    tracker = SharpnessTracker(objectives.Quadratic(values), tol=1e-6)
    tracker.measure(np.zeros(60))
    tracker.objective = objectives.Quadratic(moved)
    assert tracker.measure(np.zeros(60)).sharpness == pytest.approx(3.0, rel=1e-5)


def test_tracker_is_a_callback_and_the_same_each_time():
    f = objectives.Logistic(X, X[:, 0] > 0.0, alpha=0.01)
    runs = []
    for _ in range(2):
        tracker = SharpnessTracker(f, every=2)
        optim.minimize(f, method="newton", callback=tracker)
        runs.append(tracker)
    assert (
        runs[0].iterations.tolist() == sorted(set(runs[0].iterations)) and len(runs[0].records) > 2
    )
    assert np.array_equal(runs[0].sharpness, runs[1].sharpness)
    assert runs[0].threshold is None


def test_tracker_takes_other_operators_and_small_or_plain_objectives():
    w = NET.init(1)
    gauss_newton = np.linalg.eigvalsh(GaussNewtonOperator(NET, w).to_dense())[-1]
    assert sharpness(NET, w, operator=GaussNewtonOperator).sharpness == pytest.approx(
        gauss_newton, rel=1e-3
    )
    bowl = objectives.from_callable(lambda x: x @ x, lambda x: 2.0 * x, shape=30)
    found = sharpness(bowl, np.ones(30), operator=FiniteDifferenceOperator)
    assert found.sharpness == pytest.approx(2.0, rel=1e-6)
    assert sharpness(objectives.Rosenbrock(2), [1.0, 1.0]).sharpness == pytest.approx(
        np.linalg.eigvalsh([[802.0, -400.0], [-400.0, 200.0]])[-1]
    )


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
def test_a_run_that_diverges_is_followed_to_its_end():
    f = objectives.from_callable(
        lambda x: np.sum(np.cosh(x)), np.sinh, 2, hvp=lambda x, v: np.cosh(x) * v
    )
    rule = optim.SGD(1.0)
    tracker = SharpnessTracker(f, rule=rule)
    run = list(tracker.follow(optim.steps(f, [1.0, 5.0], rule, max_iter=50)))
    assert not np.isfinite(run[-1].objective)
    assert 1 <= len(tracker.records) < len(run)
    assert np.isfinite(tracker.sharpness).all()


def test_tracker_preconditions_for_adam():
    rule = optim.Adam(1e-2)
    tracker = SharpnessTracker(NET, rule=rule, every=15, tol=1e-6)
    records = {
        r.iteration: r for r in tracker.follow(optim.steps(NET, NET.init(0), rule, max_iter=30))
    }
    assert tracker.iterations.tolist() == [15, 30]  # at 0 no square is known
    for found in tracker.records:
        record = records[found.iteration]
        P = adam_preconditioner(record.state["v"], record.iteration)
        dense = NET.hessian(record.x) / np.sqrt(np.outer(P, P))
        assert found.sharpness == pytest.approx(np.linalg.eigvalsh(dense)[-1], rel=1e-5)
        assert np.isnan(found.gradient_share)
    assert tracker.threshold == pytest.approx(3800.0)


def test_gradient_in_the_top_subspace():
    w = NET.init(2)
    H, g = NET.hessian(w), NET.gradient(w)
    U = np.linalg.eigh(H)[1][:, -4:]
    found = gradient_in_top_subspace(NET, w, 4, learning_rate=0.01)
    assert found.share == pytest.approx(np.sum((U.T @ g) ** 2) / (g @ g), rel=1e-8)
    assert found.share_at_random == 4 / NET.dim
    model = 0.01 * g @ g - 0.5 * 0.01**2 * g @ H @ g
    assert found.decrease_inside + found.decrease_outside == pytest.approx(model, rel=1e-8)
    inside = U @ (U.T @ g)
    assert found.decrease_inside == pytest.approx(
        0.01 * inside @ g - 0.5 * 0.01**2 * inside @ H @ inside, rel=1e-8
    )
    own = gradient_in_top_subspace(NET, w, 2, gradient=U[:, 2])
    assert own.share == pytest.approx(1.0, abs=1e-8) and np.isnan(own.decrease_inside)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: stability_threshold("lion"), ValueError, "rule must be one of sgd, momentum"),
        (lambda: stability_threshold(3), TypeError, "rule must be a Rule or its name, got int"),
        (
            lambda: stability_threshold(optim.SGD(lambda t: 1.0 / t)),
            TypeError,
            "learning_rate must be a number, got a schedule",
        ),
        (
            lambda: stability_threshold("sgd", weight_decay=0.1, weight_decay_form="l2"),
            ValueError,
            "weight_decay must be 0, got 0.1",
        ),
        (lambda: adam_preconditioner([1.0], 0), ValueError, "t must be >= 1, got 0"),
        (lambda: adam_preconditioner([-1.0], 1), ValueError, "v must hold finite numbers >= 0"),
        (
            lambda: PreconditionedOperator(HessianOperator(NET, NET.init(0)), [1.0]),
            ValueError,
            "diagonal must have 197 numbers, got 1",
        ),
        (lambda: SharpnessTracker(NET, 0), ValueError, "k must be in"),
        (lambda: SharpnessTracker(NET, tol=1.0), ValueError, r"tol must be in \(0, 1\)"),
        (lambda: SharpnessTracker(NET, operator=1), TypeError, "operator must be callable"),
        (
            lambda: gradient_in_top_subspace(NET, NET.init(0), 1, gradient=[1.0]),
            ValueError,
            "gradient must hold 197 finite numbers",
        ),
        (
            lambda: subspace_overlap(np.ones((3, 2)), np.ones((3, 2))),
            ValueError,
            "U must have orthonormal columns",
        ),
        (
            lambda: subspace_overlap(np.eye(3), np.eye(4)),
            ValueError,
            "U and V must be matrices of one shape",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_tracker_reports_asymmetry():
    A = np.diag(np.linspace(0.0, 1.0, 60))
    A[3, 7] += 0.5
    linear = LinearOperator(A.shape, matvec=lambda v: A @ v, dtype=float)
    with pytest.warns(RuntimeWarning, match=r"operator is not symmetric.*\(SharpnessTracker\)"):
        sharpness(objectives.Quadratic(np.ones(60)), np.zeros(60), operator=lambda f, w: linear)


def test_limits():
    assert stability_threshold("sgd", learning_rate=0.0) == np.inf
    cut = SharpnessTracker(NET, max_products=9, tol=1e-12).measure(NET.init(0))
    values = exact(NET, NET.init(0))
    assert not cut.converged and cut.n_products == 9
    assert np.abs(values - cut.sharpness).min() <= cut.residual_bound
