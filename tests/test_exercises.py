"""Exercises: solutions pass, every property catches a wrong answer, misuse is told in words."""

import dataclasses
import importlib.util
import inspect
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from optlite import exercises

SOLUTIONS = Path(__file__).parents[1] / "docs" / "solutions"
NAMES = exercises.list()


def solution(name):
    """Import the file with the solution and the mistakes."""
    path = SOLUTIONS / f"{name.replace('-', '_')}.py"
    spec = importlib.util.spec_from_file_location(f"solution_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 2026])
def test_a_solution_has_every_property(name, seed):
    exercise = exercises.get(name)
    answer = getattr(solution(name), exercise.function_name)
    result = exercises.check(name, answer, seed=seed, verbose=False)
    assert result, str(result)
    assert all(result.results.values())
    assert list(inspect.signature(answer).parameters) == list(exercise.parameters)


MISTAKES = [
    pytest.param(name, each, id=f"{name}-{each.name}")
    for name in NAMES
    for each in exercises.get(name).properties
]


@pytest.mark.parametrize(("name", "one"), MISTAKES)
def test_each_property_catches_a_mistake(name, one, monkeypatch):
    """By itself: the other properties are taken away."""
    exercise = dataclasses.replace(exercises.get(name), properties=(one,))
    monkeypatch.setattr(exercises, "load", lambda name: exercise)
    wrong = solution(name).MISTAKES[one.name]
    for seed in (0, 1):
        result = exercises.check(name, wrong, seed=seed, verbose=False)
        assert not result
        assert result.results == {one.name: False}
        assert result.failed in (one.sentence, "its result is finite", "it runs without an error")


@pytest.mark.parametrize("seed", range(40))
def test_the_first_property_of_the_momentum_rate_looks_at_the_largest_eigenvalue(seed):
    wrong = solution("momentum-rate").smallest_eigenvalue_only
    result = exercises.check("momentum-rate", wrong, seed=seed, verbose=False)
    assert not result.results["no_momentum"]


@pytest.mark.parametrize("name", NAMES)
def test_wild_numbers_fail_and_raise_nothing(name):
    exercise = exercises.get(name)
    for number in (0.0, -1.0, 1e300, -1e300):

        def answer(*arguments, number=number):
            shapes = exercise.returns(*arguments)
            if not isinstance(shapes, dict):
                return np.full(shapes, number) if shapes else number
            return [np.full(shape, number) if shape else number for shape in shapes.values()]

        result = exercises.check(name, answer, seed=0, repeats=2, verbose=False)
        assert not result
        assert result.failed and result.hint and "called with" in result.found


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_is_whole(name):
    exercise = exercises.get(name)
    assert exercise.chapter in exercises.CHAPTERS
    assert exercise.difficulty in (1, 2, 3)
    assert len(exercise.properties) >= 4
    assert re.search(r"Sources?: .*\d{4}", exercise.statement, re.S)
    assert inspect.getdoc(exercise.returns).startswith("Return ")
    sentences = [each.sentence for each in exercise.properties]
    assert len(set(sentences)) == len(sentences)
    text = exercise.text()
    assert f"def {exercise.signature}:" in text
    assert all(sentence in text for sentence in sentences)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert set(solution(name).MISTAKES) == {each.name for each in exercise.properties}


def test_there_is_a_solution_for_each_exercise_and_none_in_the_package():
    assert {path.stem.replace("_", "-") for path in SOLUTIONS.glob("*.py")} == set(NAMES)
    assert SOLUTIONS not in Path(exercises.__file__).parents
    assert not list(Path(exercises.__file__).parent.rglob("*solution*"))


def test_the_course_has_exercises_in_every_chapter():
    listed = [name for chapter in exercises.CHAPTERS for name in exercises.list(chapter)]
    assert listed == NAMES
    assert all(exercises.list(chapter) for chapter in exercises.CHAPTERS)
    with pytest.raises(ValueError, match="chapter must be None or one of"):
        exercises.list("cooking")


def soft_threshold(z, threshold):
    """Answer rightly."""
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0.0)


def raises(z, threshold):
    return z / len(threshold)


def leaves(z, threshold):
    raise SystemExit("bye")


def nothing(z, threshold):
    soft_threshold(z, threshold)


def text(z, threshold):
    return "zero"


def complex_numbers(z, threshold):
    return z + 0j


def ragged(z, threshold):
    return [[1.0], [2.0, 3.0]]


def scalar(z, threshold):
    return 0.0


def not_a_number(z, threshold):
    return np.log(-np.abs(z) - 1.0)


def changes(z, threshold):
    z -= threshold
    return z


def three_parameters(z, threshold, more):
    return z


