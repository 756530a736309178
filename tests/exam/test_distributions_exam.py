"""What every distribution must satisfy: twin parity, gradients, metrics, CRPS, starts of fits."""

import inspect
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optlite import reference
from optlite._core import core
from optlite._params import records
from optlite.boosting import distributions
from optlite.boosting.distributions import _check

NAMES = sorted(records("distributions"))
PAIRS = [
    pytest.param(name, score["name"], id=f"{name}-{score['name']}")
    for name in NAMES
    for score in records("distributions")[name]["scores"]
]
CENSORED = [
    pytest.param(name, score["name"], id=f"{name}-{score['name']}")
    for name in NAMES
    for score in records("distributions")[name]["scores"]
    if score["censored"]
]
#: Their targets have no density or probability of one number.
OWN_LOOPS = {"multivariate_normal"}
SCALAR = [name for name in NAMES if name not in OWN_LOOPS]


def twin_of(family, score, what, theta, y=None, censored=False):
    """Evaluate the twin: rows first, like the public methods."""
    stem = {"log": "log", "crps": "crps"}[score]
    name = {"score": "crps" if stem == "crps" else "log_score"}.get(what, f"{stem}_{what}")
    function = getattr(family.twin(), name + ("_censored" if censored else ""))
    arguments = (theta.T,) if y is None else (theta.T, y.T)
    return np.moveaxis(np.asarray(function(*arguments, **family.hyper_parameters)), -1, 0)


#: The textbook forms of the twins, and of SciPy, subtract numbers of the size of y log y or a log a
#: from each other; ours do not. Extreme counts and shapes are compared up to the rounding of those.
#: Here: the parameters that are logarithms of such numbers.
CANCELLING = {
    "beta": (1,),
    "gamma": (0,),
    "negative_binomial": (0, 1),
    "poisson": (0,),
    "student_t": (2,),
    "zero_inflated_poisson": (0,),
}


def rounding(family, theta, y, score="log"):
    """Return what sixteen digits of the largest terms amount to, a number a row.

    In a CRPS they are in the logarithm of a mass, which is multiplied by some standard deviations.
    """
    if family.name not in CANCELLING:
        return np.zeros(len(y))
    largest = np.exp(theta[:, CANCELLING[family.name]]).max(axis=1)
    if family.discrete:
        largest = np.maximum(largest, y)
    digits = 16.0 * np.finfo(float).eps * largest * (1.0 + np.abs(np.log(largest)))
    return digits * (np.maximum(1.0, np.sqrt(largest)) if score == "crps" else 1.0)


def moderate(family, seed=0, n=60):
    """Parameters and targets that are not extreme."""
    return next(iter(_check.cases(family, np.random.default_rng(seed), n)))


def each_case(family, seed=0):
    """Yield moderate and extreme cases."""
    yield from _check.cases(family, np.random.default_rng(seed))


# --- scores and gradients -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "score"), PAIRS)
def test_score_gradient_and_metric_match_the_twin(name, score):
    family = distributions.from_name(name)
    for theta, y in each_case(family):
        for censored in (False, True) if family.takes_censored(score) else (False,):
            event = np.zeros(len(y)) if censored else None
            value = family.score(theta, y, score=score, event=event)
            expected = twin_of(family, score, "score", theta, y, censored)
            tolerance = 1e-11 * np.maximum(np.abs(expected), 1e-3 * np.median(np.abs(expected)))
            lost = rounding(family, theta, y, score)
            assert np.all(np.abs(value - expected) <= tolerance + lost)
            gradient = family.gradient(theta, y, score=score, event=event)
            expected = twin_of(family, score, "gradient", theta, y, censored)
            size = np.maximum(np.abs(expected), 1e-3 * np.median(np.abs(expected), axis=0))
            unit = np.exp(theta[:, :1]) if score == "crps" and family.discrete else 1.0
            allowed = 1e-10 * size + unit * rounding(family, theta, y)[:, None]
            assert np.all(np.abs(gradient - expected) <= allowed)
        metric = family.metric(theta, score=score)
        expected = twin_of(family, score, "metric", theta)
        lost = rounding(family, theta, y) if name == "student_t" else np.zeros(len(y))
        assert np.all(np.abs(metric - expected) <= 1e-9 * np.abs(expected) + lost[:, None, None])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_gradient_check_finds_nothing(name, seed):
    assert distributions.gradient_check(name, random_state=seed) < 1e-6


