"""A block drawn uniformly from the partition; else coordinates drawn without replacement.

P(b) = 1 / n_blocks; without a partition, the coordinates with the largest of n uniform keys.

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class Random:
    """All blocks with one probability."""

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        if state.blocks is not None:
            k = int(state.uniform([state.iteration])[0] * len(state.blocks))
            return k, state.blocks[k], 0.0
        n = len(state.x)
        keys = state.uniform(state.iteration * n + np.arange(n))
        return None, state.best(keys)[1], 0.0
