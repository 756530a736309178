"""An objective along the straight line between two points, and on planes of eigenvectors."""

import dataclasses
import math

import numpy as np

from .. import _params
from ._eigsh import eigsh
from ._operand import integer
from ._operators import HessianOperator


@dataclasses.dataclass(frozen=True, eq=False)
class LossOnLine:
    """Hold an objective along the straight line between two points.

    Attributes
    ----------
    positions : ndarray of shape (n_points,)
        From 0, the start, to 1, the end.
    values : ndarray of shape (n_points,)
        Of the objective.
    slopes : ndarray of shape (n_points,)
        Derivatives with respect to the position.
    barrier : float
        Largest height of the values above the chord between the two ends, which may be at an end:
        >= 0.
    is_monotone : bool
        Whether all values are finite and none is above the one before, but for rounding.
    """

    positions: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    barrier: float
    is_monotone: bool


def loss_on_line(objective, start, end, n_points=51):
    r"""Evaluate an objective along the straight line between two points.

    Parameters
    ----------
    objective : object with ``value_and_gradient`` and ``shape``
        Such as those of :mod:`optlite.objectives`.
    start, end : array-like
        Before and after training, for example, or two minima.
    n_points : int, >= 2, default=51
        Points, equally far from each other, the ends included.

    Returns
    -------
    LossOnLine

    Raises
    ------
    ValueError
        For points that do not fit or are not finite, and fewer than two points.

    See Also
    --------
    optlite.display.LossLandscapeDisplay.from_interpolation : A picture of it.

    Notes
    -----
    :math:`F((1 - s)\, w_0 + s\, w_1)`. From the start to the end of training the values often fall
    all the way [1]_; between two minima there may be a barrier,
    :math:`\max_s F(w_s) - (1 - s) F(w_0) - s F(w_1)` [2]_.

    References
    ----------
    .. [1] Goodfellow, Vinyals, Saxe, Qualitatively characterizing neural network optimization
       problems, ICLR 2015.
    .. [2] Frankle, Dziugaite, Roy, Carbin, Linear mode connectivity and the lottery ticket
       hypothesis, ICML 2020.

    Examples
    --------
    >>> from optlite.curvature import loss_on_line
    >>> from optlite.objectives import Himmelblau
    >>> f = Himmelblau()
    >>> found = loss_on_line(f, f.minimizers[0], f.minimizers[1])
    >>> found.is_monotone, found.barrier > 50.0
    (False, True)
    """
    owner = "loss_on_line"
    n_points = integer(n_points, "n_points", 2, owner)
    ends = [_point(each, objective, name, owner) for each, name in ((start, "start"), (end, "end"))]
    s = np.linspace(0.0, 1.0, n_points)
    way = ends[1] - ends[0]
    values, slopes = np.empty(n_points), np.empty(n_points)
    for i, share in enumerate(s):
        # Exactly at the ends.
        w = ends[1] if i == n_points - 1 else ends[0] + share * way
        value, gradient = objective.value_and_gradient(w.reshape(objective.shape))
        values[i], slopes[i] = value, np.ravel(gradient) @ way
    with np.errstate(invalid="ignore"):  # of an infinite value the height is not known
        heights = values - ((1.0 - s) * values[0] + s * values[-1])
    is_finite = bool(np.isfinite(values).all())
    rounding = 1e-12 * np.abs(values).max()
    return LossOnLine(
        positions=s,
        values=values,
        slopes=slopes,
        barrier=max(float(np.max(heights)), 0.0),
        is_monotone=is_finite and bool((np.diff(values) <= rounding).all()),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class LossOnPlane:
    """Hold an objective on a plane of eigenvectors through a point.

    Attributes
    ----------
    coordinates : ndarray of shape (n_points,)
        Along either axis, in units of unit vectors.
    values : ndarray of shape (n_points, n_points)
        Of the objective; rows go along the second axis.
    quadratic : ndarray of shape (n_points, n_points)
        Of its quadratic model at the point.
    eigenvalues : ndarray of shape (2,)
        Of the two axes.
    eigenvectors : ndarray of shape (dim, 2)
        The axes.
    """

    coordinates: np.ndarray
    values: np.ndarray
    quadratic: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray = dataclasses.field(repr=False)


def loss_on_plane(objective, w, axes=(0, 1), *, span=1.0, n_points=21, **options):
    r"""Evaluate an objective on a plane of two eigenvectors of its Hessian.

    Parameters
    ----------
    objective : object of optlite.objectives
        With ``value_and_gradient`` and ``hvp``.
    w : array-like
        The point in the middle.
    axes : pair of int, default=(0, 1)
        Which eigenvectors, counted from the largest eigenvalue; negative numbers count from the
        smallest: ``(0, -1)`` is the plane of the two extreme ones.
    span : float, > 0, default=1.0
        Coordinates go from -span to span.
    n_points : int, >= 2, default=21
        Along either axis.
    **options
        Of :func:`eigsh`.

    Returns
    -------
    LossOnPlane

    Raises
    ------
    TypeError
        If the objective has no ``hvp``.
    ValueError
        For a point that does not fit, axes that are one, and a span that is not positive.

    See Also
    --------
    optlite.display.LossLandscapeDisplay : Pictures of planes.

    Notes
    -----
    With unit eigenvectors u and v of eigenvalues :math:`\lambda` and :math:`\mu`, the model is
    :math:`F(w) + s\, g^\top u + t\, g^\top v + \frac12 (\lambda s^2 + \mu t^2)`: where the values
    leave it, the curvature at the point says nothing any more.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import loss_on_plane
    >>> from optlite.objectives import Quadratic
    >>> found = loss_on_plane(Quadratic([1.0, -2.0, 5.0]), np.zeros(3), (0, -1), n_points=3)
    >>> found.eigenvalues
    array([ 5., -2.])
    >>> bool(np.allclose(found.values, found.quadratic))
    True
    """
    owner = "loss_on_plane"
    w = _point(w, objective, "w", owner)
    n_points = integer(n_points, "n_points", 2, owner)
    if not 0.0 < _params.real_number(span, "span", owner) < math.inf:
        raise ValueError(f"span must be > 0 and finite, got {span} ({owner}).")
    values, U = _axes(HessianOperator(objective, w), axes, options, owner)
    side = np.linspace(-span, span, n_points)
    value, gradient = objective.value_and_gradient(w.reshape(objective.shape))
    slope = np.ravel(gradient) @ U
    s, t = np.meshgrid(side, side)
    model = value + s * slope[0] + t * slope[1] + 0.5 * (values[0] * s**2 + values[1] * t**2)
    heights = [
        [_value(objective, w + U @ np.array([across, up])) for across in side] for up in side
    ]
    return LossOnPlane(side, np.array(heights), model, values, U)


def _axes(operator, axes, options, owner):
    """Eigenvalues and eigenvectors of the two axes."""
    dim = operator.shape[0]
    try:
        first, second = (integer(axis, "axes", -dim, owner, dim - 1) for axis in axes)
    except ValueError as error:
        raise ValueError(f"axes must be two integers in [{-dim}, {dim - 1}] ({owner}).") from error
    if first % dim == second % dim:
        raise ValueError(f"axes must be two different eigenvectors, got {axes} ({owner}).")
    wanted = (first, second)
    found = {}
    for which, numbers in (
        ("LA", [axis for axis in wanted if axis >= 0]),
        ("SA", [-1 - axis for axis in wanted if axis < 0]),
    ):
        if numbers:
            found[which] = eigsh(operator, max(numbers) + 1, which, **options)
    values, vectors = [], []
    for axis in wanted:
        pairs = found["LA" if axis >= 0 else "SA"]
        place = len(pairs.eigenvalues) - 1 - axis if axis >= 0 else -1 - axis
        values.append(float(pairs.eigenvalues[place]))
        vectors.append(np.asarray(pairs.eigenvectors[:, place], dtype=float))
    return np.array(values), np.column_stack(vectors)


def _value(objective, w):
    return float(objective.value_and_gradient(w.reshape(objective.shape))[0])


def _point(w, objective, name, owner):
    """Return a flat point of finite numbers."""
    w = _params.real_array(w, name, owner).astype(float).ravel()
    if w.size != math.prod(objective.shape) or not np.isfinite(w).all():
        raise ValueError(
            f"{name} must hold {math.prod(objective.shape)} finite numbers, got {w.size} ({owner})."
        )
    return w
