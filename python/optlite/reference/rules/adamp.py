"""AdamW without steps that only lengthen weights.

m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
u <- u - <x, u> x / |x|^2, w <- r w       where g is nearly orthogonal to x, by rows or as a whole
x <- (1 - eta w) x - eta u

Heo et al., AdamP: slowing down the slowdown for momentum optimizers on scale-invariant weights,
2021, algorithm 2, arXiv:2006.08217.
"""

import numpy as np

from ..radial_projection import project


def update(
    x, g, state, t, *, learning_rate, beta1, beta2, eps, delta, wd_ratio, nesterov, weight_decay
):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    if nesterov:
        m = beta1 * m + (1.0 - beta1) * g
    u = m / (1.0 - beta1**t) / (np.sqrt(v / (1.0 - beta2**t)) + eps)
    u, projected = project(g, x, u, delta, eps)
    w = weight_decay * (wd_ratio if projected else 1.0)
    return (1.0 - learning_rate * w) * x - learning_rate * u
