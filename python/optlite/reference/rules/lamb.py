"""Layer-wise adaptive moments for large batches.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) + w x
x <- x - eta min(|x|, clamp) / |u| u        (ratio 1 if a norm is 0)

You et al., Large batch optimization for deep learning: training BERT in 76 minutes, 2020, algorithm
2, arXiv:1904.00962.
"""

import numpy as np


def update(
    x, g, state, t, *, learning_rate, beta1, beta2, eps, weight_decay, clamp, bias_correction
):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    if bias_correction:
        m, v = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
    u = m / (np.sqrt(v) + eps) + weight_decay * x
    size_x, size_u = min(np.linalg.norm(x), clamp), np.linalg.norm(u)
    ratio = size_x / size_u if size_x != 0.0 and size_u != 0.0 else 1.0
    return x - learning_rate * ratio * u
