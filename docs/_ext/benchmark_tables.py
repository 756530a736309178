"""Sphinx extension: write pages of benchmarks from the result files in ``benchmarks/published``.

A file has the name of the script whose result it is. ``linear.json`` is what ``linear.py`` wrote,
which ``report.py`` makes into tables; the ``.txt`` files are what the other scripts printed: the
machine with date and commit, its limits, and a table for each task. Several runs of a script, one
after the other, make one page.
"""

import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "benchmarks" / "published"
FOLDER = "benchmarks"

TITLES = {
    "linear": "Linear models",
    "lasso": "Lasso and sparse models",
    "bcd": "Block coordinate descent",
    "boosting": "Boosting",
    "transport": "Optimal transport",
    "optim": "Steps of update rules",
    "curvature": "Products with Hessians",
}
TASK = re.compile(r"\S.*\[\d+ thread\(s\).*\]")
GOALS = "| task | us |"
#: Rows that are no rivals: what they note says that they did not solve the problem.
NO_RIVAL = re.compile("MISSED|another problem")


def report():
    """Return the module that makes results of linear.py into tables."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import report
    finally:
        sys.path.pop(0)
    return report


# What the scripts print ---------------------------------------------------------------------------


def printed_page(text):
    """Return the Markdown of what a script printed in one or several runs.

    The dict of the machine becomes the heading of a run and a list, names of tasks become headings,
    and lines that follow a table directly paragraphs: Markdown would read them as rows.
    """
    lines = ["## Summary", "", *summary_lines(tables(text)), ""]
    for line in text.splitlines():
        if line.startswith("{'processor'"):
            lines += machine_lines(ast.literal_eval(line.strip()))
        elif TASK.fullmatch(line):
            lines += [f"### {line}"]
        elif line.startswith(GOALS):
            lines += ["### What was wanted, and what was reached", "", line]
        elif lines[-1].startswith("|") and line and not line.startswith("|"):
            lines += ["", line]
        else:
            lines += [line]
    return "\n".join(lines) + "\n"


def machine_lines(machine):
    """Return when a run was made, of which commit, and on what."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    own = ", ".join(f"{name} {value}" for name, value in machine["optlite"].items())
    load = machine.get("load")
    return [
        f"## {report().when_and_what(machine)}",
        "",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}"
        + ("" if load is None else f"; load average at the start {load:.2f}"),
        f"- optlite: {own}",
        f"- {versions}",
        f"- BLAS: {'; '.join(machine['blas'])}",
        "",
    ]


def tables(text):
    """Return the table of each task: its name, and a dict for each row."""
    found, name, head = [], None, None
    for line in text.splitlines():
        if TASK.fullmatch(line):
            name, head = line, None
        elif name and line.startswith("|") and not line.startswith("|-"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if head is None:
                head = cells
                found.append((name, []))
            else:
                found[-1][1].append(dict(zip(head, cells, strict=True)))
        elif head and not line.startswith("|"):
            name = None  # the table has ended
    return found


def summary_lines(found):
    """Return one row a task: optlite, and the fastest other solver that solved it."""
    lines = ["| task | optlite | fastest other | its time | ratio |", "|---|---|---|---|---|"]
    for name, rows in found:
        if not rows:  # nothing was measured; below the table stands why
            continue
        solver, column = time_column(rows[0])
        own = next((row for row in rows if row[solver] == "optlite"), None)
        others = [
            row
            for row in rows
            if not row[solver].startswith("optlite")
            and not NO_RIVAL.search(row.get("note", ""))
            and row.get("NLL") != "nan"
        ]
        best = min(others, key=lambda row: float(row[column]), default=None)
        unit = column.split()[-1]
        cells = [name, f"{own[column]} {unit}" if own else "not measured", "-", "-", "-"]
        if best:
            cells[2:4] = best[solver], f"{best[column]} {unit}"
        if own and "MISSED" in own.get("note", ""):
            cells[1] += ", missed"
        elif own and best:
            cells[4] = f"{float(best[column]) / float(own[column]):.3g}"
        lines += ["| " + " | ".join(cells) + " |"]
    return lines


def time_column(row):
    """Return the columns that hold the solver and its time: the median, or what comes first."""
    solver, first, *others = row
    return solver, next((name for name in (first, *others) if "median" in name), first)


# Pages --------------------------------------------------------------------------------------------


def page_text(path):
    """Return the page of a result file."""
    text = path.read_text(encoding="utf-8")
    is_json = path.suffix == ".json"
    body = report().markdown(json.loads(text)) if is_json else printed_page(text)
    script = f"Measured by `benchmarks/{path.stem}.py`; `benchmarks/README.md` says how."
    return f"# {TITLES[path.stem]}\n\n{script}\n\n{body}"


def write_pages(source):
    """Write a page for each result file, and the list of them; remove others."""
    folder = Path(source) / FOLDER
    folder.mkdir(exist_ok=True)
    results = {path.stem: path for path in PUBLISHED.iterdir() if path.stem in TITLES}
    names = [name for name in TITLES if name in results]
    texts = {f"{name}.md": page_text(results[name]) for name in names}
    for page in folder.glob("*.md"):
        if page.name not in texts:
            page.unlink()
    for name, text in texts.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
    return names


def on_builder_inited(app):
    """Write the pages before Sphinx looks for its sources."""
    write_pages(app.srcdir)


def setup(app):
    """Register the extension."""
    app.connect("builder-inited", on_builder_inited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
