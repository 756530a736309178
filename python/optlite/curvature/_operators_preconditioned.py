"""An operator as a method with a diagonal preconditioner sees it."""

import numpy as np

from .. import _params
from ._operators import CurvatureOperator


class PreconditionedOperator(CurvatureOperator):
    r"""An operator scaled from both sides: :math:`P^{-1/2} A P^{-1/2}`, P diagonal.

    Its eigenvalues are those of :math:`P^{-1} A`, by which steps ``w - rate * gradient / P`` move
    on a quadratic.

    Parameters
    ----------
    operator : CurvatureOperator
    diagonal : array-like with dim numbers > 0
        The diagonal of P: :func:`adam_preconditioner`, for example.

    Raises
    ------
    ValueError
        For a diagonal of another length, or with numbers that are not positive and finite.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator, PreconditionedOperator
    >>> from optlite.objectives import Quadratic
    >>> H = HessianOperator(Quadratic([1.0, 100.0]), [0.0, 0.0])
    >>> PreconditionedOperator(H, [1.0, 50.0]) @ np.ones(2)
    array([1., 2.])
    """

    def __init__(self, operator, diagonal):
        owner = "PreconditionedOperator"
        diagonal = _params.real_array(diagonal, "diagonal", owner).astype(float).ravel()
        if diagonal.shape != (operator.shape[0],):
            raise ValueError(
                f"diagonal must have {operator.shape[0]} numbers, got {diagonal.size} ({owner})."
            )
        if not (np.isfinite(diagonal).all() and (diagonal > 0.0).all()):
            raise ValueError(f"diagonal must hold finite numbers > 0 ({owner}). Add an epsilon.")
        super().__init__(operator.shape[0], operator.dtype)
        self.operator, self.diagonal = operator, diagonal
        self._scale = 1.0 / np.sqrt(diagonal)
        self.is_positive_semidefinite = operator.is_positive_semidefinite
        # Of an error e of a product of A the scales leave at most e times their ratio.
        self.precision = operator.precision * (self._scale.max() / self._scale.min()) ** 2

    def _products(self, V):
        return self._scale * self.operator._apply(self._scale * V)

    def __repr__(self):
        """Show the operator."""
        return f"PreconditionedOperator({self.operator!r}, diagonal)"
