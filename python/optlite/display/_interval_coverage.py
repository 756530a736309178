"""How often intervals hold the target, against how often they should."""

import numpy as np

from ._axes import get_axes
from ._calibration import binomial_band, check_levels, check_share, draw_curve, legend_above

#: Levels at which coverage is measured by default.
LEVELS = (*np.arange(1, 20) / 20, 0.99)


class IntervalCoverageDisplay:
    """Show the observed coverage of intervals against the nominal one.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to create a display.

    Parameters
    ----------
    levels : array-like of shape (n_levels,)
        Nominal probabilities of the intervals.
    coverage : array-like of shape (n_levels,)
        Shares of the rows whose target lies in its interval.
    n_samples : int
        Number of rows.
    confidence : float in (0, 1), default=0.95
        Probability with which the share of right intervals lies in the band, at each level.
    estimator_name : str, default=None
        Name of the model, for the legend.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_levels,)
        Ends of the band.
    largest_gap : float
        The difference of observed and nominal coverage that is farthest from 0.
    ax_ : matplotlib Axes
        Axes with the curve, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The curve.

    See Also
    --------
    PITDisplay : Where targets lie in their distributions.
    optlite.model_selection.ConformalRegressor : Intervals with a guaranteed coverage.

    Notes
    -----
    Below the diagonal, intervals are too narrow. The number of rows in intervals of the right
    coverage is binomial, which gives the band; neighbouring levels share rows, so that a curve
    leaves the band on longer parts, if at all.

    Examples
    --------
    >>> from optlite.display import IntervalCoverageDisplay
    >>> display = IntervalCoverageDisplay([0.5, 0.9], [0.42, 0.88], n_samples=100)
    >>> round(display.largest_gap, 2)
    -0.08
    """

    def __init__(self, levels, coverage, n_samples, *, confidence=0.95, estimator_name=None):
        self.levels = check_levels(levels)
        self.coverage = np.asarray(coverage, dtype=float)
        if self.coverage.shape != self.levels.shape:
            raise ValueError(
                f"coverage must have one share for each of the {len(self.levels)} levels, got "
                f"shape {self.coverage.shape}."
            )
        self.n_samples = n_samples
        self.confidence = check_share("confidence", confidence)
        self.estimator_name = estimator_name
        self.lower, self.upper = binomial_band(n_samples, self.levels, self.confidence)
        gaps = self.coverage - self.levels
        self.largest_gap = float(gaps[np.argmax(np.abs(gaps))])

    @classmethod
    def from_estimator(cls, estimator, X, y, *, levels=LEVELS, name=None, **kwargs):
        """Draw the coverage of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_interval(X, level)``, such as NGBRegressor or ConformalRegressor,
            or with ``pred_dist``.
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features, of rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Targets.
        levels : array-like of shape (n_levels,), default=(0.05, 0.1, ..., 0.95, 0.99)
            Nominal probabilities, in (0, 1).
        name : str, default=None
            Name of the model; None takes that of the class.
        **kwargs : dict
            The other arguments of :meth:`from_predictions`.

        Returns
        -------
        IntervalCoverageDisplay
            The display, drawn.
        """
        levels = check_levels(levels)
        if hasattr(estimator, "pred_dist"):
            predicted = estimator.pred_dist(X)
        elif hasattr(estimator, "predict_interval"):
            predicted = np.array([estimator.predict_interval(X, level) for level in levels])
        else:
            raise TypeError(
                f"{cls.__name__} needs an estimator with predict_interval or pred_dist, got "
                f"{estimator!r}. ConformalRegressor adds intervals to any regressor."
            )
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, predicted, levels=levels, name=name, **kwargs)

    @classmethod
    def from_predictions(
        cls, y_true, predicted, *, levels=LEVELS, confidence=0.95, name=None, ax=None, **kwargs
    ):
        """Draw the coverage of predicted intervals or distributions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Targets.
        predicted : array-like of shape (n_levels, n_samples, 2), or PredictedDistribution
            Lower and upper ends of the intervals of each level; or distributions, whose intervals
            of equal tails are taken.
        levels : array-like of shape (n_levels,), default=(0.05, 0.1, ..., 0.95, 0.99)
            Nominal probabilities, in (0, 1), rising.
        confidence : float in (0, 1), default=0.95
            Probability of the band, at each level.
        name : str, default=None
            Name of the model, for the legend.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        IntervalCoverageDisplay
            The display, drawn.
        """
        levels, y = check_levels(levels), np.asarray(y_true, dtype=float)
        if hasattr(predicted, "cdf"):
            lower, upper = np.moveaxis([predicted.interval(level) for level in levels], 1, 0)
        else:
            ends = np.asarray(predicted, dtype=float)
            if ends.shape != (len(levels), len(y), 2):
                raise ValueError(
                    f"predicted must have shape (n_levels, n_samples, 2) = ({len(levels)}, "
                    f"{len(y)}, 2), got {ends.shape}."
                )
            lower, upper = np.moveaxis(ends, 2, 0)
        coverage = np.mean((lower <= y) & (y <= upper), axis=1)
        display = cls(levels, coverage, len(y), confidence=confidence, estimator_name=name)
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, name=None, band_kw=None, **kwargs):
        """Draw the curve, the diagonal and the band.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Name of the model, for the legend; None takes ``estimator_name``.
        band_kw : dict, default=None
            Keyword arguments for the band.
        **kwargs : dict
            Keyword arguments for the curve.

        Returns
        -------
        IntervalCoverageDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        gap = f"largest gap {100 * self.largest_gap:+.1f} %"
        labels = "level", "Nominal probability of the interval", "Share of targets inside"
        given = {"name": name, "band_kw": band_kw, **kwargs}
        self.line_ = draw_curve(self, ax, self.levels, self.coverage, gap, labels, **given)
        legend_above(ax)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
