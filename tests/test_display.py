"""The displays: what they draw, from which numbers, and how they refuse what they cannot draw."""

import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from optlite.display import CoefficientDisplay, ConvergenceDisplay, RegularizationPathDisplay
from optlite.display._style import COLORS
from optlite.trace import Trace

matplotlib.use("Agg")

RECORDS = [
    {"iteration": 0, "objective": 3.0, "certificate": np.inf, "seconds": 0.0, "n_passes": 1},
    {"iteration": 1, "objective": 2.5, "certificate": 1.0, "seconds": 0.1, "n_passes": 3},
    {"iteration": 2, "objective": 2.0, "certificate": 0.0, "seconds": 0.2, "n_passes": 5},
]


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


class Fitted:
    """What ConvergenceDisplay reads of an estimator."""

    def __init__(self):
        self.trace_ = Trace(RECORDS)
        self.tol = 1e-3


def test_suboptimality_is_relative_to_the_best_value():
    display = ConvergenceDisplay(Trace(RECORDS))
    np.testing.assert_allclose(display.suboptimality, [0.5, 0.25, 0.0])
    np.testing.assert_allclose(display.certificate, [np.inf, 0.5, 0.0])


def test_a_given_minimum_and_a_minimum_of_zero():
    np.testing.assert_allclose(ConvergenceDisplay(RECORDS, minimum=1.0).suboptimality, [2, 1.5, 1])
    np.testing.assert_allclose(ConvergenceDisplay(RECORDS, minimum=0.0).suboptimality, [3, 2.5, 2])


def test_from_trace_draws_what_a_logarithmic_axis_can_show(ax):
    display = ConvergenceDisplay.from_trace(RECORDS, ax=ax, name="run", tolerance=1e-3, color="k")
    assert display.ax_ is ax and display.figure_ is ax.figure
    np.testing.assert_array_equal(display.line_.get_xdata(), [0, 1])
    np.testing.assert_array_equal(display.certificate_line_.get_xdata(), [1])
    assert display.line_.get_color() == display.certificate_line_.get_color() == "k"
    assert ax.get_yscale() == "log"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["run: suboptimality", "run: certificate", "tolerance"]


@pytest.mark.parametrize(
    ("x", "values"), [("seconds", [0.0, 0.1]), ("n_passes", [1, 3]), ("n_inner", [0, 0])]
)
def test_the_horizontal_axis(ax, x, values):
    display = ConvergenceDisplay.from_trace(RECORDS, ax=ax, x=x, show_certificate=False)
    np.testing.assert_array_equal(display.line_.get_xdata(), values)
    assert display.certificate_line_ is None


def test_without_axes_a_figure_is_made():
    display = ConvergenceDisplay.from_trace(RECORDS)
    assert isinstance(display.figure_, Figure) and display.ax_ in display.figure_.axes


def test_from_estimator_takes_name_and_tolerance(ax):
    display = ConvergenceDisplay.from_estimator(Fitted(), ax=ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "Fitted: suboptimality" and labels[-1] == "tolerance"
    assert display.estimator_name == "Fitted"


def test_from_estimator_takes_the_last_step_of_a_pipeline(ax):
    from sklearn.datasets import load_breast_cancer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from optlite.linear_model import LogisticRegression

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(record_trace=True))
    pipeline.fit(*load_breast_cancer(return_X_y=True))
    display = ConvergenceDisplay.from_estimator(pipeline, ax=ax)
    assert display.estimator_name == "LogisticRegression"
    assert display.certificate[-1] <= 1e-8
    assert len(display.suboptimality) == pipeline[-1].n_iter_[0] + 1


def test_an_estimator_without_a_trace_is_refused():
    with pytest.raises(ValueError, match=r"record_trace=True.*Ridge.*fit again"):
        ConvergenceDisplay.from_estimator(Ridge())


def test_an_empty_trace_is_refused():
    with pytest.raises(ValueError, match="at least one record"):
        ConvergenceDisplay(Trace())


