"""The types that kernels are compiled for: what the annotations of a kernel say, as words for `calls.c`.

In: annotations. Out: for each argument a type, from which `compiling` makes numba's, and the words for `calls.c`.
A kernel whose arguments are annotated can be called from Python; one without is for other kernels. Nothing is imported
but numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

u1 = np.uint8
u2 = np.uint16
u4 = np.uint32
u8 = np.uint64
i4 = np.int32
i8 = np.int64
f4 = np.float32
f8 = np.float64
flag = np.bool_


@dataclass(frozen=True)
class Shape:
    """What is known of an array besides its items."""

    dimensions: int
    written: bool


Item = TypeVar("Item", bound=np.generic)
Array: TypeAlias = Annotated[NDArray[Item], Shape(1, written=True)]
"""(n,), C-contiguous, which a kernel may write to."""
Table: TypeAlias = Annotated[NDArray[Item], Shape(2, written=True)]
"""(n, m), the same."""
Const: TypeAlias = Annotated[NDArray[Item], Shape(1, written=False)]
"""(n,), which is only read."""
ConstTable: TypeAlias = Annotated[NDArray[Item], Shape(2, written=False)]
"""(n, m), the same."""

NUMBERS = {int: "i", np.uint64: "u", float: "d", bool: "b"}
"""Letters of numbers, which are 64 bits wide. The letters of arrays are numpy's, but those of 64 bits everywhere."""
SAME = {"l": "q", "L": "Q"}
"""Letters that numpy has besides for integers of 64 bits, where C's `long` is as wide."""


@dataclass(frozen=True)
class Items:
    """An array as a kernel takes it."""

    letter: str
    dimensions: int
    written: bool


@dataclass(frozen=True)
class Fields:
    """A tuple, a named one if it has a class."""

    types: tuple[Any, ...]
    made_by: type | None = None


def annotated(function: Any) -> bool:
    """Whether a kernel can be called from Python.

    Args:
        function: The kernel, not yet compiled.
    """
    return bool(getattr(function, "__annotations__", None))


def letter(dtype: np.dtype[Any]) -> str:
    """What the items of an array are called in words.

    Args:
        dtype: numpy's.
    """
    return SAME.get(dtype.char, dtype.char)


def takes(function: Any) -> tuple[Any, ...]:
    """What a kernel takes, one by one: `Items`, `Fields` or a letter of `NUMBERS`.

    Args:
        function: The kernel, not yet compiled.

    Raises:
        TypeError: Something has no annotation, or one that is none of these.
    """
    code = function.__code__
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        _type(hints.get(name), f"{function.__name__}({name})") for name in code.co_varnames[: code.co_argcount]
    )


def _type(hint: Any, where: str) -> Any:
    """One type, or the types of a tuple."""
    if hint in NUMBERS:
        return NUMBERS[hint]
    if get_origin(hint) is Annotated:
        array, shape = get_args(hint)
        return Items(letter(np.dtype(get_args(get_args(array)[1])[0])), shape.dimensions, shape.written)
    if get_origin(hint) is tuple:
        return Fields(tuple(_type(one, where) for one in get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, tuple):
        named = get_type_hints(hint, include_extras=True)
        return Fields(tuple(_type(one, f"{where}.{name}") for name, one in named.items()), hint)
    raise TypeError(
        f"{where} is annotated as {hint!r}; write an array of `dedup.native.signatures`, a number or a tuple"
    )


def word(types: tuple[Any, ...]) -> str:
    """What `calls.c` reads: see there.

    Args:
        types: As `takes` returns them.
    """
    return "".join(_letters(one) for one in types)


def _letters(one: Any) -> str:
    if isinstance(one, Items):
        return f"{one.letter}{one.dimensions}{'w' if one.written else ''}"
    return f"({word(one.types)})" if isinstance(one, Fields) else one
