"""What SciPy lacks: distributions of many rows with the methods of its frozen objects.

``kwds`` holds the parameters by name, one value a row (or a row of an array).
"""

import numpy as np
from scipy import stats
from scipy.special import expit, log_expit, xlogy


def _generator(random_state):
    """Return a generator for None, a number, or a generator, old or new."""
    if isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        return random_state
    return np.random.default_rng(random_state)


class Rows:
    """What follows from the other methods."""

    def std(self):
        """Return the standard deviation."""
        return np.sqrt(self.var())

    def sf(self, y):
        """Return P(Y > y)."""
        return 1.0 - self.cdf(y)

    def isf(self, q):
        """Return the quantile counted from above."""
        return self.ppf(1.0 - np.asarray(q))


class CategoricalRows(Rows):
    """Classes 0, ..., k - 1 with the probabilities p of shape (k, n)."""

    def __init__(self, p):
        self.kwds = {"p": p.T}
        self._p = p
        self._below = np.cumsum(p, axis=0)
        self._classes = np.arange(float(len(p)))[:, None]

    def pmf(self, y):
        """Return P(Y = y)."""
        y, own = np.broadcast_arrays(np.asarray(y, dtype=float), self._p[0])
        inside = (y >= 0.0) & (y < len(self._p)) & (y == np.floor(y))
        index = np.where(inside, y, 0.0).astype(int)
        return np.where(inside, self._p[index, np.arange(own.shape[-1])], 0.0)

    def logpmf(self, y):
        """Return log P(Y = y)."""
        with np.errstate(divide="ignore"):
            return np.log(self.pmf(y))

    def cdf(self, y):
        """Return P(Y <= y)."""
        y = np.floor(np.broadcast_to(y, np.broadcast_shapes(np.shape(y), self._p[0].shape)))
        index = np.clip(y, 0.0, len(self._p) - 1.0).astype(int)
        known = np.minimum(self._below[index, np.arange(y.shape[-1])], 1.0)
        return np.where(y < 0.0, 0.0, np.where(y >= len(self._p) - 1.0, 1.0, known))

    def ppf(self, q):
        """Return the least class with P(Y <= y) >= q."""
        below = self._below[:-1].reshape(len(self._p) - 1, *([1] * max(np.ndim(q) - 1, 0)), -1)
        return np.sum(below < q, axis=0).astype(float)

    def mean(self):
        """Return the mean of the class numbers."""
        return np.sum(self._classes * self._p, axis=0)

    def var(self):
        """Return the variance of the class numbers."""
        return np.sum((self._classes - self.mean()) ** 2 * self._p, axis=0)

    def entropy(self):
        """Return the entropy in nats."""
        return -xlogy(self._p, self._p).sum(axis=0)

    def rvs(self, size, random_state=None):
        """Draw classes."""
        return self.ppf(_generator(random_state).uniform(size=size))


class ZeroInflatedPoissonRows(Rows):
    """Zero with the probability pi = expit(logit), a Poisson count otherwise."""

    def __init__(self, mu, logit):
        self.kwds = {"mu": mu, "pi": expit(logit)}
        self._pi, self._rest = expit(logit), expit(-logit)
        self._log_rest = log_expit(-logit)
        self._poisson = stats.poisson(mu=mu)

    def logpmf(self, y):
        """Return log P(Y = y)."""
        y = np.asarray(y, dtype=float)
        zero = np.log(self._pi + self._rest * self._poisson.pmf(0.0))
        return np.where(y == 0.0, zero, self._log_rest + self._poisson.logpmf(y))

    def pmf(self, y):
        """Return P(Y = y)."""
        return np.exp(self.logpmf(y))

    def cdf(self, y):
        """Return P(Y <= y)."""
        y = np.asarray(y, dtype=float)
        return np.where(y < 0.0, 0.0, self._pi + self._rest * self._poisson.cdf(y))

    def sf(self, y):
        """Return P(Y > y)."""
        y = np.asarray(y, dtype=float)
        return np.where(y < 0.0, 1.0, self._rest * self._poisson.sf(y))

    def ppf(self, q):
        """Return the least count with P(Y <= y) >= q."""
        inner = np.clip((np.asarray(q) - self._pi) / self._rest, 0.0, 1.0)
        return np.maximum(self._poisson.ppf(inner), 0.0)

    def isf(self, q):
        """Return the quantile counted from above."""
        return np.maximum(self._poisson.isf(np.minimum(np.asarray(q) / self._rest, 1.0)), 0.0)

    def mean(self):
        """Return (1 - pi) mu."""
        return self._rest * self.kwds["mu"]

    def var(self):
        """Return (1 - pi) mu (1 + pi mu)."""
        return self.mean() * (1.0 + self._pi * self.kwds["mu"])

    def entropy(self):
        """Return the entropy in nats, summed up until the tail is below 1e-15."""
        counts = np.arange(np.max(self.isf(1e-15)) + 2.0)[:, None]
        logs = self.logpmf(counts)
        with np.errstate(invalid="ignore"):
            terms = np.exp(logs) * logs
        return -np.where(np.isfinite(terms), terms, 0.0).sum(axis=0)

    def rvs(self, size, random_state=None):
        """Draw counts."""
        rng = _generator(random_state)
        always_zero = rng.uniform(size=size) < self._pi
        return np.where(always_zero, 0, self._poisson.rvs(size=size, random_state=rng))


class MultivariateNormalRows(Rows):
    """Mean of shape (n, d); the precision is L^T L with the upper triangular L of (n, d, d).

    Quantiles are those of each output by itself.
    """

    def __init__(self, mean, upper):
        self._inverse = np.linalg.inv(upper)
        self._mean, self._upper = mean, upper
        covariance = self._inverse @ self._inverse.transpose(0, 2, 1)
        self.kwds = {"mean": mean, "cov": covariance}

    def logpdf(self, y):
        """Return the logarithm of the density."""
        u = np.einsum("nij,...nj->...ni", self._upper, np.asarray(y) - self._mean)
        d = self._mean.shape[1]
        logs = np.log(np.einsum("nii->ni", self._upper)).sum(axis=1)
        return logs - 0.5 * d * np.log(2.0 * np.pi) - 0.5 * np.sum(u**2, axis=-1)

    def pdf(self, y):
        """Return the density."""
        return np.exp(self.logpdf(y))

    def cdf(self, y):
        """Refuse: there is no closed form."""
        raise NotImplementedError(
            "P(Y <= y) of several outputs has no closed form; draw with rvs and count."
        )

    def ppf(self, q):
        """Return the quantile of each output."""
        return stats.norm.ppf(np.asarray(q)[..., None], loc=self._mean, scale=self.std())

    def mean(self):
        """Return the mean of each output."""
        return self._mean

    def var(self):
        """Return the variance of each output."""
        return np.sum(self._inverse**2, axis=2)

    def entropy(self):
        """Return the differential entropy of all outputs together, in nats."""
        d = self._mean.shape[1]
        logs = np.log(np.einsum("nii->ni", self._upper)).sum(axis=1)
        return 0.5 * d * (1.0 + np.log(2.0 * np.pi)) - logs

    def rvs(self, size, random_state=None):
        """Draw; the outputs are the last axis."""
        noise = _generator(random_state).standard_normal((*size, self._mean.shape[1]))
        return self._mean + np.einsum("nij,...nj->...ni", self._inverse, noise)
