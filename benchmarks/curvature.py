"""Products with Hessians and their spectra against peers, and against memory and BLAS.

    python benchmarks/curvature.py [word ...] --threads 1 2 --peers torch,numpy

A task runs when its name contains one of the words. The limit is one read of X at the rate of a
sum, or the multiply-adds at the rate of BLAS, whichever is longer.
"""

import argparse
import statistics

import limits
from harness import choose, crowd, describe_machine, run_order, say_not_measured, wanted
from hessians import PEERS, TASKS, work


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--rounds", type=int, default=2, help="processes per peer and task")
    add("--seconds", type=float, default=1.0, help="of one measurement")
    add("--limit", type=float, default=120.0, help="seconds after which a process is stopped")
    add("--clock", choices=["wall", "cpu"], default="wall")
    return parser.parse_args(argv)


def run_task(task, labels, threads, options):
    """Measure all peers in alternating rounds; {label: rows or the reason for none}."""
    rows, notes = {label: [] for label in labels}, {}
    for label in [label for _ in range(options.rounds) for label in labels]:
        if label in notes:
            continue
        order = {"task": task, "peer": label, "clock": options.clock, "seconds": options.seconds}
        got, status, other = run_order("hessian", threads=threads, limit=options.limit, **order)
        if got:
            rows[label] += [{**row, "other": other} for row in got]
        else:
            notes[label] = status
    return {label: rows[label] or notes.get(label, "no result") for label in labels}


def limit_of(task, rates):
    """Return the seconds that the machine needs at least, or None."""
    size, products = work(task)
    gemm = rates.get("gemm_single" if "float32" in task else "gemm")
    if "read" not in rates or gemm is None:
        return None
    return max(1e-9 * size / rates["read"], 2e-9 * products / gemm)


def show(task, results, rates):
    """Print one table."""
    medians = {
        label: statistics.median(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }
    goals, limit = TASKS[task][2], limit_of(task, rates)
    print("| solver | median ms | min ms | peer / optlite | goal | share of limit | error | note |")
    print("|---|---|---|---|---|---|---|---|")
    for label in sorted(medians, key=medians.get):
        rows = results[label]
        least = min(row["seconds"] for row in rows)
        share = "-" if limit is None else f"{100 * limit / least:.0f}%"
        note = "; ".join(crowd(rows))
        ratio = f"{medians[label] / medians['optlite']:.3g}" if "optlite" in medians else "-"
        print(
            f"| {label} | {1e3 * medians[label]:.4g} | {1e3 * least:.4g} | {ratio} "
            f"| {goals.get(label, '')} | {share} | {rows[0]['error']:.1e} | {note} |"
        )
    say_not_measured(results)
    print(flush=True)


def main(argv=None):
    """Run what the command line asks for."""
    options = parse(argv)
    print(describe_machine(), "\n")
    for threads in options.threads:
        rates = limits.state_limits(threads)
        for task in wanted(TASKS, options.words):
            print(f"{task} [{threads} thread(s)]\n")
            show(task, run_task(task, choose(PEERS, options.peers), threads, options), rates)


if __name__ == "__main__":
    main()
