"""The largest decrease of the model by a proximal step.

max over b of -sum over i in b of min_d grad_i f d + L_i d^2 / 2 + g_i(x_i + d) - g_i(x_i)

Nutini, Schmidt, Laradji, Friedlander and Koepke, Coordinate descent converges faster with the
Gauss-Southwell rule than random selection, 2015, section 8.
"""

from ..bcd_promise import most_promising


class GSq:
    """The largest decrease of the model by a proximal step."""

    def choose(self, state):
        """Return the number of the block (None without a partition), its members, and the score."""
        return most_promising(state, "decrease")
