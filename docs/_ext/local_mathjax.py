"""Sphinx extension: serve MathJax from the site itself, so that formulas show without a network.

The files come from the distribution ``sphinx-mathjax-offline`` (MathJax 3). Only the script and its
fonts are copied, two of its 24 megabytes. Without that distribution Sphinx's default is left, which
loads MathJax from another host.
"""

import importlib.util
import shutil
from pathlib import Path


def mathjax_folder():
    """Return where MathJax lies, or None if it is not installed."""
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found is None:
        return None
    return Path(found.submodule_search_locations[0]) / "static" / "mathjax"


def use_local_script(app, config):
    """Point the pages at the copy."""
    if mathjax_folder() is not None:
        config.mathjax_path = "mathjax/tex-chtml.js"


def copy_files(app, exception):
    """Copy the script and the fonts beside the pages."""
    source = mathjax_folder()
    if exception is not None or source is None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    fonts = Path("output", "chtml", "fonts")
    shutil.copytree(source / fonts, target / fonts, dirs_exist_ok=True)
    shutil.copy(source / "tex-chtml.js", target)


def setup(app):
    """Register the extension."""
    app.connect("config-inited", use_local_script)
    app.connect("build-finished", copy_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
