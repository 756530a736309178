"""Sphinx extension: write one page for each registered part, and an index of all of them.

A page shows what the part's header states (formula, hyper-parameters, reference), a plot drawn by
the compiled core, and two files cut in by ``literalinclude``: the NumPy twin and the C++ source.
Nothing on a page is written by hand, so nothing on it can drift from the code. A missing file is a
warning of ``literalinclude``, and warnings fail the build.
"""

import math
from pathlib import Path

import bibliography
import course
import registry_plots
import rule_forms
import source_pages
from joblib import Parallel, delayed
from registered_parts import all_records, header_path, twin_path
from written_pages import escape, write_if_changed

from optlite._params import as_word, default

ROOT = Path(__file__).resolve().parents[2]

KIND_TEXTS = {
    "objectives": (
        "Objectives",
        "The loss :math:`\\ell(z, y)` of one sample, as a function of its margin "
        ":math:`z = w^T x + b`. A model averages it over the samples and adds a penalty.",
    ),
    "activations": (
        "Activations",
        "What a unit of a network makes of the weighted sum :math:`a` that goes in, for "
        ":class:`optlite.objectives.MLP`.",
    ),
    "penalties": (
        "Penalties",
        "A sum over coordinates, :math:`\\alpha \\sum_j h(w_j)`. The intercept is never penalised.",
    ),
    "directions": (
        "Directions",
        "How a descent method chooses the direction :math:`p_k` of its next step.",
    ),
    "step_sizes": (
        "Step sizes",
        "How far a descent method goes along a direction, or how strongly it regularises it, so "
        "that the objective decreases from any starting point.",
    ),
    "curvatures": (
        "Curvatures",
        "The matrix :math:`B_k` that stands for the Hessian in a second-order method: a method of "
        "its own, or ``curvature=`` beside a direction that uses one.",
    ),
    "distributions": (
        "Distributions",
        "What probabilistic boosting predicts for a row: a distribution of :math:`y` whose "
        "parameters :math:`\\theta` may be any real numbers, with the scores that fit it, their "
        "natural gradients and metrics in closed form.",
    ),
    "transport_methods": (
        "Methods of optimal transport",
        "How :func:`optlite.ot.solve` brings the sums of a plan to the masses :math:`a` and "
        ":math:`b`. The plan is :math:`P_{ij} = e^{(f_i + g_j - C_{ij}) / \\varepsilon}`.",
    ),
    "block_selections": (
        "Block selections",
        "Which block of variables :func:`optlite.bcd.solve` moves next.",
    ),
    "block_updates": (
        "Block updates",
        "How far the variables of the chosen block move.",
    ),
    "rules": (
        "Update rules",
        "Steps that need gradients only: what a rule does to one coordinate :math:`x`, given the "
        "gradient :math:`g_t` there and a state of its own. Those of the family *matrix* see a "
        "tensor whole, with its shape. Weight decay is an option of each.",
    ),
}
TARGETS = {
    "real": "any real number",
    "binary": "-1 or +1",
    "count": "a number :math:`\\ge 0`",
    "label": "a class 0, 1, ..., K - 1",
}


#: Where the products of a curvature come from, twin and header.
PRODUCTS = {
    "hessian": ("generalized_linear", "linearization"),
    "gauss_newton": ("network", "output_curvature"),
    "natural_gradient": ("network", "output_curvature"),
    "subsampled_newton": ("generalized_linear", "linearization"),
    "sketched_newton": ("generalized_linear", "generalized_linear"),
}


def sources(record):
    """Return what a page shows of the code: title, path and language of each file."""
    if record["kind"] != "curvatures":
        return [
            ("NumPy twin", twin_path(record), "python"),
            ("C++ source", header_path(record), "cpp"),
        ]
    package, (twin, header) = ROOT / "python" / "optlite", PRODUCTS[record["name"]]
    return [
        ("The part", package / "optim" / "curvatures" / f"{record['name']}.py", "python"),
        ("NumPy twin", package / "reference" / f"{twin}.py", "python"),
        (
            "C++ source",
            ROOT / "cpp" / "include" / "optlite" / "problems" / f"{header}.hpp",
            "cpp",
        ),
    ]


def page_name(record):
    """Return the document name of a part's page, relative to the documentation."""
    return f"parts/{record['kind']}/{record['name']}"


def kind_title(kind):
    """Return the heading of a kind of parts."""
    return KIND_TEXTS.get(kind, (kind.replace("_", " ").capitalize(), ""))[0]


def number(value):
    """Write a default, bound or limit as mathematics."""
    if isinstance(value, (str, bool)):
        return f"``{value!r}``"
    if math.isinf(value):
        return ":math:`\\infty`" if value > 0 else ":math:`-\\infty`"
    return f"{value:g}"


def interval(field):
    """Write the range of a hyper-parameter, such as (0, 1], or its words."""
    if field.get("words"):
        return ", ".join(f"``{as_word(field, i)!r}``" for i in range(len(field["words"])))

    def side(value):
        return ("-" if value < 0 else "") + "\\infty" if math.isinf(value) else f"{value:g}"

    left = "(" if field["lower_open"] else "["
    right = ")" if field["upper_open"] else "]"
    whole = "integer in " * field.get("is_integer", False)
    return f"{whole}:math:`{left}{side(field['lower'])}, {side(field['upper'])}{right}`"


