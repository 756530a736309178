"""Sinkhorn's iteration for entropic optimal transport.

    minimise sum_ij P_ij M_ij + eps sum_ij P_ij (log P_ij - 1)
    over P with row sums a and column sums b.

The solution is P_ij = exp((f_i + g_j - M_ij) / eps). From f = g = 0, an iteration changes f so that
the row sums are a, then g so that the column sums are b. With a small eps the entries of
exp(-M / eps) underflow; logarithms of sums of exponentials do not.

Source: Cuturi, Sinkhorn distances: lightspeed computation of optimal transport, 2013; in
logarithms: Peyré and Cuturi, Computational optimal transport, 2019.
"""

import numpy as np

from .._exercise import holds
from .._problems import close, histograms

chapter = "transport"
difficulty = 2


def returns(a, b, M, eps, n_iterations):
    """Return the plan P after n_iterations, an array like M; a and b are positive and sum to 1."""
    return M.shape


@holds(
    "the column sums are b: columns come last",
    "In which order are f and g changed, and do you return the plan of the last two?",
)
def columns(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    P = answer(a, b, M, 0.1, int(rng.integers(1, 5)))
    return close(P.sum(axis=0), b) and P.min() >= 0.0


@holds(
    "log P + M / eps is a sum f_i + g_j",
    "Rows and columns are multiplied by numbers, nothing else. Is the sign of M right?",
)
def separable(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    eps = rng.uniform(0.1, 0.5)
    L = np.log(np.maximum(answer(a, b, M, eps, 3), 1e-300)) + M / eps
    return close(L - L[:1] - L[:, :1] + L[0, 0], 0.0, 1e-8)


@holds(
    "many iterations make the row sums a",
    "Does each half of the iteration use the newest value of the other potential?",
)
def rows(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    return close(answer(a, b, M, 0.2, 300).sum(axis=1), a, 1e-8)


@holds(
    "without a cost the plan is the product a b', after one iteration",
    "With M = 0, all that is left is the marginals.",
)
def independent(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    return close(answer(a, b, 0.0 * M, 0.1, 1), np.outer(a, b))


@holds(
    "with a small eps nothing underflows",
    "What is exp(-5000)? Subtract the largest exponent before you take exponentials.",
)
def small_eps(answer, rng):
    a, b, M = histograms(rng, 5, 4)
    P = answer(a, b, 5.0 + M, 1e-3, 20)
    return close(P.sum(axis=0), b, 1e-8)
