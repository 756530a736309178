"""The Hessian of some rows, drawn anew at each point; the gradient is that of all."""

import math

import numpy as np

from ._base import Curvature, field


class SubsampledNewton(Curvature):
    """Multiply by the Hessian of rows drawn without replacement."""

    name = "subsampled_newton"
    doc = "Newton steps with the Hessian of a random part of the rows and the whole gradient."
    formula = (
        r"B_k p_k = -g_k, \quad B_k = \frac{n}{\lvert \mathcal S_k \rvert S} "
        r"\sum_{i \in \mathcal S_k} s_i \nabla^2 \ell_i(x_k) + \alpha I"
    )
    reference = (
        "Byrd, Chin, Neveitt and Nocedal, On the use of stochastic Hessian information in "
        "optimization methods for machine learning, 2011; Roosta-Khorasani and Mahoney, "
        "Sub-sampled Newton methods, 2019"
    )
    method, step_size = "newton_cg", "armijo"
    fields = (
        field(
            "sample_share",
            0.1,
            "Share of the rows that is drawn for each Hessian.",
            upper=1.0,
            upper_open=False,
        ),
    )

    def check(self, has_rows):
        """Ask for rows."""
        if not has_rows:
            raise TypeError(
                f"objective must be over rows for method={self.name!r}, such as Logistic(X, y), "
                f"got {type(self.objective).__name__}. Use method='newton_cg'."
            )
        weight = self.objective.sample_weight
        rows = self.objective.X.shape[0]
        # Rows without weight are no part of the objective.
        self._rows = np.arange(rows) if weight is None else np.flatnonzero(weight)
        self._count = math.ceil(self.sample_share * len(self._rows))

    def at(self, x):
        """Return products at x, with rows drawn for this point."""
        rows = self.random.choice(self._rows, self._count, replace=False)
        batch = self.objective.batch(np.sort(rows))
        at = batch._at(x)
        return lambda V: batch._scale * at.hessian_product(V)
