"""The distributions of many rows, as one object."""

import numpy as np
from scipy.special import expit, logit, roots_legendre


class PredictedDistribution:
    """A distribution for each row: what a model predicts.

    Made by :meth:`Distribution.at`. Arguments of the methods are broadcast against the rows, as in
    :mod:`scipy.stats`: a number, one value a row, or any shape that ends in the number of rows.
    ``predicted[i]`` is the part with those rows.

    Parameters
    ----------
    family : Distribution
    theta : ndarray of shape (n, n_params)
        The parameters as they are fitted.
    """

    def __init__(self, family, theta):
        self.family = family
        self.theta = theta
        self._made = None

    def __getstate__(self):
        """Keep what the rest is made from."""
        return {"family": self.family, "theta": self.theta, "_made": None}

    def __repr__(self):
        """Name the family and the number of rows."""
        return f"<{self.family!r} of {len(self)} rows>"

    def __len__(self):
        """Return the number of rows."""
        return len(self.theta)

    def __getitem__(self, rows):
        """Return the distributions of some rows; an index keeps one row."""
        if isinstance(rows, (int, np.integer)):
            if not -len(self) <= rows < len(self):
                raise IndexError(f"There are {len(self)} rows, got index {rows}.")
            rows = [rows]
        return PredictedDistribution(self.family, self.theta[rows])

    @property
    def _frozen(self):
        if self._made is None:
            self._made = self.family.frozen(self.theta)
        return self._made

    @property
    def params(self):
        """The usual parameters by name, an array of one value a row each, as SciPy calls them."""
        return dict(self._frozen.kwds)

    def __getattr__(self, name):
        """Return one of `params`, such as ``loc`` or ``scale``, as ngboost has them."""
        if name.startswith("_") or name in ("family", "theta"):  # not there while unpickling
            raise AttributeError(name)
        params = self.params
        if name not in params:
            raise AttributeError(
                f"{type(self.family).__name__} has no {name!r}: its parameters are "
                f"{', '.join(params)}."
            )
        return params[name]

    # --- moments ----------------------------------------------------------------------------------

    def _rows(self, values, outputs=True):
        """One value a row (and output), where SciPy answers with one value for all."""
        shape = (len(self),)
        if outputs and self.family.n_outputs > 1:
            shape = (len(self), self.family.n_outputs)
        return np.broadcast_to(values, shape).astype(float)

    def mean(self):
        """Return the mean of each row; NaN or infinite where there is none."""
        return self._rows(self._frozen.mean())

    def var(self):
        """Return the variance of each row."""
        return self._rows(self._frozen.var())

    def std(self):
        """Return the standard deviation of each row."""
        return self._rows(self._frozen.std())

    def entropy(self):
        """Return the entropy of each row in nats; of a density, its differential entropy."""
        return self._rows(self._frozen.entropy(), outputs=False)

    # --- functions of y ---------------------------------------------------------------------------

    def cdf(self, y):
        """Return P(Y <= y)."""
        return self._frozen.cdf(y)

    def sf(self, y):
        """Return P(Y > y)."""
        return self._frozen.sf(y)

    def logpdf(self, y):
        """Return the logarithm of the density, or of the probability where y is discrete."""
        return self._frozen.logpmf(y) if self.family.discrete else self._frozen.logpdf(y)

    def pdf(self, y):
        """Return the density, or the probability where y is discrete."""
        return self._frozen.pmf(y) if self.family.discrete else self._frozen.pdf(y)

    logpmf, pmf = logpdf, pdf

    def ppf(self, q):
        """Return the quantile: the least y with P(Y <= y) >= q, for 0 <= q <= 1."""
        return self._frozen.ppf(_probability(q, "q"))

    def isf(self, q):
        """Return the quantile counted from above, accurate for small q."""
        return self._frozen.isf(_probability(q, "q"))

    def interval(self, confidence=0.9):
        """Return the two ends between which y lies with this probability, equal tails.

        Parameters
        ----------
        confidence : float, in [0, 1], default=0.9

        Returns
        -------
        lower, upper : ndarray of shape (n,)
        """
        half = 0.5 * (1.0 - _probability(confidence, "confidence"))
        return self.ppf(half), self.isf(half)

    def rvs(self, size=None, random_state=None):
        """Draw y for each row.

        Parameters
        ----------
        size : int, optional
            The number of draws a row; one, without an axis for it, by default.
        random_state : int, RandomState, Generator or None, default=None

        Returns
        -------
        ndarray of shape (n,) or (size, n)
        """
        shape = (len(self),) if size is None else (size, len(self))
        return self._frozen.rvs(size=shape, random_state=random_state)

    def crps(self, y):
        """Return the continuous ranked probability score, int (F(x) - 1{y <= x})^2 dx.

        In closed form where the twin has one, by quadrature elsewhere (relative error below 1e-6).

        Parameters
        ----------
        y : array-like of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        y = np.broadcast_to(np.asarray(y, dtype=float), (len(self),))
        twin = self.family.twin()
        closed = getattr(twin, "crps_of_y", getattr(twin, "crps", None))
        if closed is not None:
            theta = np.ascontiguousarray(self.theta.T)
            return closed(theta, y, **self.family.hyper_parameters)
        return _crps_of_counts(self._frozen, y) if self.family.discrete else self._quadrature(y)

    def _quadrature(self, y):
        """2 int (1{y <= q(u)} - u) (q(u) - y) du over probabilities u, on the scale of logits."""
        split = logit(np.clip(self.cdf(y), 1e-16, 1.0 - 1e-16))
        nodes, weights = roots_legendre(120)
        total = np.zeros(len(self))
        for low, high in ((-45.0, split), (split, 45.0)):
            v = 0.5 * (high - low) * nodes[:, None] + 0.5 * (high + low)
            u, other = expit(v), expit(-v)
            with np.errstate(all="ignore"):
                q = np.where(v < 0.0, self._frozen.ppf(u), self._frozen.isf(other))
                inner = np.where(q >= y, other, -u) * (q - y) * u * other
            inner = np.where(np.isfinite(inner), inner, 0.0)
            total += (high - low) * np.einsum("k,kn->n", weights, inner)
        return total


def _crps_of_counts(frozen, y):
    """Add up (F(k) - 1{y <= k})^2 until the tail is below 1e-13."""
    last = np.max(np.maximum(frozen.isf(1e-13), y))
    counts = np.arange(0.0, last + 1.0)[:, None]
    return ((frozen.cdf(counts) - (counts >= y)) ** 2).sum(axis=0)


def _probability(value, name):
    """Return probabilities as an array, or say what they must be."""
    value = np.asarray(value, dtype=float)
    bad = ~((value >= 0.0) & (value <= 1.0))
    if bad.any():
        raise ValueError(f"{name} must be in [0, 1], got {np.atleast_1d(value)[bad.ravel()][0]:g}.")
    return value
