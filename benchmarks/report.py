"""Turn result files into Markdown: ``python benchmarks/report.py [file ...] > results.md``.

Without a file it takes the newest one in benchmarks/results/.
"""

import argparse
import json
import pathlib

from limits import UNITS
from tasks import APPLY_NOWHERE, TASKS

HERE = pathlib.Path(__file__).resolve().parent


def describe(document):
    """Return the section about the machine: nothing below can be read without it."""
    machine = document["machine"]
    lines = [
        "## Machine",
        "",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}; load average at the start {machine['load']:.2f}",
        f"- {when_and_what(machine)}",
        "- optlite: " + ", ".join(f"{k} {v}" for k, v in machine["optlite"].items()),
        "- " + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
        "- BLAS: " + "; ".join(machine["blas"]),
        f"- Clock: {document['clock']}" + (", quick run" if document["quick"] else ""),
    ]
    if document["busy"]:
        lines.append("- **THE MACHINE WAS BUSY: these times cannot be trusted.**")
    return "\n".join(lines)


def when_and_what(machine):
    """Return the day of a run and the commit that was measured."""
    day = machine.get("date", "day not recorded")
    return f"{day}, commit {machine.get('commit', 'not recorded')}"


def limits_section(document):
    """Return the table of the measured limits, or the sentence that there are none."""
    threads = list(document["limits"])
    if not threads:
        return "The limits of the machine were not measured in this run."
    rows = [
        [unit, *(_number(document["limits"][t].get(name)) for t in threads)]
        for name, unit in UNITS.items()
    ]
    return "## Limits\n\n" + _table(["limit", *(f"{t} thread(s)" for t in threads)], rows)


def summary_section(document):
    """Return one line per task: what optlite reached against its goals."""
    head = ["task", "threads", "optlite s", "best peer", "its s", "ratio", "goals", "met"]
    rows = []
    for result in document["results"]:
        own, peer = _own(result), _best_peer(result)
        checks = _goals(result)
        rows.append(
            [
                result["name"],
                result["threads"],
                _number(own.get("median")) if own["reached"] else own["status"],
                peer["solver"] if peer else "-",
                _number(peer["median"]) if peer else "-",
                _number(own.get("ratio")),
                ", ".join(f"{goal:g}x {name}: {_number(got)}" for name, goal, got in checks),
                _met(own, checks, result),
            ]
        )
    return "## Summary\n\n" + _table(head, rows)


def task_section(result, document):
    """Return the table of one task, with the work it must do and the limit that follows."""
    task = TASKS[result["task"]]
    limit, sentence = _limit(task, result, document)
    head = ["solver", "median s", "min s", "ratio to best peer", "share of limit", "suboptimality"]
    head += ["certificate", "tol", "extra memory", "runs", "note"]
    rows = [_row(row, limit) for row in result["rows"]]
    left_out = {**task.excluded, **APPLY_NOWHERE}
    return "\n".join(
        [
            f"### {result['name']}, {result['threads']} thread(s)",
            "",
            _sizes(result),
            sentence,
            *_default_sentence(result),
            "",
            _table(head, rows),
            "",
            "Not applicable: " + "; ".join(f"{k} ({v})" for k, v in left_out.items()) + ".",
        ]
    )


# ------------------------------------------------------------------------- pieces


def _sizes(result):
    facts = result["facts"]
    scaled = (
        "" if result["scale"] == 1 else f" **Scaled by {result['scale']:g}: a trial, no result.**"
    )
    return (
        f"n = {facts['n']}, d = {facts['d']}, X takes {facts['bytes'] / 1e6:.4g} MB; "
        f"F* = {result['best_value']:.12g}.{scaled}"
    )


def _limit(task, result, document):
    """Return the seconds at the machine's limits and the sentence that explains them."""
    work = task.work(result["facts"])
    rates = document["limits"].get(str(result["threads"]), {})
    seconds = work.seconds(rates)
    counts = {
        "GB read": work.bytes,
        "GFLOP of products": work.flops,
        "G exponentials": work.exps,
        "G entries gathered": work.gathers,
        "G entries scattered": work.scatters,
    }
    needs = ", ".join(f"{1e-9 * count:.3g} {unit}" for unit, count in counts.items() if count)
    reach = "limits not measured" if seconds is None else f"{seconds:.4g} s at the limits"
    return seconds, f"Work of the plan ({work.plan}): {needs}; {reach}."


