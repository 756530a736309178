"""Sphinx extension: pages that show files of the source, for links from lessons, parts, the API."""

from pathlib import Path

import api_files
import course

ROOT = course.ROOT
FOLDER = "code"
#: What examines each kind of registered part.
EXAMS = {
    "activations": "exam/test_networks_exam",
    "block_selections": "exam/test_block_descent_exam",
    "block_updates": "exam/test_block_descent_exam",
    "curvatures": "test_second_order",
    "directions": "exam/test_solvers_exam",
    "distributions": "exam/test_distributions_exam",
    "objectives": "exam/test_objectives_exam",
    "penalties": "exam/test_penalties_exam",
    "rules": "exam/test_rules_exam",
    "step_sizes": "exam/test_solvers_exam",
    "transport_methods": "exam/test_transport_methods_exam",
}
TEMPLATE = """:orphan:
:nosearch:
:html_theme.sidebar_secondary.remove:

{title}
{line}

.. literalinclude:: /../{path}
   :language: {language}
"""


def exam(kind):
    """Return the test that examines a kind of parts."""
    return ROOT / "tests" / f"{EXAMS[kind]}.py"


def linked_files():
    """Return the files that some page links to."""
    tests = [path for lesson in course.LESSONS for path in lesson.test_files()]
    return sorted({*tests, *map(exam, EXAMS), *api_files.shown()})


def document(path):
    """Return the name of the page that shows a file."""
    return f"{FOLDER}/{path.relative_to(ROOT).with_suffix('').as_posix()}"


def link(path):
    """Return a link to it, in reStructuredText."""
    return f":doc:`{path.relative_to(ROOT).as_posix()} </{document(path)}>`"


def write_pages(source, paths):
    """Write a page for each file, and remove those of files that are gone."""
    wanted = {Path(source) / f"{document(path)}.rst": path for path in paths}
    for page in (Path(source) / FOLDER).rglob("*.rst"):
        if page not in wanted:
            page.unlink()
    for page, path in wanted.items():
        where = path.relative_to(ROOT).as_posix()
        language = "python" if path.suffix == ".py" else "cpp"
        line = "=" * len(path.name)
        text = TEMPLATE.format(title=path.name, line=line, path=where, language=language)
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
    return sorted(wanted)


def on_builder_inited(app):
    """Write the pages before Sphinx looks for its sources."""
    write_pages(app.srcdir, linked_files())


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
