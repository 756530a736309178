"""Sign of an interpolation between momentum and gradient.

x <- x - eta sign(beta1 m + (1 - beta1) g)
m <- beta2 m + (1 - beta2) g

Chen et al., Symbolic discovery of optimization algorithms, 2023, program 1, arXiv:2302.06675.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2):
    """Return x after step t."""
    u = beta1 * state["m"] + (1.0 - beta1) * g
    state["m"] = beta2 * state["m"] + (1.0 - beta2) * g
    return x - learning_rate * np.sign(u)
