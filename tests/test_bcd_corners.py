"""Block coordinate descent where something is zero, equal, flat, far away or not contiguous."""

import warnings
import weakref

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from optlite import bcd, datasets

ENGINES = ("core", "numpy")


def design(seed=0, m=40, n=12):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, n)), rng.normal(size=m)


def laplacian(n):
    """Positive definite, its graph a path."""
    return sp.diags_array([-1.0, 2.1, -1.0], offsets=[-1, 0, 1], shape=(n, n))


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", [np.array, sp.csc_array, sp.csc_matrix, sp.csr_array, sp.coo_array]
)
def test_a_quadratic_has_a_matrix_of_its_own(form):
    H = form(np.diag([1.0, 2.0, 4.0]))
    f = bcd.Quadratic(H, np.ones(3))
    if sp.issparse(H):
        H.data[:] = 7.0
    else:
        H[:] = 7.0
    assert f.diagonal.tolist() == [1.0, 2.0, 4.0]


def test_memory_that_is_not_contiguous_is_copied_and_kept():
    H = sp.csc_array(laplacian(4000))
    c = np.random.default_rng(0).normal(size=4000)
    expected = sp.linalg.spsolve(H, c)
    f = bcd.Quadratic(H, c)
    spread = np.repeat(H.data, 2)
    spread[1::2] = np.nan
    strided = sp.csc_array(H)
    strided.data = spread[::2]
    sparse = bcd.Quadratic(strided, c)
    f.H.data = spread[::2]
    for problem in (sparse, f):
        run = bcd.steps(problem, "forest", "gs", block_size=None, tol=1e-10)
        next(run)
        scribbled = [np.full(len(H.data), 1e3) for _ in range(8)]  # takes what was freed too early
        *_, last = run
        assert len(scribbled) == 8 and last.x == pytest.approx(expected, rel=1e-8, abs=1e-10)
    dense = bcd.Quadratic(H[:300, :300].toarray(), c[:300])
    dense.H = np.asfortranarray(dense.H)
    run = bcd.steps(dense, block_size=50, tol=1e-10)
    next(run)
    scribbled = [np.full((300, 300), 1e3) for _ in range(8)]
    *_, last = run
    assert np.linalg.norm(dense.gradient(last.x)) <= 1e-9 * np.linalg.norm(c)


def test_a_callback_alone_keeps_no_records():
    seen = []

    def watch(record):
        seen.append(weakref.ref(record))
        assert sum(reference() is not None for reference in seen) <= 2

    bcd.solve(bcd.LeastSquares(*design(), alpha=0.1), block_size=2, callback=watch)
    assert len(seen) > 5


def test_sparse_labels_are_evaluated_without_a_dense_matrix():
    n = 300_000
    A = sp.csr_array((np.ones(3), ([0, 1, n - 1], [5, n - 1, 7])), shape=(n, n))
    f = bcd.Logistic(A, np.ones(n), alpha=1.0)
    x = np.zeros(n)
    x[5] = 2.0
    small = bcd.Logistic([[1.0]], [1.0], alpha=1.0)
    assert f.value(x) == pytest.approx(small.value([2.0]) + (n - 1) * np.log(2.0))
    assert f.gradient(x)[5] == pytest.approx(small.gradient([2.0])[0])
    assert np.flatnonzero(f.gradient(x)).tolist() == [5, 7, n - 1]


