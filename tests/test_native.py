"""Kernels as machine code: the library that came with the package, and numba where there is none."""

from __future__ import annotations

import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fresh import PACKAGE, answer, start

from dedup import kernels, native
from dedup.native import calling, signatures

SCRIPT = """
import json, numpy as np
from dedup import kernels, native
lefts, rights = np.array([0, 1, 5]), np.array([1, 2, 6])
print(json.dumps([native.jitted(), kernels.components(lefts, rights, 8).tolist(), kernels.unmix(np.uint64(7))]))
"""
COMPILED = pytest.mark.skipif(native.jitted(), reason="this run is of kernels that numba compiles")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a copy of the package, to change."""
    shutil.copytree(PACKAGE, tmp_path / "site" / "dedup", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


# --- the library --------------------------------------------------------------------------------------------------


def test_kernels_come_compiled() -> None:
    """They are called without numba, unless it is asked for."""
    assert native.jitted() == bool(os.environ.get("DEDUP_JIT"))


@COMPILED
def test_every_kernel_with_annotations_is_in_the_library() -> None:
    """And takes what the annotations say."""
    script = """
import json
from dedup import kernels
from dedup.native.signatures import annotated, takes, word
functions = [made.py_func for made in vars(kernels).values() if hasattr(made, "py_func")]
print(json.dumps({one.__name__: word(takes(one)) for one in functions if annotated(one)}))
"""
    noted = calling.noted(calling.FOLDER)["kernels"]
    assert answer(start(script, DEDUP_JIT="1")) == {name: takes for name, (takes, _) in noted.items()}


def test_what_is_no_type_of_a_kernel_is_named() -> None:
    """With the kernel, the argument, and what there is."""

    def wrong(keys: signatures.Array[np.uint64], name: str) -> None: ...

    with pytest.raises(TypeError, match=r"wrong\(name\) is annotated as <class 'str'>; write an array"):
        signatures.takes(wrong)


@COMPILED
def test_a_library_looks_like_no_module() -> None:
    """Whoever imports all that is in the package finds nothing that cannot be imported."""
    found = {module.name for module in pkgutil.iter_modules([str(calling.FOLDER)])}
    assert found == {"calling", "compiling", "jitting", "signatures"}


@COMPILED
def test_a_kernel_returns_what_numba_returns() -> None:
    """Numbers of their own kinds, tuples of them, arrays that live on, and nothing."""
    assert kernels.size_for(5) == 16
    assert isinstance(kernels.by_chance(9000, 10), float)
    mixed = kernels.mix_all(np.arange(3, dtype=np.uint64))
    assert mixed.dtype == np.uint64
    assert mixed.tolist() == [int(kernels.mix(np.uint64(k))) for k in range(3)]
    assert kernels.unmix(np.uint64(kernels.mix(np.uint64((1 << 64) - 1)))) == (1 << 64) - 1
    assert kernels.fill(mixed, np.zeros(8, np.uint64)) is None


@COMPILED
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((np.zeros(2, np.int64),), "mix_all: an array has items of another type"),
        ((np.zeros(2, np.float64),), "mix_all: an array has items of another type"),
        ((np.zeros(2, ">u8"),), "mix_all: an array has items of another type"),
        ((np.zeros((2, 2), np.uint64),), "mix_all: an array has another number of dimensions"),
        ((), "mix_all: too few arguments"),
        ((np.zeros(2, np.uint64), 1), "mix_all: too many arguments"),
        (([1, 2],), "bytes-like object"),
    ],
)
def test_what_a_kernel_was_not_compiled_for_is_refused(arguments: tuple[Any, ...], why: str) -> None:
    """Its types are looked at with every call: nothing else is between an array and what is read of it."""
    with pytest.raises(TypeError, match=why):
        kernels.mix_all(*arguments)


@COMPILED
def test_an_order_of_bytes_that_is_this_machines_may_be_named() -> None:
    """As numpy names it for what is read from a file."""
    native_order = np.dtype(np.uint64).newbyteorder("<" if sys.byteorder == "little" else ">")
    assert kernels.mix_all(np.zeros(1, native_order)) == kernels.mix_all(np.zeros(1, np.uint64))


@COMPILED
def test_an_array_lies_as_a_kernel_reads_it() -> None:
    """What is not contiguous is refused, and so is what cannot be written where it is written to."""
    with pytest.raises(ValueError, match="not C-contiguous"):
        kernels.mix_all(np.zeros(4, np.uint64)[::2])
    table = np.zeros(8, np.uint64)
    table.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        kernels.fill(np.zeros(1, np.uint64), table)
    kernels.fill(table, np.zeros(8, np.uint64))  # the first is only read


@COMPILED
def test_numbers_are_of_their_kind() -> None:
    """What is no number, or beyond 64 bits, is refused as Python refuses it."""
    for given in ("5", 1.5, None):
        with pytest.raises(TypeError):
            kernels.size_for(given)
    with pytest.raises(OverflowError):
        kernels.size_for(1 << 63)
    with pytest.raises(OverflowError):
        kernels.unmix(-1)
    assert kernels.size_for(np.int32(5)) == kernels.size_for(5)


@COMPILED
def test_no_memory_is_an_error() -> None:
    """A kernel that cannot have what it asks for says so, and the process goes on."""
    nothing = np.empty(0, np.int64)
    with pytest.raises(MemoryError, match="components could not be run to its end"):
        kernels.components(nothing, nothing, 1 << 58)
    assert kernels.components(nothing, nothing, 2).tolist() == [0, 1]


@COMPILED
def test_what_only_kernels_call_says_so() -> None:
    """A kernel without annotations was compiled into others."""
    with pytest.raises(TypeError, match="put_last is called by kernels only"):
        kernels.put_last(0, 0, *[np.zeros(1, np.int64)] * 3)


# --- numba --------------------------------------------------------------------------------------------------------


def test_numba_finds_the_same(tmp_path: Path) -> None:
    """Asked for, it compiles what the library has."""
    here = answer(start(SCRIPT))
    assert answer(start(SCRIPT, DEDUP_JIT="1", NUMBA_CACHE_DIR=str(tmp_path))) == [True, *here[1:]]


def test_a_library_of_other_kernels_is_not_used(site: Path) -> None:
    """Kernels that were edited are compiled by numba, so that what runs is what is read."""
    edited = site / "dedup" / "kernels.py"
    edited.write_text(edited.read_text("utf-8") + "# edited\n", "utf-8")
    environment = {"PYTHONPATH": str(site), "NUMBA_CACHE_DIR": str(site / "cache")}
    assert "dedup warmup" in start(SCRIPT, **environment).communicate()[1]
    quiet = f"import warnings; warnings.simplefilter('ignore')\n{SCRIPT}"
    assert answer(start(quiet, **environment)) == [True, *answer(start(SCRIPT))[1:]]


def test_without_library_and_numba_an_error_says_what_to_do(site: Path) -> None:
    """Neither came along."""
    for path in (site / "dedup" / "native").glob("kernels*"):
        path.unlink()
    script = """
