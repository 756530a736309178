"""Ridge regression in NumPy: the readable twin of ``cpp/src/ridge_*.cpp``.

All functions work on one objective, for a vector of targets,

    F(w, b) = sum_i s_i (y_i - x_i . w - b)^2 + alpha ||w||^2.

The intercept `b` is not penalised. It is eliminated by centring: with the weighted means ``mean``
and ``ybar``, the best `b` for any `w` is ``ybar - mean . w``.
"""

import numpy as np

__all__ = [
    "center",
    "certificate",
    "conjugate_gradients",
    "dual",
    "leave_one_out",
    "normal_equations",
]


def center(X, y, weight=None, intercept=True):
    """Return the centred data and the means that were taken out.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,), default=None
        Sample weights; all ones by default.
    intercept : bool, default=True
        Without an intercept the means count as zero.

    Returns
    -------
    Z, yc, s, mean, ybar

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import center
    >>> Z, yc, s, mean, ybar = center(np.array([[1.0], [3.0]]), np.array([0.0, 2.0]))
    >>> Z.ravel(), mean, float(ybar)
    (array([-1.,  1.]), array([2.]), 1.0)
    """
    X = np.asarray(X, dtype=float)
    y = np.asarray(y, dtype=float)
    s = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=float)
    mean = s @ X / s.sum() if intercept else np.zeros(X.shape[1])
    ybar = s @ y / s.sum() if intercept else 0.0
    return X - mean, y - ybar, s, mean, ybar


def certificate(Z, yc, s, w, alpha):
    """Bound the relative suboptimality of `w` by the duality gap.

    F is strongly convex with constant ``2 alpha``; with ``g = Z^T S (yc - Z w) - alpha w`` (minus
    half its gradient), ``F(w) - min F <= ||g||^2 / alpha``.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import certificate
    >>> Z, yc, s = np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0]), np.ones(2)
    >>> certificate(Z, yc, s, np.array([0.5]), alpha=2.0)  # the optimum
    0.0
    """
    r = yc - Z @ w
    g = Z.T @ (s * r) - alpha * w
    value = s @ r**2 + alpha * w @ w
    gap = min(g @ g / alpha, value)  # F >= 0
    return float(gap / value) if gap > 0 else 0.0


def normal_equations(X, y, alpha, weight=None, intercept=True, refinements=1):
    """Solve ``(Z^T S Z + alpha I) w = Z^T S y`` by Cholesky, then refine.

    The matrix squares the condition number of Z. A step of refinement takes the residual from Z
    itself and thereby removes that square from the error.

    Returns
    -------
    w : ndarray of shape (n_features,)
    b : float

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import normal_equations
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0])
    >>> w, b = normal_equations(X, y, alpha=2.0)
    >>> w, float(b)
    (array([0.5]), 1.5)
    """
    Z, yc, s, mean, ybar = center(X, y, weight, intercept)
    H = Z.T @ (s[:, None] * Z) + alpha * np.eye(Z.shape[1])
    L = np.linalg.cholesky(H)

    def solve(right):
        return np.linalg.solve(L.T, np.linalg.solve(L, right))

    w = solve(Z.T @ (s * yc))
    for _ in range(refinements):
        w = w + solve(Z.T @ (s * (yc - Z @ w)) - alpha * w)
    return w, ybar - mean @ w


def dual(X, y, alpha, weight=None, intercept=True):
    """Solve ``(K + alpha I) c = S^(1/2) y`` in sample space; cheaper for wide data.

    ``K = S^(1/2) Z Z^T S^(1/2)`` and ``w = Z^T S^(1/2) c``.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import dual, normal_equations
    >>> X, y = np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 1.0]]), np.array([1.0, -1.0])
    >>> np.allclose(dual(X, y, 0.3)[0], normal_equations(X, y, 0.3)[0])
    True
    """
    Z, yc, s, mean, ybar = center(X, y, weight, intercept)
    A = np.sqrt(s)[:, None] * Z
    c = np.linalg.solve(A @ A.T + alpha * np.eye(len(s)), np.sqrt(s) * yc)
    w = A.T @ c
    return w, ybar - mean @ w


