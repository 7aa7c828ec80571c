"""The user's choices of ``estate.toml``; every one has a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from models.aims import AIMS
from models.week_plan import ListWishes


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asks for, beside the tables.

    ``failover_tasks`` None means: the backup server's own ``max_tasks``.
    ``tolerance`` maps an aim to the exact share of its value that later aims may give back.
    ``lists`` is what is wished of the choices of jobs.
    """

    name: str = ""
    ruleset: str = "v12"
    license_type: Literal["vul", "socket"] = "vul"
    license_edition: Literal["standard", "enterprise", "enterprise_plus"] = "enterprise"
    powershell_direct: bool = True
    failover_capacity: Literal["report", "enforce"] = "report"
    failover_survive: Literal["server", "site"] = "server"
    failover_tasks: int | None = None
    balance: Literal["tasks", "utilisation"] = "tasks"
    objectives: tuple[str, ...] = tuple(AIMS)
    tolerance: Mapping[str, Decimal] = field(default_factory=dict)
    lists: ListWishes = field(default_factory=ListWishes)

    @property
    def proxies_licensed(self) -> bool:
        """Tell whether the licence lets any machine but the backup server be a proxy (S3)."""
        return self.license_type == "vul" or self.license_edition != "standard"

    def slack(self, aim: str, value: int) -> int:
        """Return how much of ``value`` the aims after ``aim`` may give back: floor(r * v)."""
        return int(self.tolerance.get(aim, Decimal(0)) * value)
