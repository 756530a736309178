"""Numbers that depend on all eigenvalues, or on the outermost ones."""

import dataclasses
import math

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .. import _params
from .._warnings import warn
from ._density import in_memory_if_cheaper, lanczos_runs
from ._eigsh import eigsh
from ._operand import Operand, generator, integer, number, symmetric_eigen, tridiagonal_eigen
from ._trace import TraceResult, mean_and_error


def trace_of_function(
    operator,
    function,
    *,
    n_steps=50,
    rtol=0.01,
    max_probes=100,
    dim=None,
    random_state=0,
):
    r"""Estimate the trace of a function of a symmetric operator.

    That is the sum of the function over the eigenvalues, by stochastic Lanczos quadrature [1]_.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    function : callable
        Maps an array of eigenvalues to an array of finite numbers.
    n_steps : int, >= 2, default=50
        Steps of Lanczos' method for each probe: the quadrature is exact for polynomials up to the
        degree ``2 * n_steps - 1``.
    rtol : float, >= 0, default=0.01
        Tolerance of the standard error, relative to the value. Probes are added until it is met.
    max_probes : int, >= 2, default=100
        Limit of probes.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the probes.

    Returns
    -------
    TraceResult
        The standard error covers the probes and, added to it, the change of the quadrature over its
        last steps, a tenth of them.

    Raises
    ------
    ValueError
        If the function is not finite at a Ritz value, as the logarithm of one that is not positive.

    Warns
    -----
    ConvergenceWarning
        If the standard error did not reach `rtol` with `max_probes`.

    References
    ----------
    .. [1] Ubaru, Chen, Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, SIAM
       Journal on Matrix Analysis and Applications, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import trace_of_function
    >>> found = trace_of_function(np.diag([0.0, 1.0, 2.0]), np.exp)
    >>> bool(np.isclose(found.value, np.exp([0.0, 1.0, 2.0]).sum()))
    True
    """
    return _trace_of(
        "trace_of_function", operator, function, n_steps, rtol, max_probes, dim, random_state
    )


def logdet(operator, *, n_steps=50, rtol=0.01, max_probes=100, dim=None, random_state=0):
    """Estimate the logarithm of the determinant of a positive definite operator.

    Parameters
    ----------
    operator, n_steps, rtol, max_probes, dim, random_state
        As of :func:`trace_of_function`, with the logarithm for its function. Of operators that are
        ill conditioned the quadrature needs more steps, about the root of the condition number.

    Returns
    -------
    TraceResult

    Raises
    ------
    ValueError
        If the operator is seen not to be positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import logdet
    >>> round(logdet(np.diag([1.0, 2.0, 4.0])).value, 6)
    2.079442
    """
    return _trace_of("logdet", operator, np.log, n_steps, rtol, max_probes, dim, random_state)


