"""Adafactor with momentum, divided by how far its steps are from it.

R <- beta2 R + (1 - beta2) rows(G^2 + eps1)            C alike, with columns
U = G / sqrt(R C / mean(R)),  U <- U / max(1, RMS(U) / d)
M <- beta1 M + (1 - beta1) U
r <- beta3 r + (1 - beta3) rows((U - M)^2 + eps2)      c alike
X <- X - eta M / sqrt(r c / mean(r))                   (vectors: X - eta M)

Luo et al., CAME: confidence-guided adaptive memory efficient optimization, 2023, algorithm 2.
"""

import numpy as np

from .. import factored


def start(x, **hyper):
    """Return the state before the first step."""
    v = {"v": np.zeros(x.shape if x.ndim < 2 else 0)}
    return factored.start(x, "R", "C") | factored.start(x, "r", "c") | v


def update(x, g, state, t, *, learning_rate, beta1, beta2, beta3, eps1, eps2, d):
    """Return x after step t."""
    if x.ndim < 2:
        state["v"] = beta2 * state["v"] + (1.0 - beta2) * (g**2 + eps1)
        root = np.sqrt(state["v"])
    else:
        factored.take(state, "R", "C", g**2 + eps1, beta2)
        root = factored.root(state, "R", "C")
    U = g / root
    U = U / max(1.0, np.sqrt((U**2).mean()) / d)
    M = state["M"] = beta1 * state["M"] + (1.0 - beta1) * U
    if x.ndim < 2:
        return x - learning_rate * M
    factored.take(state, "r", "c", (U - M) ** 2 + eps2, beta3)
    return x - learning_rate * M / factored.root(state, "r", "c")
