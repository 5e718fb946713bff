"""Kernels from a shared library that came with the package: no compiler runs, and none is needed.

In: the library of this processor, beside this file, and what was noted of its kernels. Out: functions. Loading takes a
millisecond; a call some hundred nanoseconds more than the kernel. The library was compiled from the very kernels that
stand in the package: where these were edited since, it is not used.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import platform
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
NOTES = "kernels.json"
"""What is noted of all libraries: kernels by name, with the words of `calls.c`, and of what they were compiled."""
SUFFIX = ".shared"
"""Of a library on every system: what ends in `.so` looks like a module to import."""
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What some systems call a processor that others have another name for."""
PREFIX = "dedup_kernel_"
"""Before the name of a kernel in a library."""
FUNCTIONS = [
    "PyObject_GetBuffer",
    "PyBuffer_Release",
    "PyTuple_Size",
    "PyTuple_GetItem",
    "PyNumber_Index",
    "Py_DecRef",
    "PyLong_AsLongLong",
    "PyLong_AsUnsignedLongLong",
    "PyFloat_AsDouble",
    "PyObject_IsTrue",
    "PyErr_Occurred",
    "PyErr_Format",
    "PyLong_FromLongLong",
    "PyLong_FromUnsignedLongLong",
    "PyFloat_FromDouble",
    "PyBool_FromLong",
    "Py_NewRef",
    "PyTuple_New",
    "PyTuple_SetItem",
    "PyByteArray_FromStringAndSize",
    "PyEval_SaveThread",
    "PyEval_RestoreThread",
]
"""What `calls.c` asks of Python, all of it in the stable interface."""
MADE_FROM = ("../kernels.py", "calls.c", "compiling.py", "jitting.py", "signatures.py")
"""What a library is compiled from."""


def machine() -> str:
    """What the processor is called in names of libraries: `x86_64` or `aarch64`, or as the system says."""
    name = platform.machine().lower()
    return MACHINES.get(name, name)


def source() -> str:
    """A hash of all that a library is compiled from."""
    texts = b"".join((FOLDER / name).read_bytes().replace(b"\r\n", b"\n") for name in MADE_FROM)
    return hashlib.sha256(texts).hexdigest()


def library_name(level: str) -> str:
    """The file of a library.

    Args:
        level: Of the processor, as LLVM calls it.
    """
    return f"kernels-{sys.platform}-{machine()}-{level}{SUFFIX}"


def noted(folder: Path) -> dict[str, Any]:
    """What is noted of the libraries in a folder; empty where there are none.

    Args:
        folder: Where `compiling` has put them.
    """
    try:
        return dict(json.loads((folder / NOTES).read_text("utf-8")))
    except (FileNotFoundError, NotADirectoryError):  # the latter in an archive of Python modules
        return {}


@cache
def kernels() -> dict[str, Callable[..., Any]]:
    """The kernels of the library by name; none where no library came with the package, or one of other kernels."""
    notes = noted(FOLDER)
    if notes.get("source") != source():
        return {}
    library = next(filter(None, map(_loaded, libraries(notes))), None)
    return {name: _function(library, name, *words) for name, words in notes["kernels"].items()} if library else {}


def libraries(notes: dict[str, Any]) -> list[Path]:
    """The libraries that are noted and there, for the best processors first.

    Args:
        notes: See `noted`.
    """
    paths = (FOLDER / library_name(level) for level in reversed(notes.get("levels", ())))
    return [path for path in paths if path.exists()]


def _loaded(path: Path) -> Any:
    """A library, if this processor has what it needs."""
    library = ctypes.PyDLL(str(path))
    addresses = [ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value for name in FUNCTIONS]
    return library if library.dedup_begin((ctypes.c_void_p * len(addresses))(*addresses)) else None


def _function(library: Any, name: str, takes: str, gives: str) -> Callable[..., Any]:
    """A kernel as a function."""
    run = ctypes.cast(getattr(library, f"{PREFIX}{name}"), ctypes.c_void_p).value
    call = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, *[ctypes.c_char_p] * 3, *[ctypes.py_object] * 4)(
        ("dedup_call", library)
    )
    words = name.encode(), takes.encode(), gives.encode()

    def kernel(*arguments: Any) -> Any:
        return call(run, *words, arguments, TypeError, MemoryError, None)

    kernel.__name__ = name
    return kernel if gives.strip("()iudb-") == "" else _with_arrays(kernel, gives)


def _with_arrays(kernel: Callable[..., Any], gives: str) -> Callable[..., Any]:
    """A kernel that returns arrays, one or all of a tuple: they come as bytes."""
    items = re.findall(r"(.)1w", gives)

    def made(*arguments: Any) -> Any:
        found = kernel(*arguments)
        arrays = zip(found if gives.startswith("(") else (found,), items, strict=True)
        several = tuple(np.frombuffer(data, item) for data, item in arrays)
        return several if gives.startswith("(") else several[0]

    return made