def conjugate_gradients(
    X, y, alpha, weight=None, intercept=True, tol=1e-10, max_iter=1000, keep=16
):
    """Solve the normal equations by conjugate gradients, preconditioned by their diagonal.

    Each iteration needs one product ``Z^T S (Z p)``; no matrix is formed. F falls by
    ``step * (r . z)`` in each, so that the certificate costs nothing.

    In exact arithmetic each r is orthogonal to the z of all earlier steps. Rounding brings back
    the directions that are done with, first those of the largest eigenvalues (Paige, Accuracy and
    effectiveness of the Lanczos algorithm for the symmetric eigenproblem, 1980), and steps are
    spent on them again. The first `keep` residuals span these: r is kept orthogonal to them.

    Returns
    -------
    w : ndarray of shape (n_features,)
    b : float
    trace : list of float
        The certificate after each iteration.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import conjugate_gradients
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> w, b, trace = conjugate_gradients(X, np.array([1.0, 2.0, 5.0, 6.0]), alpha=0.5)
    >>> w.round(3), len(trace)
    (array([1.529, 0.588]), 2)
    """
    Z, yc, s, mean, ybar = center(X, y, weight, intercept)
    inverse = 1.0 / (s @ Z**2 + alpha)
    w = np.zeros(Z.shape[1])
    r = Z.T @ (s * yc)  # minus half the gradient
    z = inverse * r
    p = z.copy()
    value = s @ yc**2
    trace = []
    first = []  # unit vectors in the inner product r . M^-1 r
    while len(trace) < max_iter and min(r @ r / alpha, value) > tol * value:
        if len(first) < keep:
            first.append(r / np.sqrt(r @ z))
        Hp = Z.T @ (s * (Z @ p)) + alpha * p
        step = (r @ z) / (p @ Hp)
        w = w + step * p
        value -= step * (r @ z)
        previous = r @ z
        r = r - step * Hp
        for unit in first:
            r = r - unit @ (inverse * r) * unit
        z = inverse * r
        p = z + (r @ z) / previous * p
        trace.append(float(min(r @ r / alpha, value) / value))
    return w, ybar - mean @ w, trace


def leave_one_out(X, y, alphas, weight=None, intercept=True):
    """Errors of the n models that were fitted without one sample each, for every alpha.

    With ``Z^T S Z = V diag(e) V^T`` and ``Q = Z V``, the leverage of sample i is
    ``h_i = s_i (1 / sum(s) + sum_j Q_ij^2 / (e_j + alpha))`` and the error
    ``(y_i - fitted_i) / (1 - h_i)``.

    Returns
    -------
    ndarray of shape (n_samples, n_alphas)

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.ridge import leave_one_out, normal_equations
    >>> X, y = np.array([[0.0], [1.0], [2.0], [4.0]]), np.array([0.0, 1.0, 3.0, 3.0])
    >>> errors = leave_one_out(X, y, [0.5])
    >>> w, b = normal_equations(X[1:], y[1:], 0.5)
    >>> np.allclose(errors[0, 0], y[0] - X[0] @ w - b)
    True
    """
    Z, yc, s, _, _ = center(X, y, weight, intercept)
    e, V = np.linalg.eigh(Z.T @ (s[:, None] * Z))
    Q = Z @ V
    inverse = 1.0 / (np.maximum(e, 0.0)[:, None] + np.asarray(alphas, dtype=float))
    fitted = Q @ (inverse * (Q.T @ (s * yc))[:, None])
    leverage = s[:, None] * (Q**2 @ inverse + (1.0 / s.sum() if intercept else 0.0))
    return (yc[:, None] - fitted) / (1.0 - leverage)
