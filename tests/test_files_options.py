"""What a user says of files is checked when it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup.cli import main
from dedup.errors import SettingsError
from dedup.files import NAMED, ReadOptions


def test_a_format_is_one_that_can_be_read() -> None:
    """Another is refused with the list of them."""
    assert all(ReadOptions(format=name).format == name for name in NAMED)
    with pytest.raises(SettingsError, match=r"format must be one of jsonl, json, csv, .*got 'odt'"):
        ReadOptions(format="odt")


def test_options_of_the_command_reach_the_reader(tmp_path: Path) -> None:
    """Encoding, delimiter, a path and no ids, as a shell gives them; what is wrong is bad usage."""
    (tmp_path / "a.csv").write_bytes("url^title^body\n甲^渡輪^停航\n".encode("big5"))
    command = ["cluster", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out.csv"), "--quiet", "--no-campaigns"]
    options = ["--encoding", "big5", "--delimiter", "^", "--text-column", "title,body", "--id-column", ""]
    done = CliRunner().invoke(main, [*command, *options])
    assert done.exit_code == 0, done.output
    assert "a:0" in (tmp_path / "out.csv").read_text()
    for wrong in (["--encoding", "punycode"], ["--delimiter", "^^"]):
        refused = CliRunner().invoke(main, [*command, *wrong])
        assert refused.exit_code in (1, 2)
        assert "must be" in refused.output
