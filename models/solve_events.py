"""Events of a solve: an aim at work with its incumbent, and its stage once it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of one aim when it was its turn; proven where ``best`` meets ``bound``."""

    aim: str
    best: int
    bound: int
    seconds: float

    @property
    def proven(self) -> bool:
        """Tell whether no plan can do better."""
        return self.best == self.bound


@dataclass(frozen=True, slots=True)
class Trial:
    """An aim at work: the best value that a plan has so far and the bound, None while unknown."""

    aim: str
    best: int | None = None
    bound: int | None = None


Watch = Callable[[Stage | Trial], None]
