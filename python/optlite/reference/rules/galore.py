"""Adam on the gradient projected to its leading singular vectors; Adam for scalars and vectors.

P <- the r leading right singular vectors of g, as rows     in the steps 1, 1 + k, 1 + 2 k, ...
R = g P^T                          (wide matrices: left singular vectors, R = P g, raised by P^T)
m <- beta1 m + (1 - beta1) R,  v <- beta2 v + (1 - beta2) R^2
x <- x - eta alpha sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps) P

Zhao et al., GaLore: memory-efficient LLM training by gradient low-rank projection, 2024, algorithm
2, arXiv:2403.03507.
"""

from .. import subspace


def start(x, *, rank, **hyper):
    """Return the state before the first step."""
    return subspace.start(x, rank)


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, rank, update_period, scale):
    """Return x after step t."""
    if x.ndim < 2:
        n, rate = subspace.moments(g, state, t, learning_rate, beta1, beta2, eps)
        return x - rate * n
    G = subspace.as_matrix(g)
    if (t - 1) % int(update_period) == 0:
        state["P"] = subspace.leading(G, subspace.rank_of(G, rank))
    low = subspace.project(G, state["P"])
    n, rate = subspace.moments(low, state, t, learning_rate, beta1, beta2, eps)
    return x - rate * scale * subspace.raised(n, state["P"], G).reshape(x.shape)
