"""How well gradients and Hessians of several domains agree."""

import dataclasses
import math

import numpy as np

from ._density import Estimate
from ._operand import choice, generator, integer
from ._operators import HessianOperator
from ._trace import mean_and_error, signs

_METHODS = ("hgp", "hutchinson", "frobenius")


@dataclasses.dataclass(frozen=True, eq=False)
class HessianAlignment:
    """Hold the distances of domains from their mean.

    Attributes
    ----------
    gradient_distance : float
        Mean squared distance of the domains' gradients from their mean.
    hessian_distance : Estimate
        The same of what stands for the Hessians, with ``value`` and ``standard_error``; the error
        is 0 for "hgp" and NaN for "hutchinson", which has a bias.
    gradient_distances, hessian_distances : ndarray of shape (n_domains,)
        Of each domain.
    """

    gradient_distance: float
    hessian_distance: Estimate
    gradient_distances: np.ndarray
    hessian_distances: np.ndarray


def hessian_alignment(domains, w, method="hgp", *, n_probes=None, random_state=0):
    r"""Measure how far the gradients and Hessians of domains are from their mean.

    Parameters
    ----------
    domains : sequence of objectives
        Two at least, of one dimension, each with ``gradient`` and ``hvp``: the data of different
        environments, or ``objective.batch(rows)`` of groups of rows.
    w : array-like
        The point.
    method : {"hgp", "hutchinson", "frobenius"}, default="hgp"
        "hgp" compares the products of the Hessians with the gradients, one product each;
        "hutchinson" estimates of the diagonals; "frobenius" the matrices, without bias.
    n_probes : int, >= 1, default=None
        Random vectors of the other two methods, the same for all domains; None is 100.
    random_state : int, numpy.random.Generator or None, default=0
        Seed of the vectors.

    Returns
    -------
    HessianAlignment

    Raises
    ------
    TypeError
        If a domain has no ``hvp``.
    ValueError
        For fewer than two domains, domains of different dimensions, and `n_probes` beside "hgp".

    Notes
    -----
    With gradients :math:`g_e` and Hessians :math:`H_e` of E domains, and a bar for their mean
    [1]_:

    .. math::

        \begin{gathered}
        \frac1E \sum_e \|g_e - \bar g\|^2, \qquad
        \text{hgp: } \frac1E \sum_e \| H_e g_e - \overline{H g} \|^2, \\
        \text{hutchinson: } \frac1E \sum_e \| D_e - \bar D \|^2, \quad
        D_e = \frac1m \sum_{r=1}^m v_r \circ H_e v_r, \\
        \text{frobenius: } \frac1E \sum_e \frac1m \sum_{r=1}^m \|(H_e - \bar H) v_r\|^2
        \approx \frac1E \sum_e \|H_e - \bar H\|_F^2
        \end{gathered}

    for random signs :math:`v_r`. Sums of the first with one of the others, weighted, are added to
    the loss in training for domain generalization. The second differs from the distance of the
    diagonals by the variance of the estimate, which falls as 1 / n_probes.

    References
    ----------
    .. [1] Hemati, Zhang, Estiri, Chen, Understanding Hessian alignment for domain generalization,
       ICCV 2023.

    Examples
    --------
    >>> from optlite.curvature import hessian_alignment
    >>> from optlite.objectives import Quadratic
    >>> domains = [Quadratic([1.0, 2.0]), Quadratic([3.0, 2.0])]
    >>> found = hessian_alignment(domains, [1.0, 1.0])
    >>> found.gradient_distance, found.hessian_distance.value  # gradients (1, 2), (3, 2)
    (1.0, 16.0)
    >>> hessian_alignment(domains, [1.0, 1.0], "frobenius").hessian_distance.value
    1.0
    """
    owner = "hessian_alignment"
    choice(method, "method", _METHODS, owner)
    domains = list(domains)
    if len(domains) < 2:
        raise ValueError(f"domains must be two at least, got {len(domains)} ({owner}).")
    if len({each.dim for each in domains}) != 1:
        sides = [each.dim for each in domains]
        raise ValueError(f"domains must have one dimension, got {sides} ({owner}).")
    if method == "hgp" and n_probes is not None:
        raise ValueError(
            f"n_probes must be left out for method='hgp', got {n_probes!r} ({owner}): it "
            "multiplies the gradients and draws nothing."
        )
    n_probes = 100 if n_probes is None else integer(n_probes, "n_probes", 1, owner)
    random = generator(random_state, owner)
    w = np.asarray(w, dtype=float)
    G = np.array([np.ravel(each.gradient(w.copy())) for each in domains], dtype=float)
    operators = [HessianOperator(each, w) for each in domains]
    if method == "hgp":
        V = np.array([A._apply(g[None])[0] for A, g in zip(operators, G, strict=True)])
        distances, error = _distances(V), 0.0
        value = float(distances.mean())
    elif method == "hutchinson":
        V = signs(random, n_probes, operators[0].shape[0])
        diagonals = np.array([np.mean(V * A._apply(V), axis=0) for A in operators])
        distances, error = _distances(diagonals), math.nan
        value = float(distances.mean())
    else:
        V = signs(random, n_probes, operators[0].shape[0])
        products = np.array([A._apply(V) for A in operators])
        squares = np.sum((products - products.mean(axis=0)) ** 2, axis=2)
        distances = squares.mean(axis=1)
        value, error = mean_and_error(squares.mean(axis=0))
    parts = _distances(G)
    return HessianAlignment(float(parts.mean()), Estimate(value, error), parts, distances)


def _distances(rows):
    """Squared distance of each row from the mean of all."""
    return np.sum((rows - rows.mean(axis=0)) ** 2, axis=1)
