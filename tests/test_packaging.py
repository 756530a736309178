"""What the build promises: levels side by side, an honest configuration, types, no side effects."""

import ast
import importlib
import os
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import optlite
from optlite import _core, _cpu
from optlite._core import core

LEVELS = _core._available()


def run_python(code, **environment):
    """Run code in a fresh interpreter that finds this very optlite."""
    # An editable install has no single folder that could be put on a path: it is found as it is
    # here, and the child says where.
    code = f"import optlite\nassert optlite.__file__ == {optlite.__file__!r}\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def runnable_levels():
    """List the installed levels that this processor can execute."""
    return [level for level in LEVELS if {"v4": 4, "v3": 3}.get(level, 0) <= _cpu.x86_level()]


def fit_with(module, loss, outputs):
    """Fit one small problem with the given extension module."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 7))
    score = X[:, 0] + rng.normal(size=300)
    y = np.digitize(score, [-0.5, 0.5]).astype(float) if outputs > 1 else np.sign(score)
    model = module.Model(module.dense(X), loss, y, None, [], outputs, True, 0.01, "squared_l2")
    return model.fit(None, "newton-cholesky", 1e-14, 100, False)


@pytest.mark.parametrize(("loss", "outputs"), [("logistic", 1), ("multinomial", 3)])
def test_levels_load_side_by_side_and_agree(loss, outputs):
    fits = {
        level: fit_with(importlib.import_module(f"optlite._core_{level}"), loss, outputs)
        for level in runnable_levels()
    }
    assert fits, "no compiled level runs on this processor"
    reference = next(iter(fits.values()))
    for level, fit in fits.items():
        assert abs(fit["value"] - reference["value"]) <= 1e-12, level
        np.testing.assert_allclose(
            fit["coefficients"], reference["coefficients"], rtol=0, atol=1e-12, err_msg=level
        )


@pytest.mark.parametrize("level", runnable_levels())
@pytest.mark.parametrize("short", [False, True])
def test_a_level_can_be_forced(level, short):
    name = level.lstrip("v") if short else level
    code = "import optlite; print(optlite.config()['simd_level'])"
    run = run_python(code, OPTLITE_SIMD_LEVEL=name)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == level


@pytest.mark.parametrize("value", ["v9", "avx", "33"])
def test_a_level_that_was_not_built_is_refused_in_words(value):
    run = run_python("import optlite.linear_model", OPTLITE_SIMD_LEVEL=value)
    assert run.returncode != 0
    message = run.stderr.strip().splitlines()[-1]
    assert message.startswith("ImportError: OPTLITE_SIMD_LEVEL must be one of")
    assert repr(value) in message
    assert all(level in message for level in LEVELS)
    assert "Unset it" in message


def test_the_level_in_use_was_built_and_runs_here():
    assert core.simd_level in LEVELS
    assert core.__name__ == f"optlite._core_{core.simd_level}"
    forced = os.environ.get("OPTLITE_SIMD_LEVEL")
    assert forced or core.simd_level == runnable_levels()[0]


def test_config_tells_the_truth():
    config = optlite.config()
    assert config["simd_level"] == core.simd_level
    assert config["threads"] == core.threads() >= 1
    assert config["eigen"].startswith("3.4")
    assert config["openmp"] == core.openmp_runtime
    if core.openmp_runtime == "none":
        assert config["threads"] == 1
    else:
        assert config["openmp_libraries"], "OpenMP is in use, so its library is in the process"


def test_show_config_prints_every_entry(capsys):
    optlite.show_config()
    printed = capsys.readouterr().out
    for name, value in optlite.config().items():
        assert f"{name}: " in printed
        assert isinstance(value, list) or str(value) in printed


def test_thread_limits_are_respected():
    assert core.openmp_runtime != "none" or core.threads() == 1
    with threadpool_limits(1, user_api="openmp"):
        assert core.threads() == 1
    limit = 1 if core.openmp_runtime == "none" else 3
    with threadpool_limits(3, user_api="openmp"):
        assert core.threads() == limit
    code = "from optlite._core import core; print(core.threads())"
    run = run_python(code, OMP_NUM_THREADS=str(limit))
    assert run.stdout.strip() == str(limit), run.stderr


def test_a_compiled_core_with_openmp_is_seen_by_threadpoolctl():
    kinds = {pool["user_api"] for pool in threadpool_info()}
    assert core.openmp_runtime == "none" or "openmp" in kinds


def test_subnormals_survive_the_import():
    # A library linked with -ffast-math sets flush-to-zero for the whole process.
    code = (
        "import numpy as np, optlite\n"
        "from optlite._core import core\n"
        "tiny = np.array([5e-324, 2.5e-308]) * np.array([1.0, 0.5])\n"
        "assert (tiny > 0).all(), tiny\n"
        "assert np.float32(1e-45) * np.float32(1) > 0\n"
        "y = np.array([1.0, -1.0, 1.0])\n"
        "X = np.array([[1.0], [2.0], [4.0]])\n"
        "m = core.Model(core.dense(X), 'logistic', y, None, [], 1, True, 0.1, 'squared_l2')\n"
        "m.fit(None, 'auto', 1e-8, 50, False)\n"
        "assert (np.array([5e-324]) * 1.0 > 0).all()\n"
    )
    run = run_python(code)
    assert run.returncode == 0, run.stderr


def test_importing_the_package_is_silent_and_loads_no_core():
    code = (
        "import sys, optlite, optlite.reference\n"
        "assert not any(name.startswith('optlite._c') for name in sys.modules)\n"
    )
    run = run_python(code)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def public(members):
    """Drop the names that every module or class has."""
    return {name for name in members if not name.startswith("_")}


def test_the_type_stub_lists_what_the_core_has():
    package = resources.files(optlite)
    assert package.joinpath("py.typed").is_file()
    assert "import _compiled as core" in package.joinpath("_core.pyi").read_text()
    tree = ast.parse(package.joinpath("_compiled.pyi").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    values = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert public(functions | values | set(classes)) == public(dir(core))
    for name, node in classes.items():
        stubbed = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        assert public(stubbed) == public(vars(getattr(core, name))), name
