"""Stochastic model building: a step of SGD, corrected by a model where it does not descend."""

import numpy as np

from ..._params import real_number
from ...reference.updates import decay_factors
from .. import _checks
from ._base import PythonRule, global_norm, quiet_arithmetic, store


class SMB(PythonRule):
    r"""SGD that builds a model from a second gradient where its step does not descend enough.

    A trial step of SGD is accepted if it lowers the loss. If it does not, the gradient at the trial
    point is asked for, and each tensor makes the step that minimises a model built from both: never
    longer than the trial step, and turned by the change of the gradient.

    State: ``models``, the number of steps that needed a model. Where they are many, lower the
    learning rate.

    Needs beside the gradient: ``loss``: The loss at the parameters; ``loss_function`` and
    ``gradient_function``: The functions that return the loss and the gradient at the point they are
    given; on the same data as the gradient.

    Parameters
    ----------
    learning_rate : float, >= 0, or schedule, default=1.0
        Length η of the trial step, in units of the gradient.
    c : float, >= 0, default=0.1
        Part of the decrease that the gradient promises with which the trial step is accepted.
    shrink : float, in (0, 1), default=0.99
        Bound ρ of the length of the model's step, relative to the trial step.
    weight_decay : float, >= 0, default=0.0
        Strength w of the pull towards zero.
    weight_decay_form : {"l2", "decoupled", "fixed", "proximal", "decoupled_after"}, default="l2"
        How it enters: as part of the loss, which becomes ``f(x) + w |x|^2 / 2`` (l2), also where
        the step is judged; or it shortens x, to x - η w x (decoupled) or x - w x (fixed) before the
        step, to x / (1 + η w) (proximal) or x - η w x (decoupled_after) after it. The step is
        then that of x before.

    Notes
    -----
    With the trial step :math:`s = -\eta g`, accepted if :math:`f(x + s) \le f(x) - c \eta \|g\|^2`,
    the model takes the gradients for slopes that change linearly along s:

    .. math::

        m(p) = f(x) + \Big( g + \frac{s^T p}{\|s\|^2} y \Big)^T p
        + \frac{\sigma}{\|s\|^2} \|p\|^2, \qquad y = \nabla f(x + s) - g

    with :math:`2 \sigma = \|s\| (\|y\| + \|g\| / \rho) - y^T s`, which bounds the curvature of
    the model by :math:`\|g\| / (\rho \|s\|)` from below: its minimum is not farther than ρ times
    the length of s. The source writes it with six inner products; as s is a multiple of g, it is

    .. math::

        p = -\eta \rho \frac{(\|g\| + \rho \|y\|)\, g + \rho \|g\|\, y}{\|g\| + 2 \rho \|y\|}

    The coefficients are those of the authors' code, the model is what they minimise: derived here,
    and tested against each other.

    Source: [1]_.

    References
    ----------
    .. [1] Birbil, Martin, Onay and Öztoprak, Bolstering stochastic gradient descent with model
       building, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> h = np.array([1.0, 50.0])  # SGD needs a learning rate below 2 / 50
    >>> f, gradient = lambda x: 0.5 * x @ (h * x), lambda x: h * x
    >>> rule, x = optim.SMB(learning_rate=0.1), np.ones(2)
    >>> state = rule.init(x)
    >>> for _ in range(200):
    ...     oracle = {"loss": f(x), "loss_function": f, "gradient_function": gradient}
    ...     x = rule.step(x, gradient(x), state, **oracle)
    >>> bool(f(x) < 1e-6), state["models"] > 0
    (True, True)
    """

    name = "smb"
    family = "global"
    _needed = ("loss", "loss_function", "gradient_function")
    __slots__ = ()

    def __init__(
        self, learning_rate=1.0, c=0.1, shrink=0.99, weight_decay=0.0, weight_decay_form="l2"
    ):
        if not callable(learning_rate):
            learning_rate = _check_rate(learning_rate)
        super().__init__(
            learning_rate=learning_rate,
            c=_checks.non_negative(c, "c", "SMB", "It is the part of the decrease to ask for."),
            shrink=_checks.fraction(
                shrink, "shrink", "SMB", "It bounds the step of the model.", (True, True)
            ),
            **_checks.weight_decay(weight_decay, weight_decay_form, "SMB"),
        )

    def _first_numbers(self):
        return {"models": 0}

    def hyperparameters(self, t=None):
        """Return the hyper-parameters by name; the learning rate of step `t`.

        Parameters
        ----------
        t : int, >= 1, default=None
            The step; None returns a schedule itself.

        Returns
        -------
        dict
        """
        hyper = dict(self._hyper)
        if t is not None and callable(self.learning_rate):
            hyper["learning_rate"] = _check_rate(self.learning_rate(t))
        return hyper

    def _make_step(self, params, grads, state, extra):
        for name in ("loss_function", "gradient_function"):
            if not callable(extra[name]):
                raise TypeError(
                    f"{name} must be a function of the parameters, got "
                    f"{type(extra[name]).__name__} (SMB)."
                )
        rate = self.hyperparameters(state.t + 1)["learning_rate"]
        w, before, after = decay_factors(self.weight_decay_form, rate, self.weight_decay)
        oracle = _Oracle(extra, state._structure, state._dtype, w)
        loss, grads = oracle.loss(params), oracle.gradient(params, grads)
        with quiet_arithmetic():  # but not around the user's functions
            steps = [-rate * g for g in grads]
            norm = global_norm(grads)
            decrease = self.c * rate * norm * norm  # norm ** 2 would raise, not overflow
            there = oracle.moved(params, steps)
        if not oracle.loss(there, extra["loss_function"]) <= loss - decrease:
            others = oracle.gradient(there)
            with quiet_arithmetic():
                steps = [
                    _model_step(g, other - g, rate, self.shrink)
                    for g, other in zip(grads, others, strict=True)
                ]
            state._numbers["models"] += 1
        with quiet_arithmetic():
            kept = [before * x for x in params] if before != 1.0 else params
            ends = oracle.moved(kept, steps)
            store(params, [after * x for x in ends] if after != 1.0 else ends)


