"""Other systems, as far as Linux can play them: what is found is the same, and no file is moved while it is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import elsewhere
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel says which files are open")
SCRIPT = Path(elsewhere.__file__)


@pytest.fixture(scope="module", params=["macos", "windows"])
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process on another system finds."""
    return found(request.param, tmp_path_factory.mktemp("there"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is found on this system."""
    return found("here", tmp_path_factory.mktemp("here"))


def found(system: str, folder: Path) -> Any:
    """What a process on some system finds."""
    done = subprocess.run(
        [sys.executable, SCRIPT, system, folder.resolve()], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout) | {"system": system}


@pytest.mark.parametrize("work", ["cluster", "formats", "index", "nights"])
def test_another_system(work: str, here: dict[str, Any], there: dict[str, Any]) -> None:
    """Answers and files are those of this one."""
    assert there[work] == here[work]


def test_results_and_states_that_others_read(there: dict[str, Any]) -> None:
    """Are not replaced on Windows until they are closed, which is said; then all goes on."""
    said, articles = there["reader"]
    assert articles == 15
    if there["system"] == "windows":
        assert "out' cannot be called '.out.before': another program uses one of them" in said[0]
        assert "texts.utf8' is used by another program, which reads the state; close it, and run again" in said[1]
    else:
        assert said == []


# --- the stage itself ---------------------------------------------------------------------------------------------


def test_what_is_used_is_found(tmp_path: Path) -> None:
    """An open file, and the folder that it is in, for as long as it is open."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(b"x")
    assert not elsewhere.used(str(tmp_path))
    with path.open("rb"):
        assert elsewhere.used(str(path)) == elsewhere.used(str(tmp_path)) == {str(path)}
        assert not elsewhere.used(str(path), mapped_only=True)
        with pytest.raises(PermissionError, match="is used"):
            elsewhere.check_unused(str(path.parent))
    elsewhere.check_unused(str(path.parent))


@pytest.mark.parametrize("name", ["a:b", "what?", "nul", "NUL.txt", "ends.", "a|b", "a\tb"])
def test_names_that_windows_cannot_give(name: str, tmp_path: Path) -> None:
    """They are refused on its stage."""
    with pytest.raises(OSError, match="cannot be given"):
        elsewhere.check_name(str(tmp_path / name))
    elsewhere.check_name(str(tmp_path / "s1-0-8.segment"))


def test_a_stage_lacks_what_the_system_lacks() -> None:
    """Names of calls that are taken away are those of calls that Linux has, so that none is misspelt."""
    names = {name for lacks in (elsewhere.WINDOWS_LACKS, elsewhere.MACOS_LACKS) for name in lacks["os"].split()}
    assert {name for name in names if not hasattr(os, name)} == set()
