"""Update rules as Python classes, one for each header of ``rules`` and ``matrix_rules``."""

import inspect

import numpy as np

from .. import _params
from .._core import core
from ._interface import SteppingRule
from ._state import State, new_state, stored_fields
from ._tree import Structure, refuse_shared_memory

_step = core.rule_step

#: The form of weight decay of a rule that has one of its own.
OWN_DECAY = "paper"


class Rule(SteppingRule):
    """Base of the update rules: hyper-parameters, and steps that they define.

    A rule holds hyper-parameters only and never changes; what a run remembers is its
    :class:`State`. A number may be a schedule: a function of the step t = 1, 2, ... that returns
    the number.

    See Also
    --------
    from_name : Make a rule from its name.
    list_rules : What there is.
    """

    _record = None
    _states = (State,)
    __slots__ = ("_fast", "_hyper", "_kernel", "_schedules")

    def __init__(self, **given):
        record = self._record
        hyper, schedules = {}, {}
        for field in record["fields"]:
            value = given.pop(field["name"], field["default"])
            if callable(value):
                schedules[field["name"]] = field
            else:
                value = _params.check_field(field, value, record["class_name"])
            hyper[field["name"]] = value
        if given:
            _params.field_values(record, given)  # raises, naming what there is
        object.__setattr__(self, "_hyper", hyper)
        object.__setattr__(self, "_schedules", schedules)
        kernel = None if schedules else self._make_kernel(hyper)
        object.__setattr__(self, "_kernel", kernel)
        # Numbers that come with each step take the slow way, which puts them into the state.
        given = any(scalar["is_given"] for scalar in record["scalars"])
        object.__setattr__(self, "_fast", None if given else kernel)

    def _make_kernel(self, hyper):
        """Hand the numbers to the core."""
        word, form, strength = hyper["weight_decay_form"], 0, 0.0
        if word != OWN_DECAY:
            form, strength = self._record["decay_words"].index(word), hyper["weight_decay"]
            hyper = hyper | {"weight_decay": 0.0}  # the driver decays, not the rule itself
        values = stored_fields(self._record, hyper)
        return core.rule_kernel(self._record["name"], values, form, strength)

    # --- steps ------------------------------------------------------------------------------------

    def init(self, params):
        """Return the state before the first step.

        Parameters
        ----------
        params : ndarray of float32 or float64, or a list, tuple or dict of such arrays
            The point to start from: some rules keep a copy of it. Not changed.

        Returns
        -------
        State
            Arrays of the same data type; of the same shapes, except for rules for matrices.

        Raises
        ------
        TypeError
            For anything but floating-point arrays, or arrays of mixed types.
        """
        return new_state(self._record, self.hyperparameters(1), params)

    def step(self, params, grads, state, **extra):
        """Make one step: change `params` and `state` in place.

        Parameters
        ----------
        params : ndarray of float32 or float64, or a list, tuple or dict of such arrays
            The point; each array is one tensor.
        grads : like `params`
            The gradient there. Not changed. NaN in it reaches the parameters.
        state : State
            From :meth:`init`.
        **extra
            What the rule needs beside the gradient, by name: see ``list_rules()``.

        Returns
        -------
        ndarray, list, tuple or dict
            `params` itself.

        Raises
        ------
        TypeError, ValueError
            For a missing `extra`, other shapes or types than those of the state, or parameters
            that cannot be written. Nothing has been changed then.
        KeyboardInterrupt
            Within a long step of a rule for matrices. Nothing has been changed then.
        """
        try:
            if not extra and state._direct and _step(self._fast, state._handle, params, grads):
                return params
        except (TypeError, ValueError, AttributeError):
            pass  # no fast way, or an argument of a wrong type: the slow way knows which
        self._careful_step(params, grads, state, extra)
        return params

    def _careful_step(self, params, grads, state, extra):
        """Make a step with arguments of any layout; say what is wrong with those that cannot be."""
        self._check_state(state)
        structure, dtype = state._structure, state._dtype
        hyper = self.hyperparameters(state.t + 1)
        state._check_shapes(hyper, self._owner)
        arrays = [each["name"] for each in self._record["inputs"]]
        numbers = [each["name"] for each in self._record["scalars"] if each["is_given"]]
        known = [*arrays, *numbers]
        extra = {**self._unneeded(hyper, state.t + 1, grads), **extra}
        for name in known:
            if name not in extra:
                raise TypeError(
                    f"{self._owner} needs {name!r} beside the gradient: "
                    f"{self._input_doc(name)} Pass step(params, grads, state, {name}=...)."
                )
        self._check_known(extra, known)
        targets = structure.arrays(params, "params", self._owner, dtype)
        self._check_writable(targets)
        refuse_shared_memory(targets, structure, self._owner)
        given = [
            structure.arrays(tree, name, self._owner, dtype)
            for name, tree in [("grads", grads), *((name, extra[name]) for name in arrays)]
        ]
        work = [_plain(target, dtype) for target in targets]
        lists = [[_apart(value, work, dtype) for value in values] for values in given]
        kernel = self._kernel or self._make_kernel(hyper)
        values = [_params.real_number(extra[name], name, self._owner) for name in numbers]
        state._give(dict(zip(numbers, values, strict=True)))
        if structure.container is None:
            work, lists = work[0], [values[0] for values in lists]
        if not _step(kernel, state._handle, work, *lists):
            raise AssertionError("The core refused a step that was checked.")
        work = [work] if structure.container is None else work
        for target, array in zip(targets, work, strict=True):
            if array is not target:
                target[...] = array

    def _unneeded(self, hyper, t, grads):
        """Inputs that this step does not use; the gradient stands for them."""
        fields = self._record["fields"]
        periods = {
            each["name"]: hyper[fields[each["field"]]["name"]]
            for each in self._record["inputs"]
            if each["field"] >= 0
        }
        return {name: grads for name, period in periods.items() if (t - 1) % period != 0}

    def _input_doc(self, name):
        return next(
            each["doc"]
            for key in ("inputs", "scalars")
            for each in self._record[key]
            if each["name"] == name
        )

    # --- hyper-parameters -------------------------------------------------------------------------

    @property
    def name(self):
        """Name in the registry."""
        return self._record["name"]

    def hyperparameters(self, t=None):
        """Return the hyper-parameters by name; those of step `t` where there are schedules.

        Parameters
        ----------
        t : int, >= 1, default=None
            The step; None returns the schedules themselves.

        Returns
        -------
        dict
        """
        hyper = dict(self._hyper)
        if t is not None:
            for name, field in self._schedules.items():
                hyper[name] = _params.check_field(field, hyper[name](t), self._owner)
        return hyper

    def __repr__(self):
        """Show the hyper-parameters that differ from their defaults."""
        defaults = {field["name"]: field["default"] for field in self._record["fields"]}
        shown = [f"{k}={v!r}" for k, v in self._hyper.items() if v != defaults[k]]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self):
        return make_rule, (self.name, self._hyper)


