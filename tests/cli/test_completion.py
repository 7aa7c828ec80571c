"""Tests of the shell's completion, as a shell asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from optimizer.cli.main import gip

TINY = Path(__file__).parents[2] / "data" / "tiny"


@pytest.mark.parametrize(
    ("words", "begun", "expected"),
    [
        ([], "pl", ["place", "plan"]),
        (["tables"], "job", ["job_objects", "job_vms", "jobs"]),
        (["explain", str(TINY), "out"], "t", ["t1", "t2", "t3"]),
        (["explain", str(TINY), "out", "t1", "--job"], "", ["osaka", "tokyo"]),
        (["whatif", str(TINY), "out", "--fail"], "server:g", ["server:gip-01", "server:gip-02"]),
        (["whatif", str(TINY), "out", "--fail"], "site:", ["site:osaka", "site:tokyo"]),
        (["explain", "nowhere", "out"], "", []),
    ],
)
def test_names_are_completed(words: list[str], begun: str, expected: list[str]) -> None:
    shell = BashComplete(gip, {}, "gip", "_GIP_COMPLETE")
    assert [item.value for item in shell.get_completions(words, begun)] == expected


def test_names_of_a_table_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_bytes(b"\xff\xfe\x00")
    shell = BashComplete(gip, {}, "gip", "_GIP_COMPLETE")
    assert shell.get_completions(["explain", str(tmp_path), "out"], "") == []


def test_a_vm_is_completed_by_its_name_and_its_id(tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_text("vm,name\n42-01,web\n42-02,\n")
    shell = BashComplete(gip, {}, "gip", "_GIP_COMPLETE")
    found = shell.get_completions(["explain", str(tmp_path), "out"], "")
    assert [item.value for item in found] == ["42-01", "42-02", "web"]
