"""Truncated Newton steps on the semi-dual, after a few scalings.

S d = reg (b - P^T 1),    S = diag(P^T 1) - P^T diag(a)^-1 P,    g <- g + t d

(Brauer, Clason, Lorenz and Wirth, A Sinkhorn-Newton method for entropic optimal transport, 2017,
section 3; Cuturi and Peyre, Semidual regularized optimal transport, 2018, section 3). The
equations are solved by conjugate gradients with the diagonal of S as preconditioner, only as well
as the distance to the solution deserves (Kemertas, Farahmand and Jepson, A truncated Newton method
for optimal transport, 2025); where they take long and S is small, by elimination. The C++ leaves
out entries of P that are too small to matter, and with ``precision="mixed"`` begins in single
precision.
"""

import numpy as np

from ..conjugate_gradients import conjugate_gradients


class Newton:
    """Scalings while they are the cheapest way to the goal, then Newton steps."""

    tries_without_stages = True  # as long as that promises to be cheaper
    least_sweeps = 3
    direct_limit, first_patience = 3000, 500
    longest_move = 20.0  # in units of reg
    slow = 0.3  # sweeps that leave more than this share of the error

    def __init__(self, forcing=0.1, max_inner=10_000, precision="mixed"):
        self.forcing, self.max_inner = forcing, int(max_inner)
        self.was_newton, self.step, self.failures = False, 1.0, 0

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.sweeps_left = self.least_sweeps
        self.best, self.stalled = np.inf, 0
        self.hard, self.cut_off, self.patience = False, False, self.first_patience
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
        if self.cut_off and (at if new is None else new).error > 0.5 * at.error:
            self.patience = min(2 * self.patience, self.max_inner)
        if new is not None:
            # A column whose sum underflowed is out of Newton's sight: a scaling finds it.
            self.sweeps_left = int(new.error > 0.9 * at.error)
            self.stalled = 0 if new.error < 0.5 * self.best else self.stalled + 1
            self.best = min(self.best, new.error)
            # Error of the sums by that of the exponents, large numbers where reg is small.
            rounding = np.finfo(float).eps * (1.0 + np.ptp(new.g) / at.reg) * problem.b.sum()
            return self.stalled < 8 or new.error > 10.0 * rounding, new
        # No step along the direction is better: rounding, or a plan too far from its sums.
        self.sweeps_left = 4 * self.least_sweeps
        self.failures += 1
        return at.error > 1e-13 * problem.b.sum() and self.failures < 10, at

    def solve(self, problem, at, goal):
        """Return about reg S^-1 (b - P^T 1), orthogonal to the vector that S maps to zero."""
        right = problem.b - at.column_sums
        start = np.abs(right).sum()
        # Near the goal the step has to reach it; far away the quadratic model is not worth more.
        far = min(self.forcing, np.sqrt(start / problem.b.sum()))
        enough = max(far, 0.3 * goal / start)
        # Where they take long, elimination is cheaper, and good for any condition.
        small = right.size <= self.direct_limit
        half = min(self.first_patience, max(50, right.size // 2))
        limit = min(self.max_inner, half if small else self.patience)
        diagonal = problem.schur_diagonal(at)
        diagonal = np.maximum(np.maximum(diagonal, 1e-12 * at.column_sums), 1e-300)

        def iterate():
            before = problem.n_products
            d, solved = conjugate_gradients(
                right,
                limit,
                lambda p: problem.schur_product(at, p),
                lambda r: r / diagonal,
                lambda r: not np.abs(r).sum() > enough * start,
            )
            return d, solved, problem.n_products - before == limit

        d, solved, long = (None, False, True) if self.hard else iterate()
        self.cut_off = not small and long and not solved
        if not solved and small:
            exact = problem.solve_schur(at, right)
            if np.isfinite(exact).all():
                d = exact
            elif self.hard:
                d, _, _ = iterate()
            self.hard = long  # and so will be the next systems, solved better than this one
        return at.reg * d

    def search(self, problem, at, d):
        """Return the first point on the way along d that is better; None if there is none.

        Where parts of the plan hardly touch, S is nearly singular and d long between them, but an
        exponential is no parabola. Then the first step moves potentials by a few times reg, and is
        doubled as long as the value keeps rising as its slope says.
        """
        slope = (problem.b - at.column_sums) @ d
        if not slope > 0.0 or not np.isfinite(d).all():
            return None
        rounding = 1e-13 * (abs(at.value) + at.reg)
        first = self.step = min(1.0, self.longest_move * at.reg / np.ptp(d))
        while self.step > 1e-8 * first:
            new = problem.evaluate(at.g + self.step * d, at.reg)
            rises = new.value >= at.value + 1e-4 * self.step * slope
            if rises or (new.value >= at.value - rounding and new.error < at.error):
                return new if first == 1.0 else self.longer(problem, at, new, d, slope)
            self.step *= 0.5
        return None

    def longer(self, problem, at, new, d, slope):
        """Return the point of the last doubled step whose value rises."""
        while self.step < 1.0 and new.value >= at.value + 0.5 * self.step * slope:
            longer = min(1.0, 2.0 * self.step)
            trial = problem.evaluate(at.g + longer * d, at.reg)
            if not trial.value > new.value:
                break
            new, self.step = trial, longer
        return new
