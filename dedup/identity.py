"""What an id is as text: one answer, wherever an id comes from and wherever it goes.

In: an id as a caller or a file has it, or an Arrow column of them. Out: its text, None where it is missing. Costs
nothing for strings and whole numbers; other values are turned into text one by one, a microsecond each. Does not look
for ids that repeat, and refuses nothing: what a text cannot name is for whoever asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Integral
from typing import Any

import numpy as np
import pyarrow as pa

LONGEST_ID = 1 << 16
"""Bytes of an id; addresses have some thousand at most."""
TOO_LONG = f"an id must not have more than {LONGEST_ID:,} bytes"
MISSING = ("NAType", "NaTType")
"""pandas' own missing values, known by name so that pandas need not be there."""


def id_fault(name: str) -> str:
    """What is wrong with the text of an id where it is kept for others to find; "" for nothing.

    Args:
        name: Of `id_text`, without halves of characters.
    """
    if "\0" in name:
        return "an id must not hold a NUL character"
    if len(name) > LONGEST_ID // 4 and len(name.encode()) > LONGEST_ID:
        return TOO_LONG
    return ""


def missing(value: Any) -> bool:
    """None, NaN and pandas' NA: the missing values of a column.

    Args:
        value: Any.
    """
    is_nan = isinstance(value, float | np.floating) and math.isnan(value)
    return value is None or is_nan or type(value).__name__ in MISSING


def id_text(value: Any) -> str | None:
    """An id as text.

    A string is itself. A number is its shortest decimal form, so that 7, 7.0 and ``Decimal("7.00")`` are ``"7"``: a
    column with a missing whole number is one of floats in many tools. Truth values are ``"true"`` and ``"false"``, as
    in JSON. Bytes are the text that they are in UTF-8, or else their hexadecimal digits. Anything else, a UUID, a date,
    a time, is what `str` makes of it.

    Args:
        value: Any.

    Returns:
        The text; None where the id is missing.
    """
    if isinstance(value, str):
        return str(value)
    if missing(value):
        return None
    return next((text_of for kinds, text_of in _TEXTS if isinstance(value, kinds)), str)(value)


def _number(value: Any) -> str:
    if not math.isfinite(value):
        return str(float(value))
    if value == int(value):
        return str(int(value))
    return format(value.normalize(), "f") if isinstance(value, Decimal) else repr(float(value))


def _bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


_TEXTS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((bool, np.bool_), lambda value: "true" if value else "false"),
    ((Integral,), lambda value: str(int(value))),
    ((Decimal, float, np.floating), _number),
    ((bytes, bytearray, memoryview), lambda value: _bytes(bytes(value))),
    ((np.datetime64,), lambda value: str(value.astype("datetime64[us]").item())),
)
"""How values of some kinds are written, the first kind that fits."""


def id_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of ids as text: `id_text` of each.

    Args:
        column: Of any type, (n,).

    Returns:
        large_string (n,), null where an id is missing.
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    column = column.cast(kind) if kind != column.type else column
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return column.cast(pa.large_string())
    if pa.types.is_timestamp(kind):
        column = _microseconds(column)
    as_one = bytes.hex if pa.types.is_fixed_size_binary(kind) else id_text  # a hash stays one, whatever its bytes are
    chunks = [
        pa.array([None if one is None else as_one(one) for one in chunk.to_pylist()], pa.large_string())
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.large_string())


def _microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments that Python can hold; those that it cannot, of nanoseconds, as Arrow writes them."""
    try:
        return column.cast(pa.timestamp("us", column.type.tz))
    except pa.ArrowInvalid:
        return column.cast(pa.large_string())
