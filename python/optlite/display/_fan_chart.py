"""Predicted intervals of several probabilities along an ordered quantity."""

import numpy as np

from ._axes import get_axes, merged
from ._calibration import check_levels, distribution_of
from ._style import COLORS


class FanChartDisplay:
    """Show predictive distributions along time, or another ordered quantity.

    The median is a line, and intervals of several probabilities are bands, the lighter the wider.
    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to create a display.

    Parameters
    ----------
    x : array-like of shape (n_points,)
        Where the distributions are: numbers or dates.
    median : array-like of shape (n_points,)
        Medians of the distributions.
    intervals : array-like of shape (n_levels, n_points, 2)
        Lower and upper ends of the intervals.
    levels : array-like of shape (n_levels,)
        Their probabilities, rising.
    y : array-like of shape (n_points,), default=None
        What was observed; NaN where it is not known.
    x_name, y_name : str, default=None
        Names for the axes.

    Attributes
    ----------
    coverage : ndarray of shape (n_levels,) or None
        Share of the observed targets inside the intervals of each level.
    ax_ : matplotlib Axes
        Axes with the fan, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The median.
    bands_ : list of matplotlib collections
        The intervals, the widest first.
    points_ : matplotlib Line2D or None
        The observed targets.

    See Also
    --------
    IntervalCoverageDisplay : Observed against nominal coverage.

    Notes
    -----
    Fan charts became known through the inflation reports of the Bank of England [1]_.

    References
    ----------
    .. [1] E. Britton, P. Fisher and J. Whitley, "The Inflation Report Projections: Understanding
       the Fan Chart", Bank of England Quarterly Bulletin 38, 1998.

    Examples
    --------
    >>> from optlite.display import FanChartDisplay
    >>> display = FanChartDisplay([0, 1], [1.0, 2.0], [[[0.0, 2.0], [0.0, 4.0]]], [0.8], y=[1, 5])
    >>> display.coverage
    array([0.5])
    """

    def __init__(self, x, median, intervals, levels, *, y=None, x_name=None, y_name=None):
        self.levels = check_levels(levels)
        x, median = np.asarray(x), np.asarray(median, dtype=float)
        intervals = np.asarray(intervals, dtype=float)
        if median.shape != x.shape or intervals.shape != (len(self.levels), len(x), 2):
            raise ValueError(
                f"median and intervals must have shapes {x.shape} and "
                f"{(len(self.levels), len(x), 2)}, one for each of x, got {median.shape} and "
                f"{intervals.shape}."
            )
        order = np.argsort(x, kind="stable")
        self.x, self.median, self.intervals = x[order], median[order], intervals[:, order]
        self.x_name, self.y_name = x_name, y_name
        self.y = self.coverage = None
        if y is not None:
            y = np.asarray(y, dtype=float)
            if y.shape != x.shape:
                raise ValueError(f"y must have shape {x.shape}, as x, got {y.shape}.")
            self.y = y[order]
            lower, upper = np.moveaxis(self.intervals, 2, 0)
            known = ~np.isnan(self.y)
            inside = (lower <= self.y) & (self.y <= upper)
            self.coverage = inside[:, known].mean(axis=1)

    @classmethod
    def from_estimator(cls, estimator, X, y=None, *, feature=0, x=None, **kwargs):
        """Draw the predictions of a fitted estimator along one of its features.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``pred_dist``.
        X : {array-like, data frame} of shape (n_samples, n_features)
            Features. The other features should stay fixed or be functions of `feature`, or the fan
            is ragged.
        y : array-like of shape (n_samples,), default=None
            What was observed.
        feature : int or str, default=0
            Number or name of the feature along which to draw.
        x : array-like of shape (n_samples,), default=None
            Where to draw instead, such as dates.
        **kwargs : dict
            The other arguments of :meth:`from_predictions`.

        Returns
        -------
        FanChartDisplay
            The display, drawn.
        """
        from sklearn.utils import _safe_indexing

        predicted = distribution_of(estimator, X, cls.__name__)
        if x is None:
            x = np.asarray(_safe_indexing(X, feature, axis=1))
            names = getattr(estimator, "feature_names_in_", None)
            name = feature if isinstance(feature, str) else f"Feature {feature}"
            if names is not None and not isinstance(feature, str):
                name = names[feature]
            kwargs = {"x_name": name, **kwargs}
        return cls.from_predictions(x, predicted, y, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        x,
        predicted,
        y_true=None,
        *,
        levels=(0.5, 0.8, 0.95),
        x_name=None,
        y_name=None,
        ax=None,
        **kwargs,
    ):
        """Draw predicted distributions.

        Parameters
        ----------
        x : array-like of shape (n_points,)
            Where they are: numbers or dates.
        predicted : PredictedDistribution, or object with ``ppf`` and ``interval``
            The distributions.
        y_true : array-like of shape (n_points,), default=None
            What was observed; NaN where it is not known.
        levels : array-like of shape (n_levels,), default=(0.5, 0.8, 0.95)
            Probabilities of the intervals.
        x_name, y_name : str, default=None
            Names for the axes.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        FanChartDisplay
            The display, drawn.
        """
        levels = check_levels(levels)
        intervals = [np.column_stack(predicted.interval(level)) for level in levels]
        median = predicted.ppf(0.5)
        display = cls(x, median, intervals, levels, y=y_true, x_name=x_name, y_name=y_name)
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, points_kw=None, line_kw=None, **kwargs):
        """Draw the fan, the median and what was observed.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        points_kw : dict, default=None
            Keyword arguments for the observed targets.
        line_kw : dict, default=None
            Keyword arguments for the median.
        **kwargs : dict
            Keyword arguments for all bands.

        Returns
        -------
        FanChartDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        self.bands_ = []
        for i in reversed(range(len(self.levels))):
            lower, upper = self.intervals[i].T
            text = f"{100 * self.levels[i]:g} %"
            if self.coverage is not None:
                text += f" (holds {100 * self.coverage[i]:.0f} %)"
            style = {"color": self._shade(i), "linewidth": 0, "label": text}
            self.bands_.append(ax.fill_between(self.x, lower, upper, **merged(style, kwargs)))
        median = {"color": COLORS[0], "linewidth": 1.8, "label": "median"}
        (self.line_,) = ax.plot(self.x, self.median, **merged(median, line_kw))
        self.points_ = None
        if self.y is not None:
            points = {"color": "0.1", "linestyle": "", "marker": "o", "markersize": 2.5}
            points["label"] = "observed"
            (self.points_,) = ax.plot(self.x, self.y, **merged(points, points_kw))
        ax.set(xlabel=self.x_name or "", ylabel=self.y_name or "Target")
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _shade(self, i):
        """The lighter, the wider the interval: opaque, so that bands do not darken each other."""
        from matplotlib.colors import to_rgb

        share = 0.5 * (1.0 - i / len(self.levels)) + 0.08
        return tuple(1.0 - share * (1.0 - np.array(to_rgb(COLORS[0]))))
