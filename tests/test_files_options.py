"""What a user says of files is checked when it is said."""

from __future__ import annotations

import pytest

from dedup.errors import SettingsError
from dedup.files import NAMED, ReadOptions


def test_a_format_is_one_that_can_be_read() -> None:
    """Another is refused with the list of them."""
    assert all(ReadOptions(format=name).format == name for name in NAMED)
    with pytest.raises(SettingsError, match=r"format must be one of jsonl, json, csv, .*got 'odt'"):
        ReadOptions(format="odt")
