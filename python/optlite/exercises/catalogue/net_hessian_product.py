"""The exact Hessian of a network times a vector: Pearlmutter's R-operator.

A difference of gradients loses half of the digits. Differentiating the gradient's own program along
a direction loses none, and costs no more than another gradient. Here, for a network with one hidden
layer and rows x_i,

    f(W, a) = 1 / (2 n) sum_i (a' tanh(W x_i) - y_i)^2.

Write R(.) for the derivative of anything along W -> W + r V, a -> a + r b, at r = 0: R(W) = V,
R(a) = b, and product and chain rule do the rest, line by line through the gradient's program.
Return R of both parts of the gradient: the Hessian of f times (V, b).

Source: Pearlmutter, Fast exact multiplication by the Hessian, 1994.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "curvature"
difficulty = 3


def returns(W, a, X, y, V, b):
    """Return the parts for W and for a; W, V are (h, p), a, b (h,), X is (n, p) and y (n,)."""
    return {"for_W": W.shape, "for_a": a.shape}


def draw(rng, p=3, h=4, n=7):
    """Draw the arguments."""
    W, V = rng.normal(size=(2, h, p))
    a, b = rng.normal(size=(2, h))
    return W, a, rng.normal(size=(n, p)), rng.normal(size=n), V, b


def gradient(W, a, X, y):
    """Return the gradient of f; complex weights pass through it."""
    hidden = np.tanh(X @ W.T)
    error = (hidden @ a - y) / len(y)
    return (error[:, None] * a * (1.0 - hidden**2)).T @ X, hidden.T @ error


def exact(W, a, X, y, V, b):
    """Return the product by a complex step, which has no rounding error to speak of."""
    tiny = 1e-30
    parts = gradient(W + 1j * tiny * V, a + 1j * tiny * b, X, y)
    return tuple(part.imag / tiny for part in parts)


@holds(
    "along the output weights alone it is right",
    "With V = 0 the hidden values do not change. R(error) = H b / n; where does a stand in the "
    "gradient, besides in the error?",
)
def output_weights(answer, rng):
    W, a, X, y, V, b = draw(rng)
    problem = (W, a, X, y, 0.0 * V, b)
    return all(map(close, answer(*problem), exact(*problem)))


@holds(
    "where the net fits the data it is right along the hidden weights",
    "There the error is zero, but not its R. Which terms are left?",
)
def perfect_fit(answer, rng):
    W, a, X, _, V, b = draw(rng)
    problem = (W, a, X, np.tanh(X @ W.T) @ a, V, 0.0 * b)
    return all(map(close, answer(*problem), exact(*problem)))


@holds(
    "it is right to twelve digits, in every direction",
    "Terms with the error are those that Gauss and Newton leave out. What is R(1 - h^2), where h "
    "is a hidden value? Compare W's part and a's part, one at a time.",
)
def every_direction(answer, rng):
    problem = draw(rng)
    found, truth = answer(*problem), exact(*problem)
    return close(found[0], truth[0], 1e-12) and close(found[1], truth[1], 1e-12)


@holds(
    "the Hessian is symmetric: u' (H v) = v' (H u)",
    "If it is not, some term is missing in one of the two parts, and present in the other.",
)
def symmetric(answer, rng):
    W, a, X, y, V, b = draw(rng)
    other_V, other_b = rng.normal(size=W.shape), rng.normal(size=a.shape)
    one, two = answer(W, a, X, y, V, b), answer(W, a, X, y, other_V, other_b)
    left = np.sum(one[0] * other_V) + one[1] @ other_b
    return close(left, np.sum(two[0] * V) + two[1] @ b)


@holds(
    "it is linear in the direction, however long that is",
    "No difference is taken anywhere: a direction a million times as long has a product a million "
    "times as long, to the last digit.",
)
def linear(answer, rng):
    W, a, X, y, V, b = draw(rng)
    far = 2.0**40
    plain, long = answer(W, a, X, y, V, b), answer(W, a, X, y, far * V, far * b)
    return all(close(long[part] / far, plain[part], 1e-12) for part in (0, 1))
