"""Block Lanczos with thick restarts: some eigenpairs of a symmetric matrix, from a small basis.

K. Wu and H. Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, 2000;
blocks as in Golub and Underwood, The block Lanczos method for computing eigenvalues, 1977. Vectors
are rows. :func:`optlite.curvature.eigsh` runs this class with compiled kernels.
"""

import numpy as np

from .lanczos import EPSILON, extend_basis


def eigh_rows(T):
    """Return eigenvalues in rising order and eigenvectors in rows."""
    values, vectors = np.linalg.eigh(T)
    return values, vectors.T


class Projection:
    """A basis Q, the matrix T = Q A Q^T in it, and a block of vectors not yet multiplied.

    Parameters
    ----------
    multiply : callable
        Maps rows to rows.
    start : ndarray of shape (n_vectors, size)
        The first block.
    most : int
        Rows that Q has room for at first, beside the block.
    fresh : callable
        ``fresh()`` returns a random vector.
    extend, combine, eigen : callable
        Kernels: :func:`~optlite.reference.lanczos.extend_basis`, a product of matrices,
        eigenvalues.
    """

    def __init__(
        self, multiply, start, most, fresh, extend=extend_basis, combine=np.matmul, eigen=eigh_rows
    ):
        self.multiply, self.fresh = multiply, fresh
        self.extend, self.combine, self.eigen = extend, combine, eigen
        width, size = start.shape
        self.Q = np.empty((most + width, size))
        self.T = np.zeros((0, 0))
        self.expected = np.zeros((width, 0))  # of the block's products with Q, where A is symmetric
        self.norm, self.asymmetry = 0.0, 0.0
        self._take_block(0, np.array(start))

    @property
    def size(self):
        """Rows of Q that A was applied to: T is size x size."""
        return len(self.T)

    def _take_block(self, at, rows):
        """Put new rows behind the first `at` ones, random ones for those that vanish."""
        along, inside = self.extend(self.Q[:at], rows, self._least())
        for i in np.flatnonzero(np.diag(inside) == 0.0):
            rows[i] = 0.0
            known = np.concatenate([self.Q[:at], rows[np.any(rows != 0.0, axis=1)]])
            row = self.fresh()[None]
            self.extend(known, row, 0.0)
            rows[i] = row
        self.along, self.inside, self.width = along, inside, len(rows)
        if at + len(rows) > len(self.Q):
            room = np.empty((at + len(rows) - len(self.Q), self.Q.shape[1]))
            self.Q = np.concatenate([self.Q, room])
        self.Q[at : at + len(rows)] = rows

    def _least(self):
        return 10 * EPSILON * np.sqrt(self.Q.shape[1]) * self.norm

    def advance(self):
        """Multiply the block: T grows by its rows, and the remainder is the next block."""
        done, width = self.size, self.width
        W = self.multiply(self.Q[done : done + width])
        self.norm = max(self.norm, np.linalg.norm(W, axis=1).max())
        self._take_block(done + width, W)
        new = self.along[:, done:]
        T = np.zeros((done + width, done + width))
        T[:done, :done] = self.T
        T[done:, :done] = self.along[:, :done]
        T[:done, done:] = T[done:, :done].T
        T[done:, done:] = 0.5 * (new + new.T)
        self._compare(new)
        self.T = T
        self.expected = np.zeros((width, done + width))
        self.expected[:, done:] = self.inside.T
        self.last = np.arange(done, done + width)

    def _compare(self, new):
        """Measure the asymmetry: products of the block with Q are known from before."""
        gaps = [np.abs(new - new.T), np.abs(self.along[:, : self.size] - self.expected)]
        largest = max(gap.max(initial=0.0) for gap in gaps)
        if self.norm > 0.0:
            self.asymmetry = max(self.asymmetry, float(largest / self.norm))

    def ritz(self):
        """Return Ritz values in rising order, their vectors in rows of Q, and residual norms."""
        values, vectors = self.eigen(self.T)
        self.norm = max(self.norm, np.abs(values).max())
        left = vectors[:, self.last] @ self.inside
        return values, vectors, np.linalg.norm(left, axis=1)

    def restart(self, values, vectors, n_fresh=0):
        """Keep these Ritz pairs and the block, to which random vectors may be added."""
        kept, done, width = len(values), self.size, self.width
        fresh = np.array([self.fresh() for _ in range(n_fresh)]).reshape(-1, self.Q.shape[1])
        block = np.concatenate([self.Q[done : done + width], fresh])
        self.expected = np.zeros((width + n_fresh, kept))
        self.expected[:width] = self.inside.T @ vectors[:, self.last].T
        self.Q[:kept] = self.combine(np.ascontiguousarray(vectors), self.Q[:done])
        self.T = np.diag(values)
        self._take_block(kept, block)
