"""To the minimum over the block, by Newton's method within the bounds.

d = argmin_d F(x + U_b d)

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from .. import bcd_newton


class Exact:
    """Steps of two-metric projection until nothing is left to gain."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return bcd_newton.minimise(state, block, 100, 1e-12)[0]
