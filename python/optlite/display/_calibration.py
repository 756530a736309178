"""What the displays of calibration share: values of a distribution function, bands, checks."""

import numpy as np
from scipy import stats

from ._axes import merged
from ._style import COLORS


def distribution_of(estimator, X, display):
    """Return the distributions that an estimator predicts, or say what it lacks."""
    if not hasattr(estimator, "pred_dist"):
        raise TypeError(
            f"{display} needs an estimator with pred_dist, such as NGBRegressor, got "
            f"{estimator!r}. For other models, see from_predictions."
        )
    return estimator.pred_dist(X)


def distribution_values(y, predicted, random_state=0):
    """Return F(y | x) of each row, uniform between 0 and 1 if the predictions are right.

    Where y is discrete, F jumps at y: a value between both sides of the jump is drawn, which is
    uniform then.

    Parameters
    ----------
    y : array-like of shape (n,)
    predicted : PredictedDistribution, or object with ``cdf``
    random_state : int, default=0

    Returns
    -------
    ndarray of shape (n,)
    """
    if not hasattr(predicted, "cdf"):
        raise TypeError(
            f"predicted must be a distribution with cdf, such as what pred_dist returns, got "
            f"{type(predicted).__name__}."
        )
    y = np.asarray(y, dtype=float)
    values = np.asarray(predicted.cdf(y), dtype=float)
    if values.shape != y.shape or y.ndim != 1:
        raise ValueError(
            f"y_true and predicted must have one row each for the same rows, got shapes {y.shape} "
            f"and {values.shape}."
        )
    if hasattr(predicted, "pmf") and getattr(getattr(predicted, "family", None), "discrete", False):
        share = np.random.default_rng(random_state).uniform(size=len(y))
        values = values - share * predicted.pmf(y)
    return values


def binomial_band(n, probability, confidence):
    """Return the shares of n rows between which the share of a true probability lies.

    Returns
    -------
    lower, upper : ndarray
        With at least this confidence, equal tails.
    """
    tail = 0.5 * (1.0 - np.asarray(confidence))
    lower, upper = (stats.binom.ppf(q, n, probability) for q in (tail, 1.0 - tail))
    return lower / n, upper / n


def check_share(name, value):
    """Refuse what is not between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must be in (0, 1), got {value!r}.")
    return float(value)


def check_levels(levels):
    """Return levels as an array of rising numbers between 0 and 1."""
    levels = np.asarray(levels, dtype=float)
    inside = np.all((levels > 0.0) & (levels < 1.0))
    if levels.ndim != 1 or len(levels) == 0 or not inside or not np.all(np.diff(levels) > 0.0):
        raise ValueError(f"levels must be a 1-d array of rising numbers in (0, 1), got {levels!r}.")
    return levels


def draw_curve(display, ax, across, observed, summary, labels, *, name, band_kw, **kwargs):
    """Draw observed against predicted shares, with the band, the ideal and a legend above.

    Parameters
    ----------
    display : object
        With ``lower``, ``upper``, ``confidence`` and ``estimator_name``.
    ax : matplotlib Axes
    across, observed : ndarray of shape (n_points,)
    summary : str
        What the legend says of the curve.
    labels : tuple of str
        What a point is, and the names of the axes.
    name, band_kw, kwargs
        Arguments of ``plot``.

    Returns
    -------
    matplotlib Line2D
        The curve.
    """
    point, xlabel, ylabel = labels
    name = display.estimator_name if name is None else name
    band = {"color": "0.5", "alpha": 0.3, "linewidth": 0}
    band["label"] = f"{100 * display.confidence:g} % band at each {point}, if calibrated"
    ax.fill_between(across, display.lower, display.upper, **merged(band, band_kw))
    ax.plot([0.0, 1.0], [0.0, 1.0], color="0.4", linewidth=1, linestyle=":", label="ideal")
    style = {"color": COLORS[0], "marker": "o", "markersize": 4, "linewidth": 1.8}
    style |= {"label": summary if name is None else f"{name}: {summary}", "clip_on": False}
    (line,) = ax.plot(across, observed, **merged(style, kwargs))
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal", xlabel=xlabel, ylabel=ylabel)
    return line


def legend_above(ax):
    """Put the legend where it covers nothing."""
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), frameon=False, borderaxespad=0.2)
