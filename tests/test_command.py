"""The command ``optlite``: what it prints, and what it says when something does not fit."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_regression

import optlite
from optlite import exercises, linear_model
from optlite._command import bench, main

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "docs" / "solutions" / "momentum_rate.py"


def test_python_m_optlite_is_the_command():
    run = subprocess.run(
        [sys.executable, "-m", "optlite", "exercise", "show", "momentum-rate"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == exercises.get("momentum-rate").text() + "\n"


def test_a_reader_that_stops_reading_is_no_error():
    """As in ``optlite exercise list | head -1``."""
    command = [sys.executable, "-u", "-m", "optlite", "exercise", "list"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as run:
        assert run.stdout.readline() == "first-order methods\n"
        run.stdout.close()
        assert run.stderr.read() == ""
        assert run.wait(timeout=60) == 1


def test_the_script_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entry = importlib.metadata.EntryPoint("optlite", project["scripts"]["optlite"], "scripts")
    assert entry.load() is main


@pytest.mark.parametrize("arguments", [[], ["exercise"]])
def test_without_a_command_help_is_printed(arguments, capsys):
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("usage: optlite")


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["dmeo"])
    assert stopped.value.code == 2
    assert re.search("invalid choice: 'dmeo'.*info.*demo.*bench.*exercise", capsys.readouterr().err)


def test_info_is_show_config(capsys):
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    optlite.show_config()
    assert printed == capsys.readouterr().out


def test_the_demonstration_is_certified_and_newton_converges(capsys):
    assert main(["demo"]) == 0
    printed = capsys.readouterr().out
    ours, default, long = [line for line in printed.splitlines() if re.search(r"by -?\d", line)]
    assert float(re.search(r"by (\S+) at most", ours)[1]) <= 1e-8
    assert default.endswith("and warns")
    errors = [float(re.search(r"by ([-+.e\d]+)", line)[1]) for line in (default, long)]
    assert errors[0] > errors[1]
    rows = [line.split() for line in printed.splitlines() if re.match(r" ?\d+ +\d\.", line)]
    certificates = [float(row[3]) for row in rows]
    assert certificates[-1] <= 1e-12 < certificates[0]
    assert len(rows) <= 12


def test_the_quick_benchmark_compares_at_equal_quality(capsys):
    """On a small problem; the command's own take longer."""
    X, y = make_regression(60, 5, noise=1.0, random_state=0)
    sloppy = bench.Entry("sloppy", lambda tol: linear_model.Ridge(2.0))
    entries = [
        bench.Entry("optlite", lambda tol: linear_model.Ridge(1.0, tol=tol)),
        bench.Entry("scikit-learn", lambda tol: bench.peers.Ridge(1.0)),
        sloppy,
    ]

    def objective(model):
        residual = y - X @ model.coef_ - model.intercept_
        return residual @ residual + model.coef_ @ model.coef_

    bench.run([lambda: ("Ridge", (X, y), objective, entries)], rounds=2)
    printed = capsys.readouterr().out
    assert all(entry.excess <= bench.QUALITY and len(entry.seconds) == 2 for entry in entries[:2])
    assert sloppy.excess > bench.QUALITY and not sloppy.seconds
    assert re.search(r"optlite +1e-02 +\S+ +\S+ +1\.00\n", printed)
    assert "sloppy" in printed and "not timed: error" in printed
    assert optlite.config()["simd_level"] in printed


@pytest.mark.parametrize("task", [bench.logistic_task, bench.lasso_task, bench.ridge_task])
def test_the_objectives_of_the_benchmark_are_those_that_both_libraries_minimise(task):
    """At the optimum of our solver the objective that is compared has its minimum, too."""
    _, (X, y), objective, entries = task()
    model = bench.fitted(entries[0].make(1e-10), (X, y))
    value, rng = objective(model), np.random.default_rng(0)
    best = model.coef_.copy()
    for _ in range(3):
        model.coef_ = best * (1.0 + 1e-3 * rng.normal(size=best.shape))
        assert objective(model) > value


