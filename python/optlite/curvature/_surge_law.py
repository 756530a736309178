"""The best learning rate as a function of the batch size."""

import math

import numpy as np

from .. import _params
from ._operand import choice


def optimal_learning_rate(batch_size, noise_scale, *, largest=1.0, rule="sgd"):
    r"""Return the learning rate that lowers a noisy quadratic most in one step, by batch size.

    Parameters
    ----------
    batch_size : array-like, > 0
    noise_scale : float, > 0
        The batch size at which noise and curvature balance: :func:`sgd_noise_scale` or
        :func:`sign_noise_scale`.
    largest : float, > 0, default=1.0
        The largest value: of "sgd" for infinite batches, of "sign" at the noise scale.
    rule : {"sgd", "sign"}, default="sgd"
        "sign" is for steps of one size in each coordinate: sign descent, and Adam as far as it
        resembles that.

    Returns
    -------
    ndarray, shaped as `batch_size`

    Raises
    ------
    ValueError
        For sizes and scales that are not positive.

    Notes
    -----
    .. math:: \eta_\text{sgd}(B) = \frac{\eta_{\max}}{1 + \mathcal B / B}, \qquad
              \eta_\text{sign}(B) = \frac{2\, \eta_{\max}}
              {\sqrt{\mathcal B / B} + \sqrt{B / \mathcal B}} .

    The first rises and saturates [1]_. The second rises like a square root, surges at
    :math:`B = \mathcal B`, and falls again [2]_: larger batches make the signs agree,
    and steps along all coordinates at once are long in the directions of large curvature. It holds
    for batches so small that every coordinate is mostly noise; :func:`sign_descent_rate` has no
    such limit.

    References
    ----------
    .. [1] McCandlish, Kaplan, Amodei, An empirical model of large-batch training, 2018.
    .. [2] Li, Zhao, Zhang, Sun, Wu, Zhang, Ren, Lu, Sun, Liu, Surge phenomenon in optimal learning
       rate and batch size scaling, NeurIPS 2024.

    Examples
    --------
    >>> from optlite.curvature import optimal_learning_rate
    >>> optimal_learning_rate([10, 100, 1000], 100, rule="sgd").round(3)
    array([0.091, 0.5  , 0.909])
    >>> optimal_learning_rate([10, 100, 1000], 100, rule="sign").round(3)
    array([0.575, 1.   , 0.575])
    """
    owner = "optimal_learning_rate"
    choice(rule, "rule", ("sgd", "sign"), owner)
    b = _params.real_array(batch_size, "batch_size", owner).astype(float)
    if not (b > 0.0).all():
        raise ValueError(f"batch_size must be > 0, got {batch_size} ({owner}).")
    for name, value in (("noise_scale", noise_scale), ("largest", largest)):
        if not 0.0 < _params.real_number(value, name, owner) < math.inf:
            raise ValueError(f"{name} must be > 0 and finite, got {value} ({owner}).")
    ratio = noise_scale / b
    if rule == "sgd":
        return largest / (1.0 + ratio)
    return 2.0 * largest / (np.sqrt(ratio) + np.sqrt(1.0 / ratio))


def sgd_noise_scale(gradient, covariance, hessian):
    r"""Return the noise scale of SGD and its best learning rate for exact gradients.

    Parameters
    ----------
    gradient : array-like of shape (dim,)
        Mean of the gradients of samples.
    covariance : array-like of shape (dim, dim)
        Their covariance.
    hessian : array-like of shape (dim, dim)

    Returns
    -------
    noise_scale, largest : float
        For :func:`optimal_learning_rate`.

    Raises
    ------
    ValueError
        For shapes that do not fit, and a Hessian that does not bend up along the gradient.

    Notes
    -----
    A step :math:`-\eta g_B` changes the quadratic by
    :math:`-\eta |g|^2 + \frac12 \eta^2 (g^\top H g + \operatorname{tr}(H \Sigma) / B)` on average:

    .. math:: \mathcal B = \frac{\operatorname{tr}(H \Sigma)}{g^\top H g}, \qquad
              \eta_{\max} = \frac{|g|^2}{g^\top H g}

    (McCandlish, Kaplan and Amodei 2018).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import sgd_noise_scale
    >>> sgd_noise_scale([1.0, 0.0], np.diag([3.0, 1.0]), np.diag([2.0, 4.0]))
    (5.0, 0.5)
    """
    g, S, H = _quadratic(gradient, covariance, hessian, "sgd_noise_scale")
    bend = float(g @ H @ g)
    if not bend > 0.0:
        raise ValueError(
            f"hessian must bend up along the gradient, got g . H g = {bend:g} (sgd_noise_scale)."
        )
    return float(np.sum(H * S)) / bend, float(g @ g) / bend


