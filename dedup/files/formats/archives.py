"""Archives: files that hold others, zip and tar.

In: the bytes of one archive, decompressed. Out: its members, one after the other, each as a `Job` of its own with its
bytes: whoever asks reads it as the file that its name says, or its first bytes where that says nothing. Holds the list
of members of a zip, of a tar nothing. A member that cannot be read costs only itself; those of other kinds are told.
Writes nothing to a disk, so names such as ``../a.txt`` are just names. Does not look into archives that are members.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from typing import IO, Any, NamedTuple

from dedup.errors import FileError
from dedup.files.chunks import Chunks
from dedup.files.compressed import PIECE, decompressed
from dedup.files.contents import HEAD
from dedup.files.formats.zips import BROKEN, unlisted, zip_of
from dedup.files.jobs import Job
from dedup.files.kinds import ARCHIVES, CALLED, NAMED, READABLE, UNCLEAR, is_for_jobs, is_xml, parts, uncompressed
from dedup.files.lakes import LAKES, folders_above, lakes_among
from dedup.files.problems import FAULTS, counted, escaped
from dedup.files.recognized import certain, hidden_codec, known
from dedup.files.source import Source
from dedup.files.unread import passed_over, suffix
from dedup.files.walking import is_hidden

Opened = AbstractContextManager[tuple[IO[bytes], io.BufferedReader]]
"""Bytes as they are, and decompressed, as `compressed.opened` gives them."""


class Member(NamedTuple):
    """A member that is to be read."""

    job: Job
    name: str
    """Of no other one: where a name comes again it is numbered."""
    opened: Opened


_BEGINNING = 1 << 20
"""Bytes of a member that are looked at where its name says nothing: more than a block of bzip2."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
"""Not Deflate64, as Windows writes large members."""


class _Found(NamedTuple):
    """Anything in an archive that is not a folder."""

    name: str
    size: int
    chunks: Iterator[bytes] | None
    """Its bytes; None of a link, a device and the like."""
    refused: str = ""
    """Why it cannot be read."""


def members(job: Job, stream: io.BufferedReader) -> Iterator[Member]:
    """The members of an archive that can be read, in their order.

    Args:
        job: The archive; how many of its members are of other kinds is noted in it, and why it ends early.
        stream: Its bytes.

    Yields:
        Members. Each is to be read before the next one is asked for.

    Raises:
        FileError: It is no such archive, has no articles, or a table of a lake of which files were read before it was
            known as one.
    """
    times, there, left = Counter[str](), 0, _Left(job)
    for found in _FINDERS[job.source.kind](job, stream):
        name = escaped(PurePosixPath(found.name).as_posix())
        if left.is_left(name):
            continue
        found, codec, kind = _told(job, name, found)  # noqa: PLW2901
        if kind not in CALLED or found.chunks is None:
            left.add(name, link=kind in CALLED)
            continue
        there += 1
        left.folders.update(folders_above(name))
        times[name] += 1
        if times[name] > 1:
            path = PurePosixPath(name)
            name = path.with_name(f"{times[name]}-{path.name}").as_posix()
        source = replace(member(job.source, name, found.size), kind=kind, codec=codec)
        inner = Job(source, job.options, job.others, job.told)
        nested = "an archive in an archive; unpack the outer one" if kind in ARCHIVES else ""
        yield Member(inner, name, _opened(inner, found.chunks, found.refused or nested))
    left.told()
    if not (there or left.is_told or job.fault):
        raise FileError(f"no articles in this archive; articles are files ending in {READABLE}")


def member(archive: Source, name: str, size: int = 0) -> Source:
    """A member as a source: with an id as a file in a folder has, and a path that says where it is.

    Args:
        archive: Where it is in.
        name: As in `Member`.
        size: Bytes, decompressed.

    Example:
        >>> from pathlib import Path
        >>> from dedup import files
        >>> archive = files.Source(Path("crawl.zip"), id="crawl", kind="zip", codec=None, size=1000)
        >>> inside = files.member(archive, "2026/post.md")
        >>> inside.id, inside.kind
        ('crawl/2026/post', 'document')
    """
    stem, kind, codec = parts(name)
    by_path = archive.id == escaped(archive.path)
    id_ = f"{archive.id}/{name if by_path else stem}"
    path = f"{archive.path}!{name}"
    there = path if isinstance(archive.path, str) else Path(path)
    return Source(there, id_, kind or "", codec, size, f"{id_}:" if archive.prefix else "")


