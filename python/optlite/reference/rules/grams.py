"""Adam's magnitudes in the direction of the gradient's signs.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
x <- x - eta sign(g) (|m| / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

form="official": eps is added to sqrt(v), before the bias correction.

Cao, Li and Song, Grams: gradient descent with adaptive momentum scaling, 2024, algorithm 1,
arXiv:2412.17107.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, form):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    root = np.sqrt(1.0 - beta2**t)
    denominator = (np.sqrt(v) + eps) / root if form == "official" else np.sqrt(v) / root + eps
    return x - learning_rate * np.sign(g) * np.abs(m) / (1.0 - beta1**t) / denominator
