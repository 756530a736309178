"""The diagonal of an operator from products with random vectors."""

import dataclasses
import math

import numpy as np

from .._core import core
from ._operand import Operand, UnitProducts, choice, generator, integer
from ._trace import Sketch, dots, exact_diagonal, signs, unit_columns


@dataclasses.dataclass(frozen=True, eq=False)
class DiagonalResult:
    """Hold an estimate of a diagonal.

    Attributes
    ----------
    value : ndarray of shape (dim,)
        The estimate.
    standard_error : ndarray of shape (dim,)
        Estimated standard deviation of each entry over the random vectors; zeros if exact.
    n_matvec : int
        Products with vectors.
    method : str
        How it was computed.
    """

    value: np.ndarray
    standard_error: np.ndarray = dataclasses.field(repr=False)
    n_matvec: int
    method: str


def diagonal(
    operator,
    method="xdiag",
    *,
    n_matvec=100,
    dim=None,
    random_state=0,
):
    r"""Estimate the diagonal of a symmetric operator.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        A function takes a vector and returns one of the same length.
    method : {"xdiag", "bekas", "exact"}, default="xdiag"
        "bekas" averages :math:`v \odot A v` over vectors of random signs [1]_. "xdiag" takes the
        diagonal in the span of products and averages the rest, with every vector in both roles
        [2]_. "exact" needs dim products, and is what all methods do if they may use so many.
    n_matvec : int, >= 4, default=100
        Products to use; "xdiag" uses an even number.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the vectors.

    Returns
    -------
    DiagonalResult

    Raises
    ------
    ValueError
        For an operator that is not square or returns NaN or a wrong shape.

    Warns
    -----
    RuntimeWarning
        If "xdiag" or a matrix shows that the operator is not symmetric.

    References
    ----------
    .. [1] Bekas, Kokiopoulou, Saad, An estimator for the diagonal of a matrix, 2007.
    .. [2] Epperly, Tropp, Webber, XTrace: making the most of every sample in stochastic trace
       estimation, SIAM Journal on Matrix Analysis and Applications, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import diagonal
    >>> rng = np.random.default_rng(0)
    >>> B = rng.normal(size=(3, 300))
    >>> found = diagonal(B.T @ B, n_matvec=10)  # of rank 3: exact
    >>> bool(np.allclose(found.value, (B**2).sum(axis=0)))
    True
    """
    owner = "diagonal"
    operand = Operand(operator, dim, owner)
    choice(method, "method", ("xdiag", "bekas", "exact"), owner)
    n_matvec = integer(n_matvec, "n_matvec", 4, owner)
    random = generator(random_state, owner)
    if method == "exact" or n_matvec >= operand.dim:
        value, error = exact_diagonal(operand), np.zeros(operand.dim)
        method = "exact"
    elif method == "bekas":
        value, error = _bekas(operand, random, n_matvec)
    else:
        value, error = _xdiag(operand, random, n_matvec // 2)
    value, error = (each.astype(operand.dtype, copy=False) for each in (value, error))
    return DiagonalResult(value, error, operand.n_products, method)


def _bekas(operand, random, n_matvec):
    multiply = UnitProducts(operand)
    total, squares, done = np.zeros(operand.dim), np.zeros(operand.dim), 0
    while done < n_matvec:
        V = signs(random, min(16, n_matvec - done), operand.dim)
        samples = V * multiply(V)  # v * v is one
        done += len(V)
        step = samples - total / max(done - len(V), 1)
        if done > len(V):
            squares += len(V) * (done - len(V)) / done * step.mean(axis=0) ** 2
        squares += ((samples - samples.mean(axis=0)) ** 2).sum(axis=0)
        total += samples.sum(axis=0)
    error = np.sqrt(squares / (done - 1) / done)
    return total / done * multiply.unit, error * multiply.unit


def _xdiag(operand, random, k):
    """Average over i of the diagonal of Q_i Q_i^T A, and of what is left of A along vector i.

    Q_i Q_i^T = Q (I - s_i s_i^T) Q^T as in :class:`XTrace`, so that what is left of A w_i is
    (Q s_i) (s_i . Q^T A w_i).
    """
    sketch = Sketch(operand, random, signs)
    sketch.grow(k)
    Q, Z, unit = sketch.basis, sketch.basis_products, sketch.multiply.unit
    _report_asymmetry(operand, dots(Q, Z))
    inside = np.einsum("ij,ij->j", Q, Z)
    if sketch.is_complete:
        return inside * unit, np.zeros(operand.dim)
    S = unit_columns(sketch.lower)
    along = np.einsum("ij,ij->j", S, sketch.lower.T)  # s_i . R e_i
    directions = np.ascontiguousarray(S.T)
    QS, ZS = core.product(directions, Q), core.product(directions, Z)
    samples = -QS * ZS + sketch.vectors * QS * along[:, None]
    error = samples.std(axis=0, ddof=1) / math.sqrt(k)
    return (inside + samples.mean(axis=0)) * unit, error * unit


def _report_asymmetry(operand, projected):
    """Warn where Q^T A Q is not symmetric: A Q then is not the transpose of Q^T A."""
    size = np.abs(projected).max()
    if size > 0.0:
        gap = np.abs(projected - projected.T).max() / size
        operand.report_asymmetry(float(gap), math.sqrt(operand.precision))
