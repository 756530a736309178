"""Stability of SGD in mean square: the closed form against the recursion itself."""

import itertools

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from optlite import objectives
from optlite.curvature import (
    GaussNewtonOperator,
    SampleHessians,
    sample_hessians,
    second_moment_step,
    sgd_stability,
)

RANDOM = np.random.default_rng(4)
RANK_ONE = SampleHessians(factors=RANDOM.normal(size=(7, 4)) * [3.0, 1.0, 1.0, 0.5])
RANK_TWO = SampleHessians(factors=RANDOM.normal(size=(6, 2, 4)))
FEW = SampleHessians(factors=RANDOM.normal(size=(3, 5)))  # flat directions
PROBLEMS = {"rank one": RANK_ONE, "rank two": RANK_TWO, "flat": FEW}
SAMPLINGS = ["without_replacement", "with_replacement", "bernoulli"]


def matrices(hessians):
    return np.einsum("ird,ire->ide", hessians.factors, hessians.factors)


def batches(n, b, sampling):
    """All batches, as weights of the samples, with their probabilities."""
    if sampling == "without_replacement":
        sets = list(itertools.combinations(range(n), b))
        weights = np.array([np.bincount(rows, minlength=n) for rows in sets]) / b
        return weights, np.full(len(sets), 1.0 / len(sets))
    if sampling == "with_replacement":
        sets = list(itertools.product(range(n), repeat=b))
        weights = np.array([np.bincount(rows, minlength=n) for rows in sets]) / b
        return weights, np.full(len(sets), 1.0 / len(sets))
    drawn = np.array(list(itertools.product([0, 1], repeat=n)))
    share = b / n
    return drawn / b, np.prod(np.where(drawn, share, 1.0 - share), axis=1)


def recursion(hessians, rate, b, sampling):
    """The matrix of the second moment's recursion, from all batches one by one."""
    H = matrices(hessians)
    d = hessians.dim
    total = np.zeros((d * d, d * d))
    for weight, probability in zip(*batches(len(H), b, sampling), strict=True):
        step = np.eye(d) - rate * np.einsum("i,ide->de", weight, H)
        total += probability * np.kron(step, step)
    return total


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_step_of_the_second_moment_is_the_mean_over_all_batches(name, sampling):
    hessians = PROBLEMS[name]
    S = RANDOM.normal(size=(hessians.dim, hessians.dim))
    S = S @ S.T
    expected = recursion(hessians, 0.1, 2, sampling) @ S.ravel()
    found = second_moment_step(hessians, S, 0.1, 2, sampling=sampling)
    assert found.ravel() == pytest.approx(expected, rel=1e-12, abs=1e-12 * np.abs(S).max())


@pytest.mark.parametrize("b", [1, 2, 3])
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_critical_rate_is_where_the_spectral_radius_passes_one(name, sampling, b):
    hessians = PROBLEMS[name]
    found = sgd_stability(hessians, b, sampling=sampling)
    flat = hessians.dim > hessians.n_samples
    for share in (1.0 - 1e-4, 1.0 + 1e-4):
        T = recursion(hessians, share * found.critical_rate, b, sampling)
        radius = np.abs(np.linalg.eigvals(T)).max()
        if share > 1.0:
            assert radius > 1.0 + 1e-7
        else:  # what is flat stays as it is
            assert radius <= 1.0 + 1e-12 and (flat or radius < 1.0 - 1e-7)
    worst = second_moment_step(
        hessians, found.worst_covariance, found.critical_rate, b, sampling=sampling
    )
    assert worst == pytest.approx(found.worst_covariance, abs=1e-7)
    assert np.trace(found.worst_covariance) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(found.worst_covariance)[0] > -1e-8


@pytest.mark.parametrize("name", PROBLEMS)
def test_bounds_are_never_below_the_critical_rate(name):
    for b, sampling in itertools.product((1, 2, 3), SAMPLINGS):
        found = sgd_stability(PROBLEMS[name], b, sampling=sampling)
        slack = 1.0 + 1e-9
        assert found.critical_rate <= slack * found.gradient_descent_rate
        assert found.critical_rate <= slack * found.trace_bound
        assert found.critical_rate <= slack * found.top_bound
        if sampling == "bernoulli":
            assert found.critical_rate <= slack * found.coherence_bound


