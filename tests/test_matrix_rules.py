"""What papers say of rules for matrices, checked against something that is not the rule itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

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


# --- Muon -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 6), (40, 12), (12, 40)])
def test_singular_values_of_a_step_of_muon(shape):
    """Jordan et al. 2024: from anything above 0.3 % of the norm to about [0.7, 1.2]."""
    k = min(shape)
    g = singular(*np.geomspace(1.0, 0.01, k), rows=shape[0], cols=shape[1])
    x, _ = run(optim.Muon(learning_rate=1.0), np.zeros(shape), [g])
    factor = np.sqrt(max(1.0, shape[0] / shape[1]))
    values = np.linalg.svd(x / factor, compute_uv=False)
    assert values.min() > 0.68 and values.max() < 1.21
    # The singular vectors are those of the gradient: x = -U S V^T has U^T x V = -S.
    left, _, right = np.linalg.svd(g, full_matrices=False)
    core = left.T @ x @ right.T / factor
    assert_allclose(core, np.diag(np.diag(core)), atol=1e-12)
    assert (np.diag(core) < -0.68).all()


def test_muon_with_the_cubic_iteration_reaches_the_orthogonal_factor():
    """With a = 3/2, b = -1/2, c = 0 Newton and Schulz converge to the polar factor."""
    g = draw(8, 5)
    rule = optim.Muon(learning_rate=1.0, a=1.5, b=-0.5, c=0.0, ns_steps=60)
    x, _ = run(rule, np.zeros((8, 5)), [g])
    left, _, right = np.linalg.svd(g, full_matrices=False)
    assert_allclose(x, -np.sqrt(8 / 5) * left @ right, atol=1e-13)


@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_takes_a_sum_for_a_mean(nesterov):
    """The first code kept m = mu m + g and mixed g + mu m: a multiple, which the norm removes."""
    grads, mu = draw(6, 7, 4), 0.9
    sums, expected = np.zeros((7, 4)), np.zeros((7, 4))
    rule = optim.Muon(learning_rate=0.1, momentum=mu, nesterov=nesterov)
    x, _ = run(rule, expected, grads)
    for g in grads:
        sums = mu * sums + g
        one = optim.Muon(learning_rate=0.1, momentum=0.0)
        one.step(expected, g + mu * sums if nesterov else sums, one.init(expected))
    assert_allclose(x, expected, rtol=1e-10)


def test_muon_scales():
    g = draw(9, 4)
    steps = {
        scale: run(optim.Muon(learning_rate=1.0, scale=scale), np.zeros((9, 4)), [g])[0]
        for scale in ("original", "match_rms_adamw")
    }
    assert_allclose(steps["match_rms_adamw"] / 0.6, steps["original"] / 1.5, rtol=1e-12)
    wide = run(optim.Muon(learning_rate=1.0), np.zeros((4, 9)), [g.T])[0]
    assert_allclose(wide, steps["original"].T / 1.5, rtol=1e-12)


def test_muon_folds_tensors_and_leaves_vectors_to_adamw():
    grads = draw(5, 6, 2, 3)
    folded, _ = run(optim.Muon(), np.zeros((6, 6)), grads.reshape(5, 6, 6))
    tensor, state = run(optim.Muon(), np.zeros((6, 2, 3)), grads)
    assert_array_equal(tensor.reshape(6, 6), folded)
    assert state.m.shape == (6, 2, 3) and state.v.shape == (0,)
    options = {"weight_decay": 0.1, "weight_decay_form": "decoupled"}
    muon = optim.Muon(vector_learning_rate=0.01, **options)
    adamw = optim.AdamW(learning_rate=0.01, beta2=0.95, eps=1e-10, **options)
    for shape in [(36,), ()]:
        own = grads.reshape(5, 36)[:, 3] if shape == () else grads.reshape(5, *shape)
        one, state = run(muon, np.ones(shape), own)
        assert_allclose(one, run(adamw, np.ones(shape), own)[0], rtol=1e-13)
        assert state.v.shape == shape


def test_muon_decays_matrices_at_their_own_rate():
    rule = optim.Muon(learning_rate=0.1, vector_learning_rate=0.01, weight_decay=0.5)
    x, _ = run(rule, np.ones((3, 2)), [np.zeros((3, 2))])
    assert_allclose(x, 1.0 - 0.1 * 0.5)
    x, _ = run(rule, np.ones(3), [np.zeros(3)])
    assert_allclose(x, 1.0 - 0.01 * 0.5)
