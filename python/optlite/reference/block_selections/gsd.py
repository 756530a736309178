"""The coordinates with the largest squared gradient over a diagonal.

b = argmax sum over i in b of (grad_i f)^2 / D_i

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

TINY = np.finfo(np.float64).tiny  # its inverse is finite


class GSD:
    """A diagonal in place of H makes the best block of any composition easy to find."""

    def __init__(self, diagonal="lipschitz"):
        self.diagonal = diagonal

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        D = state.f.diagonal if self.diagonal == "lipschitz" else state.f.row_sums
        scale = np.where(D > 0.0, 1.0 / np.maximum(D, TINY), 0.0)
        return state.best(state.gradient**2 * scale)
