"""Adaptive Nesterov momentum from gradients and their differences.

D = g - previous        (0 in the first step)
m <- beta1 m + (1 - beta1) g
d <- beta2 d + (1 - beta2) D
n <- beta3 n + (1 - beta3) (g + beta2 D)^2
x <- x - eta (m / (1 - beta1^t) + beta2 d / (1 - beta2^t)) / (sqrt(n / (1 - beta3^t)) + eps)

Xie et al., Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models, 2022,
algorithm 1, arXiv:2208.06677.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, beta3, eps):
    """Return x after step t."""
    D = g - state["previous"] if t > 1 else np.zeros_like(g)
    state["previous"] = g.copy()
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    d = state["d"] = beta2 * state["d"] + (1.0 - beta2) * D
    n = state["n"] = beta3 * state["n"] + (1.0 - beta3) * (g + beta2 * D) ** 2
    ahead = m / (1.0 - beta1**t) + beta2 * d / (1.0 - beta2**t)
    return x - learning_rate * ahead / (np.sqrt(n / (1.0 - beta3**t)) + eps)
