"""The week inside a plan's lists when something is lost: what the product then does by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.estate import Estate
from optimizer.eligibility.failures import Losses, estate_after
from optimizer.simulation import simulate


@dataclass(frozen=True, slots=True)
class WeekOutcome:
    """What becomes of the runs of all Windows tasks in the nominal week.

    ``kept`` are served by a server that they pick, ``failed_over`` are those that the backup server
    takes over, ``lost`` have nobody, ``gone`` are those whose VM is. ``overload_minutes`` are
    task-minutes above ``max_tasks`` of candidates and the backup server that still run.
    """

    kept: int
    failed_over: int
    lost: int
    gone: int
    overload_minutes: int


class WeekInLists:
    """The nominal week of ``estate`` inside ``lists``: jobs, by name, to servers (codes)."""

    def __init__(self, estate: Estate, lists: Mapping[str, tuple[int, ...]]) -> None:
        self._estate, self._lists = estate, lists
        self.before = self._replay(Losses())

    def outcome(self, losses: Losses) -> WeekOutcome:
        """Replay the week without what is lost: each run picks among what is left (S13 to S16)."""
        left = self._replay(losses)
        return replace(left, gone=_runs(self.before) - _runs(left))

    def _replay(self, losses: Losses) -> WeekOutcome:
        week = simulate(estate_after(self._estate, losses), self._lists)
        return WeekOutcome(
            kept=len(week.runs) - week.failed_over - week.failed,
            failed_over=week.failed_over,
            lost=week.failed,
            gone=0,
            overload_minutes=sum(
                minutes for server, minutes in week.overload.items() if server not in losses.servers
            ),
        )


def _runs(week: WeekOutcome) -> int:
    return week.kept + week.failed_over + week.lost
