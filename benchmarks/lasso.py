"""Lasso, elastic net and other sparse models against their peers, to the same duality gap.

    python benchmarks/lasso.py [word ...] --threads 1 --clock cpu --peers celer,sklearn

A task runs when its name contains one of the words. The gap is relative to the objective; peers
that stop short of it are said to. Problems that are not convex, and those beside them, are judged
by the violation of the conditions of optimality instead (see `sparse_models.py`).
"""

import argparse

import limits
from harness import choose, crowd, describe_machine, run_order, say_not_measured, wanted
from lassos import PEERS, TASKS, applies


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--gap", type=float, default=1e-8, help="relative duality gap to reach")
    add("--rounds", type=int, default=3, help="timed runs per peer and task")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu: for one thread, if busy")
    add("--limit", type=float, default=600.0, help="seconds after which a process is stopped")
    return parser.parse_args(argv)


def run_task(task, labels, threads, options):
    """Measure all peers; {label: rows or the reason for none}."""
    results = {}
    for label in labels:
        order = {"task": task, "peer": label, "gap": options.gap, "rounds": options.rounds}
        rows, status, other = run_order(
            "lasso", threads=threads, limit=options.limit, clock=options.clock, **order
        )
        results[label] = [{**row, "other": other} for row in rows] or status
    return results


def show(task, results, gap):
    """Print one table."""
    best = {
        label: min(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }
    goals = TASKS[task][2]
    print("| solver | min s | peer / optlite | goal | gap | tol | note |")
    print("|---|---|---|---|---|---|---|")
    for label in sorted(best, key=best.get):
        rows = results[label]
        reached = max(row["gap"] for row in rows)
        notes = [f"MISSED {gap:g}"] if reached > gap else []
        notes += [f"objective {rows[0]['objective']:.9g}"] if "objective" in rows[0] else []
        notes += crowd(rows)
        ratio = best[label] / best["optlite"] if "optlite" in best else float("nan")
        print(
            f"| {label} | {best[label]:.4g} | {ratio:.3g} | {goals.get(label, '')} "
            f"| {reached:.2g} | {rows[0]['tol']} | {'; '.join(notes)} |"
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
