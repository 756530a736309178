"""Update rules run by minimize() and steps(), and what happens when they are misused."""

import itertools
import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from optlite import objectives, optim
from optlite.optim import _rule_run


def logistic(n=200, d=5, weight=False, X=None, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) if X is None else X
    y = np.where(X @ np.linspace(-1, 1, X.shape[1]) + rng.logistic(size=X.shape[0]) > 0, 1.0, -1.0)
    if weight:
        options["sample_weight"] = rng.uniform(0.0, 2.0, n) * (rng.uniform(size=n) > 0.2)
    return objectives.Logistic(X, y, alpha=0.1, fit_intercept=True, **options)


def rosenbrock():
    def value(w):
        return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2

    def gradient(w):
        inner = w[1] - w[0] ** 2
        return [-2 * (1 - w[0]) - 400 * w[0] * inner, 200 * inner]

    return objectives.from_callable(value, gradient, shape=2, minimum=0.0)


# --- minimize and steps ---------------------------------------------------------------------------


def test_a_rule_reaches_the_minimum_and_says_so():
    f = logistic()
    best = optim.newton(f, tol=1e-14)
    result = optim.minimize(f, method="adam", learning_rate=0.05, tol=1e-7)
    assert result.success and result.status == "converged"
    assert result.certificate <= 1e-7 * result.fun
    assert 0.0 <= result.fun - best.fun <= result.certificate
    assert_allclose(result.x, best.x, atol=1e-2)


def test_name_and_instance_are_the_same_run():
    f = logistic()
    by_name = optim.minimize(f, method="lion", learning_rate=0.01, tol=1e-3)
    by_rule = optim.minimize(f, method=optim.Lion(0.01), tol=1e-3)
    mixed = optim.minimize(f, method=optim.Lion(), learning_rate=0.01, tol=1e-3)
    assert_array_equal(by_name.x, by_rule.x)
    assert_array_equal(by_name.x, mixed.x)


@pytest.mark.parametrize("method", ["sgd", "adamw", "amsgrad", "sps_max", "sophia_h", "dog"])
def test_both_engines_give_the_same_numbers(method):
    rates = {
        "sgd": 0.5,
        "adamw": 0.02,
        "amsgrad": 0.02,
        "sps_max": 1.0,
        "sophia_h": 0.1,
        "dog": 1.0,
    }
    options = {"method": method, "learning_rate": rates[method], "max_iter": 40, "random_state": 3}
    f = logistic(weight=True)
    core, numpy = (list(optim.steps(f, engine=engine, **options)) for engine in ("core", "numpy"))
    assert len(core) == len(numpy) > 10
    for a, b in zip(core, numpy, strict=True):
        assert_allclose(a.x, b.x, rtol=1e-11, atol=1e-12)
        assert_allclose(a.objective, b.objective, rtol=1e-11)
        for name in a.state:
            if name in b.state:
                assert_allclose(a.state[name], b.state[name], rtol=1e-9, atol=1e-12)


def test_records_hold_the_textbook_state():
    f = logistic()
    first, second = list(optim.steps(f, method="momentum", learning_rate=0.1, max_iter=1))
    assert first.direction is None and not first.state["b"].any()
    assert_allclose(second.state["b"], first.gradient, rtol=1e-15)
    assert_allclose(second.x, first.x + second.step_size * second.direction, rtol=1e-15)
    assert_allclose(second.direction, -0.1 * second.state["b"], rtol=1e-14)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("weight", [False, True])
def test_batches_are_unbiased(make, weight):
    f = logistic(n=30, weight=weight)
    f = logistic(n=30, weight=weight, X=make(f.X))
    rows = np.flatnonzero(f.sample_weight) if weight else np.arange(30)
    size = next(size for size in (5, 4, 3, 2) if len(rows) % size == 0)
    w, v = np.linspace(-1, 1, f.dim), np.cos(np.arange(f.dim))
    batches = [f.batch(part) for part in rows.reshape(-1, size)]
    assert len(batches) > 3
    assert_allclose(np.mean([b.value(w) for b in batches]), f.value(w), rtol=1e-13)
    assert_allclose(np.mean([b.gradient(w) for b in batches], axis=0), f.gradient(w), rtol=1e-10)
    assert_allclose(np.mean([b.hvp(w, v) for b in batches], axis=0), f.hvp(w, v), rtol=1e-10)


