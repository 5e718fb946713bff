"""The nightly job: more articles than fit in memory, night after night, with clusters that keep their ids.

In: files, a state folder and an output folder. Out: Parquet datasets, whole or not at all, and a `Summary`. From the
top: `job` runs the whole, and `night` the steps of a night; `intake` turns files into shards; `catalogue` is what is
known of every article, `previous` what the last night left; `framing`, `sketching`, `signed`, `candidates` and
`verifying` are the stages of `dedup.pipeline` over what lies on disk, `stored_runs` and `stored_bands` what is kept of
signed texts to meet by; `gathered` keeps what campaigns are found by, and `linking` finds them; `members` tells what
became of the clusters of last night; `outputs` and `news` write what users read, and `snapshot` gives it as
`dedup.cluster` would. `upkeep` is for between two nights: `forgetting` and `marks` say what is to go, `compacting`
takes it out. `state` is the folder, `keeping` writes what is in it, `damage` reads it, and `memory` bounds all.

Example:
    >>> from dedup import nightly
    >>> nightly.run(["examples/articles"], out="labels", state="nights", memory=nightly.MEMORY).clusters
    2
"""

from dedup.nightly.forgetting import Forget, Forgotten
from dedup.nightly.job import MEMORY, Summary, run
from dedup.nightly.snapshot import snapshot
from dedup.nightly.upkeep import StateStats, compact, forget, stats

__all__ = ["MEMORY", "Forget", "Forgotten", "StateStats", "Summary", "compact", "forget", "run", "snapshot", "stats"]
