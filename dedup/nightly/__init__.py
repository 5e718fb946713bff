"""The nightly job: more articles than fit in memory, night after night, with clusters that keep their ids.

In: files, a state folder and an output folder. Out: Parquet datasets, whole or not at all, and a `Summary`. From the
top: `job` runs the whole; `intake` turns files into shards; `stock` is what is known of every article; `framing`,
`weighing`, `signed`, `meeting` and `judging` are the stages of `dedup.pipeline` over what lies on disk; `grouping`
makes clusters and tells what became of those of last night; `outputs` writes what users read. `state` is the folder,
`damage` reads what is in it, `memory` is the bound.
"""

from dedup.nightly.job import MEMORY, Summary, run

__all__ = ["MEMORY", "Summary", "run"]
