"""scikit-learn's former parameter `penalty` means what it means there."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression as Theirs
from sklearn.utils._param_validation import InvalidParameterError

from optlite.linear_model import LogisticRegression, LogisticRegressionCV

X, y = make_classification(120, 6, flip_y=0.3, random_state=0)
MEANINGS = [
    ("l2", {"C": 0.5, "l1_ratio": 0.3}, {"C": 0.5, "l1_ratio": 0.0}, "write l1_ratio=0.0"),
    ("l1", {"C": 0.5}, {"C": 0.5, "l1_ratio": 1.0}, "write l1_ratio=1.0"),
    ("elasticnet", {"l1_ratio": 0.3}, {"l1_ratio": 0.3}, "write l1_ratio=0.3"),
    (None, {"C": 0.5, "l1_ratio": 0.3}, {"C": np.inf}, "write C=np.inf, l1_ratio=0.0"),
]


@pytest.mark.parametrize(("penalty", "given", "meant", "advice"), MEANINGS)
def test_the_word_means_what_the_warning_says(penalty, given, meant, advice):
    with pytest.warns(FutureWarning, match=advice):
        told = LogisticRegression(penalty=penalty, **given).fit(X, y)
    assert told.get_params()["penalty"] == penalty
    plain = LogisticRegression(**meant).fit(X, y)
    np.testing.assert_array_equal(told.coef_, plain.coef_)
    np.testing.assert_array_equal(told.intercept_, plain.intercept_)


@pytest.mark.parametrize(("penalty", "given"), [case[:2] for case in MEANINGS])
@pytest.mark.filterwarnings("ignore")
def test_the_word_means_what_it_means_there(penalty, given):
    ours = LogisticRegression(penalty=penalty, **given).fit(X, y)
    theirs = Theirs(penalty=penalty, solver="saga", tol=1e-10, max_iter=100_000, **given).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("penalty", "meant"),
    [("l1", {"l1_ratios": (1.0,)}), ("l2", {}), (None, {"Cs": (np.inf,)})],
)
def test_cross_validation_takes_the_word_too(penalty, meant):
    given = {"Cs": (0.1, 1.0), "l1_ratios": (0.0,)}
    with pytest.warns(FutureWarning, match=f"penalty={penalty!r}"):
        told = LogisticRegressionCV(penalty=penalty, **given).fit(X, y)
    plain = LogisticRegressionCV(**{**given, **meant}).fit(X, y)
    np.testing.assert_array_equal(told.scores_, plain.scores_)
    np.testing.assert_array_equal(told.coef_, plain.coef_)


def test_without_the_word_there_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = clone(LogisticRegression(n_jobs=2)).fit(X, y)
        np.testing.assert_array_equal(model.coef_, LogisticRegression().fit(X, y).coef_)


def test_other_words_are_refused():
    with pytest.raises(InvalidParameterError, match="penalty"):
        LogisticRegression(penalty="l3").fit(X, y)
