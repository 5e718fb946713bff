"""What the name of a column asks for: a column, one inside of another, or several whose texts are joined.

In: a name such as ``text``, ``content.body`` or ``title,body``, and the names that there are. Out: the path of each
column, and what stands there: in a table, or in a mapping or dataclass. Joining copies each text once; nothing else
is copied. Does not know what an id or a text must be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from dedup.errors import InputError

BETWEEN = "\n\n"
"""What stands between the texts of several columns: a blank line, as between paragraphs."""
MISSING: Any = object()
"""Stands for a value that is not there."""
NAMED = 20
"""Columns that are named where one is missing."""
LETTERS = 60
"""Those of a name that are shown."""
IDS = ("id", "url", "doc_id", "_id")
"""Names under which crawlers and archives keep what an article is called, the first that is there."""

Path: TypeAlias = tuple[Any, ...]
"""Names from a column of the table to one inside of it; almost always a single one."""
Inside: TypeAlias = Callable[[Path], Sequence[Any] | None]
"""The names inside of a column, of the table itself for (); None where they are not known before rows are read."""


def columns_of(name: Any, names: Sequence[Any] | Inside, hint: str = "") -> tuple[Path, ...]:
    """The columns that a name asks for.

    A name that is there as it is written wins, whatever is in it. Otherwise a dot leads into a column, to any depth:
    ``content.body``; and a comma stands between several columns, each of them a name or a path: ``title,content.body``.

    Args:
        name: What the user wrote; also a list of names, as several between commas. Anything but a string or a list
            must be there as it is.
        names: Of the columns; or what gives the names inside of a column, so that paths can be checked. Where they
            are not known a path is taken as it is written.
        hint: Added to the error: what to do in the user's own words.

    Returns:
        At least one path of at least one name.

    Raises:
        InputError: There is no such column, or several of this name.
    """
    inside = _inside(names)
    path = column_of(name, inside)
    if path is not None:
        return (path,)
    several = name if isinstance(name, list) else name.split(",") if isinstance(name, str) else [name]
    pieces = [one.strip() if isinstance(one, str) else one for one in several]
    paths = [_path(piece, inside) for piece in pieces]
    for piece, found in zip(pieces, paths, strict=True):
        if found is None:
            raise InputError(f"there is no column {_written(piece, name)}; {_known(piece, inside)}{hint}")
    if not paths:
        raise InputError(f"no column is named; {_known('', inside)}{hint}")
    return tuple(path for path in paths if path is not None)


def column_of(name: Any, names: Sequence[Any] | Inside) -> Path | None:
    """The one column of this name or path; None where there is none.

    Args:
        name: As `columns_of`, but commas mean nothing.
        names: As `columns_of`.

    Raises:
        InputError: Several are called so.
    """
    return _path(name, _inside(names))


def _inside(names: Sequence[Any] | Inside) -> Inside:
    return names if callable(names) else lambda at: None if at else names


def _path(name: Any, inside: Inside, at: Path = ()) -> Path | None:
    """Where the column of this name or path is; the longest name that is there goes before a path."""
    known = inside(at)
    if known is not None and list(known).count(name) > 1:
        raise InputError(f"{list(known).count(name)} columns are called {name!r}; rename all but one")
    if known is not None and name in known:
        return (*at, name)
    parts = name.split(".") if isinstance(name, str) else []
    if known is None:  # a comma is between columns
        return (*at, *parts) if all(parts) and "," not in str(name) else None
    for count in range(len(parts) - 1, 0, -1):
        head = ".".join(parts[:count])
        if head in known and (found := _path(".".join(parts[count:]), inside, (*at, head))):
            return found
    return None


def _written(piece: Any, name: Any) -> str:
    return repr(piece) if name in (piece, [piece]) else f"{piece!r} of {name!r}"


def _short(name: Any) -> Any:
    """A name as an error shows it: where a line of text is taken for names, they are long."""
    return f"{name[:LETTERS]}..." if isinstance(name, str) and len(name) > LETTERS else name


def _known(piece: Any, inside: Inside) -> str:
    """The columns that there are, and those inside of one to which the path led."""
    known = list(inside(()) or ())
    said = f"the columns are {list(map(_short, known[:NAMED]))}" + ", ..." * (len(known) > NAMED)
    head = piece.partition(".")[0] if isinstance(piece, str) else None
    if head in known and (deeper := inside((head,))) is not None:
        said += f", inside of {head!r} there {f'are {list(deeper)}' if deeper else 'are none'}"
    return said


def id_column(names: Iterable[str]) -> str | None:
    """The column that tells articles apart where the user named none: ``id``, ``url``, ``doc_id`` or ``_id``.

    Args:
        names: Of the columns.

    Returns:
        The first of the four that is there; None if none is.
    """
    there = set(names)
    return next((name for name in IDS if name in there), None)


# --- what stands there ---------------------------------------------------------------------------------------------


def names_inside(kind: pa.DataType) -> Inside:
    """The names inside of each column of a table.

    Args:
        kind: The struct that its columns are: ``pa.struct(schema)``.
    """

    def inside(path: Path) -> list[str]:
        here = kind
        for name in path:
            here = here.field(here.get_field_index(name)).type
        return [field.name for field in here] if pa.types.is_struct(here) else []

    return inside


def column_at(column: pa.ChunkedArray, path: Path) -> pa.ChunkedArray:
    """A column inside of others.

    Args:
        column: Of structs, (n,): a table's columns, or what a path begins in.
        path: From there; may be empty.

    Returns:
        (n,), null wherever something on the way is.

    Raises:
        InputError: There is no such column inside of the one before.
    """
    for name in path:
        names = [field.name for field in column.type] if pa.types.is_struct(column.type) else []
        if name not in names:
            raise InputError(f"there is no {name!r} of the path {'.'.join(path)!r}; there are {names}")
        column = column.flatten()[names.index(name)]
    return column


def fields_of(value: Any) -> Mapping[Any, Any] | None:
    """The names and values of a mapping or an instance of a dataclass; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None


