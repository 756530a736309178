"""What every activation and every loss must satisfy in a network; the registry enrols them."""

import inspect
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from optlite import optim, reference
from optlite._core import core
from optlite._params import records
from optlite.objectives import MLP
from optlite.objectives._mlp import LOSSES

ACTIVATIONS = sorted(records("activations"))


def assert_close(actual, desired, rtol=1e-12):
    """Compare relative to the largest entry."""
    assert_allclose(actual, desired, rtol=0, atol=rtol * max(np.max(np.abs(desired)), 1e-300))


def slope(function, h=1e-3):
    """Differentiate at 0 by central differences, extrapolated twice to an error of order h^6."""
    raw = [(function(step) - function(-step)) / (2 * step) for step in (h, h / 2, h / 4)]
    once = [(4 * raw[1] - raw[0]) / 3, (4 * raw[2] - raw[1]) / 3]
    return (16 * once[1] - once[0]) / 15


def draw(loss, n, random):
    """Targets for a loss."""
    if loss == "squared":
        return random.normal(size=(n, 2))
    if loss == "poisson":
        return random.poisson(2.0, size=n)
    return np.arange(n) % (3 if loss == "softmax" else 2)


def make(loss="softmax", activation="tanh", hidden=(5, 4), n=40, seed=0, **options):
    """Make a small network, and a point where no ReLU is near its kink."""
    random = np.random.default_rng(seed)
    options = {"alpha": 0.1, "sample_weight": random.uniform(0.5, 2.0, size=n), **options}
    X = random.normal(size=(n, 3))
    f = MLP(X, draw(loss, n, random), hidden, activation, loss, **options)
    return f, 0.6 * random.normal(size=f.dim), random


@pytest.fixture(params=ACTIVATIONS)
def activation(request):
    return request.param


@pytest.fixture(params=sorted(LOSSES))
def loss(request):
    return request.param


# --- activations ----------------------------------------------------------------------------------


def test_core_and_twin_agree_far_into_both_tails(activation):
    twin = reference.load("activations", activation)
    grid = np.r_[0.0, -np.logspace(-8, 2.6, 60), np.logspace(-8, 2.6, 60)]
    got = np.array([core.activation(activation, a) for a in grid])
    for column, function in zip(got.T, (twin.value, twin.first, twin.second), strict=True):
        assert_allclose(column, function(grid), rtol=1e-12, atol=1e-15)


def test_derivatives_of_activations_match_differences(activation):
    twin = reference.load("activations", activation)
    a = np.linspace(-4.0, 4.0, 33) + 0.01  # no kink on the way
    assert_close(slope(lambda t: twin.value(a + t)), twin.first(a), rtol=1e-9)
    assert_close(slope(lambda t: twin.first(a + t)), twin.second(a), rtol=1e-9)
    assert twin.smooth == records("activations")[activation]["smooth"]


def test_activations_pass_nan_and_do_not_make_it_of_infinity(activation):
    assert np.isnan(core.activation(activation, np.nan)[0])
    for end in (-np.inf, np.inf):
        assert not np.isnan(core.activation(activation, end)).any()


# --- twin and derivatives -------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [(), (4,), (5, 4, 3)])
def test_the_twin_gives_the_same(activation, loss, hidden):
    f, w, random = make(loss, activation, hidden)
    twin, V = f.twin(), random.normal(size=(3, f.dim))
    at = twin.evaluate(w)
    value, gradient = f.value_and_gradient(w)
    assert_close(value, at.value)
    assert_close(f.value(w), at.value)
    assert_close(gradient, at.gradient)
    assert_close(f.hvp(w, V), twin.hessian_product(at, V))
    core_part = f._at(w)
    flat = core_part.gauss_newton_product(V, True)
    assert_close(flat, twin.hessian_product(at, V, exact=False))
    assert_close(core_part.margins, at.sums[-1])


def test_gradient_and_products_match_differences(activation, loss):
    f, w, random = make(loss, activation)
    v = random.normal(size=f.dim)
    h = 1e-3 if records("activations")[activation]["smooth"] else 4e-6
    assert_close(slope(lambda t: f.value(w + t * v), h), f.gradient(w) @ v, rtol=1e-8)
    assert_close(slope(lambda t: f.gradient(w + t * v), h), f.hvp(w, v), rtol=1e-7)


