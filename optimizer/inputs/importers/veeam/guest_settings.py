"""Reads what a job's settings say of single guests: their gMSA, and whether success is required."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from optimizer.veeam.responses import Item, at, objects, text, truth

MANAGED = "managedservice"
UNKNOWN_DOMAIN = "unknown"
REQUIREMENTS = {"requiresuccess": "require_success", "ignorefailures": "ignore_failures"}
Key = tuple[str, str]


class GuestSettings:
    """What one job says of its objects; ``domains`` gives the domain of each gMSA by its id."""

    def __init__(self, job: Item, domains: Mapping[str, str]) -> None:
        guest = at(job, "guestProcessing")
        aware = at(guest, "appAwareProcessing") or at(guest, "applicationAwareProcessing")
        self._domains = domains
        self._vss = {
            key_of(at(one, "vmObject")): REQUIREMENTS.get(text(one, "vss").lower(), "")
            for one in objects(aware, "appSettings")
        }
        self._all = self._domain([at(guest, "guestCredentials", "credentials")])
        machines = objects(guest, "guestCredentials", "credentialsPerMachine")
        self._account = {
            key_of(at(one, "vmObject")): self._domain([one, *objects(one, "credentials")])
            for one in machines
            if truth(one, "default") is not True
        }
        settings = [*objects(aware, "appSettings"), *machines]
        self.vms = [
            at(one, "vmObject") for one in settings
            if text(one, "vmObject", "type").lower() == "virtualmachine"
        ]  # fmt: skip

    def vss(self, found: Item) -> str:
        """Return whether an object requires success, "" where that is not known."""
        return self._vss.get(key_of(found), "")

    def gmsa_domain(self, found: Item) -> str:
        """Return the domain of an object's gMSA, "" where it has none."""
        return self._account.get(key_of(found), self._all)

    def _domain(self, credentials: Iterable[object]) -> str:
        for one in credentials:
            if text(one, "credentialsType").lower() == MANAGED:
                return self._domains.get(text(one, "credentialsId").lower(), UNKNOWN_DOMAIN)
        return ""


def key_of(found: object) -> Key:
    """Return what tells an object of the infrastructure from others."""
    return text(found, "hostName").lower(), text(found, "objectId") or text(found, "name")


def uses_gmsa(jobs: Iterable[Item]) -> bool:
    """Tell whether some job reaches a guest through a gMSA."""
    for job in jobs:
        settings = GuestSettings(job, {})
        if any(map(settings.gmsa_domain, [{}, *settings.vms])):
            return True
    return False


def gmsa_domains(credentials: Iterable[Item]) -> dict[str, str]:
    """Return the domain of each account by its id, where its name tells.

    >>> gmsa_domains([{"id": "7", "username": "CORP\\\\a$"}, {"id": "8", "username": "a$@B.test"}])
    {'7': 'corp', '8': 'b.test'}
    """
    found = {}
    for one in credentials:
        name = text(one, "username").lower()
        domain, backslash, _ = name.partition("\\")
        if not backslash:
            domain = name.partition("@")[2]
        if domain:
            found[text(one, "id").lower()] = domain
    return found
