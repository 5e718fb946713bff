"""One Spark for the tests of this folder: to start one, and to warm it up, takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sparks


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """A master, two workers, and a session."""
    with sparks.standalone(tmp_path_factory.mktemp("spark")) as both:
        yield both


@pytest.fixture(scope="package")
def session(running: tuple[Any, Any]) -> Any:
    """The session."""
    return running[1]
