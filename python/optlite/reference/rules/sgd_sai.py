"""Momentum with step sizes scaled once, at the first gradient.

rho = |g_1| / (std(g_1) + eps)        once for each tensor; 1 for a single coordinate
b <- mu b + (1 - mu) g                (b = g in the first step)
x <- x - eta rho b

Xu, Xiang, Cai and Wen, No more Adam: learning rate scaling at initialization is all you need, 2024,
algorithm 1, arXiv:2412.11768.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, momentum, eps):
    """Return x after step t."""
    if t == 1:
        noise = np.std(g, ddof=1) if g.size > 1 else None
        state["ratio"] = 1.0 if noise is None else np.linalg.norm(g) / (noise + eps)
    fresh = 1.0 if t == 1 else 1.0 - momentum
    b = state["b"] = momentum * state["b"] + fresh * g
    return x - learning_rate * state["ratio"] * b
