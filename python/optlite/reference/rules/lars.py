"""Layer-wise adaptive rate scaling.

lambda = tau |x| / (|g| + w |x|), 1 if a norm is 0
b <- mu b + lambda (g + w x)
x <- x - eta b

You, Gitman and Ginsburg, Large batch training of convolutional networks, 2017, algorithm 1,
arXiv:1708.03888.
"""

import numpy as np


def update(
    x, g, state, t, *, learning_rate, momentum, trust_coefficient, weight_decay, adapt_vectors
):
    """Return x after step t."""
    size_x, size_g = np.linalg.norm(x), np.linalg.norm(g)
    scale = 1.0
    if not adapt_vectors and x.ndim < 2:
        weight_decay = 0.0
    elif size_x != 0.0 and size_g != 0.0:
        scale = trust_coefficient * size_x / (size_g + weight_decay * size_x)
    b = state["b"] = momentum * state["b"] + scale * (g + weight_decay * x)
    return x - learning_rate * b
