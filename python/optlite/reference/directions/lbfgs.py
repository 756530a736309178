"""Quasi-Newton: the inverse Hessian from the last few steps.

p = -H_k g_k,   H_k = V_k^T H_{k-1} V_k + rho_k s_k s_k^T,   V_k = I - rho_k y_k s_k^T,
s = difference of points,  y = difference of gradients,  rho = 1 / y.s

Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989; Nocedal
and Wright, Numerical Optimization, 2006, algorithm 7.4 (the two loops below).
"""

from collections import deque

import numpy as np

from .concept import Direction


class Lbfgs(Direction):
    """Keep ``memory`` pairs (s, y); never form a matrix."""

    def __init__(self, memory=10):
        self.pairs = deque(maxlen=int(memory))
        self.scale = 1.0  # H_0 = scale * I

    def compute(self, objective, at):
        """Return -H g by the two-loop recursion."""
        p = -at.gradient
        weights = []
        for s, y, rho in reversed(self.pairs):
            weights.append(rho * (s @ p))
            p = p - weights[-1] * y
        p = self.scale * p
        for (s, y, rho), weight in zip(self.pairs, reversed(weights), strict=True):
            p = p + (weight - rho * (y @ p)) * s
        return p

    def estimates(self):
        """The pairs carry curvature; without one, -g . p is only the squared gradient norm."""
        return len(self.pairs) > 0

    def moved(self, before, after):
        """Remember the step, if it shows positive curvature."""
        s = after.x - before.x
        y = after.gradient - before.gradient
        curvature = s @ y
        if not curvature > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            return
        self.scale = curvature / (y @ y)
        self.pairs.append((s, y, 1.0 / curvature))
