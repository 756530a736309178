"""Feature gradients: the polynomial, the estimate, its gradient, and what is selected."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.polynomial import Chebyshev, Polynomial
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import binom
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from optlite.feature_selection import FeatureGradientSelector
from optlite.feature_selection._batches import Batches
from optlite.feature_selection._learnability import (
    coefficients,
    explained_variance,
    largest_error,
)

# --- the polynomial -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", range(1, 13))
def test_the_polynomial(order):
    """It is below t by what is stated; q(t) / t rises; and it is gradient descent."""
    q = Polynomial([0.0, 0.0, *coefficients(order)])
    t = np.linspace(0.0, 1.0, 20001)
    error = t - q(t)
    assert error.min() > -1e-12
    assert_allclose(error.max(), largest_error(order), rtol=1e-6)
    assert np.diff(q(t[1:]) / t[1:]).min() > -1e-12
    w = 0.0  # minimises t (w - 1)^2 / 2, of which the start has t / 2
    for _ in range(order):
        w -= 0.7 * (w - 1.0)
    assert_allclose(0.7 * w, q(0.7), rtol=1e-9)


def test_the_nearest_polynomial_winds_around():
    """Of order 4: Chebyshev's from its first root on. Its q(t) / t falls where it should rise."""
    root = -np.cos(np.pi / 10)
    difference = Chebyshev.basis(5)(Polynomial([root, 1.0 - root]))
    q = Polynomial([0.0, 1.0]) - difference / difference.coef[1]
    t = np.linspace(0.01, 1.0, 1000)
    assert np.abs(q(t) - t).max() < 0.4 * largest_error(4)
    assert np.diff(q(t) / t).min() < -1e-4


# --- the estimate ---------------------------------------------------------------------------------


def small(n=6, d=4, m=1, seed=0):
    rng = np.random.default_rng(seed)
    X, Y = 0.5 * rng.normal(size=(n, d)), rng.normal(size=(n, m))
    return X, Y, rng.uniform(0.1, 1.0, d)


