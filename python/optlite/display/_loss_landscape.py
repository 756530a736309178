"""An objective along a line, or in a plane, through a point."""

import math

import numpy as np

from . import _landscape
from ._axes import get_axes, merged
from ._plane import Plane, independent
from ._style import COLORS

#: Up to this number of variables the whole Hessian is computed, from its products with all axes.
DENSE = 200


class LossLandscapeDisplay:
    """Show the values of an objective on a line or in a plane.

    It is recommended to use :meth:`from_objective` or :meth:`from_interpolation` to create a
    display.

    Parameters
    ----------
    coordinates : array-like of shape (n_points,), or a pair of such arrays
        Where on the line; or where along the two axes of the plane.
    values : array-like of shape (n_points,), or (n_second, n_first)
        Values of the objective; in a plane, rows go along the second axis.
    labels : sequence of str, default=("position along the line",)
        Names of the axes.
    marks : dict of str to float or tuple of float, default=None
        Coordinates of points to mark, by name.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the values, after ``plot``.
    figure_ : matplotlib Figure
        Figure that contains the axes.
    line_ : matplotlib Line2D or None
        The values on a line.
    contours_ : matplotlib QuadContourSet or None
        The contour lines in a plane.
    surface_ : matplotlib Poly3DCollection or None
        The surface over a plane.

    See Also
    --------
    TrajectoryDisplay : Paths of optimizers on a landscape.

    Notes
    -----
    Random directions are filter-normalised [1]_: each filter of a direction, the weights
    that feed one output, is scaled to the norm of that filter at the point,

    .. math::

        d_{ij} \\leftarrow \\frac{d_{ij}}{\\|d_{ij}\\|} \\, \\|w_{ij}\\|.

    Rescaling the filters of a network whose output does not change by it then changes no picture.
    A step of length 1 is a relative change of 100 %.

    A plane is two numbers of many: a picture without a barrier does not prove that there is none.

    References
    ----------
    .. [1] Li, Xu, Taylor, Studer, Goldstein, Visualizing the loss landscape of neural nets, NeurIPS
       2018.

    Examples
    --------
    >>> from optlite.display import LossLandscapeDisplay
    >>> display = LossLandscapeDisplay([-1.0, 0.0, 1.0], [2.0, 1.0, 3.0])
    >>> display.values
    array([2., 1., 3.])
    """

    def __init__(self, coordinates, values, *, labels=("position along the line",), marks=None):
        self.values = np.asarray(values, dtype=np.float64)
        pair = isinstance(coordinates, (tuple, list)) and np.ndim(coordinates[0]) == 1
        sides = coordinates if pair else [coordinates]
        self.coordinates = tuple(np.asarray(side, dtype=np.float64) for side in sides)
        self.labels, self.marks = tuple(labels), dict(marks or {})
        wanted = tuple(len(side) for side in self.coordinates[::-1])
        if len(wanted) > 2 or self.values.shape != wanted:
            raise ValueError(
                f"values must have shape {wanted}, one for each point of the coordinates, got "
                f"{self.values.shape}."
            )
        if len(self.labels) != len(wanted):
            raise ValueError(
                f"labels must have one name for each of the {len(wanted)} axes, got "
                f"{len(self.labels)}."
            )

    # --- ways to make one -------------------------------------------------------------------------

    @classmethod
    def from_objective(
        cls,
        objective,
        point,
        *,
        directions="random",
        n_directions=2,
        span=1.0,
        n_points=51,
        filters=None,
        random_state=None,
        ax=None,
        **kwargs,
    ):
        """Draw an objective on a line or a plane through a point.

        Parameters
        ----------
        objective : object of optlite.objectives, or function
            An object with ``value`` or ``value_and_gradient``, or a function of a point.
        point : array-like
            The point in the middle.
        directions : {"random", "eigenvectors"} or array-like, default="random"
            Random directions, filter-normalised (see Notes of the class); eigenvectors of the
            Hessian, of the largest absolute eigenvalues, which need ``hvp``; or one or two
            directions, each shaped as `point`, which are used as they are.
        n_directions : {1, 2}, default=2
            A line or a plane; given directions are counted.
        span : float, > 0, default=1.0
            Show coordinates from -span to span, in units of the length of the directions.
        n_points : int, >= 2, default=51
            Points along each direction.
        filters : array-like of int, shaped as `point`, default=None
            The filter to which each variable belongs, by number. None makes a filter of each row of
            a matrix, and one of a whole vector.
        random_state : int, numpy.random.Generator or None, default=None
            Seed of the random directions.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            The other arguments of :meth:`plot`.

        Returns
        -------
        LossLandscapeDisplay
            The display, drawn.
        """
        point = _finite(point, "point")
        if not (np.isscalar(span) and span > 0.0 and math.isfinite(span)):
            raise ValueError(f"span must be a number > 0, got {span!r}.")
        if n_directions not in (1, 2):
            raise ValueError(f"n_directions must be 1 or 2, got {n_directions!r}.")
        evaluate = _landscape.evaluator(objective, point.shape)
        random = np.random.default_rng(random_state)
        rows, labels = _directions(objective, point, directions, n_directions, filters, random)
        plane = Plane(point.ravel(), rows, labels)
        side = np.linspace(-span, span, n_points)
        values = _landscape.grid_values(evaluate, plane, *[side] * len(rows))
        marks = {"point": 0.0 if len(rows) == 1 else (0.0, 0.0)}
        coordinates = side if len(rows) == 1 else (side, side)
        return cls(coordinates, values, labels=labels, marks=marks).plot(ax, **kwargs)

    @classmethod
    def from_interpolation(
        cls, objective, start, end, *, extend=0.25, n_points=101, names=("start", "end"), **kwargs
    ):
        """Draw an objective on the straight line through two points.

        Parameters
        ----------
        objective : object of optlite.objectives, or function
            As in :meth:`from_objective`.
        start, end : array-like
            The points, at coordinates 0 and 1.
        extend : float, >= 0, default=0.25
            How far to go beyond both points, as a share of their distance.
        n_points : int, >= 2, default=101
            Points along the line.
        names : tuple of str, default=("start", "end")
            What the two points are.
        **kwargs : dict
            The arguments of :meth:`plot`.

        Returns
        -------
        LossLandscapeDisplay
            The display, drawn.
        """
        start, end = _finite(start, "start"), _finite(end, "end")
        if start.shape != end.shape or np.array_equal(start, end):
            raise ValueError(
                "start and end must be two points of one shape, got "
                + (f"{start.shape} and {end.shape}." if start.shape != end.shape else "one twice.")
            )
        evaluate = _landscape.evaluator(objective, start.shape)
        line = Plane(start.ravel(), (end - start).reshape(1, -1), ("",))
        # Both ends are points of the grid.
        side = np.union1d(np.linspace(-extend, 1.0 + extend, n_points), [0.0, 1.0])
        values = _landscape.grid_values(evaluate, line, side)
        label = f"position between {names[0]} (0) and {names[1]} (1)"
        marks = {names[0]: 0.0, names[1]: 1.0}
        return cls(side, values, labels=(label,), marks=marks).plot(**kwargs)

    # --- drawing ----------------------------------------------------------------------------------

    def plot(
        self, ax=None, *, levels="log", n_levels=12, surface=False, name="objective", **kwargs
    ):
        """Draw the values: a curve, contours or a surface.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure. A surface needs axes with
            ``projection="3d"``.
        levels : {"log", "quantile"} or array-like, default="log"
            Values of the contours, as in :meth:`TrajectoryDisplay.plot`.
        n_levels : int, default=12
            How many contours.
        surface : bool, default=False
            Draw a surface in three dimensions instead of contours.
        name : str, default="objective"
            What the values are, for the axis or the bar.
        **kwargs : dict
            Keyword arguments for the line, the contour lines or the surface.

        Returns
        -------
        LossLandscapeDisplay
            The display itself.
        """
        self.line_ = self.contours_ = self.surface_ = None
        if surface and len(self.coordinates) == 1:
            raise ValueError("surface must be False for the values on a line.")
        if len(self.coordinates) == 1:
            ax = get_axes(ax, type(self).__name__)
            self._draw_line(ax, name, kwargs)
        elif surface:
            ax = self._draw_surface(get_axes(ax, type(self).__name__, "3d"), name, kwargs)
        else:
            ax = get_axes(ax, type(self).__name__)
            self._draw_contours(ax, levels, n_levels, name, kwargs)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _draw_line(self, ax, name, keywords):
        """The values on a line, and the marked points."""
        (side,) = self.coordinates
        style = merged({"color": COLORS[0], "linewidth": 2}, keywords)
        (self.line_,) = ax.plot(side, self.values, **style)
        for i, (text, at) in enumerate(self.marks.items()):
            value = np.interp(at, side, self.values)
            ax.plot(at, value, color="black", marker="os"[i % 2], linestyle="none", label=text)
        if self.marks:
            ax.legend(frameon=False)
        ax.grid(alpha=0.25)
        ax.set(xlabel=self.labels[0], ylabel=name)

    def _draw_contours(self, ax, levels, n_levels, name, keywords):
        """The values in a plane as contours, some with their values."""
        heights = _landscape.contour_levels(self.values, levels, n_levels)
        self.contours_ = _landscape.draw_contours(
            ax, self.coordinates, self.values, heights, **keywords
        )
        if self.contours_ is not None:
            # The innermost contours are too short for their values.
            shown = self.contours_.levels[len(heights) // 3 :: 2]
            ax.clabel(self.contours_, shown, fmt="%.3g", fontsize="small", colors="black")
        for text, at in self.marks.items():
            ax.plot(*at, "*", color="black", markersize=9, linestyle="none", label=text)
        if self.marks:
            ax.legend(framealpha=0.9, loc="upper right")
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], title=f"Contours of the {name}")

    def _draw_surface(self, ax, name, keywords):
        """The values in a plane as a surface."""
        if not hasattr(ax, "plot_surface"):
            raise TypeError(
                "ax must have projection='3d' for a surface; make it with "
                "figure.add_subplot(projection='3d')."
            )
        from matplotlib.ticker import MaxNLocator

        style = {"cmap": "cividis", "linewidth": 0, "rcount": 100, "ccount": 100}
        first, second = np.meshgrid(*self.coordinates)
        heights = np.ma.masked_invalid(self.values)
        self.surface_ = ax.plot_surface(first, second, heights, **merged(style, keywords))
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1], zlabel=name)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.set_major_locator(MaxNLocator(4))
            axis.labelpad = 8
        ax.set_box_aspect(None, zoom=0.85)  # room for the names of the axes
        return ax


