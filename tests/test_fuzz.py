"""The fuzzers' targets take their own first inputs; `python -m tests.fuzz` goes on from there."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from crawlers import TINY
from fuzz.edits import Edit, changed, edits
from fuzz.targets import TARGETS

from dedup.errors import DedupError

FEW = 8
"""First inputs of a target that are taken here."""


def test_edits_textbook() -> None:
    """Each changes one part, where it says; what is no whole edit changes nothing."""
    parts = {"a": b"0123456789", "b": b"abc"}
    every = [
        (Edit(0, 0, 2, b"XY"), b"01XY456789"),
        (Edit(0, 1, 2, b"XY"), b"01XY23456789"),
        (Edit(0, 2, 2, b"XY"), b"01456789"),
        (Edit(0, 3, 2, b"XY"), b"01"),
        (Edit(0, 4, 2, b"XY"), b"01" + bytes(8)),
        (Edit(0, 5, 2, b"XY"), b"XY"),
    ]
    for edit, after in every:
        assert list(edits(edit.packed())) == [edit]
        assert changed(parts, edit.packed() + b"rest") == {"a": after, "b": b"abc"}
    assert changed(parts, Edit(3, 5, 0, b"new").packed()) == {"a": b"0123456789", "b": b"new"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_first_inputs(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses them in words, or takes them."""
    for module, size in TINY:  # a target of stores makes them small for good
        monkeypatch.setattr(module, size, getattr(module, size))
    if name == "redis" and shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on the PATH: apt-get install redis-server")
    (tmp_path / "seeds").mkdir()
    (tmp_path / "work").mkdir()
    seeds = list(TARGETS[name].seeds(tmp_path / "seeds"))
    assert len(seeds) > FEW
    take = TARGETS[name].start(tmp_path / "work")
    for seed in Random(0).sample(seeds, FEW):
        with suppress(DedupError):
            take(seed)
