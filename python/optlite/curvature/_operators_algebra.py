"""Operators made of operators: sums, multiples, shifts, deflation."""

import numpy as np

from .. import _params
from ._operand import number
from ._operators import CurvatureOperator


class SumOperator(CurvatureOperator):
    """The sum of operators: ``A + B``.

    Parameters
    ----------
    operators : sequence of CurvatureOperator
        All of one shape.

    Raises
    ------
    ValueError
        For operators of different shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator
    >>> from optlite.objectives import Quadratic
    >>> A, B = (HessianOperator(Quadratic(values), [0.0, 0.0]) for values in ([1, 2], [3, 4]))
    >>> (A + B) @ np.ones(2)
    array([4., 6.])
    """

    def __init__(self, operators):
        self.operators = [
            part
            for each in operators
            for part in (each.operators if type(each) is SumOperator else [each])
        ]
        shapes = {each.shape for each in self.operators}
        if len(shapes) != 1:
            raise ValueError(f"operators must have one shape, got {sorted(shapes)} (SumOperator).")
        dtype = np.result_type(*(each.dtype for each in self.operators))
        super().__init__(self.operators[0].shape[0], dtype)
        self.is_positive_semidefinite = all(
            each.is_positive_semidefinite for each in self.operators
        )
        self.precision = max(each.precision for each in self.operators)

    def _products(self, V):
        return sum(each._apply(V) for each in self.operators)

    def to_dense(self):
        """Return the sum of the matrices."""
        return sum(each.to_dense() for each in self.operators)

    def __repr__(self):
        """Show the terms."""
        return " + ".join(map(repr, self.operators))


class ScaledOperator(CurvatureOperator):
    """A multiple of an operator: ``factor * A``.

    Parameters
    ----------
    operator : CurvatureOperator
    factor : float

    Raises
    ------
    TypeError, ValueError
        For a factor that is no finite number.
    """

    def __init__(self, operator, factor):
        self.operator, self.factor = operator, number(factor, "factor", "ScaledOperator")
        super().__init__(operator.shape[0], operator.dtype)
        self.is_positive_semidefinite = operator.is_positive_semidefinite and self.factor >= 0.0
        self.precision = operator.precision

    def _products(self, V):
        return self.factor * self.operator._apply(V)

    def to_dense(self):
        """Return the multiple of the matrix."""
        return self.factor * self.operator.to_dense()

    def __repr__(self):
        """Show the factor."""
        return f"{self.factor:g} * ({self.operator!r})"


class ShiftedOperator(CurvatureOperator):
    """An operator plus a multiple of the identity: ``A.shifted(shift)``, A + shift I.

    Parameters
    ----------
    operator : CurvatureOperator
    shift : float

    Raises
    ------
    TypeError, ValueError
        For a shift that is no finite number.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator
    >>> from optlite.objectives import Quadratic
    >>> H = HessianOperator(Quadratic([1.0, -2.0]), [0.0, 0.0])
    >>> H.shifted(3.0) @ np.ones(2)
    array([4., 1.])
    """

    def __init__(self, operator, shift):
        self.operator, self.shift = operator, number(shift, "shift", "ShiftedOperator")
        super().__init__(operator.shape[0], operator.dtype)
        self.is_positive_semidefinite = operator.is_positive_semidefinite and self.shift >= 0.0
        self.precision = operator.precision

    def _products(self, V):
        return self.operator._apply(V) + self.shift * V

    def to_dense(self):
        """Return the matrix with the shift on its diagonal."""
        matrix = np.array(self.operator.to_dense())
        matrix[np.diag_indices_from(matrix)] += self.shift
        return matrix

    def __repr__(self):
        """Show the shift."""
        return f"({self.operator!r}).shifted({self.shift:g})"


class DeflatedOperator(CurvatureOperator):
    """An operator without some directions: ``A.deflated(vectors)``.

    Parameters
    ----------
    operator : CurvatureOperator
    vectors : array-like of shape (dim, n_vectors)
        Columns that span the directions; they are made orthonormal, U.
    values : array-like of shape (n_vectors,), default=None
        None projects both sides: (I - U U^T) A (I - U U^T), symmetric whatever the vectors are.
        Given, they are taken as eigenvalues of orthonormal columns: A - U diag(values) U^T.

    Raises
    ------
    ValueError
        If the vectors have the wrong shape, depend on each other, or are not orthonormal beside
        values.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator
    >>> from optlite.objectives import Quadratic
    >>> H = HessianOperator(Quadratic([5.0, 2.0, 1.0]), np.zeros(3))
    >>> H.deflated(np.eye(3)[:, :1]) @ np.ones(3)
    array([0., 2., 1.])
    """

    def __init__(self, operator, vectors, values=None):
        owner = "DeflatedOperator"
        U = np.array(_params.real_array(vectors, "vectors", owner), dtype=np.float64)
        if U.ndim != 2 or U.shape[0] != operator.shape[0] or U.shape[1] > U.shape[0]:
            raise ValueError(
                f"vectors must have shape ({operator.shape[0]}, n_vectors), one vector a column, "
                f"got {U.shape} ({owner})."
            )
        Q, R = np.linalg.qr(U)
        size = np.abs(np.diag(R))
        if not size.min(initial=1.0) > 1e-10 * size.max(initial=0.0):
            raise ValueError(f"vectors must be finite and independent of each other ({owner}).")
        self.operator, self.vectors, self.values = operator, Q, None
        if values is not None:
            self.vectors, self.values = U, self._checked_values(values, U, owner)
        super().__init__(operator.shape[0], operator.dtype)
        self.is_positive_semidefinite = values is None and operator.is_positive_semidefinite
        self.precision = operator.precision

    @staticmethod
    def _checked_values(values, U, owner):
        values = np.array(_params.real_array(values, "values", owner), dtype=np.float64)
        if values.shape != (U.shape[1],):
            raise ValueError(
                f"values must have shape ({U.shape[1]},), one a vector, got {values.shape} "
                f"({owner})."
            )
        if not np.isfinite(values).all():
            raise ValueError(f"values must be finite, got {values.tolist()} ({owner}).")
        error = np.abs(U.T @ U - np.eye(U.shape[1])).max(initial=0.0)
        if error > 1e-4:
            raise ValueError(
                f"vectors must be orthonormal beside values, got an error of {error:.2g} in "
                f"U^T U ({owner}). Leave values out to project the directions away."
            )
        return values

    def _products(self, V):
        if self.values is not None:
            return self.operator._apply(V) - (V @ self.vectors * self.values) @ self.vectors.T
        return self._projected(self.operator._apply(self._projected(V)))

    def _projected(self, V):
        for _ in range(2):  # once more takes away what rounding left
            V = V - (V @ self.vectors) @ self.vectors.T
        return V

    def __repr__(self):
        """Show how many directions are gone."""
        return f"({self.operator!r}).deflated(<{self.vectors.shape[1]} vectors>)"
