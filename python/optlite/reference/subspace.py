"""A matrix seen in a subspace of its smaller side: what GaLore and its kin keep statistics of.

Orthonormal directions are the rows of P. A tall matrix G is projected from the right, low = G P^T,
a wide one from the left, low = P G; raised again it is low P or P^T low.
"""

import math

import numpy as np


def as_matrix(x):
    """Fold the dimensions after the first into one."""
    return x.reshape(len(x), math.prod(x.shape[1:]))


def rank_of(G, most):
    """Return how many directions there are."""
    return int(min(most, *G.shape))


def leading(G, count):
    """Return the leading singular vectors of the smaller side, the largest entries positive."""
    left, _, right = np.linalg.svd(np.asarray(G, dtype=float), full_matrices=False)
    P = right[:count] if G.shape[0] >= G.shape[1] else left[:, :count].T
    largest = np.take_along_axis(P, np.abs(P).argmax(axis=1)[:, None], axis=1)
    return P * np.where(largest < 0.0, -1.0, 1.0)


def project(G, P):
    """Return G in the subspace."""
    return G @ P.T if G.shape[0] >= G.shape[1] else P @ G


def raised(low, P, G):
    """Return what is in the subspace as a matrix like G."""
    return low @ P if G.shape[0] >= G.shape[1] else P.T @ low


def low_shape(G, rank):
    """Return the shape of a projected matrix."""
    return (G.shape[0], rank) if G.shape[0] >= G.shape[1] else (rank, G.shape[1])


def basis_shape(G, rank):
    """Return the shape of P."""
    return (rank, min(G.shape))


def start(x, most):
    """Return m and v of a projected tensor, and P, before the first step."""
    if x.ndim < 2:
        return {"m": np.zeros_like(x), "v": np.zeros_like(x), "P": np.zeros(0)}
    G = as_matrix(x)
    rank = rank_of(G, most)
    low = np.zeros(low_shape(G, rank), x.dtype)
    return {"m": low, "v": low.copy(), "P": np.zeros(basis_shape(G, rank), x.dtype)}


def moments(g, state, t, learning_rate, beta1, beta2, eps):
    """Return m / (sqrt(v) + eps) after g went into both, and the rate that corrects their bias."""
    m = state["m"] = beta1 * state["m"] + (1.0 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1.0 - beta2) * g**2
    rate = learning_rate * np.sqrt(1.0 - beta2**t) / (1.0 - beta1**t)
    return m / (np.sqrt(v) + eps), rate
