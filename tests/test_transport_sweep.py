"""The default solves every problem to 1e-9 of the mass, at regularizations down to a ten-thousandth
of the mean cost, and its certificate holds; judged by SciPy's solvers of the linear program."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from sklearn.datasets import load_digits

from optlite import ot

SHARES = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)  # of the mean cost


def squared(X, Y):
    return ((X[:, None] - Y) ** 2).sum(axis=2)


def cityblock(X, Y):
    return np.abs(X[:, None] - Y).sum(axis=2)


def digits(rng, cost):
    """Return two handwritten digits of 8 x 8 pixels, about half of them without ink."""
    images = load_digits().images.reshape(-1, 64)
    one, two = images[rng.choice(len(images), 2, replace=False)]
    pixels = np.argwhere(np.ones((8, 8))).astype(float)
    return one / one.sum(), two / two.sum(), cost(pixels, pixels)


def with_zeros(rng, n, m):
    """Return masses of which a third are zero."""
    a, b = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    a[::3] = b[1::3] = 0.0
    return a / a.sum(), b / b.sum()


def repeated(rng, n):
    """Return points of which most come several times."""
    return rng.random((n // 4, 2))[rng.integers(0, n // 4, n)]


def of_all_sizes(rng, n):
    """Return masses from 1e-12 to one."""
    a = 10.0 ** rng.uniform(-12.0, 0.0, n)
    return a / a.sum()


def bells(n):
    """Return two bells on a line: their tails are masses of 1e-20."""
    x = np.linspace(0.0, 1.0, n)
    a, b = np.exp(-0.5 * ((x - 0.3) / 0.05) ** 2), np.exp(-0.5 * ((x - 0.6) / 0.08) ** 2)
    return a / a.sum(), b / b.sum(), squared(x[:, None], x[:, None])


FAMILIES = {
    "points": lambda rng, n: (None, None, squared(rng.random((n, 2)), rng.random((n, 2)))),
    "a cloud and a cluster": lambda rng, n: (
        None,
        None,
        squared(rng.random((n, 2)), rng.normal([0.7, 0.4], [0.25, 0.1], (n, 2))),
    ),
    "points to themselves": lambda rng, n: (None, None, squared(*2 * [rng.random((n, 2))])),
    "random assignment": lambda rng, n: (None, None, rng.random((n, n))),
    "digits, squared": lambda rng, n: digits(rng, squared),
    "digits, along axes": lambda rng, n: digits(rng, cityblock),
    "heavy tails": lambda rng, n: (None, None, rng.lognormal(0.0, 2.5, (n, n))),
    "heavier tails": lambda rng, n: (None, None, rng.pareto(1.0, (n, n))),
    "constant": lambda rng, n: (*with_zeros(rng, n, n), np.full((n, n), 3.0)),
    "zero masses": lambda rng, n: (
        *with_zeros(rng, n, n),
        squared(rng.random((n, 2)), rng.random((n, 2))),
    ),
    "wide": lambda rng, n: (
        rng.dirichlet(np.ones(n // 4)),
        rng.dirichlet(np.ones(2 * n)),
        cityblock(rng.random((n // 4, 3)), rng.random((2 * n, 3))),
    ),
    "tall": lambda rng, n: (
        rng.dirichlet(np.ones(2 * n)),
        None,
        squared(rng.random((2 * n, 2)), rng.random((5, 2))),
    ),
    "ties": lambda rng, n: (None, None, rng.integers(0, 3, (n, n)).astype(float)),
    "ties of unequal masses": lambda rng, n: (
        rng.dirichlet(np.ones(n)),
        rng.dirichlet(np.ones(n)),
        rng.integers(0, 4, (n, n)).astype(float),
    ),
    "duplicates": lambda rng, n: (None, None, squared(repeated(rng, n), repeated(rng, n))),
    "masses of all sizes": lambda rng, n: (
        of_all_sizes(rng, n),
        of_all_sizes(rng, n),
        squared(rng.random((n, 2)), rng.random((n, 2))),
    ),
    "bells on a line": lambda rng, n: bells(n),
}


def masses_of(a, b, M):
    """Return the masses, uniform where left out."""
    return [
        np.full(size, 1.0 / size) if w is None else w
        for w, size in zip((a, b), M.shape, strict=True)
    ]


def linear_program(a, b, M):
    """Return the cost of unregularised transport."""
    n, m = M.shape
    if a is None and b is None and n == m:
        rows, columns = scipy.optimize.linear_sum_assignment(M)
        return M[rows, columns].mean()
    sums = scipy.sparse.vstack(
        [
            scipy.sparse.kron(scipy.sparse.eye_array(n), np.ones((1, m))),
            scipy.sparse.kron(np.ones((1, n)), scipy.sparse.eye_array(m)),
        ]
    )
    masses = np.concatenate(masses_of(a, b, M))
    found = scipy.optimize.linprog(M.ravel(), A_eq=sums, b_eq=masses)
    assert found.status == 0
    return found.fun


@pytest.mark.parametrize("name", FAMILIES)
def test_every_default_solve_converges_and_its_certificate_holds(name):
    a, b, M = FAMILIES[name](np.random.default_rng(0), 40)
    exact = linear_program(a, b, M)
    masses = masses_of(a, b, M)
    slack = 1e-9 * M.mean()  # of the solvers of the linear program
    for share in SHARES:
        result = ot.solve(a, b, M, share * M.mean())  # a warning would be an error
        assert result.converged, share
        plan = result.plan
        error = sum(np.abs(plan.sum(axis=1 - k) - masses[k]).sum() for k in (0, 1))
        assert error <= 1e-9 * (1.0 + 1e-6) + 1e-14, share
        lower, upper = result.certificate
        assert lower - slack <= exact <= upper + slack, share
        # All that entropy can be worth, and the rounding of the plan.
        assert upper - lower <= 2.0 * share * M.mean() * np.log(M.size) + slack, share


@pytest.mark.parametrize(
    "name, n, seed",
    [
        ("digits, along axes", 40, 6),
        ("zero masses", 40, 51),
        ("masses of all sizes", 8, 41),
        ("masses of all sizes", 8, 53),
        ("points to themselves", 120, 0),
    ],
)
def test_parts_whose_links_vanished_are_brought_together(name, n, seed):
    """Two parts of the plan whose masses differ, and all links between them zero in double: sweeps
    moved a part by next to nothing, and Newton's matrix did not know of the other."""
    a, b, M = FAMILIES[name](np.random.default_rng(seed), n)
    result = ot.solve(a, b, M, 1e-4 * M.mean())
    assert result.converged and result.n_iter < 100
    lower, upper = result.certificate
    assert lower <= linear_program(a, b, M) * (1.0 + 1e-9) + 1e-12
    assert linear_program(a, b, M) <= upper * (1.0 + 1e-9) + 1e-12


