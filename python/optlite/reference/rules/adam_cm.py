"""Adam that keeps the largest momenta of its past and goes along their mean, too.

m <- beta1 m + (1 - beta1) g,  a = m + mean of the buffer        (step 1: m = 0, and g enters)
m enters the buffer; once it is full, in place of the one of least key, if |g| is larger
v <- beta2 v + (1 - beta2) a^2
x <- x - eta (a / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
every key <- decay times the key

The key of a momentum is the sum over all tensors of the norm of the gradient.

Malviya et al., Promoting exploration in memory-augmented Adam using critical momenta, 2023,
algorithm 1.
"""

import numpy as np


def start(x, *, top_c, **hyper):
    """Return the state before the first step."""
    return {"buffer": np.zeros((int(top_c), *x.shape)), "keys": np.zeros(int(top_c))}


def share(xs, gs, states, shared, t, *, decay, top_c, **hyper):
    """Find the place of this step's momentum, -1 for none, and update the keys of all."""
    key = sum(np.linalg.norm(g) for g in gs)
    held = shared["held"] = min(t - 1, int(top_c))
    keys = states[0]["keys"] if states else np.zeros(int(top_c))
    place = held
    if held == int(top_c):
        place = int(np.argmin(keys))
        place = place if key > keys[place] else -1
    shared["place"] = place
    for state in states:
        if place >= 0:
            state["keys"][place] = key
        state["keys"] *= decay


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, decay, top_c, shared):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g * (t > 1)
    held, place = shared["held"], shared["place"]
    a = m + (state["buffer"][:held].mean(axis=0) if held else 0.0)
    if place >= 0:
        state["buffer"][place] = g if t == 1 else m
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * a**2
    return x - learning_rate * a / (1.0 - beta1**t) / (np.sqrt(v / (1.0 - beta2**t)) + eps)
