"""Block coordinate descent with kinks and bounds, and with losses that are no quadratics."""

import itertools

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.svm import LinearSVC

from optlite import bcd, datasets


def design(seed=0, m=60, n=30):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) @ np.diag(rng.uniform(0.3, 3.0, n))
    w = rng.normal(size=n) * (rng.uniform(size=n) < 0.3)
    return A, A @ w + 0.5 * rng.normal(size=m)


def test_the_lasso_is_that_of_scikit_learn():
    A, b = design()
    f = bcd.LeastSquares(A, b)
    l1 = 0.1 * np.abs(f.c).max()
    peer = Lasso(alpha=l1 / len(b), fit_intercept=False, tol=1e-14, max_iter=100_000).fit(A, b)
    for choices in ({}, {"update": "proximal"}, {"update": "exact", "block_size": 1}):
        result = bcd.solve(bcd.Composite(f, l1=l1), tol=1e-10, **choices)
        assert result.x == pytest.approx(peer.coef_, rel=1e-6, abs=1e-8)
        assert result.active_set.tolist() == np.flatnonzero(peer.coef_ == 0.0).tolist()


@pytest.mark.parametrize("bounds", [(0.0, np.inf), (-0.1, 0.2)])
def test_bounds_are_those_of_lsq_linear(bounds):
    A, b = design(1)
    F = bcd.Composite(bcd.LeastSquares(A, b), lower=bounds[0], upper=bounds[1])
    result = bcd.solve(F, tol=1e-11)
    peer = scipy.optimize.lsq_linear(A, b, bounds, tol=1e-14)
    assert result.x == pytest.approx(peer.x, abs=1e-6)
    assert ((result.x >= bounds[0]) & (result.x <= bounds[1])).all()
    assert len(result.active_set) > 3


def test_logistic_regression_is_that_of_scikit_learn():
    A, b = design(2)
    y = np.sign(b)
    peer = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-12, max_iter=1000).fit(A, y)
    for X in (A, sp.csr_array(A), sp.csc_matrix(A)):
        result = bcd.solve(bcd.Logistic(X, y, alpha=0.5), block_size=6, tol=1e-14)
        assert result.x == pytest.approx(peer.coef_[0], rel=1e-4, abs=3e-6)