def value_at(row: Any, path: Path) -> Any:
    """What a mapping or dataclass holds at the end of a path; None where anything on the way is not there."""
    for name in path:
        row = (fields_of(row) or {}).get(name)
    return row


def value_of(row: Mapping[str, Any], name: str) -> Any:
    """What an object has under a name or path; the longest name that is there goes before a path.

    Args:
        row: The object.
        name: As `columns_of`, but commas mean nothing.

    Returns:
        The value; `MISSING` where it has none, which is not null.
    """
    value = row.get(name, MISSING)
    at = len(name)
    while value is MISSING and (at := name.rfind(".", 0, at)) > 0:
        inside = row.get(name[:at])
        if isinstance(inside, Mapping):
            value = value_of(inside, name[at + 1 :])
    return value


def joined(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The texts of several columns as one, a blank line between them.

    Args:
        columns: Strings of the same kind, (n,) each.

    Returns:
        (n,): without the texts that are missing or empty; null where all are missing.
    """
    if len(columns) == 1:
        return columns[0]
    import pyarrow.compute as pc  # noqa: PLC0415 - 50 ms that files without such columns do without

    nothing, between = pa.scalar("", columns[0].type), pa.scalar(BETWEEN, columns[0].type)
    whole = pc.fill_null(columns[0], nothing)
    for column in columns[1:]:  # two by two: to skip nulls of several at once, Arrow leaves out rows without any text
        more = pc.fill_null(column, nothing)
        both = pc.binary_join_element_wise(whole, more, between)
        whole = pc.if_else(pc.equal(more, nothing), whole, pc.if_else(pc.equal(whole, nothing), more, both))
    there = pc.is_valid(columns[0])
    for column in columns[1:]:
        there = pc.or_(there, pc.is_valid(column))
    return pc.if_else(there, whole, pa.scalar(None, whole.type))


def joined_texts(texts: Iterable[str | None]) -> str | None:
    """`joined` of the texts of one article."""
    there = [text for text in texts if text is not None]
    return BETWEEN.join(filter(None, there)) if there else None
