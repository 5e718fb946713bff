"""Articles as a caller has them, as one Arrow column.

In: a list or iterable of strings, of mappings or of dataclasses; an Arrow array or table; anything that offers the
Arrow C stream (Polars, pandas, a DuckDB relation); a pandas or numpy column; a dict of columns; what stands for rows
(see `queries`). Out: an `Articles` of texts, in the order given, and their ids where they have any. Missing texts stay
missing, lists of strings become the lines of a text, several columns its paragraphs. Columns that are Arrow already are
not copied; a list of strings is copied once. Reads no files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import InputError, warn
from dedup.fields import (
    Inside,
    Path,
    column_at,
    column_of,
    columns_of,
    fields_of,
    joined,
    names_inside,
    value_at,
)
from dedup.identity import id_text, missing
from dedup.settings import LONGEST_TEXT
from dedup.stages import queries
from dedup.stages.strings import as_lines, as_text, plain, sizes_of, without
from dedup.work import ranges, spread

KINDS = (
    "a list or iterable of strings, of mappings or of dataclasses, an Arrow, pandas, Polars or numpy column, "
    "or a table, dict of columns, data set or DuckDB relation with a text column"
)
Column: TypeAlias = pa.ChunkedArray
CHUNK = 512
SINGLE = 4096
"""Articles of an iterator that are read at once."""
GIVES_ROWS = ("to_arrow", "to_arrow_table", "to_pyarrow", "to_table", "collect", "compute", "to_pandas")
"""Methods by which an object of a library that is not known may give what can be read."""


class Articles(NamedTuple):
    """Texts in order, and their ids.

    Example:
        >>> read = articles([{"id": 7, "text": "續費手機卡"}, {"id": 8, "text": None}])
        >>> read.texts.null_count, read.ids.to_pylist()
        (1, [7, 8])
    """

    texts: pa.ChunkedArray
    """large_string (n,), null where a text is missing."""
    ids: pa.ChunkedArray | None
    """Any type, (n,); None where the articles have no ids."""
    source: Any
    """What was read, to be read again: what was given, the list that an iterable became, or the table of a query."""


def articles(
    source: Any,
    *,
    text: str | list[str] = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    threads: int = 1,
    longest: int = LONGEST_TEXT,
) -> Articles:
    r"""Read articles from whatever the caller has.

    Args:
        source: The articles; see the module's docstring.
        text: Column, key or attribute that holds the text; a path into one, ``content.body``, or several whose texts
            are joined by a blank line, ``title,body``: see `dedup.fields.columns_of`.
        id: Column, key or attribute that holds the id, or a path; the default may be absent, then there are no ids.
        threads: How many runs of strings are converted to Arrow side by side.
        longest: Bytes of a text; a longer one is missing.

    Returns:
        The texts as large strings, and the ids.

    Raises:
        InputError: The source is of a kind that cannot be read, has no such column, or a value is not a text.

    Warns:
        DedupWarning: Ids that repeat, lone surrogates that were replaced, or texts that are too long.

    Example:
        >>> articles(["續費手機卡", "古樹茶餅"]).texts.to_pylist()
        ['續費手機卡', '古樹茶餅']
        >>> posts = [{"no": 7, "title": "古樹茶餅", "body": "按月到家"}]
        >>> articles(posts, text="title,body", id="no").texts.to_pylist()
        ['古樹茶餅\n\n按月到家']
    """
    if isinstance(source, str | bytes):
        raise InputError(f"articles must be {KINDS}, got one {type(source).__name__}; put it in a list: [article]")
    source = queries.executed(queries.only_split(source))
    texts, ids, source = _read(source, text, id, threads, longest)
    texts = within(texts, longest)
    if ids is None and id != "id" and len(texts):
        raise InputError(f"there is no {id!r} to take ids from; name what holds them with id=, or leave it out")
    result = Articles(texts, None if ids is None else plain(ids), source)
    _warn_of_repeats(result.ids)
    return result


def _read(
    source: Any, text: str | list[str], id_: str, threads: int, longest: int
) -> tuple[Column, Column | None, Any]:
    """Texts, ids, and what can be read again."""
    if queries.library(source) == "pandas":
        return *_from_pandas(source, text, id_, threads, longest), source
    if isinstance(source, pa.RecordBatchReader) or hasattr(source, "__arrow_c_stream__"):
        _check_objects(source, text, id_)
        column = pa.chunked_array(source)
        return *_from_arrow(column, text, id_, longest), _lasting(source, column)
    if (column := _arrow(source)) is not None:
        return *_from_arrow(column, text, id_, longest), source
    if queries.is_hub(source) and not queries.is_transformed(source):
        table = queries.hub_table(source, partial(_tops, text, id_))
        return *_from_arrow(pa.chunked_array(table), text, id_, longest), source
    if isinstance(source, Mapping):
        source = _columns(source)
        return *_from_columns(source, text, id_, threads, longest), source
    source = _listed(source)
    return *_from_python(source, text, id_, threads), source


def _check_objects(source: Any, text: str | list[str], id_: str) -> None:
    """Refuse what Polars hands over as addresses in memory: columns of objects of Python."""
    kinds = dict(getattr(source, "schema", None) or {}) if queries.library(source) == "polars" else {}
    objects = {name for name, kind in kinds.items() if str(kind) == "Object"}
    for name in objects and _tops(text, id_, list(kinds)):
        if name in objects:
            raise InputError(
                f"column {name!r} holds objects of Python, which Polars hands on as addresses in memory; make them "
                f"strings: frame.with_columns(pl.Series({name!r}, [str(one) for one in frame[{name!r}]]))"
            )


def _lasting(source: Any, column: Column) -> Any:
    """The source if it can be read again and gives the same rows; of a query or a stream the rows that were read."""
    if queries.library(source) in ("pyarrow", "polars") and not isinstance(source, pa.RecordBatchReader):
        return source
    return pa.Table.from_struct_array(column) if pa.types.is_struct(column.type) else column


def streamed(
    source: Any,
    *,
    text: str | list[str] = "text",
    id: str = "id",  # noqa: A002 - the column's usual name
    threads: int = 1,
    longest: int = LONGEST_TEXT,
) -> Iterator[Articles]:
    """Read articles some at a time, where the caller has them so.

    Args:
        source: An iterator of articles, or of chunks of any kind that `articles` reads; an Arrow record batch reader;
            what stands for rows, of which only the columns of text and id are read where it can leave out others.
            Whatever else `articles` reads is one chunk.
        text: Column, key or attribute that holds the text.
        id: Column, key or attribute that holds the id.
        threads: As in `articles`.
        longest: As in `articles`.

    Raises:
        InputError: As `articles`, when the chunk is reached.

    Example:
        >>> [len(some.texts) for some in streamed(iter([["one", "two"], ["three"]]))]
        [2, 1]
    """
    source = queries.only_split(source)
    source = source if (parts := queries.parts(source, partial(_tops, text, id))) is None else parts
    if not isinstance(source, pa.RecordBatchReader | Iterator):
        yield articles(source, text=text, id=id, threads=threads, longest=longest)
        return
    rest = iter(source)
    for first in rest:
        one = missing(first) or isinstance(first, str | bytes) or _is_row(first)
        chunk = [first, *islice(rest, SINGLE - 1)] if one else first
        yield articles(chunk, text=text, id=id, threads=threads, longest=longest)


def within(column: Column, longest: int) -> Column:
    """The texts that are not too long, measured before a dictionary is written out; others are missing.

    Args:
        column: (n,), of any type.
        longest: Bytes that each may have.

    Warns:
        DedupWarning: Some are.

    Example:
        >>> import warnings
        >>> import pyarrow as pa
        >>> with warnings.catch_warnings(action="ignore", category=dedup.DedupWarning):
        ...     within(pa.chunked_array([["short", "much too long"]]), longest=5).to_pylist()
        ['short', None]
    """
    long = sizes_of(column) > longest
    if long.any():
        several = "a text has" if long.sum() == 1 else f"{long.sum():,} texts have"
        warn(
            f"{several} more than {longest:,} bytes, the first is article {np.argmax(long)}; they are left out as if "
            "they were missing: cut them, or give Settings(longest_text=...) more"
        )
    return without(column, long)


# --- which columns -------------------------------------------------------------------------------------------------


def _paths(text: str | list[str], id_: str, names: Sequence[Any] | Inside) -> tuple[tuple[Path, ...], Path | None]:
    """Where the texts and the ids are; None for ids that are not there."""
    known = list((names(()) or ()) if callable(names) else names)
    hint = f": name the one that holds the text, for example text={(known or ['body'])[0]!r}"
    texts = columns_of(text, names, hint)
    return texts, column_of(id_, names)


def _tops(text: str | list[str], id_: str, names: Sequence[Any] | Inside) -> list[Any]:
    """The columns that are to be read."""
    texts, ids = _paths(text, id_, names)
    return list(dict.fromkeys(path[0] for path in (*texts, ids) if path))


def _one(columns: Sequence[Column], paths: Sequence[Path], longest: int) -> Column:
    """The texts of one or several columns, which are at these paths."""
    names = (path[0] if len(path) == 1 else ".".join(path) for path in paths)
    return joined([as_text(within(column, longest), name) for column, name in zip(columns, names, strict=True)])


# --- tables --------------------------------------------------------------------------------------------------------


def _from_arrow(column: Column, text: str | list[str], id_: str, longest: int) -> tuple[Column, Column | None]:
    """A column alone, or those of a table, which the Arrow interface hands over as a column of structs."""
    if not pa.types.is_struct(column.type):
        return as_text(within(column, longest), text), None
    texts, ids = _paths(text, id_, names_inside(column.type))
    found = _one([column_at(column, path) for path in texts], texts, longest)
    return found, None if ids is None else column_at(column, ids)


def _from_pandas(
    source: Any, text: str | list[str], id_: str, threads: int, longest: int
) -> tuple[Column, Column | None]:
    """A series, or columns of a frame; other columns are not read. Ids may be the index."""
    if not hasattr(type(source), "columns"):  # the index of a series may have an entry of that name
        return as_text(within(_from_series(source, threads), longest), text), None
    texts, path = _paths(text, id_, list(source.columns))
    column = _one([_from_column(source[name], inner, text, threads) for name, *inner in texts], texts, longest)
    if path is not None:
        return column, _ids_of(source[path[0]], path[1:])
    return column, _ids(list(source.index.get_level_values(id_))) if id_ in source.index.names else None


def _from_series(series: Any, threads: int) -> Column:
    try:
        column = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):  # of several types, or with lone surrogates: one by one
        return _strings(as_lines(list(series)), threads)
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _columns(source: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict of columns, of which each can be read more than once."""
    for name, column in source.items():
        if not isinstance(column, Iterable) or isinstance(column, str | bytes | Mapping):
            raise InputError(
                f"articles must be {KINDS}, got {type(source).__name__} whose {name!r} is one "
                f"{type(column).__name__}: put an article in a list, [article]; of texts by their ids give columns, "
                "{'id': list(articles), 'text': list(articles.values())}"
            )
    columns = {name: column if isinstance(column, Sized) else list(column) for name, column in source.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the columns of the {type(source).__name__} have {lengths} values; give each as many")
    return columns


def _from_columns(
    source: dict[Any, Any], text: str | list[str], id_: str, threads: int, longest: int
) -> tuple[Column, Column | None]:
    texts, path = _paths(text, id_, list(source))
    column = _one([_from_column(source[name], inner, text, threads) for name, *inner in texts], texts, longest)
    return column, None if path is None else _ids_of(source[path[0]], path[1:])


def _from_column(column: Any, inner: Sequence[Any], text: str | list[str], threads: int) -> Column:
    """A column of whatever library, or what its values hold at the end of a path."""
    arrow = None if queries.library(column) == "pandas" else _arrow(column)
    if arrow is not None:
        return column_at(arrow, tuple(inner))
    if inner:
        values = [_found(value, place, tuple(inner), text) for place, value in enumerate(column)]
        return _strings(as_lines(values), threads)
    if queries.library(column) == "pandas":
        return _from_series(column, threads)
    return _strings(as_lines(list(column)), threads)


def _arrow(column: Any) -> Column | None:
    """A column as Arrow has it, if its library hands it over."""
    if hasattr(column, "__arrow_c_stream__"):
        return pa.chunked_array(column)
    return pa.chunked_array([pa.array(column)]) if hasattr(column, "__arrow_c_array__") else None


def _ids_of(column: Any, inner: Path) -> Column:
    """A column of ids, or what its values hold at the end of a path."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column_at(pa.chunked_array(column), inner)
    tensor = hasattr(column, "ndim") and hasattr(column, "tolist") and queries.library(column) != "pandas"
    values = column.tolist() if tensor else list(column)  # the elements of a tensor are tensors
    return _ids([value_at(value, inner) for value in values])


# --- rows ----------------------------------------------------------------------------------------------------------


def _listed(source: Any) -> Any:
    """A list, a tuple or a numpy column as it is, another iterable as the list that it becomes."""
    if not isinstance(source, Iterable) or getattr(source, "ndim", 1) != 1:
        ways = [f"articles.{name}()" for name in GIVES_ROWS if callable(getattr(source, name, None))]
        hint = f"; give what it holds: {ways[0]}" if ways and not isinstance(source, type) else ""
        raise InputError(f"articles must be {KINDS}, got {type(source).__name__}{hint}")
    return source if isinstance(source, list | tuple | np.ndarray) else list(source)


def _from_python(source: Any, text: str | list[str], id_: str, threads: int) -> tuple[Column, Column | None]:
    """Strings, mappings or dataclasses, one by one; a numpy column is a run of strings too."""
    values = list(source)
    first = next((value for value in values if not missing(value)), None)
    if not _is_row(first):
        return _strings(values, threads), None
    rows = [_row(value, place) for place, value in enumerate(values)]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    paths, path = _row_paths(text, names), column_of(id_, names)
    if len(paths) == 1:
        texts = [_found(row, place, paths[0], text) if row is not NO_ROW else None for place, row in enumerate(rows)]
        column = _strings(as_lines(texts), threads)
    else:
        _check_rows(rows, paths, text)
        column = joined([_strings(as_lines([value_at(row, one) for row in rows]), threads) for one in paths])
    return column, None if path is None else _ids([value_at(row, path) for row in rows])


def _is_row(value: Any) -> bool:
    return fields_of(value) is not None


NO_ROW: Mapping[str, Any] = {}
"""What stands for a row that is missing; one without any fields is not this one."""


def _row(value: Any, place: int) -> Mapping[Any, Any]:
    """An article's names and values; `NO_ROW` where it is missing."""
    fields = NO_ROW if missing(value) else fields_of(value)
    if fields is None:
        raise InputError(f"article {place} is {_shown(value)}; articles must be {KINDS}")
    return fields


def _row_paths(text: Any, names: Sequence[Any]) -> tuple[Path, ...]:
    """Where texts are. A single one that no article has is left to be told with the article."""
    single = column_of(text, names)
    if single is None and (isinstance(text, list) or "," in str(text)):
        return columns_of(text, names)
    return (single or (text,),)


def _found(value: Any, place: int, path: Path, text: object) -> Any:
    """What stands at the end of a path; None where something on the way is missing."""
    for name in path:
        if missing(value):
            return None
        fields = fields_of(value)
        if fields is None or name not in fields:
            has = f"there is {_shown(value)}" if fields is None else f"it has {list(islice(fields, 20))}"
            raise InputError(
                f"article {place} has no {text!r}; {has}: name the one that holds the text with text=, "
                f"or give {text!r} as None where it is missing"
            )
        value = fields[name]
    return value


def _check_rows(rows: Sequence[Mapping[Any, Any]], paths: Sequence[Path], text: str | list[str]) -> None:
    """Of several columns an article may lack some, but not all."""
    for place, row in enumerate(rows):
        if row is not NO_ROW and not any(path[0] in row for path in paths):
            raise InputError(
                f"article {place} has none of {text!r}; it has {list(islice(row, 20))}: name those that hold the text "
                "with text=, or give one of them as None where it is missing"
            )


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
