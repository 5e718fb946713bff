"""What all commands share: their consoles, how they read and print, and how they fail.

In: options and paths as click gives them. Out: articles; on the standard error stream what could not be read; lines and
JSON on the standard output; failures as one line and an exit code: 1 where a file or row could not be read or the run
failed, 2 for bad usage. Costs nothing beside the work. Knows no command.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from itertools import combinations
from typing import Any, Protocol, Self, TypeVar, cast

import click
import pyarrow as pa
from rich.console import Console
from rich.markup import escape

from dedup import files
from dedup.errors import DedupError, DedupWarning, FileError, SettingsError
from dedup.events import DONE, Event
from dedup.evidence.titles import printable
from dedup.progress import bar
from dedup.settings import DRAWN, LONGEST_TEXT, Settings, size_of

Tell = Callable[[str, int, int], object]
Command = TypeVar("Command", bound=Callable[..., None])
REPORTS = (".html", ".htm")
"""What a report may end in."""
MOST_ALIKE = 10
"""Warnings of one kind that are said."""
_NUMBERS = re.compile(r"\d[\d,.]*")
out, err = Console(), Console(stderr=True)


class Size(click.ParamType[int]):
    """A number of bytes, such as 10MB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that is meant.

        Args:
            value: As it was given.
            param: The option.
            ctx: Of the command.
        """
        try:
            return value if isinstance(value, int) else size_of(value, "a text's length", "10MB or 64MiB")
        except SettingsError as error:
            self.fail(str(error), param, ctx)


_READING = (
    click.option(
        "--text-column", default="text", show_default=True, metavar="NAME",
        help="Column that holds the texts; also content.body, inside of another, or title,body, several joined.",
    ),
    click.option(
        "--id-column", default="id", show_default=True, metavar="NAME",
        help="Column that holds the ids, without an id column url, doc_id or _id; '' makes them of files and rows.",
    ),
    click.option(
        "--id-from", type=click.Choice(files.ID_FROM), default="id", show_default=True,
        help="What ids are made of: with path+id they are PATH:ID, for files that number their articles alike.",
    ),
    click.option(
        "--format", "kind", type=click.Choice(list(files.NAMED)),
        help="What files are whose names do not say it, such as the standard input.",
    ),
    click.option(
        "--encoding", metavar="NAME",
        help="What texts, tables and pages are written in, such as gbk; by default found, and told unless UTF-8.",
    ),
    click.option(
        "--delimiter", metavar="CHARACTER",
        help="What stands between the fields of CSV, \\t for a tab; by default found in the first line.",
    ),
    click.option(
        "--longest-text", type=Size(), default=LONGEST_TEXT, metavar="SIZE",
        help="Most bytes of a text, such as 50MB; a longer one is left out, and told. Default 10MB.",
    ),
    click.option(
        "--follow-links", is_flag=True, help="Follow links in a folder that lead out of it; else they are only told.",
    ),
)  # fmt: skip


CSV_SAFE = click.option(
    "--csv-safe", is_flag=True, help="In .csv, put ' before what a spreadsheet would take for a formula."
)


def threshold(words: str) -> Callable[[Command], Command]:
    """The option `--threshold`.

    Args:
        words: What it is here; the defaults follow.
    """
    usual, near = Settings().threshold, Settings.near_copies().threshold
    told = f"{words}; by default {usual:g}, with --near-copies {near:g}."
    return click.option("--threshold", type=float, metavar="T", help=told)


def near_copies(words: str = "Copies only: {}, from 0.7.") -> Callable[[Command], Command]:
    """The option `--near-copies`.

    Args:
        words: What it is here; the measure takes the place of the braces.
    """
    told = words.format("plain Jaccard of shingles of 5 Han characters or 15 letters")
    return click.option("--near-copies", is_flag=True, help=told)


def reads(command: Command) -> Command:
    """The options of every command that reads articles; it is called with one `files.ReadOptions` for all of them.

    Args:
        command: What click is to call.
    """

    @wraps(command)
    def called(*args: Any, text_column: str, id_column: str, id_from: str, kind: str | None, **rest: Any) -> None:
        more = {name: rest.pop(name) for name in ("encoding", "delimiter", "longest_text", "follow_links")}
        with files.Streams(folder(rest.get("target"))) as streams:
            with failures():
                reading = files.ReadOptions(text_column, id_column or None, id_from, kind, streams, **more)
            command(*args, reading=reading, **rest)

    for option in reversed(_READING):
        called = option(called)
    return cast("Command", called)


def folder(target: str | None) -> str | None:
    """A folder for what is kept meanwhile: that of the output, which has room for it; None is the system's.

    Args:
        target: What is written, if it is a file.
    """
    if target in (None, "", files.STANDARD) or files.is_remote(target):
        return None
    beside = os.path.dirname(os.path.realpath(target))  # noqa: PTH120
    return beside if os.path.isdir(beside) else None  # noqa: PTH112


def plain(reading: files.ReadOptions) -> str:
    """The format of the standard output: CSV if that of the standard input is, else JSON Lines.

    Args:
        reading: How articles lie in the files.
    """
    return "csv" if reading.format == "csv" else "jsonl"


def place(target: str) -> str:
    """What a person calls the file that was written.

    Args:
        target: Its path or address, or - for the standard output.
    """
    return "the standard output" if target == files.STANDARD else printable(target)


@contextmanager
def apart_from(target: str) -> Iterator[None]:
    """Print on the standard error stream what a run has to say, where its output is the standard output.

    Args:
        target: The output.
    """
    out.stderr = target == files.STANDARD
    try:
        yield
    finally:
        out.stderr = False


def settings(
    threshold: float | None, reading: files.ReadOptions, *, near_copies: bool, secret_seed: bool = False
) -> Settings:
    """What the options make of the defaults.

    Args:
        threshold: In (0, 1]; None leaves the default.
        reading: How articles lie in the files, and how long a text may be.
        near_copies: Whether the classical job is asked for.
        secret_seed: Whether a store is to draw a seed of its own.

    Raises:
        SettingsError: The threshold is out of its range.
    """
    seed: dict[str, Any] = {"seed": DRAWN} if secret_seed else {}
    chosen = Settings.near_copies(**seed) if near_copies else Settings(**seed)
    chosen = replace(chosen, longest_text=reading.longest_text)
    return chosen if threshold is None else replace(chosen, threshold=threshold)


def check_inputs(paths: Sequence[str], targets: Mapping[str, str | None]) -> None:
    """Refuse to read nothing, to write over what is read, and to write two things into one file.

    Args:
        paths: What is read.
        targets: What is written, by the option that names it; None is nothing.

    Raises:
        FileError: What is refused, and what to do.
    """
    named = {option: path for option, path in targets.items() if path is not None}
    for (one, path), (other, second) in combinations(named.items(), 2):
        if files.real(path) == files.real(second):
            raise FileError(
                f"{one} and {other} name the same file, {files.shown(path)!r}; name another for one of them"
            )
    if list(paths).count(files.STANDARD) > 1:
        raise FileError("- is the standard input, which can be read once; name it once")
    for path in paths:
        if not path:
            raise FileError("a PATH is empty; name a file or folder, or . for this one")
        if files.is_remote(path) and path in named.values():
            raise FileError(f"{path!r} is also an input, which the output would replace; name another file")
        for target in filter(os.path.exists, named.values()):
            if os.path.exists(path) and os.path.samefile(path, target):  # noqa: PTH110, PTH121
                raise FileError(f"{target!r} is also an input, which the output would replace; name another file")


def prepare_process() -> None:
    """Print a substitute for what the terminal cannot show, and clean up when SIGTERM comes."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


