"""Adam with the variance around the running mean in place of the second moment.

m <- beta1 m + (1 - beta1) g
s <- beta2 s + (1 - beta2) (g - m)^2 + eps
x <- x - eta (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)

rectify: times r of RAdam, with (sqrt(s) + eps) / sqrt(1 - beta2^t) below; 1 where its rho < 5.

Zhuang et al., AdaBelief optimizer: adapting stepsizes by the belief in observed gradients, 2020,
algorithm 2, arXiv:2010.07468.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, rectify):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    s = state["s"] = beta2 * state["s"] + (1.0 - beta2) * (g - m) ** 2 + eps
    step = learning_rate * m / (1.0 - beta1**t)
    root = np.sqrt(1.0 - beta2**t)
    if not rectify:
        return x - step / (np.sqrt(s) / root + eps)
    rho_inf = 2.0 / (1.0 - beta2) - 1.0
    rho = rho_inf - 2.0 * t * beta2**t / (1.0 - beta2**t)
    if rho < 5.0:
        return x - step
    r2 = (rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho)
    return x - np.sqrt(r2) * root * step / (np.sqrt(s) + eps)
