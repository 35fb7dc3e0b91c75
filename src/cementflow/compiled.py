"""How kernels are compiled: without what nobody asks for, and anew when anything changes that they are made from.

Numba makes two ways into whatever it compiles, one for Python and one for C, and a third for other kernels. A tuple of
25 arrays, as the linear solver has them, is longer to unpack than many a kernel.

What is compiled is kept on the disk, and Numba looks at the file of a kernel to tell whether it still holds. But a
kernel has the kernels that it calls compiled into it, and numbers of other modules: after an upgrade in which its own
file is as it was it would go on with the old ones.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba import njit

_PACKAGE = __name__.partition(".")[0]
# Division gives what NumPy gives: asking of each whether it is by zero keeps loops from going several steps at a time.
_njit: Any = partial(njit, cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile what is called from Python, and maybe from other kernels."""
    return _renewed(_njit()(function))


def inner(function: Callable[..., Any]) -> Any:
    """Compile what is called from other kernels alone: Python would find nothing to call."""
    return _renewed(_njit(no_cpython_wrapper=True)(function))


def _renewed(dispatcher: Any) -> Any:
    """The same, with a cache that holds for these sources only."""
    if hasattr(dispatcher, "py_func"):  # else Numba is told not to compile
        file = dispatcher._cache._cache_file
        file._source_stamp = file._source_stamp, _stamp(dispatcher.py_func.__module__)
    return dispatcher


@cache
def _stamp(module: str) -> str:
    """Of the sources of a module and of all that it takes from others of this package, at any remove."""
    found = [module]
    for each in found:  # which grows meanwhile
        found += {home for value in _names(each).values() if (home := _home(value))} - set(found)
    whole = hashlib.sha256()
    for each in sorted(found):
        whole.update(_source(each))
    return whole.hexdigest()


def _home(value: Any) -> str:
    """The module of the package that something comes from, or is."""
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return home if isinstance(home, str) and home.startswith(f"{_PACKAGE}.") else ""


@cache
def _source(module: str) -> bytes:
    """The file of a module, and its numbers, some of which may come from others."""
    numbers = ((name, value) for name, value in sorted(_names(module).items()) if _is_number(value))
    told = " ".join(f"{name} {np.asarray(value).tolist()}" for name, value in numbers)
    return Path(str(sys.modules[module].__file__)).read_bytes() + told.encode()


def _names(module: str) -> dict[str, Any]:
    return {name: value for name, value in vars(sys.modules[module]).items() if not name.startswith("__")}


def _is_number(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_number, value))
    return isinstance(value, int | float | np.generic | np.ndarray)
