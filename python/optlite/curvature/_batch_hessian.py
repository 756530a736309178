"""The Hessian of a mini-batch: sharper than that of all samples, which limits learning rates."""

import dataclasses
import math

import numpy as np

from .. import _params
from ._density import Estimate
from ._operand import choice, generator, integer
from ._operators import HessianOperator
from ._operators_checks import point, row_source


def hessian_noise(
    objective, w, *, vectors=None, across=False, n_splits=10, batch_size=None, random_state=0
):
    r"""Estimate how much the Hessians of single samples scatter, from products with half batches.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model or an :class:`~optlite.objectives.MLP`.
    w : array-like
        The point.
    vectors : array-like of shape (dim,) or (dim, n_vectors), default=None
        Unit vectors to look along: eigenvectors of the Hessian, for example. None draws a new
        random one for each split.
    across : bool, default=False
        Whether to leave the part of each product along its vector out.
    n_splits : int, >= 1, default=10
        Times that two disjoint batches are drawn.
    batch_size : int, default=None
        Samples of each; None takes half of all.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of batches and vectors.

    Returns
    -------
    Estimate
        With ``value`` and ``standard_error`` over the splits: a number for random vectors, else one
        for each vector. NaN as the error of one split.

    Raises
    ------
    TypeError
        For an objective without rows.
    ValueError
        For fewer than two samples, vectors of another length or zero, and a batch of more than
        half.

    Notes
    -----
    For disjoint batches A, B of b samples each, drawn at random, and a unit vector v,

    .. math:: \mathbb E\, \tfrac b2 \|(H_A - H_B) v\|^2
              = \frac{1}{n - 1} \sum_i \|(H_i - H) v\|^2 .

    For random v that is :math:`P \sigma_\varepsilon^2` of [1]_: P variables times the variance of
    an entry of a sample's Hessian. For an outlier :math:`\lambda` and its eigenvector, perturbation
    theory says that a batch shifts it by :math:`\approx \text{noise} / (b \lambda)` on average,
    with the noise across the vector, whatever the distribution of the entries.

    References
    ----------
    .. [1] Granziol, Zohren, Roberts, Learning rates as a function of batch size: a random matrix
       theory approach to neural network training, Journal of Machine Learning Research, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import hessian_noise
    >>> from optlite.objectives import LeastSquares
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])  # Hessians of samples: 1, 4, 9, 16
    >>> found = hessian_noise(LeastSquares(X, X[:, 0]), [0.0], vectors=[1.0], n_splits=200)
    >>> bool(abs(found.value - np.var([1, 4, 9, 16], ddof=1)) < 4 * found.standard_error)
    True
    """
    owner = "hessian_noise"
    source = row_source(objective, None, owner)
    w = point(source, w, owner)
    rows = np.flatnonzero(source.weight()) if source.rows is None else source.rows
    objective = source.objective
    if len(rows) < 2:
        raise ValueError(f"objective must have two samples at least, got {len(rows)} ({owner}).")
    half = len(rows) // 2
    b = half if batch_size is None else integer(batch_size, "batch_size", 1, owner, half)
    n_splits = integer(n_splits, "n_splits", 1, owner)
    random = generator(random_state, owner)
    given = None if vectors is None else _units(vectors, source.dim, owner)
    values = []
    for _ in range(n_splits):
        V = given if given is not None else _units(random.standard_normal(source.dim), None, owner)
        order = random.permutation(rows)[: 2 * b]
        halves = (order[:b], order[b:])
        first, second = (HessianOperator(objective, w, rows=part)._apply(V) for part in halves)
        scatter = first - second
        if across:
            scatter -= np.sum(scatter * V, axis=1, keepdims=True) * V
        values.append(0.5 * b * np.sum(scatter**2, axis=1))
    values = np.array(values)
    if given is None or np.ndim(vectors) == 1:
        values = values[:, 0]
    error = np.full(values.shape[1:], math.nan)
    if n_splits > 1:
        error = values.std(axis=0, ddof=1) / math.sqrt(n_splits)
    if values.ndim == 1:
        return Estimate(float(values.mean()), float(error))
    return Estimate(values.mean(axis=0), error)


def _units(vectors, dim, owner):
    """Rows of length one."""
    V = _params.real_array(vectors, "vectors", owner).astype(float)
    V = V[None] if V.ndim == 1 else V.T
    if dim is not None and (V.ndim != 2 or V.shape[1] != dim):
        raise ValueError(
            f"vectors must have shape ({dim},) or ({dim}, n_vectors), got {np.shape(vectors)} "
            f"({owner})."
        )
    sizes = np.linalg.norm(V, axis=1, keepdims=True)
    if not (np.isfinite(sizes).all() and (sizes > 0.0).all()):
        raise ValueError(f"vectors must be finite and not zero ({owner}).")
    return np.ascontiguousarray(V / sizes)


