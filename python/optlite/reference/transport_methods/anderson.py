"""Sinkhorn's iteration, extrapolated from its last few residuals.

With T the map that fits the columns and r = T(g) - g,

g_{k+1} = T(g_k) - sum_l c_l (T(g_{l+1}) - T(g_l))
c = argmin || r_k - sum_l c_l (r_{l+1} - r_l) ||

(Anderson, Iterative procedures for nonlinear integral equations, 1965; Walker and Ni, Anderson
acceleration for fixed-point iterations, 2011, algorithm AA). Where that is no better, the memory is
emptied and a plain step follows.
"""

import numpy as np


class Anderson:
    """Combine the last iterates so that the same combination of residuals is small."""

    was_newton = False
    step = 1.0

    def __init__(self, memory=5.0):
        self.memory = int(memory)

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.values, self.residuals = [], []
        self.best, self.stalled = np.inf, 0
        return problem.evaluate(g, reg)

    def advance(self, problem, at, goal):
        """Return whether to go on, and the next point."""
        mapped = problem.column_step(at)
        # Potentials that differ by a constant are the same: it must not enter the differences.
        self.values = [*self.values, mapped - mapped.mean()][-self.memory - 1 :]
        residual = mapped - at.g
        self.residuals = [*self.residuals, residual - residual.mean()][-self.memory - 1 :]
        new = problem.evaluate(self.combined(mapped), at.reg)
        if len(self.residuals) > 1 and not new.error <= 2.0 * at.error:
            self.values, self.residuals = [], []
            new = problem.evaluate(mapped, at.reg)
        self.stalled = 0 if new.error < self.best else self.stalled + 1
        self.best = min(self.best, new.error)
        rounding = np.finfo(float).eps * problem.b.size * problem.b.sum()
        return self.stalled < 100 or new.error > rounding, new

    def combined(self, mapped):
        """Return the extrapolated potentials."""
        if len(self.residuals) < 2:
            return mapped
        differences = np.diff(self.residuals, axis=0).T
        weights = np.linalg.lstsq(differences, self.residuals[-1], rcond=None)[0]
        g = self.values[-1] - np.diff(self.values, axis=0).T @ weights
        return g if np.isfinite(g).all() else mapped
