"""One iteration towards a barycenter of histograms.

The columns of A are histograms. Their entropic barycenter x is the histogram to which they travel
at the least weighted cost. With K = exp(-M / eps) the plan of histogram k is
diag(u_k) K diag(v_k). An iteration, from the scalings v_k, the columns of V:

    u_k = A_k / (K v_k)                   row sums are A_k
    x = prod_k (v_k * K' u_k)^(w_k)       the weighted geometric mean of the column sums
    v_k <- x / (K' u_k)                   column sums are x, for all k

Source: Benamou, Carlier, Cuturi, Nenna and Peyré, Iterative Bregman projections for regularized
transportation problems, 2015.
"""

import numpy as np

from .._exercise import holds
from .._problems import close

chapter = "transport"
difficulty = 2


def returns(V, A, M, eps, weights):
    """Return the new V and x.

    V and A have a column for each histogram and are positive, M is the square matrix of costs,
    weights are >= 0 and sum to 1.
    """
    return {"V": V.shape, "x": V.shape[:1]}


def draw(rng, count=3, size=8):
    """Return scalings, histograms and costs on a line."""
    points = np.linspace(0.0, 1.0, size)
    A = rng.dirichlet(np.full(size, 2.0), size=count).T + 1e-3
    return (
        np.exp(rng.normal(size=(size, count))),
        A / A.sum(axis=0),
        (points[:, None] - points) ** 2,
    )


def column_sums(V, A, M, eps):
    """Return the column sums of the plans after their rows were fitted, one column a plan."""
    K = np.exp(-M / eps)
    return V * (K.T @ (A / (K @ V)))


@holds(
    "log x is the weighted mean of the logarithms of the column sums",
    "A geometric mean, after the rows were fitted: log x = sum_k w_k log(v_k * K' u_k).",
)
def geometric(answer, rng):
    V, A, M = draw(rng)
    w = rng.dirichlet(np.ones(3))
    _, x = answer(V, A, M, 0.1, w)
    return close(np.log(x), np.log(column_sums(V, A, M, 0.1)) @ w)


@holds(
    "with the new V and the old U all plans have the column sums x",
    "Each v_k is divided by its own column sums: one denominator for each histogram.",
)
def common(answer, rng):
    V, A, M = draw(rng)
    new, x = answer(V, A, M, 0.1, np.full(3, 1.0 / 3.0))
    return close(column_sums(V, A, M, 0.1) * new / V, np.repeat(x[:, None], 3, axis=1))


@holds(
    "of one histogram x are the column sums, and V stays",
    "With a single plan there is nothing to agree on: x must not be normalised.",
)
def alone(answer, rng):
    V, A, M = draw(rng, count=1)
    V *= 3.0
    new, x = answer(V, A[:, :1] * 0.5, M, 0.1, np.ones(1))
    return close(new, V) and close(x, column_sums(V, 0.5 * A, M, 0.1)[:, 0])


@holds(
    "a weight of 1 makes x that of this histogram",
    "Do the weights enter as exponents? Equal weights are a special case.",
)
def one_weight(answer, rng):
    V, A, M = draw(rng)
    _, x = answer(V, A, M, 0.1, np.array([0.0, 1.0, 0.0]))
    return close(x, column_sums(V, A, M, 0.1)[:, 1])


@holds(
    "after many iterations x is a histogram",
    "The plans come to agree, and then nothing is lost in the mean. Is V the new one?",
)
def converges(answer, rng):
    V, A, M = draw(rng)
    for _ in range(300):
        V, x = answer(V, A, M, 0.1, np.array([0.5, 0.25, 0.25]))
    return close(x.sum(), 1.0, 1e-6) and close(
        column_sums(V, A, M, 0.1).T, np.tile(x, (3, 1)), 1e-6
    )
