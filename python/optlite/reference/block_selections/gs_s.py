"""The largest least subgradient, which is zero where a kink holds a variable.

max over b of sum over i in b of the squared least subgradient

Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with the
Gauss-Southwell rule than random selection, 2015, section 8.
"""

from ..bcd_promise import most_promising


class GSs:
    """The largest least subgradient, which is zero where a kink holds a variable."""

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        return most_promising(state, "subgradient")
