"""(A + ridge I)^(-1/p) of a positive semidefinite matrix, by its eigenvalues.

The core has products of matrices alone for it: the coupled Newton iteration of Guo and Higham, A
Schur-Newton method for the matrix p-th root and its inverse, 2006, section 3.
"""

import numpy as np


def inverse_root(A, p, ridge):
    """Return the root; a ridge below the rounding of A is raised to it."""
    ridge = max(ridge, np.finfo(A.dtype).eps * np.abs(A).sum(axis=1).max())
    if not np.isfinite(A).all():
        return np.full_like(A, np.nan)
    values, vectors = np.linalg.eigh(A + ridge * np.eye(len(A)))
    return (vectors * np.maximum(values, ridge) ** (-1.0 / p)) @ vectors.T
