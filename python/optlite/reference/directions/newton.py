"""The Newton step from a Cholesky factorisation of the Hessian.

(H + lambda I) p = -g

Nocedal and Wright, Numerical Optimization, 2006, section 3.4, algorithm 3.3.
"""

import numpy as np

from .concept import Direction


class Newton(Direction):
    """Solve with the full Hessian."""

    def __init__(self):
        self.shift = 0.0  # lambda that was asked for
        self.used = 0.0  # lambda for which the factorisation succeeded
        self.seen = None  # the Hessian is kept while the point stays the same
        self.hessian = None

    def compute(self, objective, at):
        """Return -(H + lambda I)^-1 g."""
        if self.seen is None or not np.array_equal(self.seen, at.x):
            self.seen = at.x.copy()
            self.hessian = objective.fill_null_space(objective.hessian(at))
        factor, unit, self.used = cholesky(self.hessian, self.shift)
        self.inner_iterations += 1
        return -unit * np.linalg.solve(factor.T, np.linalg.solve(factor, unit * at.gradient))

    def regularize(self, shift):
        """Set lambda."""
        self.shift = shift
        return True

    def certifies(self):
        """Only the true Newton step measures the distance to the minimum."""
        return self.used == 0.0


def cholesky(H, shift):
    """Factorise H + shift I in units in which its diagonal is about one.

    More is added there until the pivots are safely positive. Powers of two as units do not round.
    """
    shifted = H + shift * np.eye(len(H))
    diagonal = np.diag(shifted)
    unit = np.ones(len(H))
    unit[diagonal > 0] = np.exp2(-np.round(0.5 * np.log2(diagonal[diagonal > 0])))
    scaled = unit[:, None] * shifted * unit
    floor = 16.0 * np.finfo(float).eps * len(H)
    extra = 0.0
    for _ in range(60):
        try:
            factor = np.linalg.cholesky(scaled + extra * np.eye(len(H)))
            if np.diag(factor).min() ** 2 > floor:
                break
        except np.linalg.LinAlgError:
            pass
        extra = max(10.0 * extra, 4.0 * floor)
    return factor, unit, shift + extra