def test_mini_batches_converge_with_a_falling_rate_and_repeat_with_a_seed():
    f = logistic(n=500)
    options = {
        "method": optim.SGD(lambda t: 1.0 / (1.0 + t / 20)),
        "batch_size": 25,
        "tol": 1e-3,
        "max_iter": 5000,
    }
    a, b = (optim.minimize(f, random_state=7, trace=True, **options) for _ in range(2))
    assert a.success and a.nit % 20 == 0  # the certificate is computed once an epoch
    assert_array_equal(a.x, b.x)
    assert math.isinf(a.trace[1].certificate) and math.isfinite(a.trace[20].certificate)
    assert_allclose(a.trace[20].objective, f.value(a.trace[20].x), rtol=1e-13)
    other = optim.minimize(f, random_state=8, **options)
    assert not np.array_equal(a.x, other.x)


def test_an_objective_made_of_functions():
    f = rosenbrock()
    result = optim.minimize(
        f, [-1.0, 1.0], method="adam", learning_rate=0.02, tol=1e-10, max_iter=20000
    )
    assert result.success and result.fun <= 1e-10
    assert_allclose(result.x, [1.0, 1.0], atol=1e-4)
    assert f.value(result.x) == result.fun
    twin = list(optim.steps(f, [-1.0, 1.0], method="yogi", max_iter=20, engine="numpy"))
    core = list(optim.steps(f, [-1.0, 1.0], method="yogi", max_iter=20))
    assert_allclose(twin[-1].x, core[-1].x, rtol=1e-12)


def test_the_variables_keep_their_shape():
    rng = np.random.default_rng(0)
    f = objectives.Multinomial(rng.normal(size=(60, 3)), rng.integers(0, 4, 60), alpha=0.1)
    result = optim.minimize(f, method="normalized_gd", learning_rate=lambda t: 1.0 / t, tol=1e-4)
    assert result.x.shape == f.shape == (4, 3)


def test_a_run_that_ends_early_warns_with_what_it_reached():
    with pytest.warns(ConvergenceWarning, match=r"adam stopped after 3 iterations.*certificate"):
        result = optim.minimize(logistic(), method="adam", max_iter=3)
    assert not result.success and result.status == "iteration_limit"
    with pytest.warns(ConvergenceWarning, match="Lower learning_rate"):
        result = optim.minimize(
            objectives.LeastSquares(np.eye(2) * 10, [1.0, 2.0]), method="sgd", learning_rate=1e6
        )
    assert result.status == "not_finite"


def test_wrappers_run_as_rules_do():
    f = logistic()
    for rule in (
        optim.Lookahead(optim.Adam(0.05), k=3),
        optim.SAM(optim.SGD(0.5), rho=1e-4),
        optim.ClipNorm(optim.Momentum(0.1), max_norm=0.5),
    ):
        result = optim.minimize(f, method=rule, tol=1e-5, max_iter=3000, trace=True)
        assert result.success, rule
        assert "inner" in result.trace[0].state
    with pytest.raises(ValueError, match="engine must be 'core' for Lookahead"):
        optim.minimize(f, method=optim.Lookahead(optim.SGD()), engine="numpy")


