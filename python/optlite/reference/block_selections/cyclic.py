"""The blocks of the partition in turn.

b_k = k mod n_blocks

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""


class Cyclic:
    """One block after the other."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        k = state.iteration % len(state.blocks)
        return k, state.blocks[k], 0.0
