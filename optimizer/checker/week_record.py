"""Judges what plan.json says of the week: figures, summaries, splits, and the week's aims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.checker.plan_files import RECORD
from optimizer.checker.violations import Violations
from optimizer.checker.week_figures import AIMS, FIGURES, MORE_IS_BETTER, TIERS, Figures, summarise

PROOFS = ("enumerated", "duals", "search")
EXACT = ("failed", *TIERS, "failed_over", "jobs_changed")


class RecordJudge:
    """Compares the section ``week`` of plan.json with what is counted anew."""

    def __init__(self, record: Mapping[str, Any], complaints: Violations) -> None:
        found = record.get("week")
        self.week: Mapping[str, Any] = found if isinstance(found, dict) else {}
        self._complaints = complaints
        if not self.week:
            self._add("missing sections", "has no section week; run `gip plan` again")

    def _add(self, kind: str, sentence: str) -> None:
        self._complaints.add(kind, f"{RECORD}: {sentence}")

    def judge_first(self, wanted: str) -> None:
        """Complain where the order of the aims is not the one wished."""
        found = self.week.get("first")
        if found != wanted:
            self._add(
                "other orders of the week's aims",
                f"week has first {found!r}, expected {wanted!r} ([lists] first)",
            )

    def judge_figures(self, path: Sequence[str], expected: Mapping[str, float]) -> None:
        """Complain of each figure at ``path`` in the week that is not as counted."""
        found: Any = self.week
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        said = " ".join(["week", *path])
        if not isinstance(found, dict):
            self._add("missing figures", f"{said} is missing")
            return
        for name in FIGURES:
            if not _equal(found.get(name), expected[name]):
                self._add(
                    "wrong figures of the week",
                    f"{said} has {name} {found.get(name)!r}, expected {expected[name]:g}",
                )

    def judge_summary(self, name: str, weeks: Sequence[Figures]) -> None:
        """Complain where nominal, mean or worst is not that of the ``weeks``, five of them.

        With one only the nominal week is looked at.
        """
        expected = summarise(weeks)
        for kind in expected if len(weeks) > 1 else ["nominal"]:
            self.judge_figures((name, kind), expected[kind])

    def judge_splits(self, expected: Sequence[tuple[str, Sequence[Figures]]]) -> None:
        """Complain where the steps, split by split, are not as counted.

        ``expected`` has the job of each and the weeks with it and those before.
        """
        found = self.week.get("splits")
        steps = found if isinstance(found, list) else []
        named = [
            (step.get("job"), step.get("rank")) if isinstance(step, dict) else None
            for step in steps
        ]
        wanted = [(job, rank) for rank, (job, _) in enumerate(expected, 1)]
        if named != wanted:
            said = named if isinstance(found, list) else repr(found)
            self._add("other splits", f"week has splits {said}, expected {wanted}")
            return
        for step, (job, weeks) in zip(steps, expected, strict=True):
            for kind, figures in summarise(weeks).items():
                for name in FIGURES:
                    value = step[kind].get(name) if isinstance(step.get(kind), dict) else None
                    if not _equal(value, figures[name]):
                        self._add(
                            "wrong figures of splits",
                            f"week splits {job!r} {kind} has {name} {value!r}, "
                            f"expected {figures[name]:g}",
                        )

    def judge_bound(self, ideal: Mapping[str, int], reached: Sequence[Figures]) -> None:
        """Complain where ``bound`` is not the best of any choice per VM.

        Its tiers are ``ideal``, and none of the weeks ``reached`` is better.
        """
        found = self.week.get("bound")
        if not isinstance(found, dict):
            self._add("missing figures", "week bound is missing")
            return
        for name in EXACT:
            if not _equal(found.get(name), ideal[name]):
                self._add(
                    "wrong bounds of the week",
                    f"week bound has {name} {found.get(name)!r}, expected {ideal[name]}",
                )
        for name in FIGURES:
            if name in EXACT:
                continue
            sign = 1 if name in MORE_IS_BETTER else -1
            best = sign * max(sign * week[name] for week in reached)
            value = found.get(name)
            if type(value) is not int or sign * value < sign * best:
                self._add(
                    "weeks beyond their bound",
                    f"week bound has {name} {value!r}, and {best} is reached",
                )

    def judge_aims(self, first: str, values: Mapping[str, int] | None) -> None:
        """Complain where the week's aims are not those of the order, or do not fit together.

        ``values`` are those counted, None where they were not.
        """
        found = self.week.get("aims")
        aims = [aim for aim in found if isinstance(aim, dict)] if isinstance(found, list) else []
        names = [aim.get("aim") for aim in aims]
        if names != list(AIMS[first]):
            self._add("other aims of the week", f"week aims are {names}, expected {AIMS[first]}")
            return
        proven = True
        for aim in aims:
            name, value, bound = aim["aim"], aim.get("value"), aim.get("bound")
            said = f"week aim {name!r} has"
            if type(value) is not int or type(bound) is not int:
                self._add("week's aims without numbers", f"{said} value {value!r}, bound {bound!r}")
                return
            if values is not None and value != values[name]:
                self._add(
                    "week's aims with a wrong value",
                    f"{said} value {value}, expected {values[name]}",
                )
            sign = 1 if name in MORE_IS_BETTER else -1
            if sign * value > sign * bound:
                self._add(
                    "week's aims beyond their bound", f"{said} value {value} beyond bound {bound}"
                )
            proven = proven and value == bound
            if aim.get("proven") is not proven:
                self._add(
                    "week's aims wrongly proven or not",
                    f"{said} proven {aim.get('proven')}, expected {proven}: value {value}, bound "
                    f"{bound}, and all aims before it",
                )
            if aim.get("proof") not in PROOFS:
                self._add(
                    "week's aims with another proof",
                    f"{said} proof {aim.get('proof')!r}, expected {', '.join(PROOFS)}",
                )


def _equal(found: object, expected: float) -> bool:
    return type(found) in (int, float) and found == expected
