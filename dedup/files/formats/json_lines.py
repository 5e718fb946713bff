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
from dedup.fields import MISSING, joined_texts, value_of
from dedup.files.bounds import LONGER
from dedup.files.jobs import Job
from dedup.files.tables import Piece, Row, packed
from dedup.identity import id_text, missing


def json_lines(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """The articles of a file of JSON Lines.

    Args:
        job: The file; broken lines and undecodable bytes are noted in it.
        stream: Its bytes.

    Yields:
        Tables. A text that is null or not there is null; an id that is null or not there is made of the number of
        the line, and a list or an object is written as JSON.

    Raises:
        FileError: No object has the column. It is raised after all tables, none of which is to be kept then.
    """
    with job.lines(stream, "\n") as lines:
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
    first: dict[str, Any] | None = None
    seen: set[str] = set()  # of what is asked for
    count = 0
    for row, line, value in values:
        try:
            article = _article(value)
            first, count = (article if first is None else first), count + 1
            text, name, *others = _asked(job, article, seen)
            text, name = text and job.whole(text, line), name and job.whole(name, line)
            others = [_value(job, other, line) for other in others]
        except InputError as error:
            job.lose(line, error)
        else:
            yield job.named(name, row), text, *others
    asked = {job.options.text, *job.options.ids[:1], *job.others}
    if first is not None and not asked <= seen:  # else there is nothing to refuse, nor to tell
        names = list(dict.fromkeys([*first, *sorted(seen)]))
        try:
            job.columns(lambda at: () if at else names)
        except FileError as error:
            raise FileError(f"{error}{_inside(first) if count == 1 else ''}") from None


def _asked(job: Job, article: dict[str, Any], seen: set[str]) -> Iterator[Any]:
    """The text, the id and the others of an object, None where it has none; the names that it has are noted."""
    yield _text_of(article, job.options.text, seen)
    for name in job.options.ids:
        if (value := value_of(article, name)) is not MISSING:
            seen.add(name)
            yield _id(value)
            break
    else:
        yield None
    for name in job.others:
        if (value := value_of(article, name)) is not MISSING:
            seen.add(name)
        yield None if value is MISSING else value


def _text_of(article: dict[str, Any], name: str, seen: set[str]) -> str | None:
    """The text under a name, or a path, or several between commas; the names that the object has are noted."""
    value = value_of(article, name)
    if value is not MISSING or "," not in name:
        several = [(name, value)]
    else:
        several = [(one.strip(), value_of(article, one.strip())) for one in name.split(",")]
    there = {one: _text(value) for one, value in several if value is not MISSING}
    seen.update(there)
    return next(iter(there.values()), None) if len(there) <= 1 else joined_texts(there.values())


def _inside(only: dict[str, Any]) -> str:
    """What to do with a file whose only object is around all articles."""
    arrays = (key for key, value in only.items() if isinstance(value, list) and isinstance([*value, 0][0], dict))
    key = next(arrays, None)
    if key is None:
        return ""
    return f"; if {key!r} holds the articles, take them out: jq -c '.[{json.dumps(key)}][]' FILE > FILE.jsonl"


def _values(job: Job, lines: Iterable[str]) -> Iterator[Value]:
    longest = job.options.longest_record
    for number, line in enumerate(lines, 1):
        if len(line) >= longest:
            job.lose(number, f"the line has more than {longest:,} characters; {LONGER}")
        elif line.strip():
            yield Value(number - 1, number, parsed_value(job, line, number))


def parsed_value(job: Job, raw: str, line: int) -> Any:
    """What a value is as it stands in a file.

    Args:
        job: The file, whose undecodable bytes are counted.
        raw: The characters of the value, as `Job.lines` gives them.
        line: Where it begins, from 1.

    Returns:
        The value, or an `InputError` that says why it is none.
    """
    try:
        return _parsed(job.mend(raw, line))
    except InputError as error:
        return error


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
    """A text; a list of strings is one with a line for each."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(one is None or isinstance(one, str) for one in value):
        return "\n".join(filter(None, value))
    if missing(value):
        return None
    raise InputError(f"the text must be a string, a list of strings or null, got {reprlib.repr(value)}")


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
