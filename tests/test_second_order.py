"""Second-order methods on any objective: exact subproblems, known answers, rates, honest ends."""

import concurrent.futures
import functools
import gc
import itertools
import weakref

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from optlite import objectives, optim, reference
from optlite._params import records
from optlite.optim.curvatures import METHODS, sketched_newton
from optlite.reference.krylov import KrylovSpace, minimize_cubic

DIRECTIONS = sorted(records("directions"))
BETAS = ["fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan", "hager_zhang"]
EPSILON = np.finfo(float).eps


def data(n=80, d=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.where(X @ np.linspace(-1.0, 1.0, d) + rng.logistic(size=n) > 0.0, 1.0, -1.0)


def logistic(**options):
    return objectives.Logistic(*data(), **{"alpha": 0.05, "fit_intercept": True, **options})


def network(**options):
    X, y = data(40, 3, 1)
    return objectives.MLP(X, y, hidden=4, loss="logistic", alpha=0.01, **options)


def quadratic(H, g):
    """g . x + x . H x / 2, at 0 with gradient g."""
    H, g = np.asarray(H), np.asarray(g)
    return objectives.from_callable(
        lambda x: g @ x + 0.5 * x @ H @ x, lambda x: g + H @ x, len(g), hvp=lambda x, v: H @ v
    )


def symmetric(values, seed):
    """A matrix with these eigenvalues in random directions."""
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    return Q * values @ Q.T


class Residuals:
    """Half the squares of Rosenbrock's residuals, with their Gauss-Newton matrix."""

    shape, minimum = (2,), 0.0

    def residuals(self, w):
        return np.array([10.0 * (w[1] - w[0] ** 2), 1.0 - w[0]])

    def jacobian(self, w):
        return np.array([[-20.0 * w[0], 10.0], [-1.0, 0.0]])

    def value_and_gradient(self, w):
        r = self.residuals(w)
        return 0.5 * r @ r, self.jacobian(w).T @ r

    def gauss_newton_product(self, w, v):
        J = self.jacobian(w)
        return J.T @ (J @ v)


# --- every method on every kind of objective ------------------------------------------------------


@pytest.mark.parametrize("method", [*DIRECTIONS, *METHODS])
def test_logistic_regression_is_solved_to_ten_digits(method):
    f = logistic()
    best = scipy.optimize.minimize(
        f.value, np.zeros(5), jac=f.gradient, hess=f.hessian, method="trust-exact",
        options={"gtol": 1e-13},
    ).x  # fmt: skip
    result = optim.minimize(f, method=method, tol=1e-22, max_iter=3000, random_state=0)
    assert result.success, result.message
    # The driver ends where a step promises no more than 1e-3 of the rounding of the value. After a
    # step of Newton's method x is far better than that; after others its error is the root of it.
    is_linear = method in ("steepest_descent", "nonlinear_cg", "sketched_newton")
    is_linear |= method == "subsampled_newton"
    assert_allclose(result.x, best, rtol=0.0, atol=1e-7 if is_linear else 1e-10)


@pytest.mark.parametrize("method", sorted({*DIRECTIONS} - {"steepest_descent", "lbfgs"}))
@pytest.mark.parametrize("has_hvp", [True, False])
def test_rosenbrock_is_solved_to_ten_digits(method, has_hvp):
    f = objectives.Rosenbrock()
    if not has_hvp:
        f = objectives.from_callable(f.value, f.gradient, 2, minimum=0.0)
    result = optim.minimize(f, [-1.2, 1.0], method=method, tol=1e-22, max_iter=2000)
    assert result.success, result.message
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen, [-1.2, 1.0], jac=scipy.optimize.rosen_der,
        hess=scipy.optimize.rosen_hess, method="trust-exact", options={"gtol": 1e-13},
    )  # fmt: skip
    assert_allclose(result.x, theirs.x, rtol=0.0, atol=1e-10)
    assert result.certificate <= 1e-22


@pytest.mark.parametrize("beta", BETAS)
def test_every_beta_follows_the_valley(beta):
    f = objectives.Rosenbrock(4)
    result = optim.nonlinear_cg(f, [-1.2, 1.0, -1.2, 1.0], beta=beta, max_iter=3000, tol=1e-20)
    assert result.success
    assert_allclose(f.gradient(result.x), 0.0, atol=1e-8)


@pytest.mark.parametrize(
    "method", [*sorted({*DIRECTIONS} - {"steepest_descent", "newton", "schulz"}),
               "gauss_newton", "natural_gradient", "subsampled_newton"]
)  # fmt: skip
def test_networks_end_at_a_stationary_point(method):
    f = network()
    start = f.init(0)
    extra = {"sample_share": 0.8} if method == "subsampled_newton" else {}
    result = optim.minimize(f, start, method=method, max_iter=1000, random_state=0, **extra)
    assert result.status == "stationary"
    g = f.gradient(result.x)
    relative = np.max(np.abs(g) * np.maximum(np.abs(result.x), 1.0)) / max(abs(result.fun), 1.0)
    assert relative <= 1e-8
    assert_allclose(result.stationarity, relative, rtol=1e-6)
    assert result.fun < f.value(start)


FORMULAS = {
    "fletcher_reeves": lambda g, y, p, before: (g @ g) / (before @ before),
    "polak_ribiere": lambda g, y, p, before: max(0.0, (g @ y) / (before @ before)),
    "hestenes_stiefel": lambda g, y, p, before: max(0.0, (g @ y) / (y @ p)),
    "dai_yuan": lambda g, y, p, before: (g @ g) / (y @ p),
    "hager_zhang": lambda g, y, p, before: max(
        (g @ y - 2.0 * (p @ g) * (y @ y) / (p @ y)) / (p @ y),
        -1.0 / (np.sqrt(p @ p) * min(0.01, np.sqrt(before @ before))),
    ),
}


