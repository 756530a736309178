"""The loop of transport problems whose sums are relaxed or shared.

Sweeps of half steps, each exact on one side, while they converge fast, then Newton's steps; at one
regularization or at a falling sequence. The twin of ``cpp/include/optlite/drivers/staged_run.hpp``.
"""

import numpy as np

from .transport import stages


class StagedRun:
    """Run at a falling sequence of regularizations, one iteration at a time.

    A derived class has ``point(g, reg)``, which evaluates potentials; ``sweep(at)``, which returns
    the next point; ``direction(at, goal)`` of Newton's step; and ``along(at, step, d)``, which
    returns the slope up to a step and the point there.

    Parameters
    ----------
    cost : ndarray of shape (n, m)
        Costs C of moving a unit of mass.
    reg : float
        Regularization of the last stage.
    newton : bool
        Whether to take Newton's steps where sweeps are slow.
    tol : float
        Error at the end, as a share of the mass of the plan.
    max_iter : int
        Limit of iterations.
    annealing : float
        Ratio of the regularizations of two stages, about; 1 for one stage.
    """

    least_sweeps, slow, forcing = 3, 0.3, 0.1
    longest_move = 20.0  # in units of reg
    underflow = 1e-295  # sums below it have no digits
    stage_tolerance = 1e-3

    def __init__(self, cost, reg, newton, tol, max_iter, annealing):
        self.cost, self.reg, self.newton = cost, reg, newton
        self.tol, self.max_iter = tol, max_iter
        finite = cost[np.isfinite(cost)]
        self.stages = stages(reg, (finite / finite.size).sum() - finite.min(), annealing)
        self.solved, self.status, self.step = [], "running", 1.0
        self.iteration = self.n_newton = self.n_evaluations = self.n_products = self.failures = 0

    def start(self, g, reg):
        """Evaluate the start of a stage."""
        self.sweeps_left, self.stalled, self.best = self.least_sweeps, 0, np.inf
        self.at = self.point(g, reg)

    def advance(self):
        """Do one iteration; False once the run has ended."""
        last = self.at.reg == self.reg
        share = self.tol if last else max(self.tol, self.stage_tolerance)
        goal = max(share * self.at.mass, self.underflow)
        if self.status == "running" and last and self.at.error <= goal:
            self.status = "converged"
        if self.status == "running" and self.iteration >= self.max_iter:
            self.status = "iteration_limit"
        if self.status != "running":
            return False
        if self.at.error <= goal:
            self._next_stage()
        else:
            better = self._improve(goal)
            if not better and last and self.at.error > goal:
                self.status = "precision_limit"
            elif not better and not last:
                self._next_stage()
        self.iteration += 1
        return True

    def settle(self):
        """After an early end, go to the last regularization with the potentials there are."""
        if self.status != "converged":
            self.at = self.point(self.at.g, self.reg)

    def _next_stage(self):
        """Start from potentials extrapolated linearly in the regularization."""
        self.solved = [*self.solved[-1:], (self.at.reg, self.at.g)]
        reg, g = next(self.stages), self.at.g
        if len(self.solved) > 1:
            (one, g_one), (two, g_two) = self.solved
            g = g_two + (reg - two) / (two - one) * (g_two - g_one)
        self.start(g, reg)

    def _improve(self, goal):
        """Do a sweep or a Newton step; False if there is nothing to gain."""
        before = self.at
        # Error of the sums by that of the exponents, which are large numbers where reg is small.
        rounding = np.finfo(float).eps * (1.0 + np.ptp(before.g) / before.reg) * before.mass
        if not self.newton or self.sweeps_left > 0:
            self.at, self.step = self.sweep(before), 1.0
            if self.sweeps_left > 1:
                self.sweeps_left -= 1
            elif not self.at.error <= self.slow * before.error:
                self.sweeps_left = 0
            return self._progress(1.0, 100, rounding)
        self.n_newton += 1
        if self._climb(self.direction(before, goal)):
            # A column whose sum underflowed is out of Newton's sight: a sweep finds it.
            self.sweeps_left = int(self.at.error > 0.9 * before.error)
            return self._progress(0.5, 8, rounding)
        # No step along the direction is better: rounding, or a plan too far from its sums.
        self.sweeps_left = 4 * self.least_sweeps
        self.failures += 1
        return before.error > rounding and self.failures < 10

    def _progress(self, share, patience, rounding):
        self.stalled = 0 if self.at.error < share * self.best else self.stalled + 1
        self.best = min(self.best, self.at.error)
        return self.stalled < patience or self.at.error > 100.0 * rounding

    def _climb(self, d):
        """Go to the first point on the way along d that is better; False if there is none.

        Where parts of the plan hardly touch, d is long between them, but an exponential is no
        parabola: the first step moves potentials by a few times reg, and is doubled as long as the
        value rises.
        """
        at = self.at
        if not np.isfinite(d).all():
            return False
        rounding = 1e-13 * (abs(at.value) + at.reg * at.mass)
        first = self.step = self.first_step(at, d)
        while self.step > 1e-8 * first:
            slope, new = self.along(at, self.step, d)
            rises = slope > 0.0 and new.value >= at.value + 1e-4 * slope
            if rises or (new.value >= at.value - rounding and new.error < at.error):
                self.at = new if first == 1.0 else self._longer(at, new, d)
                return True
            self.step *= 0.5
        return False

    def first_step(self, at, d):
        """Return the share of a direction to begin with."""
        with np.errstate(divide="ignore"):
            return min(1.0, self.longest_move * at.reg / np.ptp(d))

    def _longer(self, at, new, d):
        """Return the point of the last doubled step whose value rises."""
        while self.step < 1.0:
            longer = min(1.0, 2.0 * self.step)
            _, trial = self.along(at, longer, d)
            if not trial.value > new.value:
                break
            new, self.step = trial, longer
        return new

    def enough(self, at, start, goal):
        """Return the residual at which a system is solved well enough, as a share of its start.

        Near the goal the step has to reach it; far away the quadratic model is not worth more.
        """
        return max(min(self.forcing, np.sqrt(start / at.mass)), 0.3 * goal / start)

    @property
    def record(self):
        """What an iteration reports, under the names of the compiled run."""
        return {
            "iteration": self.iteration,
            "reg": self.at.reg,
            "value": self.at.value,
            "marginal_error": self.at.error,
            "step_size": self.step,
            "n_newton": self.n_newton,
            "n_evaluations": self.n_evaluations,
            "n_products": self.n_products,
        }
