"""Adagrad fed with the largest entries of the gradient; what is left out is kept for later.

a = e + g
c = the k largest entries of a over all tensors, the first of equal ones, and 0 elsewhere
e <- a - c
G <- G + c^2
x <- x - eta c / (sqrt(G) + eps)

Modoranu et al., Error feedback can accurately compress preconditioners, 2024, algorithm 1; Duchi,
Hazan and Singer, Adaptive subgradient methods for online learning and stochastic optimization,
2011.
"""

import numpy as np


def share(xs, gs, states, shared, t, *, k, **_):
    """Change what all tensors have in common, before their steps."""
    for g, state in zip(gs, states, strict=True):
        state["e"] = state["e"] + g
    sizes = [np.abs(state["e"]).ravel() for state in states]
    total = sum(map(len, sizes))
    kept = min(max(int(np.ceil(k * total if k < 1 else k)), 1), total)
    order = np.argsort(-np.concatenate([*sizes, []]), kind="stable")
    taken = np.zeros(total, dtype=bool)
    taken[order[:kept]] = True
    for state in states:
        own, taken = np.split(taken, [state["e"].size])
        state["taken"] = own.reshape(state["e"].shape)


def update(x, g, state, t, *, shared, learning_rate, k, eps):
    """Return x after step t."""
    c = np.where(state["taken"], state["e"], 0.0)
    state["e"] = state["e"] - c
    state["G"] = state["G"] + c**2
    return x - learning_rate * c / (np.sqrt(state["G"]) + eps)