@pytest.mark.parametrize("beta", BETAS)
def test_directions_are_made_with_the_formula_of_their_name(beta):
    """Off the quadratics the five differ: written down once more, on the way to the valley."""
    run = list(optim.steps(objectives.Rosenbrock(), [-1.2, 1.0], method="nonlinear_cg", beta=beta,
                           max_iter=10))  # fmt: skip
    n_kept = 0
    for at, after in itertools.pairwise(run[1:]):
        start = run[at.iteration - 1]
        g, y = at.gradient, at.gradient - start.gradient
        expected = -g + FORMULAS[beta](g, y, at.direction, start.gradient) * at.direction
        if g @ expected < 0.0:
            assert_allclose(after.direction, expected, rtol=1e-9)
            n_kept += 1
        else:
            assert_allclose(after.direction, -g, rtol=1e-12)
    assert n_kept >= 5


PROBLEMS = {
    "rosenbrock": lambda: (objectives.Rosenbrock(), np.array([-1.2, 1.0])),
    "network": lambda: (network(), network().init(3)),
    "logistic": lambda: (logistic(), np.zeros(5)),
}
RANDOM = ["subsampled_newton", "sketched_newton", "natural_gradient"]
CASES = [
    *itertools.product(DIRECTIONS, ["rosenbrock", "network"]),
    *itertools.product(METHODS, ["network", "logistic"]),
]


@pytest.mark.parametrize(
    ("method", "name"), [case for case in CASES if case != ("sketched_newton", "network")]
)
def test_both_engines_walk_the_same_way(method, name):
    """Until the differences of values, and with them decisions, are made of rounding."""
    f, start = PROBLEMS[name]()
    extra = {"natural_gradient": {"n_draws": 2}}.get(method, {})
    options = {"method": method, "max_iter": 8, "random_state": 5, **extra}
    ours = list(optim.steps(f, start, **options))
    theirs = list(optim.steps(f, start, engine="numpy", **options))
    for a, b in zip(ours, theirs, strict=True):
        if a.gradient_norm < 1e-4 * ours[0].gradient_norm:
            break
        assert_allclose(a.x, b.x, rtol=0.0, atol=1e-12 * max(1.0, np.abs(b.x).max()))
        assert (a.n_inner, a.n_passes) == (b.n_inner, b.n_passes)
        for key in ("regularization", "curvature", "curvature_bound"):
            assert_allclose(getattr(a, key), getattr(b, key), rtol=1e-6, atol=1e-10)
    assert a.iteration >= 3


# --- quadratics -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["newton", "schulz", "gauss_newton"])
def test_newton_needs_one_step_for_a_quadratic(method):
    X, y = data()
    f = objectives.LeastSquares(X, y, alpha=0.1)
    extra = {"forcing": 1e-14} if method == "gauss_newton" else {}
    run = list(optim.steps(f, method=method, step_size="armijo", **extra))
    expected = np.linalg.solve(X.T @ X / 80 + 0.1 * np.eye(4), X.T @ y / 80)
    assert_allclose(run[1].x, expected, rtol=1e-12)


@pytest.mark.parametrize("beta", BETAS)
def test_nonlinear_cg_with_exact_searches_is_the_linear_method(beta):
    values = np.array([1.0, 2.0, 5.0, 7.0, 11.0, 20.0])
    H, g = symmetric(values, 0), np.random.default_rng(1).normal(size=6)
    run = list(
        optim.steps(quadratic(H, g), method="nonlinear_cg", beta=beta, c2=1e-9, c1=1e-10, tol=1e-11)
    )
    x, r, p = np.zeros(6), -g, -g
    for record in run[1:6]:
        t = r @ r / (p @ H @ p)
        x, after = x + t * p, r - t * H @ p
        p = after + (after @ after) / (r @ r) * p
        r = after
        assert_allclose(record.x, x, rtol=0.0, atol=1e-7)
    assert np.linalg.norm(run[6].gradient) < 1e-7 * np.linalg.norm(g)


# --- subproblems against exact solutions ----------------------------------------------------------

SIZES = st.integers(1, 7)
SEEDS = st.integers(0, 2**31)


def drawn(size, seed, lowest):
    rng = np.random.default_rng(seed)
    values = rng.uniform(lowest, 3.0, size)
    return symmetric(values, seed + 1), rng.normal(size=size)


def exact_ball(H, g, radius):
    """Moré and Sorensen's conditions, solved in the eigenvectors by bisection."""
    values, V = np.linalg.eigh(H)
    w = V.T @ g
    if values[0] > 0.0 and np.linalg.norm(w / values) <= radius:
        return V @ (-w / values)
    length = lambda shift: np.linalg.norm(w / (values + shift))  # noqa: E731
    low = max(0.0, -values[0])
    high = low + np.linalg.norm(w) / radius
    shift = scipy.optimize.brentq(
        lambda s: length(s) - radius, low + 1e-13 * (1 + low), high + 1e-12, xtol=1e-15
    )
    return V @ (-w / (values + shift))


@given(SIZES, SEEDS, st.floats(0.05, 20.0))
def test_steihaug_in_a_convex_model_is_exact_inside_and_half_as_good_outside(size, seed, radius):
    """Yuan, On the truncated conjugate gradient method, 2000: half of the decrease."""
    H, g = drawn(size, seed, 0.2)
    best = exact_ball(H, g, radius)
    model = lambda p: g @ p + 0.5 * p @ H @ p  # noqa: E731
    run = optim.steps(quadratic(H, g), method="trust_region", radius=radius)
    next(run)
    p = next(run).x
    assert np.linalg.norm(p) <= radius * (1 + 1e-12)
    assert model(p) <= 0.5 * model(best) + 1e-12
    assert model(p) >= model(best) - 1e-9
    newton = -np.linalg.solve(H, g)
    if np.linalg.norm(newton) < 0.5 * radius:
        reached = list(optim.steps(quadratic(H, g), method="trust_region", radius=radius))[-1].x
        assert_allclose(reached, newton, atol=1e-6)


