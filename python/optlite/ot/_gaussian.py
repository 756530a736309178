"""Transport between Gaussian distributions, in closed form."""

import numpy as np

from .._warnings import warn


def bures_wasserstein(mean_a, covariance_a, mean_b, covariance_b):
    """Return the 2-Wasserstein distance between two Gaussian distributions.

    Parameters
    ----------
    mean_a, mean_b : array-like of shape (d,)
        Means.
    covariance_a, covariance_b : array-like of shape (d, d)
        Covariances: symmetric, positive semi-definite.

    Returns
    -------
    float
        Square root of ``|mean_a - mean_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2)``, in the unit of
        the variables.

    Notes
    -----
    Olkin and Pukelsheim, The distance between two random vectors with given dispersion matrices,
    1982, theorem 4; Bhatia, Jain and Lim, On the Bures-Wasserstein distance between positive
    definite matrices, 2019.

    Examples
    --------
    >>> from optlite.ot import bures_wasserstein
    >>> bures_wasserstein([0.0], [[1.0]], [3.0], [[25.0]])  # sqrt(3^2 + (5 - 1)^2)
    5.0
    """
    mean_a, A = _check_gaussian(mean_a, covariance_a, "a")
    mean_b, B = _check_gaussian(mean_b, covariance_b, "b")
    _check_same(mean_a, mean_b)
    # The trace of the root is the sum of the singular values of A^1/2 B^1/2, which loses no digits.
    overlap = np.linalg.svd(_root(A) @ _root(B), compute_uv=False).sum()
    squared = np.square(mean_a - mean_b).sum() + np.trace(A) + np.trace(B) - 2.0 * overlap
    return float(np.sqrt(max(squared, 0.0)))


def bures_wasserstein_gradient(mean_a, covariance_a, mean_b, covariance_b):
    """Return the gradient of half the squared distance in the first distribution.

    Parameters
    ----------
    mean_a, covariance_a, mean_b, covariance_b : array-like
        As in :func:`bures_wasserstein`; the covariances must be positive definite.

    Returns
    -------
    gradient_mean : ndarray of shape (d,)
        ``mean_a - mean_b``.
    gradient_covariance : ndarray of shape (d, d)
        ``(I - T) / 2``, where T is the matrix of the transport map,
        ``A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2``.

    Notes
    -----
    Bhatia, Jain and Lim, On the Bures-Wasserstein distance between positive definite matrices,
    2019, section 4.

    Examples
    --------
    >>> from optlite.ot import bures_wasserstein_gradient
    >>> bures_wasserstein_gradient([1.0], [[4.0]], [0.0], [[1.0]])
    (array([1.]), array([[0.25]]))
    """
    mean_a, A = _check_gaussian(mean_a, covariance_a, "a", definite=True)
    mean_b, B = _check_gaussian(mean_b, covariance_b, "b", definite=True)
    _check_same(mean_a, mean_b)
    return mean_a - mean_b, 0.5 * (np.eye(len(A)) - _transport_matrix(A, B))


