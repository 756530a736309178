"""What an exercise is, and where they lie: one file each in the folder ``catalogue``.

Such a file says everything once: its docstring is the title and the statement with its source,
``chapter`` and ``difficulty`` place it in the course, ``returns`` has the parameters of the
function that is asked for, describes them, and returns the shape of its result; each function
under :func:`holds` is a property that is checked. The name is the file's, with hyphens.
"""

import functools
import importlib
import inspect
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field

CHAPTERS = (
    "first-order methods",
    "adaptive methods",
    "curvature",
    "coordinate methods",
    "sparse models",
    "transport",
    "probabilistic prediction",
)

CATALOGUE = pathlib.Path(__file__).parent / "catalogue"


@dataclass(frozen=True)
class Property:
    """What must hold of a right answer.

    Attributes
    ----------
    name : str
        A Python name, by which graders refer to it.
    sentence : str
        The property in words; what `CheckResult.failed` says.
    hint : str
        Where to look if it does not hold.
    holds : callable
        Of the function to be checked and a random generator; returns whether the property holds.
    """

    name: str
    sentence: str
    hint: str
    holds: Callable = field(repr=False)


def holds(sentence, hint):
    """Make a property of a function ``(answer, rng) -> bool``, in a file of the catalogue."""
    return lambda function: Property(function.__name__, sentence, hint, function)


@dataclass(frozen=True)
class Exercise:
    """A function to write, and the properties that it must have.

    Attributes
    ----------
    name : str
        Such as "momentum-rate".
    title : str
        In a sentence.
    chapter : str
        One of `CHAPTERS`.
    difficulty : int
        From 1 to 3.
    statement : str
        The problem and its source.
    parameters : tuple of str
        Names of the parameters of the function.
    returns : callable
        Of the arguments of a call; the shape of its result, or a dict of names and shapes.
    properties : tuple of Property
        What is checked, in this order.
    """

    name: str
    title: str
    chapter: str
    difficulty: int
    statement: str
    parameters: tuple
    returns: Callable = field(repr=False)
    properties: tuple = field(repr=False)

    @property
    def function_name(self):
        """Name of the function to write."""
        return self.name.replace("-", "_")

    @property
    def signature(self):
        """The function to write, with its parameters."""
        return f"{self.function_name}({', '.join(self.parameters)})"

    def text(self):
        """Return all that a student needs, as :func:`show` prints it."""
        return "\n".join(
            [
                f"{self.name} ({self.chapter}, difficulty {self.difficulty} of 3)",
                "",
                self.title,
                "",
                self.statement,
                "",
                "Write",
                "",
                f"    def {self.signature}:",
                "",
                inspect.getdoc(self.returns),
                "",
                "The arguments must not be changed. Checked, with random problems:",
                "",
                *[f"  - {each.sentence}" for each in self.properties],
            ]
        )


def names():
    """Return the names of all exercises, in alphabetical order."""
    stems = [path.stem for path in CATALOGUE.glob("*.py") if path.stem != "__init__"]
    return sorted(stem.replace("_", "-") for stem in stems)


@functools.cache
def load(name):
    """Import an exercise."""
    module = importlib.import_module(f"{__package__}.catalogue.{name.replace('-', '_')}")
    title, _, statement = inspect.getdoc(module).partition("\n\n")
    return Exercise(
        name=name,
        title=title,
        chapter=module.chapter,
        difficulty=module.difficulty,
        statement=statement.strip(),
        parameters=tuple(inspect.signature(module.returns).parameters),
        returns=module.returns,
        properties=tuple(each for each in vars(module).values() if isinstance(each, Property)),
    )
