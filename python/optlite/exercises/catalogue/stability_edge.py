"""The edge of stability: how sharp may a minimum be?

On f(x) = lambda x^2 / 2, with step size eta and momentum beta, 0 <= beta < 1,

    heavy ball:  x_(t+1) = x_t - eta f'(x_t) + beta (x_t - x_(t-1)),
    Nesterov:    x_(t+1) = y_t - eta f'(y_t),      y_t = x_t + beta (x_t - x_(t-1)),

stay bounded only if lambda is not too large. Full-batch training of networks raises the largest
eigenvalue of the Hessian to just this value, and stays there. Return the largest lambda.

Source: Cohen, Kaur, Li, Kolter and Talwalkar, Gradient descent on neural networks typically occurs
at the edge of stability, 2021.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "curvature"
difficulty = 2


def returns(learning_rate, beta, nesterov):
    """Return the largest lambda, a number; nesterov is True or False."""
    return ()


def grows(rate, beta, nesterov, sharpness, steps=3000):
    """Whether a run becomes large."""
    x, before = 1.0, 1.0
    for _ in range(steps):
        ahead = x + beta * (x - before)
        point = ahead if nesterov else x
        x, before = ahead - rate * sharpness * point, x
        if abs(x) > 1e6:
            return True
    return False


def around(answer, rng, nesterov):
    """Whether runs just below the answer stay, and just above do not."""
    rate, beta = 10.0 ** rng.uniform(-3, 0), rng.uniform(0.1, 0.9)
    edge = answer(rate, beta, nesterov)
    return not grows(rate, beta, nesterov, 0.98 * edge) and grows(rate, beta, nesterov, 1.02 * edge)


@holds(
    "without momentum both are gradient descent",
    "Set beta = 0: by which factor does x change in a step, and when is its size above one?",
)
def no_momentum(answer, rng):
    rate = 10.0 ** rng.uniform(-3, 0)
    return all(close(answer(rate, 0.0, kind), 2.0 / rate, 1e-9) for kind in (True, False))


@holds(
    "heavy ball is bounded just below it and grows just above",
    "Write x_(t+1) as a combination of x_t and x_(t-1), and try x_t = r^t. At the edge the first "
    "root leaves through r = -1.",
)
def heavy_ball(answer, rng):
    return around(answer, rng, nesterov=False)


@holds(
    "Nesterov is bounded just below it and grows just above",
    "The gradient at y contains x_(t-1), too: both coefficients of the recurrence have lambda in "
    "them. The root is the same, r = -1.",
)
def nesterov(answer, rng):
    return around(answer, rng, nesterov=True)


@holds(
    "more momentum makes room for heavy ball, and takes it from Nesterov",
    "Look where beta stands in your two formulas, for beta near one.",
)
def momentum(answer, rng):
    betas = np.sort(rng.uniform(0.0, 0.99, size=8))
    ball = [answer(0.1, float(beta), False) for beta in betas]
    ahead = [answer(0.1, float(beta), True) for beta in betas]
    return bool(np.all(np.diff(ball) > 0.0) and np.all(np.diff(ahead) < 0.0))


@holds(
    "half the step size allows twice the sharpness",
    "eta and lambda stand in the recurrence only as a product.",
)
def units(answer, rng):
    rate, beta, kind = rng.uniform(0.01, 1.0), rng.uniform(0.1, 0.9), bool(rng.integers(2))
    return close(answer(rate / 2.0, beta, kind), 2.0 * answer(rate, beta, kind))
