"""Gradient descent, from a start for a number of steps.

To minimise a smooth f, follow the negative gradient:

    x_(t+1) = x_t - eta grad f(x_t),   t = 0, 1, ..., T - 1.

If the gradient is Lipschitz with constant L and eta = 1/L, each step lowers f by at least
|grad f(x_t)|^2 / (2 L): the lemma of descent.

Source: Nesterov, Introductory lectures on convex optimization, 2004.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, smooth_function

chapter = "first-order methods"
difficulty = 1


def returns(gradient, x0, learning_rate, n_steps):
    """Return x_T, an array like x0; gradient(x) returns grad f(x), and T is n_steps."""
    return x0.shape


@holds("no step leads nowhere", "What does the loop return with n_steps = 0?")
def no_step(answer, rng):
    x0 = rng.normal(size=4)
    return np.array_equal(answer(lambda x: x, x0, 0.1, 0), x0)


@holds(
    "a quadratic's coordinates shrink by the same factor in each step",
    "With f(x) = lambda x^2 / 2 write x_1 as a multiple of x_0, then x_2. Which point does your "
    "gradient see in the second step?",
)
def quadratic(answer, rng):
    curvatures, x0 = rng.uniform(0.1, 3.0, size=5), rng.normal(size=5)
    rate, count = rng.uniform(0.1, 0.6), int(rng.integers(2, 30))
    last = answer(lambda x: curvatures * x, x0, rate, count)
    return close(last, (1.0 - rate * curvatures) ** count * x0)


@holds(
    "a run that is interrupted and goes on ends where a whole run ends",
    "Does a step depend on anything else than the point where it starts?",
)
def interrupted(answer, rng):
    _, gradient, largest = smooth_function(rng)
    x0, first, second = rng.normal(size=6), *(int(n) for n in rng.integers(2, 9, size=2))
    half = answer(gradient, x0, 1.0 / largest, first)
    whole = answer(gradient, x0, 1.0 / largest, first + second)
    return close(answer(gradient, half, 1.0 / largest, second), whole)


@holds(
    "with eta = 1/L each step descends as much as the lemma says",
    "Compare the length and the sign of your step with the formula: f should fall by half of "
    "eta |grad f|^2 at least.",
)
def descent(answer, rng):
    value, gradient, largest = smooth_function(rng)
    x = rng.normal(size=6)
    least = np.sum(gradient(x) ** 2) / (2.0 * largest)
    after = answer(gradient, x, 1.0 / largest, 1)
    return value(after) <= value(x) - least + 1e-12 * (1.0 + abs(value(x)))


@holds(
    "a step costs one gradient",
    "Gradients are what costs: keep the value in a variable, and compute none that is not used.",
)
def cost(answer, rng):
    gradient, count = Counted(lambda x: 2.0 * x), int(rng.integers(1, 9))
    answer(gradient, rng.normal(size=3), 0.1, count)
    return gradient.calls == count
