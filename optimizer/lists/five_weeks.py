"""Five weeks: the figures of the weeks that follow choices, what a change touches replayed anew.

Groups of tasks that share servers form a *component*; the backup server ties nothing, as what it
gets does not depend on its load. Figures have shape (weeks, outcomes and load).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.estate import Estate
from models.week import WEEK
from models.week_plan import WEEKS, Servers, WeekFigures
from optimizer.lists.dispatch import ON_BACKUP, OUTCOMES, OfferGroup, Offering, Offerings, dispatch
from optimizer.lists.timelines import Segment, segments
from optimizer.lists.week_jobs import DESCENDING_ORDER, DESCENDING_TIES, WeekJob, WeekServers

OVERLOAD, PEAK = OUTCOMES, OUTCOMES + 1
UNLIMITED = np.int64(1 << 40)
Member = tuple[int, OfferGroup]
Taken = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Replayed:
    """What a segment comes to: ``sums`` of outcomes and overload, and the ``peak``; ``by_job``
    the outcomes of each job. ``taken`` has (minute, job, tasks) that the backup server takes."""

    sums: Counts
    peak: int
    taken: tuple[tuple[int, int, int], ...]
    by_job: Mapping[int, Counts]


@dataclass(frozen=True, slots=True)
class Component:
    """Groups that share servers, and what they come to: ``figures``, shape (weeks, figures), and
    how many tasks the backup server ``taken`` has: (week, minute, job, tasks)."""

    members: tuple[Member, ...]
    servers: int
    figures: Counts
    taken: tuple[Taken, ...]

    @property
    def numbers(self) -> set[int]:
        """Return the numbers of its groups."""
        return {group.number for _, group in self.members}

    @property
    def overload(self) -> int:
        """Return its overload in all weeks."""
        return int(self.figures[:, OVERLOAD].sum())


@dataclass(frozen=True, slots=True)
class Weeks:
    """The five weeks that follow from ``choices``, one for each job.

    ``figures`` has shape (weeks, outcomes, overload and peak).
    """

    choices: tuple[Servers, ...]
    figures: Counts
    offerings: tuple[Offering, ...]
    components: tuple[Component, ...]
    backup_change: Counts


class FiveWeeks:
    """Replays the five weeks of an estate whose jobs (in order of name) are given choices.

    ``work`` counts dispatches, larger for larger ones: a clock that is the same everywhere.
    """

    def __init__(
        self,
        estate: Estate,
        servers: WeekServers,
        jobs: Sequence[WeekJob],
        own_work: Sequence[WeekJob],
    ) -> None:
        self.jobs, self.servers = tuple(jobs), servers
        self.work = 0
        self._offerings = Offerings(servers.own)
        self._offered: dict[tuple[int, Servers], Offering] = {}
        self._segments: dict[tuple[int, ...], tuple[tuple[Segment, ...], ...]] = {}
        self._components: dict[tuple[int, ...], Component] = {}
        self._replayed: dict[tuple[object, ...], _Replayed] = {}
        self.dispatched: dict[tuple[bool, bool, int, bytes], tuple[Counts, Counts]] = {}
        self.limit = np.where(servers.limit >= 0, servers.limit, UNLIMITED)
        self._backup_counts = servers.candidate[servers.own]
        others = servers.candidate & (np.arange(len(servers.code)) != servers.own)
        idle = np.maximum(servers.running - self.limit, 0)
        self._idle_overload = int(idle[others].sum()) * WEEK
        self.idle_peak = int(servers.running[others].max(initial=0))
        self._grid(own_work)

    def _grid(self, own_work: Sequence[WeekJob]) -> None:
        """Prepare the backup server's week: its minutes of change, and each job's starts there."""
        minutes = [
            {0}.union(
                *(
                    {start, (start + job.duration) % WEEK}
                    for job in (*self.jobs, *own_work)
                    for start in job.starts[week]
                )
            )
            for week in range(WEEKS)
        ]
        width = max(map(len, minutes))
        self._at = np.zeros((WEEKS, WEEK), dtype=np.int64)
        self._lasts = np.zeros((WEEKS, width), dtype=np.int64)
        for week, found in enumerate(minutes):
            ordered = np.array(sorted(found))
            self._at[week, ordered] = np.arange(len(ordered)) + week * width
            self._lasts[week, : len(ordered)] = np.diff(ordered, append=WEEK)
        self._own_change = np.zeros(WEEKS * width, dtype=np.int64)
        for job in (*self.jobs, *own_work):
            if job.own_tasks:
                for week, starts in enumerate(job.starts):
                    for start in starts:
                        self.take(self._own_change, job, week, start, job.own_tasks)

    def take(self, change: Counts, job: WeekJob, week: int, start: int, tasks: int) -> None:
        """Add ``tasks`` that the backup server runs from ``start`` on to its changes of load."""
        at, end = self._at[week], start + job.duration
        change[at[start]] += tasks
        if end < WEEK:
            change[at[end]] -= tasks
        else:
            change[at[0]] += tasks
            change[at[end - WEEK]] -= tasks

    def offering(self, job: int, choice: Servers) -> Offering:
        """Return what a job offers its tasks with this choice."""
        key = job, choice
        if key not in self._offered:
            allowed = self.servers.mask(choice)
            self._offered[key] = self._offerings.offer(job, self.jobs[job], allowed)
        return self._offered[key]

    def replay(self, choices: Sequence[Servers]) -> Weeks:
        """Replay the five weeks of these choices."""
        offerings = tuple(self.offering(job, choice) for job, choice in enumerate(choices))
        change = self._own_change.copy()
        for job, offering in enumerate(offerings):
            self.take_always(change, job, int(offering.outcomes[ON_BACKUP]))
        members = [
            (job, group) for job, offering in enumerate(offerings) for group in offering.groups
        ]
        components = self._partition(members)
        for component in components:
            self.take_over(change, component, 1)
        return self._weeks(tuple(choices), offerings, components, change)

    def change(self, weeks: Weeks, moves: Mapping[int, Servers]) -> Weeks:
        """Replay ``weeks`` with other choices for some jobs: only what that touches."""
        offerings, choices = list(weeks.offerings), list(weeks.choices)
        change = weeks.backup_change
        before = [group.number for job in moves for group in offerings[job].groups]
        always = []
        for job, choice in moves.items():
            always.append((job, -int(offerings[job].outcomes[ON_BACKUP])))
            choices[job], offerings[job] = choice, self.offering(job, choice)
            always.append((job, int(offerings[job].outcomes[ON_BACKUP])))
        added = [(job, group) for job in moves for group in offerings[job].groups]
        if all(weeks.offerings[job].effect == offerings[job].effect for job in moves):
            return Weeks(tuple(choices), weeks.figures, tuple(offerings), weeks.components, change)
        self.work += 200
        touched = 0
        for _, group in added:
            touched |= bits_of(group)
        stay, pool = [], []
        gone = set(before)
        for component in weeks.components:
            if component.servers & touched or not gone.isdisjoint(
                group.number for _, group in component.members
            ):
                pool.append(component)
            else:
                stay.append(component)
        members = [
            member for component in pool for member in component.members if member[0] not in moves
        ]
        made = self._partition(sorted([*members, *added], key=lambda member: member[1].number))
        moved = [(job, tasks) for job, tasks in always if tasks]
        if moved or any(component.taken for component in [*pool, *made]):
            change = change.copy()
            for job, tasks in moved:
                self.take_always(change, job, tasks)
            for component in pool:
                self.take_over(change, component, -1)
            for component in made:
                self.take_over(change, component, 1)
        return self._weeks(tuple(choices), tuple(offerings), [*stay, *made], change)

    def take_always(self, change: Counts, job: int, tasks: int) -> None:
        """Add to ``change`` so many tasks of a job that are always taken over."""
        if tasks:
            for week, starts in enumerate(self.jobs[job].starts):
                for start in starts:
                    self.take(change, self.jobs[job], week, start, tasks)

    def take_over(self, change: Counts, component: Component, sign: int) -> None:
        """Add to ``change`` what a component leaves to the backup server, or take it away."""
        for week, start, job, tasks in component.taken:
            self.take(change, self.jobs[job], week, start, sign * tasks)

    def _weeks(
        self,
        choices: tuple[Servers, ...],
        offerings: tuple[Offering, ...],
        components: Sequence[Component],
        change: Counts,
    ) -> Weeks:
        """Add up what components, choices and the backup server come to."""
        figures = np.zeros((WEEKS, PEAK + 1), dtype=np.int64)
        fixed = np.zeros(OUTCOMES, dtype=np.int64)
        for job, offering in zip(self.jobs, offerings, strict=True):
            fixed += offering.outcomes * len(job.starts[0])
        figures[:, :OUTCOMES] = fixed
        figures[:, OVERLOAD] = self._idle_overload
        peak = np.full(WEEKS, self.idle_peak)
        for component in components:
            figures += component.figures
            np.maximum(peak, component.figures[:, PEAK], out=peak)
        overload, busiest = self.backup_load(change)
        figures[:, OVERLOAD] += overload
        peak = np.maximum(peak, busiest)
        figures[:, PEAK] = peak
        return Weeks(choices, figures, offerings, tuple(components), change)

    def backup_load(self, change: Counts) -> tuple[Counts, Counts]:
        """Return the overload of the backup server in each week, and its peak if it counts."""
        own = self.servers.own
        load = change.reshape(WEEKS, -1).cumsum(axis=1) + self.servers.running[own]
        limit = self.limit[own]
        overload = (np.maximum(load - limit, 0) * self._lasts).sum(axis=1)
        peak = np.zeros(WEEKS, dtype=np.int64)
        if self._backup_counts:
            busiest = np.where(self._lasts > 0, load, 0).max(axis=1)
            peak[:] = busiest
        return overload, peak

    def _partition(self, members: Sequence[Member]) -> list[Component]:
        """Return the components of ``members``, each replayed once."""
        parts: list[tuple[int, list[Member]]] = []
        for member in members:
            servers, own = bits_of(member[1]), [member]
            apart = []
            for part in parts:
                if part[0] & servers:
                    servers |= part[0]
                    own = part[1] + own
                else:
                    apart.append(part)
            parts = [*apart, (servers, own)]
        return [self._component(servers, part) for servers, part in parts]

    def _component(self, servers: int, members: list[Member]) -> Component:
        members.sort(key=lambda member: member[1].number)
        key = tuple(group.number for _, group in members)
        if key not in self._components:
            self._components[key] = self._replay_component(servers, tuple(members))
        return self._components[key]

    def _replay_component(self, servers: int, members: tuple[Member, ...]) -> Component:
        figures = np.zeros((WEEKS, PEAK + 1), dtype=np.int64)
        taken: list[Taken] = []
        for week, segment, replayed in self._in_weeks(members):
            times = len(segment.at)
            figures[week, :PEAK] += replayed.sums * times
            figures[week, PEAK] = max(figures[week, PEAK], replayed.peak)
            taken += [
                (week, (begin + start) % WEEK, job, tasks)
                for start, job, tasks in replayed.taken
                for begin in segment.at
            ]
        return Component(members, servers, figures, tuple(taken))

    def _in_weeks(self, members: tuple[Member, ...]) -> list[tuple[int, Segment, _Replayed]]:
        """Return each segment of each week of a component, replayed."""
        jobs = tuple(sorted({job for job, _ in members}))
        found = []
        for week, of_week in enumerate(self.segments(jobs)):
            variant = DESCENDING_TIES[week], DESCENDING_ORDER[week]
            for segment in of_week:
                there = segment.jobs
                here = [member for member in members if member[0] in there]
                key = (*variant, segment.shape, tuple(group.number for _, group in here))
                if key not in self._replayed:
                    self._replayed[key] = self._replay_segment(segment, here, *variant)
                found.append((week, segment, self._replayed[key]))
        return found

    def segments(self, jobs: tuple[int, ...]) -> tuple[tuple[Segment, ...], ...]:
        """Return the segments of the five weeks in which only these jobs run."""
        if jobs not in self._segments:
            self._segments[jobs] = segments(self.jobs, jobs)
        return self._segments[jobs]

    def _replay_segment(
        self, segment: Segment, members: Sequence[Member], ties: bool, order: bool
    ) -> _Replayed:
        """Replay one segment; all servers are as if nothing ran before."""
        servers = np.unique(np.concatenate([group.servers for _, group in members]))
        of_job: dict[int, list[tuple[OfferGroup, NDArray[np.intp]]]] = {}
        for job, group in members:
            local = np.searchsorted(servers, group.servers)
            of_job.setdefault(job, []).append((group, local))
        running, limit = self.servers.running[servers], self.limit[servers]
        load = running.copy()
        sums = np.zeros(PEAK, dtype=np.int64)
        by_job = {job: np.zeros(OUTCOMES, dtype=np.int64) for job in of_job}
        in_progress: dict[int, list[tuple[NDArray[np.intp], Counts]]] = {}
        minutes, history, taken = [0], [], []
        for minute, is_start, job, number in segment.actions:
            if minute != minutes[-1]:
                history.append(load.copy())
                minutes.append(minute)
            if not is_start:
                for local, begun in in_progress.pop(number):
                    load[local] -= begun
                continue
            in_progress[number] = []
            for group, local in of_job[job]:
                here = load[local]
                met = ties, order, group.number, here.tobytes()
                if met not in self.dispatched:
                    self.dispatched[met] = dispatch(group, here, ties, order)
                    self.work += group.work
                begun, outcomes = self.dispatched[met]
                load[local] += begun
                in_progress[number].append((local, begun))
                if minute >= segment.begin:
                    by_job[job] += outcomes
                    if outcomes[ON_BACKUP]:
                        taken.append((minute, job, int(outcomes[ON_BACKUP])))
        history.append(load)
        rows, cuts = np.array(history), np.clip([*minutes, segment.end], segment.begin, segment.end)
        lasts = np.diff(cuts)
        above = np.maximum(rows - limit, 0) - np.maximum(running - limit, 0)
        for outcomes in by_job.values():
            sums[:OUTCOMES] += outcomes
        sums[OVERLOAD] = lasts @ above.sum(axis=1)
        busiest = rows[lasts > 0].max(axis=0, initial=0)
        return _Replayed(sums, int(busiest.max(initial=0)), tuple(taken), by_job)

    def outcomes_by_job(self, weeks: Weeks) -> Counts:
        """Return the outcomes of each job in each week, shape (weeks, jobs, outcomes)."""
        found = np.zeros((WEEKS, len(self.jobs), OUTCOMES), dtype=np.int64)
        for number, (job, offering) in enumerate(zip(self.jobs, weeks.offerings, strict=True)):
            found[:, number] = offering.outcomes * len(job.starts[0])
        for component in weeks.components:
            for week, segment, replayed in self._in_weeks(component.members):
                for number, outcomes in replayed.by_job.items():
                    found[week, number] += outcomes * len(segment.at)
        return found


def bits_of(group: OfferGroup) -> int:
    """Return the group's servers as bits of a number."""
    bits = 0
    for server in group.servers.tolist():
        bits |= 1 << server
    return bits


def week_figures(weeks: Weeks, changed: int) -> tuple[WeekFigures, ...]:
    """Return the figures of the five weeks, with so many jobs changed."""
    made = []
    for row in weeks.figures.tolist():
        failed, tier1, tier2, tier3, tier4, over, protected, same_site, _, overload, peak = row
        made.append(
            WeekFigures(
                failed, tier1, tier2, tier3, tier4, over, protected, same_site, overload, peak,
                changed,
            )
        )  # fmt: skip
    return tuple(made)
