"""The blocks of the partition in a random order, drawn anew for each pass.

The shuffle is that of Fisher and Yates, one draw an iteration.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class Permutation:
    """Each block once in a pass."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        n = len(state.blocks)
        place = state.iteration % n
        if place == 0:
            self.order = np.arange(n)
        other = place + int(state.uniform([state.iteration])[0] * (n - place))
        self.order[[place, other]] = self.order[[other, place]]
        k = self.order[place]
        return k, state.blocks[k], 0.0
