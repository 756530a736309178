"""Input of all kinds, by every way into transport: refused in words, or the same as clean input."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from optlite import ot

MATRIX = {"a": [0.5, 0.5], "b": [0.25, 0.75], "M": [[0.0, 1.0], [1.0, 0.5]], "reg": 0.1}
POINTS = {"a": [0.5, 0.5], "b": [0.25, 0.75], "X": [[0.0], [1.0]], "Y": [[0.5], [2.0]], "reg": 0.1}


def all_steps(*args, **options):
    return list(ot.steps(*args, **options))


#: Functions of masses, costs or points, and a regularization; with what else they need.
OF_COSTS = {
    "solve": (ot.solve, {}),
    "sinkhorn": (ot.sinkhorn, {}),
    "sinkhorn_newton": (ot.sinkhorn_newton, {}),
    "sinkhorn_newton_sparse": (ot.sinkhorn_newton_sparse, {}),
    "steps": (all_steps, {}),
    "solve_batch": (ot.solve_batch, {}),
    "solve_unbalanced": (ot.solve_unbalanced, {"reg_m": 1.0}),
    "sinkhorn_unbalanced": (ot.sinkhorn_unbalanced, {"reg_m": 1.0}),
    "solve_partial": (ot.solve_partial, {"mass": 0.5}),
}
OF_POINTS = {
    "solve_points": (ot.solve_points, {}),
    "sinkhorn_divergence": (ot.sinkhorn_divergence, {}),
    "solve_unbalanced_points": (ot.solve_unbalanced_points, {"reg_m": 1.0}),
    "solve_partial_points": (ot.solve_partial_points, {"mass": 0.5}),
}
MASSES = [
    ([0.5, -0.5], ValueError, r"{} must be finite and >= 0, got {}\[1\] = -0.5"),
    ([np.nan, 1.0], ValueError, r"{} must be finite and >= 0, got {}\[0\] = nan"),
    ([0.5, np.inf], ValueError, r"{} must be finite and >= 0, got {}\[1\] = inf"),
    ([1e308, 1e308], ValueError, "{} must have a finite sum"),
    ([0.0, 0.0], ValueError, "equal sums, got|{} must have a positive sum"),
    ([1.0], ValueError, r"{} must have shape \(2,\) to fit the costs, got \(1,\)"),
    ([[[0.5, 0.5]]], ValueError, r"{} must have (shape \(2,\)|two dimensions)"),
    (["x", "y"], TypeError, "{} must hold real numbers"),
    ([0.5 + 0j, 0.5], TypeError, "{} must hold real numbers"),
    ([[0.5], [0.5, 1.0]], ValueError, "{} must be an array, got rows of different lengths"),
]
COSTS = [
    ([[0.0, np.nan], [1.0, 0.0]], ValueError, r"M must not hold NaN, got M\[0, 1\]"),
    ([[0.0, 1.0], [-np.inf, 0.0]], ValueError, r"got M\[1, 0\] = -inf"),
    ([[0.0, 1.0], [np.inf, np.inf]], ValueError, "row 1 has none: its mass has nowhere to go"),
    ([[1.0, np.inf], [0.0, np.inf]], ValueError, "column 1 has none"),
    (np.full((2, 2), np.inf), ValueError, "row 0 has none"),
    ([0.0, 1.0], ValueError, "M must have (two|three) dimensions"),
    (np.zeros((2, 0)), ValueError, "M must have (two|three) dimensions"),
    (np.zeros((0, 2)), ValueError, "M must have (two|three) dimensions"),
    (np.zeros((3, 2)), ValueError, r"a must have shape \(3,\)"),
    ([["x", "y"], ["z", "w"]], TypeError, "M must hold real numbers"),
    ([[1j, 0.0], [0.0, 0.0]], TypeError, "M must hold real numbers"),
    ([[0.0, 1.0], [1.0]], ValueError, "M must be an array, got rows of different lengths"),
    (scipy.sparse.eye_array(2).tocsr(), TypeError, "M must hold real numbers"),
]
POSITIONS = [
    ([[0.0], [np.nan]], ValueError, r"{} must be finite, got {}\[1, 0\] = nan"),
    ([[np.inf], [0.0]], ValueError, r"{} must be finite, got {}\[0, 0\] = inf"),
    ([0.0, 1.0], ValueError, r"{} must have two dimensions, points by coordinates, got shape"),
    (np.zeros((0, 1)), ValueError, r"{} must have two dimensions, .* got shape \(0, 1\)"),
    (np.zeros((2, 0)), ValueError, r"{} must have two dimensions, .* got shape \(2, 0\)"),
    ([["x"], ["y"]], TypeError, "{} must hold real numbers"),
    ([[1j], [0.0]], TypeError, "{} must hold real numbers"),
    ([[0.0], [1.0, 2.0]], ValueError, "{} must be an array, got rows of different lengths"),
    ([[0.0, 1.0], [1.0, 0.0]], ValueError, "must have the same number of columns"),
    ([[0.0], [1e300]], ValueError, "costs do not overflow"),
]
REGULARIZATIONS = [
    (-0.1, ValueError, "reg must be > 0"),
    (np.nan, ValueError, "reg must be > 0"),
    (np.inf, ValueError, "reg must be > 0"),
    ("0.1", TypeError, "reg must (be a number|hold real numbers)"),
    (None, TypeError, "reg must (be a number|hold real numbers)"),
    (0.1j, TypeError, "reg must (be a number|hold real numbers)"),
]


def cases():
    """Every function, every argument that it has, every bad value of it."""
    for functions, good in ((OF_COSTS, MATRIX), (OF_POINTS, POINTS)):
        tables = {"a": MASSES, "b": MASSES, "M": COSTS, "X": POSITIONS, "Y": POSITIONS}
        for function in functions:
            for name in good:
                for row, bad in enumerate(tables.get(name, REGULARIZATIONS)):
                    yield pytest.param(function, name, *bad, id=f"{function}-{name}-{row}")


@pytest.mark.parametrize("function, name, value, error, message", list(cases()))
def test_bad_input_is_refused_in_words_everywhere(function, name, value, error, message):
    call, more = {**OF_COSTS, **OF_POINTS}[function]
    good = MATRIX if function in OF_COSTS else POINTS
    with pytest.raises(error, match=message.format(name, name)):
        call(**{**good, **more, name: value})


@pytest.mark.parametrize("name", ["X", "target"])
@pytest.mark.parametrize(
    "bad, message",
    [
        ([[0.0], [np.nan]], "contains NaN"),
        ([[0.0], [np.inf]], "infinity"),
        ([0.0, 1.0], "Expected 2D array"),
        (np.zeros((0, 1)), r"0 sample\(s\)"),
        (np.zeros((2, 0)), r"0 feature\(s\)"),
        ([["x"], ["y"]], "could not convert string"),
        (np.array([[1j], [0.0]]), "Complex data not supported"),
    ],
)
def test_bad_points_of_a_map_are_refused_in_words(name, bad, message):
    with pytest.raises(ValueError, match=message):
        ot.TransportMap().fit(**{"X": [[0.0], [1.0]], "target": [[0.5], [2.0]], name: bad})


def test_bad_masses_of_a_map_are_refused_in_words():
    model = ot.TransportMap()
    X = [[0.0], [1.0]]
    for name in ("sample_weight", "target_weight"):
        for bad in ([1.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [1.0], [[1.0, 1.0]]):
            with pytest.raises(ValueError, match="weight"):
                model.fit(X, target=X, **{name: bad})
    with pytest.raises(ValueError, match="target must have as many columns as X, 1, got 2"):
        model.fit(X, target=np.eye(2))


def unaligned(array):
    """Return the same numbers at an address that no double has."""
    raw = b"." + array.tobytes()
    return np.frombuffer(raw, dtype=array.dtype, offset=1).reshape(array.shape)


def mapped(array):
    """Return the same numbers in a file that is mapped into memory, which is not to be written."""
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        np.save(file, array)
        file.flush()
        return np.load(file.name, mmap_mode="r")


def strided(array):
    """Return every second number of a larger array, in each direction."""
    wide = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def backwards(array):
    """Return a view with negative strides."""
    turn = tuple(slice(None, None, -1) for _ in array.shape)
    return array[turn].copy()[turn]


def frozen(array):
    """Return a copy that nothing can be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def frame(array):
    """Return pandas' kind of array."""
    return pd.Series(array) if array.ndim == 1 else pd.DataFrame(array)


