"""Properties of single update rules, checked against something that is not the rule itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optlite import optim


def quadratic(seed=0, size=6, condition=50.0):
    """Return H, and f(x) = x^T H x / 2 with its gradient."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(size, size)))
    H = (Q * np.geomspace(1.0, condition, size)) @ Q.T
    return H, lambda x: 0.5 * x @ H @ x, lambda x: H @ x


def test_optimism_converges_on_a_bilinear_game_where_gradient_descent_does_not():
    """min over x, max over y of x y: descent in x, ascent in y."""

    def distance(rule):
        z = np.array([1.0, 1.0])
        state = rule.init(z)
        for _ in range(2000):
            rule.step(z, np.array([z[1], -z[0]]), state)
        return np.hypot(*z)

    assert distance(optim.SGD(learning_rate=0.1)) > 1e3
    assert distance(optim.OptimisticGD(learning_rate=0.1)) < 1e-3


def test_asgd_is_linear_and_has_the_eigenvalues_of_the_published_recursion():
    """On f = h x^2 / 2 the step is a 2 x 2 matrix in (x, x_bar)."""
    h, delta, kappa, xi, c = 3.0, 0.05, 20.0, 2.0, 0.7
    alpha = 1.0 - c**2 * xi / kappa
    to_bar = np.array([(1.0 - alpha) * (1.0 - kappa * delta * h / c), alpha])
    to_x = c * np.array([1.0 - delta * h, 0.0]) + (1.0 - alpha) * to_bar
    matrix = np.array([to_x / (c + 1.0 - alpha), to_bar])
    rule = optim.ASGD(learning_rate=delta, long_step=kappa, advantage=xi, small_constant=c)
    x = np.array([1.0])
    state = rule.init(x)
    for t in range(1, 30):
        rule.step(x, h * x, state)
        both = np.linalg.matrix_power(matrix, t) @ np.ones(2)
        assert_allclose([x[0], state.x_bar[0]], both, atol=1e-13)


def test_polyak_steps_onto_the_zero_of_the_linear_model():
    _, f, gradient = quadratic()
    x = np.arange(1.0, 7.0)
    rule = optim.Polyak(minimum=0.5)
    before, g = x.copy(), gradient(x)
    rule.step(x, g, rule.init(x), loss=f(x))
    assert_allclose(f(before) + g @ (x - before), 0.5, rtol=1e-12)


def test_polyak_converges_at_a_minimum_that_is_known():
    _, f, gradient = quadratic(condition=10.0)
    x = np.ones(6)
    rule = optim.Polyak()
    state = rule.init(x)
    for _ in range(300):
        rule.step(x, gradient(x), state, loss=f(x))
    assert np.abs(x).max() < 1e-10


def test_the_safeguard_leaves_large_gradients_alone_and_shortens_small_ones():
    x = np.array([3.0, 4.0])
    rule = optim.SPSSafe(safeguard=100.0)
    small, large = x.copy(), x.copy()
    rule.step(small, np.array([3.0, 4.0]), rule.init(x), loss=2.0)
    rule.step(large, np.array([30.0, 40.0]), rule.init(x), loss=2.0)
    assert_allclose(small, x - 2.0 / 100.0 * np.array([3.0, 4.0]))
    assert_allclose(large, x - 2.0 / 2500.0 * np.array([30.0, 40.0]))


def test_polyak_momentum_without_momentum_is_sps_max():
    _, f, gradient = quadratic()
    one, two = np.ones(6), np.ones(6)
    heavy, plain = optim.SPSMomentum(beta=0.0, bound=0.05), optim.SPSMax(bound=0.05)
    states = heavy.init(one), plain.init(two)
    for _ in range(20):
        heavy.step(one, gradient(one), states[0], loss=f(one))
        plain.step(two, gradient(two), states[1], loss=f(two))
        assert_allclose(one, two, rtol=1e-12)


@pytest.mark.parametrize("name", ["sania_adagrad_sqr", "sania_adam_sqr"])
def test_sania_does_not_see_the_scale_of_a_coordinate(name):
    """With z = x / d the gradient is d g: the same points, in other units."""
    _, f, gradient = quadratic()
    d = np.array([1.0, 10.0, 0.1, 3.0, 7.0, 0.5])
    rule = optim.from_name(name, eps=1e-30)
    x = np.arange(1.0, 7.0)
    z = x / d
    states = rule.init(x), rule.init(z)
    for _ in range(30):
        rule.step(x, gradient(x), states[0], loss=f(x))
        rule.step(z, d * gradient(d * z), states[1], loss=f(d * z))
        assert_allclose(d * z, x, rtol=1e-7, atol=1e-9)


