"""Optimal transport at the edges: extreme numbers, early ends, arrays that change meanwhile."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from optlite import ot

pot = pytest.importorskip("ot", reason="POT is a requirement of the tests")


def problem(n=8, m=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m)), rng.random((n, m))


def test_memory_is_that_of_anderson():
    """It was taken for the numbers that a stored plan may have."""
    a, b, M = problem(30, 30)
    counts = {
        memory: ot.solve(a, b, M, 0.01, "anderson", annealing=1.0, memory=memory).n_iter
        for memory in (1, 8)
    }
    assert counts[8] < counts[1]
    X = np.random.default_rng(1).random((20, 2))
    assert ot.solve_points(X, X + 1.0, reg=0.1, method="anderson", memory=3).converged
    with pytest.raises(TypeError, match="Newton has no hyper-parameter 'memory'"):
        ot.solve(a, b, M, 0.1, memory=3)


def test_twins_take_points():
    rng = np.random.default_rng(2)
    X, Y = rng.random((9, 3)), rng.random((7, 3))
    core, twin = (
        ot.solve_points(X, Y, reg=0.1, engine=engine, precision="double")
        for engine in ("core", "numpy")
    )
    assert core.plan == pytest.approx(twin.plan, abs=1e-12)


def test_a_callback_ends_the_run():
    a, b, M = problem()
    seen = []

    def stop(record):
        seen.append(record)
        if record.iteration == 2:
            raise StopIteration

    result = ot.solve(a, b, M, 0.1, "sinkhorn", annealing=1.0, callback=stop)  # no warning
    assert result.status == "stopped" and not result.converged and result.n_iter == 2
    assert np.array_equal(result.potentials[1], seen[-1].g)
    with pytest.raises(TypeError, match="callback must be callable or None, got 3"):
        ot.solve(a, b, M, 0.1, callback=3)


def test_masses_whose_sum_overflows_are_refused():
    """They became NaN, which left no target and crashed the core."""
    for a, b in (([1e308] * 4, None), (None, [1e308] * 4)):
        with pytest.raises(ValueError, match="must have a finite sum"):
            ot.solve(a, b, np.eye(4), 0.1)


def test_masses_of_single_precision_need_not_agree_in_double():
    rng = np.random.default_rng(1)
    a, b = (rng.random(n).astype(np.float32) for n in (200, 150))
    a, b = a / a.sum(), b / b.sum()
    assert abs(a.sum(dtype=float) - b.sum(dtype=float)) > 1e-8
    result = ot.solve(a, b, rng.random((200, 150)), 0.1)
    assert result.converged
    with pytest.raises(ValueError, match="equal sums"):
        ot.solve(a, 1.001 * b, rng.random((200, 150)), 0.1)


def test_what_is_computed_late_sees_the_costs_that_were_solved():
    a, b, M = problem()
    original = M.copy()
    result = ot.solve(a, b, M, 0.1)
    M *= 2.0
    for late in (lambda: result.plan, lambda: result.certificate, lambda: result.gradient("cost")):
        with pytest.raises(ValueError, match=r"M was changed after ot.solve.*M.copy\(\)"):
            late()
    M[:] = original
    assert result.plan.sum() == pytest.approx(1.0)


def test_a_plan_cannot_be_changed_under_its_result():
    a, b, M = problem()
    for reg in (0.1, 0):
        result = ot.solve(a, b, M, reg)
        with pytest.raises(ValueError, match="read-only"):
            result.plan[0, 0] = 1.0
        result.gradient()[2][:] = 0.0  # a copy
        assert result.plan.sum() == pytest.approx(1.0)


def test_exact_transport_is_offered_where_it_is():
    X = np.random.default_rng(0).random((5, 2))
    with pytest.raises(ValueError, match=r"got 0.0. For exact transport, ot.solve with reg=0"):
        ot.solve_points(X, X, reg=0)


def test_exact_transport_with_forbidden_links():
    """POT's network simplex takes infinite costs for an infeasible problem."""
    M = np.array([[5.0, np.inf, 3.0], [1.0, 2.0, np.inf], [np.inf, 1.0, 7.0]])
    result = ot.solve(None, None, M, 0)  # of the two possible assignments 5 + ... and 3 + 1 + 1
    assert result.converged and result.cost == pytest.approx(5.0 / 3.0)
    assert result.certificate == pytest.approx((5.0 / 3.0, 5.0 / 3.0))
    impossible = np.full((3, 3), np.inf)
    impossible[:2, 0] = impossible[2, :] = 1.0
    with pytest.raises(ValueError, match="M forbids so many links that no plan moves a to b"):
        ot.solve(None, None, impossible, 0)