def test_an_unknown_axis_is_refused(ax):
    with pytest.raises(ValueError, match=r"x must be one of iteration.*got 'epoch'"):
        ConvergenceDisplay.from_trace(RECORDS, ax=ax, x="epoch")


def geometric(factor, n=21, size=1.0, minimum=0.0):
    """A trace whose suboptimality is multiplied by `factor` in each iteration."""
    return Trace(
        {"iteration": k, "objective": minimum + size * factor**k, "n_passes": 2 * k}
        for k in range(n)
    )


def test_several_traces_share_axes_and_reference(ax):
    traces = {"slow": geometric(0.9, minimum=4.0), "fast": geometric(0.5, minimum=4.0)}
    display = ConvergenceDisplay.from_traces(traces, ax=ax)
    assert display.reference_value == pytest.approx(4.0 + 0.5**20)
    assert set(display.line_) == set(display.suboptimality) == {"slow", "fast"}
    for name, line in display.line_.items():
        shown = display.suboptimality[name] > 0
        np.testing.assert_array_equal(line.get_ydata(), display.suboptimality[name][shown])
    assert len({str(line.get_color()) for line in display.line_.values()}) == 2
    assert display.certificate_line_ == {"slow": None, "fast": None}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast"]


def test_the_rate_of_a_geometric_sequence_is_its_factor(ax):
    traces = {"slow": geometric(0.9, minimum=4.0), "fast": geometric(0.5, minimum=4.0)}
    display = ConvergenceDisplay.from_traces(traces, minimum=4.0, show_rate=True, ax=ax)
    assert display.rate()["slow"] == pytest.approx(0.9, rel=1e-9)
    assert display.rate()["fast"] == pytest.approx(0.5, rel=1e-9)
    assert display.rate("n_passes")["slow"] == pytest.approx(0.9**0.5, rel=1e-9)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["slow (factor 0.9 per iteration)", "fast (factor 0.5 per iteration)"]
    assert ax.get_ylabel() == "Relative to the minimum"


def test_the_rate_of_gradient_descent_is_that_of_the_slowest_eigenvalue():
    """The objective of component i is multiplied by (1 - eta lambda_i)^2 in each step."""
    from optlite import optim
    from optlite.objectives import Quadratic

    f, eta = Quadratic([1.0, 4.0, 10.0]), 0.12
    records = optim.steps(f, [1.0, 1.0, 1.0], method=optim.SGD(eta), max_iter=300, tol=0.0)
    trace = Trace(records)
    assert ConvergenceDisplay(trace, minimum=0.0).rate() == pytest.approx(0.88**2, rel=1e-9)
    assert len(trace) == 301


def test_the_rate_leaves_out_rounding_error_and_what_comes_after_it():
    """Near the rounding error of the minimum a curve is flat, which is no rate."""
    stalled = Trace({"iteration": k, "objective": 1.0 + 0.1**k + 2.0**-51} for k in range(100))
    display = ConvergenceDisplay(stalled, minimum=1.0)
    assert display.suboptimality[-1] == 2.0**-51
    assert display.rate() == pytest.approx(0.1, rel=1e-2)


def test_a_rate_of_few_records_is_unknown(ax):
    display = ConvergenceDisplay.from_trace(
        geometric(0.5, n=3), minimum=0.0, show_rate=True, ax=ax, name="run"
    )
    assert np.isnan(display.rate())
    assert ax.get_legend().get_texts()[0].get_text() == "run: suboptimality"
    assert ax.get_ylabel() == "Above the minimum"


def test_a_rate_needs_a_minimum():
    with pytest.raises(ValueError, match=r"minimum must be given for a rate.*more accurate run"):
        ConvergenceDisplay(RECORDS).rate()
    with pytest.raises(ValueError, match="x must be one of"):
        ConvergenceDisplay(RECORDS, minimum=1.0).rate("epoch")


def test_from_traces_takes_a_dict():
    with pytest.raises(TypeError, match=r"traces must be a dict .* got Trace.*from_trace"):
        ConvergenceDisplay.from_traces(Trace(RECORDS))
    with pytest.raises(ValueError, match="at least one record"):
        ConvergenceDisplay.from_traces({})
    with pytest.raises(ValueError, match="at least one record"):
        ConvergenceDisplay.from_traces({"run": []})


