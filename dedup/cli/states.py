"""The commands `dedup state ...`: what a nightly job's state holds, forgets, and gives back.

In: the folder of a state. Out: lines or JSON on the standard output. Exit codes as of a night: 75 where a run holds the
state. No logic of its own.
"""

from __future__ import annotations

import click

from dedup.cli import console
from dedup.cli.nights import criteria, failures
from dedup.files import counted

STATE = click.argument("state", metavar="STATE")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
MEMORY = click.option("--memory", metavar="SIZE", help="Most memory, such as 2GB; default 8GB.")
THREADS = click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")


@click.group()
def state() -> None:
    """Look after the state of a nightly job.

    STATE is the folder that `dedup cluster --state` named.
    """


@state.command()
@STATE
@click.argument("what", nargs=-1, required=True, metavar="WHAT...")
@MEMORY
@THREADS
@AS_JSON
def forget(state: str, what: tuple[str, ...], memory: str | None, threads: int | None, as_json: bool) -> None:
    """Forget articles.

    WHAT is before=DATE: articles that were read for the last time before that day; ids=FILE: those whose ids are in the
    file, one a line; deleted: those of files that are not there any more. What becomes of their clusters the next night
    tells. Their texts stay in the files of the state until `dedup state compact`.
    """
    from dedup import nightly  # noqa: PLC0415 - other commands do without it

    meant = criteria(what)
    assert meant is not None  # click asks for one at least
    console.prepare_process()
    with (
        failures(),
        console.warned(lambda message: console.complain(message, "warning")),
        console.shown_progress(quiet=as_json) as tell,
    ):
        memory = memory or nightly.MEMORY
        found = nightly.forget(state, meant, memory=memory, threads=threads, progress=tell)
        left = nightly.stats(state)
    with console.closed_output():
        if as_json:
            console.print_json({**found._asdict(), "left": left.articles, "free": left.free})
        else:
            console.say(
                f"{counted(found.articles, 'article')} forgotten, {left.articles:,} left; dedup state compact gives "
                f"{_megabytes(left.free)} back"
            )


@state.command()
@STATE
@MEMORY
@THREADS
@AS_JSON
def compact(state: str, memory: str | None, threads: int | None, as_json: bool) -> None:
    """Take what is forgotten out of all files, and give its space back.

    What files held before they changed goes, too. Articles and clusters keep their ids. Needs as much room on the disk
    as what remains.
    """
    from dedup import nightly  # noqa: PLC0415 - other commands do without it

    console.prepare_process()
    with (
        failures(),
        console.warned(lambda message: console.complain(message, "warning")),
        console.shown_progress(quiet=as_json) as tell,
    ):
        given = nightly.compact(state, memory=memory or nightly.MEMORY, threads=threads, progress=tell)
    with console.closed_output():
        if as_json:
            console.print_json({"bytes": given})
        else:
            console.say(f"{_megabytes(given)} given back")


@state.command()
@STATE
@AS_JSON
def stats(state: str, as_json: bool) -> None:
    """Say what a state holds, and how much a compact would give back."""
    from dedup import nightly  # noqa: PLC0415 - other commands do without it

    console.prepare_process()
    with failures():
        found = nightly.stats(state)
    with console.closed_output():
        if as_json:
            console.print_json(found.to_dict())
            return
        for name, value in found.to_dict().items():
            if name == "bytes":
                for kind, size in value.items():
                    console.say(f"bytes of {kind}: {size:,}")
            else:
                console.say(
                    f"{name.replace('_', ' ')}: {value:,}"
                    if isinstance(value, int)
                    else f"{name.replace('_', ' ')}: {value or 'not known'}"
                )


def _megabytes(size: int) -> str:
    return f"{max(size, 0) / 1e6:,.1f} MB"
