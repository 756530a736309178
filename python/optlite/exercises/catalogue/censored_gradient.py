"""The gradient of a censored row, far out in the tail.

The logarithm of a time is predicted as N(mu, sigma^2), theta = (mu, log sigma). Of a censored row
it is only known that the time is longer than T, so that its score is, with
z = (log T - mu) / sigma,

    S = -log(1 - Phi(z)).

Its derivatives contain the hazard of the normal distribution, h(z) = phi(z) / (1 - Phi(z)).
Written like that it is 0 / 0 from z = 38 on, and a small number added to the denominator makes it
wrong long before. For large z use the continued fraction

    h(z) = z + 1 / (z + 2 / (z + 3 / (z + ...))).

Sources: Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020 (the
score); Abramowitz and Stegun, Handbook of mathematical functions, 1964, 26.2.14 (the fraction).
"""

import math

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "probabilistic prediction"
difficulty = 3


def returns(mu, log_sigma, log_time):
    """Return the derivatives of S in mu and in log sigma, an array of shape (2,)."""
    return (2,)


def draw(rng, low=-4.0, high=4.0):
    """Draw mu, log sigma and log T, with z between two numbers."""
    mu, log_sigma = float(rng.normal()), rng.uniform(-1.0, 1.0)
    return mu, log_sigma, mu + math.exp(log_sigma) * rng.uniform(low, high)


def score(mu, log_sigma, log_time):
    """Return S, for moderate z."""
    return -math.log(0.5 * math.erfc((log_time - mu) / (math.exp(log_sigma) * math.sqrt(2.0))))


@holds(
    "it is the slope of S",
    "Differentiate -log(1 - Phi(z)) in z first: what are dz / dmu and dz / dlog sigma?",
)
def slope(answer, rng):
    mu, t, y = draw(rng)
    step = 1e-5
    expected = [
        (score(mu + step, t, y) - score(mu - step, t, y)) / (2 * step),
        (score(mu, t + step, y) - score(mu, t - step, y)) / (2 * step),
    ]
    return close(answer(mu, t, y), expected, 1e-6)


@holds(
    "far out the hazard lies between z and z + 1 / z",
    "From z = 38 on the numbers phi(z) and 1 - Phi(z) are zero, or a small number that was added "
    "rules. The fraction of the statement has no such trouble; begin it at its end.",
)
def tail(answer, rng):
    mu, t, y = draw(rng, 20.0, 200.0)
    sigma = math.exp(t)
    z = (y - mu) / sigma
    hazard = -sigma * answer(mu, t, y)[0]
    return z * (1.0 + 1e-12) < hazard < z + 1.0 / z


@holds(
    "a longer observation never asks for shorter times",
    "Which sign has the derivative in mu, wherever T lies? And how large is it where z is -40?",
)
def sign(answer, rng):
    left, right = answer(*draw(rng, -40.0, -20.0))[0], answer(*draw(rng))[0]
    return -1e-80 < left <= 0.0 and right < 0.0


@holds(
    "the derivative in log sigma is z sigma times that in mu",
    "The row says nothing but that z should be smaller; both parameters do that through z alone.",
)
def through_z(answer, rng):
    mu, t, y = draw(rng, 4.0, 60.0)
    g = answer(mu, t, y)
    return close(g[1], (y - mu) * g[0])


@holds(
    "in seconds instead of minutes it is the same",
    "log T and mu are shifted by log 60, and nothing depends on where zero is.",
)
def units(answer, rng):
    mu, t, y = draw(rng)
    shift = np.log(60.0)
    return close(answer(mu + shift, t, y + shift), answer(mu, t, y), 1e-8)
