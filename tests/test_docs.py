"""Quick checks of the documentation's own code; the build itself checks the rest."""

import ast
import importlib
import inspect
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from optlite import optim
from optlite._core import core
from optlite.optim.curvatures import CURVATURES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CORE_RECORDS = core.registry()
RECORDS = [*CORE_RECORDS, *(each.record() for each in CURVATURES.values())]


def of_each(records):
    """One test for each record."""
    names = [f"{record['kind']}-{record['name']}" for record in records]
    return pytest.mark.parametrize("record", records, ids=names)


@pytest.fixture(scope="module")
def registry_pages():
    """The extension that writes the pages, imported as Sphinx does."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        yield importlib.import_module("registry_pages")
    finally:
        sys.path.remove(str(DOCS / "_ext"))


@pytest.fixture(scope="module")
def check_links():
    """The link checker, a script."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield importlib.import_module("check_links")
    finally:
        sys.path.remove(str(ROOT / "tools"))


@of_each(CORE_RECORDS)
def test_a_part_has_a_twin_and_a_header(registry_pages, record):
    header = registry_pages.header_path(record)
    name = "".join(word.capitalize() for word in record["name"].split("_"))
    assert re.search(rf"^struct {name}( : \w+)? {{$", header.read_text(encoding="utf-8"), re.M)
    assert registry_pages.twin_path(record).is_file(), (
        f"{record['kind']}/{record['name']}.hpp has no NumPy twin; create "
        f"{registry_pages.twin_path(record).relative_to(ROOT)}"
    )


@of_each(RECORDS)
def test_the_page_of_a_part_states_what_its_record_states(registry_pages, record):
    text = registry_pages.page_text(record, None)
    assert record["class_name"] in text
    for line in record["formula"].splitlines():
        assert line.strip() in text
    for field in record["fields"]:
        assert f"``{field['name']}``" in text
        assert registry_pages.escape(field["doc"]) in text
    included = re.findall(r"literalinclude:: (\S+)", text)
    page = DOCS / f"{registry_pages.page_name(record)}.rst"
    targets = [(page.parent / path).resolve() for path in included]
    if record["kind"] == "curvatures":  # a part in Python, and where its products come from
        assert targets[0].name == f"{record['name']}.py" and targets[0].parent.name == "curvatures"
        assert [path.suffix for path in targets] == [".py", ".py", ".hpp"]
        assert all(path.is_file() for path in targets)
    else:
        assert targets == [registry_pages.twin_path(record), registry_pages.header_path(record)]


def test_no_part_is_left_out_of_the_pages(registry_pages):
    pages = {(record["kind"], record["name"]) for record in registry_pages.all_records()}
    assert pages == {(record["kind"], record["name"]) for record in RECORDS}


def test_sources_without_a_link_have_no_page(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    forget = runpy.run_path(str(DOCS / "conf.py"))["forget_modules_without_links"]
    linked = ("text", {}, {"ours.f": "api/ours"}, "ours")
    modules = {"unknown": False, "functools": ("text", {}, {}, "functools"), "ours": linked}
    forget(SimpleNamespace(env=SimpleNamespace(_viewcode_modules=modules)))
    assert modules == {"ours": linked}


def test_writing_the_pages_is_complete_idempotent_and_removes_stale_ones(registry_pages, tmp_path):
    stale = tmp_path / "parts" / "objectives" / "gone.rst"
    stale.parent.mkdir(parents=True)
    stale.write_text("gone\n")
    first = registry_pages.write_pages(tmp_path, RECORDS, draw=False)
    times = [path.stat().st_mtime_ns for path in first]
    assert len(first) == len(RECORDS) + 1
    assert not stale.exists()
    assert registry_pages.write_pages(tmp_path, RECORDS, draw=False) == first
    assert [path.stat().st_mtime_ns for path in first] == times
    index = first[0].read_text(encoding="utf-8")
    for record in RECORDS:
        assert f"{record['kind']}/{record['name']}" in index


@pytest.mark.parametrize("kind", sorted({record["kind"] for record in RECORDS}))
def test_one_picture_of_each_kind_is_drawn(registry_pages, kind, tmp_path):
    plots = importlib.import_module("registry_plots")
    record = next(record for record in RECORDS if record["kind"] == kind)
    picture = plots.draw(record, tmp_path / "picture.png")
    assert picture.alt and picture.caption
    assert (tmp_path / "picture.png").stat().st_size > 5000


@pytest.fixture(scope="module")
def comparison(registry_pages):
    """All rules on short runs, with two rates."""
    module = importlib.import_module("rule_comparison")
    problems = module.make_problems(scale=0.1)
    rates = module.RATES[[4, 6]]
    return module, problems, module.compare_all(problems, rates)


def test_no_rule_is_left_out_of_the_comparison(comparison):
    module, problems, rows = comparison
    assert [row.name for row in rows] == [rule["name"] for rule in optim.list_rules()]
    linked = module.links()
    text = module.page_text(rows, problems, linked)
    for row in rows:
        name = module.name_cell(row, linked)
        assert name.startswith(":")  # a link
        if row.reason:
            assert "needs" in row.reason and f"\n- {name}: {row.reason}\n" in text
        else:
            assert text.count(f"\n   * - {name}\n") == 1
            assert set(row.results) == {problem.name for problem in problems}
            assert row.calls["gradient"] >= 1.0
    ran = [row for row in rows if not row.reason]
    assert len(ran) > 0.9 * len(rows)


def test_the_comparison_shows_the_best_rate_and_says_where_the_grid_ends(comparison):
    module, problems, rows = comparison
    sgd = next(row for row in rows if row.name == "sgd").results["quadratic"]
    # 0.5 x' H x with the largest eigenvalue 1: no rate of the two is too large, and more is better.
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 20)))
    start, curvature = basis.T @ np.ones(20), np.geomspace(1e-3, 1.0, 20)
    left = {}
    for rate in module.RATES[[4, 6]]:
        ends = [
            np.sum(curvature * (1 - rate * curvature) ** (2 * t) * start**2) for t in range(1, 11)
        ]
        left[rate] = max(ends) / np.sum(curvature * start**2)
    assert sgd.tuned == pytest.approx(min(left.values()), rel=1e-10)
    assert (sgd.rate, sgd.edge) == (pytest.approx(0.1), "highest")
    order = [rank for _, rank in module.ranked(rows, problems)]
    assert order == sorted(order)