# --- when a run ends ------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["least squares", "logistic", "l1", "bounds"])
def test_a_run_that_begins_at_the_solution_ends(kind, engine):
    A, b = design()
    f = bcd.Logistic(A, np.sign(b), 0.5) if kind == "logistic" else bcd.LeastSquares(A, b, 0.5)
    if kind == "l1":
        f = bcd.Composite(f, l1=5.0)
    elif kind == "bounds":
        f = bcd.Composite(f, lower=0.05, upper=0.1)
    first = bcd.solve(f, tol=1e-12, engine=engine)
    again = bcd.solve(f, tol=1e-8, x0=first.x, engine=engine)
    assert again.converged and again.n_iter == 0
    assert again.certificate <= 1e-8 * (f.value(f.start()) - again.objective) * (1.0 + 1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_is_least_at_zero_is_minimised_from_elsewhere(engine):
    A, b = design(1)
    for F in (bcd.LeastSquares(A, 0.0 * b), bcd.Composite(bcd.LeastSquares(A, 0.0 * b), l1=0.1)):
        result = bcd.solve(F, x0=np.ones(12), engine=engine)
        assert result.converged and 0 < result.n_iter < 1000
        assert np.abs(result.x).max() <= 1e-6


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bound_that_overflows_is_no_proof(engine):
    f = bcd.LeastSquares(*design(2), alpha=1e-310)
    with pytest.warns(ConvergenceWarning, match="iteration_limit"):
        result = bcd.solve(f, max_iter=3, engine=engine)
    assert not result.converged and result.n_iter == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_iteration_is_looked_at(engine):
    """Runs with a sparse H look at the whole gradient now and then."""
    n = 200
    f = bcd.Quadratic(sp.diags_array(np.linspace(1.0, 2.0, n)), np.ones(n))
    result = bcd.solve(f, block_size=3, max_iter=100, engine=engine)
    assert result.converged and result.x == pytest.approx(1.0 / f.diagonal)


def test_ctrl_c_is_heard_in_each_pass_over_tall_data(polls):
    """The rows cost what a count of variables does not show."""
    A, b = design(3, 30, 3)
    f = bcd.Logistic(A, np.sign(b), alpha=0.1)
    with pytest.warns(ConvergenceWarning, match="iteration_limit|precision_limit"):
        asked = polls(bcd.solve, f, "order", "cyclic", block_size=1, tol=1e-300, max_iter=20)
    assert asked >= 20


def test_ctrl_c_is_heard_between_the_newton_steps_of_one_large_block(polls):
    F = bcd.Composite(bcd.LeastSquares(*design(7, 60, 40)), lower=-0.03, upper=0.04)
    *_, last = bcd.steps(F, "variable", "gs_q", "exact", None, final_phase=False)
    assert last.iteration <= 2
    options = {"final_phase": False, "update": "exact", "block_size": None}
    assert polls(bcd.solve, F, **options) >= 3


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_that_no_count_reaches_are_no_limit(engine):
    """They did not fit into the integers of the core."""
    f = bcd.LeastSquares(*design(), alpha=0.1)
    way = {"partition": "order", "selection": "cyclic", "engine": engine}
    plain = bcd.solve(f, **way)
    assert np.array_equal(bcd.solve(f, max_iter=10**30, block_size=5, **way).x, plain.x)
    assert bcd.solve(f, anderson=10**30, **way).converged


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [1, 2])
def test_a_gradient_that_no_step_lessens_is_named_as_a_reason(size, engine):
    """f falls along (1, -1) without end, and no number of H alone shows it."""
    f = bcd.Quadratic([[1.0, 1.0], [1.0, 1.0]], [1.0, -1.0])
    with pytest.warns(ConvergenceWarning, match=r"iteration_limit.*F has no minimum"):
        assert not bcd.solve(f, block_size=size, max_iter=50, engine=engine).converged


# --- bounds and kinks -----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("update", ["proximal", "two_metric", "exact"])
def test_long_steps_end_within_the_bounds(update, engine):
    rng = np.random.default_rng(0)
    n = 60
    f = bcd.Quadratic(np.diag(rng.uniform(1.0, 3.0, n)), rng.uniform(-2.0, -1.0, n))
    F = bcd.Composite(f, lower=rng.uniform(0.1, 0.9, n))
    x0 = F.lower + 1e6 * rng.uniform(size=n)
    result = bcd.solve(F, update=update, x0=x0, block_size=7, engine=engine)
    assert result.converged and result.x.tolist() == F.lower.tolist()
    assert result.active_set.tolist() == list(range(n)) and np.isfinite(F.value(result.x))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("update", ["proximal", "two_metric", "exact"])
