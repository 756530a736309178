"""Where targets lie in their predicted distributions."""

import numpy as np
from scipy import stats

from ._axes import get_axes, merged
from ._calibration import binomial_band, check_share, distribution_of, distribution_values
from ._style import COLORS


class PITDisplay:
    """Show the histogram of the probability integral transform F(y | x).

    If the predicted distributions are right, F(y | x) is uniform between 0 and 1 and all bars are
    about 1. It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to create a
    display.

    Parameters
    ----------
    pit : array-like of shape (n_samples,)
        The values F(y | x), each in [0, 1].
    n_bins : int, default=10
        Number of bars, equally wide.
    confidence : float in (0, 1), default=0.95
        Probability with which all bars of a right model lie in the band.
    estimator_name : str, default=None
        Name of the model, for the legend.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Ends of the bars.
    heights : ndarray of shape (n_bins,)
        Share of the rows in each bar, divided by its width.
    band : tuple of float
        Lower and upper end of the band.
    statistic, pvalue : float
        Kolmogorov and Smirnov's largest distance between the distribution of `pit` and the uniform
        one, and the probability that it is so large for a right model.
    ax_ : matplotlib Axes
        Axes with the bars, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    bars_ : matplotlib BarContainer
        The bars.

    See Also
    --------
    IntervalCoverageDisplay : Observed against nominal coverage of intervals.
    ReliabilityDisplay : Observed against predicted probabilities.

    Notes
    -----
    Bars that are high at both ends mean distributions that are too narrow, high in the middle too
    wide, and a slope means a bias. The number of rows in a bar is binomial; the band is that of
    each bar at the level :math:`1 - (1 - c) / n_{bins}`, so that all bars lie in it with at least
    the probability c (Bonferroni). For discrete targets, a value between both sides of the jump of
    F at y is drawn.

    References
    ----------
    A. P. Dawid, "Statistical Theory: The Prequential Approach", JRSS A 147, 1984.

    T. Gneiting, F. Balabdaoui and A. E. Raftery, "Probabilistic Forecasts, Calibration and
    Sharpness", JRSS B 69, 2007, section 3.1.

    Examples
    --------
    >>> from optlite.display import PITDisplay
    >>> display = PITDisplay([0.1, 0.3, 0.6, 0.9], n_bins=2)
    >>> display.heights
    array([1., 1.])
    """

    def __init__(self, pit, *, n_bins=10, confidence=0.95, estimator_name=None):
        self.pit = np.asarray(pit, dtype=float)
        if self.pit.ndim != 1 or not np.all((self.pit >= 0.0) & (self.pit <= 1.0)):
            raise ValueError(
                "pit must be a 1-d array of numbers in [0, 1], values of a distribution function."
            )
        self.n_bins = n_bins
        self.confidence = check_share("confidence", confidence)
        self.estimator_name = estimator_name
        counts, self.edges = np.histogram(self.pit, bins=n_bins, range=(0.0, 1.0))
        n = len(self.pit)
        self.heights = counts / n * n_bins
        each = 1.0 - (1.0 - self.confidence) / n_bins
        self.band = tuple(float(end * n_bins) for end in binomial_band(n, 1.0 / n_bins, each))
        self.statistic, self.pvalue = (float(value) for value in stats.kstest(self.pit, "uniform"))

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, **kwargs):
        """Draw the histogram of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``pred_dist``.
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features, of rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Targets.
        name : str, default=None
            Name of the model; None takes that of the class.
        **kwargs : dict
            The other arguments of :meth:`from_predictions`.

        Returns
        -------
        PITDisplay
            The display, drawn.
        """
        predicted = distribution_of(estimator, X, cls.__name__)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, predicted, name=name, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        predicted,
        *,
        n_bins=10,
        confidence=0.95,
        random_state=0,
        name=None,
        ax=None,
        **kwargs,
    ):
        """Draw the histogram of predicted distributions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Targets.
        predicted : PredictedDistribution, or object with ``cdf``
            Their distributions.
        n_bins : int, default=10
            Number of bars.
        confidence : float in (0, 1), default=0.95
            Probability with which all bars of a right model lie in the band.
        random_state : int, default=0
            Seed of the values that are drawn for discrete targets.
        name : str, default=None
            Name of the model, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        PITDisplay
            The display, drawn.
        """
        pit = distribution_values(y_true, predicted, random_state)
        display = cls(pit, n_bins=n_bins, confidence=confidence, estimator_name=name)
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, name=None, band_kw=None, **kwargs):
        """Draw the bars and the band.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Name of the model, for the legend; None takes ``estimator_name``.
        band_kw : dict, default=None
            Keyword arguments for the band.
        **kwargs : dict
            Keyword arguments for the bars.

        Returns
        -------
        PITDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        name = self.estimator_name if name is None else name
        test = f"distance to uniform {self.statistic:.3f} (p = {self.pvalue:.2g})"
        style = {"color": COLORS[0], "alpha": 0.75, "edgecolor": "white", "align": "edge"}
        style["label"] = test if name is None else f"{name}: {test}"
        widths = np.diff(self.edges)
        self.bars_ = ax.bar(self.edges[:-1], self.heights, widths, **merged(style, kwargs))
        band = {"color": "0.5", "alpha": 0.3, "linewidth": 0, "zorder": 3}
        band["label"] = f"{100 * self.confidence:g} % band of all bars, if calibrated"
        ax.axhspan(*self.band, **merged(band, band_kw))
        ax.axhline(1.0, color="0.2", linewidth=1, linestyle=":", zorder=4)
        ax.set(xlabel="Predicted probability of a smaller target, F(y | x)", ylabel="Density")
        ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.35 * max(self.heights.max(), self.band[1])))
        ax.legend(loc="upper center")
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
