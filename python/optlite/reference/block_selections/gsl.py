"""The block of the partition with the largest squared gradient over its Lipschitz constant.

b = argmax |grad_b f|^2 / L_b, L_b the largest eigenvalue of H_bb

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np

TINY = np.finfo(np.float64).tiny  # its inverse is finite


class GSL:
    """The block for which a gradient step is certain to decrease f most."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        L = state.lipschitz
        inverse = np.where(L > 0.0, 1.0 / np.maximum(L, TINY), 0.0)
        return state.best(state.gradient**2, inverse)
