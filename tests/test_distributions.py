"""Predicted distributions against SciPy, distributions of one's own, and what the errors say."""

import decimal
import itertools
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, optimize, special, stats
from scipy.special import expit
from sklearn.base import clone

from optlite.boosting import NGBRegressor, distributions

# SciPy's distribution for given usual parameters, written independently of the twins.
SCIPY = {
    "normal": lambda a, b: stats.norm(a, np.exp(b)),
    "log_normal": lambda a, b: stats.lognorm(np.exp(b), scale=np.exp(a)),
    "laplace": lambda a, b: stats.laplace(a, np.exp(b)),
    "logistic": lambda a, b: stats.logistic(a, np.exp(b)),
    "cauchy": lambda a, b: stats.cauchy(a, np.exp(b)),
    "gamma": lambda a, b: stats.gamma(np.exp(a), scale=np.exp(b) / np.exp(a)),
    "weibull": lambda a, b: stats.weibull_min(np.exp(a), scale=np.exp(b)),
    "beta": lambda m, s: stats.beta(np.exp(s) * expit(m), np.exp(s) * expit(-m)),
    "exponential": lambda a: stats.expon(scale=np.exp(a)),
    "half_normal": lambda a: stats.halfnorm(scale=np.exp(a)),
    "poisson": lambda a: stats.poisson(np.exp(a)),
    "bernoulli": lambda a: stats.bernoulli(1.0 / (1.0 + np.exp(-a))),
    "negative_binomial": lambda a, b: stats.nbinom(np.exp(b), np.exp(b) / (np.exp(b) + np.exp(a))),
    "student_t": lambda a, b, c: stats.t(np.exp(c), a, np.exp(b)),
    "student_t_fixed_df": lambda a, b: stats.t(3.0, a, np.exp(b)),
}


def rows_of(name, n=6, seed=0):
    family = distributions.from_name(name)
    theta = 0.4 * np.random.default_rng(seed).normal(size=(n, family.n_params))
    if name == "student_t":
        theta[:, 2] += 2.0  # a variance exists
    return family, theta


def test_every_family_is_listed_with_its_scores():
    names = distributions.list_distributions()
    assert len(names) == len(set(names)) == 19
    families = [distributions.from_name(name) for name in names]
    assert [family.name for family in families] == names
    crps = {family.name for family in families if "crps" in family.scores}
    assert crps == {
        *("normal", "normal_fixed_var", "log_normal", "laplace", "logistic", "cauchy"),
        *("student_t_fixed_df", "exponential", "half_normal", "weibull", "gamma"),
        *("bernoulli", "poisson", "zero_inflated_poisson"),
    }
    assert all(bool(family.no_crps) == ("crps" not in family.scores) for family in families)
    censored = {family.name for family in families if family.takes_censored()}
    assert censored == {"exponential", "gamma", "log_normal", "weibull"}
    also = {f.name for f in families if "crps" in f.scores and f.takes_censored("crps")}
    assert also == censored


@pytest.mark.parametrize("name", sorted(SCIPY))
def test_predicted_distributions_answer_as_scipy_does(name):
    family, theta = rows_of(name)
    predicted = family.at(theta)
    y = predicted.rvs(random_state=1).astype(float)
    lower, upper = predicted.interval(0.8)
    for i, row in enumerate(theta):
        one = SCIPY[name](*row)
        for moment in ("mean", "var", "std", "entropy"):
            assert_allclose(getattr(predicted, moment)()[i], getattr(one, moment)(), rtol=1e-12)
        density = one.pmf if family.discrete else one.pdf
        assert_allclose(predicted.pdf(y)[i], density(y[i]), rtol=1e-11)
        assert_allclose(np.exp(predicted.logpdf(y)[i]), density(y[i]), rtol=1e-11)
        assert_allclose(predicted.cdf(y)[i], one.cdf(y[i]), rtol=1e-12)
        assert_allclose(predicted.sf(y)[i], one.sf(y[i]), rtol=1e-11)
        assert_allclose(predicted.ppf(0.3)[i], one.ppf(0.3), rtol=1e-11)
        assert_allclose((lower[i], upper[i]), (one.ppf(0.1), one.ppf(0.9)), rtol=1e-10)


