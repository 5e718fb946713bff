"""The glossary has every public name."""

from __future__ import annotations

import re
import typing
from dataclasses import fields
from pathlib import Path

import pytest

import dedup
from dedup import index, nightly
from dedup.index.store import Change
from dedup.nightly.news import CLUSTERS, NEW
from dedup.nightly.outputs import WITH_CAMPAIGNS
from dedup.stages.changes import Kind

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "glossary.md").read_text("utf-8")
NAMES = [
    *dedup.__all__,
    *(f"nightly.{name}" for name in nightly.__all__),
    *(name if name in dedup.__all__ else f"index.{name}" for name in index.__all__),
    "spark.cluster",
    *(field.name for field in fields(dedup.Settings)),
    *WITH_CAMPAIGNS.names,
    *NEW.names,
    *CLUSTERS.names,
    *typing.get_args(Kind),
    *(name for name in Change._fields if name in {"old", "new"}),
]


@pytest.mark.parametrize("name", dict.fromkeys(NAMES))
def test_a_public_name_is_explained(name: str) -> None:
    """In the page, as code."""
    assert re.search(rf"`{re.escape(name)}`", PAGE), f"docs/reference/glossary.md says nothing of {name}"


def test_every_code_is_a_name() -> None:
    """Nothing stands there that is called otherwise now."""
    rooms = {"dedup", "dedup.index", "dedup.nightly", "dedup.spark"}
    known = {
        *NAMES,
        *rooms,
        "weights_version",
        "changes.parquet",
        "new.parquet",
        "clusters.parquet",
        "tests/test_glossary.py",
        "dedup cluster --out",
    }
    for code in re.findall(r"`([^`]+)`", PAGE):
        name = code.removeprefix("dedup.")
        owner, _, attribute = name.rpartition(".")
        there = owner in dedup.__all__ and hasattr(getattr(dedup, owner), attribute)
        assert code in known or name in known or there, f"docs/reference/glossary.md speaks of {code}"
