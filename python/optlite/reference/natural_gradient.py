"""Natural gradients by solving with the metric; the headers have them in closed form.

Amari, Natural gradient works efficiently in learning, 1998.
"""

import numpy as np


def natural_gradient(metric, gradient):
    """Return M^-1 g for each row.

    Parameters
    ----------
    metric : ndarray of shape (p, p, n)
    gradient : ndarray of shape (p, n)

    Returns
    -------
    ndarray of shape (p, n)
    """
    M = np.moveaxis(metric, -1, 0)
    # With units that differ by many orders of magnitude a solver needs a unit diagonal.
    scale = np.sqrt(np.einsum("nkk->nk", M))
    unit = M / (scale[:, :, None] * scale[:, None, :])
    solved = np.linalg.solve(unit, (gradient.T / scale)[:, :, None])[:, :, 0]
    return (solved / scale).T


def diagonal(*entries):
    """Return diagonal metrics of n rows, shape (p, p, n)."""
    entries = np.broadcast_arrays(*entries)
    metric = np.zeros((len(entries), len(entries), *entries[0].shape))
    for k, entry in enumerate(entries):
        metric[k, k] = entry
    return metric
