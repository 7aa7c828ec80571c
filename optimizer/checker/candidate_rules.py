"""What single machines may do: candidates (S8), licence (S3), PowerShell Direct (S11), guests.

Written again from docs/rules.md on purpose: a slip in the planner's rules must not hide here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate

Flags = NDArray[np.bool_]

_WINDOWS_SERVER = re.compile(r"windows\s+server", re.IGNORECASE)
_RED_HAT_OR_ROCKY = re.compile(r"rhel|red\s*hat|rocky", re.IGNORECASE)
_LINUX = re.compile(r"linux|rhel|red\s*hat|rocky", re.IGNORECASE)
_SERVER_YEAR = re.compile(r"windows\s+server\D.*?(?<!\d)(20\d\d)(?!\d)", re.IGNORECASE)
_WINDOWS_10_OR_11 = re.compile(r"windows\s+1[01](?!\d)", re.IGNORECASE)
_LINUX_SERVES = {"v13": ("", "vmware", "hyperv")}  # platforms; in other rulesets all
_PROXY_OS = {"v12": (_WINDOWS_SERVER,), "v13": (_WINDOWS_SERVER, _RED_HAT_OR_ROCKY)}


def why_no_candidate(estate: Estate) -> list[str]:
    """Return for each server why it is no candidate, "" where it is one (S8, S9)."""
    allowed = _PROXY_OS[estate.settings.ruleset]
    reasons = []
    columns = ("managed", "available", "excluded", "os")
    for managed, available, excluded, os in zip(
        *(estate.servers[name].tolist() for name in columns), strict=True
    ):
        if not managed:
            reasons.append("not managed")
        elif not available:
            reasons.append("not available")
        elif excluded:
            reasons.append("excluded")
        elif not any(pattern.search(os) for pattern in allowed):
            reasons.append(f"its os {os!r} is not allowed by ruleset {estate.settings.ruleset}")
        else:
            reasons.append("")
    return reasons


def licensed(estate: Estate) -> Flags:
    """Return which servers the licence lets be a proxy, shape (servers,) (S3)."""
    settings = estate.settings
    if settings.license_type == "socket" and settings.license_edition == "standard":
        return estate.servers["backup_server"].to_numpy(dtype=np.bool_)
    return np.ones(len(estate.servers), dtype=np.bool_)


def speaks_powershell_direct(estate: Estate) -> Flags:
    """Return which servers may use PowerShell Direct at all, shape (servers,) (S11)."""
    versions = estate.servers["powershell_version"].tolist()
    systems = estate.servers["os"].tolist()
    return np.array(
        [
            estate.settings.powershell_direct and version >= 2 and not _LINUX.search(os)
            for version, os in zip(versions, systems, strict=True)
        ],
        dtype=np.bool_,
    )


@dataclass(frozen=True)
class Guests:
    """What guests ask of servers, by *guest*: a number that the servers and the ruleset decide.

    ``of_vm`` is each VM's, 0 where it asks for nothing. ``served`` and ``listable`` have shape
    (guests, servers): who may serve such a guest, and who may be in a list of a job that has one.
    ``gmsa`` tells those with a gMSA.
    """

    of_vm: NDArray[np.int64]
    served: Flags
    listable: Flags
    gmsa: Flags


def compute_guests(estate: Estate) -> Guests:
    """Compute what the guests of the VMs ask.

    A gMSA wants a Windows server of its domain, and no list may hold Linux with it. Linux serves
    Windows guests only of the platforms that the ruleset names.
    """
    systems, joined = estate.servers["os"].tolist(), estate.servers["domain"].tolist()
    known = ["", *sorted(set(joined) - {""})]
    elsewhere = len(known)  # a domain that no server is in
    open_to = _LINUX_SERVES.get(estate.settings.ruleset)
    place = {name: number for number, name in enumerate(known)}

    def per_text(column: str, test: Callable[[str], int]) -> NDArray[np.int64]:
        texts = estate.vms[column].cat
        return np.array([test(text) for text in texts.categories], dtype=np.int64)[texts.codes]

    windows = per_text("os", is_windows)
    closed = per_text("platform", lambda name: open_to is not None and name not in open_to)
    domain = per_text("gmsa_domain", lambda name: place.get(name, elsewhere))
    served = np.ones((2 * (elsewhere + 1), len(systems)), dtype=np.bool_)
    listable = served.copy()
    for server, (os, at) in enumerate(zip(systems, joined, strict=True)):
        for guest in range(len(served)):
            name, is_closed = guest // 2, guest % 2
            if name:
                served[guest, server] = is_windows(os) and name < elsewhere and at == known[name]
            if _LINUX.search(os):
                served[guest, server] &= not is_closed
                listable[guest, server] = not name
    return Guests(windows * (2 * domain + closed), served, listable, np.arange(len(served)) > 1)


def is_windows(os: str) -> bool:
    """Tell whether a VM's ``os`` is Windows (S5)."""
    return "windows" in os.lower()


def has_powershell_direct(os: str) -> bool:
    """Tell whether a guest is Windows 10, 11, or Windows Server of 2016 or later (S11)."""
    year = _SERVER_YEAR.search(os)
    if year:
        return int(year[1]) >= 2016
    return bool(_WINDOWS_10_OR_11.search(os))