@pytest.mark.parametrize(
    ("function", "failed", "found"),
    [
        (raises, "it runs without an error", r"TypeError: .*\(line \d+ of test_exercises"),
        (leaves, "it runs without an error", "SystemExit: bye"),
        (nothing, "it returns what was asked for", "the result is None"),
        (text, "it returns what was asked for", "the result is of type str"),
        (complex_numbers, "it returns what was asked for", "entries of type complex128"),
        (ragged, "it returns what was asked for", "the result is of type list"),
        (scalar, "its result has the right shape", r"has shape \(\); called with z=\["),
        (not_a_number, "its result is finite", "has NaN or infinity; called with z="),
        (changes, "it leaves its arguments alone", "z was changed"),
        (three_parameters, "it takes the parameters of the statement", r"\(z, threshold, more\)"),
        (len, "it takes the parameters of the statement", r"\(obj, /\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_misuse_is_told_in_words(function, failed, found):
    result = exercises.check("soft-threshold", function, seed=0, verbose=False)
    assert not result
    assert result.failed == failed
    assert re.search(found, result.found), result.found
    assert result.hint.endswith((".", "?"))
    assert set(result.results.values()) == {False}
    assert "Traceback" not in str(result)


@pytest.mark.parametrize(
    ("value", "found"),
    [(lambda x: x, "a value of type ndarray"), (lambda x: (x, x), "it returned 2 values")],
)
def test_several_results_are_counted(value, found):
    def adam_step(x, g, m, v, t, learning_rate, beta1, beta2, eps):
        return value(x)

    result = exercises.check("adam-step", adam_step, seed=0, verbose=False)
    assert result.failed == "it returns what was asked for"
    assert re.search(found, result.found)
    assert "x, m, v" in result.hint


def test_one_of_several_results_is_named():
    def adam_step(x, g, m, v, t, learning_rate, beta1, beta2, eps):
        return x, m[:1], v

    result = exercises.check("adam-step", adam_step, seed=0, verbose=False)
    assert result.failed == "its result has the right shape"
    assert result.found.startswith("m has shape (1,)")


def test_ctrl_c_comes_out():
    def stopped(z, threshold):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check("soft-threshold", stopped, verbose=False)


def test_callable_objects_and_lists_are_taken():
    class Answer:
        def __call__(self, z, threshold):
            return soft_threshold(z, threshold).tolist()

    assert exercises.check("soft-threshold", Answer(), seed=3, verbose=False)


def test_a_result_prints_plainly(capsys):
    good = exercises.check("soft-threshold", soft_threshold, seed=0)
    assert capsys.readouterr().out == f"{good}\n"
    assert str(good) == "soft-threshold: well done, all 5 properties hold."
    assert repr(good) == "<soft-threshold: passed>"
    assert (good.failed, good.hint, good.found) == (None, None, None)
    bad = exercises.check("soft-threshold", lambda z, threshold: z, seed=7)
    assert capsys.readouterr().out == f"{bad}\n"
    assert bad.results == {
        "minimiser": False,
        "exact_zero": False,
        "odd": True,
        "no_expansion": True,
        "no_penalty": True,
    }
    for line in ("not yet, 3 of 5", bad.failed, bad.hint, bad.found, "seed=7 repeats"):
        assert line in str(bad)
    again = exercises.check("soft-threshold", lambda z, threshold: z, seed=7, verbose=False)
    assert again == bad


def test_without_a_seed_the_problems_are_new_and_can_be_repeated():
    runs = [
        exercises.check("soft-threshold", lambda z, threshold: z, verbose=False) for _ in range(2)
    ]
    assert runs[0].seed != runs[1].seed
    again = exercises.check(
        "soft-threshold", lambda z, threshold: z, seed=runs[0].seed, verbose=False
    )
    assert again == runs[0]


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        (("momentum-rat", len), {}, ValueError, "did you mean momentum-rate"),
        (("xyz", len), {}, ValueError, r"list\(\) shows all names"),
        (("momentum-rate", 3), {}, TypeError, r"check\('momentum-rate', momentum_rate\)"),
        (("momentum-rate", len), {"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        (("momentum-rate", len), {"seed": 0.5}, TypeError, "seed must be an integer, got 0.5"),
        (("momentum-rate", len), {"repeats": 0}, ValueError, "repeats must be >= 1, got 0"),
    ],
)
def test_wrong_arguments_of_check_are_errors(arguments, options, error, match):
    with pytest.raises(error, match=match):
        exercises.check(*arguments, **options)


def test_show_prints_the_statement(capsys):
    exercises.show("momentum-rate")
    assert capsys.readouterr().out == exercises.get("momentum-rate").text() + "\n"


def test_exercises_need_neither_the_core_nor_scipy():
    code = (
        "import sys, optlite\n"
        "assert 'optlite.exercises' not in sys.modules\n"
        "optlite.exercises.list()\n"
        "assert not any(m.startswith(('optlite._c', 'scipy', 'sklearn')) for m in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


PAGE = (SOLUTIONS.parent / "exercises.md").read_text(encoding="utf-8")


def test_the_grader_of_the_page_grades(monkeypatch):
    grader = re.search(r"<!-- example:grader -->\s*```python\n(.*?)```", PAGE, re.S)[1]
    homework = types.ModuleType("homework")
    monkeypatch.setitem(sys.modules, "homework", homework)
    scope = {}
    exec(grader, scope)
    homework.soft_threshold = solution("soft-threshold").soft_threshold
    scope["test_exercise"]("soft-threshold")
    with pytest.raises(AssertionError, match=r"homework\.py has no function lasso_sweep"):
        scope["test_exercise"]("lasso-sweep")
    homework.lasso_sweep = solution("lasso-sweep").full_residual
    with pytest.raises(AssertionError, match="lasso-sweep: not yet"):
        scope["test_exercise"]("lasso-sweep")


def test_the_page_shows_what_is_printed():
    shown = re.search(r"```text\n(.*?)```", PAGE, re.S)[1]
    answer = solution("momentum-rate").always_oscillating
    printed = str(exercises.check("momentum-rate", answer, seed=0, verbose=False))
    for line, expected in zip(printed.splitlines(), shown.splitlines(), strict=True):
        start = expected.partition(" ...")[0]
        assert line.startswith(start), line
