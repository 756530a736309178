"""A run of an update rule on several tensors, with weight decay as an option of every rule.

paper            as the rule itself has it, for rules with a weight_decay of their own: the default
l2               g <- g + w x, before anything else
decoupled        x <- (1 - eta w) x, before the step
fixed            x <- (1 - w) x, before the step
proximal         x <- x / (1 + eta w), after the step
decoupled_after  x <- (1 - eta w) x, after the step

Loshchilov and Hutter, Decoupled weight decay regularization, 2019; Parikh and Boyd, Proximal
algorithms, 2014, section 6.1.1.
"""

import inspect

import numpy as np

from . import load

FORMS = ("l2", "decoupled", "fixed", "proximal", "decoupled_after")
OWN = "paper"  # the form of a rule whose own hyper-parameters include weight_decay


def decay_factors(form, rate, w):
    """Return what weight decay adds of x to the gradient, and its factors before and after a step.

    Parameters
    ----------
    form : str
        One of :data:`FORMS`; any other decays nothing.
    rate, w : float
        The step size eta, and the strength.

    Returns
    -------
    tuple of three floats

    Examples
    --------
    >>> from optlite.reference.updates import decay_factors
    >>> decay_factors("decoupled", 0.5, 0.1)
    (0.0, 0.95, 1.0)
    """
    before = {"decoupled": 1.0 - rate * w, "fixed": 1.0 - w}.get(form, 1.0)
    after = {"proximal": 1.0 / (1.0 + rate * w), "decoupled_after": 1.0 - rate * w}.get(form, 1.0)
    return w if form == "l2" else 0.0, before, after


class _Zeros(dict):
    """The state of one tensor: arrays that were not set yet are zero."""

    def __init__(self, x):
        super().__init__()
        self._x = x

    def __missing__(self, name):
        self[name] = np.zeros_like(self._x)
        return self[name]


class Updates:
    """Step through a rule of :mod:`optlite.reference.rules`.

    Parameters
    ----------
    rule : str
        Name of the rule.
    xs : list of ndarray
        The tensors at the start; they are not changed.
    weight_decay : float, default=0.0
        Strength w.
    weight_decay_form : str, default="l2"
        One of :data:`FORMS`, or "paper" for a rule with a weight decay of its own.
    **hyper
        All hyper-parameters of the rule.

    Attributes
    ----------
    xs : list of ndarray
        The tensors now.
    states : list of dict
        The state of each tensor, by the textbook's names.
    shared : dict
        What rules with global sums keep for all tensors.
    t : int
        Steps made.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite.reference.updates import Updates
    >>> run = Updates("momentum", [np.ones(2)], learning_rate=0.1, momentum=0.9, dampening=0.0)
    >>> run.step([np.array([1.0, 2.0])])
    [array([0.9, 0.8])]
    """

    def __init__(self, rule, xs, *, weight_decay=0.0, weight_decay_form="l2", **hyper):
        self._twin = load("rules", rule)
        self._own_decay = "weight_decay" in inspect.signature(self._twin.update).parameters
        forms = (OWN, *FORMS) if self._own_decay else FORMS
        if weight_decay_form not in forms:
            raise ValueError(
                f"weight_decay_form must be one of {forms}, got {weight_decay_form!r} ({rule})."
            )
        self._hyper, self._weight_decay, self._form = hyper, weight_decay, weight_decay_form
        self.xs = [np.array(x) for x in xs]
        self.states = [_Zeros(x) for x in self.xs]
        if hasattr(self._twin, "start"):
            for state, x in zip(self.states, self.xs, strict=True):
                state.update(self._twin.start(x, **hyper))
        self.shared = {}
        self.t = 0

    def set(self, *, weight_decay=None, weight_decay_form=None, **hyper):
        """Change hyper-parameters, as a schedule does between two steps."""
        if weight_decay is not None:
            self._weight_decay = weight_decay
        self._form = weight_decay_form or self._form
        self._hyper.update(hyper)

    def step(self, gs, **inputs):
        """Make one step and return the tensors.

        Parameters
        ----------
        gs : list of ndarray
            The gradient.
        **inputs : lists of ndarray, or numbers
            What the rule needs beside it.
        """
        hyper, w = dict(self._hyper), self._weight_decay
        if self._own_decay:
            hyper["weight_decay"] = w if self._form == OWN else 0.0
        self.t += 1
        if self._form == "l2" and w:
            gs = [g + w * x for g, x in zip(gs, self.xs, strict=True)]
        if hasattr(self._twin, "look"):
            for x, state in zip(self.xs, self.states, strict=True):
                self._twin.look(x, state, **hyper)
        factors = [decay_factors(self._form, self._rate(x), w) for x in self.xs]
        starts = [before * x for x, (_, before, _) in zip(self.xs, factors, strict=True)]
        if hasattr(self._twin, "share"):
            self._twin.share(starts, gs, self.states, self.shared, self.t, **hyper, **inputs)
            hyper["shared"] = self.shared
        self._shift(starts, self.xs)
        ends = [
            self._twin.update(
                start,
                g,
                state,
                self.t,
                **hyper,
                **{
                    name: values[k] if isinstance(values, list) else values
                    for name, values in inputs.items()
                },
            )
            for k, (start, g, state) in enumerate(zip(starts, gs, self.states, strict=True))
        ]
        after = [factor * end for end, (_, _, factor) in zip(ends, factors, strict=True)]
        self._shift(after, ends)
        self.xs = after
        return self.xs

    def _shift(self, after, before):
        """Tell a rule that remembers places what weight decay has added to x."""
        if hasattr(self._twin, "shift"):
            for state, end, start in zip(self.states, after, before, strict=True):
                self._twin.shift(end - start, state)

    def _rate(self, x):
        """Return the step size that weight decay of a tensor goes with."""
        if hasattr(self._twin, "rate"):
            return self._twin.rate(x, **self._hyper)
        return self._hyper.get("learning_rate", 0.0)
