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
    pages = check_site.pages_of(tmp_path)
    assert pages == sorted(f"{name}.html" for name in bad_site.PAGES)
    found = {(each.page, each.view, each.kind) for each in check_site.link_faults(tmp_path)}
    for page in pages:
        faults = check_site.weight_fault(tmp_path, page, [])
        found |= {(each.page, each.view, each.kind) for each in faults}
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


def test_templates_of_the_theme_are_no_pages(tools, tmp_path):
    check_site, _ = tools
    (tmp_path / "_static").mkdir()
    for name in ("a.html", "_static/b.html"):
        (tmp_path / name).write_text("")
    assert check_site.pages_of(tmp_path) == ["a.html"]


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
