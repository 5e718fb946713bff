"""`examples/nightly` and `docs/how-to/nightly.md` do what they say: nights run, crashes mend, units are sound."""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pages
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[1]
NIGHTLY = ROOT / "examples" / "nightly"
ARTICLES = ROOT / "examples" / "articles"
SCRIPT = NIGHTLY / "nightly.sh"
PAGE = ROOT / "docs" / "how-to" / "nightly.md"
DEDUP = Path(sys.executable).with_name("dedup")

KILLED = """#!{python}
import os, signal, sys
from dedup.cli import main

left = {renames}

def hook(event, about):
    global left
    left -= event == "os.rename"
    if left < 0 and event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
main()
"""
"""A command that is killed when it renames a file or folder, after some that it has renamed."""
AT = ("--now", "2026-11-22T01:30Z")
"""The time of a night, where two are to end in the same bytes."""


class Crawl:
    """A crawl, and the nights over it.

    Args:
        folder: Where everything is.
    """

    def __init__(self, folder: Path) -> None:
        self.crawl, self.state, self.out = folder / "crawl", folder / "state", folder / "nights"
        self.crawl.mkdir()
        self.out.mkdir()

    def add(self, *names: str) -> None:
        """Bring articles of `examples/articles`."""
        for name in names:
            shutil.copy2(ARTICLES / f"{name}.md", self.crawl)

    def started(self, *arguments: str, **settings: str | Path) -> subprocess.Popen[str]:
        """The script, running."""
        about = {"CRAWL": self.crawl, "STATE": self.state, "OUT": self.out, "MEMORY": "1GB", "DEDUP": DEDUP} | settings
        environment = os.environ | {name: str(value) for name, value in about.items()}
        pipe = subprocess.PIPE
        return subprocess.Popen([SCRIPT, *arguments], env=environment, stdout=pipe, stderr=pipe, encoding="utf-8")

    def night(self, *arguments: str, **settings: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the script to its end."""
        with self.started(*arguments, **settings) as script:
            printed, said = script.communicate()
        return subprocess.CompletedProcess(script.args, script.returncode, printed, said)

    def done(self, night: str, *arguments: str, **settings: str | Path) -> dict[str, Any]:
        """Run a night that goes well, and says nothing; returns its summary."""
        ran = self.night(*arguments, NIGHT=night, **settings)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        assert (self.out / "latest").readlink() == Path(night)
        return self.summary(night)

    def summary(self, night: str) -> dict[str, Any]:
        """What a night has come to."""
        found: dict[str, Any] = json.loads((self.out / f"{night}.json").read_bytes())
        return found

    def clusters(self) -> dict[str, str]:
        """The cluster of each article, after the latest night, by names of files."""
        labels = pq.read_table(self.out / "latest" / "labels").to_pylist()
        return {Path(row["id"]).name: Path(row["cluster"]).name for row in labels}

    def bytes(self, night: str) -> dict[str, bytes]:
        """All files of a night."""
        folder = self.out / night
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.parquet")}

    @property
    def names(self) -> set[str]:
        """What lies in the folder of nights."""
        return {entry.name for entry in self.out.iterdir()}


@pytest.fixture
def crawl(tmp_path: Path) -> Crawl:
    """A crawl of four articles, of which three belong together."""
    made = Crawl(tmp_path)
    made.add("tea-1", "tea-2", "tea-3", "bridge-original")
    return made


# --- the script ----------------------------------------------------------------------------------------------------


def test_two_nights(crawl: Crawl) -> None:
    """Each night has its folder and its summary, `latest` is the last one, and clusters keep their ids."""
    assert crawl.done("2026-11-21")["articles"] == 4
    crawl.add("tea-4", "tea-5", "bridge-copy")
    second = crawl.done("2026-11-22")
    assert (second["night"], second["articles"], second["new"], second["files"]) == (2, 7, 3, 3)
    assert crawl.names == {"2026-11-21", "2026-11-21.json", "2026-11-22", "2026-11-22.json", "latest", "nightly.log"}
    found = crawl.clusters()
    assert {found[f"tea-{number}.md"] for number in range(1, 6)} == {"tea-1.md"}
    assert found["bridge-copy.md"] == found["bridge-original.md"]
    events = [json.loads(line)["event"] for line in (crawl.out / "nightly.log").read_text("utf-8").splitlines()]
    assert events.count("written") == events.count("night") == 2


@pytest.mark.parametrize("renames", [1, 9])
def test_killed_and_run_again(crawl: Crawl, renames: int) -> None:
    """A night in which dedup is killed leaves `latest` as it was; the next run ends it as if nothing had been."""
    crawl.done("2026-11-21")
    copy = crawl.state.with_name("copy")
    shutil.copytree(crawl.state, copy)
    crawl.add("tea-4", "tea-5", "bridge-copy")
    killer = crawl.state.with_name("killer")
    killer.write_text(KILLED.format(python=sys.executable, renames=renames), "utf-8")
    killer.chmod(0o755)
    ran = crawl.night(*AT, NIGHT="2026-11-22", DEDUP=killer)
    assert ran.returncode == 137
    assert "dedup ended with 137" in ran.stderr
    assert (crawl.out / "latest").readlink() == Path("2026-11-21")
    assert crawl.done("2026-11-22", *AT)["articles"] == 7
    crawl.done("undisturbed", *AT, STATE=copy)
    assert crawl.bytes("2026-11-22") == crawl.bytes("undisturbed")


def test_a_held_state_ends_with_75(crawl: Crawl) -> None:
    """While another run holds the state the script ends with 75, says why, and leaves everything as it is."""
    crawl.state.mkdir()
    with (crawl.state / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = crawl.night(NIGHT="2026-11-21")
        assert (ran.returncode, "another run holds" in ran.stderr) == (75, True)
        assert crawl.names == {"nightly.log"}
        with crawl.started(NIGHT="2026-11-21", RETRIES="600", RETRY_SECONDS="0.1") as waiting:
            log = crawl.out / "nightly.log"
            while log.read_text("utf-8").count('"exit": 75') < 2:
                assert waiting.poll() is None
                time.sleep(0.05)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.wait(60) == 0
    assert (crawl.out / "latest").readlink() == Path("2026-11-21")


def test_exit_codes_and_options_pass_through(crawl: Crawl) -> None:
    """What dedup ends with the script ends with, and what the script is given dedup is given."""
    (crawl.crawl / "bad.parquet").write_bytes(b"PAR1")
    ran = crawl.night("--threads", "1", NIGHT="2026-11-21", MAX_REJECTS="0")
    assert (ran.returncode, '"exit": 3' in ran.stderr) == (3, True)
    assert crawl.names == {"nightly.log"}
    assert crawl.done("2026-11-21", MAX_REJECTS="1")["bad_files"] == 1
    ran = crawl.night("--near-copies", NIGHT="2026-11-22")
    assert (ran.returncode, "give the same settings" in ran.stderr) == (2, True)
    assert crawl.night(NIGHT="2026-11-22", DEDUP="no-such-command").returncode == 127


def test_the_date_is_that_of_the_beginning(crawl: Crawl) -> None:
    """A night that has not ended keeps its name for 20 hours; a second one of a day has a name of its own."""
    begun = crawl.out / ".begun"
    begun.write_text("2001-02-03\n", "utf-8")
    assert crawl.night().returncode == 0
    assert crawl.names == {"2001-02-03", "2001-02-03.json", "latest", "nightly.log"}
    begun.write_text("2001-02-03\n", "utf-8")
    os.utime(begun, (0, 0))
    days = [time.strftime("%Y-%m-%d")]
    assert crawl.night().returncode == 0
    assert crawl.night().returncode == 0
    days.append(time.strftime("%Y-%m-%d"))
    first, second = sorted(
        name for name in crawl.names if name[:2] == "20" and name[:4] > "2001" and name[-5:] != ".json"
    )
    assert first in days
    assert second in {f"{first}.2", days[1]}
    assert crawl.bytes(first) == crawl.bytes(second)


def test_refuses_what_would_go_wrong(crawl: Crawl, tmp_path: Path) -> None:
    """Disks that are not mounted, folders that would be read, and names that are none: nothing is begun."""
    (tmp_path / "empty").mkdir()
    refused: list[tuple[int, str, dict[str, str | Path]]] = [
        (1, "is its disk mounted", {"CRAWL": tmp_path / "none"}),
        (1, "is its disk mounted", {"CRAWL": tmp_path / "empty"}),
        (1, "mkdir -p", {"OUT": tmp_path / "none"}),
        (2, "is read", {"STATE": crawl.crawl / "state"}),
        (2, "is read", {"OUT": crawl.crawl}),
        (2, "NIGHT is the name", {"NIGHT": "../2026-11-21"}),
        (2, "NIGHT is the name", {"NIGHT": "latest"}),
    ]
    for code, words, settings in refused:
        ran = crawl.night(**settings)
        assert (ran.returncode, ran.stdout) == (code, "")
        assert words in ran.stderr
    assert crawl.names == set()
    assert not crawl.state.exists()
    crawl.done("2026-11-21")
    ran = crawl.night(STATE=tmp_path / "unmounted")
    assert (ran.returncode, "is no state" in ran.stderr) == (1, True)


def test_removes_nothing_of_the_users(crawl: Crawl, tmp_path: Path) -> None:
    """A folder that is called `latest`, and one with the name of a night that holds other things, are left alone."""
    (tmp_path / "others").mkdir()
    assert crawl.night(NIGHT="2026-11-20", OUT=tmp_path / "others").returncode == 0
    for name in ("latest", "2026-11-21"):
        (crawl.out / name).mkdir()
        (crawl.out / name / "mine").write_bytes(b"mine")
    ran = crawl.night(NIGHT="2026-11-21")
    assert (ran.returncode, "which no run wrote" in ran.stderr) == (1, True)
    ran = crawl.night(NIGHT="2026-11-22")
    assert (ran.returncode, "cannot move the link" in ran.stderr) == (1, True)
    assert {(crawl.out / name / "mine").read_bytes() for name in ("latest", "2026-11-21")} == {b"mine"}
    assert crawl.names == {"2026-11-21", "2026-11-22", "2026-11-22.json", "latest", "nightly.log"}


def test_many_articles_in_odd_places(tmp_path: Path) -> None:
    """Paths with blanks and characters of any script, more paths than one, and texts of every script."""
    folder = tmp_path / "夜 晚 'night'"
    folder.mkdir()
    crawl = Crawl(folder)
    crawl.add("repair-cafe-ja", "tidal-flat-ko", "night-train")
    texts = ["續費手機卡，輕鬆搞定，三步就好。", "续费手机卡,轻松搞定,三步就好!", "🌠🌠", "", "\ud83d a lone surrogate"]
    (crawl.crawl / "行 1.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    more = folder / "more of it.parquet"
    pq.write_table(pa.table({"id": ["m 1"], "text": [texts[0]]}), more)
    ran = crawl.night(str(more), NIGHT="2026-11-21")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = crawl.clusters()
    assert len(found) == 9
    assert found["m 1"] == found["行 1.jsonl:0"] == found["行 1.jsonl:1"] == "行 1.jsonl:0"


def test_shellcheck_finds_nothing() -> None:
    """The script is clean."""
    if shutil.which("shellcheck") is None:
        assert not os.environ.get("CI"), "shellcheck must be on the PATH"
        pytest.skip("shellcheck is not on the PATH: apt-get install shellcheck")
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout == ""


# --- units and the crontab -----------------------------------------------------------------------------------------


def unit(name: str) -> configparser.ConfigParser:
    """A unit file; keys that stand twice come as one, by lines."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(NIGHTLY / name, "utf-8")
    return parser


def settings_of(text: str) -> set[str]:
    """The variables that are set in a line such as `Environment=A=1 B=2`."""
    return {part.partition("=")[0] for part in text.split()}


def test_units_say_what_the_script_asks_for() -> None:
    """The service starts once a night, retries what may end well the next time, and leaves room above the memory."""
    text = (NIGHTLY / "dedup-nightly.service").read_text("utf-8")
    service = unit("dedup-nightly.service")["Service"]
    assert service["Type"] == "oneshot"
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == ["2", "3"]
    environment = {name for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for name in settings_of(line)}
    assert environment <= variables()
    memory = re.search(r"MEMORY=(\d+)GB", text)
    assert memory is not None
    assert int(memory[1]) < int(service["MemoryMax"].removesuffix("G"))
    timer = unit("dedup-nightly.timer")
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"


def variables() -> set[str]:
    """What the script takes from its environment."""
    return set(re.findall(r'^: "\$\{(\w+):=', SCRIPT.read_text("utf-8"), re.MULTILINE))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say of the units, once the script is where they have it."""
    for name in ("dedup-nightly.service", "dedup-nightly.timer"):
        text = (NIGHTLY / name).read_text("utf-8").replace("/opt/dedup/nightly.sh", str(SCRIPT))
        (tmp_path / name).write_text(text, "utf-8")
    command: list[str | Path] = ["systemd-analyze", "verify", *sorted(tmp_path.glob("dedup-nightly.*"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "dedup-nightly" in line]
    assert (done.returncode, said) == (0, [])


def test_crontab() -> None:
    """The crontab has one command, and sets nothing that the script does not ask for."""
    lines = [line for line in (NIGHTLY / "crontab").read_text("utf-8").splitlines() if line and line[0] != "#"]
    sets, jobs = [line for line in lines if line[0].isalpha()], [line for line in lines if not line[0].isalpha()]
    assert {line.partition("=")[0] for line in sets} - {"MAILTO"} <= variables()
    assert len(jobs) == 1
    assert re.fullmatch(r"\d+ \d+ \* \* \* nice -n \d+ /opt/dedup/nightly\.sh", jobs[0])


def told_by(name: str) -> tuple[str, dict[str, str]]:
    """The command of the crontab, or of the service, and the variables that it is given."""
    text = (NIGHTLY / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    if name == "crontab":
        (job,) = (line.split(maxsplit=5)[5] for line in lines if not line[0].isalpha())
        given = [line for line in lines if line[0].isalpha()]
    else:
        (job,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        given = [part for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for part in line.split()]
    return job, dict(one.split("=", 1) for one in given)


@pytest.mark.parametrize("name", ["crontab", "dedup-nightly.service"])
def test_the_job_runs_with_what_it_is_given_and_nothing_else(crawl: Crawl, name: str) -> None:
    """The command as it stands there, by a plain shell, with the paths of this test in place of those on the disk."""
    job, given = told_by(name)
    assert {"CRAWL", "STATE", "OUT", "MEMORY", "DEDUP"} <= given.keys()
    here = {"CRAWL": crawl.crawl, "STATE": crawl.state, "OUT": crawl.out, "MEMORY": "1GB", "DEDUP": DEDUP}
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **given, **{name: str(path) for name, path in here.items()}}
    if "PYTHONPATH" in os.environ:  # in a worktree the command is that of another one
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    command = ["/bin/sh", "-c", job.replace("/opt/dedup/nightly.sh", str(SCRIPT))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (done.stderr == "") == (name == "crontab")  # the log of the service goes to the journal
    assert len(crawl.clusters()) == 4


# --- the page ------------------------------------------------------------------------------------------------------


def blocks() -> list[pages.Block]:
    """The blocks of the page, which `test_pages` runs."""
    return pages.blocks(PAGE.read_text("utf-8"))


def test_the_dag_of_airflow_is_python() -> None:
    """What only tools/check_schedulers runs compiles at least, and names the script and its exit code."""
    text = (ROOT / "examples" / "airflow" / "dedup_nightly.py").read_text("utf-8")
    compile(text, "examples/airflow/dedup_nightly.py", "exec")
    assert "/nightly.sh" in text
    assert "skip_on_exit_code=75" in text


def test_the_page_knows_every_variable_and_event() -> None:
    """Variables of the script stand in the page's table, and the fields of its log lines are JSON."""
    text = PAGE.read_text("utf-8")
    assert all(f"`{name}`" in text for name in variables())
    text = "".join(block.body for block in blocks() if block.kind == "text")
    events = {json.loads(line)["event"] for line in text.splitlines() if line.startswith('{"time"')}
    assert events == {"problem", "shard", "night", "stage", "written", "error"}


def test_links_of_the_page_lead_somewhere() -> None:
    """Files that the page names are there."""
    text = PAGE.read_text("utf-8")
    links = re.findall(r"\]\((\.\./[^)#]+)", text)
    assert len(links) >= 4
    assert all((PAGE.parent / link).exists() for link in links)
