"""Probabilities of k classes.

P(y = j) = p_j = exp(z_j) / sum_i exp(z_i),  z_0 = 0,  theta = (z_1, ..., z_(k - 1))

Duan et al., NGBoost: natural gradient boosting for probabilistic prediction, 2020, section 2;
Amari, Natural gradient works efficiently in learning, 1998, section 2.
"""

import numpy as np
from scipy.special import log_softmax

from ..row_distributions import CategoricalRows


def _log_probabilities(theta):
    """Return log p of all classes, shape (k, n)."""
    return log_softmax(np.vstack([np.zeros_like(theta[:1]), theta]), axis=0)


def _own(theta, y):
    """Return one where the class is the one of the row, shape (k, n)."""
    return np.arange(len(theta) + 1.0)[:, None] == y


def log_score(theta, y, k=3.0):
    """Return -log p_y = log(1 + sum of the odds of the other classes)."""
    z = np.vstack([np.zeros_like(theta[:1]), theta])
    own = np.sum(np.where(_own(theta, y), z, 0.0), axis=0)
    odds = np.where(_own(theta, y), 0.0, np.exp(z - own))
    return np.log1p(odds.sum(axis=0))


def log_gradient(theta, y, k=3.0):
    """Return p_j - 1{y = j}, as minus the sum of the other probabilities for the own class."""
    p = np.exp(_log_probabilities(theta))
    own = _own(theta, y)
    return np.where(own, -np.where(own, 0.0, p).sum(axis=0), p)[1:]


def log_metric(theta, k=3.0):
    """Return diag(p) - p p^T."""
    p = np.exp(_log_probabilities(theta))
    M = -p[:, None] * p[None, :]
    for j in range(len(p)):
        M[j, j] = p[j] * np.delete(p, j, axis=0).sum(axis=0)
    return M[1:, 1:]


def frozen(theta, k=3.0):
    """Return an object with the methods of SciPy's."""
    return CategoricalRows(p=np.exp(_log_probabilities(theta)))