def test_a_callback_may_stop_the_run():
    def stop(record):
        if record.iteration == 4:
            raise StopIteration

    result = optim.minimize(logistic(), method="adam", callback=stop)
    assert (result.status, result.nit) == ("stopped", 4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "adan", "beta9": 0.1}, TypeError, "Adan has no hyper-parameter 'beta9'"),
        ({"method": "adma"}, ValueError, "Did you mean 'adam"),
        ({"method": "adam", "learning_rate": -1.0}, ValueError, r"learning_rate must be >= 0"),
        ({"method": "newton", "batch_size": 5}, ValueError, "Use an update rule"),
        ({"method": "sgd", "batch_size": 0}, ValueError, "batch_size must be >= 1"),
        ({"method": "sgd", "batch_size": 201}, ValueError, "batch_size must be <= 200"),
        ({"method": "sgd", "batch_size": 2.5}, TypeError, "batch_size must be an integer"),
        ({"method": "sgd", "x0": [1.0]}, ValueError, r"x0 must have shape \(6,\)"),
        ({"method": "sgd", "x0": [np.nan] * 6}, ValueError, "x0 must be finite"),
        ({"method": "sgd", "x0": "zeros"}, TypeError, "x0 must hold real numbers, got dtype <U5"),
        ({"method": "sgd", "x0": [1j] * 6}, TypeError, "x0 must hold real numbers, got dtype comp"),
        ({"method": "sgd", "engine": "gpu"}, ValueError, "engine must be one of"),
        ({"method": "sgd", "max_iter": -1}, ValueError, "max_iter must be"),
    ],
)
def test_bad_options_are_explained(options, error, message):
    with pytest.raises(error, match=message):
        optim.minimize(logistic(), **options)


def test_bad_objectives_are_explained():
    with pytest.raises(TypeError, match="lacks shape"):
        optim.minimize(lambda x: x, method="sgd")
    with pytest.raises(TypeError, match="objective with rows"):
        optim.minimize(rosenbrock(), method="sgd", batch_size=2)
    with pytest.raises(TypeError, match=r"lacks shape\. Use optlite\.objectives"):
        optim.minimize(lambda x: x, method="newton")
    with pytest.raises(TypeError, match="This objective has no hvp"):
        optim.minimize(rosenbrock(), method="sophia_h")


def test_bad_functions_are_explained():
    make = objectives.from_callable
    with pytest.raises(TypeError, match="gradient must be callable"):
        make(lambda w: 0.0, None, 2)
    with pytest.raises(ValueError, match="shape must hold integers >= 1"):
        make(lambda w: 0.0, lambda w: w, 0)
    with pytest.raises(TypeError, match="shape must be an integer"):
        make(lambda w: 0.0, lambda w: w, 1.5)
    with pytest.raises(TypeError, match="value must return one real number"):
        make(lambda w: w, lambda w: w, 2).value([1.0, 2.0])
    with pytest.raises(ValueError, match=r"gradient must return shape \(2,\)"):
        make(lambda w: 0.0, lambda w: w[:1], 2).gradient([1.0, 2.0])
    with pytest.raises(ValueError, match=r"rows must lie in 0 to 199"):
        logistic().batch([200])


# --- steps by hand: what is refused ---------------------------------------------------------------


def arrays():
    return np.ones(3), np.ones(3)


