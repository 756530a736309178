"""Negative log-likelihood of one of K classes (softmax), all K classes kept.

l(z, y) = log(sum_k exp(z_k)) - z_y,  y in {0, ..., K - 1}

z has shape (n, K), y has n integers. With p = softmax(z): l' = p - e_y, l'' = diag(p) - p p^T.

Böhning, Multinomial logistic regression algorithm, 1992, section 2.
"""

import numpy as np

self_concordance = 2.0  # in the largest change of a margin


def value(z, y):
    """Return the loss, shape (n,)."""
    top = z.max(axis=1)
    log_total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    return log_total - z[np.arange(len(z)), y.astype(int)]


def first(z, y):
    """Return the gradient in the margins, shape (n, K)."""
    p = softmax(z)
    p[np.arange(len(z)), y.astype(int)] -= 1.0
    return p


def second(z, y):
    """Return the Hessian in the margins, shape (n, K, K)."""
    p = softmax(z)
    return p[:, :, None] * (np.eye(z.shape[1]) - p[:, None, :])


def softmax(z):
    """Return the class probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def curvature_bound():
    """Return the largest eigenvalue of diag(p) - p p^T over all p."""
    return 0.5


def gap(z, y, t):
    """Return l(z) + l*(t l') - t l' z: the divergence of t p + (1 - t) e_y from p."""
    p = softmax(z)
    q = t * p
    q[np.arange(len(z)), y.astype(int)] += 1.0 - t
    return (q * np.log(q / p)).sum(axis=1)
