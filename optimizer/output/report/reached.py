"""Finds what each server in use has to reach: networks of VMs, hosts of PowerShell Direct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes
from models.plan import CONNECTIONS, NETWORK, POWERSHELL_DIRECT
from optimizer.eligibility.reachability import Matrix, Network
from optimizer.output.report.facts import ReportFacts


@dataclass(frozen=True, slots=True)
class Reach:
    """A need to reach: from a ``server`` to a network or another server (``end``, a code).

    ``logs``: for jobs that process logs; ``failover``: only where the backup server takes over
    (S16).
    """

    server: int
    kind: Literal["network", "server"]
    end: int
    logs: bool
    failover: bool


class ReachTable:
    """Finds what servers reach for the tasks of a plan."""

    def __init__(self, facts: ReportFacts) -> None:
        self._facts = facts
        estate = facts.estate
        self._sets = [frozenset(members) for members in estate.network_sets]
        self._of_server = estate.servers["network_set"].tolist()

    def all(self) -> Iterator[Reach]:
        """Yield what the proxies reach, then what the backup server must reach as well."""
        facts, own = self._facts, self._facts.estate.backup_server
        yield from self._for(facts.assigned, facts.proxy, False)
        yield from self._for(facts.failover, np.full(len(facts.tasks), own, np.int32), True)

    def shares(self, server: int, network: int) -> bool:
        """Tell whether a server is in a network."""
        return network in self._sets[self._of_server[server]]

    def share(self, server: int, other: int) -> bool:
        """Tell whether two servers have a network in common."""
        return not self._sets[self._of_server[server]].isdisjoint(
            self._sets[self._of_server[other]]
        )

    def _for(self, which: NDArray[np.bool_], server: Codes, failover: bool) -> Iterator[Reach]:
        facts, estate = self._facts, self._facts.estate
        vm, server = facts.tasks.vm[which], server[which]
        logs = estate.jobs["log_processing"].to_numpy()[facts.tasks.job[which]]
        how = facts.eligibility.connection(facts.profile[which], server)
        sets = estate.vms["network_set"].to_numpy()[vm]
        host = np.where(how == POWERSHELL_DIRECT, estate.vms["host_code"].to_numpy()[vm], -1)
        # The distinct needs, as one number each: few of them stand for very many tasks.
        columns = (server, how, sets, host + 1, logs)
        servers = len(estate.servers)
        sizes = (servers, len(CONNECTIONS), len(self._sets), servers + 1, 2)
        kinds = pd.unique(np.ravel_multi_index(columns, sizes))
        rows = np.stack(np.unravel_index(kinds, sizes), axis=1)
        for one, connection, members, through, log in rows.tolist():
            if connection == NETWORK:
                for network in self._entered(one, members):
                    yield Reach(one, "network", network, bool(log), failover)
            elif connection == POWERSHELL_DIRECT and through - 1 != one:
                yield Reach(one, "server", through - 1, bool(log), failover)

    def _entered(self, server: int, members: int) -> list[int]:
        """Return the networks of a VM by which a server reaches it.

        Those that it is in itself, or else all that it reaches.
        """
        shared = self._sets[members] & self._sets[self._of_server[server]]
        if shared:
            return sorted(shared)
        return [n for n in sorted(self._sets[members]) if self._reaches[n, server]]

    @cached_property
    def _reaches(self) -> Matrix:
        """Return which network is reached by which server, shape (networks, servers)."""
        estate = self._facts.estate
        sets = [*estate.network_sets, *((network,) for network in range(len(estate.networks)))]
        alone = np.arange(len(estate.network_sets), len(sets), dtype=np.int32)
        network = Network(replace(estate, network_sets=sets))
        return network.reaches(estate.servers["network_set"].to_numpy(), alone)
