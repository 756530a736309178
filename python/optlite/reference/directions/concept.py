"""What a direction can do; each file of this folder overrides what it needs."""


class Direction:
    """Choose a descent direction; keep the memory that needs, never step."""

    inner_iterations = 0

    def compute(self, objective, at):
        """Return p with g . p < 0 at the evaluated point ``at``."""
        raise NotImplementedError

    def moved(self, before, after):
        """Learn from the gradients at both ends of a step."""

    def regularize(self, shift):
        """Use H + shift I from now on; return False if the method has no such shift."""
        return False

    def set_goal(self, ratio):
        """Hear how far the end is, tolerance / certificate: no need to solve more closely."""

    def certifies(self):
        """Say whether -g . p bounds value - minimum near the solution (H p = -g was solved)."""
        return False

    def estimates(self):
        """Say whether -g . p at least estimates that quantity, where no bound is known."""
        return False