import sys
sys.modules["numba"] = None
import dedup
try:
    dedup.similarity("a", "b")
except dedup.MissingExtraError as error:
    print('"' + str(error).replace('"', "'") + '"')
"""
    assert "numba, which is not installed: pip install" in answer(start(script, PYTHONPATH=str(site)))


def test_two_processes_can_fill_one_cache_at_once(tmp_path: Path) -> None:
    """Started together with an empty cache, both compile and both are right, and a third has nothing left to do."""
    cache = tmp_path / "cache"
    cache.mkdir()
    environment = {"DEDUP_JIT": "1", "NUMBA_CACHE_DIR": str(cache)}
    one, other = (answer(process) for process in [start(SCRIPT, **environment) for _ in range(2)])
    assert one == other
    entries = sorted(path.name for path in cache.rglob("*.nb[ci]"))
    assert any("components" in name for name in entries)
    assert answer(start(SCRIPT, **environment)) == one
    assert sorted(path.name for path in cache.rglob("*.nb[ci]")) == entries
    assert not [path.name for path in cache.rglob("*") if path.is_file() and path.suffix not in (".nbc", ".nbi")]


def test_a_cache_that_cannot_be_written_is_done_without(site: Path) -> None:
    """With no folder for compiled code beside the package, at home or where it was asked for, it works, and says so."""
    blocked = site / "dedup" / "__pycache__"  # a file: nobody can write in it, the superuser included
    blocked.touch()
    nowhere = str(blocked / "nowhere")
    script = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from dedup import kernels
import numpy as np
assert "site" in kernels.__file__
print(json.dumps([int(kernels.mix(np.uint64(1))), [str(one.message) for one in caught]]))
"""
    environment = {"NUMBA_CACHE_DIR": nowhere, "HOME": nowhere, "XDG_CACHE_HOME": nowhere, "LOCALAPPDATA": nowhere}
    environment |= {"DEDUP_JIT": "1", "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    value, (warning,) = answer(start(script, **environment))
    assert value == int(kernels.mix(np.uint64(1)))
    assert re.search(r"no folder for it can be written; set NUMBA_CACHE_DIR", warning)
    assert blocked.read_bytes() == b""


@pytest.mark.skipif(os.name == "nt", reason="modes say nothing there")
def test_a_cache_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    """What is planted there would run: it does where the folder is this user's alone, and else one warning says why."""
    script = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from dedup import kernels
    import numpy as np
print(json.dumps([int(kernels.mix(np.uint64(1))), [str(one.message) for one in caught]]))
"""
    environment, folder = {"DEDUP_JIT": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}, tmp_path / "cache"
    folder.mkdir(mode=0o700)
    value, warned = answer(start(script, **environment))
    assert value
    assert not warned
    (index,) = folder.rglob("kernels.mix-*.nbi")
    planted = f"cos\nmkdir\n(V{tmp_path / 'planted'}\ntR."
    index.write_text(planted)
    folder.chmod(0o777)
    again, (warning,) = answer(start(script, **environment))
    assert again == value
    assert not (tmp_path / "planted").exists()
    assert index.read_text() == planted
    assert re.search(
        r"neither read from disk nor kept there.*others may write to '.*cache'; set NUMBA_CACHE_DIR", warning
    )
    folder.chmod(0o700)
    start(script, **environment).communicate()
    assert (tmp_path / "planted").exists()


# --- dedup warmup -------------------------------------------------------------------------------------------------


def test_warmup_says_where_kernels_are() -> None:
    """Nothing is left to do where they came with the package."""
    done = subprocess.run([sys.executable, "-P", "-m", "dedup", "warmup"], capture_output=True, text=True, check=True)
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert paths
    assert all(path.exists() and path.parent == calling.FOLDER for path in paths)
    assert done.stderr == ""


def test_warmup_compiles_what_was_not(site: Path) -> None:
    """The notes are gone: it takes a minute, and afterwards numba is not needed."""
    (site / "dedup" / "native" / calling.NOTES).unlink()
    for path in (site / "dedup" / "native").glob("kernels-*"):
        path.unlink()
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "dedup", "warmup"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "a minute of processor time" in done.stderr
    assert all(Path(line).is_relative_to(site) for line in done.stdout.splitlines())
    made = calling.noted(site / "dedup" / "native")
    assert made == calling.noted(calling.FOLDER)
    assert answer(start(SCRIPT, PYTHONPATH=str(site))) == answer(start(SCRIPT))
