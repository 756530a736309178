"""Histogram trees against scikit-learn's exact trees, exhaustive search, and their NumPy twin."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.tree import DecisionTreeRegressor

from optlite._core import core
from optlite.reference import trees as twin


def grow(codes, bins, targets, weight=None, factors=None, monotonic=None, rows=None, **limits):
    """Grow one tree of the core; its arrays and the fitted values (n_outputs, n_rows)."""
    chosen = {"max_depth": 3, "max_leaf_nodes": None, "min_leaf_weight": 1.0, "l2": 0.0, **limits}
    options = core.TreeOptions(
        *(-1 if chosen[name] is None else chosen[name] for name in ("max_depth", "max_leaf_nodes")),
        chosen["min_leaf_weight"],
        chosen["l2"],
    )
    targets = np.atleast_2d(np.asarray(targets, dtype=float))
    rows = np.arange(codes.shape[1]) if rows is None else rows
    features = np.arange(codes.shape[0])
    return core.grow_tree(codes, bins, targets, weight, factors, options, monotonic, rows, features)


def binned(X, weight=None, categorical=None, max_bins=255):
    """Return the bins of X and its codes."""
    categorical = np.zeros(X.shape[1], np.uint8) if categorical is None else categorical
    bins = core.Bins(*core.find_bins(X, weight, categorical, max_bins))
    return bins, core.encode(X, bins)


def forest_of(tree, outputs=1):
    """A forest of one tree."""
    n = len(tree["feature"])
    arrays = {**tree, "starts": np.array([0, n]), "target": np.zeros(1, np.int32)}
    return arrays, core.Forest(arrays, outputs, outputs)


def case(seed):
    """A random problem: ties, missing values, categories, weights, several outputs."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 200))
    X = rng.normal(size=(n, 4))
    X[:, 1] = np.round(2 * X[:, 1])
    X[:, 2] = rng.integers(0, 12, n)
    if seed % 2:
        X[rng.random(X.shape) < 0.1] = np.nan
    weight = None if seed % 3 else rng.integers(0, 4, n).astype(float)
    outputs = 1 + seed % 3
    return {
        "X": X,
        "weight": weight,
        "targets": rng.normal(size=(outputs, n)),
        "factors": rng.random(outputs) + 0.5,
        "categorical": np.array([0, 0, 1, 0], np.uint8),
        "max_bins": (255, 16)[seed % 2],
        "monotonic": None if seed % 5 else np.array([1, -1, 0, 0], np.int8),
        "limits": {
            "max_depth": (3, 5, None)[seed % 3],
            "max_leaf_nodes": (None, 6)[seed // 3 % 2],
            "min_leaf_weight": (1.0, 4.0)[seed // 2 % 2],
            "l2": (0.0, 1.0)[seed // 7 % 2],
        },
    }


@pytest.mark.parametrize("seed", range(60))
def test_core_and_twin_grow_the_same_tree(seed):
    c = case(seed)
    X, weight = c["X"], c["weight"]
    bins, codes = binned(X, weight, c["categorical"], c["max_bins"])
    features = [
        twin.find_bins(X[:, j], weight, c["max_bins"], bool(c["categorical"][j])) for j in range(4)
    ]
    assert np.array_equal(codes, [f.encode(X[:, j]) for j, f in enumerate(features)])
    tree, fitted = grow(
        codes, bins, c["targets"], weight, c["factors"], c["monotonic"], **c["limits"]
    )
    slow = twin.Tree(features, monotonic=c["monotonic"], **c["limits"])
    slow.fit(codes.T, c["targets"].T, weight, c["factors"])
    splits = [node.split for node in slow.nodes]
    assert [s.feature if s else -1 for s in splits] == list(tree["feature"])
    assert [node.left for node in slow.nodes] == list(tree["left"])
    np.testing.assert_allclose([s.gain if s else 0 for s in splits], tree["gain"], atol=1e-9)
    np.testing.assert_allclose(slow.predict(codes.T).T, fitted, atol=1e-12)
    # Prediction, too, which walks down another form of the same tree.
    arrays, forest = forest_of(tree, len(fitted))
    raw = np.zeros_like(fitted)
    forest.add(bins, codes, 0, 1, raw)
    assert np.array_equal(raw, fitted)
    leaves = forest.apply(bins, codes)[:, 0]
    assert np.array_equal(arrays["value"].reshape(-1, len(fitted))[leaves].T, fitted)


@pytest.mark.parametrize("depth", [1, 3, 6])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_exact_tree_of_scikit_learn_is_the_same(depth, weighted):
    rng = np.random.default_rng(depth)
    X = rng.normal(size=(800, 5)).round(1)  # fewer than 255 distinct values
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=800)
    weight = rng.integers(1, 4, 800).astype(float) if weighted else None
    bins, codes = binned(X, weight)
    _, fitted = grow(codes, bins, y, weight, max_depth=depth, min_leaf_weight=1.0)
    exact = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(X, y, sample_weight=weight)
    loss = np.average((y - fitted[0]) ** 2, weights=weight)
    exact_loss = np.average((y - exact.predict(X)) ** 2, weights=weight)
    assert loss == pytest.approx(exact_loss, rel=1e-10)
    np.testing.assert_allclose(fitted[0], exact.predict(X), atol=1e-10)


def test_the_best_of_all_partitions_of_a_category_is_found():
    rng = np.random.default_rng(0)
    for _ in range(20):
        level = rng.integers(0, 7, 60).astype(float)
        y = rng.normal(size=60) + rng.normal(size=7)[level.astype(int)]
        bins, codes = binned(level[:, None], categorical=np.ones(1, np.uint8))
        _, fitted = grow(codes, bins, y, max_depth=1)
        losses = []
        for size in range(1, 7):
            for left in itertools.combinations(range(7), size):
                side = np.isin(level, left)
                if side.any() and not side.all():
                    losses.append(y[side].var() * side.sum() + y[~side].var() * (~side).sum())
        assert ((y - fitted[0]) ** 2).sum() == pytest.approx(min(losses), rel=1e-10)


def test_missing_values_go_where_the_error_is_smaller():
    x = np.array([1.0, 2.0, 3.0, 4.0, np.nan, np.nan])
    for y, left in (([0, 0, 5, 5, 0, 0], True), ([0, 0, 5, 5, 5, 5], False)):
        bins, codes = binned(x[:, None])
        tree, fitted = grow(codes, bins, y, max_depth=1)
        assert bool(tree["missing_left"][0]) is left
        np.testing.assert_allclose(fitted[0], y, atol=1e-15)
    bins, codes = binned(x[:, None])  # missing or not may be all that matters
    np.testing.assert_allclose(grow(codes, bins, [1, 1, 1, 1, 7, 7])[1][0], [1, 1, 1, 1, 7, 7])


def test_unseen_levels_follow_the_heavier_side():
    level = np.array([0.0, 0, 0, 1, 1, 2])
    bins, codes = binned(level[:, None], categorical=np.ones(1, np.uint8))
    tree, _ = grow(codes, bins, [1.0, 1, 1, 1, 1, 9], max_depth=1)
    _, forest = forest_of(tree)
    raw = np.zeros((1, 3))
    forest.add(bins, core.encode(np.array([[7.0], [np.nan], [2.0]]), bins), 0, 1, raw)
    np.testing.assert_allclose(raw[0], [1, 1, 9])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_monotone_feature_is_obeyed(sign):
    rng = np.random.default_rng(1)
    X = rng.uniform(size=(500, 3))
    y = np.sin(12 * X[:, 0]) + 3 * X[:, 1] + 0.3 * rng.normal(size=500)
    bins, codes = binned(X)
    signs = np.array([sign, 0, 0], np.int8)
    tree, _ = grow(codes, bins, y, monotonic=signs, max_depth=7, min_leaf_weight=3.0)
    _, forest = forest_of(tree)
    assert (tree["feature"] == 0).any()
    for rest in rng.uniform(size=(50, 2)):
        line = np.column_stack([np.linspace(0, 1, 300), np.tile(rest, (300, 1))])
        raw = np.zeros((1, 300))
        forest.add(bins, core.encode(line, bins), 0, 1, raw)
        assert (sign * np.diff(raw[0]) >= 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_a_weight_is_a_number_of_rows(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 6)), rng.normal(size=60)
    weight = rng.integers(0, 5, 60)
    bins, codes = binned(X, weight.astype(float), max_bins=16)
    again, repeated = binned(X.repeat(weight, axis=0), max_bins=16)
    limits = {"max_depth": None, "min_leaf_weight": 2.0}
    tree, _ = grow(codes, bins, y, weight.astype(float), **limits)
    other, _ = grow(repeated, again, y.repeat(weight), **limits)
    for name in ("feature", "left", "code", "weight"):
        assert np.array_equal(tree[name], other[name])
    np.testing.assert_allclose(tree["value"], other["value"], atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_change_no_bit(n_threads, weighted):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(150000, 7))  # three chunks of rows
    targets = rng.normal(size=(2, 150000)) + X[:, 0] ** 2
    weight = rng.random(150000) if weighted else None
    bins, codes = binned(X)
    tree, fitted = grow(codes, bins, targets, weight, max_depth=6)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="openmp"):
        serial_bins, serial_codes = binned(X)
        serial, serial_fitted = grow(serial_codes, serial_bins, targets, weight, max_depth=6)
    assert np.array_equal(codes, serial_codes)
    assert np.array_equal(fitted, serial_fitted)
    assert all(np.array_equal(tree[name], serial[name]) for name in tree)


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda X: X[::-1][::-1], lambda X: np.repeat(X, 2, 1)[:, ::2]],
    ids=["columns", "reversed", "strided"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_layout_is_read_in_place(layout, dtype):
    X = np.random.default_rng(0).normal(size=(500, 3)).astype(dtype)
    view = layout(X)
    view.flags.writeable = False
    _, codes = binned(X)
    assert np.array_equal(binned(view)[1], codes)
    assert np.array_equal(binned(X.astype(np.float64))[1], codes)


def test_sparse_columns_have_the_bins_of_dense_ones():
    dense = sp.random(300, 5, density=0.2, random_state=0).toarray() - 0.2
    dense[dense == -0.2] = 0.0
    X = sp.csc_array(dense)
    parts = X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64), 300
    bins = core.find_bins_of_columns(*parts, None, np.zeros(5, np.uint8), 20)
    expected = core.find_bins(dense, None, np.zeros(5, np.uint8), 20)
    for mine, theirs in zip(bins, expected, strict=True):
        assert np.array_equal(mine, theirs)
    codes = core.encode_columns(*parts, core.Bins(*bins))
    assert np.array_equal(codes, core.encode(dense, core.Bins(*bins)))


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_forest_adds_the_leaves_that_its_trees_lead_to(outputs):
    # Shallow and small trees compare all rows with all nodes, the leaves are found by walking.
    rng = np.random.default_rng(outputs)
    X = rng.normal(size=(1100, 3))
    X[:, 2] = rng.integers(0, 30, 1100)
    X[rng.random(X.shape) < 0.05] = np.nan
    bins, codes = binned(X, categorical=np.array([0, 0, 1], np.uint8))
    parts = []
    for t in range(19):  # two bundles of small trees with large ones between them
        targets = rng.normal(size=(outputs, 1100)) + np.nan_to_num(X[:, 0] * X[:, 2])
        tree, _ = grow(codes, bins, targets, max_depth=12 if t in (3, 12) else 1 + t % 5)
        parts.append(tree)
    arrays = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    sets = np.cumsum([0] + [len(p["level_sets"]) // 4 for p in parts[:-1]])
    moved = [
        np.where(p["level_set"] < 0, -1, p["level_set"] + s)
        for p, s in zip(parts, sets, strict=True)
    ]
    arrays["level_set"] = np.concatenate(moved).astype(np.int32)
    arrays["starts"] = np.cumsum([0] + [len(p["feature"]) for p in parts])
    parameters = outputs if outputs > 1 else 2
    target = np.zeros(19, np.int32) if outputs > 1 else np.arange(19, dtype=np.int32) % 2
    forest = core.Forest({**arrays, "target": target}, outputs, parameters)
    raw, expected = np.zeros((parameters, 1100)), np.zeros((parameters, 1100))
    forest.add(bins, codes, 0, 19, raw)
    for rows in (1, 31, 33, 512, 600):  # the first of them alone have the same sums
        few = np.zeros((parameters, rows))
        forest.add(bins, np.ascontiguousarray(codes[:, :rows]), 0, 19, few)
        assert np.array_equal(few, raw[:, :rows])
    leaves = forest.apply(bins, codes)
    for t, tree in enumerate(parts):
        columns = slice(target[t], target[t] + outputs)
        expected[columns] += tree["value"].reshape(-1, outputs)[leaves[:, t]].T
    assert max(len(p["feature"]) for p in parts) > 127
    assert np.array_equal(raw, expected)


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_sums_of_whole_numbers_are_as_good_as_those_of_doubles(outputs):
    # Without weights targets are summed as whole numbers, here of 32 bits; with weights as doubles.
    rng = np.random.default_rng(outputs)
    X = rng.normal(size=(20000, 11))
    X[rng.random(X.shape) < 0.02] = np.nan
    targets = rng.standard_t(3, size=(outputs, 20000))
    targets += np.nan_to_num(X[:, :outputs].T) ** 3
    bins, codes = binned(X)
    tree, fitted = grow(codes, bins, targets, max_depth=5)
    other, other_fitted = grow(codes, bins, targets, np.ones(20000), max_depth=5)
    for name in ("feature", "left", "code", "missing_left", "weight"):
        assert np.array_equal(tree[name], other[name])
    half_a_unit = np.abs(targets).max() * 2.0**-32
    np.testing.assert_allclose(fitted, other_fitted, rtol=0, atol=half_a_unit)
    np.testing.assert_allclose(tree["gain"], other["gain"], rtol=1e-8)


@pytest.mark.parametrize("chosen", [[3], [0, 2, 9, 10, 17], list(range(1, 19))])
def test_a_share_of_the_features_is_as_if_there_were_no_others(chosen):
    rng = np.random.default_rng(len(chosen))
    X = rng.normal(size=(3000, 19))
    y = X[:, chosen[0]] * X[:, chosen[-1]] + X[:, 5] + rng.normal(size=3000)
    bins, codes = binned(X)
    options = core.TreeOptions(4, -1, 5.0, 0.0)
    rows = np.arange(3000)
    tree, fitted = core.grow_tree(codes, bins, y[None], None, None, options, None, rows, chosen)
    few_bins, few_codes = binned(X[:, chosen])
    few, few_fitted = grow(few_codes, few_bins, y, max_depth=4, min_leaf_weight=5.0)
    assert np.array_equal(fitted, few_fitted)
    inner = few["feature"] >= 0
    assert np.array_equal(tree["feature"][inner], np.array(chosen)[few["feature"][inner]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_target_that_is_no_number_spoils_the_leaf_it_is_in(wrong):
    bins, codes = binned(np.random.default_rng(0).normal(size=(50, 2)))
    y = np.arange(50.0)
    y[7] = wrong
    tree, fitted = grow(codes, bins, y)
    assert list(tree["feature"]) == [-1] and not np.isfinite(fitted).any()


def test_rows_left_out_are_predicted():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(100, 2)), rng.normal(size=100)
    bins, codes = binned(X)
    chosen = np.arange(0, 100, 3)
    tree, fitted = grow(codes, bins, y, rows=chosen)
    _, forest = forest_of(tree)
    raw = np.zeros((1, 100))
    forest.add(bins, codes, 0, 1, raw)
    assert np.array_equal(raw, fitted)
    assert tree["weight"][0] == len(chosen)


def test_a_constant_target_is_one_leaf():
    bins, codes = binned(np.random.default_rng(0).normal(size=(50, 2)))
    tree, fitted = grow(codes, bins, np.full(50, 0.1))
    assert list(tree["feature"]) == [-1]
    np.testing.assert_allclose(fitted, 0.1, rtol=1e-14)


def test_many_values_share_bins_of_equal_weight():
    X = np.random.default_rng(0).normal(size=(5000, 1))
    _, values, _ = core.find_bins(X, None, np.zeros(1, np.uint8), 10)
    assert len(values) == 9
    counts = np.histogram(X, np.concatenate([[-np.inf], values, [np.inf]]))[0]
    assert abs(counts - 500).max() <= 1
    with pytest.raises(ValueError, match="max_bins"):
        core.find_bins(X, None, np.zeros(1, np.uint8), 256)
    with pytest.raises(ValueError, match="has 5000 categories; at most 254 fit"):
        core.find_bins(X, None, np.ones(1, np.uint8), 255)


def damaged_forests():
    """Arrays of a forest with one thing wrong each."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=200), rng.integers(0, 9, 200)])
    bins, codes = binned(X, categorical=np.array([0, 1], np.uint8))
    tree, _ = grow(codes, bins, X[:, 0] * (X[:, 1] % 3 - 1))
    arrays, _ = forest_of(tree)
    assert (tree["level_set"] >= 0).any()
    split = int(np.argmax(tree["feature"] >= 0))

    def changed(name, place, value):
        copy = arrays[name].copy()
        copy[place] = value
        return {**arrays, name: copy}

    yield "feature", changed("feature", split, 2)
    yield "feature", changed("feature", split, -7)
    yield "child", changed("left", split, 0)  # a circle
    yield "child", changed("left", split, 10**6)
    yield "child", changed("left", split, -(2**31))
    yield "set of levels", changed("level_set", split, 99)
    yield "target", changed("target", 0, 5)
    yield "starts", changed("starts", 0, -1)
    yield "starts", changed("starts", 1, 10**12)
    for name in arrays:
        if name not in ("gain", "weight"):
            yield "", {**arrays, name: arrays[name][:-1]}
            yield "another type", {**arrays, name: arrays[name].astype(np.float32)}
            yield "missing", {key: value for key, value in arrays.items() if key != name}


def test_damaged_trees_are_refused():
    bins = core.Bins(np.array([0, 50, 59]), np.arange(59.0), np.array([0, 1], np.uint8))
    codes = np.zeros((2, 20), np.uint8)
    count = 0
    for words, arrays in damaged_forests():
        with pytest.raises(ValueError, match=f"are damaged: .*{words}"):
            core.Forest(arrays, 1, 1).add(bins, codes, 0, 1, np.zeros((1, 20)))
        count += 1
    assert count > 30


def test_random_bytes_are_no_forest_or_a_harmless_one():
    rng = np.random.default_rng(0)
    bins = core.Bins(np.array([0, 3, 6]), np.arange(6.0), np.zeros(2, np.uint8))
    codes = rng.integers(0, 5, (2, 50)).astype(np.uint8)
    refused = 0
    for _ in range(2000):
        n = int(rng.integers(1, 6))
        arrays = {
            "starts": np.array([0, n]),
            "target": np.zeros(1, np.int32),
            "feature": rng.integers(-2, 3, n).astype(np.int32),
            "left": rng.integers(-1, 7, n).astype(np.int32),
            "level_set": rng.integers(-1, 2, n).astype(np.int32),
            "code": rng.integers(0, 256, n).astype(np.uint8),
            "missing_left": rng.integers(0, 256, n).astype(np.uint8),
            "value": np.ones(n),
            "level_sets": rng.integers(0, 2**63, 4).astype(np.uint64),
        }
        raw = np.zeros((1, 50))
        try:
            core.Forest(arrays, 1, 1).add(bins, codes, 0, 1, raw)
            assert (raw == 1).all()
        except ValueError:
            refused += 1
    assert 500 < refused < 2000


def test_damaged_bins_are_refused():
    good = np.array([0, 2]), np.array([0.0, 1.0]), np.zeros(1, np.uint8)
    core.Bins(*good)
    for starts, values, categorical in (
        (np.array([0, 3]), good[1], good[2]),
        (np.array([1, 2]), good[1], good[2]),
        (np.array([0, 2, 2]), good[1], good[2]),
        (good[0], np.array([1.0, 0.0]), good[2]),
        (good[0], np.array([0.0, np.nan]), good[2]),
        (np.array([0, 300]), np.arange(300.0), good[2]),
        (np.array([0, 255]), np.arange(255.0), np.ones(1, np.uint8)),
        (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint8)),
    ):
        with pytest.raises(ValueError, match="bins of this model are damaged"):
            core.Bins(starts, values, categorical)
    with pytest.raises(ValueError, match="codes are out of range"):
        grow(np.full((1, 5), 9, np.uint8), core.Bins(*good), np.zeros(5))
