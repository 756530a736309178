"""Maximum improvement: the block along which F can decrease most.

b = argmin over b of min over d of F(x + U_b d)

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

from .. import bcd_newton


class MI:
    """The objective itself decides, which costs a minimisation over each block."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        scores = [-bcd_newton.minimise(state, b, 100, 1e-9)[1] for b in state.blocks]
        k = int(np.argmax(scores))
        return k, state.blocks[k], float(scores[k])
