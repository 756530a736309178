"""Preconditioned conjugate gradients, for arrays of any shape and any inner product.

The twin of ``cpp/include/optlite/linalg/conjugate_gradients.hpp``.
"""

import numpy as np


def conjugate_gradients(residual, limit, multiply, precondition, stop, inner=np.vdot):
    """Return x with A x = residual, about, and whether it was good enough.

    Parameters
    ----------
    residual : ndarray
        The right side.
    limit : int
        Largest number of products.
    multiply : callable
        Returns A p; A is positive semi-definite in the inner product.
    precondition : callable
        Returns about the inverse of A times a residual.
    stop : callable
        Whether a residual is small enough.
    inner : callable
        The inner product.

    Examples
    --------
    >>> A = np.diag([1.0, 2.0])
    >>> conjugate_gradients(np.ones(2), 9, A.dot, np.copy, lambda r: abs(r).sum() < 1e-12)
    (array([1. , 0.5]), True)
    """
    x = np.zeros_like(residual)
    p = precondition(residual)
    rho = inner(residual, p)
    for k in range(limit):
        product = multiply(p)
        curvature = inner(p, product)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            alpha = rho / np.float64(curvature)
            finite = alpha * np.abs(p).max() < np.inf
        if not curvature > 0.0 or not finite:  # rounding, or a singular matrix
            return p if k == 0 else x, False
        x = x + alpha * p
        residual = residual - alpha * product
        if stop(residual):
            return x, True
        z = precondition(residual)
        rho, before = inner(residual, z), rho
        p = z + rho / before * p
    return x, False