@given(SIZES, SEEDS, st.floats(0.05, 20.0))
def test_steihaug_uses_negative_curvature(size, seed, radius):
    H, g = drawn(size, seed, -3.0)
    lowest = np.linalg.eigvalsh(H)[0]
    run = optim.steps(quadratic(H, g), method="trust_region", radius=radius)
    first, second = next(run), next(run)
    p, model = second.x, lambda p: g @ p + 0.5 * p @ H @ p
    # At least as good as the best step along the gradient; never better than the exact solution.
    bend = g @ H @ g
    t = radius / np.linalg.norm(g)
    t = min(t, g @ g / bend) if bend > 0.0 else t
    assert model(p) <= model(-t * g) + 1e-9
    if abs((np.linalg.eigh(H)[1].T @ g)[0]) > 1e-3:
        assert model(p) >= model(exact_ball(H, g, radius)) - 1e-7
    if np.isfinite(first.curvature):
        assert_allclose(np.linalg.norm(p), radius, rtol=1e-9)
        assert lowest - 1e-9 <= first.curvature <= 1e-9
        gaps = np.abs(np.linalg.eigvalsh(H) - first.curvature)
        assert gaps.min() <= first.curvature_bound + 1e-9


def exact_cubic(H, g, sigma):
    """(H + sigma |p| I) p = -g by bisection for |p|."""
    values, V = np.linalg.eigh(H)
    w = V.T @ g
    low = max(0.0, -values[0]) / sigma
    length = lambda r: np.linalg.norm(w / (values + sigma * r)) - r  # noqa: E731
    start = low + 1e-13 * (1 + low)
    high = 1.0 + low + np.sqrt(np.linalg.norm(g) / sigma)
    r = scipy.optimize.brentq(length, start, high, xtol=1e-15)
    return V @ (-w / (values + sigma * r))


@given(SIZES, SEEDS, st.floats(0.01, 100.0))
def test_the_cubic_model_is_minimised_as_the_secular_equation_says(size, seed, sigma):
    H, g = drawn(size, seed, -3.0)
    values, V = np.linalg.eigh(H)
    w = V.T @ g
    if abs(w[0]) < 1e-3:
        return  # nearly the hard case, tested below
    assert_allclose(V @ minimize_cubic(values, w, sigma), exact_cubic(H, g, sigma), atol=1e-7)
    run = optim.steps(quadratic(H, g), method="cubic", sigma=sigma)
    first, second = next(run), next(run)
    p, size = second.x, np.linalg.norm(second.x)
    left = np.linalg.norm(H @ p + sigma * size * p + g)
    assert left <= (0.1 * min(1.0, size) + 1e-9) * np.linalg.norm(g)
    # A Ritz value is never outside of the spectrum, and within its bound of an eigenvalue.
    assert values[0] - 1e-9 <= first.curvature <= values[-1] + 1e-9
    assert np.abs(values - first.curvature).min() <= first.curvature_bound + 1e-9


def test_the_hard_case_of_the_cubic_model():
    """No part of the gradient along the negative eigenvalue: it gives the rest of the length."""
    values, w, sigma = np.array([-2.0, 1.0, 3.0]), np.array([0.0, 0.3, -0.4]), 0.5
    c = minimize_cubic(values, w, sigma)
    assert_allclose(sigma * np.linalg.norm(c), 2.0, rtol=1e-12)
    assert_allclose((values + 2.0) * c, -w, atol=1e-12)
    model = lambda c: w @ c + 0.5 * c @ (values * c) + sigma / 3 * np.linalg.norm(c) ** 3  # noqa: E731
    for start in np.random.default_rng(0).normal(size=(20, 3)):
        other = scipy.optimize.minimize(model, 3 * start, method="BFGS").fun
        assert model(c) <= other + 1e-7


@given(SIZES, SEEDS)
def test_the_krylov_space_keeps_its_recurrence(size, seed):
    H, g = drawn(size, seed, -3.0)
    space = KrylovSpace(g, size)
    while space.extend(lambda v: H @ v):
        pass
    Q = np.array(space.basis[: space.size])
    assert_allclose(Q @ Q.T, np.eye(space.size), atol=1e-12)
    assert_allclose(Q @ H @ Q.T, space.T[: space.size, : space.size], atol=1e-11)
    assert space.beta < 1e-7


# --- saddle points --------------------------------------------------------------------------------


def saddle():
    """x^2 - y^2 + y^4 / 4: a saddle at 0, minima of value -1 at (0, +-sqrt 2)."""
    return objectives.from_callable(
        lambda w: w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4,
        lambda w: np.array([2 * w[0], w[1] ** 3 - 2 * w[1]]),
        2,
        hvp=lambda w, v: np.array([2 * v[0], (3 * w[1] ** 2 - 2) * v[1]]),
    )


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("start", [(0.0, 0.0), (1.0, 0.0)])
@pytest.mark.parametrize("method", ["trust_region", "cubic"])
def test_a_saddle_point_is_left(method, start, engine):
    run = list(optim.steps(saddle(), start, method=method, engine=engine, tol=1e-10))
    at_saddle = next(record for record in run if record.curvature < 0.0)
    assert at_saddle.gradient_norm < 1e-9
    assert abs(at_saddle.x[1]) < 1e-8
    assert_allclose(at_saddle.curvature, -2.0, atol=1e-6)
    assert at_saddle.curvature_bound < 1e-6
    end = run[-1]
    assert_allclose(end.objective, -1.0, rtol=1e-12)
    assert_allclose(np.abs(end.x), [0.0, np.sqrt(2.0)], atol=1e-8)
    # There the Hessian is diag(2, 4): nothing is negative.
    assert_allclose(end.curvature, 2.0, atol=1e-6)