def test_path_from_arrays(ax):
    display = RegularizationPathDisplay(
        [0.1, 1.0, 10.0],
        [[3.0, -2.0], [2.0, -1.0], [0.5, 0.0]],
        feature_names=["age", "size"],
        chosen=1.0,
    ).plot(ax, linewidth=3)
    assert len(display.lines_) == 2 and display.lines_[0].get_linewidth() == 3
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), [-2.0, -1.0, 0.0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["age", "size"]
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "alpha"


@pytest.mark.parametrize("n_features", [2, 11, 13])
def test_path_gives_each_named_feature_its_own_look(ax, n_features):
    names = [f"x{j}" for j in range(n_features)]
    display = RegularizationPathDisplay([1.0, 2.0], np.ones((2, n_features)), feature_names=names)
    lines = display.plot(ax).lines_
    named = n_features <= 12
    assert (ax.get_legend() is not None) == named
    if named:
        looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
        assert len(looks) == n_features
    assert {line.get_color() for line in lines} <= set(COLORS)


def test_path_from_estimator_fits_clones(ax):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 3)), random.normal(size=30)
    model = Ridge(alpha=5.0)
    display = RegularizationPathDisplay.from_estimator(model, X, y, strengths=[0.1, 10.0], ax=ax)
    np.testing.assert_allclose(display.coefficients[1], Ridge(alpha=10.0).fit(X, y).coef_)
    assert model.alpha == 5.0 and not hasattr(model, "coef_")


def test_path_from_estimator_reads_column_names_and_rows_of_classifiers(ax):
    from sklearn.datasets import load_iris

    from optlite.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True, as_frame=True)
    display = RegularizationPathDisplay.from_estimator(
        LogisticRegression(), X, y == 1, strengths=[0.1, 1.0], strength_name="C", ax=ax
    )
    assert display.coefficients.shape == (2, 4)
    assert display.lines_[0].get_label() == "sepal length (cm)"
    assert ax.get_xlabel() == "C"


def test_path_from_path_functions(ax):
    from optlite.linear_model import lasso_path, sparse_path

    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 4)), random.normal(size=30)
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.3, 0.1, 0.0])
    display = RegularizationPathDisplay.from_path(alphas, coefs, chosen=0.1, ax=ax)
    np.testing.assert_array_equal(display.coefficients, coefs.T[:2])
    np.testing.assert_array_equal(display.strengths, [0.3, 0.1])
    alphas, coefs, *_ = sparse_path(X, np.digitize(y, [-0.5, 0.5]), loss="multinomial", alphas=5)
    display = RegularizationPathDisplay.from_path(alphas, coefs, output=2, feature_names="abcd")
    np.testing.assert_array_equal(display.coefficients, coefs[2].T)
    assert len(display.lines_) == 4
    with pytest.raises(ValueError, match="output must be one of the 3 rows of coefs, got None"):
        RegularizationPathDisplay.from_path(alphas, coefs)
    with pytest.raises(ValueError, match=r"with n_alphas=5, got \(5, 4\)"):
        RegularizationPathDisplay.from_path(alphas, coefs[0].T)


@pytest.mark.parametrize(
    ("strengths", "coefficients", "names", "message"),
    [
        ([0.0, 1.0], [[1.0], [1.0]], None, "strengths must be a 1-d array of positive"),
        ([1.0], [[1.0], [1.0]], None, r"n_strengths=1, got \(2, 1\)"),
        ([1.0], [[[1.0]]], None, "one output or class at a time"),
        ([1.0], [[1.0, 2.0]], ["a"], "each of the 2 features, got 1"),
    ],
)
def test_path_refuses_what_does_not_fit_together(strengths, coefficients, names, message):
    with pytest.raises(ValueError, match=message):
        RegularizationPathDisplay(strengths, coefficients, feature_names=names)


