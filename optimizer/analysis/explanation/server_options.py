"""Lists the options of a task: each server with connection, path, load and what ranks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.estate import Codes
from models.plan import NETWORK, NO_CONNECTION, POWERSHELL_DIRECT
from optimizer.analysis.explanation.capacity import ServerCapacity
from optimizer.analysis.explanation.obstacles import Fact, Obstacles
from optimizer.analysis.explanation.routes import Routes
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tiers import Eligibility

LEFT_OUT = Fact("aims", "has room; a later aim's tolerance or the time limit left it out")
UNPROTECTED = Fact("S16", "one broken link would cut it and the backup server off")
OTHER_SITE = Fact("S7", "at another site than the VM")
BALANCE = Fact("S15", "as good; peak, balance and moves weigh the loads of all servers")


@dataclass(frozen=True, slots=True)
class ServerOption:
    """What one server (a code) is to a task.

    ``tier`` is 0 without a ``connection`` (which indexes `CONNECTIONS`); ``path`` names the
    networks and routers on the way to the VM, or to its host. ``load`` is what it runs at its
    worst moment of the task's job, which begins at minute ``at`` of the week. ``reasons`` say
    what keeps it out, or ranks it lower; the one that is chosen has none.
    """

    server: int
    chosen: bool
    tier: int
    connection: int
    path: tuple[str, ...]
    load: int
    at: int
    reasons: tuple[Fact, ...]


def server_options(
    context: PlanningContext,
    proxy: Codes,
    task: int,
    obstacles: Sequence[Obstacles],
    capacity: ServerCapacity,
    paths: Routes,
) -> tuple[ServerOption, ...]:
    """Return every server, the chosen one first, then by tier and name.

    ``proxy`` is the plan's, a server code per task, -1 for none; ``obstacles`` are per server.
    """
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    vm, chosen = int(tasks.vm[task]), int(proxy[task])
    profile = int(eligibility.profile[vm])
    tiers = [max(tier, 0) for tier in eligibility.tier[profile].tolist()]
    names = estate.servers["server"].tolist()
    sets, number = estate.network_sets, estate.servers["network_set"].tolist()
    host = int(estate.vms["host_code"].iloc[vm])
    places = {
        NETWORK: sets[estate.vms["network_set"].iloc[vm]],
        POWERSHELL_DIRECT: sets[number[host]] if host >= 0 else (),
    }

    def reasons(server: int) -> Iterator[Fact]:
        at, tier, best = obstacles[server], tiers[server], tiers[chosen] if chosen >= 0 else 5
        yield from at.own
        if not at.connects:
            yield from (*at.network, *(at.direct if at.hyperv else ()))
        if not at.none:
            return
        full = capacity.obstacles(server)
        if tier > best:
            yield Fact("S14", f"tier {tier} comes after tier {best}")
        elif not full:
            yield _among_equals(eligibility, profile, server, chosen) if tier == best else LEFT_OUT
        yield from full

    def option(server: int) -> ServerOption:
        connection = NO_CONNECTION
        if tiers[server]:
            by_network = eligibility.by_network[profile, server]
            connection = NETWORK if by_network else POWERSHELL_DIRECT
        path = paths.path(sets[number[server]], places.get(connection, ()))
        load, minute = capacity.busiest(server)
        return ServerOption(
            server=server,
            chosen=server == chosen,
            tier=tiers[server],
            connection=connection,
            path=tuple(path or ()),
            load=load + (server == chosen),
            at=minute,
            reasons=() if server == chosen else tuple(reasons(server)),
        )

    def rank(server: int) -> tuple[bool, int, bytes]:
        return server != chosen, tiers[server] or 5, names[server].encode()

    return tuple(option(server) for server in sorted(range(len(names)), key=rank))


def _among_equals(eligibility: Eligibility, profile: int, server: int, chosen: int) -> Fact:
    """Say what tells a server from the ``chosen`` one of the same tier."""
    for facts, reason in (
        (eligibility.protected, UNPROTECTED),
        (eligibility.same_site, OTHER_SITE),
    ):
        if facts[profile, chosen] and not facts[profile, server]:
            return reason
    return BALANCE
