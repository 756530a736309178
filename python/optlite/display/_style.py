"""Colours, dashes and markers that tell several curves apart, also without colours."""

import numpy as np

#: The palette of Okabe and Ito (Color universal design, 2008), told apart by people who confuse red
#: and green; without its yellow, which is too faint on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: On and off, in points; the number of entries has no common factor with that of the colours.
DASHES = ((), (6.0, 2.0), (1.5, 1.5), (7.0, 2.0, 1.5, 2.0))

MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def line_styles(names):
    """Return for each name its colour, dashes and marker, all three different in neighbours.

    Returns
    -------
    dict of dict
        By name: keyword arguments for a matplotlib line, but for the marker.
    """
    return {
        name: {"color": COLORS[i % len(COLORS)], "linestyle": (0.0, DASHES[i % len(DASHES)])}
        for i, name in enumerate(names)
    }


def next_color(ax):
    """Return the first colour of the palette that no line of the axes has."""
    from matplotlib.colors import to_hex

    used = {to_hex(line.get_color()) for line in ax.lines}
    free = [color for color in COLORS if to_hex(color) not in used]
    return free[0] if free else COLORS[len(ax.lines) % len(COLORS)]


def markers(names):
    """Return the marker of each name."""
    return {name: MARKERS[i % len(MARKERS)] for i, name in enumerate(names)}


def text_color(color):
    """Return a colour as it is, or darker: text on white needs a contrast of 4.5.

    The measure is that of the Web Content Accessibility Guidelines 2.1, criterion 1.4.3.
    """
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(color))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = 0.95 * rgb
    return tuple(float(part) for part in rgb)


def _luminance(rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def label(method):
    """Return what a legend calls a method: its name, or the rule with what was set."""
    return method if isinstance(method, str) else repr(method)


def unique(labels):
    """Number the labels that come up again: "sgd", "sgd (2)"."""
    seen, result = {}, []
    for text in labels:
        seen[text] = seen.get(text, 0) + 1
        result.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return result
