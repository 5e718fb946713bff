"""Ids, texts and numbers as callers give them, checked.

In: anything. Out: strings and columns for the index, or what is wrong with a row. Does not know the store.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dedup.errors import InputError, SettingsError
from dedup.identity import id_fault, id_text, missing
from dedup.index.answers import Rejected
from dedup.index.prepared import MOST_CHARACTERS, joined
from dedup.stages import articles as reading
from dedup.stages.queries import library
from dedup.stages.strings import as_lines, sizes_of, without

HIGHEST = 2**63 - 1


class TooLong(NamedTuple):
    """Stands for a text that is not looked at."""

    size: int
    """Its bytes."""


def id_or_reason(given: object) -> tuple[str, str]:
    """An id as it is stored, its text, and what is wrong with it; one of the two is empty."""
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | bytearray):
        return "", f"an id must be one value, such as a string, a number or a UUID, got {type(given).__name__}"
    name = id_text(given)
    if not name:
        return "", f"an id must not be {'missing' if name is None else 'empty'}, got {given!r}"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "", f"an id must be valid Unicode, got {given!r}"
    fault = id_fault(name)
    return ("", f"{fault}, got {reprlib.repr(given)}") if fault else (name, "")


def checked_id(given: object) -> str:
    """An id as it is stored.

    Raises:
        InputError: It is not a valid id.
    """
    name, reason = id_or_reason(given)
    if reason:
        raise InputError(reason)
    return name


def checked_text(given: object, longest: int) -> str | None:
    """A text, or None where it is missing.

    Raises:
        InputError: It is something else, or has more bytes than the longest may have.
    """
    if reason := _text_reason(given, longest):
        raise InputError(reason)
    assert given is None or isinstance(given, str)
    return given


def _text_reason(given: object, longest: int) -> str:
    """What is wrong with a text, if anything is."""
    if given is None:
        return ""
    if isinstance(given, TooLong):
        return _TOO_LONG.format(given.size, longest)
    if not isinstance(given, str):
        return f"a text must be a string or None, got {type(given).__name__}"
    if len(given) > MOST_CHARACTERS:  # whatever may be longer, a store keeps no more
        return f"a text must have up to {MOST_CHARACTERS:,} characters, got {len(given):,}; cut it into parts"
    if len(given) <= longest // 4:  # characters that are never too many
        return ""
    size = len(given.encode(errors="surrogatepass"))
    return _TOO_LONG.format(size, longest) if size > longest else ""


_TOO_LONG = "the text has {:,} bytes, more than {:,}; cut it, or open the index with longest_text="


def checked_number(name: str, given: object, least: int = 0) -> int:
    """A number of a change, or a count.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(given, Integral) or isinstance(given, bool) or not least <= int(given) <= HIGHEST:
        raise InputError(f"{name} must be a whole number from {least} on, got {given!r}")
    return int(given)


def checked_timeout(given: object) -> float:
    """Seconds to wait.

    Raises:
        SettingsError: It is something else.
    """
    if not isinstance(given, Real) or isinstance(given, bool) or not 0 <= float(given) < 1e6:  # noqa: PLR2004
        raise SettingsError(f"timeout must be seconds, 0 or more, got {given!r}")
    return float(given)


def listed(values: Any) -> list[Any]:
    """Values of a list, an Arrow array or a column; missing values are None.

    Raises:
        InputError: They are not a list.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"ids and texts must be lists or columns, got {type(values).__name__}")
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.to_pylist()
    whole = getattr(values, {"numpy": "tolist", "polars": "to_list"}.get(library(values), ""), None)
    every = list(values) if whole is None else whole()  # of Polars' columns of lists each would be a column again
    return [None if missing(value) else value for value in every]


def listed_texts(values: Any, longest: int) -> list[Any]:
    """Texts as `listed`; in a column of lists of strings each list is a text of lines.

    Of Arrow's columns, of which a small one may stand for gigabytes, texts that are too long are `TooLong`.

    Raises:
        InputError: They are not a list.
    """
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        texts = listed(values)
        return texts if isinstance(values, list | tuple) else as_lines(texts)
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    sizes = sizes_of(column)
    texts = as_lines(listed(without(column, sizes > longest)))
    for place in np.flatnonzero(sizes > longest).tolist():
        texts[place] = TooLong(int(sizes[place]))
    return texts


def sorted_out(ids: list[Any], texts: list[Any], longest: int) -> tuple[dict[str, list[int]], list[Rejected]]:
    """The rows of each id, in the order of each id's last row, and the rows that are rejected."""
    rows: dict[str, list[int]] = {}
    rejected = []
    for row, (given, text) in enumerate(zip(ids, texts, strict=True)):
        name, reason = id_or_reason(given)
        if reason := reason or _text_reason(text, longest):
            rejected.append(Rejected(row, given, reason))
        else:
            rows[name] = rows.pop(name, [])  # behind the others
            rows[name].append(row)
    return rows, rejected


def column(texts: Sequence[str | None], threads: int = 1) -> pa.ChunkedArray:
    """Texts as Arrow, large_string; lone surrogates become question marks, with a warning."""
    if len(texts) == 1:
        with suppress(UnicodeEncodeError):
            return joined([(texts[0] or "").encode()])
    return reading.articles(texts, threads=threads, longest=HIGHEST).texts
