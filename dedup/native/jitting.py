"""Kernels compiled by numba when they are first called: while they are worked on, and where no library came along.

In: a function. Out: numba's dispatcher, which compiles it with the first call and keeps the machine code on disk where
nobody else can write to the folder for it. All kernels together take a minute of processor time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from dedup.errors import MissingExtraError, warn
from dedup.system import written_by_others

try:
    from numba import njit
except ImportError as error:
    raise MissingExtraError("numba", "jit", "compiling kernels, which this package came without,") from error

UNCACHED = "uncached"
"""The value of `DEDUP_JIT` with which nothing is read from disk, nor kept there."""


def jit(function: Callable[..., Any], **options: Any) -> Any:
    """Compile without the GIL and cache the machine code on disk where a folder for it can be written by nobody else.

    Caches are pickles: who can write one runs code in every process that reads it. numba reads none before the first
    call, so where it would read from is looked at here, and a folder that others may write to is not used.

    The cache is used as follows because of numba's open issues with it. 4807 and 10128 (crashes when several processes
    compile at once) concern `guvectorize`, whose code is spread over two files: there is none here. A kernel is one
    file, written under a temporary name and renamed, so a reader sees all of it or nothing. Every kernel is called
    with one signature only, so a cache index never has two entries that processes could overwrite. All kernels are in
    one file, so that none can be cached with an old version of another inlined.

    Args:
        function: The kernel.
        options: For numba.
    """
    if os.environ.get("DEDUP_JIT") == UNCACHED:
        code = function.__code__.replace(co_filename="kernels.py")  # else its folder is a part of what is compiled
        function.__code__ = code
        return njit(nogil=True, **options)(function)
    try:
        made = njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # no folder for a cache: a read-only installation without a home folder
        _warn_of_no_cache("no folder for it can be written")
        return njit(nogil=True, **options)(function)
    reason = written_by_others(made.stats.cache_path)
    if reason:
        _warn_of_no_cache(reason)
        return njit(nogil=True, **options)(function)
    return made


@cache
def _warn_of_no_cache(reason: str) -> None:
    warn(
        f"compiled code is neither read from disk nor kept there, so every run compiles for minutes: {reason}; set "
        "NUMBA_CACHE_DIR to a folder that only you can write to, such as one made with mkdir -m 700"
    )
