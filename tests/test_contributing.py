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


@pytest.mark.parametrize(("language", "ending"), [("cpp", "hpp"), ("python", "py")])
def test_the_example_is_the_file_beside_the_documentation(language, ending):
    assert fenced(language) == (ROOT / "docs" / "_snippets" / f"log_cosh.{ending}").read_text(
        encoding="utf-8"
    )


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


def compiled_rows(folder):
    """Compile the header alone and evaluate it on the grid; None without compiler or Eigen."""
    eigen, tool = eigen_headers(), compiler()
    if eigen is None or tool is None or sys.platform == "win32":
        return None
    header = folder / "optlite" / "objectives" / "log_cosh.hpp"
    header.parent.mkdir(parents=True)
    header.write_text(fenced("cpp"), encoding="utf-8")
    (folder / "main.cpp").write_text(MAIN, encoding="utf-8")
    program = str(folder / "main")
    includes = ["-I", str(folder), "-I", str(ROOT / "cpp" / "include"), "-isystem", eigen]
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wno-unknown-pragmas", "-Werror"]
    command = [tool, "-std=c++17", *warnings, *includes, str(folder / "main.cpp"), "-o", program]
    subprocess.run(command, check=True, timeout=300)
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