#: All ways to the same solution whose work is counted whole.
WAYS = (
    {"method": "sinkhorn", "annealing": 1.0, "max_iter": 5000},
    {"method": "sinkhorn", "max_iter": 5000},
    {"method": "anderson", "annealing": 1.0, "max_iter": 2000},
    {"method": "newton"},
    {"method": "newton", "annealing": 1.0},
    {"method": "newton", "precision": "double"},
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "name",
    [
        "points",
        "a cloud and a cluster",
        "random assignment",
        "digits, squared",
        "digits, along axes",
        "wide",
        "tall",
        "heavy tails",
        "heavier tails",
        "ties",
        "ties of unequal masses",
    ],
)
def test_the_automatic_choice_costs_little_more_than_the_best(name):
    """In passes over the plan, which are counted, not timed: at most half as much again.

    Where costs are tied, or of very different sizes, the plan is easy at any regularization, and
    stages are in vain. (It does not hold for all problems: of two bells on a line, whose tails are
    masses of 1e-20, Sinkhorn's iteration takes 0.4 of the passes at a hundredth of the mean cost.)
    """
    a, b, M = FAMILIES[name](np.random.default_rng(0), 60)
    for share in (1.0, 1e-1, 1e-2, 1e-3):
        chosen = ot.solve(a, b, M, share * M.mean())
        others = [ot.solve(a, b, M, share * M.mean(), **way) for way in WAYS]
        best = min(other.work for other in others if other.converged)
        assert chosen.converged and 0.0 < chosen.work <= 1.5 * best, share


def exact_error(a, b, M, reg, g):
    """Sums of the columns where rows sum to a, in extended precision."""
    M, g = M.astype(np.longdouble), g.astype(np.longdouble)
    exponents = (g - M) / reg
    plan = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    plan *= (a / plan.sum(axis=1))[:, None]
    return float(np.abs(plan.sum(axis=0) - b).sum())


@pytest.mark.parametrize("tol", [1e-6, 1e-9, 1e-11])
@pytest.mark.parametrize("name", ["points", "wide", "tall", "random assignment", "heavy tails"])
def test_small_steps_are_not_evaluated_anew_and_their_error_is_told(name, tol):
    """Near the solution the sums follow from those before the step and a plan in single precision.
    What is said of them differs from the truth by less than a tenth of the tolerance."""
    a, b, M = FAMILIES[name](np.random.default_rng(3), 80)
    a, b = (np.full(n, 1.0 / n) if w is None else w for w, n in zip((a, b), M.shape, strict=True))
    reg = 0.1 * M.mean()
    result = ot.solve(a, b, M, reg, tol=tol, trace=True)
    truth = exact_error(a, b, M, reg, result.potentials[1])
    assert result.converged and truth <= result.marginal_error + 1e-13 <= tol + 1e-13
    assert result.marginal_error - truth <= 0.2 * tol
    last, before = result.trace[-1], result.trace[-2]
    if tol == 1e-9 and name in ("points", "wide", "tall"):  # the others need no step of Newton's
        assert last.n_newton > before.n_newton and last.n_evaluations == before.n_evaluations


@pytest.mark.parametrize("tol", [1e-3, 1e-4, 1e-5])
def test_parts_that_hardly_touch_end_as_well_as_they_say(tol):
    """A step moves one of them by many times reg: the error may then be larger than its share."""
    rng = np.random.default_rng(0)
    for distance in (8.0, 12.0, 16.0):
        X, Y = rng.random((100, 2)), rng.random((100, 2))
        X[50:, 0] += distance
        Y[51:, 0] += distance
        M = squared(X, Y) / 20.0
        result = ot.solve(None, None, M, 0.5, tol=tol)
        truth = exact_error(*2 * [np.full(100, 0.01)], M, 0.5, result.potentials[1])
        assert result.converged and truth <= result.marginal_error + 1e-13 <= tol + 1e-13
