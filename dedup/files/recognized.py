"""A file is opened as what it is: its first bytes may say more than its name, or otherwise.

In: a source, as its name says. Out: the source as its content says, and its bytes. Magic bytes count more than a name,
with a word about it; where the name leaves it open, as .json and .xml do, the content tells. Costs a look at the first
bytes, which are read anyway; a file that is compressed and does not say so is opened twice.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO

from dedup.errors import FileError
from dedup.files.compressed import JUMPING, Said, opened
from dedup.files.contents import HEAD, by_magic, json_kind, marked_up, tabular, unfit
from dedup.files.kinds import CALLED, UNCLEAR, parts
from dedup.files.source import Source
from dedup.files.unread import advice

_ZIPPED = {"wacz", "epub"}
"""Kinds that are a zip, which their first bytes need not tell from another one."""


@contextmanager
def recognized(
    source: Source, said: Said = lambda *_: None, text: str = "text"
) -> Iterator[tuple[Source, IO[bytes], io.BufferedReader]]:
    """Open a file.

    Args:
        source: The file.
        said: Called with what is wrong with its name or its compression.
        text: The name of the column of texts, by which rows are known where the name says nothing.

    Yields:
        The source of the kind that it is, its bytes as they are, and decompressed.

    Raises:
        FileError: It is of a kind that cannot be read.
    """
    with opened(source, said) as (raw, plain):
        # of what lies elsewhere a look at the first bytes is a request, and those of a table are not its own
        if source.current is not None or (source.local is None and source.kind in JUMPING):
            yield source, raw, plain
            return
        head = plain.peek(HEAD)[:HEAD]
        codec = hidden_codec(source, head)
        if codec is None:
            yield known(source, head, said, text), raw, plain
            return
    said(f"the file is compressed with {codec}, which its name does not say", "warning")
    source = replace(source, codec=codec)
    with opened(source, said) as (raw, plain):
        yield known(source, plain.peek(HEAD)[:HEAD], said, text), raw, plain


def told(source: Source, text: str) -> Source | None:
    """What a file is whose name says nothing.

    Args:
        source: The file.
        text: The name of the column of texts.

    Returns:
        The source of the kind that its content is; None where that is not certain.
    """
    with opened(source) as (_, plain):
        head = plain.peek(HEAD)[:HEAD]
    codec = hidden_codec(source, head)
    if codec:
        return told(replace(source, codec=codec), text)
    kind = certain(head, text)
    return replace(source, kind=kind) if kind in CALLED else None


def certain(head: bytes, text: str) -> str | None:
    """The kind of a file that begins so, whatever its name says.

    Args:
        head: How it begins, decompressed.
        text: The name of the column of texts.
    """
    found = by_magic(head)
    return found.kind if found else marked_up(head) or tabular(head, text)


def hidden_codec(source: Source, head: bytes) -> str | None:
    """How a file is compressed whose name does not say that it is.

    Args:
        source: The file.
        head: How it begins.
    """
    found = None if source.codec else by_magic(head)
    return found and found.codec


def known(source: Source, head: bytes, said: Said, text: str) -> Source:
    """The source of the kind that it is.

    Args:
        source: The file.
        head: How it begins, decompressed.
        said: Called with what is wrong with its name.
        text: The name of the column of texts.

    Raises:
        FileError: It is of a kind that cannot be read.
    """
    if source.kind == UNCLEAR:
        kind = certain(head, text)
        if kind not in CALLED:
            raise FileError(advice(""))
        return replace(source, kind=kind)
    kind = _kind(source.kind, head)
    if kind == source.kind:
        return source
    if CALLED[kind] != CALLED[source.kind]:
        who = "--format" if parts(str(source.path))[1] == UNCLEAR else "its name"
        said(f"the file is {CALLED[kind]}, not {CALLED[source.kind]} as {who} says, and was read so", "warning")
    return replace(source, kind=kind)


def _kind(named: str, head: bytes) -> str:
    """What a file is that is called so."""
    found = by_magic(head)
    if found and found.kind in CALLED and not (found.kind == "zip" and named in _ZIPPED):
        return found.kind
    what = unfit(head) if named != "document" or head[:5] == b"%PDF-" else None
    if what:
        raise FileError(f"the file is {what}")
    if named == "json_lines":
        return json_kind(head)
    other = marked_up(head) if named in ("document", "page") else None
    return other or named
