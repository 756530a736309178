"""What the algorithms see of a matrix: products with blocks of vectors, counted and checked."""

import math
import operator as operators

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import LinearOperator

from .. import _params
from .._core import core
from .._validation import as_design
from .._warnings import warn
from ..objectives import GeneralizedLinearObjective
from ._operators import GaussNewtonOperator, HessianOperator

#: Reads of a matrix in memory cost as much as this many products with a vector in registers.
_READ = 5.0


class Operand:
    """A symmetric matrix of any kind: array, sparse, LinearOperator or function.

    Vectors are rows of float64 here, one behind the other.

    Parameters
    ----------
    operator : object
        As the user passed it.
    dim : int or None
        Length of the vectors of a function that has no ``shape``.
    owner : str
        Who asks, for messages.

    Attributes
    ----------
    dim : int
        Length of the vectors.
    dtype : dtype
        Of results: float32 or float64.
    precision : float
        Relative error of a product: of rounding, or of what else the operator says.
    n_products : int
        Vectors multiplied so far.
    asymmetry : float or None
        Largest difference from the transpose, relative to the largest entry; None if not known.
    is_positive_semidefinite : bool
        Whether that is known.
    counts : bool
        Whether products are counted: not those with a matrix that was formed from others.
    reads_blocks : bool
        Whether a block of a few vectors costs about as much as one.
    """

    def __init__(self, operator, dim, owner):
        self.owner, self.n_products, self.asymmetry = owner, 0, None
        self.counts = True
        self.operator, self.matrix = operator, None
        self.reads_blocks = not callable(operator) or hasattr(operator, "_products")
        self.is_positive_semidefinite = bool(getattr(operator, "is_positive_semidefinite", False))
        if isinstance(operator, LinearOperator):
            self._take_operator(operator)
        elif sp.issparse(operator):
            self._take_matrix(operator)
        elif callable(operator):
            self._take_function(operator, dim)
        else:
            self._take_matrix(np.asarray(operator))
        if dim is not None and dim != self.dim:
            raise ValueError(
                f"dim must be {self.dim}, the side of the operator, or None, got {dim!r} ({owner})."
            )

    # --- kinds of operators -----------------------------------------------------------------------

    def _take_operator(self, operator):
        self.dim = self._side(operator.shape)
        self.dtype = self._real(operator.dtype)
        if hasattr(operator, "_products"):  # of this package: in float64 throughout
            self.precision, self._multiply = float(operator.precision), self._own_products
        else:
            self.precision, self._multiply = np.finfo(self.dtype).eps, self._foreign_products

    def _own_products(self, rows):
        self.operator.n_products += len(rows)
        return self.operator._products(rows)

    def _foreign_products(self, rows):
        # A copy: the function behind an operator might write into its argument.
        return np.asarray(self.operator.matmat(rows.T.astype(self.dtype, order="F"))).T

    def _take_matrix(self, matrix):
        if matrix.ndim != 2:
            raise ValueError(
                f"operator must be a square matrix, a LinearOperator or a function, got an array "
                f"of shape {matrix.shape} ({self.owner})."
            )
        self.dim = self._side(matrix.shape)
        self.dtype = self._real(matrix.dtype)
        matrix = matrix.astype(self.dtype, copy=False)
        if sp.issparse(matrix) and matrix.format not in ("csr", "csc"):
            matrix = matrix.tocsr()
        entries = matrix.data if sp.issparse(matrix) else matrix
        if not np.isfinite(entries).all():
            raise ValueError(
                f"operator must be finite, got NaN or infinity among its entries ({self.owner})."
            )
        self.matrix, self.precision = matrix, np.finfo(np.float64).eps
        self._check_symmetry(matrix)
        self._multiply = as_design(self.matrix).products

    def _check_symmetry(self, matrix):
        largest = abs(matrix).max() if self.dim else 0.0
        gap = abs(matrix - matrix.T).max() if self.dim else 0.0
        self.asymmetry = float(gap / largest) if largest > 0.0 else 0.0
        if self.report_asymmetry(self.asymmetry, 8.0 * np.finfo(self.dtype).eps):
            self.matrix = (0.5 * matrix + 0.5 * matrix.T).astype(self.dtype)
            self.matrix = self.matrix.tocsr() if sp.issparse(matrix) else self.matrix

    def _take_function(self, function, dim):
        shape = getattr(function, "shape", None)
        if dim is None and shape is None:
            raise ValueError(
                f"dim must be given for a function without a shape, got None ({self.owner}). Pass "
                "the length of the vectors that it takes."
            )
        self.dim = self._side(shape) if dim is None else integer(dim, "dim", 1, self.owner)
        self.dtype = self._real(getattr(function, "dtype", np.float64))
        self.precision = np.finfo(self.dtype).eps
        self._multiply = self._function_products

    def _function_products(self, rows):
        results = [np.asarray(self.operator(row.astype(self.dtype))) for row in rows]
        if any(result.dtype == np.float32 for result in results):  # whatever it was given
            self.precision = np.finfo(np.float32).eps
        for result in results:
            if result.shape != (self.dim,):
                raise ValueError(
                    f"operator must return shape ({self.dim},), as its argument has, got "
                    f"{result.shape} ({self.owner})."
                )
        return np.array(results).reshape(len(rows), self.dim)

    # --- checks -----------------------------------------------------------------------------------

    def _side(self, shape):
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1:
            raise ValueError(
                f"operator must be square with a row at least, got shape {tuple(shape)} "
                f"({self.owner}). For singular values of X pass a function v -> X.T @ (X @ v)."
            )
        return int(shape[0])

    def _real(self, dtype):
        dtype = np.dtype(np.float64 if dtype is None else dtype)
        if dtype.kind not in "biuf":
            raise TypeError(f"operator must be real, got dtype {dtype} ({self.owner}).")
        return np.dtype(np.float32 if dtype == np.float32 else np.float64)

    def report_asymmetry(self, value, limit):
        """Warn of an asymmetry above the limit; return whether it is."""
        if value > limit:
            warn(
                f"operator is not symmetric: it differs from its transpose by {value:.2g} of its "
                f"size ({self.owner}). The results are those of the symmetric part as far as they "
                "have a meaning; pass (A + A.T) / 2, or correct the function.",
                RuntimeWarning,
            )
        return value > limit

    # --- products ---------------------------------------------------------------------------------

    def apply(self, rows):
        """Multiply rows; return new ones, float64 and contiguous.

        Raises
        ------
        ValueError
            If the operator returns NaN, infinity or a wrong shape.
        """
        rows = np.ascontiguousarray(rows)
        self.n_products += len(rows) if self.counts else 0
        products = self._multiply(rows)
        if products.shape != rows.shape:
            raise ValueError(
                f"operator must return shape {rows.T.shape} for a block of that shape, got "
                f"{products.T.shape} ({self.owner})."
            )
        if products.dtype.kind not in "biuf":
            raise TypeError(f"operator must be real, got dtype {products.dtype} ({self.owner}).")
        products = np.ascontiguousarray(products, dtype=np.float64)
        if np.may_share_memory(products, rows):
            products = products.copy()
        if not np.isfinite(products).all():
            vector, place = np.argwhere(~np.isfinite(products))[0]
            raise ValueError(
                f"operator returned {products[vector, place]} at coordinate {place} of a product "
                f"({self.owner}). Look for an overflow or a division by zero at this point."
            )
        return products

    def dense(self, single=False):
        """Return the matrix in float64, its symmetric part if it is not symmetric.

        Where `rounded_work` knows a cost it may be summed in `single` precision.
        """
        if self.matrix is not None:
            matrix = self.matrix.toarray() if sp.issparse(self.matrix) else self.matrix
            matrix = np.array(matrix, dtype=np.float64, order="C")
        elif self._linear_model() is not None:
            # From the core's part: the objective rounds to the type of its data.
            return self.operator._at.hessian(single)
        else:
            matrix = np.empty((self.dim, self.dim))
            for first in range(0, self.dim, 64):
                count = min(64, self.dim - first)
                matrix[first : first + count] = self.apply(np.eye(count, self.dim, first))
            self._measure(matrix)
        matrix *= 0.5  # before the sum, which could overflow
        return matrix + matrix.T

    def formed(self):
        """Return the operand of the matrix that this one stands for."""
        formed = Operand(self.dense(), None, self.owner)
        formed.n_products, formed.counts = self.n_products, False
        formed.is_positive_semidefinite = self.is_positive_semidefinite
        return formed

    def _measure(self, matrix):
        largest = np.abs(matrix).max()
        gap = np.abs(matrix - matrix.T).max()
        self.asymmetry = float(gap / largest) if largest > 0.0 else 0.0
        self.report_asymmetry(self.asymmetry, np.sqrt(self.precision))

    # --- costs ------------------------------------------------------------------------------------

    def _linear_model(self):
        """The objective of which this is the Hessian over all rows, if it is a linear model."""
        operator = self.operator
        if not isinstance(operator, HessianOperator | GaussNewtonOperator):
            return None
        objective, source = operator.objective, operator._source
        linear = isinstance(objective, GeneralizedLinearObjective)
        is_hessian = isinstance(operator, HessianOperator) or operator.penalty
        return objective if linear and source.rows is None and is_hessian else None

    def _entries(self):
        """Multiplications of a product with one vector; None where nobody knows."""
        if self.matrix is not None:
            return float(self.matrix.nnz if sp.issparse(self.matrix) else self.matrix.size)
        model = self._linear_model()
        if model is None:
            return None
        entries = model.X.nnz if sp.issparse(model.X) else model.X.size
        return 2.0 * entries * (self.dim / model.shape[-1])

    def product_work(self, n_vectors, block_size):
        """Estimate what products with so many vectors cost, in multiplications of a GEMM.

        None where the cost of a product is not known.
        """
        entries = self._entries()
        if entries is None:
            return None
        return n_vectors / block_size * entries * max(_READ, float(block_size))

    def dense_work(self):
        """Estimate what forming the matrix and all its eigenpairs costs; None if not known."""
        if self.matrix is not None:
            return self._eigen_work()
        model = self._linear_model()
        return None if model is None else self._eigen_work() + self._sum_work(model)

    def rounded_work(self, k):
        """Estimate `dense_work` in single precision, and two products with k vectors.

        None where single precision saves nothing.
        """
        model = self._linear_model()
        if self.matrix is not None or model is None or sp.issparse(model.X):
            return None
        products = self.product_work(2 * k, k)
        return self._eigen_work() + 0.5 * self._sum_work(model) + products

    def _eigen_work(self):
        return 6.0 * float(self.dim) ** 3

    def _sum_work(self, model):
        outputs = self.dim / model.shape[-1]
        return 0.6 * model.X.shape[0] * (self.dim**2) * (1.0 if outputs == 1 else 1.5)


