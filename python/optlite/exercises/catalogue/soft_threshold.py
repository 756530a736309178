"""Soft thresholding: the proximal operator of the absolute value.

    S_t(z) = argmin over x of (x - z)^2 / 2 + t |x|,

element by element, with t >= 0. It is the step that makes coefficients exactly zero.

Sources: Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, 1994; as a proximal
operator: Parikh and Boyd, Proximal algorithms, 2014.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "coordinate methods"
difficulty = 1


def returns(z, threshold):
    """Return S_t(z), an array like z; threshold is t, a number."""
    return z.shape


@holds(
    "no other point has a smaller value",
    "Draw (x - z)^2 / 2 + t |x| for z = 2, z = -2 and z = 0.3, with t = 1. Where are the minima?",
)
def minimiser(answer, rng):
    z, t = rng.normal(size=8), rng.uniform(0.1, 1.0)
    x = answer(z, t)
    grid = np.repeat(np.linspace(-4, 4, 801)[:, None], 8, axis=1)
    others = np.concatenate([grid, x + rng.normal(size=(99, 8))])
    value = 0.5 * (x - z) ** 2 + t * np.abs(x)
    return bool(np.all(0.5 * (others - z) ** 2 + t * np.abs(others) >= value - 1e-12))


@holds(
    "what is at most t becomes exactly zero",
    "Zero, not something small: sparse models are made of this.",
)
def exact_zero(answer, rng):
    t = rng.uniform(0.5, 2.0)
    z = t * np.concatenate([rng.uniform(-0.99, 0.99, size=6), [1.0, -1.0]])
    return not answer(z, t).any()


@holds("S(-z) = -S(z)", "Try z = 2 and z = -2 by hand.")
def odd(answer, rng):
    z, t = 3.0 * rng.normal(size=8), rng.uniform(0.1, 1.0)
    return close(answer(-z, t), -answer(z, t))


@holds(
    "two points are never further apart afterwards",
    "A proximal operator does not expand. A jump at |z| = t does: it belongs to another penalty.",
)
def no_expansion(answer, rng):
    z, t = np.sort(3.0 * rng.normal(size=60)), rng.uniform(0.1, 1.0)
    return bool(np.all(np.abs(np.diff(answer(z, t))) <= np.diff(z) + 1e-12))


@holds("with t = 0 nothing changes", "What remains of the problem without the penalty?")
def no_penalty(answer, rng):
    z = rng.normal(size=5)
    return close(answer(z, 0.0), z)
