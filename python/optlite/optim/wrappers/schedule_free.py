"""Schedule-Free SGD and AdamW: rules of their own, with an average in the place of a schedule."""

import numpy as np

from ...reference.updates import FORMS, OWN, decay_factors
from .. import _checks
from ._base import PythonRule, quiet_arithmetic, store, zeros


class _ScheduleFree(PythonRule):
    """What both share: the three sequences, their weights, and the point to evaluate."""

    __slots__ = ()
    _forms = FORMS

    def __init__(self, interpolation, learning_rate, warm_up, r, power, decay, **hyper):
        owner = self._owner
        if not callable(learning_rate):
            learning_rate = _check_rate(learning_rate, owner)
        advice = "It is the part of the average in the point where gradients are taken."
        for name, value in interpolation.items():
            hyper[name] = _checks.fraction(value, name, owner, advice, (True, False))
        super().__init__(
            learning_rate=learning_rate,
            **hyper,
            **_checks.weight_decay(*decay, owner, self._forms),
            warm_up=_checks.integer(warm_up, "warm_up", owner, "It counts steps.", lower=0),
            r=_checks.non_negative(
                r, "r", owner, "Weights of the average grow as t to this power."
            ),
            weight_learning_rate_power=_checks.non_negative(
                power,
                "weight_learning_rate_power",
                owner,
                "Weights of the average are the largest learning rate to this power.",
            ),
        )

    def _first_arrays(self, tensors):
        return {"z": tensors}

    def _first_numbers(self):
        return {"weight_sum": 0.0, "largest_learning_rate": 0.0}

    def hyperparameters(self, t=None):
        """Return the hyper-parameters by name; the learning rate of step `t` without warm-up.

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
            hyper["learning_rate"] = _check_rate(self.learning_rate(t), self._owner)
        return hyper

    def evaluation_point(self, params, state):
        """Return the average x, where the model is to be evaluated.

        Parameters
        ----------
        params : ndarray, list, tuple or dict
            The point y where gradients are taken.
        state : WrapperState
            The state that goes with it.

        Returns
        -------
        like `params`
            New arrays.
        """
        self._check_state(state)
        ys = state._structure.arrays(params, "params", self._owner, state._dtype)
        step = 1.0 - 1.0 / self._interpolation
        zs = state._arrays["z"]
        xs = [np.asarray(y + step * (z - y), state._dtype) for y, z in zip(ys, zs, strict=True)]
        return state._structure.build(xs)

    def _weigh(self, state):
        """Return the learning rate of this step, the weight c of z, and the numbers that change."""
        t = state.t + 1
        rate = self.hyperparameters(t)["learning_rate"]
        rate *= min(1.0, t / self.warm_up) if self.warm_up else 1.0
        largest = max(rate, state._numbers["largest_learning_rate"])
        weight = t**self.r * largest**self.weight_learning_rate_power
        total = state._numbers["weight_sum"] + weight
        c = weight / total if total > 0.0 else 0.0
        return rate, c, {"weight_sum": total, "largest_learning_rate": largest}

    def _with_l2(self, grads, ys):
        """Return the gradients, with w y added if that is how weight decay enters."""
        w = self.weight_decay if self.weight_decay_form == "l2" else 0.0
        return [g + w * y for g, y in zip(grads, ys, strict=True)] if w else grads

    def _move(self, ys, directions, state):
        """Step z along the directions, the average towards z, and y between them."""
        rate, c, numbers = self._weigh(state)
        zs = state._arrays["z"]
        _, before, after = decay_factors(self.weight_decay_form, rate, self.weight_decay)
        if before == after == 1.0:
            steps = [-rate * d for d in directions]
        else:
            steps = [
                after * (before * z - rate * d) - z for z, d in zip(zs, directions, strict=True)
            ]
        # x is not stored: with x = (y - (1 - b) z) / b put in, the three lines become these two.
        along = 1.0 - self._interpolation * (1.0 - c)
        new_ys = [(1.0 - c) * y + c * z + along * s for y, z, s in zip(ys, zs, steps, strict=True)]
        store(zs, [z + s for z, s in zip(zs, steps, strict=True)])
        store(ys, new_ys)
        state._numbers.update(numbers)


def _check_rate(value, owner):
    return _checks.non_negative(value, "learning_rate", owner, "It is the length of steps of z.")


class ScheduleFreeSGD(_ScheduleFree):
    r"""SGD whose average needs no schedule; gradients are taken between the two.

    The parameters hold y, where gradients are taken; :meth:`evaluation_point` returns x.

    State: ``z``, the point of SGD, at the start the parameters; ``weight_sum`` and
    ``largest_learning_rate``, for the weights of the average.

    Parameters
    ----------
    learning_rate : float, >= 0, or schedule, default=1.0
        Step size γ. Constant after the warm-up is what the method is for.
    momentum : float, in (0, 1], default=0.9
        Interpolation β: y = (1 - β) z + β x. It takes the place of momentum.
    weight_decay : float, >= 0, default=0.0
        Strength w of the pull towards zero.
    weight_decay_form : {"l2", "decoupled", "fixed", "proximal", "decoupled_after"}, default="l2"
        How it enters: w y is added to the gradient (l2, as in the paper); or it shortens z, to
        z - γ w z (decoupled) or z - w z (fixed) before its step, to z / (1 + γ w) (proximal) or
        z - γ w z (decoupled_after) after it.
    warm_up : int, >= 0, default=0
        Steps of a linear rise of the learning rate.
    r : float, >= 0, default=0.0
        Weights of the average grow as t to this power.
    weight_learning_rate_power : float, >= 0, default=2.0
        Weights of the average are the largest learning rate so far to this power.

    Notes
    -----
    .. math::

        y_t &= (1 - \beta) z_t + \beta x_t \\
        z_{t+1} &= z_t - \gamma_t (\nabla f(y_t) + w y_t) \\
        x_{t+1} &= (1 - c_{t+1}) x_t + c_{t+1} z_{t+1}, \qquad
        c_{t+1} = \frac{w_t}{\sum_{i \le t} w_i}, \quad
        w_t = t^r \Big(\max_{i \le t} \gamma_i\Big)^p

    Source: [1]_, with the weights of the authors' package.

    References
    ----------
    .. [1] Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, The road less scheduled, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.ScheduleFreeSGD(learning_rate=0.5)
    >>> y = np.array([1.0, -2.0])
    >>> state = rule.init(y)
    >>> for _ in range(200):
    ...     y = rule.step(y, 2.0 * y, state)
    >>> bool(np.abs(rule.evaluation_point(y, state)).max() < 1e-3)
    True
    """

    name = "schedule_free_sgd"
    __slots__ = ()

    def __init__(
        self,
        learning_rate=1.0,
        *,
        momentum=0.9,
        weight_decay=0.0,
        weight_decay_form="l2",
        warm_up=0,
        r=0.0,
        weight_learning_rate_power=2.0,
    ):
        super().__init__(
            {"momentum": momentum},
            learning_rate,
            warm_up,
            r,
            weight_learning_rate_power,
            (weight_decay, weight_decay_form),
        )

    @property
    def _interpolation(self):
        return self.momentum

    @quiet_arithmetic()
    def _make_step(self, params, grads, state, extra):
        self._move(params, self._with_l2(grads, params), state)


class ScheduleFreeAdamW(_ScheduleFree):
    r"""AdamW whose average needs no schedule; gradients are taken between the two.

    The parameters hold y, where gradients are taken; :meth:`evaluation_point` returns x.

    State: ``z``, the point of the steps, at the start the parameters; ``v``, the second moment;
    ``weight_sum`` and ``largest_learning_rate``, for the weights of the average.

    Parameters
    ----------
    learning_rate : float, >= 0, or schedule, default=0.0025
        Step size γ. Constant after the warm-up is what the method is for.
    beta1 : float, in (0, 1], default=0.9
        Interpolation β₁: y = (1 - β₁) z + β₁ x. It takes the place of momentum.
    beta2 : float, in [0, 1), default=0.999
        Decay of the second moment.
    eps : float, >= 0, default=1e-8
        Added to the root.
    weight_decay : float, >= 0, default=0.0
        Strength w of the pull towards zero.
    weight_decay_form : str, default="paper"
        How it enters: w y is added to the step's direction ("paper") or to the gradient ("l2"); or
        it shortens z, to z - γ w z ("decoupled") or z - w z ("fixed") before its step, to
        z / (1 + γ w) ("proximal") or z - γ w z ("decoupled_after") after it.
    warm_up : int, >= 0, default=0
        Steps of a linear rise of the learning rate.
    r : float, >= 0, default=0.0
        Weights of the average grow as t to this power.
    weight_learning_rate_power : float, >= 0, default=2.0
        Weights of the average are the largest learning rate so far to this power.

    Notes
    -----
    .. math::

        v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2, \qquad g_t = \nabla f(y_t) \\
        z_{t+1} &= z_t - \gamma_t
        \left(\frac{g_t}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon} + w y_t\right)

    with y, x and the weights as in :class:`ScheduleFreeSGD`.

    Source: [1]_ Algorithm 1, with the bias correction of the authors' package, which divides v
    where the paper multiplies γ.

    References
    ----------
    .. [1] Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky, The road less scheduled, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.ScheduleFreeAdamW(learning_rate=0.1)
    >>> y = np.array([1.0, -2.0])
    >>> state = rule.init(y)
    >>> for _ in range(200):
    ...     y = rule.step(y, 2.0 * y, state)
    >>> bool(np.abs(rule.evaluation_point(y, state)).max() < 0.1)
    True
    """

    name = "schedule_free_adamw"
    __slots__ = ()
    _forms = (OWN, *FORMS)

    def __init__(
        self,
        learning_rate=0.0025,
        *,
        beta1=0.9,
        beta2=0.999,
        eps=1e-8,
        weight_decay=0.0,
        weight_decay_form=OWN,
        warm_up=0,
        r=0.0,
        weight_learning_rate_power=2.0,
    ):
        advice = "It is what the second moment keeps of itself."
        super().__init__(
            {"beta1": beta1},
            learning_rate,
            warm_up,
            r,
            weight_learning_rate_power,
            (weight_decay, weight_decay_form),
            beta2=_checks.fraction(beta2, "beta2", self._owner, advice, (False, True)),
            eps=_checks.non_negative(eps, "eps", self._owner, "It is added to the root."),
        )

    @property
    def _interpolation(self):
        return self.beta1

    def _first_arrays(self, tensors):
        return {"z": tensors, "v": zeros(tensors)}

    @quiet_arithmetic()
    def _make_step(self, params, grads, state, extra):
        own = state._arrays["v"]
        keep, w = self.beta2, self.weight_decay if self.weight_decay_form == OWN else 0.0
        grads = self._with_l2(grads, params)
        v = [keep * v + (1.0 - keep) * (g * g) for v, g in zip(own, grads, strict=True)]
        correction = 1.0 - keep ** (state.t + 1)
        directions = [
            g / (np.sqrt(v / correction) + self.eps) + w * y
            for g, v, y in zip(grads, v, params, strict=True)
        ]
        self._move(params, directions, state)
        store(own, v)
