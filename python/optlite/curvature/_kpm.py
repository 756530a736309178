"""The kernel polynomial method: a density from Chebyshev moments."""

import math

import numpy as np
from numpy.polynomial import chebyshev

from .._core import core
from ._estimate import over_probes
from ._operand import UnitProducts, integer, tridiagonal_eigen

#: Steps of Lanczos' method that find the ends of the spectrum.
_STEPS_TO_ENDS = 20


class ChebyshevDensity:
    r"""Hold an estimate of the distribution of eigenvalues, from Chebyshev moments.

    With :math:`\tilde A` the operator mapped to [-1, 1], :math:`\mu_k = v^\top T_k(\tilde A) v` and
    Jackson's factors :math:`g_k`, the density at :math:`t = \cos\theta` is

    .. math:: \frac{1}{\pi \sin\theta} \Big( \mu_0 + 2 \sum_{k \ge 1} g_k \mu_k \cos k\theta \Big)

    It is nowhere negative, and blurs by about :math:`\pi / K` of half the range for K moments.

    Attributes
    ----------
    coefficients : ndarray of shape (n_probes, n_moments)
        :math:`\mu_k` of each probe, without Jackson's factors.
    range : tuple of float
        What is mapped to [-1, 1]: the spectrum of all but the outliers, and a margin.
    width : float
        Resolution in the middle of the range.
    outliers : ndarray of shape (n_deflated,)
        Eigenvalues that were deflated.
    dim : int
        Number of eigenvalues.
    n_products : int
        Vectors multiplied.
    """

    method = "kpm"

    def __init__(self, coefficients, ends, outliers, operand):
        self.coefficients, self.range, self.outliers = coefficients, ends, outliers
        self.dim, self.n_products = operand.dim, operand.n_products
        self._share = (self.dim - len(outliers)) / self.dim
        self._half = 0.5 * (ends[1] - ends[0])
        self._centre = 0.5 * (ends[1] + ends[0])
        self.width = math.pi * self._half / coefficients.shape[1]
        self._damped = coefficients * jackson(coefficients.shape[1])

    @property
    def n_probes(self):
        """Number of random vectors."""
        return len(self.coefficients)

    def density(self, x):
        """Return the density at each x and its standard error; outliers as narrow Gaussians.

        Parameters
        ----------
        x : array-like

        Returns
        -------
        Estimate
            Arrays shaped as x.
        """
        from ._density import _gaussian

        x = np.asarray(x, dtype=np.float64)
        t = (x - self._centre) / self._half
        inside = np.abs(t) < 1.0
        angle = np.arccos(np.where(inside, t, 0.0))
        k = np.arange(self._damped.shape[1])
        cosines = np.where(k == 0, 1.0, 2.0) * np.cos(k * angle[..., None])
        values = np.stack([cosines @ mu for mu in self._damped])
        values *= np.where(inside, 1.0 / (np.pi * np.sin(angle) * self._half), 0.0)
        exact = _gaussian(x[..., None] - self.outliers, self.width).sum(axis=-1) / self.dim
        return over_probes(values, self._share, exact)

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
        angle = np.arccos(np.clip((x - self._centre) / self._half, -1.0, 1.0))
        k = np.arange(1, self._damped.shape[1])
        sines = np.sin(k * angle[..., None]) * (2.0 / k)
        values = np.stack(
            [(mu[0] * (np.pi - angle) - sines @ mu[1:]) / np.pi for mu in self._damped]
        )
        exact = np.searchsorted(np.sort(self.outliers), x, side="right") / self.dim
        return over_probes(values, self._share, exact)

    def moments(self, order):
        """Return the means of the powers 0 ... `order` of the eigenvalues, without the kernel.

        Parameters
        ----------
        order : int, in [0, n_moments)

        Returns
        -------
        Estimate
            Arrays of shape (order + 1,).
        """
        most = self.coefficients.shape[1] - 1
        order = integer(order, "order", 0, "moments", most)
        powers = []
        for power in range(order + 1):
            polynomial = np.polynomial.Polynomial([self._centre, self._half]) ** power
            weights = chebyshev.poly2cheb(polynomial.coef)
            powers.append(self.coefficients[:, : len(weights)] @ weights)
        exact = np.array([np.sum(self.outliers**power) for power in range(order + 1)]) / self.dim
        return over_probes(np.array(powers).T, self._share, exact)

    def __repr__(self):
        """Say what was estimated, and from how much."""
        return (
            f"ChebyshevDensity({self.dim} eigenvalues in [{self.range[0]:.4g}, {self.range[1]:.4g}]"
            f", {self.n_probes} probes x {self.coefficients.shape[1]} moments, "
            f"{len(self.outliers)} outliers)"
        )


