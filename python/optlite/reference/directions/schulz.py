"""The Newton step from an inverse by Schulz's iteration, which is Newton's method for 1 / a.

X_0 = H / |H|_1^2,   X_(t+1) = X_t (2 I - H X_t),   so that  I - H X_(t+1) = (I - H X_t)^2
p = -X g

Schulz, Iterative Berechnung der reziproken Matrix, 1933; Ben-Israel and Cohen, On iterative
computation of generalized inverses and associated projections, 1966.
"""

import numpy as np

from .concept import Direction


class Schulz(Direction):
    """Invert by products of matrices; the last inverse is a start where it is near."""

    def __init__(self, schulz_tolerance=1e-10, schulz_limit=80):
        self.tolerance, self.limit = schulz_tolerance, int(schulz_limit)
        self.shift = 0.0
        self.seen = self.hessian = self.inverse = None
        self.residual = np.inf

    def compute(self, objective, at):
        """Return -X g, or -g without an inverse or where that is no descent direction."""
        if self.seen is None or not np.array_equal(self.seen, at.x):
            self.seen = at.x.copy()
            self.hessian = objective.fill_null_space(objective.hessian(at))
        self.invert(self.hessian + self.shift * np.eye(len(at.x)))
        p = -self.inverse @ at.gradient if self.residual < 0.1 else -at.gradient
        return p if at.gradient @ p < 0.0 else -at.gradient

    def invert(self, A):
        """Iterate until I - A X is small."""
        if self.inverse is None or not np.linalg.norm(residual(A, self.inverse)) < 0.5:
            norm = np.abs(A).sum(axis=0).max()
            self.inverse = A / norm / norm if norm > 0.0 else A
        self.residual = np.linalg.norm(residual(A, self.inverse))
        for _ in range(self.limit):
            if not self.residual > self.tolerance:
                break
            X = self.inverse + self.inverse @ residual(A, self.inverse)
            self.inverse = 0.5 * (X + X.T)  # rounding grows from what is not symmetric
            before, self.residual = self.residual, np.linalg.norm(residual(A, self.inverse))
            self.inner_iterations += 1
            if before < 0.5 and not self.residual < 0.5 * before:
                break  # rounding

    def regularize(self, shift):
        """Set lambda."""
        self.shift = shift
        return True

    def certifies(self):
        """Only the true Newton step measures the distance to the minimum."""
        return self.shift == 0.0 and self.residual <= 0.01


def residual(A, X):
    """Return I - A X."""
    return np.eye(len(A)) - A @ X
