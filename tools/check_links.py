"""Find dead links inside a built copy of the documentation.

Run ``python tools/check_links.py docs/_build/html``. Links to other sites are not visited. The exit
status is 1 if a link points to a page, file or anchor that does not exist.
"""

import functools
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from site_pages import pages_below


def is_internal(link):
    """Tell whether a link stays within the site."""
    parts = urlsplit(link)
    return not parts.scheme and not parts.netloc


def dead_links(root, pages=None):
    """Return (page, link, reason) for each internal link that leads nowhere."""
    root = Path(root).resolve()
    pages = pages_below(root) if pages is None else pages
    dead = []
    for path, page in pages.items():
        for link in filter(is_internal, dict.fromkeys(page.links)):
            reason = _what_is_wrong(path, link, pages)
            if reason:
                dead.append((path.relative_to(root).as_posix(), link, reason))
    return dead


@functools.cache
def _target(folder, path):
    """Return the file that a link from a folder means, or None."""
    target = (folder / unquote(path)).resolve()
    if target.is_dir():
        target = target / "index.html"
    return target if target.exists() else None


def _what_is_wrong(path, link, pages):
    """Return why a link is dead, or an empty string."""
    parts = urlsplit(link)
    target = _target(path.parent, parts.path) if parts.path else path
    if target is None:
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
