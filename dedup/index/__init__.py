"""An index that remembers articles, survives its process, and is shared: see `Index`.

The logic (`index`, `adding`, `judge`, `clustering`, `campaigning`, `reweighing`, `holdings`, `checking`) works on a
`store` of rows. There are two of them: `on_disk` (SQLite, with caches beside it) and `in_redis`. FORMAT.md says what
both keep.
"""

from dedup.index.answers import Added, CampaignMembers, Checked, Near, Rejected, Removed, Seen, Stats
from dedup.index.index import Index
from dedup.index.store import Change
from dedup.index.times import Times

__all__ = [
    "Added",
    "CampaignMembers",
    "Change",
    "Checked",
    "Index",
    "Near",
    "Rejected",
    "Removed",
    "Seen",
    "Stats",
    "Times",
]
