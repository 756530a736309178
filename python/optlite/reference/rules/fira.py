"""GaLore, and what it leaves out of the gradient, scaled like what it does not.

P, R, m, v as for GaLore,  n = m / (sqrt(v) + eps)
phi = |n| / (|R| + 1e-8) of each line: rows of tall matrices, columns of wide ones
s = phi (g - R P)                                            (official: g - alpha R P)
s <- s / max(1, |s| / (gamma (|s before| + 1e-8)))           (from the second step on)
x <- x - eta sqrt(1 - beta2^t) / (1 - beta1^t) (alpha n P + s)

Chen et al., Fira: can we achieve full-rank training of LLMs under low-rank constraint?, 2024,
algorithm 1, arXiv:2410.01623.
"""

import numpy as np

from .. import subspace


def start(x, *, rank, **hyper):
    """Return the state before the first step."""
    return subspace.start(x, rank)


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    beta1,
    beta2,
    eps,
    rank,
    update_period,
    scale,
    growth,
    form,
):
    """Return x after step t."""
    if x.ndim < 2:
        n, rate = subspace.moments(g, state, t, learning_rate, beta1, beta2, eps)
        return x - rate * n
    G = subspace.as_matrix(g)
    if (t - 1) % int(update_period) == 0:
        state["P"] = subspace.leading(G, subspace.rank_of(G, rank))
    P = state["P"]
    low = subspace.project(G, P)
    n, rate = subspace.moments(low, state, t, learning_rate, beta1, beta2, eps)
    axis = 1 if G.shape[0] >= G.shape[1] else 0
    before, after = (np.linalg.norm(each, axis=axis, keepdims=True) for each in (low, n))
    part = scale if form == "official" else 1.0
    s = after / (before + 1e-8) * (G - part * subspace.raised(low, P, G))
    norm = np.linalg.norm(s)
    by = 1.0 if t == 1 else max(1.0, norm / (growth * (state["rest"] + 1e-8)))
    state["rest"] = norm / by
    return x - rate * (scale * subspace.raised(n, P, G) + s / by).reshape(x.shape)
