from .campaign_results import Campaign, Campaigns, Reason
from .errors import (
    BusyError,
    DedupError,
    DedupWarning,
    FileError,
    IndexBusyError,
    InputError,
    MissingExtraError,
    RejectsError,
    SettingsError,
)
from .furniture import Frame, FrameList, FrameSpan
from .index.answers import Added, Near, Seen
from .index.index import Index
from .indicators import Indicator
from .keywords import Keyword
from .passages import Explanation, Passage
from .pipeline import cluster, explain, fit, similarity
from .results import Cluster, Clusters
from .settings import Settings
from .templates import Fixed, Slot, Template

__all__ = [
    "Added",
    "BusyError",
    "Campaign",
    "Campaigns",
    "Cluster",
    "Clusters",
    "DedupError",
    "DedupWarning",
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
    "Keyword",
    "MissingExtraError",
    "Near",
    "Passage",
    "Reason",
    "RejectsError",
    "Seen",
    "Settings",
    "SettingsError",
    "Slot",
    "Template",
    "cluster",
    "explain",
    "fit",
    "similarity",
]
