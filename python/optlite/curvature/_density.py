"""How the eigenvalues of a symmetric operator are distributed, without computing them."""

import math

import numpy as np

from .. import _params
from .._core import core
from ._eigsh import eigsh
from ._estimate import Estimate, over_probes
from ._kpm import chebyshev_density
from ._operand import (
    Operand,
    UnitProducts,
    choice,
    generator,
    integer,
    is_smaller_dense,
    number,
    tridiagonal_eigen,
)

#: Numbers that bases may take in memory (1 GB); beyond, probes go one after the other.
_MEMORY = 1.25e8


class SpectralDensity:
    r"""Hold an estimate of the distribution of eigenvalues, from quadrature rules.

    Each probe, a random unit vector v, gives nodes and weights with which
    ``sum(weights * f(nodes))`` is near ``v . f(A) v``, whose expectation is ``trace(f(A)) / dim``.
    Deflated eigenvalues count exactly, with weight 1 / dim each; the probes see the rest.

    Standard errors are those of the probes. What the quadrature adds is small for smooth functions
    (see :func:`trace_of_function`); :meth:`cdf` has steps at the nodes, and between them is off by
    up to the weight of one: `wasserstein_bound` counts both.

    Attributes
    ----------
    nodes : list of ndarray
        Ritz values of each probe, in rising order.
    weights : list of ndarray
        Their weights, which sum to 1 for each probe.
    outliers : ndarray of shape (n_deflated,)
        Eigenvalues that were deflated.
    dim : int
        Number of eigenvalues.
    width : float
        Default standard deviation of the Gaussians of :meth:`density`: the range of the Ritz values
        of the probes over the number of steps. A smaller one shows spikes that are not there. A
        thousandth of the eigenvalue where there is but one.
    range : tuple of float
        Smallest and largest Ritz value, moved outwards by their residual bounds.
    moment_error : float
        Self-check: largest difference between the first two moments of the nodes and
        ``v . A v`` and ``norm(A v)**2``, relative to the norm of A. Rounding, if all is well.
    n_products : int
        Vectors multiplied.
    formed : bool
        Whether the matrix was formed, because its products were cheaper.
    """

    method = "slq"

    def __init__(self, nodes, weights, outliers, n_steps, ends, moment_error, operand, formed):
        self.nodes, self.weights, self.outliers = nodes, weights, outliers
        self.dim = operand.dim
        self.range, self.moment_error = ends, moment_error
        low = min(each[0] for each in nodes)
        high = max(each[-1] for each in nodes)
        size = max(abs(low), abs(high))
        is_one_value = high - low <= 1e-12 * size
        self.width = float(1e-3 * (size or 1.0) if is_one_value else (high - low) / n_steps)
        self.n_steps, self.n_products, self.formed = n_steps, operand.n_products, formed
        self._share = (self.dim - len(outliers)) / self.dim

    @property
    def n_probes(self):
        """Number of random vectors."""
        return len(self.nodes)

    def mean(self, function):
        """Estimate the mean of a function over the eigenvalues, ``trace(f(A)) / dim``.

        Parameters
        ----------
        function : callable
            Maps an array of eigenvalues to an array.

        Returns
        -------
        Estimate
            With ``value`` and ``standard_error``, across probes; the error is NaN for one probe.
        """
        exact = np.sum(function(self.outliers)) / self.dim if len(self.outliers) else 0.0
        values = [w @ function(t) for t, w in zip(self.nodes, self.weights, strict=True)]
        return over_probes(np.array(values), self._share, exact)

    def moments(self, order):
        """Return the means of the powers 0 ... `order` of the eigenvalues.

        Parameters
        ----------
        order : int, >= 0
            Up to ``2 * n_steps - 1`` they differ from the mean of ``v . A^p v`` over the probes
            and the outliers by rounding only.

        Returns
        -------
        Estimate
            Arrays of shape (order + 1,).
        """
        powers = np.arange(integer(order, "order", 0, "moments") + 1)
        values = [w @ t[:, None] ** powers for t, w in zip(self.nodes, self.weights, strict=True)]
        exact = np.sum(self.outliers[:, None] ** powers, axis=0) / self.dim
        return over_probes(np.array(values), self._share, exact)

    def cdf(self, x):
        """Return the share of eigenvalues at or below each x, with its standard error.

        Parameters
        ----------
        x : array-like

        Returns
        -------
        Estimate
            Arrays shaped as x.
        """
        x = np.asarray(x, dtype=np.float64)
        values = np.stack(
            [
                np.concatenate([[0.0], np.cumsum(w)])[np.searchsorted(t, x, side="right")]
                for t, w in zip(self.nodes, self.weights, strict=True)
            ]
        )
        exact = np.searchsorted(np.sort(self.outliers), x, side="right") / self.dim
        value, error = over_probes(values, self._share, exact)
        return Estimate(np.clip(value, 0.0, 1.0), error)

    def density(self, x, width=None):
        """Return the density at each x, each node spread by a Gaussian, with its standard error.

        Parameters
        ----------
        x : array-like
        width : float, > 0, default=None
            Standard deviation of the Gaussians; None takes the attribute `width`.

        Returns
        -------
        Estimate
            Arrays shaped as x.
        """
        x = np.asarray(x, dtype=np.float64)
        width = self._checked_width(width)
        values = np.stack(
            [
                (_gaussian(x[..., None] - t, width) * w).sum(axis=-1)
                for t, w in zip(self.nodes, self.weights, strict=True)
            ]
        )
        exact = _gaussian(x[..., None] - self.outliers, width).sum(axis=-1) / self.dim
        return over_probes(values, self._share, exact)

    def _checked_width(self, width):
        if width is None:
            return self.width
        return number(width, "width", "density", "> 0")

    def wasserstein_bound(self, confidence=0.99):
        r"""Bound the Wasserstein-1 distance between this estimate and the true distribution.

        Parameters
        ----------
        confidence : float in (0, 1), default=0.99
            Probability, over the probes, with which the bound holds.

        Returns
        -------
        float
            In units of the eigenvalues.

        Notes
        -----
        With m steps, p probes and n eigenvalues beside the outliers, in a range of length r:

        .. math:: W_1 \le r \left( \frac{\pi}{4 m}
                  + \sqrt{\frac{\ln (2 n / \delta)}{p\, (n + 2)}} \right)
                  \quad \text{with probability } 1 - \delta

        The first term: two distributions with the same :math:`2m - 1` moments differ, for functions
        of slope 1, by twice the error of the best polynomial, which is at most
        :math:`\frac r2 \frac{\pi}{4 m}` (Favard). The second: the weight that a random unit vector
        gives to a set of eigenvalues has a beta distribution, which is sub-Gaussian with variance
        :math:`1 / (2 (n + 2))` [1]_; there are n such sets to go wrong on either side. Chen,
        Trogdon and Ubaru [2]_ combine the two in this way. The range is that of the Ritz values,
        moved outwards by their residual bounds; an eigenvalue that no probe has seen may lie
        outside.

        References
        ----------
        .. [1] Marchal, Arbel, On the sub-Gaussianity of the Beta and Dirichlet distributions, 2017.
        .. [2] Chen, Trogdon, Ubaru, Analysis of stochastic Lanczos quadrature for spectrum
           approximation, ICML 2021.
        """
        confidence = _params.real_number(confidence, "confidence", "wasserstein_bound")
        if not 0.0 < confidence < 1.0:
            raise ValueError(f"confidence must be in (0, 1), got {confidence} (wasserstein_bound).")
        n = self.dim - len(self.outliers)
        probes = math.sqrt(math.log(2.0 * n / (1.0 - confidence)) / (self.n_probes * (n + 2.0)))
        return (
            self._share
            * (self.range[1] - self.range[0])
            * (math.pi / (4.0 * self.n_steps) + probes)
        )

    def __repr__(self):
        """Say what was estimated, and from how much."""
        return (
            f"SpectralDensity({self.dim} eigenvalues in [{self.range[0]:.4g}, {self.range[1]:.4g}],"
            f" {self.n_probes} probes x {self.n_steps} steps, {len(self.outliers)} outliers)"
        )


