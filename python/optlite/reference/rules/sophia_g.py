"""Clipped momentum over the Gauss-Newton-Bartlett estimate of the Hessian's diagonal.

m <- beta1 m + (1 - beta1) g
h <- beta2 h + (1 - beta2) hessian_diag        in the steps 1, 1 + k, 1 + 2 k, ...
x <- x - eta clip(m / max(gamma B h, eps), -clip, clip)        (paper; or gamma B h + eps)

hessian_diag is the square of the gradient of a batch of B with labels drawn from the model.

Liu et al., Sophia: a scalable stochastic second-order optimizer for language model pre-training,
2023, algorithms 2 and 3, arXiv:2305.14342.
"""

import numpy as np


def update(
    x,
    g,
    state,
    t,
    *,
    hessian_diag,
    learning_rate,
    beta1,
    beta2,
    eps,
    gamma,
    batch_size,
    clip,
    update_period,
    form,
):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    if (t - 1) % update_period == 0:
        state["h"] = beta2 * state["h"] + (1.0 - beta2) * hessian_diag
    curvature = gamma * batch_size * state["h"]
    denominator = np.maximum(curvature, eps) if form == "paper" else curvature + eps
    return x - learning_rate * np.clip(m / denominator, -clip, clip)
