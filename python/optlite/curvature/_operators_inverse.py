"""The inverse of a positive definite operator, by conjugate gradients."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .. import _params
from .._warnings import warn
from ._operand import integer, number
from ._operators import CurvatureOperator


class InverseOperator(CurvatureOperator):
    r"""Solve with a positive definite operator: ``A.inverse()``.

    Every product runs the method of conjugate gradients on all vectors of a block side by side, so
    that an iteration is one read of the data, and ends with the true residual.

    Parameters
    ----------
    operator : CurvatureOperator
        Positive definite; ``A.shifted(damping)`` makes a semidefinite one so.
    tol : float, > 0, default=None
        Relative residual \|b - A x\| / \|b\| at which a solve ends; None takes 1e-8, or 1e-4 for
        an operator of float32.
    max_iter : int, >= 1, default=None
        Limit of iterations; None takes ten times the dimension, at least 100.
    preconditioner : array-like of shape (dim,) or callable, default=None
        The diagonal of a positive definite M near A, or a function that multiplies a block of shape
        (dim, n_vectors) by the inverse of M.
    smallest_eigenvalue : float, > 0, default=None
        A lower bound on the eigenvalues of A, such as the damping, from which come
        `error_bounds`.

    Attributes
    ----------
    residuals : ndarray of shape (n_vectors,)
        Of the last block: the relative residuals, computed anew from the solution.
    error_bounds : ndarray of shape (n_vectors,) or None
        Of the last block: \|b - A x\| / smallest_eigenvalue, which is at least \|x - A^-1 b\|.
    n_iter : int
        Iterations for the last block.

    Raises
    ------
    ValueError
        If a direction of negative curvature, or NaN, is met.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If a residual is above `tol` after `max_iter` iterations, or where rounding ends progress.

    Notes
    -----
    As an operator it is linear and symmetric up to `tol` only.

    References
    ----------
    .. [1] Hestenes, Stiefel, Methods of conjugate gradients for solving linear systems, 1952.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import HessianOperator
    >>> from optlite.objectives import Quadratic
    >>> A = HessianOperator(Quadratic([1.0, 4.0]), [0.0, 0.0])
    >>> solve = A.inverse(smallest_eigenvalue=1.0)
    >>> (solve @ np.array([1.0, 2.0])).round(8)
    array([1. , 0.5])
    >>> solve.n_iter, bool(solve.error_bounds[0] < 1e-12)
    (2, True)
    """

    is_positive_semidefinite = True

    def __init__(
        self,
        operator,
        *,
        tol=None,
        max_iter=None,
        preconditioner=None,
        smallest_eigenvalue=None,
    ):
        super().__init__(operator.shape[0], operator.dtype)
        if tol is None:
            tol = 1e-4 if self.dtype == np.float32 else 1e-8
        self.operator, self.tol = operator, number(tol, "tol", "InverseOperator", "> 0")
        self.precision = self.tol  # a residual of tol |b| moves x by tol |b| norm(A^-1) at most
        if max_iter is None:
            max_iter = max(100, 10 * self.shape[0])
        self.max_iter = integer(max_iter, "max_iter", 1, "InverseOperator")
        self.smallest_eigenvalue = (
            None
            if smallest_eigenvalue is None
            else number(smallest_eigenvalue, "smallest_eigenvalue", "InverseOperator", "> 0")
        )
        self._precondition = self._preconditioner(preconditioner)
        self.residuals, self.error_bounds, self.n_iter = np.empty(0), None, 0

    def _preconditioner(self, given):
        if given is None:
            return lambda R: R
        if callable(given):
            return lambda R: np.asarray(given(R.T)).T
        diagonal = np.array(
            _params.real_array(given, "preconditioner", "InverseOperator"), dtype=np.float64
        )
        if diagonal.shape != self.shape[:1]:
            raise ValueError(
                f"preconditioner must have shape {self.shape[:1]}, got {diagonal.shape} "
                "(InverseOperator)."
            )
        if not (diagonal > 0.0).all():
            raise ValueError(
                f"preconditioner must be > 0, got {diagonal.min()} (InverseOperator). CG needs a "
                "positive definite one."
            )
        return lambda R: R / diagonal

    def _products(self, V):
        norms = np.linalg.norm(V, axis=1)
        scale = np.where(norms > 0.0, norms, 1.0)[:, None]
        B = V / scale
        X, self.n_iter = self._solve(B)
        X[~np.isfinite(norms)] = np.nan
        left = np.linalg.norm(B - self.operator._apply(X), axis=1)
        self.residuals = left
        if self.smallest_eigenvalue is not None:
            self.error_bounds = left * scale[:, 0] / self.smallest_eigenvalue
        if not left.max() <= self.tol:
            warn(
                f"Conjugate gradients stopped after {self.n_iter} iterations with a relative "
                f"residual of {left.max():.2g}, asked for: tol={self.tol:g} (InverseOperator). "
                "Raise max_iter, shift the operator, or pass a preconditioner.",
                ConvergenceWarning,
            )
        return X * scale

    def _solve(self, B):
        """Run CG on the rows of B, of norm 1 or 0; rows that have converged are left alone."""
        X, R = np.zeros_like(B), B.copy()
        Z = self._precondition(R)
        P, rz = Z.copy(), np.sum(R * Z, axis=1)
        active = np.flatnonzero(np.linalg.norm(R, axis=1) > self.tol)
        for iteration in range(self.max_iter):
            if len(active) == 0:
                return X, iteration
            A_P = self.operator._apply(P[active])
            curvature = np.sum(P[active] * A_P, axis=1)
            self._check(curvature, P[active])
            step = (rz[active] / curvature)[:, None]
            X[active] += step * P[active]
            R[active] -= step * A_P
            Z = self._precondition(R[active])
            new = np.sum(R[active] * Z, axis=1)
            P[active] = Z + (new / rz[active])[:, None] * P[active]
            rz[active] = new
            active = active[np.linalg.norm(R[active], axis=1) > self.tol]
        return X, self.max_iter

    def _check(self, curvature, P):
        lowest = np.min(curvature / np.sum(P**2, axis=1))
        if not lowest > 0.0:
            raise ValueError(
                "operator must be positive definite, but has a direction of curvature "
                f"{lowest:.3g} (InverseOperator). Add a multiple of the identity: "
                "operator.shifted(damping)."
            )

    def __repr__(self):
        """Show what is inverted."""
        return f"({self.operator!r}).inverse(tol={self.tol:g})"
