"""The continuous ranked probability score of a normal prediction.

For a predicted distribution function F and the outcome y,

    CRPS(F, y) = integral over x of (F(x) - 1[y <= x])^2 dx,

in the units of y; smaller is better. For F = N(mu, sigma^2) there is a closed form in
z = (y - mu) / sigma, the density phi and the distribution function Phi of N(0, 1).

Source: Gneiting and Raftery, Strictly proper scoring rules, prediction, and estimation, 2007.
"""

import math

import numpy as np

from .._exercise import holds
from .._problems import normal_nodes

chapter = "probabilistic prediction"
difficulty = 2


def returns(mu, sigma, y):
    """Return the score, a number; all three are numbers, sigma > 0."""
    return ()


def draw(rng):
    """Return mu, sigma, y."""
    mu, sigma = rng.normal(), rng.uniform(0.3, 3.0)
    return mu, sigma, mu + sigma * rng.uniform(-3.0, 3.0)


@holds(
    "it is the integral",
    "Check the case z = 0 by hand: sigma (2 phi(0) - 1 / sqrt(pi)). math.erf gives Phi.",
)
def integral(answer, rng):
    mu, sigma, y = draw(rng)
    halves = []
    for low, high, below in ((mu - 12 * sigma, y, 0.0), (y, mu + 12 * sigma, 1.0)):
        nodes, weights = np.polynomial.legendre.leggauss(80)
        x = 0.5 * (high + low) + 0.5 * (high - low) * nodes
        F = np.array([0.5 * (1.0 + math.erf((t - mu) / (sigma * math.sqrt(2.0)))) for t in x])
        halves.append(0.5 * (high - low) * weights @ (F - below) ** 2)
    return abs(answer(mu, sigma, y) - sum(halves)) < 1e-7 * (1.0 + sigma)


@holds(
    "on average no other normal prediction scores better than the truth",
    "The score is proper. Is its sign such that smaller is better, and is every term multiplied by "
    "sigma?",
)
def proper(answer, rng):
    mu, sigma, _ = draw(rng)
    nodes, weights = normal_nodes(mu, sigma)

    def mean(m, s):
        return sum(w * answer(m, s, float(y)) for y, w in zip(nodes, weights, strict=True))

    truth = mean(mu, sigma)
    others = [(mu + 0.3 * sigma, sigma), (mu, 1.4 * sigma), (mu - 0.2 * sigma, 0.7 * sigma)]
    return all(truth < mean(*other) for other in others)


@holds(
    "it has the units of y, and does not depend on where zero is",
    "From metres to millimetres mu, sigma, y and the score are multiplied by 1000.",
)
def units(answer, rng):
    mu, sigma, y = draw(rng)
    score, shift = answer(mu, sigma, y), rng.normal()
    moved = answer(1000.0 * (mu + shift), 1000.0 * sigma, 1000.0 * (y + shift))
    return abs(moved - 1000.0 * score) < 1e-8 * (1.0 + 1000.0 * score)


@holds(
    "for a sure prediction it is the absolute error",
    "As sigma goes to zero, |z| grows: which terms remain? Nothing may overflow.",
)
def sure(answer, rng):
    mu, error = rng.normal(), rng.uniform(0.5, 2.0) * rng.choice([-1.0, 1.0])
    return abs(answer(mu, 1e-9, mu + error) - abs(error)) < 1e-7
