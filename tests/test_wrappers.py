"""What every wrapper must satisfy, and what the mathematics of each says."""

import copy
import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from optlite import objectives, optim
from optlite.optim import schedules

SHAPES = [(5, 4), (7,), (2, 3, 2)]


def inner():
    return optim.Adam(learning_rate=0.01)


CASES = {
    "lookahead": lambda: optim.Lookahead(inner(), k=3, alpha=0.25),
    "swa": lambda: optim.SWA(inner(), start=4, every=2),
    "ema": lambda: optim.EMA(inner(), decay=0.75),
    "clip_norm": lambda: optim.ClipNorm(inner(), max_norm=3.0),
    "clip_value": lambda: optim.ClipValue(inner(), bound=0.5),
    "median_clip": lambda: optim.MedianClip(inner(), radius=0.5),
    "median_clip_value": lambda: optim.MedianClip(inner(), radius=0.5, form="value"),
    "grokfast": lambda: optim.Grokfast(inner(), alpha=0.75),
    "grokfast_ma": lambda: optim.Grokfast(inner(), form="ma", window=4, lamb=5.0),
    "gradient_noise": lambda: optim.GradientNoise(inner(), random_state=5),
    "gradient_centralization": lambda: optim.GradientCentralization(inner()),
    "xgrad": lambda: optim.XGrad(inner(), horizon=2.0),
    "lawn": lambda: optim.LAWN(inner(), free_steps=2),
    "lawn_weights": lambda: optim.LAWN(optim.LAMB(0.01), dimensions=2),
    "sam": lambda: optim.SAM(inner(), rho=0.5),
    "smb": lambda: optim.SMB(schedules.LinearDecay(0.5, 50)),
    "sam_adaptive": lambda: optim.SAM(inner(), rho=0.5, adaptive=True),
    "gradient_regularization": lambda: optim.GradientRegularization(inner(), gamma=0.5),
    "schedule_free_sgd": lambda: optim.ScheduleFreeSGD(0.1, warm_up=3, weight_decay=0.01),
    "schedule_free_adamw": lambda: optim.ScheduleFreeAdamW(
        schedules.LinearDecay(0.1, 50), r=0.5, weight_decay=0.01
    ),
    "nested": lambda: optim.SAM(
        optim.EMA(optim.ClipNorm(optim.Lookahead(optim.Momentum(0.01), k=2), 1.0), decay=0.5)
    ),
    "nested_functions": lambda: optim.SAM(optim.GradientRegularization(optim.SGD(0.01)), rho=0.1),
    "around_schedule_free": lambda: optim.ClipNorm(optim.ScheduleFreeSGD(0.1), max_norm=1.0),
}
every = pytest.mark.parametrize("case", CASES)


def draw(seed, dtype=np.float64, shapes=SHAPES, steps=12):
    """Draw a start and gradients."""
    rng = np.random.default_rng(seed)
    params = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    grads = [
        [np.asarray(rng.normal(size=shape) + 0.3).astype(dtype) for shape in shapes]
        for _ in range(steps)
    ]
    return params, grads


