"""A step along the negative gradient of the block.

d = -grad_b f / L_b

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from ..bcd_lipschitz import BlockLipschitz


class Gradient:
    """Along the negative gradient, by one over a Lipschitz constant of the block."""

    def __init__(self, constant="eigenvalue"):
        self.lipschitz = BlockLipschitz(constant)

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return self.lipschitz.take(state, block, lambda L: -state.gradient[block] / L)
