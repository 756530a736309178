"""Look at every page of the built site: ``python tools/check_site.py docs/_build/html``.

A browser opens a page as wide as a desk's screen and as a phone's, in light and in dark colours.
The page is at fault if

- the console shows an error, a file is missing, or another host is asked for one;
- an image does not load, or a formula is an error;
- it scrolls sideways, or text has less contrast than WCAG asks for;
- axe-core finds an accessibility problem that it calls serious or critical;
- it weighs more than two megabytes, compressed as hosts do and animations left out;
- a link within the site leads nowhere (``check_links.py``, without the browser).

All pages are looked at so that were written by hand, lessons and examples, too. Of those that
programs write, the ones are that have a new sort of element (``site_pages.py``). The others are
read for links and weight, and shown in bundles, many articles on one page, in the same four ways: a
bundle with a fault is looked at page by page. ``--every`` opens each page by itself instead, which
takes several times as long.

Needs ``pip install --group site`` and Chromium or Chrome, which is looked for on the path and under
``OPTLITE_BROWSER``. ``--self-test`` looks at a small site with one fault of each kind instead, and
fails if one is not found. The exit status is 1 if there is a fault.
"""

import argparse
import asyncio
import functools
import http.server
import importlib.util
import os
import re
import resource
import shutil
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from check_links import dead_links
from site_pages import pages_below

HEAVIEST = 2_000_000  # bytes
TABS = 2
GENERATED = ("_modules/", "api/generated/", "code/", "parts/")  # folders that programs fill
BUNDLE = 2_000_000  # characters
LISTING, TAG = re.compile(r"<pre>(.*?)</pre>", re.S), re.compile(r"<[^>]*>")
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "chromium-headless-shell", "chrome")
# Without a sandbox, as root has none; and nothing that talks to other hosts by itself.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@dataclass(frozen=True)
class View:
    """A way to look at a page."""

    name: str
    width: int
    height: int
    colors: str


# Narrow first: scripts of the theme make what scrolls reachable by the keyboard when a page is
# loaded. And last, as axe-core is slow and looks at a page once.
VIEWS = (
    View("phone, light", 390, 844, "light"),
    View("desk, light", 1280, 900, "light"),
    View("desk, dark", 1280, 900, "dark"),
    View("phone, dark", 390, 844, "dark"),
)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a page, and in which view."""

    page: str
    view: str
    kind: str
    text: str

    def __str__(self):
        return f"{self.page} [{self.view}] {self.kind}: {self.text}"


# Without a browser --------------------------------------------------------------------------------


def read_site(root):
    """Return the pages by their addresses, and a fault for each dead link within the site."""
    pages = pages_below(root)
    dead = dead_links(root, pages)
    faults = [Fault(page, "any", "link", f"{link}: {why}") for page, link, why in dead]
    return {path.relative_to(root).as_posix(): page for path, page in pages.items()}, faults


def alone(pages):
    """Return the addresses of the pages to be looked at by themselves, richest first."""

    def order(name):
        return name.startswith(GENERATED), -len(pages[name].sorts), name

    known, chosen = set(), []
    for name in sorted(pages, key=order):
        if not name.startswith(GENERATED) or not pages[name].sorts <= known:
            chosen.append(name)
            known |= pages[name].sorts
    return chosen


def bundles(root, names):
    """Return pages by the address of their bundle: of one folder, so that links stay right."""
    made, last = {}, {}
    for name in names:
        folder, size = PurePosixPath(name).parent, (root / name).stat().st_size
        address, filled = last.get(folder, ("", BUNDLE))
        if filled + size > BUNDLE:
            address, filled = f"{folder}/-bundle-{len(made)}.html", 0
            made[address] = []
        made[address].append(name)
        last[folder] = (address, filled + size)
    return made


def article(text):
    """Return what a page holds between its header and its footer, listings in one colour."""
    whole = text[text.index("<article") : text.rindex("</article>") + len("</article>")]
    return LISTING.sub(lambda listing: f"<pre>{TAG.sub('', listing[1])}</pre>", whole)


def bundled(root, names):
    """Return the text of the first page with the articles of all."""
    articles = [article((root / name).read_text(encoding="utf-8")) for name in names]
    first = (root / names[0]).read_text(encoding="utf-8")
    begin, end = first.index("<article"), first.rindex("</article>")
    return f"{first[:begin]}{''.join(articles)}{first[end:]}"


@functools.cache
def weight(path):
    """Return the bytes that a host sends: text is compressed, as hosts do.

    Animations are pages in themselves and do not count.
    """
    if not path.is_file():
        return 0
    if path.suffix not in (".html", ".js", ".css", ".svg"):
        return path.stat().st_size
    return len(zlib.compress(re.sub(rb'srcdoc="[^"]*"', b"", path.read_bytes())))


def weight_fault(root, page, resources):
    """Return a list with the fault of a page that is too heavy, or an empty one."""
    files = {page, *(unquote(urlsplit(url).path).lstrip("/") for url in resources)}
    weights = {name: weight(Path(root) / name) for name in files}
    total = sum(weights.values())
    if total <= HEAVIEST:
        return []
    most = max(weights, key=weights.get)
    text = f"{total:,} bytes with all it loads, {weights[most]:,} of them for {most}"
    return [Fault(page, "any", "weight", text)]


def find_browser():
    """Return the path of a browser, or end with a sentence."""
    wanted = os.environ.get("OPTLITE_BROWSER")
    names = [wanted] if wanted else BROWSERS
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit(
            f"There is no browser ({', '.join(names)}). Install Chromium (Debian's package is "
            "called chromium), or set OPTLITE_BROWSER to the path of Chromium or Chrome."
        )
    return found


def find_axe():
    """Return where the script of axe-core lies."""
    spec = importlib.util.find_spec("axe_playwright_python")
    scripts = sorted(Path(spec.origin).parent.rglob("axe.min.js")) if spec else []
    if not scripts:
        sys.exit("axe-core is missing: pip install --group site")
    return scripts[0]


# The site on a server of its own ------------------------------------------------------------------


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of the site, and others beside them; the browser may keep what it compiled."""

    protocol_version = "HTTP/1.1"
    others = None  # files by address

    def translate_path(self, path):
        """Return the file of an address."""
        return str(self.others.get(path) or super().translate_path(path))

    def end_headers(self):
        """Let files be cached for the time of a run."""
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def served(root, others):
    """Serve a folder on this machine, and other files by their addresses; gives its address."""
    handler = functools.partial(Handler, directory=str(root))
    Handler.others = others
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def bundles_served(root, packed):
    """Serve a site with its bundles and axe-core."""
    with tempfile.TemporaryDirectory() as folder:
        others = {"/-/axe.js": find_axe()}
        for number, (address, names) in enumerate(packed.items()):
            path = others[f"/{address}"] = Path(folder) / f"{number}.html"
            path.write_text(bundled(root, names), encoding="utf-8")
        with served(root, others) as address:
            yield address


