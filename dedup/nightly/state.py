"""The folder in which a nightly job keeps what it knows, and which parts of it are complete.

In: the path of the folder and settings. Out: a `State`: shards of what was read, generations of signatures, and the
last night. Everything is written beside its place and then renamed, so a job may be killed at any moment: what has its
final name is whole, and the rest is removed. One run holds the lock of the folder, until its process ends.

    texts.utf8                    every text, one behind the other
    shards/000001/                what some files held: articles.parquet, files.parquet, rejects.parquet
    generations/000001/           frames.parquet, weights.parquet, and signatures-000001-0.parquet, by night and by the
                                  first text in it; gathered-000001-0.parquet likewise, what campaigns are found by
    nights/000001/                the last night: texts, edges, articles, frames, frequencies, changes; night.json; and
                                  campaigns if they were asked for
    forgotten.parquet             rows that are no articles any more, until they are taken out
    compacted/                    all of these but the last, without what is forgotten, just before it takes their place
    work/                         what the running night has done so far, which becomes its folder
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow as pa

from dedup import files
from dedup.errors import BusyError, FileError, SettingsError
from dedup.files import shown
from dedup.nightly.damage import counts, damaged, read_object, reading, rows, summed
from dedup.settings import Settings, drawn, secret_of, with_secret
from dedup.stages.folding import FOLDING
from dedup.system import discard, locked, put, synced, twin, whole_folder

FORMAT = 6
LEFT_OVER = ("begun.json", "candidates.parquet", "capped.parquet")
"""Files of a night that are needed only while it is worked out."""
COUNTS = ("whole", "since", "articles", "new", "gone", "replaced", "clusters", "clustered")
"""The figures of a night; `since` is the night with which it is compared."""
UNFINISHED = ".dedup-*.tmp"
"""What `dedup.system.whole_file` writes to, which is left where a run is killed."""


MARKED = pa.schema({"mark": pa.int64()})
"""What is forgotten: rows, and versions of files, which are written as -1 - version."""
COMPACTED = "compacted"
"""The folder of a state that has been compacted and has yet to take its place."""
RENEWED = ("texts.utf8", "shards", "generations", "nights")
"""What a compacted state has anew."""


@dataclass(frozen=True)
class Night:
    """What the state says of a night.

    Args:
        number: From 1.
        shards: How many it knows; they have the numbers from 1 on.
        generation: The generation of its signatures.
        texts: How many distinct texts have numbers, with those that no article has any more.
        fitted: How many texts there were when the weights of the generation were made, without those that were
            taken out since.
        marks: How many rows and versions of files were marked to be forgotten.
    """

    number: int
    shards: int
    generation: int
    texts: int
    fitted: int
    marks: int = 0


NO_NIGHT = Night(0, 0, 0, 0, 0)


class Shard(NamedTuple):
    """What a shard says of itself."""

    night: int
    """The night for which it was read."""
    rows: int
    end: int
    """Where its texts end in the file of all texts."""
    checksum: int
    """CRC-32 of its texts."""
    time: int
    """When that night began to read, in microseconds since 1970."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """What is written in a shard's folder."""
        return cls(**counts(folder / "shard.json", cls._fields))


SIGNATURES, GATHERED = "signatures", "gathered"
"""The kinds of files with one row per text."""


class TextFile(NamedTuple):
    """A file with one row per text, from the text `first` to the last one of a night."""

    night: int
    first: int
    path: Path

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a file's name."""
        _, night, first = path.stem.split("-")
        return cls(int(night), int(first), path)


def on_disk(path: str | os.PathLike[str], what: str = "a state is locked, appended to and mapped into memory") -> Path:
    """A path of the local disk.

    Args:
        path: As a user gives it.
        what: Why it must be one.

    Raises:
        FileError: It is an address elsewhere.
    """
    if files.is_remote(path):
        raise FileError(f"{shown(path)!r} cannot be used: {what}, which needs a local disk; name a folder")
    return Path(path)


