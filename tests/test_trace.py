"""Records and traces."""

import dataclasses
import pickle

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from optlite.objectives import Logistic
from optlite.optim import minimize
from optlite.trace import Record, Trace


@pytest.fixture(scope="module")
def trace():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = X[:, 0] + rng.normal(size=50) > 0
    return minimize(Logistic(X, y, alpha=0.1), method="newton", trace=True).trace


def test_a_trace_is_a_sequence_of_records(trace):
    assert len(trace) > 2
    assert [record.iteration for record in trace] == list(range(len(trace)))
    assert trace[0].direction is None
    assert trace[-1] is list(trace)[-1]
    assert isinstance(trace[1:], Trace)
    assert len(trace[1:]) == len(trace) - 1


def test_columns(trace):
    n = len(trace)
    assert trace["objective"].dtype == np.float64
    assert trace["n_passes"].dtype == np.int64
    assert trace["x"].shape == (n, 3)
    assert np.isnan(trace["direction"][0]).all()
    moved = trace["step_size"][1:, None] * trace["direction"][1:]
    np.testing.assert_allclose(np.diff(trace["x"], axis=0), moved, atol=1e-15)
    with pytest.raises(KeyError, match="A trace has the columns"):
        trace["nothing"]


def test_a_trace_of_scalars_says_that_it_holds_no_arrays():
    scalars = Trace([{"iteration": 0, "objective": 1.0}])
    with pytest.raises(ValueError, match="No record of this trace holds 'x'"):
        scalars["x"]
    assert len(Trace()) == 0
    assert repr(Trace()) == "Trace(0 records)"


def test_unknown_fields_are_refused():
    with pytest.raises(ValueError, match="A record has the fields"):
        Trace([{"loss": 1.0}])


def test_records_are_frozen(trace):
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace[0].objective = 0.0
    assert repr(trace[0]).startswith("Record(iteration=0, objective=0.693147, gradient_norm=")
    assert Record() != Record()


def test_pickle(trace):
    again = pickle.loads(pickle.dumps(trace))
    np.testing.assert_array_equal(again["x"], trace["x"])


def test_data_frames(trace):
    frame = trace.to_pandas()
    assert list(frame["iteration"]) == list(range(len(trace)))
    assert set(frame.columns) == set(trace.to_polars().columns)
    np.testing.assert_array_equal(trace.to_polars()["objective"].to_numpy(), trace["objective"])


def test_plot(trace):
    ax = trace.plot()
    assert ax.get_ylabel() == "objective"
    assert len(ax.lines[0].get_xdata()) == len(trace)
    same = trace.plot(y="objective", minimum=trace[-1].objective, ax=ax, color="k")
    assert same is ax
    assert ax.get_yscale() == "log"
    assert np.all(ax.lines[1].get_ydata() > 0)
    plt.close(ax.figure)
