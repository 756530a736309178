"""Run POT's own tests with our functions in place of theirs.

    python tests/peer/run_pot_tests.py             # the release that the list is for, by pip
    python tests/peer/run_pot_tests.py POT/test    # a clone, with the POT that is installed

POT's wheel has no tests, but its source archive has most of them; they are downloaded, not copied
into this repository. ``pot_exceptions.toml`` lists the tests that may fail, each group with its
reason; the exit status is 1 if a test fails that is not listed, if a listed one passes, or if a
function of ours was never called. Only NumPy arrays are tested, as ours take no others.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

import optlite

HERE = Path(__file__).resolve().parent
LISTED = tomllib.loads((HERE / "pot_exceptions.toml").read_text())
MODULES = (
    "test_bregman",
    "test_ot",
    "test_1d_solver",
    "test_gaussian",
    "test_da",
    "test_partial",
    "unbalanced/test_sinkhorn",
)
MODULE_NAMES = [module.rpartition("/")[2] for module in MODULES]


def pip(*arguments):
    """Run pip, quietly."""
    subprocess.run([sys.executable, "-m", "pip", "-q", *arguments], check=True)


def download(scratch):
    """Return the folder of the tests of the listed release, and the one where it is installed."""
    release, site = f"POT=={LISTED['pot']}", scratch / "site"
    pip("install", "--no-deps", "--target", str(site), release)
    pip("download", "--no-deps", "--no-binary", "POT", "-d", str(scratch), release)
    (archive,) = scratch.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        # Debian 12 has Python 3.11.2, where tarfile has no filters yet.
        filters = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        file.extractall(scratch, **filters)
    return scratch / archive.name.removesuffix(".tar.gz") / "test", site


def run(folder, site):
    """Return the calls of each of our functions, and the outcome of each test."""
    modules = [folder / f"{module}.py" for module in MODULES]
    missing = [str(path.relative_to(folder)) for path in modules if not path.exists()]
    if missing:
        print("not in this archive:", *missing)
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.json"
        package = str(Path(optlite.__file__).parents[1])
        path = [str(HERE), *([str(site)] if site else []), package]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "pot_plugin", "-p", "no:cacheprovider"]
            + ["-q", "--no-header", "--tb=line", "--disable-warnings", "--import-mode=importlib"]
            + ["-c", os.devnull, "--rootdir", str(folder)]
            + [str(module) for module in modules if module.exists()],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")]),
                "OPTLITE_PEER_RESULTS": str(results),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-4000:]}")
        found = json.loads(results.read_text())
    return found["calls"], found["outcomes"]


def matches(pattern, name):
    """`*` stands for anything; brackets are literal."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def judge(calls, outcomes):
    """Return what differs from the list."""
    run_of = {name.partition("::")[0] for name in outcomes}
    patterns = [
        f"{entry['module']}::{test}"
        for entry in LISTED["exceptions"]
        if entry["module"] in run_of
        for test in entry["tests"]
    ]
    wrong = []
    for name, outcome in sorted(outcomes.items()):
        expected = any(matches(pattern, name) for pattern in patterns)
        if outcome != "skipped" and expected != (outcome == "failed"):
            wrong.append(f"{outcome}, {'listed' if expected else 'not listed'}: {name}")
    wrong += [f"matches no test: {p}" for p in patterns if not any(matches(p, n) for n in outcomes)]
    for name, count in calls.items():
        if not count and LISTED["called_in"].get(name) not in set(MODULE_NAMES) - run_of:
            wrong.append(f"was never called: {name}")
    return wrong


def main(arguments):
    """Run, compare with the list, and say what differs."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, site = (
            (Path(arguments[0]).resolve(), None) if arguments else download(Path(scratch))
        )
        calls, outcomes = run(folder, site)
    wrong = judge(calls, outcomes)
    counts = {kind: list(outcomes.values()).count(kind) for kind in ("passed", "failed", "skipped")}
    print("calls:", calls, "\noutcomes:", counts, *wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