@pytest.mark.parametrize("method", ["newton", "lbfgs", "nonlinear_cg"])
def test_other_methods_say_that_they_are_at_a_stationary_point(method):
    result = optim.minimize(saddle(), method=method)
    assert (result.status, result.nit, result.success) == ("stationary", 0, True)
    assert result.certificate == np.inf
    assert np.isnan(result.curvature)
    assert "stationary point" in result.message


# --- Gauss-Newton ---------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_gauss_newton_takes_residuals_written_in_python(engine):
    f = Residuals()
    theirs = scipy.optimize.least_squares(f.residuals, [-1.2, 1.0], f.jacobian, method="lm")
    result = optim.gauss_newton(f, [-1.2, 1.0], engine=engine, tol=1e-22)
    assert result.success
    assert_allclose(result.x, theirs.x, atol=1e-9)
    assert result.nit < 40


def test_damping_is_what_levenberg_and_marquardt_add():
    f = logistic()
    run = optim.steps(f, method="newton", step_size="levenberg_marquardt")
    for record, after in itertools.pairwise(run):
        if after.gradient_norm < 1e-6:
            break
        shifted = f.hessian(record.x) + after.regularization * np.eye(5)
        assert_allclose(shifted @ after.direction, -record.gradient, atol=1e-12)
    assert after.iteration > 2


def test_gradient_regularization_takes_a_matrix_that_is_not_the_hessian():
    f = network()
    result = optim.minimize(
        f, f.init(0), method="newton_cg", curvature="gauss_newton",
        step_size="gradient_regularized",
    )  # fmt: skip
    assert result.status == "stationary"


# --- natural gradient -----------------------------------------------------------------------------


class Bent:
    """An objective in other variables, w = exp(v) - 1, and the Fisher matrix in them."""

    def __init__(self, f):
        self.f, self.shape = f, f.shape
        self.hessian = functools.partial(f.hessian)

    def value_and_gradient(self, v):
        value, g = self.f.value_and_gradient(np.expm1(v))
        return value, np.exp(v) * g

    def fisher_product(self, v, u):
        return np.exp(v) * self.f.hvp(np.expm1(v), np.exp(v) * u)


@pytest.mark.parametrize("name", ["Logistic", "Poisson", "Multinomial"])
def test_the_natural_gradient_is_newton_for_natural_parameters(name):
    X, y = data()
    y = {"Poisson": np.abs(np.round(3 * X[:, 0])), "Multinomial": np.arange(80) % 3}.get(name, y)
    f = getattr(objectives, name)(X, y, alpha=0.1)
    start = np.full(f.shape, 0.1)
    options = {"step_size": "armijo", "forcing": 1e-12, "max_iter": 3}
    natural = list(optim.steps(f, start, method="natural_gradient", **options))
    newton = list(optim.steps(f, start, method="newton", step_size="armijo", max_iter=3))
    for a, b in zip(natural, newton, strict=True):
        assert_allclose(a.x, b.x, atol=1e-9)


def test_the_natural_gradient_does_not_depend_on_the_variables_to_first_order():
    """Steps of length h end h^2 apart; steps of the plain gradient, h."""
    X, _ = data()
    f = objectives.Poisson(X, np.abs(np.round(3 * X[:, 0])), alpha=0.0)
    w = np.array([0.3, 0.1, -0.2, 0.2])
    v = np.log1p(w)
    options = {"method": "natural_gradient", "step_size": "armijo", "forcing": 1e-12, "max_iter": 1}
    straight = list(optim.steps(f, w, **options))[1].direction
    bent = list(optim.steps(Bent(f), v, **options))[1].direction
    apart = {}
    for h in (1e-2, 5e-3, 2.5e-3):
        apart[h] = np.linalg.norm(w + h * straight - np.expm1(v + h * bent))
    assert_allclose(straight, np.exp(v) * bent, atol=1e-8)
    assert_allclose(np.log2(apart[1e-2] / apart[5e-3]), 2.0, atol=0.05)
    assert_allclose(np.log2(apart[5e-3] / apart[2.5e-3]), 2.0, atol=0.05)
    plain = f.gradient(w) - np.exp(v) * (np.exp(v) * f.gradient(w))
    assert np.linalg.norm(plain) > 0.1 * np.linalg.norm(f.gradient(w))


def test_the_sampled_fisher_matrix_is_exact_on_average():
    f = logistic(alpha=0.0)
    w = np.array([0.4, -0.2, 0.1, 0.3, 0.1])
    make = METHODS["natural_gradient"]
    random = np.random.default_rng(0)
    draws = np.array([make(f, random, n_draws=1).at(w)(np.eye(5)) for _ in range(400)])
    error = draws.std(axis=0, ddof=1) / 20.0
    assert np.all(np.abs(draws.mean(axis=0) - f.hessian(w)) <= 5.0 * error + 1e-12)


# --- inverses, sketches, samples ------------------------------------------------------------------


def test_schulz_squares_the_residual():
    values = np.array([0.5, 1.0, 2.0, 4.0])
    A, residuals = symmetric(values, 2), []
    for limit in range(1, 14):
        run = reference.load("directions", "schulz").Schulz(
            schulz_tolerance=1e-15, schulz_limit=limit
        )
        run.invert(A)
        residuals.append(np.eye(4) - A @ run.inverse)
    for before, after in itertools.pairwise(residuals):
        assert_allclose(after, before @ before, atol=1e-13)
    sizes = [np.linalg.norm(R, 2) for R in residuals]
    near = [(a, b) for a, b in itertools.pairwise(sizes) if a < 0.3 and b > 1e-12]
    orders = [np.log(b) / np.log(a) for a, b in near]
    assert len(orders) >= 2
    assert_allclose(orders, 2.0, atol=1e-6)