class _Oracle:
    """The loss and its gradient, with w |x|^2 / 2 as part of it."""

    def __init__(self, extra, structure, dtype, w):
        self._extra, self._structure, self._dtype, self._w = extra, structure, dtype, w

    def loss(self, params, function=None):
        """Return the loss at the parameters of the step, or elsewhere by its function."""
        value, name = self._extra["loss"], "loss"
        if function is not None:
            value, name = function(self._structure.build(params)), "loss_function(params)"
        squares = sum(global_norm([x]) ** 2 for x in params) if self._w else 0.0
        return real_number(value, name, "SMB") + 0.5 * self._w * squares

    def gradient(self, params, found=None):
        """Return the gradient, which is known at the parameters of the step."""
        if found is None:
            found = self._extra["gradient_function"](self._structure.build(params))
            found = self._structure.arrays(found, "gradient_function(params)", "SMB", self._dtype)
        with quiet_arithmetic():
            return [g + self._w * x for g, x in zip(found, params, strict=True)]

    def moved(self, params, steps):
        """Return new parameters, in their own precision."""
        return [np.asarray(x + s, self._dtype) for x, s in zip(params, steps, strict=True)]


def _model_step(g, y, rate, shrink):
    """Return the minimum of the model, from the gradient and how it changes."""
    size, change = global_norm([g]), shrink * global_norm([y])
    if size == 0.0:
        return np.zeros_like(g)
    along, across = (size + change) / (size + 2.0 * change), size / (size + 2.0 * change)
    return -rate * shrink * (along * g + shrink * across * y)


def _check_rate(value):
    return _checks.non_negative(value, "learning_rate", "SMB", "It is the length of trial steps.")