@pytest.mark.parametrize(("name", "score"), PAIRS)
def test_the_check_would_find_a_wrong_gradient(name, score, monkeypatch):
    """One component off by a thousandth of a percent, or the natural gradient."""
    family = distributions.from_name(name)
    theta, y = moderate(family)
    for what in ("gradient", "natural_gradient"):
        right = getattr(family, what)

        def wrong(*given, right=right, **options):
            values = right(*given, **options).copy()
            values[:, -1] *= 1.0 + 1e-5
            return values

        with monkeypatch.context() as patch:
            patch.setattr(family, what, wrong)
            errors = _check.relative_errors(family, theta, y, score=score, event=None)
            assert max(error.max() for error in errors.values()) > 5e-6


@pytest.mark.parametrize(("name", "score"), PAIRS)
def test_natural_gradient_solves_with_the_metric(name, score):
    family = distributions.from_name(name)
    for theta, y in each_case(family, seed=3):
        for event in (None, np.zeros(len(y))) if family.takes_censored(score) else (None,):
            natural = family.natural_gradient(theta, y, score=score, event=event)
            assert np.isfinite(natural).all()
            metric = family.metric(theta, score=score)
            unit = 1.0 / np.sqrt(np.einsum("nkk->nk", metric))
            condition = np.linalg.cond(metric * unit[:, :, None] * unit[:, None, :])
            known = condition < 1e8  # beyond, the metric in doubles does not determine the solution
            given = {} if event is None else {"event": event[known]}
            expected = _check.solved(family, theta[known], y[known], score=score, **given)
            size = np.max(np.abs(expected), axis=0, initial=0.0)
            error = np.abs(natural[known] - expected)
            assert np.all(error <= 1e-7 * (np.abs(expected) + 1e-3 * size))


@pytest.mark.parametrize(("name", "score"), CENSORED)
def test_rows_that_were_observed_are_scored_as_without_censoring(name, score):
    family = distributions.from_name(name)
    theta, y = moderate(family)
    event = np.arange(len(y)) % 2.0
    seen = event == 1.0
    for what in ("score", "gradient", "natural_gradient"):
        mixed = getattr(family, what)(theta, y, score=score, event=event)
        plain = getattr(family, what)(theta, y, score=score)
        unseen = getattr(family, what)(theta, y, score=score, event=np.zeros(len(y)))
        assert_allclose(mixed[seen], plain[seen], rtol=1e-13)
        assert_array_equal(mixed[~seen], unseen[~seen])
        assert not np.allclose(mixed[~seen], plain[~seen])


# --- against SciPy and quadrature -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_log_score_is_minus_the_log_density_of_scipy(name):
    family = distributions.from_name(name)
    logits = [k for k, p in enumerate(family.parameter_names) if p.startswith("logit")]
    for theta, y in each_case(family, seed=1):
        if np.max(theta[:, logits], initial=0.0) > 20.0:
            continue  # SciPy takes p, and 1 - p has no digits left
        log_density = family.at(theta).logpdf(y)
        error = np.abs(family.score(theta, y) + log_density)
        assert np.all(error <= 1e-8 * np.abs(log_density) + 1e-9 + rounding(family, theta, y))


@pytest.mark.parametrize("name", [p.values[0] for p in CENSORED if p.values[1] == "log"])
def test_censored_log_score_is_minus_the_log_survival_of_scipy(name):
    family = distributions.from_name(name)
    for theta, y in each_case(family, seed=1):
        log_survival = family.frozen(theta).logsf(y)
        known = log_survival > -600.0  # SciPy's own logarithm underflows below
        score = family.score(theta, y, event=np.zeros(len(y)))
        assert_allclose(score[known], -log_survival[known], rtol=1e-7, atol=1e-9)