def test_schulz_needs_as_many_iterations_as_the_condition_number_says():
    """log2 of the square of the condition number, and a few: each squares 1 - 1 / kappa^2."""
    for kappa in (10.0, 100.0, 1000.0):
        run = reference.load("directions", "schulz").Schulz(1e-10)
        A = np.diag([1.0, kappa]) / kappa
        run.invert(A)
        # (1 - 1 / kappa^2)^(2^t) <= 1e-10
        expected = np.log2(np.log(1e-10) / np.log1p(-1.0 / kappa**2))
        assert abs(run.inner_iterations - expected) <= 1.0
        assert_allclose(run.inverse @ A, np.eye(2), atol=1e-9)


@pytest.mark.parametrize("sketch", ["gaussian", "srht", "sparse"])
def test_sketches_keep_the_hessian_on_average(sketch):
    f = logistic(sample_weight=np.random.default_rng(2).uniform(0.5, 2.0, 80))
    w = np.array([0.4, -0.2, 0.1, 0.3, 0.1])
    random = np.random.default_rng(0)
    matrix = METHODS["sketched_newton"](f, random, sketch=sketch, sketch_factor=6.0)
    draws = np.array([matrix.at(w) for _ in range(600)])
    error = draws.std(axis=0, ddof=1) / np.sqrt(600.0)
    assert np.all(np.abs(draws.mean(axis=0) - f.hessian(w)) <= 5.0 * error + 1e-12)


def test_sketched_newton_converges_at_the_rate_of_inverse_wishart_matrices():
    """Of a quadratic without penalty, a step leaves I - W^-1 of the error, W ~ Wishart(m) / m.

    E W^-1 = m / (m - d - 1) and E W^-2 = m^2 (m - 1) / ((m - d) (m - d - 1) (m - d - 3)) times I
    (von Rosen, Moments for the inverted Wishart distribution, 1988).
    """
    rng = np.random.default_rng(0)
    d, m = 4, 40
    X = rng.normal(size=(300, d))
    f = objectives.LeastSquares(X, rng.normal(size=300))
    best, H = np.linalg.lstsq(X, f.y)[0], X.T @ X / 300
    left = lambda B: best - np.linalg.solve(B, H @ best)  # noqa: E731, of the error at 0
    make = functools.partial(METHODS["sketched_newton"], sketch="gaussian", sketch_factor=m / d)
    matrix = make(f, np.random.default_rng(1))
    after = [left(matrix.at(np.zeros(d))) for _ in range(1000)]
    ratios = np.einsum("ni,ij,nj->n", after, H, after) / (best @ H @ best)
    first, second = m / (m - d - 1), m**2 * (m - 1) / ((m - d) * (m - d - 1) * (m - d - 3))
    expected = 1.0 - 2.0 * first + second
    error = np.std(ratios) / np.sqrt(1000.0)
    assert error < 0.1 * expected
    assert abs(np.mean(ratios) - expected) <= 4.0 * error
    for seed in range(5):  # the method takes just these steps
        options = {"sketch_factor": m / d, "max_iter": 1, "random_state": seed}
        run = list(optim.steps(f, method="sketched_newton", **options))
        B = make(f, np.random.default_rng(seed)).at(np.zeros(d))
        assert_allclose(best - run[1].x, left(B), atol=1e-12)


def test_subsampled_newton_is_as_fast_as_its_matrices_are_close():
    """Near the minimum the error shrinks by |I - B^-1 H| in each step, at most."""
    f = logistic()
    best = optim.newton(f, tol=1e-22).x
    H = f.hessian(best)
    L = np.linalg.cholesky(H)
    size = lambda x: np.linalg.norm(L.T @ (x - best))  # noqa: E731
    start = best + 1e-4
    random = np.random.default_rng(7)
    matrix = METHODS["subsampled_newton"](f, random, sample_share=0.5)
    options = {"sample_share": 0.5, "tol": 0.0, "max_iter": 6, "random_state": 7}
    run = list(optim.steps(f, start, method="newton", curvature="subsampled_newton", **options))
    factors = []
    for a, b in itertools.pairwise(run):
        B = matrix.at(a.x)(np.eye(5))
        inner = np.linalg.solve(L, np.linalg.solve(L, B).T).T  # L^-1 B L^-T
        bound = np.linalg.norm(np.eye(5) - np.linalg.inv(inner), 2)
        epsilon = np.linalg.norm(inner - np.eye(5), 2)
        assert bound <= epsilon / (1.0 - epsilon) + 1e-9
        assert b.step_size == 1.0
        assert size(b.x) <= (bound + 1e-3) * size(a.x) + 1e-14
        factors.append(size(b.x) / size(a.x))
    assert 0.01 < np.mean(factors) < 0.9  # linear, not quadratic


# --- ends and refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["trust_region", "cubic", "nonlinear_cg", "schulz", "gauss_newton"]
)
def test_an_early_end_is_reported(method):
    f = network()
    sentence = (
        f"{method} stopped after 1 iterations: The iteration limit came before the tolerance. "
        r"Reached: relative gradient [0-9.e-]+ \(no certificate\); asked for: relative gradient "
        r"<= 1e-08 \(tol=1e-08\)\. Raise max_iter \(now 1\)"
    )
    with pytest.warns(ConvergenceWarning, match=sentence):
        result = optim.minimize(f, f.init(0), method=method, max_iter=1)
    assert result.stationarity > 1e-8
    assert (result.success, result.status, result.nit) == (False, "iteration_limit", 1)