def map_tree(function, tree):
    """Apply a function to each array of a list, tuple or dict, or to the one array."""
    if isinstance(tree, dict):
        return {key: function(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(function(value) for value in tree)
    return function(tree)


@np.errstate(invalid="ignore")
def bowl(tree):
    """The gradient of a smooth function of any parameters."""
    return map_tree(lambda x: np.asarray(x + 0.5 * np.sin(x), dtype=x.dtype), tree)


@np.errstate(over="ignore", invalid="ignore")
def wave(tree):
    """A function of which :func:`bowl` is the gradient."""
    leaves = tree.values() if isinstance(tree, dict) else tree
    leaves = leaves if isinstance(tree, (dict, list, tuple)) else [tree]
    return float(sum(np.sum(0.5 * x * x - 0.5 * np.cos(x), dtype=float) for x in leaves))


def extras(case):
    """What a case needs beside the gradient."""
    if case == "smb":  # a loss that the trial steps do not lower: models are built
        return {"loss": 0.0, "loss_function": wave, "gradient_function": bowl}
    needs = ("sam", "gradient_regularization", "nested")
    return {"gradient_function": bowl} if case.startswith(needs) else {}


def run(case, params, grads, state=None):
    """Step through all gradients, on copies."""
    rule = CASES[case]()
    params = [param.copy() for param in params]
    state = rule.init(params) if state is None else state
    for g in grads:
        rule.step(params, g, state, **extras(case))
    return params, state


def flat(state):
    """Everything that a state holds, to the last bit."""
    if isinstance(state, (optim.State, optim.WrapperState)):
        return (state.rule, state.t, {name: flat(state[name]) for name in state})
    if isinstance(state, (list, tuple)):
        return [flat(each) for each in state]
    return (state.dtype.str, state.tobytes()) if isinstance(state, np.ndarray) else state


# --- the exam: what holds for all of them ---------------------------------------------------------


@every
def test_update_changes_nothing(case):
    params, grads = draw(0, steps=5)
    _, state = run(case, params, grads[:4])
    rule, before, stepped = CASES[case](), flat(state), copy.deepcopy(state)
    expected = [param.copy() for param in params]
    for array in [*params, *grads[4]]:
        array.flags.writeable = False
    new, new_state = rule.update(params, grads[4], state, **extras(case))
    assert flat(state) == before
    rule.step(expected, grads[4], stepped, **extras(case))
    for a, b in zip(new, expected, strict=True):
        assert_array_equal(a, b)
    assert flat(new_state) == flat(stepped) and new_state.t == 5


@every
def test_a_pickled_run_goes_on_alike(case):
    params, grads = draw(1)
    whole, last = run(case, params, grads)
    half, state = run(case, params, grads[:5])
    rule, state, half = pickle.loads(pickle.dumps((CASES[case](), state, half)))
    assert rule == CASES[case]() and hash(rule) == hash(CASES[case]())
    twice = copy.copy(state)
    for g in grads[5:]:
        rule.step(half, g, state, **extras(case))
    for a, b in zip(half, whole, strict=True):
        assert_array_equal(a, b)
    assert flat(state) == flat(last) and (twice.t, state.t) == (5, 12)


@every
def test_tensors_in_any_container_step_alike(case):
    params, grads = draw(2, steps=6)
    in_list, kept = run(case, params, grads)
    for make in (tuple, lambda arrays: dict(zip("abc", arrays, strict=True))):
        rule, mine = CASES[case](), make([param.copy() for param in params])
        state = rule.init(mine)
        for g in grads:
            assert rule.step(mine, make(g), state, **extras(case)) is mine
        for a, b in zip(mine.values() if isinstance(mine, dict) else mine, in_list, strict=True):
            assert_array_equal(a, b)
        for name in state:
            if isinstance(kept[name], list):
                assert isinstance(state[name], type(mine))


@every
def test_one_array_is_a_list_of_one(case):
    params, grads = draw(3, shapes=[(6, 2)], steps=6)
    in_list, _ = run(case, params, grads)
    rule, x = CASES[case](), params[0].copy()
    state = rule.init(x)
    for (g,) in grads:
        assert rule.step(x, g, state, **extras(case)) is x
    assert_array_equal(x, in_list[0])


@every
def test_single_precision_stays_single_and_close(case):
    params, grads = draw(4, np.float32)
    single, state = run(case, params, grads)
    double, _ = run(
        case, [p.astype(float) for p in params], [[g.astype(float) for g in gs] for gs in grads]
    )
    for a, b in zip(single, double, strict=True):
        assert a.dtype == np.float32
        assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for name in state:
        for array in state[name] if isinstance(state[name], list) else []:
            assert array.dtype == np.float32


@every
def test_layouts_of_memory_do_not_matter(case):
    params, grads = draw(5, shapes=[(6, 4)], steps=6)
    plain, _ = run(case, params, grads)
    swapped = params[0].astype(params[0].dtype.newbyteorder())
    for view in (np.asfortranarray(params[0]), np.zeros((6, 8))[:, ::2], swapped):
        view[...] = params[0]
        rule = CASES[case]()
        state = rule.init(view)
        for (g,) in grads:
            rule.step(view, np.asfortranarray(g), state, **extras(case))
        # Sums over transposed arrays are taken in another order.
        assert_allclose(view, plain[0], rtol=1e-12)


@every
def test_a_gradient_that_is_the_parameters(case):
    params, _ = draw(6, shapes=[(9,)])
    x, y = params[0].copy(), params[0].copy()
    rule = CASES[case]()
    state, other = rule.init(x), rule.init(y)
    for _ in range(4):
        rule.step(x, x, state, **extras(case))
        rule.step(y, y.copy(), other, **extras(case))
    assert_array_equal(x, y)


@every
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (1, 1)])
def test_small_shapes(case, shape):
    rule = CASES[case]()
    x, g = np.full(shape, 0.5), np.full(shape, 0.25)
    state = rule.init(x)
    for _ in range(5):
        rule.step(x, g, state, **extras(case))
    assert x.shape == shape and np.isfinite(x).all()
    empty = rule.init([])
    assert rule.step([], [], empty, **extras(case)) == [] and empty.t == 1


@every
@pytest.mark.parametrize("scale", [0.0, 1e-100, 1e100])
def test_zero_tiny_and_huge_gradients_stay_finite(case, scale):
    params, grads = draw(7)
    mine, _ = run(case, params, [[scale * g for g in gs] for gs in grads])
    assert all(np.isfinite(array).all() for array in mine)


@every
def test_nan_in_the_gradient_is_seen(case):
    params, grads = draw(8, steps=6)
    grads[3][0][2, 1] = np.nan
    if case.startswith("sam") or case == "nested":  # the other point is nowhere
        grads[3] = [np.full_like(g, np.nan) for g in grads[3]]
    mine, _ = run(case, params, grads)
    assert np.isnan(mine[0][2, 1])


@every
def test_infinite_gradients_pass_without_a_warning(case):
    params, grads = draw(8, np.float32, steps=6)
    grads[2][1][:] = np.inf
    mine, _ = run(case, params, [[1e30 * g for g in gs] for gs in grads])
    assert all(array.shape == param.shape for array, param in zip(mine, params, strict=True))


@every
def test_wrong_steps_are_explained_and_change_nothing(case):
    params, grads = draw(9, steps=3)
    mine, state = run(case, params, grads[:2])
    rule, extra, before = CASES[case](), extras(case), (flat(mine), flat(state))
    g = grads[2]
    frozen = [param.copy() for param in mine]
    frozen[1].flags.writeable = False
    foreign = optim.Lookahead(optim.SGD()).init(params)
    foreign.rule = "another"
    attempts = [
        (TypeError, r"state must come from init\(params\), got dict", (mine, g, {}), extra),
        (
            ValueError,
            r"state must be one of .* got the state of another",
            (mine, g, foreign),
            extra,
        ),
        (ValueError, r"grads must be a list of 3 arrays", (mine, g[:2], state), extra),
        (ValueError, r"grads\[0\] must have shape \(5, 4\)", (mine, [g[1], *g[1:]], state), extra),
        (TypeError, r"dtype", (mine, [a.astype("f4") for a in g], state), extra),
        (ValueError, r"params must be writable, got a read-only", (frozen, g, state), extra),
        (TypeError, r"does not use 'hint' beside", (mine, g, state), {**extra, "hint": 1}),
    ]
    for error, message, arguments, given in attempts:
        with pytest.raises(error, match=message):
            rule.step(*arguments, **given)
    for bad in (None, lambda tree: tree[:1]):
        if extra:
            with pytest.raises((TypeError, ValueError), match="gradient_function"):
                rule.step(mine, g, state, **{**extra, "gradient_function": bad})
    for name in extra:
        rest = {key: value for key, value in extra.items() if key != name}
        with pytest.raises(TypeError, match=rf"needs '{name}' beside the gradient: The"):
            rule.step(mine, g, state, **rest)
    assert (flat(mine), flat(state)) == before


