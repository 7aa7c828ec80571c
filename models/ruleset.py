"""The product's eligibility rules, as data: what may be a proxy, and what may be reached how.

The four tiers (S14) and the failover to the backup server (S16) are the same in every ruleset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PLATFORMS = ("vmware", "hyperv")
OTHER_PLATFORMS = ("hypercore", "nutanix", "proxmox")  # whose pages let no Linux server be a proxy
POWERSHELL_DIRECT_SINCE = 2016
POWERSHELL_NEEDED = 2

_WINDOWS = re.compile("windows", re.IGNORECASE)
_WINDOWS_SERVER = re.compile(r"windows\s+server", re.IGNORECASE)
_RHEL_LIKE = re.compile(r"rhel|red\s*hat|rocky", re.IGNORECASE)
_LINUX = re.compile(r"linux|rhel|red\s*hat|rocky", re.IGNORECASE)
_MAYBE_WINDOWS = re.compile(
    r"\bwin(?!e\b)|^w\s?s?[\s_-]?(?:2k|20\d\d|19\d\d|1[019]\b|7\b|8\b|xp\b|nt)|^w2k|"
    r"(?:server|svr|srv)[\s_-]*20\d\d\b|\bmicrosoft\b|^ms\b|\bhyper-?v\b|\bsbs\b|^2k\d|"
    r"^20(?:0[038]|1[269]|2[25])\b",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(r"#.*[!?A-Z]|n/?a|unknown|none|null|-+|\?+", re.IGNORECASE)
_SERVER_MARK = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|2k\d*|serve?r|svr|srv|datacenter|standard|essentials",
    re.IGNORECASE,
)
_GUEST_CLIENT = re.compile(r"windows\s+1[01]\b", re.IGNORECASE)
_GUEST_SERVER = re.compile(r"windows\s+server\b.*?\b(20\d\d)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One version's rules: the operating systems of a proxy (S8), and what is assumed.

    A Linux server serves Windows guests of the ``linux_platforms`` only, "" being an unknown one;
    None are all.
    """

    name: str
    proxy_os: tuple[re.Pattern[str], ...]
    linux_platforms: frozenset[str] | None = None
    assumptions: tuple[str, ...] = ()

    def may_be_proxy(self, os: str) -> bool:
        """Tell whether a machine with this ``os`` may be a proxy (S8)."""
        return any(pattern.search(os) for pattern in self.proxy_os)


RULESETS = {
    "v12": Ruleset("v12", (_WINDOWS_SERVER,)),
    "v13": Ruleset(
        "v13",
        (_WINDOWS_SERVER, _RHEL_LIKE),
        frozenset({"", *PLATFORMS}),
        (
            "a Linux proxy connects to Windows guests of VMware and Hyper-V by network, never with "
            "a gMSA, and to none of other platforms; the vendor's pages disagree about it",
        ),
    ),
}


def is_windows(os: str) -> bool:
    """Tell whether a VM runs Windows, which only a proxy may then serve (S5)."""
    return _WINDOWS.search(os) is not None


def is_maybe_windows(os: str) -> bool:
    """Tell whether ``os`` looks like Windows, or like no system, and is not taken for Windows.

    >>> [is_maybe_windows(os) for os in ("W2022", "winNetStandardGuest", "#N/A", "Ubuntu", "")]
    [True, True, True, False, False]
    """
    if not os or is_windows(os) or is_linux(os):
        return False
    return _MAYBE_WINDOWS.search(os) is not None or _NO_SYSTEM.fullmatch(os) is not None


def is_maybe_windows_server(os: str) -> bool:
    """Tell whether a server's ``os`` looks like Windows Server and is not written so.

    >>> systems = ("Windows_Server_2019", "windows9Server64Guest", "2019", "Windows 11")
    >>> [is_maybe_windows_server(os) for os in systems]
    [True, True, True, False]
    """
    if _WINDOWS_SERVER.search(os):
        return False
    return is_maybe_windows(os) or (is_windows(os) and _SERVER_MARK.search(os) is not None)


def is_linux(os: str) -> bool:
    """Tell whether a server runs Linux, which has no PowerShell Direct (S11)."""
    return _LINUX.search(os) is not None


def guest_has_powershell_direct(os: str) -> bool:
    """Tell whether a guest is Windows 10, 11, or Windows Server 2016 or later (S11)."""
    server = _GUEST_SERVER.search(os)
    if server is not None:
        return int(server.group(1)) >= POWERSHELL_DIRECT_SINCE
    return _GUEST_CLIENT.search(os) is not None
