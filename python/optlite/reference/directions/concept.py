"""What a direction can do; each file of this folder overrides what it needs."""

import numpy as np

from ..krylov import negative_curvature


class Direction:
    """Choose a descent direction; keep the memory that needs, never step."""

    inner_iterations = 0
    has_length = True  # a full step is worth a trial
    has_region = False  # p minimises a model in a region that learns from each step
    shortfall = 0.0  # about how much -g . p is short of g . H^-1 g, where certifies()
    predicted = 0.0  # the decrease that this model predicts for the last p
    curvature = (np.nan, np.nan)  # the smallest Ritz value seen for the last p, and its bound

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

    def trust(self, ratio):
        """Hear actual / predicted decrease for the last p: the region widens or shrinks."""

    def escape(self, objective, at):
        """Return a way down from a stationary point, along negative curvature, or None."""
        return


class RegionDirection(Direction):
    """Minimise a model in a region, and look for a way down from a stationary point."""

    has_region = True
    way = None  # down from a stationary point, of length one, while it escapes
    most_steps = 60

    def multiply(self, objective, at, v):
        """Return H v, counted."""
        self.inner_iterations += 1
        return objective.hessian_product(at, v[None, :])[0]

    def escape(self, objective, at):
        """Return p along the eigenvector of a negative eigenvalue, by Lanczos' method."""
        is_negative, *self.curvature, way = negative_curvature(
            len(at.x), self.most_steps, lambda v: self.multiply(objective, at, v)
        )
        if not is_negative:
            return None
        self.way = -way if at.gradient @ way > 0.0 else way
        return self.compute(objective, at)

    def moved(self, before, after):
        """Forget the way: it belonged to the point."""
        self.way = None
