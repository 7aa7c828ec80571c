"""Says why a command failed: in words, or with ``--json`` as a document, both on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from models.diagnostics import InputProblem
from optimizer.output.console.plain import json_printable, say

AS_JSON = "--json"


def tell_failure(
    words: Sequence[str], shown: str, error: str, exit_code: int, problems: Sequence[InputProblem]
) -> None:
    """Print ``shown``; where the ``words`` of the command line ask for JSON, a `Failure` instead.

    ``error`` is ``shown`` without what is for people only, such as how a command is called.
    """
    if AS_JSON not in words:
        say(shown, err=True)
        return
    listed = [
        {
            "file": problem.file, "line": problem.line, "column": problem.column,
            "value": problem.value, "reason": problem.reason, "remedy": problem.remedy,
        }
        for problem in problems
    ]  # fmt: skip
    document = {"error": error, "exit_code": exit_code, "problems": listed}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    for line in json_printable(text).split("\n"):
        say(line, err=True)
