"""Run scikit-learn's own tests with our estimators in place of theirs.

``peer/exceptions.toml`` lists the tests that may fail, each with a reason. A listed test that
passes fails this suite too: the list can only shrink.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sklearn

import optlite

HERE = Path(__file__).parent / "peer"
LISTED = tomllib.loads((HERE / "exceptions.toml").read_text())

pytestmark = pytest.mark.skipif(
    not sklearn.__version__.startswith(LISTED["scikit_learn"]),
    reason=f"the list of exceptions is for scikit-learn {LISTED['scikit_learn']}",
)


def matches(pattern, name):
    """`*` stands for anything; brackets are literal, as in the names of parametrised tests."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


LEAST_FITS = {
    "test_logistic": {"LogisticRegression": 500, "LogisticRegressionCV": 100},
    "test_ridge": {"Ridge": 500, "RidgeClassifier": 10, "RidgeCV": 50},
    "test_common": {"LogisticRegression": 1, "Ridge": 1, "RidgeClassifier": 1, "RidgeCV": 1},
    "test_coordinate_descent": {
        "ElasticNet": 100,
        "ElasticNetCV": 50,
        "Lasso": 10,
        "LassoCV": 10,
        "MultiTaskElasticNet": 1,
        "MultiTaskElasticNetCV": 1,
        "MultiTaskLasso": 1,
        "MultiTaskLassoCV": 1,
    },
    "test_sparse_coordinate_descent": {
        "ElasticNet": 50,
        "ElasticNetCV": 10,
        "Lasso": 20,
        "LassoCV": 10,
    },
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Of each module: the outcome of each test, and the number of fits of each of our classes."""
    folder = tmp_path_factory.mktemp("peer")
    command = [sys.executable, "-m", "pytest", "-p", "swap_plugin", "-p", "no:cacheprovider"]
    command += ["-p", "no:xdist", "-q", "--no-header", "--tb=no", "--pyargs"]
    command += [f"sklearn.linear_model.tests.{module}" for module in LEAST_FITS]
    package = str(Path(optlite.__file__).parents[1])  # the same optlite, from another folder
    path = os.pathsep.join([str(HERE), package, os.environ.get("PYTHONPATH", "")])
    file = folder / "results.json"
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "OPTLITE_PEER_RESULTS": str(file),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(file.read_text())


@pytest.mark.parametrize("module", LEAST_FITS)
def test_their_tests_pass_with_our_classes(module, results):
    outcomes, fits = results["outcomes"][module], results["fits"][module]
    for name, least in LEAST_FITS[module].items():
        count = fits.get(name, 0)
        assert count > least, f"{name} was fitted {count} times: was it swapped in?"
    patterns = [
        test
        for entry in LISTED["exceptions"]
        if entry["module"] == module
        for test in entry["tests"]
    ]
    failed = {name for name, outcome in outcomes.items() if outcome == "failed"}
    passed = {name for name, outcome in outcomes.items() if outcome == "passed"}
    unexpected = [n for n in sorted(failed) if not any(matches(p, n) for p in patterns)]
    assert not unexpected, "fail, and are not listed:\n" + "\n".join(unexpected)
    stale = [n for n in sorted(passed) if any(matches(p, n) for p in patterns)]
    assert not stale, "are listed, and pass; take them off the list:\n" + "\n".join(stale)
    unused = [p for p in patterns if not any(matches(p, name) for name in failed)]
    assert not unused, "match no failing test; take them off the list:\n" + "\n".join(unused)