@pytest.mark.parametrize("name", sorted({*SCIPY, "zero_inflated_poisson", "categorical"}))
def test_draws_follow_the_distribution_function(name):
    """Kolmogorov's distance of 4,000 draws of each row, 99.99 % limit for six rows."""
    family, theta = rows_of(name)
    predicted = family.at(theta)
    draws = predicted.rvs(size=4000, random_state=0)
    assert draws.shape == (4000, len(theta))
    assert_array_equal(draws, predicted.rvs(size=4000, random_state=0))
    for i in range(len(theta)):
        values, counts = np.unique(draws[:, i], return_counts=True)
        empirical = np.cumsum(counts) / 4000.0
        known = np.array([predicted.cdf(np.full(len(theta), v))[i] for v in values[:400]])
        assert np.max(np.abs(empirical[:400] - known)) < 2.3 / np.sqrt(4000.0)


@pytest.mark.parametrize("name", ["zero_inflated_poisson", "categorical"])
def test_discrete_distributions_that_scipy_lacks_add_up(name):
    family, theta = rows_of(name)
    predicted = family.at(theta)
    counts = np.arange(60.0)[:, None]
    p = predicted.pdf(counts)
    assert_allclose(p.sum(axis=0), 1.0, rtol=1e-12)
    assert_allclose(predicted.cdf(counts), np.cumsum(p, axis=0), rtol=1e-12)
    assert_allclose(predicted.sf(counts[:10]), 1.0 - np.cumsum(p, axis=0)[:10], atol=1e-14)
    mean = (counts * p).sum(axis=0)
    assert_allclose(predicted.mean(), mean, rtol=1e-12)
    assert_allclose(predicted.var(), ((counts - mean) ** 2 * p).sum(axis=0), rtol=1e-11)
    logs = np.where(p > 0.0, np.log(np.where(p > 0.0, p, 1.0)), 0.0)
    assert_allclose(predicted.entropy(), -(p * logs).sum(axis=0), rtol=1e-11)
    for q in (0.01, 0.2, 0.5, 0.9, 0.999):
        least = np.argmax(np.cumsum(p, axis=0) >= q, axis=0)
        assert_array_equal(predicted.ppf(q), least)
    assert_array_equal(predicted.pdf(np.full(len(theta), 0.5)), 0.0)
    assert_array_equal(predicted.cdf(np.full(len(theta), -1.0)), 0.0)


def test_multivariate_normal_answers_as_scipy_does():
    family = distributions.MultivariateNormal(d=3)
    theta = 0.4 * np.random.default_rng(0).normal(size=(4, family.n_params))
    predicted = family.at(theta)
    y = predicted.rvs(random_state=0)
    assert y.shape == (4, 3)
    mean, covariance = predicted.params["mean"], predicted.params["cov"]
    for i in range(4):
        one = stats.multivariate_normal(mean[i], covariance[i])
        assert_allclose(predicted.logpdf(y)[i], one.logpdf(y[i]), rtol=1e-11)
        assert_allclose(predicted.entropy()[i], one.entropy(), rtol=1e-11)
    assert_allclose(predicted.var(), np.einsum("nii->ni", covariance), rtol=1e-12)
    assert_allclose(predicted.ppf(0.5), mean)
    draws = predicted.rvs(size=20000, random_state=1)
    assert_allclose(np.cov(draws[:, 0].T), covariance[0], atol=0.1 * covariance[0].max())
    with pytest.raises(NotImplementedError, match="no closed form"):
        predicted.cdf(y)


def test_multivariate_metric_is_the_covariance_of_the_gradient():
    """Monte Carlo with 200,000 draws; five standard errors of each entry."""
    family = distributions.MultivariateNormal(d=3)
    theta = 0.4 * np.random.default_rng(2).normal(size=(1, family.n_params))
    rows = np.repeat(theta, 200_000, axis=0)
    g = family.gradient(rows, family.at(rows).rvs(random_state=3))
    assert np.all(np.abs(g.mean(axis=0)) < 5.0 * g.std(axis=0) / np.sqrt(len(g)))
    products = g[:, :, None] * g[:, None, :]
    error = np.abs(products.mean(axis=0) - family.metric(theta)[0])
    assert np.all(error < 5.0 * products.std(axis=0) / np.sqrt(len(g)))


