"""Paths that move: frames for a browser (HTML) and for everything else (GIF)."""

import base64
import html
import importlib.resources
import io
import json
import pathlib

import numpy as np

from ._axes import require_matplotlib, shrink_to_content
from ._style import line_styles, markers
from ._trajectory import TrajectoryDisplay

#: Largest number of points of a path in a page, beside those at which a frame ends.
MOST_POINTS = 2000

#: The markers of `_style.MARKERS` as polygons around the origin; the first is drawn as a circle.
_SHAPES = {
    "s": "-5,-5 5,-5 5,5 -5,5",
    "^": "0,-6 5.5,5 -5.5,5",
    "D": "0,-6 6,0 0,6 -6,0",
    "v": "0,6 5.5,-5 -5.5,-5",
    "P": "-2,-6 2,-6 2,-2 6,-2 6,2 2,2 2,6 -2,6 -2,2 -6,2 -6,-2 -2,-2",
    "X": "-6,-3 -3,-6 0,-3 3,-6 6,-3 3,0 6,3 3,6 0,3 -3,6 -6,3 -3,0",
}


def animate(
    traces,
    objective=None,
    *,
    directions=None,
    n_frames=60,
    interval=80,
    width=640,
    height=440,
    title=None,
    autoplay=False,
    **kwargs,
):
    """Let the paths of one or several runs grow over the contours of the objective.

    Parameters
    ----------
    traces : Trace, or dict of str to Trace
        The records of a run, or of several by name; they must hold ``x``.
    objective : object of optlite.objectives, or function, default=None
        What was minimised; None draws no contours.
    directions : array-like of shape (2, dim), default=None
        Two directions that span the plane to show, as for :class:`TrajectoryDisplay`.
    n_frames : int, >= 2, default=60
        Largest number of frames; iterations between two frames appear at once.
    interval : int, > 0, default=80
        Time between two frames in milliseconds.
    width, height : int, default=640, 440
        Size of the picture in pixels; it is made lower where the landscape is.
    title : str, default=None
        Name of the picture; None names the methods.
    autoplay : bool, default=False
        Whether a browser starts to play at once (never for readers who asked their system for
        less motion).
    **kwargs : dict
        What :meth:`TrajectoryDisplay.draw_landscape` takes: ``levels``, ``n_levels``,
        ``resolution``, ``xlim``, ``ylim``, ``aspect``, ``minimizer``, ``contour_kw``.

    Returns
    -------
    Animation
        With ``to_html(path)``, ``to_gif(path)``; notebooks show it as it is.

    See Also
    --------
    TrajectoryDisplay : The same picture, standing still.

    Examples
    --------
    >>> from optlite import optim
    >>> from optlite.display import animate
    >>> from optlite.objectives import Quadratic
    >>> f = Quadratic([1.0, 10.0])
    >>> trace = optim.minimize(f, [1.0, 1.0], method=optim.SGD(0.15), trace=True).trace
    >>> movie = animate(trace, f, n_frames=5, resolution=20)
    >>> movie.iterations
    array([ 0, 14, 28, 41, 55])
    >>> page = movie.to_html()  # or to_html("descent.html"), to_gif("descent.gif")
    >>> page[:15]
    '<!DOCTYPE html>'
    """
    limits = (
        ("n_frames", n_frames, 2),
        ("interval", interval, 1),
        ("width", width, 100),
        ("height", height, 100),
    )
    for name, value, least in limits:
        if not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer >= {least}, got {value!r} (animate).")
    display = TrajectoryDisplay(traces, objective, directions=directions)
    return Animation(display, n_frames, interval, (width, height), title, autoplay, kwargs)