def test_the_hessian_is_symmetric(activation, loss):
    f, w, random = make(loss, activation)
    U, V = random.normal(size=(2, 4, f.dim))
    left, right = U @ f.hvp(w, V).T, f.hvp(w, U) @ V.T
    assert_close(left, right)
    H = f.hessian(w)
    assert_array_equal(H, H.T)
    assert_close(f.hvp(w, V), V @ H)


def test_the_hessian_is_made_of_blocks_of_vectors(monkeypatch):
    """A block of all of them would take memory without bound."""
    f, w, _ = make(hidden=(16, 8))
    counts, whole = [], f.hvp(w, np.eye(f.dim))
    hvp = MLP.hvp
    monkeypatch.setattr(MLP, "hvp", lambda f, w, V: counts.append(len(V)) or hvp(f, w, V))
    assert_close(f.hessian(w), whole)
    assert sum(counts) == f.dim > 200
    assert max(counts) == 64


def test_gauss_newton_has_no_negative_eigenvalue_and_the_jacobian_between(activation, loss):
    f, w, _ = make(loss, activation, alpha=0.0)
    at, eye = f._at(w), np.eye(f.dim)
    G = at.gauss_newton_product(eye, False)
    assert_close(G, G.T)
    assert np.linalg.eigvalsh(G)[0] >= -1e-13 * np.linalg.eigvalsh(G)[-1]
    J = at.jacobian_product(eye).reshape(f.dim, *at.margins.shape)  # of each sample and output
    second = reference.load("objectives", LOSSES[loss]).second
    n, K = at.margins.shape
    if loss == "softmax":
        B = second(at.margins, f._codes[0])
    else:
        B = second(at.margins, f._codes.T)[:, :, None] * np.eye(K)
    share = f.sample_weight / f.sample_weight.sum()
    assert_close(G, np.einsum("pna,n,nab,qnb->pq", J, share, B, J))
    U = np.random.default_rng(1).normal(size=(2, n * K))
    assert_close(at.jacobian_transposed_product(U), U @ J.reshape(f.dim, -1).T)


def test_gradients_of_samples_add_up(activation, loss):
    f, w, _ = make(loss, activation)
    each = f.per_sample_gradients(w)
    share = f.sample_weight / f.sample_weight.sum()
    bare = MLP(f.X, f.y, f.hidden, activation, loss, sample_weight=f.sample_weight)
    assert_close(share @ each, bare.gradient(w))
    assert_close(f.per_sample_gradients(w, rows=[3, 1]), each[[3, 1]])


def test_outputs_are_the_layers_one_after_another():
    f, w, _ = make("squared", "relu", (4,))
    (W1, b1), (W2, b2) = f.layers(w)
    assert_close(f.outputs(w), np.maximum(f.X @ W1 + b1, 0.0) @ W2 + b2)
    assert_array_equal(f.flatten(f.layers(w)), w)


def test_without_hidden_layers_it_is_a_linear_model():
    from optlite.objectives import Multinomial

    f, w, random = make("softmax", hidden=())
    g = Multinomial(f.X, f.y, alpha=0.1, sample_weight=f.sample_weight, fit_intercept=True)
    (W, b) = f.layers(w)[0]
    at = np.column_stack([W.T, b])
    assert_close(f.value(w), g.value(at))
    v = random.normal(size=f.dim)
    V, c = f.layers(v)[0]
    ours, theirs = f.layers(f.hvp(w, v))[0], g.hvp(at, np.column_stack([V.T, c]))
    assert_close(np.column_stack([ours[0].T, ours[1]]), theirs)


# --- data -----------------------------------------------------------------------------------------


def test_a_weight_is_a_repetition_and_zero_removes(loss):
    f, w, random = make(loss)
    times = random.integers(0, 3, size=len(f.y))
    times[:3] = 1  # every label stays
    rows = np.repeat(np.arange(len(times)), times)
    a = MLP(f.X, f.y, f.hidden, loss=loss, sample_weight=times)
    b = MLP(f.X[rows], f.y[rows], f.hidden, loss=loss)
    assert_close(a.value(w), b.value(w))
    assert_close(a.gradient(w), b.gradient(w))
    assert_close(a.hvp(w, w), b.hvp(w, w))