def integral(function, low, high, points):
    """Integrate a function of an array by Gauss's rule between the points that matter."""
    ends = np.array([low, *sorted(p for p in points if low < p < high), high])
    nodes, weights = np.polynomial.legendre.leggauss(40)
    half, middle = 0.5 * np.diff(ends), 0.5 * (ends[1:] + ends[:-1])
    x = middle[:, None] + half[:, None] * nodes
    return float(np.sum(half[:, None] * weights * function(x.ravel()).reshape(x.shape)))


def integration_range(frozen, i):
    """Points of a row: where its distribution function changes."""
    shares = (*10.0 ** np.arange(-14.0, 0.0), 0.25, 0.5)
    points = [frozen.ppf(s)[i] for s in shares] + [frozen.isf(s)[i] for s in shares]
    return sorted(set(points))


def on_the_scale_of_the_crps(family):
    """The distribution whose CRPS is the score: of log y for the log-normal distribution."""
    return getattr(family.twin(), "crps_of", family.twin().frozen), getattr(
        family.twin(), "crps_target", lambda y: y
    )


@pytest.mark.parametrize("censored", [False, True])
@pytest.mark.parametrize("name", [p.values[0] for p in PAIRS if p.values[1] == "crps"])
def test_crps_is_the_integral_of_its_definition(name, censored):
    family = distributions.from_name(name)
    if censored and not family.takes_censored("crps"):
        assert "crps" not in [s["name"] for s in family._record["scores"] if s["censored"]]
        return
    theta, y = moderate(family, n=6)
    event = np.zeros(len(y)) if censored else None
    score = family.score(theta, y, score="crps", event=event)
    make, target = on_the_scale_of_the_crps(family)
    frozen = make(theta.T, **family.hyper_parameters)
    y = target(y)
    for i in range(len(y)):
        if family.discrete:
            counts = np.arange(0.0, 200.0)[:, None]
            steps = (frozen.cdf(counts)[:, i] - (counts[:, 0] >= y[i])) ** 2
            expected = steps.sum()
        else:
            row = make(theta[i : i + 1].T, **family.hyper_parameters)
            points = integration_range(row, 0)
            low, high = min(points[0], y[i]), max(points[-1], y[i])
            expected = integral(lambda x, row=row: row.cdf(x) ** 2, low, y[i], points)
            if not censored:
                expected += integral(lambda x, row=row: row.sf(x) ** 2, y[i], high, points)
        assert score[i] == pytest.approx(expected, rel=1e-7)


def nodes_of(family, frozen):
    """Yield targets and weights that integrate over the distribution of every row at once."""
    if family.discrete:
        for k in range(int(np.max(frozen.isf(1e-14))) + 1):
            y = np.full(len(frozen.pmf(0)), float(k))
            yield y, frozen.pmf(y)
        return
    # On the scale of logits of probabilities the integrand is smooth and dies at both ends.
    # Two halves: at the median the gradient may jump.
    v, weight = np.polynomial.legendre.leggauss(200)
    v, weight = 18.0 * np.append(v - 1.0, v + 1.0), 18.0 * np.append(weight, weight)
    for one, w in zip(v, weight, strict=True):
        u, other = 1.0 / (1.0 + np.exp(-one)), 1.0 / (1.0 + np.exp(one))
        y = frozen.ppf(u) if one < 0.0 else frozen.isf(other)
        yield _check._into_support(family, np.asarray(y)), w * u * other


@pytest.mark.parametrize("name", SCALAR)
def test_metric_of_the_log_score_is_the_covariance_of_its_gradient(name):
    """The gradient has mean zero; the second moments come by quadrature or summation."""
    family = distributions.from_name(name)
    theta, _ = moderate(family, n=8)
    frozen = family.frozen(theta)
    mean, second = 0.0, 0.0
    for y, weight in nodes_of(family, frozen):
        g = family.gradient(theta, y)
        w = np.broadcast_to(weight, len(y))
        mean = mean + w[:, None] * g
        second = second + w[:, None, None] * g[:, :, None] * g[:, None, :]
    metric = family.metric(theta)
    unit = np.sqrt(np.einsum("nkk->nk", metric))
    assert np.all(np.abs(mean) <= 2e-5 * unit)
    error = np.abs(second - metric) / (unit[:, :, None] * unit[:, None, :])
    assert np.all(error <= 2e-5)


