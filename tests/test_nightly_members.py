"""`dedup.nightly.members`: a cluster is called by its oldest article."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_changes import GENERATED, named

from dedup.nightly.members import members


@dataclass
class Rows:
    """What is used here of a catalogue."""

    live: NDArray[np.bool_]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        """How many."""
        return len(self.live)


ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), max_size=15)


@GENERATED
@given(ROWS)
def test_members_are_called_after_the_oldest(rows: list[tuple[int, bool, int]]) -> None:
    """An article is known by the first row with its id, though that may be an article no more."""
    last = {id_: row for row, (id_, live, _) in enumerate(rows) if live}
    live = [last.get(id_) == row for row, (id_, _, _) in enumerate(rows)]
    first = {id_: row for row, (id_, _, _) in reversed(list(enumerate(rows)))}
    together = [
        next(k for k in range(row + 1) if live[k] and rows[k][2] == rows[row][2]) if live[row] else row
        for row in range(len(rows))
    ]
    catalogue: Any = Rows(np.array(live, np.bool_), np.array([first[id_] for id_, _, _ in rows], np.int64))
    found = members(SimpleNamespace(heads=np.array(together, np.int64)), catalogue)  # type: ignore[arg-type]
    numbers = {first[id_]: group for row, (id_, _, group) in enumerate(rows) if live[row]}
    assert dict(zip(found.numbers.tolist(), found.clusters.tolist(), strict=True)) == named(numbers)
    assert found.numbers.tolist() == sorted(numbers)
