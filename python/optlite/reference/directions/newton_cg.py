"""An inexact Newton step by preconditioned conjugate gradients.

||H p + g|| <= eta_k ||g||  in the norm of M^-1,   M = diag(H),
eta_k = min(forcing, sqrt(||g_k|| / ||g_0||))

Far from the solution a rough step is enough; the tolerance shrinks with the gradient, but not below
what the certificate still has to fall, and not to just short of that.

Nocedal and Wright, Numerical Optimization, 2006, section 7.1, algorithm 7.1.
"""

import numpy as np

from .concept import Direction


class NewtonCg(Direction):
    """Solve the Newton equations with Hessian-vector products only."""

    def __init__(self, forcing=0.5, max_inner=200):
        self.forcing = forcing
        self.max_inner = int(max_inner)
        self.shift = 0.0
        self.goal = 0.0
        self.first_norm = None
        self.steps, self.momenta = [], []  # of the longest solution so far
        self.shortfall = np.inf

    def compute(self, objective, at):
        """Return p after a few conjugate-gradient iterations on H p = -g."""
        inverse = inverse_of(objective.hessian_diagonal(at))
        residual = -at.gradient
        z = inverse * residual
        rho = residual @ z
        start = np.sqrt(max(rho, 0.0))
        if self.first_norm is None:
            self.first_norm = start
        far = min(self.forcing, np.sqrt(start / max(self.first_norm, 1e-300)))
        # The certificate falls with the square of the residual: no need to go below the goal.
        # Within a factor of five of it, going there is cheaper than another outer iteration.
        enough = min(self.forcing, 0.5 * np.sqrt(self.goal))
        p, d = np.zeros_like(z), z
        steps, momenta, unsolved = [], [0.0], np.inf
        for k in range(self.max_inner):
            Hd = objective.hessian_product(at, d[None, :])[0]
            if self.shift > 0.0:
                Hd = Hd + self.shift * d
            self.inner_iterations += 1
            curvature = d @ Hd
            if not curvature > np.finfo(float).eps * 1e-8 * (d @ d):
                p = d if k == 0 else p  # flat or rounding: go as far as the model is known
                break
            step = rho / curvature
            steps.append(step)
            p = p + step * d
            residual = residual - step * Hd
            z = inverse * residual
            rho_next = residual @ z
            unsolved = rho_next
            left = np.sqrt(max(rho_next, 0.0))
            close = left <= enough * start or 5.0 * enough * start < left <= far * start
            if close or not np.isfinite(left):
                break
            momenta.append(rho_next / rho)
            d = z + momenta[-1] * d
            rho = rho_next
        self._note_unsolved(unsolved, steps, momenta)
        return p

    def _note_unsolved(self, unsolved, steps, momenta):
        """-g . p is short of g . H^-1 g by r . H^-1 r <= r . M^-1 r / (smallest of M^-1 H).

        That is large where M knows little of a direction that r has a part in.
        """
        self.shortfall = np.inf
        if steps:
            smallest = smallest_ritz_value(steps, momenta)
            if self.steps:
                smallest = min(smallest, smallest_ritz_value(self.steps, self.momenta))
            self.shortfall = unsolved / smallest
        if len(steps) >= len(self.steps):
            self.steps, self.momenta = steps, momenta

    def set_goal(self, ratio):
        """Remember the goal."""
        self.goal = ratio

    def regularize(self, shift):
        """Set lambda."""
        self.shift = shift
        return True

    def certifies(self):
        """Of H itself, by -g . p and the shortfall."""
        return self.shift == 0.0


def smallest_ritz_value(steps, momenta):
    """Of conjugate gradients: their step lengths and momenta make Lanczos' tridiagonal matrix."""
    steps, momenta = np.array(steps), np.array(momenta[: len(steps)])
    diagonal = 1.0 / steps
    diagonal[1:] += momenta[1:] / steps[:-1]
    beside = np.sqrt(momenta[1:]) / steps[:-1]
    return np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))[0]


def inverse_of(diagonal):
    """Return 1 / d; entries that are not positive count as the largest one."""
    d = np.where((diagonal > 0.0) & np.isfinite(diagonal), diagonal, diagonal.max())
    return np.where(d > 0.0, 1.0 / np.where(d > 0.0, d, 1.0), 1.0)