class Animation:
    """Hold the frames of an animation; made by :func:`animate`.

    Attributes
    ----------
    display : TrajectoryDisplay
        The paths, and the landscape below them.
    iterations : ndarray of int of shape (n_frames,)
        The iteration that each frame shows.
    counts : dict of ndarray of int of shape (n_frames,)
        How many points of each path each frame shows.
    """

    def __init__(self, display, n_frames, interval, size, title, autoplay, landscape):
        self.display, self.interval, self.autoplay = display, int(interval), bool(autoplay)
        self.title = title or ", ".join(display.paths)
        self.size = size
        columns = {name: _iterations(trace) for name, trace in display.traces.items()}
        every = np.unique(np.concatenate(list(columns.values())))
        chosen = np.linspace(0, len(every) - 1, min(n_frames, len(every)))
        self.iterations = every[np.round(chosen).astype(int)]
        self.counts = {
            name: np.maximum(np.searchsorted(column, self.iterations, side="right"), 1)
            for name, column in columns.items()
        }
        self._landscape = landscape

    # --- HTML -------------------------------------------------------------------------------------

    def to_html(self, path=None):
        """Return or write a page with the animation: one file, which needs nothing else.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write it; None only returns it.

        Returns
        -------
        str
            The page. It holds the landscape as an image, the paths as numbers, and a script that
            draws them: a button plays and pauses, a slider goes to a frame, a table tells the
            objective of each run there.
        """
        page, _ = self._page()
        if path is not None:
            pathlib.Path(path).write_text(page, encoding="utf-8")
        return page

    def _repr_html_(self):
        """Show the page in a frame of its own, in which its script disturbs no other."""
        page, height = self._page()
        height += 130 + 26 * len(self.display.paths)  # controls, and a row for each run
        source = html.escape(page, quote=True)
        return (
            f'<iframe srcdoc="{source}" width="{self.size[0]}" height="{height}" '
            f'style="border: 0; max-width: 100%" title="{html.escape(self.title, quote=True)}">'
            "</iframe>"
        )

    def _page(self):
        """The page, and the height of its picture."""
        styles = line_styles(self.display.paths)
        shapes = markers(self.display.paths).values()
        background, pixels, view, height = self._background()  # draws what the rest describes
        paths = [_svg_path(i, style) for i, style in enumerate(styles.values())]
        ends = [
            _svg_end(i, style, shape)
            for i, (style, shape) in enumerate(zip(styles.values(), shapes, strict=True))
        ]
        rows = [_table_row(i, *item) for i, item in enumerate(styles.items())]
        parts = {
            "title": html.escape(self.title),
            "description": html.escape(self._description()),
            "width": str(self.size[0]),
            "height": str(height),
            "view": 'x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"'.format(*view),
            "last": str(len(self.iterations) - 1),
            "paths": "\n".join(paths + ends),
            "key": html.escape(self._key()),
            "rows": "\n".join(rows),
            "background": base64.b64encode(background).decode("ascii"),
            "data": json.dumps(self._data(pixels)),  # numbers only: no name can end the script
        }
        return fill_template("animation.html", parts), height

    def _background(self):
        """The landscape as PNG, the paths in its pixels, the rectangle of the axes, its height."""
        figure, ax = self._figure(scale=2)
        _draw(figure, ax)
        height = round(100.0 * figure.get_figheight())
        stream = io.BytesIO()
        _image(figure).quantize(64).save(stream, "png", optimize=True)
        pixels = {}
        for name, points in self.display.points.items():
            # The picture is drawn at twice its size; the rows of pixels go down.
            at = ax.transData.transform(points) / 2.0
            at[:, 1] = height - at[:, 1]
            pixels[name] = np.clip(np.nan_to_num(at, nan=-1e5), -1e5, 1e5)
        box = ax.get_window_extent()
        view = (box.x0 / 2, height - box.y1 / 2, box.width / 2, box.height / 2)
        return stream.getvalue(), pixels, view, height

    def _key(self):
        """What the marks in the landscape are."""
        signs = {"o": "\N{WHITE CIRCLE}", "*": "\N{BLACK STAR}"}
        marks = self.display.marks_
        return "    ".join(f"{signs[mark.get_marker()]} {mark.get_label()}" for mark in marks)

    def _data(self, pixels):
        """What the script needs."""
        runs = []
        for name, counts in self.counts.items():
            values = self.display.traces[name]["objective"][counts - 1]
            # Of a long run, some points between two frames are enough.
            n = len(pixels[name])
            kept = np.round(np.linspace(0, n - 1, min(n, MOST_POINTS))).astype(int)
            kept = np.union1d(kept, counts - 1)
            runs.append(
                {
                    "points": np.round(pixels[name][kept], 1).tolist(),
                    "counts": (np.searchsorted(kept, counts - 1) + 1).tolist(),
                    "values": [f"{value:.3g}" for value in values],
                }
            )
        return {
            "iterations": self.iterations.tolist(),
            "interval": self.interval,
            "autoplay": self.autoplay,
            "runs": runs,
        }

    def _description(self):
        """What the picture shows, in words."""
        ends = [
            f"{name} ends at an objective of {trace[-1].objective:.3g} after "
            f"{trace[-1].iteration} iterations"
            for name, trace in self.display.traces.items()
        ]
        return "Paths over the contours of an objective: " + "; ".join(ends) + "."

    # --- GIF --------------------------------------------------------------------------------------

    def to_gif(self, path):
        """Write the animation as an animated GIF, with Pillow.

        Parameters
        ----------
        path : str or path-like
            Where to write it.
        """
        from PIL import Image

        figure, ax = self._figure(scale=1)
        lines, ends = self._artists(ax)
        counter = ax.set_title(f"iteration {self.iterations[-1]}", animated=True)
        self.display.draw_legend(ax, handles=[*self.display.marks_, *ends.values()])
        _draw(figure, ax)
        still = figure.canvas.copy_from_bbox(figure.bbox)
        frames = []
        for k, iteration in enumerate(self.iterations):
            figure.canvas.restore_region(still)
            counter.set_text(f"iteration {iteration}")
            for name, points in self.display.points.items():
                count = self.counts[name][k]
                lines[name].set_data(*points[:count].T)
                ends[name].set_data(*points[count - 1 : count].T)
            for artist in (*lines.values(), *ends.values(), counter):
                ax.draw_artist(artist)
            frames.append(_image(figure))
        palette = _palette(frames[0], [line.get_color() for line in lines.values()])
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
        frames[0].save(
            path,
            format="gif",
            save_all=True,
            append_images=frames[1:],
            # The last frame stays for two seconds.
            duration=[self.interval] * (len(frames) - 1) + [2000],
            loop=0,
            optimize=True,
        )

    def _artists(self, ax):
        """The lines and end points that move."""
        names = list(self.display.points)
        shapes, styles = markers(names), line_styles(names)
        lines, ends = {}, {}
        for name in names:
            style = styles[name] | {"linewidth": 1.8, "zorder": 3}
            (lines[name],) = ax.plot([], [], animated=True, **style)
            (ends[name],) = ax.plot(
                [], [], animated=True, label=name, marker=shapes[name], markersize=8,
                markeredgecolor="white", zorder=5, **styles[name],
            )  # fmt: skip
        return lines, ends

    def _figure(self, scale):
        """The landscape, in pixels of the page times `scale`."""
        require_matplotlib("animate")
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(
            figsize=(self.size[0] / 100, self.size[1] / 100),
            dpi=100 * scale,
            layout="constrained",
        )
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        self.display.draw_landscape(ax, **self._landscape)
        return figure, ax


