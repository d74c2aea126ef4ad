"""Products of a few rows go through numpy's BLAS on one thread.

OpenBLAS would spread even the product of one short sentence over all cores, which then wait for
each other busily: the machine works three times as much for the same answer.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from threading import Lock

_NAMES = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads",
          "openblas_{}_num_threads64_", "openblas_{}_num_threads")  # fmt: skip
"""What the functions are called in the wheels of numpy and in builds against a plain OpenBLAS."""

_lock = Lock()
_inside = 0
_outside = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it numpy's OpenBLAS uses one thread, then as many as before; no other BLAS is touched.

    It may be entered by several threads at once: the last to leave restores the number.
    """
    global _inside, _outside
    found = _functions()
    if found is None:
        yield
        return
    get, put = found
    with _lock:
        if not _inside:
            _outside = get()
            if _outside > 1:
                put(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _outside > 1:
                put(_outside)


@cache
def _functions() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    # The library's own handle also finds the symbols of the BLAS that it was linked with.
    try:
        library = ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)
    except (ImportError, OSError):
        return None
    for name in _NAMES:
        try:
            get, put = library[name.format("get")], library[name.format("set")]
        except AttributeError:
            continue
        put.argtypes, put.restype = [ctypes.c_int], None
        return get, put
    return None
