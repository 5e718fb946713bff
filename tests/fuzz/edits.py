"""What is changed in a store: an input of the fuzzer as a list of edits.

In: any bytes. Out: edits, each of a part of the store: a file, or a value. Seven bytes and those that it brings make an
edit, so that an input stays short, and a change of it is another edit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import NamedTuple

_HEAD = struct.Struct(">HBIB")
OVERWRITE, INSERT, DELETE, CUT, BLANK, REPLACE = range(6)
_BLANKS = 4096


class Edit(NamedTuple):
    """A change of one part."""

    part: int
    how: int
    at: int
    new: bytes

    def packed(self) -> bytes:
        """As an input has it."""
        return _HEAD.pack(self.part, self.how, self.at, len(self.new)) + self.new

    def of(self, old: bytes) -> bytes:
        """The part when it has been changed."""
        at, size = self.at % (len(old) + 1), len(self.new)
        how = self.how % 6
        if how == REPLACE:
            return self.new
        if how == CUT:
            return old[:at]
        if how == BLANK:
            return old[:at] + bytes(len(old[at : at + _BLANKS])) + old[at + _BLANKS :]
        return old[:at] + (b"" if how == DELETE else self.new) + old[at + (0 if how == INSERT else size) :]


def edits(data: bytes) -> Iterator[Edit]:
    """The edits that an input is; a rest that is too short is none."""
    at = 0
    while at + _HEAD.size <= len(data):
        part, how, where, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size + size
        yield Edit(part, how, where, data[at - size : at])


def some(sizes: Iterable[int], rng: Random, each: int = 8) -> Iterator[bytes]:
    """Inputs of one edit, several of each part.

    Args:
        sizes: How long each part is.
        rng: Decides where and how.
        each: How many of a part.
    """
    for part, size in enumerate(sizes):
        for how in (CUT, BLANK, *[OVERWRITE] * each):
            yield Edit(part, how, rng.randrange(size + 1), rng.randbytes(rng.choice((1, 4, 8)))).packed()


def changed(parts: Mapping[str, bytes], data: bytes) -> dict[str, bytes]:
    """The parts of a store as an input changes them.

    Args:
        parts: By their names; edits count them in this order.
        data: The input.
    """
    names, after = list(parts), dict(parts)
    for edit in edits(data):
        name = names[edit.part % len(names)]
        after[name] = edit.of(after[name])
    return after
