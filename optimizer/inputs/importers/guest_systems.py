"""Words the ids that hypervisors give to Windows as inventories do, so that they are recognised.

An id that says Windows itself, such as windows_2022x64, needs no entry. What is not listed stays
as it is, and reading the estate tells of systems that look like Windows and are not written so.
"""

from __future__ import annotations

import pandas as pd

_SERVER = "Microsoft Windows Server"
VSPHERE = {
    "win31Guest": "Microsoft Windows 3.1",
    "win95Guest": "Microsoft Windows 95",
    "win98Guest": "Microsoft Windows 98",
    "winMeGuest": "Microsoft Windows Me",
    "winNTGuest": "Microsoft Windows NT",
    "win2000ProGuest": "Microsoft Windows 2000 Professional",
    "win2000ServGuest": "Microsoft Windows 2000 Server",
    "win2000AdvServGuest": "Microsoft Windows 2000 Advanced Server",
    "winXPHomeGuest": "Microsoft Windows XP Home",
    "winXPProGuest": "Microsoft Windows XP Professional (32-bit)",
    "winXPPro64Guest": "Microsoft Windows XP Professional (64-bit)",
    "winNetWebGuest": f"{_SERVER} 2003 Web (32-bit)",
    "winNetStandardGuest": f"{_SERVER} 2003 Standard (32-bit)",
    "winNetStandard64Guest": f"{_SERVER} 2003 Standard (64-bit)",
    "winNetEnterpriseGuest": f"{_SERVER} 2003 (32-bit)",
    "winNetEnterprise64Guest": f"{_SERVER} 2003 (64-bit)",
    "winNetDatacenterGuest": f"{_SERVER} 2003 Datacenter (32-bit)",
    "winNetDatacenter64Guest": f"{_SERVER} 2003 Datacenter (64-bit)",
    "winNetBusinessGuest": "Microsoft Small Business Server 2003, Windows",
    "winVistaGuest": "Microsoft Windows Vista (32-bit)",
    "winVista64Guest": "Microsoft Windows Vista (64-bit)",
    "winLonghornGuest": f"{_SERVER} 2008 (32-bit)",
    "winLonghorn64Guest": f"{_SERVER} 2008 (64-bit)",
    "windows7Guest": "Microsoft Windows 7 (32-bit)",
    "windows7_64Guest": "Microsoft Windows 7 (64-bit)",
    "windows7Server64Guest": f"{_SERVER} 2008 R2 (64-bit)",
    "windows8Guest": "Microsoft Windows 8 (32-bit)",
    "windows8_64Guest": "Microsoft Windows 8 (64-bit)",
    "windows8Server64Guest": f"{_SERVER} 2012 (64-bit)",
    "windows9Guest": "Microsoft Windows 10 (32-bit)",
    "windows9_64Guest": "Microsoft Windows 10 (64-bit)",
    "windows9Server64Guest": f"{_SERVER} 2016 (64-bit)",
    "windows11_64Guest": "Microsoft Windows 11 (64-bit)",
    "windows12_64Guest": "Microsoft Windows 12 (64-bit)",
    "windows2019srv_64Guest": f"{_SERVER} 2019 (64-bit)",
    "windows2019srvNext_64Guest": f"{_SERVER} 2022 (64-bit)",
    "windows2022srvNext_64Guest": f"{_SERVER} 2025 (64-bit)",
    "windowsHyperVGuest": "Microsoft Windows Hyper-V",
}
PROXMOX = {  # each stands for clients and servers of one age
    "wxp": "Microsoft Windows XP or 2003",
    "w2k": "Microsoft Windows 2000",
    "w2k3": f"{_SERVER} 2003",
    "w2k8": f"{_SERVER} 2008 or Windows Vista",
    "wvista": "Microsoft Windows Vista or 2008",
    "win7": "Microsoft Windows 7 or 2008 R2",
    "win8": "Microsoft Windows 8 or 2012",
    "win10": "Microsoft Windows 10, 2016 or 2019",
    "win11": "Microsoft Windows 11, 2022 or 2025",
}
_KNOWN = {name.casefold(): text for name, text in (VSPHERE | PROXMOX).items()}


def worded(systems: pd.Series[str]) -> pd.Series[str]:
    """Return the ``systems`` with the ids of hypervisors in words.

    >>> worded(pd.Series(["winNetStandardGuest", "Ubuntu"])).tolist()
    ['Microsoft Windows Server 2003 Standard (32-bit)', 'Ubuntu']
    """
    texts = {text: worded_one(text) for text in map(str, systems.unique())}
    return systems.map(texts).astype("str")


def worded_one(system: str) -> str:
    """Return one of the systems that `worded` returns."""
    return _KNOWN.get(system.casefold(), system)
