"""What all displays share: the lazy import of matplotlib and the axes to draw on."""


def get_axes(ax, display):
    """Return ``ax``, or the axes of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Where to draw.
    display : str
        Name of the display, for the error message.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display}.plot needs matplotlib, which is not installed. "
            "Install it, or optlite with its extra 'plot'."
        ) from error
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    return ax


def merged(defaults, given):
    """Return keyword arguments for matplotlib: ``given`` (a dict or None) wins."""
    return {**defaults, **(given or {})}