def test_softmax_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    A = rng.normal(size=(80, 5))
    y = np.argmax(A[:, :3] + rng.gumbel(size=(80, 3)), axis=1)
    peer = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-12, max_iter=1000).fit(A, y)
    result = bcd.solve(bcd.Softmax(A, y, alpha=1.0), block_size=5, tol=1e-12)
    assert result.x.reshape(3, 5) == pytest.approx(peer.coef_, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("kind", ["logistic", "softmax"])
def test_the_bound_of_the_hessian_holds(kind):
    A, b = design(4, 40, 6)
    y = np.arange(40) % 3
    f = bcd.Logistic(A, np.sign(b), 0.2) if kind == "logistic" else bcd.Softmax(A, y, 0.2)
    twin, every = f.twin(), np.arange(f.dim)
    H = twin.bound(every)
    C = 0.25 if kind == "logistic" else 0.5 * (np.eye(3) - 1.0 / 3.0)  # the tighter one
    assert pytest.approx(np.kron(C, A.T @ A) + 0.2 * np.eye(f.dim), rel=1e-12) == H
    for scale in (0.0, 0.1, 1.0):
        x = scale * np.random.default_rng(5).normal(size=f.dim)
        hessian = twin.hessian(x, every)
        assert np.linalg.eigvalsh(H - hessian)[0] >= -1e-9 * np.linalg.norm(H)
        step = 1e-5
        columns = [
            (f.gradient(x + step * e) - f.gradient(x - step * e)) / (2 * step)
            for e in np.eye(f.dim)
        ]
        assert hessian == pytest.approx(np.array(columns), rel=1e-5, abs=1e-5)
    assert f.diagonal == pytest.approx(H.diagonal())
    assert (f.row_sums >= np.abs(H).sum(axis=0) * (1 - 1e-12)).all()


def test_the_dual_of_a_support_vector_machine():
    A, b = design(6, 50, 4)
    y = np.sign(b)
    peer = LinearSVC(C=0.7, loss="hinge", fit_intercept=False, tol=1e-10, max_iter=10**6).fit(A, y)
    for X in (A, sp.csr_array(A)):
        dual = bcd.SVMDual(X, y, C=0.7)
        result = bcd.solve(dual, tol=1e-10)
        w = dual.coef(result.x)
        assert w == pytest.approx(peer.coef_[0], rel=1e-4, abs=1e-5)
        primal = 0.5 * w @ w + 0.7 * np.maximum(0.0, 1.0 - y * (A @ w)).sum()
        assert primal + result.objective == pytest.approx(0.0, abs=1e-6 * primal)  # no gap


def test_gsq_finds_the_best_small_blocks_or_nearly_so():
    """Against all blocks of three of ten variables."""
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        f = bcd.LeastSquares(*design(seed, 30, 10))
        x0 = rng.normal(size=10)
        _, record = bcd.steps(f, "variable", "gsq", block_size=3, x0=x0, max_iter=1)
        g = f.gradient(x0)
        best = max(
            g[b] @ np.linalg.solve(f.H[np.ix_(b, b)], g[b])
            for b in map(list, itertools.combinations(range(10), 3))
        )
        ratios.append(record.score / best)
    assert max(ratios) <= 1.0 + 1e-9
    assert np.median(ratios) > 0.95 and np.mean(np.array(ratios) > 1.0 - 1e-9) >= 0.25


def test_maximum_improvement_is_gsq_for_quadratics_and_more_than_gsl():
    A, b = design(7)
    f = bcd.LeastSquares(A, b)
    runs = [
        [r.block.tolist() for r in bcd.steps(f, "order", rule, "exact", 5, max_iter=20)]
        for rule in ("mi", "gsq")
    ]
    assert runs[0] == runs[1]
    f = bcd.Logistic(A, np.sign(b), 0.1)
    records = [
        list(bcd.steps(f, "order", rule, "exact", 5, max_iter=1))[-1] for rule in ("mi", "gsl")
    ]
    assert records[0].objective <= records[1].objective


def test_scores_of_kinks_are_what_they_say():
    A, b = design(8)
    f = bcd.LeastSquares(A, b)
    l1 = 0.2 * np.abs(f.c).max()
    F = bcd.Composite(f, l1=l1)
    x = np.where(np.arange(f.dim) % 3 == 0, 0.0, 0.5)
    g, L = f.gradient(x), f.diagonal
    s = np.where(x == 0.0, np.sign(g) * np.maximum(np.abs(g) - l1, 0.0), g + l1 * np.sign(x))
    v = x - g / L
    d = np.sign(v) * np.maximum(np.abs(v) - l1 / L, 0.0) - x
    decrease = -(g * d + 0.5 * L * d**2 + l1 * (np.abs(x + d) - np.abs(x)))
    for rule, key in (("gs_s", s**2), ("gs_r", d**2), ("gs_q", decrease)):
        _, record = bcd.steps(F, "variable", rule, block_size=4, x0=x, max_iter=1)
        chosen = np.sort(np.argsort(-key, kind="stable")[:4])
        assert record.block.tolist() == chosen.tolist()
        assert record.score == pytest.approx(key[chosen].sum())


def test_a_proximal_step_is_the_best_of_a_grid():
    """With H = I it ends at the minimum of |u - v|^2 / 2 + g(u), whatever g is."""
    v = np.array([-2.0, -0.7, -0.1, 0.3, 0.9, 3.0])
    grid = np.linspace(-3.0, 3.0, 600_001)
    options = {"update": "proximal", "block_size": None, "max_iter": 1, "final_phase": False}
    for l1, lower, upper in ((0.5, -np.inf, np.inf), (0.2, -0.3, 2.5), (0.4, 0.25, 1.0)):
        F = bcd.Composite(bcd.Quadratic(np.eye(6), v), l1=l1, lower=lower, upper=upper)
        *_, record = bcd.steps(F, x0=np.full(6, 0.26), **options)
        cost = 0.5 * grid**2 - v[:, None] * grid + l1 * np.abs(grid)
        best = grid[np.argmin(np.where((grid < lower) | (grid > upper), np.inf, cost), axis=1)]
        assert np.abs(record.x - best).max() <= 1e-5
    lengths = np.linspace(0.0, 4.0, 400_001)  # of u, which lies along v
    for weight in (0.5, 5.0):
        F = bcd.Composite(bcd.Quadratic(np.eye(6), v), groups=[[*range(6)]], group_l1=weight)
        *_, record = bcd.steps(F, **options)
        norm = np.linalg.norm(v)
        length = lengths[np.argmin(0.5 * (lengths - norm) ** 2 + weight * lengths)]
        assert np.abs(record.x - length * v / norm).max() <= 1e-5


@pytest.mark.parametrize(
    ("kind", "selection", "update", "other"),
    [
        ("quadratic", "gsd", "matrix", "gradient"),
        ("logistic", "gsd", "newton", "exact"),
        ("l1", "gs_q", "two_metric", "exact"),
        ("groups", "gs_q", "proximal", None),
    ],
)
def test_defaults_are_those_that_are_documented(kind, selection, update, other):
    A, b = design(13)
    f = bcd.Logistic(A, np.sign(b), 0.5) if kind != "quadratic" else bcd.LeastSquares(A, b)
    F = bcd.Composite(f, l1=1.0) if kind == "l1" else f
    if kind == "groups":
        F = bcd.Composite(f, groups=np.arange(30).reshape(10, 3), group_l1=1.0)
    paths = [
        [r.x for r in bcd.steps(F, selection=s, update=u, max_iter=8, tol=1e-14)]
        for s, u in ((None, None), (selection, update), (selection, other or update))
    ]
    assert np.array_equal(paths[0], paths[1])
    assert other is None or not np.allclose(paths[0], paths[2])


def test_the_step_of_a_bound_or_a_kink_ends_there_exactly():
    third = 1.0 / 3.0
    F = bcd.Composite(bcd.Quadratic(np.diag([3.0, 7.0]), [9.0, -9.0]), lower=-0.1, upper=third)
    for update in ("proximal", "two_metric", "exact"):
        result = bcd.solve(F, update=update, x0=[0.3, 0.07])
        assert result.x.tolist() == [third, -0.1] and result.active_set.tolist() == [0, 1]


def test_equal_columns_and_flat_directions_do_not_stop_the_lasso():
    A, b = design(9)
    A = np.hstack([A, A, np.zeros((60, 2))])
    f = bcd.LeastSquares(A, b)
    F = bcd.Composite(f, l1=0.05 * np.abs(f.c).max())
    start = np.linspace(-1.0, 1.0, f.dim)
    for update in ("two_metric", "exact", "proximal"):
        result = bcd.solve(F, update=update, block_size=8, x0=start, tol=1e-9)
        assert result.converged and (result.x[-2:] == 0.0).all()


def test_anderson_saves_passes():
    f = bcd.LeastSquares(*design(10, 80, 60), alpha=1e-2)
    runs = [bcd.solve(f, "order", "cyclic", "matrix", 2, tol=1e-10, anderson=K) for K in (0, 5)]
    assert all(run.converged for run in runs)
    assert runs[1].n_iter < 0.6 * runs[0].n_iter
    assert runs[1].x == pytest.approx(runs[0].x, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("kind", ["quadratic", "l1"])
def test_anderson_is_the_same_with_either_engine(kind):
    f = bcd.LeastSquares(*design(10, 40, 12), alpha=1e-2)
    F = f if kind == "quadratic" else bcd.Composite(f, l1=5.0)
    update = "matrix" if kind == "quadratic" else "proximal"
    runs = [
        list(bcd.steps(F, "order", "cyclic", update, 3, max_iter=60, anderson=4, engine=engine))
        for engine in ("core", "numpy")
    ]
    for one, other in zip(*runs, strict=True):
        assert one.x == pytest.approx(other.x, rel=1e-6, abs=1e-8)


def test_the_final_phase_is_superlinear_and_the_same_with_either_engine():
    A, b = design(11, 120, 60)
    F = bcd.Composite(bcd.Logistic(A, np.sign(b)), l1=2.0)
    options = {"update": "proximal", "block_size": 3, "tol": 1e-12}
    without = bcd.solve(F, final_phase=False, **options)
    runs = [
        bcd.solve(F, final_phase=True, engine=engine, trace=True, **options)
        for engine in ("core", "numpy")
    ]
    assert all(run.converged for run in runs)
    assert runs[0].n_iter == runs[1].n_iter < 0.5 * without.n_iter
    last = runs[0].trace[-1]
    assert last.block.tolist() == np.setdiff1d(np.arange(F.dim), last.active_set).tolist()
    norms = np.array([r.gradient_norm for r in runs[0].trace])
    newton = [k for k, r in enumerate(runs[0].trace) if len(r.block) > 3]
    factors = norms[newton] / norms[np.array(newton) - 1]
    assert len(factors) <= 6 and factors[-1] < 0.1 * factors[-2] < 0.1


def test_identification_is_reported():
    A, b = design(12)
    f = bcd.LeastSquares(A, b)
    F = bcd.Composite(f, l1=0.1 * np.abs(f.c).max())
    result = bcd.solve(F, update="proximal", block_size=1, tol=1e-10, trace=True, final_phase=False)
    sets = [r.active_set.tolist() for r in result.trace]
    changes = [k for k in range(1, len(sets)) if sets[k] != sets[k - 1]]
    assert result.identified == changes[-1] < result.n_iter
    assert all(
        r.identified == max([k for k in changes if k <= r.iteration], default=0)
        for r in result.trace
    )


REFUSED = [
    (lambda f: bcd.Composite(f, l1=-1.0), "l1 must be finite and >= 0, got -1"),
    (lambda f: bcd.Composite(f, l1=[1.0]), r"l1 must be a number or have shape \(3,\)"),
    (lambda f: bcd.Composite(f, lower=1.0, upper=0.0), "lower must be <= upper, got 1 > 0 at 0"),
    (lambda f: bcd.Composite(f, groups=[[0, 1]], group_l1=1.0), "groups must hold each of 0"),
    (lambda f: bcd.Composite(f, l1=1.0, groups=[[0, 1, 2]]), "groups do not go with l1"),
    (lambda f: bcd.Composite(f, group_l1=1.0), "group_l1 needs groups"),
    (lambda f: bcd.Logistic(np.eye(2), [0.0, 1.0]), "y must hold -1 and 1 only, got 0"),
    (lambda f: bcd.Softmax(np.eye(2), [0.5, 1.0]), "y must hold the classes 0, 1"),
    (lambda f: bcd.SVMDual(np.eye(2), [1.0, -1.0], C=0.0), "C must be finite and > 0, got 0.0"),
    (lambda f: bcd.solve(bcd.Composite(f, l1=1.0), selection="gs"), '"gs_s", "gs_r" or "gs_q"'),
    (lambda f: bcd.solve(bcd.Composite(f, l1=1.0), update="matrix"), "kinks or bounds"),
    (
        lambda f: bcd.solve(bcd.Composite(f, groups=[[0], [1, 2]], group_l1=1.0), "sort"),
        'partition must be "variable" or "groups"',
    ),
    (lambda f: bcd.solve(bcd.Composite(f, lower=0.0), x0=[-1.0, 0, 0]), "x0 must be within"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_is_not_allowed_is_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make(bcd.Quadratic(np.eye(3), np.ones(3)))


def test_corrupt_sparse_matrices_are_refused():
    A = sp.csc_array(np.eye(3))
    A.indices[1] = 7
    for make in (lambda: bcd.Quadratic(A, np.ones(3)), lambda: bcd.Logistic(A, np.ones(3))):
        with pytest.raises(ValueError, match=r"indices must lie in \[0, 3\)"):
            make()


def test_least_squares_holds_one_matrix():
    """H is made once: neither copied nor compared with its transpose as a whole."""
    import tracemalloc

    A = np.random.default_rng(0).normal(size=(50, 700))
    one = 700 * 700 * 8
    tracemalloc.start()
    f = bcd.LeastSquares(A, A[:, 0])
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert f.dim == 700 and now < 1.1 * one and peak < 2.3 * one


def test_the_five_families_are_drawn_as_their_recipes_say():
    A, b = datasets.scaled_regression(1000, 400, random_state=1)
    assert A.nnz / (1000 * 400) == pytest.approx(10 * np.log(1000) / 1000, rel=0.02)
    assert len(b) == 1000
    A, y = datasets.scaled_labels(200, 50, random_state=1)
    assert set(y.tolist()) == {-1.0, 1.0} and A.shape == (200, 50)
    A, y = datasets.scaled_classes(200, 50, 5, random_state=1)
    assert set(y.tolist()) == set(range(5))
    W, labelled, labels = datasets.lattice_labels(random_state=1)
    f = bcd.LabelPropagation(W, labelled, labels)
    assert f.dim == 2400 and set(W.data.tolist()) == {1e5} and W.nnz == 2 * 2 * 50 * 49
    assert np.std(labels) == pytest.approx(10.0, rel=0.3)
    *graph, points = datasets.two_moons_labels(random_state=1)
    f = bcd.LabelPropagation(*graph)
    assert f.dim == pytest.approx(1900, abs=5) and points.shape == (2000, 2)
    assert set(graph[0].data.tolist()) == {1.0}
    again = datasets.two_moons_labels(random_state=1)
    assert (again[0] != graph[0]).nnz == 0
    with pytest.raises(ValueError, match="n_labelled must be less than the number of nodes, 4"):
        datasets.lattice_labels(2, 4)


def rest_of_the_stream(m, n, seed):
    """The generator of family A after its matrix: what is drawn next is the test's to repeat."""
    rng = np.random.RandomState(seed)
    rng.uniform(size=(m, n))
    rng.standard_normal((m, n))
    rng.standard_normal(n)
    return rng


def test_families_a_b_and_c_have_the_numbers_of_the_paper():
    m, n, K = 1000, 300, 7
    A, b = datasets.scaled_regression(m, n, random_state=4)
    columns = [A.data[A.indptr[j] : A.indptr[j + 1]] for j in range(n)]
    means = np.array([c.mean() for c in columns])  # of s_j (z + 1), with z and s_j / 10 normal
    assert np.median([abs(c.mean()) / c.std() for c in columns]) == pytest.approx(1.0, rel=0.05)
    assert means.std() == pytest.approx(10.0, rel=0.1) and abs(means.mean()) < 3 * 10 / np.sqrt(n)

    rng = rest_of_the_stream(m, n, 4)
    w = rng.standard_normal(n) * (rng.uniform(size=n) < 0.1)
    state = rng.get_state()
    assert np.array_equal(b, A @ w + rng.standard_normal(m))
    rng.set_state(state)
    sign, flipped = np.where(A @ w >= 0.0, 1.0, -1.0), rng.uniform(size=m) < 0.1
    B, y = datasets.scaled_labels(m, n, random_state=4)
    assert (A != B).nnz == 0 and np.array_equal(y, np.where(flipped, -sign, sign))

    rng = rest_of_the_stream(m, n, 4)
    scores = A @ rng.standard_normal((n, K)) + rng.standard_normal((m, K))
    C, y = datasets.scaled_classes(m, n, K, random_state=4)
    assert (A != C).nnz == 0 and np.array_equal(y, scores.argmax(axis=1))


def test_family_e_joins_nearest_neighbours_and_labels_are_the_moons():
    W, labelled, labels, points = datasets.two_moons_labels(200, 30, random_state=2)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    near = np.argsort(distance, axis=1)[:, 1:6]
    expected = np.zeros((200, 200))
    expected[np.arange(200)[:, None], near] = 1.0
    assert np.array_equal(W.toarray(), np.maximum(expected, expected.T))
    upper, below = points[labelled][labels < 0.0], points[labelled][labels > 0.0]
    assert upper[:, 1].mean() > 0.3 > below[:, 1].mean()
