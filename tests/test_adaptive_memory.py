"""Adaptive memory momentum against the model that it comes from, minimised numerically.

Of the paper (arXiv 2510.04988) only the abstract and the introduction were at hand: two planes, one
of the present gradient and one of the accumulated ones, in a proximal framework. A public
implementation, AM_MSGD and AM_AdamW, gives the expressions of its algorithms 1 and 3; they are
written here as it has them, unsimplified, with its settings lambda = 0.1, bounds 0.9 and 0.89, the
first direction g, and for AdamW the first weight at its bound. Our derivation gives the same.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from optlite import optim


def minimise_model(g, d, gap, P, rate, lamb, decay=0.0, x=0.0):
    """Minimise the larger of two planes plus quadratics, as a smooth problem with a bound.

    Variables are the step s and the height h of the planes: h >= <g, s>, h >= gap + <d, s>.
    """

    def objective(z):
        s, h = z[:-1], z[-1]
        quadratics = s @ (P * s) + lamb * np.sum((P * s + rate * d) ** 2)
        return h + quadratics / (2.0 * rate) + 0.5 * decay * (x + s) @ (P * (x + s))

    def slope(z):
        s = z[:-1]
        pull = P * s / rate + lamb * P * (P * s + rate * d) / rate + decay * P * (x + s)
        return np.append(pull, 1.0)

    planes = [
        {"type": "ineq", "fun": lambda z: z[-1] - g @ z[:-1], "jac": lambda z: np.append(-g, 1.0)},
        {
            "type": "ineq",
            "fun": lambda z: z[-1] - gap - d @ z[:-1],
            "jac": lambda z: np.append(-d, 1.0),
        },
    ]
    start = np.append(-rate * g / P, 0.0)
    options = {"ftol": 1e-15, "maxiter": 500}
    found = minimize(
        objective, start, jac=slope, constraints=planes, method="SLSQP", options=options
    )
    return found.x[:-1]


@pytest.mark.parametrize("lamb", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_steps_minimise_the_model_of_two_planes(seed, lamb):
    """beta_max = 1: nothing but the model decides. Rates change, as with a schedule."""
    rng = np.random.default_rng(seed)
    g1, g2 = rng.normal(size=(2, 5))
    g2 += rng.uniform(-1.0, 1.0) * g1
    rates = [0.3, 0.2]
    rule = optim.AMMGD(lambda t: rates[t - 1], beta_max=1.0, regularization=lamb)
    x = np.zeros(5)
    state = rule.init(x)
    rule.step(x, g1, state)
    assert_allclose(x, -0.3 * g1, rtol=1e-15)
    before = x.copy()
    rule.step(x, g2, state)
    gap = rates[0] * g2 @ g1
    expected = minimise_model(g2, g1, gap, np.ones(5), rates[1], lamb)
    assert_allclose(x - before, expected, atol=2e-6)


def test_the_weight_is_the_expression_that_an_implementation_quotes_from_the_paper():
    """((1 + lambda) <g, d> - <d - g, g + lambda d>) / |d - g|^2 over all tensors, clipped."""
    rng, lamb, bound = np.random.default_rng(3), 0.1, 0.9
    xs = [rng.normal(size=(3, 2)), rng.normal(size=4)]
    rule, seen = optim.AMMGD(0.1), []
    assert (rule.regularization, rule.beta_max) == (lamb, bound)
    state = rule.init(xs)
    for t in range(1, 41):
        gs = [rng.normal(size=x.shape) + 0.4 for x in xs]
        d, g = (np.concatenate([a.ravel() for a in arrays]) for arrays in (state.d, gs))
        rule.step(xs, gs, state)
        top = (1.0 + lamb) * g @ d - (d - g) @ (g + lamb * d)
        expected = 0.0 if t == 1 else np.clip(top / ((d - g) @ (d - g)), 0.0, bound)
        assert_allclose(state.beta, expected, rtol=1e-10, atol=1e-12)
        seen.append(state.beta)
    inside = [beta for beta in seen if 0.0 < beta < bound]
    assert len(inside) > 5 and max(seen) == bound


def test_the_weight_of_am_adamw_is_the_expression_that_an_implementation_quotes():
    """With decay w the gap of losses counts (1 + eta w) times, and w <x, d - g> is taken off."""
    rng, lamb, bound, eta, w = np.random.default_rng(4), 0.1, 0.89, 0.01, 0.2
    x = rng.normal(size=6)
    rule, seen = optim.AMAdamW(eta, weight_decay=w), []
    assert (rule.regularization, rule.beta_max) == (lamb, bound)
    state = rule.init(x)
    for t in range(1, 41):
        g, d, at, product = rng.normal(size=6) + 0.5, state.d.copy(), x.copy(), state.product
        rule.step(x, g, state)
        P = (1.0 - bound * product) * (np.sqrt(state.v / (1.0 - 0.999**t)) + 1e-8)
        metric = 1.0 / (P * (1.0 + lamb * P))
        gap = eta * g @ (d / P + w * at)
        top = (1.0 + w * eta) * gap / eta - (d - g) @ (metric * (g + lamb * P * d))
        top -= w * at @ (d - g)
        quoted = np.clip(top / ((d - g) @ (metric * (d - g))), 0.0, bound) if t > 1 else bound
        assert_allclose(state.beta, quoted, rtol=1e-9, atol=1e-12)
        seen.append(state.beta)
    inside = [beta for beta in seen if 0.0 < beta < bound]
    assert len(inside) > 5 and max(seen) == bound


def test_the_cases_above_reach_both_ends_and_the_middle():
    betas = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        g1, g2 = rng.normal(size=(2, 5))
        g2 += rng.uniform(-1.0, 1.0) * g1
        rule = optim.AMMGD(lambda t: [0.3, 0.2][t - 1], beta_max=1.0)
        x = np.zeros(5)
        state = rule.init(x)
        rule.step(x, g1, state)
        rule.step(x, g2, state)
        betas.append(state.beta)
    assert any(beta in (0.0, 1.0) for beta in betas) and any(0.0 < beta < 1.0 for beta in betas)


@pytest.mark.parametrize(("lamb", "decay"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2)])
def test_the_weight_of_am_adamw_is_that_of_the_model_in_the_metric_of_adam(lamb, decay):
    """The slope a = beta d + (1 - beta) g at the model's minimum gives beta."""
    rate, most, beta2 = 0.05, 0.8, 0.9
    rule = optim.AMAdamW(rate, beta_max=most, beta2=beta2, regularization=lamb, weight_decay=decay)
    rng = np.random.default_rng(0)
    x = rng.normal(size=4)
    state, seen = rule.init(x), []
    for t in range(1, 31):
        g = rng.normal(size=4) + 0.5
        d, at, product = state.d.copy(), x.copy(), state.product
        rule.step(x, g, state)
        if t == 1:
            assert state.beta == most
            continue
        P = (1.0 - most * product) * (np.sqrt(state.v / (1.0 - beta2**t)) + 1e-8)
        gap = rate * g @ (d / P + decay * at)
        s = minimise_model(g, d, gap, P, rate, lamb, decay, at)
        a = -(P * s / rate + lamb * P * (P * s + rate * d) / rate + decay * P * (at + s))
        beta = (a - g) @ (d - g) / ((d - g) @ (d - g))
        assert_allclose(state.beta, np.clip(beta, 0.0, most), atol=2e-3)
        seen.append(state.beta)
    assert max(seen) == most and np.sum(np.diff(np.sort(seen)) > 0.0) > 5