def _gaussian(x, width):
    with np.errstate(over="ignore"):  # far away it is zero
        return np.exp(-0.5 * (x / width) ** 2) / (width * math.sqrt(2.0 * math.pi))


def spectral_density(
    operator,
    method="slq",
    *,
    n_probes=10,
    n_steps=100,
    deflate=0,
    dim=None,
    random_state=0,
):
    r"""Estimate the distribution of the eigenvalues of a symmetric operator.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    method : {"slq", "kpm"}, default="slq"
        Stochastic Lanczos quadrature [1]_, whose resolution adapts to the spectrum, or the kernel
        polynomial method [2]_ with Jackson's kernel, which keeps three vectors for each probe.
    n_probes : int, >= 1, default=10
        Random unit vectors, multiplied together. The error from them falls as
        ``1 / sqrt(dim * n_probes)``: few are needed in high dimension.
    n_steps : int, >= 1, default=100
        Steps of Lanczos' method for each; Chebyshev moments are twice as many.
    deflate : int, >= 0, default=0
        Eigenvalues largest in size that are computed first and taken out of the operator. A
        random vector sees an outlier with a weight that is a matter of luck; this way it counts
        exactly.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the probes.

    Returns
    -------
    SpectralDensity or ChebyshevDensity

    Raises
    ------
    ValueError
        For an operator that is not square or returns NaN or a wrong shape.

    Notes
    -----
    Probes are uniform on the sphere: estimates of ``trace(f(A)) / dim`` are without bias but for
    the error of the quadrature.

    Where forming the matrix is less work than the products that are asked for, it is formed once
    and multiplied from memory: see :func:`eigsh`.

    References
    ----------
    .. [1] Ubaru, Chen, Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, SIAM
       Journal on Matrix Analysis and Applications, 2017.
    .. [2] Weisse, Wellein, Alvermann, Fehske, The kernel polynomial method, Reviews of Modern
       Physics, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import spectral_density
    >>> A = np.diag(np.linspace(0.0, 1.0, 400))
    >>> found = spectral_density(A, n_steps=30)
    >>> value, error = found.cdf(0.25)
    >>> bool(abs(value - 0.25) < 4 * error + 0.02)
    True
    >>> found.moment_error < 1e-14
    True
    """
    owner = "spectral_density"
    operand = Operand(operator, dim, owner)
    choice(method, "method", ("slq", "kpm"), owner)
    n_probes = integer(n_probes, "n_probes", 1, owner)
    n_steps = integer(n_steps, "n_steps", 1, owner)
    deflate = integer(deflate, "deflate", 0, owner, operand.dim - 1)
    random = generator(random_state, owner)
    operand, formed = in_memory_if_cheaper(operand, n_probes * n_steps, n_probes)
    outliers, U = _outliers(operand, deflate, random)
    start = random.standard_normal((n_probes, operand.dim))
    if method == "kpm":
        return chebyshev_density(operand, start, 2 * n_steps, outliers, U)
    nodes, weights, ends, error = _quadratures(lanczos_runs(operand, start, n_steps, U))
    n_steps = min(n_steps, operand.dim - deflate)
    return SpectralDensity(nodes, weights, outliers, n_steps, ends, error, operand, formed)


