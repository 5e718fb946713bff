"""`dedup.errors`: what is said of a library that is missing."""

from __future__ import annotations

import json
import shlex
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

import dedup
from dedup.errors import MissingExtraError, install_line

CAME_FROM = {
    "an index": (None, "article-dedup[html]"),
    "a folder": ({"url": "file:///home/me/dedup", "dir_info": {}}, "/home/me/dedup[html]"),
    "a folder to edit": ({"url": "file:///a%20b/dedup", "dir_info": {"editable": True}}, "-e", "/a b/dedup[html]"),
    "a file": ({"url": "file:///tmp/x.whl", "archive_info": {}}, "/tmp/x.whl[html]"),
    "an address": (
        {"url": "https://a.example/x.whl", "archive_info": {}},
        "article-dedup[html] @ https://a.example/x.whl",
    ),
    "a repository": (
        {"url": "https://a.example/dedup.git", "vcs_info": {"vcs": "git"}},
        "article-dedup[html] @ git+https://a.example/dedup.git",
    ),
}


@pytest.mark.parametrize("place", CAME_FROM)
def test_an_extra_comes_from_where_the_package_came(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip noted when it was installed; the command is one that a shell takes as it stands."""
    noted, *expected = CAME_FROM[place]
    found = SimpleNamespace(read_text=lambda _: noted and json.dumps(noted))
    monkeypatch.setattr(metadata, "distribution", lambda _: found)
    assert shlex.split(install_line("html")) == ["pip", "install", *expected]


def test_an_extra_of_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is used as it is, and was never installed."""

    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    checkout = Path(dedup.__file__).parents[1]
    error = MissingExtraError("lz4", "lz4", "Reading .lz4")
    assert str(error) == f"Reading .lz4 needs lz4, which is not installed: pip install '{checkout}[lz4]'"
