"""The block of the partition with the largest squared gradient over its Lipschitz constant.

b = argmax |grad_b f|^2 / L_b, L_b the largest eigenvalue of H_bb

Nutini, Laradji and Schmidt, Let's make block coordinate descent converge faster: faster greedy
rules, message-passing, active-set complexity, and superlinear convergence, 2022.
"""


class GSL:
    """The block for which a gradient step is certain to decrease f most."""

    def choose(self, state):
        """Return the number of a block of the partition, its members, and the score."""
        return state.best(state.gradient**2, 1.0 / state.lipschitz)
