"""Look at every page of the built site: ``python tools/check_site.py docs/_build/html``.

A browser opens each page as wide as a desk's screen and as a phone's, in light and in dark colours.
A page is at fault if

- the console shows an error, a file is missing, or another host is asked for one;
- an image does not load, or a formula is an error;
- it scrolls sideways, or text has less contrast than WCAG asks for;
- axe-core finds an accessibility problem that it calls serious or critical;
- it weighs more than two megabytes, compressed as hosts do and animations left out;
- a link within the site leads nowhere (``check_links.py``, without the browser).

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
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from check_links import dead_links

HEAVIEST = 2_000_000  # bytes
TABS = 2
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "chrome")
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


def pages_of(root):
    """Return the addresses of all pages; below _static lie templates of the theme."""
    paths = (path.relative_to(root) for path in Path(root).rglob("*.html"))
    return sorted(path.as_posix() for path in paths if "_static" not in path.parts)


def link_faults(root):
    """Return a fault for each internal link that leads nowhere."""
    return [Fault(page, "any", "link", f"{link}: {why}") for page, link, why in dead_links(root)]


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
    """Files of the site, and axe-core beside them; the browser may keep what it compiled."""

    protocol_version = "HTTP/1.1"
    axe = None

    def translate_path(self, path):
        """Return the file of an address."""
        return str(self.axe) if path == "/-/axe.js" else super().translate_path(path)

    def end_headers(self):
        """Let files be cached for the time of a run."""
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def served(root):
    """Serve a folder on this machine; gives its address."""
    handler = functools.partial(Handler, directory=str(root))
    Handler.axe = find_axe()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


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
        faults, resources = [], []
        for view in VIEWS:
            size = {"width": view.width, "height": view.height}
            await self.tab.set_viewport_size(size)
            await self.tab.emulate_media(color_scheme=view.colors)
            if not resources:
                await self.tab.goto(f"{self.address}/{quote(page)}", wait_until="load")
                resources = await self._prepare()
            await self.tab.evaluate("colours => turnColours(colours)", view.colors)
            found = await self.tab.evaluate("viewFaults()")
            faults += [Fault(page, view.name, *each) for each in found]
        sorts = set(await self.tab.evaluate("sortsOfElements()"))
        if sorts - self.known:  # else a page of the same make has been looked at
            self.known |= sorts
            found = await self._ask_axe()
            faults += [Fault(page, VIEWS[-1].name, *each) for each in found]
        heard = dict.fromkeys(self.heard)  # each once
        faults += [Fault(page, "any", kind, text) for kind, text in heard]
        return faults + weight_fault(self.root, page, resources)

    async def _prepare(self):
        """Wait until the page is complete; return the addresses of all that it has loaded."""
        script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
        await self.tab.evaluate(script)
        resources = await self.tab.evaluate("pageIsComplete()")
        return [self.tab.url, *resources]

    async def _ask_axe(self):
        """Return what axe-core finds, in frames, too."""
        for frame in self.tab.frames:
            await frame.add_script_tag(url=f"{self.address}/-/axe.js")
        return await self.tab.evaluate("accessFaults()")


async def look_at(root, pages):
    """Return the faults of all pages, a few tabs at a time, and the browser's seconds of CPU."""
    from playwright.async_api import async_playwright

    browser_path = find_browser()
    faults, left, known = [], list(reversed(pages)), set()
    with served(root) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=browser_path, args=SWITCHES)
            context = await browser.new_context()

            async def work():
                tab = Tab(await context.new_page(), address, root, known)
                while left:
                    faults.extend(await tab.look(left.pop()))

            await asyncio.gather(*(work() for _ in range(TABS)))
            used = await seconds_of_processor(browser)
            await browser.close()
    return faults, used


async def seconds_of_processor(browser):
    """Return what the browser has used: it is no child of this process."""
    session = await browser.new_browser_cdp_session()
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    return sum(process["cpuTime"] for process in processes)


def check(root, pages=None):
    """Return all faults of a site, or of some of its pages, and the browser's seconds of CPU."""
    root = Path(root).resolve()
    faults, used = asyncio.run(look_at(root, pages_of(root) if pages is None else pages))
    faults += link_faults(root)
    return sorted(faults, key=lambda fault: (fault.page, fault.view)), used


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
    parser.add_argument("--self-test", action="store_true", help="look at a site with known faults")
    options = parser.parse_args(arguments)
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
    faults, used = check(options.root, options.pages or None)
    print(*faults, sep="\n", end="\n" if faults else "")
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used += sum(sum(resource.getrusage(each)[:2]) for each in processes)
    print(
        f"{len(options.pages or pages_of(options.root))} pages, {len(faults)} fault(s), "
        f"{time.perf_counter() - start:.0f} s ({used:.0f} s of CPU)"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
