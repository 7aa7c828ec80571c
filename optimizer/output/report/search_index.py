"""The searchable rows of the page: all tasks as columns, packed small."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b85encode

import numpy as np
from numpy.typing import NDArray

from models.report_data import Search
from optimizer.output.report.facts import ReportFacts

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COLUMNS = ("job", "vm", "proxy", "tier", "protected", "reason")


def pack_rows(search: Search) -> str:
    """Pack ``search`` as base 85 of raw deflate.

    Packed are the length of the JSON (4 bytes, little endian), the JSON, the UUIDs, and six
    columns of 32 bits, each as four planes of bytes.

    VMs are put in the order of their names, the tasks of a job in that of its VMs, and the VM of
    a task is told by its distance from that of the task before. Base 85 is that of `b85encode`
    with "/" instead of "<".
    """
    by_name = sorted(range(len(search.vms)), key=lambda vm: (search.names[vm], search.vms[vm]))
    rank = np.empty(len(by_name), dtype=np.int64)
    rank[by_name] = np.arange(len(by_name))
    job = search.job.astype(np.int64)
    vm = rank[search.vm]
    order = np.lexsort((vm, job))
    columns = {name: getattr(search, name).astype(np.int64)[order] for name in COLUMNS}
    columns["vm"] = np.diff(vm[order], prepend=0)
    ids = [search.vms[place] for place in by_name]
    uuids = "".join(filter(_UUID.fullmatch, ids)).replace("-", "")
    head = json.dumps(
        {
            "rows": len(job),
            "jobs": list(search.jobs),
            "servers": list(search.servers),
            "reasons": list(search.reasons),
            "vms": [None if _UUID.fullmatch(vm) else vm for vm in ids],
            "names": [search.names[place] for place in by_name],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    parts = [len(head).to_bytes(4, "little"), head, bytes.fromhex(uuids)]
    parts += [_planes(columns[name]) for name in COLUMNS]
    deflate = zlib.compressobj(9, wbits=-15)
    text = b85encode(deflate.compress(b"".join(parts)) + deflate.flush()).decode()
    return text.replace("<", "/")  # which could begin a tag


def _planes(column: NDArray[np.int64]) -> bytes:
    return column.astype("<i4").view(np.uint8).reshape(-1, 4).T.tobytes()


def search_rows(facts: ReportFacts) -> Search:
    """Return the columns of all tasks; no task is an object."""
    tasks, vms = facts.tasks, facts.estate.vms
    return Search(
        jobs=facts.estate.jobs["job"].tolist(),
        vms=vms["vm"].tolist(),
        names=vms["name"].tolist(),
        servers=facts.servers,
        reasons=facts.details.reasons,
        job=tasks.job,
        vm=tasks.vm,
        proxy=facts.proxy,
        tier=facts.plan.tier,
        protected=facts.protected.astype(np.int8),
        reason=facts.details.reason,
    )