@every
def test_what_it_says_of_itself(case):
    rule, cls = CASES[case](), type(CASES[case]())
    assert cls.__name__ in optim.__all__
    assert eval(repr(rule), vars(optim) | vars(schedules)) == rule
    for name, value in rule.hyperparameters().items():
        assert f"\n    {name} : " in cls.__doc__, name
        assert getattr(rule, name) == value
    for section in ("Notes", "References", "Examples", "State:"):
        assert section in cls.__doc__
    assert rule.replace() == rule and copy.deepcopy(rule) is rule
    with pytest.raises(AttributeError, match="does not change: use replace"):
        rule.rule = None
    state = rule.init(np.ones(2))
    assert repr(state).startswith(f"WrapperState({rule.name}, t=0")
    assert len(state) == len(list(state)) and state.rule == rule.name
    with pytest.raises(KeyError, match=r"holds .*; 'nothing'\?"):
        state["nothing"]
    with pytest.raises(AttributeError):
        _ = state.nothing


def test_every_wrapper_is_examined():
    examined = {type(make()).__name__ for make in CASES.values()}
    others = {"PythonRule", "Wrapper", "WrapperState", "ParameterGroups", "GroupStates"}
    assert examined == set(optim.wrappers.__all__) - others


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.Lookahead(optim.SGD), TypeError, r"rule must be an update rule .* SGD\(\)"),
        (
            lambda: optim.Lookahead("sgd"),
            TypeError,
            r"rule must be .* got 'sgd' of type str \(Look",
        ),
        (lambda: optim.Lookahead(inner(), k=0), ValueError, r"k must be >= 1, got 0 \(Lookahead\)"),
        (
            lambda: optim.Lookahead(inner(), alpha=2),
            ValueError,
            r"alpha must be in \[0, 1\], got 2",
        ),
        (lambda: optim.SWA(inner(), start=-1), ValueError, r"start must be >= 0, got -1"),
        (lambda: optim.EMA(inner(), decay=1.0), ValueError, r"decay must be in \[0, 1\), got 1\.0"),
        (lambda: optim.ClipNorm(inner(), 0), ValueError, r"max_norm must be > 0, got 0\.0"),
        (lambda: optim.ClipValue(inner(), "a"), TypeError, r"bound must be a number, got 'a'"),
        (
            lambda: optim.MedianClip(inner(), 1, "l2"),
            ValueError,
            r"form must be one of .* got 'l2'",
        ),
        (lambda: optim.Grokfast(inner(), lamb=-1), ValueError, r"lamb must be >= 0, got -1\.0"),
        (
            lambda: optim.GradientNoise(inner(), random_state=0.5),
            TypeError,
            r"random_state must be",
        ),
        (
            lambda: optim.XGrad(inner(), horizon=math.inf),
            ValueError,
            r"horizon must be finite and >= 0, got i",
        ),
        (lambda: optim.SAM(inner(), adaptive=1), TypeError, r"adaptive must be True or False"),
        (lambda: optim.GradientRegularization(inner(), eps=0), ValueError, r"eps must be > 0"),
        (lambda: optim.LAWN(inner(), 0.5), TypeError, r"free_steps must be an integer, got 0\.5"),
        (lambda: optim.SMB(-1), ValueError, r"learning_rate must be >= 0, got -1\.0 \(SMB\)"),
        (lambda: optim.SMB(shrink=1), ValueError, r"shrink must be in \(0, 1\), got 1\.0 \(SMB\)"),
        (lambda: optim.ScheduleFreeSGD(-1), ValueError, r"learning_rate must be >= 0, got -1\.0"),
        (lambda: optim.ScheduleFreeSGD(momentum=0), ValueError, r"momentum must be in \(0, 1\]"),
        (lambda: optim.ScheduleFreeAdamW(beta2=1), ValueError, r"beta2 must be in \[0, 1\), got 1"),
    ],
)
def test_wrong_hyper_parameters_are_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rule: optim.Lookahead(rule, alpha=1.0),
        lambda rule: optim.SWA(rule, start=3),
        optim.EMA,
        lambda rule: optim.ClipNorm(rule, 1e9),
        lambda rule: optim.ClipValue(rule, 1e9),
        lambda rule: optim.Grokfast(rule, lamb=0.0),
        lambda rule: optim.GradientNoise(rule, eta=0.0),
        lambda rule: optim.XGrad(rule, horizon=0.0),
        lambda rule: optim.LAWN(rule, free_steps=100),
        lambda rule: optim.LAWN(rule, dimensions=9),
    ],
)
def test_wrappers_with_nothing_to_do_leave_the_rule_as_it_is(wrap):
    params, grads = draw(10)
    mine, theirs = copy.deepcopy(params), copy.deepcopy(params)
    rule, base = wrap(inner()), inner()
    state, other = rule.init(mine), base.init(theirs)
    for g in grads:
        rule.step(mine, g, state)
        base.step(theirs, g, other)
        for a, b in zip(mine, theirs, strict=True):
            assert_array_equal(a, b)


def test_what_the_rule_inside_needs_is_passed_on():
    rule = optim.Grokfast(optim.MedianClip(optim.SophiaH(), radius=1.0), alpha=0.5)
    x, g = np.array([3.0, 4.0]), np.array([3.0, 4.0])
    state = rule.init(x)
    before = flat(state)
    with pytest.raises(TypeError, match=r"SophiaH needs 'hessian_diag' beside the gradient"):
        rule.step(x, g, state)
    assert flat(state) == before  # no filter has moved
    rule.step(x, g, state, hessian_diag=np.ones(2))
    assert state.t == state.inner.t == state.inner.inner.t == 1 and x[0] < 3.0
    losses = optim.Grokfast(optim.SPSMax(), lamb=0.0)
    y, z = x.copy(), x.copy()
    losses.step(y, g, losses.init(y), loss=12.5)
    assert_array_equal(y, optim.SPSMax().step(z, g, optim.SPSMax().init(z), loss=12.5))


