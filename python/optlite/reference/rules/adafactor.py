"""Second moments of a matrix remembered by rows and columns; steps relative to the parameters.

beta_t = 1 - t^-c,  rho_t = min(eta, 1 / sqrt(t)),  alpha_t = max(eps2, RMS(X)) rho_t
R <- beta_t R + (1 - beta_t) rows(G^2 + eps1)          C alike, with columns
U = G / sqrt(R C / mean(R))
X <- X - alpha_t U / max(1, RMS(U) / d)

The form of torch keeps mean(R) and the root from falling below eps1, instead of adding it.

Shazeer and Stern, Adafactor: adaptive learning rates with sublinear memory cost, 2018, algorithms 4
and 5, arXiv:1804.04235.
"""

import numpy as np

from .. import factored


def start(x, **hyper):
    """Return the state before the first step."""
    return factored.start(x, "R", "C") | {"v": np.zeros(x.shape if x.ndim < 2 else 0)}


def size(x):
    """Return the root mean square."""
    return np.sqrt((x**2).mean())


def look(x, state, **hyper):
    """Measure the parameters before weight decay."""
    state["size"] = size(x) if x.size else 0.0


def update(x, g, state, t, *, learning_rate, decay_exponent, eps1, eps2, d, form):
    """Return x after step t."""
    keep = 1.0 - float(t) ** -decay_exponent
    squares = g**2 if form == "torch" else g**2 + eps1
    if x.ndim < 2:
        state["v"] = keep * state["v"] + (1.0 - keep) * squares
        root = np.sqrt(state["v"])
    else:
        factored.take(state, "R", "C", squares, keep)
        root = factored.root(state, "R", "C", eps1 if form == "torch" else 0.0)
    U = g / np.maximum(root, eps1)
    rho = min(learning_rate, 1.0 / np.sqrt(t))
    return x - max(eps2, state["size"]) * rho * U / max(1.0, size(U) / d)
