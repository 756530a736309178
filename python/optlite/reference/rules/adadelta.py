"""Root mean square of past steps over that of past gradients: steps in the unit of x.

s <- rho s + (1 - rho) g^2
d  = sqrt((u + eps) / (s + eps)) g
u <- rho u + (1 - rho) d^2
x <- x - eta d

Zeiler, ADADELTA: an adaptive learning rate method, 2012, algorithm 1, arXiv:1212.5701.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, rho, eps):
    """Return x after step t."""
    s = state["s"] = rho * state["s"] + (1.0 - rho) * g**2
    d = np.sqrt((state["u"] + eps) / (s + eps)) * g
    state["u"] = rho * state["u"] + (1.0 - rho) * d**2
    return x - learning_rate * d