def heading(text, mark):
    """Return a section heading."""
    return [text, mark * len(text), ""]


def indent(text, width=3):
    """Indent every line of a block."""
    return [" " * width + line.strip() for line in text.splitlines()]


def fields_table(record):
    """Return the hyper-parameters as a table, or the sentence that there are none."""
    if not record["fields"]:
        return ["This part has no hyper-parameter.", ""]
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 18 12 18 52", ""]
    rows = [("Name", "Default", "Range", "Meaning")]
    for field in record["fields"]:
        row = (f"``{field['name']}``", number(default(field)), interval(field))
        rows.append((*row, escape(field["doc"])))
    return [*lines, *table_rows(rows), ""]


def table_rows(rows):
    """Return the lines of a list-table below its options."""
    return [
        ("   * - " if i == 0 else "     - ") + cell for row in rows for i, cell in enumerate(row)
    ]


def state_table(record):
    """Return what an update rule keeps between two steps, and what it needs from the caller."""
    kinds = (
        ("slots", "an array" if record["shapes_slots"] else "an array like the parameters"),
        ("scalars", "a number" if record["global_scalars"] else "a number for each tensor"),
        ("inputs", "passed to ``step`` beside the gradient"),
    )
    rows = [
        (f"``{each['name']}``", what, escape(each["doc"]))
        for key, what in kinds
        for each in record[key]
    ]
    if not rows:
        return ["This rule keeps no state.", ""]
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 30 50", ""]
    return [*lines, *table_rows([("Name", "What", "Meaning"), *rows]), ""]


def facts(record):
    """Return what else the record states: targets, curvature, smoothness."""
    lines = []
    if "target" in record:
        lines.append(f":Target y: {TARGETS[record['target']]}")
    if "one_margin" in record:
        lines.append(
            f":Margins: {'one for each sample' if record['one_margin'] else 'one a class'}"
        )
    if "curvature_bound" in record:
        bound = number(record["curvature_bound"])
        lines.append(f":Largest curvature: {bound}")
    if "slots" in record:
        lines.append(f":Family: {record['family']}")
        lines.append(f":Weight decay: {weight_decay(record)}")
    if "targets" in record:
        scores = [s["name"] + (" (also censored)" * s["censored"]) for s in record["scores"]]
        lines.append(f":Target y: {escape(record['support'])}")
        lines.append(f":Scores: {', '.join(scores)}")
        if record["no_crps"]:
            lines.append(f":No CRPS: {escape(record['no_crps'])}")
    if "concavity" in record:
        convex = record["concavity"] == 0.0
        lines.append(f":Convex: {'yes' if convex else 'no'}")
    if "uses_hessian" in record:
        lines.append(f":Multiplies by a Hessian: {'yes' if record['uses_hessian'] else 'no'}")
    if "smooth" in record:
        lines.append(f":Twice differentiable: {'yes' if record['smooth'] else 'no'}")
    return [*lines, f":Registry name: ``{record['name']}``", ""]


def weight_decay(record):
    """Say how weight decay enters the steps of a rule."""
    if record["own_decay"]:
        return "as in the equations (paper) unless another form is chosen"
    form = record["decay_words"][record["decay_form"]]
    return f"{form}, {record['decay_strength']:g} unless given"


def source_block(path, page, language, caption):
    """Return a literalinclude of a file, with a path relative to the page."""
    up = "../" * (page.count("/") + 1)
    return [
        f".. literalinclude:: {up}{path.relative_to(ROOT).as_posix()}",
        f"   :language: {language}",
        f"   :caption: {caption.relative_to(ROOT).as_posix()}",
        "",
    ]


def lessons(record):
    """Return a sentence with links to the lessons about a part, or nothing."""
    name = f"{record['kind']}/{record['name']}"
    found = [each for each in course.LESSONS if name in each.parts.split()]
    if not found:
        return []
    links = ", ".join(f":doc:`/{each.document}`" for each in found)
    return [f"To learn what it is about: {links}."]