# In the browser -----------------------------------------------------------------------------------


class Tab:
    """One tab, and what it heard while it had a page open."""

    def __init__(self, tab, address, root, known):
        self.tab, self.address, self.root = tab, address, root
        self.known = known  # sorts of elements that axe-core has seen, in any tab
        self.heard = []
        tab.on("console", lambda message: self._hear_console(message))
        tab.on("pageerror", lambda error: self._hear("console", str(error)))
        tab.on("request", lambda request: self._hear_request(request.url))
        tab.on("requestfailed", lambda request: self._hear("network", f"{request.url} failed"))
        tab.on("response", lambda answer: self._hear_response(answer))

    def _hear(self, kind, text):
        self.heard.append((kind, text))

    def _hear_console(self, message):
        # A file that is not there is heard as a response, too, and by its name.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._hear("console", message.text)

    def _hear_request(self, url):
        if url.startswith("http") and not url.startswith(self.address):
            self._hear("network", f"asks another host: {url}")

    def _hear_response(self, answer):
        if answer.status >= 400 and not answer.url.endswith("/favicon.ico"):
            self._hear("network", f"{answer.status} {answer.url.removeprefix(self.address)}")

    async def look(self, page):
        """Return the faults of one page."""
        self.heard.clear()
        faults, resources = await self._view(page)
        sorts = set(await self.tab.evaluate("sortsOfElements()"))
        if sorts - self.known:  # else a page of the same make has been looked at
            self.known |= sorts
            found = await self._ask_axe()
            faults += [Fault(page, VIEWS[-1].name, *each) for each in found]
        heard = dict.fromkeys(self.heard)  # each once
        faults += [Fault(page, "any", kind, text) for kind, text in heard]
        return faults + weight_fault(self.root, page, resources)

    async def glance(self, page):
        """Tell whether a bundle of pages may have a fault."""
        self.heard.clear()
        faults, _ = await self._view(page)
        return bool(faults or self.heard)

    async def _view(self, page):
        """Return what is wrong with a page in the views, and the addresses of all that it loads."""
        faults, resources = [], []
        for view in VIEWS:
            await self.tab.set_viewport_size({"width": view.width, "height": view.height})
            await self.tab.emulate_media(color_scheme=view.colors)
            resources = resources or await self._open(page)
            await self.tab.evaluate("colours => turnColours(colours)", view.colors)
            found = await self.tab.evaluate("viewFaults()")
            faults += [Fault(page, view.name, *each) for each in found]
        return faults, resources

    async def _open(self, page):
        """Load a page until it is complete; return the addresses of all that it has loaded."""
        await self.tab.goto(f"{self.address}/{quote(page)}", wait_until="load")
        script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
        await self.tab.evaluate(script)
        return [self.tab.url, *await self.tab.evaluate("pageIsComplete()")]

    async def _ask_axe(self):
        """Return what axe-core finds, in frames, too."""
        # The theme lets the keyboard reach boxes that scroll 300 ms after the width has changed.
        await self.tab.evaluate("new Promise((done) => setTimeout(done, 400))")
        for frame in self.tab.frames:
            await frame.add_script_tag(url=f"{self.address}/-/axe.js")
        return await self.tab.evaluate("accessFaults()")


