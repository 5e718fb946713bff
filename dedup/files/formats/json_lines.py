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
from typing import Any

from dedup.errors import InputError
from dedup.files.bounds import LINE
from dedup.files.encodings import characters
from dedup.files.jobs import Job
from dedup.files.tables import Piece, Row, packed
from dedup.identity import id_text


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
        yield from packed(_rows(job, lines), job.others)


def _rows(job: Job, lines: Iterable[str]) -> Iterator[Row]:
    names: dict[str, None] | None = None  # the keys of the first object, and those asked for that any other has
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) >= LINE:
            job.lose(number, f"the line has more than {LINE:,} characters; cut it")
            continue
        try:
            article = _object(job.mend(line, number))
            names = dict.fromkeys(article) if names is None else names
            names |= dict.fromkeys(article.keys() & {job.options.text, job.options.id, *job.others})
            text = _text(article.get(job.options.text))
            name = None if job.options.id is None else _id(article.get(job.options.id))
            text, name = text and job.whole(text, number), name and job.whole(name, number)
            others = [_value(job, article.get(other), number) for other in job.others]
        except InputError as error:
            job.lose(number, error)
        else:
            yield job.named(name, number - 1), text, *others
    if names is not None:
        job.columns(list(names))


def _object(line: str) -> dict[str, Any]:
    """The object that a line is."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not a JSON object on one line: {error.msg} at column {error.colno}; write one object a line"
        ) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets a thousand deep
        raise InputError(f"not a JSON object on one line: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f'a line must be a JSON object such as {{"text": "..."}}, got {reprlib.repr(value)}')
    return value


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
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
