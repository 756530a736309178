"""Block coordinate descent against its peers, to the same gap.

    python benchmarks/bcd.py [word ...] --clock cpu --peers numpy,scipy

A task runs when its name contains one of the words. The gap is relative to that of the start;
peers that stop short of it are said to.
"""

import argparse
import statistics

import limits
from blocks import PEERS, TASKS, applies
from harness import choose, crowd, describe_machine, run_order, say_not_measured, wanted


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--gap", type=float, default=1e-8, help="relative gap to reach")
    add("--rounds", type=int, default=2, help="processes per peer and task")
    add("--seconds", type=float, default=1.0, help="of one measurement")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu: for one thread, if busy")
    add("--limit", type=float, default=120.0, help="seconds after which a process is stopped")
    return parser.parse_args(argv)


def run_task(task, labels, threads, options):
    """Measure all peers in alternating rounds; {label: rows or the reason for none}."""
    rows, notes = {label: [] for label in labels}, {}
    for label in [label for _ in range(options.rounds) for label in labels]:
        order = {"task": task, "peer": label, "gap": options.gap, "seconds": options.seconds}
        got, status, other = run_order(
            "blocks", threads=threads, limit=options.limit, clock=options.clock, **order
        )
        rows[label] += [{**row, "other": other} for row in got]
        if not got:
            notes[label] = status
    return {label: rows[label] or notes[label] for label in labels}


def show(task, results, gap):
    """Print one table."""
    best = {
        label: min(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }
    goals = TASKS[task][2]
    print("| solver | median ms | min ms | peer / optlite | goal | gap | tol | iterations | note |")
    print("|---|---|---|---|---|---|---|---|---|")
    for label in sorted(best, key=best.get):
        rows = results[label]
        reached = max(row["gap"] for row in rows)
        notes = [f"MISSED {gap:g}"] if reached > gap else []
        notes += crowd(rows)
        median = statistics.median(row["seconds"] for row in rows)
        ratio = best[label] / best["optlite"] if "optlite" in best else float("nan")
        print(
            f"| {label} | {1e3 * median:.4g} | {1e3 * best[label]:.4g} | {ratio:.3g} "
            f"| {goals.get(label, '')} | {reached:.2g} | {rows[0]['tol'] or 0:.2g} "
            f"| {rows[0]['iterations']} | {'; '.join(notes)} |"
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
            labels = [label for label in choose(PEERS, options.peers) if applies(task, label)]
            show(task, run_task(task, labels, threads, options), options.gap)


if __name__ == "__main__":
    main()