@pytest.mark.parametrize("b", [1, 3, 5])
def test_many_steps_shrink_below_the_critical_rate_and_grow_above(b):
    """Asymmetry from rounding, which a single step may double, must not add up."""
    rate = sgd_stability(RANK_ONE, b).critical_rate
    for share, grows in ((0.99, False), (1.01, True)):
        S = np.eye(4)
        for _ in range(400):
            S = second_moment_step(RANK_ONE, S / np.trace(S), share * rate, b)
        assert bool(np.trace(S) > 1.0) is grows
        assert np.abs(S - S.T).max() < 1e-14


def test_simulated_sgd_explodes_above_the_critical_rate_and_not_below():
    """Mean squares of many runs, from the worst covariance; none of the formulas is used."""
    hessians = SampleHessians(factors=np.eye(3) * [1.0, 1.2, 0.8])
    found = sgd_stability(hessians, 1)
    random = np.random.default_rng(0)
    for share, grows in ((0.9, False), (1.1, True)):
        x = np.tile(np.array([0.0, 1.0, 0.0]), (20_000, 1))
        rows = random.integers(0, 3, size=(8, 20_000))
        for row in rows:
            f = hessians.factors[row, 0]
            x = x - share * found.critical_rate * np.einsum("pd,pd->p", f, x)[:, None] * f
        assert bool(np.mean(np.sum(x**2, axis=1)) > 1.0) is grows


def test_known_answers():
    one = SampleHessians(factors=[[2.0]])
    alone = sgd_stability(one, 1)
    assert alone.critical_rate == pytest.approx(0.5)  # 2 / 4: gradient descent
    assert (alone.coherence, alone.trace_bound) == pytest.approx((1.0, 0.5))
    # Two curvatures a, b of one variable: E (1 - eta h)^2 <= 1 gives eta <= 2 mean(h) / mean(h^2).
    pair = SampleHessians([[[1.0]], [[3.0]]])
    assert sgd_stability(pair, 1).critical_rate == pytest.approx(2.0 * 2.0 / 5.0)
    assert sgd_stability(pair, 2).critical_rate == pytest.approx(1.0)
    # Orthogonal samples of one length: the trace bound is exact, and coherence is 1.
    apart = sgd_stability(SampleHessians(factors=3.0 * np.eye(5)), 1)
    assert apart.critical_rate == pytest.approx(2.0 / 9.0)
    assert apart.trace_bound == pytest.approx(2.0 / 9.0) and apart.coherence == pytest.approx(1.0)
    # Samples that are all the same: no noise, and the largest coherence.
    same = sgd_stability(SampleHessians(factors=np.tile([1.0, 2.0], (5, 1))), 1)
    assert same.critical_rate == pytest.approx(2.0 / 5.0) and same.coherence == pytest.approx(5.0)
    nothing = sgd_stability(SampleHessians(factors=np.zeros((3, 2))), 1)
    assert nothing.critical_rate == np.inf


def test_critical_rates_rise_with_the_batch_to_that_of_gradient_descent():
    rates = [sgd_stability(RANK_ONE, b).critical_rate for b in range(1, 8)]
    assert (np.diff(rates) >= -1e-9).all()
    assert rates[-1] == pytest.approx(2.0 / np.linalg.eigvalsh(RANK_ONE.mean)[-1])


def test_a_larger_problem_is_solved_without_its_large_matrix():
    factors = np.random.default_rng(1).normal(size=(80, 40))
    found = sgd_stability(SampleHessians(factors=factors), 4)
    S = np.eye(40)
    for _ in range(60):  # the recursion itself, just above and below
        S = second_moment_step(SampleHessians(factors=factors), S, found.critical_rate, 4)
        S /= np.trace(S)
    kept = np.trace(second_moment_step(SampleHessians(factors=factors), S, found.critical_rate, 4))
    assert kept == pytest.approx(1.0, abs=1e-3)


