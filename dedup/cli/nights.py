"""`dedup cluster --state`, and `dedup report` of a state: the nightly job from the command line.

In: paths and options. Out: the output folder; on the standard output one line, a JSON object that sums the run up; on
the standard error stream what is done, as lines or as JSON. Exit codes: 0 when the night is done, even if something
could not be read; 1 when it failed; 2 for bad usage; 3 when more than `--max-rejects` could not be read, or more than
`--max-replaced` articles got another text; 75 when another run holds the state and this one may be tried again later
(EX_TEMPFAIL). No logic of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
import pyarrow as pa

from dedup import files
from dedup.cli import console
from dedup.errors import BusyError, DedupError, FileError, RejectsError, ReplacedError, SettingsError
from dedup.evidence.titles import printable
from dedup.files import counted
from dedup.settings import Settings

if TYPE_CHECKING:
    from dedup.nightly import Forget

LIMITED, BUSY = 3, 75
Command = TypeVar("Command", bound=Callable[..., None])
Log = Callable[[str, Mapping[str, Any]], None]


class Time(click.ParamType[datetime]):
    """A time in ISO 8601; one without a time zone is in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time that is meant.

        Args:
            value: As it was given.
            param: The option.
            ctx: Of the command.
        """
        try:
            found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2026-11-21 or 2026-11-21T01:30:00Z", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class Limits(NamedTuple):
    """What makes a night fail; None is no limit."""

    rejects: int | None
    """Rows and files that could not be read."""
    replaced: int | None
    """Articles that got another text."""


def criteria(several: tuple[str, ...]) -> Forget | None:
    """What is to be forgotten; None if nothing is.

    Args:
        several: ``before=DATE``, ``deleted``, ``ids=FILE``.
    """
    from dedup.nightly import Forget  # noqa: PLC0415 - other commands do without it

    before, deleted, ids = None, False, list[str]()
    for one in several:
        name, _, value = one.partition("=")
        if name == "before" and value:
            before = Time().convert(value, None, None)
        elif one == "deleted":
            deleted = True
        elif name == "ids" and value:
            ids += _ids(value)
        else:
            raise click.UsageError(f"cannot forget {one!r}; give before=DATE, deleted or ids=FILE")
    return Forget(ids, before, deleted) if several else None


def _ids(path: str) -> list[str]:
    """The ids in a file, one a line."""
    try:
        lines = Path(path).read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"cannot read ids from {printable(path)}: {error}; give a file of an id a line"
        ) from None
    return [line.removesuffix("\r") for line in lines if line.removesuffix("\r")]


def options(command: Command) -> Command:
    """The options of a run with a state.

    Args:
        command: What click is to call.
    """
    several = [
        click.option("--state", metavar="FOLDER", help="Keep what is known in it, and read only what is new."),
        click.option("--memory", metavar="SIZE", help="With --state: most memory, such as 2GB; default 8GB."),
        click.option(
            "--max-rejects", type=click.IntRange(0), metavar="N", help="With --state: fail if more cannot be read."
        ),
        click.option(
            "--max-replaced",
            type=click.IntRange(0),
            metavar="N",
            help="With --state: fail if more articles got another text under the same id.",
        ),
        click.option(
            "--now",
            type=Time(),
            metavar="TIME",
            help="With --state: when the night is, such as 2026-11-21T01:30:00Z, for first_seen; by default now.",
        ),
        click.option(
            "--forget",
            multiple=True,
            metavar="WHAT",
            help="With --state: articles that are to go: before=DATE (of their last reading), deleted (with their"
            " file), ids=FILE (an id a line).",
        ),
        click.option(
            "--secret-seed",
            is_flag=True,
            help="With --state: find articles in an order that is drawn for it, which nobody who writes them knows.",
        ),
    ]
    for one in reversed(several):
        command = one(command)
    return command


def run(
    paths: tuple[str, ...],
    target: str,
    state: str,
    settings: Settings,
    reading: files.ReadOptions,
    limits: Limits,
    *,
    campaigns: bool,
    memory: str | None,
    now: datetime | None,
    forget: tuple[str, ...],
    threads: int | None,
    quiet: bool,
) -> None:
    """Run a night.

    Args:
        paths: Files and folders.
        target: The output folder.
        state: The state.
        settings: How articles are compared.
        reading: How articles lie in the files.
        limits: What makes it fail.
        campaigns: Whether to find the campaign of each article.
        memory: Most memory of the run; None is the default.
        now: When the night is; None is by the clock.
        forget: What is to be forgotten; see `criteria`.
        threads: How many to use; None is one a core.
        quiet: Print problems only.
    """
    from dedup import nightly  # noqa: PLC0415 - other commands do without it

    complaints = console.Complaints()
    log = _json if console.logs_json() else _lines(complaints, quiet=quiet)
    with (
        complaints,
        failures(),
        console.shown_progress(quiet=quiet) as tell,
        console.warned(lambda message: log("warning", {"message": message})),
    ):
        summary = nightly.run(
            paths, target, state, settings=settings, campaigns=campaigns, memory=memory or nightly.MEMORY,
            options=reading, threads=threads, max_rejects=limits.rejects,
            max_replaced=limits.replaced, now=now,
            forget=criteria(forget), progress=tell, log=log,
        )  # fmt: skip
    if not quiet:
        with console.closed_output():
            console.print_json(asdict(summary))


@click.command()
@click.argument("state", metavar="STATE")
@click.option("--out", "target", required=True, metavar="FILE", help="The page to look at the clusters with: .html.")
@click.option("--no-campaigns", is_flag=True, help="Show no campaigns, which take half a millisecond an article.")
@click.option("--threads", type=int, metavar="N", help="Threads to use; by default one per core.")
@click.option("--quiet", is_flag=True, help="Print problems only.")
def report(state: str, target: str, no_campaigns: bool, threads: int | None, quiet: bool) -> None:
    """Write the report of a nightly job's last night.

    STATE is the folder that `dedup cluster --state` named. Texts are read from it where they are looked at, so this
    takes little memory beside 300 bytes an article and the edges.
    """
    from dedup import nightly  # noqa: PLC0415 - other commands do without it

    console.prepare_process()
    try:
        files.check_output(target, console.REPORTS)
    except FileError as error:
        raise click.UsageError(str(error)) from error
    with console.failures(), console.shown_progress(quiet=quiet) as tell:
        found = nightly.snapshot(state, threads=threads)
        found.report(target, campaigns=not no_campaigns, progress=lambda done, total: tell("report", done, total))
    if not quiet:
        console.say(f"{counted(len(found.heads), 'article')} of the last night; the report is {printable(target)}")


@contextmanager
def failures() -> Iterator[None]:
    """Exit with the code that a scheduler needs."""
    try:
        yield
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except (DedupError, OSError, MemoryError, pa.ArrowException) as error:
        limited = isinstance(error, RejectsError | ReplacedError)
        message = "out of memory; give less with --memory" if isinstance(error, MemoryError) else str(error)
        failed = click.ClickException(message if console.logs_json() else printable(message))
        failed.exit_code = BUSY if isinstance(error, BusyError) else LIMITED if limited else 1  # type: ignore[misc]
        raise failed from error


def _json(event: str, about: Mapping[str, Any]) -> None:
    """What is told by events is not told twice."""
    if event != "stage":
        console.log(event, about)


def _lines(complaints: console.Complaints, *, quiet: bool) -> Log:
    """Lines for people."""

    def log(event: str, about: Mapping[str, Any]) -> None:
        if event == "problem":
            complaints.say(about["path"], about["row"], about["reason"], about["severity"])
        elif event == "warning":
            console.complain(printable(about["message"]), "warning")
        elif event in _SAID and not quiet:
            console.remark(_SAID[event](about))

    return log


def _night(about: Mapping[str, Any]) -> str:
    how = "everything is compared anew" if about["whole"] else "what is new is compared with everything before"
    return f"Night {about['night']:,}: {how}"


_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "forgotten": lambda about: f"{counted(about['articles'], 'article')} forgotten",
    "shard": lambda about: (
        f"Shard {about['shard']:,}: {counted(about['files'], 'file')}, {counted(about['articles'], 'article')}"
    ),
    "night": _night,
    "stage": lambda about: f"{about['stage']}: {about['seconds']:.1f} s, {about['bytes'] / 1e6:,.1f} MB",
    "written": lambda about: (
        f"{counted(about['articles'], 'article')}"
        + (f", {about['replaced']:,} got another text under the same id" if about["replaced"] else "")
        + f". Labels are in {printable(about['path'])}"
    ),
}
