"""Animations: frames, a page that needs nothing else, and a GIF."""

import html.parser
import json
import re
import sys

import matplotlib
import numpy as np
import pytest
from PIL import Image

from optlite import objectives, optim
from optlite.display import animate
from optlite.trace import Trace

matplotlib.use("Agg")

F = objectives.Rosenbrock()


@pytest.fixture(scope="module")
def traces():
    methods = {"descent": optim.SGD(1e-3), "Adam": optim.Adam(0.05)}
    return {
        name: Trace(optim.steps(F, [-1.2, 1.0], method=method, max_iter=n))
        for (name, method), n in zip(methods.items(), (100, 40), strict=True)
    }


@pytest.fixture(scope="module")
def movie(traces):
    return animate(traces, F, n_frames=21, resolution=40)


class Page(html.parser.HTMLParser):
    """Collect the elements of a page, and check that they are closed in order."""

    EMPTY = ("meta", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.script = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.script += data

    def data(self):
        """The numbers that the script draws."""
        return json.loads(re.search(r"const data = (.*);\n", self.script)[1])

    def find(self, tag, **wanted):
        """The attributes of the only element like this."""
        wanted = {name.rstrip("_"): value for name, value in wanted.items()}
        (found,) = [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]
        return found


def test_frames_are_spread_over_the_longest_run(movie):
    np.testing.assert_array_equal(movie.iterations, np.arange(0, 101, 5))
    np.testing.assert_array_equal(movie.counts["descent"], movie.iterations + 1)
    # The shorter run stays where it ended.
    np.testing.assert_array_equal(movie.counts["Adam"], np.minimum(movie.iterations, 40) + 1)


def test_the_page_needs_nothing_else(movie, tmp_path):
    text = movie.to_html(tmp_path / "movie.html")
    assert (tmp_path / "movie.html").read_text(encoding="utf-8") == text
    without_image = re.sub(r'href="data:image/png;base64,[A-Za-z0-9+/=]+"', "", text)
    assert "//" not in without_image.replace("\n// ", "\n")  # no address, of whatever scheme
    for tag, attributes in Page(text).elements:
        assert "src" not in attributes and tag != "link"
        assert tag == "image" or "href" not in attributes
    assert len(text) < 150_000


def test_the_page_can_be_used_without_a_mouse_or_eyes(movie):
    page = Page(movie.to_html())
    assert page.find("html")["lang"] == "en"
    assert page.find("button")["type"] == "button"
    assert page.find("input")["aria-label"] == "Iteration"
    picture = page.find("svg", role="img")
    for name in picture["aria-labelledby"].split():
        assert any(attributes.get("id") == name for _, attributes in page.elements)
    assert "prefers-reduced-motion" in page.script
    text = movie.to_html()
    last = movie.display.traces["Adam"][-1].objective
    assert f"Adam ends at an objective of {last:.3g} after 40 iterations" in text


def test_the_points_of_the_page_are_those_of_the_trace(movie, traces):
    """An affine map leads from the trace to pixels, with the vertical axis reversed."""
    page = Page(movie.to_html())
    data = page.data()
    assert data["iterations"] == movie.iterations.tolist() and not data["autoplay"]
    for run, (name, trace) in zip(data["runs"], traces.items(), strict=True):
        pixels, points = np.array(run["points"]), trace["x"]
        assert pixels.shape == points.shape
        for k, sign in ((0, 1.0), (1, -1.0)):
            slope, offset = np.polyfit(points[:, k], pixels[:, k], 1)
            assert slope * sign > 50.0
            np.testing.assert_allclose(slope * points[:, k] + offset, pixels[:, k], atol=0.1)
        assert run["counts"] == movie.counts[name].tolist()
        shown = trace["objective"][movie.counts[name] - 1]
        np.testing.assert_allclose([float(value) for value in run["values"]], shown, rtol=5e-3)
        width, height = (
            float(each) for each in page.find("svg", role="img")["viewbox"].split()[2:]
        )
        assert pixels.min() >= 0 and np.all(pixels.max(axis=0) <= [width, height])


def test_names_are_text_and_nothing_else(traces):
    name = '</script><b onclick="x">{{data}}&'
    text = animate({name: traces["Adam"]}, F, resolution=10, title=name).to_html()
    page = Page(text)
    assert not any(tag == "b" for tag, _ in page.elements)
    assert text.count("&lt;/script&gt;&lt;b onclick=&quot;x&quot;&gt;{{data}}&amp;") == 4


def test_a_notebook_gets_the_page_in_a_frame(movie):
    frame = Page(movie._repr_html_()).find("iframe")
    assert frame["srcdoc"] == movie.to_html() and frame["title"] == "descent, Adam"


def test_the_gif_has_the_frames(movie, tmp_path):
    path = tmp_path / "movie.gif"
    movie.to_gif(path)
    with Image.open(path) as image:
        assert image.n_frames == 21 and image.width == 640 and 200 < image.height <= 440
        assert image.info["loop"] == 0
        durations = []
        for k in range(image.n_frames):
            image.seek(k)
            durations.append(image.info["duration"])
        last = np.array(image.convert("RGB")).reshape(-1, 3)
        image.seek(0)
        first = np.array(image.convert("RGB")).reshape(-1, 3)
    assert durations == [80] * 20 + [2000]
    assert path.stat().st_size < 150_000
    for color in ([0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00]):
        near = [
            np.sum(np.abs(frame.astype(int) - color).sum(axis=1) < 12) for frame in (first, last)
        ]
        assert near[1] > near[0] + 100  # the path has grown, in its colour


def test_one_trace_without_an_objective_and_without_numbers(tmp_path):
    records = [{"x": np.array([k, k**2.0]), "objective": float(k)} for k in range(5)]
    movie = animate(records, n_frames=100, title="a parabola", autoplay=True, interval=40)
    np.testing.assert_array_equal(movie.iterations, np.arange(5))
    data = Page(movie.to_html()).data()
    assert data["autoplay"] and data["interval"] == 40 and len(data["runs"]) == 1
    movie.to_gif(tmp_path / "parabola.gif")
    with Image.open(tmp_path / "parabola.gif") as image:
        assert image.n_frames == 5


def test_a_run_that_diverges_makes_a_page_of_finite_numbers():
    trace = Trace(optim.steps(F, [-1.2, 1.0], method=optim.SGD(1.0), max_iter=30))
    assert not np.isfinite(trace[-1].objective)
    page = Page(animate(trace, F, resolution=10).to_html())
    assert np.isfinite(page.data()["runs"][0]["points"]).all()


def test_a_long_run_makes_a_small_page():
    """Points are left out, but none at which a frame ends; the picture stays in its place."""
    n = 20_000
    t = np.linspace(0.0, 30.0, n)
    spiral = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
    trace = Trace({"iteration": k, "x": x, "objective": x @ x} for k, x in enumerate(spiral))
    movie = animate(trace, n_frames=50)
    text = movie.to_html()
    assert len(text) < 100_000
    (run,) = Page(text).data()["runs"]
    pixels, counts = np.array(run["points"]), np.array(run["counts"])
    assert len(pixels) < 2100 and counts[-1] == len(pixels) and np.all(np.diff(counts) > 0)
    for k in (0, 1):
        slope, offset = np.polyfit(spiral[movie.iterations, k], pixels[counts - 1, k], 1)
        expected = slope * spiral[movie.iterations, k] + offset
        np.testing.assert_allclose(pixels[counts - 1, k], expected, atol=0.1)


def test_more_than_two_variables(tmp_path):
    f = objectives.Rosenbrock(4)
    trace = Trace(optim.steps(f, [-1.0, 1.0, 0.5, 2.0], method=optim.SGD(1e-3), max_iter=30))
    assert len(Page(animate(trace, f, resolution=10).to_html()).data()["iterations"]) == 31


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_frames": 1}, r"n_frames must be an integer >= 2, got 1 \(animate\)"),
        ({"n_frames": 2.5}, r"n_frames must be an integer >= 2, got 2.5 \(animate\)"),
        ({"width": 10}, r"width must be an integer >= 100, got 10 \(animate\)"),
        ({"interval": 0}, r"interval must be an integer >= 1, got 0 \(animate\)"),
        ({"directions": [[1, 0]]}, r"directions must have shape \(2, 2\), got \(1, 2\)"),
    ],
)
def test_what_makes_no_sense_is_refused(traces, options, message):
    with pytest.raises(ValueError, match=message):
        animate(traces, F, **options)


def test_a_missing_matplotlib_is_named(traces, monkeypatch):
    movie = animate(traces, F)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"animate needs matplotlib.*'plot'"):
        movie.to_html()
