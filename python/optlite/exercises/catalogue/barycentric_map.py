"""The barycentric projection: an entropic plan as a map, for points it has never seen.

With potentials g of targets y_1, ..., y_m and squared distances, the plan sends a point x to y_j in
proportion to exp((g_j - |x - y_j|^2) / eps). The map

    T(x) = sum_j w_j(x) y_j,   w_j(x) = exp((g_j - |x - y_j|^2) / eps) / sum_k exp(...)

is the mean of where the mass goes. It is defined for any x, not only for the sources of the plan.

Source: Ferradans, Papadakis, Peyré and Aujol, Regularized discrete optimal transport, 2014; for new
points: Pooladian and Niles-Weed, Entropic estimation of optimal transport maps, 2021.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "transport"
difficulty = 1


def returns(X, Y, g, eps):
    """Return T of each row of X, an array like X.

    The rows of X and of Y are points of the same dimension; g has an entry for each row of Y.
    """
    return X.shape


def draw(rng):
    """Return points, targets and potentials."""
    return rng.normal(size=(5, 2)), rng.normal(size=(7, 2)), 0.3 * rng.normal(size=7)


@holds(
    "a constant added to g changes nothing",
    "Weights are shares: they sum to 1 for each point.",
)
def constant(answer, rng):
    X, Y, g = draw(rng)
    return close(answer(X, Y, g + 0.7, 0.5), answer(X, Y, g, 0.5))


@holds(
    "it is the derivative of a soft minimum",
    "With phi(x) = -eps log sum_j exp((g_j - |x - y_j|^2) / eps), T(x) = x - grad phi(x) / 2. "
    "Are g and the distances in your exponents with the right signs?",
)
def derivative(answer, rng):
    X, Y, g = draw(rng)
    eps, h = rng.uniform(0.3, 1.0), 1e-5

    def phi(x):
        return -eps * np.log(np.sum(np.exp((g - np.sum((x - Y) ** 2, axis=1)) / eps)))

    slopes = [[(phi(x + h * e) - phi(x - h * e)) / (2.0 * h) for e in np.eye(2)] for x in X]
    return close(answer(X, Y, g, eps), X - 0.5 * np.array(slopes), 1e-7)


@holds(
    "with a huge eps every point goes to the mean of the targets",
    "What do all exponents tend to? A nearest target is the other extreme.",
)
def mean(answer, rng):
    X, Y, g = draw(rng)
    return close(answer(X, Y, g, 1e9), np.broadcast_to(Y.mean(axis=0), X.shape), 1e-6)


@holds(
    "with a tiny eps every point goes to the target with the least |x - y_j|^2 - g_j",
    "What is exp(-5000)? Subtract the largest exponent of each point first.",
)
def nearest(answer, rng):
    X, Y, g = draw(rng)
    least = np.argmin(np.sum((X[:, None] - Y) ** 2, axis=2) - g, axis=1)
    return close(answer(X, Y, g, 1e-7), Y[least], 1e-6)