def nullable(array):
    """Return pandas' kind of array that can hold what is missing."""
    return frame(array).astype("Float64")


#: Other forms of the same numbers.
SAME = {
    "lists": np.ndarray.tolist,
    "Fortran order": np.asfortranarray,
    "strided": strided,
    "backwards": backwards,
    "frozen": frozen,
    "mapped": mapped,
    "unaligned": unaligned,
    "other endian": lambda array: array.astype(">f8"),
    "long double": lambda array: array.astype(np.longdouble),
    "objects": lambda array: array.astype(object),
    "pandas": frame,
    "nullable pandas": nullable,
}


def clean(rng):
    """Return masses, costs and points that half and single precision hold exactly."""
    a, b = np.array([0.25, 0.0, 0.5, 0.25]), np.array([0.125, 0.5, 0.375])
    X, Y = (rng.integers(0, 16, (n, 2)) / 8.0 for n in (4, 3))
    return {"a": a, "b": b, "M": ((X[:, None] - Y) ** 2).sum(axis=2), "X": X, "Y": Y}


WAYS = {
    "solve": lambda d: ot.solve(d["a"], d["b"], d["M"], 0.25).plan,
    "solve, twin": lambda d: ot.solve(d["a"], d["b"], d["M"], 0.25, engine="numpy").plan,
    "exact": lambda d: ot.solve(d["a"], d["b"], d["M"], 0).plan,
    "points": lambda d: ot.solve_points(d["X"], d["Y"], d["a"], d["b"], 0.25).plan,
    "unbalanced": lambda d: ot.solve_unbalanced(d["a"], d["b"], d["M"], 0.25, 1.0).plan,
    "partial": lambda d: ot.solve_partial(d["a"], d["b"], d["M"], 0.25, 0.5).plan,
    "batch": lambda d: ot.solve_batch(d["a"], d["b"], d["M"], [0.25]).plan[0],
    "divergence": lambda d: ot.sinkhorn_divergence(d["X"], d["Y"], d["a"], d["b"], 0.25).gradient_X,
    "pooling": lambda d: ot.pooling_weights(d["M"], 0.25, 0.5, d["a"]).plan,
    "rounding": lambda d: ot.round_to_marginals(d["M"], d["a"], d["b"]),
    "line": lambda d: ot.transport_on_line(d["a"], d["b"], d["a"], d["b"])[0].toarray(),
    "map": lambda d: ot.TransportMap(reg=0.25).fit(d["X"], target=d["Y"]).transform(d["X"]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", SAME)
def test_other_forms_of_the_same_numbers_give_the_same_bits(way, form):
    data = clean(np.random.default_rng(0))
    expected = WAYS[way](data)
    other = {name: SAME[form](array) for name, array in data.items()}
    assert np.array_equal(WAYS[way](other), expected, equal_nan=True)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_other_types_count_as_doubles(way, dtype):
    data = clean(np.random.default_rng(0))
    if dtype == np.int64:  # masses as counts of eighths
        data["a"], data["b"], data["M"] = 8.0 * data["a"], 8.0 * data["b"], 64.0 * data["M"]
        data["X"], data["Y"] = 8.0 * data["X"], 8.0 * data["Y"]
    expected = WAYS[way](data)
    found = WAYS[way]({name: array.astype(dtype) for name, array in data.items()})
    assert found.dtype == np.float64 and np.array_equal(found, expected, equal_nan=True)


def test_what_is_missing_is_not_a_number():
    missing = pd.array([0.5, pd.NA], dtype="Float64")
    with pytest.raises((TypeError, ValueError), match=r"a must (hold real|be finite)"):
        ot.solve(missing, None, np.eye(2), 0.1)
    with pytest.raises(TypeError, match="M must hold real numbers"):
        ot.solve(None, None, np.array([[0.0, "1.0"], [1.0, 0.0]], dtype=object), 0.1)


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean"])
def test_points_are_refused_where_products_would_overflow(metric):
    """The squares of points that lie far from the others were infinite, and their distance NaN."""
    X = np.full((40, 8), -2.3e153)
    X[0] = 2.3e153
    with pytest.raises(ValueError, match=r"costs do not overflow, got a coordinate of 2\.3e"):
        ot.solve_points(X, X, reg=1e306, metric=metric)
    result = ot.solve_points(0.5 * X, 0.5 * X, reg=1e300, metric=metric, max_iter=50)
    assert result.converged and np.isfinite(result.plan).all()


def test_no_dimension_is_too_small():
    """One source, one target, one coordinate; a coordinate that all points share."""
    for n, m in ((1, 1), (1, 3), (3, 1)):
        X, Y = np.arange(float(n))[:, None], np.arange(float(m))[:, None] + 0.5
        cost = ot.transport_on_line(X[:, 0], Y[:, 0])[1]
        for result in (
            ot.solve_points(X, Y, reg=0.1),
            ot.solve_points(np.hstack([X, 0 * X + 7.0]), np.hstack([Y, 0 * Y + 7.0]), reg=0.1),
        ):
            assert result.converged and result.cost == pytest.approx(cost)
    assert ot.solve_partial([1.0], [1.0], [[2.0]], 0.1, 0.25).plan == pytest.approx(0.25)
    assert ot.barycenter([[1.0]], [[2.0]], 0.1).barycenter.tolist() == [1.0]


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e100, 1e150])
def test_points_of_any_size(scale):
    """Squares that vanish are costs of zero; those that would overflow are refused above."""
    rng = np.random.default_rng(1)
    X, Y = rng.random((6, 2)), rng.random((5, 2))
    for metric, power in (("sqeuclidean", 2), ("euclidean", 1), ("cityblock", 1)):
        expected = ot.solve_points(X, Y, reg=0.1, metric=metric)
        reg = 0.1 * scale**power
        if reg == 0.0:
            with pytest.raises(ValueError, match="reg must be > 0"):
                ot.solve_points(scale * X, scale * Y, reg=reg, metric=metric)
            continue
        found = ot.solve_points(scale * X, scale * Y, reg=reg, metric=metric)
        if metric == "euclidean" and scale == 1e-300:  # squares vanish
            assert found.plan == pytest.approx(1 / 30)
        else:
            assert found.converged
            assert found.plan == pytest.approx(expected.plan, rel=1e-6, abs=1e-12)


