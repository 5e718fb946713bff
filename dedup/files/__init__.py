"""Articles read from files and folders, and result tables written to files: what the command line reads and writes.

In: paths. Out: a `Read`: one Arrow table (id, text) and every problem met on the way. A file or row that cannot be
read is a `Problem`, never an exception, and costs no other row. Memory is that of the texts plus one file at most.
Text is kept as it stands and nothing is normalised; what is found rather than said, as an encoding, is told.

From the top: `reading` runs the whole; `sources` are the files found: `walking` finds them in folders, `places` in the
`stores` elsewhere, `streams` in pipes; `kinds` is what their names say, `unread` what is said of those that cannot be
read, `lakes` which folders are tables, `hive` what columns folders give. `recognized` opens a file as what its
`contents` are, `compressed` decompresses it, `remote_bytes` fetches it. Each of the `formats` turns one into `tables`;
a `jobs.Job` follows the `options` and collects what went wrong; `encodings`, `charsets`, the `bounds` of what is held
and `problems` are below them all. `repeats` tells of ids that two files have. `writing` writes tables,
`remote_outputs` puts them elsewhere; `whole_rows` reads rows again with all columns, and `copying` writes those that
are wanted; `label_files` reads labels back.

Example:
    >>> from dedup import files
    >>> files.read("examples/articles").table.num_rows
    14
    >>> files.FORMATS[".jsonl"], files.CSV_SAFE, files.STANDARD
    ('jsonl', 'csv-safe', '-')
    >>> "csv" in files.NAMED, "document" in files.WHOLE, files.AS_USUAL.id_from in files.ID_FROM
    (True, True, True)
"""

from dedup.files.copying import CSV_SAFE, FORMATS, Chosen, copy_rows
from dedup.files.formats.archives import member
from dedup.files.jobs import Job
from dedup.files.kinds import NAMED, WHOLE
from dedup.files.label_files import labels
from dedup.files.options import AS_USUAL, ID_FROM, ReadOptions
from dedup.files.places import gone, is_remote, placed, real
from dedup.files.problems import Problem, counted, escaped, shown
from dedup.files.reading import Read, found, read, stream
from dedup.files.repeats import Repeats, repeats
from dedup.files.source import Source
from dedup.files.sources import Sources
from dedup.files.streams import STANDARD, Streams
from dedup.files.whole_rows import Wanted, values
from dedup.files.writing import check_output, replacing, write

__all__ = [
    "AS_USUAL",
    "CSV_SAFE",
    "FORMATS",
    "ID_FROM",
    "NAMED",
    "STANDARD",
    "WHOLE",
    "Chosen",
    "Job",
    "Problem",
    "Read",
    "ReadOptions",
    "Repeats",
    "Source",
    "Sources",
    "Streams",
    "Wanted",
    "check_output",
    "copy_rows",
    "counted",
    "escaped",
    "found",
    "gone",
    "is_remote",
    "labels",
    "member",
    "placed",
    "read",
    "real",
    "repeats",
    "replacing",
    "shown",
    "stream",
    "values",
    "write",
]
