"""How articles lie in files: what a user says of them.

In: names of columns, and the like. Out: a `ReadOptions`, which every reader follows. Reads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dedup.errors import SettingsError
from dedup.files.kinds import NAMED
from dedup.files.streams import Streams

ID_FROM = ("id", "path+id")
"""Where ids come from: from the column of ids, or from the path of the file and that column."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How articles lie in files.

    Args:
        text: Column of the tables that holds the texts.
        id: Column of the tables that holds the ids. Only the default may be missing. None makes all ids, as of rows
            that have none.
        id_from: ``"id"``: ids are what the column of ids says. ``"path+id"``: they are ``<path>:<id>``, with the whole
            path of the file as it was given, so that two files may number their articles alike; documents and rows
            without ids are named after the whole path, too.
        format: What files are whose names do not say it, such as the standard input: a key of `kinds.NAMED`, for
            example ``"jsonl"``.
        streams: What - and pipes become; None takes neither.

    Raises:
        SettingsError: `id_from` is neither, or there is no such format.
    """

    text: str = "text"
    id: str | None = "id"
    id_from: str = "id"
    format: str | None = None
    streams: Streams | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.id_from not in ID_FROM:
            raise SettingsError(f"id_from must be 'id' or 'path+id', got {self.id_from!r}")
        if self.format is not None and self.format not in NAMED:
            raise SettingsError(f"format must be one of {', '.join(NAMED)}, got {self.format!r}")

    @property
    def prefixed(self) -> bool:
        """Whether ids begin with the path of their file."""
        return self.id_from != "id"


AS_USUAL = ReadOptions()
"""What is read where a user says nothing."""
