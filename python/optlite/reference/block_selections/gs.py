"""The block with the largest gradient.

b = argmax |grad_b f|^2

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""


class GS:
    """Gauss and Southwell: the block with the largest gradient."""

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        return state.best(state.gradient**2)