CONTINUOUS = ("normal", "log_normal", "laplace", "logistic", "exponential", "half_normal")
CONTINUOUS += ("gamma", "weibull", "beta", "student_t", "normal_fixed_var")


@pytest.mark.parametrize("name", [*CONTINUOUS, "student_t_fixed_df"])
def test_crps_of_predictions_is_the_integral_of_its_definition(name):
    family, theta = rows_of(name, n=3, seed=4)
    predicted = family.at(theta)
    y = predicted.rvs(random_state=2)
    crps = predicted.crps(y)
    for i in range(len(theta)):
        one = predicted[i]
        low, high = one.ppf(1e-13)[0], one.isf(1e-13)[0]
        middle = sorted([one.ppf(0.01)[0], one.ppf(0.5)[0], one.isf(0.01)[0], y[i]])
        expected = 0.0
        ends = [min(low, y[i]), *middle, max(high, y[i])]
        for a, b in itertools.pairwise(ends):
            function = one.cdf if b <= y[i] else one.sf
            expected += integrate.quad(
                lambda x, f=function: f(np.array([x]))[0] ** 2, a, b, epsabs=1e-11, limit=200
            )[0]
        assert crps[i] == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize(
    "name", ["bernoulli", "poisson", "negative_binomial", "zero_inflated_poisson"]
)
def test_crps_of_counts_is_the_sum_of_its_definition(name):
    family, theta = rows_of(name)
    predicted = family.at(theta)
    y = predicted.rvs(random_state=2).astype(float)
    counts = np.arange(300.0)[:, None]
    expected = ((predicted.cdf(counts) - (counts >= y)) ** 2).sum(axis=0)
    assert_allclose(predicted.crps(y), expected, rtol=1e-9)


@pytest.mark.parametrize("df", [0.6, 0.999, 1.0, 1.0005, 1.002, 2.0, 40.0, 1e4, 1e9])
def test_crps_of_student_t_for_any_degrees_of_freedom(df):
    """Against the integral of the squared tails, over the logarithm of their place."""
    family = distributions.StudentTFixedDf(df=df)
    z = np.array([-30.0, -3.0, -0.2, 0.0, 0.7, 2.5, 11.0])
    theta = np.zeros((len(z), 2))
    score = family.score(theta, z, score="crps")
    one = stats.t(df)
    for at, value in zip(z, score, strict=True):
        below = integrate.quad(
            lambda v: one.cdf(-np.exp(v)) ** 2 * np.exp(v),
            -40.0,
            40.0 / min(1.0, 2.0 * df - 1.0),
            limit=400,
            points=[0.0],
        )[0]
        inner = integrate.quad(lambda x: 2.0 * one.cdf(x) - 1.0, 0.0, abs(at), limit=400)[0]
        assert value == pytest.approx(2.0 * below + inner, rel=1e-8)
    assert distributions.gradient_check(family) < 1e-6
    assert_allclose(family.at(theta).crps(z), score, rtol=1e-6)
    if df == 1.0:
        cauchy = distributions.Cauchy()
        for what in ("score", "gradient", "natural_gradient"):
            same = getattr(cauchy, what)(theta, z, score="crps")
            assert_allclose(getattr(family, what)(theta, z, score="crps"), same, rtol=1e-13)
    if df == 1e9:
        normal = distributions.Normal().score(theta, z, score="crps")
        assert_allclose(score, normal, rtol=1e-7)


@pytest.mark.parametrize("df", [0.75, 1.0, 3.0])
def test_crps_of_student_t_where_squares_overflow(df):
    """Far outside, the score is the distance, less a power of it that hardly counts."""
    z = np.array([-1e200, 1e160])
    family, theta = distributions.StudentTFixedDf(df=df), np.zeros((2, 2))
    assert_allclose(family.score(theta, z, score="crps"), np.abs(z), rtol=1e-12)
    below = stats.t(df).pdf(0.0) * 2.0 * df / (df - 1.0) if df != 1.0 else 2.0 / np.pi
    rest = special.beta(0.5, df - 0.5) / special.beta(0.5, 0.5 * df)
    if df == 1.0:
        slope = below * (np.log(2.0) - np.log(np.abs(z)))
    else:  # (1 + z^2 / df)^((1 - df) / 2)
        slope = below * (np.abs(z) ** (1.0 - df) * df ** (0.5 * df - 0.5) - rest)
    expected = np.column_stack([-np.sign(z), slope])
    assert_allclose(family.gradient(theta, z, score="crps"), expected, rtol=1e-12)


