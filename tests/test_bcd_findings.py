"""What the paper on faster block coordinate descent found, on its five families of problems.

Nutini, Laradji and Schmidt, 2022, section 6. Medians over some draws; families A, B and C smaller
than there, D and E as large.
"""

import numpy as np
import pytest
import scipy.sparse as sp

from optlite import bcd, datasets

SEEDS = range(5)


def gaps(F, iterations, **choices):
    """The objective after some iterations."""
    options = {"max_iter": iterations, "tol": 1e-15, "random_state": 0, "final_phase": False}
    *_, last = bcd.steps(F, **options, **choices)
    return last.objective


def medians(problems, ways, iterations, minima):
    """Median over problems of the gap, as a share of that at the start, for each way."""
    return [
        np.median(
            [
                (gaps(F, iterations, **way) - least) / (F.value(F.start()) - least)
                for F, least in zip(problems, minima, strict=True)
            ]
        )
        for way in ways
    ]


def test_families_b_and_c_variable_greedy_blocks_beat_fixed_ones_beat_random():
    ways = [
        {"partition": "variable", "selection": "gsd"},
        {"partition": "sort", "selection": "gsl"},
        {"partition": "sort", "selection": "random"},
    ]
    b = [bcd.Logistic(*datasets.scaled_labels(80, 120, random_state=s), alpha=1.0) for s in SEEDS]
    c = [bcd.Softmax(*datasets.scaled_classes(60, 20, 5, random_state=s), alpha=1.0) for s in SEEDS]
    for problems, iterations in ((b, 40), (c, 25)):
        minima = [bcd.solve(F, update="newton", block_size=100).objective for F in problems]
        found = medians(problems, [{"update": "newton", **w} for w in ways], iterations, minima)
        assert found[0] < found[1] < 0.5 * found[2]


@pytest.mark.parametrize("family", ["lattice", "moons"])
def test_families_d_and_e_greedy_trees_beat_random_trees_beat_red_black(family):
    problems = []
    for seed in (0, 1, 2):
        if family == "lattice":
            graph = datasets.lattice_labels(random_state=seed)
        else:
            graph = datasets.two_moons_labels(random_state=seed)[:3]
        problems.append(bcd.LabelPropagation(*graph))
    minima = [f.value(sp.linalg.spsolve(f.H, f.c)) for f in problems]
    ways = [
        {"partition": "forest", "selection": "gsd"},
        {"partition": "forest", "selection": "random"},
        {"partition": "trees", "selection": "cyclic"},
        {"partition": "red_black", "selection": "cyclic"},
    ]
    ways = [{"block_size": None, **way} for way in ways]
    greedy, random, trees, red_black = medians(problems, ways, 30, minima)
    assert greedy < random < red_black and greedy < trees
    assert greedy < 0.3 * red_black


def test_not_negative_least_squares_is_identified_and_ended_by_two_metric_projection():
    """Blocks as large as the support end the run; projected gradients go on linearly."""
    for seed in SEEDS:
        A, b = datasets.scaled_regression(80, 120, random_state=seed)
        f = bcd.LeastSquares(A.toarray(), b)
        F = bcd.Composite(f, l1=0.02 * np.abs(f.c).max(), lower=0.0)
        options = {"block_size": 60, "tol": 1e-12, "final_phase": False}
        two_metric = bcd.solve(F, update="two_metric", **options)
        support = F.dim - len(two_metric.active_set)
        assert two_metric.converged and 5 < support < 60
        assert two_metric.n_iter <= 60
        *_, projected = bcd.steps(F, update="proximal", max_iter=two_metric.n_iter, **options)
        assert projected.objective - two_metric.objective > 1e-7 * abs(two_metric.objective)
