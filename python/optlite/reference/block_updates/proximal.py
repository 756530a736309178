"""A gradient step of the block and the prox of its terms; for bounds, the projected gradient.

d = prox(x_b - grad_b f / L_b) - x_b

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from ..bcd_lipschitz import BlockLipschitz


class Proximal:
    """A gradient step, then the prox of the terms with kinks."""

    def __init__(self, prox_constant="eigenvalue"):
        self.lipschitz = BlockLipschitz(prox_constant)

    def step(self, state, block):
        """Return the change of the variables of the block."""
        x, gradient = state.x[block], state.gradient[block]

        def proximal(L):
            return state.g.prox(block, 1.0 / L, x - gradient / L) - x

        return self.lipschitz.take(state, block, proximal)
