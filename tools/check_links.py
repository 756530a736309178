"""Find dead links inside a built copy of the documentation.

Run ``python tools/check_links.py docs/_build/html``. Links to other sites are not visited. The exit
status is 1 if a link points to a page, file or anchor that does not exist.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Collect the targets that a page links to and the anchors that it offers."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.links = []
        self.anchors = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Keep what matters of one tag."""
        for name, value in attributes:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            elif value and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)


def is_internal(link):
    """Tell whether a link stays within the site."""
    parts = urlsplit(link)
    return not parts.scheme and not parts.netloc


def dead_links(root):
    """Return (page, link, reason) for each internal link that leads nowhere."""
    root = Path(root).resolve()
    # Below _static lie templates of the theme, not pages.
    paths = sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in paths}
    dead = []
    for path, page in pages.items():
        for link in filter(is_internal, page.links):
            reason = _what_is_wrong(path, link, pages)
            if reason:
                dead.append((path.relative_to(root).as_posix(), link, reason))
    return dead


def _what_is_wrong(path, link, pages):
    """Return why a link is dead, or an empty string."""
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return "there is no such file"
    fragment = unquote(parts.fragment)
    if fragment and target in pages and fragment not in pages[target].anchors:
        return f"the page has no anchor {fragment!r}"
    return ""


def main(arguments):
    """Print the dead links and return the exit status."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python tools/check_links.py DIRECTORY_OF_BUILT_HTML", file=sys.stderr)
        return 2
    dead = dead_links(arguments[0])
    for page, link, reason in dead:
        print(f"{page}: {link}: {reason}")
    print(f"{len(dead)} dead internal link(s)")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
