"""How a problem is put into words."""

from __future__ import annotations

import os

import pyarrow as pa
import pytest

from dedup.files.problems import counted, reason, shown


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/a/b"), "No such file or directory"),
        (pa.ArrowInvalid("first\nsecond"), "first"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_reason_is_one_line(error: BaseException, said: str) -> None:
    """What the system says without the path, the first line of what others say, or their class."""
    assert reason(error) == said


def test_numbers_have_their_noun() -> None:
    """One is singular, thousands are separated."""
    assert [counted(number, "row") for number in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


@pytest.mark.skipif(os.name != "posix", reason="names of any bytes as on POSIX")
def test_any_name_can_be_shown() -> None:
    """Bytes of a name that are not UTF-8 are U+FFFD."""
    assert shown(os.fsdecode(b"caf\xe9/\xe6\x96\x87")) == "caf\ufffd/文"
