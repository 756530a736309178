"""A step along the negative gradient of the block.

d = -grad_b f / L_b

L_b may be estimated: from the largest number of the diagonal on it is doubled until
f(x + d) <= f(x) - |grad_b f|^2 / (2 L_b).

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""

import numpy as np


class Gradient:
    """Along the negative gradient, by one over a Lipschitz constant of the block."""

    def __init__(self, constant="eigenvalue"):
        self.constant, self.found = constant, None

    def step(self, state, block):
        """Return the change of the variables of the block."""
        g = state.gradient[block]
        return -g / self.lipschitz(state, block, g)

    def lipschitz(self, state, block, g):
        """Return L_b."""
        H = state.H[np.ix_(block, block)]
        if self.constant != "doubling":
            exact = self.constant == "eigenvalue"
            L = np.linalg.eigvalsh(H)[-1] if exact else np.trace(H)
            return L if L > 0.0 else 1.0
        if self.found is None:
            self.found = state.H.diagonal().copy()
        L = self.found[block].max()
        if L == 0.0:
            return 1.0
        while g @ H @ g > L * (g @ g):
            L *= 2.0
        self.found[block] = L
        return L
