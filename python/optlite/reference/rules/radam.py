"""Adam with a rectified variance: plain momentum in the first steps.

rho_inf = 2 / (1 - beta2) - 1
rho = rho_inf - 2 t beta2^t / (1 - beta2^t)
r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
m <- beta1 m + (1 - beta1) g
v <- beta2 v + (1 - beta2) g^2
x <- x - eta m / (1 - beta1^t) * r sqrt(1 - beta2^t) / (sqrt(v) + eps)    if rho > threshold
x <- x - eta m / (1 - beta1^t)                                            otherwise

Liu et al., On the variance of the adaptive learning rate and beyond, 2020, algorithm 2,
arXiv:1908.03265.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, threshold):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    rho_inf = 2.0 / (1.0 - beta2) - 1.0
    rho = rho_inf - 2.0 * t * beta2**t / (1.0 - beta2**t)
    step = learning_rate * m / (1.0 - beta1**t)
    if rho > threshold:
        r2 = (rho - 4.0) * (rho - 2.0) * rho_inf / ((rho_inf - 4.0) * (rho_inf - 2.0) * rho)
        step = step * np.sqrt(r2 * (1.0 - beta2**t)) / (np.sqrt(v) + eps)
    return x - step
