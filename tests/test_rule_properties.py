"""What papers prove of update rules, checked by numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from optlite import objectives, optim


def run(rule, x, gradient, steps, project=None):
    """Step a rule along gradient(x, t) and return all points."""
    x = np.array(x, dtype=float)
    state, points = rule.init(x), [x.copy()]
    for t in range(1, steps + 1):
        rule.step(x, np.asarray(gradient(x, t), dtype=float), state)
        if project is not None:
            x[...] = project(x)
        points.append(x.copy())
    return np.array(points)


@pytest.mark.parametrize("name", ["lion", "mars_lion"])
def test_lion_stays_in_its_box(name):
    """Chen et al. 2024: decay w keeps |x| <= 1 / w, and from outside brings x there."""
    w, rng = 0.5, np.random.default_rng(0)
    rule = optim.from_name(name, learning_rate=0.05, weight_decay=w)
    inside = run(rule, rng.uniform(-2, 2, 50), lambda x, t: rng.normal(size=50) * 10 - 30, 500)
    assert np.abs(inside).max() <= 1.0 / w * (1 + 1e-12)
    assert_allclose(inside[-1], 1.0 / w, rtol=1e-4)  # a constant sign drives x to the wall
    outside = run(rule, np.full(50, 40.0), lambda x, t: rng.normal(size=50), 500)
    assert np.abs(outside[-1]).max() <= 1.0 / w


def test_lion_k_goes_from_a_proportional_step_to_the_sign():
    """Chen et al. 2024, table 2: K is |u| as delta vanishes, |u|^2 / (2 delta) for a large one."""
    rng = np.random.default_rng(7)
    grads = rng.normal(size=(20, 6))
    options = {"learning_rate": 0.01, "weight_decay": 0.1}

    def points(rule):
        return run(rule, np.ones(6), lambda x, t: grads[t - 1], 20)

    assert_allclose(points(optim.LionK(delta=1e-12, **options)), points(optim.Lion(**options)))
    first = points(optim.LionK(delta=50.0, **options))[1]
    assert_allclose(first, 0.999 * np.ones(6) - 0.01 * 0.1 * grads[0] / 50.0, rtol=1e-13)


def test_amsgrad_converges_where_adam_does_not():
    """Reddi, Kale and Kumar 2018, section 3: f_t = C x every third step, -x otherwise, on [-1, 1].

    The mean slope (C - 2) / 3 is positive: the best point is -1.
    """
    C, steps = 3.0, 6000
    options = {"beta1": 0.0, "beta2": 1.0 / (1.0 + C**2), "eps": 1e-30}

    def gradient(x, t):
        return [C if t % 3 == 1 else -1.0]

    def rate(t):
        return 0.5 / np.sqrt(t)

    def end(rule):
        points = run(rule, [0.0], gradient, steps, project=lambda x: np.clip(x, -1, 1))
        return points[-300:].mean()

    assert end(optim.Adam(rate, **options)) > 0.9
    assert end(optim.AMSGrad(rate, **options)) < -0.9


@pytest.mark.parametrize(
    "name",
    [
        "adam",
        "adamw",
        "amsgrad",
        "nadam",
        "adamax",
        "rmsprop",
        "adagrad",
        "lion",
        "grams",
        "signsgd",
        "adan",
        "ademamix",
        "adadelta",
        "normalized_gd",
        "rprop",
    ],
)
def test_scaled_gradients_give_the_same_steps(name):
    """Kingma and Ba 2015, section 2.1: the steps do not depend on the scale of the gradient."""
    rng = np.random.default_rng(1)
    grads = rng.normal(size=(30, 8))
    eps = {"eps": 1e-200} if "eps" in optim.from_name(name).hyperparameters() else {}
    rule = optim.from_name(name, learning_rate=0.01, **eps)
    one = run(rule, np.ones(8), lambda x, t: grads[t - 1], 30)
    scaled = run(rule, np.ones(8), lambda x, t: 2.0**40 * grads[t - 1], 30)
    assert_allclose(scaled, one, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("name", ["dog", "ldog"])
def test_dog_needs_no_rate(name, scale):
    """Ivgi, Hinder and Carmon 2023: whatever the scale of the problem, within a log factor."""
    rng = np.random.default_rng(2)
    A = np.diag(np.linspace(1.0, 10.0, 10)) * scale
    target = rng.normal(size=10)
    points = run(optim.from_name(name), np.zeros(10), lambda x, t: A @ (x - target), 3000)
    values = [0.5 * (x - target) @ A @ (x - target) for x in (points[0], points[-1])]
    assert values[1] < 1e-6 * values[0]


def test_momentum_has_the_rate_that_the_spectrum_predicts():
    """Polyak 1964: (sqrt(kappa) - 1) / (sqrt(kappa) + 1) with the best momentum and rate."""
    low, high = 1.0, 100.0
    eigenvalues = np.geomspace(low, high, 20)
    root = (np.sqrt(high / low) - 1) / (np.sqrt(high / low) + 1)
    rule = optim.Momentum(4 / (np.sqrt(low) + np.sqrt(high)) ** 2, momentum=root**2)
    points = run(rule, np.ones(20), lambda x, t: eigenvalues * x, 300)
    sizes = np.linalg.norm(points, axis=1)
    measured = (sizes[250] / sizes[100]) ** (1 / 150)
    assert_allclose(measured, root, rtol=0.01)
    plain = run(optim.SGD(2 / (low + high)), np.ones(20), lambda x, t: eigenvalues * x, 300)
    slower = np.linalg.norm(plain[250]) / np.linalg.norm(plain[100])
    assert_allclose(slower ** (1 / 150), (high - low) / (high + low), rtol=0.01)


def test_polyak_steps_on_an_interpolation_problem():
    """Loizou et al. 2021: with f* = 0 for every sample, steps from single losses converge."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 10))
    y = X @ rng.normal(size=10)  # every sample can be fitted exactly
    f = objectives.LeastSquares(X, y)
    rule, x = optim.SPSMax(c=0.5, bound=100.0), np.zeros(10)
    state = rule.init(x)
    first = f.value(x)
    for t in range(2000):
        value, gradient = f.batch([t % 40]).value_and_gradient(x)
        rule.step(x, gradient, state, loss=value)
    assert f.value(x) < 1e-12 * first


