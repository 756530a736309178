"""One exact step of a block, with the gradient kept up to date.

For f(x) = x' H x / 2 - c' x and a block b of variables, the exact step moves x_b to the minimum of
f, with all other variables held; U_b d puts d into the places of the block:

    x+ = x + U_b d,        d = argmin over d of f(x + U_b d),        g+ = grad f(x+).

Nothing of c is given: the gradient g at x is, and H. A step that costs as many multiplications as
the columns of the block have entries is what makes block coordinate descent cheap.

Source: Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster
greedy rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, with_eigenvalues

chapter = "coordinate methods"
difficulty = 1


def returns(H, x, g, block):
    """Return x+ and g+, two arrays like x; block is an array of indices."""
    return {"x": x.shape, "g": x.shape}


def problem(rng, size=7):
    """Return H, c, a point, its gradient, and a block of three."""
    H, c = with_eigenvalues(rng, rng.uniform(0.5, 8.0, size=size)), rng.normal(size=size)
    x = rng.normal(size=size)
    return H, c, x, H @ x - c, np.sort(rng.choice(size, 3, replace=False))


@holds(
    "the variables outside of the block stay where they are",
    "Which entries of x does the step change?",
)
def others_stay(answer, rng):
    H, _, x, g, block = problem(rng)
    others = np.setdiff1d(np.arange(len(x)), block)
    return close(answer(H, x, g, block)[0][others], x[others])


@holds(
    "afterwards the gradient of the block is zero",
    "Set the derivative of d -> f(x + U_b d) to zero: a linear system with which part of H, and "
    "which part of g?",
)
def minimum_of_block(answer, rng):
    H, c, x, g, block = problem(rng)
    x, _ = answer(H, x, g, block)
    return close((H @ x - c)[block], np.zeros(3))


@holds(
    "the gradient that is returned is that of the new x, in all variables",
    "The gradient is H x - c. By what does it change with x? Not only inside of the block.",
)
def gradient_follows(answer, rng):
    H, c, x, g, block = problem(rng)
    for _ in range(3):
        x, g = answer(H, x, g, block)
        block = np.sort(rng.choice(len(x), 3, replace=False))
    return close(g, H @ x - c)


@holds(
    "f falls by half of g_b' H_bb^-1 g_b, the number by which GSQ chooses",
    "Is the step as long as it should be, and does it have the right sign?",
)
def decrease(answer, rng):
    H, c, x, g, block = problem(rng)
    y, _ = answer(H, x, g, block)
    fall = 0.5 * x @ H @ x - c @ x - (0.5 * y @ H @ y - c @ y)
    return close(fall, 0.5 * g[block] @ np.linalg.solve(H[np.ix_(block, block)], g[block]))


@holds(
    "a block of all variables solves the problem",
    "With everything in the block, the step is Newton's.",
)
def whole(answer, rng):
    H, c, x, g, _ = problem(rng)
    return close(answer(H, x, g, np.arange(len(x)))[0], np.linalg.solve(H, c))
