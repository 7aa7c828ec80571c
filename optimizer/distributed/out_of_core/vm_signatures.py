"""Signatures: what of a VM plays a part beside its name; few of them stand for very many VMs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.diagnostics import Diagnostics
from models.estate import Codes, Estate, NetworkSet
from models.ruleset import is_maybe_windows
from optimizer.files.text_table import TextTable
from optimizer.inputs.estate_folder.network_sets import NetworkSets
from optimizer.inputs.estate_folder.prefix_lookup import PrefixTable

COLUMNS = ["os", "platform", "host", "host_version", "available", "gmsa_domain", "vss"]
TEXTS = ("os", "platform", "host", "gmsa_domain", "vss")
WIDTH = 32  # bits of a number for the signatures of one chunk


class VmSignature(NamedTuple):
    """The columns of `vms` that the planner or the checker reads, and the VM's networks."""

    os: str
    platform: str
    host: str
    host_version: int
    available: bool
    gmsa_domain: str
    vss: str
    networks: NetworkSet


class SignatureTable:
    """The signatures that the VMs of one chunk have, in the order in which they are met."""

    def __init__(self, estate: Estate, book: PrefixTable, chunk: int) -> None:
        self.on_unknown_host: Counter[str] = Counter()
        self.systems: Counter[str] = Counter()
        self.platforms: Counter[str] = Counter()
        self._numbers: dict[VmSignature, int] = {}
        self._sets = NetworkSets(book)
        self._servers = pa.array(estate.servers["server"], pa.string())
        self._first = chunk << WIDTH

    @property
    def entries(self) -> list[VmSignature]:
        """Return all signatures so far."""
        return list(self._numbers)

    def of(self, raw: TextTable, frame: pd.DataFrame, diagnostics: Diagnostics) -> pd.DataFrame:
        """Return ``frame``, rows of `vms`, with each one's number of signature in this chunk."""
        number = self._sets.resolve(raw, "vm", diagnostics)
        columns = [frame[name] for name in COLUMNS]
        alike = frame.groupby([*columns, number], sort=False, observed=True).ngroup().to_numpy()
        _, first = np.unique(alike, return_index=True)
        rows = zip(*(column.iloc[first].tolist() for column in columns), strict=True)
        met = [
            VmSignature._make((*row, self._sets.members[networks]))
            for row, networks in zip(rows, number[first].tolist(), strict=True)
        ]
        known = [self._numbers.setdefault(signature, len(self._numbers)) for signature in met]
        self._count_unknown_hosts(frame["host"])
        systems = frame["os"].cat
        counts = np.bincount(systems.codes, minlength=len(systems.categories)).tolist()
        for system, count in zip(systems.categories, counts, strict=True):
            if count and is_maybe_windows(system):
                self.systems[system] += count
        platforms = frame["platform"].cat
        counts = np.bincount(platforms.codes, minlength=len(platforms.categories)).tolist()
        self.platforms.update(dict(zip(platforms.categories, counts, strict=True)))
        return frame.assign(signature=self._first + np.array(known, dtype=np.int64)[alike])

    def _count_unknown_hosts(self, hosts: pd.Series[str]) -> None:
        names = pa.array(hosts.cat.categories, pa.string())
        known = pc.is_in(names, self._servers).to_numpy(zero_copy_only=False)
        counts = np.bincount(hosts.cat.codes, minlength=len(names)).tolist()
        for name, there, count in zip(names.to_pylist(), known.tolist(), counts, strict=True):
            if not there and count:
                self.on_unknown_host[name] += count


def merge_signatures(
    estate: Estate, chunks: Sequence[Sequence[VmSignature]]
) -> tuple[Estate, list[Codes]]:
    """Merge the signatures of all chunks: ``estate`` has a VM for each; return codes by chunk."""
    codes: dict[VmSignature, int] = {}
    found = [
        np.array(
            [codes.setdefault(signature, len(codes)) for signature in signatures], dtype=np.int32
        )
        for signatures in chunks
    ]
    return _with_signatures(estate, list(codes)), found


def _with_signatures(estate: Estate, signatures: list[VmSignature]) -> Estate:
    sets = {members: number for number, members in enumerate(estate.network_sets)}
    numbers = [sets.setdefault(signature.networks, len(sets)) for signature in signatures]
    servers = {name: code for code, name in enumerate(estate.servers["server"].tolist())}
    texts = {
        name: pd.Categorical([getattr(signature, name) for signature in signatures])
        for name in TEXTS
    }
    vms = pd.DataFrame(
        {
            "vm": pd.Series([""] * len(signatures), dtype="str"),
            **texts,
            "host_code": np.array(
                [servers.get(signature.host, -1) for signature in signatures], dtype=np.int32
            ),
            "host_version": np.array(
                [signature.host_version for signature in signatures], dtype=np.int64
            ),
            "available": np.array(
                [signature.available for signature in signatures], dtype=np.bool_
            ),
            "network_set": np.array(numbers, dtype=np.int32),
        }
    )
    return replace(estate, vms=vms, network_sets=list(sets))
