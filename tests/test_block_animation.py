"""Animations of blocks: what a page shows is what the records hold."""

import json
import re

import numpy as np
import pytest

from optlite import bcd, datasets
from optlite.display import animate_blocks


@pytest.fixture(scope="module")
def records():
    f = bcd.LabelPropagation(*datasets.lattice_labels(8, 9, weight=1.0, random_state=0))
    return f, list(bcd.steps(f, "forest", "gs", block_size=None, max_iter=30, tol=1e-12))


def data_of(page):
    return json.loads(re.search(r"const data = (\{.*\});", page).group(1))


def test_frames_are_those_of_the_records(records):
    f, run = records
    movie = animate_blocks(run, shape=(8, 8), places=f.free, n_frames=7)
    data = data_of(movie.to_html())
    assert data["frames"] == movie.frames and (data["rows"], data["columns"]) == (8, 8)
    shown = [run[frame["iteration"]] for frame in movie.frames]
    assert len(shown) == 7 and shown[0] is run[0] and shown[-1] is run[-1]
    largest = max(np.abs(record.x).max() for record in run)
    for frame, record in zip(data["frames"], shown, strict=True):
        assert frame["block"] == record.block.tolist()
        assert np.abs(np.array(frame["x"]) / 127 * largest - record.x).max() <= 0.51 * largest / 127
        moved = [sum(i in r.block for r in run[: record.iteration + 1]) for i in range(f.dim)]
        assert frame["moves"] == moved
        assert f"objective {record.objective:.6g}" in frame["text"]
    assert data["places"] == f.free.tolist()


def test_a_page_needs_nothing_else_and_a_title_is_text(records, tmp_path):
    _, run = records
    movie = animate_blocks(run, title="<b> & {{data}}")
    page = movie.to_html(tmp_path / "movie.html")
    assert (tmp_path / "movie.html").read_text("utf-8") == page
    assert not re.search(r"https?:|src=|@import", page)
    assert "<b>" not in page and "&lt;b&gt; &amp; {{data}}" in page
    assert movie._repr_html_().startswith("<iframe srcdoc=")
    assert len(page) < 200_000


def test_runs_of_one_record_and_of_zeros_are_shown():
    f = bcd.Quadratic(np.eye(3), np.zeros(3))
    movie = animate_blocks(bcd.steps(f))
    assert len(movie.frames) == 1 and movie.frames[0]["x"] == [0, 0, 0]
    assert movie.shape == (2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (2, 3)}, "shape must have room for 55 variables, got 2 x 3"),
        ({"places": np.zeros(55, int)}, "places must be different cells in .*54 taken twice"),
        ({"places": np.arange(55) - 1}, "places must be different cells in .*got from -1"),
        ({"places": np.zeros(4)}, "places must hold one integer for each of 55 variables"),
        ({"n_frames": 1}, "n_frames must be an integer >= 2, got 1"),
        ({"interval": 0}, "interval must be an integer >= 1, got 0"),
    ],
)
def test_what_is_not_allowed_is_explained(records, options, message):
    with pytest.raises(ValueError, match=message):
        animate_blocks(records[1], **options)
    with pytest.raises(ValueError, match="records must hold one record at least"):
        animate_blocks([])
