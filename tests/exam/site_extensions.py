"""The extensions of the documentation, for tests of what they make."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    """An extension of the documentation, imported as Sphinx does."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "docs" / "_ext"))
