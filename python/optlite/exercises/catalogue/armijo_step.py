"""Backtracking: a step length that lowers f enough.

Along a direction p of descent try t = 1, r, r^2, ... and take the first with

    f(x + t p) <= f(x) + c t grad f(x)' p,

which asks for a share c of the decrease that the slope at x promises.

Source: Armijo, Minimization of functions having Lipschitz continuous first partial derivatives,
1966.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, smooth_function, with_eigenvalues

chapter = "first-order methods"
difficulty = 1


def returns(f, x, p, slope, c, r):
    """Return t, a number; slope is grad f(x)' p < 0, and 0 < c, r < 1."""
    return ()


def problem(rng):
    """Return f, a point, a direction that is too long, and the slope."""
    f, gradient, _ = smooth_function(rng)
    x = rng.normal(size=6)
    p = -(10.0 ** rng.uniform(-1, 1)) * gradient(x)
    return f, x, p, float(gradient(x) @ p)


@holds(
    "the step lowers f by the share that was asked for",
    "Evaluate both sides of the inequality at your t. Is t in both of them?",
)
def enough(answer, rng):
    f, x, p, slope = problem(rng)
    c, r = rng.uniform(0.1, 0.8), rng.uniform(0.3, 0.8)
    t = answer(f, x, p, slope, c, r)
    return t > 0.0 and f(x + t * p) <= f(x) + c * t * slope + 1e-12


@holds(
    "the length before it in the list would not have done",
    "Do you begin with t = 1, and stop at the first that is good enough?",
)
def first_of_all(answer, rng):
    f, x, p, slope = problem(rng)
    c, r = rng.uniform(0.1, 0.8), rng.uniform(0.3, 0.8)
    t = answer(f, x, p, slope, c, r)
    longer = t / r
    return abs(t - 1.0) < 1e-12 or f(x + longer * p) > f(x) + c * longer * slope


@holds("it is a power of r", "Multiply by r; nothing is subtracted, and r is not always 1/2.")
def power(answer, rng):
    f, x, p, slope = problem(rng)
    r = rng.uniform(0.3, 0.8)
    count = np.log(answer(f, x, p, slope, 0.5, r)) / np.log(r)
    return abs(count - round(count)) < 1e-8 and count > -1e-8


@holds(
    "Newton's step on a quadratic is taken whole, for c below 1/2",
    "There f falls by half of what the slope promises. Is the slope multiplied by c?",
)
def newton(answer, rng):
    A, optimum, x = with_eigenvalues(rng, np.geomspace(1, 50, 4)), *rng.normal(size=(2, 4))
    p = optimum - x
    slope = float(-p @ A @ p)
    return answer(lambda z: 0.5 * (z - optimum) @ A @ (z - optimum), x, p, slope, 0.49, 0.5) == 1.0


@holds("f(x) is evaluated once", "It does not change in the loop.")
def cost(answer, rng):
    f, x, p, slope = problem(rng)
    counted = Counted(f)
    t = answer(counted, x, 100.0 * p, 100.0 * slope, 0.3, 0.5)
    return counted.calls <= round(-np.log2(t)) + 2
