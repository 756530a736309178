"""Block coordinate descent: blocks, certificates, refusals, and the findings of its paper."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from optlite import bcd, datasets


def family_a(seed, m=60, n=300):
    """Least squares with columns of very different sizes, as in its experiments."""
    A, b = datasets.scaled_regression(m, n, random_state=seed)
    return bcd.LeastSquares(A.toarray(), b)


def level(f, iterations=60, size=5, **choices):
    """Objective after some iterations, as a share of that at the start."""
    choices.setdefault("partition", "sort")
    *_, last = bcd.steps(
        f, block_size=size, max_iter=iterations, tol=1e-15, random_state=0, **choices
    )
    return last.objective / f.value(np.zeros(f.dim))


@pytest.fixture(scope="module")
def problems():
    return [family_a(seed) for seed in range(7)]


def test_greedy_beats_random_and_variable_blocks_beat_fixed_ones(problems):
    medians = [
        np.median([level(f, **choices) for f in problems])
        for choices in (
            {"selection": "gsd", "partition": "variable"},
            {"selection": "gsl"},
            {"selection": "gs"},
            {"selection": "random"},
        )
    ]
    assert medians[0] < 0.5 * medians[1] < 0.25 * medians[2] < 0.125 * medians[3]


def test_matrix_updates_gain_more_over_gradient_updates_as_blocks_grow(problems):
    gains = []
    for size in (2, 5, 20):
        ratios = [
            level(f, 40, size, selection="gsl", update="gradient")
            / level(f, 40, size, selection="gsl", update="matrix")
            for f in problems
        ]
        gains.append(np.median(ratios))
    assert gains[0] < gains[1] < gains[2] and gains[2] > 2.0


def test_each_rule_chooses_the_block_of_the_largest_score():
    f = family_a(3, n=40)
    blocks = bcd.partition(f, "order", 5)
    g = -f.c
    sub = [f.H[np.ix_(b, b)] for b in blocks]
    scores = {
        "gs": [g[b] @ g[b] for b in blocks],
        "gsl": [g[b] @ g[b] / np.linalg.eigvalsh(H)[-1] for b, H in zip(blocks, sub, strict=True)],
        "gsq": [g[b] @ np.linalg.solve(H, g[b]) for b, H in zip(blocks, sub, strict=True)],
    }
    for rule, values in scores.items():
        _, record = bcd.steps(f, "order", rule, max_iter=1)
        assert record.block.tolist() == blocks[int(np.argmax(values))].tolist()
        assert record.score == pytest.approx(max(values))


@pytest.mark.parametrize("diagonal", ["lipschitz", "row_sums"])
def test_gsd_divides_by_the_diagonal_that_is_asked_for(diagonal):
    f = family_a(3, n=40)
    D = f.H.diagonal() if diagonal == "lipschitz" else np.abs(f.H).sum(axis=0)
    keys = f.c**2 / D
    _, record = bcd.steps(f, selection="gsd", diagonal=diagonal, block_size=6, max_iter=1)
    assert record.block.tolist() == sorted(np.argsort(-keys)[:6].tolist())
    assert record.score == pytest.approx(np.sort(keys)[-6:].sum())
    others = f.c**2 / (np.abs(f.H).sum(axis=0) if diagonal == "lipschitz" else f.H.diagonal())
    assert set(np.argsort(-others)[:6]) != set(record.block)  # the two differ here


@pytest.mark.parametrize("constant", ["eigenvalue", "sum", "doubling"])
def test_a_gradient_step_is_divided_by_the_constant_that_is_asked_for(constant):
    f = family_a(3, n=40)
    for fields in ({"update": "gradient", "constant": constant}, {"prox_constant": constant}):
        F = f if "update" in fields else bcd.Composite(f, lower=-1e9)
        fields.setdefault("update", "proximal")
        for record in list(bcd.steps(F, "order", "cyclic", max_iter=1, **fields))[1:]:
            b, g = record.block, -f.c[record.block]
            H = f.H[np.ix_(b, b)]
            L = {"eigenvalue": np.linalg.eigvalsh(H)[-1], "sum": np.trace(H)}.get(constant)
            if L is None:  # the first of diag, 2 diag, 4 diag, ... that does not promise too much
                L = H.diagonal().max()
                while g @ H @ g / (2.0 * L**2) > g @ g / (2.0 * L):
                    L *= 2.0
                assert H.diagonal().max() < L
            assert record.x[b] == pytest.approx(-g / L, rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 32, 33, 60])
def test_variable_blocks_hold_the_largest_keys(size):
    f = family_a(0)
    _, record = bcd.steps(f, selection="gs", block_size=size, max_iter=1)
    assert record.block.tolist() == sorted(np.argsort(-(f.c**2), kind="stable")[:size].tolist())


def test_ties_go_to_the_lower_index():
    f = bcd.Quadratic(np.eye(50), np.ones(50))
    for size in (3, 40):
        _, record = bcd.steps(f, selection="gs", block_size=size, max_iter=1)
        assert record.block.tolist() == list(range(size))


def test_a_pass_of_a_permutation_visits_each_block_once():
    f = family_a(1, n=42)
    records = list(bcd.steps(f, "order", "permutation", block_size=4, max_iter=22, random_state=5))
    firsts = [int(r.block[0]) for r in records[1:]]
    assert sorted(firsts[:11]) == sorted(firsts[11:]) == list(range(0, 42, 4))
    assert firsts[:11] != firsts[11:]


def test_lipschitz_sampling_draws_by_the_constants():
    f = bcd.Quadratic(np.diag([1.0, 3.0]), [1.0, 1.0])
    drawn = []
    for seed in range(600):
        options = {"max_iter": 1, "random_state": seed}
        _, record = bcd.steps(f, "order", "lipschitz", "gradient", 1, **options)
        drawn.append(int(record.block[0]))
    assert abs(np.mean(drawn) - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 600)


@pytest.mark.parametrize("rule", ["order", "sort", "average", "hessian_sort", "hessian_average"])
def test_partitions_hold_every_variable_once(rule):
    f = family_a(0, n=43)
    blocks = bcd.partition(f, rule, 5)
    assert [len(b) for b in blocks] == [5] * 8 + [3]
    assert sorted(np.concatenate(blocks).tolist()) == list(range(43))


@pytest.mark.parametrize("by", ["", "hessian_"])
def test_sort_puts_equal_constants_together_and_average_evens_them_out(by):
    """Diagonal and sums of rows are in opposite orders here."""
    v = np.arange(12.0, 0.0, -1.0)
    H = np.outer(v, v)
    np.fill_diagonal(H, 1000.0 + 10.0 * np.arange(12))
    f = bcd.Quadratic(H, np.ones(12))
    size = np.abs(H).sum(axis=0) if by else H.diagonal()
    assert (np.argsort(H.sum(axis=0)) == np.argsort(-H.diagonal())).all()
    blocks = bcd.partition(f, f"{by}sort", 4)
    for one, other in itertools.pairwise(blocks):
        assert size[one].min() >= size[other].max()
    even = [size[b].sum() for b in bcd.partition(f, f"{by}average", 4)]
    assert np.ptp(even) < 0.2 * np.ptp([size[b].sum() for b in blocks])


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_a_block_has_at_least_one_variable(size):
    with pytest.raises(ValueError, match=f"block_size must be an integer >= 1, got {size}"):
        bcd.partition(bcd.Quadratic(np.eye(3), np.ones(3)), "sort", size)
    with pytest.raises(TypeError, match="problem must be a bcd"):
        bcd.partition(np.eye(3))


def test_own_blocks_are_used_as_they_are():
    f = bcd.Quadratic(np.eye(4), np.ones(4))
    records = list(bcd.steps(f, [[3], [1, 0, 2]], "cyclic"))
    assert [r.block.tolist() for r in records] == [[], [3], [0, 1, 2]]


@pytest.mark.parametrize("size", [1, 2, 7, 8, 40, 64, 65, 130])
@pytest.mark.parametrize("apart", [1, 2], ids=["neighbours", "every second"])
def test_a_step_of_a_block_leads_to_its_minimum(size, apart):
    # Small blocks are solved by a root of the inverse, large ones by substitution; neighbours are
    # copied whole.
    random = np.random.default_rng(size)
    A = random.standard_normal((400, 2 * size + 3))
    H, c = A.T @ A, random.standard_normal(2 * size + 3)
    b = np.arange(1, 1 + apart * size, apart)
    rest = np.setdiff1d(np.arange(len(c)), b)
    f = bcd.Quadratic(H, c)
    *_, last = bcd.steps(f, partition=[b, rest], selection="cyclic", max_iter=2, tol=1e-15)
    x = np.zeros(len(c))
    for block in (b, rest):
        g = H @ x - c
        x[block] -= np.linalg.solve(H[np.ix_(block, block)], g[block])
    np.testing.assert_allclose(last.x, x, rtol=0, atol=1e-12 * np.abs(x).max())


def test_the_bound_holds_the_run_to_its_tolerance():
    f = family_a(0)
    f = bcd.Quadratic(f.H + 1e3 * np.eye(300), f.c, f.constant, strong_convexity=1e3)
    minimum = f.value(np.linalg.solve(f.H, f.c))
    for tol in (1e-2, 1e-5, 1e-9):
        result = bcd.solve(f, block_size=20, tol=tol)
        gap = result.objective - minimum
        assert result.converged and gap <= tol * (f.constant - minimum) * (1 + 1e-6)
        assert gap <= result.certificate + 1e-12 * abs(minimum)


def test_singular_blocks_are_solved_in_the_sense_of_least_norm():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(20, 6))
    A = np.hstack([A, A, np.zeros((20, 1))])
    b = rng.normal(size=20)
    for engine in ("core", "numpy"):
        result = bcd.solve(bcd.LeastSquares(A, b), block_size=13, engine=engine)
        assert result.n_iter <= 2
        assert result.x == pytest.approx(np.linalg.pinv(A) @ b, rel=1e-8, abs=1e-10)


def test_an_estimated_constant_does_not_depend_on_the_units():
    """It began at 1, from which a small f took very many steps."""
    f = family_a(4, n=40)
    choices = ("sort", "gs", "gradient")
    paths = [
        [r.block.tolist() for r in bcd.steps(g, *choices, constant="doubling", max_iter=30)]
        for g in (f, bcd.Quadratic(2.0**-40 * f.H, 2.0**-40 * f.c))
    ]
    assert paths[0] == paths[1]


def test_numbers_too_large_are_named():
    f = bcd.Quadratic(np.eye(3), np.full(3, 1e200))
    with pytest.warns(ConvergenceWarning, match=r"not_finite.*Divide H and c"):
        assert bcd.solve(f).status == "not_finite"


def test_what_rounding_hides_is_not_called_convergence():
    f = family_a(0)
    f = bcd.Quadratic(f.H + np.eye(300), f.c)
    with pytest.warns(ConvergenceWarning, match="precision_limit|iteration_limit"):
        result = bcd.solve(f, block_size=50, tol=1e-19, max_iter=3000)
    assert not result.converged
    assert result.gradient_norm == pytest.approx(
        np.linalg.norm(f.gradient(result.x)), rel=1e-3, abs=1e-7
    )


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_convergence_is_that_of_x_and_not_of_a_gradient_that_drifted(engine):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(60, 30))
    f = bcd.LeastSquares(A, rng.normal(size=60))
    # Where it starts, the gradient is rounded by far more than is asked for.
    result = bcd.solve(f, x0=1e10 * rng.normal(size=30), tol=1e-12, engine=engine)
    assert result.converged
    assert np.linalg.norm(f.gradient(result.x)) <= 1.1e-12 * np.linalg.norm(f.c)


def test_arguments_are_not_changed_and_random_runs_repeat():
    A = np.random.default_rng(0).normal(size=(30, 10))
    x0 = np.ones(10)
    kept = A.copy()
    runs = [
        bcd.solve(bcd.LeastSquares(A, A[:, 0]), "sort", "random", x0=x0, random_state=7, tol=1e-10)
        for _ in range(2)
    ]
    assert np.array_equal(A, kept) and np.array_equal(x0, np.ones(10))
    assert np.array_equal(runs[0].x, runs[1].x)


def test_a_callback_ends_the_run():
    f = family_a(0)

    def stop(record):
        if record.iteration == 3:
            raise StopIteration

    result = bcd.solve(f, callback=stop, trace=True)
    assert result.status == "stopped" and result.n_iter == 3 and len(result.trace) == 4


REFUSED = [
    ({"partition": "sorted"}, r"partition must be one of .* Did you mean 'sort'\?"),
    ({"partition": [[0, 1], [1, 2]]}, "each of 0, ..., 2 exactly once"),
    ({"selection": "cyclic"}, r'selection="cyclic" needs a partition'),
    ({"selection": "gss"}, "selection must be one of"),
    ({"update": "newtons"}, r"update must be one of .* Did you mean 'newton'\?"),
    ({"block_size": 0}, "block_size must be an integer >= 1, got 0"),
    ({"tol": 0.0}, "tol must be finite and > 0, got 0.0"),
    ({"max_iter": -1}, "max_iter must be an integer >= 0"),
    ({"engine": "c"}, "engine must be one of"),
    ({"x0": [1.0]}, r"x0 must have shape \(3,\)"),
    ({"diagonal": "rows"}, "diagonal must be one of"),
    ({"partition": "forest"}, r'partition="forest" needs the graph of a sparse H'),
    ({"partition": "trees"}, "partition='trees' needs the graph of a sparse H"),
    ({"update": "message_passing"}, r'update="message_passing" needs the graph of a sparse H'),
    ({"anderson": -1}, "anderson must be an integer >= 0"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_is_not_allowed_is_explained(options, message):
    with pytest.raises(ValueError, match=message):
        bcd.solve(bcd.Quadratic(np.eye(3), np.ones(3)), **options)


@pytest.mark.parametrize(
    ("H", "c", "message"),
    [
        ([[1.0, 2.0], [0.0, 1.0]], [1.0, 1.0], "H must be symmetric"),
        ([[1.0, 2.0]], [1.0], "H must be square"),
        ([[-1.0]], [1.0], r"positive semi-definite, got H\[0, 0\] = -1"),
        ([[0.0]], [1.0], "f must have a minimum"),
        ([[np.nan]], [1.0], "H must be finite"),
        ([[1.0]], [np.inf], "c must be finite"),
    ],
)
def test_what_is_no_convex_quadratic_is_refused(H, c, message):
    for form in (np.array, sp.csr_array):
        with pytest.raises(ValueError, match=message):
            bcd.Quadratic(form(H), c)


def test_an_indefinite_block_is_refused_by_both_engines():
    f = bcd.Quadratic([[1.0, 2.0], [2.0, 1.0]], [1.0, 0.0])
    for engine in ("core", "numpy"):
        with pytest.raises(ValueError, match="got a block with the eigenvalue -1"):
            bcd.solve(f, engine=engine)


def test_ctrl_c_is_heard(polls, ctrl_c):
    f = family_a(0)
    with pytest.warns(ConvergenceWarning, match="iteration_limit"):
        asked = polls(bcd.solve, f, "sort", "cyclic", tol=1e-300, max_iter=500)
    assert asked >= 500 * 5 * 300 // 100_000  # once for so many multiplications
    ctrl_c(lambda: bcd.solve(f, "sort", "cyclic", tol=1e-300, max_iter=10**12))