def test_sania_stops_where_the_quadratic_model_reaches_the_minimum():
    g, x = np.array([1.0, -2.0, 0.5]), np.zeros(3)
    rule = optim.SANIAAdaGradSQR(eps=0.5, minimum=0.25)
    rule.step(x, g, rule.init(x), loss=1.0)
    B = np.maximum(g**2, 0.5)
    assert_allclose(1.0 + g @ x + 0.5 * x @ (B * x), 0.25, rtol=1e-12)


def test_psps_with_the_exact_diagonal_solves_a_separable_quadratic_by_halves():
    """With D = H Polyak's step is half of Newton's."""
    h = np.array([1.0, 10.0, 1000.0])
    x = np.array([3.0, -2.0, 1.0])
    rule = optim.PSPS()
    state = rule.init(x)
    for k in range(1, 6):
        rule.step(x, h * x, state, hessian_diag=h, loss=0.5 * (h * x * x).sum())
        assert_allclose(x, np.array([3.0, -2.0, 1.0]) / 2.0**k, rtol=1e-12)


def test_oasis_with_the_exact_diagonal_makes_newton_steps():
    h = np.array([1.0, 10.0, 1000.0])
    x = np.array([3.0, -2.0, 1.0])
    rule = optim.OASIS(learning_rate=0.25)
    state = rule.init(x)
    for k in range(1, 6):
        rule.step(x, h * x, state, hessian_diag=h)
        assert_allclose(x, np.array([3.0, -2.0, 1.0]) * 0.75**k, rtol=1e-12)


def test_the_step_size_of_oasis_finds_the_inverse_curvature_in_the_metric():
    """In the metric D = H the gradient changes as much as the point: the bound is 1/2."""
    h = np.array([1.0, 10.0, 1000.0])
    x = np.array([3.0, -2.0, 1.0])
    rule = optim.OASIS(learning_rate=1e-6, adaptive=True)
    state = rule.init(x)
    for _ in range(2):
        rule.step(x, h * x, state, hessian_diag=h)
    assert_allclose(state.rate, 0.5, rtol=1e-8)
    for _ in range(60):
        rule.step(x, h * x, state, hessian_diag=h)
    assert np.abs(x).max() < 1e-12


def test_oasis_keeps_its_step_size_where_nothing_changes():
    x = np.ones(2)
    rule = optim.OASIS(learning_rate=0.5, adaptive=True)
    state = rule.init(x)
    for _ in range(5):
        rule.step(x, np.zeros(2), state, hessian_diag=np.ones(2))
    assert np.isfinite(state.rate) and state.rate >= 0.5
    assert_allclose(x, 1.0)


def test_sophia_g_with_the_batch_in_the_estimate_or_beside_it():
    rng = np.random.default_rng(0)
    one, two = np.ones(5), np.ones(5)
    beside = optim.SophiaG(learning_rate=0.1, batch_size=8, update_period=1)
    within = beside.replace(batch_size=1)
    states = beside.init(one), within.init(two)
    for _ in range(10):
        g, sampled = rng.normal(size=5), rng.normal(size=5)
        beside.step(one, g, states[0], hessian_diag=sampled**2)
        within.step(two, g, states[1], hessian_diag=8 * sampled**2)
        assert_allclose(one, two, rtol=1e-12)


def test_sophia_g_is_sophia_h_with_another_estimate():
    rng = np.random.default_rng(1)
    one, two = np.ones(5), np.ones(5)
    g_rule = optim.SophiaG(learning_rate=0.1, beta1=0.9, gamma=0.2)
    h_rule = optim.SophiaH(learning_rate=0.1, beta1=0.9, gamma=0.2)
    states = g_rule.init(one), h_rule.init(two)
    for _ in range(25):
        g, h = rng.normal(size=5), rng.normal(size=5) ** 2
        g_rule.step(one, g, states[0], hessian_diag=h)
        h_rule.step(two, g, states[1], hessian_diag=h)
        assert_allclose(one, two, rtol=1e-12)