# --- the mathematics of each ----------------------------------------------------------------------


def points(rule, gradient, x, n, **extra):
    """Run on an objective; return the points after each step, and the state."""
    x, state, path = x.copy(), rule.init(x), []
    for _ in range(n):
        rule.step(x, gradient(x), state, **extra)
        path.append(x.copy())
    return np.array(path), state


H = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
START = np.array([1.0, -2.0, 0.5])


def quadratic(x):
    return H @ x


def test_lookahead_goes_a_part_of_the_way():
    rule = optim.Lookahead(optim.SGD(learning_rate=0.1), k=4, alpha=0.3)
    path, state = points(rule, quadratic, START, 12)
    inner_map = np.linalg.matrix_power(np.eye(3) - 0.1 * H, 4)
    outer = 0.7 * np.eye(3) + 0.3 * inner_map
    assert_allclose(path[11], np.linalg.matrix_power(outer, 3) @ START, rtol=1e-12)
    assert_array_equal(state.slow, path[11])


def test_swa_is_the_mean_of_its_points():
    path, state = points(optim.SWA(optim.SGD(0.1), start=3, every=2), quadratic, START, 12)
    assert_allclose(state["average"], path[3:12:2].mean(axis=0), rtol=1e-14)
    assert state["count"] == 5
    _, early = points(optim.SWA(optim.SGD(0.1), start=3), quadratic, START, 3)
    assert_array_equal(early["average"], START)


def test_ema_is_a_weighted_sum():
    path, state = points(optim.EMA(optim.SGD(0.1), decay=0.8), quadratic, START, 10)
    weights = 0.2 * 0.8 ** np.arange(9, -1, -1)
    weights[0] = 0.8**9
    assert_allclose(weights.sum(), 1.0)
    assert_allclose(state["average"], weights @ path, rtol=1e-13)


def test_clip_norm_bounds_the_step_of_sgd_and_keeps_its_direction():
    params, grads = draw(11)
    rule = optim.ClipNorm(optim.SGD(learning_rate=0.5), max_norm=2.0)
    state = rule.init(params)
    for scale, g in zip(np.geomspace(1e-3, 1e200, 12), grads, strict=True):
        before = np.concatenate([p.ravel() for p in params])
        rule.step(params, [scale * a for a in g], state)
        moved = before - np.concatenate([p.ravel() for p in params])
        along = np.concatenate([a.ravel() for a in g])
        length = np.linalg.norm(moved)
        assert length <= 1.0 + 1e-12
        assert_allclose(length, min(0.5 * scale * np.linalg.norm(along), 1.0), rtol=1e-6)
        assert moved @ along >= (1 - 1e-9) * length * np.linalg.norm(along)


def test_clip_value_bounds_each_entry():
    rule, g = optim.ClipValue(optim.SGD(learning_rate=1.0), bound=0.7), np.linspace(-2, 2, 21)
    x = np.zeros(21)
    rule.step(x, g, rule.init(x))
    assert_array_equal(-x, np.where(np.abs(g) > 0.7, 0.7 * np.sign(g), g))


@pytest.mark.parametrize("form", ["norm", "value"])
def test_median_clip_walks_to_a_steady_gradient(form):
    rule = optim.MedianClip(optim.SGD(0.0), radius=0.5, form=form)
    g = np.array([3.0, -4.0])
    _, state = points(rule, lambda x: g, np.zeros(2), 7)
    norm = {"norm": 3.5 * g / 5.0, "value": [3.0, -3.5]}[form]
    assert_allclose(state.m, norm, rtol=1e-14)
    _, state = points(rule, lambda x: g, np.zeros(2), 10)
    assert_allclose(state.m, g, rtol=1e-14)


def test_median_clip_finds_the_median_of_heavy_tails():
    sample = np.random.default_rng(0).standard_cauchy((3000, 1)) + 3.0
    rule = optim.MedianClip(optim.SGD(0.0), radius=0.05, form="value")
    x, found = np.zeros(1), []
    state = rule.init(x)
    for g in sample:
        rule.step(x, g, state)
        found.append(state.m.item())
    # The mean of a Cauchy sample is as wild as one draw; that of the estimates is near the median.
    assert abs(np.mean(found[500:]) - np.median(sample[500:])) < 0.1


def test_grokfast_amplifies_a_steady_gradient():
    g = np.array([1.0, -2.0])
    for rule, first in (
        (optim.Grokfast(optim.SGD(1.0), lamb=3.0), 0),
        (optim.Grokfast(optim.SGD(1.0), form="ma", window=4, lamb=3.0), 3),
    ):
        path, _ = points(rule, lambda x: g, np.zeros(2), 8)
        moves = -np.diff(path, axis=0, prepend=0.0)
        assert_allclose(moves[first:], np.tile(4.0 * g, (8 - first, 1)), rtol=1e-13)
        assert_allclose(moves[:first], np.tile(g, (first, 1)), rtol=1e-13)


def test_grokfast_from_its_definition():
    grads = np.random.default_rng(1).normal(size=(9, 2))
    weights = [0.7 ** np.arange(t, -1, -1.0) for t in range(9)]
    for w in weights:
        w[1:] *= 0.3  # the first gradient is in the average whole
    ema = [g + 2.0 * (w @ grads[: len(w)]) for g, w in zip(grads, weights, strict=True)]
    ma = [
        g + (2.0 * grads[t - 2 : t + 1].mean(axis=0) if t > 1 else 0) for t, g in enumerate(grads)
    ]
    for form, expected in (("ema", ema), ("ma", ma)):
        rule = optim.Grokfast(optim.SGD(1.0), form=form, alpha=0.7, window=3)
        x = np.zeros(2)
        state = rule.init(x)
        for g in grads:
            rule.step(x, g, state)
        assert_allclose(-x, np.sum(expected, axis=0), rtol=1e-12)


