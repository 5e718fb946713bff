"""Files that are put elsewhere, whole or not at all.

In: an address and bytes. Out: the file there. What is written lies on the local disk first, and is kept there, and
named, if the store refuses it.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dedup.errors import DedupError, FileError
from dedup.files.places import last_name
from dedup.files.problems import shown
from dedup.files.stores import WHOLE_STORES, Store, worded


def check_remote(url: str) -> None:
    """Refuse an address that cannot be written to, as far as that can be told without writing.

    Args:
        url: Of the file to be written.

    Raises:
        FileError: It is a folder, its bucket is missing, or the store is not there.
        MissingExtraError: The library for it is not installed.
    """
    store, name = Store.of(url), shown(url)
    if store.is_web:
        raise FileError(f"cannot write {name!r}: a web server takes no files; name a local file or a store")
    try:
        with worded(url):
            if store.files.info(store.path)["type"] == "directory":
                raise FileError(f"cannot write {name!r}: it is a folder; name a file in it")
    except FileNotFoundError as error:
        if "bucket" in str(error):
            raise FileError(f"cannot write {name!r}: {error}") from error
    except PermissionError:  # who may write need not be allowed to look
        return
    except DedupError:
        raise
    except OSError as error:
        raise FileError(f"cannot write {name!r}: {error}") from error


@contextmanager
def whole_remote(url: str) -> Iterator[BinaryIO]:
    """A file to write to, on the local disk, which is put elsewhere when all has been written.

    Args:
        url: Where to.

    Raises:
        OSError: It cannot be put there. What was written is kept, and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="dedup-"))
    kept = False
    try:
        local = folder / (last_name(url) or "out")
        with local.open("wb") as file:
            yield file
        kept = True
        _put(url, local)
        kept = False
    except OSError as error:
        if kept:
            raise OSError(f"{error}; what was written is kept in {local}") from error
        raise
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _put(url: str, local: Path) -> None:
    store = Store.of(url)
    with worded(url):
        if url.partition("://")[0].lower() in WHOLE_STORES:
            store.files.put_file(str(local), store.path)
            return
        beside = f"{store.path.rpartition('/')[0]}/.dedup-{secrets.token_hex(8)}.tmp"
        store.files.put_file(str(local), beside)
        store.files.mv(beside, store.path)
