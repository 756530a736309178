"""Fit the columns, then the rows, and so on: Sinkhorn's iteration on potentials.

g_j <- g_j + w reg log(b_j / (P^T 1)_j),    f_i <- f_i + w reg log(a_i / (P 1)_i)

w = 1 fits the sums (Sinkhorn and Knopp, Concerning nonnegative matrices and doubly stochastic
matrices, 1967; Cuturi, Sinkhorn distances, 2013, algorithm 1); 1 < w < 2 overshoots (Thibault,
Chizat, Dossal and Papadakis, Overrelaxed Sinkhorn-Knopp algorithm for regularized optimal
transport, 2021, algorithm 1). The C++ does the same on a plan in memory, where a step costs no
exponential (``domain="scaling"``); here both domains are the same code.
"""

import numpy as np


class Sinkhorn:
    """Scale rows and columns in turn."""

    was_newton = False
    step = 1.0

    def __init__(self, relaxation=1.0, domain="scaling"):
        self.relaxation = relaxation

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.current, self.best, self.stalled = self.relaxation, np.inf, 0
        return problem.evaluate(g, reg)

    def advance(self, problem, at, goal):
        """Return whether to go on, and the next point."""
        g = at.g + self.current * (problem.column_step(at) - at.g)
        new = problem.evaluate(g, at.reg, at.f, self.current)
        self.stalled = 0 if new.error < self.best else self.stalled + 1
        self.best = min(self.best, new.error)
        # The error of relaxed steps falls in waves; where it grows beyond one, plain steps go on.
        self.current = self.relaxation if new.error <= 10.0 * self.best else 1.0
        if new.error <= goal and self.relaxation != 1.0:
            new = problem.evaluate(new.g, at.reg)  # exact rows
        rounding = np.finfo(float).eps * problem.b.size * problem.b.sum()
        return self.stalled < 100 or new.error > rounding, new
