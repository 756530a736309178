"""How much curvature an update rule stands: where its steps on a quadratic begin to grow."""

import math

import numpy as np

from .. import _params

#: Rules that scale coordinates by the root of a mean of squared gradients: their thresholds are for
#: the preconditioned Hessian.
_PRECONDITIONED = ("adam", "rmsprop", "rmsprop_momentum")


def stability_threshold(rule, **fields):
    r"""Return the sharpness above which full-batch steps of a rule diverge on a quadratic.

    Parameters
    ----------
    rule : str or Rule
        ``SGD``, ``Momentum`` (heavy ball), ``Nesterov``, ``RMSprop``, ``RMSpropMomentum`` or
        ``Adam`` of :mod:`optlite.optim`, or its name.
    **fields
        Hyper-parameters of the rule, by name: ``learning_rate=0.1``.

    Returns
    -------
    float
        Infinite for a learning rate of 0. Of the rules that divide by the root of a mean of squared
        gradients it is a bound of the largest eigenvalue of the Hessian preconditioned by it, with
        the mean held fixed: see :func:`adam_preconditioner`.

    Raises
    ------
    TypeError
        For a schedule in place of a number: ask for the numbers of the step in question.
    ValueError
        For a rule whose threshold is not known here, and for weight decay, whose curvature belongs
        to the objective.

    See Also
    --------
    growth_factor : The factor per step, for any curvature.
    sharpness : What to compare with the threshold.

    Notes
    -----
    Along an eigenvector of curvature :math:`\lambda` every one of these rules is a linear
    recurrence of two terms. Its roots leave the unit circle at -1, which gives (Jury's conditions)

    .. math::

        \begin{aligned}
        \text{gradient descent:} \quad & \lambda < \frac{2}{\eta} &
        \text{heavy ball:} \quad & \lambda < \frac{2 (1 + \mu)}{\eta\, (1 - d)} \\
        \text{Nesterov:} \quad & \lambda < \frac{2 (1 + \mu)}{\eta\, (1 + 2 \mu)} &
        \text{Adam:} \quad & \lambda_P < \frac{2 (1 + \beta_1)}{\eta\, (1 - \beta_1)}
        \end{aligned}

    with momentum :math:`\mu`, dampening d, and :math:`\lambda_P` an eigenvalue of
    :math:`P^{-1/2} H P^{-1/2}`. The first row and Nesterov's are in [1]_, Adam's in [2]_. Neural
    networks trained with all data sharpen until they are there, and stay: the edge of stability
    [1]_.

    References
    ----------
    .. [1] Cohen, Kaur, Li, Kolter, Talwalkar, Gradient descent on neural networks typically occurs
       at the edge of stability, ICLR 2021.
    .. [2] Cohen, Ghorbani, Krishnan, Agarwal, Medapati, Badura, Suo, Cardoze, Nado, Dahl, Gilmer,
       Adaptive gradient methods at the edge of stability, 2022.

    Examples
    --------
    >>> from optlite import optim
    >>> from optlite.curvature import stability_threshold
    >>> stability_threshold("sgd", learning_rate=0.1)
    20.0
    >>> round(stability_threshold(optim.Momentum(0.1, momentum=0.9)), 9)
    38.0
    >>> round(stability_threshold("adam", learning_rate=1e-3), 9)
    38000.0
    """
    rule = _known_rule(rule, fields, "stability_threshold")
    rate, mass, look, share = _coefficients(rule)
    if rate == 0.0:
        return math.inf
    return 2.0 * (1.0 + mass) / (rate * share * (1.0 + 2.0 * mass if look else 1.0))


def growth_factor(rule, curvature, **fields):
    r"""Return the factor by which an error along an eigenvector grows per step, in the long run.

    Parameters
    ----------
    rule : str or Rule
        As of :func:`stability_threshold`.
    curvature : array-like
        Eigenvalues of the Hessian; of the preconditioned one for the rules that have one.
    **fields
        Hyper-parameters of the rule, by name.

    Returns
    -------
    ndarray, shaped as `curvature`
        The largest modulus of the roots of the recurrence; below 1 where the rule converges.

    Raises
    ------
    TypeError, ValueError
        As :func:`stability_threshold`.

    Notes
    -----
    For momentum :math:`\mu` and a step :math:`s = \eta (1 - d) \lambda` the roots are those of

    .. math:: z^2 - (1 + \mu - s) z + \mu = 0 \quad \text{(heavy ball)}, \qquad
              z^2 - (1 + \mu) (1 - s) z + \mu (1 - s) = 0 \quad \text{(Nesterov)}

    and Adam is heavy ball with :math:`d = \mu = \beta_1`.

    Examples
    --------
    >>> from optlite.curvature import growth_factor
    >>> growth_factor("sgd", [1.0, 19.0, 21.0], learning_rate=0.1).round(6)
    array([0.9, 0.9, 1.1])
    """
    rule = _known_rule(rule, fields, "growth_factor")
    rate, mass, look, share = _coefficients(rule)
    step = rate * share * _params.real_array(curvature, "curvature", "growth_factor").astype(float)
    if look:
        middle, last = (1.0 + mass) * (1.0 - step), mass * (1.0 - step)
    else:
        middle, last = 1.0 + mass - step, np.full(step.shape, mass)
    root = np.sqrt((0.25 * middle**2 - last).astype(complex))
    return np.maximum(np.abs(0.5 * middle + root), np.abs(0.5 * middle - root))


