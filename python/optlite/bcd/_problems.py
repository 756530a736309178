"""Quadratics that block coordinate descent minimises."""

import math

import numpy as np
import scipy.sparse as sp

from .. import _params


def _checked(array, name):
    """Return a matrix of float64, dense or CSC with sorted indices and no duplicate entries."""
    if sp.issparse(array):
        matrix = sp.csc_array(array, copy=True)
        if matrix.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got dtype {matrix.dtype}.")
        matrix = matrix.astype(np.float64)
        matrix.sum_duplicates()
        values = matrix.data
    else:
        matrix = np.array(_params.real_array(array, name, "bcd"), dtype=np.float64, order="C")
        values = matrix
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} must have two dimensions and no zero among them, got shape {matrix.shape}."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    return matrix


def check_vector(array, name, size):
    vector = np.array(_params.real_array(array, name, "bcd"), dtype=np.float64)
    if vector.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {vector.shape}.")
    if not np.isfinite(vector).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    return vector


class Quadratic:
    """Hold the quadratic f(x) = x' H x / 2 - c' x + constant.

    Parameters
    ----------
    H : array-like or sparse matrix of shape (n, n)
        Symmetric and positive semi-definite. Copied.
    c : array-like of shape (n,)
        Linear part.
    constant : float, default=0.0
        Added to f.
    strong_convexity : float, >= 0, default=0.0
        A number below the smallest eigenvalue of H, if one is known: with it a run bounds
        ``f - min f``. It is taken on trust.

    Raises
    ------
    ValueError
        If H is not square or not symmetric, a number is not finite, a number on the diagonal is
        negative, or f decreases without bound along a variable that H does not contain.

    Examples
    --------
    >>> from optlite import bcd
    >>> f = bcd.Quadratic([[2.0]], [4.0])
    >>> f.value([2.0]), f.gradient([1.0])
    (-4.0, array([-2.]))
    """

    def __init__(self, H, c, constant=0.0, strong_convexity=0.0):
        self.H = _checked(H, "H")
        if self.H.shape[0] != self.H.shape[1]:
            raise ValueError(f"H must be square, got shape {self.H.shape}.")
        skew = abs(self.H - self.H.T).max()
        if skew > 1e-12 * abs(self.H).max():
            raise ValueError(
                f"H must be symmetric, got entries that differ by {skew:.3g} from those across the "
                "diagonal. Use (H + H.T) / 2."
            )
        self.c = check_vector(c, "c", self.H.shape[0])
        self.constant = _params.real_number(constant, "constant", "bcd.Quadratic")
        mu = _params.real_number(strong_convexity, "strong_convexity", "bcd.Quadratic")
        if not (mu >= 0.0 and math.isfinite(mu)):
            raise ValueError(f"strong_convexity must be finite and >= 0, got {mu!r}.")
        self.strong_convexity = mu
        self._refuse_unbounded()

    def _refuse_unbounded(self):
        """A diagonal of zero leaves a row of zeros, or H is indefinite."""
        diagonal = self.H.diagonal()
        if (diagonal < 0.0).any():
            i = int(np.argmin(diagonal))
            raise ValueError(
                f"H must be positive semi-definite, got H[{i}, {i}] = {diagonal[i]:.3g}."
            )
        empty = diagonal == 0.0
        linear = empty & ((self.c != 0.0) | (np.asarray(abs(self.H).sum(axis=0)).ravel() > 0.0))
        if linear.any():
            i = int(np.argmax(linear))
            raise ValueError(
                f"f must have a minimum, but H[{i}, {i}] is 0 and row {i} of H, or c[{i}], is not: "
                "f decreases without bound. Add a positive number to the diagonal of H."
            )

    @property
    def dim(self):
        """Number of variables."""
        return len(self.c)

    def value(self, x):
        """Return f(x)."""
        x = np.asarray(x, dtype=np.float64)
        return float(0.5 * x @ (self.H @ x) - self.c @ x + self.constant)

    def gradient(self, x):
        """Return the gradient at x."""
        return self.H @ np.asarray(x, dtype=np.float64) - self.c


class LeastSquares(Quadratic):
    """Hold the sum of squares of A x - b, halved, as a quadratic, with a ridge penalty if asked.

    Parameters
    ----------
    A : array-like or sparse matrix of shape (m, n)
        H is sparse if A is.
    b : array-like of shape (m,)
        Right-hand side.
    alpha : float, >= 0, default=0.0
        Also the constant of strong convexity.

    Examples
    --------
    >>> from optlite import bcd
    >>> bcd.solve(bcd.LeastSquares([[1.0, 0.0], [1.0, 1.0]], [1.0, 3.0])).x.round(6)
    array([1., 2.])
    """

    def __init__(self, A, b, alpha=0.0):
        A = _checked(A, "A")
        b = check_vector(b, "b", A.shape[0])
        alpha = _params.real_number(alpha, "alpha", "bcd.LeastSquares")
        if not (alpha >= 0.0 and math.isfinite(alpha)):
            raise ValueError(f"alpha must be finite and >= 0, got {alpha!r} (bcd.LeastSquares).")
        n = A.shape[1]
        H = A.T @ A + alpha * (sp.eye_array(n, format="csc") if sp.issparse(A) else np.eye(n))
        super().__init__(H, A.T @ b, 0.5 * float(b @ b), alpha)


def check_problem(problem):
    """Raise where it is no quadratic."""
    if not isinstance(problem, Quadratic):
        raise TypeError(
            f"problem must be a bcd.Quadratic or bcd.LeastSquares, got {type(problem).__name__}."
        )


def check_integer(value, name, least):
    """Return an int of at least so much, or say what was found."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise ValueError(f"{name} must be an integer >= {least}, got {value!r}.")
