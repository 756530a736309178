"""Sphinx extension: the page of all works that parts, lessons and exercises name as their sources.

The sources stand where they are used: in the header of a part and its NumPy twin, in the paragraph
**Sources.** of a lesson, in the statement of an exercise. This reads them there and lists each work
once, with links to what cites it. A source is written as

    Authors, Title, year, place in it

with "and" before the last author, or "et al."; the next one follows after a semicolon or a full
stop. ``arXiv:1412.6980`` or ``doi:...`` after the year, in any one of them, becomes a link.
"""

import dataclasses
import re
import unicodedata
from pathlib import Path

import course
from registered_parts import all_records, twin_path
from written_pages import escape, write_if_changed

from optlite import exercises

DOCUMENT = "bibliography"
INTRODUCTION = """
What the parts, lessons and exercises of this site are taken from. The list is made from them, as
each names its sources, so that every line says where a work is used.
"""
YEAR = re.compile(r",\s(?:[A-Z]\w+\s)?((?:1[89]|20)\d\d)\b")
#: What may stand between a year and the next work: "algorithm 2", "eq. 3 and section 3.2".
PLACE = re.compile(r"(?:eq\. |\.(?=[\dA-Za-z])|[^.;])*")
PREFIX = re.compile(r"^(?:[a-z][^,:]*: |[A-Z][a-z ]+ [a-z]+: )")
PARTICLES = {"van", "von", "den", "der", "de", "di", "la", "le"}
ARXIV = re.compile(r"\barXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})\b")
DOI = re.compile(r"\bdoi:(10\.\d{4,9}/[^\s,;]*[^\s,;.])")


@dataclasses.dataclass
class Work:
    """A publication, and what cites it."""

    authors: str
    title: str
    year: str
    links: dict = dataclasses.field(default_factory=dict)  # text -> address
    cited_by: list = dataclasses.field(default_factory=list)  # reStructuredText

    @property
    def key(self):
        """What two mentions of it have in common."""
        return "".join(re.findall(r"\w", plain(self.title)))

    @property
    def surname(self):
        """Family name of the first author."""
        first = re.split(r", | and | et al\.", self.authors)[0]
        words = [word for word in first.split() if not word.endswith(".")]
        return " ".join(words)

    @property
    def short(self):
        """How a text refers to it."""
        count = len(re.split(r", | and ", self.authors))
        if count > 2 or "et al." in self.authors:
            return f"{self.surname} et al. {self.year}"
        if count == 2:
            other = self.authors.split(" and ")[1].split()
            names = " ".join(word for word in other if not word.endswith("."))
            return f"{self.surname} and {names} {self.year}"
        return f"{self.surname} {self.year}"


