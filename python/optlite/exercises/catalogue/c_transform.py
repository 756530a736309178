"""The c-transform: the best partner of a potential in optimal transport.

The dual of transport between histograms a and b at cost M is to maximise

    sum_i a_i f_i + sum_j b_j g_j   over all f, g with   f_i + g_j <= M_ij.

For a given f the best g is as large as the constraints permit. Any f then gives a lower bound of
the cost of all plans.

Source: Peyré and Cuturi, Computational optimal transport, 2019, on c-transforms.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, histograms

chapter = "transport"
difficulty = 1


def returns(f, M):
    """Return g, an array with an entry for each column of M; f has one for each row."""
    return M.shape[1:]


def draw(rng):
    """Return a potential and a matrix of costs."""
    return rng.normal(size=5), histograms(rng, 5, 4)[2]


@holds(
    "f and g are feasible",
    "For each column, which of its rows permits least?",
)
def feasible(answer, rng):
    f, M = draw(rng)
    return bool(np.all(f[:, None] + answer(f, M) <= M + 1e-12))


@holds(
    "no entry of g could be larger",
    "In each column one constraint has to hold with equality.",
)
def largest(answer, rng):
    f, M = draw(rng)
    return close(np.min(M - f[:, None] - answer(f, M), axis=0), np.zeros(4))


@holds("if f rises by a constant, g falls by it", "Check the sign of f in your formula.")
def shift(answer, rng):
    f, M = draw(rng)
    return close(answer(f + 0.7, M), answer(f, M) - 0.7)


@holds(
    "a third transform gives what the first gave",
    "Going back takes the minimum over columns: does your function work for M.T as well?",
)
def third(answer, rng):
    f, M = draw(rng)
    g = answer(f, M)
    return close(answer(answer(g, M.T), M), g)


@holds(
    "the dual value bounds the cost of every plan from below",
    "Multiply f_i + g_j <= M_ij by P_ij and sum. Where would your g break that?",
)
def bounds(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    f = rng.normal(size=5)
    return a @ f + b @ answer(f, M) <= np.sum(np.outer(a, b) * M) + 1e-12
