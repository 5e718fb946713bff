"""`dedup.identity`: one text for an id, wherever it comes from."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dedup.identity import id_text, id_texts, missing

UUID = uuid.UUID(int=7)
NOON = datetime.datetime(2024, 5, 1, 12, 30)  # noqa: DTZ001 - without a zone, as most columns have them


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("文章-7", "文章-7"),
        ("", ""),
        (7, "7"),
        (np.uint8(7), "7"),
        (7.0, "7"),
        (np.float32(7), "7"),
        (2.5, "2.5"),
        (1e20, "100000000000000000000"),
        (float("inf"), "inf"),
        (decimal.Decimal("7.00"), "7"),
        (decimal.Decimal("7.50"), "7.5"),
        (True, "true"),
        (np.bool_(False), "false"),  # noqa: FBT003 - the value itself
        (b"abc", "abc"),
        (b"", ""),
        (b"\xff\x00", "ff00"),
        (UUID, str(UUID)),
        (datetime.date(2024, 5, 1), "2024-05-01"),
        (NOON, "2024-05-01 12:30:00"),
        (np.datetime64(NOON, "ns"), "2024-05-01 12:30:00"),
        (pd.Timestamp(NOON), "2024-05-01 12:30:00"),
        (None, None),
        (float("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
    ],
)
def test_an_id_has_one_text(value: Any, text: str | None) -> None:
    """Whatever type it has; a missing one has none."""
    assert id_text(value) == text
    assert missing(value) == (text is None)


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array(["甲", None]), ["甲", None]),
        (pa.array([7, None]), ["7", None]),
        (pa.array([7, None]).dictionary_encode(), ["7", None]),
        (pa.array([7.0, 2.5, None]), ["7", "2.5", None]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([decimal.Decimal("7.00"), None]), ["7", None]),
        (pa.array([NOON, None]), ["2024-05-01 12:30:00", None]),
        (pa.array([NOON], pa.timestamp("ns")), ["2024-05-01 12:30:00"]),
        (pa.array([1], pa.timestamp("ns")), ["1970-01-01 00:00:00.000000001"]),
        (pa.array([datetime.date(2024, 5, 1)]), ["2024-05-01"]),
        (pa.array([UUID.bytes, None], pa.uuid()), [str(UUID), None]),
        (pa.array([b"ab"], pa.binary(2)), ["6162"]),
        (pa.array([b"ab", b"\xff"]), ["ab", "ff"]),
        (pa.array([None, None]), [None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else None,
)
def test_a_column_of_ids_has_the_same_texts(column: pa.Array, texts: list[str | None]) -> None:
    """A column of any type; bytes of one length are hashes, and stay so."""
    found = id_texts(pa.chunked_array([column]))
    assert found.type == pa.large_string()
    assert found.to_pylist() == texts
