"""Newton's decrement: how far is the minimum, measured by f itself?

For a convex f with gradient g and positive definite Hessian H at x, the quadratic model of f at x
has its minimum lambda^2 / 2 below f(x), where lambda is Newton's decrement. It depends on no
choice of coordinates, and so it is a better reason to stop than the length of the gradient.

Source: Boyd and Vandenberghe, Convex optimization, 2004, on Newton's method.
"""

import numpy as np

from .._exercise import holds
from .._problems import with_eigenvalues

chapter = "curvature"
difficulty = 1


def returns(g, H):
    """Return lambda, a number; g is the gradient, H the matrix of second derivatives."""
    return ()


def draw(rng):
    """Return a gradient and a Hessian."""
    return rng.normal(size=5), with_eigenvalues(rng, np.geomspace(0.1, 100.0, 5))


@holds(
    "on a quadratic lambda^2 / 2 is the distance of f from its minimum",
    "Minimise g' p + p' H p / 2 over p, and put the minimiser in.",
)
def quadratic(answer, rng):
    p, H = draw(rng)
    gap = 0.5 * p @ H @ p
    return abs(answer(H @ p, H) ** 2 / 2.0 - gap) < 1e-9 * (1.0 + gap)


@holds(
    "it does not depend on the coordinates",
    "With x = B z the gradient becomes B' g and the Hessian B' H B. In which combination does B "
    "cancel?",
)
def coordinates(answer, rng):
    g, H = draw(rng)
    B = with_eigenvalues(rng, rng.uniform(0.5, 5.0, size=5)) + 0.1 * rng.normal(size=(5, 5))
    one, other = answer(g, H), answer(B.T @ g, B.T @ H @ B)
    return abs(one - other) < 1e-7 * abs(one)


@holds(
    "if f is multiplied by c, it is multiplied by the root of c",
    "lambda^2 is in the units of f. Is a square root missing?",
)
def units(answer, rng):
    g, H = draw(rng)
    c, one = rng.uniform(2.0, 9.0), answer(g, H)
    return abs(answer(c * g, c * H) - np.sqrt(c) * one) < 1e-9 * abs(one)


@holds(
    "it is accurate where the Hessian is nearly singular",
    "Is the inverse formed, and multiplied? Solve one system. Is anything added to H?",
)
def nearly_singular(answer, rng):
    scale = 10.0 ** rng.uniform(-12, 12, size=5)
    g = rng.uniform(0.5, 1.0, size=5) * np.sqrt(scale)
    exact = np.sqrt(np.sum(g**2 / scale))
    return abs(answer(g, np.diag(scale)) - exact) < 1e-9 * exact
