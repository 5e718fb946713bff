"""What stands for rows that are yet to be read: a lazy frame, a dataset of files, a table of a lake, a hub's data set.

In: an object of another library, known by the name of its type: no library is imported that its user has not. Out: its
rows, at once or some at a time. Rows are those of the version, filter and order that the object stands for; files are
never looked at behind the library's back. Does not know what a text is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pyarrow as pa

from dedup.errors import InputError
from dedup.fields import Inside, names_inside

ROWS = 4096
"""Rows of a data set of Hugging Face or a table of Delta that are read at once."""
IN_ORDER = {"datafusion.execution.target_partitions": "1", "datafusion.execution.batch_size": str(ROWS)}
"""Of the engine of Delta: with several partitions, batches come in another order each time."""
Wanted: TypeAlias = Callable[[Inside], list[str]]
"""Which columns are to be read, by the names that there are."""


def library(source: Any) -> str:
    """The package that an object is of, such as ``"pandas"``."""
    return type(source).__module__.partition(".")[0]


def _called(source: Any) -> set[str]:
    """What an object is, by library and name, such as ``"polars.LazyFrame"``."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(source).__mro__}


# --- at once -------------------------------------------------------------------------------------------------------


def delta_rows(table: Any, wanted: Wanted | None = None) -> pa.RecordBatchReader:
    """The rows of a Delta table's version, by its library's engine, which knows deletion vectors and mapped columns.

    The dataset that the library makes of a table refuses the ones, and of the others it may give nulls.

    Args:
        table: The table, as its library opens it.
        wanted: Called with all names, says which columns to read; None is all.

    Returns:
        The rows in an order that is the same each time, those that were written last first.
    """
    from deltalake import QueryBuilder  # noqa: PLC0415 - the caller has it

    kept = [field.remove_metadata() for field in pa.schema(table.schema().to_arrow())]
    if wanted is not None:
        columns = wanted(names_inside(pa.struct(kept)))
        kept = [field for field in kept if field.name in columns]
    names = ", ".join('"{}"'.format(field.name.replace('"', '""')) for field in kept)
    found = QueryBuilder(IN_ORDER).register("rows", table).execute(f"SELECT {names} FROM rows")  # noqa: S608 - quoted
    batches = pa.RecordBatchReader.from_stream(found)
    return pa.RecordBatchReader.from_batches(pa.schema(kept), (batch.cast(pa.schema(kept)) for batch in batches))


WHOLE: dict[str, Callable[[Any], Any]] = {
    "polars.LazyFrame": lambda frame: frame.collect(),
    "pyarrow.Dataset": lambda dataset: dataset.to_table(),  # Lance's is one, too
    "pyarrow.Scanner": lambda scanner: scanner.to_table(),
    "lance.LanceScanner": lambda scanner: scanner.to_table(),
    "deltalake.DeltaTable": lambda table: delta_rows(table).read_all(),
    "pyiceberg.Table": lambda table: table.scan().to_arrow(),
    "pyiceberg.DataScan": lambda scan: scan.to_arrow(),
    "datasets.IterableDataset": lambda dataset: list(dataset.with_format(None)),
}


def executed(source: Any) -> Any:
    """The rows of a query as a table of Arrow, a frame of Polars or a list; anything else as it is.

    Args:
        source: Anything.
    """
    for name in _called(source) & WHOLE.keys():
        return WHOLE[name](source)
    return source


# --- some at a time ------------------------------------------------------------------------------------------------


def _of_dataset(dataset: Any, wanted: Wanted) -> Iterator[Any]:
    columns = wanted(names_inside(pa.struct(dataset.schema)))
    return iter(dataset.scanner(columns=columns).to_reader())


def _of_iceberg(scan: Any, wanted: Wanted) -> Iterator[Any]:
    columns = wanted(names_inside(pa.struct(scan.projection().as_arrow())))
    return iter(scan.select(*columns).to_arrow_batch_reader())


def _of_lazy_frame(frame: Any, wanted: Wanted) -> Iterator[Any]:
    columns = wanted(names_inside(pa.struct(frame.collect_schema().to_frame(eager=True).to_arrow().schema)))
    chosen = frame.select(columns)
    return iter(chosen.collect_batches() if hasattr(chosen, "collect_batches") else [chosen.collect()])


def hub_tables(dataset: Any, wanted: Wanted) -> Iterator[pa.Table]:
    """Columns of a data set, in the order of its rows, in whatever format these are shown.

    Args:
        dataset: Of Hugging Face.
        wanted: Chooses columns.
    """
    columns = wanted(names_inside(pa.struct(dataset.features.arrow_schema)))
    chosen = dataset.select_columns(columns).with_format("arrow")
    yield pa.schema([dataset.features.arrow_schema.field(name) for name in columns]).empty_table()
    yield from chosen.iter(batch_size=ROWS)


def hub_table(dataset: Any, wanted: Wanted) -> pa.Table:
    """`hub_tables` as one."""
    return pa.concat_tables(hub_tables(dataset, wanted))


PARTS: dict[str, Callable[[Any, Wanted], Iterator[Any]]] = {
    "polars.LazyFrame": _of_lazy_frame,
    "pyarrow.Dataset": _of_dataset,
    "pyarrow.Scanner": lambda scanner, _: iter(scanner.to_reader()),
    "lance.LanceScanner": lambda scanner, _: iter(scanner.to_reader()),
    "deltalake.DeltaTable": lambda table, wanted: iter(delta_rows(table, wanted)),
    "pyiceberg.Table": lambda table, wanted: _of_iceberg(table.scan(), wanted),
    "pyiceberg.DataScan": _of_iceberg,
    "datasets.Dataset": hub_tables,
    "datasets.IterableDataset": lambda dataset, _: iter(dataset.with_format(None)),
}


def parts(source: Any, wanted: Wanted) -> Iterator[Any] | None:
    """Rows of a query, some at a time, with the wanted columns where it can leave out others.

    Args:
        source: Anything.
        wanted: Chooses columns.

    Returns:
        Tables, batches or frames, or rows one by one; None where the source is held in memory already.
    """
    for name in _called(source) & PARTS.keys():
        return None if is_transformed(source) else PARTS[name](source, wanted)
    return None


# --- data sets of Hugging Face -------------------------------------------------------------------------------------


def is_hub(source: Any) -> bool:
    """Whether it is a data set of Hugging Face whose rows have places."""
    return "datasets.Dataset" in _called(source)


def is_transformed(source: Any) -> bool:
    """Whether rows of a data set are made by a function of its user's when they are looked at."""
    return is_hub(source) and source.format["type"] == "custom"


def only_split(source: Any) -> Any:
    """The one split of a dictionary of data sets; anything else as it is.

    Args:
        source: Anything.

    Raises:
        InputError: It has several splits, or none.
    """
    if not _called(source) & {"datasets.DatasetDict", "datasets.IterableDatasetDict"}:
        return source
    if len(source) == 1:
        return next(iter(source.values()))
    first = next(iter(source), "train")
    raise InputError(
        f"the {type(source).__name__} has the splits {list(source)}, and which of them are meant cannot be known: "
        f"give one, articles[{first!r}], or all: datasets.concatenate_datasets(list(articles.values()))"
    )