def test_the_comparison_counts_what_a_step_costs(comparison):
    _, _, rows = comparison
    calls = {row.name: row.calls for row in rows if not row.reason}
    assert calls["adam"] == {"gradient": 1.0, "value": 0.0, "hvp": 0.0}
    assert calls["sam"]["gradient"] == 2.0
    assert calls["adahessian"]["hvp"] == 1.0


def test_the_figure_of_the_comparison_names_every_rule_that_ran(comparison):
    module, problems, rows = comparison
    figure = module.draw(rows, problems)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sorted(names) == sorted(row.name for row in rows if not row.reason)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((0.0, 1.0, True, False), "(0, 1]"), ((-float("inf"), 2.0, True, True), r"(-\infty, 2)")],
)
def test_intervals_are_written_as_in_mathematics(registry_pages, bounds, expected):
    lower, upper, lower_open, upper_open = bounds
    field = {"lower": lower, "upper": upper, "lower_open": lower_open, "upper_open": upper_open}
    assert registry_pages.interval(field) == f":math:`{expected}`"


def test_plain_text_is_protected_from_markup(registry_pages):
    assert registry_pages.escape("a*b_c|d`e\\f") == r"a\*b\_c\|d\`e\\f"


@pytest.mark.parametrize(
    "package",
    [
        "boosting.distributions",
        "curvature",
        "feature_selection",
        "linear_model",
        "model_selection",
        "objectives",
        "optim",
        "optim.schedules",
        "optim.wrappers",
        "ot",
        "display",
        "exercises",
    ],
)
def test_public_names_have_an_entry_in_the_api_pages(package):
    """Classes of the registry have pages of their own, made from their headers."""
    text = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    module = importlib.import_module(f"optlite.{package}")
    kinds = ("rules", "distributions")  # with pages that name the classes
    registered = {record["class_name"] for record in RECORDS if record["kind"] in kinds}
    names = [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    assert names
    listed = {line.strip() for line in text.splitlines()}
    assert [name for name in names if name not in listed | registered] == []


def test_public_methods_return_nothing_private():
    """Methods that classes share say "self", not the name of the class that they stand in."""
    path = ROOT / "python" / "optlite"
    private = re.compile(r"Returns\n +-+\n +_\w+$", flags=re.MULTILINE)
    found = [file.name for file in path.rglob("*.py") if private.search(file.read_text())]
    assert not found


def test_dead_links_are_found(check_links, tmp_path, capsys):
    (tmp_path / "b.html").write_text('<p id="here">b</p>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">1</a><a href="b.html#gone">2</a><a href="c.html">3</a>'
        '<a href="https://example.org/x">4</a><img src="no.png"><a href="#top">5</a><i id="top"/>'
    )
    dead = check_links.dead_links(tmp_path)
    assert [link for _, link, _ in dead] == ["b.html#gone", "c.html", "no.png"]
    assert check_links.main([str(tmp_path)]) == 1
    assert "3 dead internal link(s)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README.md", "docs/index.md"])
def test_the_first_example_runs(name, capsys):
    text = (ROOT / name).read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    namespace = {}
    exec(code, namespace)  # warnings are errors
    assert namespace["model"].converged_ and namespace["model"].certificate_ <= 1e-8
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == (3 + len(namespace["model"].trace_) if name == "README.md" else 0)


def written_pages():
    """The pages and scripts that people wrote."""
    pages = [*DOCS.glob("*.md"), *DOCS.glob("api/*.rst"), *(ROOT / "examples").glob("*.py")]
    return sorted(pages)


@pytest.mark.parametrize("path", written_pages(), ids=lambda path: path.name)
def test_no_page_installs_the_unrelated_distribution(path):
    assert not re.search(r"pip install (-\S+ )*['\"]?optlite(?!-ml)", path.read_text("utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_an_example_begins_with_a_title(path):
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    title, underline = docstring.splitlines()[:2]
    assert underline == "=" * len(title)


def test_the_comparison_tunes_the_learning_rate_and_nothing_else(comparison):
    module, _, _ = comparison
    for record in optim.list_rules():
        if record["family"] == "wrapper":
            continue
        default, changed = (module.make_rule(record, rate, 0.5) for rate in (None, 0.0317))
        differing = {
            name
            for name, value in changed.hyperparameters().items()
            if value != default.hyperparameters()[name]
        }
        assert differing <= {"learning_rate", "vector_learning_rate"}, record["name"]
        assert changed.learning_rate == 0.0317
        assert default.hyperparameters().get("weight_decay", 0.0) == 0.0
        assert default.hyperparameters().get("minimum", 0.5) == 0.5


def test_what_the_comparison_says_of_rules_for_large_matrices(comparison):
    _, problems, rows = comparison
    results = {row.name: row.results for row in rows if not row.reason}
    for problem in problems:
        reached = {rule: of[problem.name].tuned for rule, of in results.items()}
        assert reached["scaled_gd"] == pytest.approx(reached["sgd"])
        assert reached["galore"] == pytest.approx(reached["fira"])
        assert reached["galore"] == pytest.approx(reached["online_subspace_descent"])
