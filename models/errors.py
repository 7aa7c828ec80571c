"""Everything that can go wrong and that the user can mend.

GipError                 exit 1: the data is wrong or the work failed
├── EstateError          the estate's files hold problems, all of them listed; exit 2: options do
├── PlanError            a plan folder cannot be read, or breaks the rules
└── OutputError          the result cannot be written; nothing was left behind
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from models.diagnostics import InputProblem

SHOWN_PER_KIND = 20
WRONG_ARGUMENTS = 2


class GipError(Exception):
    """The base of all errors that end the program with a message instead of a traceback."""

    exit_code = 1


class EstateError(GipError):
    """The estate cannot be planned; ``problems`` lists every reason at once.

    Where all of them are options of the command line, such as ``--map``, it is that which is wrong.
    """

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        if self.problems and all(problem.file.startswith("--") for problem in self.problems):
            self.exit_code = WRONG_ARGUMENTS
        super().__init__(self._text())

    def _text(self) -> str:
        alike: dict[InputProblem, list[InputProblem]] = {}
        for problem in self.problems:
            alike.setdefault(replace(problem, line=None), []).append(problem)
        seen: Counter[tuple[str, str | None, str]] = Counter()
        lines = []
        for problem, rows in alike.items():
            kind = (problem.file, problem.column, problem.reason)
            seen[kind] += 1
            if seen[kind] <= SHOWN_PER_KIND:
                first = min(rows, key=lambda row: row.line or 0)
                more = f" ({len(rows)} rows)" if len(rows) > 1 else ""
                lines.append(str(replace(first, reason=first.reason + more)))
        for (file, column, reason), count in seen.items():
            if count > SHOWN_PER_KIND:
                where = file if column is None else f"{file}: {column}"
                lines.append(f"{where}: {count - SHOWN_PER_KIND} more that {reason}")
        count = len(self.problems)
        lines.append(f"{count} problem{'s' if count != 1 else ''} found; nothing was written")
        return "\n".join(lines)


class PlanError(GipError):
    """A plan is missing, unreadable, or breaks a rule of the contract."""


class OutputError(GipError):
    """The output could not be written whole, so nothing of it was left behind."""
