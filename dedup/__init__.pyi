from .errors import DedupError, DedupWarning, FileError, InputError, MissingExtraError, SettingsError
from .indicators import Indicator
from .keywords import Keyword
from .passages import Explanation, Passage
from .pipeline import cluster, explain, similarity
from .results import Cluster, Clusters
from .settings import Settings
from .templates import Fixed, Slot, Template

__all__ = [
    "Cluster",
    "Clusters",
    "DedupError",
    "DedupWarning",
    "Explanation",
    "FileError",
    "Fixed",
    "Indicator",
    "InputError",
    "Keyword",
    "MissingExtraError",
    "Passage",
    "Settings",
    "SettingsError",
    "Slot",
    "Template",
    "cluster",
    "explain",
    "similarity",
]