@dataclass
class _Left:
    """Members of an archive that are not read."""

    job: Job
    folders: set[str] = field(default_factory=set)
    """Those that members were read of."""
    _tables: set[str] = field(default_factory=set)
    _kinds: Counter[str] = field(default_factory=Counter)
    """A name for each suffix, and how many have it."""
    _links: int = 0
    _of_jobs: int = 0

    def is_left(self, name: str) -> bool:
        """Whether a member is not read for the folders that it is in, or for how it is called."""
        for table, kind in lakes_among([name]).items():
            self._refuse(table, LAKES[kind])
        names = [one for one in name.split("/") if one != ".."]
        if any(map(is_hidden, names)) or not self._tables.isdisjoint(folders_above(name)):
            return True
        of_jobs = any(map(is_for_jobs, names))
        self._of_jobs += of_jobs and parts(name)[1] in CALLED
        return of_jobs

    def _refuse(self, table: str, kind: str) -> None:
        """Only the table knows which of its rows have been deleted or replaced: its files are not read."""
        if table in self._tables:
            return
        self._tables.add(table)
        said = (
            f"{repr(table) if table else 'it'} in this archive is {kind}; unpack it, and name the folder of the table"
        )
        if table in self.folders:
            raise FileError(said)
        self.job.note(None, said, "error")

    def add(self, name: str, *, link: bool) -> None:
        """Count a member."""
        if link:
            self._links += 1
        else:
            self._kinds["x" + suffix(uncompressed(name)[0])] += 1

    @property
    def is_told(self) -> bool:
        """Whether there is an error of what is left."""
        return bool(self._tables)

    def told(self) -> None:
        """Say what they are, as of those of a folder."""
        for count, why in passed_over(self._kinds.elements()):
            self.job.pass_over(why, count)
        if self._of_jobs:
            why = f"{counted(self._of_jobs, 'file')} whose names, or those of their folders, begin with '_' passed over"
            self.job.pass_over(f"{why}: such names are those of jobs; unpack the archive to read them", self._of_jobs)
        if self._links:
            self.job.pass_over(f"{counted(self._links, 'link')} in this archive passed over", self._links)


def _told(archive: Job, name: str, found: _Found) -> tuple[_Found, str | None, str | None]:
    """A member whose first bytes may have been looked at, how it is compressed, and its kind, if there is one."""
    _, kind, codec = parts(name)
    if kind != UNCLEAR or found.chunks is None or found.refused:
        return found, codec, kind
    said = NAMED.get(archive.options.format or "")
    if said and said not in ARCHIVES and not is_xml(name):
        return found, codec, said
    begin = b""
    try:
        while len(begin) < _BEGINNING and (piece := next(found.chunks, b"")):
            begin += piece
        codec = codec or hidden_codec(member(archive.source, name), begin)
        head = decompressed(Chunks(iter([begin]), None), codec, len(begin), lambda *_: None).peek(HEAD)[:HEAD]
    except FAULTS:
        return found, codec, None
    return found._replace(chunks=chain([begin], found.chunks)), codec, certain(head, archive.options.text)


@contextmanager
def _opened(job: Job, chunks: Iterator[bytes], refused: str) -> Iterator[tuple[IO[bytes], io.BufferedReader]]:
    if refused:
        raise FileError(refused)
    raw: Any = Chunks(chunks, None)
    plain = decompressed(raw, job.source.codec, job.source.size, job.say)
    codec = hidden_codec(job.source, plain.peek(HEAD)[:HEAD])
    if codec is not None:
        job.say(f"the file is compressed with {codec}, which its name does not say", "warning")
        job.source = replace(job.source, codec=codec)
        packed: Any = Chunks(iter(partial(plain.read, PIECE), b""), plain)
        plain = decompressed(packed, codec, job.source.size, job.say)
    job.source = known(job.source, plain.peek(HEAD)[:HEAD], job.say, job.options.text)
    yield raw, plain


def _zipped(job: Job, stream: io.BufferedReader) -> Iterator[_Found]:
    with zip_of(stream, "not a whole zip ({}); its list of members is at its end: fetch it again") as archive:
        if damage := unlisted(archive):
            job.say(damage, "error")
        # what tells a table from a folder of files comes first
        for info in sorted(archive.infolist(), key=lambda info: not lakes_among([_name(info)])):
            if info.filename.endswith("/"):  # a name may be empty, at which `is_dir` fails
                continue
            chunks = None if S_ISLNK(info.external_attr >> 16) else _inflated(archive, info)
            yield _Found(_name(info), info.file_size, chunks, _refusal(info))


