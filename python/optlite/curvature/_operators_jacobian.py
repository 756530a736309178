"""The Jacobian of a model's outputs, and the tangent kernel made of it."""

import numpy as np
from scipy.sparse.linalg import LinearOperator

from . import _operators_checks as checks
from ._operators import CurvatureOperator


class JacobianOperator(LinearOperator):
    r"""The Jacobian of the outputs of all samples in the variables.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.

    Attributes
    ----------
    shape : tuple
        ``(n_samples * n_outputs, dim)``: the outputs of the first sample, of the second, ...

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit or is not finite, and rows that are none.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import JacobianOperator
    >>> from optlite.objectives import Logistic
    >>> J = JacobianOperator(Logistic([[1.0, 2.0], [3.0, 4.0]], [-1, 1]), [0.0, 0.0])
    >>> J @ np.array([1.0, 1.0]), J.T @ np.array([1.0, 0.0])
    (array([3., 7.]), array([1., 2.]))
    """

    def __init__(self, objective, w, rows=None):
        source = checks.row_source(objective, rows, "JacobianOperator")
        self.objective, self.w = source.objective, checks.point(source, w, "JacobianOperator")
        self._at = source.at(self.w)
        super().__init__(np.dtype(source.dtype), (self._at.margins.size, source.dim))

    def _matmat(self, V):
        return self._multiplied(self._at.jacobian_product, V)

    def _rmatmat(self, U):
        return self._multiplied(self._at.jacobian_transposed_product, U)

    def _multiplied(self, product, V):
        rows = checks.rows_of(V, self)
        size = self.shape[0] + self.shape[1] - rows.shape[1]
        result = product(rows) if len(rows) else np.zeros((0, size))
        return result.T.astype(self.dtype, copy=False)

    def _matvec(self, v):
        return self._matmat(np.reshape(v, (-1, 1)))[:, 0]

    def _rmatvec(self, u):
        return self._rmatmat(np.reshape(u, (-1, 1)))[:, 0]


class NTKOperator(CurvatureOperator):
    r"""The empirical neural tangent kernel J J^T of the outputs of all samples.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples; None takes all.

    Attributes
    ----------
    shape : tuple
        ``(n, n)`` with ``n = n_samples * n_outputs``, in the order of :class:`JacobianOperator`.

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit or is not finite, and rows that are none.

    Notes
    -----
    Without weights and without the penalty [1]_. A product reads the data twice. The non-zero
    eigenvalues are those of J^T J, which for squared loss and equal weights is n_samples times the
    Gauss-Newton matrix.

    References
    ----------
    .. [1] Jacot, Gabriel, Hongler, Neural tangent kernel: convergence and generalization in neural
       networks, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import NTKOperator
    >>> from optlite.objectives import LeastSquares
    >>> f = LeastSquares([[1.0, 0.0], [1.0, 1.0]], [0.0, 0.0])
    >>> NTKOperator(f, [0.0, 0.0]).to_dense()  # inner products of the rows
    array([[1., 1.],
           [1., 2.]])
    """

    is_positive_semidefinite = True

    def __init__(self, objective, w, rows=None):
        source = checks.row_source(objective, rows, "NTKOperator")
        self.objective, self.w = source.objective, checks.point(source, w, "NTKOperator")
        self._at = source.at(self.w)
        super().__init__(self._at.margins.size, source.dtype)

    def _products(self, V):
        return self._at.jacobian_product(self._at.jacobian_transposed_product(V))
