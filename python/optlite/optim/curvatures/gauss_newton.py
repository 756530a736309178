"""The Gauss-Newton matrix: the Hessian of a model taken as linear in its variables."""

from ._base import Curvature


class GaussNewton(Curvature):
    """Multiply by J^T B J, plus the curvature of the penalty."""

    name = "gauss_newton"
    doc = "Damped steps with the Gauss-Newton matrix, which is never indefinite."
    formula = (
        r"(G_k + \lambda_k I)\, p_k = -g_k, \quad G = \frac1S \sum_i s_i J_i^T "
        r"\nabla_z^2 \ell(z_i, y_i)\, J_i + \alpha I"
    )
    reference = (
        "Nocedal and Wright, Numerical Optimization, 2006, section 10.3; "
        "Schraudolph, Fast curvature matrix-vector products for second-order gradient descent, "
        "2002"
    )
    method, step_size = "newton_cg", "levenberg_marquardt"
    product = "gauss_newton_product"

    def check(self, has_rows):
        """Ask for rows, or for a method of the objective."""
        self.is_hessian = self.is_linear
        if not has_rows and not hasattr(self.objective, self.product):
            raise TypeError(
                f"objective must be over rows, or have {self.product}(w, v), for method="
                f"{self.name!r}, got {type(self.objective).__name__}. Use method='newton_cg'."
            )

    def at(self, x):
        """Return products at x."""
        if hasattr(self.objective, self.product):
            return self.own_products(self.product, x)
        if self.twin is not None:
            point = self.twin.evaluate(x)
            exact = {} if self.is_linear else {"exact": False}
            return lambda V: self.twin.hessian_product(point, V, **exact)
        at = self.objective._at(x)
        return lambda V: at.gauss_newton_product(V, True)
