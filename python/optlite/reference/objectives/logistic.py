"""Negative log-likelihood of a binary label, log-odds linear in x.

l(z, y) = log(1 + exp(-y z)),  y in {-1, +1}

With the margin m = y z: l' = -y sigmoid(-m) and l'' = sigmoid(m) sigmoid(-m). All come from
t = exp(-|m|), which cannot overflow.

Cox, The regression analysis of binary sequences, 1958, section 2.
"""

import numpy as np

self_concordance = 1.0


def value(z, y):
    """Return the loss."""
    m = y * z
    return np.maximum(-m, 0.0) + np.log1p(np.exp(-np.abs(m)))


def first(z, y):
    """Return dl/dz."""
    return -y * sigmoid(-y * z)


def second(z, y):
    """Return d2l/dz2."""
    return sigmoid(y * z) * sigmoid(-y * z)


def sigmoid(m):
    """Return 1 / (1 + exp(-m)), accurate in both tails."""
    t = np.exp(-np.abs(m))
    return np.where(m >= 0.0, 1.0, t) / (1.0 + t)


def curvature_bound():
    """Return the largest second derivative, at m = 0."""
    return 0.25


def gap(z, y, t):
    """Return l(z) + l*(t l') - t l' z: the divergence of (t p, 1 - t p) from (p, 1 - p)."""
    p, q = sigmoid(-y * z), sigmoid(y * z)
    return t * p * np.log(t) + (1.0 - t * p) * np.log1p((1.0 - t) * p / q)