def test_a_crps_that_is_infinite_is_not_there():
    family = distributions.StudentTFixedDf(df=0.5)
    assert family.scores == ("log",)
    with pytest.raises(ValueError, match=r"No CRPS: it is infinite unless df > 0.5"):
        family.score(np.zeros((2, 2)), np.zeros(2), score="crps")
    with pytest.raises(ValueError, match=r"No CRPS: it is infinite unless df > 0.5"):
        NGBRegressor(Dist=family, Score="crps").fit(np.zeros((9, 1)), np.arange(9.0))
    with pytest.raises(ValueError, match=r"No CRPS: it depends on the order of the classes"):
        distributions.Categorical().score(np.zeros((2, 2)), np.zeros(2), score="crps")
    assert distributions.gradient_check(family) < 1e-6


@pytest.mark.parametrize("log_mean", [-30.0, -18.0, -9.0, -2.0, -0.01, 0.01, 3.0, 4.0])
@pytest.mark.parametrize("logit", [-20.0, -1.0, 2.0, 20.0])
def test_natural_gradient_of_the_zero_inflated_crps_is_a_projection(log_mean, logit):
    """Coefficients of least squares in the basis dF(k) / dtheta, in decimal arithmetic."""
    D = decimal.Decimal
    family = distributions.ZeroInflatedPoisson()
    for y in (0, 1, 2, 5):
        if log_mean > 2.0 and y:
            y += int(np.exp(log_mean) ** 0.5)
        natural = family.natural_gradient([[log_mean, logit]], [float(y)], score="crps")[0]
        with decimal.localcontext() as context:
            context.prec = 120
            mu, pi = D(log_mean).exp(), 1 / (1 + (-D(logit)).exp())
            masses = [(-mu).exp()]
            for k in range(1, 60 if log_mean < 1.0 else 250):
                masses.append(masses[-1] * mu / k)
            tails = [*itertools.accumulate(reversed(masses[1:]), initial=D(0))][::-1]
            a = [-(1 - pi) * mu * p for p in masses]
            b = [(1 - pi) * pi * t for t in tails]
            e = [(1 if k < y else 0) - (1 - pi) * t for k, t in enumerate(tails)]
            aa, ab, bb, ae, be = (
                sum(u * v for u, v in zip(*pair, strict=True))
                for pair in ((a, a), (a, b), (b, b), (a, e), (b, e))
            )
            determinant = aa * bb - ab * ab
            expected = [(bb * ae - ab * be) / determinant, (aa * be - ab * ae) / determinant]
        assert_allclose(natural, [float(v) for v in expected], rtol=1e-9, atol=1e-15)


