"""A step of DoG: a learning rate that nobody has to choose.

How long should steps be? About the distance D to the solution, over the root of the sum of all
squared gradients: that is what the theory of subgradient methods asks for. D is not known, but the
largest distance from the start so far is, and it grows until it is about D:

    r_t = max(r_(t-1), |x_t - x_0|),      G_t = G_(t-1) + |g_t|^2,
    x_(t+1) = x_t - r_t / sqrt(G_t) g_t,

where g_t is a (sub)gradient at x_t, G_(-1) = 0, and r_(-1) > 0 is a first guess, best much too
small.

Source: Ivgi, Hinder and Carmon, DoG is SGD's best friend: a parameter-free dynamic step size
schedule, 2023.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "adaptive methods"
difficulty = 1


def returns(x, g, start, r, G):
    """Return x_(t+1), an array like x, and the numbers r_t and G_t; r and G are of step t - 1."""
    return {"x": x.shape, "r": (), "G": ()}


@holds(
    "the first step is as long as the first guess",
    "With G = 0 before it, what is g / sqrt(G_t)? Is |g|^2 added before the step?",
)
def first_step(answer, rng):
    x, g, guess = rng.normal(size=4), rng.normal(size=4), 10.0 ** rng.uniform(-5, -1)
    after, _, _ = answer(x, g, x, guess, 0.0)
    return close((x - after) / guess, g / np.linalg.norm(g), 1e-6)


@holds(
    "r is the largest distance from the start, and never shrinks",
    "Of x_t, where the gradient was taken. And what if x comes back to the start?",
)
def largest_distance(answer, rng):
    start, x, g = rng.normal(size=(3, 4))
    distance = float(np.linalg.norm(x - start))
    small, large = (
        answer(x, g, start, share * distance, 1.0)[1] for share in (0.5, rng.uniform(1.1, 3.0))
    )
    return close(small, distance) and large > 1.05 * distance


@holds(
    "G is the sum of the squared lengths of all gradients",
    "A sum, not a mean, and of one number for each gradient.",
)
def sum_of_squares(answer, rng):
    start, x, g = rng.normal(size=(3, 4))
    before = rng.uniform(0.0, 2.0)
    return close(answer(x, g, start, 0.1, before)[2], before + g @ g)


@holds(
    "gradients in other units make the same steps",
    "Multiply every gradient by c: what becomes of G, and of the step?",
)
def units(answer, rng):
    start, x, g = rng.normal(size=(3, 4))
    c, G = 10.0 ** rng.uniform(-3, 3), rng.uniform(0.1, 1.0)
    one, other = answer(x, g, start, 0.1, G)[0], answer(x, c * g, start, 0.1, c * c * G)[0]
    return close(other, one)


@holds(
    "from a guess that is a million times too small it finds its length by itself",
    "Print r over 100 steps on f(x) = |x - x*|. It should grow to about |x_0 - x*|, and stay.",
)
def finds_the_length(answer, rng):
    optimum, start = 10.0 ** rng.uniform(-1, 2) * rng.normal(size=3), np.zeros(3)
    x, r, G = start, 1e-6 * float(np.linalg.norm(optimum)), 0.0
    for _ in range(500):
        away = x - optimum
        x, r, G = answer(x, away / max(float(np.linalg.norm(away)), 1e-300), start, r, G)
    return 0.3 < r / np.linalg.norm(optimum) < 3.0


@holds(
    "while all gradients are zero it stays where it is",
    "What is 0 / 0, and what should it be here?",
)
def stays(answer, rng):
    x = rng.normal(size=3)
    after, _, G = answer(x, np.zeros(3), x, 1e-3, 0.0)
    return close(after, x, 0.0) and G == 0.0
