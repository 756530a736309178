"""The proximal operator of MCP: sparse without shrinking what is large.

The minimax concave penalty is, for x >= 0 and symmetric,

    rho(x) = alpha x - x^2 / (2 gamma)   up to x = gamma alpha,   gamma alpha^2 / 2   from there on.

Its slope is alpha at zero, as the lasso's, and falls to nothing. Return, element by element,
argmin over x of (x - z)^2 / 2 + rho(x), for gamma > 1, where it is unique.

Sources: Zhang, Nearly unbiased variable selection under minimax concave penalty, 2010; the
operator: Gao and Bruce, WaveShrink with firm shrinkage, 1997.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "sparse models"
difficulty = 2


def returns(z, alpha, gamma):
    """Return the minimisers, an array like z; alpha > 0 and gamma > 1 are numbers."""
    return z.shape


def draw(rng):
    """Return alpha and gamma."""
    return rng.uniform(0.3, 1.0), rng.uniform(1.3, 5.0)


@holds(
    "no other point has a smaller value",
    "There are three cases. In the middle one, where does the derivative of the whole vanish?",
)
def minimiser(answer, rng):
    alpha, gamma = draw(rng)
    z = rng.uniform(-2.0, 2.0, size=40) * alpha * gamma
    x, others = answer(z, alpha, gamma), np.linspace(-6.0, 6.0, 1201)[:, None] * alpha

    def value(point):
        inside = np.minimum(np.abs(point), gamma * alpha)
        return 0.5 * (point - z) ** 2 + alpha * inside - inside**2 / (2.0 * gamma)

    return bool(np.all(value(others) >= value(x) - 1e-12))


@holds("what is at most alpha becomes exactly zero", "Near zero MCP is as steep as the lasso.")
def exact_zero(answer, rng):
    alpha, gamma = draw(rng)
    return not answer(alpha * rng.uniform(-1.0, 1.0, size=9), alpha, gamma).any()


@holds(
    "what is larger than gamma alpha stays as it is",
    "There the penalty is flat: this is why one takes MCP, not the lasso.",
)
def unbiased(answer, rng):
    alpha, gamma = draw(rng)
    z = rng.choice([-1.0, 1.0], size=9) * gamma * alpha * rng.uniform(1.01, 3.0, size=9)
    return close(answer(z, alpha, gamma), z)


@holds(
    "it has no jump",
    "Let the cases meet: what do the formulas give at |z| = alpha, and at |z| = gamma alpha?",
)
def continuous(answer, rng):
    alpha, gamma = draw(rng)
    z = np.linspace(-2.0, 2.0, 4001) * gamma * alpha
    steepest = gamma / (gamma - 1.0)
    return np.abs(np.diff(answer(z, alpha, gamma))).max() <= 1.01 * steepest * (z[1] - z[0])


@holds(
    "with a very large gamma it is soft thresholding",
    "Then the penalty is alpha |x|. What becomes of gamma / (gamma - 1)?",
)
def lasso_limit(answer, rng):
    z, alpha = rng.normal(size=9), rng.uniform(0.2, 0.8)
    limit = np.sign(z) * np.maximum(np.abs(z) - alpha, 0.0)
    return close(answer(z, alpha, 1e9), limit, 1e-6)
