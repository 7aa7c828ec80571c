"""A backup server with jobs, and a plan for them, to apply and take back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from veeam_bodies import id_of, job, job_types, server
from veeam_server import PASSWORD, TOKEN, VeeamServer, serving

from models.errors import GipError
from optimizer.checker.plan_files import COLUMNS
from optimizer.cli.main import gip
from optimizer.veeam.job_payload import read_selection

SERVERS = "backupInfrastructure/managedServers"
GIPS = ("gip-01", "gip-02", "gip-03")

Lists = dict[str, Sequence[str]]


class Site:
    """A backup server with jobs, and a plan for them."""

    def __init__(self, backup: VeeamServer, folder: Path) -> None:
        self.backup, self.plan = backup, folder / "plan"
        self.plan.mkdir()
        self.journal = self.plan / "apply-journal.jsonl"
        self.said: list[str] = []
        backup.lists[SERVERS] = [server(backup.revision, name) for name in GIPS]

    def write(self, wanted: Lists, seen: Lists, kept: Lists | None = None) -> None:
        """Write what a plan wants, what it saw, and of which jobs it keeps what it saw."""
        kept = kept or {}
        rows = [_choice(name, servers, "set") for name, servers in wanted.items()]
        rows += [_choice(name, servers, "keep") for name, servers in kept.items()]
        self._table("job_proxies.csv", COLUMNS["job_proxies.csv"], rows)
        before = [{"job": job, "proxies": ";".join(of)} for job, of in {**seen, **kept}.items()]
        self._table("job_before.csv", COLUMNS["job_before.csv"], before)

    def _table(self, file: str, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
        with (self.plan / file).open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.DictWriter(opened, columns, restval="0")
            writer.writeheader()
            writer.writerows(rows)

    def plan_lists(self, wanted: Lists) -> None:
        """Plan what is ``wanted``, with what the jobs say now as what was seen."""
        names = {id_of(name): name for name in GIPS}
        seen: Lists = {}
        for name in wanted:
            found = read_selection(self.backup.job(name))
            seen[name] = [names[each] for each in found.proxies] if found else []
        self.write(wanted, seen)

    def words(self, *more: str) -> list[str]:
        return ["apply", str(self.plan), "--url", self.backup.url, *self.ca_file, *more]

    @property
    def ca_file(self) -> tuple[str, str]:
        return "--ca-file", str(self.backup.ca_file)

    def run(self, *words: str) -> Result:
        done = CliRunner().invoke(gip, words)
        self.said.append(f"{done.output} {done.exception}")
        if done.exception and not isinstance(done.exception, GipError | SystemExit):
            raise done.exception
        return done

    def apply(self, *more: str) -> Result:
        return self.run(*self.words(*more))

    def rollback(self, *more: str) -> Result:
        return self.run("rollback", str(self.journal), *self.ca_file, *more)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_bytes().splitlines()]


def _choice(job: str, servers: Sequence[str], change: str) -> dict[str, str]:
    choice = "list" if servers else "automatic"
    said = {"job": job, "choice": choice, "proxies": ";".join(servers), "change": change}
    return said | {"certainty": "depends", "note": ""}


def site_of(revision: str, folder: Path) -> Iterator[Site]:
    with serving(revision, folder) as backup:
        site = Site(backup, folder)
        kinds = job_types(revision)
        for number, indent in enumerate((None, 1, 4, None)):
            kind = kinds[number % len(kinds)]
            before = GIPS[:1] if number % 2 else ()
            backup.add_job(job(revision, f"job-{number}", before, kind), indent)
        site.plan_lists({f"job-{number}": GIPS[1:] for number in range(4)})
        yield site
    assert backup.complaints == []
    written = [path.read_text() for path in site.plan.iterdir()]
    for secret in (PASSWORD, TOKEN, json.dumps(PASSWORD)[1:-1]):
        assert not [text for text in [*site.said, *written] if secret in text]