def _iterations(trace):
    """The numbers of the records; their places, if they carry no increasing numbers."""
    numbers = trace["iteration"]
    return numbers if np.all(np.diff(numbers) > 0) else np.arange(len(numbers))


def _draw(figure, ax):
    """Draw a figure; its layout has settled then, and stays."""
    shrink_to_content(figure, ax)
    figure.canvas.draw()
    figure.set_layout_engine("none")


def _image(figure):
    """The figure as it is drawn now, a Pillow image without transparency."""
    from PIL import Image

    return Image.fromarray(np.array(figure.canvas.buffer_rgba())).convert("RGB")


def fill_template(name, parts):
    """Put the parts, and the controls, in their places in the template, a page of this folder."""
    folder = importlib.resources.files(__package__)
    template = folder.joinpath(name)
    parts = {**parts, "player": folder.joinpath("player.js").read_text("utf-8")}
    # One pass, so that nothing in a name is taken for a place to fill.
    page, *pieces = template.read_text("utf-8").split("{{")
    for piece in pieces:
        key, rest = piece.split("}}", 1)
        page += parts[key] + rest
    return page


def _palette(landscape, colors):
    """One palette for all frames: colours of the landscape and of each line, pure and fading."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    colors = np.array([to_rgb(color) for color in dict.fromkeys(colors)])
    mixed = [share * colors + (1.0 - share) * 0.9 for share in (1.0, 0.7, 0.4)]
    own = np.round(255.0 * np.concatenate(mixed)).astype(int).ravel().tolist()
    shades = landscape.quantize(64).getpalette()[: 3 * 64]
    palette = Image.new("P", (1, 1))
    palette.putpalette((own + shades)[: 3 * 256])
    return palette


def _svg_path(i, style):
    """A path; the script fills in its points."""
    return (
        f'<polyline class="path" id="path{i}" stroke="{style["color"]}" stroke-width="2.5"'
        f"{_dashes(style)}></polyline>"
    )


def _svg_end(i, style, marker):
    """The last point of a path; the script moves it."""
    shape = f'polygon points="{_SHAPES[marker]}"' if marker in _SHAPES else 'circle r="5.5"'
    kind = shape.split()[0]
    return (
        f'<{shape} id="end{i}" fill="{style["color"]}" stroke="#fff" stroke-width="1.5"></{kind}>'
    )


def _dashes(style):
    """The attribute for the dashes of a line."""
    dashes = ",".join(f"{2 * part:g}" for part in style["linestyle"][1])
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _table_row(i, name, style):
    """A row of the table: how the path looks, its name, the objective."""
    return (
        '<tr><td><svg viewBox="0 0 44 12" aria-hidden="true"><line x1="0" y1="6" x2="44" y2="6" '
        f'stroke="{style["color"]}" stroke-width="3"{_dashes(style)}></line></svg></td>'
        f'<td>{html.escape(name)}</td><td class="number" id="value{i}"></td></tr>'
    )