def test_wrong_arguments_are_explained():
    normal = distributions.Normal()
    with pytest.raises(ValueError, match=r"q must be in \[0, 1\], got 1.5"):
        normal.at(np.zeros((2, 2))).ppf(1.5)
    with pytest.raises(ValueError, match=r"score must be one of .*Did you mean 'crps'"):
        normal.score(np.zeros((2, 2)), np.zeros(2), score="crp")
    with pytest.raises(ValueError, match="takes no censored rows"):
        normal.score(np.zeros((2, 2)), np.zeros(2), event=np.ones(2))
    with pytest.raises(ValueError, match=r"event must be 1 .* got 2 at row 1"):
        distributions.Exponential().score(np.zeros((2, 1)), np.ones(2), event=[1.0, 2.0])
    with pytest.raises(ValueError, match="as many rows, got 2 and 3"):
        normal.score(np.zeros((2, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="at least one row"):
        normal.marginal([])
    for weight in ([1.0, -1.0], [0.0, 0.0], [1.0, np.nan]):
        with pytest.raises(ValueError, match="sample_weight must be finite"):
            normal.marginal([1.0, 2.0], sample_weight=weight)
    with pytest.raises(ValueError, match="sample_weight must have the shape"):
        normal.marginal([1.0, 2.0], sample_weight=[1.0])
    with pytest.raises(ValueError, match=r"k must be a whole number, got 2.5"):
        distributions.Categorical(k=2.5)
    with pytest.raises(ValueError, match=r"df must be > 0, got -1.0"):
        distributions.StudentTFixedDf(df=-1.0)
    with pytest.raises(ValueError, match="Did you mean 'weibull'"):
        distributions.from_name("weibul")
    with pytest.raises(ValueError, match="y must have the shape"):
        distributions.MultivariateNormal(d=3).check_targets(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"y must be a class .* at row 2"):
        distributions.Categorical(k=3).check_targets([0.0, 2.0, 3.0])


@pytest.mark.parametrize("d", [1, 2, 5, 10])
def test_multivariate_normal_of_any_size(d):
    family = distributions.MultivariateNormal(d=d)
    assert family.n_params == d + d * (d + 1) // 2
    rng = np.random.default_rng(d)
    theta = 0.3 * rng.normal(size=(20, family.n_params))
    y = family.at(theta).rvs(random_state=rng)
    assert y.shape == ((20,) if d == 1 else (20, d))
    g, natural = family.gradient(theta, y), family.natural_gradient(theta, y)
    product = np.einsum("njk,nk->nj", family.metric(theta), natural)
    assert_allclose(product, g, rtol=1e-9, atol=1e-9 * np.abs(g).max())


@pytest.mark.parametrize("mean", [1e-8, 1e-3, 0.7, 5.0, 80.0, 400.0])
@pytest.mark.parametrize("size", [0.1, 1.3, 40.0, 1000.0])
def test_information_on_the_size_to_sixty_digits(mean, size):
    """The sum over the upper tails, in decimal arithmetic."""
    mu, r = decimal.Decimal(mean), decimal.Decimal(size)
    with decimal.localcontext() as context:
        context.prec = 60
        masses = [(-r * (1 + mu / r).ln()).exp()]
        while len(masses) < 100 + 4 * mean or masses[-1] > decimal.Decimal(10) ** -45:
            j = len(masses)
            masses.append(masses[-1] * (r + j - 1) / j * mu / (r + mu))
        above, total = decimal.Decimal(0), -mu / (r * (r + mu))
        for j in range(len(masses) - 2, -1, -1):
            above += masses[j + 1]
            total += above / (r + j) ** 2
        expected = float(r * r * total)
    metric = distributions.NegativeBinomial().metric([[np.log(mean), np.log(size)]])
    assert metric[0, 1, 1] == pytest.approx(expected, rel=1e-9)


def test_categorical_with_two_classes_is_bernoulli():
    two, bernoulli = distributions.Categorical(k=2), distributions.Bernoulli()
    theta = np.linspace(-25.0, 25.0, 11)[:, None]
    for y in (np.zeros(11), np.ones(11)):
        for what in ("score", "gradient", "natural_gradient"):
            assert_allclose(
                getattr(two, what)(theta, y), getattr(bernoulli, what)(theta, y), rtol=1e-12
            )


# --- the CRPS of the gamma distribution -----------------------------------------------------------


def test_table_of_the_gamma_metric_by_another_quadrature():
    """Differences of the distribution function, and limits: exponential, and normal draws."""
    family = distributions.Gamma()
    theta = np.column_stack([np.log(10.0) * np.linspace(-3.0, 5.0, 25), np.zeros(25)])
    metric = family.metric(theta, score="crps")
    expected = np.moveaxis(family.twin().crps_metric(theta.T), -1, 0)
    unit = np.sqrt(np.einsum("nkk->nk", metric))
    assert np.all(np.abs(metric - expected) <= 1e-9 * unit[:, :, None] * unit[:, None, :])
    one = family.metric([[0.0, np.log(3.0)]], score="crps")[0, 1, 1]
    assert one == pytest.approx(distributions.Exponential().metric([[np.log(3.0)]], score="crps"))
    small, large = 1e-9, 1e14
    metric = family.metric(np.log([[small, 1.0], [large, 1.0]]), score="crps")
    mixed = 2.0 * np.log(2.0) - 1.0
    assert_allclose(metric[0], small * np.array([[1.0, mixed], [mixed, 1.0]]), rtol=1e-8)
    root = np.sqrt(large / np.pi)
    assert_allclose([metric[1, 0, 0], metric[1, 1, 1]], [0.125 * root / large, root], rtol=1e-10)
    assert abs(metric[1, 0, 1]) < 1.0 / root


@pytest.mark.parametrize("log_mean", [-18.0, 0.0, 18.0])
def test_the_gamma_crps_is_smooth_where_its_formulas_change(log_mean):
    """At the shape 12, where u - 1 - log u = 1 / 2, at x = a + 4: the same on both sides."""
    family, scale = distributions.Gamma(), np.exp(log_mean)
    roots = [
        optimize.brentq(lambda u: u - 1.0 - np.log(u) - 0.5, *ends, xtol=1e-15)
        for ends in ((1e-3, 1.0), (1.0, 10.0))
    ]
    points = [(12.0, u) for u in (1e-4, 0.05, 0.302, 0.6, 0.99999, 1.0, 1.2, 2.357, 4.0)]
    points += itertools.product((12.5, 40.0, 1e3), roots)
    points += [(a, 1.0 + 4.0 / a) for a in (1e-3, 0.2, 3.0, 11.0)]
    shape, u = np.array(points).T
    sides = []
    for factor in (1.0 - 1e-13, 1.0 + 1e-13):
        theta = np.column_stack([np.log(shape * factor), np.full(len(u), log_mean)])
        for event in (np.ones(len(u)), np.zeros(len(u))):
            for what, unit in (("score", scale), ("gradient", scale), ("natural_gradient", 1.0)):
                found = getattr(family, what)(theta, factor * u * scale, score="crps", event=event)
                sides.append(found / unit)
    for left, right in zip(sides[:6], sides[6:], strict=True):
        assert_allclose(left, right, rtol=3e-10, atol=1e-11)


@pytest.mark.parametrize("shape", [1e-5, 1e-3, 1e6, 1e12])
def test_gamma_crps_of_extreme_shapes(shape):
    """Small: nearly all mass at 0, F = 1 - a E1(x). Large: a normal distribution."""
    family, z = distributions.Gamma(), np.linspace(-6.0, 6.0, 13)
    theta = np.tile([np.log(shape), 0.0], (len(z), 1))
    if shape > 1.0:
        y = 1.0 + z / np.sqrt(shape)
        ours = family.score(theta, y, score="crps") * np.sqrt(shape)
        normal = distributions.Normal().score(np.zeros((len(z), 2)), z, score="crps")
        assert_allclose(ours, normal, rtol=30.0 / np.sqrt(shape))
        g = family.gradient(theta, y, score="crps")
        expected = distributions.Normal().gradient(np.zeros((len(z), 2)), z, score="crps")
        assert_allclose(g[:, 0] * np.sqrt(shape), -0.5 * expected[:, 1], atol=30.0 / np.sqrt(shape))
        assert_allclose(g[:, 1], expected[:, 0], atol=30.0 / np.sqrt(shape))
        return
    x = np.array([0.01, 0.1, 1.0, 3.0, 8.0, 20.0])
    ours = family.gradient(theta[: len(x)], x / shape, score="crps")
    # S = u (2 F - 1) - (2 P(1, x) - 1) - 1 with F = 1 - a E1(x), and its derivative in log a
    tail, below = special.exp1(x), np.exp(-x)
    expected = x / shape * (1.0 - 2.0 * shape * tail) + 2.0 * below - 2.0
    score = family.score(theta[: len(x)], x / shape, score="crps")
    assert_allclose(score, expected, rtol=10.0 * shape, atol=20.0 * shape)
    assert_allclose(ours[:, 1], 2.0 * below - 2.0, atol=30.0 * shape)
    assert_allclose(ours[:, 0], 2.0 * x * (below - tail) - 2.0 * x * below, atol=60.0 * shape)


# --- a distribution of one's own ------------------------------------------------------------------


class Gumbel:
    """Largest of many: F(y) = exp(-exp(-z)), theta = (mu, log_beta)."""

    parameters = ("mu", "log_beta")

    @staticmethod
    def score(theta, y):
        z = (y - theta[0]) * np.exp(-theta[1])
        return theta[1] + z + np.exp(-z)

    @staticmethod
    def gradient(theta, y):
        z = (y - theta[0]) * np.exp(-theta[1])
        w = 1.0 - np.exp(-z)
        return np.array([-w * np.exp(-theta[1]), 1.0 - z * w])

    @staticmethod
    def metric(theta):
        precision, g = np.exp(-theta[1]), np.euler_gamma
        last = np.full_like(precision, np.pi**2 / 6.0 + (1.0 - g) ** 2)
        # g_mu and g_t are those of log y for the Weibull distribution, with the sign of z turned.
        return np.array([[precision**2, (g - 1.0) * precision], [(g - 1.0) * precision, last]])

    @staticmethod
    def frozen(theta):
        return stats.gumbel_r(loc=theta[0], scale=np.exp(theta[1]))


Y = stats.gumbel_r.rvs(loc=1.0, scale=2.0, size=400, random_state=0)


def test_a_distribution_of_ones_own_is_checked_and_used():
    family = distributions.from_user(Gumbel, y=Y)
    theta = family.marginal(Y)
    assert_allclose((theta[0], np.exp(theta[1])), stats.gumbel_r.fit(Y), rtol=1e-3)
    rows = np.tile(theta, (len(Y), 1))
    assert_allclose(family.score(rows, Y), -family.at(rows).logpdf(Y), rtol=1e-12)
    natural = family.natural_gradient(rows, Y)
    product = np.einsum("njk,nk->nj", family.metric(rows), natural)
    assert_allclose(product, family.gradient(rows, Y), rtol=1e-9, atol=1e-12)
    again = pickle.loads(pickle.dumps(family))
    assert again == family
    assert_array_equal(again.at(rows[:2]).mean(), family.at(rows[:2]).mean())


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        (
            "gradient",
            lambda theta, y: Gumbel.gradient(theta, y) * np.array([[1.0], [1.01]]),
            "gradient .* wrong in the component of 'log_beta'",
        ),
        (
            "gradient",
            lambda theta, y: -Gumbel.gradient(theta, y),
            "gradient .* wrong in the component of 'mu'",
        ),
        ("gradient", lambda theta, y: Gumbel.gradient(theta, y).T, "gradient .* must return an"),
        ("score", lambda theta, y: np.zeros(3), "score .* must return an array of shape"),
        ("metric", lambda theta: -Gumbel.metric(theta), "metric .* is not positive definite"),
        (
            "metric",
            lambda theta: Gumbel.metric(theta) + np.array([[0.0, 0.2], [0.0, 0.0]])[:, :, None],
            "metric .* is not symmetric in 'mu' and 'log_beta'",
        ),
    ],
)
def test_a_wrong_component_is_named_at_first_use(name, wrong, message):
    definition = type("Wrong", (Gumbel,), {name: staticmethod(wrong), "start": staticmethod(start)})
    family = distributions.from_user(definition)
    with pytest.raises(ValueError, match=message):
        family.marginal(Y)