def test_a_child_process_can_solve():
    """OpenMP's threads do not survive a fork: the child has one."""
    M = np.random.default_rng(2).random((300, 300))
    expected = ot.solve(None, None, M, 0.05).value
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(ot.solve(None, None, M, 0.05).value))
    child.start()
    assert receive.poll(60) and receive.recv() == expected
    child.join(10)
    assert child.exitcode == 0


OUT_OF_MEMORY = """
import resource
import numpy as np
from optlite import ot
M = np.broadcast_to(np.linspace(0.0, 1.0, 11_000), (11_000, 11_000))  # a row of memory
small = ot.solve(None, None, M[:50, :50], 0.1).value
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20), resource.RLIM_INFINITY))
for call in (
    lambda: ot.solve(None, None, M, 0.01),
    lambda: ot.solve_unbalanced(None, None, M, 0.01, 1.0),
    lambda: ot.barycenter(np.full((11_000, 2), 1 / 11_000), M, 0.01),
):
    try:
        call()
    except MemoryError:
        print("MemoryError", ot.solve(None, None, M[:50, :50], 0.1).value == small)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the size of the process from /proc")
def test_out_of_memory_is_an_error_and_what_follows_works():
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_MEMORY],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )
    assert done.stdout.splitlines() == ["MemoryError True"] * 3