def bures_wasserstein_barycenter(means, covariances, weights=None, tol=1e-12, max_iter=1000):
    """Return the barycenter of Gaussian distributions, which is Gaussian.

    Parameters
    ----------
    means : array-like of shape (k, d)
        Means.
    covariances : array-like of shape (k, d, d)
        Positive definite covariances.
    weights : array-like of shape (k,), default=None
        Weights >= 0 that are divided by their sum; uniform when None.
    tol : float, default=1e-12
        Relative residual of the fixed-point equation at which the iteration ends.
    max_iter : int, default=1000
        Limit of iterations.

    Returns
    -------
    mean : ndarray of shape (d,)
    covariance : ndarray of shape (d, d)

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the residual did not reach the tolerance.

    Notes
    -----
    The covariance S solves ``S = sum_i w_i (S^1/2 C_i S^1/2)^1/2``: Alvarez-Esteban, del Barrio,
    Cuesta-Albertos and Matran, A fixed-point approach to barycenters in Wasserstein space, 2016,
    equation 19 and theorem 4.2.

    Examples
    --------
    >>> from optlite.ot import bures_wasserstein_barycenter
    >>> mean, covariance = bures_wasserstein_barycenter([[0.0], [2.0]], [[[1.0]], [[9.0]]])
    >>> mean, covariance.round(6)  # standard deviations are averaged
    (array([1.]), array([[4.]]))
    """
    if len(means) != len(covariances):
        raise ValueError(
            f"means and covariances must be as many, got {len(means)} and {len(covariances)}."
        )
    if not max_iter >= 1:
        raise ValueError(f"max_iter must be >= 1, got {max_iter!r}.")
    pairs = [
        _check_gaussian(mean, C, i, definite=True)
        for i, (mean, C) in enumerate(zip(means, covariances, strict=True))
    ]
    if not pairs:
        raise ValueError("means must hold at least one mean, got none.")
    w = np.ones(len(pairs)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != (len(pairs),) or not (w >= 0.0).all() or not 0.0 < w.sum() < np.inf:
        raise ValueError(
            f"weights must hold {len(pairs)} finite numbers >= 0 that are not all zero, got "
            f"{weights!r}."
        )
    w = w / w.sum()
    mean = sum(weight * m for weight, (m, _) in zip(w, pairs, strict=True))
    S = sum(weight * C for weight, (_, C) in zip(w, pairs, strict=True))
    for _ in range(max_iter):
        root = _root(S)
        step = sum(weight * _root(root @ C @ root) for weight, (_, C) in zip(w, pairs, strict=True))
        residual = np.abs(step - S).max() / np.abs(S).max()
        if residual <= tol:
            return mean, S
        inverse = np.linalg.inv(root)
        S = _symmetric(inverse @ step @ step @ inverse)
    from sklearn.exceptions import ConvergenceWarning

    warn(
        f"The barycenter stopped after {max_iter} iterations at a relative residual of "
        f"{residual:.3g}; asked for: tol={tol:g}. Raise max_iter or tol.",
        ConvergenceWarning,
    )
    return mean, S


def _transport_matrix(A, B):
    root = _root(A)
    inverse = np.linalg.inv(root)
    return _symmetric(inverse @ _root(root @ B @ root) @ inverse)


def _symmetric(S):
    return 0.5 * (S + S.T)


def _root(S):
    values, vectors = np.linalg.eigh(_symmetric(S))
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _check_gaussian(mean, covariance, name, definite=False):
    mean = np.atleast_1d(np.asarray(mean, dtype=np.float64))
    C = np.atleast_2d(np.asarray(covariance, dtype=np.float64))
    if mean.ndim != 1 or C.shape != (mean.size, mean.size):
        raise ValueError(
            f"mean {name} must be a vector of d numbers and covariance {name} a d x d matrix, got "
            f"shapes {mean.shape} and {C.shape}."
        )
    if not (np.isfinite(mean).all() and np.isfinite(C).all()):
        raise ValueError(f"mean and covariance {name} must be finite, got NaN or infinity.")
    scale = np.abs(C).max()
    if np.abs(C - C.T).max() > 1e-10 * scale:
        raise ValueError(f"covariance {name} must be symmetric, got C != C^T.")
    smallest = np.linalg.eigvalsh(C)[0]
    if smallest < -1e-10 * scale or (definite and smallest <= 1e-14 * scale):
        kind = "definite" if definite else "semi-definite"
        raise ValueError(
            f"covariance {name} must be positive {kind}, got an eigenvalue of {smallest:.3g}."
        )
    return mean, C


def _check_same(mean_a, mean_b):
    if mean_a.size != mean_b.size:
        raise ValueError(
            f"Both distributions must have the same dimension, got {mean_a.size} and {mean_b.size}."
        )
