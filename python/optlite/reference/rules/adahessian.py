"""Momentum over the root mean square of estimates of the Hessian's diagonal.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) hessian_diag^2
x <- x - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t))^k + eps)

Yao et al., AdaHessian: an adaptive second order optimizer for machine learning, 2021, algorithm 1,
arXiv:2006.00719.
"""

import numpy as np


def update(x, g, state, t, *, hessian_diag, learning_rate, beta1, beta2, eps, hessian_power):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * hessian_diag**2
    curvature = np.sqrt(v / (1.0 - beta2**t)) ** hessian_power
    return x - learning_rate * m / (1.0 - beta1**t) / (curvature + eps)
