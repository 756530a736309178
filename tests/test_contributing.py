"""CONTRIBUTING.md shows how a part is added in one header and one twin: what it shows must work."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

ROOT = pathlib.Path(__file__).resolve().parents[1]
GRID = [
    (z, y) for z in (-800.0, -30.0, -1.5, -1e-3, 0.0, 0.25, 2.0, 40.0) for y in (-1.0, 0.0, 3.5)
]


def fenced(language):
    """The fenced block after the marker of this language."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example:{language} -->\s*```\w*\n(.*?)```", text, re.DOTALL)
    assert found, f"CONTRIBUTING.md has no fenced block after <!-- example:{language} -->."
    return found[1]


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """The Python of the example, imported."""
    path = tmp_path_factory.mktemp("twin") / "log_cosh.py"
    path.write_text(fenced("python"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("log_cosh", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("marker", "file"),
    [
        ("cpp", "log_cosh.hpp"),
        ("python", "log_cosh.py"),
        ("rule-cpp", "signum.hpp"),
        ("rule-python", "signum.py"),
    ],
)
def test_the_example_is_the_file_beside_the_documentation(marker, file):
    assert fenced(marker) == (ROOT / "docs" / "_snippets" / file).read_text(encoding="utf-8")


def test_the_derivatives_of_the_twin_are_right(twin):
    """A complex step differentiates to the last digit: f'(z) = Im f(z + ih) / h."""
    rng = np.random.default_rng(0)
    z, y, h = 3.0 * rng.normal(size=200), 3.0 * rng.normal(size=200), 1e-20
    first = np.imag(twin.value(z + 1j * h, y)) / h
    second = np.imag(twin.first(z + 1j * h, y)) / h
    assert_allclose(twin.first(z, y), first, rtol=1e-12, atol=1e-15)
    assert_allclose(twin.second(z, y), second, rtol=1e-12, atol=1e-15)
    third = np.imag(twin.second(z + 1j * h, y)) / h
    assert np.all(np.abs(third) <= twin.self_concordance * twin.second(z, y) * (1 + 1e-12))


def test_the_twin_is_convex_bounded_and_stable(twin):
    z, y = np.array(GRID).T
    assert np.isfinite(twin.value(z, y)).all()
    assert np.all(twin.value(z, y) >= -1e-15)
    assert np.all(twin.second(z, y) >= 0.0)
    assert np.all(twin.second(z, y) <= twin.curvature_bound())
    assert_allclose(twin.value(np.array([1e4]), np.zeros(1)), 1e4 - np.log(2.0), rtol=1e-15)


def eigen_headers():
    """Where Eigen's headers are, or None."""
    candidates = [os.environ.get("OPTLITE_EIGEN_INCLUDE", "")]
    spec = importlib.util.find_spec("cmeel")
    if spec is not None and spec.origin:
        packages = pathlib.Path(spec.origin).parents[1]
        candidates.append(str(packages / "cmeel.prefix" / "include" / "eigen3"))
    # Where a build in this checkout has put them.
    candidates += sorted(str(path) for path in ROOT.glob("build/*/headers/Eigen-*"))
    candidates += [str(ROOT / "third_party" / "eigen3"), "/usr/include/eigen3"]
    for folder in candidates:
        if folder and (pathlib.Path(folder) / "Eigen" / "Core").exists():
            return folder
    return None


def compiler():
    """A C++ compiler with the usual options, or None."""
    names = [os.environ.get("CXX", "").split(" ")[0], "c++", "g++", "clang++"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


MAIN = """
#include <cstdio>
#include "optlite/objectives/log_cosh.hpp"

int main() {
  using optlite::objectives::LogCosh;
  const auto row = optlite::make_objective_row(optlite::Entry<LogCosh>{"LogCosh", "log_cosh"});
  double z = 0.0;
  double y = 0.0;
  while (std::scanf("%lf %lf", &z, &y) == 2) {
    const double value = row.value({}, 1, 1, &z, &y, nullptr);
    double first = z;
    row.evaluate({}, 1, 1, &first, &y, nullptr);
    double second = z;
    row.prepare({}, 1, 1, &second, &y);
    std::printf("%.17g %.17g %.17g\\n", value, first, second);
  }
  std::printf("%s %s %.17g %.17g\\n", row.record.name.c_str(), optlite::name(row.target),
              row.curvature_bound({}), row.self_concordance);
}
"""


def compiled(folder, header, language, main):
    """Compile a header of the text with a program around it; None without compiler or Eigen."""
    eigen, tool = eigen_headers(), compiler()
    if eigen is None or tool is None or sys.platform == "win32":
        return None
    path = folder / "optlite" / header
    path.parent.mkdir(parents=True)
    path.write_text(fenced(language), encoding="utf-8")
    (folder / "main.cpp").write_text(main, encoding="utf-8")
    program = str(folder / "main")
    includes = ["-I", str(folder), "-I", str(ROOT / "cpp" / "include"), "-isystem", eigen]
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wno-unknown-pragmas", "-Werror"]
    command = [tool, "-std=c++17", *warnings, *includes, str(folder / "main.cpp"), "-o", program]
    subprocess.run(command, check=True, timeout=300)
    return program


def compiled_rows(folder):
    """Evaluate the objective of the text on the grid; None where it cannot be compiled."""
    program = compiled(folder, "objectives/log_cosh.hpp", "cpp", MAIN)
    if program is None:
        return None
    lines = "".join(f"{z!r} {y!r}\n" for z, y in GRID)
    run = subprocess.run(
        [program], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.splitlines()


def test_the_header_compiles_alone_and_agrees_with_the_twin(twin, tmp_path):
    z, y = np.array(GRID).T
    expected = np.column_stack([twin.value(z, y), twin.first(z, y), twin.second(z, y)])
    rows = compiled_rows(tmp_path)
    if rows is None:
        # Nothing to compile with: the header must at least name what the twin defines.
        assert "struct LogCosh" in fenced("cpp")
        assert f"self_concordance = {twin.self_concordance}" in fenced("cpp")
        return
    actual = np.array([[float(number) for number in row.split()] for row in rows[:-1]])
    assert_allclose(actual, expected, rtol=1e-12, atol=1e-15)
    name, target, bound, concordance = rows[-1].split()
    assert (name, target) == ("log_cosh", "real")
    assert float(bound) == twin.curvature_bound()
    assert float(concordance) == twin.self_concordance


RULE_MAIN = """
#include <cstdio>
#include <vector>
#include "optlite/rules/signum.hpp"

int main() {
  const optlite::rules::Signum rule{};
  double x = 0.5, m = 0.0, g = 0.0;
  for (optlite::Index t = 1; std::scanf("%lf", &g) == 1; ++t) {
    optlite::rules::Signum::update<double>(rule.prepare<double>(t), x, g, m);
    std::printf("%.17g %.17g\\n", x, m);
  }
}
"""


def test_the_rule_of_the_text_compiles_alone_and_agrees_with_its_twin(tmp_path):
    namespace = {}
    exec(fenced("rule-python"), namespace)
    grads = [1.0, -0.5, -3.0, 0.0, 2.5, -1e-8]
    x, state, expected = np.array(0.5), {"m": np.array(0.0)}, []
    for t, g in enumerate(grads, 1):
        x = namespace["update"](x, np.array(g), state, t, learning_rate=1e-3, beta=0.9)
        expected.append([float(x), float(state["m"])])
    program = compiled(tmp_path, "rules/signum.hpp", "rule-cpp", RULE_MAIN)
    if program is None:
        # Nothing to compile with: the header must at least name what the twin defines.
        assert "struct Signum" in fenced("rule-cpp")
        return
    text = "".join(f"{g!r}\n" for g in grads)
    run = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    actual = [[float(number) for number in line.split()] for line in run.stdout.splitlines()]
    assert_allclose(actual, expected, rtol=1e-15)
