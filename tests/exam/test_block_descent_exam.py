"""Every registered block selection and block update minimises quadratics as its twin does."""

import numpy as np
import pytest
import scipy.sparse as sp

from optlite import bcd
from optlite._params import default, records

SELECTIONS = records("block_selections")
UPDATES = records("block_updates")


def variants(record):
    """Each word of each hyper-parameter that is a choice."""
    yield {}
    for field in record["fields"]:
        for word in field["words"]:
            if word != default(field):
                yield {field["name"]: word}


def partitions(record):
    """The partition that every selection takes, and no partition where that is allowed."""
    return ["sort"] if record["needs_partition"] else ["sort", "variable"]


WAYS = [
    pytest.param(
        partition, s, u, {**a, **b}, id="-".join([partition, s, u, *a.values(), *b.values()])
    )
    for s in SELECTIONS
    for u in UPDATES
    for partition in partitions(SELECTIONS[s])
    for a in variants(SELECTIONS[s])
    for b in variants(UPDATES[u])
]


def problem(seed=0, n=23):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3 * n, n)) * rng.uniform(0.5, 2.0, n)
    return A, rng.normal(size=3 * n)


@pytest.mark.parametrize(("partition", "selection", "update", "fields"), WAYS)
def test_core_and_twin_take_the_same_path(partition, selection, update, fields):
    f = bcd.LeastSquares(*problem(), alpha=0.1)
    options = {"max_iter": 40, "tol": 1e-13, "random_state": 3, **fields}
    runs = [
        list(bcd.steps(f, partition, selection, update, 4, engine=engine, **options))
        for engine in ("core", "numpy")
    ]
    assert len(runs[0]) == len(runs[1]) == 41
    for one, other in zip(*runs, strict=True):
        assert one.block.tolist() == other.block.tolist()
        assert one.x == pytest.approx(other.x, rel=1e-12, abs=1e-12)
        assert one.score == pytest.approx(other.score, rel=1e-9, abs=1e-12)
        assert one.objective == pytest.approx(other.objective, rel=1e-12)
        assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(("partition", "selection", "update", "fields"), WAYS)
def test_it_reaches_the_least_squares_solution(partition, selection, update, fields):
    A, b = problem(1)
    result = bcd.solve(
        bcd.LeastSquares(A, b), partition, selection, update, 4, tol=1e-11, random_state=0, **fields
    )
    assert result.converged
    assert result.x == pytest.approx(np.linalg.lstsq(A, b, rcond=None)[0], rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(("partition", "selection", "update", "fields"), WAYS)
def test_no_step_raises_the_objective_and_records_are_true(partition, selection, update, fields):
    A, b = problem(2)
    f = bcd.LeastSquares(A, b, alpha=0.5)
    optimum = f.value(np.linalg.solve(f.H, f.c))
    run = list(bcd.steps(f, partition, selection, update, 4, max_iter=30, random_state=1, **fields))
    values = np.array([record.objective for record in run])
    assert (np.diff(values) <= 1e-12 * values[0]).all()
    for record in run:
        x = record.x
        direct = 0.5 * np.sum((A @ x - b) ** 2) + 0.25 * x @ x
        assert record.objective == pytest.approx(direct, rel=1e-12)
        assert record.gradient_norm == pytest.approx(np.linalg.norm(f.gradient(x)), rel=1e-9)
        assert record.objective - optimum <= record.certificate * (1 + 1e-9)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_sparse_and_dense_take_the_same_path(selection):
    rng = np.random.default_rng(4)
    A = sp.random_array((60, 30), density=0.15, rng=rng, format="coo")
    A = sp.vstack([A, A[:5]])
    b = rng.normal(size=65)
    runs = [
        bcd.solve(bcd.LeastSquares(M, b, 0.1), "sort", selection, max_iter=5000, random_state=0)
        for M in (A.toarray(), A.tocsr(), A.tocsc())
    ]
    for run in runs[1:]:
        assert run.x == pytest.approx(runs[0].x, rel=1e-9, abs=1e-11)
        assert run.n_iter == runs[0].n_iter
