"""Five weeks: the figures of the weeks that follow choices, what a change touches replayed anew.

Groups of tasks that share servers form a *component*; the backup server ties nothing, as what it
gets does not depend on its load. Figures have shape (weeks, outcomes and load).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_plan import WEEKS, Servers, WeekFigures
from optimizer.lists.backup_load import BackupLoad
from optimizer.lists.compiled import (
    COUNTLESS,
    FAILED,
    FAILED_OVER,
    ON_BACKUP,
    OUTCOMES,
    OVERLOAD,
    PEAK,
    ServerArrays,
    begin_group,
    replay,
)
from optimizer.lists.compiled_offers import components_of, in_order_of_jobs
from optimizer.lists.offerings import Offering, Offerings
from optimizer.lists.timelines import Timelines
from optimizer.lists.week_jobs import DESCENDING_ORDER, DESCENDING_TIES, WeekJob, WeekServers

UNLIMITED = np.int64(1 << 40)
FIGURES = PEAK + 1
OFFERING_WORK, REPLAY_WORK = 200, 200
WORK_PER_MICROSECOND = 100
ALL_WEEKS = tuple(range(WEEKS))
AWAY: Servers = (-1,)  # instead of a choice: the job is not there, as it is split
NO_COMPONENT = -1
NOWHERE = np.zeros(0, dtype=np.intp)
Groups = NDArray[np.int32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Component:
    """Groups (numbers) of some ``jobs`` that share ``servers``, and what they come to.

    ``figures`` has shape (weeks, figures); ``change`` is how the backup server's load changes by
    them, if it does, ``by_server`` the overload of each server in all weeks.
    """

    groups: Groups
    jobs: NDArray[np.int32]
    servers: Indices
    figures: Counts
    change: Counts | None
    by_server: Counts

    @property
    def overload(self) -> int:
        """Return its overload in all weeks."""
        return int(self.figures[:, OVERLOAD].sum())


@dataclass(frozen=True, slots=True)
class Weeks:
    """The five weeks that follow from ``choices``, one for each job.

    ``figures`` has shape (weeks, outcomes, overload and peak); ``component_of`` has the component
    of each place, `NO_COMPONENT` for none, ``peaks`` theirs, shape (components, weeks). ``backup``
    has the backup server's overload and peak.
    """

    choices: tuple[Servers, ...]
    figures: Counts
    offerings: tuple[Offering, ...]
    components: tuple[Component, ...]
    component_of: Indices
    peaks: Counts
    backup_change: Counts
    backup: tuple[Counts, Counts]


class FiveWeeks:
    """Replays the five weeks of an estate whose jobs (in order of name) are given choices.

    ``work`` counts dispatches, larger for larger ones: a clock that is the same everywhere.
    """

    def __init__(
        self, servers: WeekServers, jobs: Sequence[WeekJob], own_work: Sequence[WeekJob]
    ) -> None:
        self.jobs, self.servers = tuple(jobs), servers
        self.work = 0
        self._offerings = Offerings(self.jobs, servers.own, len(servers.code))
        self._offered: dict[tuple[int, Servers], Offering] = {}
        self._timelines = Timelines(self.jobs)
        self._components: dict[bytes, Component] = {}
        self.limit = np.where(servers.limit >= 0, servers.limit, UNLIMITED)
        self._server_arrays = ServerArrays(servers.running, self.limit)
        others = servers.candidate & (np.arange(len(servers.code)) != servers.own)
        idle = np.maximum(servers.running - self.limit, 0)
        self._idle_overload = int(idle[others].sum()) * WEEK
        self.idle_peak = int(servers.running[others].max(initial=0))
        self._starts = np.array([len(job.starts[0]) for job in self.jobs], dtype=np.int64)
        self._backup = BackupLoad(servers, self.jobs, own_work)

    def offering(self, job: int, choice: Servers) -> Offering:
        """Return what a job offers its tasks with this choice."""
        key = job, choice
        if key not in self._offered:
            self._offered[key] = (
                self._offerings.nothing(job)
                if choice == AWAY
                else self._offerings.offer(job, self.servers.mask(choice))
            )
            self.work += OFFERING_WORK
        return self._offered[key]

    def tasks_of(self, group: int) -> int:
        """Return how many tasks a group has."""
        return int(self._offerings.groups.tasks[group])

    def servers_of(self, group: int) -> NDArray[np.intp]:
        """Return the places that some task of a group is offered."""
        return self._offerings.servers[group]

    def begin(self, offering: Offering, load: Counts) -> Counts:
        """Return how many tasks each place begins to run at one start of the nominal week.

        ``load`` is what all places run.
        """
        begun, outcomes = np.zeros_like(load), np.zeros(OUTCOMES, dtype=np.int64)
        begun[self.servers.own] += offering.outcomes[ON_BACKUP]
        for group in offering.groups:
            cells = self._offerings.servers[group]
            some = np.zeros(len(cells), dtype=np.int64)
            begin_group(
                group, self._offerings.jobs, self._offerings.groups, load[cells], some, outcomes
            )
            begun[cells] += some
            begun[self.servers.own] += outcomes[ON_BACKUP]
        return begun

    def replay(self, choices: Sequence[Servers]) -> Weeks:
        """Replay the five weeks of these choices."""
        offerings = tuple(self.offering(job, choice) for job, choice in enumerate(choices))
        figures = np.zeros((WEEKS, FIGURES), dtype=np.int64)
        change = self._backup.own_change.copy()
        for job, offering in enumerate(offerings):
            figures[:, :OUTCOMES] += offering.outcomes * self._starts[job]
            self._take_always(change, job, int(offering.outcomes[ON_BACKUP]))
        groups = [group for offering in offerings for group in offering.groups]
        components = self._components_of(np.array(groups, dtype=np.int32))
        figures[:, OVERLOAD] = self._idle_overload
        for component in components:
            figures[:, :PEAK] += component.figures[:, :PEAK]
            if component.change is not None:
                change += component.change
        backup = self._backup.load(change)
        figures[:, OVERLOAD] += backup[0]
        figures[:, PEAK] = self._peak(components, backup)
        return self._weeks(tuple(choices), figures, offerings, components, change)

    def figures_after(
        self,
        weeks: Weeks,
        moves: Mapping[int, Servers],
        only: Sequence[int] = ALL_WEEKS,
        if_no_worse: bool = False,
    ) -> Counts:
        """Return the figures of ``weeks`` with other choices for some jobs.

        Those of other weeks than ``only`` mean nothing, nor do, with ``if_no_worse``, those of a
        week with more overload: it has failures without number.
        """
        if self._alike(weeks, moves):
            return weeks.figures
        touched, groups = self._touch(weeks, moves)
        most = [COUNTLESS] * WEEKS
        if if_no_worse:
            gone = [weeks.components[part].figures[:, OVERLOAD] for part in touched]
            most = sum(gone, weeks.backup[0]).tolist()
        made = [self._replay(groups, keep=False, weeks=only, most=most)] if len(groups) else []
        return self._after(weeks, moves, touched, made)[0]

    def change(self, weeks: Weeks, moves: Mapping[int, Servers]) -> Weeks:
        """Replay ``weeks`` with other choices for some jobs: only what that touches."""
        choices, offerings = list(weeks.choices), list(weeks.offerings)
        for job, choice in moves.items():
            choices[job], offerings[job] = choice, self.offering(job, choice)
        if self._alike(weeks, moves):
            return replace(weeks, choices=tuple(choices), offerings=tuple(offerings))
        touched, groups = self._touch(weeks, moves)
        made = self._components_of(groups)
        figures, change = self._after(weeks, moves, touched, made)
        gone = set(touched)
        stay = [part for number, part in enumerate(weeks.components) if number not in gone]
        return self._weeks(tuple(choices), figures, tuple(offerings), [*stay, *made], change)

    def _alike(self, weeks: Weeks, moves: Mapping[int, Servers]) -> bool:
        """Tell whether the moves have no effect."""
        return all(
            weeks.offerings[job].effect == self.offering(job, choice).effect
            for job, choice in moves.items()
        )

    def _touch(self, weeks: Weeks, moves: Mapping[int, Servers]) -> tuple[list[int], Groups]:
        """Return the components that the moves touch, and what groups these then have."""
        gone = [group for job in moves for group in weeks.offerings[job].groups]
        come = [
            group for job, choice in moves.items() for group in self.offering(job, choice).groups
        ]
        every = self._offerings.servers
        places = np.concatenate([NOWHERE, *(every[group] for group in (*gone, *come))])
        touched = sorted(set(weeks.component_of[places].tolist()) - {NO_COMPONENT})
        is_gone = np.zeros(len(every), dtype=np.bool_)
        is_gone[gone] = True
        groups = [weeks.components[part].groups for part in touched]
        stay = [of_part[~is_gone[of_part]] for of_part in groups]
        return touched, np.concatenate([*stay, np.array(come, dtype=np.int32)])

    def _after(
        self,
        weeks: Weeks,
        moves: Mapping[int, Servers],
        touched: Sequence[int],
        made: Sequence[Component],
    ) -> tuple[Counts, Counts]:
        """Return all figures, and the backup server's changes, after components are replaced.

        Those ``made`` take the place of those that are ``touched``.
        """
        figures, change = weeks.figures.copy(), weeks.backup_change.copy()
        for job, choice in moves.items():
            more = self.offering(job, choice).outcomes - weeks.offerings[job].outcomes
            if more.any():
                figures[:, :OUTCOMES] += more * self._starts[job]
                self._take_always(change, job, int(more[ON_BACKUP]))
        gone = [weeks.components[part] for part in touched]
        for sign, components in ((-1, gone), (1, made)):
            for component in components:
                figures[:, :PEAK] += sign * component.figures[:, :PEAK]
                if component.change is not None:
                    change += sign * component.change
        backup = weeks.backup
        if (change != weeks.backup_change).any():
            backup = self._backup.load(change)
            figures[:, OVERLOAD] += backup[0] - weeks.backup[0]
        stay = np.ones(len(weeks.peaks), dtype=np.bool_)
        stay[touched] = False
        peaks = weeks.peaks.max(axis=0, initial=0, where=stay[:, None])
        figures[:, PEAK] = np.maximum(self._peak(made, backup), peaks)
        return figures, change

    def _take_always(self, change: Counts, job: int, tasks: int) -> None:
        if tasks:
            for week, starts in enumerate(self.jobs[job].starts):
                for start in starts:
                    self._backup.take(change, self.jobs[job], week, start, tasks)

    def _peak(self, components: Sequence[Component], backup: tuple[Counts, Counts]) -> Counts:
        """Return the peak in each week of idle servers, these components, the backup server."""
        highest = np.maximum(backup[1], self.idle_peak)
        for component in components:
            highest = np.maximum(highest, component.figures[:, PEAK])
        return highest

    def _weeks(
        self,
        choices: tuple[Servers, ...],
        figures: Counts,
        offerings: tuple[Offering, ...],
        components: Sequence[Component],
        change: Counts,
    ) -> Weeks:
        component_of = np.full(len(self.servers.code), NO_COMPONENT, dtype=np.intp)
        for number, component in enumerate(components):
            component_of[component.servers] = number
        peaks = np.array([component.figures[:, PEAK] for component in components])
        return Weeks(
            choices=choices,
            figures=figures,
            offerings=offerings,
            components=tuple(components),
            component_of=component_of,
            peaks=peaks.reshape(-1, WEEKS),
            backup_change=change,
            backup=self._backup.load(change),
        )

    def _components_of(self, groups: Groups) -> list[Component]:
        """Return the components of ``groups``, each replayed once."""
        if not len(groups):
            return []
        label = components_of(groups, self._offerings.groups, len(self.servers.code))
        order = np.argsort(label, kind="stable")
        cuts = np.flatnonzero(np.diff(label[order])) + 1
        made = []
        for part in np.split(groups[order], cuts):
            part.sort()
            key = part.tobytes()
            if key not in self._components:
                self._components[key] = self._replay(part, keep=True)
            made.append(self._components[key])
        return made

    def _replay(
        self,
        groups: Groups,
        keep: bool,
        outcomes: Counts | None = None,
        weeks: Sequence[int] = ALL_WEEKS,
        most: Sequence[int] = (COUNTLESS,) * WEEKS,
    ) -> Component:
        """Replay groups as one component, in these ``weeks``.

        ``outcomes``, shape (weeks, jobs, outcomes), get those of each job. A week with more than
        the ``most`` overload is left off.
        """
        self.work += REPLAY_WORK
        store = self._offerings
        arrays = store.groups
        chosen, cells, first_of_job, jobs = in_order_of_jobs(groups, arrays, len(self.jobs))
        if keep:
            store.make_room(chosen)
        figures = np.zeros((WEEKS, FIGURES), dtype=np.int64)
        change = np.zeros_like(self._backup.own_change)
        by_server = np.zeros(len(self.servers.code), dtype=np.int64)
        timeline = self._timelines.of(jobs)
        for week in weeks:
            ids, cut = timeline[week]
            by_group = np.zeros((len(chosen), OUTCOMES), dtype=np.int64)
            work = replay(
                store.jobs, arrays, self._server_arrays, self._timelines.actions[week],
                chosen, cells, first_of_job, ids, cut, DESCENDING_TIES[week],
                DESCENDING_ORDER[week], store.kept(week), keep, most[week], self._backup.at[week],
                figures[week], by_group, by_server, change,
            )  # fmt: skip
            self.work += int(work) // WORK_PER_MICROSECOND + 1
            if outcomes is not None:
                np.add.at(outcomes[week], arrays.job[chosen], by_group)
        servers = NOWHERE
        if keep:
            servers = np.unique(np.concatenate([store.servers[group] for group in chosen.tolist()]))
        used = change if change.any() else None
        return Component(groups, jobs, servers, figures, used, by_server[servers])

    def overload_by_place(self, weeks: Weeks) -> Counts:
        """Return the overload of each place in all weeks, but for the backup server's."""
        overload = np.zeros(len(self.servers.code), dtype=np.int64)
        for component in weeks.components:
            overload[component.servers] = component.by_server
        return overload

    def missed_by_job(self, weeks: Weeks) -> Counts:
        """Return how many tasks of each job picked a server that does not connect, in all weeks."""
        fixed = [offering.outcomes[[FAILED, FAILED_OVER]].sum() for offering in weeks.offerings]
        every = self.outcomes_by_job(weeks)[:, :, [FAILED, FAILED_OVER]].sum(axis=(0, 2))
        return np.asarray(every - WEEKS * self._starts * np.array(fixed, dtype=np.int64))

    def outcomes_by_job(self, weeks: Weeks) -> Counts:
        """Return the outcomes of each job in each week, shape (weeks, jobs, outcomes)."""
        fixed = [offering.outcomes for offering in weeks.offerings]
        of_job = np.array(fixed, dtype=np.int64).reshape(-1, OUTCOMES) * self._starts[:, None]
        found = np.repeat(of_job[None], WEEKS, axis=0)
        for component in weeks.components:
            self._replay(component.groups, keep=False, outcomes=found)
        return found


def week_figures(weeks: Weeks, changed: int) -> tuple[WeekFigures, ...]:
    """Return the figures of the five weeks, with so many jobs changed."""
    return tuple(
        WeekFigures(*(*row, changed))
        for row in np.delete(weeks.figures, ON_BACKUP, axis=1).tolist()
    )
