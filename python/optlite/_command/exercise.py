"""``optlite exercise``: list them, show one, check the function in a file."""

import contextlib
import difflib
import importlib.util
import inspect
import pathlib
import sys
import traceback

from .. import exercises
from . import CommandError


def find(name):
    """Return an exercise, or say which names are near."""
    try:
        return exercises.get(name)
    except ValueError as error:
        text = str(error).replace("list() shows all names", "'optlite exercise list' shows all")
        raise CommandError(text) from None


def print_list():
    """Print the exercises by chapter, with their titles."""
    width = max(len(name) for name in exercises.list())
    for chapter in exercises.CHAPTERS:
        print(chapter)
        for name in exercises.list(chapter):
            exercise = exercises.get(name)
            print(f"  {name:{width}s}  {'*' * exercise.difficulty:3s}  {exercise.title}")
    print("\n* easy, *** hard. Next: optlite exercise show NAME")


def check_file(name, target, seed):
    """Check a function in a file; return 0 if it passes, else 1."""
    exercise = find(name)
    path, function = split(target)
    with neighbours_of(path):
        function = function_in(path, function or exercise.function_name, exercise.function_name)
        try:
            return 0 if exercises.check(exercise.name, function, seed=seed) else 1
        except (TypeError, ValueError) as error:  # the seed, or an object that is not callable
            raise CommandError(str(error)) from None


@contextlib.contextmanager
def neighbours_of(path):
    """Let files beside this one be imported, at its top and in its functions when they run."""
    folder = str(path.absolute().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the file may have taken it away itself
            sys.path.remove(folder)


def split(target):
    """Split FILE[:FUNCTION]; a drive's colon is not followed by a Python name at the end."""
    path, colon, function = target.rpartition(":")
    if colon and function.isidentifier() and path.endswith(".py"):
        return pathlib.Path(path), function
    return pathlib.Path(target), None


def function_in(path, name, wanted):
    """Import a file and return its function; if there is none, say which may be meant.

    That is the one that the exercise wants, if the file has it, or else the nearest name.
    """
    module = load(path)
    if hasattr(module, name):
        return getattr(module, name)
    own = [
        each
        for each, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    ]
    near = [wanted] if wanted in own else difflib.get_close_matches(name, own, n=1, cutoff=0.0)
    advice = f"Did you mean {path}:{near[0]}?" if near else "It defines no function."
    raise CommandError(f"{path} has no function {name}. {advice}")


def load(path):
    """Import a file that is in no package; what goes wrong in it is told with its line."""
    if path.is_dir():
        raise CommandError(f"{path} is a folder. Name a Python file in it.")
    if not path.is_file():
        folder = path.parent
        files = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
        near = difflib.get_close_matches(path.name, files, n=1)
        advice = f"Did you mean {folder / near[0]}?" if near else "Is it in another folder?"
        raise CommandError(f"There is no file {path}. {advice}")
    file = path.absolute()
    spec = importlib.util.spec_from_file_location("_exercise_" + path.stem, file)
    if spec is None:
        raise CommandError(f"{path} is not a Python file: its name has to end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and pickle look for it
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise CommandError(f"{error.filename or path}, line {error.lineno}: {error.msg}.") from None
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [each.lineno for each in frames if each.filename == str(file)]
        where = f", line {lines[-1]}" if lines else ""
        raise CommandError(f"{path}{where}: {type(error).__name__}: {error}") from None
    return module
