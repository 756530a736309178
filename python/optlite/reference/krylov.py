"""Lanczos' method for the models of second-order methods, as in cpp/src/krylov.cpp.

A Q = Q T + beta q e_j^T  after j steps from q_1 = start / |start|,  T tridiagonal, Q orthonormal

Golub and Van Loan, Matrix Computations, 2013. :mod:`optlite.reference.lanczos` has
the method with all its variants; here every vector is kept orthogonal to all others.
"""

import numpy as np

EPSILON = np.finfo(float).eps


class KrylovSpace:
    """Hold the space that a symmetric operator spans from a vector, and what it is there.

    Parameters
    ----------
    start : ndarray of shape (dim,)
        Not zero.
    most : int
        Limit of steps.
    """

    def __init__(self, start, most):
        self.most = min(most, len(start))
        self.basis = [start / np.linalg.norm(start)]  # one vector more than steps, while there is
        self.T = np.zeros((self.most, self.most))
        self.size, self.beta = 0, np.inf

    def extend(self, product):
        """Multiply once; return False if the space is invariant or full."""
        if self.size == self.most or self.beta == 0.0:
            return False
        r = product(self.basis[-1])
        whole = np.linalg.norm(r)
        Q = np.array(self.basis)
        along = np.zeros(len(Q))
        for _ in range(2):  # rounding would let the first ones come back
            part = Q @ r
            r = r - part @ Q
            along += part
        j = self.size
        self.T[j, j] = along[j]
        self.size += 1
        self.beta = np.linalg.norm(r)
        if not self.beta > 32.0 * EPSILON * whole:
            self.beta = 0.0
        if self.size < self.most and self.beta > 0.0:
            self.basis.append(r / self.beta)
            self.T[j + 1, j] = self.T[j, j + 1] = self.beta
        return True

    def ritz(self):
        """Return the eigenvalues of T in rising order, and eigenvectors in columns."""
        return np.linalg.eigh(self.T[: self.size, : self.size])

    def lift(self, y):
        """Return Q y."""
        return y @ np.array(self.basis[: len(y)])


def negative_curvature(dimension, most, product):
    """Return whether the smallest Ritz value is negative, it, its bound and its vector.

    An eigenvalue lies within the bound of a Ritz value, and none is smaller than all eigenvalues.
    """
    # The golden angle: no two entries are alike.
    space = KrylovSpace(np.sin(2.399963229728653 * np.arange(1, dimension + 1)), most)
    while space.extend(product):
        values, vectors = space.ritz()
        value, bound = values[0], space.beta * abs(vectors[-1, 0])
        if bound <= 0.01 * abs(value):
            break
    is_negative = value < -1e-8 * np.abs(values).max()
    return is_negative, value, bound, space.lift(vectors[:, 0])


def minimize_cubic(values, w, weight):
    """Minimise w . c + c . diag(values) c / 2 + weight |c|^3 / 3; return c.

    (values + lambda) c = -w  with lambda = weight |c| and values + lambda >= 0

    is necessary and sufficient: Cartis, Gould and Toint, Adaptive cubic regularisation methods,
    part I, 2011. `values` ascend.
    """
    size = np.linalg.norm(w)
    low = max(0.0, -values[0])
    root = np.sqrt(values[0] ** 2 + 4.0 * weight * size)  # |c| (values[0] + weight |c|) <= |w|
    high = 0.5 * (root - values[0])
    if values[0] > 0.0:  # the same without cancellation
        high = 2.0 * weight * size / (values[0] + root)
    shift = high = max(high, low)
    for _ in range(200):
        if not high > low:
            break
        c = _shifted(values, w, shift)
        length, radius = np.linalg.norm(c), shift / weight
        if length > radius:
            low = shift
        else:
            high = shift
        # Newton's method for 1 / |c| = weight / lambda, in which both sides are nearly straight.
        slope = np.sum(c**2 / (values + shift)) / length**3 + weight / shift**2
        after = shift + (1.0 / radius - 1.0 / length) / slope
        if not low < after < high:
            after = 0.5 * (low + high)
        if not after > low or abs(after - shift) <= 4.0 * EPSILON * shift:
            break
        shift = after
    # The hard case: w has no part along the smallest eigenvalue, or so little that the sum of that
    # and the shift loses its digits. This part of c then is what is missing in length.
    is_hard = values[0] < 0.0 and shift + values[0] <= 1e-6 * shift
    if is_hard:
        shift = max(shift, -values[0] * (1.0 + 2.0 * EPSILON))
    c = _shifted(values, w, shift)
    if is_hard:
        c[0] = 0.0
        missing = (shift / weight) ** 2 - c @ c
        c[0] = np.copysign(np.sqrt(max(missing, 0.0)), -1.0 if w[0] > 0.0 else 1.0)
    return c


def _shifted(values, w, shift):
    return np.where(w == 0.0, 0.0, -w / np.where(w == 0.0, 1.0, values + shift))
