"""Verifies what `gip plan --certificate` wrote, in whole numbers: ``python certificate.py FILE``.

Needs Python alone: no solver, and nothing else of the planner. A file has parts that share no
column. Each is a program in whole numbers, the plan as a point of it, and aims in strict order:

    column LOW HIGH X                columns and rows have numbers, from 0 in order of their lines
    row LOW HIGH COLUMN:FACTOR ...   - is no limit
    square W Q                       column Q is column W times itself
    aim NAME max|min HELD CONSTANT COLUMN:FACTOR ...
    multipliers SCALE ROW:Y ...      the exact rationals Y / SCALE; those of other rows are 0
    from VALUE                       what follows speaks of points as good as VALUE only
    bound VALUE                      no point is better; the aim ends
    whole NAME sum|max VALUE BOUND certified|open   of all parts, as in plan.json
    sha256 DIGEST                    of all lines before it

An aim to be made small is its negative made large. Any multipliers y prove a bound of an aim c:
c x = y (A x) + (c - y A) x, and each term is at most its factor times the limit that it likes. A
point whose aim is good loses little against that; so a term whose factor is more than the loss
stands at that limit. Once an aim is done, later ones speak of points where it is HELD or better:
a row of its own says so, the next number after those there are, and what that fixes stays fixed.
"""

from __future__ import annotations

import hashlib
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import inf, isfinite

Limits = list[tuple[float, float]]  # whole numbers, or infinite where there is none
Terms = list[tuple[int, int]]


class RejectedError(Exception):
    """The certificate does not prove what it says."""


class ProvenProgram:
    """A program, and a point ``x`` of it; aims done add to its ``rows`` and narrow its limits."""

    def __init__(self) -> None:
        self.x: list[int] = []
        self.rows: list[Terms] = []
        self.squares: dict[int, int] = {}
        self.columns_in: Limits = []
        self.rows_in: Limits = []
        self.checked = False


def check_point(part: ProvenProgram) -> None:
    """Check that the point keeps every limit, and that squares are squares, each column in one."""
    part.checked = True
    kept = [low <= x <= high for x, (low, high) in zip(part.x, part.columns_in, strict=True)]
    for terms, (low, high) in zip(part.rows, part.rows_in, strict=True):
        kept.append(low <= sum(factor * part.x[column] for column, factor in terms) <= high)
    kept += [part.x[q] == part.x[w] ** 2 for w, q in part.squares.items()]
    require(all(kept), "the point does not keep the program")
    places = [*part.squares, *part.squares.values()]
    require(len(set(places)) == len(places) and min(places, default=0) >= 0, "mixed squares")


def most(factors: Sequence[int], limits: Limits) -> float:
    """Return what the terms add up to at most."""
    pairs = zip(factors, limits, strict=True)
    return sum(factor * (high if factor > 0 else low) for factor, (low, high) in pairs if factor)


def fixed(factors: Sequence[int], limits: Limits, loss: int) -> Limits:
    """Return the limits where no term loses more than ``loss``."""
    return [
        (high, high) if factor > loss else (low, low) if -factor > loss else (low, high)
        for factor, (low, high) in zip(factors, limits, strict=True)
    ]


class CertifiedBound:
    """Proves by multipliers ``y`` that ``scale`` times the aim ``terms`` is at most ``total``."""

    def __init__(
        self, part: ProvenProgram, within: tuple[Limits, Limits], terms: Terms, y: list[str]
    ):
        self.scale, self.squares, self.within = int(y[0]), part.squares, within
        require(self.scale > 0, "a scale is not positive")
        self.left, self.y = [0] * len(part.x), [0] * len(part.rows)
        for column, factor in terms:
            self.left[column] += self.scale * factor
        for row, factor in read_terms(y[1:]):
            self.y[row] = factor
            for column, coefficient in part.rows[row]:
                self.left[column] -= factor * coefficient
        self.curves = [(w, self.left[q], self.left[w]) for w, q in part.squares.items()]
        self.curves = [curve for curve in self.curves if curve[1]]
        for w, _, _ in self.curves:  # a square counts together with its root
            self.left[w] = self.left[part.squares[w]] = 0
        total = most(self.left, within[0]) + most(self.y, within[1])
        require(isfinite(total), "a multiplier asks for a limit that a row does not have")
        self.total = int(total)
        for w, a, b in self.curves:
            top = top_of_curve(a, b, *within[0][w])
            self.total += (a * top + b) * top

    def fix(self, value: int) -> tuple[Limits, Limits]:
        """Return the limits of points whose aim is as good as ``value``."""
        loss = self.total - self.scale * value
        columns, rows = fixed(self.left, self.within[0], loss), fixed(self.y, self.within[1], loss)
        for w, a, b in self.curves:
            if a < 0:  # the curve rises up to its top, then it falls
                low, high = (int(limit) for limit in columns[w])
                top = top_of_curve(a, b, low, high)
                least = (a * top + b) * top - loss
                low += bisect_left(range(low, top), least, key=lambda v: (a * v + b) * v)
                falling = range(top + 1, high + 1)
                high = top + bisect_right(falling, -least, key=lambda v: -(a * v + b) * v)
                columns[w] = low, high
        for w, q in self.squares.items():
            columns[q] = (
                max(columns[q][0], columns[w][0] ** 2),
                min(columns[q][1], columns[w][1] ** 2),
            )
        return columns, rows