def test_variables_that_do_not_matter_stay_and_equal_bounds_hold(update, engine):
    A, b = design(4, n=5)
    A[:, 4] = 0.0
    lower, upper = np.full(5, -1.0), np.full(5, 1.0)
    lower[2] = upper[2] = 0.3
    F = bcd.Composite(bcd.LeastSquares(A, b), lower=lower, upper=upper)
    result = bcd.solve(F, update=update, block_size=None, engine=engine)
    assert result.converged and result.x[2] == 0.3 and result.x[4] == 0.0
    assert result.active_set.tolist() == [2]
    held = bcd.Composite(bcd.LeastSquares(A, b, alpha=0.1), lower=0.2, upper=0.2)
    result = bcd.solve(held, update=update, engine=engine)
    assert result.converged and result.x.tolist() == [0.2] * 5 and result.n_iter == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sample_of_zeros_is_at_its_bound_in_the_dual(engine):
    for A in (
        np.array([[2.0, 0.0], [0.0, 0.0], [-1.0, 1.0]]),
        sp.csr_array([[2.0], [0.0], [-1.0]]),
    ):
        dual = bcd.SVMDual(A, [1.0, 1.0, -1.0], C=0.7)
        result = bcd.solve(dual, tol=1e-10, engine=engine)
        w = dual.coef(result.x)
        primal = 0.5 * w @ w + 0.7 * np.maximum(0.0, 1.0 - dual._signed @ w).sum()
        assert result.converged and result.x[1] == 0.7
        assert primal + result.objective == pytest.approx(0.0, abs=1e-8)


def test_groups_without_a_weight_are_at_no_kink():
    f = bcd.Quadratic(np.eye(3), [0.0, 0.5, 2.0])
    F = bcd.Composite(f, groups=[[0], [1], [2]], group_l1=[0.0, 1.0, 1.0])
    for engine in ENGINES:
        records = list(bcd.steps(F, engine=engine))
        assert records[-1].active_set.tolist() == [1] and records[-1].x.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_extrapolation_keeps_bounds_and_says_what_it_identified(engine):
    rng = np.random.default_rng(5)
    A = rng.normal(size=(40, 12)) + 2.0 * rng.normal(size=(40, 1))  # alike: passes are many
    lower, upper = np.full(12, -np.inf), np.full(12, np.inf)
    lower[:4], upper[:4] = -0.07, 1.0 / 30.0
    F = bcd.Composite(bcd.LeastSquares(A, rng.normal(size=40)), lower=lower, upper=upper)
    options = {"final_phase": False, "engine": engine, "tol": 1e-9}
    plain, fast = (
        bcd.solve(F, "order", "cyclic", "proximal", 1, anderson=K, trace=True, **options)
        for K in (0, 5)
    )
    assert fast.converged and fast.n_iter < 0.5 * plain.n_iter
    assert fast.x == pytest.approx(plain.x, rel=1e-6, abs=1e-7)
    assert ((fast.x >= F.lower) & (fast.x <= F.upper)).all() and len(fast.active_set) > 1
    sets = [r.active_set.tolist() for r in fast.trace]
    changes = [k for k in range(1, len(sets)) if sets[k] != sets[k - 1]]
    assert [r.identified for r in fast.trace] == [
        max([k for k in changes if k <= r.iteration], default=0) for r in fast.trace
    ]


# --- curvature ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_blocks_of_very_different_units_are_solved_whole(engine):
    f = bcd.Quadratic(np.diag([1e20, 1.0]), [1e3, 1.0])
    for update in ("matrix", "newton", "exact"):
        result = bcd.solve(f, update=update, engine=engine)
        assert result.x == pytest.approx([1e-17, 1.0], rel=1e-12) and result.n_iter == 1


@pytest.mark.parametrize(
    ("update", "engine"),
    [("message_passing", "core"), ("message_passing", "numpy"), ("sparse_cholesky", "core")],
)
def test_trees_of_very_different_units_are_solved_whole(update, engine):
    small, c = laplacian(30), np.random.default_rng(0).normal(size=30)
    H = sp.block_diag([1e12 * small, 1e-9 * small], format="csc")
    f = bcd.Quadratic(H, np.concatenate([c, c]))
    result = bcd.solve(f, "forest", "gs", update, None, engine=engine)
    expected = sp.linalg.spsolve(sp.csc_array(small), c)
    assert result.converged and result.n_iter == 1
    assert result.x[:30] == pytest.approx(1e-12 * expected, rel=1e-9)
    assert result.x[30:] == pytest.approx(1e9 * expected, rel=1e-9)


def test_a_block_along_which_f_is_constant_is_never_drawn():
    f = bcd.Quadratic(np.diag([1e-3, 0.0, 1e-3]), [1.0, 0.0, 1.0])
    drawn = set()
    for seed in range(40):
        for engine in ENGINES:
            options = {"max_iter": 1, "random_state": seed, "engine": engine}
            _, record = bcd.steps(f, "order", "lipschitz", "gradient", 1, **options)
            drawn.add(int(record.block[0]))
    assert drawn == {0, 2}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("partition", "selection"), [("variable", "gsd"), ("order", "gsl")])