def test_boosting_with_a_distribution_of_ones_own():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(400, 2))
    y = 5.0 * X[:, 0] + rng.gumbel(size=400) * np.exp(X[:, 1])
    family = distributions.from_user(Gumbel)
    model = NGBRegressor(family, random_state=0).fit(X, y)
    new = np.random.default_rng(1).uniform(size=(2000, 2))
    y_new = 5.0 * new[:, 0] + rng.gumbel(size=2000) * np.exp(new[:, 1])
    truth = stats.gumbel_r(5.0 * new[:, 0], np.exp(new[:, 1])).logpdf(y_new).mean()
    start = stats.gumbel_r(model.init_params_[0], np.exp(model.init_params_[1])).logpdf(y_new)
    learned = model.pred_dist(new).logpdf(y_new).mean()
    assert learned == pytest.approx(-model.loss(new, y_new))
    assert 0.5 * (start.mean() + truth) < learned < truth
    covered = model.predict_interval(new, 0.8)
    assert abs(np.mean((y_new > covered[:, 0]) & (y_new < covered[:, 1])) - 0.8) < 0.06
    again = pickle.loads(pickle.dumps(clone(model).fit(X, y)))
    assert_array_equal(again.predict(X), model.predict(X))
    wrong = type("Wrong", (Gumbel,), {"gradient": lambda theta, y: 1.1 * Gumbel.gradient(theta, y)})
    with pytest.raises(ValueError, match=r"gradient of .* is wrong in the component of"):
        NGBRegressor(distributions.from_user(wrong)).fit(X, y)

    def gradient(theta, y):
        return np.where(y > 4.0, np.nan, Gumbel.gradient(theta, y))

    broken = distributions.from_user(type("Broken", (Gumbel,), {"gradient": gradient}))
    with pytest.raises(ValueError, match=r"finite numbers, got nan for 'mu' at row \d+, at the"):
        broken.gradient(np.zeros((400, 2)), y)


