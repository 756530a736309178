"""Sphinx extension: the directive ``exercise-list``, all exercises with their statements."""

from docutils import nodes
from docutils.parsers.rst import Directive

from optlite import exercises


def chapter_nodes(chapter):
    """Return the heading of a chapter and, for each exercise, a box to open."""
    found = [nodes.rubric("", chapter[0].upper() + chapter[1:])]
    for name in exercises.list(chapter):
        exercise = exercises.get(name)
        line = nodes.paragraph()
        line += nodes.strong("", name)
        line += nodes.Text(f" ({'●' * exercise.difficulty}{'○' * (3 - exercise.difficulty)})  ")
        line += nodes.Text(exercise.title)
        found += [line, nodes.literal_block("", statement(exercise), language="text")]
    return found


def statement(exercise):
    """Return the text that ``show`` prints, without the lines that stand above it."""
    return exercise.text().partition(f"{exercise.title}\n\n")[2]


class ExerciseList(Directive):
    """Write one list for each chapter."""

    def run(self):
        """Return the nodes."""
        return [node for chapter in exercises.CHAPTERS for node in chapter_nodes(chapter)]


def setup(app):
    """Register the directive."""
    app.add_directive("exercise-list", ExerciseList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
