"""Linear models against their peers at equal quality.

    python benchmarks/linear.py [word ...] --threads 1 2 --peers sklearn,scipy --out results.json

A task runs when its key contains one of the words; without words all of them run. See README.md.
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import time

import harness
import limits
import report
from tasks import TASKS

#: budget: seconds after which a ladder climbs no further; limit: seconds of a process; rounds:
#: processes per solver that are timed.
FULL = {"budget": 15.0, "limit": 60.0, "rounds": 5}
QUICK = {"budget": 4.0, "limit": 20.0, "rounds": 2}


def parse(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=f"Tasks: {', '.join(TASKS)}."
    )
    add = parser.add_argument
    add("words", nargs="*", help="run the tasks whose key contains one of these words")
    add("--threads", type=int, nargs="+", default=[1], help="numbers of threads, one after another")
    add("--peers", default="", help="libraries or labels, by commas (sklearn,scipy:lsmr); or none")
    add("--out", type=pathlib.Path, help="where the results go (default: benchmarks/results/)")
    add("--quick", action="store_true", help="fewer rungs, fewer rounds, shorter limits")
    add("--scale", type=float, default=1.0, help="share of the rows; below 1 only to try it out")
    add("--rounds", type=int, help="processes per solver that are timed")
    add("--budget", type=float, help="seconds after which a ladder climbs no further")
    add("--limit", type=float, help="seconds after which a process is stopped")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu: for one thread, if busy")
    add("--reuse", type=pathlib.Path, help="results whose ladders of the peers are used again")
    add("--no-memory", dest="memory", action="store_false", help="do not measure the memory")
    add("--no-limits", dest="limits", action="store_false", help="do not measure the machine")
    add("--wait", type=float, default=0.0, help="seconds to wait for the load to fall")
    add("--force", action="store_true", help="run on a busy machine; the results say so")
    options = parser.parse_args(argv)
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.clock == "cpu" and options.threads != [1]:
        parser.error("--clock cpu adds up the threads: use it with --threads 1 only.")
    options.tasks = harness.wanted(TASKS, options.words)
    if not options.tasks:
        parser.error(f"no task contains {options.words}; choose words from {', '.join(TASKS)}.")
    return options


def known_ladders(path, task, threads, scale):
    """Take the peers' ladders of one task from an earlier result file."""
    if path is None:
        return {}
    for result in json.loads(path.read_text())["results"]:
        if (result["task"], result["threads"], result["scale"]) == (task, threads, scale):
            return {label: tuple(x) for label, x in result["ladders"].items() if label != "optlite"}
    return {}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no process is left behind
    options = parse()
    load = harness.wait_until_quiet(options.wait)
    busy = load > harness.BUSY_LOAD
    if busy and not options.force:
        sys.exit(
            f"The load average is {load:.2f}; above {harness.BUSY_LOAD} times cannot be trusted. "
            "Wait (--wait SECONDS), or run with --force and have the results flagged."
        )
    out = options.out or harness.HERE / "results" / time.strftime("linear-%Y%m%d-%H%M%S.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": harness.describe_machine(),
        "busy": busy,
        "quick": options.quick,
        "clock": options.clock,
        "limits": {},
        "results": [],
    }
    print(report.describe(document), flush=True)
    for threads in options.threads:
        if options.limits:
            document["limits"][str(threads)] = limits.measure_limits(threads)
        for key in options.tasks:
            run_task(TASKS[key], threads, options, document)
            _write(out, document)
    print(f"\nResults: {out}")


def run_task(task, threads, options, document):
    """Measure one task, add it to the document and print its table."""
    print(f"\n{task.name} [{threads} thread(s)]", flush=True)
    known = known_ladders(options.reuse, task.key, threads, options.scale)
    solvers = harness.choose(task.solvers, options.peers)
    result = harness.measure_task(task, solvers, options, threads, known)
    document["results"].append(result)
    print("\n" + report.task_section(result, document), flush=True)


def _write(out, document):
    """Replace the file at once, so that an interrupted run leaves a complete one."""
    draft = out.with_suffix(".tmp")
    draft.write_text(json.dumps(document, indent=1))
    os.replace(draft, out)


if __name__ == "__main__":
    main()
