"""Observed against predicted probabilities, of classes or below quantiles."""

import numpy as np

from ._axes import get_axes
from ._calibration import (
    binomial_band,
    check_levels,
    check_share,
    distribution_of,
    distribution_values,
    draw_curve,
    legend_above,
)
from ._style import COLORS

#: Probabilities at which quantiles are compared by default.
LEVELS = tuple(np.arange(1, 20) / 20)
_AXES = {
    "classes": ("Mean predicted probability of {}", "Share of rows of {}"),
    "quantiles": ("Predicted probability below the quantile", "Share of targets below it"),
}


class ReliabilityDisplay:
    """Show how often what was predicted with a probability came true.

    For classes, rows are grouped by the predicted probability. For regression, it is the share of
    targets below each predicted quantile. It is recommended to use :meth:`from_estimator` or
    :meth:`from_predictions` to create a display.

    Parameters
    ----------
    predicted : array-like of shape (n_points,)
        Predicted probabilities.
    observed : array-like of shape (n_points,)
        Shares of the rows for which it came true.
    counts : array-like of int, shape (n_points,)
        Number of rows behind each point.
    kind : {"classes", "quantiles"}, default="classes"
        What the probabilities are of.
    confidence : float in (0, 1), default=0.95
        Probability with which the point of a right prediction lies in the band.
    label : object, default=None
        The class whose probability is predicted, for the axes.
    estimator_name : str, default=None
        Name of the model, for the legend.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_points,)
        Ends of the band.
    calibration_error : float
        Mean distance of observed and predicted probability, weighted by `counts`.
    ax_ : matplotlib Axes
        Axes with the curve, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The curve.
    histogram_ : matplotlib BarContainer or None
        The shares of the rows behind the points, of classes.

    See Also
    --------
    PITDisplay : Where targets lie in their distributions.
    sklearn.calibration.CalibrationDisplay : The same for two classes, without the band.

    Notes
    -----
    Points below the diagonal mean that probabilities are too high there. The band belongs to
    predictions that are right (a consistency band): the number of rows is binomial with the
    predicted probability, for classes with its mean in the group.

    References
    ----------
    J. Bröcker and L. A. Smith, "Increasing the Reliability of Reliability Diagrams", Weather and
    Forecasting 22, 2007.

    V. Kuleshov, N. Fenner and S. Ermon, "Accurate Uncertainties for Deep Learning Using Calibrated
    Regression", ICML 2018, section 3.2, for quantiles.

    Examples
    --------
    >>> from optlite.display import ReliabilityDisplay
    >>> display = ReliabilityDisplay([0.1, 0.8], [0.2, 0.8], counts=[30, 10])
    >>> round(display.calibration_error, 3)
    0.075
    """

    def __init__(
        self,
        predicted,
        observed,
        counts,
        *,
        kind="classes",
        confidence=0.95,
        label=None,
        estimator_name=None,
    ):
        if kind not in _AXES:
            raise ValueError(f"kind must be one of {', '.join(_AXES)}, got {kind!r}.")
        self.predicted = np.asarray(predicted, dtype=float)
        self.observed = np.asarray(observed, dtype=float)
        self.counts = np.asarray(counts, dtype=int)
        if not self.predicted.shape == self.observed.shape == self.counts.shape:
            raise ValueError(
                "predicted, observed and counts must have the same shape, got "
                f"{self.predicted.shape}, {self.observed.shape} and {self.counts.shape}."
            )
        self.kind = kind
        self.confidence = check_share("confidence", confidence)
        self.label = label
        self.estimator_name = estimator_name
        self.lower, self.upper = binomial_band(self.counts, self.predicted, self.confidence)
        gaps = np.abs(self.observed - self.predicted)
        self.calibration_error = float(np.average(gaps, weights=self.counts))

    @classmethod
    def from_estimator(cls, estimator, X, y, *, pos_label=None, levels=LEVELS, name=None, **kwargs):
        """Draw the probabilities of a fitted classifier, or the quantiles of a regressor.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_proba`` or ``pred_dist``.
        X : {array-like, data frame, sparse matrix} of shape (n_samples, n_features)
            Features, of rows that it was not fitted to.
        y : array-like of shape (n_samples,)
            Classes or targets.
        pos_label : object, default=None
            The class whose probability is drawn; None takes the last one.
        levels : array-like of shape (n_levels,), default=(0.05, 0.1, ..., 0.95)
            Probabilities of the quantiles.
        name : str, default=None
            Name of the model; None takes that of the class.
        **kwargs : dict
            The other arguments of :meth:`from_predictions`.

        Returns
        -------
        ReliabilityDisplay
            The display, drawn.
        """
        name = type(estimator).__name__ if name is None else name
        if not hasattr(estimator, "predict_proba"):
            predicted = distribution_of(estimator, X, cls.__name__)
            return cls.from_predictions(y, predicted, levels=levels, name=name, **kwargs)
        classes = np.asarray(estimator.classes_).tolist()
        pos_label = classes[-1] if pos_label is None else pos_label
        if pos_label not in classes:
            raise ValueError(f"pos_label must be one of {classes}, got {pos_label!r}.")
        probability = estimator.predict_proba(X)[:, classes.index(pos_label)]
        return cls.from_predictions(y, probability, pos_label=pos_label, name=name, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        predicted,
        *,
        pos_label=1,
        n_bins=10,
        strategy="quantile",
        levels=LEVELS,
        confidence=0.95,
        random_state=0,
        name=None,
        ax=None,
        **kwargs,
    ):
        """Draw predicted probabilities of a class, or predicted distributions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Classes or targets.
        predicted : array-like of shape (n_samples,), or PredictedDistribution
            Probabilities of the class `pos_label`, or distributions of numbers.
        pos_label : object, default=1
            The class.
        n_bins : int, default=10
            Number of groups of rows with like probabilities, at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Groups of equally many rows, or of equally wide ranges.
        levels : array-like of shape (n_levels,), default=(0.05, 0.1, ..., 0.95)
            Probabilities of the quantiles that are compared, of distributions.
        confidence : float in (0, 1), default=0.95
            Probability of the band, at each point.
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
        ReliabilityDisplay
            The display, drawn.
        """
        label = None
        if hasattr(predicted, "cdf"):
            kind, levels = "quantiles", check_levels(levels)
            below = distribution_values(y_true, predicted, random_state)[:, None] <= levels
            points = levels, below.mean(axis=0), np.full(len(levels), len(below))
        else:
            kind, label = "classes", pos_label
            hit = np.asarray(y_true) == pos_label
            points = _grouped(hit, predicted, n_bins, strategy)
        display = cls(*points, kind=kind, confidence=confidence, label=label, estimator_name=name)
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, name=None, show_histogram=True, band_kw=None, **kwargs):
        """Draw the curve, the diagonal and the band.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        name : str, default=None
            Name of the model, for the legend; None takes ``estimator_name``.
        show_histogram : bool, default=True
            Draw the shares of the rows behind the points as bars at the bottom, of classes.
        band_kw : dict, default=None
            Keyword arguments for the band.
        **kwargs : dict
            Keyword arguments for the curve.

        Returns
        -------
        ReliabilityDisplay
            The display itself.
        """
        ax = get_axes(ax, type(self).__name__)
        error = f"mean gap {100 * self.calibration_error:.1f} %"
        of = "the class" if self.label is None else f"class {self.label}"
        labels = "point", *(text.format(of) for text in _AXES[self.kind])
        given = {"name": name, "band_kw": band_kw, **kwargs}
        self.line_ = draw_curve(self, ax, self.predicted, self.observed, error, labels, **given)
        self.histogram_ = None
        if self.kind == "classes" and show_histogram:
            shares = self.counts / self.counts.sum()
            bars = {"color": COLORS[0], "alpha": 0.4, "label": "share of all rows"}
            self.histogram_ = ax.bar(self.predicted, shares, 0.012, **bars)
        legend_above(ax)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


def _grouped(hit, probability, n_bins, strategy):
    """Return mean probability, share of hits and number of rows of each group."""
    probability = np.asarray(probability, dtype=float)
    if probability.shape != hit.shape or probability.ndim != 1:
        raise ValueError(
            f"predicted must have one probability for each of the {len(hit)} rows of y_true, got "
            f"shape {probability.shape}. Take one column of predict_proba."
        )
    if not np.all((probability >= 0.0) & (probability <= 1.0)):
        raise ValueError("predicted must hold probabilities in [0, 1].")
    if strategy == "quantile":
        inner = np.quantile(probability, np.arange(1, n_bins) / n_bins)
    elif strategy == "uniform":
        inner = np.arange(1, n_bins) / n_bins
    else:
        raise ValueError(f"strategy must be one of quantile, uniform, got {strategy!r}.")
    group = np.searchsorted(inner, probability)
    counts = np.bincount(group, minlength=n_bins)
    filled = counts > 0
    sums = [np.bincount(group, weights=w, minlength=n_bins)[filled] for w in (probability, hit)]
    counts = counts[filled]
    return sums[0] / counts, sums[1] / counts, counts
