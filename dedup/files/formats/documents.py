"""Files that are one article each: text and Markdown, which stays as it is written.

In: the bytes of one file, decompressed. Out: a table of one row, whose id is that of the file. Holds one file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from dedup.files.bounds import TOO_LONG, held
from dedup.files.jobs import Job
from dedup.files.tables import Piece


def document(job: Job, stream: io.BufferedReader) -> Iterator[Piece]:
    """A text or Markdown file as it stands.

    Args:
        job: The file, whose undecodable bytes are counted.
        stream: Its bytes.

    Yields:
        Its article; an empty file is an article of no text.

    Raises:
        FileError: It is too long, or no text in a known encoding.
    """
    raw = held(stream, job.options.longest_text, TOO_LONG)
    yield [(job.source.id, job.text(raw), *(None for _ in job.others))]