@contextmanager
def opened(path: Path, settings: Settings, *, id_from: str | None = None) -> Iterator[State]:
    """The state in a folder, made if there is none, and locked while it is open.

    Args:
        path: The folder; the folder above it exists.
        settings: How articles are compared; they must be those that the state was made with.
        id_from: Where ids come from, which must be the same, too; None is whatever it was made with.

    Raises:
        BusyError: Another run holds the state.
        FileError: The folder is not a state, is one of another version, or cannot be written to.
        SettingsError: The state was made with other settings.
    """
    with ExitStack() as held:
        if not _lock(path, held):
            raise BusyError(f"another run holds {shown(path)!r}; wait until it has ended, or name another")
        _renew(path)
        about = _checked(path / "state.json", settings, id_from)
        state = State(path, about.settings, about.id_from)
        state.sweep()
        yield state


def _renew(path: Path) -> None:
    """Put a compacted state in the place of what it was made of, or begin again where that was broken off.

    All of it stays where it is until all has taken its place: what is moved from one folder to another may be in
    neither when the power comes back.
    """
    new, done = path / COMPACTED, path / f".{COMPACTED}.done"
    for left in (f".{COMPACTED}.new", done.name, *(f".{name}.new" for name in RENEWED)):
        _remove(path / left)
    if not new.exists():
        return
    for name in RENEWED:
        if (new / name).exists():
            twin(new / name, path / f".{name}.new")
            _remove(path / name)
            put(path / f".{name}.new", path / name)
    _remove(path / "forgotten.parquet")
    synced(path)
    put(new, done)
    _remove(done)


def settings_of(path: Path) -> Settings:
    """How articles of a state are compared.

    Raises:
        FileError: The folder is not a state, or is one of another version.
    """
    if not (path / "state.json").exists():
        raise FileError(f"{shown(path)!r} is not the state of a nightly job; name the folder that --state named")
    return _about(path / "state.json").settings


class _About(NamedTuple):
    """What a state says of itself."""

    settings: Settings
    id_from: str


def _about(path: Path) -> _About:
    """Read it, and refuse what this version does not read."""
    with reading(path):
        kept = json.loads(path.read_bytes())
        number, settings = kept["format"], dict(kept["settings"])
    if number != FORMAT:
        raise FileError(f"the state has format {number!r}, this version reads {FORMAT}; begin a new state")
    kept = read_object(path)
    with reading(path):
        folding, secret, id_from = int(kept["folding"]), str(kept["drawn"]), str(kept["id_from"])
    if folding != FOLDING:
        raise FileError(
            f"the state holds what folding {folding} makes of texts, this version has folding {FOLDING}; begin a new "
            "state"
        )
    with reading(path):
        return _About(with_secret(Settings(**settings), secret), id_from)


def _lock(path: Path, held: ExitStack) -> bool:
    """Make the folder where there is none, and hold its lock unless another run does."""
    try:
        _check_place(path)
        path.mkdir(exist_ok=True)
        return held.enter_context(locked(path / "lock"))
    except FileError:
        raise
    except IsADirectoryError as error:
        raise damaged(path / "lock", "it is a folder") from error
    except OSError as error:
        raise FileError(
            f"cannot keep a state in {shown(path)!r}: {error.strerror or error}; name a new folder in an existing one"
        ) from error


def _check_place(path: Path) -> None:
    """Refuse a folder that holds other things."""
    names = [entry.name for entry in path.iterdir()] if path.is_dir() else []
    inside = {name for name in names if name != "lock" and not fnmatch(name, UNFINISHED)}
    if inside and not (path / "state.json").exists():
        if inside >= {"shards", "texts.utf8"}:
            raise damaged(path / "state.json", "it is missing")
        example = shown(min(inside))
        raise FileError(
            f"{shown(path)!r} is not a state: it holds {example!r}; name a new folder, or the one of last night"
        )


def _checked(path: Path, settings: Settings, id_from: str | None) -> _About:
    """Refuse other settings than those of the state, which is made with these if there is none."""
    if path.exists():
        kept = _about(path)
        mine = _About(settings, kept.id_from if id_from is None else id_from)
        _check_same(*({**_compared(one.settings), "id_from": one.id_from} for one in (kept, mine)))
        return kept
    new = _About(drawn(settings), id_from or "id")
    about = {"format": FORMAT, "folding": FOLDING, "settings": asdict(settings), "drawn": secret_of(new.settings)}
    with files.replacing(path) as file:
        file.write(summed(about | {"id_from": new.id_from}))
    return new


