"""The Hessian and the Gauss-Newton matrix of an objective, and the base of all operators here."""

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..objectives import RowObjective
from . import _operators_checks as checks


class CurvatureOperator(LinearOperator):
    """Multiply vectors by a symmetric matrix that is not formed.

    The base class of the operators of this package, each a SciPy ``LinearOperator``. A block of
    vectors, ``operator @ V`` with V of shape (dim, n_vectors), costs one read of the data.

    Operators make new ones: ``A + B``, ``2 * A``, ``-A``, :meth:`shifted`, :meth:`deflated` and
    :meth:`inverse` are of this class again.

    Attributes
    ----------
    shape : tuple
        ``(dim, dim)``.
    dtype : dtype
        float32 if the data are, float64 otherwise; computed in float64 wherever that costs nothing.
    is_positive_semidefinite : bool
        Whether that is known: v . A v >= 0 for every v.
    precision : float
        Error of a product relative to the norm of the operator, for vectors of length one: that of
        rounding, or of an iteration or a difference that stands for the product.
    n_products : int
        Vectors multiplied so far.
    """

    is_positive_semidefinite = False
    precision = np.finfo(np.float64).eps

    def __init__(self, dim, dtype):
        super().__init__(np.dtype(dtype), (dim, dim))
        self.n_products = 0

    # --- products ---------------------------------------------------------------------------------

    def _products(self, V):
        """Multiply the rows of V, float64 and contiguous; return rows."""
        raise NotImplementedError

    def _matmat(self, V):
        rows = checks.rows_of(V, self)
        if len(rows) == 0:
            return np.zeros(V.shape, self.dtype)
        return self._apply(rows).T.astype(self.dtype, copy=False)

    def _apply(self, V):
        """Multiply rows, count them, and do not round to the dtype."""
        self.n_products += len(V)
        return self._products(V)

    def _matvec(self, v):
        return self._matmat(np.reshape(v, (-1, 1)))[:, 0]

    def _rmatmat(self, V):
        return self._matmat(V)

    def _rmatvec(self, v):
        return self._matvec(v)

    def _adjoint(self):
        return self

    def _transpose(self):
        return self

    def to_dense(self):
        """Return the matrix, ndarray of shape (dim, dim).

        From products with the unit vectors, a block at a time; exactly symmetric. Of a generalized
        linear model the Hessian is summed up directly, which is faster.
        """
        dim = self.shape[0]
        matrix = np.empty((dim, dim), self.dtype)
        for start in range(0, dim, 64):
            stop = min(start + 64, dim)
            matrix[:, start:stop] = self @ np.eye(dim, stop - start, -start)
        return 0.5 * (matrix + matrix.T)

    # --- new operators ----------------------------------------------------------------------------

    def shifted(self, shift):
        """Return the operator A + shift I.

        Parameters
        ----------
        shift : float
            What is added to every eigenvalue.

        Returns
        -------
        ShiftedOperator
        """
        from ._operators_algebra import ShiftedOperator

        return ShiftedOperator(self, shift)

    def deflated(self, vectors, values=None):
        """Return the operator without some directions.

        Parameters
        ----------
        vectors : array-like of shape (dim, n_vectors)
            Columns that span the directions.
        values : array-like of shape (n_vectors,), default=None
            Eigenvalues to take away. None projects: (I - U U^T) A (I - U U^T).

        Returns
        -------
        DeflatedOperator
        """
        from ._operators_algebra import DeflatedOperator

        return DeflatedOperator(self, vectors, values)

    def inverse(self, **options):
        """Return the inverse by conjugate gradients; options as of :class:`InverseOperator`.

        Returns
        -------
        InverseOperator
        """
        from ._operators_inverse import InverseOperator

        return InverseOperator(self, **options)

    def __add__(self, other):
        """Add another operator of this package, or any other as SciPy does."""
        from ._operators_algebra import SumOperator

        if isinstance(other, CurvatureOperator):
            return SumOperator([self, other])
        return super().__add__(other)

    def __sub__(self, other):
        """Subtract an operator."""
        return self + (-other)

    def __neg__(self):
        """Change the sign."""
        return -1.0 * self

    def __mul__(self, other):
        """Scale by a number; otherwise multiply as SciPy does."""
        from ._operators_algebra import ScaledOperator

        return ScaledOperator(self, other) if np.isscalar(other) else super().__mul__(other)

    def __rmul__(self, other):
        """Scale by a number."""
        return self * other if np.isscalar(other) else super().__rmul__(other)


class RowOperator(CurvatureOperator):
    """An operator from an objective over rows, or from a batch of its rows."""

    def __init__(self, objective, w, rows):
        owner = type(self).__name__
        source = checks.row_source(objective, rows, owner)
        self.objective, self.w = source.objective, checks.point(source, w, owner)
        self._source, self._at = source, source.at(self.w)
        super().__init__(source.dim, source.dtype)

    def __repr__(self):
        """Name the objective and, of a batch, the number of its rows."""
        rows = "" if self._source.rows is None else f", <{len(self._source.rows)} rows>"
        return f"{type(self).__name__}({self.objective!r}, w{rows})"


