"""Rules that fit a metric or take it from a factor: PSGD and ScaledGD, checked by what they are."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optlite import objectives, optim

RECORDS = pathlib.Path(__file__).parent / "golden" / "data" / "_extra.json"


def preconditioner(state):
    """Return P = Q^T Q from the state of a single tensor."""
    if "Q" in state and state.Q.size:
        return state.Q.T @ state.Q
    if "L" in state and state.L.size:
        return np.kron(state.L.T @ state.L, state.R.T @ state.R)
    if "U" in state:
        Q = (np.eye(len(state.U)) + state.U @ state.V.T) * state.d.ravel()
        return Q.T @ Q
    return np.diag(state.q.ravel() ** 2)


def fit(name, shape, oracle, steps, seed=0, **hyper):
    """Fit without moving, at rates that fall from 0.1 to 0.0001: the noise is that of their root.

    oracle(v) is H v, or a gradient.
    """
    rng = np.random.default_rng(seed)

    def rate(t):
        return 0.1 * 0.001 ** max(0.0, 1.5 * t / steps - 0.5)

    rule = optim.from_name(name, learning_rate=0.0, preconditioner_rate=rate, **hyper)
    x, zero = np.zeros(shape), np.zeros(shape)
    state = rule.init(x)
    for _ in range(steps):
        v = rng.normal(size=shape)
        rule.step(x, zero, state, probe=v, hvp=oracle(v))
    assert not x.any()
    return preconditioner(state)


def test_psgd_kron_follows_the_record_of_the_authors_code():
    record = json.loads(RECORDS.read_text(encoding="utf-8"))["psgd_kron"]
    grad = np.array(record["grad"])
    rule = optim.PSGDKron(learning_rate=0.0, preconditioner_rate=0.1)
    x = np.zeros((4, 3))
    state = rule.init(x)
    for dX, dG, (L, R) in zip(record["dX"], record["dG"], record["Q"], strict=True):
        rule.step(x, grad, state, probe=np.array(dX), hvp=np.array(dG))
        assert_allclose(state.L, L, atol=1e-14)
        assert_allclose(state.R, R, atol=1e-14)
    still = optim.PSGDKron(learning_rate=1.0, preconditioner_rate=0.0)
    still.step(x, grad, state, probe=np.array(dX), hvp=np.array(dG))
    assert_allclose(-x, record["precond_grad"], rtol=1e-13)


def spectrum(P, H):
    """Return the eigenvalues of P H, ones where P is the inverse."""
    return np.sort(np.linalg.eigvals(P @ H).real)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_psgd_dense_becomes_the_inverse_of_the_absolute_hessian(sign):
    rng = np.random.default_rng(1)
    vectors, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    values = np.array([0.3, 1.0, 3.0, 10.0, 30.0]) * [1.0, 1.0, sign, 1.0, sign]
    H, absolute = (vectors * values) @ vectors.T, (vectors * np.abs(values)) @ vectors.T
    P = fit("psgd_dense", 5, lambda v: H @ v, 10000)
    assert_allclose(spectrum(P, absolute), 1.0, atol=0.05)


def test_psgd_diagonal_becomes_the_inverse_of_a_diagonal_hessian():
    h = np.array([0.01, 1.0, -5.0, 300.0])
    P = fit("psgd_diagonal", 4, lambda v: h * v, 4000)
    assert_allclose(np.diag(P) * np.abs(h), 1.0, atol=0.05)


def test_psgd_kron_becomes_the_inverse_of_a_kronecker_product():
    A, B = np.diag([0.1, 1.0, 10.0]), np.array([[2.0, 0.9], [0.9, 1.0]])
    P = fit("psgd_kron", (3, 2), lambda v: A @ v @ B, 4000)
    assert_allclose(spectrum(P, np.kron(A, B)), 1.0, atol=0.05)


def test_psgd_low_rank_finds_a_few_large_curvatures():
    rng = np.random.default_rng(2)
    directions = rng.normal(size=(12, 2))
    H = np.eye(12) + 100.0 * directions @ directions.T
    P = fit("psgd_low_rank", (3, 4), lambda v: (H @ v.ravel()).reshape(v.shape), 6000, rank=3)
    before, after = np.linalg.cond(H), spectrum(P, H)
    assert_allclose(after[-2:], 1.0, atol=0.05)  # the two large ones; the others come later
    assert before > 1000.0 and after[-1] / after[0] < 10.0


@pytest.mark.parametrize("name", ["psgd_dense", "psgd_kron"])
def test_psgd_whitens_gradients_in_the_place_of_products(name):
    """E[g g^T] = S: P S P = I, so that P g has the unit covariance."""
    left, right = np.diag([0.5, 1.0, 3.0]), np.array([[1.0, 0.0], [2.0, 0.5]])
    if name == "psgd_kron":
        rng = np.random.default_rng(3)
        P = fit(name, (3, 2), lambda v: left @ rng.normal(size=(3, 2)) @ right.T, 20000)
        root = np.kron(left, right)
    else:
        rng = np.random.default_rng(4)
        P = fit(name, 3, lambda v: left @ rng.normal(size=3), 20000)
        root = left
    assert_allclose(np.linalg.eigvalsh(P @ root @ root.T @ P), 1.0, atol=0.15)


@pytest.mark.parametrize("name", ["psgd_dense", "psgd_diagonal"])
def test_psgd_does_not_see_a_change_of_coordinates_of_its_group(name):
    """x = A z with A^-T of the group: gradients A^T g, products A^T h, and Q A^-T for Q."""
    rng = np.random.default_rng(5)
    A = np.diag([1.0, 50.0, 0.1, 4.0])
    if name == "psgd_dense":
        A = A + np.tril(rng.normal(size=(4, 4)), -1)
    inverse = np.linalg.inv(A)
    H = np.diag([1.0, 2.0, 3.0, 4.0]) + 0.5
    rule = optim.from_name(name, learning_rate=0.2, preconditioner_rate=0.05)
    x = rng.normal(size=4)
    z = inverse @ x
    states = rule.init(x), rule.init(z)
    if name == "psgd_dense":
        states[1].Q[...] = inverse.T
    else:
        states[1].q[...] = np.diag(inverse)
    for _ in range(60):
        v = rng.normal(size=4)
        rule.step(x, H @ x, states[0], probe=v, hvp=H @ v)
        rule.step(z, A.T @ (H @ (A @ z)), states[1], probe=inverse @ v, hvp=A.T @ (H @ v))
        assert_allclose(A @ z, x, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("form", ["dense", "kron", "low_rank"])
def test_psgd_minimises_what_gradient_descent_cannot(form):
    f = objectives.Quadratic(np.geomspace(1.0, 1e4, 6))
    start = np.ones(6)
    options = {"tol": 1e-8, "max_iter": 3000, "random_state": 0}
    rule = optim.from_name("psgd", form=form, learning_rate=0.5, initial=0.01)
    # The variables are a vector, for which kron has a diagonal.
    assert optim.minimize(f, start, method=rule, **options).success
    with pytest.warns(Warning, match="sgd stopped"):
        assert not optim.minimize(f, start, method="sgd", learning_rate=1e-4, **options).success


# --- factors of a matrix --------------------------------------------------------------------------


def factorization(kappa, seed=0):
    """Return X of rank 3 and condition number kappa, and factors not far from those of X."""
    rng = np.random.default_rng(seed)
    left, _ = np.linalg.qr(rng.normal(size=(12, 3)))
    right, _ = np.linalg.qr(rng.normal(size=(9, 3)))
    roots = np.sqrt(np.geomspace(1.0, 1.0 / kappa, 3))
    X = (left * roots**2) @ right.T
    L = left * roots + 0.1 * rng.normal(size=(12, 3)) * roots
    R = right * roots + 0.1 * rng.normal(size=(9, 3)) * roots
    return X, [L, R]


def gradients(X, factors):
    """Return the gradients of |L R^T - X|^2 / 2."""
    L, R = factors
    return [(L @ R.T - X) @ R, (L @ R.T - X).T @ L]


def errors(rule, kappa, steps):
    """Return the relative errors of the product along a run."""
    X, factors = factorization(kappa)
    state, found = rule.init(factors), []
    for _ in range(steps):
        rule.step(factors, gradients(X, factors), state)
        found.append(np.linalg.norm(factors[0] @ factors[1].T - X) / np.linalg.norm(X))
    return np.array(found)


def test_the_rate_of_scaled_gd_does_not_depend_on_the_condition_number():
    """Tong, Ma and Chi 2021, theorem 1: a contraction by 1 - 0.6 eta or better for each kappa."""
    rate = 0.5
    for kappa in (1.0, 10.0, 1000.0):
        found = errors(optim.ScaledGD(rate), kappa, 40)
        assert (found[1:] <= (1.0 - 0.6 * rate) * found[:-1] + 1e-15).all()
        assert found[-1] < 1e-6
    plain = [errors(optim.SGD(rate), kappa, 40)[-1] for kappa in (1.0, 1000.0)]
    assert plain[0] < 1e-6 < 1e-3 < plain[1]


def test_scaled_gd_does_not_see_which_factors_a_matrix_has():
    """L Q and R Q^-T have the same product, and so do their steps."""
    X, one = factorization(20.0)
    Q = np.random.default_rng(1).normal(size=(3, 3))
    two = [one[0] @ Q, one[1] @ np.linalg.inv(Q).T]
    rule = optim.ScaledGD(0.3)
    states = rule.init(one), rule.init(two)
    for _ in range(10):
        rule.step(one, gradients(X, one), states[0])
        rule.step(two, gradients(X, two), states[1])
        assert_allclose(two[0] @ two[1].T, one[0] @ one[1].T, rtol=1e-9, atol=1e-12)


def test_the_damping_of_scaled_gd_is_a_ridge():
    """With one factor held, a step of rate 1 is that of a ridge problem in the other."""
    X, (L, R) = factorization(20.0)
    grads = gradients(X, [L, R])
    grads[1] = np.zeros_like(R)
    moved = [L.copy(), R.copy()]
    rule = optim.ScaledGD(1.0, damping=0.7)
    rule.step(moved, grads, rule.init(moved))
    # The step minimises <gL, step> + |step R^T|^2 / 2 + 0.7 |step|^2 / 2.
    step = moved[0] - L
    assert_allclose(grads[0] + step @ R.T @ R + 0.7 * step, 0.0, atol=1e-10)


def test_scaled_gd_takes_tensors_in_pairs_and_matches_its_twin():
    from optlite.reference.updates import Updates

    rng = np.random.default_rng(2)
    shapes = [(5, 3), (4, 3), (6, 2), (7,), (3, 3), (3, 3), (2, 2)]
    xs = [rng.normal(size=shape) for shape in shapes]
    for hyper in ({"damping": 0.0}, {"damping": 0.3, "weight_decay": 0.1}):
        rule = optim.ScaledGD(0.1, **hyper)
        mine = [x.copy() for x in xs]
        state, twin = rule.init(mine), Updates("scaled_gd", xs, **rule.hyperparameters())
        for _ in range(5):
            grads = [rng.normal(size=shape) for shape in shapes]
            rule.step(mine, grads, state)
            twin.step(grads)
            for a, b in zip(mine, twin.xs, strict=True):
                assert_allclose(a, b, rtol=1e-10)
    lone, plain = xs[6].copy(), xs[6] - 0.1 * np.ones((2, 2))
    rule = optim.ScaledGD(0.1)
    rule.step(lone, np.ones((2, 2)), rule.init(lone))
    assert_allclose(lone, plain, rtol=1e-15)