def sign_noise_scale(gradient, covariance, hessian):
    r"""Return the noise scale of sign descent and the best learning rate there.

    Parameters
    ----------
    gradient, covariance, hessian : array-like
        As of :func:`sgd_noise_scale`; of the covariance only the diagonal counts.

    Returns
    -------
    noise_scale, largest : float
        For :func:`optimal_learning_rate` with ``rule="sign"``.

    Raises
    ------
    ValueError
        If the signs of different coordinates do not add to the curvature: no batch is too large
        then.

    Notes
    -----
    For normal noise, independent in the coordinates, and a batch so small that noise dominates, the
    mean of the sign is :math:`\sqrt{2 B / \pi}\, \mu_i / \sigma_i`, which gives

    .. math:: \mathcal B = \frac{\pi \operatorname{tr} H}
              {2 \sum_{i \ne j} H_{ij} \frac{\mu_i \mu_j}{\sigma_i \sigma_j}}, \qquad
              \eta_{\max} = \frac{\sum_i \mu_i^2 / \sigma_i}
              {2 \sqrt{\operatorname{tr} H \, \sum_{i \ne j}
              H_{ij} \frac{\mu_i \mu_j}{\sigma_i \sigma_j}}}

    (Li et al. 2024).

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import sign_noise_scale
    >>> scale, largest = sign_noise_scale([0.1, 0.1], np.eye(2), [[1.0, 0.5], [0.5, 1.0]])
    >>> round(scale, 2), round(largest, 4)
    (314.16, 0.0707)
    """
    owner = "sign_noise_scale"
    g, S, H = _quadratic(gradient, covariance, hessian, owner)
    sigma = _deviations(S, owner)
    signal, trace = g / sigma, float(np.trace(H))
    between = float(signal @ H @ signal - np.diag(H) @ signal**2)
    if not (between > 0.0 and trace > 0.0):
        raise ValueError(
            f"hessian must have a trace > 0 and entries beside the diagonal that add up along the "
            f"gradient, got {trace:g} and {between:g} ({owner}): larger batches never hurt here."
        )
    return 0.5 * math.pi * trace / between, float(g @ signal) / (2.0 * math.sqrt(trace * between))


def sign_descent_rate(batch_size, gradient, covariance, hessian):
    r"""Return the best learning rate of sign descent for batches of any size.

    Parameters
    ----------
    batch_size : float, > 0
    gradient, covariance, hessian : array-like
        As of :func:`sign_noise_scale`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a variance is 0, or the quadratic does not bend up along the signs: no rate is the best.

    Notes
    -----
    With :math:`e_i = \operatorname{erf}(\sqrt{B / 2}\, \mu_i / \sigma_i)`, the mean of the sign
    of a normal number,

    .. math:: \eta(B) = \frac{\sum_i e_i \mu_i}
              {\operatorname{tr} H + \sum_{i \ne j} H_{ij}\, e_i e_j} .

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.curvature import sign_descent_rate
    >>> round(sign_descent_rate(314.16, [0.1, 0.1], np.eye(2), [[1.0, 0.5], [0.5, 1.0]]), 4)
    0.0647
    """
    from scipy.special import erf

    owner = "sign_descent_rate"
    g, S, H = _quadratic(gradient, covariance, hessian, owner)
    if not _params.real_number(batch_size, "batch_size", owner) > 0.0:
        raise ValueError(f"batch_size must be > 0, got {batch_size} ({owner}).")
    e = erf(math.sqrt(0.5 * batch_size) * g / _deviations(S, owner))
    bend = float(np.trace(H) + e @ H @ e - np.diag(H) @ e**2)
    if not bend > 0.0:
        raise ValueError(
            f"hessian must bend up along the signs, got {bend:g} on average ({owner})."
        )
    return float(e @ g) / bend


def _deviations(covariance, owner):
    """Standard deviations of the coordinates, none of which may be 0."""
    variances = np.diag(covariance)
    if not (variances > 0.0).all():
        raise ValueError(f"covariance must have a diagonal > 0 ({owner}).")
    return np.sqrt(variances)


def _quadratic(gradient, covariance, hessian, owner):
    """The three arrays, of shapes that fit."""
    g = _params.real_array(gradient, "gradient", owner).astype(float)
    S = _params.real_array(covariance, "covariance", owner).astype(float)
    H = _params.real_array(hessian, "hessian", owner).astype(float)
    if g.ndim != 1 or S.shape != 2 * g.shape or H.shape != S.shape:
        raise ValueError(
            "gradient, covariance and hessian must have shapes (dim,), (dim, dim), (dim, dim), got "
            f"{g.shape}, {S.shape}, {H.shape} ({owner})."
        )
    for name, array in (("gradient", g), ("covariance", S), ("hessian", H)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite ({owner}).")
    return g, S, H
