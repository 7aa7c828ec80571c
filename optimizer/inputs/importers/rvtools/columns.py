"""The columns of RVTools that are read: their names, their words, and what is assumed without.

Names are without case, signs and the tab's name, as `plain_name` has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from optimizer.inputs.importers.closed_sets import ClosedSet, flags

TABS = ("vInfo", "vNetwork")
# Excel calls a second sheet of a name "vInfo (2)".
SHEETS = re.compile(rf"(tab)?({'|'.join(TABS)})( \(\d+\))?", re.IGNORECASE)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("vm", "vmname"),
    "uuid": ("vmuuid", "uuid"),
    "number": ("vmid", "objectid"),
    "vcenter": ("visdkuuid", "visdkserver"),
    "power": ("powerstate",),
    "connection": ("connectionstate",),
    "template": ("template",),
    "placeholder": ("srmplaceholder",),
    "tools_os": ("osaccordingtothevmwaretools", "ostools"),
    "config_os": ("osaccordingtotheconfigurationfile", "os"),
    "datacenter": ("datacenter",),
    "manager": ("visdkserver",),
    "cluster": ("cluster",),
    "host": ("host",),
    "folder": ("folder",),
    "pool": ("resourcepool",),
}
ADDRESSES = {
    "vInfo": ("primaryipaddress",),
    "vNetwork": ("ipv4address", "ip4address", "ipaddress", "ipv6address", "ip6address"),
}
PORT_GROUPS = {
    "vInfo": tuple(f"network{number}" for number in range(1, 9)),
    "vNetwork": ("network", "name"),
}
MARKS = {  # columns that tell a tab, whatever it is called
    "vNetwork": {"ipv4address", "ip4address", "niclabel"},
    "vInfo": {"primaryipaddress", "nics"},
}
FITS = {  # columns of which a sheet that has the tab's name has one, beside VM
    "vNetwork": {*ADDRESSES["vNetwork"], "network", "niclabel", "adapter", "macaddress"},
    "vInfo": {
        *MARKS["vInfo"], "powerstate", "template", "dnsname", "guestid", "cpus", "memory",
        "osaccordingtothevmwaretools", "osaccordingtotheconfigurationfile", "os",
    },
}  # fmt: skip
POWER = ClosedSet(
    {"poweredon": "on", "poweredoff": "off", "suspended": "off"},
    "poweredOn, poweredOff or suspended", "on",
)  # fmt: skip
CONNECTION = ClosedSet(
    {"connected": "connected"}
    | dict.fromkeys(("disconnected", "orphaned", "inaccessible", "invalid"), "gone"),
    "connected, disconnected, orphaned, inaccessible or invalid", "connected",
)  # fmt: skip
CLOSED = {  # field: its words, and what others are taken for
    "power": (POWER, "taken as powered on"),
    "connection": (CONNECTION, "taken as connected"),
    "template": (flags("false"), "taken as no template"),
    "placeholder": (flags("false"), "taken as no placeholder"),
}
WITHOUT = {  # field: its column in RVTools, and what is assumed where a vInfo lacks it
    "uuid": ("VM UUID", "ids are made of vCenter and VM ID, or of names"),
    "number": ("VM ID", "jobs' VMs are found by name only"),
    "vcenter": ("VI SDK UUID or VI SDK Server", "all VMs are taken to be one vCenter's"),
    "power": ("Powerstate", "every VM is taken as powered on"),
    "connection": ("Connection state", "every VM is taken as connected"),
    "template": ("Template", "none is taken for a template"),
    "placeholder": ("SRM Placeholder", "none is taken for a placeholder"),
    "tools_os": ("OS according to the VMware Tools", "the configured system counts"),
    "config_os": ("OS according to the configuration file", "the system that tools tell counts"),
    "datacenter": ("Datacenter", "guessed networks have no site"),
    "cluster": ("Cluster", "jobs that take in clusters find none"),
    "host": ("Host", "jobs that take in hosts find none"),
    "folder": ("Folder", "jobs that take in folders find none"),
    "addresses": ("Primary IP Address", "addresses come from vNetwork only"),
}
WITHOUT_NIC = (  # the same of a vNetwork, where names of columns differ
    (("ipv4address", "ip4address", "ipaddress"), "IPv4 Address", "it tells no IPv4 addresses"),
    (("ipv6address", "ip6address", "ipaddress"), "IPv6 Address", "it tells no IPv6 addresses"),
    (("network", "name"), "Network", "it tells no port groups"),
)
PLACES = frozenset({"datacenter", "cluster", "host", "folder"})  # of WITHOUT, what decides little
EXAMPLES = {
    "vInfo": "Primary IP Address, Powerstate or OS according to the VMware Tools",
    "vNetwork": "IPv4 Address or Network",
}


def plain_name(tab: str, name: str) -> str:
    """Return a column's name as `FIELDS` has it.

    >>> plain_name("vInfo", "Primary IP Address"), plain_name("vInfo", "vInfoPrimaryIPAddress")
    ('primaryipaddress', 'primaryipaddress')
    """
    plain = re.sub(r"[\W_]", "", name).lower().removeprefix(tab.lower())
    return "vm" if plain == "vmname" else plain