def test_the_long_benchmark_is_elsewhere(capsys):
    assert main(["bench"]) == 2
    assert "bench needs --quick" in capsys.readouterr().err


def test_exercises_are_listed_by_chapter(capsys):
    assert main(["exercise", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*exercises.CHAPTERS, *exercises.list()))


def test_a_file_is_checked(capsys):
    assert main(["exercise", "check", "momentum-rate", str(SOLUTION), "--seed", "1"]) == 0
    assert "all 5 properties hold" in capsys.readouterr().out
    target = f"{SOLUTION}:real_parts"
    assert main(["exercise", "check", "momentum-rate", target, "--seed", "1"]) == 1
    assert "hint:" in capsys.readouterr().out


def test_a_file_finds_its_neighbours(tmp_path, capsys):
    (tmp_path / "beside_it.py").write_text("def shrink(z, t):\n    return z\n")
    (tmp_path / "answer.py").write_text("from beside_it import shrink as soft_threshold\n")
    assert main(["exercise", "check", "soft-threshold", str(tmp_path / "answer.py")]) == 1
    assert "not yet" in capsys.readouterr().out
    assert str(tmp_path) not in sys.path


def test_a_function_finds_the_neighbours_of_its_file(tmp_path, capsys):
    (tmp_path / "beside_too.py").write_text("def shrink(z, t):\n    return z\n")
    lines = (
        "def soft_threshold(z, t):\n    from beside_too import shrink\n    return shrink(z, t)\n"
    )
    (tmp_path / "late.py").write_text(lines)
    assert main(["exercise", "check", "soft-threshold", str(tmp_path / "late.py")]) == 1
    assert "ModuleNotFoundError" not in capsys.readouterr().out
    assert str(tmp_path) not in sys.path


def test_the_function_that_the_exercise_wants_is_suggested_first(tmp_path, capsys):
    file = tmp_path / "hw.py"
    file.write_text("def foo_2(x):\n    return x\ndef momentum_rate(a, b, c):\n    return b\n")
    assert main(["exercise", "check", "momentum-rate", f"{file}:foo"]) == 2
    assert "Did you mean" in (error := capsys.readouterr().err) and ":momentum_rate?" in error


ANSWERS = {
    "answer.py": "import numpy as np\ndef soft_treshold(z, threshold):\n    return z\n",
    "constant.py": "soft_threshold = 3\n",
    "empty.py": "",
    "broken.py": "x = 1\ndef f(:\n",
    "raises.py": "x = 1\ny = x / 0\n",
    "exits.py": "import sys\nsys.exit(3)\n",
    "notes.txt": "",
}


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("soft-treshold", "answer.py", "no exercise 'soft-treshold'; did you mean soft-threshold"),
        ("xyz", "answer.py", "'optlite exercise list' shows all"),
        ("soft-threshold", "anser.py", r"no file .*anser\.py\. Did you mean .*answer\.py\?"),
        ("soft-threshold", "no/such/file.py", "Is it in another folder"),
        ("soft-threshold", "sheet.py", r"sheet\.py is a folder\. Name a Python file in it"),
        ("soft-threshold", "answer.py", r"no function soft_threshold\. Did .*:soft_treshold"),
        ("soft-threshold", "answer.py:g", r"no function g\. Did you mean .*:soft_treshold"),
        ("soft-threshold", "empty.py", "It defines no function"),
        ("soft-threshold", "constant.py", "function must be callable, got 3"),
        ("soft-threshold", "broken.py", r"broken\.py, line 2: invalid syntax"),
        ("soft-threshold", "raises.py", r"raises\.py, line 2: ZeroDivisionError: division by zero"),
        ("soft-threshold", "exits.py", r"exits\.py, line 2: SystemExit: 3"),
        ("soft-threshold", "notes.txt", r"its name has to end in \.py"),
    ],
)
def test_what_does_not_fit_is_explained(name, target, message, tmp_path, capsys):
    for file, text in ANSWERS.items():
        (tmp_path / file).write_text(text)
    (tmp_path / "sheet.py").mkdir()
    assert main(["exercise", "check", name, str(tmp_path / target)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("optlite: ")
    assert re.search(message, error), error
