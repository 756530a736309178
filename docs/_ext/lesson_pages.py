"""Sphinx extension: the page of the course, and what stands at the end of each lesson.

Both are made from the table in ``course.py``. The gallery writes the lessons; when Sphinx reads
one, its exercises, its NumPy twins, their C++ kernels and its tests are put before the buttons that
download it. The indices of the gallery are replaced, one by the course, so that previous, next and
the sidebar follow it.
"""

import re

import bibliography
import course
import source_pages
from gallery_order import ReadingOrder

from optlite import exercises

INCLUDED = re.compile(r"literalinclude:: [./]*(\S+)$", re.M)
FOOTER = re.compile(r"^(\.\. rst-class:: sphx-glr-timing|\.\. _sphx_glr_download_)", re.M)
INTRODUCTION = """
One question each: the equation, the smallest code that shows it, a figure, and a table of claims.
Most take about fifteen minutes to read, without the source code at the end; those on transport by
Newton's method and on the natural gradient take longer. Each line of such a table was measured
while this site was built, and the build fails if the claim does not hold. Where a paper says "more"
without saying how much, the number behind ≤ or ≥ is ours and leaves some room; the number beside it
is what was measured. Every lesson ends with functions to write yourself, which a program checks
(:doc:`/exercises`), and with the NumPy twin and the C++ kernel of what it is about.

All chapters use calculus, matrices and NumPy. What their first lessons ask for beyond that:

- first-order methods: eigenvalues of a symmetric matrix;
- adaptive methods: nothing more;
- curvature: eigenvalues, Chebyshev polynomials, Gauss quadrature, the Wasserstein distance;
- coordinate methods: strong convexity, here in a weighted 1-norm;
- sparse models: duality of convex problems;
- transport: the dual of a linear program;
- probabilistic prediction: the Kullback-Leibler divergence and the Fisher information.

Start at the top, or where your question is. To run a lesson, :doc:`install </install>` the package
with the extra ``plot`` and take the script or the notebook at the lesson's end.
"""


def dots(difficulty):
    """Write a difficulty from 1 to 3."""
    return "●" * difficulty + "○" * (3 - difficulty)


def exercise_lines(names):
    """Return a list of exercises with links to their statements."""
    lines = []
    for name in names:
        exercise = exercises.get(name)
        lines += [f"- :ref:`{name} <exercise-{name}>` {dots(exercise.difficulty)} {exercise.title}"]
    return [*lines, ""]


# The end of a lesson ------------------------------------------------------------------------------


def closing(lesson, text):
    """Return what is added to a lesson, whose own text may show twins and kernels already."""
    lines = ["", "Write it yourself", "-----------------", ""]
    lines += exercise_lines(lesson.exercises.split())
    lines += how_to(exercises.get(lesson.exercises.split()[0]))
    lines += twins_and_kernels(lesson, set(INCLUDED.findall(text)))
    links = ", ".join(source_pages.link(path) for path in lesson.test_files())
    lines += [f"Tests that hold them together: {links}.", ""]
    cited = bibliography.references(bibliography.sources_of_lesson(lesson))
    return "\n".join([*lines, f"In the bibliography: {cited}.", "", ""])


def how_to(exercise):
    """Return what to type to read an exercise and to have it checked."""
    name, function = exercise.name, exercise.function_name
    return [
        "The statement, a frame for the function, and the check, which tries it on random problems",
        "and names what does not hold:",
        "",
        ".. code-block:: python",
        "",
        "   from optlite import exercises",
        "",
        f'   exercises.show("{name}")',
        "",
        "",
        f"   def {exercise.signature}:",
        "       ...",
        "",
        "",
        f'   exercises.check("{name}", {function})',
        "",
        f"or in a shell ``optlite exercise show {name}``, and ``optlite exercise check {name}",
        "homework.py`` for a function in a file.",
        "",
    ]