def test_forbidden_links_that_leave_no_plan_are_named():
    """A lower bound above the cost of any plan proves it."""
    M = np.full((8, 8), np.inf)
    M[:4, :4] = M[4:, 4:] = np.random.default_rng(0).random((4, 4))
    assert ot.solve(None, None, M, 0.01).converged
    for method in ("newton", "sinkhorn"):
        with pytest.warns(ConvergenceWarning, match="so many links that no plan moves a to b"):
            ot.solve([0.15] * 4 + [0.1] * 4, None, M, 0.1, method)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        ot.solve(None, None, M, 0.001, "sinkhorn", max_iter=3)


def test_exact_plans_have_no_derivative():
    a, b, M = problem()
    with pytest.raises(ValueError, match='of must be "value" where reg = 0'):
        ot.solve(a, b, M, 0).gradient("cost")


def test_a_divergence_has_no_gradient_in_masses_that_are_zero():
    X = np.random.default_rng(4).random((6, 2))
    a = np.array([0.25, 0.25, 0.5, 0.0, 0.0, 0.0])
    with_zeros = ot.sinkhorn_divergence(X, X + 1.0, a, None, reg=0.1)
    without = ot.sinkhorn_divergence(X[:3], X + 1.0, a[:3], None, reg=0.1)
    assert with_zeros.gradient_a[:3] == pytest.approx(without.gradient_a, abs=1e-7)
    assert np.isnan(with_zeros.gradient_a[3:]).all()


def test_a_barycenter_says_what_it_needs():
    with pytest.raises(ValueError, match="max_iter must be >= 1, got 0"):
        ot.bures_wasserstein_barycenter([[0.0]], [[[1.0]]], max_iter=0)
    with pytest.raises(ValueError, match="must be as many, got 2 and 1"):
        ot.bures_wasserstein_barycenter([[0.0], [1.0]], [[[1.0]]])
    with pytest.raises(ValueError, match="at least one source and one target"):
        ot.round_to_marginals(np.zeros((0, 2)))


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", ["newton", "sinkhorn", "newton_sparse", "greenkhorn"])
def test_a_run_that_ends_while_it_anneals_is_about_the_problem_posed(method, engine):
    """Its potentials were those of a larger regularization, which gave a plan without mass."""
    a, b, M = problem(12, 9)
    with pytest.warns(ConvergenceWarning, match="iteration_limit"):
        result = ot.solve(a, b, M, 1e-3, method, max_iter=2, engine=engine)
    assert result.plan.sum(axis=1) == pytest.approx(a, rel=1e-12)
    error = np.abs(result.plan.sum(axis=0) - b).sum()
    assert result.marginal_error == pytest.approx(error, rel=1e-6) and error > 1e-3
    solved = ot.solve(a, b, M, 1e-3)
    assert result.value <= solved.value + 1e-9  # a lower bound, at this regularization
    assert result.gap > 0.0


def test_the_marginal_error_is_that_of_the_plan():
    """Potentials are rounded: recomputed from both, rows would be wrong by epsilon f / reg."""
    a, b, M = problem(20, 15)
    result = ot.solve(a, b, 1.0 + M, 1e-7, tol=1e-7)
    plan = result.plan
    assert np.abs(plan.sum(axis=1) - a).sum() < 1e-14
    assert np.abs(plan.sum(axis=0) - b).sum() == pytest.approx(result.marginal_error, abs=1e-14)
    assert ot.solve(None, None, np.ones((6, 5)), 1e-9).plan.sum() == pytest.approx(1.0, abs=1e-14)


EXTREME = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import warnings
import subprocess
import sys

import numpy as np
from optlite import ot
warnings.simplefilter("ignore")
M = np.random.default_rng(0).random((6, 5))
for engine in ("core", "numpy"):
    for M_factor, reg, annealing in (
        (1.7e308, 1e307, 4.0), (1.0, 1e-320, 4.0), (1e150, 1e-170, 4.0), (1.0, 1e-3, 1.0 + 1e-12)
    ):
        with np.errstate(all="ignore"):
            result = ot.solve(
                None, None, M * M_factor, reg, annealing=annealing, max_iter=50, engine=engine
            )
            print(result.status, *(np.array(result.certificate) / M_factor))