def start(y, weight):
    """Parameters near the maximum."""
    return np.array([1.0, np.log(2.0)])


def test_what_a_definition_lacks_is_named():
    with pytest.raises(TypeError, match="needs 'metric'"):
        distributions.from_user(type("Half", (), {"parameters": (), "score": 1, "gradient": 1}))
    blind = type("Blind", (), {k: vars(Gumbel)[k] for k in ("score", "gradient", "metric")})
    blind.parameters = ("mu", "log_beta")
    blind.support = staticmethod(lambda y: y < 100.0)
    family = distributions.from_user(blind)
    with pytest.raises(TypeError, match=r"no 'frozen\(theta\)'"):
        family.at(np.zeros((2, 2))).mean()
    with pytest.raises(ValueError, match=r"support .* got 200.0 at row 1"):
        family.marginal([1.0, 200.0])


def test_parameters_are_attributes_as_well():
    predicted = distributions.Normal().at(np.array([[1.0, 0.0], [2.0, np.log(3.0)]]))
    assert_allclose(predicted.loc, [1.0, 2.0])
    assert_allclose(predicted.scale, [1.0, 3.0])
    copy = pickle.loads(pickle.dumps(predicted))
    assert_allclose(copy.scale, predicted.scale)
    with pytest.raises(AttributeError, match="Normal has no 'rate': its parameters are loc, scale"):
        predicted.rate  # noqa: B018