LABELS = np.arange(20) % 3
DATA = RANDOM.normal(size=(20, 3))
OBJECTIVES = {
    "squared": objectives.MLP(DATA, RANDOM.normal(size=(20, 2)), hidden=4),
    "softmax": objectives.MLP(DATA, LABELS, hidden=4, loss="softmax"),
    "weighted": objectives.MLP(
        DATA, LABELS > 0, hidden=4, loss="logistic", sample_weight=RANDOM.random(20)
    ),
    "multinomial": objectives.Multinomial(DATA, LABELS, fit_intercept=True),
    "poisson": objectives.Poisson(DATA, LABELS),
    "huber": objectives.Huber(DATA, RANDOM.normal(size=20), delta=0.5),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_sample_hessians_are_those_of_single_rows(name):
    f = OBJECTIVES[name]
    w = f.init(0) if hasattr(f, "init") else np.linspace(-0.5, 0.5, f.dim)
    found = sample_hessians(f, w)
    whole = GaussNewtonOperator(f, w).to_dense()
    assert found.mean == pytest.approx(whole, abs=1e-12 * max(np.abs(whole).max(), 1.0))
    for i in (0, 7):
        single = GaussNewtonOperator(f, w, rows=[i]).to_dense()
        assert matrices(found)[i] == pytest.approx(
            single, abs=1e-12 * max(np.abs(single).max(), 1.0)
        )


def test_matrices_and_factors_are_the_same():
    again = SampleHessians(matrices(RANK_TWO))
    assert again.mean == pytest.approx(RANK_TWO.mean)
    assert again.factors.shape[1] == 2
    assert again.squared_norms() == pytest.approx(np.sum(matrices(RANK_TWO) ** 2, axis=(1, 2)))
    assert again.largest_eigenvalues() == pytest.approx(
        np.linalg.eigvalsh(matrices(RANK_TWO))[:, -1]
    )


def test_coherence_is_that_of_the_definition():
    H = matrices(RANK_TWO)
    values, vectors = np.linalg.eigh(H)
    roots = np.einsum("ide,ie,ife->idf", vectors, np.sqrt(np.maximum(values, 0.0)), vectors)
    S = np.linalg.norm(np.einsum("ide,jef->ijdf", roots, roots), axis=(2, 3))
    expected = np.linalg.eigvalsh(S)[-1] / values[:, -1].max()
    assert sgd_stability(RANK_TWO, 1).coherence == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SampleHessians(), ValueError, "Either hessians or factors"),
        (lambda: SampleHessians(np.ones((2, 3, 2))), ValueError, "hessians must have shape"),
        (lambda: SampleHessians([[[1.0, 2.0], [0.0, 1.0]]]), ValueError, "must be symmetric"),
        (lambda: SampleHessians([[[1.0, 0.0], [0.0, -1.0]]]), ValueError, "positive semidefinite"),
        (lambda: SampleHessians(factors=[[np.nan]]), ValueError, "factors must be finite"),
        (lambda: sgd_stability(RANK_ONE, 8), ValueError, r"batch_size must be in \[1, 7\], got 8"),
        (lambda: sgd_stability(np.eye(2)), TypeError, "hessians must be SampleHessians"),
        (lambda: sgd_stability(RANK_ONE, sampling="all"), ValueError, "sampling must be one of"),
        (
            lambda: second_moment_step(RANK_ONE, np.eye(3), 0.1),
            ValueError,
            r"covariance must have shape \(4, 4\), got \(3, 3\)",
        ),
        (
            lambda: second_moment_step(RANK_ONE, np.triu(np.ones((4, 4))), 0.1),
            ValueError,
            "covariance must be symmetric and finite",
        ),
        (
            lambda: sample_hessians(objectives.LeastSquares(DATA, LABELS, alpha=0.1), np.zeros(3)),
            ValueError,
            "objective must have no penalty, got alpha=0.1",
        ),
        (
            lambda: sample_hessians(objectives.Rosenbrock(), [0.0, 0.0]),
            TypeError,
            "objective must be a generalized linear model or an MLP",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_threads_of_a_blas_change_no_bit():
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            factors = np.random.default_rng(0).normal(size=(1500, 30))
            samples, few = SampleHessians(factors=factors), SampleHessians(factors=factors[:40])
            found = sgd_stability(few, 8)
            moment = second_moment_step(samples, np.eye(30), 0.01, 2)
            results.append([samples.mean, moment, found.critical_rate, found.trace_bound])
    for ours, theirs in zip(*results, strict=True):
        assert np.array_equal(ours, theirs)
