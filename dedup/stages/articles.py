"""Articles as a caller has them, as one Arrow column.

In: a list or iterable of strings, of mappings or of dataclasses; an Arrow array or table; anything that offers the
Arrow C stream (Polars, pandas, a DuckDB relation); a pandas or numpy column. Out: an `Articles` of texts, in the
order given, and their ids where they have any. Missing texts stay missing. Columns that are Arrow already are
not copied; a list of strings is copied once. Reads no files.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import InputError, warn
from dedup.identity import id_text, missing
from dedup.work import ranges, spread

KINDS = (
    "a list or iterable of strings, of mappings or of dataclasses, an Arrow, pandas, Polars or numpy column, "
    "or a table or DuckDB relation with a text column"
)
Column: TypeAlias = pa.ChunkedArray
CHUNK = 512
SINGLE = 4096
"""Articles of an iterator that are read at once."""


class Articles(NamedTuple):
    """Texts in order, and their ids."""

    texts: pa.ChunkedArray
    """large_string (n,), null where a text is missing."""
    ids: pa.ChunkedArray | None
    """Any type, (n,); None where the articles have no ids."""
    source: Any
    """What was read, to be read again: what was given, the list that an iterable became, or the table of a query."""


def articles(
    source: Any,
    *,
    text: str = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    threads: int = 1,
) -> Articles:
    """Read articles from whatever the caller has.

    Args:
        source: The articles; see the module's docstring.
        text: Column, key or attribute that holds the text.
        id: Column, key or attribute that holds the id; the default may be absent, then there are no ids.
        threads: How many runs of strings are converted to Arrow side by side.

    Returns:
        The texts as large strings, and the ids.

    Raises:
        InputError: The source is of a kind that cannot be read, has no such column, or a value is not a text.

    Warns:
        DedupWarning: Ids that repeat, or lone surrogates that were replaced.
    """
    if isinstance(source, str | bytes):
        raise InputError(f"articles must be {KINDS}, got one {type(source).__name__}; put it in a list: [article]")
    if type(source).__module__.partition(".")[0] == "pandas":
        texts, ids = _from_pandas(source, text, id, threads)
    elif isinstance(source, pa.RecordBatchReader) or hasattr(source, "__arrow_c_stream__"):
        _check_objects(source, text, id)
        column = pa.chunked_array(source)
        texts, ids = _from_arrow(column, text, id)
        source = _lasting(source, column)
    elif hasattr(source, "__arrow_c_array__"):
        texts, ids = _from_arrow(pa.chunked_array([pa.array(source)]), text, id)
    else:
        source = _listed(source)
        texts, ids = _from_python(source, text, id, threads)
    if ids is None and id != "id" and len(texts):
        raise InputError(f"there is no {id!r} to take ids from; name what holds them with id=, or leave it out")
    result = Articles(_as_text(texts, text), None if ids is None else _plain(ids), source)
    _warn_of_repeats(result.ids)
    return result


def _check_objects(source: Any, *names: str) -> None:
    """Refuse what Polars hands over as addresses in memory: columns of objects of Python."""
    schema = getattr(source, "schema", None) if type(source).__module__.partition(".")[0] == "polars" else None
    for name, kind in dict(schema or {}).items():
        if name in names and str(kind) == "Object":
            raise InputError(
                f"column {name!r} holds objects of Python, which Polars hands on as addresses in memory; make them "
                f"strings: frame.with_columns(pl.Series({name!r}, [str(one) for one in frame[{name!r}]]))"
            )


def _lasting(source: Any, column: Column) -> Any:
    """The source if it can be read again and gives the same rows; of a query or a stream the rows that were read."""
    library = type(source).__module__.partition(".")[0]
    if library in ("pyarrow", "polars") and not isinstance(source, pa.RecordBatchReader):
        return source
    return pa.Table.from_struct_array(column) if pa.types.is_struct(column.type) else column


def streamed(
    source: Any,
    *,
    text: str = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    threads: int = 1,
) -> Iterator[Articles]:
    """Read articles some at a time, where the caller has them so.

    Args:
        source: An iterator of articles, or of chunks of any kind that `articles` reads; an Arrow record batch reader.
            Whatever else `articles` reads is one chunk.
        text: Column, key or attribute that holds the text.
        id: Column, key or attribute that holds the id.
        threads: As in `articles`.

    Raises:
        InputError: As `articles`, when the chunk is reached.
    """
    if not isinstance(source, pa.RecordBatchReader | Iterator):
        yield articles(source, text=text, id=id, threads=threads)
        return
    rest = iter(source)
    for first in rest:
        one = missing(first) or isinstance(first, str | bytes | Mapping) or _is_instance(first)
        chunk = [first, *islice(rest, SINGLE - 1)] if one else first
        yield articles(chunk, text=text, id=id, threads=threads)


def _from_arrow(column: Column, text: str, id: str) -> tuple[Column, Column | None]:  # noqa: A002
    """A column alone, or the two columns of a table, which the Arrow interface hands over as a column of structs."""
    if not pa.types.is_struct(column.type):
        return column, None
    names = [field.name for field in column.type]
    _check_columns(names, text, id)
    fields = column.flatten()
    return fields[names.index(text)], fields[names.index(id)] if id in names else None


def _check_columns(names: list[Any], text: str, id: str) -> None:  # noqa: A002
    for name in (text, id):
        if names.count(name) > 1:
            raise InputError(f"{names.count(name)} columns are called {name!r}; rename all but one")
    if text not in names:
        raise InputError(
            f"there is no column {text!r}; the columns are {names}: name the one that holds the text, "
            f"for example text={(names or ['body'])[0]!r}"
        )


def _from_pandas(source: Any, text: str, id: str, threads: int) -> tuple[Column, Column | None]:  # noqa: A002
    """A series, or two columns of a frame; other columns are not read. Ids may be the index."""
    if not hasattr(type(source), "columns"):  # the index of a series may have an entry of that name
        return _from_series(source, threads), None
    names = list(source.columns)
    _check_columns(names, text, id)
    in_index = source.index.get_level_values(id) if id in source.index.names else None
    ids = source[id] if id in names else in_index
    return _from_series(source[text], threads), None if ids is None else _ids(list(ids))


def _from_series(series: Any, threads: int) -> Column:
    try:
        column = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):  # of several types, or with lone surrogates: one by one
        return _strings(list(series), threads)
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _listed(source: Any) -> Any:
    """A list, a tuple or a numpy column as it is, another iterable as the list that it becomes."""
    if not isinstance(source, Iterable) or isinstance(source, Mapping) or getattr(source, "ndim", 1) != 1:
        raise InputError(f"articles must be {KINDS}, got {type(source).__name__}")
    return source if isinstance(source, list | tuple | np.ndarray) else list(source)


def _from_python(source: Any, text: str, id: str, threads: int) -> tuple[Column, Column | None]:  # noqa: A002
    """Strings, mappings or dataclasses, one by one; a numpy column is a run of strings too."""
    values = list(source)
    first = next((value for value in values if not missing(value)), None)
    if not (isinstance(first, Mapping) or _is_instance(first)):
        return _strings(values, threads), None
    fields = [_fields(value, place, text) for place, value in enumerate(values)]
    texts = _strings([f.get(text) for f in fields], threads)
    return texts, _ids([f.get(id) for f in fields]) if any(id in f for f in fields) else None


def _is_instance(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _fields(value: Any, place: int, text: str) -> Mapping[str, Any]:
    if missing(value):
        return {}
    if _is_instance(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not isinstance(value, Mapping):
        raise InputError(f"article {place} is {_shown(value)}; articles must be {KINDS}")
    if text not in value:
        raise InputError(
            f"article {place} has no {text!r}; it has {list(islice(value, 20))}: name the one that holds the text "
            f"with text=, or give {text!r} as None where it is missing"
        )
    return value


def _strings(values: list[Any], threads: int) -> Column:
    """Python strings to Arrow; lone surrogates, which UTF-8 cannot hold, become question marks."""
    if set(map(type, values)) - {str}:
        values = _checked(values)
    try:
        return _encoded(values, threads)
    except UnicodeEncodeError:
        mended = [value and _encodable(value) for value in values]
    broken = [place for place, value in enumerate(values) if value != mended[place]]
    warn(
        f"{len(broken)} articles hold lone surrogates, the first is article {broken[0]}; they were replaced by "
        "question marks. Decode the source with errors='replace' to be rid of them"
    )
    return _encoded(mended, threads)


def _checked(values: list[Any]) -> list[str | None]:
    """The values with None for missing ones; any other value that is not a string is an error."""
    values = [None if missing(value) else value for value in values]
    for place, value in enumerate(values):
        if not (value is None or isinstance(value, str)):
            raise InputError(f"article {place} is {_shown(value)}; a text must be a string or missing")
    return values


def _encoded(values: list[str | None], threads: int) -> Column:
    """Strings to Arrow, some at a time; `pa.array` takes three times as long and leaves a copy in every string."""
    pieces = ranges(len(values), CHUNK)
    chunks = list(spread(lambda piece: _chunk(values[slice(*piece)]), pieces, threads))  # joining releases the GIL
    return pa.chunked_array(chunks, pa.large_string())


def _chunk(values: list[str | None]) -> pa.Array:
    there = None
    if None in values:
        there = pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))
        values = [value or "" for value in values]
    encoded = list(map(str.encode, values))  # type: ignore[arg-type]
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    buffers = [there, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers)


def _ids(values: list[Any]) -> Column:
    """Ids of one type as they are, of several types as text."""
    values = [None if missing(value) else value for value in values]
    if len({type(value) for value in values if value is not None}) <= 1:  # Arrow would treat b"x" and "x" as equal
        with suppress(pa.ArrowException, UnicodeEncodeError, OverflowError):
            return pa.chunked_array([pa.array(values)])
    texts = [None if value is None else _encodable(id_text(value) or "") for value in values]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def _encodable(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


def _shown(value: Any) -> str:
    shown = repr(value)
    return f"{shown[:60]}{'...' if len(shown) > 60 else ''} ({type(value).__name__})"  # noqa: PLR2004


def _as_text(column: Column, name: str) -> Column:
    """Any Arrow string type as large strings, whose offsets do not overflow."""
    column = _plain(column)
    if pa.types.is_large_string(column.type):
        return column
    if pa.types.is_string(column.type) or column.null_count == len(column):
        nothing = pa.types.is_null(column.type) or not pa.types.is_string(column.type)
        return (
            pa.chunked_array([pa.nulls(len(column), pa.large_string())]) if nothing else column.cast(pa.large_string())
        )
    raise InputError(
        f"column {name!r} holds {column.type}; a text column must hold strings: cast it, or name another with text="
    )


def _plain(column: Column) -> Column:
    """The column in a type for which Arrow can take and count values: no views, dictionaries or runs."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        chunks = [pa.DictionaryArray.from_arrays(c.indices, _plain_array(c.dictionary)) for c in column.chunks]
        return pa.chunked_array([c.dictionary_decode() for c in chunks], _plain_type(kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return _plain(pa.chunked_array([pc.run_end_decode(c) for c in column.chunks], kind.value_type))
    return column if _plain_type(kind) == kind else column.cast(_plain_type(kind))


def _plain_array(array: pa.Array) -> pa.Array:
    return array.cast(_plain_type(array.type))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def _warn_of_repeats(ids: Column | None) -> None:
    if ids is None or len(ids) == ids.null_count:
        return
    try:
        counts = pc.value_counts(ids.drop_null())
        often = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        first = often[0].as_py() if len(often) else None
    except pa.ArrowNotImplementedError:  # lists, structs, extensions
        repeats = Counter(map(repr, ids.drop_null().to_pylist()))
        often = [shown for shown, count in repeats.items() if count > 1]
        first = often[0] if often else ""
    if len(often) > 0:
        several = "an id occurs" if len(often) == 1 else f"{len(often):,} ids occur"
        warn(
            f"{several} more than once, the first is {_shown(first)}; every article is kept, in its "
            "place, but labels by id cannot tell them apart: make the ids unique"
        )
