"""Run POT's own tests with our functions in place of theirs, against a clone of POT:

    git clone --depth 1 https://github.com/PythonOT/POT
    python tests/peer/run_pot_tests.py POT/test

POT's wheel has no tests, and those of another project are not copied, so that this is not a part
of the suite; ``tests/test_transport_pot.py`` asks the same in our words. ``pot_exceptions.toml``
lists the tests that may fail, each group with its reason; the exit status is 1 if a test fails that
is not listed, or if a listed one passes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import optlite

HERE = Path(__file__).resolve().parent
MODULES = (
    "test_bregman",
    "test_ot",
    "test_1d_solver",
    "test_gaussian",
    "test_da",
    "test_partial",
    "unbalanced/test_sinkhorn",
)


def run(folder):
    """Return the calls of each of our functions, and the outcome of each test."""
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.json"
        package = str(Path(optlite.__file__).parents[1])
        path = os.pathsep.join([str(HERE), package, os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "pot_plugin", "-p", "no:cacheprovider"]
            + [
                "-q",
                "--no-header",
                "--tb=line",
                "--disable-warnings",
                "--import-mode=importlib",
                "-c",
                os.devnull,
                "--rootdir",
                str(folder),
            ]
            + [str(folder / f"{module}.py") for module in MODULES],
            env={**os.environ, "PYTHONPATH": path, "OPTLITE_PEER_RESULTS": str(results)},
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"pytest ended with {done.returncode}")
        found = json.loads(results.read_text())
    return found["calls"], found["outcomes"]


def matches(pattern, name):
    """`*` stands for anything; brackets are literal."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def main(folder):
    """Run, compare with the list, and say what differs."""
    calls, outcomes = run(Path(folder).resolve())
    listed = tomllib.loads((HERE / "pot_exceptions.toml").read_text())["exceptions"]
    patterns = [f"{entry['module']}::{test}" for entry in listed for test in entry["tests"]]
    wrong = []
    for name, outcome in sorted(outcomes.items()):
        expected = any(matches(pattern, name) for pattern in patterns)
        if outcome != "skipped" and expected != (outcome == "failed"):
            wrong.append(f"{outcome}, {'listed' if expected else 'not listed'}: {name}")
    wrong += [f"matches no test: {p}" for p in patterns if not any(matches(p, n) for n in outcomes)]
    wrong += [f"was never called: {name}" for name, count in calls.items() if not count]
    counts = {kind: list(outcomes.values()).count(kind) for kind in ("passed", "failed", "skipped")}
    print("calls:", calls, "\noutcomes:", counts, *wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
