"""A block of the partition drawn with probability proportional to its Lipschitz constant.

P(b) = L_b / sum of all, L_b the largest eigenvalue of H_bb.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class Lipschitz:
    """Blocks along which f curves more are drawn more often."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        sums = np.cumsum(state.lipschitz)
        u = state.uniform([state.iteration])[0] * sums[-1]
        k = int(np.searchsorted(sums[:-1], u, side="right"))
        return k, state.blocks[k], 0.0
