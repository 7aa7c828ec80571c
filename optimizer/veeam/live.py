"""The jobs and managed servers that a backup server lists, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from optimizer.https import HttpsError
from optimizer.veeam.revisions import Revision
from optimizer.veeam.session import Session

SERVERS = "backupInfrastructure/managedServers"
WINDOWS = ("WindowsHost", "HvServer")
COMPONENT = "GuestInteractionProxy"


@dataclass(frozen=True, slots=True)
class Listed:
    """A job or a server: ``fit`` where the revision lets it have, or be, such a proxy."""

    id: str
    name: str
    type: str
    fit: bool


class Named:
    """Finds what is listed by its name: exactly, or else whatever its case."""

    def __init__(self, items: Iterable[Listed]) -> None:
        self._exact: dict[str, list[Listed]] = defaultdict(list)
        self._folded: dict[str, list[Listed]] = defaultdict(list)
        for item in items:
            self._exact[item.name.strip()].append(item)
            self._folded[item.name.strip().casefold()].append(item)

    def find(self, name: str) -> list[Listed]:
        """Return all that have the name; of several, those that are fit if any is."""
        name = name.strip()
        found = self._exact.get(name) or self._folded.get(name.casefold(), [])
        return [item for item in found if item.fit] or found


@dataclass(frozen=True, slots=True)
class Live:
    """What the backup server lists now; ``server_names`` by lower-case id."""

    jobs: Named
    servers: Named
    server_names: dict[str, str]


def read_live(session: Session) -> Live:
    """Return the jobs and managed servers of now; raise HttpsError where they cannot be read."""
    types = session.revision.job_types
    jobs = _listed(session, "jobs", lambda job: job.get("type") in types)
    servers = _listed(session, SERVERS, lambda server: can_be_proxy(server, session.revision))
    return Live(Named(jobs), Named(servers), {each.id.lower(): each.name for each in servers})


def _listed(session: Session, path: str, fit: Callable[[dict[str, Any]], bool]) -> list[Listed]:
    found = []
    for page in session.pages(path):
        for item in page.items:
            id_, name, kind = (item.get(key) for key in ("id", "name", "type"))
            if not (isinstance(id_, str) and isinstance(name, str) and isinstance(kind, str)):
                reason = "lists something without id, name or type; check --revision"
                raise HttpsError(f"{page.url}: {reason}")
            found.append(Listed(id_, name, kind, fit(item)))
    return found


def can_be_proxy(server: dict[str, Any], revision: Revision) -> bool:
    """Return whether a job may name a managed server as its guest interaction proxy."""
    if server.get("type") in WINDOWS:
        return True
    optional = server.get("optionalComponents")
    parts = optional.get("optionalComponents") if isinstance(optional, dict) else None
    installed = isinstance(parts, list) and any(
        isinstance(part, dict) and part.get("optionalComponent") == COMPONENT for part in parts
    )
    return server.get("type") == "LinuxHost" and revision.linux_proxies and installed
