"""The gallery's figures, with a text for readers who do not see them.

The gallery itself takes the titles of a figure, or the name of its script. Here the axes and the
legends say what is drawn.
"""

import re

ALTERNATIVE = re.compile(r"^( *:alt:).*$", re.M)


def describe(figure):
    """Return what the texts of a figure say, without the markup of formulas and of HTML."""
    panels = [_panel(axes) for axes in figure.axes if axes.get_label() != "<colorbar>"]
    text = ". ".join(filter(None, [figure.get_suptitle(), *panels]))
    text = text.replace("<", "less than ").replace(">", "more than ").replace("&", "and")
    text = re.sub(r'[${}"]', "", text).replace("\\", " ")
    return " ".join(text.split()) or "A figure without texts"


def _panel(axes):
    x, y = axes.get_xlabel(), axes.get_ylabel()
    words = [axes.get_title(), f"{y} against {x}" if x and y else x or y]
    labels = axes.get_legend_handles_labels()[1]
    legend = f" ({', '.join(dict.fromkeys(labels))})" if labels else ""
    return ": ".join(filter(None, words)) + legend


def scraper(block, block_vars, gallery_conf, **kwargs):
    """Save the figures of a block as the gallery does, each with its description."""
    import matplotlib.pyplot as plt
    from sphinx_gallery.scrapers import matplotlib_scraper

    texts = iter([describe(plt.figure(number)) for number in plt.get_fignums()])
    rst = matplotlib_scraper(block, block_vars, gallery_conf, **kwargs)
    return ALTERNATIVE.sub(lambda found: f"{found[1]} {next(texts)}", rst)