def test_nan_of_the_function_is_no_progress():
    """Outside of a ball around the start the function is NaN: steps stay inside."""

    def value(w):
        return float(np.sum(w)) if w @ w < 1.0 else np.nan

    f = objectives.from_callable(value, np.ones_like, 2, hvp=lambda w, v: 0.0 * v)
    for method in ("trust_region", "cubic", "nonlinear_cg", "newton_cg"):
        run = list(optim.steps(f, method=method, max_iter=30))
        values = np.array([record.objective for record in run])
        assert np.all(np.diff(values) <= 0.0)
        assert -np.sqrt(2.0) < values[-1] < -0.9


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", ["trust_region", "cubic"])
def test_a_region_takes_another_matrix(method, engine):
    """Gauss-Newton in the place of the Hessian: never negative, and the same end."""
    f = network()
    run = list(optim.steps(f, f.init(0), method=method, curvature="gauss_newton", engine=engine,
                           max_iter=400))  # fmt: skip
    assert np.max(np.abs(run[-1].gradient) * np.maximum(np.abs(run[-1].x), 1.0)) <= 1e-8
    curvatures = np.array([record.curvature for record in run])
    assert not np.any(curvatures < -1e-12)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["value", "gradient", "hvp"])
def test_exceptions_of_the_function_pass_through_the_core(where, error):
    calls = []

    def failing(function):
        def call(*arguments):
            calls.append(1)
            if len(calls) > 1:
                raise error("mine")
            return function(*arguments)

        return call

    parts = {"value": lambda w: w @ w, "gradient": lambda w: 2 * w, "hvp": lambda w, v: 2 * v}
    parts[where] = failing(parts[where])
    f = objectives.from_callable(parts["value"], parts["gradient"], 3, hvp=parts["hvp"])
    with pytest.raises(error, match="mine"):
        optim.cubic(f, np.ones(3), max_iter=50, sigma=5.0)


def bad_product(w, v):
    return np.full_like(v, np.nan)


class WithFisher(Residuals):
    """Its Gauss-Newton matrix is the Fisher matrix of residuals with normal noise."""

    fisher_product = Residuals.gauss_newton_product


ROSENBROCK = objectives.Rosenbrock()


