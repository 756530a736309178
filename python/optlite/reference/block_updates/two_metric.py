"""Two-metric projection, halved until F decreases enough.

d_A = -s_A / L_A of the variables that this takes to a kink or a bound;
d_W = -(Hessian_WW f)^-1 s_W of the others

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from .. import bcd_newton


class TwoMetric:
    """The second metric is diagonal where bounds matter."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return bcd_newton.minimise(state, block, 1, 0.0)[0]
