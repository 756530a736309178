"""One step of update rules against their peers, and against the speed of memory.

    python benchmarks/optim.py [word ...] --threads 1 2 --peers torch,numpy

A task runs when "rule dtype size" contains one of the words. The share of the limit compares with
an in-place update of the same number of arrays that computes next to nothing (limits.cpp); for
rules that multiply matrices, with the rate of a product by BLAS. Their time is the mean of steps.
"""

import argparse
import itertools
import statistics

import limits
from harness import run_order
from optimizers import PEERS, PRODUCTS, TRAFFIC

SIZES = (10**3, 10**5, 10**7)
#: Of the matrix: 1024 x 1024.
PRODUCT_SIZE = 2**20
BYTES = {"float32": 4, "float64": 8}


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--rounds", type=int, default=3, help="processes per peer and task")
    add("--seconds", type=float, default=0.5, help="of one measurement")
    return parser.parse_args(argv)


def chosen(peers):
    """Return the labels that the command line asks for."""
    words = [word for word in peers.split(",") if word]
    return [
        label
        for label in PEERS
        if label == "optlite" or not words or label in words or label.split(":")[0] in words
    ]


def run_task(rule, dtype, n, labels, threads, rounds, seconds):
    """Measure all peers in alternating rounds; returns {label: row or the reason for none}."""
    rows = {label: [] for label in labels}
    notes = {}
    for label in [label for _ in range(rounds) for label in labels]:
        if label in notes:
            continue
        order = {"rule": rule, "peer": label, "n": n, "dtype": dtype, "seconds": seconds}
        got, status, other = run_order("update", threads=threads, limit=120.0, **order)
        if got:
            rows[label].append({**got[0], "other": other})
        else:
            notes[label] = status
    return {label: rows[label] or notes.get(label, "no result") for label in labels}


def show(rule, dtype, n, results, rates):
    """Print one table."""
    limit, amount = rates.get("inplace"), 1e-9 * TRAFFIC.get(rule, 0) * n * BYTES[dtype]
    unit = "GB/s"
    if rule in PRODUCTS:
        limit = rates.get("gemm_single" if dtype == "float32" else "gemm")
        amount, unit = 2e-9 * PRODUCTS[rule] * n**1.5, "GFLOP/s"
    medians = {
        label: statistics.median(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }
    peers = {label: median for label, median in medians.items() if label != "optlite"}
    best = min(peers.values(), default=None)
    print(
        f"| solver | median us | min us | best peer / this | {unit} | share of limit | error "
        "| note |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for label, median in sorted(medians.items(), key=lambda item: item[1]):
        rows = results[label]
        rate = amount / median
        large = n >= (PRODUCT_SIZE if rule in PRODUCTS else 10**7)
        share = f"{100 * rate / limit:.0f}%" if limit and large else "-"
        ratio = f"{best / median:.3g}" if best else "-"
        error = "-" if rows[0]["error"] is None else f"{rows[0]['error']:.1e}"
        busy = max(row["other"] for row in rows)
        note = f"busy: {busy:.2f} cores" if busy > 0.15 else ""
        least = min(row["best"] for row in rows)
        print(
            f"| {label} | {1e6 * median:.3g} | {1e6 * least:.3g} | {ratio} | {rate:.3g} | {share} "
            f"| {error} | {note} |"
        )
    for label, rows in results.items():
        if isinstance(rows, str):
            print(f"Not measured: {label} ({rows}).")
    print(flush=True)


def main(argv=None):
    """Run what the command line asks for."""
    options = parse(argv)
    labels = chosen(options.peers)
    for threads in options.threads:
        rates = limits.measure_limits(threads)
        print(
            f"Limits with {threads} thread(s): {rates.get('inplace', 0):.3g} GB/s in place, "
            f"{rates.get('gemm_single', 0):.3g} and {rates.get('gemm', 0):.3g} GFLOP/s of products "
            "in single and double precision\n"
        )
        tasks = [
            *itertools.product(TRAFFIC, BYTES, SIZES),
            *itertools.product(PRODUCTS, BYTES, [PRODUCT_SIZE]),
        ]
        for rule, dtype, n in tasks:
            name = f"{rule} {dtype} {n:.0e}"
            if options.words and not any(word in name for word in options.words):
                continue
            print(f"{name} [{threads} thread(s)]\n")
            results = run_task(rule, dtype, n, labels, threads, options.rounds, options.seconds)
            show(rule, dtype, n, results, rates)


if __name__ == "__main__":
    main()
