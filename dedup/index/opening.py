"""Opens or makes an index: chooses the store, and checks that settings are those that the caller asked for.

In: a path, and the caller's options. Out: the open store, or an error that says what differs.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.errors import InputError, SettingsError
from dedup.index.on_disk.schema import NAME
from dedup.index.on_disk.sqlite_store import EmbeddedStore
from dedup.index.packing import pack, same
from dedup.index.prepared import Preparer
from dedup.index.store import Opening, Store
from dedup.pipeline import Fitted, chosen_bands
from dedup.settings import Settings

SHARED = ("redis://", "rediss://", "unix://")


def open_store(
    path: str | PathLike[str],
    settings: Settings | None,
    fitted: Fitted | None,
    store_texts: bool | None,
    *,
    create: bool,
    fsync: bool,
    timeout: float,
) -> Store:
    """Open an index, or make it; see `dedup.Index` for the arguments.

    Raises:
        SettingsError: The index has other settings.
        FileError: It cannot be opened, is not there, or has another format.
        InputError: The path is not a path, or is an address of another kind.
    """
    asked = wanted(settings, fitted)
    weights = pack(fitted.weights, fitted.windows) if fitted else b""
    opening = Opening(asked or Settings(), store_texts is not False, weights)
    store = _connect(_location(path), opening, create=create, fsync=fsync, timeout=timeout)
    try:
        check(store.location, store.opening, asked, store_texts, fitted)
    except SettingsError:
        store.close()
        raise
    if not store.opening.settings.weighted:
        chosen_bands(store.opening.settings)  # for its warning: an index with few slots should not miss pairs silently
    return store


def is_index(path: str) -> bool:
    """Whether a path names an index rather than files: an address of a server, or the folder of an index.

    Args:
        path: As a user gives it.
    """
    return path.startswith(SHARED) or (Path(path) / NAME).is_file()


def _location(path: str | PathLike[str]) -> str:
    if not isinstance(path, str | PathLike) or not isinstance(fspath(path), str):
        raise InputError(f"an index is a folder or at {', '.join(SHARED)}..., got {path!r}")
    location: str = fspath(path)
    if "://" in location and not location.startswith(SHARED):
        raise InputError(
            f"an index is a folder of a local disk, where it is locked and mapped into memory, or at "
            f"{', '.join(SHARED)}..., got {location!r}"
        )
    return location


def address(path: str | PathLike[str]) -> str:
    """A path or URL by which another process finds the same index."""
    location = _location(path)
    return location if location.startswith(SHARED) else str(Path(location).absolute())


def _connect(location: str, opening: Opening, *, create: bool, fsync: bool, timeout: float) -> Store:
    if location.startswith(SHARED):
        from dedup.index.in_redis import SharedStore  # noqa: PLC0415 - the one door to Redis

        counting = partial(_shingle, SharedStore.codec)
        return SharedStore(location, opening, shingle=counting, create=create, timeout=timeout)
    counting = partial(_shingle, EmbeddedStore.codec)
    return EmbeddedStore(location, opening, shingle=counting, create=create, fsync=fsync, timeout=timeout)


def _shingle(codec: str, settings: Settings, bodies: list[bytes]) -> list[NDArray[np.uint64]]:
    """The shingles of stored texts, for a store that counts them again."""
    preparer = Preparer(settings, None, store_texts=True, codec=codec)
    return [one.keys for one in preparer.shingle(preparer.readable(bodies))]


def _fits(fitted: Fitted, opening: Opening) -> bool:
    return same(fitted.weights, fitted.windows, opening.weights, opening.settings)


def wanted(settings: Settings | None, fitted: Fitted | None) -> Settings | None:
    """The settings that are asked for, given as such or by weights."""
    if settings is not None and not isinstance(settings, Settings):
        raise SettingsError(f"settings must be Settings(...), got {type(settings).__name__} {settings!r}")
    if fitted is None:
        return settings
    if not isinstance(fitted, Fitted):
        raise SettingsError(f"weights must be what dedup.fit gives, got {type(fitted).__name__}")
    if settings is not None and settings != fitted.settings:
        raise SettingsError("weights were fitted with other settings; fit them with these, or leave settings out")
    return fitted.settings


def check(
    path: str, opening: Opening, settings: Settings | None, store_texts: bool | None, fitted: Fitted | None
) -> None:
    """Refuse what differs from what the index was created with."""
    asked, own = asdict(settings or opening.settings), asdict(opening.settings)
    if asked != own:
        differing = ", ".join(f"{name} {own[name]!r}, not {asked[name]!r}" for name in own if own[name] != asked[name])
        raise SettingsError(
            f"the index {path!r} has {differing}; leave settings out, or add its articles to a new index"
        )
    if store_texts is not None and store_texts != opening.store_texts:
        raise SettingsError(f"the index {path!r} has store_texts={opening.store_texts}; leave it out")
    if fitted is not None and opening.generation == 1 and not _fits(fitted, opening):
        raise SettingsError(f"the index {path!r} was created with other weights; leave them out")
