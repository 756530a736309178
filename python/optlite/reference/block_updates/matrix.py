"""A step by the matrix of the block, which is exact for a quadratic.

d = -H_bb^-1 grad_b f

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""


class Matrix:
    """For a quadratic: to the minimum over the block."""

    def step(self, state, block):
        """Return the change of the variables of the block."""
        return state.solve(block, -state.gradient[block])