def _plain(array, dtype):
    """The array itself where the core can write to it, or a copy in C order."""
    array = array if type(array) is np.ndarray else array.view(np.ndarray)
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return array
    return np.array(array, dtype=dtype, order="C")


def _apart(value, work, dtype):
    """An input in C order that shares no memory with what is written."""
    value = _plain(value, dtype)
    return value.copy() if any(np.may_share_memory(value, array) for array in work) else value


# --- from registry records to classes -------------------------------------------------------------


def rule_records():
    """Return the records of the update rules by name, with weight decay among their fields."""
    return {name: _with_decay(record) for name, record in _params.records("rules").items()}


def _with_decay(record):
    """Append the options of the driver to the hyper-parameters of a rule."""
    fields, words = [_worded(field) for field in record["fields"]], record["decay_words"]
    form, own = words[record["decay_form"]], ""
    if record["own_decay"]:
        form, words, own = OWN_DECAY, [OWN_DECAY, *words], "as in the equations (paper); "
    else:
        fields.append(
            {
                "name": "weight_decay",
                "default": record["decay_strength"],
                "lower": 0.0,
                "upper": np.inf,
                "lower_open": False,
                "upper_open": True,
                "doc": "Strength w of the pull towards zero.",
                "words": [],
                "driver": True,
            }
        )
    fields.append(
        {
            "name": "weight_decay_form",
            "default": form,
            "doc": f"How it enters: {own}g + w x (l2); x - eta w x (decoupled) or x - w x (fixed) "
            "before the step; x / (1 + eta w) (proximal) or x - eta w x (decoupled_after) after "
            "it.",
            "words": words,
            "driver": True,
        }
    )
    return {**record, "fields": fields}


