"""Probabilistic boosting against its peers: the same stages and depth, and the score on new rows.

    python benchmarks/boosting.py [task ...] --threads 1 --peers lightgbmlss

A task runs when its key contains one of the words. Ratios are seconds of a peer over those of
optlite; the score is the mean negative log likelihood of rows that were not fitted, the lower the
better. Libraries that take more than a few seconds are timed once. `boosters.py` has the tasks.
"""

import argparse
import statistics

import boosters
import limits
from boosters import TASKS
from harness import MEMORY_ENVIRONMENT, choose, describe_machine, run_order

#: Fits that take longer than this are not repeated.
ONCE = 3.0


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose key contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--rounds", type=int, default=3, help="processes per library and task")
    add("--seconds", type=float, default=1.0, help="of fits in one process")
    add("--clock", choices=["wall", "cpu"], default="wall")
    add("--no-memory", dest="memory", action="store_false")
    return parser.parse_args(argv)


def chosen(task, peers):
    """Return the labels to measure on a task."""
    labels = [
        label
        for label in boosters.PEERS
        if not task.points_only or label.split(":")[0] in ("optlite", "lightgbm")
    ]
    return choose(labels, peers)


def run_task(task, labels, threads, options):
    """Measure all libraries in alternating rounds; returns {label: row or the reason for none}."""
    rows = {label: {"fits": [], "predictions": [], "other": 0.0} for label in labels}
    notes = {}
    common = {"threads": threads, "peer_threads": threads, "task": task.key, "limit": 600.0}
    for turn in range(options.rounds):
        for label in labels if turn % 2 == 0 else reversed(labels):
            row = rows[label]
            slow = label != "optlite" and row["fits"] and min(row["fits"]) > ONCE
            if label in notes or slow:
                continue
            order = {"peer": label, "clock": options.clock, "seconds": options.seconds}
            sent, status, other = run_order("boost", **order, **common)
            collect(row, sent, other)
            if status != "ok":
                notes[label] = status
    if task.memory and options.memory:
        for label in [label for label in labels if label not in notes]:
            sent, _, _ = run_order("boost_memory", peer=label, extra=MEMORY_ENVIRONMENT, **common)
            rows[label] |= sent[0] if sent else {}
    return {label: notes.get(label, row) for label, row in rows.items()}


def collect(row, sent, other):
    """Add what one process has sent."""
    for part in sent:
        if "fit" in part:
            row["fits"].append(part["fit"])
        elif "predict" in part:
            row["predictions"].append(part["predict"])
        facts = ("n", "d", "test", "nll", "error")
        row |= {name: part[name] for name in facts if name in part}
    row["other"] = max(row["other"], other)


def show(task, results, rates):
    """Print the table of a task and what could not be measured."""
    rows = {label: row for label, row in results.items() if not isinstance(row, str)}
    medians = {
        label: (statistics.median(row["fits"]), statistics.median(row["predictions"]))
        for label, row in rows.items()
    }
    if rows:
        row = next(iter(rows.values()))
        print(
            f"{row['n']} x {row['d']}, {task.stages} stages, depth {boosters.DEPTH}, rate "
            f"{task.rate}; prediction of {row['test']} rows\n"
        )
        error = "RMSE" if task.kind == "regression" else "wrong"
        print(
            "| library | fit s | min s | x optlite | share of limit | predict ms | x optlite "
            f"| NLL | {error} | note |"
        )
        print("|---" * 10 + "|")
    for label in sorted(rows, key=medians.get):
        print(line(task, label, rows[label], medians, rates))
    for label, row in rows.items():
        if "extra" in row:
            print("\n" + memory_of(label, row))
    for label, row in results.items():
        if isinstance(row, str):
            print(f"\nNot measured: {label} ({row}).")
    print(flush=True)


def line(task, label, row, medians, rates):
    """Return the row of one library."""
    fit, predict = medians[label]
    mine = medians.get("optlite", (float("nan"), float("nan")))
    limit = boosters.work_of(task, row["n"], row["d"]).seconds(rates)
    share = f"{100 * limit / fit:.0f}%" if limit and label == "optlite" else "-"
    note = f"busy: {row['other']:.2f} cores" if row["other"] > 0.15 else ""
    return (
        f"| {label} | {fit:.4g} | {min(row['fits']):.4g} | {fit / mine[0]:.3g} | {share} "
        f"| {1e3 * predict:.3g} | {predict / mine[1]:.3g} | {row['nll']:.4f} "
        f"| {row['error']:.4g} | {note} |"
    )


def memory_of(label, row):
    """Say what a fit needs beside X, and what it may need."""
    beside, bound = 1e-6 * row["extra"], 2.5e-6 * (row["codes"] + row["X"])
    return (
        f"Memory of {label}: {beside:.0f} MB beside X, {beside + 1e-6 * row['X']:.0f} MB with it; "
        f"2.5 times (binned data + X) are {bound:.0f} MB ({row['how']})."
    )


def main(argv=None):
    """Run what the command line asks for."""
    options = parse(argv)
    print(describe_machine(), "\n")
    for threads in options.threads:
        rates = limits.state_limits(threads)
        for task in TASKS.values():
            if options.words and not any(word in task.key for word in options.words):
                continue
            print(f"{task.key} [{threads} thread(s), {options.clock} clock]\n")
            show(task, run_task(task, chosen(task, options.peers), threads, options), rates)


if __name__ == "__main__":
    main()