@pytest.mark.parametrize("weighted", [False, True])
def test_batches_are_unbiased(loss, weighted):
    f, w, _ = make(loss, n=12, **({} if weighted else {"sample_weight": None}))
    batches = [f.batch(np.arange(k, k + 4)) for k in (0, 4, 8)]
    assert_close(np.mean([b.value(w) for b in batches]), f.value(w))
    assert_close(np.mean([b.gradient(w) for b in batches], axis=0), f.gradient(w))
    assert_close(np.mean([b.hvp(w, w) for b in batches], axis=0), f.hvp(w, w))


STORAGE = {
    "fortran": np.asfortranarray,
    "every other": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "big-endian": lambda X: X.astype(">f8"),
    "list": lambda X: X.tolist(),
}


@pytest.mark.parametrize("name", STORAGE)
def test_storage_does_not_matter(name):
    f, w, _ = make()
    g = MLP(STORAGE[name](f.X), f.y, f.hidden, loss="softmax", alpha=0.1,
            sample_weight=f.sample_weight)  # fmt: skip
    assert_array_equal(g.gradient(w), f.gradient(w))
    assert_array_equal(g.hvp(w, w), f.hvp(w, w))


def test_float32_stays_float32(activation, loss):
    f, w, random = make(loss, activation)
    X, w, v = f.X.astype(np.float32), w.astype(np.float32), random.normal(size=f.dim)
    options = {"alpha": 0.1, "sample_weight": f.sample_weight}
    single = MLP(X, f.y, f.hidden, activation, loss, **options)
    double = MLP(X.astype(float), f.y, f.hidden, activation, loss, **options)
    assert single.value(w) == pytest.approx(double.value(w), rel=1e-6)
    for name, arguments in (("gradient", (w,)), ("hvp", (w, v.astype(np.float32)))):
        ours, theirs = getattr(single, name)(*arguments), getattr(double, name)(*arguments)
        assert ours.dtype == np.float32
        assert_close(ours, theirs, rtol=5e-6)


def test_callers_arrays_are_not_written_and_not_bound():
    f, w, _ = make()
    kept, copies = (f.X, f.y, w), [each.copy() for each in (f.X, f.y, w)]
    f.value_and_gradient(w), f.hvp(w, w), f.per_sample_gradients(w)
    for now, before in zip(kept, copies, strict=True):
        assert_array_equal(now, before)
    before = f.hvp(w, w)
    moved = w + 1.0
    assert np.abs(f.hvp(moved, w) - before).max() > 0  # what is kept belongs to another point
    assert_array_equal(f.hvp(w, w), before)


def test_threads_change_no_bit(activation):
    results = []
    for threads in (1, 2, 5):
        with threadpool_limits(threads, user_api="openmp"):
            f, w, random = make("softmax", activation, (70, 30), n=2500)
            V = random.normal(size=(3, f.dim))
            at = f._at(w)
            results.append(
                [*f.value_and_gradient(w), f.hvp(w, V), at.gauss_newton_product(V, True),
                 at.jacobian_product(V), f.per_sample_gradients(w, rows=[0, 1, 2])]
            )  # fmt: skip
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            assert_array_equal(ours, theirs)


def test_blocks_of_rows_do_not_show(loss):
    """More rows than a block, and products of a block that is not kept whole."""
    f, w, random = make(loss, hidden=(9,), n=1300)
    V = random.normal(size=(5, f.dim))
    at = f.twin().evaluate(w)
    assert_close(f.gradient(w), at.gradient)
    assert_close(f.hvp(w, V), f.twin().hessian_product(at, V))
    assert_close(f.hvp(w, V[2]), f.hvp(w, V)[2], rtol=1e-13)


# --- as an objective ------------------------------------------------------------------------------


def test_it_can_be_trained_whole_and_in_batches(loss):
    f, _, _ = make(loss, alpha=1e-3)
    start = f.init(0)
    for options in ({}, {"batch_size": 10, "random_state": 0}):
        with pytest.warns(UserWarning, match="stopped after 60"):
            result = optim.minimize(
                f, start, method="adam", learning_rate=0.02, max_iter=60, **options
            )
        assert f.value(result.x) < 0.95 * f.value(start)