@pytest.mark.parametrize(
    ("objective", "options", "error", "pattern"),
    [
        (ROSENBROCK, {"method": "trust_region", "step_size": "armijo"}, ValueError,
         "step_size must be 'gain_ratio' for method='trust_region', or left out, got 'armijo'"),
        (ROSENBROCK, {"method": "nonlinear_cg", "step_size": "gain_ratio"}, ValueError,
         "step_size must be 'wolfe'"),
        (ROSENBROCK, {"method": "newton", "step_size": "gain_ratio"}, ValueError,
         "step_size='gain_ratio' needs a direction that minimises a model"),
        (ROSENBROCK, {"method": "lbfgs", "step_size": "levenberg_marquardt"}, ValueError,
         "needs a direction that can shift its Hessian"),
        (ROSENBROCK, {"method": "nonlinear_cg", "beta": "hestenes"}, ValueError,
         "beta must be one of"),
        (ROSENBROCK, {"method": "cubic", "sigma": 0.0}, ValueError, "sigma must be > 0"),
        (ROSENBROCK, {"method": "newton", "curvature": "fisher"}, ValueError,
         "curvature must be one of .* or None, got 'fisher'"),
        (ROSENBROCK, {"method": "newton", "curvature": 3}, TypeError, "curvature must be one of"),
        (ROSENBROCK, {"method": "gauss_newton", "curvature": "hessian"}, ValueError,
         "curvature must be left out for method='gauss_newton'.*method='newton_cg'"),
        (ROSENBROCK, {"method": "adam", "curvature": "hessian"}, ValueError,
         "curvature must be left out for an update rule"),
        (ROSENBROCK, {"method": "lbfgs", "curvature": "gauss_newton"}, ValueError,
         "curvature must be left out for method='lbfgs', which learns from gradients alone, got "
         "'gauss_newton'.*'newton_cg'"),
        (ROSENBROCK, {"method": "nonlinear_cg", "curvature": "hessian"}, ValueError,
         "curvature must be left out for method='nonlinear_cg'"),
        (ROSENBROCK, {"method": "steepest_descent", "curvature": "hessian"}, ValueError,
         "curvature must be left out for method='steepest_descent'"),
        (ROSENBROCK, {"method": "nonlinear_cg", "c1": 0.5, "c2": 0.2}, ValueError,
         r"c1 must be < c2, got c1=0.5 and c2=0.2 \(Wolfe\)"),
        (ROSENBROCK, {"method": "lbfgs", "step_size": "wolfe", "c2": 1e-4}, ValueError,
         r"c1 must be < c2, got c1=0.0001 and c2=0.0001 .*defaults are c1=0.0001 and c2=0.1"),
        (ROSENBROCK, {"method": "newton", "random_state": "seven"}, ValueError,
         "random_state must be an integer"),
        (WithFisher(), {"method": "natural_gradient", "n_draws": 3}, ValueError,
         r"n_draws must be 0 for an objective with fisher_product\(w, v\)"),
        (ROSENBROCK, {"method": "gauss_newton"}, TypeError, "or have gauss_newton_product"),
        (ROSENBROCK, {"method": "subsampled_newton"}, TypeError, "objective must be over rows"),
        (objectives.Huber(*data()), {"method": "natural_gradient"}, TypeError,
         "must have the loss of a likelihood"),
        (objectives.Multinomial(data()[0], np.arange(80) % 3), {"method": "sketched_newton"},
         TypeError, "with one margin a sample"),
        (objectives.Huber(*data()), {"method": "subsampled_newton", "sample_share": 1.5},
         ValueError, r"sample_share must be in \(0, 1\], got 1.5 \(SubsampledNewton\)"),
        (objectives.Huber(*data()), {"method": "newton", "sample_share": 0.5}, TypeError,
         "no hyper-parameter 'sample_share'"),
        (objectives.from_callable(np.sum, np.ones_like, 2, hvp=bad_product),
         {"method": "trust_region"}, ValueError, "hvp returned nan"),
        (objectives.from_callable(np.sum, lambda w: np.ones(3), 2), {"method": "lbfgs"},
         ValueError, "gradient must return shape"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_what_does_not_fit_is_refused(objective, options, error, pattern, engine):
    with pytest.raises(error, match=pattern):
        list(optim.steps(objective, engine=engine, **options))


@pytest.mark.parametrize("method", DIRECTIONS)
def test_a_direction_says_whether_it_multiplies_by_a_hessian(method):
    """Those that do not are the ones that ask for no product."""
    products = []

    def hvp(w, v):
        products.append(v)
        return 2.0 * v

    f = objectives.from_callable(lambda w: w @ w, lambda w: 2.0 * w, 2, hvp=hvp)
    optim.minimize(f, [1.0, 2.0], method=method)
    assert bool(products) == records("directions")[method]["uses_hessian"]


def test_arrays_of_the_caller_are_left_alone():
    def value(w):
        w[:] = 7.0
        return 0.0

    start = np.ones(2)
    f = objectives.from_callable(lambda w: w @ w, lambda w: 2 * w, 2, hvp=lambda w, v: 2 * v)
    optim.trust_region(f, start)
    assert np.array_equal(start, [1.0, 1.0])
    writes = objectives.from_callable(value, np.zeros_like, 2)
    assert np.array_equal(optim.minimize(writes, start, method="lbfgs").x, [1.0, 1.0])


# --- single precision -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["lbfgs", "newton_cg", "gauss_newton", "trust_region"])
def test_a_network_in_single_precision_goes_as_far_as_that_allows(method):
    """In double precision there is next to nothing left to gain from where it ends."""
    X, y = data(400, 6, 3)
    X = X.astype(np.float32)
    f, exact = (objectives.MLP(Z, y, 8, loss="logistic", alpha=1e-3) for Z in (X, X.astype(float)))
    result = optim.minimize(f, f.init(0), method=method, max_iter=3000)
    assert (result.status, result.success) == ("precision_limit", True)
    assert "computed in float32" in result.message and "pass data in float64" in result.message
    after = optim.minimize(exact, result.x, method=method, max_iter=3000)
    assert after.success and "float32" not in after.message
    assert exact.value(result.x) - after.fun <= 2e-6 * after.fun
    if method in ("newton_cg", "trust_region"):
        assert result.stationarity < 1e-6


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_gradients_in_single_precision_say_how_exact_values_are(engine):
    class Single:
        shape = (3,)

        def value_and_gradient(self, w):
            w = np.asarray(w, dtype=np.float32)
            slope = np.array([1.0, 10.0, 100.0], dtype=np.float32) * (w - np.float32(1.0))
            return float(np.float32(7.0) + w.dtype.type(0.5) * slope @ (w - 1)), slope

    result = optim.minimize(Single(), np.zeros(3), method="lbfgs", engine=engine, tol=1e-12)
    assert result.success and result.status == "precision_limit"
    assert "computed in float32" in result.message
    # What is left is far below the last digit that the value has in single precision, 5e-7.
    assert 0.5 * np.sum([1.0, 10.0, 100.0] * (result.x - 1.0) ** 2) < 1e-9


# --- functions that are not what they seem --------------------------------------------------------


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", DIRECTIONS)
def test_a_gradient_of_the_wrong_sign_is_no_success(method, engine):
    """Steps shrink until values agree to the last digit: an end by rounding that is none."""
    f = objectives.from_callable(
        lambda w: 1000.0 + w @ w, lambda w: -2.0 * w, 2, hvp=lambda w, v: 2.0 * v
    )
    with pytest.warns(ConvergenceWarning, match="relative gradient 0.002 .*ompare the gradient"):
        result = optim.minimize(f, np.ones(2), method=method, engine=engine, max_iter=1000)
    assert not result.success
    assert result.status in ("line_search_failed", "precision_limit")


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
@pytest.mark.parametrize("method", DIRECTIONS)
def test_a_function_without_a_minimum_is_no_success(method):
    f = objectives.Quadratic([1.0, -2.0])
    with pytest.warns(ConvergenceWarning):
        result = optim.minimize(f, [1.0, 1.0], method=method, max_iter=700)
    assert not result.success
    assert result.fun < -100.0


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", DIRECTIONS)
def test_points_without_a_gradient_are_not_taken(method, engine):
    """Finite values everywhere, but NaN as the gradient outside of a ball; no curvature at all."""
    f = objectives.from_callable(
        lambda w: float(np.sum(w)),
        lambda w: np.ones(2) if w @ w < 1.0 else np.array([np.nan, 1.0]),
        2,
        hvp=lambda w, v: 0.0 * v,
    )
    run = list(optim.steps(f, method=method, engine=engine, max_iter=30))
    assert np.isfinite([record.gradient for record in run]).all()
    assert np.all(np.diff([record.objective for record in run]) <= 0.0)
    assert -np.sqrt(2.0) < run[-1].objective < -0.9


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", ["trust_region", "cubic"])
def test_negative_curvature_that_the_values_deny_is_not_believed(method, engine):
    """Products of the wrong sign at a minimum: the gradient is what is known there."""
    f = objectives.from_callable(
        lambda w: 1.0 + w @ w, lambda w: 2.0 * w, 3, hvp=lambda w, v: -2.0 * v
    )
    result = optim.minimize(f, method=method, engine=engine)
    assert (result.status, result.success, result.nit) == ("stationary", True, 0)
    assert_allclose(result.curvature, -2.0)


class Plain:
    """What the documentation asks for, and not more; dim is not among it."""

    shape = (2,)

    def value_and_gradient(self, w):
        return w @ w - w[0], 2.0 * w - [1.0, 0.0]

    def hvp(self, w, v):
        return 2.0 * v


@pytest.mark.parametrize("method", ["newton", "newton_cg", "trust_region", "cubic", "schulz"])
def test_an_objective_needs_no_more_than_is_said(method):
    assert_allclose(optim.minimize(Plain(), method=method).x, [0.5, 0.0], atol=1e-8)


@pytest.mark.parametrize("engine", ["core", "numpy"])
def test_products_of_gauss_newton_are_checked(engine):
    f = Residuals()
    f.gauss_newton_product = lambda w, v: np.ones(3)
    with pytest.raises(ValueError, match=r"gauss_newton_product must return shape \(2,\)"):
        optim.gauss_newton(f, [-1.2, 1.0], engine=engine)
    f.gauss_newton_product = lambda w, v: np.full(2, np.inf)
    with pytest.raises(ValueError, match="gauss_newton_product returned inf"):
        optim.gauss_newton(f, [-1.2, 1.0], engine=engine)


@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", DIRECTIONS)
def test_one_variable_and_starts_of_any_type(method, engine):
    f = objectives.from_callable(
        lambda w: np.sqrt(1.0 + (w - 3.0) ** 2),
        lambda w: (w - 3.0) / np.sqrt(1.0 + (w - 3.0) ** 2),
        1,
        hvp=lambda w, v: v / (1.0 + (w - 3.0) ** 2) ** 1.5,
    )
    for start in ([0], np.zeros(1, np.float32), np.zeros(1, np.int8)):
        result = optim.minimize(f, start, method=method, engine=engine, tol=1e-9)
        assert result.success
        assert result.x.dtype == np.float64
        assert_allclose(result.x, 3.0, atol=1e-8)
        assert not np.any(start)
    at_once = optim.minimize(f, [3.0], method=method, engine=engine)
    assert (at_once.status, at_once.nit) == ("stationary", 0)


@pytest.mark.parametrize("has_hvp", [True, False])
@pytest.mark.parametrize("engine", ["core", "numpy"])
@pytest.mark.parametrize("method", DIRECTIONS)
def test_a_singular_hessian_is_no_obstacle(method, engine, has_hvp):
    a = np.array([1.0, 2.0, -1.0])
    hvp = (lambda w, v: 2.0 * a * (a @ v)) if has_hvp else None
    f = objectives.from_callable(
        lambda w: 1.0 + (a @ w - 1.0) ** 2, lambda w: 2.0 * (a @ w - 1.0) * a, 3, hvp=hvp
    )
    result = optim.minimize(f, [0.3, 0.0, -0.5], method=method, engine=engine)
    assert result.success
    assert_allclose(a @ result.x, 1.0, atol=1e-7)


@pytest.mark.parametrize("part", [0.0, 1e-300, 1e-20, 1e-16, 1e-14, 1e-10, 1e-6])
@pytest.mark.parametrize("sigma", [1e-3, 0.5, 50.0])
def test_the_cubic_model_near_its_hard_case(part, sigma):
    """Hardly any gradient along the negative eigenvalue, in either direction."""
    values = np.array([-2.0, 1.0, 3.0])
    for sign in (1.0, -1.0):
        w = np.array([sign * part, 0.3, -0.4])
        c = minimize_cubic(values, w, sigma)
        shift = sigma * np.linalg.norm(c)
        assert shift >= 2.0 * (1.0 - 1e-12)
        assert_allclose((values + shift) * c, -w, rtol=0.0, atol=1e-9)
        assert c[0] * w[0] <= 0.0


# --- Python inside of the core --------------------------------------------------------------------


def test_a_function_may_minimise_another_one():
    """The Moreau envelope of |v|^4 / 4, each value from a run of its own."""

    def inner(w):
        g = objectives.from_callable(
            lambda v: np.sum(v**4) / 4.0 + 0.5 * np.sum((v - w) ** 2), lambda v: v**3 + v - w, 2
        )
        return optim.trust_region(g, w, tol=1e-12)

    f = objectives.from_callable(lambda w: inner(w).fun, lambda w: w - inner(w).x, 2)
    assert_allclose(optim.lbfgs(f, [2.0, -1.0], tol=1e-8).x, 0.0, atol=1e-2)


def test_a_run_keeps_its_objective_and_no_longer():
    f = objectives.from_callable(lambda w: np.sum(w**4), lambda w: 4.0 * w**3, 2)
    known = weakref.ref(f)
    run = optim.steps(f, np.ones(2), method="newton_cg")
    next(run)
    del f
    gc.collect()
    assert known() is not None
    assert next(run).iteration == 1
    del run
    gc.collect()
    assert known() is None


def test_runs_in_threads_are_those_of_one():
    def one(seed):
        start = np.random.default_rng(seed).normal(size=4)
        return optim.trust_region(objectives.Rosenbrock(4), start, max_iter=200).x

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for seed, found in enumerate(pool.map(one, range(8))):
            assert np.array_equal(found, one(seed))


def test_a_large_sketch_is_drawn_in_parts(monkeypatch):
    monkeypatch.setattr(sketched_newton, "NUMBERS", 30)
    A = np.random.default_rng(0).normal(size=(25, 4))
    parts = np.random.default_rng(1)
    S = np.hstack([parts.standard_normal((10, min(3, 25 - first))) for first in range(0, 25, 3)])
    for each in (A, sp.csr_array(A)):
        found = sketched_newton.gaussian(each, 10, np.random.default_rng(1))
        assert_allclose(found, S @ A / np.sqrt(10.0), atol=1e-13)
