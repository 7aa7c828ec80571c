"""The ports of guest processing, by ruleset and by how a server connects to a guest, as data.

All are TCP. The list of v13 follows the vendor's page of used ports; no such page of v12 was at
hand, so its list is that of a public script and `UNOFFICIAL` says so. What it calls 443 and 145
where 445 and 135 are meant is corrected. For PowerShell Direct, which goes through the guest's
host, neither names a port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ends = Literal["to_proxy", "to_guest", "from_guest", "to_vsphere", "to_host"]

WHEN = {
    "always": "always",
    "non_persistent": "unless the job uses the persistent guest agent",
    "persistent_agent": "if the job uses the persistent guest agent",
    "log_processing": "the job processes transaction logs",
    "sql_oracle": "the job processes logs of SQL Server or Oracle",
    "smb1": "the job processes logs of SQL Server or Oracle and the guest speaks SMB 1 only",
    "admin_credentials": "if the proxy is added with an administrator's credentials",
    "certificate": "if the proxy is added by certificate",
    "ssh": "if the proxy is added by SSH",
    "hyperv_host": "the proxy is a Hyper-V host",
    "vix": "if the guest is reached through vSphere instead of its network",
    "unconfirmed": "named by a public list only",
    "unknown": "no port of PowerShell Direct through this host is known here; ask the vendor",
}
LOGS = frozenset({"log_processing", "sql_oracle", "smb1"})
UNOFFICIAL = frozenset({"v12"})


@dataclass(frozen=True, slots=True)
class PortUse:
    """What ``ports`` are for, between which ends, and ``when`` (`WHEN`): single ones or ranges."""

    ends: Ends
    purpose: str
    ports: tuple[str, ...]
    when: str = "always"


POWERSHELL_DIRECT = PortUse("to_host", "powershell_direct", (), "unknown")

PORTS = {
    "v12": (
        PortUse("to_proxy", "control", ("6190",)),
        PortUse("to_proxy", "control", ("6290",), "unconfirmed"),
        PortUse("to_proxy", "deploy_proxy", ("445",)),
        PortUse("to_guest", "deploy_runtime", ("135", "445")),
        PortUse("to_guest", "dynamic_rpc", ("49152-65535",)),
        PortUse("to_guest", "channels", ("2500-3300",)),
        PortUse("from_guest", "channels", ("2500-3300",)),
        PortUse("to_guest", "log_shipping", ("137-139", "6167"), "sql_oracle"),
        PortUse("to_vsphere", "vsphere", ("443",), "vix"),
        POWERSHELL_DIRECT,
    ),
    "v13": (
        PortUse("to_proxy", "control", ("6190",), "non_persistent"),
        PortUse("to_proxy", "managed_server", ("6160", "6162")),
        PortUse("to_proxy", "managed_server", ("6163",), "hyperv_host"),
        PortUse("to_proxy", "deploy_proxy", ("135", "445"), "admin_credentials"),
        PortUse("to_proxy", "deploy_proxy", ("6160",), "certificate"),
        PortUse("to_proxy", "deploy_proxy", ("22",), "ssh"),
        PortUse("to_guest", "deploy_runtime", ("135", "445"), "non_persistent"),
        PortUse("to_guest", "runtime", ("6173",), "non_persistent"),
        PortUse("to_guest", "agent", ("6160", "11731"), "persistent_agent"),
        PortUse("to_guest", "channels", ("2500-3300",), "log_processing"),
        PortUse("to_guest", "log_shipping", ("6167",), "sql_oracle"),
        PortUse("to_guest", "log_shipping", ("137", "139"), "smb1"),
        PortUse("to_vsphere", "vsphere", ("443",), "vix"),
        POWERSHELL_DIRECT,
    ),
}
