"""Bias-corrected first and second moments of the gradient.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
x <- x - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1, arXiv:1412.6980.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    m_hat = m / (1.0 - beta1**t)
    v_hat = v / (1.0 - beta2**t)
    return x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)
