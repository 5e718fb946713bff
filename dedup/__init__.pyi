from .errors import DedupError, DedupWarning, FileError, InputError, MissingExtraError, SettingsError
from .pipeline import cluster, similarity
from .results import Cluster, Clusters
from .settings import Settings

__all__ = [
    "Cluster",
    "Clusters",
    "DedupError",
    "DedupWarning",
    "FileError",
    "InputError",
    "MissingExtraError",
    "Settings",
    "SettingsError",
    "cluster",
    "similarity",
]
