"""The plan: which server serves each task, and how good that is proven to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.aims import Proof
from models.diagnostics import Finding
from models.estate import Codes, Estate

Reason = Literal[
    "unknown_os", "unknown_network", "no_candidate", "not_reachable", "job_proxies", "capacity",
    "failover_capacity",
]  # fmt: skip

Unassigned = tuple[int, Reason, str]

WINDOWS, OTHER, UNKNOWN = 0, 1, 2
NETWORK, POWERSHELL_DIRECT, NO_CONNECTION = 0, 1, 2
CONNECTIONS = ("network", "powershell_direct", "")


@dataclass(frozen=True, slots=True)
class Tasks:
    """Every task of an estate, sorted by job name and VM id in byte order; all arrays aligned.

    ``kind`` is `WINDOWS` (planned), `OTHER` (the backup server's own work, S5) or `UNKNOWN`
    (empty ``os``). ``current`` is today's server, -1 where it is gone or not given;
    ``has_current`` tells whether `current.csv` speaks of the task, ``previous`` by what name.
    A row may stand for several tasks that are alike, ``count`` of them.
    """

    job: Codes
    vm: Codes
    kind: NDArray[np.int8]
    has_current: NDArray[np.bool_]
    current: Codes
    previous: NDArray[np.object_]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.job)


@dataclass(frozen=True, slots=True)
class AimResult:
    """How well one aim was reached.

    ``value`` is that of the plan as written, ``best`` what was reached when it was the aim's
    turn; ``bound`` is what no plan can better, given the aims before; ``proven`` when ``best``
    meets it; ``conditional`` where an aim before is not proven: what is said of this one is then
    said of the plans that keep what was reached there. ``proof`` is what the bound rests on.
    """

    aim: str
    value: int
    best: int
    bound: int
    proven: bool
    proof: Proof
    seconds: float
    conditional: bool = False


@dataclass(frozen=True)
class Plan:
    """A proxy for every task that can have one; arrays aligned with ``tasks``.

    ``proxy`` is a server code, -1 where unassigned; ``tier`` 0 where there is none (S14);
    ``connection`` indexes `CONNECTIONS`; ``failover`` is the backup server's code where it can
    take over (S16), else -1. ``unassigned`` lists (task, reason, detail). ``candidate`` is per
    server.
    """

    estate: Estate
    tasks: Tasks
    proxy: Codes
    tier: NDArray[np.int8]
    connection: NDArray[np.int8]
    protected: NDArray[np.bool_]
    failover: Codes
    candidate: NDArray[np.bool_]
    unassigned: Sequence[Unassigned]
    aims: Sequence[AimResult]
    findings: Sequence[Finding]
