"""Every complaint of the reader: one folder of ``data/broken`` for each, with one thing wrong.

A complaint says where (file, line, column), what stands there, why it cannot be, and what to do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import EstateError
from optimizer.inputs.estate_folder.reader import read_estate

BROKEN = Path(__file__).parents[2] / "data" / "broken"
COUNT = "from 0 to 10000000"
DIGITS = "write one in digits"
ADD_NETWORK = "add it to networks.csv or correct it"
ADD_OR_REMOVE = "add it there or remove this row"
TEMPLATE = "`gip init` writes a template"
KEEP_ONE_ROW = "names are unique, keep one row"

# folder: (where: column: what and why not, the remedy)
COMPLAINTS = {
    "bad-boolean": ("vms.csv:3: available: 'maybe' is neither true nor false", "write true or"),
    "bad-cidr": ("networks.csv:2: cidr: '10.0.1.0/33' is not a network", "as in 10.0.1.0/24"),
    "bad-day": ("jobs.csv:2: days: 'mon;tues' is not a list of days", "any of mon;tue;wed"),
    "daily-and-days": ("jobs.csv:2: days: 'daily;mon' is not a list of days", "write daily, or"),
    "separator-in-name": (
        "servers.csv:3: server: 'gip;01' has a ;, as between the names of a list",
        "name it otherwise everywhere",
    ),
    "separator-in-network": ("networks.csv:2: network: 'hq;1' has a ;", "name it otherwise"),
    "bad-failover-tasks": ("estate.toml:4: failover.tasks: '-1' is not allowed", COUNT),
    "bad-format": ("estate.toml:1: format: '2' is not allowed", "write 1"),
    "bad-host-version": (
        "vms.csv:3: host_version: 'new' is not a version of Windows Server",
        "write its year, as in 2019",
    ),
    "bad-job-type": ("jobs.csv:2: type: 'copy' is not known here", "backup, replication"),
    "bad-latency": ("links.csv:2: latency_ms: 'fast' is not a number of 0 or more", "as in 1.5"),
    "bad-license": (
        "estate.toml:4: license.edition: 'essentials' is not allowed",
        "write standard or enterprise or enterprise_plus",
    ),
    "bad-objectives": (
        'estate.toml:4: planning.objectives: \'["tier1", "coverage", "tier2", "tier3"]\' is not',
        "write a list of coverage, tier1, tier2, tier3, then any of protected",
    ),
    "bad-powershell-version": (
        "servers.csv:2: powershell_version: 'v5' is not a version",
        "write it as in 5.1, or leave it empty",
    ),
    "bad-role": ("servers.csv:3: roles: 'proxy' is not known here", "one of backup_server, "),
    "bad-ruleset": ("estate.toml:2: ruleset: 'v11' is not allowed", "write v12 or v13"),
    "bad-running-tasks": (
        f"servers.csv:2: running_tasks: 'few' is not a whole number {COUNT}",
        DIGITS,
    ),
    "bad-switch": (
        "estate.toml:4: connections.powershell_direct: 'yes' is not allowed",
        "write true or false",
    ),
    "bad-tolerance": (
        "estate.toml:4: planning.tolerance.peak: '1.5' is not allowed",
        "write a number from 0 to 1",
    ),
    "bad-toml": ("estate.toml:2: is not TOML: Invalid value", "file that `gip init` writes"),
    "csv-and-gz": ("vms: is there more than once: vms.csv and vms.csv.gz", "keep one of them"),
    "duplicate-column": ("vms.csv:1: has column 'vm' twice", "keep one of them"),
    "empty-file": ("job_vms.csv: is empty", "`gip init` writes templates"),
    "empty-name": ("vms.csv:4: vm: is empty", "every row needs a value"),
    "endless-duration": (
        "jobs.csv:2: duration_minutes: '10081' is not a whole number from 1 to 10080",
        DIGITS,
    ),
    "gz-cut-short": ("vms.csv.gz: cannot be read: Compressed file ended", "check the file"),
    "host-bits-in-cidr": (
        "networks.csv:2: cidr: '10.0.1.5/24' is not a network: 10.0.1.5/24 has host bits set",
        "write it as in 10.0.1.0/24",
    ),
    "job-twice": ("jobs.csv:3: job: 'nightly' is there already", KEEP_ONE_ROW),
    "misnamed-table": ("job_vms.csv: is missing", "did you mean 'job_vm.csv'?"),
    "missing-column": ("vms.csv:1: has no column 'networks'", "did you mean 'network'?"),
    "missing-table": ("job_vms.csv: is missing", TEMPLATE),
    "negative-duration": (
        "jobs.csv:2: duration_minutes: '-120' is not a whole number from 1 to 10080",
        DIGITS,
    ),
    "network-twice": ("networks.csv:3: network: 'hq' is there already", KEEP_ONE_ROW),
    "no-backup-server": (
        "servers.csv: roles: names no backup_server among its roles",
        "give the role to the one server that is it",
    ),
    "not-parquet": ("vms.parquet: is not readable Parquet", "write it again"),
    "not-utf8": (r"vms.csv:4: '\\x96\\xbc\\x8c\\xc3\\x89\\xae-01", "save it as 'CSV UTF-8'"),
    "not-utf8-header": ("vms.csv:1: has a header that is not UTF-8", "save it as 'CSV UTF-8'"),
    "open-quote": (
        "vms.csv:4: os: '\"Windows Server 2019,hq' opens a quote that is not closed",
        "close it",
    ),
    "open-quote-at-the-end": (
        "vms.csv:3: name: '\"sql' opens a quote that is not closed",
        "close it",
    ),
    "open-quote-in-header": ("vms.csv:1: opens a quote that is not closed", "close it"),
    "parquet-column-twice": ("vms.parquet:1: has column 'vm' twice", "keep one of them"),
    "parquet-folder": ("vms.parquet: is a folder", "write the table as one file"),
    "parquet-struct": (
        "vms.parquet: has a column 'os' of struct<name: string>, which is not text",
        "write its cells as text",
    ),
    "ragged-row": ("vms.csv:4: has 2 cells, the header has 3", "or add what is missing"),
    "semicolons": ("vms.csv:1: is not separated by commas", "save it with commas"),
    "sep-line": ("vms.csv:1: begins with 'sep=,', which only Excel reads", "remove this line"),
    "server-twice": ("servers.csv:4: server: 'gip-01' is there already", KEEP_ONE_ROW),
    "server-unknown-network": (
        "servers.csv:3: networks: 'hqq' is neither a network nor an address",
        f"{ADD_NETWORK}; did you mean 'hq'?",
    ),
    "tabs": ("vms.csv:1: is not separated by commas", "save it with commas"),
    "task-twice-in-current": (
        "current.csv:3: vm: 'web-01' is in this job already",
        "remove the repeated row",
    ),
    "time-25-00": ("jobs.csv:2: start: '25:00' is not a time of day", "from 00:00 to 23:59"),
    "two-backup-servers": (
        "servers.csv:3: server: 'gip-01' is a second backup_server",
        "exactly one server is it; 'vbr-01' has the role already",
    ),
    "unknown-job": (
        "job_vms.csv:3: job: 'nighty' is not in jobs",
        f"{ADD_OR_REMOVE}; did you mean 'nightly'?",
    ),
    "unknown-proxy": (
        "jobs.csv:2: proxies: 'gip-1' is not in servers",
        "add it to servers or correct it; did you mean 'gip-01'?",
    ),
    "unknown-vm": (
        "job_vms.csv:3: vm: 'sql-1' is not in vms",
        f"{ADD_OR_REMOVE}; did you mean 'sql-01'?",
    ),
    "utf16": ("vms.csv: is UTF-16", "save it as 'CSV UTF-8'"),
    "utf16-without-bom": ("vms.csv: is UTF-16", "save it as 'CSV UTF-8'"),
    "vm-twice": ("vms.csv:4: vm: 'web-01' is there already", KEEP_ONE_ROW),
    "vm-twice-in-job": ("job_vms.csv:3: vm: 'web-01' is in this job already", "the repeated row"),
    "vm-unknown-network": (
        "vms.csv:3: networks: '10.0.0.256' is neither a network nor an address",
        ADD_NETWORK,
    ),
    "zero-max-tasks": (
        "servers.csv:3: max_tasks: '0' is not a whole number from 1 to 10000000",
        DIGITS,
    ),
}
SEVERAL = {"empty-folder", "header-in-capitals", "ten-at-once"}


def complaint(folder: str) -> str:
    with pytest.raises(EstateError) as caught:
        read_estate(BROKEN / folder)
    return str(caught.value)


def test_every_folder_has_its_complaint() -> None:
    assert {path.name for path in BROKEN.iterdir()} == COMPLAINTS.keys() | SEVERAL


@pytest.mark.parametrize("folder", COMPLAINTS)
def test_one_thing_wrong_is_one_problem(folder: str) -> None:
    what, remedy = COMPLAINTS[folder]
    line, count = complaint(folder).splitlines()
    assert line.startswith(what)
    assert remedy in line.removeprefix(what).partition("; ")[2]
    assert count == "1 problem found; nothing was written"


def test_an_empty_folder_lacks_every_required_table() -> None:
    *lines, count = complaint("empty-folder").splitlines()
    required = ["servers", "networks", "vms", "jobs", "job_vms"]
    assert [line.partition(": ")[0] for line in lines] == [f"{name}.csv" for name in required]
    assert all(TEMPLATE in line for line in lines)
    assert count == "5 problems found; nothing was written"


def test_a_header_in_capitals_is_understood() -> None:
    *lines, _ = complaint("header-in-capitals").splitlines()
    hints = {"vm": "VM", "os": "OS", "networks": "Networks"}
    for line, (name, meant) in zip(lines, hints.items(), strict=True):
        assert line.startswith(f"vms.csv:1: has no column {name!r}; add it: ")
        assert line.endswith(f"; did you mean {meant!r}?")


def test_ten_things_wrong_are_told_at_once() -> None:
    *lines, count = complaint("ten-at-once").splitlines()
    assert sorted(line.split(" ")[0].rstrip(":") for line in lines) == [
        "estate.toml:2",
        "job_vms.csv:2",
        "jobs.csv:2",
        "jobs.csv:2",
        "jobs.csv:2",
        "networks.csv:2",
        "servers.csv:2",
        "servers.csv:3",
        "vms.csv:3",
        "vms.csv:3",
    ]
    columns = {line.split(": ")[1] for line in lines}
    assert columns == {
        "ruleset", "vm", "start", "duration_minutes", "application_aware", "cidr", "max_tasks",
        "server", "networks",
    }  # fmt: skip
    assert count == "10 problems found; nothing was written"


def test_a_folder_that_is_none_says_how_to_get_one(tmp_path: Path) -> None:
    assert "does not exist; `gip init` makes a template" in complaint(str(tmp_path / "none"))
    (tmp_path / "file").write_text("")
    assert "is not a folder; `gip init` makes a template" in complaint(str(tmp_path / "file"))
