"""The registered parts, and the files that hold them: what several extensions of the site read."""

from pathlib import Path

from optlite._core import core
from optlite.optim.curvatures import CURVATURES

ROOT = Path(__file__).resolve().parents[2]


def all_records():
    """Return the records of the core's registry, and of the curvatures, which are in Python."""
    records = core.registry()
    last = max(i for i, record in enumerate(records) if record["kind"] == "step_sizes")
    own = [each.record() for each in CURVATURES.values()]
    return records[: last + 1] + own + records[last + 1 :]


def twin_path(record):
    """Return where the NumPy twin of a part lies."""
    return ROOT / "python" / "optlite" / "reference" / record["kind"] / f"{record['name']}.py"


def header_path(record):
    """Return the C++ header that declares a part."""
    folder = record.get("folder", record["kind"])
    return ROOT / "cpp" / "include" / "optlite" / folder / f"{record['name']}.hpp"
