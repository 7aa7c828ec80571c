"""A newcomer's commands in the folder of a test: files to import, and what is told of them."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import CliRunner

from optimizer.cli.main import gip

WINDOWS = "Microsoft Windows Server 2022 (64-bit)"
INFO = "VM,Powerstate,VM UUID,OS according to the VMware Tools,Primary IP Address"
SERVERS = "server,os,roles,networks\nb,Windows Server 2022,backup_server,n\n"
JOBS = "job,start,duration_minutes,application_aware\nj,22:00,60,true\n"


def write(name: str, text: str, encoding: str = "utf-8") -> str:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return name


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(gip, list(words))
    assert not done.exception or isinstance(done.exception, SystemExit) or code, done.output
    told = done.output + (str(done.exception) if done.exception else "")
    assert (1 if done.exception and not done.exit_code else done.exit_code) == code, told
    return told


def rows(name: str) -> list[dict[str, str]]:
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def rvtools(*words: str, code: int = 0) -> str:
    return run("import", "rvtools", *words, "--guess-prefix", "24", "--out", "estate", code=code)


def table(file: str, into: str, *words: str, code: int = 0) -> str:
    """Import a table whose columns are called like the fields, but for ``words``."""
    header = Path(file).read_text(encoding="utf-8").splitlines()[0].split(",")
    named = (
        ()
        if "--map" in words
        else [word for name in header for word in ("--map", f"{name}={name}")]
    )
    return run(
        "import", "table", file, "--into", into, *named, *words, "--out", "estate", code=code
    )


def estate(**tables: str) -> None:
    for name, text in {
        "servers": SERVERS,
        "jobs": JOBS,
        "networks": "network\nn\n",
        **tables,
    }.items():
        write(f"estate/{name}.csv", text)
