"""What every update rule and every wrapper says to wrong arguments, and that it changes nothing."""

import math
import pickle
import re

import numpy as np
import pytest

from optlite import optim
from optlite._params import records

ROWS = {row["name"]: row for row in optim.list_rules()}
#: What wrappers need to be made.
REQUIRED = {
    "clip_norm": {"max_norm": 1.0},
    "clip_value": {"bound": 1.0},
    "median_clip": {"radius": 1.0},
    "swa": {"start": 0},
}
every = pytest.mark.parametrize("name", sorted(ROWS))


def make(name, **hyper):
    """Make a rule, or a wrapper around SGD."""
    own = dict(REQUIRED.get(name, {}))
    if ROWS[name]["family"] == "wrapper":
        own["rule"] = "sgd"
    return optim.from_name(name, own | hyper)


def arrays():
    """Return parameters and a gradient: a matrix and a vector."""
    return [np.full((4, 3), 0.5), np.full(3, -0.5)], [np.ones((4, 3)), np.full(3, 0.25)]


def extras(name):
    """Return what a step needs beside the gradient."""
    numbers = [s["name"] for r in records("rules").values() for s in r["scalars"] if s["is_given"]]
    known = {
        **dict.fromkeys(numbers, 1.0),
        "loss_function": lambda tree: 1.0,
        "gradient_function": lambda tree: [np.array(x) for x in tree],
    }
    positive = [np.abs(g) for g in arrays()[1]]
    return {each: known.get(each, positive) for each in ROWS[name]["extra"]}


def snapshot(tree, state):
    """Return everything that a step could change, to the last bit."""
    return pickle.dumps(([np.array(x) for x in tree], state))


def refuses(error, *words):
    """Expect an error whose message holds all the words, in any order."""
    return pytest.raises(error, match="".join(f"(?=.*{re.escape(word)})" for word in words))


@every
def test_parameters_that_cannot_be_stepped(name):
    rule = make(name)
    owner = type(rule).__name__
    with refuses(TypeError, "params[1]", "float32 or float64", "int64", owner):
        rule.init([np.ones(3), np.ones(3, int)])
    with refuses(TypeError, "params[1]", "dtype of the other arrays", "float32", owner):
        rule.init([np.ones(3), np.ones(3, np.float32)])
    with refuses(TypeError, "params must be a NumPy array", "float", owner):
        rule.init(1.0)
    with refuses(TypeError, "params['b']", "complex128", owner):
        rule.init({"b": np.ones(2, complex)})


@every
def test_gradients_and_parameters_that_do_not_fit(name):
    rule = make(name)
    owner = type(rule).__name__
    params, grads = arrays()
    state, extra = rule.init(params), extras(name)
    before = snapshot(params, state)
    narrow = [params[0], np.ones(2)]
    attempts = [
        (ValueError, ("grads[1]", "shape (3,)", "(2,)"), (params, [grads[0], np.ones(2)])),
        (ValueError, ("grads", "list of 2 arrays", "one array"), (params, grads[0])),
        (
            TypeError,
            ("grads[0]", "float64", "float32"),
            (params, [grads[0].astype("f4"), grads[1]]),
        ),
        (
            TypeError,
            ("grads[0]", "float32 or float64", "int64"),
            (params, [np.ones((4, 3), int), grads[1]]),
        ),
        (TypeError, ("grads[1]", "NumPy array", "NoneType"), (params, [grads[0], None])),
        (
            ValueError,
            ("params[1]", "shape (3,)", "when the state was made", "(2,)"),
            (narrow, grads),
        ),
        (ValueError, ("params", "list of 2 arrays", "list of 1"), (params[:1], grads)),
    ]
    for error, words, arguments in attempts:
        with refuses(error, *words, owner):
            rule.step(*arguments, state, **extra)
    assert snapshot(params, state) == before


@every
def test_parameters_that_cannot_be_written(name):
    rule = make(name)
    params, grads = arrays()
    state = rule.init(params)
    params[1].flags.writeable = False
    before = snapshot(params, state)
    with refuses(ValueError, "params must be writable", "read-only", type(rule).__name__):
        rule.step(params, grads, state, **extras(name))
    assert snapshot(params, state) == before


@every
def test_states_of_something_else(name):
    rule = make(name)
    owner = type(rule).__name__
    params, grads = arrays()
    other = optim.Lion() if name != "lion" else optim.Adam()
    with refuses(TypeError, "state", "init(params)", "dict", owner):
        rule.step(params, grads, {}, **extras(name))
    with refuses(ValueError, f"state must be one of {name}", other.name, owner):
        rule.step(params, grads, other.init(params), **extras(name))
    with refuses(ValueError, f"state must be one of {name}", other.name, owner):
        rule.update(params, grads, other.init(params), **extras(name))
    with refuses(ValueError, "params", "one array", "list of 2 arrays", owner):
        rule.step(params, grads, rule.init(np.ones(3)), **extras(name))


