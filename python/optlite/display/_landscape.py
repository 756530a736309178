"""Values of an objective on a line or a plane, and their contours."""

import math

import numpy as np


def evaluator(objective, point_shape):
    """Return a function from flat points to values of the objective."""
    shape = getattr(objective, "shape", point_shape)
    if math.prod(shape) != math.prod(point_shape):
        raise ValueError(
            f"objective takes {math.prod(shape)} variables, but the points have "
            f"{math.prod(point_shape)}: pass the objective of this run."
        )
    if hasattr(objective, "value"):
        value = objective.value
    elif hasattr(objective, "value_and_gradient"):

        def value(w):
            return objective.value_and_gradient(w)[0]

    elif callable(objective):
        value = objective
    else:
        raise TypeError(
            "objective must have value or value_and_gradient, or be a function, got "
            f"{type(objective).__name__}."
        )

    return lambda flat: float(value(flat.reshape(shape)))


def grid_values(evaluate, plane, *sides):
    """Return values on a grid; with two sides, rows go along the second one."""
    with np.errstate(all="ignore"):
        if len(sides) == 1:
            return np.array([evaluate(plane.point(s)) for s in sides[0]])
        return np.array([[evaluate(plane.point(s, t)) for s in sides[0]] for t in sides[1]])


def contour_levels(values, kind, n_levels):
    """Return increasing levels for contours.

    Parameters
    ----------
    values : ndarray
        Values on a grid; infinity and NaN are left out.
    kind : {"log", "quantile"} or array-like
        Equal ratios of the distance from the lowest value, which shows the bottom of a valley
        between high walls; or an equal area between two levels; or the levels themselves.
    n_levels : int
        How many.
    """
    if not isinstance(kind, str):
        levels = np.asarray(kind, dtype=np.float64)
        if levels.ndim != 1 or not np.all(np.diff(levels) > 0.0):
            raise ValueError(f"levels must be a list of increasing numbers, got {kind!r}.")
        return levels
    if kind not in ("log", "quantile"):
        raise ValueError(f"levels must be 'log', 'quantile' or a list of numbers, got {kind!r}.")
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise ValueError("objective must be finite somewhere in the picture, but nowhere is.")
    if kind == "quantile":
        return np.unique(np.quantile(finite, np.linspace(0.0, 1.0, n_levels + 2)[1:-1]))
    lowest = finite.min()
    above = finite[finite > lowest] - lowest
    if above.size == 0:
        return np.empty(0)
    # The lowest contour must enclose some points of the grid to be round.
    smallest = np.quantile(above, min(1.0, max(0.005, 40.0 / above.size)))
    levels = lowest + np.geomspace(smallest, above.max(), n_levels + 1)[:-1]
    return np.unique(levels)


def draw_contours(ax, sides, values, levels, filled=True, **lines):
    """Draw contour lines over a light shade that darkens with the value; None without levels."""
    levels = levels[np.isfinite(levels)]
    finite = np.ma.masked_invalid(values)
    if levels.size == 0 or not (finite.min() < levels[-1] and finite.max() > levels[0]):
        return None
    if filled:
        from matplotlib.colors import LinearSegmentedColormap

        shade = LinearSegmentedColormap.from_list("shade", ["#ffffff", "#c9d1db"])
        bands = [-np.inf, *levels, np.inf]
        colors = shade(np.linspace(0.0, 1.0, len(bands) - 1))
        ax.contourf(*sides, finite, levels=bands, colors=colors, zorder=0)
    style = {"colors": "#8793a3", "linewidths": 0.6, "zorder": 1}
    return ax.contour(*sides, finite, levels=levels, **{**style, **lines})
