"""Numbers the distinct sets of networks that servers and VMs are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.diagnostics import FIRST, Diagnostics, Finding, Hints, InputProblem
from models.estate import Codes, NetworkSet
from optimizer.files.text_table import TextTable
from optimizer.inputs.estate_folder.column_parsers import complain
from optimizer.inputs.estate_folder.prefix_lookup import AMBIGUOUS, NEITHER, PrefixTable

Ints = NDArray[np.int64]


class NetworkSets:
    """The sets in the order in which they are met, ``known`` ones first; number 0 is empty."""

    def __init__(self, book: PrefixTable, known: Sequence[NetworkSet] = ((),)) -> None:
        self.members: list[NetworkSet] = list(known)
        self._numbers = {networks: number for number, networks in enumerate(known)}
        self.book = book

    def resolve(self, raw: TextTable, kind: str, diagnostics: Diagnostics) -> Codes:
        """Return the number of each row's set; what is no network goes to ``diagnostics``."""
        cells = raw.columns["networks"]
        rows = cells.indices.to_numpy()
        texts, names = _items(cells.dictionary)
        encoded = names.dictionary_encode()
        code = self.book.find_all(encoded.dictionary)[encoded.indices.to_numpy()]
        bad = code == NEITHER
        self._complain(raw, rows, texts[bad], names.filter(pa.array(bad)), diagnostics.problems)
        unknown = (code < 0) & ~bad
        found = diagnostics.findings
        self._warn(raw, kind, rows, texts[unknown], names.filter(pa.array(unknown)), found)
        node, sets = _distinct(texts[code >= 0], code[code >= 0], len(cells.dictionary))
        met, order = pd.factorize(node)
        numbers = [self._number(sets[one]) for one in order.tolist()]
        codes: Codes = np.array(numbers, dtype=np.int32)[met][rows]
        return codes

    def _number(self, networks: NetworkSet) -> int:
        number = self._numbers.setdefault(networks, len(self.members))
        if number == len(self.members):
            self.members.append(networks)
        return number

    def _complain(
        self,
        raw: TextTable,
        rows: Codes,
        texts: Ints,
        names: pa.Array,
        problems: list[InputProblem],
    ) -> None:
        hints = Hints(self.book.names)
        items: dict[int, list[str]] = defaultdict(list)
        for text, name in zip(texts.tolist(), names.to_pylist(), strict=True):
            items[text].append(name)
        for row in np.flatnonzero(np.isin(rows, texts)).tolist():
            for name in dict.fromkeys(items[int(rows[row])]):
                remedy = f"add it to networks.csv or correct it{hints.of(name)}"
                reason = "is neither a network nor an address"
                complain(problems, raw, "networks", [row], reason, remedy, name)

    def _warn(
        self,
        raw: TextTable,
        kind: str,
        rows: Codes,
        texts: Ints,
        names: pa.Array,
        findings: list[Finding],
    ) -> None:
        if not len(texts):
            return
        # The first owner as it is called: the order of rows plays no part in findings.
        there = np.flatnonzero(np.isin(rows, texts))
        owners = raw.columns[kind].cast(pa.string()).take(there)
        if "name" in raw.columns:
            called = raw.columns["name"].cast(pa.string()).take(there)
            both = pc.binary_join_element_wise(called, " (", owners, ")", "")
            owners = pc.if_else(pc.equal(called, ""), owners, both)
        order = pc.array_sort_indices(owners).to_numpy()
        cells, first = np.unique(rows[there][order], return_index=True)
        place = first[np.searchsorted(cells, texts)]
        last_first = np.argsort(-place, kind="stable")
        pairs = zip(names.take(last_first).to_pylist(), place[last_first].tolist(), strict=True)
        for name, at in sorted(dict(pairs).items()):
            ambiguous = self.book.find(name) == AMBIGUOUS
            detail = "in two networks of the same prefix" if ambiguous else "in no network"
            code = "ambiguous_address" if ambiguous else "unknown_address"
            owner = owners[int(order[at])]
            detail = f"{raw.file}: {detail}, so taken as unknown{FIRST}{kind} {owner}"
            findings.append(Finding("warning", code, name, detail))


def _items(cells: pa.Array) -> tuple[Ints, pa.Array]:
    """Return the items of list cells, trimmed, without empty ones, and the cell of each."""
    lists = pc.split_pattern(cells, ";")
    names = pc.utf8_trim_whitespace(lists.flatten())
    there = pc.not_equal(names, "")
    return pc.list_parent_indices(lists).filter(there).to_numpy(), names.filter(there)


def _distinct(owner: Ints, code: Codes, owners: int) -> tuple[Ints, list[NetworkSet]]:
    """Return the set of each of ``owners`` as an index of the list of distinct sets.

    Sets grow by one member at a time, the smallest first, all owners side by side; the list
    holds those passed through as well.
    """
    width = int(code.max(initial=0)) + 1
    pairs = np.unique(owner * width + code)
    owner, code = np.divmod(pairs, width)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(len(owner)) - np.repeat(starts, np.diff(starts, append=len(owner)))
    node = np.zeros(owners, dtype=np.int64)
    sets: list[NetworkSet] = [()]
    for turn in range(int(place.max(initial=-1)) + 1):
        at = place == turn
        steps, distinct = pd.factorize(node[owner[at]] * width + code[at])
        node[owner[at]] = len(sets) + steps
        sets += [(*sets[step // width], step % width) for step in distinct.tolist()]
    return node, sets