def jackson(count):
    """Return Jackson's factors, with which a sum of so many terms is nowhere negative.

    Weisse, Wellein, Alvermann and Fehske, The kernel polynomial method, 2006.
    """
    k, angle = np.arange(count), np.pi / (count + 1)
    return ((count - k + 1) * np.cos(k * angle) + np.sin(k * angle) / np.tan(angle)) / (count + 1)


def chebyshev_density(operand, start, n_moments, outliers, U):
    """Return the density from moments of each row of `start`.

    Raises
    ------
    RuntimeError
        If moments keep exceeding 1, because eigenvalues lie outside of the range that Lanczos'
        method has found, even after it was widened several times.
    """
    from ._density import _without

    rows = _without(start.copy(), U)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    low, high = _ends(operand, rows[:1], U)
    for _ in range(6):
        mu = _moments(operand, rows, n_moments, 0.5 * (low + high), 0.5 * (high - low), U)
        if np.abs(mu).max() <= 1.0 + 1e-6:
            return ChebyshevDensity(mu, (low, high), outliers, operand)
        # |T_k| <= 1 in [-1, 1] only: some eigenvalue is outside.
        low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    raise RuntimeError(
        "Chebyshev moments exceed 1: eigenvalues lie far outside of the range that Lanczos' method "
        'found. Is the operator symmetric? method="slq" needs no range (spectral_density).'
    )


def _ends(operand, row, U):
    """A range that holds the spectrum, most likely: Ritz values and the last remainder."""
    from ..reference.lanczos import steps
    from ._density import _without

    multiply = UnitProducts(operand)
    taken = list(
        steps(
            lambda rows: _without(multiply(rows), U),
            row[0],
            min(_STEPS_TO_ENDS, operand.dim - len(U)),
            extend=core.extend_basis,
        )
    )
    operand.report_asymmetry(max(s.asymmetry for s in taken), math.sqrt(operand.precision))
    values, _ = tridiagonal_eigen([s.alpha for s in taken], [s.beta for s in taken])
    size = np.abs(values).max() or 1.0  # of an operator of zeros any range will do
    margin = max(taken[-1].beta, 0.01 * (values[-1] - values[0]), 1e-6 * size)
    return float(values[0] - margin) * multiply.unit, float(values[-1] + margin) * multiply.unit


def _moments(operand, rows, count, centre, half, U):
    """v . T_k(A~) v for k < count, two moments from each product: T_2k = 2 T_k^2 - T_0."""
    from ._density import _without

    def multiply(block):
        return (_without(operand.apply(block), U) - centre * block) / half

    def dots(a, b):
        return np.einsum("pd,pd->p", a, b)

    before, now = rows, multiply(rows)
    zero, one = dots(rows, rows), dots(rows, now)
    mu = [zero, one]
    while len(mu) < count:
        mu.append(2.0 * dots(now, now) - zero)
        if len(mu) == count or not np.isfinite(mu[-1]).all():
            break
        before, now = now, 2.0 * multiply(now) - before
        mu.append(2.0 * dots(now, before) - one)
    return np.array(mu[:count]).T
