"""What every update rule must satisfy, element-wise or not."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rule_data import as_list, draw, extras, family, only, run
from threadpoolctl import threadpool_limits

from optlite import optim
from optlite._params import records
from optlite.reference.updates import Updates

RULES = sorted(records("rules"))
pytestmark = pytest.mark.parametrize("name", RULES)


def options(name):
    """Ways to run the rule: defaults, flags and choices turned, each form of decay."""
    rule = optim.from_name(name)
    fields = {field["name"]: field for field in rule._record["fields"]}
    turned = [{}]
    for field in fields.values():
        for word in field["words"]:
            value = {"true": True, "false": False}.get(word, word)
            turned.append({field["name"]: value, "weight_decay": 0.05})
    if "warm_up" in fields:
        turned.append({"warm_up": 10})
    # Small ones, so that some tensors are not taken whole and something is renewed.
    small_ones = [{"rank": 2, "update_period": 3}, {"rank": 2, "orthogonality": 0.1}]
    small_ones += [{"density": 0.5, "update_period": 4}, {"k": 3}, {"max_size": 15}]
    small_ones += [{"score_history": 5, "frozen": 0.3}]
    small_ones += [{"preconditioner_rate": 0.05, "update_period": 2}]
    for small in small_ones:
        if fields.keys() >= small.keys():
            turned.append(small)
    return [{k: v for k, v in each.items() if k in fields} for each in turned]


def test_core_matches_the_twin(name):
    params, grads = draw(0)
    for hyper in options(name):
        rule = optim.from_name(name, **hyper)
        twin = Updates(name, params, **rule.hyperparameters())
        state = rule.init(params)
        mine = [param.copy() for param in params]
        for t, g in enumerate(grads):
            rule.step(mine, g, state, **extras(name, g, t))
            twin.step(g, **extras(name, g, t))
            for a, b in zip(mine, twin.xs, strict=True):
                assert_allclose(a, b, rtol=1e-12, atol=1e-13, err_msg=str((hyper, t)))
        for slot in rule._record["slots"]:
            for a, own in zip(state[slot["name"]], twin.states, strict=True):
                assert_allclose(a, own[slot["name"]], rtol=1e-11, atol=1e-13)


def test_a_step_allocates_nothing_after_the_first(name):
    """In Python; the tests of the core count what is allocated there."""
    params, grads = draw(0, shapes=[(60, 50), (4000,)], steps=4)
    extra = [extras(name, g, t) for t, g in enumerate(grads)]
    rule = optim.from_name(name)
    state = rule.init(params)
    rule.step(params, grads[0], state, **extra[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for g, more in zip(grads[1:], extra[1:], strict=True):
            rule.step(params, g, state, **more)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Views and tuples, but no array: the smaller tensor has 24,000 bytes.
    assert peak - before < 8000 and after - before < 8000


def test_single_precision_stays_close_to_double(name):
    params, grads = draw(1, np.float32)
    single, _ = run(name, params, grads)
    double, _ = run(
        name, [p.astype(float) for p in params], [[g.astype(float) for g in gs] for gs in grads]
    )
    for a, b in zip(single, double, strict=True):
        assert a.dtype == np.float32
        assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_single_precision_does_not_drift(name):
    """400 steps: the rounding of x, half a unit in the last place each, and 1e-4 of the path."""
    params, grads = draw(13, np.float32, [(4, 3), (5,)], 400)
    single, _ = run(name, params, grads)
    double, _ = run(
        name, [p.astype(float) for p in params], [[g.astype(float) for g in gs] for gs in grads]
    )
    for a, b, start in zip(single, double, params, strict=True):
        moved = np.abs(b - start).max()
        largest = np.float32(max(np.abs(start).max(), np.abs(a).max()))
        bound = 400 * 0.5 * np.spacing(largest) + 1e-4 * max(moved, np.finfo(np.float32).tiny)
        assert np.abs(a - b).max() <= bound


def test_tensors_in_any_container_step_alike(name):
    params, grads = draw(2, steps=5)
    in_list, _ = run(name, params, grads)
    rule = optim.from_name(name)
    for make in (tuple, lambda arrays: dict(zip("abc", arrays, strict=True))):
        mine = make([param.copy() for param in params])
        state = rule.init(mine)
        for t, g in enumerate(grads):
            extra = {
                key: make(value) if isinstance(value, list) else value
                for key, value in extras(name, g, t).items()
            }
            assert rule.step(mine, make(g), state, **extra) is mine
        leaves = list(mine.values()) if isinstance(mine, dict) else list(mine)
        for a, b in zip(leaves, in_list, strict=True):
            assert_array_equal(a, b)
        for slot in state:
            assert isinstance(state[slot], (type(mine), float))


def test_element_wise_rules_do_not_see_tensors(name):
    if family(name) != "element-wise":
        assert optim.from_name(name)._record["family"] in ("per tensor", "global", "matrix")
        return
    params, grads = draw(3, steps=5)
    apart, _ = run(name, params, grads)
    joined = [np.concatenate([param.ravel() for param in params])]
    flat = [[np.concatenate([g.ravel() for g in gs])] for gs in grads]
    if not extras(name, grads[0]):
        together, _ = run(name, joined, flat)
        expected = np.concatenate([param.ravel() for param in apart])
        # The end of an array is no whole vector, and there the compiler may fuse other products.
        assert_allclose(together[0], expected, rtol=1e-13)


def test_threads_do_not_change_the_bits(name):
    params, grads = draw(4, np.float32, shapes=[(300, 401)], steps=2)
    with threadpool_limits(1):
        one, _ = run(name, params, grads)
    with threadpool_limits(2):
        two, _ = run(name, params, grads)
    assert_array_equal(one[0], two[0])


def test_layouts_of_memory_do_not_matter(name):
    params, grads = draw(5, shapes=[(6, 4)], steps=4)
    plain, _ = run(name, params, grads)
    rule = optim.from_name(name)
    wide = np.zeros((6, 8))
    swapped = params[0].astype(params[0].dtype.newbyteorder())
    for view in (np.asfortranarray(params[0]), wide[:, ::2], wide[::-1, 1::2], swapped):
        view[...] = params[0]
        state = rule.init(view)
        for t, (g,) in enumerate(grads):
            g = np.asfortranarray(g)
            g.flags.writeable = False
            extra = only(extras(name, [g], t))
            assert rule.step(view, g, state, **extra) is view
        assert_array_equal(view, plain[0])


def test_gradients_that_share_memory_with_the_parameters(name):
    params, _ = draw(6, shapes=[(9,)])
    memory = np.concatenate([params[0], [0.5]])
    rule = optim.from_name(name)
    for shift in (0, 1):
        mine = memory.copy()
        aliased = mine[shift : shift + 9]
        expected = mine[:9].copy()
        extra = only(extras(name, [expected]))
        rule.step(expected, aliased.copy(), rule.init(expected), **extra)
        rule.step(mine[:9], aliased, rule.init(mine[:9]), **extra)
        assert_array_equal(mine[:9], expected)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (1, 1)])
def test_small_shapes(name, shape):
    rule = optim.from_name(name)
    x, g = np.full(shape, 0.5), np.full(shape, 0.25)
    state = rule.init(x)
    for t in range(3):
        extra = only(extras(name, [g], t))
        rule.step(x, g, state, **extra)
    assert x.shape == shape and np.isfinite(x).all()
    twin = Updates(name, [x], **rule.hyperparameters())
    for slot in rule._record["slots"]:
        expected = twin.states[0][slot["name"]].shape if family(name) == "matrix" else shape
        assert state[slot["name"]].shape == expected
    empty = rule.init([])
    assert rule.step([], [], empty, **extras(name, [])) == []
    assert empty.t == 1


@pytest.mark.parametrize("scale", [1e-100, 1e-30, 1e30, 1e100])
def test_huge_and_tiny_gradients_stay_finite(name, scale):
    params, grads = draw(7)
    mine, state = run(name, params, [[scale * g for g in gs] for gs in grads])
    assert all(np.isfinite(array).all() for array in mine), name
    assert all(np.isfinite(array).all() for slot in state for array in as_list(state[slot]))


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_huge_and_tiny_gradients_in_single_precision(name, scale):
    """Of gradients beyond 1e19 single precision does not hold the squares."""
    params, grads = draw(7, np.float32)
    grads = [[np.float32(scale) * g for g in gs] for gs in grads]
    mine, state = run(name, params, grads)
    assert all(np.isfinite(array).all() for array in mine)
    assert all(np.isfinite(array).all() for slot in state for array in as_list(state[slot]))


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float32, 1e-30), (np.float32, 1e30), (np.float64, 1e-100), (np.float64, 1e100)],
)
def test_huge_and_tiny_parameters_stay_finite(name, dtype, scale):
    params, grads = draw(14, dtype, steps=8)
    mine, state = run(name, [dtype(scale) * x for x in params], grads)
    assert all(np.isfinite(array).all() for array in mine)
    assert all(np.isfinite(array).all() for slot in state for array in as_list(state[slot]))


def test_a_zero_gradient_is_harmless(name):
    params, grads = draw(8, steps=3)
    mine, _ = run(name, params, [[0.0 * g for g in gs] for gs in grads])
    assert all(np.isfinite(array).all() for array in mine)


def test_nan_in_the_gradient_reaches_the_parameters(name):
    params, grads = draw(9, steps=3)
    grads[1][0][2, 1] = np.nan
    mine, _ = run(name, params, grads[:2])
    assert np.isnan(mine[0][2, 1])
    if family(name) == "element-wise":
        rest = np.ones(params[0].shape, dtype=bool)
        rest[2, 1] = False
        assert np.isfinite(mine[0][rest]).all() and np.isfinite(mine[1]).all()


def test_a_pickled_run_goes_on_alike(name):
    params, grads = draw(10)
    whole, _ = run(name, params, grads)
    half, state = run(name, params, grads[:12])
    rule, state, half = pickle.loads(pickle.dumps((optim.from_name(name), state, half)))
    assert rule == optim.from_name(name) and state.t == 12 and state.rule == name
    twice = copy.deepcopy(state)
    for t, g in enumerate(grads[12:], 12):
        rule.step(half, g, state, **extras(name, g, t))
    for a, b in zip(half, whole, strict=True):
        assert_array_equal(a, b)
    assert twice.t == 12  # the copy has not moved


def test_update_changes_nothing(name):
    params, grads = draw(11, steps=2)
    rule = optim.from_name(name)
    _, state = run(name, params, grads[:1])
    expected = [param.copy() for param in params]
    kept = {key: copy.deepcopy(state[key]) for key in state}
    stepped = state.copy()
    for param in params:
        param.flags.writeable = False
    new, new_state = rule.update(params, grads[1], state, **extras(name, grads[1]))
    rule.step(expected, grads[1], stepped, **extras(name, grads[1]))
    for a, b in zip(new, expected, strict=True):
        assert_array_equal(a, b)
    assert (state.t, new_state.t) == (1, 2)
    for key, values in kept.items():
        for a, b in zip(as_list(values), as_list(state[key]), strict=True):
            assert_array_equal(a, b)


def test_a_constant_schedule_is_a_constant(name):
    params, grads = draw(12, steps=4)
    rule = optim.from_name(name)
    first = rule._record["fields"][0]["name"]
    value = rule.hyperparameters()[first]
    constant, _ = run(name, params, grads)
    scheduled, _ = run(name, params, grads, **{first: lambda t: value})
    for a, b in zip(constant, scheduled, strict=True):
        assert_array_equal(a, b)


def test_what_it_says_of_itself(name):
    rule = optim.from_name(name)
    assert repr(rule) == f"{type(rule).__name__}()"
    assert type(rule).__name__ in optim.__all__
    doc = type(rule).__doc__
    for field in rule._record["fields"]:
        assert f"\n{field['name']} : " in doc
        assert getattr(rule, field["name"]) == rule.hyperparameters()[field["name"]]
    entry = next(each for each in optim.list_rules() if each["name"] == name)
    assert set(entry) == {"name", "family", "state", "extra", "reference"}
    assert list(rule.init(np.zeros(2))) == entry["state"]
