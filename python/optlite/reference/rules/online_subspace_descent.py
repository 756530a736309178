"""GaLore whose projection is learned by small steps of its own.

P = the r leading right singular vectors of g, as rows, in the first step; then, with g1 = g / |g|,
P <- a step of AdamW on |g1 P^T P - g1|^2 + lambda |P P^T - I|^2
R = g P^T                              (wide matrices: R = P g, raised by P^T, and g1^T for g1)
m <- beta1 m + (1 - beta1) R,  v <- beta2 v + (1 - beta2) R^2
x <- x - eta alpha sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps) P

Liang et al., Memory-efficient LLM training with online subspace descent, 2024, algorithm 1.
"""

import numpy as np

from .. import subspace
from . import adam


def start(x, *, rank, **hyper):
    """Return the state before the first step."""
    state = subspace.start(x, rank)
    return state | {"m_P": np.zeros_like(state["P"]), "v_P": np.zeros_like(state["P"])}


def slope(P, G, orthogonality):
    """Return the gradient of the loss of P."""
    norm = np.linalg.norm(G)
    A = G if G.shape[0] >= G.shape[1] else G.T
    A = A / norm if norm != 0.0 else 0.0 * A
    B, S = P @ A.T @ A, P @ P.T
    lost = 2.0 * (S @ B + B @ P.T @ P - 2.0 * B)
    return lost + 4.0 * orthogonality * (S - np.eye(len(S))) @ P


def _follow(state, k, G, rate, decay, orthogonality):
    own = {"m": state["m_P"], "v": state["v_P"]}
    g = slope(state["P"], G, orthogonality)
    P = (1.0 - rate * decay) * state["P"]
    P = adam.update(P, g, own, k, learning_rate=rate, beta1=0.9, beta2=0.999, eps=1e-8)
    state.update(P=P, m_P=own["m"], v_P=own["v"])


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
    scale,
    projection_rate,
    projection_decay,
    orthogonality,
):
    """Return x after step t."""
    if x.ndim < 2:
        n, rate = subspace.moments(g, state, t, learning_rate, beta1, beta2, eps)
        return x - rate * n
    G = subspace.as_matrix(g)
    if t == 1:
        state["P"] = subspace.leading(G, subspace.rank_of(G, rank))
    elif len(state["P"]) < min(G.shape):  # otherwise nothing is lost
        _follow(state, t - 1, G, projection_rate, projection_decay, orthogonality)
    low = subspace.project(G, state["P"])
    n, rate = subspace.moments(low, state, t, learning_rate, beta1, beta2, eps)
    return x - rate * scale * subspace.raised(n, state["P"], G).reshape(x.shape)
