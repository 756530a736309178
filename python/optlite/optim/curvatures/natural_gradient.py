"""The Fisher matrix: distances between the distributions that a model predicts."""

import numpy as np

from ._base import field
from .gauss_newton import GaussNewton


class NaturalGradient(GaussNewton):
    """Multiply by the Fisher matrix, exact or of drawn targets."""

    name = "natural_gradient"
    doc = "Damped steps along the natural gradient, with the Fisher matrix exact or sampled."
    formula = (
        r"(F_k + \lambda_k I)\, p_k = -g_k, \quad F = \frac1S \sum_i s_i\, "
        r"\mathbb E_{\tilde y \sim p(\cdot \mid x_i, w)} \nabla_w \ell(z_i, \tilde y)\, "
        r"\nabla_w \ell(z_i, \tilde y)^T + \alpha I"
    )
    reference = (
        "Amari, Natural gradient works efficiently in learning, 1998; Martens, New "
        "insights and perspectives on the natural gradient method, 2020"
    )
    product = "fisher_product"
    fields = (
        field(
            "n_draws",
            0,
            "Targets to draw for each sample; 0 takes the expectation in closed form.",
            is_integer=True,
            lower_open=False,
        ),
    )

    def check(self, has_rows):
        """Ask for the loss of a likelihood."""
        from ...curvature._operators_fisher import DRAWS

        super().check(has_rows)
        self.is_hessian = self.is_linear and self.n_draws == 0
        if self.n_draws > 0 and hasattr(self.objective, self.product):
            raise ValueError(
                f"n_draws must be 0 for an objective with {self.product}(w, v), which is the "
                f"Fisher matrix that is used, got {self.n_draws} (NaturalGradient)."
            )
        if has_rows and self.objective._loss_name not in DRAWS:
            raise TypeError(
                f"objective must have the loss of a likelihood, one of {sorted(DRAWS)}, for "
                f"method='natural_gradient', got {self.objective._loss_name}. "
                "method='gauss_newton' takes any loss."
            )

    def at(self, x):
        """Return products at x, with targets drawn for this point."""
        if self.n_draws == 0:
            return super().at(x)
        from ...curvature import FisherOperator

        seed = np.random.default_rng(self.random.integers(2**63))
        drawn = FisherOperator(
            self.objective, x, n_draws=self.n_draws, random_state=seed, penalty=True
        )
        return drawn._products