@pytest.mark.parametrize(
    ("params", "grads", "error", "message"),
    [
        (np.ones(3), np.ones(4), ValueError, r"grads must have shape \(3,\).*got \(4,\)"),
        (np.ones((3, 1)), np.ones(3), ValueError, r"params must have shape \(3,\)"),
        (np.ones(3), np.ones(3, np.float32), TypeError, "grads must have dtype float64"),
        (np.ones(3), np.ones(3, int), TypeError, "grads must hold float32 or float64, got int64"),
        (np.ones(3), [1.0, 1.0, 1.0], ValueError, "grads must be one array.*list of 3 arrays"),
        ([np.ones(3)], [np.ones(3)], ValueError, "params must be one array"),
        (np.ones(3), None, TypeError, "grads must be a NumPy array, got NoneType"),
        (np.ones(3), np.ma.ones(3), TypeError, "grads must be a plain array, got a masked one"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(params, grads, error, message):
    rule = optim.Adam()
    state = rule.init(np.ones(3))
    with pytest.raises(error, match=message):
        rule.step(params, grads, state)
    assert state.t == 0


def test_read_only_parameters_are_refused_with_the_remedy():
    x, g = arrays()
    x.flags.writeable = False
    rule = optim.Adam()
    with pytest.raises(ValueError, match=r"params must be writable.*update\(\)"):
        rule.step(x, g, rule.init(x))


def test_states_of_other_rules_are_refused():
    x, g = arrays()
    with pytest.raises(ValueError, match="state must be one of adam, got the state of lion"):
        optim.Adam().step(x, g, optim.Lion().init(x))
    with pytest.raises(TypeError, match=r"state must come from init\(params\), got dict"):
        optim.Adam().step(x, g, {})


def test_init_refuses_what_cannot_be_stepped():
    rule = optim.SGD()
    with pytest.raises(TypeError, match="params must hold float32 or float64, got int64"):
        rule.init(np.ones(3, int))
    with pytest.raises(TypeError, match=r"params\[1\] must have the dtype of the other arrays"):
        rule.init([np.ones(3), np.ones(3, np.float32)])
    with pytest.raises(TypeError, match=r"params\['b'\] must be a NumPy array, got float"):
        rule.init({"a": np.ones(2), "b": 1.0})


def test_missing_and_unknown_extras_are_explained():
    x, g = arrays()
    rule = optim.SPSMax()
    with pytest.raises(TypeError, match=r"SPSMax needs 'loss'.*step\(params, grads, state, loss="):
        rule.step(x, g, rule.init(x))
    with pytest.raises(TypeError, match=r"Adam does not use 'loss'.*takes nothing else"):
        optim.Adam().step(x, g, optim.Adam().init(x), loss=1.0)
    with pytest.raises(TypeError, match="loss must be a number, got 'low'"):
        rule.step(x, g, rule.init(x), loss="low")
    assert_array_equal(x, 1.0)


def test_an_input_with_a_period_is_needed_in_its_steps_only():
    x, g = arrays()
    rule = optim.SophiaH(update_period=3)
    state = rule.init(x)
    for t in range(7):
        if t % 3 == 0:
            with pytest.raises(TypeError, match="needs 'hessian_diag'"):
                rule.step(x, g, state)
            rule.step(x, g, state, hessian_diag=np.ones(3))
        else:
            rule.step(x, g, state)
    assert state.t == 7
    assert_allclose(state.h, 1 - 0.99**3)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.Adam(-0.1), ValueError, r"learning_rate must be >= 0, got -0.1 \(Adam\)"),
        (lambda: optim.Adam(beta1=1.0), ValueError, r"beta1 must be in \[0, 1\), got 1.0 \(Adam\)"),
        (lambda: optim.Adam(eps=0.0), ValueError, "eps must be > 0"),
        (lambda: optim.Adam(math.nan), ValueError, "learning_rate must be >= 0, got nan"),
        (lambda: optim.Adam(math.inf), ValueError, "must be finite and >= 0, got inf"),
        (lambda: optim.Adam("fast"), TypeError, "learning_rate must be a number, got 'fast'"),
        (
            lambda: optim.Adam(lr=0.1),
            TypeError,
            "Adam has no hyper-parameter 'lr': it has learning",
        ),
        (lambda: optim.Adam(0.1, 0.9), TypeError, "takes learning_rate without a name, got 2"),
        (lambda: optim.Adam(0.1, learning_rate=0.2), TypeError, "two values of learning_rate"),
        (lambda: optim.AMSGrad(form="new"), ValueError, r"form must be one of \['paper'"),
        (lambda: optim.AdaBelief(rectify=1), TypeError, "rectify must be True or False, got 1"),
        (
            lambda: optim.Adam(weight_decay_form="l1"),
            ValueError,
            "weight_decay_form must be one of",
        ),
        (lambda: optim.from_name("adm"), ValueError, "Did you mean 'adam'"),
    ],
)
def test_bad_hyper_parameters_are_explained(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_schedule_is_checked_when_it_is_used():
    x, g = arrays()
    rule = optim.SGD(lambda t: 1.0 - t)
    state = rule.init(x)
    rule.step(x, g, state)
    with pytest.raises(ValueError, match=r"learning_rate must be >= 0, got -1\.0"):
        rule.step(x, g, state)
    assert state.t == 1


def test_rules_do_not_change():
    rule = optim.Adam()
    with pytest.raises(AttributeError, match=r"use replace\(learning_rate=0.5\)"):
        rule.learning_rate = 0.5
    assert rule.replace(learning_rate=0.5) == optim.Adam(0.5) != rule
    assert hash(optim.Adam(0.5)) == hash(rule.replace(learning_rate=0.5))
    with pytest.raises(AttributeError, match="has no attribute 'rate'"):
        _ = rule.rate


def test_state_is_read_under_its_names():
    rule = optim.Adam()
    x, g = arrays()
    state = rule.init(x)
    rule.step(x, g, state)
    assert set(state) == {"m", "v"} and len(state) == 2
    assert_allclose(state["m"], 0.1)
    state["v"][...] = 4.0  # an array of state may be written to
    rule.step(x, g, state)
    assert_allclose(state.v, 0.999 * 4.0 + 0.001)
    with pytest.raises(KeyError, match="holds m, v"):
        _ = state["w"]
    with pytest.raises(ValueError, match=r"resize|references"):
        state["m"].resize(5)


def test_steps_allocate_nothing_after_the_first():
    tracemalloc = pytest.importorskip("tracemalloc")
    x, g = np.ones(100_000), np.ones(100_000)
    rule = optim.AdamW()
    state = rule.init(x)
    rule.step(x, g, state)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(5):
            rule.step(x, g, state)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 2000 and after - before < 2000


def test_no_warning_on_the_way():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optim.minimize(logistic(), method="adam", learning_rate=0.1, tol=1e-4)


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [list, tuple])
def test_a_gradient_that_is_another_parameter_is_read_before_it_changes(make):
    """f(a, b) = a . b has the gradient (b, a)."""
    a, b = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    rule = optim.SGD(0.1)
    params = make([a, b])
    rule.step(params, make([b, a]), rule.init(params))
    assert_allclose(a, [0.0, 0.0], atol=1e-15)
    assert_allclose(b, [9.9, 19.8])