def test_gradient_noise_has_the_variance_it_should():
    rule = optim.GradientNoise(optim.SGD(1.0), eta=0.3, gamma=0.55, random_state=0)
    path, _ = points(rule, np.zeros_like, np.zeros(40_000), 4)
    noise = np.diff(path, axis=0, prepend=0.0)
    for t, drawn in enumerate(noise):
        variance = 0.3 / (1 + t) ** 0.55
        # Standard error of a mean square of n normal numbers: variance sqrt(2 / n).
        assert abs(np.mean(drawn**2) / variance - 1.0) < 5.0 * math.sqrt(2.0 / 40_000)
    assert abs(np.corrcoef(noise)[np.triu_indices(4, 1)]).max() < 5.0 / math.sqrt(40_000)


def test_gradient_noise_is_repeatable_and_seeds_differ():
    def ends(seed, n=3):
        rule = optim.GradientNoise(optim.SGD(1.0), random_state=seed)
        return points(rule, np.zeros_like, np.zeros(4), n)[0][-1]

    assert_array_equal(ends(1), ends(1))
    assert not np.any(ends(1) == ends(2)) and not np.any(ends(None) == ends(None))
    rule = optim.GradientNoise(optim.SGD(1.0))
    x = np.zeros(4)
    state = rule.init(x)
    rule.step(x, np.zeros(4), state)
    y, other = x.copy(), pickle.loads(pickle.dumps(state))
    assert_array_equal(rule.step(x, x, state), rule.step(y, y, other))


def test_gradient_centralization_keeps_the_means_of_rows():
    params, grads = draw(12)
    rule = optim.GradientCentralization(optim.SGD(learning_rate=0.5))
    state, before = rule.init(params), copy.deepcopy(params)
    rule.step(params, grads[0], state)
    for i in (0, 2):
        rows = [p[i].reshape(len(p[i]), -1) for p in (params, before)]
        assert_allclose(rows[0].mean(axis=1), rows[1].mean(axis=1), rtol=1e-13)
        # A projection is the nearest point: what is left is orthogonal to what was removed.
        step = (before[i] - params[i]) / 0.5
        assert abs(np.vdot(step, grads[0][i] - step)) < 1e-12
    assert_allclose(before[1] - params[1], 0.5 * grads[0][1], rtol=1e-13)


@pytest.mark.parametrize(("r", "warm_up", "power"), [(0.0, 0, 2.0), (1.5, 4, 2.0), (0.0, 5, 1.0)])
@pytest.mark.parametrize("beta", [0.6, 1.0])
def test_schedule_free_sgd_from_its_three_sequences(r, warm_up, power, beta):
    rule = optim.ScheduleFreeSGD(
        0.2, momentum=beta, warm_up=warm_up, r=r, weight_learning_rate_power=power
    )
    y = START.copy()
    state = rule.init(y)
    zs, weights, x, z = [], [], START.copy(), START.copy()
    for t in range(1, 15):
        assert_allclose(y, (1 - beta) * z + beta * x, rtol=1e-12, atol=1e-14)
        rate = 0.2 * min(1.0, t / warm_up) if warm_up else 0.2
        z = z - rate * quadratic(y)
        zs.append(z)
        weights.append(t**r * rate**power)
        x = np.average(zs, axis=0, weights=weights)
        rule.step(y, quadratic(y), state)
        assert_allclose(state.z, z, rtol=1e-12, atol=1e-14)
        assert_allclose(rule.evaluation_point(y, state), x, rtol=1e-11, atol=1e-14)


def test_schedule_free_adamw_from_its_three_sequences():
    b1, b2, w = 0.8, 0.9, 0.1
    rule = optim.ScheduleFreeAdamW(0.05, beta1=b1, beta2=b2, eps=1e-3, weight_decay=w)
    y = START.copy()
    state, x, z, squares = rule.init(y), START.copy(), START.copy(), []
    for t in range(1, 12):
        middle = (1 - b1) * z + b1 * x
        g = quadratic(middle)
        squares.append(g**2)
        v = np.average(squares, axis=0, weights=b2 ** np.arange(t - 1, -1, -1.0))
        z = z - 0.05 * (g / (np.sqrt(v) + 1e-3) + w * middle)
        x = x + (z - x) / t
        rule.step(y, quadratic(y), state)
        assert_allclose(rule.evaluation_point(y, state), x, rtol=1e-11)


def test_schedule_free_takes_a_schedule():
    constant = optim.ScheduleFreeSGD(0.2)
    scheduled = optim.ScheduleFreeSGD(schedules.Constant(0.2))
    a, _ = points(constant, quadratic, START, 5)
    b, _ = points(scheduled, quadratic, START, 5)
    assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r"learning_rate must be >= 0, got -1\.0"):
        points(optim.ScheduleFreeSGD(lambda t: -1), quadratic, START, 1)


def test_xgrad_predicts_with_the_direction_of_the_rule():
    path, state = points(optim.XGrad(optim.Momentum(0.1), horizon=3.0), quadratic, START, 6)
    assert_allclose(path[-1], state.x - 3.0 * 0.1 * state.inner.b, rtol=1e-12)
    rule = optim.XGrad(optim.Adam(0.1), horizon=2.0)
    path, state = points(rule, quadratic, START, 6)
    m, v = state.inner.m / (1 - 0.9**6), state.inner.v / (1 - 0.999**6)
    assert_allclose(path[-1], state.x - 2.0 * 0.1 * m / (np.sqrt(v) + 1e-8), rtol=1e-12)
    assert_array_equal(rule.evaluation_point(path[-1], state), state.x)


def test_sam_on_a_quadratic():
    rule = optim.SAM(optim.SGD(learning_rate=0.1), rho=0.4)
    x = START.copy()
    g = H @ START
    rule.step(x, g, rule.init(x), gradient_function=quadratic)
    assert_allclose(x, START - 0.1 * (g + 0.4 * H @ g / np.linalg.norm(g)), rtol=1e-13)


