"""Where mass goes: a transport plan as lines between points, or as a matrix."""

import numpy as np

from ._axes import get_axes, merged
from ._style import COLORS


class TransportPlanDisplay:
    """Show a transport plan.

    It is recommended to use :meth:`from_result` to create a display.

    Parameters
    ----------
    plan : array-like of shape (n_sources, n_targets)
        Masses that move.
    X, Y : array-like of shape (n_sources, 2) and (n_targets, 2), default=None
        Points in the plane, for lines.

    Attributes
    ----------
    plan : ndarray
        The plan.
    ax_ : matplotlib Axes
        Axes with the drawing, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    image_ : matplotlib AxesImage or None
        The matrix.
    lines_ : matplotlib LineCollection or None
        The lines.

    Examples
    --------
    >>> from optlite.display import TransportPlanDisplay
    >>> display = TransportPlanDisplay([[0.5, 0.0], [0.1, 0.4]])
    >>> display.plan.shape
    (2, 2)
    """

    def __init__(self, plan, X=None, Y=None):
        self.plan = np.asarray(plan, dtype=float)
        if self.plan.ndim != 2:
            raise ValueError(f"plan must have two dimensions, got shape {self.plan.shape}.")
        self.X = _check_points(X, "X", self.plan.shape[0])
        self.Y = _check_points(Y, "Y", self.plan.shape[1])

    @classmethod
    def from_result(cls, result, X=None, Y=None, *, kind=None, ax=None, **kwargs):
        """Draw the plan of a result of :func:`optlite.ot.solve` or ``solve_points``.

        Parameters
        ----------
        result : TransportResult
            What was solved.
        X, Y : array-like of shape (n_sources, 2) and (n_targets, 2), default=None
            Points in the plane.
        kind : {"lines", "matrix"}, default=None
            Lines between points, or the entries of the plan; None draws lines where there are
            points.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        TransportPlanDisplay
            The display, drawn.
        """
        return cls(result.plan, X, Y).plot(ax, kind=kind, **kwargs)

    def plot(self, ax=None, *, kind=None, threshold=0.05, **kwargs):
        """Draw the plan.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        kind : {"lines", "matrix"}, default=None
            What to draw; None draws lines where there are points.
        threshold : float in [0, 1), default=0.05
            Lines of less than this share of the largest mass are left out.
        **kwargs : dict
            Keyword arguments for the lines or for the image.

        Returns
        -------
        TransportPlanDisplay
            The display itself.
        """
        if kind is None:
            kind = "matrix" if self.X is None or self.Y is None else "lines"
        if kind not in ("lines", "matrix"):
            raise ValueError(f'kind must be "lines" or "matrix", got {kind!r}.')
        if kind == "lines" and (self.X is None or self.Y is None):
            raise ValueError('kind="lines" needs the points X and Y.')
        ax = get_axes(ax, type(self).__name__)
        self.image_ = self.lines_ = None
        if kind == "lines":
            self._plot_lines(ax, threshold, kwargs)
        else:
            self._plot_matrix(ax, kwargs)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _plot_lines(self, ax, threshold, kwargs):
        from matplotlib.collections import LineCollection

        if not self.plan.max() > 0.0:
            raise ValueError("plan must have mass to draw lines, got none. Draw kind='matrix'.")
        share = self.plan / self.plan.max()
        rows, columns = np.nonzero(share > threshold)
        order = np.argsort(share[rows, columns])  # heavy lines lie on top
        rows, columns = rows[order], columns[order]
        segments = np.stack([self.X[rows], self.Y[columns]], axis=1)
        style = {"colors": "0.35", "alpha": share[rows, columns], "linewidths": 1.0}
        self.lines_ = ax.add_collection(LineCollection(segments, **merged(style, kwargs)))
        largest = max(self.plan.sum(axis=1).max(), self.plan.sum(axis=0).max())
        for points, masses, color, marker, name in (
            (self.X, self.plan.sum(axis=1), COLORS[0], "o", "sources"),
            (self.Y, self.plan.sum(axis=0), COLORS[1], "s", "targets"),
        ):
            dots = {"c": color, "marker": marker, "edgecolors": "white", "linewidths": 0.5}
            ax.scatter(*points.T, s=8.0 + 40.0 * masses / largest, zorder=3, **dots)
            ax.scatter([], [], s=48.0, label=name, **dots)
        ax.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
        # Above the axes, where it hides no point.
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)

    def _plot_matrix(self, ax, kwargs):
        style = {"cmap": "cividis", "aspect": "auto", "interpolation": "nearest"}
        self.image_ = ax.imshow(self.plan, **merged(style, kwargs))
        ax.figure.colorbar(self.image_, ax=ax, label="Mass")
        ax.set(xlabel="Target", ylabel="Source")


def _check_points(points, name, count):
    if points is None:
        return None
    points = np.asarray(points, dtype=float)
    if points.shape != (count, 2):
        raise ValueError(f"{name} must have shape ({count}, 2), got {points.shape}.")
    return points
