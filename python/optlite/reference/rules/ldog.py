"""Distance over gradients, for each tensor apart.

r <- max(r, |x - x0|)        (r = rho (1 + |x0|) in the first step)
G <- G + |g|^2
x <- x - eta r / sqrt(G + eps) g

Ivgi, Hinder and Carmon, DoG is SGD's best friend: a parameter-free dynamic step size schedule,
2023, section 3.3.
"""

import numpy as np


def share(xs, gs, states, shared, t, *, relative_distance, **_):
    """Change what each tensor has for itself, before its step."""
    for x, g, state in zip(xs, gs, states, strict=True):
        if t == 1:
            state["distance"] = relative_distance * (1.0 + np.linalg.norm(x))
        state["distance"] = max(state["distance"], np.linalg.norm(state["moved"]))
        state["squares"] = state.get("squares", 0.0) + np.sum(g**2)


def update(x, g, state, t, *, shared, learning_rate, relative_distance, eps):
    """Return x after step t."""
    step = learning_rate * state["distance"] / np.sqrt(state["squares"] + eps) * g
    state["moved"] = state["moved"] - step
    return x - step


def shift(by, state):
    """Count what weight decay adds to x."""
    state["moved"] = state["moved"] + by
