"""The ports of guest processing, by ruleset and by how a server connects to a guest, as data.

All are TCP, each with its `SOURCES`. The list of v13 follows the vendor's page of used ports. That
page of v12 was not at hand: its list is that of the vendor's plug-ins, which kept the older form,
and of a public script, so that `UNOFFICIAL` has it. What the script calls 443 and 145 where 445 and
135 are meant is corrected. For PowerShell Direct, which goes through the guest's host, none names
a port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ends = Literal["to_proxy", "to_guest", "from_guest", "to_vsphere", "to_host"]
Source = Literal["used_ports", "plug_ins", "public_script", "none"]

SOURCES: dict[Source, str] = {
    "used_ports": "Veeam Backup & Replication 13.0.2.29, used ports, guest processing components",
    "plug_ins": "Veeam plug-ins for Nutanix AHV 13.9.0.212 and Proxmox VE 13.3.0.237, used ports",
    "public_script": "yetanothermightytool/powershell, vbr-port-lister/services.txt, 2023-03-22",
    "none": "none known",
}
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
    "plug_in": "the proxy serves VMs of another platform than VMware and Hyper-V",
    "vix": "if the guest is reached through vSphere instead of its network",
    "unknown": "no port of PowerShell Direct through this host is known here; ask the vendor",
}
LOGS = frozenset({"log_processing", "sql_oracle", "smb1"})
UNOFFICIAL = frozenset({"v12"})


@dataclass(frozen=True, slots=True)
class PortUse:
    """What ``ports`` are for, between which ends, ``when`` (`WHEN`), and who says so."""

    ends: Ends
    purpose: str
    ports: tuple[str, ...]
    source: Source
    when: str = "always"


POWERSHELL_DIRECT = PortUse("to_host", "powershell_direct", (), "none", "unknown")

PORTS = {
    "v12": (
        PortUse("to_proxy", "control", ("6190", "6290"), "plug_ins"),
        PortUse("to_proxy", "deploy_proxy", ("445",), "plug_ins"),
        PortUse("to_guest", "deploy_runtime", ("135", "445"), "plug_ins"),
        PortUse("to_guest", "dynamic_rpc", ("49152-65535",), "plug_ins"),
        PortUse("to_guest", "channels", ("2500-3300",), "plug_ins"),
        PortUse("from_guest", "channels", ("2500-3300", "6162"), "plug_ins"),
        PortUse("to_guest", "agent", ("2500", "6160", "6173", "11731"), "plug_ins",
                "persistent_agent"),
        PortUse("to_guest", "log_shipping", ("137-139", "6167"), "public_script", "sql_oracle"),
        PortUse("to_vsphere", "vsphere", ("443",), "public_script", "vix"),
        POWERSHELL_DIRECT,
    ),
    "v13": (
        PortUse("to_proxy", "control", ("6190",), "used_ports", "non_persistent"),
        PortUse("to_proxy", "control", ("6290",), "plug_ins", "plug_in"),
        PortUse("to_proxy", "managed_server", ("6160", "6162"), "used_ports"),
        PortUse("to_proxy", "managed_server", ("6163",), "used_ports", "hyperv_host"),
        PortUse("to_proxy", "deploy_proxy", ("135", "445"), "used_ports", "admin_credentials"),
        PortUse("to_proxy", "deploy_proxy", ("6160",), "used_ports", "certificate"),
        PortUse("to_proxy", "deploy_proxy", ("22",), "used_ports", "ssh"),
        PortUse("to_guest", "deploy_runtime", ("135", "445"), "used_ports", "non_persistent"),
        PortUse("to_guest", "runtime", ("6173",), "used_ports", "non_persistent"),
        PortUse("to_guest", "agent", ("6160", "6173", "11731"), "used_ports", "persistent_agent"),
        PortUse("to_guest", "channels", ("2500-3300",), "used_ports", "log_processing"),
        PortUse("to_guest", "log_shipping", ("6167", "6173"), "used_ports", "sql_oracle"),
        PortUse("to_guest", "log_shipping", ("137", "139"), "used_ports", "smb1"),
        PortUse("to_vsphere", "vsphere", ("443",), "used_ports", "vix"),
        POWERSHELL_DIRECT,
    ),
}  # fmt: skip
