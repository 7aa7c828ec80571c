"""Plans and interfaces of jobs to export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from veeam_bodies import id_of, job, server

from models.errors import GipError
from optimizer.cli.main import gip
from optimizer.veeam.api_revisions import NAMES, revision_named

FILES = {"changes.json", "changes.csv"}
Lists = Mapping[str, Sequence[str]]


def plan(folder: Path, wanted: Lists, before: Lists) -> Path:
    """Write what an export reads of a plan."""
    folder.mkdir()
    for file, lists in (("job_proxies.csv", wanted), ("job_before.csv", before)):
        text = io.StringIO(newline="")
        rows = [
            (name, "list" if list(servers) else "automatic", ";".join(servers), "set")
            for name, servers in lists.items()
        ]
        csv.writer(text).writerows([("job", "choice", "proxies", "change"), *rows])
        (folder / file).write_text(text.getvalue(), encoding="utf-8", newline="")
    return folder


def run(*words: object) -> Result:
    done = CliRunner().invoke(gip, ["export", "veeam", *map(str, words)])
    if done.exception and not isinstance(done.exception, GipError | SystemExit):
        raise done.exception
    return done


JOBS: dict[str, tuple[list[str], list[str], list[str]]] = {  # now, seen, wanted
    "auto": ([], [], ["p"]),
    "listed": (["q", "p"], ["p", "q"], ["q"]),
    "already": (["q", "p"], [], ["p", "q"]),
    "moved": (["q"], ["p"], ["p", "r"]),
    "opened": ([], ["p"], ["q"]),
    "left": (["p"], ["gone"], ["q"]),
}
BUILDS = {name: ".".join(map(str, revision_named(name).build)) for name in NAMES}


def site(folder: Path, revision: str, *jobs: dict[str, Any], build: str | None = None) -> Path:
    """Save what a backup server answers: `JOBS` and others, servers p, q, r and a Linux one l."""
    folder.mkdir()
    bodies = [job(revision, name, now) for name, (now, _, _) in JOBS.items()]
    servers = [server(revision, name) for name in "pqr"] + [server(revision, "l", "LinuxHost")]
    lists = {"jobs": [*bodies, *jobs], "managedServers": servers}
    for name, items in lists.items():
        total = len(items)
        page = {"total": total, "count": total, "skip": 0, "limit": 200}
        document = {"data": items, "pagination": page}
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    info = {"buildVersion": build or BUILDS[revision], "name": "vbr", "vbrId": id_of("vbr")}
    (folder / "serverInfo.json").write_text(json.dumps(info), encoding="utf-8")
    return folder
