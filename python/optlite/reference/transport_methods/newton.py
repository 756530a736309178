"""Truncated Newton steps on the semi-dual, after a few scalings.

S d = reg (b - P^T 1),    S = diag(P^T 1) - P^T diag(a)^-1 P,    g <- g + t d

(Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for entropic optimal transport, 2017,
section 3; Cuturi and Peyre, Semidual regularized optimal transport, 2018, section 3). The
equations are solved by conjugate gradients with the diagonal of S as preconditioner, only as well
as the distance to the solution deserves (Kemertas, Farahmand and Jepson, A truncated Newton method
for optimal transport, 2025). The C++ leaves out entries of P that are too small to matter.
"""

import numpy as np


class Newton:
    """Scalings while they converge fast, then Newton steps."""

    least_sweeps = 3
    longest_move = 20.0  # in units of reg

    def __init__(self, forcing=0.1, slow=0.3, max_inner=500):
        self.forcing, self.slow, self.max_inner = forcing, slow, int(max_inner)
        self.was_newton, self.step, self.failures = False, 1.0, 0

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.sweeps_left = self.least_sweeps
        return problem.evaluate(g, reg)

    def advance(self, problem, at, goal):
        """Return whether to go on, and the next point."""
        self.was_newton = self.sweeps_left == 0
        if not self.was_newton:
            new = problem.evaluate(problem.column_step(at), at.reg)
            self.step = 1.0
            if self.sweeps_left > 1:
                self.sweeps_left -= 1
            elif not new.error <= self.slow * at.error:
                self.sweeps_left = 0
            return True, new
        new = self.search(problem, at, self.solve(problem, at, goal))
        if new is not None:
            return True, new
        # No step along the direction is better: rounding, or a plan too far from its sums.
        self.sweeps_left = 4 * self.least_sweeps
        self.failures += 1
        return at.error > 1e-13 * problem.b.sum() and self.failures < 10, at

    def solve(self, problem, at, goal):
        """Return about reg S^-1 (b - P^T 1), orthogonal to the vector that S maps to zero."""
        residual = problem.b - at.column_sums
        start = np.abs(residual).sum()
        # Near the goal the step has to reach it; far away the quadratic model is not worth more.
        far = min(self.forcing, np.sqrt(start / problem.b.sum()))
        enough = max(far, 0.3 * goal / start)
        diagonal = problem.schur_diagonal(at)
        diagonal = np.maximum(np.maximum(diagonal, 1e-12 * at.column_sums), 1e-300)
        z = residual / diagonal
        p, rho = z, residual @ z
        d = np.zeros_like(residual)
        for k in range(self.max_inner):
            product = problem.schur_product(at, p)
            curvature = p @ product
            if not curvature > 0.0:
                d = p if k == 0 else d
                break
            d = d + rho / curvature * p
            residual = residual - rho / curvature * product
            if not np.abs(residual).sum() > enough * start:
                break
            z = residual / diagonal
            rho, before = residual @ z, rho
            p = z + rho / before * p
        return at.reg * d

    def search(self, problem, at, d):
        """Return the first point on the way along d that is better; None if there is none."""
        slope = (problem.b - at.column_sums) @ d
        if not slope > 0.0 or not np.isfinite(d).all():
            return None
        rounding = 1e-13 * (abs(at.value) + at.reg)
        # Where parts of the plan hardly touch, S is nearly singular and d long, but an exponential
        # is no parabola: potentials move by a few times reg at most.
        first = self.step = min(1.0, self.longest_move * at.reg / np.ptp(d))
        while self.step > 1e-8 * first:
            new = problem.evaluate(at.g + self.step * d, at.reg)
            rises = new.value >= at.value + 1e-4 * self.step * slope
            if rises or (new.value >= at.value - rounding and new.error < at.error):
                return new
            self.step *= 0.5
        return None
