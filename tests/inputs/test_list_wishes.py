"""Tests of `[lists]` in `estate.toml`: what may be wished, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import EstateError
from models.week_plan import ListWishes
from optimizer.inputs.estate_folder.reader import read_estate

TABLES = {
    "servers": "server,os,roles,networks\nvbr,Windows Server 2022,backup_server,lan\n",
    "networks": "network\nlan\n",
    "vms": "vm,os,networks\nv1,Windows Server 2022,lan\n",
    "jobs": "job,start,duration_minutes,application_aware,proxies\n"
    "daily,22:00,60,true,vbr\nall,23:00,60,true,vbr\n",
    "job_vms": "job,vm\ndaily,v1\nall,v1\n",
}


def folder(path: Path, wishes: str) -> Path:
    for name, text in TABLES.items():
        (path / f"{name}.csv").write_text(text)
    (path / "estate.toml").write_text(f"format = 1\n[lists]\n{wishes}\n")
    return path


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ('first = "load"', "estate.toml:3: lists.first: 'load' is not allowed; write limits or t"),
        ('first = ["tiers"]', "lists.first: '[\"tiers\"]' is not allowed; write limits or tiers"),
        ('free = "daily"', "lists.free: 'daily' is not allowed; write a list of jobs, or \"all\""),
        ("free = [1]", "lists.free: '[1]' is not allowed; write a list of jobs, or \"all\""),
        ('keep = "all"', "lists.keep: 'all' is not allowed; write a list of jobs"),
        ("most_changes = -1", "lists.most_changes: '-1' is not allowed; write a whole number from"),
        ("most_changes = 1.5", "lists.most_changes: '1.5' is not allowed; write a whole number"),
        ("most_changes = true", "lists.most_changes: 'true' is not allowed; write a whole number"),
        ("least_servers = 0", "lists.least_servers: '0' is not allowed; write a whole number fr"),
        ('cross_sites = "no"', "lists.cross_sites: 'no' is not allowed; write true or false"),
        ('keep = ["dayly"]', "lists.keep: 'dayly' is not in jobs.csv; correct it or leave it out"),
        ('free = ["dayly"]', "did you mean 'daily'?"),
        ("least_server = 2", "'lists.least_server' is no setting; remove it"),
        ("least_server = 2", "did you mean 'lists.least_servers'?"),
        ("[list]\nfirst = 1", "estate.toml:3: 'list' is no section of settings; remove it"),
    ],
)
def test_a_wrong_wish_is_told_with_place_and_remedy(tmp_path: Path, wishes: str, said: str) -> None:
    with pytest.raises(EstateError) as caught:
        read_estate(folder(tmp_path, wishes))
    assert said in str(caught.value)


@pytest.mark.parametrize("line", ["lists = []", 'failover = "enforce"', "planning = 1"])
def test_a_section_written_as_a_setting_is_told_how_to_write(tmp_path: Path, line: str) -> None:
    estate = folder(tmp_path, "")
    (estate / "estate.toml").write_text(f"format = 1\n{line}\n")
    name, _, value = line.partition(" = ")
    with pytest.raises(EstateError) as caught:
        read_estate(estate)
    shown = value.strip('"')
    assert f"estate.toml:2: {name}: '{shown}' is a section; write [{name}]" in str(caught.value)


@pytest.mark.parametrize(
    ("wishes", "expected", "bound"),
    [
        ("", ListWishes(), [(0,), (0,)]),
        ('free = "all"', ListWishes(all_free=True), [(), ()]),
        # a job may be called "all"
        ('free = ["all"]', ListWishes(free=frozenset({"all"})), [(), (0,)]),
        (
            'first = "tiers"\nkeep = ["daily"]\nmost_changes = 0\nleast_servers = 2\n'
            "cross_sites = false",
            ListWishes(
                "tiers", keep=frozenset({"daily"}), most_changes=0, least_servers=2,
                cross_sites=False,
            ),
            [(0,), (0,)],
        ),
    ],
)  # fmt: skip
def test_wishes_are_read(
    tmp_path: Path, wishes: str, expected: ListWishes, bound: list[tuple[int, ...]]
) -> None:
    read = read_estate(folder(tmp_path, wishes))
    assert read.settings.lists == expected
    assert read.jobs["job"].tolist() == ["all", "daily"]
    assert read.jobs["bound_codes"].tolist() == bound
