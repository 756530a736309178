"""Pages of the API lead to twin, kernel and tests of what they describe."""

import importlib
import re

import pytest
from site_extensions import load

api_files = load("api_files")
api_sources = load("api_sources")


def test_the_files_of_the_table_exist():
    shown = api_files.shown()
    assert len(shown) > 30
    assert [path for path in shown if not path.is_file()] == []


@pytest.mark.parametrize("package", ["linear_model", "boosting", "ot", "bcd", "curvature"])
def test_each_name_of_a_package_with_a_core_has_all_three(package):
    names = importlib.import_module(f"optlite.{package}").__all__
    assert names
    for name in names:
        text = api_sources.closing(f"{package}.{name}")
        for word in ("NumPy twin: :doc:`", "C++: :doc:`", "Tests: :doc:`"):
            assert word in text, name


def names_of_the_site():
    """Return what docs/api/index.rst lists, below ``optlite``."""
    package, names = "", []
    for line in (api_files.ROOT / "docs" / "api" / "index.rst").read_text().splitlines():
        if line.startswith((".. currentmodule::", ".. automodule::")):
            package = line.split("::")[1].strip().removeprefix("optlite").lstrip(".")
        elif re.fullmatch(r"   [A-Za-z_.]+", line):
            names.append(f"{package}.{line.strip()}".lstrip("."))
    return names


def test_every_page_of_the_site_leads_to_tests():
    names = names_of_the_site()
    assert len(names) > 200
    assert [name for name in names if "Tests: :doc:`" not in api_sources.closing(name)] == []


def test_the_longest_key_counts():
    assert api_files.files("linear_model.SparseGroupLasso") == api_files.files(
        "linear_model.GroupLasso"
    )
    assert api_files.files("boosting.distributions.from_name")[0][0].stem == "row_distributions"
    assert api_sources.closing("nothing") == ""
