"""Conjugate gradients without a Hessian: each direction takes in the last one.

p_k = -g_k + beta p_(k-1),   y = g_k - g_(k-1)

Fletcher-Reeves   g_k.g_k / g_(k-1).g_(k-1)        Polak-Ribiere+   max(g_k.y / g_(k-1).g_(k-1), 0)
Dai-Yuan          g_k.g_k / p_(k-1).y              Hestenes-Stiefel+   max(g_k.y / p_(k-1).y, 0)
Hager-Zhang       (y - 2 p_(k-1) y.y / p_(k-1).y).g_k / p_(k-1).y, and not too negative

Nocedal and Wright, Numerical Optimization, 2006, section 5.2; Hager and Zhang, A survey of
nonlinear conjugate gradient methods, 2006; Hager and Zhang, A new conjugate gradient method
with guaranteed descent and an efficient line search, 2005.
"""

import numpy as np

from .concept import Direction


class NonlinearCG(Direction):
    """Remember one direction and one gradient."""

    has_length = False

    def __init__(self, beta="polak_ribiere"):
        self.formula = globals()[beta]
        self.last = self.gradient = None

    def compute(self, objective, at):
        """Return -g + beta p, or -g where that is hardly a descent direction."""
        g = at.gradient
        p = -g
        if self.last is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                beta = self.formula(g, self.gradient, self.last)
            if np.isfinite(beta):
                p = p + beta * self.last
            if not g @ p < -1e-10 * np.linalg.norm(g) * np.linalg.norm(p):
                p = -g
        self.last = p
        return p

    def moved(self, before, after):
        """Remember the gradient at the start of the step."""
        self.gradient = before.gradient


def fletcher_reeves(g, before, p):
    """Return beta of Fletcher and Reeves, 1964."""
    return g @ g / (before @ before)


def polak_ribiere(g, before, p):
    """Return beta of Polak and Ribiere, 1969, not below zero."""
    return max(g @ (g - before) / (before @ before), 0.0)


def hestenes_stiefel(g, before, p):
    """Return beta of Hestenes and Stiefel, 1952, not below zero."""
    return max(g @ (g - before) / (p @ (g - before)), 0.0)


def dai_yuan(g, before, p):
    """Return beta of Dai and Yuan, 1999."""
    return g @ g / (p @ (g - before))


def hager_zhang(g, before, p):
    """Return beta of Hager and Zhang, 2005."""
    y = g - before
    curvature = p @ y
    beta = (y @ g - 2.0 * (y @ y) / curvature * (p @ g)) / curvature
    return max(beta, -1.0 / (np.linalg.norm(p) * min(0.01, np.linalg.norm(before))))