def _refusal(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return "the member is encrypted; decrypt the archive first"
    if info.compress_type not in _METHODS:
        return f"the member is compressed by method {info.compress_type}; unpack the archive, with 7z for example"
    return ""


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as file:
            yield from iter(partial(file.read, PIECE), b"")
    except BROKEN as error:
        raise OSError(f"the member cannot be read ({error}); unpack the archive and look at it") from error


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member: one that is not marked as UTF-8 may be that, or GBK, as Chinese Windows writes it."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            pass
    return info.filename


_Invalid: type[tarfile.HeaderError] = tarfile.InvalidHeaderError  # type: ignore[attr-defined] # after it a tape goes on
MOST_OF_A_HEADER = 1 << 24
"""Bytes of a long name, or of what else stands before a member: they are held."""


class _Header(tarfile.TarInfo):
    """A header of a tar, which says whether the archive ended with one as it should, and what was in the way."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: Any, errors: Any) -> Any:
        """The header in these bytes, if what it asks to be held is not too much."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _NAMING and found.size > MOST_OF_A_HEADER:
            raise _Invalid(f"a name in it would have {found.size:,} bytes")
        return found

    @classmethod
    def fromtarfile(cls, tape: Any) -> Any:
        """The next header."""
        try:
            return super().fromtarfile(tape)
        except tarfile.HeaderError as error:
            tape.met[type(error).__name__] += 1
            raise
        except (ValueError, OverflowError) as error:  # what should be a number is none
            tape.met["InvalidHeaderError"] += 1
            raise _Invalid(str(error)) from error

    def _block(self, count: int) -> int:
        """The size of a member in whole blocks: one below zero would lead back, over and over."""
        if not 0 <= count < _ENDLESS:
            raise _Invalid(f"a member in it would have {count:,} bytes")
        return int(super()._block(count))  # type: ignore[misc]


_NAMING = {
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
}
_ENDLESS = 1 << 62


class _Tape(tarfile.TarFile):
    """A tar that goes on after what it cannot read and after zeros, as where several are one after the other."""

    tarinfo = _Header
    ignore_zeros = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.met = Counter[str]()
        super().__init__(*arguments, **options)


class _Forwards:
    """A stream in which a tar goes forwards; that of the standard library goes on for hours behind its end."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self._at = stream, 0

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def seek(self, place: int) -> None:
        if place < self._at:
            raise tarfile.ReadError(f"a member in it would begin {self._at - place:,} bytes before its header")
        while self._at < place and self.read(min(PIECE, place - self._at)):
            pass


def _taped(job: Job, stream: io.BufferedReader) -> Iterator[_Found]:
    met, seen = Counter[str](), 0
    try:
        given: Any = stream if stream.seekable() else _Forwards(stream)
        tape: Any = _Tape.open(fileobj=given, mode="r:")
        met = tape.met
        for info in iter(tape.next, None):
            seen += 1
            tape.members = []  # it keeps them all
            if not info.isdir():
                yield _Found(info.name, info.size, _data(tape, info) if info.isreg() else None)
    except tarfile.TarError as error:
        if not job.fault:  # the compressed data may be
            job.say(f"the archive is cut short ({error}); fetch it again", "error")
        return
    if not seen and met["InvalidHeaderError"]:
        raise FileError("not a tar, whatever its name says")
    if met["InvalidHeaderError"]:
        count = counted(met["InvalidHeaderError"] * tarfile.BLOCKSIZE, "byte")
        job.say(f"{count} of the archive are damaged, with the members in them; fetch it again", "error")
    elif met["TruncatedHeaderError"] or not met["EOFHeaderError"]:
        job.say("the archive has no end: it may be cut short; fetch it again", "error")


def _data(tape: Any, info: tarfile.TarInfo) -> Iterator[bytes]:
    """The bytes of a member, up to where the archive is cut short."""
    if info.issparse():
        yield from iter(partial(tape.extractfile(info).read, PIECE), b"")
        return
    left = info.size
    tape.fileobj.seek(info.offset_data)
    while left and (piece := tape.fileobj.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


_FINDERS: dict[str, Callable[[Job, io.BufferedReader], Iterator[_Found]]] = {"zip": _zipped, "tar": _taped}