def test_second_moment_of_yogi_changes_by_a_bounded_amount():
    """Zaheer et al. 2018: |v_t - v_(t-1)| = (1 - beta2) g_t^2, whatever v is."""
    rule = optim.Yogi(beta2=0.9)
    x = np.zeros(5)
    state = rule.init(x)
    rng = np.random.default_rng(4)
    for _ in range(20):
        before, g = state.v.copy(), rng.normal(size=5) * 10 ** rng.uniform(-3, 3, 5)
        rule.step(x, g, state)
        error = np.abs(np.abs(state.v - before) - 0.1 * g**2)
        assert (error <= 1e-15 * np.maximum(state.v, before)).all()


def test_steps_of_normalized_descent_have_one_length():
    rng = np.random.default_rng(5)
    points = run(optim.NormalizedGD(0.3), np.ones(4), lambda x, t: rng.normal(size=4) * 9.0**t, 20)
    assert_allclose(np.linalg.norm(np.diff(points, axis=0), axis=1), 0.3, rtol=1e-12)


def test_lamb_moves_each_tensor_by_its_own_size():
    """You et al. 2020: a step has the length eta |x|."""
    rng = np.random.default_rng(6)
    params = [rng.normal(size=(3, 4)), 1e4 * rng.normal(size=6)]
    before = [p.copy() for p in params]
    rule = optim.LAMB(0.02)
    rule.step(params, [rng.normal(size=p.shape) for p in params], rule.init(params))
    for x, old in zip(params, before, strict=True):
        assert_allclose(np.linalg.norm(x - old), 0.02 * np.linalg.norm(old), rtol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "adam", "lion", "rmsprop"])
@pytest.mark.parametrize(
    ("form", "factor"),
    [("decoupled", 0.99), ("fixed", 0.9), ("proximal", 1 / 1.01), ("decoupled_after", 0.99)],
)
def test_without_a_gradient_weights_decay_geometrically(name, form, factor):
    """eta = 0.1, w = 0.1: only the form of the decay decides, not the rule."""
    rule = optim.from_name(name, learning_rate=0.1, weight_decay=0.1, weight_decay_form=form)
    points = run(rule, np.ones(3), lambda x, t: np.zeros(3), 20)
    assert_allclose(points[-1], factor**20, rtol=1e-12)


def test_decoupled_decay_ignores_the_size_of_the_gradient():
    """Loshchilov and Hutter 2019: L2 decay is divided by the root of the second moment, too."""
    g = np.array([1.0, 100.0])
    steps = {}
    for form, w in itertools.product(("l2", "decoupled"), (0.0, 0.1)):
        rule = optim.Adam(0.01, weight_decay=w, weight_decay_form=form)
        steps[form, w] = run(rule, np.ones(2), lambda x, t: g * (-1) ** t, 50)[-1]
    pulled = {form: steps[form, 0.0] - steps[form, 0.1] for form in ("l2", "decoupled")}
    assert_allclose(pulled["decoupled"][0], pulled["decoupled"][1], rtol=1e-2)
    assert pulled["l2"][0] > 20 * abs(pulled["l2"][1])


