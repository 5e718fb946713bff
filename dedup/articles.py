"""Articles as a caller has them, as one Arrow column.

In: a list or iterable of strings, of mappings or of dataclasses; an Arrow array or table; anything that offers the
Arrow C stream (Polars, pandas, a DuckDB relation); a pandas or numpy column. Out: an `Articles` of texts, in the
order given, and their ids where they have any. Missing texts stay missing. Columns that are Arrow already are
not copied; a list of strings is copied once. Reads no files.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from dedup.errors import DedupWarning, InputError

KINDS = (
    "a list or iterable of strings, of mappings or of dataclasses, an Arrow, pandas, Polars or numpy column, "
    "or a table or DuckDB relation with a text column"
)


class Articles(NamedTuple):
    """Texts in order, and their ids."""

    texts: pa.ChunkedArray
    """large_string (n,), null where a text is missing."""
    ids: pa.ChunkedArray | None
    """Any type, (n,); None where the articles have no ids."""


def articles(source: Any, *, text: str = "text", id: str = "id") -> Articles:  # noqa: A002 - the column's usual name
    """Read articles from whatever the caller has.

    Args:
        source: The articles; see the module's docstring.
        text: Column, key or attribute that holds the text.
        id: Column, key or attribute that holds the id; may be absent, then there are no ids.

    Returns:
        The texts as large strings, and the ids.

    Raises:
        InputError: The source is of a kind that cannot be read, has no such column, or a value is not a text.

    Warns:
        DedupWarning: Ids that repeat, or lone surrogates that were replaced.
    """
    if isinstance(source, str | bytes):
        raise InputError(f"articles must be {KINDS}, got one {type(source).__name__}; put it in a list: [article]")
    columns = _from_arrow(source, text, id) if _offers_arrow(source) else _from_python(source, text, id)
    texts, ids = columns
    result = Articles(_as_text(texts, text), ids)
    _warn_of_repeats(ids)
    return result


def _offers_arrow(source: Any) -> bool:
    arrow = isinstance(source, pa.Table | pa.RecordBatch | pa.Array | pa.ChunkedArray | pa.RecordBatchReader)
    return arrow or hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__")


def _from_arrow(source: Any, text: str, id: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:  # noqa: A002
    """The two columns of a table, or a column alone."""
    if isinstance(source, pa.Array | pa.ChunkedArray) or _is_column(source):
        return _chunked(source), None
    table = pa.table(source)
    if text not in table.column_names:
        raise InputError(
            f"there is no column {text!r}; the columns are {table.column_names}: name the one that holds the text, "
            f"for example text={(table.column_names or ['body'])[0]!r}"
        )
    return table.column(text), table.column(id) if id in table.column_names else None


def _is_column(source: Any) -> bool:
    """Whether an object with the Arrow interface is one column: tables have columns, columns have none."""
    return not isinstance(source, pa.RecordBatch | pa.Table | pa.RecordBatchReader) and not hasattr(source, "columns")


def _chunked(column: Any) -> pa.ChunkedArray:
    if isinstance(column, pa.ChunkedArray):
        return column
    if hasattr(column, "__arrow_c_stream__"):
        return pa.chunked_array(column)
    return pa.chunked_array([column if isinstance(column, pa.Array) else pa.array(column)])


def _from_python(source: Any, text: str, id: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray | None]:  # noqa: A002
    """Strings, mappings or dataclasses, one by one; a pandas or numpy column is a run of strings too."""
    if not isinstance(source, Iterable) or isinstance(source, Mapping):
        raise InputError(f"articles must be {KINDS}, got {type(source).__name__}")
    values = list(source)
    first = next((v for v in values if not _missing(v)), None)
    if first is None or isinstance(first, str):
        return _strings(values), None
    fields = [_fields(value, place, text) for place, value in enumerate(values)]
    texts = _strings([f.get(text) for f in fields])
    if not any(id in f for f in fields):
        return texts, None
    return texts, _ids([f.get(id) for f in fields])


def _missing(value: Any) -> bool:
    """None, NaN and pandas' NA: the missing values of a column of strings."""
    return value is None or value != value or type(value).__name__ == "NAType"  # noqa: PLR0124


def _fields(value: Any, place: int, text: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if not isinstance(value, Mapping):
        raise InputError(f"article {place} is {_shown(value)}; articles must be {KINDS}")
    if text not in value:
        raise InputError(
            f"article {place} has no {text!r}; it has {list(islice(value, 20))}: name the one that holds the text "
            f"with text=, or give {text!r} as None where it is missing"
        )
    return value


def _strings(values: list[Any]) -> pa.ChunkedArray:
    """Python strings to Arrow; lone surrogates, which UTF-8 cannot hold, become question marks."""
    values = [None if _missing(v) else v for v in values]
    for place, value in enumerate(values):
        if not (value is None or isinstance(value, str)):
            raise InputError(f"the text of article {place} is {_shown(value)}; a text must be a string or missing")
    try:
        return pa.chunked_array([pa.array(values, pa.large_string())])
    except UnicodeEncodeError:
        mended = [value and value.encode("utf-8", "replace").decode() for value in values]
        broken = [place for place, value in enumerate(values) if value != mended[place]]
        warnings.warn(
            f"{len(broken)} articles hold lone surrogates, the first is article {broken[0]}; they were replaced by "
            f"question marks. Decode the source with errors='replace' to be rid of them",
            DedupWarning,
            stacklevel=5,
        )
        return pa.chunked_array([pa.array(mended, pa.large_string())])


def _ids(values: list[Any]) -> pa.ChunkedArray:
    try:
        return pa.chunked_array([pa.array(values)])
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):  # of several types: compared as text
        return pa.chunked_array([pa.array([None if v is None else _plain(v) for v in values], pa.large_string())])


def _plain(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode()


def _shown(value: Any) -> str:
    shown = repr(value)
    return f"{shown[:60]}{'...' if len(shown) > 60 else ''} ({type(value).__name__})"  # noqa: PLR2004


def _as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Any Arrow string type as large strings, whose offsets do not overflow."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_large_string(kind):
        return column
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return column.cast(pa.large_string())
    raise InputError(
        f"column {name!r} holds {kind}; a text column must hold strings: cast it, or name another with text="
    )


def _warn_of_repeats(ids: pa.ChunkedArray | None) -> None:
    if ids is None or len(ids) == ids.null_count:
        return
    counts = pc.value_counts(ids.drop_null())
    often = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(often):
        first = often[0]["values"].as_py()
        warnings.warn(
            f"{len(often)} ids occur more than once, the first is {first!r}; every article is kept, but labels by id "
            "cannot tell them apart. Use positions (clusters.labels), or make the ids unique",
            DedupWarning,
            stacklevel=4,
        )