class HessianOperator(CurvatureOperator):
    r"""The Hessian of an objective at a point.

    Parameters
    ----------
    objective : object of optlite.objectives
        Of a generalized linear model, an :class:`~optlite.objectives.MLP` or a batch of either
        the products are exact, and a block of vectors is multiplied in one read of X. Any other
        objective with ``dim`` and ``hvp(w, V)`` will do as well.
    w : array-like
        The point, shaped as the objective's variables or flat.
    rows : array-like of int, default=None
        Indices of samples: the Hessian of ``objective.batch(rows)``. None takes all rows.

    Attributes
    ----------
    objective : object
        The objective.
    w : ndarray
        The point, flat, a copy.
    precision : float
        Of an ``hvp`` in Python: four times what products of u, v and u + v contradict each other
        by; float32 and differences show in it.
    asymmetry : float
        For an ``hvp`` in Python: \|u . H v - v . H u\| relative to the sizes of u, v and H v, for
        random u and v. 0 for objectives over rows, whose products are symmetric up to rounding.

    Raises
    ------
    TypeError
        If the objective has no ``hvp``: see :class:`FiniteDifferenceOperator`.
    ValueError
        If w does not fit, or an ``hvp`` in Python returns NaN, a wrong shape, or two results for
        the same vector.

    Warns
    -----
    RuntimeWarning
        If the asymmetry is above 1e-6: Lanczos and CG assume a symmetric operator.

    See Also
    --------
    GaussNewtonOperator : Its positive semidefinite part.
    FiniteDifferenceOperator : From gradients alone.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator
    >>> from optlite.objectives import LeastSquares
    >>> H = HessianOperator(LeastSquares([[1.0, 0.0], [0.0, 3.0]], [1.0, 2.0]), [0.0, 0.0])
    >>> H @ np.array([2.0, 2.0])
    array([1., 9.])
    >>> (2 * H.shifted(1.0)).to_dense()
    array([[ 3.,  0.],
           [ 0., 11.]])
    """

    asymmetry = 0.0

    def __init__(self, objective, w, rows=None):
        owner = "HessianOperator"
        self.objective = objective
        if checks.has_rows(objective):
            source = checks.row_source(objective, rows, owner)
            self.w = checks.point(source, w, owner)
            self._source, self._at = source, source.at(self.w)
            self._multiply = lambda V: source.scale * self._at.hessian_product(V)
            self.is_positive_semidefinite = source.is_linear
            super().__init__(source.dim, source.dtype)
            return
        if rows is not None:
            raise TypeError(
                f"rows must be None for an objective without rows, got {type(objective).__name__} "
                f"({owner})."
            )
        checks.needs_hvp(objective, owner)
        self._source, self._multiply = None, checks.python_products(objective, owner)
        self.w = checks.point(objective, w, owner)
        super().__init__(objective.dim, np.float64)
        checks.same_twice(self._products, self.w, "hvp", owner)
        # Three results are rounded: by chance they may differ by less than what one is off.
        self.precision = max(self.precision, 4.0 * checks.rounding(self._products, self.w))
        self.asymmetry = checks.measured_asymmetry(
            self, "hvp", 1e-6, "Compare hvp with differences of the gradient."
        )

    def _products(self, V):
        if self._source is not None:
            return self._multiply(V)
        return self._multiply(self.w, V)

    def to_dense(self):
        """Return the matrix, ndarray of shape (dim, dim)."""
        whole = self._source is None or self._source.rows is not None
        if whole or not isinstance(self.objective, RowObjective):
            return super().to_dense()
        return self.objective.hessian(self.w)

    def __repr__(self):
        """Name the objective and, of a batch, the number of its rows."""
        rows = getattr(self._source, "rows", None)
        shown = "" if rows is None else f", <{len(rows)} rows>"
        return f"HessianOperator({self.objective!r}, w{shown})"


class GaussNewtonOperator(RowOperator):
    r"""The generalised Gauss-Newton matrix: the Hessian of a model taken as linear in w.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model, an :class:`~optlite.objectives.MLP`, or a batch of either.
    w : array-like
        The point.
    rows : array-like of int, default=None
        Indices of samples: the matrix of ``objective.batch(rows)``. None takes all rows.
    penalty : bool, default=True
        Whether the curvature of the penalty belongs to it.

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For a w that does not fit or is not finite, and rows that are none.

    Notes
    -----
    With the Jacobian :math:`J_i` of the outputs :math:`z_i` of sample i [1]_:

    .. math:: G = \frac1S \sum_i s_i J_i^T\, \nabla_z^2 \ell(z_i, y_i)\, J_i + \alpha I

    It is positive semidefinite for every loss here. Of a linear model it is the Hessian; of a
    network the term with the second derivatives of its outputs is missing.

    References
    ----------
    .. [1] Schraudolph, Fast curvature matrix-vector products for second-order gradient descent,
       Neural Computation, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import GaussNewtonOperator, HessianOperator
    >>> from optlite.objectives import MLP
    >>> f = MLP([[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0], hidden=2)
    >>> w = f.init(random_state=0)
    >>> lowest = [np.linalg.eigvalsh(op(f, w).to_dense())[0] for op in
    ...           (HessianOperator, GaussNewtonOperator)]
    >>> bool(lowest[0] < 0.0), bool(lowest[1] > -1e-12)
    (True, True)
    """

    is_positive_semidefinite = True

    def __init__(self, objective, w, rows=None, penalty=True):
        super().__init__(objective, w, rows)
        self.penalty = bool(penalty)

    def _products(self, V):
        return self._source.scale * self._at.gauss_newton_product(V, self.penalty)
