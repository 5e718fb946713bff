from .errors import DedupError, DedupWarning, FileError, InputError, MissingExtraError, SettingsError
from .passages import Explanation, Passage
from .pipeline import cluster, explain, similarity
from .results import Cluster, Clusters
from .settings import Settings

__all__ = [
    "Cluster",
    "Clusters",
    "DedupError",
    "DedupWarning",
    "Explanation",
    "FileError",
    "InputError",
    "MissingExtraError",
    "Passage",
    "Settings",
    "SettingsError",
    "cluster",
    "explain",
    "similarity",
]
