"""Counts findings and unassigned tasks by code, with a few examples of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from models.ports import UNOFFICIAL
from models.report_data import Count
from models.ruleset import RULESETS
from optimizer.eligibility.findings import BY_DOMAIN, SAME_NETWORK, TIERS_IN_LISTS
from optimizer.files.text_table import TextTable
from optimizer.output.report.facts import ReportFacts

EXAMPLES = 5
ASSUMPTION = "assumption"
ASSUMED = frozenset({ASSUMPTION, "no_links", "license"})
CODES = dict.fromkeys(RULESETS["v13"].assumptions, "linux_proxies") | {
    BY_DOMAIN: "by_domain",
    SAME_NETWORK: "same_network",
    TIERS_IN_LISTS: "tiers_in_lists",
}


def unassigned(facts: ReportFacts) -> list[Count]:
    """Return the unassigned tasks by reason, most frequent first."""
    reason, tasks = facts.details.reason, facts.tasks
    jobs, vms = facts.estate.jobs["job"], facts.estate.vms["vm"]
    found = []
    for code, name in enumerate(facts.details.reasons):
        which = np.flatnonzero(reason == code)
        examples = [
            f"{jobs.iloc[tasks.job[task]]}/{vms.iloc[tasks.vm[task]]}" for task in which[:EXAMPLES]
        ]
        found.append(Count(name, len(which), "warning", tuple(examples)))
    return sorted(found, key=lambda count: (-count.count, count.code))


def findings(rows: TextTable) -> list[Count]:
    """Return all findings but what was assumed, by severity (warnings first) and code."""
    return [
        Count(code, count, severity, tuple(f"{one}: {other}" for one, other in examples))
        for severity, code, count, examples in _grouped(rows)
        if code != ASSUMPTION
    ]


def assumptions(rows: TextTable, ruleset: str) -> list[Count]:
    """Return what was assumed, each by a code of its own, with its English text as example."""
    found = []
    for severity, code, count, examples in _grouped(rows):
        if code == ASSUMPTION:
            found += [
                Count(CODES.get(text, ASSUMPTION), 1, severity, (text,)) for _, text in examples
            ]
        elif code in ASSUMED:
            found.append(Count(code, count, severity, tuple(text for _, text in examples)))
    if ruleset in UNOFFICIAL:
        text = (
            "the ports of this version are those of the vendor's plug-ins and of a public list; "
            "its own page was not available"
        )
        found.append(Count("unofficial_ports", 1, "info", (text,)))
    return sorted(found, key=lambda count: (count.severity != "warning", count.code))


def _grouped(rows: TextTable) -> list[tuple[str, str, int, list[tuple[str, str]]]]:
    """Return severity, code, count and the first (subject, detail) of each kind of finding."""
    names = ("severity", "code", "subject", "detail")  # by numbers of texts: none is an object
    severity, code, subject, detail = (rows.columns[name].indices.to_numpy() for name in names)

    def text(column: str, number: int) -> str:
        texts: pa.Array = rows.columns[column].dictionary
        return str(texts[number].as_py())

    found = []
    kind, kinds = pd.factorize(severity.astype(np.int64) * len(rows) + code)
    for number, pair in enumerate(kinds.tolist()):
        which = np.flatnonzero(kind == number)
        first = which[:EXAMPLES].tolist()
        examples = [
            (text("subject", int(subject[row])), text("detail", int(detail[row]))) for row in first
        ]
        level, name = divmod(pair, len(rows))
        found.append((text("severity", level), text("code", name), len(which), examples))
    return sorted(found, key=lambda group: (group[0] != "warning", group[1]))
