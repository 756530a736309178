"""The sign of the gradient.

x <- x - eta sign(g)

Bernstein et al., signSGD: compressed optimisation for non-convex problems, 2018, algorithm 1,
arXiv:1802.04434.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate):
    """Return x after step t."""
    return x - learning_rate * np.sign(g)