def _default_sentence(result):
    """Say what optlite's default settings give: its row may be that of another tolerance."""
    rungs = [r for r in result["ladders"].get("optlite", [[]])[0] if r["tol"] is None]
    if not rungs:
        return []
    rung, best = rungs[0], result["best_value"]
    excess = (rung["value"] - best) / max(abs(best), 1e-300)
    return [
        f"optlite, default settings: {rung['seconds']:.3g} s (once), suboptimality {excess:.2g}, "
        f"certificate {_number(rung['certificate'])}, iterations {rung['n_iter']}, "
        f"warnings: {'; '.join(rung['warnings']) or 'none'}."
    ]


def _row(row, limit):
    if not row["reached"]:
        value = row.get("suboptimality")
        note = row["status"]
        if value is not None:
            rung = f"{row['stopped']} iterations" if "stopped" in row else "its best rung"
            note = f"MISSED the quality; {rung} took {row['seconds']:.3g} s ({row['status']})"
        return [row["solver"], *["-"] * 4, _number(value), *["-"] * 4, note]
    median = row.get("median")
    return [
        row["solver"],
        _number(median),
        _number(row.get("min")),
        _number(row.get("ratio")),
        f"{limit / median:.0%}" if limit and median else "-",
        _number(row["suboptimality"]),
        _number(row.get("certificate")),
        "default" if row["tol"] is None else f"{row['tol']:g}",
        _memory(row),
        len(row.get("runs", [])),
        _note(row),
    ]


def _memory(row):
    if "extra_bytes" not in row:
        return "-"
    return f"{row['extra_bytes'] / 1e6:.1f} MB ({row['extra_share']:.1%} of X)"


def _note(row):
    notes = [] if row["status"] == "ok" else [row["status"]]
    notes += row.get("warnings", [])
    if row.get("busy"):
        notes.append(f"busy: {row['other']:.2f} cores used by others")
    return "; ".join(notes)


def _own(result):
    missing = {"solver": "optlite", "reached": False, "status": "not run"}
    return next((row for row in result["rows"] if row["solver"] == "optlite"), missing)


def _best_peer(result):
    done = [
        r for r in result["rows"] if r["reached"] and r["solver"] != "optlite" and "median" in r
    ]
    return min(done, key=lambda row: row["median"], default=None)


def _goals(result):
    """Return (peer, ratio asked, ratio reached or None) for each goal of a task."""
    own, best = _own(result), _best_peer(result)
    by_name = {row["solver"]: row for row in result["rows"] if row["reached"]}
    by_name["best peer"] = best
    checks = []
    for name, goal in TASKS[result["task"]].goals.items():
        peer = by_name.get(name)
        known = own["reached"] and peer and "median" in own and "median" in peer
        checks.append((name, goal, peer["median"] / own["median"] if known else None))
    return checks


def _met(own, checks, result):
    if result["scale"] != 1:
        return "trial"
    warned = TASKS[result["task"]].default_only and own.get("warnings")
    if not own["reached"] or warned:
        return "no"
    if any(got is None for _, _, got in checks):
        return "-"
    return "yes" if all(got >= goal for _, goal, got in checks) else "no"


def _number(value):
    return "-" if value is None else f"{value:.3g}"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(x).replace("|", "/") for x in row) + " |" for row in rows]
    return "\n".join(lines)


def markdown(document):
    """Return the whole report of one result file."""
    parts = [describe(document), limits_section(document), summary_section(document), "## Tasks"]
    return "\n\n".join(parts + [task_section(r, document) for r in document["results"]]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="results of linear.py")
    files = parser.parse_args().files or sorted((HERE / "results").glob("*.json"))[-1:]
    if not files:
        parser.error("there are no results yet; run benchmarks/linear.py first.")
    for path in files:
        print(f"# Benchmarks: {path.stem}\n\n" + markdown(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
