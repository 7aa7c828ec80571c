"""Events of a solve: an aim at work with its incumbent, and its stage once it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.aims import Proof
from models.integer_program import Aim


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of one aim when it was its turn; proven where ``best`` meets ``bound``.

    ``proof`` is what the bound rests on.
    """

    aim: str
    best: int
    bound: int
    seconds: float
    proof: Proof = "duals"

    @property
    def proven(self) -> bool:
        """Tell whether no plan can do better."""
        return self.best == self.bound


@dataclass(frozen=True, slots=True)
class AimProgress:
    """An aim at work: the best value that a plan has so far and the bound, None while unknown."""

    aim: str
    best: int | None = None
    bound: int | None = None


Watch = Callable[[Stage | AimProgress], None]


def report_better(progress: Watch, aim: Aim, value: int, bound: int) -> Callable[[int], None]:
    """Tell the value so far; return a function that passes on better ones of plans found."""
    best = [value]
    progress(AimProgress(aim.name, value, bound))

    def found(value: int) -> None:
        if aim.sign * value > aim.sign * best[0]:
            best[0] = value
            progress(AimProgress(aim.name, value, bound))

    return found
