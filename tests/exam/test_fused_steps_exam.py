"""A step is one fused pass over memory: it must be the rule applied by pieces, and step by step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rule_data import draw, extras, family, only

from optlite import objectives, optim
from optlite._params import records

RULES = sorted(records("rules"))
ELEMENTWISE = [name for name in RULES if family(name) == "element-wise"]
#: Rules that see one tensor at a time.
APART = [
    name
    for name in RULES
    if family(name) in ("element-wise", "per tensor")
    or (family(name) == "matrix" and not records("rules")[name]["global_scalars"])
]
#: What the driver of the loop cannot provide without mini-batches; see test_rule_runs.py for those.
ALONE = [
    name
    for name in RULES
    if not any(each["name"] == "squared_grads" for each in records("rules")[name]["inputs"])
]
BLOCK = 8192  # coordinates that a thread takes at once


def cut(extra, part):
    """Take a part of each array among the extras of one tensor."""
    return {key: v[part] if isinstance(v, np.ndarray) else v for key, v in extra.items()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_one_pass_over_an_array_is_a_pass_over_each_of_its_pieces(name, dtype):
    """Cut between blocks: to the bit. Coordinate by coordinate, where no vector is full: rounding.

    Products and sums may be fused in one and not in the other.
    """
    n = 2 * BLOCK + 37
    (x,), grads = draw(30, dtype, [(n,)], steps=3)
    rule = optim.from_name(name, weight_decay=0.01, weight_decay_form="decoupled")
    pieces = [slice(0, BLOCK), slice(BLOCK, 2 * BLOCK), slice(2 * BLOCK, n)]
    single = [slice(k, k + 1) for k in (0, 1, 7, 8, BLOCK - 1, BLOCK, n - 6, n - 1)]
    parts = [x[piece].copy() for piece in [*pieces, *single]]
    states = [rule.init(part) for part in parts]
    state = rule.init(x)
    for t, (g,) in enumerate(grads):
        extra = only(extras(name, [g], t))
        rule.step(x, g, state, **extra)
        for piece, part, own in zip([*pieces, *single], parts, states, strict=True):
            rule.step(part, g[piece].copy(), own, **cut(extra, piece))
    for piece, part, own in zip(pieces, parts[:3], states[:3], strict=True):
        assert_array_equal(part, x[piece])
        for slot in rule._record["slots"]:
            assert_array_equal(own[slot["name"]], state[slot["name"]][piece])
    epsilon = float(np.finfo(dtype).eps)
    for piece, part in zip(single, parts[3:], strict=True):
        assert_allclose(part, x[piece], rtol=100 * epsilon, atol=20 * epsilon)


@pytest.mark.parametrize("name", APART)
def test_many_tensors_in_one_call_are_a_call_for_each(name):
    xs, grads = draw(31, shapes=[(5, 4), (7,), (2, 3, 2), (3, 9)], steps=6)
    rule = optim.from_name(name)
    each = [x.copy() for x in xs]
    states = [rule.init(x) for x in each]
    state = rule.init(xs)
    for t, gs in enumerate(grads):
        extra = extras(name, gs, t)
        rule.step(xs, gs, state, **extra)
        for k, (x, own) in enumerate(zip(each, states, strict=True)):
            mine = {key: v[k] if isinstance(v, list) else v for key, v in extra.items()}
            rule.step(x, gs[k], own, **mine)
    for x, other in zip(xs, each, strict=True):
        assert_array_equal(x, other)


@pytest.mark.parametrize("name", ALONE)
def test_a_run_is_its_steps_one_by_one(name):
    """minimize() against a loop written here. On a diagonal Hessian v (H v) is exact for signs."""
    h = np.geomspace(1.0, 8.0, 6).reshape(2, 3)
    rule = optim.from_name(name)
    calls = (lambda x: 0.5 * (h * x * x).sum()), (lambda x: h * x)
    f = objectives.from_callable(*calls, h.shape, lambda x, v: h * v)
    start = np.linspace(-1.0, 1.0, 6).reshape(2, 3)
    records_of_run = list(optim.steps(f, start, method=rule, max_iter=7, tol=0.0, random_state=5))
    random, x = np.random.default_rng(5), start.copy()
    state = rule.init(x)
    needed = next(row["extra"] for row in optim.list_rules() if row["name"] == name)
    for record in records_of_run[1:]:
        probe = random.normal(size=h.shape) if "hvp" in needed else None
        known = {"loss": f.value(x), "hessian_diag": h, "probe": probe}
        known["hvp"] = None if probe is None else h * probe
        rule.step(x, h * x, state, **{key: known[key] for key in needed})
        assert_array_equal(record.x, x)
    assert len(records_of_run) == 8 and state.t == 7