@pytest.mark.parametrize("name", [p.values[0] for p in PAIRS if p.values[1] == "crps"])
def test_metric_of_the_crps_is_the_integral_of_its_definition(name):
    family = distributions.from_name(name)
    theta, _ = moderate(family, n=4)
    make, _ = on_the_scale_of_the_crps(family)
    metric = family.metric(theta, score="crps")
    p = theta.shape[1]

    def slope(x, k, i):
        """dF/dtheta_k of row i, by differences in the parameter."""
        h = 1e-4
        up, down = theta[i : i + 1].copy(), theta[i : i + 1].copy()
        up[0, k] += h
        down[0, k] -= h
        cdf = [make(t.T, **family.hyper_parameters).cdf(x) for t in (up, down)]
        return (cdf[0] - cdf[1]) / (2.0 * h)

    for i in range(len(theta)):
        frozen = make(theta[i : i + 1].T, **family.hyper_parameters)
        for a in range(p):
            for b in range(a + 1):
                if family.discrete:
                    counts = np.arange(0.0, 60.0)
                    expected = 2.0 * np.sum(slope(counts, a, i) * slope(counts, b, i))
                else:
                    points = integration_range(frozen, 0)
                    expected = 2.0 * integral(
                        lambda x, a=a, b=b, i=i: slope(x, a, i) * slope(x, b, i),
                        points[0],
                        points[-1],
                        points,
                    )
                size = np.sqrt(metric[i, a, a] * metric[i, b, b])
                assert abs(metric[i, a, b] - expected) <= 1e-6 * size


# --- starts of fits -------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_marginal_fit_is_stationary(name, weighted):
    family = distributions.from_name(name)
    rng = np.random.default_rng(5)
    theta = np.tile(0.3 * rng.normal(size=family.n_params), (4000, 1))
    y = _check._into_support(family, np.array(family.at(theta).rvs(random_state=rng), dtype=float))
    weight = rng.uniform(0.0, 2.0, size=len(y)) * (rng.uniform(size=len(y)) < 0.8)
    weight = weight if weighted else None
    fitted = family.marginal(y, sample_weight=weight)
    rows = np.tile(fitted, (len(y), 1))
    w = np.ones(len(y)) if weight is None else weight
    mean = np.average(family.gradient(rows, y), axis=0, weights=w)
    unit = np.sqrt(np.diag(family.metric(fitted[None])[0]))
    kinks = {"laplace": 2.0 / len(y) ** 0.5 / 10}  # the derivative of |y - mu| jumps
    assert np.all(np.abs(mean) <= kinks.get(name, 1e-7) * unit)
    best = np.average(family.score(rows, y), weights=w)
    for k in range(family.n_params):
        for sign in (-1.0, 1.0):
            moved = rows.copy()
            moved[:, k] += sign * 1e-2 / unit[k]
            assert np.average(family.score(moved, y), weights=w) > best


@pytest.mark.parametrize("name", [p.values[0] for p in CENSORED if p.values[1] == "log"])
def test_the_marginal_fit_of_censored_times_is_stationary(name):
    family = distributions.from_name(name)
    rng = np.random.default_rng(6)
    theta = np.tile(0.3 * rng.normal(size=family.n_params), (4000, 1))
    y = np.array(family.at(theta).rvs(random_state=rng), dtype=float)
    limit = np.quantile(y, 0.7) * rng.uniform(0.5, 1.5, size=len(y))
    event = (y <= limit).astype(float)
    y = np.minimum(y, limit)
    fitted = family.marginal(y, event=event)
    mean = family.gradient(np.tile(fitted, (len(y), 1)), y, event=event).mean(axis=0)
    unit = np.sqrt(np.diag(family.metric(fitted[None])[0]))
    assert np.all(np.abs(mean) <= 1e-7 * unit)
    # The truth is within five standard errors, which ignoring the censoring is not.
    error = unit * np.abs(fitted - theta[0]) * np.sqrt(event.sum())
    assert np.all(error < 5.0)


