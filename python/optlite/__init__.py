"""optlite: certified estimators and a steppable optimization toolbox on a C++ core.

The subpackages are loaded on first use, so that ``optlite.reference`` (the NumPy twins) works
without the compiled core.
"""

import importlib
import importlib.metadata

_SUBPACKAGES = (
    "bcd",
    "boosting",
    "curvature",
    "datasets",
    "display",
    "exceptions",
    "exercises",
    "feature_selection",
    "linear_model",
    "model_selection",
    "objectives",
    "optim",
    "ot",
    "reference",
    "trace",
)

try:
    __version__ = importlib.metadata.version("optlite-ml")
except importlib.metadata.PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+source"

__all__ = ["__version__", "config", "show_config", *_SUBPACKAGES]


def __getattr__(name):
    """Import a subpackage when it is first used."""
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'optlite' has no attribute {name!r}")


def __dir__():
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})


def config():
    """Describe the build and the threads in use.

    Returns
    -------
    dict
        ``version``; ``simd_level`` (the compiled variant that was picked, see
        ``OPTLITE_SIMD_LEVEL``); ``openmp`` (standard the core was compiled for, or "none");
        ``openmp_libraries`` (files of the OpenMP run-time libraries in this process, as
        threadpoolctl sees them); ``threads`` (that a kernel started now would use);
        ``eigen`` (version).

    Examples
    --------
    >>> import optlite
    >>> sorted(optlite.config())
    ['eigen', 'openmp', 'openmp_libraries', 'simd_level', 'threads', 'version']
    """
    from threadpoolctl import threadpool_info

    from ._core import core

    libraries = [pool["filepath"] for pool in threadpool_info() if pool["user_api"] == "openmp"]
    return {
        "version": __version__,
        "simd_level": core.simd_level,
        "openmp": core.openmp_runtime,
        "openmp_libraries": libraries,
        "threads": core.threads(),
        "eigen": core.eigen_version,
    }


def show_config():
    """Print what :func:`config` returns, one line an entry.

    Examples
    --------
    >>> import optlite
    >>> optlite.show_config()  # doctest: +ELLIPSIS
    version: ...
    """
    for name, value in config().items():
        text = ", ".join(value) if isinstance(value, list) else value
        print(f"{name}: {text if text != '' else 'none'}")
