"""Block coordinate descent along forests: blocks, their systems, and scores kept in a tree."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from optlite import bcd, datasets

TREES = {
    "greedy": ("forest", "gsd"),
    "random": ("forest", "random"),
    "red_black": ("red_black", "gs"),
    "trees": ("trees", "gs"),
}


@pytest.fixture(scope="module")
def lattice():
    return bcd.LabelPropagation(*datasets.lattice_labels(20, 30, random_state=0))


def n_edges(H):
    return (H.nnz - np.count_nonzero(H.diagonal())) // 2


def is_forest(H):
    """A graph has no cycle if every edge joins two parts."""
    parts, _ = connected_components(H, directed=False)
    return n_edges(H) == H.shape[0] - parts


@pytest.mark.parametrize("name", TREES)
def test_blocks_have_no_cycle_and_are_solved_exactly(lattice, name):
    partition, selection = TREES[name]
    choices = (partition, selection, "message_passing", None)
    for record in list(bcd.steps(lattice, *choices, max_iter=12, random_state=0))[1:]:
        H = lattice.H[record.block][:, record.block]
        assert is_forest(H)
        g = lattice.gradient(record.x)
        assert np.abs(g[record.block]).max() <= 1e-9 * np.abs(lattice.c).max()


@pytest.mark.parametrize("name", ["greedy", "random"])
def test_a_forest_is_as_large_as_it_can_be(lattice, name):
    """Any further node would close a cycle; on a lattice that is about two thirds of the nodes."""
    partition, selection = TREES[name]
    *_, record = bcd.steps(lattice, partition, selection, block_size=None, max_iter=1)
    assert 0.5 * lattice.dim < len(record.block) < 0.75 * lattice.dim
    for node in np.setdiff1d(np.arange(lattice.dim), record.block)[::7]:
        more = np.append(record.block, node)
        assert not is_forest(lattice.H[more][:, more])


def test_greedy_trees_take_the_largest_scores_first(lattice):
    *_, record = bcd.steps(lattice, "forest", "gs", block_size=5, max_iter=1)
    assert record.block.tolist() == sorted(np.argsort(-(lattice.c**2), kind="stable")[:5].tolist())


def test_red_black_is_two_colours_of_a_lattice_and_few_trees_cover_it(lattice):
    colours = bcd.partition(lattice, "red_black")
    assert len(colours) == 2
    assert all(n_edges(lattice.H[b][:, b]) == 0 for b in colours)
    trees = bcd.partition(lattice, "trees")
    assert len(trees) == 2 and all(is_forest(lattice.H[b][:, b]) for b in trees)
    for blocks in (colours, trees):
        assert sorted(np.concatenate(blocks).tolist()) == list(range(lattice.dim))


def test_red_black_needs_more_colours_where_there_is_an_odd_cycle():
    triangle = np.ones((4, 4)) - np.eye(4)
    triangle[3, :] = triangle[:, 3] = 0.0
    triangle[3, 0] = triangle[0, 3] = 1.0
    f = bcd.Quadratic(sp.csc_array(triangle + 4.0 * np.eye(4)), np.ones(4))
    assert len(bcd.partition(f, "red_black")) == 3


@pytest.mark.parametrize("name", TREES)
def test_messages_give_what_sparse_cholesky_gives(lattice, name):
    """The two eliminate in different orders and share no code."""
    partition, selection = TREES[name]
    options = {"block_size": None, "max_iter": 1, "random_state": 1}
    x = np.zeros(lattice.dim)
    for _ in range(12):
        one, other = (
            list(bcd.steps(lattice, partition, selection, update, x0=x, **options))[-1]
            for update in ("message_passing", "sparse_cholesky")
        )
        assert one.block.tolist() == other.block.tolist()
        assert np.abs(one.x - other.x).max() <= 1e-12 * np.abs(other.x).max()
        x = one.x


def test_sparse_cholesky_takes_blocks_with_cycles(lattice):
    every = [np.arange(lattice.dim)]
    result = bcd.solve(lattice, every, "cyclic", "sparse_cholesky")
    assert result.n_iter == 1
    assert result.x == pytest.approx(sp.linalg.spsolve(lattice.H, lattice.c), rel=1e-9)
    with pytest.raises(ValueError, match=r"message_passing.* no cycle.*partition=\"forest\""):
        bcd.solve(lattice, every, "cyclic", "message_passing")


@pytest.mark.parametrize(
    ("update", "engine"),
    [("message_passing", "core"), ("message_passing", "numpy"), ("sparse_cholesky", "core")],
)
def test_singular_trees_are_refused_in_words(update, engine):
    path = sp.csc_array(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    with pytest.raises(ValueError, match="positive definite on a block"):
        bcd.solve(bcd.Quadratic(path, [1.0, -1.0]), "forest", "gs", update, engine=engine)


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_stored_zeros_and_rounding_on_one_side_are_no_edges(engine):
    """They were edges in one direction: trees had cycles, and messages ran in circles."""
    H, c = np.diag([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])
    zeros = sp.csc_array(
        (np.array([1.0, 0.0, 0.0, 2.0, 0.0, 4.0]), [0, 1, 2, 1, 2, 2], [0, 3, 5, 6]), shape=(3, 3)
    )
    rounding = sp.csc_array(H + 1e-14 * np.eye(3, k=1) + 1e-14 * np.eye(3, k=-2))
    for matrix, nnz in ((zeros, 3), (rounding, 9)):
        f = bcd.Quadratic(matrix, c)
        assert f.H.nnz == nnz and (f.H != f.H.T).nnz == 0
        for partition in ("forest", "trees"):
            result = bcd.solve(f, partition, "gs", block_size=None, engine=engine)
            assert result.converged and result.x == pytest.approx(c / H.diagonal(), rel=1e-12)
    assert zeros.nnz == 6  # the caller's keeps them


@pytest.mark.parametrize(
    "choices", [("variable", "gs", 1), ("variable", "gsd", 4), ("order", "gs", 3)]
)
def test_scores_kept_in_a_tree_choose_the_same_blocks(choices):
    """A dense H computes all scores anew in each iteration."""
    partition, selection, size = choices
    W, *labels = datasets.lattice_labels(15, 20, random_state=3)
    W.data = np.random.default_rng(0).uniform(1.0, 2.0, W.nnz)  # no ties
    f = bcd.LabelPropagation(W + W.T, *labels)
    dense = bcd.Quadratic(f.H.toarray(), f.c, f.constant)
    runs = [
        list(bcd.steps(F, partition, selection, "matrix", size, max_iter=150, tol=1e-12))
        for F in (f, dense)
    ]
    assert len(runs[0]) == 151
    for one, other in zip(*runs, strict=True):
        assert one.block.tolist() == other.block.tolist()
        assert one.x == pytest.approx(other.x, rel=1e-10, abs=1e-12)


def test_a_watched_run_ends_where_an_unwatched_one_does():
    f = bcd.LabelPropagation(*datasets.lattice_labels(15, 20, weight=1.0, random_state=3))
    results = [bcd.solve(f, selection="gs", block_size=1, tol=1e-6, trace=t) for t in (False, True)]
    assert results[0].n_iter == results[1].n_iter > f.dim
    assert np.array_equal(results[0].x, results[1].x)
    assert results[0].gradient_norm <= 1e-6 * np.linalg.norm(f.c)


def test_label_propagation_is_the_energy_of_its_edges():
    rng = np.random.default_rng(0)
    W = np.triu(rng.uniform(size=(7, 7)) * (rng.uniform(size=(7, 7)) < 0.7), 1)
    W = W + W.T
    f = bcd.LabelPropagation(W + np.eye(7), [1, 4, 5], [2.0, -1.0, 3.0])
    assert f.free.tolist() == [0, 2, 3, 6]
    x = rng.normal(size=7)
    x[[1, 4, 5]] = [2.0, -1.0, 3.0]
    energy = 0.25 * np.sum(W * (x[:, None] - x) ** 2)
    assert f.value(x[f.free]) == pytest.approx(energy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.0, 1.0]], [0], [1.0]), "weights must be square"),
        (([[0.0, -1.0], [-1.0, 0.0]], [0], [1.0]), "weights must be >= 0, got -1"),
        (([[0.0, 1.0], [0.5, 0.0]], [0], [1.0]), "weights must be symmetric"),
        ((np.ones((2, 2)), [2], [1.0]), r"labelled must list nodes in \[0, 2\)"),
        ((np.ones((2, 2)), [0, 0], [1.0, 1.0]), "labelled must name nodes once"),
        ((np.ones((2, 2)), [0], [1.0, 2.0]), r"labels must have shape \(1,\)"),
    ],
)
def test_graphs_that_are_none_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bcd.LabelPropagation(*arguments)