def plain(text):
    """Return a text in lower case without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


# Reading ------------------------------------------------------------------------------------------


def works(text):
    """Return the works that a text names, in order.

    What comes before the first of them, or after the last, must not look like one: a year after a
    comma.
    """
    text, found, place = " ".join(text.split()), [], 0
    while match := YEAR.search(text, place):
        authors, title = split(PREFIX.sub("", text[place : match.start()]))
        end = PLACE.match(text, match.end()).end()
        found.append(Work(authors, title, match[1], links(text[match.end() : end])))
        place = len(text) - len(text[end:].lstrip(".; "))
    return found


def split(text):
    """Return the authors and the title."""
    chunks = text.split(", ")
    for count, chunk in enumerate(chunks, 1):
        last_two = chunk.split(" and ")
        if chunk.endswith(" et al.") or (len(last_two) == 2 and all(map(is_name, last_two))):
            return ", ".join(chunks[:count]), ", ".join(chunks[count:])
        if not is_name(chunk):
            break
    if len(chunks) < 2:
        raise ValueError(f"no title in the source {text!r}: write Authors, Title, year.")
    return chunks[0], ", ".join(chunks[1:])


def is_name(text):
    """Say whether all words begin like those of a name."""
    return all(word[0].isupper() or word in PARTICLES for word in text.split())


def links(text):
    """Return the addresses of the identifiers in a text."""
    found = {f"arXiv:{name}": f"https://arxiv.org/abs/{name}" for name in ARXIV.findall(text)}
    return found | {f"doi:{name}": f"https://doi.org/{name}" for name in DOI.findall(text)}


# Collecting ---------------------------------------------------------------------------------------


def sources_of_lesson(lesson):
    """Return the paragraph with the sources of a lesson, without its marks."""
    script = lesson.script.read_text(encoding="utf-8")
    paragraph = script.rpartition("# **Sources.**")[2]
    return " ".join(line.lstrip("# ") for line in paragraph.splitlines())


def sources_of_exercise(exercise):
    """Return the sentences that name the source of an exercise."""
    return re.search(r"\bSources?: (.*)", exercise.statement, re.S)[1].split("\n\n")[0]


def sources_of_twin(record):
    """Return what the docstring of a twin names after its formulas; nothing where there is none."""
    path = twin_path(record)
    return course.docstring(path).rpartition("\n\n")[2] if path.exists() else ""


def mentions():
    """Yield each text with sources, what links to its page, and the texts that add identifiers."""
    for lesson in course.LESSONS:
        yield sources_of_lesson(lesson), f":doc:`/{lesson.document}`", ""
    for record in all_records():
        label = f"part-{record['kind']}-{record['name']}"
        link = f":ref:`{record['class_name']} <{label}>`"
        yield record["reference"], link, sources_of_twin(record)
    for name in exercises.list():
        link = f":ref:`exercise {name} <exercise-{name}>`"
        yield sources_of_exercise(exercises.get(name)), link, ""


def collect():
    """Return all works by their key, in the order of authors and years."""
    found = {}
    for text, link, more in mentions():
        for work in works(text):
            known = found.setdefault(work.key, work)
            merge(known, work)
            if link not in known.cited_by:
                known.cited_by.append(link)
        for work in works(more):
            if work.key in found:
                found[work.key].links |= work.links
    return dict(sorted(found.items(), key=lambda item: (plain(order(item[1])), item[1].year)))


def order(work):
    """Return the family name without particles, and the other authors."""
    words = [word for word in work.surname.split() if word not in PARTICLES]
    return f"{' '.join(words)} {work.authors}"


def merge(known, work):
    """Add what another mention knows: more of the authors, identifiers."""
    if known.year != work.year:
        raise ValueError(
            f"{work.title!r} is of {known.year} in one place and of {work.year} in another "
            f"({known.cited_by[0]} has the first): give them the same year."
        )
    if ("et al." in work.authors, -len(work.authors)) < (
        "et al." in known.authors,
        -len(known.authors),
    ):
        known.authors = work.authors
    known.links |= work.links


# Writing ------------------------------------------------------------------------------------------


def label(work):
    """Return the name of its target."""
    return f"work-{work.key}"


def references(text):
    """Return links to the lines of the works that a text names."""
    found = {work.key: work for work in works(text)}
    return ", ".join(f":ref:`{work.short} <{label(work)}>`" for work in found.values())


def page_text():
    """Return the page."""
    lines = [f".. _{DOCUMENT}:", "", "Bibliography", "============", INTRODUCTION]
    initial = ""
    for work in collect().values():
        first = plain(order(work))[0].upper()
        if first != initial:
            initial = first
            lines += [initial, "-", ""]
        links = "".join(f" `{name} <{address}>`__." for name, address in work.links.items())
        lines += [f".. _{label(work)}:", ""]
        # Behind a backslash an initial is no number of a list, "M." or "(M)".
        lines += [f"\\{escape(work.authors)}, *{escape(work.title)}*, {work.year}.{links}"]
        lines += [f"   In {', '.join(work.cited_by)}.", ""]
    return "\n".join(lines)


def on_builder_inited(app):
    """Write the page before Sphinx looks for its sources."""
    write_if_changed(Path(app.srcdir) / f"{DOCUMENT}.rst", page_text())


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
