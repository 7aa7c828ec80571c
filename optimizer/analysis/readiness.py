"""Says whether an estate can be planned, and what it would cost to plan it as it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import EstateError
from models.estate import Estate
from models.plan import UNKNOWN, WINDOWS
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.inputs.estate_folder.reader import read_estate


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands in the way of a plan, or what a plan would lack.

    ``blocking`` are the problems that reading the estate has, none where it can be planned. Of its
    VMs with guest work, ``vms``, counted are those that would have no proxy: of unknown system, of
    unknown networks, and those that no server reaches. ``linked`` tells whether links are given.
    """

    blocking: tuple[str, ...] = ()
    vms: int = 0
    unknown_os: int = 0
    unknown_networks: int = 0
    unreached: int = 0
    linked: bool = True

    @property
    def unserved(self) -> int:
        """Return how many VMs would stay without a proxy."""
        return self.unknown_os + self.unknown_networks + self.unreached

    def record(self) -> dict[str, Any]:
        """Return the same as a document."""
        return asdict(self) | {"can_plan": not self.blocking, "unserved": self.unserved}


def readiness_of(folder: Path) -> Readiness:
    """Return whether the estate in ``folder`` can be planned."""
    try:
        return readiness(read_estate(folder))
    except EstateError as error:
        return Readiness(tuple(map(str, error.problems)))


def readiness(estate: Estate) -> Readiness:
    """Return what a plan of ``estate`` would lack."""
    tasks = find_tasks(estate)
    eligibility = compute_eligibility(estate, Network(estate))
    ways = eligibility.tier[:, eligibility.usable] > 0  # shape (profiles, servers)
    served = np.asarray(ways.any(axis=1))
    vms = np.unique(tasks.vm[tasks.kind == WINDOWS])
    alone = ~served[eligibility.profile[vms]]
    nowhere = estate.vms["network_set"].to_numpy()[vms] == 0
    unknown = np.unique(tasks.vm[tasks.kind == UNKNOWN])
    return Readiness(
        vms=len(np.unique(tasks.vm)),
        unknown_os=len(unknown),
        unknown_networks=int((alone & nowhere).sum()),
        unreached=int((alone & ~nowhere).sum()),
        linked=estate.links is not None,
    )
