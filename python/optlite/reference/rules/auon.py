"""Momentum divided by a hyperbolic measure of its spread.

m <- mu m + (1 - mu) g,  u = (1 - mu) g + mu m
G = u / (|u| + 1e-7),  R = sqrt(mean cosh(gamma G)^2)
x <- x - eta sqrt(max(1, rows / cols)) G / (R + 1e-8)

The form of the authors' code has u for G in the last line, and no factor. As |G| = 1, R^2 is
1 + O(gamma^2 / N) for N entries.

Maity, AuON: a linear-time alternative to semi-orthogonal momentum updates, 2025.
"""

import numpy as np


def cosh_step(x, u, learning_rate, gamma, form):
    """Return x after a step along u."""
    G = u / (np.linalg.norm(u) + 1e-7)
    R = np.sqrt((np.cosh(gamma * G) ** 2).mean())
    factor = np.sqrt(max(1.0, len(x) ** 2 / x.size)) if x.ndim >= 2 else 1.0
    step = u if form == "repo" else factor * G
    return x - learning_rate * step / (R + 1e-8)


def update(x, g, state, t, *, learning_rate, momentum, gamma, form):
    """Return x after step t."""
    m = state["m"] = momentum * state["m"] + (1.0 - momentum) * g
    u = (1.0 - momentum) * g + momentum * m
    return cosh_step(x, u, learning_rate, gamma, form)
