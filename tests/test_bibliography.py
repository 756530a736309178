"""The bibliography: sources are read as they are written, and each work is listed once."""

import itertools
import re
from pathlib import Path

import pytest
from site_extensions import load

from optlite import exercises

ROOT = Path(__file__).resolve().parents[1]


bibliography = load("bibliography")
MENTIONS = [(link, text) for text, link, _ in bibliography.mentions()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1",
            [("Kingma and Ba", "Adam: a method for stochastic optimization", "2015")],
        ),
        (
            "Chen et al., Symbolic discovery, 2023, program 1; Huber, Robust estimation, 1964, eq. "
            "2",
            [("Chen et al.", "Symbolic discovery", "2023"), ("Huber", "Robust estimation", "1964")],
        ),
        (
            "L. Wu, C. Ma and W. E, How SGD selects: a view, NeurIPS 2018. J. van den Berg, Trees "
            "and forests, 2006, sections 3.2 and 5. The numbers are ours.",
            [
                ("L. Wu, C. Ma and W. E", "How SGD selects: a view", "2018"),
                ("J. van den Berg", "Trees and forests", "2006"),
            ],
        ),
        (
            "Mishchenko and Defazio, When, why and how much? A study, 2023. The worst function: "
            "Drori and Teboulle, An optimal variant, 2016.",
            [
                ("Mishchenko and Defazio", "When, why and how much? A study", "2023"),
                ("Drori and Teboulle", "An optimal variant", "2016"),
            ],
        ),
        ("The numbers behind are ours.", []),
    ],
)
def test_sources_are_read(text, expected):
    found = bibliography.works(text)
    assert [(work.authors, work.title, work.year) for work in found] == expected


def test_a_source_without_a_title_is_refused():
    with pytest.raises(ValueError, match=r"no title .*write Authors, Title, year"):
        bibliography.works("Huber, 1964")


def test_identifiers_become_links():
    first, second = bibliography.works(
        "Lion and Bear, Signs, 2023, program 1, arXiv:2302.06675; Huber, Robust, 1964, "
        "doi:10.1214/a.b."
    )
    assert first.links == {"arXiv:2302.06675": "https://arxiv.org/abs/2302.06675"}
    assert second.links == {"doi:10.1214/a.b": "https://doi.org/10.1214/a.b"}


def test_a_text_refers_to_a_work_by_names_and_year():
    found = bibliography.works(
        "B. Polyak, A, 1964. H.-Y. Gao and A. Bruce, B, 1997. C. Li et al., C, 2018. A, B and C, "
        "D, 2020."
    )
    short = [work.short for work in found]
    assert short == ["Polyak 1964", "Gao and Bruce 1997", "Li et al. 2018", "A et al. 2020"]


def test_mentions_of_a_work_become_one_with_all_that_they_know():
    one, two = (
        bibliography.works(text)[0]
        for text in ("Peyre et al., The Map, 2018, arXiv:1802.00001", "Peyré and Wu, The map, 2018")
    )
    assert one.key == two.key
    bibliography.merge(one, two)
    assert one.authors == "Peyré and Wu"
    assert list(one.links) == ["arXiv:1802.00001"]
    two.year = "2019"
    one.cited_by = ["here"]
    with pytest.raises(ValueError, match="2018 in one place and of 2019 in another"):
        bibliography.merge(one, two)


@pytest.mark.parametrize(("link", "text"), MENTIONS, ids=[link for link, _ in MENTIONS])
def test_whatever_has_a_source_names_it_in_the_same_form(link, text):
    found = bibliography.works(text)
    assert found, "write Authors, Title, year"
    for work in found:
        # "LeCun, Bottou, Efficient BackProp": without "and" the second author begins the title.
        assert not re.match(r"[A-Z]\w+, [A-Z]", work.title), f"write 'and' before {work.title!r}"
        assert work.surname[0].isupper() or work.surname.split()[0] in bibliography.PARTICLES


def test_each_work_is_listed_once_with_what_cites_it():
    found = bibliography.collect()
    page = bibliography.page_text()
    labels = re.findall(r"^\.\. _(work-\w+):$", page, re.M)
    assert labels == [f"work-{key}" for key in found]
    assert len(set(labels)) == len(labels) > 200
    for link, text in MENTIONS:
        assert link in page
        for label in re.findall(r"<(work-\w+)>", bibliography.references(text)):
            assert label in labels
    for name in exercises.list():
        assert f"<exercise-{name}>" in page
    for work in found.values():
        assert sum(name.startswith("arXiv") for name in work.links) <= 1, work


def test_no_line_begins_as_a_numbered_list_does():
    """A line "M. Advani, ..." would be the entry M of a list, and not a term with its words."""
    lines = bibliography.page_text().splitlines()
    terms = [line for line, after in itertools.pairwise(lines) if after[:6] == "   In "]
    assert len(terms) == len(bibliography.collect())
    assert any(re.match(r"\\?[A-Z]\. ", term) for term in terms)
    assert not [term for term in terms if re.match(r"\(?(?:[A-Za-z]|[IVXLCDM]+)[.)] ", term)]


def test_titles_that_are_the_beginning_of_another_of_the_same_year_are_the_same_work():
    found = bibliography.collect()
    for key, work in found.items():
        for other in found.values():
            if other.surname == work.surname and other.year == work.year:
                assert other.key == key or not other.key.startswith(key), (work, other)
