"""Sphinx extension: write pages of benchmarks from the result files in ``benchmarks/published``.

``linear.json`` is a result of ``benchmarks/linear.py``, which ``report.py`` makes into tables; the
``.txt`` files are what the other scripts printed: the machine, and a table for each task.
"""

import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "benchmarks" / "published"
FOLDER = "benchmarks"

TITLES = {
    "linear": "Linear models",
    "sparse": "Sparse models",
    "boosting": "Boosting",
    "transport": "Optimal transport",
    "optim": "Steps of update rules",
    "curvature": "Products with Hessians",
}


def linear_page(document):
    """Return the Markdown of a result of linear.py."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import report
    finally:
        sys.path.pop(0)
    return report.markdown(document)


def printed_page(text):
    """Return the Markdown of what a script printed.

    Names of tasks become headings, the dict of the machine sentences, and lines that follow a table
    directly paragraphs: Markdown would read them as rows.
    """
    lines = []
    for line in text.splitlines():
        if line.startswith("{'processor'"):
            lines += machine_lines(ast.literal_eval(line.strip()))
        elif re.fullmatch(r"\S.*\[\d+ thread\(s\).*\]", line):
            lines += [f"## {line}"]
        elif lines and lines[-1].startswith("|") and line and not line.startswith("|"):
            lines += ["", line]
        else:
            lines += [line]
    return "\n".join(lines) + "\n"


def machine_lines(machine):
    """Return what the times were measured on."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    own = ", ".join(f"{name} {value}" for name, value in machine["optlite"].items())
    return [
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}; load average at the start {machine['load']:.2f}",
        f"- optlite: {own}",
        f"- {versions}",
        f"- BLAS: {'; '.join(machine['blas'])}",
        "",
    ]


def page_text(path):
    """Return the page of a result file."""
    text = path.read_text(encoding="utf-8")
    body = linear_page(json.loads(text)) if path.suffix == ".json" else printed_page(text)
    return f"# {TITLES[path.stem]}\n\n{body}"


def write_pages(source):
    """Write a page for each result file, and the list of them; remove others."""
    folder = Path(source) / FOLDER
    folder.mkdir(exist_ok=True)
    results = {path.stem: path for path in PUBLISHED.iterdir() if path.stem in TITLES}
    names = [name for name in TITLES if name in results]
    texts = {f"{name}.md": page_text(results[name]) for name in names}
    for page in folder.glob("*.md"):
        if page.name not in texts:
            page.unlink()
    for name, text in texts.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
    return names


def on_builder_inited(app):
    """Write the pages before Sphinx looks for its sources."""
    write_pages(app.srcdir)


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
