"""The course: no lesson is left out of the table, and what the table says of each is there."""

import ast
import json
import re
from pathlib import Path

import pytest
from site_extensions import load

from optlite import exercises

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "examples" / "lessons").glob("plot_*.py"))


course = load("course")
bibliography = load("bibliography")
lesson_pages = load("lesson_pages")
LESSONS = pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)


def test_the_course_has_all_lessons_and_only_these_once():
    scripts = [lesson.script for lesson in course.LESSONS]
    missing = [path.name for path in SCRIPTS if path not in scripts]
    assert not missing, f"Give {missing} a line in docs/_ext/course.py: it has the order."
    assert sorted(scripts) == SCRIPTS


def test_chapters_are_those_of_the_exercises():
    assert tuple(course.COURSE) == exercises.CHAPTERS


def cells(lesson):
    """Return text and code of each cell of a script; the docstring is the text of the first."""
    script = lesson.script.read_text(encoding="utf-8")
    first, *others = re.split(r"^# %%$", script, flags=re.M)
    text, code = first.split('"""', 2)[1:]
    found = [(text, code)]
    for cell in others:
        comment = re.match(r"\n((?:#.*\n)*)", cell)
        found.append((re.sub("^# ?", "", comment[1], flags=re.M), cell[comment.end() :]))
    return found


def calls(code):
    """Return the names of what a piece of code calls."""
    nodes = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return {getattr(node, "attr", getattr(node, "id", "")) for node in nodes}


@LESSONS
def test_a_lesson_asks_a_question_and_states_the_mathematics(lesson):
    assert lesson.title()
    assert lesson.question(), "A lesson begins with a paragraph **Question.**"
    text, _ = cells(lesson)[0]
    assert ".. math::" in text or text.count(":math:") >= 3, "The equation comes before the code."


@LESSONS
def test_a_lesson_steps_through_its_method(lesson):
    found = [(text, code) for text, code in cells(lesson) if "**Step by step" in text]
    assert found, "Show records in a cell that begins with **Step by step.**"
    for _, code in found:
        loops = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.For)]
        assert loops, "One record after the other."
        assert calls(code) & {"print", "plot", "show"}, (
            "What is in a record, the reader wants to see."
        )


@LESSONS
def test_a_lesson_shows_a_figure_and_ends_with_exercises_claims_and_sources(lesson):
    found = cells(lesson)
    code = "\n".join(code for _, code in found)
    assert calls(code) & {"show", "animate_blocks"}
    headings = "\n".join(text for text, _ in found)
    assert re.search(r"^(\*\*)?Exercises?\b", headings, re.M)
    assert found[-1][0].startswith("\n**Sources.**") or found[-1][0].startswith("**Sources.**")
    assert not found[-1][1].strip(), "The sources are the last that a lesson says."
    table = [code for _, code in found if re.fullmatch(r"\s*claims\s*", code)]
    assert len(table) == 1, "A cell with the one word claims is the table."


@LESSONS
def test_a_lesson_asserts_what_it_claims(lesson):
    text = lesson.script.read_text(encoding="utf-8")
    found = re.findall(r"\bclaims\.(?:equal|at_most|at_least)\(", text)
    assert len(found) >= 5


