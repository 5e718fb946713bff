"""`dedup audit`: how good a run is on articles of one's own.

In: paths and options. Out: a page or a CSV file of pairs to be marked, or from marks precision and recall. Holds all
articles in memory; the same articles and options give the same pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dedup import files
from dedup.cli import console
from dedup.errors import FileError, SettingsError
from dedup.evidence.titles import printable
from dedup.pipeline import cluster as cluster_articles

if TYPE_CHECKING:
    from dedup.audits.marked import MarkedAudit
    from dedup.audits.sampled import Audit

WRITTEN = (".csv", *console.REPORTS)


@click.command("audit")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", "target", metavar="FILE", help="Pairs to be marked: a page (.html), or .csv.")
@click.option("--marks", "marked", metavar="FILE", help="Pairs that are marked: what the page saved, or the .csv.")
@click.option("--pairs", default=200, show_default=True, metavar="N", help="How many pairs to sample.")
@click.option("--by", metavar="COLUMN", help="Column that holds the source of each article, such as a domain.")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Another one samples other pairs.")
@console.threshold("Similarity from which a pair is an edge, in (0, 1]")
@console.near_copies()
@console.CSV_SAFE
@console.reads
@click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def audit(
    paths: tuple[str, ...],
    target: str | None,
    marked: str | None,
    pairs: int,
    by: str | None,
    seed: int,
    threshold: float | None,
    near_copies: bool,
    csv_safe: bool,
    reading: files.ReadOptions,
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Sample pairs for a person to mark right or wrong, and tell what the marks say of the whole run.

    First with --out: half of the pairs are in one cluster, the others are alike and are not. Mark them in the page,
    with y where two belong together and n where they do not, and save them; or fill the column right of the CSV file.
    Then, for the same articles and options, with --marks: precision and recall with intervals of 95 %, by similarity
    and by source, and what other thresholds would do.

    Recall is of the pairs that are at least half the threshold alike. The source of an article is what --by holds,
    else the host of an id that is an address, else what stands before its first slash.
    """
    console.prepare_process()
    try:
        settings = console.settings(threshold, reading, near_copies=near_copies)
        _check(target, marked)
    except (SettingsError, FileError) as error:
        raise click.UsageError(str(error)) from error
    with console.failures():
        columns = [] if by is None else [by]
        others = [path for path in (target, marked) if path is not None]
        read = files.read(paths, reading, exclude=others, columns=columns)
        console.report(read, [])
        if not len(read.table):
            raise FileError("no articles were read, nothing was written")
        sources = None if by is None else read.table[by]
        with console.shown_progress(quiet=quiet) as tell, console.warned(_warn):
            run = cluster_articles(read.table, settings, threads=threads, progress=tell)
            found = run.audit(pairs, by=sources, seed=seed)
        if target is not None:
            found.to_csv(target, csv_safe=csv_safe) if target.lower().endswith(".csv") else found.to_html(target)
        with console.warned(_warn):
            said = None if marked is None else found.read(marked)
        with console.closed_output():
            if as_json:
                console.print_json(_told(found, said))
            else:
                console.say(_words(found, said, target))
    console.fail_if_unread(read)


def _warn(message: str) -> None:
    console.complain(printable(message), "warning")


def _check(target: str | None, marked: str | None) -> None:
    """Refuse to do nothing, and to write over the marks."""
    if target is None and marked is None:
        raise click.UsageError("give --out FILE for the pairs to be marked, or --marks FILE for what was marked")
    if target is not None:
        files.check_output(target, WRITTEN)
    if target is not None and target == marked:
        raise FileError(f"--out would replace the marks in {target!r}; name another file")


def _words(found: Audit, said: MarkedAudit | None, target: str | None) -> str:
    """What a terminal shows of it."""
    then = "mark them, and run the same command with --marks FILE instead of --out"
    where = "" if target is None else f"\n\nThe pairs are in {printable(target)}; {then}"
    return f"{found if said is None else said}{where}"


def _told(found: Audit, said: MarkedAudit | None) -> dict[str, Any]:
    """What JSON holds of it."""
    losses = [{**one._asdict(), "share": one.share} for one in found.losses]
    if said is None:
        return {"strata": _plain(found.stratified), "copies": found.run.copies, "losses": losses}
    estimates = ("precision", "recall", "precision_with_copies", "recall_with_copies")
    return {
        "marked": len(said),
        "left_out": said.left_out,
        **{name: _plain(getattr(said, name)) for name in estimates},
        "at_least": _plain(said.at_least),
        "by_similarity": _plain(said.by_similarity),
        "by_source": _plain(said.by_source),
        "thresholds": _plain(said.thresholds()),
        "losses": losses,
    }


def _plain(value: Any) -> Any:
    """Named tuples as objects."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return value
