"""Sphinx extension: the directive ``exercise-list``, all exercises with their statements."""

import course
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.docutils import SphinxDirective

from optlite import exercises


class ExerciseList(SphinxDirective):
    """Write one list for each chapter, with a target ``exercise-NAME`` for each exercise."""

    def run(self):
        """Return the nodes."""
        return [node for chapter in exercises.CHAPTERS for node in self.chapter(chapter)]

    def chapter(self, chapter):
        """Return the heading of a chapter and its exercises."""
        found = [nodes.rubric("", chapter[0].upper() + chapter[1:])]
        for name in exercises.list(chapter):
            exercise = exercises.get(name)
            line = nodes.paragraph()
            line += nodes.strong("", name)
            line += nodes.Text(f" ({'●' * exercise.difficulty}{'○' * (3 - exercise.difficulty)})  ")
            line += nodes.Text(exercise.title)
            found += [self.target(name), line, *self.lessons(name)]
            found += [nodes.literal_block("", statement(exercise), language="text")]
        return found

    def target(self, name):
        """Return a target that ``:ref:`` finds."""
        label = f"exercise-{name}"
        target = nodes.target("", "", ids=[label], names=[label])
        self.state.document.note_explicit_target(target)
        return target

    def lessons(self, name):
        """Return a line with the lessons that lead to an exercise."""
        line = nodes.paragraph("", "After the lesson ")
        for lesson in course.LESSONS:
            if name in lesson.exercises.split():
                if len(line) > 1:
                    line += nodes.Text(", ")
                line += self.link(lesson)
        return [line] if len(line) > 1 else []

    def link(self, lesson):
        """Return a link to a lesson, with its title."""
        options = {"reftype": "doc", "reftarget": f"/{lesson.document}", "refexplicit": False}
        link = pending_xref("", nodes.inline(), refdomain="std", refwarn=True, **options)
        link["refdoc"] = self.env.docname
        return link


def statement(exercise):
    """Return the text that ``show`` prints, without the lines that stand above it."""
    return exercise.text().partition(f"{exercise.title}\n\n")[2]


def setup(app):
    """Register the directive."""
    app.add_directive("exercise-list", ExerciseList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