@LESSONS
def test_works_that_a_lesson_names_are_among_its_sources(lesson):
    works = bibliography.works(bibliography.sources_of_lesson(lesson))
    tree = ast.parse(lesson.script.read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = [text for text in constants if isinstance(text, str)]
    for text in [*texts, *(text for text, _ in cells(lesson)[:-1])]:
        line = " ".join(text.split())
        for match in re.finditer(r"\b(?:1[89]|20)\d\d\b", line):
            names = line[max(match.start() - 70, 0) : match.start()]
            if re.search(r"[A-Z][\w']+[^.;%]{0,40}$", names):  # "Li and others, 2019"; not a number
                near = {work.surname.split()[-1] for work in works if work.year == match[0]}
                assert any(name in names for name in near), (
                    f"{names[-40:]}{match[0]} is not among the **Sources.**"
                )


@LESSONS
def test_a_lesson_has_two_exercises_that_exist(lesson):
    names = lesson.exercises.split()
    assert len(set(names)) >= 2
    assert set(names) <= set(exercises.list())


@LESSONS
def test_a_lesson_shows_a_twin_and_a_kernel_and_links_to_tests(lesson):
    assert lesson.pairs() and lesson.test_files()
    for twin, kernel in lesson.pairs():
        assert twin.is_file(), twin
        assert kernel.is_file() and kernel.suffix in (".hpp", ".cpp"), kernel
    assert all(path.is_file() for path in lesson.test_files())
    page = lesson_pages.closing(lesson, "")
    for path in [*(path for pair in lesson.pairs() for path in pair), *lesson.test_files()]:
        assert path.relative_to(ROOT).as_posix() in page
    for name in lesson.exercises.split():
        assert f"<exercise-{name}>" in page


@LESSONS
def test_each_twin_and_each_kernel_is_shown_once_and_whole(lesson):
    """By the lesson itself, whose comments are its text, or by what is put at its end."""
    text = re.sub("^# ?", "", lesson.script.read_text(encoding="utf-8"), flags=re.M)
    page = text + lesson_pages.closing(lesson, text)
    shown = lesson_pages.INCLUDED.findall(page)
    for path in {path for pair in lesson.pairs() for path in pair}:
        assert shown.count(path.relative_to(ROOT).as_posix()) == 1, path
    assert not re.search(r":(lines|pyobject|start-\w+|end-\w+):", page)


def test_a_lesson_is_completed_before_its_buttons():
    lesson = course.LESSONS[0]
    name = lesson.document.replace("/", "_")
    source = [f"Title\n=====\n\ntext\n\n.. _sphx_glr_download_{name}.py:\n\nbuttons\n"]
    lesson_pages.on_source_read(None, lesson.document, source)
    before, _, after = source[0].partition(".. _sphx_glr_download")
    assert "Write it yourself" in before and after.endswith("buttons\n")


def test_the_page_of_the_course_has_all_lessons_in_order():
    page = lesson_pages.course_page()
    listed = re.findall(r"^   /(auto_examples/lessons/\w+)$", page, re.M)
    assert listed == [lesson.document for lesson in course.LESSONS]
    for name in exercises.list():
        assert f"<exercise-{name}>" in page


def test_examples_are_listed_with_the_quickstart_first():
    page = lesson_pages.examples_page()
    listed = re.findall(r"^   /(auto_examples/\w+)$", page, re.M)
    assert listed[0] == "auto_examples/quickstart"
    assert len(listed) == len(list((ROOT / "examples").glob("*.py")))


@pytest.mark.parametrize("kind", sorted(load("registry_pages").KIND_TEXTS))
def test_each_kind_of_parts_has_an_exam(kind):
    assert load("source_pages").exam(kind).is_file()


def test_results_of_benchmarks_become_pages(tmp_path):
    tables = load("benchmark_tables")
    names = tables.write_pages(tmp_path)
    assert names
    for name in names:
        text = (tmp_path / "benchmarks" / f"{name}.md").read_text(encoding="utf-8")
        assert re.search(r"\d+ cores", text), "the machine"
        assert re.search(r"^(-|##) .*, commit ", text, re.M), "the day and the commit"
        assert "| optlite |" in text
        assert "## Summary" in text


def test_each_result_file_is_that_of_a_script():
    tables = load("benchmark_tables")
    for name in tables.TITLES:
        assert (ROOT / "benchmarks" / f"{name}.py").is_file()
    for path in tables.PUBLISHED.iterdir():
        assert path.stem in tables.TITLES, path


PRINTED = """{'processor': 'P', 'cores': 2, 'memory': '1 GiB', 'system': 'S', 'load': 0.5, \
'date': '2026-11-26', 'commit': 'abc1234', 'versions': {'numpy': '2'}, 'blas': ['b'], \
'optlite': {'threads': 1}}\x20

Limits with 1 thread(s): 9 GB/s read from memory.

task-1 [1 thread(s)]

| solver | median ms | min ms | note |
|---|---|---|---|
| quick | 1 | 1 | MISSED 1e-09 |
| optlite | 2 | 1 |  |
| optlite:other | 3 | 1 |  |
| peer | 5 | 4 |  |
Not measured: x.

task-2 [1 thread(s), cpu clock]

20 x 3, 5 stages

| library | fit s | min s | NLL | note |
|---|---|---|---|---|
| floor | 1 | 1 | nan |  |
| optlite | 4 | 1 | 0.5 |  |
| peer | 2 | 1 | 0.5 |  |

task-3 [2 thread(s)]

| solver | min s | note |
|---|---|---|
| optlite | 4 | MISSED 1e-08 |
Not measured: peer (time limit).

task-4 [2 thread(s)]

| solver | min s | note |
|---|---|---|
Not measured: optlite (time limit).

| task | us | peer | its time / ours | wanted | share of limit | wanted |
|---|---|---|---|---|---|---|
| task-1 | 2 | peer | 2.5 | 1 | - | - |
"""


def test_no_table_of_limits_without_limits():
    tables = load("benchmark_tables")
    document = json.loads((tables.PUBLISHED / "linear.json").read_text(encoding="utf-8"))
    assert "| limit |" not in tables.report().markdown({**document, "limits": {}})
    limits = {"1": {"read": 12.5}}
    assert "| limit | 1 thread(s) |" in tables.report().markdown({**document, "limits": limits})


def test_what_a_script_printed_is_made_readable():
    page = load("benchmark_tables").printed_page(PRINTED)
    assert "- P, 2 cores, 1 GiB, S; load average at the start 0.50" in page
    assert "\n## 2026-11-26, commit abc1234\n" in page
    assert page.index("## Summary") < page.index("Limits with 1 thread(s)") < page.index("### ")
    assert "\n### task-1 [1 thread(s)]\n" in page
    assert "| peer | 5 | 4 |  |\n\nNot measured: x." in page
    assert "### What was wanted, and what was reached\n\n| task | us |" in page


def test_a_summary_compares_with_the_fastest_that_solved_the_same_problem():
    page = load("benchmark_tables").printed_page(PRINTED)
    rows = [line for line in page.splitlines() if line.startswith("| task-")]
    assert rows[:-1] == [
        "| task-1 [1 thread(s)] | 2 ms | peer | 5 ms | 2.5 |",
        "| task-2 [1 thread(s), cpu clock] | 4 s | peer | 2 s | 0.5 |",
        "| task-3 [2 thread(s)] | 4 s, missed | - | - | - |",
    ]


def test_a_result_without_day_and_commit_says_so():
    found = load("benchmark_tables").report().when_and_what({})
    assert found == "day not recorded, commit not recorded"
