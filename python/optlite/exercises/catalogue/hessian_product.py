"""The Hessian times a vector, from two gradients.

Nobody needs the n^2 entries of H = f''(x) to multiply by it. As the gradient of a smooth function
changes by H v along v,

    H v = d/dr grad f(x + r v) at r = 0,

which a difference of two gradients approximates. The length r v of the displacement decides the
error: too long, and the third derivative is seen; too short, and rounding is.

Source: Pearlmutter, Fast exact multiplication by the Hessian, 1994, which begins with the
difference.
"""

import numpy as np

from .._exercise import holds
from .._problems import Counted, close, smooth_function, with_eigenvalues

chapter = "curvature"
difficulty = 2


def returns(gradient, x, v):
    """Return an approximation of H v, an array like x; gradient(x) returns grad f(x)."""
    return x.shape


@holds(
    "it takes two gradients, not more",
    "A column at a time is what this avoids. How many points does a difference need?",
)
def cost(answer, rng):
    gradient = Counted(lambda x: 3.0 * x)
    answer(gradient, rng.normal(size=20), rng.normal(size=20))
    return 1 <= gradient.calls <= 2


@holds(
    "it is right for a quadratic",
    "A difference of gradients is r H v. What is left to divide by? With H = I the result is v.",
)
def quadratic(answer, rng):
    A, (x, v) = with_eigenvalues(rng, rng.uniform(-5.0, 5.0, size=6)), rng.normal(size=(2, 6))
    return close(answer(lambda z: A @ z, x, v), A @ v, 1e-5)


@holds(
    "the Hessian is symmetric: u' (H v) = v' (H u)",
    "In exact arithmetic it is. Look at the error of your difference: in which power of r is it?",
)
def symmetric(answer, rng):
    _, gradient, _ = smooth_function(rng)
    x, u, v = rng.normal(size=(3, 6))
    return close(u @ answer(gradient, x, v), v @ answer(gradient, x, u), 1e-5)


@holds(
    "it is accurate to eight digits where the third derivative is large",
    "The error of a one-sided difference is of the order of r, that of a central one of r^2: which "
    "points do you choose, and how far apart?",
)
def accurate(answer, rng):
    x, v = rng.normal(size=(2, 6))
    exact = 100.0 * np.exp(2.0 * x) * v  # of 25 sum exp(2 x)
    return close(answer(lambda z: 50.0 * np.exp(2.0 * z), x, v), exact, 3e-9)


@holds(
    "twice the vector gives twice the product, for vectors of any length",
    "If v is a million long, how far from x do you look? Choose the displacement, not r.",
)
def any_length(answer, rng):
    _, gradient, _ = smooth_function(rng)
    x, v = rng.normal(size=(2, 6))
    product = answer(gradient, x, v)
    return all(close(answer(gradient, x, c * v) / c, product, 1e-5) for c in (1e-8, 2.0, 1e8))


@holds("the product with zero is zero", "Do you divide by the length of v?")
def zero(answer, rng):
    _, gradient, _ = smooth_function(rng)
    return not answer(gradient, rng.normal(size=6), np.zeros(6)).any()
