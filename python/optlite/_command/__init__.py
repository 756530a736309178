"""The command ``optlite``: what it takes, and what it says when that does not fit.

One file beside this one for each subcommand, imported when it is asked for.
"""

import argparse
import os
import sys


class CommandError(Exception):
    """Something that the user can put right; the message says how."""


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, default=None
        What follows ``optlite``; None takes it from the command line.

    Returns
    -------
    int
        0, or 1 if an exercise was checked and not passed or nobody read to the end, or 2 if the
        command cannot be carried out.
    """
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        status = options.run(options) or 0
        sys.stdout.flush()  # so that what cannot be written is known here
        return status
    except CommandError as error:
        print(f"optlite: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # who was to read it, such as ``head``, has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def make_parser():
    """Describe the subcommands."""
    parser = argparse.ArgumentParser(
        prog="optlite", description="Certified estimators and a steppable optimization toolbox."
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    info = commands.add_parser("info", help="print the version, the build and the threads in use")
    info.set_defaults(run=show_info)

    demo = commands.add_parser(
        "demo", help="fit a model beside scikit-learn's, and run Newton's method by hand"
    )
    demo.set_defaults(run=run_demo)

    bench = commands.add_parser("bench", help="time fits beside scikit-learn's, at equal quality")
    bench.add_argument(
        "--quick", action="store_true", help="three problems, less than half a minute"
    )
    bench.set_defaults(run=run_bench)

    exercise = commands.add_parser("exercise", help="exercises that check themselves")
    exercise.set_defaults(run=lambda options: exercise.print_help())
    actions = exercise.add_subparsers(title="actions", metavar="ACTION")

    listed = actions.add_parser("list", help="list the exercises in the order of the course")
    listed.set_defaults(run=list_exercises)

    show = actions.add_parser("show", help="print the statement of an exercise")
    show.add_argument("name", metavar="NAME", help="such as momentum-rate")
    show.set_defaults(run=show_exercise)

    check = actions.add_parser("check", help="check the function in a file")
    check.add_argument("name", metavar="NAME", help="such as momentum-rate")
    check.add_argument(
        "file",
        metavar="FILE[:FUNCTION]",
        help="a Python file; without a function, the one that the statement names",
    )
    check.add_argument("--seed", type=int, help="of the random problems, to repeat a failure")
    check.set_defaults(run=check_exercise)
    return parser


def show_info(options):
    """Run ``optlite info``."""
    from .. import show_config

    show_config()


def run_demo(options):
    """Run ``optlite demo``."""
    from . import demo

    demo.run()


def run_bench(options):
    """Run ``optlite bench``."""
    if not options.quick:
        raise CommandError(
            "bench needs --quick: the long benchmarks are scripts in the folder benchmarks/ of the "
            "source."
        )
    from . import bench

    bench.run()


def list_exercises(options):
    """Run ``optlite exercise list``."""
    from . import exercise

    exercise.print_list()


def show_exercise(options):
    """Run ``optlite exercise show``."""
    from . import exercise

    print(exercise.find(options.name).text())


def check_exercise(options):
    """Run ``optlite exercise check``; return 1 if it is not passed."""
    from . import exercise

    return exercise.check_file(options.name, options.file, options.seed)
