"""Sign descent: steepest descent where the size of a step is its largest entry.

A gradient step minimises a model of f, in which the length of the step d is the Euclidean one:
g' d + L |d|^2 / 2. Measure d by its largest entry instead, and minimise

    g' d + (L / 2) max_j d_j^2

over d. The result is the step that Adam takes when it has no memory. If
f(x + d) <= f(x) + grad f(x)' d + (L / 2) max_j d_j^2 for all x and d, this step lowers f by at
least the square of the sum of all |g_j|, over 2 L.

Sources: Boyd and Vandenberghe, Convex optimization, 2004, section 9.4; Balles, Pedregosa and Le
Roux, The geometry of sign gradient descent, 2020.
"""

from itertools import product

import numpy as np

from .._exercise import holds
from .._problems import close, with_eigenvalues

chapter = "adaptive methods"
difficulty = 1


def returns(g, L):
    """Return the minimiser d, an array like g; L > 0 is a number."""
    return g.shape


@holds(
    "every entry of the step has the same size, and it goes down",
    "Given how large the largest entry may be, what does each of the others do to make g' d as "
    "small as it can?",
)
def one_size(answer, rng):
    g, L = rng.normal(size=5), rng.uniform(0.5, 3.0)
    d = answer(g, L)
    return close(np.abs(d), np.abs(d).max()) and bool(np.all(d * g < 0.0))


@holds(
    "no other step has a smaller value in the model",
    "The direction is one question, the length another: put d = -a s into the model, with the s "
    "that you have, and minimise over a.",
)
def minimiser(answer, rng):
    g, L = rng.normal(size=5), rng.uniform(0.5, 3.0)
    d = answer(g, L)
    others = d + 10.0 ** rng.uniform(-3, 1, size=(300, 1)) * rng.normal(size=(300, 5))
    others = np.concatenate([others, np.linspace(0.0, 3.0, 61)[:, None] * d, -g[None] / L])

    def value(step):
        return step @ g + 0.5 * L * np.max(step**2, axis=-1)

    return bool(np.all(value(others) >= value(d) - 1e-12))


@holds(
    "it lowers a quadratic by at least what is promised",
    "The length of the step depends on all entries of g, not on the largest or on none.",
)
def promised(answer, rng):
    A, x = with_eigenvalues(rng, rng.uniform(0.1, 3.0, size=4)), rng.normal(size=4)
    L = max(np.array(s) @ A @ np.array(s) for s in product((-1.0, 1.0), repeat=4))
    g = A @ x
    after = x + answer(g, L)
    fall = 0.5 * x @ g - 0.5 * after @ A @ after
    return fall >= np.abs(g).sum() ** 2 / (2.0 * L) - 1e-12


@holds(
    "c times the gradient makes c times the step, and c times L a c-th of it",
    "Unlike Adam's, this step shrinks near the minimum: what does it shrink with?",
)
def units(answer, rng):
    g, L, c = rng.normal(size=4), rng.uniform(0.5, 3.0), rng.uniform(2.0, 9.0)
    d = answer(g, L)
    return close(answer(c * g, L), c * d) and close(answer(g, c * L), d / c)


@holds("where the gradient is zero it stays", "Do you divide by something that is zero here?")
def zero(answer, rng):
    return not answer(np.zeros(3), rng.uniform(0.5, 3.0)).any()