def test_adaptive_sam_does_not_see_the_scale_of_parameters():
    # f(x) = h(x / s): the shift in units of s must be the one for s = 1.
    seen = []
    scale = np.array([1e-3, 1.0, 50.0])
    for s in (np.ones(3), scale):
        x = s * START
        g = quadratic(x / s) / s
        rule = optim.SAM(optim.SGD(0.1), rho=0.4, adaptive=True)

        def there(point, s=s):
            seen.append(point / s)
            return quadratic(point / s) / s

        rule.step(x, g, rule.init(x), gradient_function=there)
    assert_allclose(seen[0], seen[1], rtol=1e-12)
    shift = seen[0] - START
    assert_allclose(np.linalg.norm(shift / START), 0.4, rtol=1e-12)  # the ball of the source


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_gradient_regularization_is_exact_for_quadratics(direction):
    rule = optim.GradientRegularization(optim.SGD(0.1), gamma=0.3, eps=0.05, direction=direction)
    x = START.copy()
    g = H @ START
    rule.step(x, g, rule.init(x), gradient_function=quadratic)
    assert_allclose(x, START - 0.1 * (g + 0.3 * H @ g), rtol=1e-12)


def test_functions_of_the_gradient_nest():
    rule = optim.GradientRegularization(
        optim.GradientRegularization(optim.SGD(0.1), gamma=0.2, eps=0.1), gamma=0.3, eps=0.05
    )
    x = START.copy()
    rule.step(x, quadratic(x), rule.init(x), gradient_function=quadratic)
    outer = H + 0.3 * H @ H  # its gradient is linear again
    assert_allclose(x, START - 0.1 * (outer + 0.2 * outer @ outer) @ START, rtol=1e-11)


# --- norms that are kept --------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [optim.SGD(0.5), optim.Adam(0.1), optim.LAMB(0.1)], ids=repr)
def test_lawn_keeps_norms_and_finds_the_best_direction(rule):
    """min of a^T x on the sphere |x| = n: x = -n a / |a|."""
    a = np.array([1.0, -2.0, 0.5, 3.0])
    x = np.array([1.0, 1.0, 1.0, -1.0])
    lawn = optim.LAWN(rule.replace(learning_rate=lambda t: 0.5 / (1.0 + 0.1 * t)))
    state = lawn.init(x)
    for _ in range(500):
        lawn.step(x, a, state)
        assert_allclose(np.linalg.norm(x), 2.0, rtol=1e-14)
    assert_allclose(x, -2.0 * a / np.linalg.norm(a), atol=2e-2)


def test_lawn_makes_steps_of_projected_gradient_descent():
    """Against the retraction of the sphere, written out with a projector as a matrix."""
    x = np.array([3.0, 0.0, 4.0])
    g = np.array([1.0, 2.0, -1.0])
    projector = np.eye(3) - np.outer(x, x) / 25.0
    there = x - 0.1 * projector @ g
    rule = optim.LAWN(optim.SGD(0.1))
    rule.step(x, g, rule.init(x))
    assert_allclose(x, 5.0 * there / np.linalg.norm(there), rtol=1e-14)


def test_lawn_is_free_at_first_and_leaves_zeros_free():
    rule = optim.LAWN(optim.SGD(0.1, weight_decay=0.3), free_steps=3)
    weights, bias = np.array([[1.0, 2.0]]), np.zeros(2)
    state = rule.init([weights, bias])
    for t in range(6):
        gradient = 0.0 if t < 3 else 1.0  # the bias is zero when norms are taken
        rule.step([weights, bias], [np.ones((1, 2)), np.full(2, gradient)], state)
        if t == 2:
            kept = np.linalg.norm(weights)
    assert kept != pytest.approx(np.sqrt(5.0))
    assert_allclose(np.linalg.norm(weights), kept, rtol=1e-14)
    assert_allclose(state.norm[0], kept, rtol=1e-15)
    assert state.norm[1] == 0.0 and (bias < -0.2).all()


def test_decay_inside_lawn_has_no_effect():
    ends = []
    for w in (0.0, 0.5):
        x = np.array([1.0, 2.0, -1.0])
        rule = optim.LAWN(optim.AdamW(0.01, weight_decay=w))
        state = rule.init(x)
        for t in range(20):
            rule.step(x, np.array([np.sin(t), 1.0, np.cos(t)]), state)
        ends.append(x)
    assert_allclose(ends[1], ends[0], rtol=1e-12)


# --- models that are built ------------------------------------------------------------------------


def model_step(g, change, rate, shrink):
    """Make one step of SMB from 0 that needs a model, with gradients g and g + change."""
    x = np.zeros_like(g)
    rule = optim.SMB(rate, shrink=shrink)
    state = rule.init(x)
    oracle = {"loss_function": lambda x: 1.0, "gradient_function": lambda x: g + change}
    rule.step(x, g, state, loss=0.0, **oracle)
    assert state["models"] == 1
    return x


