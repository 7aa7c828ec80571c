"""Reads the note that a backup job leaves in an attribute of a VM: which job it was."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from models.diagnostics import Finding, counted

BACKUP_NOTE = r"Veeam server: \[[^\]\n]*\]; Job: \["
_JOBS = re.compile(
    r"Veeam server: \[([^\]\n]*)\]; Job: \[(.+?)\](?=; [A-Z][A-Za-z ]*: \[|$)", re.MULTILINE
)


def jobs_noted(text: str) -> list[tuple[str, str]]:
    """Return backup server and job of each note in ``text``.

    >>> jobs_noted("Last backup: [6/1/2021]; Veeam server: [B]; Job: [Daily [1]]; Repository: [R]")
    [('B', 'Daily [1]')]
    """
    return [(server.strip(), job.strip()) for server, job in _JOBS.findall(text) if job.strip()]


def job_tables(
    vms: Iterable[str], notes: Iterable[str], findings: list[Finding]
) -> dict[str, pd.DataFrame]:
    """Return the tables jobs and job_vms of what is noted at VMs, none where nothing is.

    Notes of more than one backup server are told in ``findings``: an estate is one of them.
    """
    known: dict[str, list[tuple[str, str]]] = {}  # a job's VMs have the same note but for the date
    pairs: dict[tuple[str, str], None] = {}
    servers: dict[str, set[str]] = {}
    for vm, text in zip(vms, notes, strict=True):
        if not text:
            continue
        if text not in known:
            known[text] = jobs_noted(text)
        for server, job in known[text]:
            pairs[job, vm] = None
            servers.setdefault(server, set()).add(job)
    if not pairs:
        return {}
    if len(servers) > 1:
        counts = ", ".join(
            f"{name} ({counted(len(jobs), 'job')})" for name, jobs in sorted(servers.items())
        )
        detail = f"notes of {len(servers)} backup servers: {counts}; an estate is one of them"
        findings.append(Finding("warning", "several_backup_servers", "jobs", detail))
    jobs = dict.fromkeys(job for job, _ in pairs)
    return {
        "jobs": pd.DataFrame({"job": list(jobs)}, dtype="str"),
        "job_vms": pd.DataFrame(list(pairs), columns=["job", "vm"], dtype="str"),
    }
