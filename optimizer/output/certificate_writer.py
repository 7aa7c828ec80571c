"""Writes the certificate of a plan, in the format that `optimizer.certificate` verifies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path

import numpy as np

from models.aims import AIMS, PEAK
from models.integer_program import Floats, Ints, LinearRows
from models.plan import AimResult
from models.settings import Settings
from optimizer.formulation.certification import (
    CertifiedAim,
    PartProgram,
    build_part,
    certify_part,
)
from optimizer.formulation.solve_assignment import Solution
from optimizer.formulation.staged_solve import SolvedPart
from optimizer.formulation.variables import highest_peak
from optimizer.solver.deadline import Deadline

LINES = 10_000


def write_certificate(
    best: Solution,
    aims: Sequence[AimResult],
    settings: Settings,
    inputs: Mapping[str, str],
    deadline: Deadline,
    path: Path,
) -> None:
    """Write the certificate of ``best`` and its ``aims`` to ``path``, part after part.

    ``inputs`` has the SHA-256 of each table. The relaxations are solved again, by the ``deadline``.
    """
    digest = hashlib.sha256()
    lines = _lines(best, aims, settings, inputs, deadline)
    with path.open("wb") as file:
        while some := list(islice(lines, LINES)):
            text = "".join(f"{line}\n" for line in some).encode("ascii")
            digest.update(text)
            file.write(text)
        file.write(f"sha256 {digest.hexdigest()}\n".encode("ascii"))


def _lines(
    best: Solution,
    aims: Sequence[AimResult],
    settings: Settings,
    inputs: Mapping[str, str],
    deadline: Deadline,
) -> Iterator[str]:
    yield "gip-certificate 1"
    for file, digest in inputs.items():
        yield f"input {file} {digest}"
    roof = highest_peak(best.problem, settings.balance == "utilisation")
    bounds: dict[str, list[int]] = {aim.aim: [] for aim in aims}
    for part in best.parts:
        built = build_part(part, settings, roof if len(best.parts) > 1 else 0)
        yield from _program(built)
        held = [_held(part, number, aims, settings) for number in range(len(aims))]
        for number, found in enumerate(certify_part(built, held, deadline)):
            sign, said = found.aim.sign, part.stages[number].bound
            # A bound as good as the plan's is written as the plan has it.
            bound = said if sign * found.bound <= sign * said else found.bound
            bounds[found.aim.name].append(bound)
            yield from _aim(found, bound)
    for aim in aims:
        combine = AIMS[aim.aim].combine
        how = "max" if combine is max else "sum"
        word = "certified" if combine(bounds[aim.aim]) == aim.bound else "open"
        yield f"whole {aim.aim} {how} {aim.value} {aim.bound} {word}"


def _held(part: SolvedPart, number: int, aims: Sequence[AimResult], settings: Settings) -> int:
    """Return what the aims after this one hold: its best value, less the tolerance.

    Where the plan has less than that, it is what the plan has. The highest peak of all parts holds
    in each.
    """
    stage, value = part.stages[number], part.values[number]
    sign = 1 if AIMS[stage.aim].maximise else -1
    best = aims[number].best if stage.aim == PEAK.name else stage.best
    return sign * min(sign * best - settings.slack(stage.aim, best), sign * value)


def _program(built: PartProgram) -> Iterator[str]:
    program, x = built.program, built.x
    yield "part"
    for low, high, value in zip(
        program.lower.tolist(), program.upper.tolist(), x.tolist(), strict=True
    ):
        yield f"column {low} {high} {value}"
    rows = program.rows
    limits = zip(_limits(rows, lower=True), _limits(rows, lower=False), strict=True)
    for (low, high), terms in zip(limits, _row_terms(rows), strict=True):
        yield f"row {low} {high}{terms}"
    for w, q in zip(*(column.tolist() for column in program.squares), strict=True):
        yield f"square {w} {q}"


def _limits(rows: LinearRows, lower: bool) -> list[str]:
    limit, none = (rows.lower, rows.no_lower) if lower else (rows.upper, rows.no_upper)
    return ["-" if free else str(number) for number, free in zip(limit.tolist(), none, strict=True)]


def _row_terms(rows: LinearRows) -> Iterator[str]:
    """Yield each row's terms; what one column adds to a row in several terms is summed."""
    width = int(rows.column.max(initial=0)) + 1
    key, place = np.unique(rows.row * width + rows.column, return_inverse=True)
    factor = np.bincount(place, rows.coefficient, len(key)).astype(np.int64)
    ends = np.searchsorted(key // width, np.arange(len(rows)), side="right").tolist()
    column = key % width
    begin = 0
    for end in ends:
        yield _terms(column[begin:end].tolist(), factor[begin:end].tolist())
        begin = end


def _terms(places: Iterable[int], factors: Iterable[int]) -> str:
    return "".join(f" {place}:{factor}" for place, factor in zip(places, factors, strict=True))


def _aim(found: CertifiedAim, bound: int) -> Iterator[str]:
    aim = found.aim
    direction = "max" if aim.maximise else "min"
    terms = _terms(aim.column.tolist(), aim.coefficient.tolist())
    yield f"aim {aim.name} {direction} {found.held} {aim.constant}{terms}"
    for one in found.rounds:
        if one.cutoff is not None:
            yield f"from {one.cutoff}"
        yield _multipliers(one.proof.y, found.row)
    yield f"bound {bound}"


def _multipliers(y: Floats, row: Ints) -> str:
    """Return multipliers as whole numbers over one power of ten: all their digits, exactly."""
    used = np.flatnonzero(y)
    digits = [Decimal(repr(value)) for value in y[used].tolist()]
    places = max((-int(number.normalize().as_tuple().exponent) for number in digits), default=0)
    scale = 10 ** max(0, places)
    whole = [int(number * scale) for number in digits]
    return f"multipliers {scale}{_terms(row[used].tolist(), whole)}"