def adam_preconditioner(v, t, *, beta1=0.9, beta2=0.999, eps=1e-8):
    r"""Return the diagonal by which Adam divides its steps.

    Parameters
    ----------
    v : array-like
        Running mean of the squared gradients, ``state.v`` of :class:`optlite.optim.Adam`.
    t : int, >= 1
        Steps made so far.
    beta1, beta2, eps : float, default=0.9, 0.999, 1e-8
        Hyper-parameters of the rule. ``beta1=0`` leaves the correction of the mean out.

    Returns
    -------
    ndarray, shaped as `v`
        To be passed to :class:`PreconditionedOperator`.

    Raises
    ------
    ValueError
        For v below zero or not finite, decay rates outside of [0, 1), and t below 1.

    Notes
    -----
    .. math:: P = (1 - \beta_1^t) \left( \sqrt{v / (1 - \beta_2^t)} + \varepsilon \right)

    With it a step of Adam is :math:`w \leftarrow w - \eta P^{-1} m`, m the mean without correction
    (Cohen et al. 2022).

    References
    ----------
    Cohen et al., Adaptive gradient methods at the edge of stability, 2022.

    Examples
    --------
    >>> from optlite.curvature import adam_preconditioner
    >>> adam_preconditioner([0.001], 1, eps=0.0).round(6)
    array([0.1])
    """
    owner = "adam_preconditioner"
    v = _params.real_array(v, "v", owner).astype(float)
    if not (np.isfinite(v).all() and (v >= 0.0).all()):
        raise ValueError(f"v must hold finite numbers >= 0, means of squares ({owner}).")
    for name, value in (("beta1", beta1), ("beta2", beta2)):
        if not 0.0 <= _params.real_number(value, name, owner) < 1.0:
            raise ValueError(f"{name} must be in [0, 1), got {value} ({owner}).")
    if t < 1:
        raise ValueError(f"t must be >= 1, got {t} ({owner}): before the first step v is zero.")
    return (1.0 - beta1**t) * (np.sqrt(v / (1.0 - beta2**t)) + eps)


def _known_rule(rule, fields, owner):
    """Return the rule, without weight decay and with numbers for hyper-parameters."""
    from ..optim import Rule, from_name

    if isinstance(rule, Rule):
        rule = rule.replace(**fields) if fields else rule
    elif isinstance(rule, str):
        rule = from_name(rule, **fields)
    else:
        raise TypeError(f"rule must be a Rule or its name, got {type(rule).__name__} ({owner}).")
    if rule.name not in ("sgd", "momentum", "nesterov", *_PRECONDITIONED):
        raise ValueError(
            f"rule must be one of sgd, momentum, nesterov, {', '.join(_PRECONDITIONED)}, got "
            f"{rule.name!r} ({owner}): the steps of others are not linear in the gradient."
        )
    for name, value in rule.hyperparameters().items():
        if callable(value):
            raise TypeError(
                f"{name} must be a number, got a schedule ({owner}). Pass rule.replace({name}=...)."
            )
    if rule.hyperparameters().get("weight_decay", 0.0) != 0.0:
        raise ValueError(
            f"weight_decay must be 0, got {rule.weight_decay} ({owner}). Put the penalty into the "
            "objective, whose Hessian then has it."
        )
    return rule


def _coefficients(rule):
    """Learning rate, momentum, whether the step looks ahead, and the share of a new gradient."""
    hyper = rule.hyperparameters()
    rate = hyper["learning_rate"]
    if rule.name == "adam":
        return rate, hyper["beta1"], False, 1.0 - hyper["beta1"]
    mass = hyper.get("momentum", 0.0)
    return rate, mass, rule.name == "nesterov", 1.0 - hyper.get("dampening", 0.0)
