"""Polyak's step size: how far to go if the minimum is known.

If the value f* of the minimum of a convex f is known (0, say, where a model can fit all data), the
length eta of a (sub)gradient step x - eta g can be chosen from f(x), f* and g alone. By convexity
|x - eta g - x*|^2 <= |x - x*|^2 - 2 eta (f(x) - f*) + eta^2 |g|^2; take the eta that minimises the
right-hand side.

Source: Polyak, Minimization of unsmooth functionals, 1969.
"""

import numpy as np

from .._exercise import holds

chapter = "adaptive methods"
difficulty = 1


def returns(value, minimum, g):
    """Return eta, a number; value is f(x), minimum is f*, and g the gradient, an array."""
    return ()


@holds(
    "at the minimum, where the gradient is zero, the step is zero",
    "What is 0 / 0, and what should it be here?",
)
def at_the_minimum(answer, rng):
    least = rng.normal()
    return answer(least, least, np.zeros(4)) == 0.0


@holds(
    "one step leads to the tip of a cone",
    "f(x) = c |x - x*| has a gradient of length c everywhere. How far is the tip, and is your step "
    "that long? Is f* subtracted, and the length of g squared?",
)
def cone(answer, rng):
    (tip, x), slope, least = rng.normal(size=(2, 3)), rng.uniform(0.2, 5.0), rng.normal()
    distance = np.linalg.norm(x - tip)
    g = slope * (x - tip) / distance
    after = x - answer(least + slope * distance, least, g) * g
    return np.linalg.norm(after - tip) < 1e-9


@holds(
    "the distance to the minimiser shrinks by what the bound promises",
    "Put your eta into the right-hand side: is it the minimiser of that parabola?",
)
def distance_shrinks(answer, rng):
    # The maximum of |a_i' (x - x*)| is convex, and for it the bound is an equality.
    A, optimum, x, least = rng.normal(size=(7, 4)), *rng.normal(size=(2, 4)), rng.normal()
    values = A @ (x - optimum)
    i = np.argmax(np.abs(values))
    gap, g = abs(float(values[i])), np.sign(values[i]) * A[i]
    after = x - answer(least + gap, least, g) * g
    promised = np.sum((x - optimum) ** 2) - gap**2 / (g @ g)
    return np.sum((after - optimum) ** 2) <= promised + 1e-9


@holds(
    "the step x - eta g does not change if f is measured in other units",
    "Multiply f by c: g is multiplied by c, too. What must happen to eta?",
)
def units(answer, rng):
    value, least, g, c = rng.uniform(1, 2), rng.uniform(0, 1), rng.normal(size=4), rng.uniform(2, 9)
    one, other = answer(value, least, g), answer(c * value, c * least, c * g)
    return abs(other * c - one) < 1e-9 * abs(one)