@pytest.mark.parametrize("cut", [[8], [3, 5]])
def test_swats_becomes_sgd_at_the_rate_that_it_found(cut):
    """A constant gradient of equal |g_i|: p = -eta g / |g_i|, so gamma = eta / |g_i|."""
    g = 0.5 * np.array([1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0])
    rule = optim.SWATS(learning_rate=0.01, tolerance=1e-6)
    params = np.split(np.zeros(8), np.cumsum(cut)[:-1])
    state = rule.init(params)
    path = [np.zeros(8)]
    for _ in range(6):
        rule.step(params, np.split(g, np.cumsum(cut)[:-1]), state)
        path.append(np.concatenate(params))
    steps = np.diff(path, axis=0)
    rate = 0.01 / 0.5
    assert_allclose(state.sgd_rate, rate, rtol=1e-6)
    # Two steps of Adam, then momentum from zero: 1 - 0.9^k of SGD's step.
    assert_allclose(steps[:2], np.array([-rate * g] * 2), rtol=1e-6)
    gain = 1.0 - 0.9 ** np.arange(1, 5)
    assert_allclose(steps[2:], -rate * gain[:, None] * g, rtol=1e-6)


def test_swats_is_adam_before_it_switches():
    rng = np.random.default_rng(2)
    one, two = np.ones(5), np.ones(5)
    rules = optim.SWATS(eps=1e-30), optim.Adam(eps=1e-30)
    states = [rule.init(one) for rule in rules]
    for _ in range(20):
        g = rng.normal(size=5)
        rules[0].step(one, g, states[0])
        rules[1].step(two, g, states[1])
        assert_allclose(one, two, rtol=1e-12)
    assert states[0].sgd_rate == 0.0


def signal_to_noise(grads):
    """Return the mean gradient, the mean square, and the ratio r of VRGD, from micro-batches."""
    mean = grads.mean(axis=0)
    r = mean**2 / grads.var(axis=0)
    return mean, (grads**2).mean(axis=0), np.clip(r / r.mean(), 0.1, 1.0)


def test_vrgd_scales_by_the_signal_to_noise_ratio_of_the_micro_batches():
    rng = np.random.default_rng(3)
    noise = np.array([0.01, 0.3, 1.0, 3.0])
    mean, squares, r = signal_to_noise(1.0 + noise * rng.normal(size=(16, 4)))
    x = np.zeros(4)
    rule = optim.VRGDSGD(learning_rate=0.5, variance_eps=1e-12)
    rule.step(x, mean, rule.init(x), squared_grads=squares)
    assert_allclose(x, -0.5 * r * mean, rtol=1e-6)
    assert r[0] == 1.0 and r[3] == 0.1


def test_vrgd_is_gradient_descent_where_all_coordinates_are_equally_noisy():
    x, g = np.zeros(4), np.array([1.0, -2.0, 0.5, 3.0])
    rule = optim.VRGDSGD(learning_rate=0.5)
    rule.step(x, g, rule.init(x), squared_grads=1.7 * g**2)
    assert_allclose(x, -0.5 * g, rtol=1e-12)


def test_vrgd_adam_is_adam_on_scaled_gradients():
    rng = np.random.default_rng(4)
    one, two = np.ones(6), np.ones(6)
    rules = optim.VRGDAdam(beta3=0.0, variance_eps=1e-12), optim.Adam()
    states = [rule.init(one) for rule in rules]
    for _ in range(20):
        mean, squares, r = signal_to_noise(0.4 + rng.normal(size=(8, 6)))
        rules[0].step(one, mean, states[0], squared_grads=squares)
        rules[1].step(two, r * mean, states[1])
        assert_allclose(one, two, rtol=1e-7)


