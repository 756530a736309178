"""Sharpness along a run of training, beside the threshold of its update rule."""

import math

import numpy as np

from ._axes import get_axes, merged
from ._style import COLORS, MARKERS, text_color


class StabilityDisplay:
    r"""Show how sharp the objective is along a run, and how much its update rule stands.

    Above the threshold the steps of the rule diverge on a quadratic. Networks trained with all
    samples sharpen until they reach it: the edge of stability.

    It is recommended to use :meth:`from_tracker` to create a display.

    Parameters
    ----------
    iterations : array-like of shape (n_records,)
        Where the sharpness was measured, in rising order.
    sharpness : array-like of shape (n_records,)
        Largest eigenvalue of the Hessian.
    threshold : float, default=None
        Of :func:`optlite.curvature.stability_threshold`.
    bounds : array-like of shape (n_records,), default=None
        How far each value may be from an eigenvalue.
    name : str, default=None
        What the run is, for the legend.
    threshold_name : str, default=None
        What the threshold is; None writes its value.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D
        The sharpness.
    band_ : matplotlib FillBetweenPolyCollection or None
        What the bounds allow.
    threshold_ : matplotlib Line2D or None
        The threshold.

    See Also
    --------
    optlite.curvature.SharpnessTracker : Measures it.
    LossLandscapeDisplay : The objective around one point.

    Examples
    --------
    >>> from optlite.display import StabilityDisplay
    >>> display = StabilityDisplay([0, 10, 20, 30], [5.0, 15.0, 21.0, 19.0], threshold=20.0)
    >>> display.reached, display.time_above
    (20, 0.25)
    """

    def __init__(
        self, iterations, sharpness, threshold=None, *, bounds=None, name=None, threshold_name=None
    ):
        self.iterations = np.asarray(iterations, dtype=float)
        self.sharpness = np.asarray(sharpness, dtype=float)
        if self.iterations.ndim != 1 or self.iterations.size == 0:
            raise ValueError(
                f"iterations must be a vector of numbers, got shape {self.iterations.shape}."
            )
        self.bounds = None if bounds is None else np.asarray(bounds, dtype=float)
        for word, values in (("sharpness", self.sharpness), ("bounds", self.bounds)):
            if values is not None and values.shape != self.iterations.shape:
                raise ValueError(
                    f"{word} must have a number for each of the {self.iterations.size} iterations, "
                    f"got shape {values.shape}."
                )
        if (np.diff(self.iterations) < 0.0).any():
            raise ValueError("iterations must rise.")
        if threshold is not None and not threshold > 0.0:
            raise ValueError(f"threshold must be > 0, got {threshold}.")
        self.threshold, self.name, self.threshold_name = threshold, name, threshold_name

    @property
    def reached(self):
        """First iteration at which the sharpness is at the threshold; None if it never is."""
        above = self._above()
        return int(self.iterations[np.argmax(above)]) if above.any() else None

    @property
    def time_above(self):
        """Share of the measurements at or above the threshold."""
        return float(np.mean(self._above()))

    def _above(self):
        if self.threshold is None:
            raise ValueError("threshold must be given to be compared with, got None.")
        return self.sharpness >= self.threshold

    @classmethod
    def from_tracker(cls, tracker, *, name=None, threshold_name=None, ax=None, **kwargs):
        """Draw what a tracker has measured.

        Parameters
        ----------
        tracker : SharpnessTracker
            With a record at least; its threshold is that of its rule.
        name : str, default=None
            What the run is, for the legend.
        threshold_name : str, default=None
            What the threshold is; None writes its value.
        ax : matplotlib Axes, default=None
            Where to draw, also beside other runs; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        StabilityDisplay
            The display, drawn.

        Examples
        --------
        >>> import numpy as np
        >>> from optlite import curvature, objectives, optim
        >>> from optlite.display import StabilityDisplay
        >>> f, rule = objectives.Quadratic([1.0, 30.0]), optim.SGD(learning_rate=0.05)
        >>> tracker = curvature.SharpnessTracker(f, rule=rule)
        >>> for record in tracker.follow(optim.steps(f, [1.0, 0.1], rule, max_iter=5)):
        ...     pass
        >>> StabilityDisplay.from_tracker(tracker).threshold
        40.0
        """
        if not tracker.records:
            raise ValueError("tracker must have a record at least, got none. Run it first.")
        threshold = tracker.threshold
        display = cls(
            tracker.iterations,
            tracker.sharpness,
            None if threshold is None or math.isinf(threshold) else threshold,
            bounds=tracker.residual_bounds,
            name=name,
            threshold_name=threshold_name,
        )
        return display.plot(ax, **kwargs)

    def plot(self, ax=None, *, color=None, scale="linear", marked=None, **kwargs):
        """Draw the sharpness and the threshold.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, also beside other runs; None makes a figure.
        color : matplotlib color, default=None
            Of curve and threshold; None takes the next of the palette that the axes have not seen.
        scale : {"linear", "log"}, default="linear"
            The vertical axis.
        marked : bool, default=None
            Whether each measurement has a mark; None marks up to 60.
        **kwargs : dict
            Keyword arguments for the curve.

        Returns
        -------
        StabilityDisplay
            The display itself.
        """
        if scale not in ("linear", "log"):
            raise ValueError(f"scale must be 'linear' or 'log', got {scale!r}.")
        ax = get_axes(ax, type(self).__name__)
        runs = [line for line in ax.lines if line.get_gid() == "sharpness"]
        number = len(runs)
        color = COLORS[number % len(COLORS)] if color is None else color
        marked = self.iterations.size <= 60 if marked is None else marked
        style = {
            "color": color,
            "linewidth": 1.6,
            "marker": MARKERS[number % len(MARKERS)] if marked else "",
            "markersize": 4.0,
            "label": "sharpness" if self.name is None else self.name,
        }
        (self.line_,) = ax.plot(self.iterations, self.sharpness, **merged(style, kwargs))
        self.line_.set_gid("sharpness")
        self.band_ = None
        if self.bounds is not None:
            low, high = self.sharpness - self.bounds, self.sharpness + self.bounds
            self.band_ = ax.fill_between(
                self.iterations, low, high, color=color, alpha=0.2, linewidth=0.0
            )
        self.threshold_ = None
        if self.threshold is not None:
            self._draw_threshold(ax, color)
        ax.set_yscale(scale)
        if scale == "linear":
            # Left to grow: another run on these axes may be sharper.
            ax.set_ylim(bottom=min(0.0, float(np.min(self.sharpness))), auto=True)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(alpha=0.25)
        ax.set(xlabel="Iteration", ylabel="Largest eigenvalue of the Hessian")
        ax.legend(frameon=False, loc="best")
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _draw_threshold(self, ax, color):
        """A dashed line across, once; its name is in the legend, where it covers no curve."""
        word = f"threshold {self.threshold:.4g}" if self.threshold_name is None else None
        word = word or self.threshold_name
        for line in ax.lines:
            known = line.get_gid() == "threshold" and line.get_label() == word
            if known and line.get_ydata()[0] == self.threshold:
                line.set_color("0.3")  # it belongs to several runs
                self.threshold_ = line
                return
        self.threshold_ = ax.axhline(
            self.threshold,
            color=text_color(color),
            linestyle=(0.0, (6.0, 3.0)),
            linewidth=1.1,
            label=word,
            gid="threshold",
        )
