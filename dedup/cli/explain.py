"""`dedup explain`: why two articles are alike.

In: two files, or ids of articles that are read. Out: on the standard output the passages that they share, coloured by
weight, or JSON.
"""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console, labelled, terminal
from dedup.errors import FileError
from dedup.files import shown
from dedup.pipeline import explain as explain_articles

if TYPE_CHECKING:
    from dedup.evidence.passages import Explanation


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--among", multiple=True, metavar="PATH", help="Articles in which to count; A and B may be ids of them.")
@console.near_copies("Classical: {}, without weights.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every passage.")
@console.reads
def explain(
    a: str,
    b: str,
    among: tuple[str, ...],
    near_copies: bool,
    as_json: bool,
    reading: files.ReadOptions,
) -> None:
    """Show why two articles are alike: what they share, coloured by weight.

    A and B are files of one article each, or ids of articles that --among reads. Shingles are weighed by how many of
    the articles of --among hold them; without --among by the background model alone.
    """
    console.prepare_process()
    with console.failures():
        others = console.read(among, reading)
        (left, left_read), (right, right_read) = (_article(name, others, reading, among=bool(among)) for name in (a, b))
        settings = console.settings(None, reading, near_copies=near_copies)
        found = explain_articles(left, right, settings, among=others.table["text"] if among else None)
        found = replace(found, names=(a, b))
        with console.closed_output():
            if as_json:
                console.print_json(_explained(found))
            else:
                console.out.print(terminal.explanation(found))
    console.fail_if_unread(others, left_read, right_read)


def _article(name: str, others: files.Read, reading: files.ReadOptions, *, among: bool) -> tuple[str, files.Read]:
    """The text of an article by its id, or of a file that holds one, and what it was read with."""
    found = labelled.article(others.table, name)
    if found is not None:
        return found, others
    if not (files.is_remote(name) or os.path.lexists(name)):
        raise FileError(_not_found(name, others.table, among=among))
    read = files.read([name], replace(reading, id_from="id"))
    if not len(read.table):
        why = read.problems[0].reason if read.problems else "it holds no articles"
        raise FileError(f"cannot read an article from {shown(name)!r}: {why}")
    console.report(read, [])
    if len(read.table) > 1:
        raise FileError(
            f"{shown(name)!r} holds {len(read.table):,} articles, not one; give --among {shown(name)} and the id of "
            f"one of them, such as {read.table['id'][0].as_py()!r}"
        )
    return read.table["text"][0].as_py() or "", read


def _not_found(name: str, others: pa.Table, *, among: bool) -> str:
    """What to say of a name that is neither a file nor an id."""
    if not among:
        return f"there is no file {shown(name)!r}; if it is an article's id, give --among PATH, the file that holds it"
    example = f"; ids are such as {others['id'][0].as_py()!r}" if len(others) else ""
    return f"{shown(name)!r} is neither a file nor the id of an article that --among reads{example}"


def _explained(found: Explanation) -> dict[str, Any]:
    passages = []
    for passage in found.passages:
        left, right = found.texts(passage)
        passages.append({**asdict(passage), "text_left": left, "text_right": right})
    frames = [
        [{**span._asdict(), "text": text[span.begin : span.end]} for span in side]
        for text, side in zip((found.left, found.right), found.frames, strict=True)
    ]
    return {
        "names": found.names,
        "similarity": found.similarity,
        "concentration": found.concentration,
        "passages": passages,
        "frames": dict(zip(("left", "right"), frames, strict=True)),
    }