def _trace_of(owner, operator, function, n_steps, rtol, max_probes, dim, random_state):
    operand = Operand(operator, dim, owner)
    if not callable(function):
        raise TypeError(f"function must be callable, got {function!r} ({owner}).")
    n_steps = integer(n_steps, "n_steps", 2, owner)
    rtol = number(rtol, "rtol", owner, ">= 0")
    max_probes = integer(max_probes, "max_probes", 2, owner)
    random = generator(random_state, owner)
    operand, _ = in_memory_if_cheaper(operand, n_steps * max(8, max_probes // 4), 8)
    if operand.matrix is not None and operand.dim <= 8 * n_steps:
        values, _ = symmetric_eigen(operand.dense())
        total = math.fsum(_finite(function, values, owner))
        return TraceResult(total, 0.0, operand.n_products, "exact", True)
    samples, changes = np.zeros(0), np.zeros(0)
    while True:
        count = min(max(4, len(samples)), max_probes - len(samples))
        start = random.standard_normal((count, operand.dim))
        new = _samples(operand, start, n_steps, function, owner)
        samples, changes = np.append(samples, new[0]), np.append(changes, new[1])
        value, error = mean_and_error(operand.dim * samples)
        error += operand.dim * abs(float(np.mean(changes)))
        if error <= rtol * abs(value) or len(samples) == max_probes:
            break
    converged = bool(error <= rtol * abs(value))
    if not converged:
        warn(
            f"{owner} stopped at max_probes={max_probes} with a standard error of {error:.3g} for "
            f"{value:.6g}, above rtol={rtol:g}. Increase max_probes, n_steps or rtol.",
            ConvergenceWarning,
        )
    return TraceResult(value, error, operand.n_products, "slq", converged)


def _samples(operand, start, n_steps, function, owner):
    """v . f(A) v by each probe's rule, and what the last tenth of the steps changed in it."""
    runs = lanczos_runs(operand, start, n_steps)
    samples, changes = [], []
    for alphas, betas, _ in runs:
        rules = []
        for steps in (len(alphas), len(alphas) - max(1, len(alphas) // 10)):
            if steps == 0 or (steps < len(alphas) and betas[-1] == 0.0):
                rules.append(rules[0])  # the rule is exact
                continue
            nodes, vectors = tridiagonal_eigen(alphas[:steps], betas[:steps])
            rules.append(vectors[:, 0] ** 2 @ _finite(function, nodes, owner))
        samples.append(rules[0])
        changes.append(rules[0] - rules[1])
    return samples, changes


def _finite(function, nodes, owner):
    with np.errstate(all="ignore"):
        values = np.asarray(function(nodes), dtype=np.float64)
    if values.shape != nodes.shape:
        raise ValueError(
            f"function must return shape {nodes.shape}, as its argument has, got {values.shape} "
            f"({owner})."
        )
    if not np.isfinite(values).all():
        at = nodes[~np.isfinite(values)][0]
        remedy = (
            "The operator must be positive definite: add a multiple of the identity."
            if owner == "logdet"
            else "Pass a function that is finite on the whole spectrum."
        )
        raise ValueError(
            f"function must be finite at all eigenvalues, got {values[~np.isfinite(values)][0]} at "
            f"{at:.6g} ({owner}). {remedy}"
        )
    return values


@dataclasses.dataclass(frozen=True)
class SpectralBound:
    """Hold a number that depends on the ends of a spectrum.

    Attributes
    ----------
    value : float
        The estimate. Ritz values lie inside the spectrum: it is a lower bound but for rounding.
    upper : float
        What the number would be if the eigenvalues were as far outwards as their residual bounds
        allow. A bound only if the outermost eigenvalues are those that were found.
    n_products : int
        Products with vectors.
    """

    value: float
    upper: float
    n_products: int


def norm(operator, *, tol=1e-3, dim=None, random_state=0):
    """Estimate the spectral norm of a symmetric operator: its largest eigenvalue in size.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    tol : float, >= 0, default=1e-3
        Relative residual of the eigenpair. The error of the value is about its square.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the start vector.

    Returns
    -------
    SpectralBound

    Raises
    ------
    ValueError
        As :func:`eigsh`.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import norm
    >>> round(norm(np.diag([1.0, -3.0])).value, 6)
    3.0
    """
    found = eigsh(operator, 1, "LM", tol, dim=dim, random_state=random_state)
    value = float(abs(found.eigenvalues[0]))
    return SpectralBound(value, value + float(found.residual_bounds[0]), found.n_products)


def condition_number(operator, *, tol=1e-3, max_products=None, dim=None, random_state=0):
    """Estimate the condition number of a positive definite operator.

    Parameters
    ----------
    operator : array, sparse matrix, LinearOperator or callable
        Symmetric. A function takes a vector and returns one of the same length.
    tol : float, >= 0, default=1e-3
        Relative residual of the eigenpairs, relative to the largest eigenvalue.
    max_products : int, default=None
        As of :func:`eigsh`. The smallest eigenvalue of an ill conditioned operator takes many.
    dim : int, default=None
        Length of the vectors; needed for a function without ``shape``.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the start vector.

    Returns
    -------
    SpectralBound
        `upper` is infinite where the residual bound of the smallest eigenvalue reaches zero.

    Raises
    ------
    ValueError
        If an eigenvalue is found to be negative.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import condition_number
    >>> round(condition_number(np.diag([1.0, 2.0, 8.0])).value, 6)
    8.0
    """
    owner = "condition_number"
    tol = _params.real_number(tol, "tol", owner)
    operand = Operand(operator, dim, owner)
    ends = min(operand.dim, 2)
    found = eigsh(
        operator, ends, "BE", tol, max_products=max_products, dim=dim, random_state=random_state
    )
    low, high = (float(found.eigenvalues[end]) for end in (0, -1))
    around_low, around_high = (float(found.residual_bounds[end]) for end in (0, -1))
    if low < -around_low:
        raise ValueError(
            f"operator must be positive definite, got an eigenvalue near {low:.6g} ({owner}). "
            "Add a multiple of the identity."
        )
    value = high / low if low > 0.0 else math.inf
    upper = (high + around_high) / (low - around_low) if low > around_low else math.inf
    return SpectralBound(value, upper, found.n_products)
