"""Flat minima: SAM and gradient regularization, which ask for the gradient at another point."""

import numpy as np

from .. import _checks
from ._base import Wrapper, global_norm, needs, quiet_arithmetic


class _SecondGradient(Wrapper):
    """Base of the wrappers that need the gradient at another point as well."""

    _needed = ("gradient_function",)
    __slots__ = ()

    def _shift(self, params, grads):
        """Return how far the other point is, an array a tensor."""
        raise NotImplementedError  # abstract: each subclass has its own

    def _combine(self, grads, others):
        """Return the gradient to step with."""
        raise NotImplementedError  # abstract: each subclass has its own

    def _make_step(self, params, grads, state, extra):
        function = extra["gradient_function"]
        if not callable(function):
            raise TypeError(
                f"gradient_function must be a function of the parameters that returns the gradient "
                f"there, got {type(function).__name__} ({self._owner})."
            )
        new = self._replaced(params, grads, state, function)
        extra = dict(extra)
        if "gradient_function" in needs(self.rule):
            extra["gradient_function"] = self._replaced_function(state, function)
        else:
            del extra["gradient_function"]
        self._step_inner(params, new, state, extra)

    def _replaced(self, params, grads, state, function):
        """Return the gradient to step with, from the one here and the one at the other point."""
        structure, dtype = state._structure, state._dtype
        with quiet_arithmetic():  # but not around the user's function
            shifts = self._shift(params, grads)
            there = [np.asarray(x + d, dtype=dtype) for x, d in zip(params, shifts, strict=True)]
        name = "gradient_function(params)"
        others = structure.arrays(function(structure.build(there)), name, self._owner, dtype)
        with quiet_arithmetic():
            return self._combine(grads, others)

    def _replaced_function(self, state, function):
        """Return the function that gives a rule inside, as this wrapper again, its gradients."""
        structure, dtype = state._structure, state._dtype

        def replaced(tree):
            params = structure.arrays(tree, "params", self._owner, dtype)
            grads = structure.arrays(
                function(tree), "gradient_function(params)", self._owner, dtype
            )
            new = self._replaced(params, grads, state, function)
            return structure.build([np.asarray(g, dtype=dtype) for g in new])

        return replaced


class SAM(_SecondGradient):
    r"""Sharpness-aware minimisation: the gradient from the worst point nearby.

    State: ``inner``, the state of the rule.

    Needs beside the gradient: ``gradient_function``: The function that returns the gradient at the
    point it is given; on the same data as the gradient.

    Parameters
    ----------
    rule : Rule or wrapper
        Steps with the gradient from nearby. Filters of the gradient, as :class:`ClipNorm`, belong
        inside.
    rho : float, >= 0, default=0.05
        How far away; 0 leaves the rule as it is.
    adaptive : bool, default=False
        Whether to measure distances relative to the parameters, which makes the result independent
        of their scale; `rho` is then about ten times as large.

    Notes
    -----
    .. math::

        g \leftarrow \nabla f(x + e), \qquad e = \rho \frac{g}{\|g\|}
        \quad \text{or, adaptive,} \quad e = \rho \frac{x^2 g}{\| |x| \, g \|}

    with norms over all tensors.

    Source: [1]_; adaptive: [2]_.

    References
    ----------
    .. [1] Foret, Kleiner, Mobahi and Neyshabur, Sharpness-aware minimization for efficiently
       improving generalization, 2021.
    .. [2] Kwon, Kim, Park and Choi, ASAM: adaptive sharpness-aware minimization for scale-invariant
       learning of deep neural networks, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> def gradient(x):
    ...     return 2.0 * x
    >>> rule = optim.SAM(optim.SGD(learning_rate=0.1), rho=0.5)
    >>> x = np.array([3.0, 4.0])
    >>> rule.step(x, gradient(x), rule.init(x), gradient_function=gradient)
    array([2.34, 3.12])
    """

    name = "sam"
    __slots__ = ()

    def __init__(self, rule, rho=0.05, adaptive=False):
        super().__init__(
            rule,
            rho=_checks.non_negative(rho, "rho", "SAM", "It is the distance to the other point."),
            adaptive=_checks.flag(adaptive, "adaptive", "SAM"),
        )

    def _shift(self, params, grads):
        if not self.adaptive:
            return _scaled(grads, self.rho, global_norm(grads))
        relative = [np.abs(x) * g for x, g in zip(params, grads, strict=True)]
        longer = [np.abs(x) * r for x, r in zip(params, relative, strict=True)]
        return _scaled(longer, self.rho, global_norm(relative))

    def _combine(self, grads, others):
        return others


def _scaled(arrays, length, norm):
    """Arrays over their norm, times a length; zero where there is no direction."""
    if norm == 0.0:
        return [np.zeros_like(array) for array in arrays]
    return [length * (array / norm) for array in arrays]


class GradientRegularization(_SecondGradient):
    r"""Penalise the norm of the gradient, by a finite difference of gradients.

    State: ``inner``, the state of the rule.

    Needs beside the gradient: ``gradient_function``: The function that returns the gradient at the
    point it is given; on the same data as the gradient.

    Parameters
    ----------
    rule : Rule or wrapper
        Steps with the gradient of the penalised objective. Filters of the gradient, as
        :class:`ClipNorm`, belong inside.
    gamma : float, >= 0, default=0.01
        Strength of the penalty; 0 leaves the rule as it is.
    eps : float, > 0, default=0.01
        Step of the difference, times the gradient. Large steps are no mere approximation: they
        change what is penalised, as the source shows.
    direction : {"forward", "backward"}, default="forward"
        Take the other gradient uphill or downhill.

    Notes
    -----
    .. math::

        f + \frac{\gamma}{2} \|\nabla f\|^2: \qquad
        g \leftarrow g + \frac{\gamma}{\epsilon} (\nabla f(x + \epsilon g) - g)
        \quad \text{or} \quad
        g + \frac{\gamma}{\epsilon} (g - \nabla f(x - \epsilon g))

    Both are exact for quadratics, where the added term is γ H g. With γ = ε, forward, it is SAM
    without the norm.

    Source: [1]_, there F-GR and B-GR.

    References
    ----------
    .. [1] Karakida, Takase, Hayase and Osawa, Understanding gradient regularization in deep
       learning: efficient finite-difference computation and implicit bias, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> def gradient(x):
    ...     return 2.0 * x
    >>> rule = optim.GradientRegularization(optim.SGD(learning_rate=0.1), gamma=0.5, eps=0.25)
    >>> x = np.array([1.0, -1.0])
    >>> rule.step(x, gradient(x), rule.init(x), gradient_function=gradient)
    array([ 0.6, -0.6])
    """

    name = "gradient_regularization"
    __slots__ = ()

    def __init__(self, rule, gamma=0.01, eps=0.01, direction="forward"):
        owner = "GradientRegularization"
        super().__init__(
            rule,
            gamma=_checks.non_negative(gamma, "gamma", owner, "It is the strength of the penalty."),
            eps=_checks.positive(eps, "eps", owner, "It is the step of a difference."),
            direction=_checks.word(
                direction, "direction", owner, ("forward", "backward"), "Uphill, or downhill."
            ),
        )

    @property
    def _sign(self):
        return 1.0 if self.direction == "forward" else -1.0

    def _shift(self, params, grads):
        return [(self._sign * self.eps) * g for g in grads]

    def _combine(self, grads, others):
        weight = self._sign * self.gamma / self.eps
        return [g + weight * (other - g) for g, other in zip(grads, others, strict=True)]