def test_coefficients_of_several_models(ax):
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 4))
    y = X @ [1.0, 0.0, -3.0, 0.5]
    models = {"weak": Ridge(alpha=0.1).fit(X, y), "strong": Ridge(alpha=50.0).fit(X, y)}
    display = CoefficientDisplay.from_estimators(models, top=2, ax=ax, markersize=9)
    np.testing.assert_array_equal(display.features_, [2, 0])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["x2", "x0"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["weak", "strong"]
    for line, model in zip(display.lines_, models.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), model.coef_[[2, 0]])
        assert line.get_markersize() == 9
    heights = [line.get_ydata() for line in display.lines_]
    np.testing.assert_array_equal(np.mean(heights, axis=0), [0, 1])


def test_models_and_runs_on_the_same_axes_have_colours_of_the_palette(ax):
    points = CoefficientDisplay(np.eye(3)).plot(ax).lines_
    assert [line.get_color() for line in points] == list(COLORS[:3])
    assert len({line.get_marker() for line in points}) == 3
    ax = Figure().subplots()
    runs = [ConvergenceDisplay.from_trace(RECORDS, ax=ax, minimum=1.0) for _ in range(9)]
    colors = [run.line_.get_color() for run in runs]
    assert colors[:7] == list(COLORS) and set(colors) == set(COLORS)


def test_coefficients_of_classes_and_zeros(ax):
    from sklearn.datasets import load_iris

    from optlite.linear_model import SparseClassifier

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SparseClassifier(alpha=0.05).fit(X, y)
    display = CoefficientDisplay.from_estimator(model, ax=ax)
    used = np.flatnonzero(model.coef_.any(axis=0))
    assert sorted(display.features_) == used.tolist() and len(used) < 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]
    assert set(display.feature_names) == set(X.columns)
    single = CoefficientDisplay([1.0, 0.0], feature_names=["a", "b"]).plot(Figure().subplots())
    assert single.ax_.get_legend() is None and single.features_.tolist() == [0]


def test_coefficients_refuse_what_does_not_fit_together(ax):
    with pytest.raises(ValueError, match="feature_names must have one name for each of the 2"):
        CoefficientDisplay([1.0, 2.0], feature_names=["a"])
    with pytest.raises(TypeError, match="Use from_estimator for a single one"):
        CoefficientDisplay.from_estimators(Ridge())
    with pytest.raises(ValueError, match="top must be >= 1, got 0"):
        CoefficientDisplay([1.0]).plot(ax, top=0)


def test_matplotlib_is_imported_only_to_draw():
    code = (
        "import sys; from optlite.display import ConvergenceDisplay; "
        "ConvergenceDisplay([{'objective': 1.0}]).suboptimality; "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"ConvergenceDisplay.plot needs matplotlib.*'plot'"):
        ConvergenceDisplay(Trace(RECORDS)).plot()


def test_coefficients_of_sparse_models_and_of_none():
    from optlite.linear_model import LogisticRegression

    X = np.random.default_rng(0).normal(size=(30, 4))
    y = np.arange(30) % 3
    dense = LogisticRegression(l1_ratio=1.0).fit(X, y)
    expected = dense.coef_.copy()
    display = CoefficientDisplay.from_estimator(dense.sparsify(), ax=Figure().subplots())
    assert_array_equal(display.coefficients, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = CoefficientDisplay(np.zeros((2, 4))).plot(Figure().subplots())
    assert len(empty.features_) == 0


def test_paths_of_one_class():
    from optlite.linear_model import LogisticRegression

    X = np.random.default_rng(0).normal(size=(30, 4))
    y = np.arange(30) % 3
    options = {"strengths": [0.1, 1.0], "strength_name": "C", "ax": Figure().subplots()}
    display = RegularizationPathDisplay.from_estimator(
        LogisticRegression(), X, y, output=1, **options
    )
    for strength, row in zip(options["strengths"], display.coefficients, strict=True):
        assert_array_equal(row, LogisticRegression(C=strength).fit(X, y).coef_[1])
    with pytest.raises(ValueError, match="output must be one of the 3 rows of coefs, got None"):
        RegularizationPathDisplay.from_estimator(LogisticRegression(), X, y, **options)
