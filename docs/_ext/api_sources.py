"""Sphinx extension: a page of the API says at its end where twin, kernel and tests of it are."""

import api_files
import source_pages

FOLDER = "api/generated/"


def closing(name):
    """Return the paragraph for the end of a page; nothing where there is nothing to show."""
    words = ("NumPy twin: ", "C++: ", "Tests: ")
    parts = [
        word + ", ".join(source_pages.link(path) for path in paths)
        for word, paths in zip(words, api_files.files(name), strict=True)
        if paths
    ]
    return f"\n\n.. rubric:: Where it is\n\n{'. '.join(parts)}.\n" if parts else ""


def on_source_read(app, name, source):
    """Complete a page that autosummary wrote."""
    if name.startswith(f"{FOLDER}optlite."):
        source[0] = source[0].rstrip() + closing(name.removeprefix(f"{FOLDER}optlite."))


def setup(app):
    """Register the extension."""
    app.setup_extension("source_pages")
    app.connect("source-read", on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