def test_parameters_that_share_memory_are_refused():
    x = np.ones(6)
    rule = optim.SGD(0.1)
    for pair in ([x, x], [x[::2], x[::2]], [x[:4], x[3:]]):
        with pytest.raises(ValueError, match=r"params\[0\] and params\[1\] must not share memory"):
            rule.init(pair)
    state = rule.init([np.ones(6), np.ones(6)])
    with pytest.raises(ValueError, match="must not share memory"):
        rule.step([x, x], [np.ones(6), np.ones(6)], state)
    assert_array_equal(x, 1.0)
    apart = [x[::2], x[1::2]]  # interleaved, but no entry in common
    rule.step(apart, [np.ones(3), np.zeros(3)], rule.init(apart))
    assert_allclose(x, [0.9, 1.0] * 3)


def test_a_state_made_for_a_dict_takes_no_list():
    rule = optim.Adam(0.1)
    state = rule.init({"a": np.ones(2), "b": np.ones(2)})
    with pytest.raises(ValueError, match="params must be a dict with the keys"):
        rule.step([np.ones(2), np.ones(2)], [np.ones(2), np.ones(2)], state)


def test_arrays_of_state_cannot_be_resized():
    x = np.ones(50)
    rule = optim.Adam()
    state = rule.init(x)
    with pytest.raises(ValueError, match="does not own its data"):
        state.m.resize(10, refcheck=False)
    rule.step(x, x.copy(), state)


def test_lists_may_be_changed_by_another_thread_during_a_step():
    import threading

    params, grads = [np.ones(200_000)], [np.ones(200_000)]
    rule, stop = optim.Adam(), threading.Event()
    state = rule.init(params)

    def replace():
        while not stop.is_set():
            grads[0] = np.ones(200_000)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(300):
            rule.step(params, grads, state)
    finally:
        stop.set()
        thread.join()
    assert state.t == 300 and np.isfinite(params[0]).all()
    assert_allclose(state.m, 1 - 0.9**300)


def test_states_compare_by_their_numbers():
    x = np.ones(3)
    rule = optim.Adam()
    state = rule.init(x)
    other = state.copy()
    assert state == other
    rule.step(x, x.copy(), state)
    assert state != other and state != {"m": 1}


# --- what a rule is given -------------------------------------------------------------------------


