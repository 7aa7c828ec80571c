"""Writes ``firewall.csv``: a row for each port that has to be open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.ports import WHEN
from models.report import PortRule
from optimizer.outputs.csv_file import write_csv

VSPHERE = "ESXi hosts and vCenter Server"
COLUMNS = (
    "from", "to", "to_kind", "cidr", "port", "protocol", "purpose", "when", "failover",
    "same_network",
)  # fmt: skip
FLAGS = ("false", "true")


def write_firewall(rules: Sequence[PortRule], path: Path) -> None:
    """Write ``rules`` in their order, one row per port, with no port where none is known."""
    rows = [_cells(rule, port) for rule in rules for port in rule.ports or ("",)]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    write_csv(path, columns)


def _cells(rule: PortRule, port: str) -> tuple[str, ...]:
    return (
        rule.start,
        VSPHERE if rule.end_kind == "vsphere" else rule.end,
        rule.end_kind,
        rule.cidr,
        port,
        "TCP" if port else "",
        rule.purpose,
        WHEN[rule.when],
        FLAGS[rule.failover],
        FLAGS[rule.same_network],
    )
