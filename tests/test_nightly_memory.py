"""`dedup.nightly.memory`: sizes, their shares, and files whose pages are handed back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_nightly import put

from dedup.errors import SettingsError
from dedup.nightly import memory
from dedup.nightly.memory import Budget, Mapped, parsed
from dedup.system import mapped_bytes


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ("8GB", 8 * 10**9), ("8gb", 8 * 10**9), ("8 G", 8 * 10**9), (" 1.5GB ", 1_500_000_000), ("2GiB", 2 << 30),
        ("1500MB", 1_500_000_000), ("1tb", 10**12), ("1000000000", 10**9), (10**9, 10**9), ("2000000kb", 2 * 10**9),
        (f"{10**30}TB", 10**18), ("9" * 400, 10**18),
    ],
)  # fmt: skip
def test_sizes(size: str | int, found: int) -> None:
    """Numbers of bytes, and numbers with the usual units."""
    assert parsed(size) == found


@pytest.mark.parametrize("size", ["", "GB", "-1GB", "8XB", "8 GB a day", "1e9", "八GB", "0x10", True, "8ib", "1,5GB"])
def test_what_is_no_size(size: str) -> None:
    """It is refused, with an example of one."""
    with pytest.raises(SettingsError, match=rf"memory must be a size such as 8GB or 500MiB, got {size!r}"):
        parsed(size)


@pytest.mark.parametrize("size", ["999MB", "0", "0GB", 1, "0.9GiB"])
def test_too_little(size: str | int) -> None:
    """Less than a gigabyte cannot be kept, and is refused."""
    with pytest.raises(SettingsError, match="memory must be 1GB or more"):
        parsed(size)


@pytest.mark.parametrize("total", [10**9, 8 * 10**9, 10**12])
def test_shares(total: int) -> None:
    """What stages hold at once is less than the whole, by what the process takes before."""
    budget = Budget(total)
    shares = (budget.mapped, budget.signatures, budget.pairs)
    assert all(share > 0 for share in shares)
    assert memory.OWN + budget.mapped + budget.signatures < total
    assert memory.OWN + budget.mapped + budget.pairs < total


@pytest.mark.parametrize(("articles", "least"), [(1_400_000, 2), (100_000_000, 75)])
def test_too_many_articles(articles: int, least: int) -> None:
    """Who holds too many is told what to give, and that is enough."""
    with pytest.raises(SettingsError, match=rf"{articles:,} articles.*give at least --memory {least}GB"):
        Budget(10**9).check(articles)
    Budget(least * 10**9).check(articles)
    Budget(10**9).check(1_300_000)
    with pytest.raises(SettingsError, match="1,300,000 articles"):
        Budget(10**9).check(1_300_000, 10**8)


def test_too_many_edges() -> None:
    """Edges that could not be linked are refused, with what to do."""
    Budget(10**9).check_edges(4_000_000)
    with pytest.raises(SettingsError, match=r"too little to link 5,000,000 edges.*twice the --memory, or a higher"):
        Budget(10**9).check_edges(5_000_000)


def test_a_mapped_file(tmp_path: Path) -> None:
    """Its bytes, be there any or none."""
    for content in (b"", "文章".encode()):
        (tmp_path / "file").write_bytes(content)
        mapped = Mapped(tmp_path / "file", 0)
        assert mapped.bytes.tobytes() == content
        mapped.give_back()
        assert mapped.bytes.tobytes() == content


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not tell what is held")
def test_pages_are_handed_back(tmp_path: Path) -> None:
    """When too many are held, and not before; whoever looks again finds the same bytes."""
    size = 48 << 20
    path = tmp_path / "file"
    path.write_bytes(np.arange(size // 8).tobytes())
    before = mapped_bytes()
    mapped = Mapped(path, before + size // 2)
    small, total = mapped.bytes[: size // 4].sum(), mapped.bytes.sum()
    assert mapped_bytes() >= before + size - (4 << 20)
    mapped.give_back()
    assert mapped_bytes() < before + size // 4
    assert mapped.bytes[: size // 4].sum() == small
    now = mapped_bytes()
    mapped.give_back()
    assert mapped_bytes() >= now - (1 << 20), "a quarter may be held"
    assert mapped.bytes.sum() == total


def test_a_night_in_a_gigabyte(tmp_path: Path) -> None:
    """A process that may hold 1 GB holds less, with 27 MB of texts in rows of signatures of 512 slots."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0x4E00, 0x9FA5, (9000, 1000), np.uint16)
    codes[1::3, :800] = codes[::3, :800]
    texts = {str(number): row.tobytes().decode("utf-16-le") for number, row in enumerate(codes)}
    put(tmp_path / "in.parquet", texts)
    done = subprocess.run(
        [
            sys.executable, "-m", "dedup", "cluster", tmp_path / "in.parquet", "--out", tmp_path / "out",
            "--state", tmp_path / "state", "--memory", "1GB", "--threads", "2",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    summary = json.loads(done.stdout)
    assert 10**8 < summary["peak_memory"] < 10**9
    assert (summary["articles"], summary["clusters"], summary["clustered"]) == (9000, 3000, 6000)
