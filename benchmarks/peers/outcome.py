"""What a peer reached, told the same way for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks.peers.question import Assignment, Question, ask
from benchmarks.peers.values import overload, values
from models.estate import Estate


@dataclass(frozen=True)
class Outcome:
    """A peer's plan by its aims: ``values`` of the plan itself, None where there is none.

    ``bounds`` are what the peer claims no plan can better given the aims before, as it left them;
    ``proven`` where it reached them: after an aim that is not, that says less than it seems.
    ``seconds`` is its own building and solving, without what `ask` does for all.
    """

    values: dict[str, int | None]
    bounds: dict[str, int | None]
    proven: dict[str, bool]
    seconds: float
    note: str


@dataclass(frozen=True)
class Answer:
    """An assignment, None for none, with the bounds claimed and the aims proven."""

    assignment: Assignment | None
    bounds: Mapping[str, int] = field(default_factory=dict)
    proven: Mapping[str, bool] = field(default_factory=dict)
    note: str = ""
    seconds: float | None = None


Peer = Callable[[Estate, float], Outcome]


def peer(answer: Callable[[Question, float], Answer]) -> Peer:
    """Return the peer that gives ``answer`` within a time limit in seconds."""

    def measured(estate: Estate, limit: float) -> Outcome:
        question = ask(estate)
        began = perf_counter()
        given = answer(question, limit)
        return outcome(question, given, perf_counter() - began)

    return measured


def outcome(question: Question, given: Answer, seconds: float) -> Outcome:
    """Return ``given`` with the values of its plan, whatever its maker says of them."""
    reached: dict[str, int] = {}
    notes = [given.note]
    if given.assignment is not None:
        reached = values(question, given.assignment)
        notes.append(overload(question, given.assignment))
    return Outcome(
        values={aim: reached.get(aim) for aim in question.aims},
        bounds={aim: given.bounds.get(aim) for aim in question.aims},
        proven={aim: given.proven.get(aim, False) for aim in question.aims},
        seconds=seconds if given.seconds is None else given.seconds,
        note="; ".join(note for note in notes if note),
    )
