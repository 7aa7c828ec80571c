"""Tests of `optimizer.inputs.templates`: it writes an estate and overwrites nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from models.diagnostics import InputProblem
from models.errors import OutputError
from models.ruleset import is_windows
from models.schema import TABLES
from models.settings import Settings
from models.week_plan import ListWishes
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.settings_reader import FILE, KEYS, read_settings
from optimizer.inputs.templates import SETTINGS, init


def test_templates_are_an_estate_with_one_task(tmp_path: Path) -> None:
    written = init(tmp_path / "new" / "estate")
    estate = read_estate(tmp_path / "new" / "estate")
    names = {f"{table.name}.csv" for table in TABLES} | {FILE}
    assert {path.name for path in written} == set(estate.inputs) == names
    assert estate.findings == ()
    job, vm = estate.jobs.iloc[0], estate.vms.iloc[0]
    assert len(estate.job_vms) == 1
    assert job["enabled"]
    assert job["application_aware"]
    assert is_windows(vm["os"])
    assert vm["available"]
    assert vm["network_set"] == estate.servers.iloc[0]["network_set"] != 0


@pytest.mark.parametrize("name", ["vms.csv", "estate.toml"])
def test_an_existing_file_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"{name} is there already; choose another folder"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written.*choose another folder"):
        init(tmp_path / "file" / "estate")


def test_settings_hold_with_and_without_their_comment_signs(tmp_path: Path) -> None:
    init(tmp_path)
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") for line in text.splitlines()[2:]]
    for content in (text, "\n".join(lines)):
        problems: list[InputProblem] = []
        settings = read_settings(content.encode(), problems)
        assert not problems
        assert settings.objectives == Settings().objectives
        assert settings.license_type == Settings().license_type
    assert settings.failover_tasks == 400
    assert settings.lists == replace(ListWishes(), most_changes=5)


def test_every_setting_is_in_the_template() -> None:
    for key in KEYS:
        section, _, name = key.rpartition(".")
        if section == "planning.tolerance":
            continue
        inside = SETTINGS.partition(f"[{section}]")[2].partition("\n[")[0] if section else SETTINGS
        assert re.search(rf"^(# )?{name} = ", inside, re.MULTILINE), key
