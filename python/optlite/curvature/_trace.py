"""The trace of an operator from products with random vectors."""

import dataclasses
import math

import numpy as np
import scipy.linalg
from sklearn.exceptions import ConvergenceWarning

from .._core import core
from .._warnings import warn
from ._operand import Operand, UnitProducts, choice, generator, integer, number

_METHODS = ("auto", "hutchinson", "hutch++", "xtrace", "xnystrace", "exact")


@dataclasses.dataclass(frozen=True)
class TraceResult:
    """Hold an estimate of a trace, or of another sum over eigenvalues.

    Attributes
    ----------
    value : float
        The estimate.
    standard_error : float
        Its estimated standard deviation over the random vectors: 0 if `value` is exact up to
        rounding. Of "xtrace", whose samples depend on each other, it is on the small side: twice of
        it covers the truth in eight or nine cases out of ten, in three of four for sixteen products
        and eigenvalues that fall fast. So it is of the others where few vectors were enough: a run
        ends where the error looks small. Of "xnystrace" it is on the large
        side, several times the error where eigenvalues fall fast.
    n_matvec : int
        Products with vectors.
    method : str
        How it was computed.
    converged : bool
        Whether the standard error is at most ``rtol * abs(value)``.
    """

    value: float
    standard_error: float
    n_matvec: int
    method: str
    converged: bool


def trace(
    operator,
    method="auto",
    *,
    rtol=0.01,
    max_matvec=None,
    dim=None,
    random_state=0,
):
    r"""Estimate the trace of an operator.

    Vectors are drawn until the estimated standard error is at most `rtol` of the value; their
    number doubles each time.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        A function takes a vector and returns one of the same length. For "xnystrace" it must be
        symmetric and positive semidefinite.
    method : {"auto", "xtrace", "xnystrace", "hutch++", "hutchinson", "exact"}, default="auto"
        "hutchinson" averages :math:`v^\top A v` [1]_: any accuracy costs its inverse square.
        "hutch++" [2]_ computes the trace in a random subspace that holds the large eigenvalues, and
        averages the rest. "xtrace" [3]_ does so with every vector in both roles, and "xnystrace"
        with a Nystroem approximation, at half of the products, for positive semidefinite operators.
        "exact" takes the diagonal from dim products. "auto" is "xnystrace" for operators that are
        known to be positive semidefinite and "xtrace" for others; "exact" where that takes no more
        products.
    rtol : float, >= 0, default=0.01
        Tolerance of the standard error, relative to the value.
    max_matvec : int, >= 6, default=None
        Limit of products; None is 10000 for "hutchinson" and ``min(2000, 3 * dim)`` for the others,
        which take the exact trace where they would need dim products more.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the vectors.

    Returns
    -------
    TraceResult

    Raises
    ------
    ValueError
        For an operator that is not square, returns NaN or a wrong shape, or is not positive
        semidefinite though "xnystrace" was asked for; for fewer products than "exact" takes.

    Warns
    -----
    ConvergenceWarning
        If the standard error did not reach `rtol` within `max_matvec`.

    References
    ----------
    .. [1] Hutchinson, A stochastic estimator of the trace of the influence matrix for Laplacian
       smoothing splines, 1990.
    .. [2] Meyer, Musco, Musco, Woodruff, Hutch++: optimal stochastic trace estimation, 2021.
    .. [3] Epperly, Tropp, Webber, XTrace: making the most of every sample in stochastic trace
       estimation, SIAM Journal on Matrix Analysis and Applications, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import trace
    >>> values = 1.0 / np.arange(1, 1001) ** 2
    >>> found = trace(np.diag(values), "xtrace", rtol=1e-3)
    >>> bool(abs(found.value - values.sum()) < 5 * found.standard_error), found.n_matvec < 200
    (True, True)
    """
    owner = "trace"
    operand = Operand(operator, dim, owner)
    choice(method, "method", _METHODS, owner)
    rtol = number(rtol, "rtol", owner, ">= 0")
    is_limited = max_matvec is not None
    if max_matvec is None:
        max_matvec = 10000 if method == "hutchinson" else max(min(2000, 3 * operand.dim), 6)
    max_matvec = integer(max_matvec, "max_matvec", 6, owner)
    random = generator(random_state, owner)
    if method == "exact" and is_limited and operand.matrix is None and max_matvec < operand.dim:
        raise ValueError(
            f"max_matvec must be >= {operand.dim} for method='exact', which takes one product for "
            f"each dimension, got {max_matvec} ({owner}). Use method='auto'."
        )
    if method == "auto":
        method = "xnystrace" if operand.is_positive_semidefinite else "xtrace"
        if operand.dim <= 16:
            method = "exact"
    if method == "exact":
        return TraceResult(exact_trace(operand), 0.0, operand.n_products, "exact", True)
    estimator = _ESTIMATORS[method](operand, random)
    value, error = _until(estimator, rtol, max_matvec, operand)
    converged = bool(error <= rtol * abs(value)) or error == 0.0
    if not converged:
        warn(
            f"trace stopped at max_matvec={max_matvec} with a standard error of "
            f"{error:.3g} for {value:.6g}, above rtol={rtol:g}. Increase max_matvec or rtol.",
            ConvergenceWarning,
        )
    return TraceResult(value, error, operand.n_products, method, converged)


