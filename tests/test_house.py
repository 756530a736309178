"""The house is in order: a twin for each header, words for each part, no core in the twins."""

import ast
import collections
import pathlib
import subprocess
import sys

import pytest

import optlite
from optlite import reference
from optlite._core import core
from optlite.objectives import GeneralizedLinearObjective

RECORDS = core.registry()
PARTS = [pytest.param(record, id=f"{record['kind']}/{record['name']}") for record in RECORDS]

FUNCTIONS = {
    "objectives": ("value", "first", "second", "curvature_bound", "self_concordance"),
    "rules": ("update",),
    "distributions": ("log_score", "log_gradient", "log_metric", "frozen"),
    "activations": ("value", "first", "second", "smooth"),
    "penalties": ("value", "prox", "subdifferential_distance"),
}


@pytest.mark.parametrize("record", PARTS)
def test_every_header_has_a_twin(record):
    kind, name = record["kind"], record["name"]
    names = FUNCTIONS.get(kind, (record["class_name"],))
    assert name in reference.names(kind), (
        f"{kind}/{name}.hpp has no NumPy twin; create python/optlite/reference/{kind}/{name}.py "
        f"defining {', '.join(names)}."
    )
    twin = reference.load(kind, name)
    missing = [needed for needed in names if not hasattr(twin, needed)]
    assert not missing, f"reference/{kind}/{name}.py must define {', '.join(missing)}."
    assert twin.__doc__, f"reference/{kind}/{name}.py needs a docstring with equation and source."


def test_every_twin_has_a_header():
    have = {(record["kind"], record["name"]) for record in RECORDS}
    twins = {(kind, name) for kind in reference.KINDS for name in reference.names(kind)}
    assert twins == have


def test_names_of_parts_of_a_kind_differ():
    """Update rules come from two folders."""
    counts = collections.Counter((record["kind"], record["name"]) for record in RECORDS)
    assert max(counts.values()) == 1


@pytest.mark.parametrize("record", PARTS)
def test_every_part_is_described(record):
    for key in ("doc", "formula", "reference"):
        assert record[key].strip(), f"{record['kind']}/{record['name']}.hpp: {key} is empty."
    assert record["doc"].endswith(".")
    for field in record["fields"]:
        where = f"{record['kind']}/{record['name']}.hpp, field {field['name']}"
        assert field["doc"].strip().endswith("."), f"{where}: the description is not a sentence."
        assert field["lower"] < field["upper"], where
        assert field["lower"] <= field["default"] <= field["upper"], where
        assert field["name"].isidentifier(), where


@pytest.mark.parametrize("record", PARTS)
def test_fields_that_have_to_rise_are_fields_and_do_by_default(record):
    defaults = {field["name"]: field["default"] for field in record["fields"]}
    values = [defaults[name] for name in record["rising"]]
    assert values == sorted(set(values))


def test_names_of_hyper_parameters_do_not_collide():
    """A direction's and a step size's are given side by side to steps() and minimize()."""
    names = collections.Counter(
        field["name"]
        for record in RECORDS
        if record["kind"] in ("directions", "step_sizes")
        for field in record["fields"]
    )
    assert not [name for name, count in names.items() if count > 1]


def test_hyper_parameters_of_objectives_hide_no_method():
    """They become attributes of the objective."""
    taken = {*dir(GeneralizedLinearObjective), "X", "y", "alpha", "penalty", "sample_weight"}
    fields = {f["name"] for r in RECORDS if r["kind"] == "objectives" for f in r["fields"]}
    assert not fields & taken


@pytest.mark.parametrize("path", sorted(pathlib.Path(reference.__file__).parent.rglob("*.py")))
def test_twins_are_short_documented_and_need_numpy_only(path):
    """Those of distributions may take special functions, and SciPy's own object, from SciPy."""
    allowed = {"numpy", *sys.stdlib_module_names}
    own = path.parent.name == "distributions" or path.stem == "row_distributions"
    allowed |= {"scipy"} if own else set()
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            roots = {node.module.split(".")[0]}
        else:
            continue
        assert roots <= allowed, f"{path.name} imports {roots}"


BLOCKED = """
import sys

class NoCore:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("optlite._c", "sklearn", "scipy")):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, NoCore())
import numpy as np
import optlite
from optlite import reference
from optlite.reference.descent import Descent
from optlite.reference.generalized_linear import GeneralizedLinear

for kind in reference.KINDS:
    for name in reference.names(kind):
        if kind != "distributions":  # they need SciPy
            reference.load(kind, name)
f = GeneralizedLinear(np.eye(3), np.array([1.0, -1.0, 1.0]), "logistic", alpha=0.1)
run = Descent(f, reference.load("directions", "newton").Newton(),
              reference.load("step_sizes", "armijo").Armijo(), np.zeros(3))
while run.step():
    pass
assert run.status == "converged", run.status
try:
    optlite.objectives
except ImportError as error:
    assert "blocked" in str(error)
else:
    raise AssertionError("the core was not blocked")
"""


def test_the_twins_work_without_the_compiled_core():
    subprocess.run([sys.executable, "-W", "error", "-c", BLOCKED], check=True, timeout=60)


def test_importing_optlite_does_not_load_the_core():
    code = "import optlite, sys; assert not any('_core' in name for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_public_names_exist():
    for name in optlite.__all__:
        assert getattr(optlite, name) is not None
        assert name in dir(optlite)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = optlite.nothing


def test_show_config_prints_the_configuration(capsys):
    assert optlite.show_config() is None
    printed = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    config = optlite.config()
    assert list(printed) == list(config)
    assert printed["simd_level"] == core.simd_level
    assert printed["threads"] == str(core.threads())
    if config["openmp"] != "none":
        assert config["openmp_libraries"]


def test_unknown_twins_are_explained():
    with pytest.raises(ValueError, match=r"Create python/optlite/reference/objectives/no_such\.py"):
        reference.load("objectives", "no_such")
    with pytest.raises(ValueError, match="kind must be one of"):
        reference.names("objective")
