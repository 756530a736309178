"""How much of a target the best linear function of features explains, without finding it.

Rows x_i of covariance Sigma and targets y_i = beta . x_i + noise: E[y_i x_i] = Sigma beta, so that
for different rows y_i (x_i . x_j) (x_j . x_k) ... y_m with k steps has the mean
beta . Sigma^(k+1) beta. The explained variance is beta . Sigma beta: a polynomial
c_1 t^2 + c_2 t^3 + ... that is near t on the spectrum of Sigma makes it of these means.

Kong and Valiant, Estimating learnability in the sublinear data regime, 2018, algorithm 1.
"""

import numpy as np
from scipy.special import binom


def coefficients(order):
    """Return those of q(t) = t (1 - (1 - t)^order), of t^2 and up.

    It is what gradient descent of that many steps explains in a direction of variance t. q(t) / t
    rises on [0, 1]: an estimate made of it grows with the share of any feature. The polynomials
    that are nearest to t wind around it, and for them there are features that would leave.
    """
    k = np.arange(1, order + 1)
    return -((-1.0) ** k) * binom(order, k)


def largest_error(order):
    """Return the largest distance of q(t) from t on [0, 1], at t = 1 / (order + 1)."""
    return (order / (order + 1.0)) ** order / (order + 1.0)


def explained_variance(X, Y, shares, c):
    r"""Estimate the explained variance of the mean column of Y, and its derivative in the shares.

    With the strict upper triangle U of X diag(shares) X^T every increasing sequence of rows
    is a term of y . U^k y, once.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Centred; the largest eigenvalue of the covariance is at most one.
    Y : ndarray of shape (n, m)
        Centred targets of unit variance, each by itself.
    shares : ndarray of shape (d,)
        Factors on the variances of the features, from 0 (left out) to 1.
    c : ndarray of shape (order,)

    Returns
    -------
    value : float
        Mean over the columns of Y.
    gradient : ndarray of shape (d,)
    """
    n, m = Y.shape
    U = np.triu((X * shares) @ X.T, 1)
    a = c / (m * binom(n, np.arange(2, len(c) + 2)))
    right, left = [Y], [Y]  # U^k Y and (U^T)^k Y
    for _ in c[1:]:
        right.append(U @ right[-1])
        left.append(U.T @ left[-1])
    first = U.T @ Y
    value = sum(weight * np.sum(first * r) for weight, r in zip(a, right, strict=True))
    # d (y . U^k y) = sum_j ((U^T)^j y) . dU (U^(k-1-j) y)
    after = [sum(a[k] * right[k - j] for k in range(j, len(c))) for j in range(len(c))]
    G = np.triu(np.hstack(left) @ np.hstack(after).T, 1)
    return float(value), np.sum((G @ X) * X, axis=0)
