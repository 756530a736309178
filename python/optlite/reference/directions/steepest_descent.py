"""The negative gradient.

p = -g

Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847.
"""

from .concept import Direction


class SteepestDescent(Direction):
    """Go against the gradient."""

    def compute(self, objective, at):
        """Return -g."""
        return -at.gradient