def test_the_twin_is_an_engine():
    f, w, _ = make()
    runs = [
        list(optim.steps(f, w, method="sgd", learning_rate=0.1, max_iter=5, engine=engine))
        for engine in ("core", "numpy")
    ]
    assert_close(runs[0][-1].x, runs[1][-1].x)


@pytest.mark.parametrize("method", ["newton", "newton_cg", "lbfgs"])
def test_second_order_methods_reach_a_stationary_point(method):
    f, w, _ = make()
    result = optim.minimize(f, w, method=method)
    assert result.success
    assert f.value(result.x) == pytest.approx(1.0973588446116636, abs=1e-9)  # by all three
    assert np.linalg.norm(f.gradient(result.x)) < 1e-6 * np.linalg.norm(f.gradient(w))


def test_pickle_equality_and_immutability():
    f, w, _ = make("squared", "gelu")
    again = pickle.loads(pickle.dumps(f))
    assert again == f
    assert again.value(w) == f.value(w)
    assert f != MLP(f.X, f.y, (5, 3), "gelu")
    assert f != "something else"
    assert repr(f) == (
        "MLP(<40 x 3 float64>, y, hidden=(5, 4), activation='gelu', alpha=0.1, sample_weight=...)"
    )
    with pytest.raises(AttributeError, match="cannot be changed"):
        f.alpha = 1.0
    assert list(inspect.signature(MLP).parameters)[:3] == ["X", "y", "hidden"]


def test_init_has_the_spread_of_its_rule():
    X = np.zeros((4, 400))
    for name, variance in (("relu", 2 / 400), ("tanh", 2 / 700)):
        f = MLP(X, [0.0, 1.0, 2.0, 3.0], 300, name)
        (W, b), _ = f.layers(f.init(random_state=3))
        assert np.var(W) == pytest.approx(variance, rel=0.02)
        assert not b.any()
    assert_array_equal(f.init(1), f.init(1))


BAD = [
    ({"hidden": (3, 0)}, ValueError, r"hidden must hold integers >= 1, got \(3, 0\)"),
    ({"hidden": 2.5}, TypeError, "hidden must be an integer or a sequence"),
    ({"activation": "tahn"}, ValueError, "Did you mean 'tanh'"),
    ({"loss": "sofmax"}, ValueError, "Did you mean 'softmax'"),
    ({"loss": 3}, TypeError, "loss must be one of"),
    ({"alpha": -1.0}, ValueError, "alpha must be >= 0"),
    ({"y": [1.0, np.nan, 2.0]}, ValueError, r"y must be finite, got y\[1\]"),
    ({"y": [1.0, 2.0]}, ValueError, "X and y must have as many rows"),
    ({"y": np.zeros((3, 0))}, ValueError, "y must have a column"),
    ({"loss": "logistic", "y": [0, 1, 2]}, ValueError, "two labels, got 3"),
    ({"loss": "poisson", "y": [0, -1, 2]}, ValueError, "y must be >= 0"),
    ({"X": [[1.0], [np.inf], [0.0]]}, ValueError, "infinity"),
    ({"sample_weight": [1.0, -1.0, 1.0]}, ValueError, "weight"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_refusals_teach(change, error, message):
    arguments = {"X": [[1.0], [2.0], [0.0]], "y": [1.0, 3.0, 2.0], "hidden": 2} | change
    with pytest.raises(error, match=message):
        MLP(**arguments)


def test_sparse_data_and_wrong_variables_are_refused():
    import scipy.sparse as sp

    with pytest.raises(TypeError, match=r"Use X\.toarray"):
        MLP(sp.eye_array(3).tocsr(), [1.0, 2.0, 3.0])
    f, w, _ = make()
    with pytest.raises(ValueError, match=r"w must have shape"):
        f.value(w[1:])
    with pytest.raises(ValueError, match="V must have shape"):
        f.hvp(w, w[1:])
    with pytest.raises(ValueError, match="layers must have the shapes"):
        f.flatten(f.layers(w)[:1])
