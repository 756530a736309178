"""Sinkhorn divergence: entropic transport without its bias."""

import numpy as np

from ._costs import check_points
from ._gradients import point_gradient
from ._solve import solve_points


class SinkhornDivergence:
    """Hold the divergence between two clouds of points, and its gradients.

    Attributes
    ----------
    value : float
        ``V(a, b) - (V(a, a) + V(b, b)) / 2``, V the regularised minimum of transport.
    gradient_X, gradient_Y : ndarray
        Gradients in the positions, of their shapes. float32 where both clouds are.
    gradient_a, gradient_b : ndarray
        Gradients in the masses, up to a constant (masses are kept equal); with mean zero over the
        points that have mass. There is none (NaN) where there is no mass.
    results : tuple of TransportResult
        Of X to Y, X to X and Y to Y.
    """

    def __init__(self, X, Y, metric, results):
        self.results, self._dtype = results, np.result_type(X, Y)
        X, Y = (points.astype(np.float64, copy=False) for points in (X, Y))
        across, within_X, within_Y = results
        self.value = across.value - 0.5 * (within_X.value + within_Y.value)
        self._clouds = X, Y, metric

    def __repr__(self):
        """Show the value."""
        return f"SinkhornDivergence(value={self.value:.6g})"

    @property
    def gradient_X(self):
        """Gradient in the positions of the sources."""
        X, Y, metric = self._clouds
        across, within, _ = self.results
        # X enters its own term twice, which cancels the half.
        gradient = point_gradient(across.plan, X, Y, metric)
        return self._typed(gradient - point_gradient(within.plan, X, X, metric))

    @property
    def gradient_Y(self):
        """Gradient in the positions of the targets."""
        X, Y, metric = self._clouds
        across, _, within = self.results
        gradient = point_gradient(across.plan.T, Y, X, metric)
        return self._typed(gradient - point_gradient(within.plan, Y, Y, metric))

    def _typed(self, gradient):
        return gradient.astype(self._dtype, copy=False)

    @property
    def gradient_a(self):
        """Gradient in the masses of the sources."""
        return _centred(self.results[0].potentials[0], self.results[1].potentials)

    @property
    def gradient_b(self):
        """Gradient in the masses of the targets."""
        return _centred(self.results[0].potentials[1], self.results[2].potentials)


def sinkhorn_divergence(X, Y, a=None, b=None, reg=1.0, metric="sqeuclidean", **options):
    """Return the Sinkhorn divergence between two clouds of points.

    It is zero exactly if the two distributions are equal, positive otherwise, and convex in each of
    them, for the metrics offered here.

    Parameters
    ----------
    X, Y : array-like of shape (n_sources, n_dimensions) and (n_targets, n_dimensions)
        Points.
    a, b : array-like or None, default=None
        Masses with equal sums; uniform when None.
    reg : float, > 0, default=1.0
        Regularization, in units of the cost.
    metric : {"sqeuclidean", "euclidean", "cityblock"}, default="sqeuclidean"
        Cost of moving a unit of mass.
    **options
        As in :func:`solve`.

    Returns
    -------
    SinkhornDivergence
        The value and its gradients.

    Notes
    -----
    Feydy, Sejourne, Vialard, Amari, Trouve and Peyre, Interpolating between optimal transport and
    MMD using Sinkhorn divergences, 2019, equation 3 and theorem 1. The entropies of this package's
    objective, which differ from theirs by those of a and b, cancel.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import ot
    >>> X = np.random.default_rng(0).random((30, 2))
    >>> abs(ot.sinkhorn_divergence(X, X, reg=0.1).value) < 1e-9
    True
    >>> round(ot.sinkhorn_divergence(X, X + 1.0, reg=0.1).value, 6)  # a shift by (1, 1)
    2.0
    """
    if metric not in ("sqeuclidean", "euclidean", "cityblock"):
        raise ValueError(
            f'metric must be "sqeuclidean", "euclidean" or "cityblock", got {metric!r}.'
        )
    pairs = ((X, Y, a, b), (X, X, a, a), (Y, Y, b, b))
    results = tuple(
        solve_points(one, two, *masses, reg=reg, metric=metric, **options)
        for one, two, *masses in pairs
    )
    X, Y = check_points(X, "X"), check_points(Y, "Y")
    return SinkhornDivergence(X, Y, metric, results)


def _centred(potential, own):
    # Of its own problem f and g are equal up to a constant; the mean has half the error of each.
    own = 0.5 * (own[0] + own[1])
    keep = np.isfinite(potential)
    gradient = np.full(keep.shape, np.nan)
    gradient[keep] = potential[keep] - own[keep]
    gradient[keep] -= gradient[keep].mean()
    return gradient
