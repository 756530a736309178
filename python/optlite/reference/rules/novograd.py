"""Adam-like scaling with one second moment for each tensor.

v <- beta2 v + (1 - beta2) |g|^2        (v = |g|^2 in the first step; a number for each tensor)
m <- beta1 m + g / (sqrt(v) + eps) + w x
x <- x - eta m

Ginsburg et al., Stochastic gradient methods with layer-wise adaptive moments for training of deep
networks, 2019, algorithm 1, arXiv:1905.11286.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, weight_decay, averaging):
    """Return x after step t."""
    squares = np.sum(g**2)
    v = state["v"] = squares if t == 1 else beta2 * state["v"] + (1.0 - beta2) * squares
    fresh = 1.0 - beta1 if averaging and t > 1 else 1.0
    m = beta1 * state["m"] + fresh * (g / (np.sqrt(v) + eps) + weight_decay * x)
    state["m"] = m
    return x - learning_rate * m