"""


def test_extreme_numbers_end():
    """A ratio of the first and the last regularization that overflows, or stages without number,
    filled the memory before the first iteration."""
    done = subprocess.run(
        [sys.executable, "-c", EXTREME], capture_output=True, text=True, timeout=60, check=True
    )
    exact = pot.emd2([], [], np.random.default_rng(0).random((6, 5)))
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 8 and lines[0][0] == lines[4][0] == "converged"
    for _, lower, upper in lines:
        assert float(lower) <= exact * (1 + 1e-12) and exact <= float(upper) * (1 + 1e-12)


def test_counts_of_any_size_are_counts():
    a, b, M = problem()
    for method, fields in (
        ("newton_sparse", {"max_inner": 10**30, "sparsity": 1e300, "warm_up": 1}),
        ("newton", {"max_inner": 10**30}),
        ("anderson", {"memory": 10**30}),
    ):
        result = ot.solve(a, b, M, 0.05, method, annealing=1.0, max_iter=60, **fields)
        assert result.converged, method


def test_where_a_start_lies_does_not_matter_but_its_range_does():
    """A plan whose costs were lost in rounding was said to be converged."""
    a, b, M = problem()
    expected = ot.solve(a, b, M, 0.1)
    for constant in (1e6, 1e12):
        found = ot.solve(a, b, M, 0.1, start=constant + expected.potentials[1])
        assert found.plan == pytest.approx(expected.plan, abs=1e-9)
    for start in ([1e300, 0.0, 0.0, 0.0, 0.0, 0.0], [1.7e308, -1.7e308, 0.0, 0.0, 0.0, 0.0]):
        with pytest.raises(ValueError, match=r"start must have a range .* Leave it out"):
            ot.solve(a, b, M, 0.1, start=start)


def test_masses_too_small_for_a_plan():
    with pytest.raises(ValueError, match="positive sum > 1e-280, got 4e-310"):
        ot.solve([1e-310] * 4, None, np.eye(4), 0.1)
    result = ot.solve([0.5, 0.5, 1e-312, 0.0], None, np.eye(4), 0.1)
    assert np.isfinite(result.plan).all() and result.plan.sum() == pytest.approx(1.0)


def test_ragged_arrays_are_refused_in_words():
    with pytest.raises(ValueError, match="M must be an array, got rows of different lengths"):
        ot.solve(None, None, [[1.0, 2.0], [1.0]], 0.1)


INTERRUPTED = """
import signal
import numpy as np
from optlite import ot

rng = np.random.default_rng(0)
X, Y = rng.random((1000, 2)), rng.random((1000, 2)) ** 2
M = ((X[:, None] - Y) ** 2).sum(axis=2)
A = np.exp(-((np.arange(500)[:, None] - rng.uniform(50, 450, 8)) ** 2) / 2e3) + 1e-9
A /= A.sum(axis=0)
x = np.linspace(0, 1, 500)
endless = {"annealing": 1.0, "tol": 1e-300, "max_iter": 10**9}
long = {
    "points": lambda: ot.solve_points(X, Y, reg=1e-4, method="sinkhorn", **endless),
    "greenkhorn": lambda: ot.solve(None, None, M, 1e-4, "greenkhorn", **endless),
    "batch": lambda: ot.solve_batch(
        None, None, rng.random((8, 300, 300)), 1e-5, method="sinkhorn", **endless
    ),
    "unbalanced": lambda: ot.solve_unbalanced_points(
        X, Y, reg=1e-5, reg_m=1e3, method="sinkhorn", **endless
    ),
    "partial": lambda: ot.solve_partial_points(
        X, Y, reg=1e-5, mass=0.5, method="sinkhorn", **endless
    ),
    "barycenter": lambda: ot.barycenter(
        A, (x[:, None] - x) ** 2, 1e-4, method="sinkhorn", **endless
    ),
}
signal.signal(signal.SIGALRM, signal.default_int_handler)
for name, call in long.items():
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        call()
    except KeyboardInterrupt:
        print(name, flush=True)
"""


def test_ctrl_c_is_heard_in_all_variants():
    """Each would go on until the time limit, and much longer."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120, check=True
    )
    named = ["points", "greenkhorn", "batch", "unbalanced", "partial", "barycenter"]
    assert done.stdout.split() == named


def test_ctrl_c_is_heard_within_an_iteration_of_greenkhorn(polls):
    """It is n + m updates long."""
    M = np.random.default_rng(0).random((400, 300))
    with pytest.warns(ConvergenceWarning):
        asked = polls(
            ot.solve, None, None, M, 1e-3, "greenkhorn", annealing=1.0, tol=1e-14, max_iter=2
        )
    assert asked >= 2 * 700 / 64


@pytest.mark.parametrize("reg", [1e-3, 1e-2])
@pytest.mark.parametrize("shift", [0.0, 1e-7, 3e-7, 1e-3])
def test_huge_exponents_are_not_begun_in_single_precision(reg, shift):
    """Exponents of 1e6 and 1e7: numbers that differ in rounding only must not decide."""
    x = np.arange(100.0)
    M = (x[:, None] - x) ** 2 * (1.0 + shift)
    a, b = (np.exp(-((x - m) ** 2) / 200.0) for m in (30.0, 40.0))
    a, b = a / a.sum(), b / b.sum()
    result = ot.solve(a, b, M, reg, tol=1e-6)
    assert result.converged and result.marginal_error <= 1e-6
    lower, upper = result.certificate
    assert lower <= pot.emd2(a, b, M) * (1 + 1e-9)
    assert pot.emd2(a, b, M) <= upper * (1 + 1e-9)
