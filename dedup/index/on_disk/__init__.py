"""The store in a folder of this host: SQLite holds the truth, memory-mapped files beside it are caches.

From the bottom: `schema` is the database, `rows` reads and writes its rows. `segments` are files of sorted signatures,
`recent` holds those that came since in memory, `layers` has all of them, and `lookup` finds texts there. `counters`
count shingles. `sqlite_store` puts all of it together. FORMAT.md says what lies on the disk.
"""

from dedup.index.on_disk.sqlite_store import EmbeddedStore

__all__ = ["EmbeddedStore"]
