"""What the head of a Parquet file says of a column in a row group, looked at where that is safe.

In: the head of a file. Out: for some columns of a row group where their bytes are, how many, and how they are encoded.
Where a head is damaged in some ways, to ask pyarrow for that ends the process, while to begin to read those columns is
an error: so reading is begun first. It fetches and decodes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def chunks(source: Any, about: Any, group: int, wanted: Callable[[Any], bool]) -> list[Any]:
    """The `pyarrow.parquet.ColumnChunkMetaData` of some columns of a row group.

    Args:
        source: What the file is read from.
        about: Its head, a `pyarrow.parquet.FileMetaData`.
        group: The number of the row group.
        wanted: Says of a `pyarrow.parquet.ColumnSchema` whether it is one of them.

    Raises:
        OSError: The head is damaged.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms that other kinds do without

    places = [place for place in range(about.num_columns) if wanted(about.schema.column(place))]
    if places:  # no rows, on this thread; of no column it would divide by zero
        begun = pq.ParquetFile(source, metadata=about, buffer_size=1, pre_buffer=False)
        list(begun.reader.iter_batches(0, [group], places, False))  # noqa: FBT003 - it has no names
    rows = about.row_group(group)
    return [rows.column(place) for place in places]
