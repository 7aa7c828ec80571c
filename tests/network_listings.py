"""Prefixes of NetBox and the rows that listings give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import settings

from models.imported_tables import Inventory

SHARED = Path(__file__).parents[2] / "shared/data"
scarce = settings(max_examples=max(50, settings().max_examples // 10))


def prefix(cidr: str, **more: Any) -> dict[str, Any]:
    return {"prefix": cidr, "status": {"value": "active"}, "vrf": None, **more}


def rows(inventory: Inventory, table: str = "networks") -> list[tuple[str, ...]]:
    return [tuple(row) for row in inventory.tables[table].itertuples(index=False)]


def codes(inventory: Inventory) -> list[tuple[str, str]]:
    """Return what was told, but for the keys that the short answers here lack."""
    told = [(finding.code, finding.subject) for finding in inventory.findings]
    return [(code, subject) for code, subject in told if code != "absent_keys"]
