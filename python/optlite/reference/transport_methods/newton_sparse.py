"""Sinkhorn-Newton-Sparse: Newton with the largest entries of the Hessian.

After some Sinkhorn iterations, Newton's on the potentials of rows and columns together,

[ diag(P 1)    P~        ] [df]         [ a - P 1   ]
[ P~^T     diag(P^T 1)   ] [dg]  =  reg [ b - P^T 1 ]

where P~ holds the largest entries of P: as many as make up the share lambda = sparsity / n of the
(2 n)^2 entries of the whole matrix (Tang, Shavlovsky, Rahmanian, Tardini, Thekumparampil, Xiao and
Ying, Accelerating Sinkhorn algorithm with sparse Newton iterations, 2024, algorithm 1). Solved by
conjugate gradients; the step is halved until the dual value, their Lyapunov potential, rises.
"""

import numpy as np

from ..conjugate_gradients import conjugate_gradients


class NewtonSparse:
    """Sinkhorn iterations, then sparse Newton steps."""

    longest_move = 20.0  # in units of reg

    def __init__(self, sparsity=2.0, warm_up=20, max_inner=1000):
        self.sparsity, self.warm_up, self.max_inner = sparsity, int(warm_up), int(max_inner)
        self.was_newton, self.step = False, 1.0

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.sweeps_left = self.warm_up
        return problem.evaluate(g, reg)

    def advance(self, problem, at, goal):
        """Return whether to go on, and the next point."""
        self.was_newton, self.step = self.sweeps_left == 0, 1.0
        if not self.was_newton:
            self.sweeps_left -= 1
            return True, problem.evaluate(problem.column_step(at), at.reg)
        gradient = np.concatenate([problem.a - at.row_sums, problem.b - at.column_sums])
        new = self.search(problem, at, gradient, self.solve(problem, at, gradient))
        if new is None:
            return False, at
        if new.error <= goal:
            new = problem.evaluate(new.g, at.reg)  # exact rows
        return True, new

    def sparsified(self, plan):
        """Return P~; the rows and columns of the Hessian are those of P and P^T."""
        wanted = int(0.5 * (2.0 * self.sparsity - 1.0) * sum(plan.shape))
        count = min(max(wanted, 1), plan.size)
        threshold = np.partition(plan.ravel(), plan.size - count)[plan.size - count]
        return np.where(plan >= threshold, plan, 0.0)

    def solve(self, problem, at, gradient):
        """Return the Newton direction."""
        n, kept = at.f.size, self.sparsified(at.plan)
        diagonal = np.concatenate([at.row_sums, at.column_sums])
        inverse = 1.0 / np.maximum(diagonal, 1e-300)
        enough = 1e-3 * np.linalg.norm(gradient) * min(1.0, at.error)

        def product(p):
            problem.n_products += 1
            return diagonal * p + np.concatenate([kept @ p[n:], kept.T @ p[:n]])

        d, _ = conjugate_gradients(
            gradient,
            self.max_inner,
            product,
            lambda r: inverse * r,
            lambda r: not np.linalg.norm(r) > enough,
        )
        return at.reg * d

    def search(self, problem, at, gradient, d):
        """Return the first point on the way along d that is better; None if there is none."""
        n, slope = at.f.size, gradient @ d
        if not slope > 0.0 or not np.isfinite(d).all():
            return None
        rounding = 1e-13 * (abs(at.value) + at.reg)

        def point(step):
            return problem.evaluate(at.g + step * d[n:], at.reg, at.f + step * d[:n], 0.0)

        # Between parts of the plan that hardly touch d is long, and would overflow: the first trial
        # moves exponents by a few units, and is doubled as long as the value rises.
        longest = max(d[:n].max() + d[n:].max(), -d[:n].min() - d[n:].min())
        first = self.step = min(1.0, self.longest_move * at.reg / longest)
        while self.step > 1e-8 * first:
            new = point(self.step)
            rises = new.value >= at.value + 1e-4 * self.step * slope
            if rises or (new.value >= at.value - rounding and new.error < at.error):
                return new if first == 1.0 else self.longer(point, new)
            self.step *= 0.5
        return None

    def longer(self, point, new):
        """Return the point of the last doubled step whose value rises."""
        while self.step < 1.0:
            longer = min(1.0, 2.0 * self.step)
            trial = point(longer)
            if not trial.value > new.value:
                break
            new, self.step = trial, longer
        return new
