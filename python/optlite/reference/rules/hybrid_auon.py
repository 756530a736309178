"""AuON on a momentum whose singular values a Newton-Schulz iteration has drawn together.

m <- mu m + (1 - mu) g,  u = (1 - mu) g + mu m
X = Newton-Schulz steps from u / (|u| + 1e-7)          (matrices; otherwise X = u)
then the step of AuON along X

Maity, AuON: a linear-time alternative to semi-orthogonal momentum updates, 2025.
"""

import numpy as np

from ..newton_schulz import newton_schulz
from .auon import cosh_step


def update(x, g, state, t, *, learning_rate, momentum, gamma, ns_steps, form):
    """Return x after step t."""
    m = state["m"] = momentum * state["m"] + (1.0 - momentum) * g
    u = (1.0 - momentum) * g + momentum * m
    if x.ndim >= 2:
        U = (u / (np.linalg.norm(u) + 1e-7)).reshape(len(u), -1)
        u = newton_schulz(U, ns_steps).reshape(x.shape)
    return cosh_step(x, u, learning_rate, gamma, form)