@dataclasses.dataclass(frozen=True)
class BatchHessian:
    r"""Predict the largest eigenvalue of the Hessian of a mini-batch, and what follows from it.

    Parameters
    ----------
    eigenvalue : float, > 0
        The largest eigenvalue of the Hessian of all samples: an outlier of its spectrum.
    noise : float, >= 0
        Of :func:`hessian_noise`. For "wigner" along random vectors, as in the paper; across the top
        eigenvector it is the leading term for noise of any shape, but the bulk is then not
        predicted. For "marchenko_pastur" it is the level of the bulk: see Notes.
    n_samples : int, default=None
        Samples in total; None for infinitely many. Batches are drawn without replacement.
    model : {"wigner", "marchenko_pastur"}, default="wigner"
        What the difference between the two Hessians looks like.
    dim : int, default=None
        Number of variables; for "marchenko_pastur", which needs it.

    Raises
    ------
    ValueError
        For numbers out of range, and a `dim` that the model does not use or lacks.

    Notes
    -----
    A batch of B of n samples counts as :math:`b = B / (1 - B / n)` independent ones. "wigner": the
    difference has independent entries, symmetric about zero, so that [1]_

    .. math:: \lambda'(B) = \begin{cases}
              \lambda + \dfrac{s}{b\, \lambda} & \lambda > \sqrt{s / b} \\
              2 \sqrt{s / b} & \text{otherwise,} \end{cases}
              \qquad s = P \sigma_\varepsilon^2 .

    The eigenvector of the batch keeps :math:`1 - s / (b \lambda^2)` of the squared cosine with the
    true one.

    "marchenko_pastur": Hessians of samples are outer products of vectors whose covariance has the
    eigenvalue :math:`\lambda` and otherwise a bulk at the level s; with
    :math:`\gamma = P / b` [2]_,

    .. math:: \lambda'(B) = \begin{cases}
              \lambda \left(1 + \gamma\, \dfrac{s}{\lambda - s} \right) &
              \lambda > s\, (1 + \sqrt \gamma) \\
              s\, (1 + \sqrt \gamma)^2 & \text{otherwise.} \end{cases}

    Steps of SGD are taken with the Hessian of the batch: :math:`\eta \le 2 / \lambda'(B)` grows
    linearly with B while the noise dominates, and saturates at :math:`2 / \lambda`.

    References
    ----------
    .. [1] Granziol, Zohren, Roberts, Learning rates as a function of batch size: a random matrix
       theory approach to neural network training, Journal of Machine Learning Research, 2022.
    .. [2] Baik, Silverstein, Eigenvalues of large sample covariance matrices of spiked population
       models, Journal of Multivariate Analysis, 2006.

    Examples
    --------
    >>> from optlite.curvature import BatchHessian
    >>> model = BatchHessian(eigenvalue=2.0, noise=100.0)
    >>> model.sharpness([10, 50, 5000]).round(3)  # at 25 the outlier leaves the bulk
    array([6.325, 3.   , 2.01 ])
    >>> model.learning_rate_limit([50, 5000]).round(3)
    array([0.667, 0.995])
    """

    eigenvalue: float
    noise: float
    n_samples: int | None = None
    model: str = "wigner"
    dim: int | None = None

    def __post_init__(self):
        """Check the numbers."""
        owner = "BatchHessian"
        for name, least in (("eigenvalue", "> 0"), ("noise", ">= 0")):
            value = _params.real_number(getattr(self, name), name, owner)
            if not (math.isfinite(value) and (value > 0.0 or (least == ">= 0" and value == 0.0))):
                raise ValueError(f"{name} must be {least} and finite, got {value} ({owner}).")
        choice(self.model, "model", ("wigner", "marchenko_pastur"), owner)
        if self.n_samples is not None:
            integer(self.n_samples, "n_samples", 1, owner)
        if self.model == "marchenko_pastur":
            if self.dim is None:
                raise ValueError(f"dim must be given for model='marchenko_pastur' ({owner}).")
            integer(self.dim, "dim", 1, owner)
        elif self.dim is not None:
            raise ValueError(
                f"dim must be left out for model='wigner', got {self.dim!r} ({owner}): the noise "
                "of hessian_noise has it as a factor."
            )

    def effective_batch_size(self, batch_size):
        """Return the number of independent samples that would scatter as much, B / (1 - B / n)."""
        b = _params.real_array(batch_size, "batch_size", "BatchHessian").astype(float)
        most = math.inf if self.n_samples is None else self.n_samples
        if not ((b >= 1.0).all() and (b <= most).all()):
            raise ValueError(f"batch_size must be in [1, {most}], got {batch_size} (BatchHessian).")
        with np.errstate(divide="ignore"):
            return np.where(b < most, b / (1.0 - b / most), math.inf)

    def sharpness(self, batch_size):
        """Return the largest eigenvalue that the Hessian of a batch has on average.

        Parameters
        ----------
        batch_size : array-like of int

        Returns
        -------
        ndarray, shaped as `batch_size`
        """
        b = self.effective_batch_size(batch_size)
        size, noise = self.eigenvalue, self.noise
        if self.model == "wigner":
            edge = np.sqrt(noise / b)
            return np.where(size > edge, size + noise / b / size, 2.0 * edge)
        ratio = self.dim / b
        edge = noise * (1.0 + np.sqrt(ratio))
        apart = np.where(size > edge, size - noise, 1.0)
        return np.where(size > edge, size * (1.0 + ratio * noise / apart), edge**2 / (noise or 1.0))

    def overlap(self, batch_size):
        """Return the squared cosine between the top eigenvectors of a batch and of all samples.

        Parameters
        ----------
        batch_size : array-like of int

        Returns
        -------
        ndarray, shaped as `batch_size`
            0 where the eigenvalue is no outlier of the batch.
        """
        if self.model != "wigner":
            raise ValueError(
                f"model must be 'wigner' for the overlap, got {self.model!r} (BatchHessian)."
            )
        b = self.effective_batch_size(batch_size)
        return np.maximum(1.0 - self.noise / (b * self.eigenvalue**2), 0.0)

    def learning_rate_limit(self, batch_size):
        """Return the learning rate above which steps on the Hessian of a batch are too long.

        Parameters
        ----------
        batch_size : array-like of int

        Returns
        -------
        ndarray, shaped as `batch_size`
        """
        return 2.0 / self.sharpness(batch_size)