def test_polyak_gets_the_loss_of_the_batch_whose_gradient_it_gets():
    f = logistic(n=40)
    options = {"method": "sps_max", "batch_size": 15, "random_state": 1, "c": 0.5}
    # At zero every sample would have the same loss.
    steps = list(optim.steps(f, np.linspace(-1, 1, f.dim), max_iter=6, **options))
    rng = np.random.default_rng(1)
    order, size = rng.permutation(40), 15
    for record, after in itertools.pairwise(steps[:3]):
        rows, order = order[:size], order[size:]
        value, gradient = f.batch(rows).value_and_gradient(record.x)
        assert_allclose(record.gradient, gradient, rtol=1e-12)
        assert_allclose(after.state["loss"], value, rtol=1e-12)


def test_a_batch_without_weight_is_refused():
    f = objectives.LeastSquares(np.ones((3, 1)), np.ones(3), sample_weight=[0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"rows must hold a sample with a weight.*\[0\] weigh 0"):
        f.batch([0])


def test_a_step_size_is_refused_where_the_rule_makes_the_steps():
    with pytest.raises(
        ValueError, match=r"step_size must be left out for an update rule, got 0\.01"
    ):
        optim.minimize(logistic(), method="sgd", step_size=0.01)


def test_a_known_minimum_of_zero_makes_the_tolerance_absolute():
    bowl = objectives.from_callable(lambda w: w @ w, lambda w: 2 * w, shape=2, minimum=0.0)
    with pytest.warns(ConvergenceWarning, match=r"asked for: certificate <= 0\.001 "):
        optim.minimize(bowl, [1.0, 1.0], method="sgd", tol=1e-3, max_iter=3)
    with pytest.raises(ValueError, match="minimum must be finite"):
        objectives.from_callable(lambda w: 0.0, lambda w: w, 1, minimum=math.inf)


def test_a_tiny_eps_does_not_vanish_in_single_precision():
    x = np.zeros(3, np.float32)
    rule = optim.Adam(eps=1e-60)
    rule.step(x, np.zeros(3, np.float32), rule.init(x))
    assert_array_equal(x, 0.0)


# --- micro-batches --------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [5, 24, 60])
def test_micro_batches_of_a_step_are_parts_of_its_batch(batch_size):
    """The mean over the parts is the gradient of the batch; that of squares is no less."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    weight = rng.uniform(0.5, 2.0, size=60)
    f = objectives.LeastSquares(X, y, alpha=0.1, sample_weight=weight)
    run = _rule_run.RuleRun(f, optim.VRGDSGD(), np.ones(4), 0.0, 9, "core", batch_size, 3)
    squared = run._oracle()["squared_grads"]
    rows = run._batches._current_rows
    parts = np.array_split(rows, min(8, batch_size))
    share = np.array([len(part) / batch_size for part in parts])
    slopes = []
    for part in parts:  # the estimate of a part, from the definition of the objective
        residual = X[part] @ np.ones(4) - y[part]
        slopes.append(
            X[part].T @ (weight[part] * residual) / len(part) / weight.mean() + 0.1 * np.ones(4)
        )
    assert_allclose(share @ np.array(slopes), run.gradient, rtol=1e-11)
    assert_allclose(squared, share @ np.array(slopes) ** 2, rtol=1e-11)
    assert (squared >= run.gradient**2 * (1.0 - 1e-12)).all()


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", ["vrgd_sgd", "vrgd_adam"])
def test_variance_reduced_rules_minimise_with_batches(method, engine):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 3))
    f = objectives.LeastSquares(X, X @ [1.0, -2.0, 0.5] + 0.01 * rng.normal(size=80))
    options = {"batch_size": 40, "random_state": 0, "learning_rate": 0.1, "max_iter": 300}
    start = f.value(np.zeros(3))
    with pytest.warns(ConvergenceWarning):
        found = optim.minimize(f, np.zeros(3), method=method, engine=engine, tol=0.0, **options)
    assert f.value(found.x) < 1e-3 * start
    with pytest.raises(TypeError, match=r"squared_grads.*Pass batch_size"):
        optim.minimize(f, np.zeros(3), method=method, engine=engine)