def top_of_curve(a: int, b: int, low: float, high: float) -> int:
    """Return the whole number from ``low`` to ``high`` at which a v² + b v is largest."""
    ends = int(low), int(high)
    near = [] if a > 0 else [min(max(v, low), high) for v in (b // (-2 * a), b // (-2 * a) + 1)]
    return int(max([*ends, *near], key=lambda v: (a * v + b) * v))


def prove_aim(
    part: ProvenProgram, words: Sequence[str], lines: Iterator[list[str]]
) -> tuple[int, int]:
    """Follow the lines of an aim, leave in ``part`` what they settle; return value and bound."""
    name, direction, *numbers = words[:4]
    sign = {"max": 1, "min": -1}[direction]
    terms, (held, constant) = read_terms(words[4:]), (sign * int(number) for number in numbers)
    signed = [(column, sign * factor) for column, factor in terms]
    value = constant + sum(factor * part.x[column] for column, factor in signed)
    require(value >= held, f"the point does not reach what is held of {name}")
    kept = within = (part.columns_in, part.rows_in)
    cutoff: float = -inf
    kind, proof = "", None
    for kind, *rest in lines:
        if kind == "multipliers":
            proof = CertifiedBound(part, within, signed, rest)
            if held >= cutoff:
                kept = proof.fix(held - constant)
        elif kind == "from" and proof:
            cutoff = max(cutoff, sign * int(rest[0]))
            within = proof.fix(sign * int(rest[0]) - constant)
        else:
            break
    if kind != "bound" or proof is None:
        raise RejectedError(f"the proof of {name} is cut off")
    proven, bound = max(constant + proof.total // proof.scale, cutoff), sign * int(rest[0])
    require(proven <= bound, f"of {name} {sign * proven} is proven, not {sign * bound}")
    part.columns_in, part.rows_in = kept
    part.rows.append(signed)
    part.rows_in.append((held - constant, inf))
    return sign * value, sign * bound


def require(holds: bool, why: str) -> None:
    """Raise RejectedError where something does not hold."""
    if not holds:
        raise RejectedError(why)


def read_terms(words: Sequence[str]) -> Terms:
    """Read PLACE:FACTOR, each place once."""
    found = [(int(place), int(factor)) for place, factor in (word.split(":") for word in words)]
    places = {place for place, _ in found}
    require(len(places) == len(found) and min(places, default=0) >= 0, "a place is named wrongly")
    return found


def read_limit(word: str, none: float) -> float:
    """Read a limit of a row."""
    return none if word == "-" else int(word)


def read_lines(file: Iterable[bytes]) -> Iterator[list[str]]:
    """Yield the words of each line; check the digest, which is the last one."""
    digest, last = hashlib.sha256(), b""
    for line in file:
        digest.update(last)
        if last:
            yield last.decode("ascii").split()
        last = line
    require(last == b"sha256 %s\n" % digest.hexdigest().encode(), "the digest is another one")


def verify(file: Iterable[bytes]) -> list[str]:
    """Verify a certificate; return a sentence about each aim. Raises RejectedError and others."""
    found: dict[str, list[tuple[int, int]]] = {}
    part, sentences, lines = ProvenProgram(), [], read_lines(file)
    require(next(lines, []) == ["gip-certificate", "1"], "this is no certificate of format 1")
    for kind, *rest in lines:
        if kind == "part":
            part = ProvenProgram()
        elif kind == "column":
            low, high, x = map(int, rest)
            part.columns_in.append((low, high))
            part.x.append(x)
        elif kind == "row":
            part.rows_in.append((read_limit(rest[0], -inf), read_limit(rest[1], inf)))
            part.rows.append(read_terms(rest[2:]))
        elif kind == "square":
            part.squares[int(rest[0])] = int(rest[1])
        elif kind == "aim":
            if not part.checked:
                check_point(part)
            found.setdefault(rest[0], []).append(prove_aim(part, rest, lines))
        elif kind == "whole":
            sentences.append(conclude(rest, found.pop(rest[0])))
        else:
            require(kind == "input", f"a line begins with {kind}")
    require(bool(sentences) and not found, "an aim is not concluded")
    return sentences


def conclude(words: Sequence[str], parts: Sequence[tuple[int, int]]) -> str:
    """Compare an aim's figures with those of its parts, and say what is certified."""
    name, how, value, bound, word = words
    whole = max if how == "max" else sum
    has, proven = whole(part for part, _ in parts), whole(part for _, part in parts)
    require(how in ("max", "sum") and int(value) == has, f"the point has another value of {name}")
    if word == "open":
        return f"{name} {value}: bound {bound} NOT certified, only {proven} is"
    require(word == "certified" and int(bound) == proven, f"{proven} is the bound of {name}")
    return f"{name} {value}: bound {bound} certified{', optimal' * (value == bound)}"


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            print("\n".join(verify(file)))
    except (RejectedError, ArithmeticError, LookupError, ValueError) as error:
        sys.exit(f"rejected: {error}")
