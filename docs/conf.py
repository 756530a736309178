"""Configuration of the documentation. Build with ``python -m sphinx -W --keep-going -n``."""

import os
import re
import sys
import warnings
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ.setdefault("MPLBACKEND", "Agg")
# The problems of the gallery are small; on a busy machine idle threads would only spin.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

project = "optlite"
author = "The optlite developers"
copyright = f"2026, {author}"
try:
    release = metadata.version("optlite-ml")
except metadata.PackageNotFoundError:  # a source tree on PYTHONPATH
    release = "development version"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "local_mathjax",
    "registry_pages",
    "bibliography",
    "rule_comparison",
    "exercise_list",
    "lesson_pages",
    "source_pages",
    "api_sources",
    "benchmark_tables",
    "notebooks",
]

source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = [
    "_build",
    "_snippets",
    # The gallery's notebooks and scripts lie beside its pages; only the pages are sources.
    "auto_examples/**/*.ipynb",
    "auto_examples/**/*.py",
    "auto_examples/**/*.md5",
    "auto_examples/**/*.json",
]
templates_path = ["_templates"]
default_role = None
# "fit()" in a page's contents, not "LogisticRegression.fit()".
toc_object_entries_show_parents = "hide"

# Markdown ---------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3

# Docstrings -------------------------------------------------------------------------------------
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False
numpydoc_attributes_as_param_list = True

# References -------------------------------------------------------------------------------------
nitpicky = True
# Names of other projects are links only where their inventory can be read (below); a build without
# a network must not fail for that.
nitpick_ignore_regex = [(r"py:.*", r"(sklearn|numpy|scipy|matplotlib|pandas)\..*")]
# The same for labels of scikit-learn's guide in docstrings that are inherited (`score`,
# `set_output`).
FOREIGN_LABELS = {
    "accuracy_score",
    "df_output_transform",
    "r2_score",
    "sphx_glr_auto_examples_miscellaneous_plot_set_output.py",
}
# Set OPTLITE_DOCS_INTERSPHINX=1 to link the names of other projects to their pages.
if os.environ.get("OPTLITE_DOCS_INTERSPHINX"):
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
    }
else:
    intersphinx_mapping = {}

# Gallery ----------------------------------------------------------------------------------------
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": r"/(quickstart|plot_)",
    "within_subsection_order": "gallery_order.ReadingOrder",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1,
    "abort_on_example_error": False,
    "plot_gallery": "True",
    "matplotlib_animations": False,
    "image_scrapers": ("figure_descriptions.scraper",),
    # A name that stands for one thing now and for another later would link to the last.
    "inspect_global_variables": False,
    "thumbnail_size": (280, 196),  # the page of the course shows all of them, in less than 2 MB
    "backreferences_dir": None,
    "write_computation_times": False,
    "parallel": os.cpu_count(),
}

EXAMPLES = HERE.parent / "examples"
GALLERY_PAGES = [
    path.relative_to(EXAMPLES).as_posix().removesuffix(".py").replace("GALLERY_HEADER.rst", "index")
    for path in [*EXAMPLES.rglob("*.py"), *EXAMPLES.rglob("GALLERY_HEADER.rst")]
]

# Look -------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "optlite"
html_static_path = ["_static"]
html_css_files = ["optlite.css"]
html_js_files = ["scrollers.js", "sortable.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "optlite"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        "index": [],
        "how_to_choose": [],
        # Scripts are 100 columns wide, and so is a table: they get the room. Pages are named one by
        # one, as the theme warns of a page that two patterns match.
        **{f"auto_examples/{page}": [] for page in GALLERY_PAGES},
        "comparison/index": [],
    },
}
html_sidebars = {
    "index": [],
    "contribute": [],
    "_modules/**": [],
    "code/**": [],
}
html_context = {"default_mode": "auto"}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def leave_foreign_labels_as_text(app, env, node, contnode):
    """Keep the words of a reference into another project's guide, without a link."""
    return contnode if node["reftarget"] in FOREIGN_LABELS else None


def mend_lists(app, page, template, context, doctree):
    """A list may hold list items only; docutils and viewcode put other things beside them."""
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )
    if page == "_modules/index":
        title = context["body"].partition("<ul>")[0]
        items = re.findall(r"<li>.*?</li>", context["body"], re.S)
        context["body"] = f"{title}<ul>{''.join(items)}</ul>"


def forget_modules_without_links(app):
    """Leave out modules that no page links to, or whose source is not known.

    viewcode has no page for the latter, but an index entry; the former it drops itself, but not
    where several processes read.
    """
    modules = getattr(app.env, "_viewcode_modules", {})
    for name, entry in list(modules.items()):
        if not entry or not entry[2]:  # its text, its objects, the pages that show them
            del modules[name]
    return []


def setup(app):
    """Connect what the lines above need."""
    app.connect("missing-reference", leave_foreign_labels_as_text)
    app.connect("html-page-context", mend_lists)
    app.connect("html-collect-pages", forget_modules_without_links, priority=400)