def test_gamma_crps_of_the_smallest_shapes():
    """The slope in the mean is (2 log 2 - 2) a at y = mu, where 1 - 2 F is all but 1; and the
    metric is a times a matrix that stays."""
    family, limits, shapes = distributions.Gamma(), [], (-20.0, -80.0, -300.0, -500.0)
    for log_shape in shapes:
        theta, y = np.array([[log_shape, 0.0]]), np.ones(1)
        in_mean = family.gradient(theta, y, score="crps")[0, 1]
        assert_allclose(in_mean, (2.0 * np.log(2.0) - 2.0) * np.exp(log_shape), rtol=1e-6)
        limits.append(family.natural_gradient(theta, y, score="crps")[0])
    growth = np.diff(limits, axis=0) / np.diff(shapes)[:, None]  # linear in log a, from log y there
    assert_allclose(growth, growth[[-1, -1, -1]], rtol=1e-4)
    a = np.array([1e-5, 9e-5, 1.1e-4, 1e-3])  # on both sides of the series for 1 - c
    theta = np.column_stack([np.log(a), 0.0 * a])
    slopes = family.gradient(theta, np.ones(4), score="crps")[:, 1]
    below, front = special.gammainc(a, a), special.gammainc(a, a) - special.gammainc(a + 1.0, a)
    rest = -np.expm1(special.gammaln(a + 0.5) - 0.5 * np.log(np.pi) - special.gammaln(a + 1.0))
    assert_allclose(slopes, rest - 2.0 * (below - front), rtol=1e-9)


@pytest.mark.parametrize("event", [None, 0.0])
def test_nan_reaches_the_gradients_of_the_gamma_crps(event):
    censoring = {} if event is None else {"event": np.array([event])}
    for theta in ([[0.0, np.nan]], [[np.nan, 0.0]]):
        g = distributions.Gamma().natural_gradient(theta, [1.0], score="crps", **censoring)
        assert np.isnan(g).all()
