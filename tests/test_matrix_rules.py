"""What papers say of rules for matrices, checked against something that is not the rule itself."""

import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from optlite import optim
from optlite.reference.updates import Updates


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


# --- Shampoo --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape, power", [((7,), 2), ((6, 4), 4), ((5, 3, 4), 6)])
def test_roots_of_shampoo_invert_what_they_are_roots_of(shape, power):
    """P^(2k) (L + eps I) = I, with eigenvalues from 1e-4 to 1e4."""
    scale = np.geomspace(1e-3, 1e2, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    rule = optim.Shampoo(eps=1e-4)
    _, state = run(rule, np.zeros(shape), scale * draw(4, *shape))
    pairs = [("L", shape[0])] + [("R", d) for d in shape[1:][-1:]]
    for name, d in [*pairs, *(("inner", d) for d in shape[1:-1])]:
        total = state[name].reshape(d, d) + 1e-4 * np.eye(d)
        root = state[name + "_root"].reshape(d, d)
        condition = np.linalg.cond(total)
        assert condition > 1e6 or name != "L"
        unit = np.linalg.matrix_power(root, power) @ total
        assert_allclose(unit, np.eye(d), atol=1e-13 + 1e-14 * condition)
        assert_array_equal(root, root.T)


def test_shampoo_of_a_vector_is_full_matrix_adagrad():
    grads = draw(6, 5)
    x, total = np.zeros(5), 1e-4 * np.eye(5)
    for g in grads:
        total += np.outer(g, g)
        values, vectors = np.linalg.eigh(total)
        x -= 0.1 * vectors @ ((vectors.T @ g) / np.sqrt(values))
    assert_allclose(run(optim.Shampoo(), np.zeros(5), grads)[0], x, atol=1e-11)


def test_shampoo_of_diagonal_gradients_is_adagrad():
    """L = R = diag(sum g^2), so that L^(-1/4) G R^(-1/4) = diag(g / sqrt(sum g^2))."""
    diagonals = draw(8, 5)
    grads = [np.diag(g) for g in diagonals]
    x, _ = run(optim.Shampoo(eps=1e-12), np.zeros((5, 5)), grads)
    adagrad, _ = run(optim.AdaGrad(learning_rate=0.1, eps=1e-30), np.zeros(5), diagonals)
    assert_allclose(x, np.diag(adagrad), atol=1e-9)


def test_first_step_of_shampoo_from_an_outer_product_is_the_normalised_gradient():
    """With |g|^2 the only eigenvalue of each of the k matrices: g (eps + |g|^2)^(-k / 2k)."""
    a, b, c = draw(4), draw(3, seed=1), draw(2, seed=2)
    g = np.einsum("i,j,k->ijk", a, b, c)
    x, _ = run(optim.Shampoo(learning_rate=1.0, eps=0.5), np.zeros(g.shape), [g])
    assert_allclose(x, -g / np.sqrt(0.5 + (g**2).sum()), rtol=1e-12)


def test_shampoo_does_not_see_rotations():
    """G -> U G V^T rotates L and R, and with them the step."""
    U, V = np.linalg.qr(draw(5, 5))[0], np.linalg.qr(draw(4, 4))[0]
    grads = draw(7, 5, 4)
    x, _ = run(optim.Shampoo(), np.zeros((5, 4)), grads)
    turned, _ = run(optim.Shampoo(), np.zeros((5, 4)), [U @ g @ V.T for g in grads])
    assert_allclose(turned, U @ x @ V.T, atol=1e-11)


def test_shampoo_keeps_diagonals_of_long_dimensions():
    grads = draw(5, 6, 3)
    x, state = run(optim.Shampoo(largest=4, learning_rate=1.0), np.zeros((6, 3)), grads)
    assert state.L.shape == (6,) and state.R.shape == (3, 3)
    assert_allclose(state.L, (grads**2).sum(axis=(0, 2)))
    both, _ = run(optim.Shampoo(largest=1, learning_rate=1.0), np.zeros((6, 3)), grads)
    rows, cols = np.zeros(6), np.zeros(3)
    expected = np.zeros((6, 3))
    for g in grads:
        rows, cols = rows + (g**2).sum(axis=1), cols + (g**2).sum(axis=0)
        expected -= g / np.sqrt(np.sqrt(np.multiply.outer(rows + 1e-4, cols + 1e-4)))
    assert_allclose(both, expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"state must hold L of shape \(6, 6\).*got \(6,\)"):
        optim.Shampoo().step(x, grads[0], state)


def test_shampoo_reuses_roots_between_updates():
    grads = draw(5, 4, 3)
    rule, x = optim.Shampoo(update_every=3), np.zeros((4, 3))
    state, seen = rule.init(x), []
    for g in grads:
        rule.step(x, g, state)
        seen.append(state.L_root.copy())
    assert_array_equal(seen[0], seen[2])
    assert_array_equal(seen[3], seen[4])
    assert np.abs(seen[2] - seen[3]).max() > 1e-3


# --- Shampoo in blocks, with grafting -------------------------------------------------------------


def plain(**options):
    """Return the rule without what hides the preconditioner."""
    usual = {"learning_rate": 1.0, "graft": "none", "start": 1, "beta1": 0.0, "nesterov": False}
    return optim.ShampooGrafted(**{**usual, **options})


def test_blocks_of_shampoo_are_matrices_of_their_own():
    grads = draw(4, 10, 7)
    rule = plain(block_size=5)
    whole, state = run(rule, np.zeros((10, 7)), grads)
    assert state.L.shape == (4, 5, 5) and state.R.shape == (4, 4, 4)
    for rows in (slice(0, 5), slice(5, 10)):
        for cols in (slice(0, 4), slice(4, 7)):
            own = grads[:, rows, cols]
            block, _ = run(rule, np.zeros(own.shape[1:]), own)
            assert_allclose(whole[rows, cols], block, rtol=1e-9, atol=1e-12)


def test_grafted_shampoo_with_sums_is_shampoo():
    grads = draw(6, 5, 4)
    rule = plain(beta2=1.0, matrix_eps=1e-14)
    x, _ = run(rule, np.zeros((5, 4)), grads[:1])
    left, _, right = np.linalg.svd(grads[0], full_matrices=False)
    assert_allclose(x, -left @ right, rtol=1e-3)  # (G G^T)^(-1/4) G (G^T G)^(-1/4), no ridge
    x, _ = run(plain(beta2=1.0, matrix_eps=1e-12), np.zeros((5, 4)), grads)
    expected, _ = run(optim.Shampoo(learning_rate=1.0, eps=1e-11), np.zeros((5, 4)), grads)
    assert_allclose(x, expected, rtol=1e-3)


@pytest.mark.parametrize("graft", ["sgd", "adagrad", "rmsprop", "sqrtn"])
def test_the_grafted_step_has_the_length_of_the_other_and_the_direction_of_shampoo(graft):
    grads = draw(5, 6, 4)
    x, y, z = np.zeros((6, 4)), np.zeros((6, 4)), np.zeros(24)
    rules = [plain(graft=graft), plain(), plain(graft=graft)]
    states = [rule.init(array) for rule, array in zip(rules, (x, y, z), strict=True)]
    for g in grads:
        before = x.copy(), y.copy(), z.copy()
        for rule, array, state in zip(rules, (x, y, z), states, strict=True):
            rule.step(array, g.reshape(array.shape), state)
        step, direction, other = x - before[0], y - before[1], z - before[2]
        assert_allclose(np.linalg.norm(step), np.linalg.norm(other), rtol=1e-12)
        cosine = (step * direction).sum() / np.linalg.norm(step) / np.linalg.norm(direction)
        assert_allclose(cosine, 1.0, rtol=1e-12)


def test_roots_are_computed_in_the_first_step_or_in_multiples():
    grads = draw(7, 4, 3)
    for refresh, steps in (("first", [1, 4, 7]), ("multiples", [3, 6])):
        rule, x = plain(update_every=3, refresh=refresh), np.zeros((4, 3))
        state = rule.init(x)
        root, changed = state.L_root.copy(), []
        assert_array_equal(root[0], np.eye(4))
        for t, g in enumerate(grads, 1):
            rule.step(x, g, state)
            if not np.array_equal(state.L_root, root):
                changed.append(t)
            root = state.L_root.copy()
            if refresh == "multiples" and t < 3:  # a unit matrix changes nothing
                assert_allclose(x, -grads[:t].sum(axis=0), rtol=1e-14)
        assert changed == steps


@pytest.mark.parametrize("start", [1, 100])
def test_its_own_decay_follows_the_graft_and_enters_the_momentum(start):
    """Without a gradient both steps are w x: momentum of w x, as the authors' code has it."""
    rule = optim.ShampooGrafted(0.1, beta1=0.5, nesterov=False, weight_decay=0.2, start=start)
    x, m = np.full((4, 3), 2.0), 0.0
    expected, state = 2.0, rule.init(x)
    for _ in range(5):
        rule.step(x, np.zeros((4, 3)), state)
        m = 0.5 * m + 0.2 * expected
        expected -= 0.1 * m
        assert_allclose(x, expected, rtol=1e-14)


def test_vectors_and_early_steps_take_the_grafted_rule():
    grads = draw(4, 12)
    rule = optim.ShampooGrafted(learning_rate=0.1, graft="adagrad", beta1=0.0, start=100)
    vector, _ = run(rule, np.zeros(12), grads)
    early, _ = run(rule, np.zeros((3, 4)), grads.reshape(4, 3, 4))
    adagrad, _ = run(optim.AdaGrad(learning_rate=0.1, eps=1e-10), np.zeros(12), grads)
    assert_allclose(vector, adagrad, rtol=1e-12)
    assert_allclose(early.ravel(), adagrad, rtol=1e-12)


@pytest.mark.parametrize(
    "shape, edges",
    [
        ((3, 3, 8, 20), (72, 20)),
        ((9, 5), None),
        ((1, 90, 2), (90, 2)),
        ((90, 1), None),
        ((1, 1), None),
    ],
)
def test_neighbouring_dimensions_are_merged_up_to_a_block(shape, edges):
    state = optim.ShampooGrafted(block_size=90, merge_dimensions=True).init(np.zeros(shape))
    found = (state.L.shape[1], state.R.shape[1]) if state.L.size else None
    assert found == edges


# --- Adafactor and CAME ---------------------------------------------------------------------------


def test_adafactor_is_exact_where_the_squares_have_rank_one():
    """V = g^2 then: the first step has the size alpha everywhere, and later ones are those of v."""
    a, b, sizes = draw(5), draw(4, seed=1), np.abs(draw(6, seed=2)) + 0.1
    x0 = draw(5, 4, seed=3)
    g = np.outer(a, b)
    x, _ = run(optim.Adafactor(), x0, [g])
    alpha = 0.01 * np.sqrt((x0**2).mean())
    assert_allclose(x, x0 - alpha * np.sign(g), rtol=1e-12)
    whole, state = run(optim.Adafactor(), x0, [s * g for s in sizes])
    vector, flat = run(optim.Adafactor(), x0.ravel(), [s * g.ravel() for s in sizes])
    assert_allclose(whole.ravel(), vector, rtol=1e-12)
    assert_allclose(np.outer(state.R, state.C) / state.R.mean(), flat.v.reshape(5, 4), rtol=1e-12)


def test_adafactor_makes_steps_relative_to_the_parameters():
    grads, x0 = draw(7, 5, 4), draw(5, 4, seed=1)
    one, _ = run(optim.Adafactor(), x0, grads)
    scaled, _ = run(optim.Adafactor(), 1000.0 * x0, grads / 1000.0)
    assert_allclose(scaled, 1000.0 * one, rtol=1e-12)
    still, _ = run(optim.Adafactor(learning_rate=1.0, d=1e9), np.zeros(4), np.ones((3, 4)))
    # From zero the size is eps2 at first, and rho = 1, 1 / sqrt(2), 1 / sqrt(3).
    assert_allclose(still, -1e-3 * (1.0 + 2**-0.5) * (1.0 + 3**-0.5), rtol=1e-12)


def test_adafactor_clips_steps_by_their_root_mean_square():
    """A jump of the gradient by a factor 10 makes |U| > 1: the step is cut to alpha."""
    g = draw(50)
    rule = optim.Adafactor(decay_exponent=3.0)  # beta_2 = 7 / 8
    x, _ = run(rule, np.ones(50), [g, 10.0 * g])
    before, _ = run(rule, np.ones(50), [g])
    alpha = 0.01 * np.sqrt((before**2).mean())
    assert_allclose(np.sqrt(((x - before) ** 2).mean()), alpha, rtol=1e-12)


def test_the_forms_of_adafactor_differ_for_tiny_gradients_alone():
    grads, x0 = draw(7, 5, 4), draw(5, 4, seed=1)
    for scale, alike in ((1.0, True), (1e-8, True), (1e-15, False)):
        paper, _ = run(optim.Adafactor(), x0, scale * grads)
        torch, _ = run(optim.Adafactor(form="torch"), x0, scale * grads)
        assert (np.abs(paper - torch).max() < 1e-12) == alike


def test_adafactor_measures_the_parameters_before_it_decays_them():
    rule = optim.Adafactor(weight_decay=50.0)  # x is halved
    x, state = run(rule, np.full((3, 3), 2.0), [np.ones((3, 3))])
    assert_allclose(state["size"], 2.0)
    assert_allclose(x, 1.0 - 0.01 * 2.0, rtol=1e-12)


@pytest.mark.parametrize("name", ["adafactor", "came"])
def test_more_than_two_dimensions_are_a_stack_of_matrices(name):
    grads = draw(6, 3, 5, 4)
    loose = {"d": 1e9} | ({"eps2": 100.0} if name == "adafactor" else {})  # nothing in common
    rule = optim.from_name(name, **loose)
    stack, state = run(rule, np.zeros((3, 5, 4)), grads)
    assert state.R.shape == (3, 5) and state.C.shape == (3, 4)
    for k in range(3):
        alone, _ = run(rule, np.zeros((5, 4)), grads[:, k])
        assert_allclose(stack[k], alone, rtol=1e-10)


def test_came_from_squares_of_rank_one():
    """|U| = 1 after clipping, U - M = beta1 U, so that all factors are known."""
    g = np.outer(draw(5), draw(4, seed=1))
    x, state = run(optim.CAME(learning_rate=1.0, eps2=1e-30), np.zeros((5, 4)), [g])
    assert_allclose(state.M, 0.1 * np.sign(g), rtol=1e-12)
    assert_allclose(x, -0.1 / (0.9 * np.sqrt(1e-4)) * np.sign(g), rtol=1e-9)
    vector, _ = run(optim.CAME(learning_rate=1.0), np.zeros(20), [g.ravel()])
    assert_allclose(vector, -0.1 * np.sign(g).ravel(), rtol=1e-12)


def test_came_goes_slowly_where_steps_disagree_with_their_mean():
    rng = np.random.default_rng(0)
    rule, x = optim.CAME(beta2=0.9, beta3=0.9), np.zeros((2, 50))
    state = rule.init(x)
    for _ in range(200):
        before = x.copy()
        rule.step(x, np.array([[1.0], [0.2]]) + [[0.2], [1.0]] * rng.normal(size=(2, 50)), state)
    pace = np.abs(x - before).mean(axis=1) / np.abs(state.M).mean(axis=1)
    assert pace[0] > 2.0 * pace[1]  # the first row agrees, the second is noise


# --- MARS-Shampoo, AuON ---------------------------------------------------------------------------


def test_mars_shampoo_without_correction_is_muon():
    """Small gradients are not clipped; then gamma = 0 leaves a running mean."""
    grads = 0.01 * draw(6, 5, 4)
    mars, _ = run(optim.MARSShampoo(gamma=0.0, learning_rate=0.1), np.zeros((5, 4)), grads)
    muon, _ = run(optim.Muon(learning_rate=0.1, nesterov=False), np.zeros((5, 4)), grads)
    assert_allclose(mars, muon, rtol=1e-4)  # the smallest norms to divide by differ


def test_mars_shampoo_corrects_and_clips_gradients():
    grads = draw(2, 3, 4)
    _, state = run(optim.MARSShampoo(gamma=0.5, beta1=0.5), np.zeros((3, 4)), grads)
    expected = np.zeros((3, 4))
    for g, before in zip(grads, [np.zeros((3, 4)), grads[0]], strict=True):
        c = 1.5 * g - 0.5 * before  # gamma beta1 / (1 - beta1) = 1/2
        expected = 0.5 * expected + 0.5 * c / np.linalg.norm(c)
    assert_allclose(state.m, expected, rtol=1e-12)
    assert_array_equal(state.previous, grads[1])


def test_the_measure_of_auon_is_about_one():
    """|G| = 1 and cosh(z)^2 = 1 + z^2 + z^4 / 3 + ...: R^2 = 1 + gamma^2 / N + ..."""
    g, gamma = draw(30, 40), 1.5
    x, state = run(optim.AuON(learning_rate=1.0, form="repo", gamma=gamma), np.zeros_like(g), [g])
    u = 0.05 * g + 0.95 * state.m
    assert_allclose(x, -u / np.sqrt(1.0 + gamma**2 / g.size), rtol=1e-5)
    assert np.abs(x / u + 1.0).max() < 1e-3


@pytest.mark.parametrize("rule", [optim.AuON(learning_rate=1.0), optim.HybridAuON(1.0)])
def test_auon_has_steps_of_bounded_length(rule):
    """The length is sqrt(max(1, rows / cols)) / R with R between 1 and cosh(gamma)."""
    for shape, factor in (((30, 40), 1.0), ((40, 10), 2.0), ((50,), 1.0)):
        lengths = [
            np.linalg.norm(run(rule, np.zeros(shape), [scale * draw(*shape)])[0])
            for scale in (1.0, 1000.0)
        ]
        assert_allclose(lengths, factor, rtol=0.02)
        assert max(lengths) < factor
    spiky, _ = run(rule, np.zeros((1, 1)), [np.ones((1, 1))])
    assert_allclose(np.abs(spiky), 1.0 / np.cosh(1.0), rtol=1e-4)


def test_hybrid_auon_in_the_form_of_its_code_is_nearly_muon():
    grads = draw(8, 12, 20)
    options = {"form": "repo", "gamma": 1.5, "ns_steps": 5, "learning_rate": 0.1}
    auon, _ = run(optim.HybridAuON(**options), np.zeros((12, 20)), grads)
    muon, _ = run(optim.Muon(learning_rate=0.1), np.zeros((12, 20)), grads)
    assert_allclose(auon, muon / np.sqrt(1.0 + 1.5**2 / 240), rtol=1e-3, atol=1e-5)


# --- AdamP and SGDP -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adamp", "sgdp"])
@pytest.mark.parametrize("whole", [False, True])
def test_projected_steps_are_orthogonal_to_the_weights(name, whole):
    x0, g = draw(4, 30), draw(4, 30, seed=1)
    unit = x0.reshape(1, -1) if whole else x0
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    if whole:
        g[0] = 5.0 * x0[0]  # one row is far from orthogonal
    G = g.reshape(unit.shape)
    g = (G - (G * unit).sum(axis=1, keepdims=True) * unit).reshape(4, 30)
    rule = optim.from_name(name, weight_decay=0.5, learning_rate=0.01)
    x, _ = run(rule, x0, [g])
    decay = 0.01 * 0.5 * 0.1 / (1.0 if name == "adamp" else 0.1)
    step = (x - (1.0 - decay) * x0).reshape(unit.shape)
    assert np.abs(step).max() > 1e-3
    assert_allclose((step * unit).sum(axis=1), 0.0, atol=1e-9)


def test_adamp_is_adamw_where_the_gradient_is_not_orthogonal():
    x0 = draw(4, 30)
    grads = x0 + 0.1 * draw(6, 4, 30, seed=1)
    options = {"weight_decay": 0.1, "learning_rate": 0.01}
    adamw, _ = run(optim.AdamW(**options), x0, grads)
    assert_allclose(run(optim.AdamP(**options), x0, grads)[0], adamw, rtol=1e-12)
    flat = grads.reshape(6, -1)
    vector, _ = run(optim.AdamP(delta=1e9, **options), x0.ravel(), flat)
    assert_allclose(vector, adamw.ravel(), rtol=1e-12)
    momentum, _ = run(optim.Momentum(learning_rate=0.01), x0, grads)
    assert_allclose(run(optim.SGDP(learning_rate=0.01), x0, grads)[0], momentum, rtol=1e-12)


def test_the_nesterov_form_of_adamp_mixes_the_gradient_in_once_more():
    """Of a vector: the mean that goes on is Adam's, the one of the step is a gradient ahead."""
    x = draw(5, seed=4)
    rule = optim.AdamP(learning_rate=0.1, beta1=0.8, beta2=0.9, eps=1e-8, nesterov=True)
    state, m, v = rule.init(x), np.zeros(5), np.zeros(5)
    for t, g in enumerate(draw(6, 5, seed=5), 1):
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g**2
        ahead = (0.8 * m + 0.2 * g) / (1.0 - 0.8**t)
        expected = x - 0.1 * ahead / (np.sqrt(v / (1.0 - 0.9**t)) + 1e-8)
        rule.step(x, g, state)
        assert_allclose(x, expected, rtol=1e-12)
        assert_allclose(state.m, m, rtol=1e-12)


@pytest.mark.parametrize("name, plain_name", [("adamp", "adam"), ("sgdp", "momentum")])
def test_scale_invariant_weights_grow_more_slowly(name, plain_name):
    """f(x) = <a, x / |x|>: momentum lengthens x, which slows effective steps down; less so here."""
    a = draw(1, 40, seed=2)

    def length(rule):
        x = draw(1, 40, seed=3)
        state = rule.init(x)
        for _ in range(60):
            size = np.linalg.norm(x)
            unit = x / size
            rule.step(x, (a - (a * unit).sum() * unit) / size, state)
        return np.linalg.norm(x)

    start = np.linalg.norm(draw(1, 40, seed=3))
    grown = length(optim.from_name(name, learning_rate=0.1)) - start
    assert 0.0 < grown < 0.6 * (length(optim.from_name(plain_name, learning_rate=0.1)) - start)


def test_the_momentum_of_sgdp_is_not_projected():
    x0, grads = draw(4, 30), draw(5, 4, 30, seed=1)
    _, state = run(optim.SGDP(delta=1e9), x0, grads)
    _, plain_state = run(optim.Momentum(), x0, grads)
    assert_allclose(state.b, plain_state.b, rtol=1e-12)


# --- Adam with critical momenta -------------------------------------------------------------------


def test_adam_cm_keeps_the_momenta_of_the_largest_gradients():
    """With beta1 = 0 the momenta are the gradients, and without decay of keys the largest stay."""
    sizes = [3.0, 1.0, 2.0, 0.5, 5.0, 4.0, 0.1]
    grads = [size * np.array([[0.6, 0.0], [0.0, -0.8]]) for size in sizes]
    rule = optim.AdamCM(beta1=0.0, beta2=0.0, decay=1.0 - 1e-12, top_c=3)
    x = np.zeros((2, 2))
    state, held = rule.init(x), []
    for t, g in enumerate(grads, 1):
        mean = np.mean([grads[k] for k in held], axis=0) if held else 0.0
        rule.step(x, g, state)
        a = mean + (g if t > 1 else 0.0)
        assert_allclose(state.v, a**2, rtol=1e-12)  # with beta2 = 0
        assert (x == 0.0).all() == (t == 1)
        held = [*held, t - 1]
        held = sorted(sorted(held, key=lambda k: -sizes[k])[:3])
        assert_allclose(sorted(state["keys"])[3 - len(held) :], sorted(sizes[k] for k in held))
        assert_allclose(sorted(np.abs(state.buffer).max(axis=(1, 2)))[-1], 0.8 * max(sizes[:t]))
    assert state.filled == 3.0
    with pytest.raises(ValueError, match=r"state must hold buffer of shape \(5, 2, 2\)"):
        optim.AdamCM().step(x, grads[0], state)


def test_adam_cm_forgets_old_keys_and_measures_all_tensors_together():
    rule = optim.AdamCM(decay=0.5, top_c=2)
    params = [np.zeros(3), np.zeros((2, 2))]
    state = rule.init(params)
    for g in ([3.0, 4.0], [0.0, 1.0], [0.0, 2.0]):
        rule.step(params, [np.array([g[0], 0.0, 0.0]), np.array([[0.0, g[1]], [0.0, 0.0]])], state)
    # 7 / 2 / 2 / 2 stays; 1 / 2 / 2 made room for 2 / 2.
    for keys in state["keys"]:
        assert_allclose(keys, [7 / 8, 1.0])


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, options",
    [
        ("muon", {"ns_steps": 0}),
        ("muon", {"scale": "match_rms_adamw", "form": "optax", "nesterov": False}),
        ("shampoo", {"largest": 3, "update_every": 3}),
        ("shampoo_grafted", {"block_size": 3, "start": 2, "update_every": 3, "power": 3}),
        ("shampoo_grafted", {"block_size": 6, "start": 1, "merge_dimensions": True, "beta2": 1}),
        ("shampoo_grafted", {"update_every": 3, "refresh": "multiples", "weight_decay": 0.3}),
        ("adafactor", {"d": 0.1, "learning_rate": 1.0}),
        ("came", {"d": 0.1, "learning_rate": 0.1}),
        ("adamp", {"delta": 2.0, "nesterov": True, "weight_decay": 0.3}),
        ("sgdp", {"delta": 2.0, "nesterov": True, "dampening": 0.5, "weight_decay": 0.3}),
        ("adam_cm", {"top_c": 2, "decay": 0.95}),
    ],
)
def test_the_core_matches_the_twin_beyond_the_defaults(name, options):
    rng = np.random.default_rng(0)
    params = [rng.normal(size=shape) for shape in [(7, 5), (2, 3, 4), (1, 6), (4,), ()]]
    rule = optim.from_name(name, **options)
    twin, state = Updates(name, params, **rule.hyperparameters()), rule.init(params)
    for t in range(12):
        grads = [np.asarray(rng.normal(size=x.shape) * (1 + t % 3)) for x in params]
        rule.step(params, grads, state)
        for mine, theirs in zip(params, twin.step(grads), strict=True):
            assert_allclose(mine, theirs, rtol=1e-9, atol=1e-10)
    for slot in rule._record["slots"]:
        for mine, own in zip(state[slot["name"]], twin.states, strict=True):
            assert_allclose(mine, own[slot["name"]], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        optim.Muon(),
        optim.Shampoo(),
        optim.ShampooGrafted(start=1, block_size=48),
        optim.ShampooGrafted(start=1, block_size=300),
    ],
)
def test_no_number_of_threads_changes_a_bit(rule):
    grads = draw(2, 150, 290).astype(np.float32)
    results = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="openmp"):
            x, state = run(rule, np.ones((150, 290), dtype=np.float32), grads)
        results.append([x, *(state[name] for name in state)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert_array_equal(a, b)


def test_two_threads_do_not_step_one_state():
    rule, x = optim.Muon(), draw(600, 600)
    state, refused = rule.init(x), []

    def work():
        for _ in range(6):
            try:
                rule.step(x.copy(), x, state)
            except RuntimeError as error:
                refused.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.t + len(refused) == 24
    assert all("Another thread" in message for message in refused)


@pytest.mark.parametrize("filled", [1e18, -3.0, np.nan])
def test_a_number_of_state_that_was_changed_by_hand_reaches_no_foreign_memory(filled):
    rule, x = optim.AdamCM(), np.ones(3)
    rebuild, parts = rule.init(x).__reduce__()
    parts = (*parts[:4], np.full_like(parts[4], filled), 7)
    state = rebuild(*parts)
    rule.step(x, np.ones(3), state)
    assert state.t == 8


@pytest.mark.parametrize(
    "name, field, enough",
    [
        ("shampoo_grafted", "block_size", 20),
        ("shampoo_grafted", "update_every", 20),
        ("shampoo", "update_every", 20),
        ("ef_topk", "k", 12),
        ("frugal", "update_period", 20),
    ],
)
def test_counts_that_no_integer_holds_are_large_ones(name, field, enough):
    x0, grads = draw(4, 3), draw(8, 4, 3, seed=1)
    expected, _ = run(optim.from_name(name, **{field: enough}), x0, grads)
    for huge in (2**63, 10**19, 10**308):
        found, _ = run(optim.from_name(name, **{field: huge}), x0, grads)
        assert_array_equal(found, expected)
