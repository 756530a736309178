"""Pick the extension module compiled for this processor, and guard it against forks.

``OPTLITE_SIMD_LEVEL`` (``v2``, ``v3``, ``v4``, ``base`` or ``native``) forces a level; it must be
one that was built.
"""

import importlib
import importlib.util
import os

from . import _cpu


def _available():
    """List the levels that were built, best first."""
    levels = ["native", "v4", "v3", "v2", "base"]
    return [name for name in levels if importlib.util.find_spec(f"optlite._core_{name}")]


def _pick(available):
    """Choose a level: the forced one, or the best that the processor runs."""
    forced = os.environ.get("OPTLITE_SIMD_LEVEL")
    if forced:
        level = forced if not forced.isdigit() else f"v{forced}"
        if level not in available:
            raise ImportError(
                f"OPTLITE_SIMD_LEVEL must be one of {available}, got {forced!r}. "
                "Unset it to let optlite choose."
            )
        return level
    runs = {"v4": 4, "v3": 3, "v2": 2}
    for level in available:
        if runs.get(level, 0) <= _cpu.x86_level():
            return level
    raise ImportError(f"This processor runs none of the compiled levels {available}.")


core = importlib.import_module(f"optlite._core_{_pick(_available())}")

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=core.after_fork_in_child)
