"""Paths of optimizers over the contours of an objective."""

import numpy as np

from ..trace import Trace
from . import _landscape
from ._axes import get_axes, merged, shrink_to_content
from ._labels import free_corner, place, samples
from ._plane import coordinate_plane, given_plane, principal_plane
from ._style import label, line_styles, markers, text_color, unique

LABELS = ("auto", "direct", "legend")


class TrajectoryDisplay:
    """Show where one or several runs went, over the contours of the objective.

    It is recommended to use :meth:`from_trace`, :meth:`from_traces` or :meth:`from_methods` to
    create a display.

    Parameters
    ----------
    traces : Trace, or dict of str to Trace
        The records of a run, or of several by name; they must hold ``x``.
    objective : object of optlite.objectives, or function, default=None
        What was minimised: an object with ``value`` or ``value_and_gradient``, or a function of a
        point. None draws no contours.
    directions : array-like of shape (2, dim), default=None
        Two directions that span the plane to show. None shows two variables as they are, and of
        more variables the plane that lies closest to the paths (see Notes).

    Attributes
    ----------
    paths : dict of ndarray of shape (n_records, dim)
        The points of each run.
    points : dict of ndarray of shape (n_records, 2)
        Their coordinates in the plane, as drawn.
    ax_ : matplotlib Axes
        Axes with the paths, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    lines_ : dict of matplotlib Line2D
        The path of each run.
    contours_ : matplotlib QuadContourSet or None
        The contour lines; None without an objective, or if it is constant.
    marks_ : list of matplotlib Line2D
        The starts, and the minimizers where there are any.

    See Also
    --------
    animate : The same picture, moving.
    ConvergenceDisplay : The value of the objective against time.
    LossLandscapeDisplay : An objective along lines and planes through a point.

    Notes
    -----
    A plane in more than two variables goes through the last point of the run that ended lowest. Its
    axes are the first two principal components of the differences of all points from there [1]_,
    section 7, or the two given directions made orthogonal. Points are projected to it. Each axis
    says which share of the sum of squared differences it explains; the contours are those in the
    plane, so that the value at a point off the plane is another one.

    The contours are spaced in equal ratios of the distance from the lowest value shown, so that
    the bottom of a valley is visible between walls that are a million times as high.

    References
    ----------
    .. [1] Li, Xu, Taylor, Studer, Goldstein, Visualizing the loss landscape of neural nets, NeurIPS
       2018.

    Examples
    --------
    >>> from optlite import optim
    >>> from optlite.display import TrajectoryDisplay
    >>> from optlite.objectives import Quadratic
    >>> f = Quadratic([1.0, 10.0])
    >>> trace = optim.minimize(f, [1.0, 1.0], method=optim.SGD(0.15), trace=True).trace
    >>> display = TrajectoryDisplay(trace, f)
    >>> display.paths["run"][:2]
    array([[ 1.  ,  1.  ],
           [ 0.85, -0.5 ]])
    """

    def __init__(self, traces, objective=None, *, directions=None):
        self.traces = _named(traces)
        self.objective = objective
        self.paths = {name: _path(name, trace) for name, trace in self.traces.items()}
        shape = next(iter(self.traces.values()))[0].x.shape
        self._evaluate = None if objective is None else _landscape.evaluator(objective, shape)
        self.plane = self._make_plane(directions)
        self.points = {name: self.plane.coordinates(path) for name, path in self.paths.items()}

    def _make_plane(self, directions):
        """Two variables as they are, or a plane through the best last point."""
        dims = {path.shape[1] for path in self.paths.values()}
        if len(dims) > 1:
            raise ValueError(f"traces must have points of one size, got {sorted(dims)} variables.")
        dim = dims.pop()
        if dim < 2:
            raise ValueError(
                "traces must have points of at least two variables, got 1. For one variable, draw "
                "the objective with LossLandscapeDisplay.from_interpolation."
            )
        if dim == 2 and directions is None:
            return coordinate_plane()
        stacked = np.concatenate(list(self.paths.values()))
        stacked = stacked[np.isfinite(stacked).all(axis=1)]
        origin = self._lowest_end()
        if directions is None:
            return principal_plane(stacked, origin)
        return given_plane(directions, origin, stacked)

    def _lowest_end(self):
        """The last finite point of the run whose objective ended lowest."""
        ends = {}
        for name, path in self.paths.items():
            last = np.flatnonzero(np.isfinite(path).all(axis=1))[-1]
            ends[name] = (self.traces[name][int(last)].objective, path[last])
        return min(ends.values(), key=lambda end: np.nan_to_num(end[0], nan=np.inf))[1]

    # --- ways to make one -------------------------------------------------------------------------

    @classmethod
    def from_trace(cls, trace, objective=None, *, name="run", directions=None, ax=None, **kwargs):
        """Draw the path of one run.

        Parameters
        ----------
        trace : Trace, or iterable of Record or of dict
            The records of the run, with ``x``.
        objective : object of optlite.objectives, or function, default=None
            What was minimised; None draws no contours.
        name : str, default="run"
            What ran.
        directions : array-like of shape (2, dim), default=None
            Two directions that span the plane to show.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        return cls({name: trace}, objective, directions=directions).plot(ax, **kwargs)

    @classmethod
    def from_traces(cls, traces, objective=None, *, directions=None, ax=None, **kwargs):
        """Draw the paths of several runs on one landscape.

        Parameters
        ----------
        traces : dict of str to Trace
            The records of each run by name.
        objective, directions, ax, **kwargs
            As in :meth:`from_trace`.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn.
        """
        return cls(traces, objective, directions=directions).plot(ax, **kwargs)

    @classmethod
    def from_methods(
        cls,
        objective,
        x0,
        methods,
        *,
        max_iter=100,
        tol=1e-8,
        engine="core",
        batch_size=None,
        random_state=None,
        directions=None,
        ax=None,
        **kwargs,
    ):
        """Run several methods from one point and draw their paths.

        Parameters
        ----------
        objective : object of optlite.objectives
            What to minimise.
        x0 : array-like of shape `objective.shape`
            Where all of them start.
        methods : list of (str or Rule), or dict of str to (str or Rule)
            What runs, as in :func:`optlite.optim.steps`: names ("sgd", "lbfgs") or update rules
            with their hyper-parameters (``Adam(0.1)``). The keys of a dict name them in the
            picture.
        max_iter : int, >= 0, default=100
            Limit of iterations.
        tol, engine, batch_size, random_state
            As in :func:`optlite.optim.steps`.
        directions : array-like of shape (2, dim), default=None
            Two directions that span the plane to show.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        TrajectoryDisplay
            The display, drawn; ``traces`` has the runs.
        """
        from ..optim import steps

        traces = {}
        for name, method in _named_methods(methods).items():
            with np.errstate(over="ignore", invalid="ignore"):
                records = steps(
                    objective,
                    x0,
                    method,
                    max_iter=max_iter,
                    tol=tol,
                    engine=engine,
                    batch_size=batch_size,
                    random_state=random_state,
                )
                traces[name] = Trace(records)
        return cls(traces, objective, directions=directions).plot(ax, **kwargs)

    # --- drawing ----------------------------------------------------------------------------------

    def plot(
        self,
        ax=None,
        *,
        levels="log",
        n_levels=14,
        resolution=100,
        xlim=None,
        ylim=None,
        aspect="equal",
        labels="auto",
        minimizer="objective",
        contour_kw=None,
        **kwargs,
    ):
        """Draw the contours and the paths.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        levels : {"log", "quantile"} or array-like, default="log"
            Values of the contours: in equal ratios of the distance from the lowest value shown,
            with equal areas between them, or these values.
        n_levels : int, default=14
            How many contours.
        resolution : int, default=100
            Points of the grid along each side; the objective is computed ``resolution ** 2`` times.
        xlim, ylim : tuple of float, default=None
            What to show. None shows the start, the minimizers, and the points of each run whose
            objective does not rise far above that of the start: a run that diverges leaves the
            picture.
        aspect : {"equal", "auto"}, default="equal"
            Equal lengths on both axes, so that gradients are at right angles to contours; or fill
            the axes.
        labels : {"auto", "direct", "legend"}, default="auto"
            Write names beside the paths or in a legend; "auto" writes them beside the paths if
            there is room for all of them.
        minimizer : "objective", array-like or None, default="objective"
            The point or points to mark as minima. By default, in two variables, those that the
            objective knows.
        contour_kw : dict, default=None
            Keyword arguments for the contour lines.
        **kwargs : dict
            Keyword arguments for the lines of all paths.

        Returns
        -------
        TrajectoryDisplay
            The display itself.
        """
        if labels not in LABELS:
            raise ValueError(f"labels must be one of {', '.join(LABELS)}, got {labels!r}.")
        is_own, ax = ax is None, get_axes(ax, type(self).__name__)
        self.draw_landscape(
            ax,
            levels=levels,
            n_levels=n_levels,
            resolution=resolution,
            xlim=xlim,
            ylim=ylim,
            aspect=aspect,
            minimizer=minimizer,
            contour_kw=contour_kw,
        )
        self.lines_ = {name: self._draw_path(ax, name, kwargs) for name in self.points}
        self._name_paths(ax, labels)
        if is_own:
            shrink_to_content(ax.figure, ax)
        return self

    def draw_landscape(
        self,
        ax,
        *,
        levels="log",
        n_levels=14,
        resolution=100,
        xlim=None,
        ylim=None,
        aspect="equal",
        minimizer="objective",
        contour_kw=None,
    ):
        """Draw everything but the paths: contours, starts and minimizers.

        Parameters
        ----------
        ax : matplotlib Axes
            Where to draw.
        levels, n_levels, resolution, xlim, ylim, aspect, minimizer, contour_kw
            As in :meth:`plot`.
        """
        minimizers = self._minimizers(minimizer)
        xlim, ylim = self._limits(xlim, ylim, aspect, minimizers)
        self.contours_ = None
        if self._evaluate is not None:
            sides = np.linspace(*xlim, resolution), np.linspace(*ylim, resolution)
            values = _landscape.grid_values(self._evaluate, self.plane, *sides)
            heights = _landscape.contour_levels(values, levels, n_levels)
            self.contours_ = _landscape.draw_contours(
                ax, sides, values, heights, **(contour_kw or {})
            )
        starts = np.unique([points[0] for points in self.points.values()], axis=0)
        style = {"linestyle": "none", "color": "black", "zorder": 6}
        self.marks_ = [_marks(ax, starts, "start", marker="o", markerfacecolor="white", **style)]
        if len(minimizers):
            text = "minimum" if len(minimizers) == 1 else "minima"
            self.marks_.append(_marks(ax, minimizers, text, marker="*", markersize=9, **style))
        ax.set(xlim=xlim, ylim=ylim, aspect=aspect)
        ax.set(xlabel=self.plane.labels[0], ylabel=self.plane.labels[1])
        ax.apply_aspect()  # so that its size is known to those who look for room
        self.ax_ = ax
        self.figure_ = ax.figure

    def _minimizers(self, given):
        """Coordinates of the points to mark, (n, 2)."""
        dim = len(self.plane.origin)
        if isinstance(given, str) and given == "objective":
            known = getattr(self.objective, "minimizers", None) if dim == 2 else None
            given = known
        if given is None:
            return np.empty((0, 2))
        points = np.asarray(given, dtype=np.float64).reshape(-1, dim)
        return self.plane.coordinates(points)

    def _limits(self, xlim, ylim, aspect, minimizers):
        """What to show along both axes."""
        shown = [minimizers]
        for name, points in self.points.items():
            shown.append(points[_is_shown(self.traces[name]["objective"], points)])
        shown = np.concatenate(shown)
        middle = 0.5 * (shown.max(axis=0) + shown.min(axis=0))
        widths = 1.2 * (shown.max(axis=0) - shown.min(axis=0))
        if aspect == "equal":
            widths = np.maximum(widths, 0.6 * widths.max())
        widths = np.where(widths > 0.0, widths, 1.0)
        low, high = middle - 0.5 * widths, middle + 0.5 * widths
        return xlim or (low[0], high[0]), ylim or (low[1], high[1])

    def _draw_path(self, ax, name, keywords):
        """One path and its last point."""
        points = self.points[name]
        style = {"linewidth": 1.8, "zorder": 3, "label": name, **line_styles(self.points)[name]}
        if max(map(len, self.points.values())) <= 61:
            style |= {"marker": ".", "markersize": 5}
        (line,) = ax.plot(*points.T, **merged(style, keywords))
        ax.plot(
            *points[-1],
            marker=markers(self.points)[name],
            color=line.get_color(),
            markeredgecolor="white",
            markersize=8,
            zorder=5,
        )
        return line

    def _name_paths(self, ax, labels):
        """Write the names beside the paths, or in a legend."""
        if labels != "legend" and self._write_beside(ax):
            return
        if labels == "direct":
            raise ValueError(
                "labels must not be 'direct' here: the paths leave no room for their names. Use "
                "labels='legend'."
            )
        self.draw_legend(ax)

    def draw_legend(self, ax, **keywords):
        """Put a legend into a corner that is free of paths, or beside the axes if none is.

        Beside the axes it needs a figure whose layout makes room: ``layout="constrained"``.
        """
        curves, marks = self._in_view(ax)
        longest = max(len(text) for text in [*curves, *marks])
        size = _character(ax) * [longest + 8, 1.25 * (len(curves) + len(marks) + 1)] + 0.02
        corner = free_corner(np.concatenate([*curves.values(), *marks.values()]), size)
        if corner is not None:
            ax.legend(loc=corner, framealpha=0.9, **keywords)
            return
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, **keywords)

    def _in_view(self, ax):
        """What paths and marks cover, by label, in units of the axes."""
        curves = {name: samples(self._in_axes(ax, p)) for name, p in self.points.items()}
        return curves, {
            mark.get_label(): samples(self._in_axes(ax, mark.get_xydata()), spacing=np.inf)
            for mark in self.marks_
        }

    def _write_beside(self, ax):
        """Write all names beside the paths and marks; False if there is no room for that."""
        curves, marks = self._in_view(ax)
        obstacles = [*curves.values(), *marks.values()]
        gap = _in_points(ax) * [5.0, 2.0]
        places = place([*curves, *marks], obstacles, obstacles, _character(ax), gap)
        if places is None:
            return False
        for text, (point, side) in zip([*curves, *marks], places, strict=True):
            color = text_color(self.lines_[text].get_color() if text in curves else "black")
            _write(ax, text, point, side, color)
        return True

    def _in_axes(self, ax, points):
        """Points in units of the axes, 0 to 1."""
        lower, upper = np.array([ax.get_xlim(), ax.get_ylim()]).T
        return (points - lower) / (upper - lower)


def _in_points(ax):
    """A point of type, 1/72 inch, in units of the axes."""
    box = ax.get_window_extent()
    return ax.figure.dpi / 72.0 / np.array([box.width, box.height])


def _character(ax):
    """Width and height of a character of the usual size, in units of the axes."""
    import matplotlib as mpl

    return _in_points(ax) * mpl.rcParams["font.size"] * [0.6, 1.4]


def _marks(ax, points, text, **style):
    """Draw points of one kind."""
    (line,) = ax.plot(*points.T, label=text, **style)
    return line


def _write(ax, text, point, side, color):
    """Write a text beside a point, with a white rim that keeps it legible over contours."""
    from matplotlib.patheffects import withStroke

    ax.annotate(
        text,
        point,
        xycoords="axes fraction",
        xytext=(5.0 * side[0], 2.0 * side[1]),
        textcoords="offset points",
        ha="left" if side[0] > 0 else "right",
        va="bottom" if side[1] > 0 else "top",
        color=color,
        zorder=7,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def _is_shown(values, points):
    """Which points of a run the picture must hold: it swings above its start, or diverges."""
    fall = values[0] - np.min(values, initial=values[0], where=np.isfinite(values))
    diverges = not values[-1] <= values[0]
    usual = ~(values > values[0] + (0.0 if diverges else 10.0 * fall))
    usual &= np.isfinite(points).all(axis=1)
    usual[0] = True
    return usual


def _named(traces):
    """Accept one trace or several by name."""
    if not isinstance(traces, dict):
        traces = {"run": traces}
    if not traces:
        raise ValueError("traces must hold at least one run, got an empty dict.")
    return {
        str(name): trace if isinstance(trace, Trace) else Trace(trace)
        for name, trace in traces.items()
    }


def _path(name, trace):
    """The points of a run, one a row."""
    if len(trace) == 0:
        raise ValueError(f"traces must hold at least one record each, got none for {name!r}.")
    points = trace["x"].reshape(len(trace), -1)
    if not np.isfinite(points[0]).all():
        raise ValueError(f"traces must start at a finite point, got {points[0]} for {name!r}.")
    return points


def _named_methods(methods):
    """Accept one method, a list of them, or several by name."""
    if isinstance(methods, dict):
        return {str(name): method for name, method in methods.items()}
    if isinstance(methods, str) or not hasattr(methods, "__iter__"):
        methods = [methods]
    methods = list(methods)
    return dict(zip(unique([label(method) for method in methods]), methods, strict=True))
