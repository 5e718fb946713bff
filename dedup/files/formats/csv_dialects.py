"""What stands between the fields of a file of CSV, and which of its columns are meant.

In: the first line. Out: a delimiter, and names. Nothing is guessed by how often a character is there, as `csv.Sniffer`
and clevercsv do, which take letters and blanks of articles for delimiters: the delimiter is what makes the first line
hold the columns that are asked for. Costs nothing beside that line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from dedup.files.jobs import Job

DELIMITERS = (",", ";", "\t", "|")
"""In the order in which they are tried, after the one that the name of the file says."""
_SAID = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)


def said_delimiter(line: str) -> str | None:
    """The delimiter that spreadsheets write into the first line: ``sep=;``.

    Args:
        line: The first one.

    Returns:
        The delimiter; None where the line is another.
    """
    found = _SAID.fullmatch(line)
    return found[1] if found else None


def found_delimiter(line: str, job: Job) -> str:
    """What stands between the names of the columns.

    Args:
        line: Where these are.
        job: Says which columns are asked for, and what the name of the file says.

    Returns:
        The first delimiter with which one of the columns of texts is there, as it is asked for or nearly so; that of
        the kind of file where none is.
    """
    usual = "\t" if job.source.kind == "tsv" else ","
    several = sorted(DELIMITERS, key=lambda one: one != usual)
    headers = {one: next(csv.reader([line], delimiter=one), []) for one in several}
    text = asked_texts(job)
    exact = (one for one, header in headers.items() if set(text) & set(header))
    near = (one for one, header in headers.items() if set(text) & set(taken_names(header, text)))
    return next(exact, None) or next(near, usual)


def asked_texts(job: Job) -> list[str]:
    """The names of columns that texts may be in.

    Args:
        job: Says which.
    """
    name = job.options.text
    return list(dict.fromkeys([name, *(one.strip() for one in name.split(","))]))


def asked_names(job: Job) -> list[str]:
    """The names of columns that are asked for, the surest first.

    Args:
        job: Says which.
    """
    return [*asked_texts(job), *job.options.ids, *job.others]


def taken_names(header: Sequence[str], asked: Sequence[str]) -> list[str]:
    """The names of columns, each as it is asked for: without blanks around it, then in other capitals, too.

    Args:
        header: The names.
        asked: What is asked for; a name that is there as it is asked for is that, and no other.

    Returns:
        A name for each; what no one asks for, and what two columns could be, stays.
    """
    names = list(header)
    for name in asked:
        for form in (str.strip, lambda one: one.strip().casefold()):
            places = [place for place, one in enumerate(names) if form(one) == form(name)]
            if name not in names and len(places) == 1:
                names[places[0]] = name
    return names
