"""ORC is read by a process of its own, for its library ends the process over some files that are damaged.

In: the bytes of a file, of which that process is sent what it asks for. Out: the schema and the stripes. Costs a part
of a second for the first file: a process that is not needed any more waits for the next one, and ends with its parent.
A file over which it ends is an error as any other damage is.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO

import pyarrow as pa

CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from dedup.files.formats.orc_apart import serve; serve()"
)
"""What that process runs; its argument is where modules are found."""
_IDLE: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()


class Orc:
    """An ORC file that another process has opened.

    Args:
        process: Which runs `serve`.
        stream: The bytes of the file, seekable.

    Raises:
        OSError: It cannot be opened, or the process has ended over it.
    """

    def __init__(self, process: subprocess.Popen[bytes], stream: Any) -> None:
        self._process, self._stream = process, stream
        head, schema = self._ask("open", stream.seek(0, io.SEEK_END))
        self.schema = pa.ipc.read_schema(pa.py_buffer(schema))
        """Of all its columns."""
        self.nstripes: int = head["stripes"]
        """How many stripes it has."""

    def read_stripe(self, number: int, names: list[str] | None = None) -> pa.RecordBatch:
        """A stripe.

        Args:
            number: From 0.
            names: Its columns; None is all.

        Raises:
            OSError: It cannot be read, or the process has ended over it.
        """
        _, data = self._ask("stripe", number, names)
        return pa.ipc.open_stream(data).read_next_batch()

    def _ask(self, *question: Any) -> tuple[dict[str, Any], bytes]:
        into, out, answered = self._process.stdin, self._process.stdout, False
        try:
            _send(into, question)
            while not answered:
                head, data = _receive(out)
                answered = "read" not in head
                if not answered:
                    at, size = head["read"]
                    self._stream.seek(at)
                    _send(into, {}, self._stream.read(size))
        except (EOFError, BrokenPipeError) as error:
            raise OSError("its library has ended over it: the file is damaged; fetch it again") from error
        finally:
            if not answered:
                self._process.kill()
                self._process.wait()
        if "error" in head:
            raise OSError(head["error"])
        return head, data


@contextmanager
def opened(stream: Any) -> Iterator[Orc]:
    """An ORC file, opened by another process.

    Args:
        stream: Its bytes, seekable.

    Raises:
        OSError: It cannot be opened.
    """
    process = _process()
    try:
        yield Orc(process, stream)
    finally:
        if process.poll() is None:
            _IDLE.put(process)
        else:
            _closed(process)


@atexit.register
def close_all() -> None:
    """End those that wait."""
    with suppress(Empty):
        while True:
            _closed(_IDLE.get_nowait())


def _process() -> subprocess.Popen[bytes]:
    """One that waits, or a new one."""
    while True:
        try:
            found = _IDLE.get_nowait()
        except Empty:
            command = [sys.executable, "-c", CODE, json.dumps(sys.path)]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
        if found.poll() is None:
            return found
        _closed(found)


def _closed(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


def _send(into: Any, head: Any, data: bytes = b"") -> None:
    line = json.dumps([head, len(data)]).encode()
    into.write(line + b"\n" + data)
    into.flush()


def _receive(out: Any) -> tuple[Any, bytes]:
    line = out.readline()
    if not line:
        raise EOFError
    head, size = json.loads(line)
    data = out.read(size)
    if len(data) < size:
        raise EOFError
    return head, data


class _Asked(io.RawIOBase):
    """The bytes of a file that the parent has."""

    def __init__(self, into: BinaryIO, out: BinaryIO, size: int) -> None:
        self._into, self._out, self._size, self._at = into, out, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def read(self, size: int = -1) -> bytes:
        size = max(0, min(size if size >= 0 else self._size, self._size - self._at))
        _send(self._out, {"read": [self._at, size]})
        _, data = _receive(self._into)
        self._at += len(data)
        return data


def serve() -> None:
    """What the process does: answers until its input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the parent ends it
    into, out = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library may print
    from pyarrow.orc import ORCFile  # noqa: PLC0415 - what must not end the parent

    file: Any = None
    while True:
        try:
            (kind, *rest), _ = _receive(into)
        except EOFError:
            return
        try:
            if kind == "open":
                file = ORCFile(_Asked(into, out, *rest))
                head, data = {"stripes": file.nstripes}, file.schema.serialize()
            else:
                head, data = {}, _as_stream(file.read_stripe(*rest))
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
            head, data = {"error": str(error) or type(error).__name__}, b""
        _send(out, head, bytes(data))


def _as_stream(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()
