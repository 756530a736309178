"""Adam with step sizes bounded by their running mean.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
n = eta sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v) + eps)
s <- beta3 s + (1 - beta3) n
x <- x - min(n, s) m

Ding et al., An adaptive and momental bound method for stochastic learning, 2019, algorithm 1,
arXiv:1910.12249.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, beta3):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    n = learning_rate * np.sqrt(1.0 - beta2**t) / (1.0 - beta1**t) / (np.sqrt(v) + eps)
    s = state["s"] = beta3 * state["s"] + (1.0 - beta3) * n
    return x - np.minimum(n, s) * m