def _compared(settings: Settings) -> dict[str, Any]:
    """Those that decide a comparison."""
    every = asdict(settings)  # with the word for a secret seed, whatever it is
    return {one.name: every[one.name] for one in fields(settings) if one.compare}


def _check_same(kept: dict[str, Any], mine: dict[str, Any]) -> None:
    others = [f"{name}={kept.get(name)!r}, not {value!r}" for name, value in mine.items() if kept.get(name) != value]
    if others:
        raise SettingsError(
            f"the state was made with {'; '.join(others)}; give the same settings, or begin a new state"
        )


class State:
    """The folder of a job; see the top of this module.

    Args:
        path: The folder, locked.
        settings: How its articles are compared, with a secret seed of its own if it was made with one.
        id_from: Where ids come from; see `dedup.files.read`.
    """

    def __init__(self, path: Path, settings: Settings, id_from: str = "id") -> None:
        self.settings, self.id_from = settings, id_from
        self.checked = 0
        """How many shards had their texts compared with their checksums since the state was opened."""
        self.path = path.absolute()  # Arrow would take a relative one with a colon for an address
        self.texts, self.work = self.path / "texts.utf8", self.path / "work"
        there = self.texts.exists()
        for name in ("shards", "generations", "nights"):
            with reading(self.path / name):
                (self.path / name).mkdir(exist_ok=True)
        self.texts.touch()
        if not there:  # what is synced in a folder, or in a file, is lost without the folder's own name, or the file's
            synced(self.path)
            synced(self.path.parent)

    @property
    def last(self) -> Night:
        """The last night that was finished."""
        nights = _numbers(self.path / "nights")
        names = [field.name for field in fields(Night)]
        return Night(**counts(self.night(nights[-1]) / "night.json", names)) if nights else NO_NIGHT

    @property
    def marker(self) -> Path:
        """The file that says where the last night was published; missing until then."""
        return self.night(self.last.number) / "published.json"

    @property
    def published(self) -> int:
        """The last night whose outputs have been written; 0 for none."""
        last = self.last.number
        if not last or self.marker.exists():
            return last
        return self.counts["since"]

    @property
    def published_rows(self) -> int:
        """How many rows had been read by then."""
        return sum(shard.rows for shard in map(Shard.of, self.shards) if shard.night <= self.published)

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the last night."""
        return counts(self.night(self.last.number) / "counts.json", COUNTS)

    @property
    def forgotten(self) -> Path:
        """The file of what is forgotten; missing where nothing is."""
        return self.path / "forgotten.parquet"

    @property
    def marks(self) -> int:
        """How many rows and versions of files are marked to be forgotten."""
        return rows(self.forgotten, MARKED) if self.forgotten.exists() else 0

    @property
    def shards(self) -> list[Path]:
        """All shards, in order."""
        return [self.shard(number) for number in _numbers(self.path / "shards")]

    def shard(self, number: int) -> Path:
        """The folder of a shard."""
        return self.path / "shards" / f"{number:06}"

    def check(self) -> None:
        """Refuse a state of which a part is missing.

        Raises:
            FileError: It names the part.
        """
        last, found = self.last, _numbers(self.path / "shards")
        missing = set(range(1, 1 + max([last.shards, *found]))) - set(found)
        if missing:
            raise damaged(self.shard(min(missing)), "it is missing")
        shards = [Shard.of(folder) for folder in self.shards]
        before = max((shard.night - 1 for shard in shards), default=0)
        if before > last.number:
            raise damaged(self.path / "nights", f"there was a night {before}, and the last one left is {last.number}")
        with reading(self.texts), self.texts.open("rb") as texts:
            size = os.fstat(texts.fileno()).st_size
        if shards and size < shards[-1].end:
            raise damaged(self.texts, f"it had {shards[-1].end:,} bytes, and has {size:,}")

    def night(self, number: int) -> Path:
        """The folder of a night."""
        return self.path / "nights" / f"{number:06}"

    def weights(self, generation: int) -> Path:
        """The file of a generation's weights."""
        return self.path / "generations" / f"{generation:06}" / "weights.parquet"

    def files(self, kind: str, generation: int, upto: int) -> list[TextFile]:
        """The files of a kind that together hold all texts of a generation, in order.

        Args:
            kind: `SIGNATURES`, or `GATHERED`, whose files may lack all texts or the latest ones.
            generation: Its number.
            upto: The last night whose files count.
        """
        found: list[TextFile] = []
        paths = self.weights(generation).parent.glob(f"{kind}-*.parquet")
        for file in sorted(map(TextFile.of, paths), reverse=True):
            if file.night <= upto and (
                not found or file.first < found[-1].first
            ):  # later files may have merged earlier ones
                found.append(file)
        return found[::-1]

    def frames(self, generation: int) -> Path:
        """The file of the frames that a generation leaves out."""
        return self.weights(generation).with_name("frames.parquet")

    def new_file(self, kind: str, generation: int, night: int, first: int) -> Path:
        """The file of a kind that a night writes, of texts from the number `first` on."""
        return self.weights(generation).with_name(f"{kind}-{night:06}-{first}.parquet")

    def begin(self, night: Night) -> None:
        """Go on with the work of a night, or begin it; work that was begun for another night is removed."""
        note = self.work / "begun.json"
        mine = json.dumps(asdict(night)).encode()
        if note.is_file() and note.read_bytes() == mine:
            return
        _remove(self.work)
        self._sweep_begun()
        self.work.mkdir()
        with reading(self.weights(night.generation).parent):
            self.weights(night.generation).parent.mkdir(exist_ok=True)
        synced(self.path / "generations")
        with files.replacing(note) as file:
            file.write(mine)

    def commit(self, night: Night) -> None:
        """Finish a night: its work becomes its folder, and what it replaces is removed."""
        with files.replacing(self.work / "night.json") as file:
            file.write(summed(asdict(night)))
        synced(self.work)
        put(self.work, self.night(night.number))
        self.sweep()

    def compacted(self) -> AbstractContextManager[Path]:
        """A folder for all that a compacted state has anew, until `renew` or whoever opens it next."""
        return whole_folder(self.path / COMPACTED)

    def renew(self) -> None:
        """Have what was compacted take its place, when nobody reads what was there any more."""
        _renew(self.path)

    def sweep(self) -> None:
        """Remove what no night needs, and what a killed run left unfinished."""
        last = self.last
        for folder in (self.path / "nights").iterdir():
            if folder != self.night(last.number):
                discard(folder)
        for name in LEFT_OVER:
            discard(self.night(last.number) / name)
        for folder in (self.path / "generations").iterdir():
            if folder.name < f"{last.generation:06}":
                discard(folder)
        for kind in (SIGNATURES, GATHERED):
            self._sweep_taken_up(kind)
        for folder in (self.path / "shards").glob(".*"):
            discard(folder)
        for unfinished in self.path.rglob(UNFINISHED):
            discard(unfinished)

    def _sweep_taken_up(self, kind: str) -> None:
        """Remove files of texts that later nights have merged into theirs."""
        last = self.last
        needed = {file.path for file in self.files(kind, last.generation, last.number)}
        for file in map(TextFile.of, self.weights(last.generation).parent.glob(f"{kind}-*.parquet")):
            if file.night <= last.number and file.path not in needed:
                discard(file.path)

    def _sweep_begun(self) -> None:
        """Remove generations and files of texts of a night that was begun and not finished."""
        last = self.last
        for folder in (self.path / "generations").iterdir():
            if folder.name > f"{last.generation:06}":
                discard(folder)
            else:
                for kind in (SIGNATURES, GATHERED):
                    for file in map(TextFile.of, folder.glob(f"{kind}-*.parquet")):
                        if file.night > last.number:
                            discard(file.path)


def _numbers(folder: Path) -> list[int]:
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())


def _remove(path: Path) -> None:
    """Remove a folder or a file, whichever it is: in a damaged state one may be in the place of the other."""
    if not discard(path):
        raise FileError(f"{shown(path)!r} is used by another program, which reads the state; close it, and run again")
