"""What differs between the revisions of the backup server's REST interface, as data."""

from __future__ import annotations

from dataclasses import dataclass

FLAGS = ("autoSelection", "autoSelectEnabled")  # both are read, whatever the revision
REPLICAS = frozenset({"VSphereReplica", "CloudDirectorBackup"})


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the interface.

    ``build`` is the first of the product that has it. ``flag`` says in a job whether its guest
    interaction proxies are selected automatically. ``job_types`` are those whose guest interaction
    proxies can be read and set. ``linux_proxies``: a job may name Linux servers, too.
    ``registered_only``: a job's list has to hold servers that have the component
    GuestInteractionProxy; there also is the cluster of backup servers. ``has_tasks``: there are
    task sessions with logs, the licence and WAN accelerators.
    """

    name: str
    build: tuple[int, ...]
    flag: str
    job_types: frozenset[str]
    linux_proxies: bool
    registered_only: bool
    has_tasks: bool


_V12 = frozenset({"Backup"})
_V13 = frozenset({"VSphereBackup", "HyperVBackup"}) | REPLICAS

REVISIONS = (  # the newest last
    Revision("1.1-rev0", (12, 0, 0, 1420), FLAGS[0], _V12, False, False, False),
    Revision("1.2-rev1", (12, 3, 1, 1139), FLAGS[1], _V12 | REPLICAS, False, False, True),
    Revision("1.3-rev0", (13, 0, 0, 4967), FLAGS[1], _V13, False, False, True),
    Revision("1.3-rev1", (13, 0, 1, 180), FLAGS[1], _V13, False, False, True),
    Revision("1.3-rev2", (13, 1, 0, 411), FLAGS[1], _V13, True, True, True),
)
NAMES = tuple(revision.name for revision in REVISIONS)


def revision_named(name: str) -> Revision:
    """Return the revision that is called ``name``, as in 1.3-rev1; KeyError where none is."""
    return {revision.name: revision for revision in REVISIONS}[name]


def revision_of_build(build: str) -> Revision | None:
    """Return the newest revision that a build has; None before the first, or where it is no build.

    >>> revision_of_build("12.3.2.3617").name
    '1.2-rev1'
    """
    parts = build.strip().split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    number = tuple(map(int, parts))
    return next((each for each in reversed(REVISIONS) if each.build <= number), None)
