"""The state of an update rule: arrays under the textbook's names, and the number of steps made."""

from collections.abc import Mapping

import numpy as np

from .. import _params
from .._core import core
from ._tree import Structure, refuse_shared_memory


class NamedState(Mapping):
    """Base of the states: a mapping from the textbook's names, to be read as attributes, too."""

    __slots__ = ()

    def __getattr__(self, name):
        """Return what is held under a name as an attribute."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def keys(self):
        """Return the names: arrays of state, then numbers."""
        return super().keys()

    def values(self):
        """Return what they hold."""
        return super().values()

    def items(self):
        """Return pairs of both."""
        return super().items()

    def get(self, name, default=None):
        """Return what is held under a name, or a default."""
        return super().get(name, default)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()


class State(NamedState):
    """Hold what an update rule remembers between two steps.

    Made by ``rule.init(params)``, changed in place by ``rule.step``. ``state["m"]`` (or
    ``state.m``) is an array shaped as the parameters are, or a list, tuple or dict of such arrays
    if the parameters are one; rules for matrices also keep arrays of other shapes. The arrays may
    be written to; they may not be replaced.

    Attributes
    ----------
    rule : str
        Name of the rule that it belongs to.
    t : int
        Steps made so far.

    Examples
    --------
    >>> import numpy as np
    >>> from optlite import optim
    >>> rule = optim.Momentum(learning_rate=0.1)
    >>> x = np.ones(2)
    >>> state = rule.init(x)
    >>> _ = rule.step(x, np.array([1.0, -1.0]), state)
    >>> state
    State(momentum, t=1, b=array of shape (2,))
    >>> state.b
    array([ 1., -1.])
    """

    __slots__ = ("_arrays", "_direct", "_dtype", "_handle", "_record", "_scalars", "_structure")

    def __init__(self, record, structure, dtype, arrays, scalars, t):
        self._record = record
        self._structure = structure
        self._dtype = np.dtype(dtype)
        # The core holds pointers: NumPy does not resize an array that is a view.
        self._arrays = [{name: array.view() for name, array in own.items()} for own in arrays]
        # Whether the core can look at what users pass; a tuple or a dict is taken apart first.
        self._direct = structure.container in (None, list)
        self._scalars = scalars
        names = [slot["name"] for slot in record["slots"]]
        self._handle = core.rule_state(
            record["name"],
            self._dtype == np.float32,
            structure.container is not None,
            t,
            [list(shape) for shape in structure.shapes],
            [own[name] for own in self._arrays for name in names],
            scalars,
        )

    @property
    def rule(self):
        """Name of the rule that this state belongs to."""
        return self._record["name"]

    @property
    def t(self):
        """Steps made so far."""
        return core.rule_steps_done(self._handle)

    def __getitem__(self, name):
        """Return the array of state of this name, structured as the parameters are."""
        for i, scalar in enumerate(self._record["scalars"]):
            if scalar["name"] == name:
                return self._scalar(i)
        if not any(slot["name"] == name for slot in self._record["slots"]):
            raise KeyError(
                f"The state of {self.rule} holds {', '.join(self) or 'nothing'}; {name!r}?"
            )
        return self._structure.build([own[name] for own in self._arrays])

    def _scalar(self, i):
        if self._record["global_scalars"]:
            return float(self._scalars[0, i])
        return self._structure.build([float(row[i]) for row in self._scalars])

    def _check_shapes(self, hyper, owner):
        """Refuse a state whose arrays other hyper-parameters have shaped."""
        if not self._record["shapes_slots"]:
            return
        for shape, own in zip(self._structure.shapes, self._arrays, strict=True):
            needed = slot_shapes(self._record, hyper, shape)
            for slot, must in zip(self._record["slots"], needed, strict=True):
                name = slot["name"]
                if own[name].shape != tuple(must):
                    raise ValueError(
                        f"state must hold {name} of shape {tuple(must)} for these "
                        f"hyper-parameters, got {own[name].shape} ({owner}). Make a new state "
                        "with init(params)."
                    )

    def _give(self, numbers):
        """Put numbers that came with a step where the rule reads them."""
        for i, scalar in enumerate(self._record["scalars"]):
            if scalar["name"] in numbers:
                self._scalars[:, i] = numbers[scalar["name"]]

    def __iter__(self):
        return iter([each["name"] for key in ("slots", "scalars") for each in self._record[key]])

    def __len__(self):
        return len(self._record["slots"]) + len(self._record["scalars"])

    def __eq__(self, other):
        """Same rule, same step, same numbers."""
        if not isinstance(other, State):
            return NotImplemented
        same = (self.rule, self.t, self._dtype) == (other.rule, other.t, other._dtype)
        if not same or self._structure != other._structure:
            return False
        pairs = zip(self._arrays, other._arrays, strict=True)
        alike = all(np.array_equal(a[name], b[name]) for a, b in pairs for name in a)
        return alike and np.array_equal(self._scalars, other._scalars)

    __hash__ = None

    def __repr__(self):
        """Name the rule, the step and the shapes."""
        shown = [f"t={self.t}"]
        for name in self:
            value = self[name]
            is_array = isinstance(value, np.ndarray)
            shown.append(f"{name}={'array of shape ' + str(value.shape) if is_array else '...'}")
        return f"State({', '.join([self.rule, *shown])})"

    def copy(self):
        """Return a state of its own: the same numbers in other arrays."""
        arrays = [{name: array.copy() for name, array in own.items()} for own in self._arrays]
        return State(
            self._record, self._structure, self._dtype, arrays, self._scalars.copy(), self.t
        )

    def __reduce__(self):
        return _restore, (
            self.rule,
            self._structure,
            self._dtype.str,
            self._arrays,
            self._scalars,
            self.t,
        )


def new_state(record, hyper, params):
    """Make the state before the first step."""
    structure, tensors = Structure.of(params, "params", record["class_name"])
    refuse_shared_memory(tensors, structure, record["class_name"])
    dtype = tensors[0].dtype if tensors else np.dtype(np.float64)
    dtype = dtype.newbyteorder("=")
    arrays = [
        {
            slot["name"]: _first_array(slot, shape, record, hyper, tensor, dtype)
            for slot, shape in zip(
                record["slots"], slot_shapes(record, hyper, tensor.shape), strict=True
            )
        }
        for tensor in tensors
    ]
    row = [_first_value(scalar, record, hyper) for scalar in record["scalars"]]
    rows = 1 if record["global_scalars"] else len(tensors)
    return State(
        record, structure, dtype, arrays, np.tile(np.array(row, dtype=float), (rows, 1)), 0
    )


def slot_shapes(record, hyper, shape):
    """Return the shapes of the arrays of state of a tensor, in the order of the slots."""
    if not record["shapes_slots"]:
        return [shape] * len(record["slots"])
    return core.rule_slot_shapes(record["name"], stored_fields(record, hyper), list(shape))


def stored_fields(record, hyper):
    """Return the numbers that stand for the hyper-parameters of a rule in the core."""
    fields = (field for field in record["fields"] if not field.get("driver"))
    return [_params.stored(field, hyper[field["name"]]) for field in fields]


def _first_array(slot, shape, record, hyper, tensor, dtype):
    if slot["copies_x"]:
        return np.array(tensor, dtype=dtype, order="C", subok=False)
    value = _first_value(slot, record, hyper)
    if slot["is_diagonal"]:
        return np.zeros(shape, dtype=dtype) + value * np.eye(*shape[-2:], dtype=dtype)
    return np.full(shape, value, dtype=dtype)


def _first_value(slot, record, hyper):
    if slot["field"] < 0:
        return slot["constant"]
    return hyper[record["fields"][slot["field"]]["name"]]


def _check_restored(record, structure, dtype, arrays, scalars, t):
    """Refuse what no state can hold: the core trusts the sizes of arrays."""
    names = [slot["name"] for slot in record["slots"]]
    rows = 1 if record["global_scalars"] else len(structure.shapes)
    fits = len(arrays) == len(structure.shapes) and t >= 0
    fits = fits and all(list(own) == names for own in arrays)
    fits = fits and all(a.dtype == dtype for own in arrays for a in own.values())
    fits = fits and scalars.shape == (rows, len(record["scalars"])) and scalars.dtype == float
    if fits and not record["shapes_slots"]:
        pairs = zip(structure.shapes, arrays, strict=True)
        fits = all(a.shape == tuple(shape) for shape, own in pairs for a in own.values())
    if not fits:
        raise ValueError(
            f"The pickle of a state of {record['name']} must hold arrays {names} of {dtype} for "
            f"each of the {len(structure.shapes)} parameters, shaped like it, and t >= 0, got "
            "something else: it has been changed. Make a new state with init(params)."
        )


def _restore(rule, structure, dtype, arrays, scalars, t):
    record = _params.find("rules", rule, "rule")
    # Buffers that a pickle left elsewhere may be read-only.
    arrays = [{name: np.require(a, requirements="CW") for name, a in own.items()} for own in arrays]
    scalars = np.require(scalars, requirements="CW")
    _check_restored(record, structure, np.dtype(dtype), arrays, scalars, t)
    return State(record, structure, dtype, arrays, scalars, t)
