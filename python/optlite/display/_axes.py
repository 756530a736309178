"""What all displays share: the lazy import of matplotlib and the axes to draw on."""


def get_axes(ax, display, projection=None):
    """Return ``ax``, or the axes of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Where to draw.
    display : str
        Name of the display, for the error message.
    projection : str, default=None
        The projection of new axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    require_matplotlib(f"{display}.plot")
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(layout="constrained", subplot_kw={"projection": projection})
    return ax


def require_matplotlib(what):
    """Say what to install where matplotlib is missing."""
    try:
        import matplotlib.pyplot  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{what} needs matplotlib, which is not installed. "
            "Install it, or optlite with its extra 'plot'."
        ) from error


def shrink_to_content(figure, ax):
    """Take away the height of a figure that axes of a fixed aspect do not fill."""
    layout = figure.get_layout_engine()
    layout.execute(figure)  # beside axes of a fixed aspect, it makes room in two rounds
    layout.execute(figure)
    # In whole hundredths of an inch, so that an image of 100 dots an inch has no part of a pixel.
    height = round(100.0 * ax.get_tightbbox().height / figure.dpi + 12.0) / 100.0
    if height < figure.get_figheight():
        figure.set_figheight(height)
        layout.execute(figure)


def merged(defaults, given):
    """Return keyword arguments for matplotlib: ``given`` (a dict or None) wins."""
    return {**defaults, **(given or {})}
