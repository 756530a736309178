"""What tools/check_site.py says without a browser; with one, it proves itself by --self-test."""

import importlib
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture(scope="module")
def tools():
    sys.path.insert(0, str(TOOLS))
    try:
        yield importlib.import_module("check_site"), importlib.import_module("bad_site")
    finally:
        sys.path.remove(str(TOOLS))


def test_each_kind_of_fault_is_on_the_bad_site_and_some_pages_have_none(tools):
    check_site, bad_site = tools
    kinds = {kind for _, _, kind in bad_site.FAULTS}
    assert kinds == {
        "access", "console", "contrast", "formula", "image", "link", "network", "weight", "width"
    }  # fmt: skip
    assert {view for _, view, _ in bad_site.FAULTS} == {
        "any",
        *(view.name for view in check_site.VIEWS),
    }
    assert sum(not faults for _, faults in bad_site.PAGES.values()) >= 3


def test_dead_links_and_weights_of_the_bad_site_are_found(tools, tmp_path):
    check_site, bad_site = tools
    bad_site.write(tmp_path)
    pages, faults = check_site.read_site(tmp_path)
    assert sorted(pages) == sorted(f"{name}.html" for name in bad_site.PAGES)
    for page in pages:
        faults += check_site.weight_fault(tmp_path, page, [])
    found = {(each.page, each.view, each.kind) for each in faults}
    assert found == {fault for fault in bad_site.FAULTS if fault[2] in ("link", "weight")}


def test_what_a_page_loads_counts_once(tools, tmp_path):
    check_site, _ = tools
    (tmp_path / "a.html").write_text("x" * 500_000)  # compresses to next to nothing
    (tmp_path / "large picture.png").write_bytes(b"x" * 1_999_000)
    address = "http://127.0.0.1:1/large%20picture.png"
    assert check_site.weight_fault(tmp_path, "a.html", ["http://127.0.0.1:1/a.html"]) == []
    assert check_site.weight_fault(tmp_path, "a.html", [address, address]) == []
    (tmp_path / "b.png").write_bytes(b"x" * 1000)
    other = "http://127.0.0.1:1/b.png"
    (fault,) = check_site.weight_fault(tmp_path, "a.html", [address, other])
    assert "with all it loads, 1,999,000 of them for large picture.png" in str(fault)


def test_what_a_page_loads_is_read_from_it(tools, tmp_path):
    check_site, _ = tools
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.html").write_text(
        '<link rel="stylesheet" href="../look.css?v=1"><link rel="next" href="b.html">'
        '<img src="large%20picture.png"><script src="https://example.org/x.js"></script>'
        '<a href="c.html"><!-- <img src="old.png"> --></a>'
        '<iframe srcdoc="<img src=in.png>"></iframe>'
    )
    pages, _ = check_site.read_site(tmp_path)
    files = pages["deep/a.html"].files("deep/a.html")
    assert files == ["/look.css", "/deep/large%20picture.png"]
    (tmp_path / "deep" / "large picture.png").write_bytes(b"x" * 2_000_001)
    (fault,) = check_site.weight_fault(tmp_path, "deep/a.html", files)
    assert "2,000,001 of them for deep/large picture.png" in str(fault)


def test_pages_are_looked_at_alone_if_written_by_hand_or_of_a_new_sort(tools, tmp_path):
    check_site, _ = tools
    pages = {
        "index.html": "<p>by hand</p>",
        "again.html": "<p>by hand, too</p>",
        "parts/a.html": '<p>known</p><p class="note">new</p>',
        "parts/b.html": '<p class="note">as before</p>',
        "parts/c.html": '<p style="color: red">a new colour</p>',
        "parts/d.html": '<p style="width: 10%">a new style</p>',
        "parts/e.html": '<p style="width: 20%">the same but for a number</p>',
        "parts/f.html": "<p></p>",  # the first that is empty
        "parts/g.html": "<ul><li>a</ul><p>the list has ended</p>",
        "parts/h.html": "<br><ul><li>a</li></ul><p>a line break holds nothing</p>",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    alone = check_site.alone(check_site.read_site(tmp_path)[0])
    assert sorted({*pages} - {*alone}) == ["parts/b.html", "parts/e.html", "parts/g.html"]


def test_bundles_hold_each_page_once_and_of_one_folder(tools, tmp_path, monkeypatch):
    check_site, _ = tools
    names = [f"{folder}/{i}.html" for folder in ("code", "parts") for i in range(5)]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        text = f'<header></header><article><pre>a <b class="k">{name}</b></pre></article><footer>'
        path.write_text(text)
    monkeypatch.setattr(check_site, "BUNDLE", 250)
    packed = check_site.bundles(tmp_path, names)
    assert [name for held in packed.values() for name in held] == names
    assert len(packed) > 2
    for address, held in packed.items():
        text = check_site.bundled(tmp_path, held)
        assert {name.split("/")[0] for name in held} == {address.split("/")[0]}
        assert [name in text for name in names] == [name in held for name in names]
        assert [text.count(each) for each in ("<header", "<footer")] == [1, 1]
        assert f"<pre>a {held[-1]}</pre>" in text


def test_templates_of_the_theme_are_no_pages(tools, tmp_path):
    check_site, _ = tools
    (tmp_path / "_static").mkdir()
    for name in ("a.html", "_static/b.html"):
        (tmp_path / name).write_text("")
    assert [*check_site.read_site(tmp_path)[0]] == ["a.html"]


def test_a_missing_browser_is_named_with_the_remedy(tools, monkeypatch):
    check_site, _ = tools
    monkeypatch.setenv("OPTLITE_BROWSER", "no-such-browser")
    with pytest.raises(SystemExit, match=r"There is no browser \(no-such-browser\). Install Chrom"):
        check_site.find_browser()


def test_a_folder_is_asked_for(tools, capsys):
    check_site, _ = tools
    with pytest.raises(SystemExit):
        check_site.main(["no/such/folder"])
    assert "a folder of built pages is needed" in capsys.readouterr().err