def _until(estimator, rtol, max_matvec, operand):
    """Double the vectors until the error is small, or the products are used up."""
    while True:
        left = max_matvec - operand.n_products
        count = min(max(estimator.first, len(estimator)), estimator.affordable(left))
        if count < 1 or (len(estimator) == 0 and count < 2):
            return estimator.estimate()
        if estimator.ends_exactly and operand.dim <= min(estimator.cost(count), left):
            return exact_trace(operand), 0.0
        if estimator.ends_exactly:  # more vectors than dimensions depend on each other
            count = min(count, operand.dim - len(estimator))
            if count < 1:
                return estimator.estimate()
        estimator.grow(count)
        value, error = estimator.estimate()
        if error <= rtol * abs(value):
            return value, error


def spherical(random, count, dim):
    """Return vectors in rows, uniform on the sphere of radius sqrt(dim)."""
    rows = random.standard_normal((count, dim))
    return rows * (math.sqrt(dim) / np.linalg.norm(rows, axis=1, keepdims=True))


def signs(random, count, dim):
    """Return vectors of random signs in rows."""
    return 2.0 * random.integers(0, 2, (count, dim)) - 1.0


def mean_and_error(values):
    """Return the mean of independent estimates and its standard error."""
    n = len(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return float(np.mean(values)), error


def exact_trace(operand):
    """Return the sum of the diagonal."""
    return math.fsum(exact_diagonal(operand))


def exact_diagonal(operand):
    """Return the diagonal, from the entries or from products with the unit vectors."""
    if operand.matrix is not None:
        return np.asarray(operand.matrix.diagonal(), dtype=np.float64)
    parts = []
    for first in range(0, operand.dim, 64):
        count = min(64, operand.dim - first)
        products = operand.apply(np.eye(count, operand.dim, first))
        parts.append(products[np.arange(count), first + np.arange(count)])
    return np.concatenate(parts)


class Estimator:
    """What estimators of the trace share: their units, and what so many more vectors cost."""

    per_vector, first, ends_exactly = 1, 8, True

    def estimate(self):
        """Return value and standard error."""
        value, error = self._estimate()
        return value * self.multiply.unit, error * self.multiply.unit

    def renewed(self):
        """Products that must be made again whenever the estimator grows."""
        return 0

    def cost(self, count):
        """Products that growing by so many vectors takes."""
        return self.per_vector * count + self.renewed()

    def affordable(self, products):
        """Vectors by which it can grow with so many products."""
        return max(products - self.renewed(), 0) // self.per_vector


class Hutchinson(Estimator):
    """The average of v . A v over vectors of random signs."""

    ends_exactly = False

    def __init__(self, operand, random):
        self.operand, self.random, self.values = operand, random, np.zeros(0)
        self.multiply = UnitProducts(operand)

    def __len__(self):
        """Number of vectors."""
        return len(self.values)

    def grow(self, count):
        """Take in so many vectors, in blocks that fit into memory."""
        for first in range(0, count, 16):
            V = signs(self.random, min(16, count - first), self.operand.dim)
            products = np.einsum("ij,ij->i", V, self.multiply(V))
            self.values = np.concatenate([self.values, products])

    def _estimate(self):
        return mean_and_error(self.values)


class Sketch:
    """Vectors, their products with A, and an orthonormal basis of the products, all of them grown.

    The rows of `products` are ``lower @ basis``, with a lower triangular matrix. Products are in
    units of ``multiply.unit``.
    """

    def __init__(self, operand, random, draw, with_basis=True):
        self.operand, self.random, self.draw = operand, random, draw
        self.multiply, self.with_basis = UnitProducts(operand), with_basis
        empty = np.zeros((0, operand.dim))
        self.vectors, self.products = empty, empty
        self.basis, self.basis_products = empty, empty
        self.lower = np.zeros((0, 0))

    def __len__(self):
        """Number of vectors."""
        return len(self.vectors)

    def grow(self, count):
        """Add vectors, their products, and those of the basis."""
        vectors = self.draw(self.random, count, self.operand.dim)
        products = self.multiply(vectors)
        self.vectors = np.concatenate([self.vectors, vectors])
        self.products = np.concatenate([self.products, products])
        if not self.with_basis:
            return
        for first in range(0, count, 16):
            new = products[first : first + 16].copy()
            along, inside = core.extend_basis(self.basis, new, 0.0)
            n, m = len(self.lower), len(new)
            lower = np.zeros((n + m, n + m))
            lower[:n, :n] = self.lower
            lower[n:, :n], lower[n:, n:] = along, inside
            self.lower = lower
            self.basis = np.concatenate([self.basis, new])
        new = self.basis[-count:]
        self.basis_products = np.concatenate([self.basis_products, self.multiply(new)])

    @property
    def is_complete(self):
        """Whether the basis spans the range of A: some products added nothing to it."""
        size = np.abs(self.lower).max(initial=0.0)
        return bool((np.abs(np.diag(self.lower)) <= 1e-14 * size).any())


def dots(A, B):
    """Return A B^T of matrices of rows."""
    return core.product(np.ascontiguousarray(A), np.ascontiguousarray(B), transposed=True)


class HutchPlusPlus(Estimator):
    """The trace in the span of A S, and Hutchinson's estimate of the rest."""

    per_vector, first = 3, 4

    def __init__(self, operand, random):
        self.operand, self.random = operand, random
        self.sketch = Sketch(operand, random, signs)
        self.multiply, self.values = self.sketch.multiply, np.zeros(0)

    def __len__(self):
        """Number of vectors of the sketch."""
        return len(self.sketch)

    def renewed(self):
        """Products with the vectors of the rest."""
        return len(self.sketch)

    def grow(self, count):
        """Add to the sketch; vectors of the rest are drawn anew, since it has changed."""
        self.sketch.grow(count)
        Q = self.sketch.basis
        G = signs(self.random, len(self.sketch), self.operand.dim)
        for _ in range(2):
            G = G - core.product(dots(G, Q), Q)
        self.values = np.einsum("ij,ij->i", G, self.multiply(G))

    def _estimate(self):
        inside = np.einsum("ij,ij->", self.sketch.basis, self.sketch.basis_products)
        if self.sketch.is_complete:
            return float(inside), 0.0
        rest, error = mean_and_error(self.values)
        return float(inside) + rest, error


class XTrace(Estimator):
    """Hutch++ with each vector left out of the sketch in turn.

    For each i, the trace inside the span of the other products, and a sample of the rest along
    vector i; the average of these exchangeable estimates. Q_i Q_i^T = Q (I - s_i s_i^T) Q^T with
    s_i the normalised column i of R^-T (Epperly, Tropp and Webber 2024).
    """

    per_vector = 2

    def __init__(self, operand, random):
        self.operand = operand
        self.sketch = Sketch(operand, random, spherical)
        self.multiply = self.sketch.multiply

    def __len__(self):
        """Number of vectors."""
        return len(self.sketch)

    def grow(self, count):
        """Add vectors."""
        self.sketch.grow(count)

    def _estimate(self):
        sketch, dim = self.sketch, self.operand.dim
        k = len(sketch)
        H = dots(sketch.basis, sketch.basis_products)
        if sketch.is_complete:
            return float(np.trace(H)), 0.0
        S = unit_columns(sketch.lower)
        W = dots(sketch.basis, sketch.vectors)  # column i: Q^T w_i
        T = dots(sketch.basis_products, sketch.vectors)  # column i: (A Q)^T w_i
        X = W - S * np.sum(S * W, axis=0)  # w_i in the span of the others
        HX = H @ X
        lost = np.einsum("ij,ij->j", S, H @ S)
        inner = np.einsum("ij,ij->i", sketch.vectors, sketch.products)
        R = sketch.lower.T
        rest = inner - np.sum(X * (R + T - HX), axis=0)
        # The part of w_i that is left is uniform on its sphere; only its direction is used.
        norms = np.einsum("ij,ij->i", sketch.vectors, sketch.vectors) - np.sum(X * X, axis=0)
        return mean_and_error(np.trace(H) - lost + rest * (dim - k + 1) / norms)


def unit_columns(lower):
    """Return the columns of R^-T = lower^-1, of length one."""
    inverse = scipy.linalg.solve_triangular(lower, np.eye(len(lower)), lower=True)
    return inverse / np.linalg.norm(inverse, axis=0)


class XNysTrace(Estimator):
    """The trace of Nystroem's approximation with each vector left out in turn, and of the rest.

    With Y = A W and H = W^T Y, leaving out vector i takes u_i u_i^T / h_i from the approximation
    Y H^-1 Y^T, u_i = Y H^-1 e_i and h_i = (H^-1)_ii, and 1 / h_i is what the rest is along w_i
    (Epperly, Tropp and Webber 2024). A small shift keeps H invertible.

    These estimates share nearly all of their vectors: their spread says too little of the error of
    their mean, less than half where there are half as many vectors as dimensions. The error is the
    jackknife's instead, from the whole estimator without each vector in turn. On average it is not
    below that of the estimator with one vector fewer (Efron and Stein, The jackknife estimate of
    variance, 1981).
    """

    first = 16

    def __init__(self, operand, random):
        self.operand = operand
        self.sketch = Sketch(operand, random, spherical, with_basis=False)
        self.multiply = self.sketch.multiply

    def __len__(self):
        """Number of vectors."""
        return len(self.sketch)

    def grow(self, count):
        """Add vectors."""
        self.sketch.grow(count)

    def _estimate(self):
        W, Y = self.sketch.vectors, self.sketch.products
        k, dim = W.shape
        shift = self.operand.precision * np.linalg.norm(Y) / math.sqrt(dim)
        if shift == 0.0:
            return 0.0, 0.0
        gram, H = dots(W, W), dots(W, Y)
        H = 0.5 * (H + H.T) + shift * gram
        Y = Y + shift * W
        try:
            factor = scipy.linalg.cholesky(H, lower=True)
        except scipy.linalg.LinAlgError:
            raise ValueError(
                "operator must be positive semidefinite for method='xnystrace', but a quadratic "
                "form of it is negative (trace). Use method='xtrace'."
            ) from None
        inverse = scipy.linalg.cho_solve((factor, True), np.eye(k))
        U = core.product(np.ascontiguousarray(inverse), Y)  # rows u_i
        root = scipy.linalg.solve_triangular(factor, np.eye(k), lower=True)
        B = core.product(np.ascontiguousarray(root), Y)
        whole = np.einsum("ij,ij->", B, B)
        around = np.linalg.inv(gram)
        sizes, h = np.einsum("ij,ij->i", U, U), np.diag(inverse)
        # 1 / around_ii: what is left of w_i beside the others. Its direction is uniform.
        values = whole - sizes / h + (dim - k + 1) * np.diag(around) / h
        value, spread = mean_and_error(values - shift * dim)
        if k < 3 or k == dim:  # of the whole space all is known
            return value, spread
        means = _means_without_each(whole, dots(U, U), inverse, around, dim)
        return value, math.sqrt((k - 1) / k * float(np.sum((means - means.mean()) ** 2)))


def _means_without_each(whole, dots_of_u, inverse, around, dim):
    """Return XNysTrace without vector i, for each i, but for the shift.

    The inverse of a matrix without row and column i is inverse_jl - inverse_ji inverse_il /
    inverse_ii, and u_j - (inverse_ji / inverse_ii) u_i takes the place of u_j.
    """
    k = len(inverse)
    h, sizes = np.diag(inverse), np.diag(dots_of_u)
    part = inverse / h  # column i: of the estimator without vector i
    left = sizes[:, None] - 2.0 * part * dots_of_u + part**2 * sizes
    with np.errstate(divide="ignore", invalid="ignore"):  # on the diagonal, which does not count
        heights = h[:, None] - inverse * part
        apart = np.diag(around)[:, None] - around**2 / np.diag(around)
        values = whole - sizes / h - left / heights + (dim - k + 2) * apart / heights
    np.fill_diagonal(values, 0.0)
    return values.sum(axis=0) / (k - 1)


_ESTIMATORS = {
    "hutchinson": Hutchinson,
    "hutch++": HutchPlusPlus,
    "xtrace": XTrace,
    "xnystrace": XNysTrace,
}
