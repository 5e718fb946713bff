from .audits.estimates import Estimate
from .audits.marked import MarkedAudit
from .audits.sampled import Audit
from .errors import (
    BusyError,
    DedupError,
    DedupWarning,
    FileError,
    IndexBusyError,
    InputError,
    MissingExtraError,
    RejectsError,
    ReplacedError,
    SettingsError,
)
from .events import Event, Observer, observe
from .evidence.campaign_results import Campaign, Campaigns, Reason
from .evidence.frame_lists import Frame, FrameList, FrameSpan
from .evidence.indicators import Indicator
from .evidence.keywords import Keyword
from .evidence.passages import Explanation, Passage
from .evidence.templates import Fixed, Slot, Template
from .index.answers import Added, Near, Seen
from .index.index import Index
from .kept import Dropped, Kept
from .matches import Match, Matched, Matches
from .matching import containment, match
from .pipeline import cluster, explain, fit, similarity
from .results import Cluster, Clusters
from .settings import Settings

__all__ = [
    "Added",
    "Audit",
    "BusyError",
    "Campaign",
    "Campaigns",
    "Cluster",
    "Clusters",
    "DedupError",
    "DedupWarning",
    "Dropped",
    "Estimate",
    "Event",
    "Explanation",
    "FileError",
    "Fixed",
    "Frame",
    "FrameList",
    "FrameSpan",
    "Index",
    "IndexBusyError",
    "Indicator",
    "InputError",
    "Kept",
    "Keyword",
    "MarkedAudit",
    "Match",
    "Matched",
    "Matches",
    "MissingExtraError",
    "Near",
    "Observer",
    "Passage",
    "Reason",
    "RejectsError",
    "ReplacedError",
    "Seen",
    "Settings",
    "SettingsError",
    "Slot",
    "Template",
    "cluster",
    "containment",
    "explain",
    "fit",
    "match",
    "observe",
    "similarity",
]