async def look_at(root, pages, packed):
    """Return the faults of pages, a few tabs at a time, and the browser's seconds of CPU."""
    from playwright.async_api import async_playwright

    browser_path = find_browser()
    faults, known, left = [], set(), [*pages, *packed][::-1]
    with bundles_served(root, packed) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path, args=SWITCHES)
            context = await browser.new_context()

            async def work():
                tab = Tab(await context.new_page(), address, root, known)
                while left:
                    page = left.pop()
                    if page not in packed:
                        faults.extend(await tab.look(page))
                    elif await tab.glance(page):
                        left.extend(packed[page])

            await asyncio.gather(*(work() for _ in range(TABS)))
            used = await seconds_of_processor(browser)
            await browser.close()
    return faults, used


async def version_of_browser():
    """Start the browser; return what it calls itself, or end with a sentence."""
    from playwright.async_api import Error, async_playwright

    path = find_browser()
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=path, args=SWITCHES)
        except Error as error:
            sys.exit(f"{path} does not start: {error.message.splitlines()[0]}")
        return f"{path}, version {browser.version}"


async def seconds_of_processor(browser):
    """Return what the browser has used: it is no child of this process."""
    session = await browser.new_browser_cdp_session()
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    return sum(process["cpuTime"] for process in processes)


def check(root, wanted=(), every=False):
    """Return all faults of a site or some pages, what was looked at, and the browser's seconds."""
    root = Path(root).resolve()
    pages, faults = read_site(root)
    looked_at = list(wanted) or (sorted(pages) if every else alone(pages))
    others = [] if wanted else sorted(pages.keys() - set(looked_at))
    for page in others:
        faults += weight_fault(root, page, pages[page].files(page))
    found, used = asyncio.run(look_at(root, looked_at, bundles(root, others)))
    counts = f"{len(looked_at) + len(others)} pages, {len(looked_at)} of them by themselves"
    return sorted(faults + found, key=lambda fault: (fault.page, fault.view)), counts, used


# The command --------------------------------------------------------------------------------------


def self_test():
    """Look at a site with known faults; return what was not found, or found without being there."""
    import bad_site

    with tempfile.TemporaryDirectory() as folder:
        bad_site.write(folder)
        found = Counter((each.page, each.view, each.kind) for each in check(folder)[0])
    wrong = [f"not found: {each}" for each in bad_site.FAULTS if not found[each]]
    wrong += [f"found, but not there: {each}" for each in found if each not in bad_site.FAULTS]
    return wrong


def main(arguments):
    """Print the faults and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", nargs="?", help="folder of the built site")
    parser.add_argument("pages", nargs="*", help="only these, such as index.html")
    parser.add_argument("--every", action="store_true", help="each page by itself: slow")
    parser.add_argument("--self-test", action="store_true", help="look at a site with known faults")
    parser.add_argument("--browser", action="store_true", help="only say which browser runs here")
    options = parser.parse_args(arguments)
    if options.browser:
        print(asyncio.run(version_of_browser()))
        return 0
    if options.self_test:
        wrong = self_test()
        print(
            *wrong or ["The check finds what is wrong with the bad site, no more and no less."],
            sep="\n",
        )
        return 1 if wrong else 0
    if options.root is None or not Path(options.root).is_dir():
        parser.error("a folder of built pages is needed, such as docs/_build/html.")
    start = time.perf_counter()
    faults, counts, used = check(options.root, options.pages, options.every)
    print(*faults, sep="\n", end="\n" if faults else "")
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used += sum(sum(resource.getrusage(each)[:2]) for each in processes)
    print(
        f"{counts}, {len(faults)} fault(s), "
        f"{time.perf_counter() - start:.0f} s ({used:.0f} s of CPU)"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
