"""The files that say what to select in each job, what was selected, how near that comes, and
which jobs to split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from models.estate import Codes, Estate
from optimizer.job_lists import JobLists
from optimizer.outputs.csv_file import write_csv

VmsOf = Callable[[Codes], Sequence[str]]


def write_job_lists(estate: Estate, lists: JobLists, vms_of: VmsOf, folder: Path) -> None:
    """Write ``job_proxies.csv`` and the other files of a row per job, and ``job_splits.csv``.

    ``vms_of`` gives the names of the VMs of tasks, given by their places in all tasks.
    """
    servers = estate.servers["server"].tolist()

    def listed(codes: Iterable[int]) -> str:
        return ";".join(servers[code] for code in codes)

    proxies = [listed(codes) for codes in lists.lists.values()]
    write_csv(folder / "job_proxies.csv", {"job": list(lists.lists), "proxies": proxies})
    said = dict(zip(estate.jobs["job"], estate.jobs["proxies"], strict=True))
    before = [";".join(said[job]) for job in lists.lists]
    write_csv(folder / "job_before.csv", {"job": list(lists.lists), "proxies": before})
    parts = [len(lists.splits.get(job, [()])) for job in lists.by_job["job"]]
    agreed = lists.by_job.assign(parts=parts).astype(str).to_dict("list")
    write_csv(folder / "job_agreement.csv", {str(name): cells for name, cells in agreed.items()})
    rows = [
        (job, str(number), listed(part.servers), vm)
        for job, parts in lists.splits.items()
        for number, part in enumerate(parts, start=1)
        for vm in vms_of(np.sort(part.tasks))
    ]
    fields = ("job", "part", "proxies", "vm")
    columns = {field: [row[place] for row in rows] for place, field in enumerate(fields)}
    write_csv(folder / "job_splits.csv", columns)
