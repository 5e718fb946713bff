"""JSON Lines become tables: an object a line, of which the text and the id are kept.

In: the bytes of one file, decompressed. Out: tables of at most 12 MB. Reads 100 MB a second with the parser of the
standard library and holds one line beside the table in the making. A line that is not an object with a text costs
only itself. Does not read a JSON document that is spread over lines: that is one problem, not one a line.
"""

from __future__ import annotations

import io
import json
import reprlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from dedup.errors import FileError, InputError
from dedup.files.bounds import LINE
from dedup.files.encodings import characters
from dedup.files.jobs import Job
from dedup.files.tables import Piece, Row, packed
from dedup.identity import id_text, missing


def json_lines(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The articles of a file of JSON Lines.

    Args:
        job: The file; broken lines and undecodable bytes are noted in it.
        stream: Its bytes, UTF-8 or with a mark that says what else.

    Yields:
        Tables. A text that is null or not there is null; an id that is null or not there is made of the number of
        the line, and a list or an object is written as JSON.

    Raises:
        FileError: No object has the column. It is raised after all tables, none of which is to be kept then.
    """
    with characters(stream, "\n") as lines:
        yield from packed(rows(job, _values(job, lines)), job.others)


class Value(NamedTuple):
    """A JSON value of a file, which should be an object."""

    row: int
    """From 0: what its id is made of if it has none."""
    line: int
    """From 1: where it begins."""
    value: Any
    """What it is, or an `InputError` that says why it is nothing."""


def rows(job: Job, values: Iterable[Value]) -> Iterator[Row]:
    """Objects as rows.

    Args:
        job: The file; what is not an object with a text is noted in it.
        values: In the order of the file.

    Yields:
        Ids, texts and what else is asked for.

    Raises:
        FileError: No object has the column. It is raised after all rows.
    """
    names: dict[str, None] | None = None  # the keys of the first object, and those asked for that any other has
    first: dict[str, Any] = {}
    for row, line, value in values:
        try:
            article = _article(value)
            names, first = (dict.fromkeys(article), article) if names is None else (names, {})
            names |= dict.fromkeys(article.keys() & {job.options.text, job.options.id, *job.others})
            text = _text(article.get(job.options.text))
            name = None if job.options.id is None else _id(article.get(job.options.id))
            text, name = text and job.whole(text, line), name and job.whole(name, line)
            others = [_value(job, article.get(other), line) for other in job.others]
        except InputError as error:
            job.lose(line, error)
        else:
            yield job.named(name, row), text, *others
    if names is not None:
        try:
            job.columns(list(names))
        except FileError as error:
            raise FileError(f"{error}{_inside(first)}") from None


def _inside(only: dict[str, Any]) -> str:
    """What to do with a file whose only object is around all articles."""
    arrays = (key for key, value in only.items() if isinstance(value, list) and isinstance([*value, 0][0], dict))
    key = next(arrays, None)
    if key is None:
        return ""
    return f"; if {key!r} holds the articles, take them out: jq -c '.[{json.dumps(key)}][]' FILE > FILE.jsonl"


def _values(job: Job, lines: Iterable[str]) -> Iterator[Value]:
    for number, line in enumerate(lines, 1):
        if len(line) >= LINE:
            job.lose(number, f"the line has more than {LINE:,} characters; cut it")
        elif line.strip():
            yield Value(number - 1, number, _parsed(job.mend(line, number)))


def _parsed(line: str) -> Any:
    """What a line is."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        return InputError(
            f"not a JSON object on one line: {error.msg} at column {error.colno}; write one object a line"
        )
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets a thousand deep
        return InputError(f"not a JSON object on one line: {error}")


def _article(value: Any) -> dict[str, Any]:
    """The object that a value is."""
    if isinstance(value, InputError):
        raise value
    if not isinstance(value, dict):
        raise InputError(f'an article must be a JSON object such as {{"text": "..."}}, got {reprlib.repr(value)}')
    return value


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if missing(value):
        return None
    raise InputError(f"the text must be a string or null, got {reprlib.repr(value)}")


def _value(job: Job, value: object, number: int) -> str | None:
    """Another value as text."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else id_text(value)
    return text and job.whole(text, number)


def _id(value: object) -> str | None:
    if not isinstance(value, list | dict):
        return id_text(value)
    try:
        return json.dumps(value)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the id must be a string or number, got {reprlib.repr(value)}") from error
