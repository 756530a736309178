"""Momentum of variance-reduced gradients whose singular values are brought near one.

c = g + gamma beta1 / (1 - beta1) (g - previous)
m <- beta1 m + (1 - beta1) c / max(1, |c|)
x <- x - eta sqrt(max(1, rows / cols)) NewtonSchulz(m / |m|)

Scalars and vectors take the step of AdamW on g.

Yuan et al., MARS: unleashing the power of variance reduction for training large models, 2024,
algorithm 4.
"""

import numpy as np

from ..newton_schulz import newton_schulz
from . import adam


def start(x, **hyper):
    """Return the state before the first step: previous for matrices, v for vectors."""
    return {
        "previous": np.zeros(x.shape if x.ndim >= 2 else 0),
        "v": np.zeros(x.shape if x.ndim < 2 else 0),
    }


def update(
    x,
    g,
    state,
    t,
    *,
    learning_rate,
    beta1,
    gamma,
    ns_steps,
    eps,
    vector_beta1,
    vector_beta2,
    vector_eps,
):
    """Return x after step t."""
    if x.ndim < 2:
        betas = {"beta1": vector_beta1, "beta2": vector_beta2}
        return adam.update(x, g, state, t, learning_rate=learning_rate, eps=vector_eps, **betas)
    c = g + gamma * beta1 / (1.0 - beta1) * (g - state["previous"])
    state["previous"] = g.copy()
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * c / max(1.0, np.linalg.norm(c))
    U = m.reshape(len(m), -1) / (1.0 - beta1)
    X = newton_schulz(U / max(np.linalg.norm(U), eps), ns_steps)
    scale = np.sqrt(max(1.0, U.shape[0] / U.shape[1]))
    return x - learning_rate * scale * X.reshape(x.shape)
