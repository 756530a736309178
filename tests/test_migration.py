"""What the pages for newcomers say runs, and no name of the other library is left out."""

import inspect
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from optlite.boosting import NGBClassifier, NGBRegressor, NGBSurvival, distributions

DOCS = Path(__file__).resolve().parents[1] / "docs"

#: Public names of ngboost 0.6.0, read from its source.
NAMES = {
    "The constructor": """Dist Score Base natural_gradient n_estimators learning_rate minibatch_frac
        col_sample verbose verbose_eval tol random_state validation_fraction early_stopping_rounds
        n_jobs""",
    "Methods": """fit partial_fit predict pred_dist predict_proba staged_predict staged_pred_dist
        staged_predict_proba pred_param score fit_init_params_to_marginal fit_base line_search
        sample""",
    "Fitted attributes": """base_models scalings init_params col_idxs best_val_loss_itr evals_result
        feature_importances_ n_features classes_ Manifold""",
    "Distributions and scores": """Beta BetaBernoulli BetaBinomial BetaBinomialEstN Bernoulli
        k_categorical Cauchy Exponential Gamma HalfNormal Laplace LogNormal LogitNormal
        MultivariateNormal Normal NormalFixedMean NormalFixedVar Poisson T TFixedDf TFixedDfFixedVar
        Weibull LogScore CRPScore make_distribution""",
    "Evaluation": """calibration_regression calibration_time_to_event plot_pit_histogram
        plot_calibration_curve calculate_concordance_naive calculate_concordance_dead_only
        calculate_calib_error""",
}


def text_of(page):
    return (DOCS / page).read_text(encoding="utf-8")


def rows_of(section):
    """The cells of the tables of one section."""
    body = re.search(
        rf"^## {section}$(.*?)(?=^## |\Z)", text_of("migration_ngboost.md"), re.M | re.S
    )
    return [line.split("|")[1:-1] for line in body[1].splitlines() if line.startswith("| ")]


@pytest.fixture
def namespace(monkeypatch):
    """Where the code of a page runs; figures are drawn on nothing."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield {}
    plt.close("all")


PAGES = sorted(path.name for path in DOCS.glob("migration*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_line_of_code_runs(page, namespace):
    blocks = re.findall(r"```python\n(.*?)```", text_of(page), re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), namespace)  # warnings are errors
    if page == "migration_ngboost.md":
        check_what_the_comments_say(namespace)


def check_what_the_comments_say(made):
    """The numbers behind the comments of the code."""
    tuned, X_test, y_test = made["tuned"], made["X_test"], made["y_test"]
    assert tuned.feature_importances_.shape == (2, 10)
    assert made["iris"].predict_proba(made["X_iris"]).shape == (150, 3)
    stages = [mean for _, mean in zip(range(5), tuned.staged_predict(X_test), strict=False)]
    np.testing.assert_array_equal(made["fifth"], stages[4])
    assert made["nll"] == pytest.approx(-made["dist"].logpdf(y_test).mean(), rel=1e-9)
    np.testing.assert_array_equal(made["theta"], made["dist"].theta)
    by_hand = np.linalg.solve(
        made["fisher"], made["dist"].family.gradient(made["theta"], y_test)[:, :, None]
    )
    np.testing.assert_allclose(made["natural"], by_hand[:, :, 0], rtol=1e-9, atol=1e-12)
    # The best stage is the last one that is kept: one score more than stages, with the start.
    fresh = NGBRegressor(early_stopping_rounds=10, random_state=0)
    fresh.fit(made["X_fit"], made["y_fit"], X_val=made["X_val"], Y_val=made["y_val"])
    assert np.argmin(fresh.validation_score_) == fresh.n_iter_


@pytest.mark.parametrize("section", NAMES)
def test_no_name_of_ngboost_is_left_out(section):
    left = " ".join(row[0] for row in rows_of(section))
    mentioned = set(re.findall(r"\w+", left))
    assert [name for name in NAMES[section].split() if name not in mentioned] == []


def test_the_constructor_has_what_its_table_says():
    parameters = inspect.signature(NGBRegressor).parameters
    gone = {"verbose", "verbose_eval", "n_jobs"}
    assert set(NAMES["The constructor"].split()) - set(parameters) == gone
    for here in re.findall(
        r"`(\w+)`", text_of("migration_ngboost.md").split("New are `max_depth`")[1].split("```")[0]
    ):
        assert here in parameters
    there = {"learning_rate": 0.01, "early_stopping_rounds": None, "min_samples_leaf": 1}
    same = {
        "n_estimators": 500,
        "minibatch_frac": 1.0,
        "col_sample": 1.0,
        "tol": 1e-4,
        "max_depth": 3,
    }
    for name, value in same.items():
        assert parameters[name].default == value
    for name, value in there.items():
        assert parameters[name].default != value


def test_methods_and_distributions_of_the_tables_are_there():
    for name in (
        "fit",
        "partial_fit",
        "predict",
        "pred_dist",
        "staged_predict",
        "staged_pred_dist",
    ):
        for estimator in (NGBRegressor, NGBClassifier, NGBSurvival):
            assert hasattr(estimator, name)
    first = rows_of("Distributions and scores")[1][0]
    names = re.findall(r"`(\w+)`", first)
    assert "Normal" in names and len(names) == 11
    for name in names:
        assert distributions.from_name(name).class_name == name
