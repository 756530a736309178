"""Pictures of spectra: what is drawn is what was found."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from optlite.curvature import lanczos_steps, spectral_density
from optlite.display import SpectralDensityDisplay, SpectrumDisplay

VALUES = np.concatenate([np.linspace(-1.0, 1.0, 200), [4.0]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_ritz_values_with_bounds_and_the_truth():
    run = list(lanczos_steps(np.diag(VALUES), 8))
    display = SpectrumDisplay.from_lanczos(iter(run), VALUES, name="A")
    marks = np.asarray(display.marks_.get_offsets())
    assert marks[:, 0].tolist() == [k for k in range(1, 9) for _ in range(k)]
    assert marks[:, 1] == pytest.approx(np.concatenate([found.ritz_values for found in run]))
    heights = [segment[1, 1] - segment[0, 1] for segment in display.bounds_.get_segments()]
    bounds = np.concatenate([found.residual_bounds for found in run])
    assert heights == pytest.approx(2.0 * bounds)
    assert len(display.exact_.get_segments()) == 201
    smallest, largest = (line.get_ydata() for line in display.extremes_)
    assert largest[-1] == pytest.approx(4.0, abs=1e-3) and smallest[-1] < -0.8
    assert display.ax_.get_yscale() == "linear" and display.ax_.get_xlabel() == "Step"
    low, high = display.ax_.get_ylim()
    assert low > -3.0 and high < 6.0


@pytest.mark.parametrize("method", ["slq", "kpm"])
def test_density_band_outliers_and_histogram(method):
    found = spectral_density(np.diag(VALUES), method, n_steps=30, deflate=1)
    display = SpectralDensityDisplay.from_density(found, VALUES)
    x, y = display.line_.get_data()
    assert y == pytest.approx(found.density(x).value)
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=0.02)
    assert display.outliers_.get_segments()[0][0, 0] == pytest.approx(4.0)
    total = sum(bar.get_height() * bar.get_width() for bar in display.histogram_)
    assert total == pytest.approx(1.0)
    assert display.band_ is not None
    assert "201 eigenvalues" in [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_distance_is_that_of_scipy():
    found = spectral_density(np.diag(VALUES), n_probes=1, n_steps=12)
    expected = wasserstein_distance(found.nodes[0], VALUES, found.weights[0])
    display = SpectralDensityDisplay(found, VALUES)
    assert display.distance == pytest.approx(expected, abs=1e-3)
    assert SpectralDensityDisplay.from_density(found, log=True).band_ is None
    with pytest.raises(ValueError, match="exact must be given for a distance"):
        _ = SpectralDensityDisplay(found).distance


def test_from_operator_forms_what_is_small():
    display = SpectralDensityDisplay.from_operator(
        lambda v: VALUES * v, options={"dim": 201, "n_steps": 10, "n_probes": 2}
    )
    assert display.exact == pytest.approx(np.sort(VALUES), abs=1e-12)
    bare = SpectralDensityDisplay.from_operator(np.diag(VALUES), exact=False)
    assert bare.exact is None and bare.histogram_ is None
    one = SpectralDensityDisplay.from_operator(np.zeros((3, 3)))
    assert one.ax_.get_xlim() == pytest.approx((-1.0, 1.0), abs=0.1)


@pytest.mark.parametrize("method", ["slq", "kpm"])
@pytest.mark.parametrize("value", [0.0, 1.0, -3e200])
@pytest.mark.parametrize("log", [False, True])
def test_one_eigenvalue_can_be_drawn(method, value, log):
    display = SpectralDensityDisplay.from_operator(
        value * np.eye(9), log=log, options={"method": method, "n_steps": 8}
    )
    display.figure_.canvas.draw()
    low, high = display.ax_.get_xlim()
    assert low < value < high and np.isfinite(display.line_.get_ydata()).all()


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="bounds must have one number for each value"):
        SpectrumDisplay([[1.0, 2.0]], bounds=[[0.1]])
    with pytest.raises(ValueError, match="scale must be 'log' or 'linear', got 'square'"):
        SpectrumDisplay([[1.0]]).plot(scale="square")
    with pytest.raises(ValueError, match="exact must hold finite eigenvalues"):
        SpectralDensityDisplay(None, [np.nan])
