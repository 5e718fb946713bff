"""Cells of CSV that a spreadsheet would take for formulas, made harmless, and read again.

In: tables or texts. Out: the same, in which what begins with = + - @ (in full width, too, which is a formula to a
spreadsheet in Chinese or Japanese), a tab, the end of a line or a NUL has an apostrophe before it, as OWASP says
(https://owasp.org/www-community/attacks/CSV_Injection); or without it. What begins with apostrophes and such a sign
gets one more, so that all can be undone. Numbers are left alone. Costs one look at each text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

_NAKED = r"^[=+\-@＝＋－＠\t\r\n\x00]"
_FORMULA = _NAKED.replace("^", "^'*")
_HARMLESS = _NAKED.replace("^", "^'+")


def harmless(table: pa.Table) -> pa.Table:
    """A table in which no text is a formula, nor the name of a column.

    Args:
        table: Any.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - only here

    def marked(column: pa.ChunkedArray) -> pa.ChunkedArray:
        apostrophe, nothing = pa.scalar("'", column.type), pa.scalar("", column.type)
        return pc.if_else(
            pc.match_substring_regex(column, _FORMULA),
            pc.binary_join_element_wise(apostrophe, column, nothing),
            column,
        )

    return _changed(table, marked).rename_columns(list(map(harmless_cell, table.column_names)))


def harmless_cell(cell: str) -> str:
    """A text that is no formula.

    Args:
        cell: Any.
    """
    return f"'{cell}" if re.match(_FORMULA, cell) else cell


def cells_as_they_were(cells: Sequence[str]) -> list[str]:
    """The texts of which `harmless_cell` made these; where one is a formula they are as they were.

    Args:
        cells: Those of a file.
    """
    if any(re.match(_NAKED, cell) for cell in cells):
        return list(cells)
    return [cell[1:] if re.match(_HARMLESS, cell) else cell for cell in cells]


def as_it_was(table: pa.Table) -> pa.Table:
    """The table of which `harmless` made this one; a table in which there are formulas is as it was.

    Args:
        table: Any.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 - only here

    texts = [column for column in table.columns if _is_text(column.type)]
    if any(pc.any(pc.match_substring_regex(column, _NAKED)).as_py() for column in texts):
        return table

    def bare(column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.if_else(pc.match_substring_regex(column, _HARMLESS), pc.utf8_slice_codeunits(column, 1), column)

    return _changed(table, bare)


def _changed(table: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    """A table whose columns of text are changed; those coded by dictionaries are written out."""
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_dictionary(field.type) and _is_text(field.type.value_type):
            column = column.cast(field.type.value_type)
        if _is_text(column.type):
            column = column.cast(pa.large_string())
            table = table.set_column(place, field.name, change(column))
    return table


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())