def separable(seed=5, rows=40, columns=5):
    """Return rows y_i a_i that some hyperplane has on one side."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, columns))
    return A * np.sign(A @ rng.normal(size=columns))[:, None]


def logistic(Z, x):
    """Return the mean logistic loss of margins Z x, and its gradient."""
    margins = Z @ x
    residual = np.exp(-np.logaddexp(0.0, margins))
    return np.logaddexp(0.0, -margins).mean(), -(Z.T @ residual) / len(Z)


def test_lr_perceptron_with_one_example_moves_along_it_at_constant_speed():
    z = np.array([[1.0, -2.0]])
    x = np.array([0.3, 0.4])
    rule = optim.LRPerceptron(learning_rate=0.1)
    state = rule.init(x)
    for k in range(1, 50):
        loss, g = logistic(z, x)
        rule.step(x, g, state, loss=loss)
        assert_allclose(x, np.array([0.3, 0.4]) + 0.1 * k * z[0], atol=1e-10)


def test_lr_perceptron_with_huge_steps_is_the_batch_perceptron():
    Z = separable()
    x, w = np.zeros(5), Z.mean(axis=0)
    rule = optim.LRPerceptron(learning_rate=1e8)
    state = rule.init(x)
    mistakes = []
    for _ in range(200):
        loss, g = logistic(Z, x)
        rule.step(x, g, state, loss=loss)
        wrong = Z @ w < 0.0
        mistakes.append(wrong.sum())
        if not wrong.any():
            break
        assert_allclose(x / 1e8, w, rtol=1e-5, atol=1e-6)
        w = w + Z[wrong].sum(axis=0) / len(Z)
    assert mistakes[0] > 0 and mistakes[-1] == 0
    assert (Z @ x > 0.0).all()


def test_adahessian_with_the_exact_diagonal_does_not_see_the_scale_of_a_coordinate():
    """z = x / c has the gradient c g and the curvature c^2 h: with k = 1 the same points."""
    h, c = np.array([1.0, 10.0, 1000.0]), np.array([0.1, 5.0, 2.0])
    x = np.array([3.0, -2.0, 1.0])
    z = x / c
    rule = optim.AdaHessian(learning_rate=0.3, eps=1e-300)
    states = rule.init(x), rule.init(z)
    for _ in range(50):
        rule.step(x, h * x, states[0], hessian_diag=h)
        rule.step(z, c * h * (c * z), states[1], hessian_diag=c**2 * h)
        assert_allclose(c * z, x, rtol=1e-10)
    plain = optim.AdaHessian(learning_rate=1.0, beta1=0.0, eps=1e-300)
    plain.step(x, h * x, plain.init(x), hessian_diag=h)
    assert_allclose(x, 0.0, atol=1e-14)  # a step of Newton


@pytest.mark.parametrize("power", [0.0, 0.25, 0.5, 1.0])
def test_the_hessian_power_interpolates_between_momentum_and_newton(power):
    g, h = np.array([1.0, -2.0, 3.0]), np.array([1e-4, 1.0, 1e6])
    x = np.zeros(3)
    rule = optim.AdaHessian(learning_rate=1.0, beta1=0.0, eps=1e-300, hessian_power=power)
    rule.step(x, g, rule.init(x), hessian_diag=-h)
    assert_allclose(x, -g / h**power, rtol=1e-12)


def test_adahessian_with_gradients_for_diagonals_is_adam():
    rng = np.random.default_rng(5)
    one, two = np.ones(5), np.ones(5)
    rules = optim.AdaHessian(0.01, eps=1e-8), optim.Adam(0.01)
    states = [rule.init(one) for rule in rules]
    for _ in range(20):
        g = rng.normal(size=5)
        rules[0].step(one, g, states[0], hessian_diag=g)
        rules[1].step(two, g, states[1])
        assert_allclose(one, two, rtol=1e-13)


def test_core_holds_still_what_lowered_the_loss_most():
    """The score is the mean of a u over h steps; then a quarter of the coordinates rests."""
    history, rng = 6, np.random.default_rng(7)
    rule = optim.CoRe(weight_decay=0.0, score_history=history, frozen=0.25)
    h = rng.uniform(0.1, 10.0, size=8)
    x = rng.normal(size=8)
    state = rule.init(x)
    gained = np.zeros(8)
    for _ in range(history):
        before = x.copy()
        rule.step(x, h * x, state)
        gained += state.a * (before - x) / history
        assert (x != before).all()
    assert_allclose(state.S, gained, rtol=1e-10)
    for _ in range(5):
        best, before, scores = np.argsort(state.S)[-2:], x.copy(), state.S.copy()
        steps = state.s.copy()
        rule.step(x, h * x, state)
        assert sorted(np.flatnonzero(x == before)) == sorted(best)
        assert_allclose(state.s[best], steps[best])
        kept = (1.0 - 1.0 / history) * scores
        assert_allclose(state.S, kept + state.a * (before - x) / history, rtol=1e-9)


def test_core_that_freezes_nothing_is_core():
    one, two = np.ones((3, 4)), np.ones((3, 4))
    rules = optim.CoRe(), optim.CoRe(score_history=3, frozen=0.05)  # less than one of twelve
    states = [rule.init(one) for rule in rules]
    rng = np.random.default_rng(8)
    for _ in range(10):
        g = rng.normal(size=(3, 4))
        rules[0].step(one, g, states[0])
        rules[1].step(two, g, states[1])
        assert_allclose(one, two, rtol=1e-15)
