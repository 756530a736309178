"""What papers say of rules that keep statistics of a part of the gradient, checked by numbers."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optlite import optim


def draw(*shape, seed=0):
    """Draw an array."""
    return np.random.default_rng(seed).normal(size=shape)


def run(rule, x, grads, **extra):
    """Step a rule along recorded gradients; return the end point and the state."""
    x = np.array(x)
    state = rule.init(x)
    for g in grads:
        rule.step(x, np.asarray(g), state, **extra)
    return x, state


def singular(*values, rows, cols, seed=0):
    """Return a matrix with these singular values."""
    k = len(values)
    left, _ = np.linalg.qr(draw(rows, k, seed=seed))
    right, _ = np.linalg.qr(draw(cols, k, seed=seed + 1))
    return (left * values) @ right.T


# --- GaLore, Fira, FRUGAL -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)])
def test_galore_of_full_rank_is_adam_in_a_rotated_basis(shape):
    grads = draw(30, *shape)
    x, state = run(
        optim.GaLore(0.01, eps=1e-30, scale=0.5, update_period=10**9), np.ones(shape), grads
    )
    P = state["P"]
    assert_allclose(P @ P.T, np.eye(min(shape)), atol=1e-13)
    adam = optim.Adam(0.005, eps=1e-30)
    turned = np.zeros(shape)
    other = adam.init(turned)
    for g in grads:
        adam.step(turned, g @ P.T if shape[0] >= shape[1] else P @ g, other)
    back = turned @ P if shape[0] >= shape[1] else P.T @ turned
    assert_allclose(x, 1.0 + back, rtol=1e-9)


def test_galore_projects_to_the_leading_singular_vectors_with_a_sign():
    g = singular(5.0, 3.0, 1.0, 0.1, rows=9, cols=6)
    for matrix in (g, g.T):
        x, state = run(optim.GaLore(1.0, rank=2), np.zeros(matrix.shape), [matrix])
        left, _, right = np.linalg.svd(matrix, full_matrices=False)
        vectors = right[:2] if matrix is g else left[:, :2].T
        assert_allclose(np.abs(np.sum(state["P"] * vectors, axis=1)), 1.0, rtol=1e-12)
        largest = np.abs(state["P"]).argmax(axis=1)
        assert (state["P"][[0, 1], largest] > 0.0).all()
        assert np.linalg.matrix_rank(x) == 2
        assert state.m.shape == ((9, 2) if matrix is g else (2, 9))


def test_galore_renews_its_basis_in_time():
    grads = draw(7, 6, 4)
    rule, x = optim.GaLore(0.01, rank=2, update_period=3), np.zeros((6, 4))
    state, seen = rule.init(x), []
    for g in grads:
        rule.step(x, g, state)
        seen.append(state["P"].copy())
    changes = [not np.array_equal(a, b) for a, b in itertools.pairwise(seen)]
    assert changes == [False, False, True, False, False, True]


def test_the_rest_of_fira_is_orthogonal_scaled_and_limited():
    grads = draw(2, 8, 5) * [[[1.0]], [[100.0]]]
    options = {"rank": 2, "eps": 1e-30, "update_period": 10**9, "beta1": 0.5, "beta2": 0.75}
    rule, x = optim.Fira(1.0, scale=0.0, **options), np.zeros((8, 5))  # the rest alone
    state = rule.init(x)
    rule.step(x, grads[0], state)
    P = state["P"]
    # In the first step n = +-(1 - beta1) / sqrt(1 - beta2) in each entry, whatever the gradient.
    low, rest = grads[0] @ P.T, grads[0] - grads[0] @ P.T @ P
    phi = np.sqrt(2.0) * 0.5 / 0.5 / (np.linalg.norm(low, axis=1, keepdims=True) + 1e-8)
    assert_allclose(x, -(0.5 / 0.5) * phi * rest, rtol=1e-9)
    assert_allclose(x @ P.T, 0.0, atol=1e-12)
    assert_allclose(state.rest, np.linalg.norm(phi * rest), rtol=1e-12)
    before = state.rest
    scaled = optim.Fira(1.0, scale=0.0, growth=1.5, **options)
    scaled.step(x, grads[0] * 0.0 + draw(8, 5, seed=9) * 1e3, state)
    assert state.rest <= 1.5 * (before + 1e-8) * (1.0 + 1e-12)


def test_fira_of_full_rank_is_galore():
    grads = draw(20, 6, 4)
    options = {"rank": 4, "update_period": 5}
    fira, _ = run(optim.Fira(0.01, **options), np.ones((6, 4)), grads)
    galore, _ = run(optim.GaLore(0.01, **options), np.ones((6, 4)), grads)
    assert_allclose(fira, galore, rtol=1e-9)


def test_frugal_is_adamw_where_it_is_dense_and_signs_where_it_is_not():
    grads = draw(12, 5, 4)
    dense, _ = run(optim.FRUGAL(0.01, density=1.0, weight_decay=0.1), np.ones((5, 4)), grads)
    adamw, _ = run(optim.AdamW(0.01, weight_decay=0.1), np.ones((5, 4)), grads)
    assert_allclose(dense, adamw, rtol=1e-12)
    thin, _ = run(optim.FRUGAL(0.01, density=0.25, inactive_scale=2.0), np.ones((5, 4)), grads)
    assert_allclose(thin[:, 1:], 1.0 - 0.02 * np.sign(grads[:, :, 1:]).sum(axis=0), rtol=1e-12)
    adam, _ = run(optim.Adam(0.01), np.ones(5), grads[:, :, 0])
    assert_allclose(thin[:, 0], adam, rtol=1e-12)


def test_the_blocks_of_frugal_go_round():
    """With a gradient of one size Adam makes steps of eta, the others none: count who moved."""
    rule = optim.FRUGAL(1.0, density=0.4, update_period=2, inactive_scale=0.0)
    x = np.zeros((2, 5))
    state, moved = rule.init(x), []
    for _ in range(10):
        before = x.copy()
        rule.step(x, np.ones((2, 5)), state)
        assert_allclose(np.unique((before - x).round(6)), [0.0, 1.0])
        moved.append(np.flatnonzero(before[0] - x[0] > 0.5).tolist())
    assert moved[::2] == moved[1::2] == [[0, 1], [2, 3], [0, 4], [1, 2], [3, 4]]


# --- error feedback -------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 4, 0.25, 1e9])
def test_error_feedback_loses_nothing(k):
    """What went to Adagrad and what is left add up to all gradients."""
    rng = np.random.default_rng(0)
    rule = optim.EFTopK(1.0, k=k, eps=1e-12)
    xs = [np.zeros((3, 4)), np.zeros(5)]
    state = rule.init(xs)
    sums, taken = [np.zeros_like(x) for x in xs], [np.zeros_like(x) for x in xs]
    kept = min(17, int(np.ceil(17 * k)) if k < 1 else int(k))
    for _ in range(40):
        before = [x.copy() for x in xs], [G.copy() for G in state["G"]]
        grads = [rng.normal(size=x.shape) for x in xs]
        rule.step(xs, grads, state)
        moved = 0
        for i, (x, G) in enumerate(zip(xs, state["G"], strict=True)):
            step = before[0][i] - x  # c / sqrt(G): so c = step sqrt(G)
            c = step * np.sqrt(G)
            taken[i] += c
            sums[i] += grads[i]
            assert_allclose(c**2, G - before[1][i], rtol=1e-6, atol=1e-9)
            assert_allclose(state["e"][i] + taken[i], sums[i], rtol=1e-9, atol=1e-9)
            moved += np.count_nonzero(step)
        assert moved == kept


def test_error_feedback_takes_the_largest_and_the_first_of_equal_entries():
    rule = optim.EFTopK(1.0, k=3)
    xs = [np.zeros(4), np.zeros(3)]
    state = rule.init(xs)
    rule.step(xs, [np.array([1.0, -1.0, 0.5, 1.0]), np.array([-2.0, 1.0, 0.0])], state)
    assert_allclose(xs[0], [-1.0, 1.0, 0.0, 0.0])
    assert_allclose(xs[1], [1.0, 0.0, 0.0])
    assert_allclose(state["e"][0], [0.0, 0.0, 0.5, 1.0])


def test_error_feedback_with_everything_is_adagrad():
    grads = draw(15, 6, 3)
    all_of_it, _ = run(optim.EFTopK(0.1, k=18), np.ones((6, 3)), grads)
    adagrad, _ = run(optim.AdaGrad(0.1), np.ones((6, 3)), grads)
    assert_allclose(all_of_it, adagrad, rtol=1e-12)


# --- online subspace descent ----------------------------------------------------------------------


def lost(P, G, orthogonality=0.0):
    """Return the part of a gradient that a projection loses."""
    A = G / np.linalg.norm(G)
    A = A if A.shape[0] >= A.shape[1] else A.T
    pull = np.sum((P @ P.T - np.eye(len(P))) ** 2)
    return np.sum((A @ P.T @ P - A) ** 2) + orthogonality * pull


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
@pytest.mark.parametrize("orthogonality", [0.0, 0.7])
def test_the_projection_follows_the_gradient_of_what_is_lost(shape, orthogonality):
    """In its first step m_P is a tenth of the gradient: against differences of the loss."""
    g = draw(2, *shape)
    rule = optim.OnlineSubspaceDescent(0.01, rank=2, orthogonality=orthogonality)
    x = np.zeros(shape)
    state = rule.init(x)
    rule.step(x, g[0], state)
    P = state["P"].copy()
    P += 0.1 * draw(*P.shape, seed=5)  # no longer orthonormal
    state["P"][...] = P
    rule.step(x, g[1], state)
    slope, h = np.zeros_like(P), 1e-6
    for place in np.ndindex(P.shape):
        d = np.zeros_like(P)
        d[place] = h
        up, down = (lost(P + sign * d, g[1], orthogonality) for sign in (1.0, -1.0))
        slope[place] = (up - down) / (2.0 * h)
    assert_allclose(state["m_P"], 0.1 * slope, atol=1e-8)


def test_the_projection_finds_a_subspace_that_has_turned():
    """Other gradients than the first: what is lost falls to the least that rank 2 allows."""
    first = singular(3.0, 2.0, rows=9, cols=6, seed=7)
    later = singular(3.0, 2.0, 0.1, rows=9, cols=6, seed=20)
    rule = optim.OnlineSubspaceDescent(0.001, rank=2, projection_rate=0.02, projection_decay=0.0)
    x = np.zeros((9, 6))
    state = rule.init(x)
    rule.step(x, first, state)
    at_first = lost(state["P"], later)
    for _ in range(600):
        rule.step(x, later, state)
    least = 0.1**2 / (3.0**2 + 2.0**2 + 0.1**2)
    assert at_first > 0.1 and lost(state["P"], later) < least + 1e-3


def test_online_subspace_descent_with_a_still_projection_is_galore():
    grads = draw(12, 6, 4)
    options = {"rank": 2, "learning_rate": 0.01}
    still = optim.OnlineSubspaceDescent(projection_rate=0.0, **options)
    one, _ = run(still, np.ones((6, 4)), grads)
    two, _ = run(optim.GaLore(update_period=10**9, **options), np.ones((6, 4)), grads)
    assert_allclose(one, two, rtol=1e-12)
