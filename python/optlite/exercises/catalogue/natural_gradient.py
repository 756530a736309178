"""The natural gradient of the log score of a normal prediction.

A prediction N(mu, sigma^2) with parameters theta = (mu, log sigma) has, at the outcome y, the score
S = -log f(y; theta). Its gradient depends on how the distribution is parametrised; the natural one,

    I(theta)^(-1) grad S,    I = E[grad S grad S'], with y drawn from the prediction itself,

points in the same direction however it is. Boosting that predicts distributions fits trees to it.

Sources: Amari, Natural gradient works efficiently in learning, 1998; Duan et al., NGBoost: natural
gradient boosting for probabilistic prediction, 2020.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, normal_nodes

chapter = "probabilistic prediction"
difficulty = 2


def returns(mu, log_sigma, y):
    """Return the natural gradient in (mu, log sigma), an array of shape (2,)."""
    return (2,)


def draw(rng):
    """Return mu, log sigma, y."""
    return rng.normal(), rng.uniform(-1.0, 1.0), rng.normal()


def score_gradient(theta, y, step=1e-5):
    """Differentiate -log f numerically."""

    def score(mu, t):
        return 0.5 * ((y - mu) * np.exp(-t)) ** 2 + t

    mu, t = theta
    return np.array(
        [
            (score(mu + step, t) - score(mu - step, t)) / (2 * step),
            (score(mu, t + step) - score(mu, t - step)) / (2 * step),
        ]
    )


@holds(
    "the Fisher information times it is the gradient",
    "Compute E[z^2] and the variance of z^2 for a standard normal z: they are the diagonal of I, "
    "up to sigma. Did you solve with I, or multiply by it?",
)
def solves(answer, rng):
    mu, t, y = draw(rng)
    nodes, weights = normal_nodes(mu, np.exp(t))
    scores = np.array([score_gradient((mu, t), each) for each in nodes])
    information = (scores.T * weights) @ scores
    return close(information @ answer(mu, t, y), score_gradient((mu, t), y), 1e-5)


@holds(
    "a small step against it lowers the score",
    "S is to be minimised: is yours the gradient of S, or of the log-likelihood?",
)
def descends(answer, rng):
    mu, t, y = draw(rng)
    return score_gradient((mu, t), y) @ answer(mu, t, y) > 0.0


@holds(
    "on average over outcomes of the prediction itself it is zero",
    "A right prediction has nothing to learn. What is the mean of 1 - z^2?",
)
def mean_zero(answer, rng):
    mu, t, _ = draw(rng)
    nodes, weights = normal_nodes(mu, np.exp(t))
    values = np.array([answer(mu, t, float(y)) for y in nodes])
    return close(weights @ values, np.zeros(2), 1e-8)


@holds(
    "in other units of y the part of mu changes as y does, that of log sigma does not",
    "With y in millimetres mu is 1000 times larger and log sigma is shifted. The plain gradient in "
    "mu becomes smaller then, which is what the natural one repairs.",
)
def units(answer, rng):
    mu, t, y = draw(rng)
    one, other = answer(mu, t, y), answer(1000.0 * mu, t + np.log(1000.0), 1000.0 * y)
    return close(other, one * [1000.0, 1.0])