class UnitProducts:
    """Products of an operand, in units of a power of two: near `size`, or the largest of the first.

    Squares of them neither overflow nor vanish, whatever the scale of the operator. Products that
    are all zero, as those of a vector of the null space, say nothing of it: the next ones do.
    """

    def __init__(self, operand, size=None):
        self.operand, self._known = operand, None if size is None else _unit(size)

    @property
    def unit(self):
        """The unit; 1 as long as every product was zero."""
        return 1.0 if self._known is None else self._known

    def __call__(self, rows):
        """Multiply rows."""
        products = self.operand.apply(rows)
        if self._known is None and products.any():
            self._known = _unit(np.abs(products).max())
        return products / self.unit


def _unit(size):
    return 2.0 ** np.floor(np.log2(size)) if size > 0.0 else 1.0


def is_smaller_dense(operand, n_vectors, block_size):
    """Whether to form the matrix rather than to multiply so many vectors.

    The decision compares estimates, not times, so that it is the same in every run.
    """
    dense = operand.dense_work()
    if dense is not None:
        return dense <= operand.product_work(n_vectors, block_size)
    return operand.dim <= n_vectors


def products_worth_forming(operand, block_size):
    """How many products cost as much as to form the matrix and to take all its eigenvalues."""
    dense = operand.dense_work()
    if dense is None:
        return operand.dim
    return dense / operand.product_work(1, block_size)


