"""The Hessian itself: exact products where there are any, differences of gradients elsewhere."""

import numpy as np

from ._base import Curvature


class Hessian(Curvature):
    """Multiply by the Hessian."""

    name = "hessian"
    doc = "The Hessian: exact where the objective has products, differences of gradients elsewhere."
    formula = (
        r"B_k\, v = \nabla^2 f(x_k)\, v, \quad \text{or} \quad \frac{\lVert v \rVert}{2 h} "
        r"\big( \nabla f(x_k + h u) - \nabla f(x_k - h u) \big), \quad u = v / \lVert v \rVert"
    )
    reference = (
        "Pearlmutter, Fast exact multiplication by the Hessian, 1994; Moré and Wild, Estimating "
        "derivatives of noisy simulations, 2012"
    )
    _difference = None

    def check(self, has_rows):
        """Choose where products come from."""
        self.is_hessian = self.is_linear
        self._has_rows = has_rows
        f = self.objective
        self._has_products = hasattr(f, "hvp") and getattr(f, "_hvp", f) is not None

    def at(self, x):
        """Return products at x."""
        if self.twin is not None:
            point = self.twin.evaluate(x)
            return lambda V: self.twin.hessian_product(point, V)
        if self._has_rows:
            return self.objective._at(x).hessian_product
        if self._has_products:
            return self.own_products("hvp", x)
        return self._differences(x)._products

    def _differences(self, x):
        """Differences of gradients; noise and step are found once, at the start."""
        from ...curvature import FiniteDifferenceOperator

        if self._difference is None:
            gradient = lambda w: np.asarray(self.objective.value_and_gradient(w)[1])  # noqa: E731
            self._difference = FiniteDifferenceOperator(gradient, x.reshape(self.shape))
        return self._difference.moved(x)
