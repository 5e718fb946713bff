"""A file to read: where it is, what it is, and what its articles are called.

In: what `sources` found out. Out: a `Source`. Opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, or a folder that is a table.

    Example:
        >>> from dedup import files
        >>> source = files.found("examples/articles/tea-1.md").files[0]
        >>> source.id, source.kind, source.codec, source.local.name
        ('tea-1', 'document', None, 'tea-1.md')
    """

    path: Path | str
    """Where it lies: on the local disk, or at an address elsewhere."""
    id: str
    """Of its article, or what the ids made for its rows begin with."""
    kind: str
    """A key of `kinds.CALLED`, as its name says, or `kinds.UNCLEAR`."""
    codec: str | None
    """A value of `kinds.CODECS`; None where it is not compressed; `kinds.UNTOLD` where only its bytes tell."""
    size: int
    """Bytes on disk."""
    prefix: str = ""
    """What ids that its rows have begin with."""
    spooled: Path | None = None
    """The file that has become of it, if it is a stream."""
    version: int = -1
    """Of a file elsewhere, by which it is known to have changed; -1 where its store does not tell."""
    current: Path | None = None
    """Of a table, the file that says what it holds now."""

    @property
    def local(self) -> Path | None:
        """Where its bytes lie on the local disk, those of `current` for a table; None if they are elsewhere."""
        if self.current is not None:
            return self.current
        return self.path if isinstance(self.path, Path) and self.spooled is None else self.spooled
