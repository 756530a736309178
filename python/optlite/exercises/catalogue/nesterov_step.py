"""A step of Nesterov's accelerated gradient method.

Extrapolate first, then take a gradient step from there:

    y_t = x_t + beta (x_t - x_(t-1)),   x_(t+1) = y_t - eta grad f(y_t).

For convex f with L-Lipschitz gradient, eta = 1/L and a momentum that grows as (t - 1) / (t + 2),
f(x_t) - f(x*) <= 2 L |x_0 - x*|^2 / (t + 1)^2, where gradient descent may need t^2 steps for t.

Sources: Nesterov, A method for solving the convex programming problem with convergence rate
O(1/k^2), 1983; the bound: Beck and Teboulle, A fast iterative shrinkage-thresholding algorithm for
linear inverse problems, 2009.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, smooth_function

chapter = "first-order methods"
difficulty = 1


def returns(x, previous, gradient, learning_rate, beta):
    """Return x_(t+1), an array like x; previous is x_(t-1), gradient(x) returns grad f(x)."""
    return x.shape


@holds(
    "without momentum it is a gradient step",
    "Set beta = 0 in the formula: where is y, and what is left?",
)
def no_momentum(answer, rng):
    _, gradient, largest = smooth_function(rng)
    x, previous = rng.normal(size=(2, 6))
    return close(answer(x, previous, gradient, 1.0 / largest, 0.0), x - gradient(x) / largest)


@holds(
    "the gradient is taken once, at a point beyond x on the line from the last point through x",
    "Heavy ball takes the gradient at x; Nesterov's method looks ahead first.",
)
def looks_ahead(answer, rng):
    gradient = Counted(lambda x: x)
    x, previous = rng.normal(size=(2, 4))
    beta = rng.uniform(0.2, 0.9)
    answer(x, previous, gradient, 0.1, beta)
    if gradient.calls != 1 or gradient.last.shape != x.shape:
        return False
    step, ahead = x - previous, gradient.last - x
    return close(ahead, step * (ahead @ step) / (step @ step)) and ahead @ step > 0.0


@holds(
    "where the gradient is zero the point coasts on by beta times the last step",
    "Which point do you subtract the gradient step from, x or y?",
)
def coasts(answer, rng):
    x, previous = rng.normal(size=(2, 4))
    beta = rng.uniform(0.2, 0.9)
    after = answer(x, previous, np.zeros_like, 0.1, beta)
    return close(after - x, beta * (x - previous))


@holds(
    "with growing momentum f falls as 1/t^2",
    "This is the claim that the method is famous for. Check each sign, and that eta multiplies the "
    "gradient and beta the last step.",
)
def accelerates(answer, rng):
    count = 200
    curvatures = np.array([1.0, rng.uniform(0.8, 1.2) / (2.0 * count)])
    x = previous = start = rng.uniform(1.0, 2.0, size=2)
    for t in range(1, count + 1):
        step = answer(x, previous, lambda z: curvatures * z, 1.0, (t - 1.0) / (t + 2.0))
        x, previous = step, x
    bound = 2.0 * (start @ start) / (count + 1) ** 2
    return 0.5 * np.sum(curvatures * x**2) <= bound