def symmetric_eigen(matrix):
    """Return eigenvalues in rising order and eigenvectors in rows: threads change no bit."""
    return core.symmetric_eigen(np.ascontiguousarray(matrix, dtype=np.float64))


def tridiagonal_eigen(alphas, betas):
    """Return eigenvalues of T in rising order and eigenvectors in rows."""
    alphas = np.array(alphas, dtype=np.float64)
    betas = np.array(betas[: max(len(alphas) - 1, 0)], dtype=np.float64)
    scale = max(np.abs(alphas).max(initial=0.0), np.abs(betas).max(initial=0.0))
    if scale == 0.0:
        return alphas, np.eye(len(alphas))
    values, vectors = core.tridiagonal_eigen(alphas / scale, betas / scale)
    return values * scale, vectors


def generator(random_state, owner):
    """Return a NumPy generator, or say what `random_state` may be."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise ValueError(
            f"random_state must be an integer >= 0, a numpy.random.Generator or None, got "
            f"{random_state!r} ({owner})."
        ) from None


def number(value, name, owner, sign=""):
    """Return a finite number, also "> 0" or ">= 0" where `sign` says so, or say what it may be."""
    value = _params.real_number(value, name, owner)
    if not (
        math.isfinite(value) and (not sign or value > 0.0 or (value == 0.0 and sign == ">= 0"))
    ):
        allowed = f"{sign} and finite" if sign else "finite"
        raise ValueError(f"{name} must be {allowed}, got {value} ({owner}).")
    return value


def integer(value, name, least, owner, most=None):
    """Return an integer argument, or say what it may be."""
    try:
        number = operators.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r} ({owner}).") from None
    if number < least or (most is not None and number > most):
        allowed = f">= {least}" if most is None else f"in [{least}, {most}]"
        raise ValueError(f"{name} must be {allowed}, got {number} ({owner}).")
    return number


def choice(value, name, words, owner):
    """Return one of the words, or name them."""
    if value not in words:
        shown = ", ".join(repr(word) for word in words)
        raise ValueError(f"{name} must be one of {shown}, got {value!r} ({owner}).")
    return value
