"""The direction of L-BFGS: two loops instead of a matrix.

From the last steps s_k = x_(k+1) - x_k and changes of gradient y_k = grad f(x_(k+1)) - grad f(x_k),
oldest first, BFGS makes an approximation H of the inverse Hessian by

    H <- (I - rho s y') H (I - rho y s') + rho s s',   rho = 1 / (y' s),

beginning with H = gamma I, where gamma = s' y / y' y is that of the newest pair, or 1 if there is
none. Return the direction -H g without forming H.

Source: Nocedal, Updating quasi-Newton matrices with limited storage, 1980; Liu and Nocedal, On the
limited memory BFGS method for large scale optimization, 1989.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, with_eigenvalues

chapter = "curvature"
difficulty = 3


def returns(g, S, Y):
    """Return -H g, an array like g; the rows of S are the s_k, those of Y the y_k."""
    return g.shape


def pairs(rng, count, size=8):
    """Return steps and changes of the gradient of a quadratic."""
    S = rng.normal(size=(count, size))
    return S, S @ with_eigenvalues(rng, np.geomspace(0.5, 20.0, size))


@holds("without pairs it is the negative gradient", "What is gamma where there is no newest pair?")
def no_pairs(answer, rng):
    g = rng.normal(size=8)
    return close(answer(g, np.zeros((0, 8)), np.zeros((0, 8))), -g)


@holds(
    "the newest pair satisfies the secant equation H y = s",
    "The update with the newest pair is the last one, so it is the first to be undone: in which "
    "order does each loop go?",
)
def secant(answer, rng):
    S, Y = pairs(rng, 4)
    return close(answer(Y[-1], S, Y), -S[-1])


@holds(
    "H is symmetric",
    "Each factor on the left of H has its mirror image on the right: one loop for each side.",
)
def symmetric(answer, rng):
    S, Y = pairs(rng, 4)
    u, v = rng.normal(size=(2, 8))
    return close(u @ answer(v, S, Y), v @ answer(u, S, Y))


@holds("the direction descends", "H is positive definite. Which sign has the result?")
def descends(answer, rng):
    S, Y = pairs(rng, 4)
    g = rng.normal(size=8)
    return g @ answer(g, S, Y) < 0.0


@holds(
    "what is orthogonal to all pairs is multiplied by -gamma",
    "There the updates do nothing; what is left is the beginning. Of which pair is gamma?",
)
def scaling(answer, rng):
    S, Y = pairs(rng, 3)
    basis, _ = np.linalg.qr(np.vstack([S, Y]).T)
    g = rng.normal(size=8)
    g -= basis @ (basis.T @ g)
    gamma = S[-1] @ Y[-1] / (Y[-1] @ Y[-1])
    return close(answer(g, S, Y), -gamma * g)


@holds(
    "it is what the matrices give",
    "Multiply out the formula for one pair, applied to g: which numbers does the first loop have "
    "to remember for the second?",
)
def matrices(answer, rng):
    S, Y = pairs(rng, 3)
    H = np.eye(8) * (S[-1] @ Y[-1] / (Y[-1] @ Y[-1]))
    for s, y in zip(S, Y, strict=True):
        left = np.eye(8) - np.outer(s, y) / (y @ s)
        H = left @ H @ left.T + np.outer(s, s) / (y @ s)
    g = rng.normal(size=8)
    return close(answer(g, S, Y), -H @ g, 1e-8)
