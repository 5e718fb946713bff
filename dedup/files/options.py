"""How articles lie in files: what a user says of them.

In: names of columns, and the like. Out: a `ReadOptions`, which every reader follows. Reads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dedup.errors import SettingsError
from dedup.fields import IDS
from dedup.files.charsets import named
from dedup.files.kinds import NAMED
from dedup.files.streams import Streams
from dedup.settings import LONGEST_TEXT, Settings

LEAST_LINE = 1 << 20
"""Characters that a line may have, however short texts are to be."""
ID_FROM = ("id", "path+id")
"""Where ids come from: from the column of ids, or from the path of the file and that column."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    r"""How articles lie in files.

    Args:
        text: Column of the tables that holds the texts; ``"content.body"`` is one inside of another, and the texts of
            ``"title,body"`` are joined by a blank line. A column that is called so itself is meant first.
        id: Column of the tables that holds the ids, or a path to one. Only the default may be missing: then ``url``,
            ``doc_id`` or ``_id`` is taken. None makes all ids, as of rows that have none.
        id_from: ``"id"``: ids are what the column of ids says. ``"path+id"``: they are ``<path>:<id>``, with the whole
            path of the file as it was given, so that two files may number their articles alike; documents and rows
            without ids are named after the whole path, too.
        format: What files are whose names do not say it, such as the standard input: a key of `kinds.NAMED`, for
            example ``"jsonl"``.
        streams: What - and pipes become; None takes neither.
        encoding: What texts, tables and pages are written in, such as ``"gbk"``, whatever pages declare; a byte order
            mark alone counts before it. None where it is to be found. Parquet says it itself.
        delimiter: What stands between the fields of CSV: one character, which may be a tab or a backslash and a t. None
            where it is to be found.
        longest_text: Bytes of a text; a longer one is left out, and told. A line, a value of JSON, a chapter or a
            feed may have four times as many.
        follow_links: Whether links in a folder that lead out of it are followed: who fills a folder would choose what
            else of this machine is read. They are told where they are not.

    Raises:
        SettingsError: `id_from` is neither, or there is no such format or encoding, or the delimiter is none, or
            `longest_text` is out of its range.

    Example:
        >>> from pathlib import Path
        >>> from dedup import files
        >>> _ = Path("posts.jsonl").write_text('{"no": 7, "content": {"body": "古樹茶餅"}}\n', "utf-8")
        >>> options = files.ReadOptions(text="content.body", id="no", id_from="path+id")
        >>> files.read("posts.jsonl", options).table.to_pylist()
        [{'id': 'posts.jsonl:7', 'text': '古樹茶餅'}]
        >>> options.ids, options.prefixed, options.longest_record, options.codec, options.separator
        (('no',), True, 40000000, None, None)
    """

    text: str = "text"
    id: str | None = "id"
    id_from: str = "id"
    format: str | None = None
    streams: Streams | None = field(default=None, compare=False, repr=False)
    encoding: str | None = None
    delimiter: str | None = None
    longest_text: int = LONGEST_TEXT
    follow_links: bool = False

    def __post_init__(self) -> None:
        Settings(longest_text=self.longest_text)
        if self.id_from not in ID_FROM:
            raise SettingsError(f"id_from must be 'id' or 'path+id', got {self.id_from!r}")
        if self.format is not None and self.format not in NAMED:
            raise SettingsError(f"format must be one of {', '.join(NAMED)}, got {self.format!r}")
        if self.encoding is not None and self.codec is None:
            raise SettingsError(
                "encoding must be a character set such as utf-8, gb18030, big5hkscs, shift_jis, euc-kr, windows-1251 "
                f"or utf-16-le, got {self.encoding!r}"
            )

        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n\0'):
            raise SettingsError(
                f"delimiter must be one character such as ';' or '\\t', and no quote, got {self.delimiter!r}"
            )

    @property
    def separator(self) -> str | None:
        """The delimiter as it stands in a file; None where it is to be found."""
        return {"\\t": "\t"}.get(self.delimiter, self.delimiter) if self.delimiter else self.delimiter

    @property
    def longest_record(self) -> int:
        """Characters of a line, a value of JSON, a chapter or a feed: in them is more than a text, and escapes."""
        return max(LEAST_LINE, 4 * self.longest_text)

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that may hold the ids, of which the first that is there is meant; none where all are made."""
        if self.id is None:
            return ()
        return IDS if self.id == IDS[0] else (self.id,)

    @property
    def codec(self) -> str | None:
        """That of the encoding; None where it is to be found."""
        return None if self.encoding is None else named(self.encoding)

    @property
    def prefixed(self) -> bool:
        """Whether ids begin with the path of their file."""
        return self.id_from != "id"


AS_USUAL = ReadOptions()
"""What is read where a user says nothing."""
