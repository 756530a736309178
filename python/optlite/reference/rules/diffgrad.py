"""Adam with a friction that depends on the change of the gradient.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
xi = 1 / (1 + exp(-|previous - g|))
x <- x - eta xi sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)

Dubey et al., diffGrad: an optimization method for convolutional neural networks, 2020, eq. 6 to 8,
arXiv:1909.11015.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    xi = 1.0 / (1.0 + np.exp(-np.abs(state["previous"] - g)))
    state["previous"] = g.copy()
    rate = learning_rate * np.sqrt(1.0 - beta2**t) / (1.0 - beta1**t)
    return x - rate * xi * m / (np.sqrt(v) + eps)
