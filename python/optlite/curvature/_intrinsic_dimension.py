"""Training in a random affine subspace: how many directions a problem needs."""

import dataclasses
import math

import numpy as np
import scipy.optimize

from .. import _params
from ._operand import generator, integer


class SubspaceObjective:
    r"""An objective seen in a random subspace through a point: F(w0 + P z).

    The columns of P are orthonormal, so that distances in z are distances in w.

    Parameters
    ----------
    objective : object with ``value_and_gradient``, ``shape`` and ``dim``
        Such as those of :mod:`optlite.objectives`.
    w0 : array-like
        The point, shaped as the objective's variables or flat.
    n_directions : int, in [1, dim]
        Dimension of the subspace.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the subspace.

    Attributes
    ----------
    P : ndarray of shape (dim, n_directions)
        Orthonormal columns.
    dim : int
        Number of directions.
    shape : tuple
        ``(dim,)``.

    Raises
    ------
    TypeError
        If the objective lacks what is needed.
    ValueError
        For a w0 that does not fit, and more directions than variables.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import SubspaceObjective
    >>> from optlite.objectives import Quadratic
    >>> f = SubspaceObjective(Quadratic([1.0, 2.0, 3.0]), np.ones(3), 2)
    >>> f.value([0.0, 0.0])
    3.0
    >>> f.point([0.0, 0.0])
    array([1., 1., 1.])
    """

    minimum = None

    def __init__(self, objective, w0, n_directions, random_state=0):
        owner = "SubspaceObjective"
        for name in ("value_and_gradient", "shape", "dim"):
            if not hasattr(objective, name):
                raise TypeError(
                    f"objective must have {name}, got {type(objective).__name__} ({owner}). Make "
                    "one with objectives.from_callable."
                )
        w0 = np.array(_params.real_array(w0, "w0", owner), dtype=np.float64)
        if w0.size != objective.dim or not np.isfinite(w0).all():
            raise ValueError(
                f"w0 must hold {objective.dim} finite numbers, got shape {w0.shape} ({owner})."
            )
        self.objective, self.w0 = objective, w0.ravel()
        self.dim = integer(n_directions, "n_directions", 1, owner, objective.dim)
        self.shape = (self.dim,)
        random = generator(random_state, owner)
        self.P, _ = np.linalg.qr(random.standard_normal((objective.dim, self.dim)))

    def point(self, z):
        """Return w0 + P z, flat."""
        return self.w0 + self.P @ np.asarray(z, dtype=np.float64)

    def value(self, z):
        """Return F(w0 + P z)."""
        return self.value_and_gradient(z)[0]

    def gradient(self, z):
        """Return the gradient in z."""
        return self.value_and_gradient(z)[1]

    def value_and_gradient(self, z):
        """Return F(w0 + P z) and its gradient in z."""
        value, gradient = self._whole(self.point(z))
        return value, self.P.T @ gradient

    def _whole(self, w):
        """Value and gradient in all variables, flat."""
        value, gradient = self.objective.value_and_gradient(w.reshape(self.objective.shape))
        return float(value), np.asarray(gradient, dtype=np.float64).ravel()

    def __repr__(self):
        """Show the objective and the number of directions."""
        return f"SubspaceObjective({self.objective!r}, {self.dim} of {len(self.w0)} directions)"


@dataclasses.dataclass(frozen=True, eq=False)
class IntrinsicDimension:
    """Hold what training in subspaces has reached.

    Attributes
    ----------
    dimension : int or None
        The smallest of `dimensions` whose score is good enough; None if none is.
    dimensions : ndarray of int
        Those that were tried, in rising order.
    scores : ndarray of shape (n_dimensions, n_repeats)
        Reached in each subspace.
    baseline : float
        Reached with all variables.
    threshold : float
        What counts as good enough.
    """

    dimension: int | None
    dimensions: np.ndarray
    scores: np.ndarray
    baseline: float
    threshold: float


def intrinsic_dimension(
    objective,
    w0,
    dimensions,
    score=None,
    *,
    share=0.9,
    n_repeats=1,
    max_iter=200,
    random_state=0,
):
    r"""Find how many random directions are enough to train a model.

    The objective is minimised in random affine subspaces w0 + P z of growing dimension, and the
    smallest one that reaches a share of what all variables reach is reported [1]_.

    Parameters
    ----------
    objective : object with ``value_and_gradient``, ``shape`` and ``dim``
        Such as those of :mod:`optlite.objectives`.
    w0 : array-like
        Where training starts; of a network it must not be zero.
    dimensions : array-like of int
        Dimensions to try.
    score : callable, default=None
        ``score(w)`` for flat w, higher is better, positive: the accuracy, for example. None takes
        the decrease of the objective from w0.
    share : float in (0, 1], default=0.9
        Of the baseline's score that is good enough.
    n_repeats : int, >= 1, default=1
        Subspaces for each dimension; their median counts.
    max_iter : int, >= 1, default=200
        Limit of iterations of L-BFGS for each.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the subspaces.

    Returns
    -------
    IntrinsicDimension

    Raises
    ------
    ValueError
        If the score with all variables is not positive and finite: a share of it says nothing.

    References
    ----------
    .. [1] Li, Farkhoor, Liu, Yosinski, Measuring the intrinsic dimension of objective landscapes,
       ICLR 2018.

    Examples
    --------
    Ten of a thousand variables matter, all the same:

    >>> import numpy as np
    >>> from optlite.curvature import intrinsic_dimension
    >>> from optlite.objectives import LeastSquares
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(10, 1000))
    >>> f = LeastSquares(X, rng.normal(size=10))
    >>> intrinsic_dimension(f, np.zeros(1000), [2, 5, 10, 20]).dimension
    10
    """
    owner = "intrinsic_dimension"
    full = SubspaceObjective(objective, w0, 1, 0)  # checks objective and w0
    dimensions = sorted({integer(d, "dimensions", 1, owner, objective.dim) for d in dimensions})
    if not dimensions:
        raise ValueError(f"dimensions must hold an integer at least, got none ({owner}).")
    share = _params.real_number(share, "share", owner)
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must be in (0, 1], got {share} ({owner}).")
    n_repeats = integer(n_repeats, "n_repeats", 1, owner)
    max_iter = integer(max_iter, "max_iter", 1, owner)
    random = generator(random_state, owner)
    start = full.w0
    if score is None:
        first = full._whole(start)[0]

        def score(w):
            return first - full._whole(w)[0]

    baseline = float(score(_minimum(full._whole, start, max_iter)))
    if not 0.0 < baseline < math.inf:
        raise ValueError(
            f"score must be > 0 and finite after training with all variables, got {baseline:g} "
            f"({owner}). Add a constant to it, or start farther from the minimum."
        )
    threshold = share * baseline
    scores = np.empty((len(dimensions), n_repeats))
    for i, count in enumerate(dimensions):
        for j in range(n_repeats):
            inside = SubspaceObjective(objective, start, count, random)
            z = _minimum(inside.value_and_gradient, np.zeros(count), max_iter)
            scores[i, j] = score(inside.point(z))
    enough = np.flatnonzero(np.median(scores, axis=1) >= threshold)
    dimension = int(dimensions[enough[0]]) if enough.size else None
    return IntrinsicDimension(dimension, np.array(dimensions), scores, baseline, threshold)


def _minimum(value_and_gradient, start, max_iter):
    options = {"maxiter": max_iter}
    return scipy.optimize.minimize(
        value_and_gradient, start, jac=True, method="L-BFGS-B", options=options
    ).x
