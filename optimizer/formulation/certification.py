"""Derives a plan's bounds once more, aim after aim, as multipliers that anybody can check.

The planner takes several aims at a time and searches between them. Here each aim is bounded in its
turn on the program that holds the aims before it at what the plan has, and the multipliers of every
round are kept: a plain chain. Where an aim's bound rests on a search, they prove less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.aims import AIMS
from models.integer_program import Aim, IntegerProgram, Ints
from models.settings import Settings
from optimizer.formulation.constraints import stays_on_classes
from optimizer.formulation.solution_mapping import to_point
from optimizer.formulation.staged_solve import NOTHING, SolvedPart, build_formulation
from optimizer.solver.deadline import Deadline
from optimizer.solver.dual_bounds import prove_bound
from optimizer.solver.lp_relaxation import LpBound, bound_by_lp, trivial


@dataclass(frozen=True, slots=True)
class CertifiedAim:
    """The proof of an aim: rounds of multipliers that show its ``bound``.

    Later aims speak of points whose aim is ``held`` or better. ``row`` numbers the rows of the
    program of all rounds: those of the part as they are, then one for each aim before.
    """

    aim: Aim
    held: int
    bound: int
    rounds: Sequence[LpBound]
    row: Ints


@dataclass(frozen=True, slots=True)
class PartProgram:
    """The program of a part, the plan as a point of it, and which columns are ``idle`` at first."""

    part: SolvedPart
    program: IntegerProgram
    x: Ints
    idle: Ints


def build_part(part: SolvedPart, settings: Settings, roof: int) -> PartProgram:
    """Return the program of ``part``, in which the peak may be as high as ``roof``."""
    program, columns = build_formulation(part.problem, settings, pooling=True)
    program.upper[columns.peak] = max(roof, program.upper[columns.peak])
    x = to_point(part.problem, program, columns, part.arcs)
    program = program.with_rows([stays_on_classes(part.problem, columns, x)])
    return PartProgram(part, program, x, columns.keeps)


def certify_part(
    built: PartProgram, held: Sequence[int], deadline: Deadline
) -> Iterator[CertifiedAim]:
    """Yield the proof of every aim in order; those after it hold it at its figure in ``held``.

    An aim whose relaxation takes longer than half of the ``deadline`` that is left gets a weak one.
    """
    program, telling = built.program, False
    row = np.arange(len(program.rows))
    for number, (aim, goal) in enumerate(zip(program.aims, held, strict=True)):
        telling = telling or AIMS[aim.name].needs_current
        due = replace(program, idle=NOTHING[0] if telling else built.idle)
        rounds = _bound(due, aim, built, deadline.share(0.5))
        yield CertifiedAim(aim, goal, proven_by(rounds), rounds, row)
        rows = len(program.rows)
        program = _hold(program, aim, rounds, goal)
        if len(program.rows) > rows:
            row = np.append(row, len(built.program.rows) + number)


def proven_by(rounds: Sequence[LpBound]) -> int:
    """Return what the multipliers of ``rounds`` alone prove."""
    last = rounds[-1]
    aim = last.proof.aim
    bound = aim.constant + aim.sign * int(np.floor(last.proof.total + last.proof.margin))
    if last.cutoff is None:
        return bound
    return (max if aim.maximise else min)(bound, last.cutoff)


def _bound(
    program: IntegerProgram, aim: Aim, built: PartProgram, deadline: Deadline
) -> Sequence[LpBound]:
    rounds: list[LpBound] = []
    bound_by_lp(program, aim, built.x, deadline, rounds.append)
    rounds = rounds or [LpBound(trivial(program, aim), None, None)]
    if aim.sign * proven_by(rounds) <= aim.ceiling:
        return rounds
    # No more tasks can count than there are: the rows of the groups come first.
    groups = np.zeros(len(program.rows))
    groups[: len(built.part.problem.count)] = 1
    return [LpBound(prove_bound(program, aim, groups), None, None)]


def _hold(
    program: IntegerProgram, aim: Aim, rounds: Sequence[LpBound], goal: int
) -> IntegerProgram:
    """Return ``program`` with the aim held, by the last round that speaks of points as ``goal``."""
    for found in reversed(rounds):
        if found.cutoff is None or aim.sign * goal >= aim.sign * found.cutoff:
            return replace(found.proof.restrict_to_value(goal), idle=program.idle)
    raise AssertionError("the first round speaks of all points")
