"""(A + ridge I)^(-1/p) of a positive semidefinite matrix, by its eigenvalues."""

import numpy as np


def inverse_root(A, p, least=0.0, of_largest=0.0):
    """Return the root; the ridge is a number and a multiple of the largest eigenvalue.

    A ridge below the rounding of A is raised to it; eigenvalues that rounding made negative count
    as zero.
    """
    if not np.isfinite(A).all():
        return np.full_like(A, np.nan)
    values, vectors = np.linalg.eigh(A)
    rounding = np.finfo(A.dtype).eps * np.abs(A).sum(axis=1).max()
    ridge = max(least + of_largest * values[-1], rounding)
    return (vectors * (np.maximum(values, 0.0) + ridge) ** (-1.0 / p)) @ vectors.T
