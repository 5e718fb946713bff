"""The store in Redis, for crawlers on many hosts: see `SharedStore`, and "Shared store" in FORMAT.md for its keys.

From the bottom: `layout` names the keys and packs values, `server` is a connection that is restored when lost, `lock`
the right to write. `postings` are the texts under each key, `band_sets` those of near copies, in datasketch's storage,
and `counts` the frequencies of shingles. `view` reads, `pending` collects the changes of a transaction, `commit`
applies them. `audit` compares what is stored twice, `sizes` measures memory, and `redis_store` puts all of it together.
"""

from dedup.index.in_redis.redis_store import SharedStore

__all__ = ["SharedStore"]
