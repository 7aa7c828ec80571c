"""What is enough: a figure or a share of the Windows tasks that an aim has to reach."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import GipError
from models.settings import MINIMISED
from optimizer.sources.suggest import did_you_mean
from optimizer.stage import Stage

_TARGET = re.compile(r"(?P<aim>[a-z0-9_]+):(?P<number>\d+(?:\.\d+)?)(?P<percent>%?)")


class TargetError(GipError):
    """A target is not one: what is wrong with it, what to write."""


@dataclass(frozen=True, slots=True)
class Target:
    """The ``figure`` that ``aim`` has to reach, or where it is made small not to exceed."""

    aim: str
    figure: float

    def reached(self, stages: Sequence[Stage]) -> bool:
        """Tell whether a point's aims are good enough."""
        best = next(stage.best for stage in stages if stage.aim == self.aim)
        return best <= self.figure if self.aim in MINIMISED else best >= self.figure


def target(text: str, aims: Sequence[str], tasks: int) -> Target:
    """Return the target that ``text`` writes, as in tier1:95% or peak:20.

    A share is one of ``tasks``, the Windows tasks. Raises TargetError.
    """
    found = _TARGET.fullmatch(text.strip())
    if not found:
        raise TargetError(f"--until {text!r}: write AIM:NUMBER or AIM:SHARE%, as in tier1:95%")
    aim = found["aim"]
    if aim not in aims:
        hint = did_you_mean(aim, aims)
        raise TargetError(f"--until {text!r}: {aim!r} is none of {', '.join(aims)}{hint}")
    if found["percent"] and aim in MINIMISED:
        raise TargetError(f"--until {text!r}: {aim} is no share of the tasks; write a number")
    number = float(found["number"])
    return Target(aim, number / 100 * tasks if found["percent"] else number)
