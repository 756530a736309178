"""Pages of the API lead to twin, kernel and tests of what they describe."""

import importlib

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


def test_the_longest_key_counts():
    assert api_files.files("linear_model.SparseGroupLasso") == api_files.files(
        "linear_model.GroupLasso"
    )
    assert api_files.files("boosting.distributions.from_name")[0][0].stem == "row_distributions"
    assert api_sources.closing("show_config") == ""
