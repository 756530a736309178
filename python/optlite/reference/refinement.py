"""Eigenpairs of a symmetric matrix from those of an approximation and a few exact products.

With H = A + E, eigenpairs (value_j, u_j) of A known and E small, a pair (theta, v) of residual
r = H v - theta v lacks, to first order,

    c = -sum_j u_j (u_j . r) / (value_j - theta)   over the pairs that were not taken.

Each round adds such corrections to a basis and takes the best pairs that it holds: E. R. Davidson,
The iterative calculation of a few of the lowest eigenvalues and corresponding eigenvectors of large
real-symmetric matrices, 1975, with the preconditioner of R. B. Morgan and D. S. Scott,
Generalizations of Davidson's method for computing eigenvalues of sparse symmetric matrices, 1986.
An error shrinks by norm(E) over the distance to the nearest pair not taken. Vectors are rows.
:func:`optlite.curvature.eigsh` runs this with compiled kernels.
"""

import numpy as np

from .block_lanczos import eigh_rows
from .lanczos import extend_basis

#: Residuals must shrink to this in a round: else A says too little of H.
_CONTRACTION = 0.1
#: How much smaller than the margin the error of A must be where it is seen.
_SAFETY = 16.0


def with_neighbours(values, chosen, margin):
    """Return the places of the chosen values and of those no farther from one than the margin.

    Values that differ by less than the error of A may change places in H, also those whose signs
    differ where sizes are compared, and corrections would be divided by their distance.

    Examples
    --------
    >>> import numpy as np
    >>> with_neighbours(np.array([0.0, 1.0, 1.01, 3.0]), np.array([2, 3]), 0.1)
    array([1, 2, 3])
    """
    sizes, ends = np.abs(values), np.abs(values[chosen])
    near = np.abs(values[:, None] - values[chosen]).min(axis=1) <= margin
    near |= np.abs(sizes - ends.min()) <= margin
    near[chosen] = True
    return np.flatnonzero(near)


def _norms(rows):
    return np.linalg.norm(rows, axis=1)


def corrections(residuals, thetas, values, vectors, combine=np.matmul):
    """Return what pairs lack along eigenvectors of A, to first order."""
    along = combine(residuals, np.ascontiguousarray(vectors.T))
    return combine(along / (thetas[:, None] - values), vectors)


def refine(
    multiply,
    values,
    vectors,
    places,
    pick,
    enough,
    margin,
    extend=extend_basis,
    combine=np.matmul,
    eigen=eigh_rows,
):
    """Return eigenvectors of H as rows, and their products with H; None where A says too little.

    Parameters
    ----------
    multiply : callable
        Maps rows to their products with H.
    values, vectors : ndarray of shape (size,) and (size, size)
        All eigenpairs of A, vectors in rows.
    places : ndarray of int
        The pairs to begin with: those wanted and their neighbours.
    pick : callable
        Maps values in rising order to the places of the wanted ones.
    enough : float
        Largest residual of a wanted pair.
    margin : float
        Distance of the values at `places` from others: beyond the error of A.
    extend, combine, eigen : callable
        Kernels: :func:`~optlite.reference.lanczos.extend_basis`, a product of matrices,
        eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.refinement import refine
    >>> H = np.diag([1.0, 2.0, 5.0]) + 1e-6
    >>> values, last = np.array([1.0, 2.0, 5.0]), lambda values: np.arange(len(values))[-1:]
    >>> rows, products = refine(lambda V: V @ H, values, np.eye(3), last(values), last, 1e-11, 0.1)
    >>> bool(np.abs(products - 5.000001 * rows).max() < 1e-11)
    True
    """
    others = np.delete(np.arange(len(values)), places)
    values_left, vectors_left = values[others], np.ascontiguousarray(vectors[others])
    basis = np.ascontiguousarray(vectors[places])
    products = multiply(basis)
    if not _norms(products - values[places, None] * basis).max() <= margin / _SAFETY:
        return None
    before = np.inf
    while True:
        T = combine(products, np.ascontiguousarray(basis.T))
        thetas, turn = eigen(0.5 * (T + T.T))
        chosen = pick(thetas)
        thetas, turn = thetas[chosen], np.ascontiguousarray(turn[chosen])
        rows, images = combine(turn, basis), combine(turn, products)
        residuals = images - thetas[:, None] * rows
        sizes = _norms(residuals)
        if sizes.max() <= enough:
            return rows, images
        if not sizes.max() <= _CONTRACTION * before:
            return None
        before = sizes.max()
        open_ = sizes > enough
        step = corrections(residuals[open_], thetas[open_], values_left, vectors_left, combine)
        extend(basis, step, 0.0)
        step = step[np.any(step != 0.0, axis=1)]
        basis = np.concatenate([basis, step])
        products = np.concatenate([products, multiply(step)])
