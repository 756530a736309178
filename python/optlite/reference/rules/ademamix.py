"""Adam with a mixture of a fast and a slow mean of the gradients.

m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
slow <- beta3(t) slow + (1 - beta3(t)) g
x <- x - eta (m / (1 - beta1^t) + alpha(t) slow) / (sqrt(v / (1 - beta2^t)) + eps)

Warm-up over T steps: alpha(t) = alpha min(t / T, 1); beta3(t) goes from beta1 to beta3 so that its
half-life grows linearly.

Pagliardini, Ablin and Grangier, The AdEMAMix optimizer: better, faster, older, 2024, algorithm 1,
arXiv:2409.03137.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, beta3, alpha, warm_up):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    part = min(t / warm_up, 1.0) if warm_up else 1.0
    if part < 1.0:
        start, end = np.log(beta1), np.log(beta3)
        beta3 = min(np.exp(start * end / ((1.0 - part) * end + part * start)), beta3)
    slow = state["slow"] = beta3 * state["slow"] + (1.0 - beta3) * g
    mixed = m / (1.0 - beta1**t) + part * alpha * slow
    return x - learning_rate * mixed / (np.sqrt(v / (1.0 - beta2**t)) + eps)