def _worded(field):
    """Give flags and choices the default that Python shows."""
    if not field["words"]:
        return field
    return {**field, "default": _params.as_word(field, field["default"])}


def rule_extras(record):
    """Return the records of what a rule needs beside the gradient: arrays, then numbers."""
    return [*record["inputs"], *(each for each in record["scalars"] if each["is_given"])]


def make_class(record, module):
    """Make the class of one rule: signature, documentation and hyper-parameters from its record."""
    name = record["class_name"]
    kinds = inspect.Parameter
    self_ = kinds("self", kinds.POSITIONAL_OR_KEYWORD)
    parameters = _params.parameters(record)
    first = [p.replace(kind=kinds.POSITIONAL_OR_KEYWORD) for p in parameters[:1]]

    def __init__(self, *args, **given):
        if args:
            _take_first(record, args, given)
        Rule.__init__(self, **given)

    __init__.__signature__ = inspect.Signature([self_, *first, *parameters[1:]])
    return type(
        name,
        (Rule,),
        {
            "_record": record,
            "__slots__": (),
            "__init__": __init__,
            "__module__": module,
            "__doc__": _class_doc(record),
        },
    )


def _take_first(record, args, given):
    """The first hyper-parameter, as a rule the learning rate, may be given without its name."""
    names = [field["name"] for field in record["fields"]]
    if len(args) > 1 or not names:
        raise TypeError(
            f"{record['class_name']} takes {names[0] if names else 'nothing'} without a name, got "
            f"{len(args)} values: name the others."
        )
    if names[0] in given:
        raise TypeError(f"{record['class_name']} got two values of {names[0]}.")
    given[names[0]] = args[0]


def _class_doc(record):
    state = [f"``{s['name']}``: {s['doc']}" for key in ("slots", "scalars") for s in record[key]]
    extra = [f"``{each['name']}``: {each['doc']}" for each in rule_extras(record)]
    needs = f"Needs beside the gradient: {' '.join(extra)}\n\n" if extra else ""
    holds = f"State: {' '.join(state)}\n\n" if state else "It keeps no state.\n\n"
    return f"""{record["doc"]}

{holds}{needs}Parameters
----------
{_params.parameter_docs(record)}
See Also
--------
optlite.optim.minimize : Run a rule on an objective.

{_params.notes(record)}"""


def make_rule(name, hyper):
    """Make an update rule from its name in the registry and its hyper-parameters."""
    from .. import optim

    record = _params.find("rules", name, "name")
    return getattr(optim, record["class_name"])(**hyper)


def registry_rows():
    """Return the rows of :func:`~optlite.optim.list_rules` for the rules of the registry."""
    return [
        {
            "name": record["name"],
            "family": record["family"],
            "state": [s["name"] for key in ("slots", "scalars") for s in record[key]],
            "extra": [each["name"] for each in rule_extras(record)],
            "reference": record["reference"],
        }
        for record in _params.records("rules").values()
    ]


__all__ = ["Rule", "State", "Structure", "make_rule", "registry_rows"]
