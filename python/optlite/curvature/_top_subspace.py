"""How much of a gradient lies along the largest curvatures, and what it does there."""

import dataclasses
import math

import numpy as np

from .. import _params
from ._eigsh import eigsh
from ._operand import integer
from ._operators import HessianOperator
from ._sharpness import share_in


@dataclasses.dataclass(frozen=True, eq=False)
class TopSubspace:
    """Hold a gradient's part in the top eigenvectors of the Hessian.

    Attributes
    ----------
    share : float
        Share of the squared norm of the gradient in the subspace; NaN for a gradient of zero.
    share_at_random : float
        What a random subspace of this dimension has on average, k / dim.
    eigenvalues : ndarray of shape (k,)
        In rising order.
    eigenvectors : ndarray of shape (dim, k)
        Orthonormal columns.
    decrease_inside, decrease_outside : float
        Decrease of the quadratic model by a step of gradient descent along the part of the gradient
        inside, and outside, of the subspace; NaN without a learning rate.
    """

    share: float
    share_at_random: float
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray = dataclasses.field(repr=False)
    decrease_inside: float
    decrease_outside: float


def gradient_in_top_subspace(objective, w, k, *, gradient=None, learning_rate=None, **options):
    r"""Measure how much of the gradient lies in the span of the top eigenvectors of the Hessian.

    Parameters
    ----------
    objective : object of optlite.objectives
        With ``gradient`` and ``hvp``.
    w : array-like
        The point, shaped as the objective's variables or flat.
    k : int, in [1, dim]
        Number of eigenvectors; of a classifier, about that of the classes.
    gradient : array-like, default=None
        The gradient to look at: of a mini-batch, for example. None takes the objective's.
    learning_rate : float, > 0, default=None
        Step of gradient descent for which the decrease is predicted.
    **options
        Of :func:`eigsh`: ``tol``, ``v0``, ...

    Returns
    -------
    TopSubspace

    Raises
    ------
    TypeError
        If the objective has no ``hvp``.
    ValueError
        For k outside of [1, dim], a gradient of another length or not finite, and a learning rate
        that is not positive.

    Notes
    -----
    With the projection :math:`\Pi` on the k eigenvectors of the largest eigenvalues,

    .. math::

        \text{share} = \frac{\|\Pi g\|^2}{\|g\|^2}, \qquad
        \text{decrease} = \eta\, p^\top g - \tfrac12 \eta^2\, p^\top H p
        \quad \text{for } p = \Pi g \text{ and } p = g - \Pi g.

    After a short time of training, the share is large [1]_. Yet the steps inside do not lower the
    loss for long: the small rest does [2]_. The two decreases add up to that of the whole step, as
    H has no entries between the two subspaces.

    References
    ----------
    .. [1] Gur-Ari, Roberts, Dyer, Gradient descent happens in a tiny subspace, 2018.
    .. [2] Song, Ahn, Yun, Does SGD really happen in tiny subspaces?, ICLR 2025.

    Examples
    --------
    >>> from optlite.curvature import gradient_in_top_subspace
    >>> from optlite.objectives import Quadratic
    >>> found = gradient_in_top_subspace(Quadratic([1.0, 1.0, 10.0]), [2.0, 1.0, 1.0], k=1)
    >>> round(found.share, 4)  # 10^2 of 2^2 + 1^2 + 10^2
    0.9524
    """
    owner = "gradient_in_top_subspace"
    k = integer(k, "k", 1, owner, objective.dim)
    operator = HessianOperator(objective, w)
    g = (
        objective.gradient(np.array(w))
        if gradient is None
        else _params.real_array(gradient, "gradient", owner)
    )
    g = np.asarray(g, dtype=float).ravel()
    if g.shape != (objective.dim,) or not np.isfinite(g).all():
        raise ValueError(f"gradient must hold {objective.dim} finite numbers ({owner}).")
    found = eigsh(operator, k, "LA", **options)
    U = np.asarray(found.eigenvectors, dtype=float)
    inside, outside = math.nan, math.nan
    if learning_rate is not None:
        rate = _params.real_number(learning_rate, "learning_rate", owner)
        if not 0.0 < rate < math.inf:
            raise ValueError(f"learning_rate must be > 0 and finite, got {rate} ({owner}).")
        parts = np.stack([U @ (U.T @ g), g - U @ (U.T @ g)])
        bent = operator._apply(parts)
        inside, outside = (
            float(rate * (p @ g) - 0.5 * rate**2 * (p @ Hp))
            for p, Hp in zip(parts, bent, strict=True)
        )
    share = share_in(U.T, g)
    return TopSubspace(share, k / objective.dim, found.eigenvalues, U, inside, outside)


def subspace_overlap(U, V):
    r"""Return how much two subspaces have in common, from 0 to 1.

    Parameters
    ----------
    U, V : array-like of shape (dim, k)
        Orthonormal columns, such as eigenvectors at two times of a run.

    Returns
    -------
    float
        :math:`\|U^\top V\|_F^2 / k`: the mean squared cosine of the principal angles. Of two random
        subspaces it is k / dim on average.

    Raises
    ------
    ValueError
        For matrices of two shapes, and columns that are not orthonormal.

    References
    ----------
    Gur-Ari, Roberts, Dyer, Gradient descent happens in a tiny subspace, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import subspace_overlap
    >>> subspace_overlap(np.eye(3)[:, :2], np.eye(3)[:, 1:])
    0.5
    """
    owner = "subspace_overlap"
    U, V = (
        _params.real_array(each, name, owner).astype(float) for each, name in ((U, "U"), (V, "V"))
    )
    if U.ndim != 2 or U.shape != V.shape or 0 in U.shape:
        raise ValueError(
            f"U and V must be matrices of one shape, got {U.shape} and {V.shape} ({owner})."
        )
    for each, name in ((U, "U"), (V, "V")):
        if np.abs(each.T @ each - np.eye(each.shape[1])).max() > 1e-4:
            raise ValueError(
                f"{name} must have orthonormal columns ({owner}). np.linalg.qr makes them."
            )
    return float(np.sum((U.T @ V) ** 2) / U.shape[1])
