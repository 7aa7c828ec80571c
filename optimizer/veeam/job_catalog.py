"""The jobs and managed servers that a backup server lists, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import GipError
from optimizer.veeam.api_revisions import Revision
from optimizer.veeam.client import Session
from optimizer.veeam.job_payload import ProxySelection
from optimizer.veeam.responses import objects, text

JOBS = "jobs"
SERVERS = "backupInfrastructure/managedServers"
WINDOWS = ("WindowsHost", "HvServer")
HOSTS = (*WINDOWS, "LinuxHost")
COMPONENT = "guestinteractionproxy"
NOT_INSTALLED = -1

Item = Mapping[str, Any]


class ListError(GipError):
    """What is listed is not what the interface says: where, what, what to do."""


@dataclass(frozen=True, slots=True)
class ListedItem:
    """A job or a server: ``fit`` where the revision lets it have, or be, such a proxy."""

    id: str
    name: str
    type: str
    fit: bool


class NameIndex:
    """Finds what is listed by its name: exactly, or else whatever its case.

    A name that repeats has the id behind it where `gip import veeam` made the estate.
    """

    def __init__(self, items: Iterable[ListedItem]) -> None:
        self._exact: dict[str, list[ListedItem]] = defaultdict(list)
        self._folded: dict[str, list[ListedItem]] = defaultdict(list)
        for item in items:
            self._exact[item.name.strip()].append(item)
            self._exact[f"{item.name.strip()} ({item.id})"].append(item)
            self._folded[item.name.strip().casefold()].append(item)

    def find(self, name: str) -> list[ListedItem]:
        """Return all that have the name; of several, those that are fit if any is."""
        name = name.strip()
        found = self._exact.get(name) or self._folded.get(name.casefold(), [])
        return [item for item in found if item.fit] or found


@dataclass(frozen=True, slots=True)
class JobCatalog:
    """What the backup server lists now; ``server_names`` by lower-case id."""

    jobs: NameIndex
    servers: NameIndex
    server_names: dict[str, str]

    def names_of(self, chosen: ProxySelection) -> tuple[str, ...]:
        """Return the servers of a selection by name; by id those that are no longer listed."""
        return tuple(self.server_names.get(each.lower(), each) for each in chosen.proxies)


def read_live(session: Session) -> JobCatalog:
    """Return the jobs and managed servers of now; raise HttpsError or ListError."""
    return build_catalog(session.revision, *items(session), session.base)


def items(session: Session) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the bodies of all jobs and managed servers; raise HttpsError."""
    jobs, servers = (
        [item for page in session.pages(path) for item in page.items] for path in (JOBS, SERVERS)
    )
    return jobs, servers


def build_catalog(
    revision: Revision, jobs: Iterable[Item], servers: Iterable[Item], place: str
) -> JobCatalog:
    """Return jobs and servers as a revision lists them; ``place`` is where they were listed.

    Raises ListError where one lacks what every revision tells.
    """
    types = revision.job_types
    found = _listed(jobs, place, lambda job: job.get("type") in types)
    hosts = _listed(servers, place, lambda server: can_be_proxy(server, revision))
    return JobCatalog(
        NameIndex(found), NameIndex(hosts), {each.id.lower(): each.name for each in hosts}
    )


def _listed(items: Iterable[Item], place: str, fit: Callable[[Item], bool]) -> list[ListedItem]:
    found = []
    for item in items:
        id_, name, kind = (item.get(key) for key in ("id", "name", "type"))
        if not (isinstance(id_, str) and isinstance(name, str) and isinstance(kind, str)):
            reason = "lists something without id, name or type; check --revision"
            raise ListError(f"{place}: {reason}")
        found.append(ListedItem(id_, name, kind, fit(item)))
    return found


def can_be_proxy(server: Item, revision: Revision) -> bool:
    """Return whether a job may name a managed server as its guest interaction proxy."""
    if server.get("type") in WINDOWS:
        return has_component(server) or not revision.registered_only
    return server.get("type") == "LinuxHost" and revision.linux_proxies and has_component(server)


def has_component(server: Item) -> bool:
    """Return whether a managed server has the component GuestInteractionProxy."""
    ports = {
        text(one, "componentName").lower(): one.get("port")
        for one in objects(server, "networkSettings", "components")
    }
    optional = {
        text(one, "optionalComponent").lower()
        for one in objects(server, "optionalComponents", "optionalComponents")
    }
    return ports.get(COMPONENT, NOT_INSTALLED) != NOT_INSTALLED or COMPONENT in optional