def test_curvature_whose_inverse_overflows_is_no_nan(partition, selection, engine):
    diagonal = np.ones(80)
    diagonal[:3] = 1e-310
    c = np.ones(80)
    c[:3] = 0.0
    f = bcd.Quadratic(np.diag(diagonal), c)
    size = 60 if partition == "variable" else 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = bcd.solve(f, partition, selection, "matrix", size, engine=engine)
    assert result.converged and result.x.tolist() == c.tolist()


@pytest.mark.parametrize(
    ("update", "engine"),
    [("newton", "core"), ("exact", "core"), ("two_metric", "core"), ("newton", "numpy")],
)
def test_newton_leaves_where_the_loss_is_flat(update, engine):
    """Far away the second derivative is zero, or so small that its step overflows."""
    f = bcd.Logistic(np.ones((3, 1)), [1.0, 1.0, -1.0])
    for start in (-760.0, 60.0):
        result = bcd.solve(f, update=update, x0=[start], max_iter=3000, engine=engine)
        assert result.converged and result.x[0] == pytest.approx(np.log(2.0), abs=1e-6)


def test_classes_that_are_missing_keep_their_weights_at_zero_sum():
    """Classes 1 and 3 have no sample: alike, and as the penalty wants them."""
    A, _ = design(6, 30, 3)
    y = np.where(A[:, 0] > 0.0, 4, np.where(A[:, 1] > 0.0, 2, 0))
    f = bcd.Softmax(A, y, alpha=0.5)
    result = bcd.solve(f, tol=1e-13)
    W = result.x.reshape(5, 3)
    assert result.converged and W[1] == pytest.approx(W[3], abs=1e-5)
    assert W.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-5)


# --- words ----------------------------------------------------------------------------------------

REFUSED = [
    (lambda f: bcd.Composite(f, l1=[0.0, np.inf, 1.0]), "l1 must be finite and >= 0, got inf"),
    (
        lambda f: bcd.Composite(f, groups=[[0], [1, 2]], group_l1=[1.0, -2.0]),
        "group_l1 must be finite and >= 0, got -2",
    ),
    (lambda f: bcd.Quadratic(np.eye(2), [1.0, 1.0], np.nan), "constant must be finite, got nan"),
    (
        lambda f: datasets.two_moons_labels(10, 2, 10),
        "n_neighbors must be less than the number of points, 10, got 10",
    ),
    (lambda f: datasets.two_moons_labels(10, 2, 0), "n_neighbors must be an integer >= 1, got 0"),
    (lambda f: bcd.SVMDual(np.eye(2), [1.0, 3.0]), "y must hold -1 and 1 only, got 3"),
    (lambda f: bcd.Softmax(np.eye(2), [0.0, -2.0]), "y must hold the classes .* got -2"),
    (lambda f: bcd.Softmax(np.eye(2), [0.0, 2e12 + 0.5]), "y must hold the classes .* got 2e"),
    (lambda f: bcd.solve(f, "varible"), r"'forest'.*got 'varible'. Did you mean 'variable'\?"),
    (lambda f: bcd.LeastSquares([[1e200]], [1.0]), "A' A must be finite"),
    (lambda f: bcd.LeastSquares([[1e150]], [1e200]), "A' b must be finite"),
    (lambda f: bcd.LeastSquares([[1.0]], [1e200]), "b' b must be finite"),
    (lambda f: bcd.SVMDual([[1e200]], [1.0]), "A A' must be finite"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_is_not_allowed_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(bcd.Quadratic(np.eye(3), np.ones(3)))


@pytest.mark.parametrize("engine", ENGINES)
def test_small_numbers_in_messages_are_not_rounded_to_zero(engine):
    H = 1e-9 * np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="got a block with the eigenvalue -1e-09"):
        bcd.solve(bcd.Quadratic(H, [1.0, 0.0]), engine=engine)
    with pytest.raises(ValueError, match="got the pivot -3e-09"):
        bcd.solve(bcd.Quadratic(sp.csc_array(H), [1.0, 0.0]), "forest", "gs", engine=engine)


def test_an_indefinite_matrix_that_no_block_shows_is_named_as_a_reason():
    f = bcd.Quadratic([[1.0, 2.0], [2.0, 1.0]], [1.0, 0.5])
    with pytest.warns(ConvergenceWarning, match=r"not_finite.*H is not positive semi-definite"):
        bcd.solve(f, block_size=1)