@pytest.mark.parametrize("name", NAMES)
def test_data_without_spread_have_a_finite_start(name):
    family = distributions.from_name(name)
    inside = {"unit": 0.25, "binary": 1.0, "count": 3.0, "label": 1.0}.get(family.targets, 2.5)
    for n in (1, 20):
        shape = (n,) if family.n_outputs == 1 else (n, family.n_outputs)
        y = np.full(shape, inside)
        fitted = family.marginal(y)
        assert np.isfinite(fitted).all()
        rows = np.tile(fitted, (n, 1))
        assert np.isfinite(family.score(rows, y)).all()
        assert np.isfinite(family.natural_gradient(rows, y)).all()


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_starts_of_few_and_strange_data_are_finite(name, scale):
    """Few rows, heavy tails, counts that are all zero, classes that do not occur."""
    family = distributions.from_name(name)
    rng = np.random.default_rng(8)
    for n in (1, 2, 3, 40):
        heavy = np.abs(rng.standard_t(1.5, size=n)) * scale
        y = {
            "real": heavy * rng.choice([-1.0, 1.0], size=n),
            "positive": np.maximum(heavy, 1e-300),
            "non_negative": heavy,
            "unit": np.clip(rng.beta(0.2, 0.2, size=n), 1e-12, 1.0 - 1e-12),
            "binary": (rng.uniform(size=n) < 0.1).astype(float),
            "count": np.floor(heavy),
            "label": rng.integers(0, 2, size=n).astype(float),
            "vector": heavy[:, None] * rng.normal(size=(n, 2)),
        }[family.targets]
        events = (None, np.zeros(n)) if family.takes_censored() else (None,)
        for event in events:
            fitted = family.marginal(y, event=event)
            rows = np.tile(fitted, (n, 1))
            assert np.isfinite(fitted).all()
            assert np.isfinite(family.score(rows, y, event=event)).all()
            assert np.isfinite(family.natural_gradient(rows, y, event=event)).all()


# --- the interface --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_twin_takes_the_same_hyper_parameters(name):
    family = distributions.from_name(name)
    twin = reference.load("distributions", name)
    for function in ("log_score", "log_gradient"):
        own = {
            p.name: p.default
            for p in list(inspect.signature(getattr(twin, function)).parameters.values())[2:]
        }
        assert own == family.hyper_parameters


@pytest.mark.parametrize("name", NAMES)
def test_targets_outside_are_named_with_their_row(name):
    family = distributions.from_name(name)
    _, y = moderate(family)
    bad = {
        "real": np.nan,
        "positive": 0.0,
        "non_negative": -1e-3,
        "unit": 1.0,
        "binary": 2.0,
        "count": 1.5,
        "label": -1.0,
        "vector": np.inf,
    }[family.targets]
    y[7] = bad
    y[9] = bad
    with pytest.raises(ValueError, match=rf"y must be .* at row 7 \({family.class_name}"):
        family.check_targets(y)
    with pytest.raises(ValueError, match="params must have the shape"):
        family.score(np.zeros((3, 99)), y[:3])


@pytest.mark.parametrize("name", NAMES)
def test_the_core_reads_columns_of_a_larger_array(name):
    """Blocks are cut from it: the same numbers come from a part as from the whole."""
    family = distributions.from_name(name)
    theta, y = moderate(family)
    for what in ("score", "gradient", "natural_gradient"):
        whole = getattr(family, what)(theta, y)
        assert_allclose(getattr(family, what)(theta[5:18], y[5:18]), whole[5:18], rtol=1e-13)
    assert core.distribution_parameters(name, []) == list(family.parameter_names)


@pytest.mark.parametrize("name", NAMES)
def test_pickling_comparing_and_printing(name):
    family = distributions.from_name(name)
    theta, y = moderate(family)
    again = pickle.loads(pickle.dumps(family))
    assert again == family
    assert hash(again) == hash(family)
    assert repr(family).startswith(family.class_name + "(")
    predicted = family.at(theta)
    expected = predicted.logpdf(y)
    copy = pickle.loads(pickle.dumps(predicted))
    assert_array_equal(copy.logpdf(y), expected)
    assert_array_equal(predicted[3:7].logpdf(y[3:7]), expected[3:7])
    assert len(predicted[2]) == 1
    assert_array_equal(predicted[-1].logpdf(y[-1:]), expected[-1:])
    with pytest.raises(IndexError, match="There are 60 rows"):
        predicted[60]