@pytest.mark.parametrize("rate", [0.1, 1.0, 100.0])
def test_adagrad_norm_converges_for_any_rate(rate):
    """Ward, Wu and Bottou 2019: no knowledge of the smoothness is needed."""
    scales = np.linspace(1.0, 5.0, 6)
    rule = optim.AdaGradNorm(rate, b0=1e-6)
    points = run(rule, np.ones(6), lambda x, t: scales * x, 20000)
    gradients = np.linalg.norm(points * scales, axis=1)
    assert gradients[-1] < 0.05 * gradients[0]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.floats(1e-4, 1.0))
def test_steps_of_adam_are_bounded(gradients, rate):
    """Kingma and Ba 2015, section 2.1: |step| <= eta (1 - beta1) / sqrt(1 - beta2), bias aside."""
    rule = optim.Adam(rate)
    points = run(rule, [0.0], lambda x, t: [gradients[t - 1]], len(gradients))
    bound = rate * max(1.0, (1 - 0.9) / np.sqrt(1 - 0.999))
    # The bias corrections can add as much again in the first steps.
    assert np.abs(np.diff(points, axis=0)).max() <= 2.0 * bound * (1 + 1e-9)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
@pytest.mark.parametrize("name", ["normalized_gd", "lars", "adagrad_norm", "novograd"])
def test_norms_in_single_precision_neither_overflow_nor_vanish(name, scale):
    """Squares of such gradients are no floats; the steps are those of gradients of size one."""
    g = np.linspace(1.0, 2.0, 5, dtype=np.float32)
    small = {"b0": 1e-40} if name == "adagrad_norm" else {}
    small |= {"eps": 1e-40} if name == "novograd" else {}
    rule = optim.from_name(name, learning_rate=0.01, **small)
    steps = []
    for size in (1.0, scale):
        x = np.ones(5, np.float32)
        rule.step(x, g * np.float32(size), rule.init(x))
        steps.append(1.0 - x)
    assert_allclose(steps[1], steps[0], rtol=1e-4)


@pytest.mark.parametrize("rate", [1.0, 10.0, 1000.0])
def test_the_mean_of_normalised_descent_separates_within_the_steps_that_its_paper_bounds(rate):
    """Zhang et al. 2025: phi = log(exp(f) - 1) is convex with slopes of at most one where |z| <= 1.

    With a margin mu the mean of t points has phi <= -eta (mu^2 t - 1) / 2, and phi < log(log 2 / n)
    says that each loss is below log 2: all rows are on their side.
    """
    rng, n = np.random.default_rng(8), 60
    normal = np.array([0.6, -0.8, 0.0, 0.0])
    rows = rng.normal(size=(n, 4))
    rows *= (np.sign(rows @ normal) / np.linalg.norm(rows, axis=1))[:, None]
    rows += 0.05 * normal
    rows /= np.linalg.norm(rows, axis=1).max()
    mu = (rows @ normal).min()
    enough = int(np.ceil(1 / mu**2 + 2 * np.log(n / np.log(2)) / (rate * mu**2)))
    assert 0.02 < mu < 0.2 and enough < 4000

    def loss(x):
        return np.logaddexp(0.0, -rows @ x).mean()

    x, total = np.zeros(4), np.zeros(4)
    rule = optim.LRPerceptron(rate)
    state = rule.init(x)
    for t in range(1, enough + 1):
        total += x
        phi = np.log(np.expm1(loss(total / t)))
        assert phi <= -rate * (mu**2 * t - 1.0) / 2.0 + 1e-9
        slopes = -rows.T @ np.exp(-np.logaddexp(0.0, rows @ x)) / n
        rule.step(x, slopes, state, loss=loss(x))
    assert (rows @ total > 0.0).all()


def test_schedule_free_without_interpolation_is_gradient_descent_and_the_mean_of_its_points():
    """On a quadratic: with y = z the points z are those of descent, and x is their average."""
    h, x = np.array([1.0, 4.0, 9.0]), np.ones(3)
    free, descent = optim.ScheduleFreeSGD(0.1, momentum=1e-6), optim.SGD(0.1)
    y, points = np.ones(3), []
    states = free.init(y), descent.init(x)
    for _ in range(40):
        free.step(y, h * y, states[0])
        descent.step(x, h * x, states[1])
        points.append(x.copy())
    assert_allclose(states[0]["z"], x, rtol=1e-3, atol=1e-7)
    assert_allclose(free.evaluation_point(y, states[0]), np.mean(points, axis=0), rtol=1e-4)