def in_memory_if_cheaper(operand, n_vectors, block_size):
    """Return the operand, or the matrix that it stands for where that is less work."""
    if operand.matrix is not None or not is_smaller_dense(operand, n_vectors, block_size):
        return operand, False
    return operand.formed(), True


def _outliers(operand, count, random):
    """Eigenvalues largest in size, in rising order, and their vectors in rows."""
    if count == 0:
        return np.zeros(0), np.zeros((0, operand.dim))
    source = operand.operator if operand.matrix is None else operand.matrix
    found = eigsh(source, count, "LM", dim=operand.dim, random_state=random)
    operand.n_products += found.n_products if operand.counts else 0
    rows = np.ascontiguousarray(found.eigenvectors.T, dtype=np.float64)
    return np.asarray(found.eigenvalues, dtype=np.float64), rows


def lanczos_runs(operand, start, n_steps, U=None):
    """Run Lanczos' method from each row of `start`, as many at once as memory allows.

    Returns
    -------
    list of tuple
        Of each probe: alphas, betas, and the pair v . A v, norm(A v) of its unit vector v.
    """
    n_probes, dim = start.shape
    n_steps = min(n_steps, dim - (0 if U is None else len(U)))
    group = max(1, min(n_probes, int(_MEMORY / (dim * (n_steps + 1)))))
    runs = []
    for first in range(0, n_probes, group):
        runs += _block_of_runs(operand, start[first : first + group], n_steps, U)
    return runs


