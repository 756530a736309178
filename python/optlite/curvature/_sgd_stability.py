"""When steps of stochastic gradient descent stay near a minimum: exact, and by bounds."""

import dataclasses
import math

import numpy as np

from .. import _params
from .._core import core
from ._eigsh import eigsh
from ._operand import choice, integer, symmetric_eigen
from ._operators_checks import row_source

_SAMPLINGS = ("without_replacement", "with_replacement", "bernoulli")


class SampleHessians:
    r"""Hold the Hessians of single samples, positive semidefinite, whose mean is the Hessian.

    Parameters
    ----------
    hessians : array-like of shape (n_samples, dim, dim), default=None
        The matrices.
    factors : array-like of shape (n_samples, dim) or (n_samples, rank, dim), default=None
        Instead of them: rows f with :math:`H_i = \sum_r f_{ir} f_{ir}^\top`. One row each is the
        case of squared loss with one output, where f is the gradient of the output.

    Attributes
    ----------
    n_samples, dim : int
        Number of samples and of variables.
    mean : ndarray of shape (dim, dim)
        The Hessian.

    Raises
    ------
    ValueError
        For matrices that are not symmetric or not positive semidefinite: at a minimum that fits
        every sample they are.

    See Also
    --------
    sample_hessians : Of an objective.

    Examples
    --------
    >>> from optlite.curvature import SampleHessians
    >>> SampleHessians(factors=[[1.0, 0.0], [0.0, 2.0]]).mean
    array([[0.5, 0. ],
           [0. , 2. ]])
    """

    def __init__(self, hessians=None, *, factors=None):
        owner = "SampleHessians"
        if (hessians is None) == (factors is None):
            raise ValueError(f"Either hessians or factors must be given ({owner}).")
        name, given = ("hessians", hessians) if factors is None else ("factors", factors)
        array = _params.real_array(given, name, owner).astype(float)
        if factors is not None and array.ndim == 2:
            array = array[:, None, :]
        square = hessians is None or array.shape[-1:] == array.shape[-2:-1]
        if array.ndim != 3 or 0 in array.shape or not square:
            raise ValueError(
                f"{name} must have shape (n_samples, dim, dim), or (n_samples, rank, dim) for "
                f"factors, got {np.shape(given)} ({owner})."
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite ({owner}).")
        array = _factors_of(array, owner) if factors is None else array
        self.factors = np.ascontiguousarray(array)
        self.n_samples, _, self.dim = self.factors.shape
        flat = self.factors.reshape(-1, self.dim)
        self.mean = core.product(np.ascontiguousarray(flat.T), flat) / self.n_samples

    def sandwich(self, S):
        """Return the mean of H_i S H_i over the samples, for a symmetric S."""
        F, flat = self.factors, self.factors.reshape(-1, self.dim)
        FS = core.product(flat, np.ascontiguousarray(S)).reshape(F.shape)
        inner = np.einsum("ird,isd->irs", FS, F)  # F_i S F_i^T
        # sum_i F_i^T inner_i F_i, as one product of matrices
        left = np.einsum("irs,ird->isd", inner, F).reshape(-1, self.dim)
        return core.product(np.ascontiguousarray(left.T), flat) / self.n_samples

    def squared_norms(self):
        """Squared Frobenius norms, ndarray of shape (n_samples,)."""
        return np.sum(self._inner_products() ** 2, axis=(1, 2))

    def largest_eigenvalues(self):
        """The largest eigenvalue of each matrix, ndarray of shape (n_samples,)."""
        return np.linalg.eigvalsh(self._inner_products())[:, -1]

    def _inner_products(self):
        return np.einsum("ird,isd->irs", self.factors, self.factors)

    def __repr__(self):
        """Say how many there are, and of what rank."""
        n, rank, dim = self.factors.shape
        return f"SampleHessians({n} samples, dim={dim}, rank <= {rank})"


def _factors_of(hessians, owner):
    """Factors F with F^T F = H for each matrix, of the rank that rounding shows."""
    gap = np.abs(hessians - hessians.transpose(0, 2, 1)).max()
    size = np.abs(hessians).max()
    if gap > 1e-8 * size:
        raise ValueError(f"hessians must be symmetric, got a difference of {gap:.2g} ({owner}).")
    values, vectors = np.linalg.eigh(0.5 * (hessians + hessians.transpose(0, 2, 1)))
    if values.min() < -1e-8 * size:
        raise ValueError(
            f"hessians must be positive semidefinite, got an eigenvalue {values.min():.2g} "
            f"({owner}). Take Gauss-Newton matrices: at a minimum that fits every sample they are "
            "the Hessians."
        )
    rank = max(1, int((values > 1e-14 * size).sum(axis=1).max()))
    kept = np.sqrt(np.maximum(values[:, -rank:], 0.0))
    return kept[:, :, None] * vectors.transpose(0, 2, 1)[:, -rank:, :]


def sample_hessians(objective, w):
    r"""Return the Gauss-Newton matrices of the samples of an objective.

    Parameters
    ----------
    objective : objective of optlite.objectives over rows
        A generalized linear model or an :class:`~optlite.objectives.MLP`, without a penalty; small,
        as one matrix of n_samples * n_outputs by dim is formed.
    w : array-like
        The point. At a minimum that fits every sample the matrices are the Hessians.

    Returns
    -------
    SampleHessians
        With the weights of the samples, so that their mean is the Gauss-Newton matrix.

    Raises
    ------
    ValueError
        For an objective with a penalty, whose curvature is that of no sample.

    Examples
    --------
    >>> from optlite.curvature import sample_hessians
    >>> from optlite.objectives import LeastSquares
    >>> sample_hessians(LeastSquares([[1.0, 0.0], [0.0, 2.0]], [1.0, 1.0]), [0.0, 0.0]).mean
    array([[0.5, 0. ],
           [0. , 2. ]])
    """
    from ._operators_jacobian import JacobianOperator

    source = row_source(objective, None, "sample_hessians")
    if source.objective.alpha != 0.0:
        raise ValueError(
            f"objective must have no penalty, got alpha={source.objective.alpha:g} "
            "(sample_hessians). Its curvature belongs to no sample."
        )
    J = JacobianOperator(objective, w)
    n = len(source.weight())
    outputs = J.shape[0] // n
    jacobian = (J.T @ np.eye(J.shape[0])).T.reshape(n, outputs, -1)
    curvature = _output_curvature(source, J._at.margins, n, outputs)
    root = np.sqrt(source.weight() * n)
    return SampleHessians(factors=root[:, None, None] * (curvature @ jacobian))


def _output_curvature(source, margins, n, outputs):
    """Square roots of the second derivative of the loss in the outputs, (n, outputs, outputs)."""
    from ..reference import load

    z = np.asarray(margins, dtype=float).reshape(n, outputs)
    if source.loss_name == "multinomial":
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        # diag(p) - p p^T = B B^T with B = diag(sqrt p) - p sqrt(p)^T
        root = np.sqrt(p)
        return np.eye(outputs) * root[:, :, None] - root[:, :, None] * p[:, None, :]
    y = np.asarray(source.targets(), dtype=float).reshape(outputs, n).T
    fields = getattr(source.objective, "fields", {})
    second = load("objectives", source.loss_name).second(z, y, **fields)
    return np.eye(outputs) * np.sqrt(second)[:, :, None]


def _noise_share(batch_size, n, sampling):
    """Weights of the mean of H_i (x) H_i and of H (x) H in E[H_B (x) H_B]."""
    b = batch_size
    if sampling == "without_replacement":
        p = (n - b) / (b * (n - 1.0)) if n > 1 else 0.0
        return p, 1.0 - p
    if sampling == "with_replacement":
        return 1.0 / b, 1.0 - 1.0 / b
    return 1.0 / b - 1.0 / n, 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class SGDStability:
    """Hold the largest learning rates for which SGD stays near a minimum.

    Attributes
    ----------
    critical_rate : float
        Above it the second moment of the distance from the minimum grows without limit, at or below
        it does not; infinite for a Hessian of zero.
    gradient_descent_rate : float
        The same for all samples at once, 2 over the largest eigenvalue of the Hessian.
    trace_bound : float
        Never below `critical_rate`; needs traces only. See Notes of :func:`sgd_stability`.
    top_bound : float
        Never below `critical_rate`; needs the top eigenvector only.
    coherence_bound : float
        Never below the critical rate of "bernoulli" sampling.
    coherence : float
        Measure of how far the samples share their directions of curvature, in [1, n_samples].
    worst_covariance : ndarray of shape (dim, dim)
        The covariance that stops shrinking first, of trace 1.
    """

    critical_rate: float
    gradient_descent_rate: float
    trace_bound: float
    top_bound: float
    coherence_bound: float
    coherence: float
    worst_covariance: np.ndarray = dataclasses.field(repr=False)


def sgd_stability(hessians, batch_size=1, *, sampling="without_replacement", tol=1e-10):
    r"""Compute the learning rate up to which SGD is stable at a minimum, in mean square.

    Parameters
    ----------
    hessians : SampleHessians
        At the minimum, which fits every sample.
    batch_size : int, in [1, n_samples], default=1
        Samples of a step.
    sampling : {"without_replacement", "with_replacement", "bernoulli"}
        How the batch is drawn, anew for each step; "bernoulli" draws each sample with probability
        batch_size / n_samples. The first is the default.
    tol : float, default=1e-10
        Relative tolerance of the eigenvalue that it takes.

    Returns
    -------
    SGDStability

    Raises
    ------
    TypeError
        For anything but :class:`SampleHessians`.
    ValueError
        For a batch that is larger than the samples, and a sampling that is not known.

    See Also
    --------
    second_moment_step : One step of the recursion itself.

    Notes
    -----
    Near a minimum with all gradients zero, a step multiplies the distance by
    :math:`I - \eta H_B`, and its second moment :math:`\Sigma` follows

    .. math:: \Sigma' = \Sigma - \eta (H \Sigma + \Sigma H)
              + \eta^2 \Big( q\, H \Sigma H + p\, \frac1n \sum_i H_i \Sigma H_i \Big)

    with :math:`p = \frac{n - b}{b (n - 1)}, q = 1 - p` without replacement,
    :math:`p = \frac1b, q = 1 - p` with it, and :math:`p = \frac1b - \frac1n, q = 1` for Bernoulli
    samples. The map is symmetric and keeps covariances positive: its spectral radius is its largest
    eigenvalue, which is at most 1 just if [1]_

    .. math:: \eta \le \frac{2}{\lambda_{\max}(C^+ D)}, \qquad
              C = \tfrac12 (H \otimes I + I \otimes H), \quad
              D = q\, H \otimes H + p\, \frac1n \sum_i H_i \otimes H_i .

    The eigenvalue is computed from products, without the matrices of side :math:`dim^2`.

    Each matrix :math:`S` put in for the eigenvector gives a necessary condition,
    :math:`\eta \langle S, D S \rangle \le 2 \langle S, C S \rangle`. The identity gives the trace
    bound: for samples of rank one, :math:`\eta\, p \operatorname{tr} H \le 2` and a bit more
    follows from it, the case b = 1 being the well-known :math:`\operatorname{tr} H \le 2 / \eta`.
    The projection on the top eigenvector gives the other [2]_.

    The coherence [3]_ is :math:`\sigma = \lambda_{\max}(S) / \max_i \lambda_{\max}(H_i)` with
    :math:`S_{ij} = \|H_i^{1/2} H_j^{1/2}\|_F`. SGD with Bernoulli samples diverges if
    :math:`\lambda_{\max}(H) > \frac{\sigma}{\eta} (\frac nb - 1)^{-1/2}`: the recursion is at least
    its last term, in which one sample alone leaves :math:`\lambda_{\max}(H_i)^2 / n`, and
    :math:`n \lambda_{\max}(H) \le \lambda_{\max}(S)`.

    References
    ----------
    .. [1] Mulayoff, Michaeli, Exact mean square linear stability analysis for SGD, COLT 2024.
    .. [2] Wu, Ma, E, How SGD selects the global minima in over-parameterized learning: a dynamical
       stability perspective, NeurIPS 2018.
    .. [3] Dexter, Ocejo, Keerthi, Gupta, Acharya, Khanna, A precise characterization of SGD
       stability using loss surface geometry, ICLR 2024.

    Examples
    --------
    Two samples that do not interfere: single steps may be half as long as those of both.

    >>> from optlite.curvature import SampleHessians, sgd_stability
    >>> found = sgd_stability(SampleHessians(factors=[[1.0, 0.0], [0.0, 1.0]]))
    >>> round(found.critical_rate, 6), round(found.gradient_descent_rate, 6)
    (2.0, 4.0)
    """
    owner = "sgd_stability"
    _check(hessians, sampling, owner)
    n = hessians.n_samples
    b = integer(batch_size, "batch_size", 1, owner, n)
    values, basis = symmetric_eigen(hessians.mean)
    basis = basis.T  # columns
    coherence = _coherence(hessians)
    if not values[-1] > 0.0:
        none = np.zeros_like(hessians.mean)
        return SGDStability(*[math.inf] * 5, coherence, none)
    p, q = _noise_share(b, n, sampling)
    kept = values > 1e-12 * values[-1]  # elsewhere no sample has any curvature
    small = SampleHessians(factors=hessians.factors @ basis[:, kept])
    top, worst = _largest_ratio(small, values[kept], p, q, tol)
    worst = basis[:, kept] @ worst @ basis[:, kept].T
    u = basis[:, -1]
    trace, squares = values[kept].sum(), np.sum(values[kept] ** 2)
    along = np.mean(np.sum((hessians.factors @ u) ** 2, axis=1) ** 2)
    noise = math.sqrt(max(n / b - 1.0, 0.0)) * values[-1]
    return SGDStability(
        critical_rate=2.0 / top,
        gradient_descent_rate=2.0 / float(values[-1]),
        trace_bound=float(2.0 * trace / (q * squares + p * np.mean(hessians.squared_norms()))),
        top_bound=float(2.0 * values[-1] / (q * values[-1] ** 2 + p * along)),
        coherence_bound=min(
            float(coherence / noise) if noise > 0.0 else math.inf, 2.0 / float(values[-1])
        ),
        coherence=coherence,
        worst_covariance=worst,
    )


def second_moment_step(
    hessians, covariance, learning_rate, batch_size=1, *, sampling="without_replacement"
):
    r"""Return the second moment of the distance from a minimum after a step of SGD.

    Parameters
    ----------
    hessians : SampleHessians
        At the minimum, which fits every sample.
    covariance : array-like of shape (dim, dim)
        Second moment before the step, symmetric.
    learning_rate : float
    batch_size : int, in [1, n_samples], default=1
    sampling : str, default="without_replacement"
        As in :func:`sgd_stability`, which has the equation.

    Returns
    -------
    ndarray of shape (dim, dim)

    Raises
    ------
    TypeError
        For anything but :class:`SampleHessians`.
    ValueError
        For a covariance of another shape, or not symmetric.

    Examples
    --------
    >>> from optlite.curvature import SampleHessians, second_moment_step
    >>> second_moment_step(SampleHessians(factors=[[1.0], [2.0]]), [[1.0]], 0.1)
    array([[0.585]])
    """
    owner = "second_moment_step"
    _check(hessians, sampling, owner)
    S = _params.real_array(covariance, "covariance", owner).astype(float)
    if S.shape != hessians.mean.shape:
        raise ValueError(
            f"covariance must have shape {hessians.mean.shape}, got {S.shape} ({owner})."
        )
    if not np.abs(S - S.T).max() <= 1e-8 * np.abs(S).max():
        raise ValueError(f"covariance must be symmetric and finite ({owner}).")
    # What rounding has left of asymmetry would grow from step to step.
    S = 0.5 * (S + S.T)
    rate = _params.real_number(learning_rate, "learning_rate", owner)
    n = hessians.n_samples
    p, q = _noise_share(integer(batch_size, "batch_size", 1, owner, n), n, sampling)
    HS = hessians.mean @ S
    noise = q * HS @ hessians.mean + p * hessians.sandwich(S)
    return S - rate * (HS + HS.T) + rate**2 * noise


def _check(hessians, sampling, owner):
    if not isinstance(hessians, SampleHessians):
        raise TypeError(
            f"hessians must be SampleHessians, got {type(hessians).__name__} ({owner}). Make them "
            "from arrays, or by sample_hessians(objective, w)."
        )
    choice(sampling, "sampling", _SAMPLINGS, owner)


def _largest_ratio(small, values, p, q, tol):
    """The largest eigenvalue of C^-1 D in the eigenbasis of H, and its matrix S of trace 1."""
    dim = len(values)
    root = np.sqrt(0.5 * (values[:, None] + values))  # C is diagonal there
    product = np.outer(values, values)  # and so is H (x) H

    def multiply(flat):
        S = flat.reshape(dim, dim)
        S = 0.5 * (S + S.T) / root
        return ((q * product * S + p * small.sandwich(S)) / root).ravel()

    # The eigenvector is positive: the identity has a part of it.
    start = (np.eye(dim) * root).ravel()
    found = eigsh(multiply, 1, "LA", tol=tol, v0=start, dim=dim * dim, method="lanczos")
    S = found.eigenvectors[:, 0].reshape(dim, dim)
    S = 0.5 * (S + S.T) / root
    size = np.trace(S)
    return float(found.eigenvalues[0]), S / size if size != 0.0 else S


def _coherence(hessians):
    """The coherence measure, 1 for samples without curvature."""
    n, rank, dim = hessians.factors.shape
    flat = hessians.factors.reshape(n * rank, dim)
    squares = core.product(flat, flat, transposed=True).reshape(n, rank, n, rank) ** 2
    S = np.sqrt(
        squares.sum(axis=(1, 3))
    )  # ||H_i^1/2 H_j^1/2||_F^2 = tr(H_i H_j) = ||F_i F_j^T||_F^2
    largest = hessians.largest_eigenvalues().max()
    if largest == 0.0:
        return 1.0
    return float(np.linalg.eigvalsh(S)[-1] / largest)
