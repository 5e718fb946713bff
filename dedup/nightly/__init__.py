"""The nightly job: more articles than fit in memory, night after night, with clusters that keep their ids.

In: files, a state folder and an output folder. Out: Parquet datasets, whole or not at all, and a `Summary`. From the
top: `job` runs the whole; `intake` turns files into shards; `catalogue` is what is known of every article; `framing`,
`sketching`, `signed`, `candidates`, `verifying` and `linking` are the stages of `dedup.pipeline` over what lies on
disk; `members` tells what became of the clusters of last night; `outputs` writes what users read, and `snapshot` gives
it as `dedup.cluster` would. `state` is the folder, `keeping` writes what is in it, `damage` reads it, `memory` is the
bound.
"""

from dedup.nightly.job import MEMORY, Summary, run
from dedup.nightly.snapshot import snapshot

__all__ = ["MEMORY", "Summary", "run", "snapshot"]
