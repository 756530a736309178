"""What `converged_` says of L2-penalised models, and when they warn: the certificate decides."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from optlite.linear_model import LogisticRegression, Ridge, RidgeClassifier

N, D = 400, 12
RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(N, D))
WIDE = RNG.normal(size=(60, 200))
DATA = {
    "plain": PLAIN,
    "columns of any scale": PLAIN * np.geomspace(1e-6, 1e6, D),
    "shifted": PLAIN + 1e4,
    "shifted and scaled": (PLAIN + 1e3) * np.geomspace(1e-4, 1e4, D),
    "wide": WIDE,
    "wide, shifted": WIDE + 1e4,
    "wide, of any scale": WIDE * np.geomspace(1e-4, 1e4, 200),
    "sparse": sp.csr_array(np.where(np.abs(PLAIN) < 0.7, 0.0, PLAIN)),
    "sparse, of any scale": sp.csc_array(
        np.where(np.abs(PLAIN) < 0.7, 0.0, PLAIN) * np.geomspace(1e-4, 1e4, D)
    ),
    "equal columns": np.hstack([PLAIN, PLAIN[:, :3]]),
    "powers": np.vander(RNG.uniform(0.0, 10.0, N), D),
}
MODELS = {
    "ridge": Ridge(),
    "ridge, tiny alpha": Ridge(alpha=1e-8),
    "ridge classifier": RidgeClassifier(),
    "logistic": LogisticRegression(),
    "logistic, large C": LogisticRegression(C=1e4),
}


def targets(model, n):
    rng = np.random.default_rng(1)
    return rng.normal(size=n) if isinstance(model, Ridge) else rng.integers(0, 2, n)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("name", MODELS)
def test_ordinary_data_reach_the_tolerance_without_a_warning(name, kind, dtype):
    """Sums of float32 data are taken in double precision: the same accuracy is reached."""
    model, X = MODELS[name], DATA[kind].astype(dtype)
    model.fit(X, targets(model, X.shape[0]))  # warnings are errors
    assert model.converged_ and 0.0 <= model.certificate_ <= model.tol


@pytest.mark.parametrize("alpha", [1e-14, 0.0])
def test_ridge_says_that_rounding_left_more_than_the_tolerance(alpha):
    model = Ridge(alpha)
    X = WIDE + 1e6
    with pytest.warns(ConvergenceWarning, match="duality gap .*, asked 1e-10.*StandardScaler"):
        model.fit(X, targets(model, 60))
    assert not model.converged_ and model.certificate_ > 1e-10
    centred = Ridge(alpha).fit(WIDE, targets(model, 60))  # the remedy
    assert centred.converged_


def test_ridge_decomposes_where_a_factorisation_ends_above_the_tolerance():
    y = targets(Ridge(), 60)
    with pytest.warns(ConvergenceWarning, match="relative duality gap"):
        factorised = Ridge(1e-8, solver="dual").fit(DATA["wide, shifted"], y)
    chosen = Ridge(1e-8).fit(DATA["wide, shifted"], y)
    assert chosen.converged_ and chosen.solver_info_.startswith("svd")
    assert chosen.certificate_ < 1e-3 * factorised.certificate_


def test_logistic_regression_says_that_rounding_left_more_than_the_tolerance():
    """Any end by rounding was called converged, however large the gap."""
    X = PLAIN + 1e9
    y = np.random.default_rng(1).integers(0, 4, N)
    model = LogisticRegression(C=1e8)
    with pytest.warns(ConvergenceWarning, match="asked 1e-08.*StandardScaler"):
        model.fit(X, y)
    assert not model.converged_ and model.certificate_ > 1e-8
    assert LogisticRegression(C=1e8).fit(X - 1e9, y).converged_  # the remedy


def test_what_is_left_below_rounding_is_converged():
    """Nobody can do better than 1e-12, whatever was asked for."""
    y = targets(Ridge(), N)
    for model in (Ridge(tol=0.0), LogisticRegression(tol=0.0)):
        model.fit(PLAIN, y if isinstance(model, Ridge) else y > 0.0)
        assert model.converged_ and model.certificate_ <= 1e-12
