"""Distance over gradients: SGD that needs no learning rate.

r <- max(r, |x - x0|)        (r = rho (1 + |x0|) in the first step)
G <- G + |g|^2               (all norms over all tensors)
x <- x - eta r / sqrt(G + eps) g

Ivgi, Hinder and Carmon, DoG is SGD's best friend: a parameter-free dynamic step size schedule,
2023, eq. DoG.
"""

import numpy as np


def _norm(arrays):
    return np.sqrt(sum(np.sum(array.astype(float) ** 2) for array in arrays))


def share(xs, gs, states, shared, t, *, relative_distance, **_):
    """Change what all tensors have in common, before their steps."""
    if t == 1:
        shared["distance"] = relative_distance * (1.0 + _norm(xs))
        shared["squares"] = 0.0
    moved = _norm([state["moved"] for state in states])
    shared["distance"] = max(shared["distance"], moved)
    shared["squares"] += _norm(gs) ** 2


def update(x, g, state, t, *, shared, learning_rate, relative_distance, eps):
    """Return x after step t."""
    rate = learning_rate * shared["distance"] / np.sqrt(shared["squares"] + eps)
    step = rate * g
    state["moved"] = state["moved"] - step
    return x - step


def shift(by, state):
    """Count what weight decay adds to x."""
    state["moved"] = state["moved"] + by