def _quadratures(runs):
    """Nodes and weights of each probe, the error of their moments, and the widened range."""
    nodes, weights, lows, highs, errors = [], [], [], [], []
    for alphas, betas, moments in runs:
        values, vectors = tridiagonal_eigen(alphas, betas)
        left = betas[-1] * np.abs(vectors[:, -1])
        lows.append(values[0] - left[0])
        highs.append(values[-1] + left[-1])
        nodes.append(values)
        weights.append(vectors[:, 0] ** 2)
        norm = max(np.abs(values).max(), moments[1], np.finfo(float).tiny)
        errors.append(abs(weights[-1] @ values - moments[0]) / norm)
        if len(values) > 1 or betas[-1] == 0.0:  # one node is exact for linear functions only
            errors.append(abs(weights[-1] @ (values / norm) ** 2 - (moments[1] / norm) ** 2))
    return nodes, weights, (float(min(lows)), float(max(highs))), float(max(errors))


def _block_of_runs(operand, start, n_steps, U):
    """Alphas, betas, and v . A v and norm(A v), of each probe."""
    multiply = UnitProducts(operand)
    n_probes, dim = start.shape
    Q = np.empty((n_probes, n_steps + 1, dim))
    rows = _without(start.copy(), U)
    Q[:, 0] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alphas, betas = np.zeros((n_steps, n_probes)), np.zeros((n_steps, n_probes))
    largest, gap, moments = 0.0, 0.0, None
    for j in range(n_steps):
        W = _without(multiply(Q[:, j]), U)
        if j == 0:
            moments = np.einsum("pd,pd->p", Q[:, 0], W), np.linalg.norm(W, axis=1)
        largest = max(largest, np.linalg.norm(W, axis=1).max())
        least = 10.0 * np.finfo(float).eps * math.sqrt(dim) * largest
        along, inside = core.extend_bases(Q, j + 1, W, least)
        alphas[j], betas[j] = along[:, j], inside
        if j > 0:  # of a symmetric operator all else is known
            gap = max(gap, np.abs(along[:, j - 1] - betas[j - 1]).max())
            gap = max(gap, np.abs(along[:, : j - 1]).max(initial=0.0))
        Q[:, j + 1] = W
        if not inside.any():
            break
    if largest > 0.0:
        operand.report_asymmetry(gap / largest, math.sqrt(operand.precision))
    runs = []
    for p in range(n_probes):
        ended = np.flatnonzero(betas[:, p] == 0.0)  # the probe has seen all that it can
        stop = ended[0] + 1 if ended.size else n_steps
        first = moments[0][p] * multiply.unit, moments[1][p] * multiply.unit
        runs.append((alphas[:stop, p] * multiply.unit, betas[:stop, p] * multiply.unit, first))
    return runs


def _without(rows, U):
    """Take the outliers' directions out of rows, twice for what rounding leaves."""
    if U is None or len(U) == 0:
        return rows
    for _ in range(2):
        rows = rows - core.product(core.product(rows, U, transposed=True), U)
    return rows
