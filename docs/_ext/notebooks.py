"""Sphinx extension: notebooks and scripts to download that do without Sphinx.

The gallery turns the headings and formulas of a script into Markdown. References to other pages and
files that are cut in would stay as they stand in the script: here they become names. The table of
claims, which a notebook and the gallery show where it is named, is printed by a script.
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
    _replace(path, json.dumps(notebook, indent=2) + "\n")


def mend_script(path):
    """Make a script print its table of claims, and its copy in the archive beside it."""
    text = path.read_text(encoding="utf-8")
    _replace(path, re.sub(r"^claims$", "print(claims)", text, flags=re.M))


def _replace(path, text):
    if text == path.read_text(encoding="utf-8"):
        return
    path.write_text(text, encoding="utf-8")
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive) as old:
        entries = [(entry, old.read(entry)) for entry in old.infolist()]
    with zipfile.ZipFile(archive, "w") as new:
        for entry, data in entries:
            new.writestr(entry, text if entry.filename.endswith(path.suffix) else data)


def on_builder_inited(app):
    """Mend all that can be downloaded, after the gallery has written it."""
    folder = Path(app.srcdir) / "auto_examples"
    for path in sorted(folder.rglob("*.ipynb")):
        mend(path)
    for path in sorted(folder.rglob("plot_*.py")):
        mend_script(path)


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited, priority=900)  # the gallery has 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