def page_text(record, figure):
    """Return the reStructuredText of one part's page."""
    page = page_name(record)
    lines = [f".. _part-{record['kind']}-{record['name']}:", ""]
    lines += heading(record["class_name"], "=")
    lines += [escape(record["doc"]), "", ".. math::", ""]
    lines += [*indent(record["formula"]), ""]
    lines += facts(record)
    lines += heading("Hyper-parameters", "-") + fields_table(record)
    if "slots" in record:
        lines += heading("State", "-") + state_table(record)
        measured = rule_forms.section(record)
        lines += heading("Named options, measured", "-") + measured if measured else []
    if "parameters" in record:
        rows = [(f"``{p['name']}``", escape(p["doc"])) for p in record["parameters"]]
        lines += heading("Parameters", "-")
        lines += [".. list-table::", "   :header-rows: 1", "   :widths: 26 74", ""]
        lines += [*table_rows([("Name", "Meaning"), *rows]), ""]
    if figure is not None:
        lines += heading("Picture", "-")
        lines += [f".. figure:: {record['name']}.png", f"   :alt: {figure.alt}", ""]
        lines += [f"   {figure.caption}", ""]
    lines += [*heading("Reference", "-"), escape(record["reference"]), ""]
    lines += [f"In the bibliography: {bibliography.references(record['reference'])}.", ""]
    if "slots" in record:
        lines += heading("In Python", "-")
        lines += [f".. autoclass:: optlite.optim.{record['class_name']}", "   :no-members:", ""]
    if "parameters" in record:
        lines += heading("In Python", "-")
        path = f"optlite.boosting.distributions.{record['class_name']}"
        lines += [f".. autoclass:: {path}", "   :no-members:", ""]
    if record["kind"] == "curvatures":
        lines += heading("In Python", "-") + in_python(record)
    lines += heading("Source", "-")
    if record["kind"] == "curvatures":
        lines += [
            "The part chooses the matrix; products with it come from the objective, of which there",
            "are the NumPy twin to read and step through, and what the core declares.",
            *lessons(record),
            "",
        ]
    else:
        lines += [
            "The same mathematics twice: the NumPy twin to read and step through, and the C++",
            "header that the estimators run.",
            *lessons(record),
            "",
        ]
    lines += [".. tab-set::", ""]
    for title, path, language in sources(record):
        lines += [f"   .. tab-item:: {title}", ""]
        lines += ["      " + line for line in source_block(path, page, language, path)]
    lines += [f"Examined by {source_pages.link(source_pages.exam(record['kind']))}.", ""]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def in_python(record):
    """Say how to ask for a curvature."""
    name = record["name"]
    beside = f'``minimize(f, method="trust_region", curvature="{name}")``, or another direction.'
    if not record["as_method"]:
        return [f'The default: ``minimize(f, method="newton_cg")``. By name: {beside}', ""]
    direction, step_size = record["as_method"]
    return [
        f"As a method, with :ref:`part-directions-{direction}` and",
        f":ref:`part-step_sizes-{step_size}`: :func:`optlite.optim.{name}`, or",
        f'``minimize(f, method="{name}")``. Beside a direction of choice:',
        beside,
        "",
    ]


def index_text(records):
    """Return the index page: a table for each kind, and the hidden table of contents."""
    lines = heading("Registered parts", "=")
    lines += [
        "A problem is an objective plus a penalty; a descent method is a direction plus a step",
        "size; an optimizer is an update rule. Each is one C++ header and one NumPy twin, and each",
        "has a page here that is made from those two files. Adding a header to a folder adds a row",
        "to these tables.",
        "",
        ":ref:`rule-comparison` shows what each rule reaches on the same problems.",
        "",
        ".. toctree::",
        "   :hidden:",
        "",
        "   /comparison/index",
        "",
    ]
    for kind in dict.fromkeys(record["kind"] for record in records):
        title, text = KIND_TEXTS.get(kind, (kind_title(kind), ""))
        lines += heading(title, "-") + ([text, ""] if text else [])
        lines += [".. list-table::", "   :widths: 28 72", ""]
        own = [record for record in records if record["kind"] == kind]
        for record in own:
            target = f"part-{record['kind']}-{record['name']}"
            lines += [f"   * - :ref:`{record['class_name']} <{target}>`"]
            lines += [f"     - {escape(record['doc'])}"]
        lines += ["", ".. toctree::", "   :hidden:", f"   :caption: {title}", ""]
        lines += [f"   {kind}/{record['name']}" for record in own] + [""]
    return "\n".join(lines) + "\n"


def remove_stale(folder, kept):
    """Remove the pages of parts that no longer exist."""
    for path in folder.rglob("*.rst"):
        if path not in kept:
            path.unlink()


def write_pages(source, records, draw=True, n_jobs=1):
    """Write all pages below ``source`` and return their paths."""
    source = Path(source)
    written = [source / "parts" / "index.rst"]
    write_if_changed(written[0], index_text(records))
    pages = [source / f"{page_name(record)}.rst" for record in records]
    for page in pages:
        page.parent.mkdir(parents=True, exist_ok=True)
    figures = draw_all(records, pages, n_jobs) if draw else [None] * len(pages)
    for record, page, figure in zip(records, pages, figures, strict=True):
        write_if_changed(page, page_text(record, figure))
    remove_stale(source / "parts", [*written, *pages])
    return [*written, *pages]


def draw_all(records, pages, n_jobs):
    """Draw the pictures beside the pages, in so many processes: that is a quarter of a build."""
    draw = delayed(registry_plots.draw)
    pictures = (
        draw(record, page.with_suffix(".png")) for record, page in zip(records, pages, strict=True)
    )
    return Parallel(n_jobs)(pictures)


def on_builder_inited(app):
    """Write the pages before Sphinx looks for its sources."""
    write_pages(app.srcdir, all_records(), n_jobs=-1)


def setup(app):
    """Register the extension."""
    app.setup_extension("source_pages")
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
