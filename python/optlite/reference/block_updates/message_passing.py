"""The matrix step where the graph of the block has no cycle, in linear time: LDL' without fill.

D_v <- D_v - H_uv^2 / D_u,  r_v <- r_v - H_uv r_u / D_u  from the leaves to the roots

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

from .. import bcd_graphs


class MessagePassing:
    """Messages go from the leaves to the roots and back."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return bcd_graphs.solve(state.f.bound(block), -state.gradient[block])
