"""Classification as a problem of block coordinate descent."""

import numpy as np
import scipy.sparse as sp

from .._core import core
from .._validation import as_columns, check_matrix, check_number, check_vector
from ._problems import SmoothProblem, dtype_of


class LinearModel(SmoothProblem):
    """Base of sums of losses of the rows of X W, plus a ridge penalty.

    The variables are the columns of W, one after the other.
    """

    #: H is the second derivative nowhere, and no graph.
    graph = None

    def _take(self, X, y, loss, C, alpha):
        self.X, self.y, self.alpha, self.strong_convexity = X, y, alpha, alpha
        self._loss, self._bound = loss, C
        size = abs(X)
        self._squares = np.ravel((X.multiply(X) if sp.issparse(X) else X * X).sum(axis=0))
        self._sums = np.ravel(size.T @ np.ravel(size.sum(axis=1)))

    @property
    def dim(self):
        """Number of variables."""
        return self.X.shape[1] * len(self._bound)

    @property
    def diagonal(self):
        """A Lipschitz constant of the derivative in each variable."""
        return np.kron(np.diag(self._bound), self._squares) + self.alpha

    @property
    def row_sums(self):
        """No less than the sums of absolute values of the rows of H."""
        return np.kron(np.abs(self._bound).sum(axis=0), self._sums) + self.alpha

    def value(self, x):
        """Return f(x)."""
        return float(self._readable(self.X).value(np.asarray(x, dtype=np.float64)))

    def slopes(self, x):
        """Return the gradient in double precision."""
        return self._readable(self.X).gradient(x)

    def compiled(self, x):
        """Return what the core moves, at x."""
        shapes = (self._squares, self._sums)
        columns = as_columns(self.X)
        return core.block_linear_model(
            columns, self.y, self._loss, self._bound, self.alpha, *shapes, x
        )

    def twin(self):
        """Return the same for the readable engine."""
        return self._readable(self.X.toarray() if sp.issparse(self.X) else self.X)

    def _readable(self, X):
        from ..reference.bcd_problems import LinearModel as Twin

        return Twin(X, self.y, self._loss, self._bound, self.alpha)


def _checked(A, owner):
    """Return the type of x, and A in double precision."""
    checked = check_matrix(A, "A", owner)
    return dtype_of(A), checked


def check_signs(y, size, owner):
    """Return labels, each of them -1 or 1."""
    y = check_vector(y, "y", size, owner)
    wrong = y[np.abs(y) != 1.0]
    if len(wrong) > 0:
        raise ValueError(f"y must hold -1 and 1 only, got {wrong[0]:g} ({owner}).")
    return y


class Logistic(LinearModel):
    """Hold the sum of log(1 + exp(-y_i a_i' x)), and a ridge penalty: alpha x' x / 2.

    Parameters
    ----------
    A : array-like or sparse matrix of shape (m, n)
        One row a sample. Not copied if it is an array of float64. If it is of float32, so is x.
    y : array-like of shape (m,)
        Labels, -1 or 1.
    alpha : float, >= 0, default=0.0
        Strength of the ridge penalty, and constant of strong convexity.

    Notes
    -----
    H = A' A / 4 + alpha I bounds the Hessian (Boehning and Lindsay, 1988).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> rng = np.random.default_rng(0)
    >>> A = rng.normal(size=(50, 8))
    >>> f = bcd.Logistic(A, np.sign(A[:, 0] + rng.normal(size=50)), alpha=1.0)
    >>> result = bcd.solve(f, selection="gsd", update="newton", block_size=3)
    >>> bool(np.linalg.norm(f.gradient(result.x)) < 1e-3)
    True
    """

    def __init__(self, A, y, alpha=0.0):
        self.dtype, A = _checked(A, "Logistic")
        y = check_signs(y, A.shape[0], "Logistic")
        self._take(A, y, "logistic", np.array([[0.25]]), check_number(alpha, "alpha", "Logistic"))


class Softmax(LinearModel):
    """Hold the negative log-likelihood of one of K classes, and a ridge penalty if asked.

    Parameters
    ----------
    A : array-like or sparse matrix of shape (m, p)
        One row a sample. Not copied if it is an array of float64. If it is of float32, so is x.
    y : array-like of int of shape (m,)
        Classes 0, 1, ..., K - 1.
    alpha : float, >= 0, default=0.0
        Strength of the ridge penalty, and constant of strong convexity.

    Notes
    -----
    There are p K variables, the column of W of a class after that of the one before.
    H = (I - 1 1' / K) / 2 (x) A' A + alpha I bounds the Hessian (Boehning 1992).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import bcd
    >>> f = bcd.Softmax([[1.0], [2.0], [-1.0]], [0, 0, 1], alpha=1.0)
    >>> result = bcd.solve(f, update="newton", block_size=2)
    >>> bool(abs(result.x.sum()) < 1e-8)  # the classes are symmetric
    True
    """

    def __init__(self, A, y, alpha=0.0):
        self.dtype, A = _checked(A, "Softmax")
        y = check_vector(y, "y", A.shape[0], "Softmax")
        wrong = y[(y < 0.0) | (y != np.floor(y))]
        if len(wrong) > 0:
            raise ValueError(
                f"y must hold the classes 0, 1, ..., K - 1 only, got {wrong[0]:g} (Softmax)."
            )
        K = max(int(y.max()), 1) + 1
        C = 0.5 * (np.eye(K) - np.full((K, K), 1.0 / K))
        self._take(A, y, "multinomial", C, check_number(alpha, "alpha", "Softmax"))