def twins_and_kernels(lesson, shown):
    """Return a set of tabs with each twin and each kernel that the lesson has not shown itself."""
    files = [path.relative_to(course.ROOT).as_posix() for pair in lesson.pairs() for path in pair]
    left = [where for where in dict.fromkeys(files) if where not in shown]
    if not left:
        return []
    title = "Further twins and kernels" if shown else "Twin and kernel"
    lines = [title, "-" * len(title), ""]
    lines += ["The same mathematics twice: NumPy to read and to step through, C++ to run.", ""]
    lines += [".. tab-set::", ""]
    for where in left:
        name, language = where.rpartition("/")[2], "python" if where.endswith(".py") else "cpp"
        lines += [
            f"   .. tab-item:: {name}",
            "",
            f"      .. literalinclude:: /../{where}",
            f"         :language: {language}",
            f"         :caption: {where}",
            "",
        ]
    return lines


# The page of the course ---------------------------------------------------------------------------


def course_page():
    """Return the page that lists the chapters with their lessons and exercises."""
    lines = [".. _sphx_glr_auto_examples_lessons:", "", "Learn", "=====", INTRODUCTION]
    for number, (chapter, (text, lessons)) in enumerate(course.COURSE.items(), 1):
        title = f"{number}. {chapter[0].upper()}{chapter[1:]}"
        lines += [title, "-" * len(title), "", text, ""]
        lines += cards(lessons)
        lines += ["Functions to write:", "", *exercise_lines(exercises.list(chapter))]
        lines += [".. toctree::", "   :hidden:", f"   :caption: {title}", ""]
        lines += [f"   /{lesson.document}" for lesson in lessons] + [""]
    lines += [".. toctree::", "   :hidden:", "   :caption: Beside the lessons", ""]
    return "\n".join([*lines, "   /exercises", "   /concepts", "   /bibliography", ""])


def cards(lessons):
    """Return a card for each lesson: its picture, its title, its question."""
    return grid([(each.document, each.title(), each.question()) for each in lessons])


def grid(entries):
    """Return a grid of cards, each with the picture that the gallery took of a script."""
    if not entries:
        return []
    lines = [".. grid:: 1 2 3 3", "   :gutter: 3", ""]
    for document, title, text in entries:
        folder, _, name = document.rpartition("/")
        lines += [
            f"   .. grid-item-card:: {title}",
            f"      :link: /{document}",
            "      :link-type: doc",
            f"      :img-top: /{folder}/images/thumb/sphx_glr_{name}_thumb.png",
            f"      :img-alt: A figure of {title}",
            "",
            f"      {text}",
            "",
        ]
    return lines


def examples_page():
    """Return the page of the other scripts of the gallery."""
    header = (course.ROOT / "examples" / "GALLERY_HEADER.rst").read_text(encoding="utf-8")
    scripts = sorted((course.ROOT / "examples").glob("*.py"), key=ReadingOrder("."))
    entries = []
    for script in scripts:
        title, _, text = course.docstring(script).split("\n", 2)
        first = " ".join(text.strip().split("\n\n", 1)[0].split())
        entries.append((f"auto_examples/{script.stem}", title, first))
    lines = [header, "", *grid(entries), "", ".. toctree::", "   :hidden:", ""]
    return "\n".join([*lines, *(f"   /{document}" for document, _, _ in entries), ""])


# --------------------------------------------------------------------------------------------------


def on_source_read(app, name, source):
    """Complete the pages that the gallery wrote."""
    if name == f"{course.FOLDER}/index":
        source[0] = course_page()
    if name == "auto_examples/index":
        source[0] = examples_page()
    for lesson in course.LESSONS:
        if name == lesson.document:
            end = FOOTER.search(source[0]).start()
            source[0] = source[0][:end] + closing(lesson, source[0]) + source[0][end:]


def setup(app):
    """Register the extension."""
    app.setup_extension("source_pages")
    app.connect("source-read", on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