@pytest.mark.parametrize("seed", range(5))
def test_smb_makes_the_step_of_the_published_coefficients(seed):
    rng = np.random.default_rng(seed)
    g, y = rng.normal(size=(2, 6))
    rate, eta = 0.3, 0.9
    s = -rate * g
    ys, ss, yy, yg, sg = y @ s, s @ s, y @ y, y @ g, s @ g
    sigma = 0.5 * (np.sqrt(ss) * (np.sqrt(yy) + np.linalg.norm(g) / eta) - ys)
    theta = (ys + 2.0 * sigma) ** 2 - ss * yy
    cg = -ss / (2.0 * sigma)
    cs = cg / theta * (-(ys + 2.0 * sigma) * yg + yy * sg)
    cy = cg / theta * (-(ys + 2.0 * sigma) * sg + ss * yg)
    assert_allclose(model_step(g, y, rate, eta), cs * s + cg * g + cy * y, rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_step_of_smb_minimises_a_model_that_interpolates_both_gradients(seed):
    """Slopes g at 0 and g + y at the trial step, linear along it, and a quadratic that bounds."""
    rng = np.random.default_rng(10 + seed)
    g, y = rng.normal(size=(2, 4)) * [[1.0], [10.0 ** rng.uniform(-2.0, 2.0)]]
    rate, rho = 0.3, 0.95
    s = -rate * g
    sigma = 0.5 * (np.linalg.norm(s) * (np.linalg.norm(y) + np.linalg.norm(g) / rho) - y @ s)

    def slope(p):
        return g + (s @ p) / (s @ s) * y

    assert_allclose(slope(np.zeros(4)), g)
    assert_allclose(slope(s), g + y)
    # m(p) = slope(p)^T p + sigma |p|^2 / |s|^2 is a quadratic; its Hessian, from the definition:
    hessian = (np.outer(s, y) + np.outer(y, s) + 2.0 * sigma * np.eye(4)) / (s @ s)
    eigenvalues = np.linalg.eigvalsh(hessian)
    assert_allclose(eigenvalues[0], 1.0 / (rho * rate), rtol=1e-9)  # so |p| <= rho |s|
    step = model_step(g, y, rate, rho)
    assert_allclose(step, np.linalg.solve(hessian, -g), rtol=1e-9)
    value = slope(step) @ step + sigma * (step @ step) / (s @ s)
    for other in step + 1e-3 * np.linalg.norm(step) * rng.normal(size=(50, 4)):
        assert slope(other) @ other + sigma * (other @ other) / (s @ s) > value


@pytest.mark.parametrize("size", [1e-150, 1e-3, 1.0, 1e150])
def test_the_step_of_smb_is_shorter_than_the_trial_step(size):
    rng = np.random.default_rng(0)
    for _ in range(20):
        g, y = rng.normal(size=(2, 5))
        step = model_step(g, size * y, 0.3, 0.99)
        assert np.linalg.norm(step) <= 0.99 * 0.3 * np.linalg.norm(g) * (1.0 + 1e-12)
        assert step @ g < 0.0


def test_smb_accepts_what_descends_and_is_sgd_then():
    h = np.array([1.0, 3.0])
    mine, theirs = np.ones(2), np.ones(2)
    smb, sgd = optim.SMB(0.1), optim.SGD(0.1)
    states = smb.init(mine), sgd.init(theirs)
    for _ in range(10):
        oracle = {
            "loss_function": lambda x: 0.5 * x @ (h * x),
            "gradient_function": lambda x: h * x,
        }
        smb.step(mine, h * mine, states[0], loss=0.5 * mine @ (h * mine), **oracle)
        sgd.step(theirs, h * theirs, states[1])
        assert_array_equal(mine, theirs)
    assert states[0]["models"] == 0


@pytest.mark.parametrize("part, models", [(0.09, 1), (0.11, 0)])
def test_smb_asks_for_a_tenth_of_what_the_gradient_promises(part, models):
    """The trial step is taken from a decrease of c eta |g|^2 on, here 0.1 0.5 4."""
    x, g = np.ones(4), np.ones(4)
    rule = optim.SMB(0.5, c=0.1)
    state = rule.init(x)
    oracle = {
        "loss_function": lambda x: 3.0 - part * 0.5 * 4.0,
        "gradient_function": lambda x: -g,
    }
    rule.step(x, g, state, loss=3.0, **oracle)
    assert state["models"] == models
    assert (x == 0.5).all() == (models == 0)


def test_smb_overflows_instead_of_raising():
    """A run that diverges ends by its values, not by an OverflowError of Python's power."""
    x = np.ones(2)
    rule = optim.SMB(1.0)
    oracle = {"loss_function": lambda x: np.inf, "gradient_function": lambda x: x * np.inf}
    rule.step(x, np.full(2, 1e200), rule.init(x), loss=1e300, **oracle)
    assert not np.isfinite(x).any()


def test_smb_converges_with_rates_for_which_sgd_diverges():
    f = logistic()
    for rate in (1.0, 4.0, 8.0):
        result = optim.minimize(f, method="smb", learning_rate=rate, tol=1e-6, max_iter=100)
        assert result.success
    with pytest.warns(ConvergenceWarning, match="sgd stopped"):
        assert not optim.minimize(f, method="sgd", learning_rate=2.0, max_iter=2000).success


def logistic():
    """A logistic model."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3)) * [1.0, 3.0, 0.5]
    y = np.where(X @ [1.0, -0.5, 0.2] + rng.logistic(size=80) > 0.0, 1.0, -1.0)
    return objectives.Logistic(X, y, alpha=0.1)


# --- names ----------------------------------------------------------------------------------------


@every
def test_wrappers_are_found_by_their_names(case):
    rule = CASES[case]()
    row = next(row for row in optim.list_rules() if row["name"] == rule.name)
    assert set(row) == {"name", "family", "state", "extra", "reference"}
    assert row["family"] == "wrapper" or not isinstance(rule, optim.wrappers.Wrapper)
    held = list(rule.init(np.ones(2)))
    other = {"ema": "window", "ma": "h"}.get(rule.hyperparameters().get("form"))
    assert [name for name in row["state"] if name != other] == held
    assert row["reference"] and not row["reference"].endswith(".")
    assert row["extra"] == list(rule._needed)
    again = optim.from_name(rule.name, rule.hyperparameters())
    assert again == rule and type(again) is type(rule)


#: What a reader of the literature looks for.
NAMES = """
sgd momentum nesterov sgdw adagrad adagrad_norm adadelta rmsprop rmsprop_centered rmsprop_momentum
adam adamw adamax nadam nadam_simple amsgrad opt_amsgrad radam adabelief adabound amsbound adamod
diffgrad adan lion lion_k signsgd grams cautious cautious_adamw cautious_lion mars_adamw mars_lion
mars_shampoo ademamix sgd_sai core rprop yogi adamp sgdp novograd lars lamb swats dog ldog am_mgd
am_adamw adam_cm vrgd_sgd vrgd_adam auon hybrid_auon lawn muon shampoo shampoo_grafted adafactor
came galore fira frugal online_subspace_descent ef_topk psgd psgd_diagonal psgd_kron psgd_dense
psgd_low_rank scaled_gd lookahead swa ema schedule_free schedule_free_sgd schedule_free_adamw
grokfast gradient_noise clip clip_norm clip_value median_clip xgrad sam gradient_regularization
gradient_centralization polyak sps sps_max sps_safe sps_momentum psps sania_adagrad_sqr
sania_adam_sqr oasis sophia_g sophia_h adahessian smb asgd lr_perceptron normalized_gd
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_the_names_of_the_literature_are_known(name):
    needed = {"clip": "max_norm", "clip_norm": "max_norm", "clip_value": "bound"}
    needed |= {"median_clip": "radius", "swa": "start"}
    given = {needed[name]: 1} if name in needed else {}
    rows = {row["name"]: row for row in optim.list_rules()}
    if name in ("clip", *(row for row in rows if rows[row]["family"] == "wrapper")):
        given["rule"] = "sgd"
    assert optim.from_name(name, given).name.startswith(name)


def test_a_wrapper_by_name_goes_around_a_rule_by_name():
    assert optim.from_name("ema", rule="adam", decay=0.5) == optim.EMA(optim.Adam(), decay=0.5)
    with pytest.raises(TypeError, match=r"Lookahead needs rule: pass rule=Adam\(\) or rule='adam'"):
        optim.from_name("lookahead", k=3)
    with pytest.raises(TypeError, match=r"ClipNorm needs max_norm: pass max_norm="):
        optim.from_name("clip_norm", rule="sgd")
    with pytest.raises(TypeError, match=r"SAM has no hyper-parameter 'radius': it has rule, rho"):
        optim.from_name("sam", rule="sgd", radius=1.0)
    with pytest.raises(ValueError, match=r"Did you mean 'lookahead'"):
        optim.from_name("lokahead")
    with pytest.raises(ValueError, match=r"Did you mean 'adam'"):
        optim.from_name("ema", rule="adm")
    assert optim.from_name("schedule_free", form="sgd") == optim.ScheduleFreeSGD()
    assert optim.from_name("cautious") == optim.CautiousAdamW()
    assert optim.from_name("psgd", form="low_rank", rank=2) == optim.PSGDLowRank(rank=2)
    with pytest.raises(ValueError, match=r"form must be one of \['norm', 'value'\], got 'l2'"):
        optim.from_name("clip", form="l2")
    f = logistic()
    by_name = optim.minimize(f, method="lookahead", rule=optim.Adam(0.1), k=3, tol=1e-4)
    by_rule = optim.minimize(f, method=optim.Lookahead(optim.Adam(0.1), k=3), tol=1e-4)
    assert_array_equal(by_name.x, by_rule.x)


# --- parameter groups -----------------------------------------------------------------------------


def test_groups_step_as_their_rules_do():
    rules = {"a": optim.Adam(0.1), "b": optim.Lookahead(optim.SGD(0.2), k=2)}
    groups = optim.ParameterGroups(rules)
    rng = np.random.default_rng(0)
    params = {"a": rng.normal(size=(3, 2)), "b": [rng.normal(size=4), rng.normal(size=2)]}
    apart = copy.deepcopy(params)
    state = groups.init(params)
    states = {key: rule.init(apart[key]) for key, rule in rules.items()}
    for t in range(5):
        grads = {"a": rng.normal(size=(3, 2)), "b": [rng.normal(size=4), rng.normal(size=2)]}
        if t == 3:  # a pickled run goes on alike, and update() changes nothing
            groups, state = pickle.loads(pickle.dumps((groups, state)))
            new, new_state = groups.update(params, grads, state)
            assert (new_state.t, state.t) == (4, 3)
        assert groups.step(params, grads, state) is params
        if t == 3:
            assert_array_equal(new["a"], params["a"])
        for key, rule in rules.items():
            rule.step(apart[key], grads[key], states[key])
    assert_array_equal(params["a"], apart["a"])
    for mine, other in zip(params["b"], apart["b"], strict=True):
        assert_array_equal(mine, other)
    assert state.t == 5


def test_groups_hand_on_what_their_rules_need():
    groups = optim.ParameterGroups({"a": optim.SPSMax(), "b": optim.SophiaH(), "c": optim.SGD()})
    params = {key: np.ones(2) for key in "abc"}
    state = groups.init(params)
    groups.step(params, params, state, loss=2.0, hessian_diag={"b": np.ones(2)})
    assert state["a"].loss == 2.0
    assert_allclose(state["b"].h, 0.01)


def test_misused_groups_are_explained_and_change_nothing():
    groups = optim.ParameterGroups({"a": optim.SGD(0.1), "b": optim.SGD(0.1)})
    params = {"a": np.ones(2), "b": np.ones(3)}
    state = groups.init(params)
    with pytest.raises(ValueError, match=r"grads\['b'\] must have shape \(3,\)"):
        groups.step(params, {"a": np.ones(2), "b": np.ones(2)}, state)
    assert_array_equal(params["a"], 1.0)
    frozen = np.ones(3)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match=r"params must be writable, got a read-only array"):
        groups.step({"a": params["a"], "b": frozen}, params, state)
    assert_array_equal(params["a"], 1.0)
    with pytest.raises(ValueError, match=r"params must be a dict with the keys \['a', 'b'\]"):
        groups.init({"a": np.ones(2)})
    with pytest.raises(TypeError, match="dict of update rules"):
        optim.ParameterGroups([optim.SGD()])
    with pytest.raises(TypeError, match=r"rules\['a'\] must be an update rule, got 0\.1"):
        optim.ParameterGroups({"a": 0.1})
