"""`python -m tests.fuzz [--seconds 300] [--targets NAME ...]`, or `--replay TARGET FILE`; see the package."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
ONE_TAKES = 2560
"""Megabytes of memory that a process may take: a text may be 64 MB."""
SLOW = 60
"""Seconds of an input, on a machine that does other things, too."""
LONGEST = 1 << 16
"""Bytes of an input."""
sys.path.insert(0, str(TESTS))

from .targets import TARGETS  # noqa: E402 - it imports what lies beside the tests


class Ran(NamedTuple):
    """What became of a target."""

    name: str
    code: int
    seconds: float
    said: str
    find: Path

    def __str__(self) -> str:
        """A row of the table."""
        runs, covered = (re.findall(words, self.said)[-1:] or ["?"] for words in (r"#(\d+)\t", r"cov: (\d+)"))
        return (
            f"| {self.name} | {runs[0]} | {covered[0]} | {self.seconds:.0f} | {'FOUND' if self.code else 'nothing'} |"
        )


def _prepare(name: str, work: Path, corpora: Path) -> tuple[Path, Path]:
    """The first inputs of a target beside those that are kept, and its dictionary."""
    corpus, words, scratch = corpora / name, work / f"{name}.words", work / f"{name}.seeds"
    corpus.mkdir(parents=True, exist_ok=True)
    scratch.mkdir()
    for number, seed in enumerate(TARGETS[name].seeds(scratch)):
        (corpus / f"seed-{number}").write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in (*TARGETS[name].words, b"\0"))
    words.write_text("".join(f'"{word}"\n' for word in escaped), "ascii")
    return corpus, words


def _fuzz(name: str, seconds: float, seed: int, work: Path, kept: Path) -> Ran:
    """Fuzz one target for a time, in memory where there is a place for it."""
    begin = time.monotonic()
    corpus, words = _prepare(name, work, kept / "corpora")
    find, seconds = kept / f"{name}.find", seconds - (time.monotonic() - begin)
    command = [
        sys.executable, "-m", f"{__package__}.one", name, str(corpus), str(seconds), f"-dict={words}",
        f"-timeout={SLOW}", f"-rss_limit_mb={ONE_TAKES}", f"-max_len={LONGEST}", f"-exact_artifact_path={find}",
        f"-seed={seed}", "-print_final_stats=1",
    ]  # fmt: skip
    paths = os.pathsep.join(filter(None, (str(ROOT), str(TESTS), os.environ.get("PYTHONPATH"))))
    changes = {"PYTHONPATH": paths, "TMPDIR": str(work), "DEDUP_JIT": "1", "NUMBA_BOUNDSCHECK": "1"}
    fuzzer = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | changes, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    printed, _ = fuzzer.communicate()
    with suppress(ProcessLookupError):  # libFuzzer leaves without a goodbye to the server that it had
        os.killpg(fuzzer.pid, signal.SIGTERM)
    said = re.sub(r"INFO: Instrumenting .*\n", "", printed.decode("utf-8", "replace"))
    (kept / f"{name}.log").write_text(said, "utf-8")
    return Ran(name, fuzzer.returncode, time.monotonic() - begin, said, find)


def _all(names: list[str], seconds: float, seed: int, jobs: int, kept: Path) -> int:
    """Fuzz some targets, print what became of each, and how a find is seen again; the exit code."""
    share = seconds * jobs / len(names)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as work, ThreadPoolExecutor(jobs) as pool:
        print("| target | inputs | branches | seconds | found |\n|---|--:|--:|--:|---|", flush=True)
        ran = []
        for one in pool.map(lambda name: _fuzz(name, share, seed, Path(work), kept), names):
            print(one, flush=True)
            ran.append(one)
    for one in ran:
        if one.code:
            print(f"\n{one.name}: python -m tests.fuzz --replay {one.name} {one.find}\n{one.said[-4000:]}")
    return int(any(one.code for one in ran))


def _replay(name: str, path: Path) -> int:
    """What an input does, without atheris."""
    from dedup.errors import DedupError

    with tempfile.TemporaryDirectory() as folder:
        take = TARGETS[name].start(Path(folder))
        try:
            take(path.read_bytes())
        except DedupError as error:
            print(f"refused: {error}")
        except Exception:  # noqa: BLE001 - whatever it is
            traceback.print_exc()
            return 1
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of all targets together")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--seed", type=int, default=0, help="of what is tried; 0 draws one")
    parser.add_argument("--jobs", type=int, default=2, help="targets at once")
    parser.add_argument("--keep", type=Path, help="a folder for inputs, from which another run goes on, logs and finds")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.replay:
        return _replay(given.replay[0], Path(given.replay[1]))
    kept = given.keep or Path(tempfile.mkdtemp(prefix="dedup-fuzz-"))
    return _all(given.targets, given.seconds, given.seed, given.jobs, kept)


if __name__ == "__main__":
    sys.exit(main())