@every
def test_extras_that_are_missing_unknown_or_do_not_fit(name):
    rule = make(name)
    owner = type(rule).__name__
    params, grads = arrays()
    state, extra = rule.init(params), extras(name)
    before = snapshot(params, state)
    for key, value in extra.items():
        rest = {other: kept for other, kept in extra.items() if other != key}
        with refuses(TypeError, f"{owner} needs {key!r}", f"{key}=..."):
            rule.step(params, grads, state, **rest)
        if isinstance(value, list):
            with refuses(ValueError, f"{key}[1]", "shape (3,)", "(2,)", owner):
                rule.step(params, grads, state, **rest, **{key: [value[0], np.ones(2)]})
            with refuses(TypeError, f"{key}[0]", "float64", "float32", owner):
                rule.step(params, grads, state, **rest, **{key: [v.astype("f4") for v in value]})
        else:
            with refuses(TypeError, key, "str", owner):
                rule.step(params, grads, state, **rest, **{key: "low"})
    with refuses(TypeError, f"{owner} does not use 'hint'"):
        rule.step(params, grads, state, **extra, hint=1.0)
    assert snapshot(params, state) == before


@every
def test_hyper_parameters_out_of_range(name):
    rule = make(name)
    owner = type(rule).__name__
    fields = records("rules")[name]["fields"] if name in records("rules") else []
    unbounded = [each["name"] for each in fields if each["lower"] == -math.inf]
    tried = 0
    for key, value in rule.hyperparameters().items():
        if isinstance(value, bool):
            wrong = [(TypeError, "maybe", ("True or False", "maybe"))]
        elif isinstance(value, str):
            wrong = [(ValueError, "sideways", ("one of", "sideways"))]
        elif key == "rule":
            wrong = [(TypeError, 3.5, ("update rule", "3.5"))]
        elif key == "random_state":
            wrong = [(ValueError, -1, (">= 0", "-1"))]
        else:
            # None may be below -1 except those that may be anything finite.
            bad = -math.inf if key in unbounded else -2.0
            bad = int(bad) if isinstance(value, int) else bad
            wrong = [(ValueError, bad, (f"{bad}",)), (TypeError, "fast", ("'fast'", "str"))]
            wrong += [((ValueError, TypeError), math.nan, ("nan",))]
        for error, bad, words in wrong:
            with refuses(error, key, *words, owner):
                make(name, **{key: bad})
            tried += 1
    with refuses(TypeError, f"{owner} has no hyper-parameter 'lr'"):
        make(name, lr=0.1)
    assert tried or name == "gradient_centralization"


@pytest.mark.parametrize("part", ["dtype", "arrays", "names", "scalars", "t"])
@pytest.mark.parametrize("name", sorted(records("rules")))
def test_a_pickle_that_was_changed_by_hand(name, part):
    """The core trusts sizes: what does not fit must not become a state, or must not be stepped."""
    rule, x = optim.from_name(name), np.full((4, 3), 0.5)
    rebuild, whole = rule.init(x).__reduce__()
    key, structure, dtype, arrays, scalars, t = whole
    if part in ("arrays", "names", "dtype") and not arrays[0]:
        return  # there are none
    changed = {
        "dtype": (key, structure, "<f4", arrays, scalars, t),
        "arrays": (key, structure, dtype, [{k: np.zeros(99) for k in arrays[0]}], scalars, t),
        "names": (key, structure, dtype, [{}], scalars, t),
        "scalars": (key, structure, dtype, arrays, np.zeros((3, 9)), t),
        "t": (key, structure, dtype, arrays, scalars, -1),
    }
    with pytest.raises(ValueError, match=f"{name}|{type(rule).__name__}"):
        rule.step(x, x.copy(), rebuild(*changed[part]))


INTEGERS = [
    (name, field)
    for name, record in sorted(records("rules").items())
    for field in record["fields"]
    if field["is_integer"]
]


@pytest.mark.parametrize(("name", "field"), INTEGERS)
def test_integers_are_not_rounded(name, field):
    key, least = field["name"], int(field["lower"])
    owner = type(optim.from_name(name)).__name__
    for bad in (least + 1.5, float(least + 2)):
        with refuses(TypeError, f"{key} must be an integer, got {bad!r} of type float", owner):
            optim.from_name(name, **{key: bad})
    for bad in (math.inf, 10**400):
        with refuses(ValueError, f"{key} must be finite and >= {least}, got inf", owner):
            optim.from_name(name, **{key: bad})
    with refuses(ValueError, f"{key} must be >= {least}, got {least - 1} ", owner):
        optim.from_name(name, **{key: least - 1})
    rule = optim.from_name(name, **{key: np.int64(least + 2)})
    assert rule.hyperparameters()[key] == least + 2
    assert isinstance(rule.hyperparameters()[key], int)
    scheduled = optim.from_name(name, **{key: lambda t: least + 0.5})
    with refuses(TypeError, f"{key} must be an integer, got {least + 0.5}"):
        scheduled.init(arrays()[0])


def test_infinite_hyper_parameters_are_named_as_such():
    with refuses(ValueError, "long_step must be finite and >= 1, got inf"):
        optim.ASGD(long_step=math.inf)
    with refuses(ValueError, "minimum must be finite, got -inf"):
        optim.Polyak(minimum=-math.inf)
    with refuses(ValueError, "eps must be > 0, got -inf"):
        optim.Adam(eps=-math.inf)
    with refuses(ValueError, "beta1 must be in [0, 1), got inf"):
        optim.Adam(beta1=math.inf)
    assert optim.LAMB(clamp=math.inf).clamp == math.inf
