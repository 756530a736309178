"""A small site with one fault of each kind, to prove that check_site.py finds them."""

import random
from pathlib import Path

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{name}</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><article><h1 id="top">{name}</h1>
{body}
</article></main></body>
</html>
"""
DOT = (  # a picture of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg"
    "=="
)
# Of random bytes in hexadecimal digits no compression makes fewer than two million.
LARGE = random.Random(0).randbytes(2_200_000).hex()
ALL = ("phone, light", "desk, light", "desk, dark", "phone, dark")

# Of each page: what it holds, and the (view, kind) of its faults.
PAGES = {
    "good": (
        f'<p>All is well. <a href="anchor.html#top">Next</a></p>'
        f'<img alt="a dot" src="data:image/png;base64,{DOT}">',
        [],
    ),
    "console": ('<script>console.error("broken")</script>', [("any", "console")]),
    "exception": ("<script>undefinedFunction()</script>", [("any", "console")]),
    "script": (
        '<script src="gone.js"></script>',
        [("any", "network"), ("any", "link")],
    ),
    "host": (
        '<script async src="http://localhost:1/there.js"></script>',
        [("any", "network")],
    ),
    "image": (
        '<img alt="a gap" src="gone.png">',
        [*((view, "image") for view in ALL), ("any", "network"), ("any", "link")],
    ),
    "file": ('<a href="gone.html">elsewhere</a>', [("any", "link")]),
    "anchor": ('<a href="good.html#nowhere">elsewhere</a>', [("any", "link")]),
    "formula": (
        "<mjx-merror>undefined control sequence</mjx-merror>",
        [(view, "formula") for view in ALL],
    ),
    "wide": (
        '<p style="width: 700px">wider than a phone</p>',
        [("phone, light", "width"), ("phone, dark", "width")],
    ),
    "inner": (
        '<style>main { overflow-x: auto }</style><p style="width: 700px">the article scrolls</p>'
        '<script>document.querySelector("main").tabIndex = 0</script>',
        [("phone, light", "width"), ("phone, dark", "width")],
    ),
    "boxed": (
        '<div style="overflow-x: auto" tabindex="0"><p style="width: 700px">in a box</p></div>',
        [],
    ),
    "dark": (
        "<style>@media (prefers-color-scheme: dark) "
        "{ body { background: #333 } h1 { color: #fff } p { color: #555 } }</style>"
        "<p>grey on grey at night</p>",
        [("desk, dark", "contrast"), ("phone, dark", "contrast")],
    ),
    # Nothing wrong, of the sorts that bundled pages have below.
    "grey": (
        '<p style="color: #333">dark grey</p>'
        '<p style="color-scheme: light dark; color: light-dark(#333, #444)">at night, too</p>'
        '<p style="width: calc(100vw * 1 - 500px)">as wide as the screen</p>',
        [],
    ),
    "unnamed": (
        f'<img src="data:image/png;base64,{DOT}">',
        [("phone, dark", "access")],
    ),
    "nameless": (
        '<input type="text">',
        [("phone, dark", "access")],
    ),
    "heavy": (f"<!-- {LARGE} -->", [("any", "weight")]),
    "animation": (
        f'<iframe title="moves" srcdoc="<html lang=en><title>moves</title><!-- {LARGE} -->'
        '<p>moves</p>"></iframe>',
        [],
    ),
    # Pages as programs write them, of sorts that are known: seen in a bundle, then by themselves.
    "parts/good": ("<p>All is well.</p>", []),
    "parts/wide": (
        '<p style="width: 900px">wider than a phone</p>',
        [("phone, light", "width"), ("phone, dark", "width")],
    ),
    "parts/wide_desk": (
        '<p style="width: calc(100vw * 2 - 500px)">wider than a desk</p>',
        [("desk, light", "width"), ("desk, dark", "width")],
    ),
    "parts/grey": (
        '<p style="color: #888">light grey</p>',
        [(view, "contrast") for view in ALL],
    ),
    "parts/dark": (
        '<p style="color-scheme: light dark; color: light-dark(#333, #888)">grey at night</p>',
        [("desk, dark", "contrast"), ("phone, dark", "contrast")],
    ),
    "code/formula": (
        "<mjx-merror>undefined</mjx-merror>",
        [(view, "formula") for view in ALL],
    ),
    "code/image": (
        '<img alt="a gap" src="lost.png">',
        [*((view, "image") for view in ALL), ("any", "network"), ("any", "link")],
    ),
    "code/heavy": (f"<!-- {LARGE} -->", [("any", "weight")]),
    # Of a sort that is new.
    "code/new": ("<select><option>nameless</option></select>", [("phone, dark", "access")]),
}

FAULTS = {
    (f"{name}.html", view, kind) for name, (_, faults) in PAGES.items() for view, kind in faults
}


def write(folder):
    """Write the pages."""
    for name, (body, _) in PAGES.items():
        path = Path(folder) / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGE.format(name=name, body=body), encoding="utf-8")
