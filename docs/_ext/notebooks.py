"""Sphinx extension: notebooks to download that can be read without Sphinx.

The gallery turns the headings and formulas of a script into Markdown. References to other pages and
files that are cut in would stay as they stand in the script: here they become names.
"""

import json
import re
import zipfile
from pathlib import Path

FILES = re.compile(r"^\.\. (?:tab-set|literalinclude)::.*\n(?:[ \t]+\S.*\n|[ \t]*\n)*", re.M)
ROLE = re.compile(r"(?::(?:class|doc|func|meth|mod|ref):)`([^`]+)`")
TITLED = re.compile(r"`([^`<]+?)\s*<sphx_glr_[^`>]+>`")  # what the gallery leaves of a reference


def readable(text):
    """Return the text of a cell without directives and roles of Sphinx."""
    text = FILES.sub(_names_of_files, text.rstrip() + "\n")
    return TITLED.sub(r"\1", ROLE.sub(_name, text)).rstrip()


def _names_of_files(match):
    names = re.findall(r"literalinclude:: [./]*(\S+)", match[0])
    return "In the source: " + ", ".join(f"`{name}`" for name in names) + ".\n\n"


def _name(match):
    title, _, target = match[1].partition("<")
    if target:
        return title.strip()
    shortened = match[1].startswith("~")
    return f"`{match[1].rpartition('.')[2] if shortened else match[1].lstrip('/')}`"


def mend(path):
    """Make a notebook readable, and its copy in the archive beside it."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = [readable("".join(cell["source"]))]
    text = json.dumps(notebook, indent=2) + "\n"
    if text == path.read_text(encoding="utf-8"):
        return
    path.write_text(text, encoding="utf-8")
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive) as old:
        entries = [(entry, old.read(entry)) for entry in old.infolist()]
    with zipfile.ZipFile(archive, "w") as new:
        for entry, data in entries:
            new.writestr(entry, text if entry.filename.endswith(".ipynb") else data)


def on_builder_inited(app):
    """Mend all notebooks, after the gallery has written them."""
    for path in sorted((Path(app.srcdir) / "auto_examples").rglob("*.ipynb")):
        mend(path)


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited, priority=900)  # the gallery has 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
