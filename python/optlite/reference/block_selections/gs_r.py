"""The longest proximal step.

max over b of sum over i in b of (prox(x_i - grad_i f / L_i) - x_i)^2

Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with the
Gauss-Southwell rule than random selection, 2015, section 8.
"""

from ..bcd_promise import most_promising


class GSr:
    """The longest proximal step."""

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        return most_promising(state, "step")