def _directions(objective, point, directions, n_directions, filters, random):
    """The directions as rows, and the names of their axes."""
    if not isinstance(directions, str):
        single = np.shape(directions) == point.shape
        rows = independent([directions] if single else directions, point.size, counts=(1, 2))
        return rows, [f"direction {i + 1}" for i in range(len(rows))]
    if directions == "random":
        rows = [filter_normalized(point, filters, random) for _ in range(n_directions)]
        rows = independent(rows, point.size, counts=(1, 2))
        return rows, [f"random direction {i + 1}" for i in range(n_directions)]
    if directions == "eigenvectors":
        eigenvalues, rows = _eigenvectors(objective, point, n_directions, random)
        labels = [f"eigenvector {i + 1} (curvature {c:.3g})" for i, c in enumerate(eigenvalues)]
        return rows, labels
    raise ValueError(
        f"directions must be 'random', 'eigenvectors' or one or two arrays, got {directions!r}."
    )


def filter_normalized(point, filters, random):
    """Return a random direction, each filter of which has the norm of that filter at the point."""
    if filters is None:
        rows = len(point) if point.ndim > 1 else 1
        filters = np.repeat(np.arange(rows), point.size // rows)
    filters = np.asarray(filters)
    if filters.size != point.size or filters.dtype.kind not in "iu":
        raise ValueError(
            f"filters must have an integer for each of the {point.size} variables, got "
            f"{filters.dtype} of shape {filters.shape}."
        )
    if not point.any():
        raise ValueError(
            "point must not be zero for random directions, which are as long as it is. Give "
            "directions, or use directions='eigenvectors'."
        )
    direction, flat = random.normal(size=point.size), point.ravel()
    _, number = np.unique(filters.ravel(), return_inverse=True)
    own = np.sqrt(np.bincount(number, direction**2))
    wanted = np.sqrt(np.bincount(number, flat**2))
    return direction * (wanted / own)[number]


def _eigenvectors(objective, point, n_directions, random):
    """The eigenvalues of largest absolute value of the Hessian, and their eigenvectors as rows."""
    if not hasattr(objective, "hvp"):
        raise TypeError(
            f"objective must have hvp for directions='eigenvectors', but "
            f"{type(objective).__name__} has none. Use directions='random'."
        )
    dim = point.size
    if dim < n_directions:
        raise ValueError(f"n_directions must be <= {dim}, the number of variables, got 2.")

    def product(v):
        return np.asarray(objective.hvp(point, v.reshape(point.shape)), dtype=np.float64).ravel()

    if dim <= DENSE:
        H = np.array([product(axis) for axis in np.eye(dim)])
        eigenvalues, vectors = np.linalg.eigh(0.5 * (H + H.T))
    else:
        from scipy.sparse.linalg import LinearOperator, eigsh

        operator = LinearOperator((dim, dim), matvec=product, dtype=np.float64)
        eigenvalues, vectors = eigsh(operator, n_directions, v0=random.normal(size=dim))
    largest = np.argsort(-np.abs(eigenvalues))[:n_directions]
    return eigenvalues[largest], vectors[:, largest].T


def _finite(point, name):
    point = np.asarray(point, dtype=np.float64)
    if point.size == 0 or not np.isfinite(point).all():
        raise ValueError(f"{name} must hold finite numbers, got {point}.")
    return np.atleast_1d(point)
