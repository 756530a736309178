"""What a built page says without a browser: its links, its anchors, and what it is made of."""

import functools
import html
import re
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import urlsplit

# A comment; a script or style sheet with its text; any other tag, opening or closing.
MARKUP = re.compile(
    r"<!--.*?-->"
    r"|<(?P<raw>script|style)\b(?P<settings>[^>]*)>(?P<text>.*?)</(?P=raw)\s*>"
    r"|<(?P<closes>/?)(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?P<attributes>[^>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^>\"']*)*)>",
    re.S | re.I,
)
ATTRIBUTE = re.compile(r"([^\s\"'=<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
NUMBER = re.compile(r"[\d.]+")
TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
WITHOUT_END = {"br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@functools.cache
def attributes(text):
    """Return the attributes of a tag by name."""
    found = ATTRIBUTE.findall(text)
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in found}


@functools.cache
def make(name, text):
    """Return how an element looks to a style sheet, and which attributes it has besides."""
    found = attributes(text)
    classes = ".".join(sorted(found.get("class", "").split()))
    style = NUMBER.sub("0", found.get("style", ""))  # colours by name stay
    return f"{name}.{classes}", f"{sorted(found.keys() - {'id'})} {style}"


class Page:
    """The links of a page, what it loads, the anchors that it offers and its sorts of elements.

    A sort is an element with its classes and attributes, those of its parent, and whether it is
    empty; or the text of a script but for what is quoted in it. Two pages of the same sorts look
    alike but for their words.
    """

    def __init__(self, text):
        self.links = []
        self.loads = []
        self.anchors = set()
        self.sorts = set()
        parents = [("", "")]  # name, and how it looks
        for tag in MARKUP.finditer(text):
            if tag["raw"]:
                self._take("script", tag["settings"])
                self.sorts.add(TEXT.sub("", tag["text"]))
            elif tag["closes"]:
                self._close(parents, tag["name"].lower())
            elif tag["name"]:
                name = tag["name"].lower()
                self._take(name, tag["attributes"])
                looks, has = make(name, tag["attributes"])
                empty = "empty" if text.startswith(f"</{name}", tag.end()) else ""
                self.sorts.add(f"{parents[-1][1]} > {looks} {has} {empty}")
                if name not in WITHOUT_END:
                    parents.append((name, looks))

    def _take(self, name, text):
        """Keep the links and the anchor of one tag."""
        found = attributes(text)
        self.links += [found[each] for each in ("href", "src") if each in found]
        loaded = "src" if found.get("rel") != "stylesheet" else "href"
        self.loads += [found[loaded]] if loaded in found else []
        names = ("id", "name") if name == "a" else ("id",)
        self.anchors |= {found[each] for each in names if found.get(each)}

    def files(self, page):
        """Return what the page of this address loads, as addresses on the site."""
        own = [each for each in self.loads if not urlsplit(each).scheme]
        return [normpath(join("/", dirname(page), urlsplit(each).path)) for each in own]

    @staticmethod
    def _close(parents, name):
        """Leave an element, and those in it that have no end of their own."""
        if any(name == each for each, _ in parents):
            while parents.pop()[0] != name:
                pass


def pages_below(root):
    """Return the pages of a site by their paths; below _static lie templates of the theme."""
    root = Path(root).resolve()
    paths = sorted(each for each in root.rglob("*.html") if "_static" not in each.parts)
    return {path: Page(path.read_text(encoding="utf-8")) for path in paths}
