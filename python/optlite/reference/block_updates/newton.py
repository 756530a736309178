"""Newton's step of the block, halved until f decreases enough.

d = -t (Hessian_bb f)^-1 grad_b f

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from .. import bcd_newton


class Newton:
    """With the Hessian at x, not a bound of it."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return bcd_newton.minimise(state, block, 1, 0.0)[0]
