"""What wrappers and the rules written in Python share: hyper-parameters, state, checks of a step.

A wrapper says three things: its hyper-parameters (the signature of ``__init__``, which passes
checked values on), the arrays it keeps (``_first_arrays``, ``_first_numbers``), and what a step
does with lists of arrays (``_make_step``). A step stores nothing before the rule inside it has
made its own, so that an error leaves everything as it was.
"""

import inspect
import math

import numpy as np

from .._interface import SteppingRule
from .._rules import Rule, rule_extras
from .._state import NamedState, State
from .._tree import Structure

#: What SAM and others need, as messages explain it.
NEEDS = {
    "loss": "The loss at the parameters.",
    "loss_function": "The function that returns the loss at the point it is given.",
    "gradient_function": "The function that returns the gradient at the point it is given.",
}


class WrapperState(NamedState):
    """Hold what a wrapper remembers between two steps, the state of its rule under "inner".

    Made by ``init(params)``, changed in place by ``step``. ``state["slow"]`` (or ``state.slow``) is
    an array shaped as the parameters are, or a list, tuple or dict of such arrays if the parameters
    are one; the arrays may be written to. Numbers that belong to the whole run are kept beside
    them.

    Attributes
    ----------
    rule : str
        Name of the wrapper that it belongs to.
    t : int
        Steps made so far.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.Lookahead(optim.SGD(learning_rate=0.1), k=2)
    >>> x = np.ones(2)
    >>> state = rule.init(x)
    >>> _ = rule.step(x, np.array([1.0, -1.0]), state)
    >>> state
    WrapperState(lookahead, t=1, inner=State(sgd, t=1), slow=array of shape (2,))
    >>> state.slow
    array([1., 1.])
    """

    __slots__ = ("_arrays", "_dtype", "_inner", "_numbers", "_structure", "rule", "t")

    def __init__(self, rule, structure, dtype, inner, arrays, numbers, t=0):
        self.rule, self.t = rule, t
        self._structure, self._dtype = structure, np.dtype(dtype)
        self._inner = inner  # None for a rule of its own
        self._arrays = arrays  # {name: one array a tensor}
        self._numbers = numbers

    def __getitem__(self, name):
        """Return the state of the rule inside, an array of state, or a number."""
        if name == "inner" and self._inner is not None:
            return self._inner
        if name in self._arrays:
            return self._structure.build(list(self._arrays[name]))
        if name in self._numbers:
            return self._numbers[name]
        raise KeyError(f"The state of {self.rule} holds {', '.join(self) or 'nothing'}; {name!r}?")

    def __iter__(self):
        inner = ["inner"] if self._inner is not None else []
        return iter([*inner, *self._arrays, *self._numbers])

    def __len__(self):
        return (self._inner is not None) + len(self._arrays) + len(self._numbers)

    def __repr__(self):
        """Name the wrapper, the step and the shapes."""
        shown = [f"t={self.t}"]
        for name in self:
            value = self[name]
            if isinstance(value, np.ndarray):
                value = f"array of shape {value.shape}"
            elif isinstance(value, (list, tuple, dict)):
                value = "..."
            shown.append(f"{name}={value}")
        return f"WrapperState({', '.join([self.rule, *shown])})"

    def copy(self):
        """Return a state of its own: the same numbers in other arrays."""
        arrays = {name: [array.copy() for array in own] for name, own in self._arrays.items()}
        inner = None if self._inner is None else self._inner.copy()
        return WrapperState(
            self.rule, self._structure, self._dtype, inner, arrays, dict(self._numbers), self.t
        )

    def __reduce__(self):
        parts = (self._structure, self._dtype.str, self._inner, self._arrays, self._numbers)
        return WrapperState, (self.rule, *parts, self.t)