# --- the log ------------------------------------------------------------------------------------------------------

_LOGS_JSON = "dedup.log_json"


def add_log_json(command: click.Command) -> None:
    """Give a command, and all commands in it, the option `--log-json`.

    Args:
        command: A command or a group of them.
    """
    if isinstance(command, click.Group):
        for one in command.commands.values():
            add_log_json(one)
    else:
        words = "Say what is done and what went wrong as JSON, an object a line; see docs/how-to/logging.md."
        command.params.append(click.Option(["--log-json"], is_flag=True, expose_value=False, help=words))


def log_as_json(context: click.Context, arguments: Sequence[str]) -> None:
    """Note whether JSON is asked for, before anything can go wrong with the other arguments.

    Args:
        context: Of the run.
        arguments: All that was given.
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    context.meta[_LOGS_JSON] = "--log-json" in options


def logs_json() -> bool:
    """Whether JSON is asked for."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_LOGS_JSON))


def log(event: str, about: Mapping[str, Any]) -> None:
    """A JSON object on the standard error stream.

    Args:
        event: What it tells of.
        about: Its details.
    """
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **about}
    click.echo(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace"), err=True)


def log_event(event: Event) -> None:
    """A stage that has ended, or a whole job.

    Args:
        event: What was done.
    """
    stage = {} if event.stage == DONE else {"stage": event.stage}
    about = {"job": event.job, **stage, "seconds": round(event.seconds, 3), **event.counts}
    log("stage" if stage else "job", about)


@contextmanager
def logged(context: click.Context) -> Iterator[None]:
    """The last line tells how the run ended: as it should, or by which error.

    Args:
        context: Of the run.
    """
    begin = time.perf_counter()
    try:
        yield
        code = 0
    except click.ClickException as error:
        log("error", {"message": error.format_message(), "exit": error.exit_code})
        context.exit(error.exit_code)
    except KeyboardInterrupt:
        log("error", {"message": "interrupted", "exit": 1})
        context.exit(1)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        if code > 1:
            log("error", {"message": f"ended by signal {code - 128}", "exit": code})
            raise
    log("done", {"seconds": round(time.perf_counter() - begin, 3), "exit": code})
    if code:
        context.exit(code)


@contextmanager
def failures() -> Iterator[None]:
    """A failed run prints one line and exits with 1; a wrong option, even if found late, is bad usage."""
    try:
        yield
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except (DedupError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except MemoryError as error:
        raise click.ClickException("out of memory; cluster fewer articles at a time") from error


@contextmanager
def closed_output() -> Iterator[None]:
    """It is no failure if the reader of the output, such as `head`, has gone: the work has been done.

    rich answers a broken pipe by closing the output for good and raising SystemExit(1).
    """
    with suppress(SystemExit):
        try:
            yield
            out.file.flush()
        except BrokenPipeError:
            out.on_broken_pipe()


def shown_progress(*, quiet: bool) -> AbstractContextManager[Tell]:
    """A bar on a terminal.

    Args:
        quiet: No bar there either.
    """
    seen = err.is_terminal and not quiet and not logs_json()
    return bar() if seen else nullcontext(_no_progress)


def _no_progress(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def read(
    paths: Sequence[str],
    reading: files.ReadOptions,
    exclude: Iterable[str] = (),
    *,
    by_path: bool = False,
) -> files.Read:
    """Articles of files and folders; what cannot be read is reported.

    Args:
        paths: What to read.
        reading: How articles lie in the files.
        exclude: Files to leave out.
        by_path: Ids that are made begin with the whole path, as in a nightly job.
    """
    found = files.read(paths, reading, exclude=exclude, by_path=by_path)
    report(found, [])
    return found


def write(table: pa.Table, target: str, reading: files.ReadOptions, *, csv_safe: bool) -> None:
    """Write a table; it is no failure if the reader of the standard output has gone.

    Args:
        table: What to write.
        target: The file, or - for the standard output.
        reading: How the articles were read.
        csv_safe: In CSV no text is a formula.
    """
    with closed_output() if target == files.STANDARD else nullcontext():
        files.write(table, target, f".{plain(reading)}", csv_safe=csv_safe)


class Told(Protocol):
    """What was not read, of whatever was."""

    @property
    def problems(self) -> list[files.Problem]:
        """Of paths, files and rows."""


def report(read: Told, caught: list[warnings.WarningMessage]) -> None:
    """Say by name what could not be read and what was mended.

    Args:
        read: What was read, and the problems met.
        caught: Warnings of what was done with it.
    """
    for warning in caught:
        complain(str(warning.message), "warning")
    with Complaints() as several:
        for problem in read.problems:
            several.say(problem.path, problem.row, problem.reason, problem.severity)


class Complaints:
    """What is said of files: every error, and of warnings of one kind the first ones, for a folder may have 10,000."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._alike = Counter[str]()

    def say(self, path: str, row: int | None, reason: str, severity: str) -> None:
        """An error or warning, unless many like it were said.

        Args:
            path: The file.
            row: The row; None is the whole file.
            reason: What is wrong; reasons that differ in their numbers only are of one kind.
            severity: ``"error"`` or ``"warning"``.
        """
        if logs_json():
            log("problem", {"path": path, "row": row, "reason": reason, "severity": severity})
            return
        path = "standard input" if path == files.STANDARD else path
        line = printable(f"{path if row is None else f'{path}, row {row}'}: {reason}")
        kind = _NUMBERS.sub("", reason)
        if severity == "warning":
            self._alike[kind] += 1
            self._first.setdefault(kind, line)
        if self._alike[kind] <= MOST_ALIKE or severity == "error":
            complain(line, severity)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Say how many warnings were not said."""
        for kind, count in self._alike.items():
            if count > MOST_ALIKE:
                complain(
                    f"{files.counted(count - MOST_ALIKE, 'more warning')} like this: {self._first[kind]}", "warning"
                )


def complain(line: str, severity: str = "error") -> None:
    """An error or warning that ends nothing, on the standard error stream.

    Args:
        line: What to say, printable.
        severity: ``"error"`` or ``"warning"``.
    """
    if logs_json():
        log("problem" if severity == "error" else "warning", {"message": line})
        return
    colour, word = ("red", "Error") if severity == "error" else ("yellow", "Warning")
    err.print(f"[{colour}]{word}:[/] {escape(line)}", highlight=False, soft_wrap=True)


def remark(line: str) -> None:
    """What is neither wrong nor a result, on the standard error stream.

    Args:
        line: What to say, printable.
    """
    if logs_json():
        log("remark", {"message": line})
    else:
        err.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def warned(say: Callable[[str], object]) -> Iterator[None]:
    """Say what was warned of when the work is done, or has failed.

    Args:
        say: Called with each message.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DedupWarning)
        try:
            yield
        finally:
            for warning in caught:
                say(str(warning.message))


def fail_if_unread(*several: files.Read) -> None:
    """Exit code 1 where a file or row could not be read.

    Args:
        *several: All that was read.
    """
    if any(problem.severity == "error" for read in several for problem in read.problems):
        raise SystemExit(1)


def print_json(found: dict[str, Any]) -> None:
    """One line of UTF-8, whatever the terminal's encoding is.

    Args:
        found: What JSON can hold.
    """
    click.echo(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def say(line: str) -> None:
    """A line as it is, which may be longer than the terminal is wide.

    Args:
        line: What to say, printable.
    """
    out.print(line, highlight=False, markup=False, soft_wrap=True)
