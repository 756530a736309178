"""One step of update rules against their peers, and against the speed of memory.

    python benchmarks/optim.py --goals
    python benchmarks/optim.py [word ...] --threads 1 2 --peers torch,numpy

A task runs when "rule dtype size" contains one of the words, and with --goals only if it is one of
`GOALS`; a table at the end says then what was reached. The share of the limit compares with an
in-place update of the same number of arrays that computes next to nothing (limits.cpp); for rules
that multiply matrices, with the rate of a product by BLAS. Their time is the mean of steps.
"""

import argparse
import itertools
import statistics

import limits
from harness import choose, describe_machine, run_order, say_not_measured
from optimizers import PEERS, PRODUCTS, TRAFFIC

SIZES = (10**3, 10**5, 10**7)
#: Of the matrix: 1024 x 1024.
PRODUCT_SIZE = 2**20
BYTES = {"float32": 4, "float64": 8}
#: Task -> peer, how many times its time over ours should be, and the share of the limit.
GOALS = {
    "adamw float32 1e+07": ("torch:fused", 1.0, 0.9),
    "adamw float64 1e+07": ("torch:fused", 1.0, 0.9),
    "lion float32 1e+07": ("pytorch_optimizer", 6.0, 0.85),
    "adabelief float32 1e+07": ("pytorch_optimizer", 10.0, 0.85),
    "adan float32 1e+07": (None, None, 0.85),
    "ademamix float32 1e+07": (None, None, 0.85),
    "grams float32 1e+07": (None, None, 0.85),
    "mars_adamw float32 1e+07": (None, None, 0.85),
    "adamw float32 1e+05": ("torch:fused", 2.5, None),
    "adamw float32 1e+03": ("numpy:in-place", 8.0, None),
    "momentum float32 1e+03": ("numpy:in-place", 3.0, None),
    "rmsprop float32 1e+07": ("optax:jit", 1.9, None),
    "adagrad float32 1e+07": ("torch:fused", 1.0, None),
    "muon float32 1e+06": ("torch:float32", 1.0, 0.7),
    # No peer has a Shampoo as fast as its Muon; the share is that of the products, without roots.
    "shampoo float32 1e+06": ("muon torch:float32", 1.0, 0.7),
}


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose name contains one of these words")
    add("--goals", action="store_true", help="run what a goal is stated for; see GOALS")
    add("--threads", type=int, nargs="+", default=[1])
    add("--peers", default="", help="libraries or labels, by commas; or none")
    add("--rounds", type=int, default=3, help="processes per peer and task")
    add("--seconds", type=float, default=0.5, help="of one measurement")
    return parser.parse_args(argv)


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


def limit_of(rule, dtype, n, rates):
    """Return what the machine can do in a second, the work of one step, and its unit."""
    if rule in PRODUCTS:
        rate = rates.get("gemm_single" if dtype == "float32" else "gemm")
        return rate, 2e-9 * PRODUCTS[rule] * n**1.5, "GFLOP/s"
    return rates.get("inplace"), 1e-9 * TRAFFIC[rule] * n * BYTES[dtype], "GB/s"


def medians_of(results):
    """Return {label: median seconds} of the peers that were measured."""
    return {
        label: statistics.median(row["seconds"] for row in rows)
        for label, rows in results.items()
        if not isinstance(rows, str)
    }


def show(rule, dtype, n, results, rates):
    """Print one table."""
    limit, amount, unit = limit_of(rule, dtype, n, rates)
    medians = medians_of(results)
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
    say_not_measured(results)
    print(flush=True)


def show_goals(measured, rates):
    """Print what was asked for and what was reached; `measured` has {task: results}."""
    print("| task | us | peer | its time / ours | wanted | share of limit | wanted |")
    print("|---|---|---|---|---|---|---|")
    for name, (peer, times, share) in GOALS.items():
        own = medians_of(measured.get(name, {})).get("optlite")
        if own is None:
            continue
        rule, dtype, size = name.split()
        cells = [name, f"{1e6 * own:.4g}", peer or "-", "-", "-", "-", "-"]
        if peer:
            other_rule, _, label = peer.rpartition(" ")
            where = name.replace(rule, other_rule or rule, 1)
            other = medians_of(measured.get(where, {})).get(label)
            cells[3:5] = f"{other / own:.3g}" if other else "not measured", f"{times:g}"
        if share:
            n = PRODUCT_SIZE if rule in PRODUCTS else float(size)
            limit, amount, _ = limit_of(rule, dtype, n, rates)
            cells[5:] = f"{100 * amount / own / limit:.0f}%" if limit else "-", f"{share:.0%}"
        print("| " + " | ".join(cells) + " |")
    print(flush=True)


def main(argv=None):
    """Run what the command line asks for."""
    options = parse(argv)
    labels = choose(PEERS, options.peers)
    print(describe_machine(), "\n")
    for threads in options.threads:
        rates = limits.state_limits(threads)
        tasks = [
            *itertools.product(TRAFFIC, BYTES, SIZES),
            *itertools.product(PRODUCTS, BYTES, [PRODUCT_SIZE]),
        ]
        measured = {}
        for rule, dtype, n in tasks:
            name = f"{rule} {dtype} {n:.0e}"
            if options.goals and name not in GOALS:
                continue
            if options.words and not any(word in name for word in options.words):
                continue
            print(f"{name} [{threads} thread(s)]\n")
            results = run_task(rule, dtype, n, labels, threads, options.rounds, options.seconds)
            show(rule, dtype, n, results, rates)
            measured[name] = results
        if options.goals:
            show_goals(measured, rates)


if __name__ == "__main__":
    main()
