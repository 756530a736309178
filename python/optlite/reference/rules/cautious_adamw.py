"""AdamW that moves only where step and gradient agree in sign.

u = the step of Adam
mask = 1 where u g > 0, else 0
x <- x - eta size / (sum(mask) + 1) mask u

Liang et al., Cautious optimizers: improving training with one line of code, 2024, algorithm 1,
arXiv:2411.16085.
"""

import numpy as np


def update(x, g, state, t, *, learning_rate, beta1, beta2, eps, form):
    """Return x after step t."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    u = m / (1.0 - beta1**t) / (np.sqrt(v / (1.0 - beta2**t)) + eps)
    mask = m * g > 0
    kept = np.count_nonzero(mask)
    scale = x.size / (kept + 1.0) if form == "paper" else 1.0 / max(kept / x.size, 1e-3)
    return x - learning_rate * scale * mask * u
