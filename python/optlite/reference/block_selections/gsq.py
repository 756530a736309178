"""The block of the partition whose exact step decreases the quadratic most.

b = argmax grad_b f^T H_bb^-1 grad_b f

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class GSQ:
    """The block whose exact step decreases f most: for a quadratic the maximum improvement."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        scores = [state.gradient[b] @ state.solve(b, state.gradient[b]) for b in state.blocks]
        k = int(np.argmax(scores))
        return k, state.blocks[k], float(scores[k])
