"""Kernels as machine code: compiled when the package was built, or by numba on first use where they were not.

In: functions of `dedup.kernels`. Out: what Python calls. A kernel whose arguments have annotations can be called from
Python, and is an entry of the library beside this file (`compiling` makes it, `calling` loads it); one without is for
other kernels. In a checkout whose kernels were edited since, and where `DEDUP_JIT` is set, numba compiles them
(`jitting`), which takes a minute once, and keeps them on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from dedup.errors import warn
from dedup.native.calling import kernels


def kernel(function: Callable[..., Any], **options: Any) -> Any:
    """A kernel, compiled.

    Args:
        function: Over arrays, numbers and tuples of them; see `dedup.native.signatures`.
        options: For numba.
    """
    if jitted():
        from dedup.native.jitting import jit  # numba takes half a second, and need not be there

        _tell()
        return jit(function, **options)
    return kernels().get(function.__name__) or _inner(function)


def exact(function: Callable[..., Any]) -> Any:
    """`kernel` for functions whose sums are exact in any order, so that the compiler may reorder them."""
    return kernel(function, fastmath={"reassoc"})


def jitted() -> bool:
    """Whether numba compiles the kernels in this process."""
    return bool(os.environ.get("DEDUP_JIT")) or not kernels()


@cache
def _tell() -> None:
    """Say what will take a minute, unless it was asked for."""
    if not os.environ.get("DEDUP_JIT"):
        warn(
            "there is no library of compiled kernels for this machine and these kernels: numba compiles each when it "
            "is first called, a minute of processor time in all; `dedup warmup` compiles all, once"
        )


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """What stands for a kernel that only other kernels call."""

    def refuse(*_: Any) -> Any:
        raise TypeError(
            f"{function.__name__} is called by kernels only: it was compiled into them; annotate its arguments"
        )

    return refuse
