"""Entropic transport against its peers, to the same true marginal error.

    python benchmarks/transport.py [word ...] --threads 1 2 --peers POT,numpy

A task runs when its name contains one of the words. The error is the sum of absolute differences
between the marginals of the plan and the masses; peers that stop short of it are said to. Memory is
the largest resident size of the process, with all its libraries.
"""

import argparse
import statistics

import limits
from harness import choose, crowd, describe_machine, run_order, say_not_measured, wanted
from transporters import MEMORY, PEERS, TASKS


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--tol", type=float, default=1e-9, help="marginal error to reach")
    add("--rounds", type=int, default=2, help="processes per peer and task")
    add("--seconds", type=float, default=1.0, help="of one measurement")
    add("--limit", type=float, default=60.0, help="seconds after which a process is stopped")
    return parser.parse_args(argv)


def run_task(task, labels, threads, options):
    """Measure all peers in alternating rounds; {label: rows or the reason for none}."""
    rows, notes = {label: [] for label in labels}, {}
    for label in [label for _ in range(options.rounds) for label in labels]:
        if label in notes or (rows[label] and rows[label][0]["seconds"] > 5.0):
            continue
        order = {"task": task, "peer": label, "tol": options.tol, "seconds": options.seconds}
        order["patience"] = 0.4 * options.limit
        got, status, other = run_order("transport", threads=threads, limit=options.limit, **order)
        if got:
            rows[label] += [{**row, "other": other} for row in got]
        else:
            notes[label] = status
    return {label: rows[label] or notes.get(label, "no result") for label in labels}


def show(task, results, tol):
    """Print one table."""
    medians = {
        label: statistics.median(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }
    goals, room = TASKS[task][2], MEMORY.get(task, float("inf"))
    if task in MEMORY:
        print(f"Memory: at most {1e-9 * room:g} GB.\n")
    print(
        "| solver | median ms | min ms | peer / optlite | goal | error | iterations | GB | note |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for label in sorted(medians, key=medians.get):
        rows = results[label]
        error = max(r["error"] for r in rows)
        notes = ["exact, another problem"] if label == "POT:emd" else []
        notes += [f"MISSED {tol:g}"] if error > 1.01 * tol and label != "POT:emd" else []
        peak = max(r["peak"] for r in rows)
        notes += ["TOO MUCH MEMORY"] if peak > room else []
        notes += crowd(rows)
        print(
            f"| {label} | {1e3 * medians[label]:.4g} | {1e3 * min(r['seconds'] for r in rows):.4g} "
            f"| {medians[label] / medians['optlite']:.3g} | {goals.get(label, '')} | {error:.2g} "
            f"| {rows[0]['iterations']} | {1e-9 * peak:.2f} | {'; '.join(notes)} |"
        )
    say_not_measured(results)
    print(flush=True)


def main(argv=None):
    """Run what the command line asks for."""
    options = parse(argv)
    print(describe_machine(), "\n")
    for threads in options.threads:
        limits.state_limits(threads)
        for task in wanted(TASKS, options.words):
            print(f"{task} [{threads} thread(s)]\n")
            show(task, run_task(task, choose(PEERS, options.peers), threads, options), options.tol)


if __name__ == "__main__":
    main()
