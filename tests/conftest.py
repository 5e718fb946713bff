"""What several test modules share: the synthetic corpora, the example articles, and the real ones where they are."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def script(path: str) -> ModuleType:
    """A script that is no part of the package, such as a bench, with those beside it at hand."""
    file = ROOT / path
    spec = importlib.util.spec_from_file_location(file.stem + "_script", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(file.parent)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The generator of synthetic corpora."""
    return script("bench/corpus.py")


@pytest.fixture(scope="session")
def examples() -> dict[str, str]:
    """The example articles by the names of their files."""
    return {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "examples" / "articles").glob("*.md"))}


@pytest.fixture(scope="session")
def seeds() -> list[str]:
    """Five articles of one operator, read where they are; they are no part of the project."""
    paths = sorted((SHARED / "seeds").glob("seed-*.md"))
    if not paths:
        pytest.skip("the seeds are not beside this checkout: ../shared/seeds")
    return [path.read_text("utf-8") for path in paths]


@pytest.fixture(scope="session")
def contacts(seeds: list[str]) -> tuple[str, str]:
    """The handle and the address of the image that stand in all of the seeds."""
    handles = Counter(handle for text in seeds for handle in set(re.findall(r"@\w+", text, re.ASCII)))
    images = Counter(image for text in seeds for image in set(re.findall(r"!\[Image\]\((.+?)\)", text)))
    (handle, with_handle), (image, with_image) = handles.most_common(1)[0], images.most_common(1)[0]
    assert with_handle == with_image == len(seeds)
    return handle, image


@pytest.fixture(scope="session")
def clean() -> list[str]:
    """Real articles that were labelled as nobody's spam, read where they are."""
    path = SHARED / "corpora" / "spun-dev.parquet"
    if not path.exists():
        pytest.skip("the labelled corpus is not beside this checkout: ../shared/corpora/spun-dev.parquet")
    table = pq.read_table(path, columns=["kind", "text"])
    texts: list[str] = table.filter(pc.equal(table["kind"], "clean"))["text"].to_pylist()
    return texts