def test_steps_of_am_adamw_are_those_of_adamw_while_the_weight_stands_still():
    """Where beta is at its bound in each step and lambda = 0, bias correction is Adam's."""
    rng = np.random.default_rng(0)
    g = rng.normal(size=6)
    mine, adam = np.ones(6), np.ones(6)
    rules = (
        optim.AMAdamW(0.01, beta_max=0.9, regularization=0.0, weight_decay=0.0),
        optim.AdamW(0.01, weight_decay=0.0),
    )
    states = rules[0].init(mine), rules[1].init(adam)
    for _ in range(20):
        rules[0].step(mine, g, states[0])
        rules[1].step(adam, g, states[1])
        assert states[0].beta == 0.9
        assert_allclose(mine, adam, rtol=1e-7)


@pytest.mark.parametrize("rate", [0.1, 1.0, 1.5, 1.9])
def test_adaptive_memory_does_not_stall_on_a_parabola(rate):
    """With the loss of the present point for both planes it would, at x = 0.5 for rate 1.5."""
    for lamb in (0.0, 0.1):
        x = np.array([1.0])
        rule = optim.AMMGD(rate, regularization=lamb)
        state = rule.init(x)
        for _ in range(400):
            rule.step(x, x.copy(), state)
        assert abs(x[0]) < 1e-8


def test_adaptive_memory_converges_on_quadratics_faster_than_gradient_descent():
    h = np.geomspace(1.0, 100.0, 20)
    ends = {}
    for name, rule in (("am", optim.AMMGD(0.01)), ("gd", optim.SGD(0.01))):
        x = np.ones(20)
        state = rule.init(x)
        for _ in range(1000):
            rule.step(x, h * x, state)
        ends[name] = np.linalg.norm(x)
    assert ends["am"] < ends["gd"] < 1e-3


def test_a_steady_gradient_is_its_own_memory():
    g, x = np.array([1.0, -2.0]), np.zeros(2)
    for rule in (optim.AMMGD(0.5), optim.AMMGD(0.5, regularization=0.0)):
        x[:] = 0.0
        state = rule.init(x)
        for _ in range(5):
            rule.step(x, g, state)
        assert_allclose(state.d, g, rtol=1e-14)
        assert_allclose(x, -2.5 * g, rtol=1e-14)