def test_the_estimate_is_the_mean_over_increasing_sequences_of_rows():
    X, Y, s = small()
    c = coefficients(3)
    kernel, y = (X * s) @ X.T, Y[:, 0]
    expected = 0.0
    for k, weight in enumerate(c, start=1):
        rows = itertools.combinations(range(6), k + 1)
        terms = [
            y[r[0]] * y[r[-1]] * np.prod([kernel[a, b] for a, b in itertools.pairwise(r)])
            for r in rows
        ]
        assert len(terms) == binom(6, k + 1)
        expected += weight * np.mean(terms)
    assert_allclose(explained_variance(X, Y, s, c)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("targets", [1, 3])
def test_the_gradient(order, targets):
    """By the complex step: the estimate is a polynomial in the shares."""
    X, Y, s = small(9, 5, targets)
    c = coefficients(order)
    _, gradient = explained_variance(X, Y, s, c)
    for j in range(5):
        shifted = s.astype(complex)
        shifted[j] += 1e-30j
        U = np.triu((X * shifted) @ X.T, 1)
        power, value = Y.astype(complex), 0.0
        for k, weight in enumerate(c, start=1):
            power = U @ power
            value += weight * np.sum(Y * power) / (targets * binom(9, k + 1))
        assert_allclose(gradient[j], value.imag / 1e-30, rtol=1e-10)


def test_the_estimate_has_no_bias():
    """Its mean is beta . q(Sigma) beta of the distribution, from 5 rows for 8 features."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(8, 8))
    covariance = A @ A.T
    covariance /= np.linalg.eigvalsh(covariance)[-1]
    root, beta, c = np.linalg.cholesky(covariance), rng.normal(size=8), coefficients(3)
    found = []
    for _ in range(4000):
        X = rng.normal(size=(5, 8)) @ root.T
        Y = (X @ beta + rng.normal(size=5))[:, None]
        found.append(explained_variance(X, Y, np.ones(8), c)[0])
    powers = [beta @ np.linalg.matrix_power(covariance, k) @ beta for k in (2, 3, 4)]
    error = np.mean(found) - c @ powers
    assert abs(error) <= 4.0 * np.std(found) / np.sqrt(len(found))
    # And that is near the explained variance.
    assert abs(c @ powers - beta @ covariance @ beta) <= largest_error(3) * beta @ beta


def test_the_spectrum_lies_in_the_unit_interval():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 20)) @ rng.normal(size=(20, 20)) + 100.0
    X[:, 3] = 7.0
    for data in (X, sp.csc_array(X), X.astype(np.float32)):
        batches = Batches(data, rng.normal(size=(50, 1)), 4, 1000, rng)
        Z = (X - batches.mean) * batches.factor
        top = np.linalg.eigvalsh(Z.T @ Z / 50)[-1]
        assert 0.99 <= top <= 1.0 + 1e-6
        assert_array_equal(batches.factor[3], 0.0)


def test_rows_are_used_once_in_each_pass():
    rng = np.random.RandomState(0)
    X = np.arange(23.0)[:, None]
    batches = Batches(X, X.copy(), 2, 5, rng)
    seen = []
    for _ in range(batches.count):
        batches.estimate(np.ones(1))
        seen.append(sum(len(rows) for rows in batches.waiting))
    assert seen == [19, 15, 10, 5, 0]
    assert Batches(X[:3], X[:3], 4, 2, rng).count == 1


# --- the selection --------------------------------------------------------------------------------


def suppressed(n, d, seed):
    """Target = difference of two columns, the second of which is uncorrelated with it."""
    rng = np.random.default_rng(seed)
    y, error = rng.normal(size=(2, n))
    y -= y.mean()
    error -= error.mean() + y * (y @ error) / (y @ y)
    return np.column_stack([y + error, error, rng.normal(size=(n, d - 2))]), y


@pytest.mark.parametrize("seed", range(3))
def test_features_that_count_only_together_are_found(seed):
    X, y = suppressed(200, 20, seed)
    both = FeatureGradientSelector(random_state=0).fit(X, y)
    assert both.get_support()[:2].all()
    alone = FeatureGradientSelector(order=1, random_state=0).fit(X, y)
    assert alone.get_support()[0] and not alone.get_support()[1]
    first = SelectKBest(f_regression, k=10).fit(X, y)
    assert first.get_support()[0] and not first.get_support()[1]
    kept = LinearRegression().fit(both.transform(X), y).score(both.transform(X), y)
    assert kept > 0.999
    assert LinearRegression().fit(alone.transform(X), y).score(alone.transform(X), y) < 0.6


@pytest.mark.parametrize("shape", [(250, 30), (150, 300)])
def test_recovery(shape):
    """With more rows than features and with fewer."""
    n, d = shape
    for seed in range(2):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, d))
        y = X[:, :5] @ [1.0, -1.0, 1.0, -1.0, 1.0] + 0.5 * rng.normal(size=n)
        selector = FeatureGradientSelector(5, random_state=0).fit(X, y)
        assert_array_equal(selector.get_support(indices=True), np.arange(5))


def test_the_estimate_for_the_selection():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 8))
    y = X[:, :3] @ [1.0, 1.0, 1.0] + np.sqrt(3.0) * rng.normal(size=500)  # half is explained
    selector = FeatureGradientSelector(3, random_state=0).fit(X, y)
    explained = LinearRegression().fit(X[:, :3], y).score(X[:, :3], y)
    assert_allclose(selector.explained_variance_, explained, atol=0.03)


def test_classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12))
    labels = np.array(["a", "b", "c"])[np.argmax(X[:, [2, 5, 7]], axis=1)]
    selector = FeatureGradientSelector(task="classification", random_state=0).fit(X, labels)
    assert_array_equal(selector.get_support(indices=True), [2, 5, 7])
    two = np.where(X[:, 4] + 0.3 * rng.normal(size=300) > 0, "yes", "no")
    by_label = FeatureGradientSelector(task="classification", random_state=0).fit(X, two)
    assert_array_equal(by_label.get_support(indices=True), [4])
    by_number = FeatureGradientSelector(random_state=0).fit(X, (two == "yes") + 0.0)
    assert_allclose(by_label.scores_, by_number.scores_, atol=1e-6)


def test_forms_of_the_data():
    X, y = suppressed(300, 10, 0)
    X[np.abs(X) < 0.3] = 0.0
    dense = FeatureGradientSelector(random_state=0, batch_size=100).fit(X, y)
    for other in (sp.csr_array(X), sp.csc_array(X), 3.0 * X + 5.0, X.astype(np.float32)):
        found = FeatureGradientSelector(random_state=0, batch_size=100).fit(other, y)
        assert_array_equal(found.get_support(), dense.get_support())
    scaled = FeatureGradientSelector(random_state=0, batch_size=100).fit(X, 1e3 * y - 7.0)
    assert_allclose(scaled.scores_, dense.scores_, atol=1e-6)


def test_steps_are_those_of_the_fit():
    X, y = suppressed(200, 6, 0)
    selector = FeatureGradientSelector(random_state=0, max_iter=30)
    records = list(selector.steps(X, y))
    assert [r.iteration for r in records] == list(range(1, 31))
    assert not hasattr(selector, "n_features_in_")
    assert_array_equal(records[0].shares, 0.5)
    assert_array_equal(selector.fit(X, y).scores_, records[-1].scores)


def test_how_many():
    X, y = suppressed(200, 10, 0)
    for count, expected in ((4, 4), (0.3, 3), (0.01, 1)):
        selector = FeatureGradientSelector(count, random_state=0, max_iter=20).fit(X, y)
        assert selector.get_support().sum() == expected
    none = FeatureGradientSelector(penalty=100.0, random_state=0).fit(X, y)
    assert none.get_support().sum() == 1
    constant = FeatureGradientSelector(random_state=0).fit(np.ones((20, 3)), np.ones(20))
    assert constant.get_support().sum() == 1 and constant.explained_variance_ == 0.0


@pytest.mark.parametrize("value", [0.1, -0.3, 1e200, 1e-200, 0.0])
def test_targets_of_one_value_have_nothing_to_explain(value):
    """The mean of many 0.1 is not 0.1: what is left is rounding."""
    X, _ = suppressed(20, 4, 0)
    selector = FeatureGradientSelector(random_state=0, max_iter=5).fit(X, np.full(20, value))
    assert selector.explained_variance_ == 0.0


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310])
def test_units_of_the_target_do_not_matter(scale):
    X, y = suppressed(200, 10, 0)
    one, other = (
        FeatureGradientSelector(random_state=0, max_iter=20).fit(X, s * y) for s in (1.0, scale)
    )
    assert_allclose(other.scores_, one.scores_, atol=1e-6)


def test_in_a_pipeline():
    X, y = suppressed(300, 10, 0)
    model = make_pipeline(FeatureGradientSelector(random_state=0), LinearRegression()).fit(X, y)
    assert model.score(X, y) > 0.999


def test_bad_input():
    X, y = suppressed(20, 4, 0)
    for call in ("fit", "steps"):
        with pytest.raises(
            ValueError, match="'order' parameter of FeatureGradientSelector must be"
        ):
            list(getattr(FeatureGradientSelector(order=0), call)(X, y))
    with pytest.raises(ValueError, match="n_features = 4, got 5"):
        FeatureGradientSelector(5).fit(X, y)
    with pytest.raises(ValueError, match="at least 2 rows, got n_samples = 1"):
        FeatureGradientSelector().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="at least 2 classes"):
        FeatureGradientSelector(task="classification").fit(X, np.zeros(20, dtype=int))
