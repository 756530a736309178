"""The notebooks that the site offers hold no markup that only Sphinx understands."""

import json
import re
import zipfile

import pytest
from site_extensions import load

course = load("course")
notebooks = load("notebooks")
SCRIPTS = sorted((course.ROOT / "examples").rglob("*.py"))


def texts(script):
    """Return the texts of the cells of a script."""
    source = script.read_text(encoding="utf-8")
    cells = re.findall(r"^# %%\n((?:#.*\n)*)", source, flags=re.M)
    return [course.docstring(script), *(re.sub("^# ?", "", cell, flags=re.M) for cell in cells)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_no_role_and_no_directive_is_left(script):
    found = texts(script)
    assert len(found) > 1
    for text in found:
        left = notebooks.readable(text)
        assert not re.search(r":(?!math)[a-z]+:`|^\.\. (?!math)|sphx_glr", left, re.M)
        words = re.findall(r"\*\*[^*]+\*\*", text)  # nothing but markup goes
        assert all(word in left for word in words)


def test_files_and_references_become_names():
    text = """Both of :class:`~optlite.ot.TransportMap` and :func:`optlite.ot.solve`.

.. tab-set::

   .. tab-item:: twin

      .. literalinclude:: ../../../python/optlite/reference/transport.py
         :language: python

See :doc:`/exercises`, `a lesson
<sphx_glr_auto_examples_lessons_plot_crps.py>`, and :ref:`this <label>`.
"""
    assert notebooks.readable(text) == (
        "Both of `TransportMap` and `optlite.ot.solve`.\n\n"
        "In the source: `python/optlite/reference/transport.py`.\n\n"
        "See `exercises`, a lesson, and this."
    )


def test_the_notebook_and_its_copy_in_the_archive_are_mended(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": [":func:`f` of x"]},
        {"cell_type": "code", "source": ["':func:`f`'"]},
    ]
    path = tmp_path / "plot_f.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    with zipfile.ZipFile(tmp_path / "plot_f.zip", "w") as archive:
        archive.write(path, "plot_f.ipynb")
        archive.writestr("plot_f.py", "':func:`f`'")
    notebooks.mend(path)
    notebooks.mend(path)
    mended = json.loads(path.read_text())
    assert [cell["source"] for cell in mended["cells"]] == [["`f` of x"], ["':func:`f`'"]]
    with zipfile.ZipFile(tmp_path / "plot_f.zip") as archive:
        assert archive.namelist() == ["plot_f.ipynb", "plot_f.py"]
        assert archive.read("plot_f.ipynb") == path.read_bytes()
        assert archive.read("plot_f.py") == b"':func:`f`'"


def test_a_script_to_download_prints_its_claims(tmp_path):
    path = tmp_path / "plot_f.py"
    path.write_text("claims = 1\nclaims\n# claims\n")
    with zipfile.ZipFile(tmp_path / "plot_f.zip", "w") as archive:
        archive.write(path, "plot_f.py")
        archive.writestr("plot_f.ipynb", "claims")
    notebooks.mend_script(path)
    notebooks.mend_script(path)
    assert path.read_text() == "claims = 1\nprint(claims)\n# claims\n"
    with zipfile.ZipFile(tmp_path / "plot_f.zip") as archive:
        assert archive.read("plot_f.py") == path.read_bytes()
        assert archive.read("plot_f.ipynb") == b"claims"
