"""Minima over the plane through the ends of passes: no product with H, any selection."""

import numpy as np
import pytest
import scipy.sparse as sp

from optlite import bcd, datasets

ENGINES = ("core", "numpy")


def alike(seed=0, m=120, n=60):
    """A quadratic whose variables are alike, so that passes are many."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n)) + 1.5 * rng.normal(size=(m, 1))
    return bcd.LeastSquares(A, rng.normal(size=m), alpha=1e-2)


WAYS = [
    ("order", "cyclic", "matrix"),
    ("order", "gsl", "matrix"),
    ("sort", "random", "gradient"),
    ("variable", "gsd", "matrix"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_where_a_pass_ends_the_gradient_is_orthogonal_to_the_plane(way, engine):
    """That is what a minimum over a plane means; gradients are computed anew here."""
    f = alike()
    options = {"block_size": 10, "max_iter": 30, "tol": 1e-14, "random_state": 0}
    run = list(bcd.steps(f, *way, anderson=3, engine=engine, **options))
    ends = [record.x for record in run[6::6]]
    assert len(ends) == 5
    for k in range(1, len(ends)):
        # The point before x moved in its own pass is not in the trace; those of passes before are.
        directions = np.diff(ends[max(0, k - 3) : k], axis=0)
        g = f.gradient(ends[k])
        for u in [*directions, ends[k] - ends[k - 1]]:
            assert abs(u @ g) <= 1e-6 * np.linalg.norm(u) * np.linalg.norm(f.gradient(ends[k - 1]))
    values = np.array([f.value(record.x) for record in run])
    assert (np.diff(values) <= 1e-12 * values[0]).all()


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_either_engine_takes_the_same_path(way):
    f = alike(1)
    options = {"block_size": 7, "max_iter": 60, "tol": 1e-12, "random_state": 3, "anderson": 4}
    core, twin = (list(bcd.steps(f, *way, engine=engine, **options)) for engine in ENGINES)
    for one, other in zip(core, twin, strict=True):
        assert one.block.tolist() == other.block.tolist()
        assert one.x == pytest.approx(other.x, rel=1e-6, abs=1e-8)
        assert one.objective == pytest.approx(other.objective, rel=1e-9)
        assert one.objective == pytest.approx(f.value(one.x), rel=1e-10)


@pytest.mark.parametrize("way", WAYS[:2] + WAYS[3:], ids="-".join)
def test_it_saves_passes(way):
    f = alike(2)
    plain, fast = (bcd.solve(f, *way, block_size=4, tol=1e-10, anderson=K) for K in (0, 5))
    assert plain.converged and fast.converged and fast.n_iter < 0.7 * plain.n_iter
    for run in (plain, fast):
        exact = np.linalg.solve(f.H, f.c)
        assert f.value(run.x) - f.value(exact) <= 1e-10 * (f.value(np.zeros(60)) - f.value(exact))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("partition", ["forest", "variable", "red_black"])
def test_scores_of_a_sparse_matrix_are_those_of_the_new_point(partition, engine):
    """They are kept between moves, and here x moved without one."""
    f = bcd.LabelPropagation(*datasets.lattice_labels(9, 10, weight=1.0, random_state=0))
    options = {"block_size": None if partition == "forest" else 6, "anderson": 3, "engine": engine}
    selection = "gsl" if partition == "red_black" else "gs"
    result = bcd.solve(f, partition, selection, tol=1e-11, **options)
    assert result.converged
    assert result.x == pytest.approx(sp.linalg.spsolve(f.H, f.c), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_passes_that_do_not_move_are_no_harm(engine):
    """Singular H, variables that do not matter, and a start at the solution."""
    f = bcd.Quadratic(np.diag([1.0, 0.0, 4.0, 0.0]), [1.0, 0.0, 2.0, 0.0])
    for x0 in (None, [1.0, 5.0, 0.5, -1.0]):
        result = bcd.solve(f, "order", "cyclic", block_size=1, anderson=2, x0=x0, engine=engine)
        assert result.converged and result.x[[0, 2]] == pytest.approx([1.0, 0.5])
    with np.errstate(divide="raise", invalid="raise"):
        *_, last = bcd.steps(
            f, "order", "cyclic", anderson=1, max_iter=40, tol=1e-300, engine=engine
        )
    assert np.isfinite(last.objective)


def test_other_problems_need_passes_that_are_one_map():
    f = alike()
    for F in (bcd.Composite(f, l1=1.0), bcd.Logistic(np.eye(3), np.ones(3))):
        with pytest.raises(
            ValueError, match='anderson=5 needs selection="cyclic" where F is no qu'
        ):
            bcd.solve(F, anderson=5)