class PythonRule(SteppingRule):
    """Base of the rules and wrappers written in Python; the interface is that of a rule."""

    _states = (WrapperState, State)
    name = None  #: As it stands in the state, and for from_name().
    family = "element-wise"  #: What list_rules() calls it.
    _needed = ()  # What a step needs beside the gradient.
    __slots__ = ("_hyper",)

    def __init__(self, **hyper):
        object.__setattr__(self, "_hyper", hyper)

    # --- for subclasses ---------------------------------------------------------------------------

    def _first_arrays(self, tensors):
        """Return the arrays of state before the first step: {name: one array a tensor}."""
        return {}

    def _first_numbers(self):
        """Return the numbers of state before the first step."""
        return {}

    def _make_step(self, params, grads, state, extra):
        """Write new values into the arrays of `params` and into `state`."""
        raise NotImplementedError  # abstract: each subclass has its own

    # --- steps ------------------------------------------------------------------------------------

    def init(self, params):
        """Return the state before the first step.

        Parameters
        ----------
        params : ndarray of float32 or float64, or a list, tuple or dict of such arrays
            The point to start from.

        Returns
        -------
        WrapperState
        """
        structure, tensors = Structure.of(params, "params", self._owner)
        dtype = (tensors[0].dtype if tensors else np.dtype(float)).newbyteorder("=")
        arrays = {
            name: [np.array(array, dtype=dtype, order="C", subok=False) for array in own]
            for name, own in self._first_arrays(tensors).items()
        }
        inner = self._init_inner(params)
        return WrapperState(self.name, structure, dtype, inner, arrays, self._first_numbers())

    def _init_inner(self, params):
        return None

    def step(self, params, grads, state, **extra):
        """Make one step: change `params` and `state` in place.

        Parameters
        ----------
        params : ndarray of float32 or float64, or a list, tuple or dict of such arrays
            The point; each array is one tensor.
        grads : like `params`
            The gradient there. Not changed.
        state : WrapperState
            From :meth:`init`.
        **extra
            What the rule needs beside the gradient, by name.

        Returns
        -------
        ndarray, list, tuple or dict
            `params` itself.

        Raises
        ------
        TypeError, ValueError
            For a missing `extra`, other shapes or types than those of the state, or parameters
            that cannot be written. Nothing has been changed then.
        """
        targets, given = self._check_step(params, grads, state, extra)
        self._make_step(targets, given, state, extra)
        state.t += 1
        return params

    def _check_step(self, params, grads, state, extra):
        """Return the arrays of `params` and of `grads`, or say what is wrong."""
        self._check_state(state)
        known = needs(self)
        for name in self._needed:  # the rule inside checks for its own
            if name not in extra:
                raise TypeError(
                    f"{self._owner} needs {name!r} beside the gradient: {NEEDS[name]} "
                    f"Pass step(params, grads, state, {name}=...)."
                )
        self._check_known(extra, known)
        structure, dtype = state._structure, state._dtype
        targets = structure.arrays(params, "params", self._owner, dtype)
        self._check_writable(targets)
        return targets, structure.arrays(grads, "grads", self._owner, dtype)

    # --- hyper-parameters -------------------------------------------------------------------------

    def hyperparameters(self, t=None):
        """Return the hyper-parameters by name, the rule inside among them.

        Parameters
        ----------
        t : int, >= 1, default=None
            The step; None returns schedules themselves where there are any.

        Returns
        -------
        dict
        """
        return dict(self._hyper)

    def __repr__(self):
        """Show the rule inside, and the hyper-parameters that differ from their defaults."""
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = self._hyper[name]
            if name == "rule":
                shown.append(repr(value))
            elif parameter.default is inspect.Parameter.empty or value != parameter.default:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self):
        return _restore, (type(self), self._hyper)


def _restore(cls, hyper):
    return cls(**hyper)


class Wrapper(PythonRule):
    """Base of the wrappers: a rule, and something done before or after its steps.

    A wrapper has the interface of a :class:`~optlite.optim.Rule` and can be wrapped again; the
    outermost sees the gradient first.
    """

    family = "wrapper"
    __slots__ = ()

    def __init__(self, rule, **hyper):
        if not isinstance(rule, (Rule, PythonRule)):
            hint = f" Pass {rule.__name__}()." if isinstance(rule, type) else ""
            raise TypeError(
                f"rule must be an update rule or a wrapper of one, got {rule!r} of type "
                f"{type(rule).__name__} ({self._owner}).{hint}"
            )
        super().__init__(rule=rule, **hyper)

    def _init_inner(self, params):
        return self.rule.init(params)

    def _step_inner(self, params, grads, state, extra):
        """Let the rule step lists of arrays."""
        structure, dtype = state._structure, state._dtype
        # Arithmetic on arrays of no dimension gives scalars; the rule wants arrays.
        grads = structure.build([np.asarray(g, dtype=dtype) for g in grads])
        self.rule.step(structure.build(list(params)), grads, state._inner, **extra)


class GradientFilter(Wrapper):
    """Base of the wrappers that change the gradient before the rule sees it."""

    __slots__ = ()

    def _filter(self, grads, state):
        """Return the new gradients, and the arrays of state that change: {name: arrays}."""
        raise NotImplementedError  # abstract: each subclass has its own

    def _make_step(self, params, grads, state, extra):
        with quiet_arithmetic():
            filtered, changes = self._filter(grads, state)
        self._step_inner(params, filtered, state, extra)
        for name, arrays in changes.items():
            store(state._arrays[name], arrays)


def quiet_arithmetic():
    """As in the core, what is not finite reaches the parameters without a warning on its way."""
    return np.errstate(all="ignore")


def needs(rule):
    """Return the names of what a rule, or what it wraps, needs beside the gradient."""
    if isinstance(rule, Rule):
        return [each["name"] for each in rule_extras(rule._record)]
    inner = needs(rule.rule) if isinstance(rule, Wrapper) else []
    return [*rule._needed, *(name for name in inner if name not in rule._needed)]


def store(targets, values):
    """Write new values into arrays, in place."""
    for target, value in zip(targets, values, strict=True):
        target[...] = value


def zeros(tensors):
    """Return an array of zeros for each tensor."""
    return [np.zeros_like(tensor) for tensor in tensors]


def global_norm(arrays):
    """Return the Euclidean norm over all tensors, in double precision and without overflow."""
    largest = max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    parts = [np.asarray(array, dtype=float).ravel() / largest for array in arrays]
    return largest * math.sqrt(sum(float(part @ part) for part in parts))


__all__ = [
    "GradientFilter",
    "PythonRule",
    "Wrapper",
    "WrapperState",
    "global_norm",
    "needs",
    "quiet_arithmetic",
    "store",
    "zeros",
]
