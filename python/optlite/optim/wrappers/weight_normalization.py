"""LAWN: weights that keep the norm that they have after some free steps."""

import numpy as np

from .. import _checks
from ._base import Wrapper, global_norm, quiet_arithmetic, store


class LAWN(Wrapper):
    r"""Let the rule run free, then keep the norm of each tensor: logit attenuating normalization.

    On separable data the loss falls without end as the weights grow, and gradients vanish. With
    their norms kept, only the direction of the weights can improve.

    State: ``inner``, the state of the rule; ``norm``, the norm that each tensor keeps, 0 during the
    free steps.

    Parameters
    ----------
    rule : Rule or wrapper
        Makes the steps. Its weight decay has no effect on what is kept.
    free_steps : int, >= 0, default=0
        Steps before the norms are kept.
    dimensions : int, >= 0, default=1
        Keep the norm of arrays of so many dimensions or more; 2 leaves biases free.

    Notes
    -----
    After the free steps, for each tensor x with norm :math:`n > 0`:

    .. math::

        g \leftarrow g - \frac{x^T g}{\|x\|^2} x, \qquad
        p \leftarrow p - \frac{x^T p}{\|x\|^2} x, \qquad
        x \leftarrow n \frac{x + p}{\|x + p\|}

    where p is the step that the rule makes with the projected gradient: adaptive rules turn it out
    of the tangent space, so that it is projected again. A tensor that is zero after the free steps
    stays free.

    Source: [1]_ describes the two phases, the projection and the constraint on the norms of layers;
    it was not at hand to check the order of projections, which follows from the constraint.

    References
    ----------
    .. [1] Gupta, Ramanath, Shi, Ramachandran, Zhou, Zhou and Keerthi, Logit attenuating weight
       normalization, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.LAWN(optim.Adam(learning_rate=0.1), free_steps=1)
    >>> x = np.array([3.0, 4.0])
    >>> state = rule.init(x)
    >>> norms = []
    >>> for _ in range(4):
    ...     x = rule.step(x, np.array([1.0, -1.0]), state)
    ...     norms.append(float(np.linalg.norm(x).round(12)))
    >>> len(set(norms)), state["norm"].round(4)
    (1, np.float64(5.022))
    """

    name = "lawn"
    __slots__ = ()

    def __init__(self, rule, free_steps=0, dimensions=1):
        super().__init__(
            rule,
            free_steps=_checks.integer(
                free_steps, "free_steps", "LAWN", "It counts the steps without constraint.", 0
            ),
            dimensions=_checks.integer(
                dimensions, "dimensions", "LAWN", "It tells weights from biases.", 0
            ),
        )

    def _first_arrays(self, tensors):
        return {"norm": [np.zeros((), tensor.dtype) for tensor in tensors]}

    def _make_step(self, params, grads, state, extra):
        if state.t < self.free_steps:
            self._step_inner(params, grads, state, extra)
            return
        norms = [float(norm) for norm in state._arrays["norm"]]
        if state.t == self.free_steps:
            norms = [global_norm([x]) if x.ndim >= self.dimensions else 0.0 for x in params]
        before = [np.array(x) for x in params]
        with quiet_arithmetic():
            tangent = [
                _tangent(g, x) if norm else g
                for g, x, norm in zip(grads, params, norms, strict=True)
            ]
        self._step_inner(params, tangent, state, extra)
        store(state._arrays["norm"], norms)
        with quiet_arithmetic():
            for x, old, norm in zip(params, before, norms, strict=True):
                if norm:
                    moved = old + _tangent(x - old, old)
                    x[...] = moved * (norm / global_norm([moved]))


def _tangent(v, x):
    """The part of v that is orthogonal to x."""
    unit = x / global_norm([x])
    return v - np.sum(unit * v, dtype=float).astype(v.dtype) * unit
