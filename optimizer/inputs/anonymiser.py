"""Makes an estate anonymous: other names in the same byte order, other addresses, the same plan.

Names are replaced per kind, alike in all tables and the settings. Ties in a plan go by the order
of names, which stays. Two of the five weeks start jobs late by a number drawn from their names:
a job's new name is one of which the same numbers are drawn.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import tomlkit

from models.schema import TABLES
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.csv_writer import write_csv
from optimizer.files.text_table import STRING, TextTable, items
from optimizer.inputs.anonymous_addresses import AddressMap
from optimizer.inputs.estate_folder.reader import read_estate, read_tables
from optimizer.inputs.estate_folder.settings_reader import FILE as SETTINGS
from optimizer.inputs.estate_folder.settings_reader import KEYS
from optimizer.inputs.synthetic.writer import refuse_to_overwrite

TABLE_OF = {table.name: table for table in TABLES}
# Kind of names: what a new name begins with, and the columns (table, column) that hold the names.
KINDS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "server": (
        "server",
        (("servers", "server"), ("jobs", "proxies"), ("current", "proxy"), ("vms", "host")),
    ),
    "network": ("net", (("networks", "network"), ("links", "from"), ("links", "to"))),
    "site": ("site", (("networks", "site"),)),
    "vm": ("vm", (("vms", "vm"), ("job_vms", "vm"), ("current", "vm"))),
    "name": ("guest", (("vms", "name"),)),
    "job": ("job", (("jobs", "job"), ("job_vms", "job"), ("current", "job"))),
    "domain": ("domain", (("servers", "domain"), ("vms", "gmsa_domain"))),
}
KIND_OF = {column: kind for kind, (_, columns) in KINDS.items() for column in columns}
NETWORK_ITEMS = {("servers", "networks"), ("vms", "networks")}  # networks or addresses
KEPT_TEXTS = {("servers", "os"), ("vms", "os")}
IDENTIFYING = ("name", "text", "list")  # kinds of columns that may hold names
LATENESS = 11  # a late week starts a job up to so many minutes later, not included
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Anonymised:
    """What was written: ``files``, and how many names of each kind were ``replaced``.

    Left out were ``columns`` (``table.column``), ``settings``, and ``others``, files of the folder.
    """

    files: tuple[Path, ...]
    replaced: Mapping[str, int]
    columns: tuple[str, ...]
    settings: tuple[str, ...]
    others: tuple[str, ...]


class _NewNames:
    """New names in place of the old ones of one kind, in the same byte order."""

    def __init__(self, kind: str, old: pa.Array) -> None:
        names = pc.drop_null(old.unique()) if len(old) else pa.array([], STRING)
        names = names.filter(pc.not_equal(names, ""))
        self.old = names.take(pc.sort_indices(names))  # of bytes
        width = max(len(str(len(self.old))), 2)
        fresh = [f"{KINDS[kind][0]}-{number:0{width}}" for number in range(1, len(self.old) + 1)]
        if kind == "job":
            pairs = zip(self.old.to_pylist(), fresh, strict=True)
            fresh = [_alike_late(name, start) for name, start in pairs]
        self.new = pa.array(fresh, STRING)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield each old name with its new one."""
        return zip(self.old.to_pylist(), self.new.to_pylist(), strict=True)

    def replace(self, cells: pa.Array) -> pa.Array:
        """Return ``cells``, each an old name or empty, by their new names."""
        found = self.new.take(pc.index_in(cells, value_set=self.old))
        return pc.fill_null(found, "")


def anonymise(folder: Path, out: Path, key: Path | None, step: Callable[[str], None]) -> Anonymised:
    """Write the estate in ``folder`` to ``out`` under other names, and to ``key`` which they are.

    The same estate gives the same bytes; who does not have it cannot work the addresses back.
    Raises EstateError where the estate cannot be planned, and OutputError where ``out`` has an
    estate already or cannot be written.
    """
    refuse_to_overwrite(out)
    step("reading")
    read_estate(folder)  # all problems are told as ever
    raw = read_tables(folder, TABLES).raw
    settings, dropped = _read_settings(folder / SETTINGS)
    step("new names")
    wishes = settings.get("lists", {})
    wished = [name for part in ("free", "keep") if isinstance(wishes.get(part), list)
              for name in wishes[part]]  # fmt: skip
    names = {kind: _NewNames(kind, _old_names(kind, raw, wished)) for kind in KINDS}
    networks = raw["networks"].columns["network"].to_pylist()  # a router may be named by address
    renamer = _Renamer(names, networks, AddressMap(_secret(folder, raw)))
    tables = {table: renamer.columns(table, rows) for table, rows in raw.items()}
    job = dict(names["job"].pairs())
    for part in ("free", "keep"):
        if isinstance(wishes.get(part), list):
            wishes[part] = [job[name] for name in wishes[part]]
    step("writing")
    with write_atomically(out, last=SETTINGS) as scratch:
        for table, columns in tables.items():
            write_csv(scratch / f"{table}.csv", columns)
        (scratch / SETTINGS).write_text(tomlkit.dumps(settings), encoding="utf-8", newline="\n")
    files = [*(out / f"{table}.csv" for table in tables), out / SETTINGS]
    if key is not None:
        with write_atomically(key.parent, last=key.name) as scratch:
            _write_key(renamer, scratch / key.name)
        files.append(key)
    return Anonymised(
        files=tuple(files),
        replaced={kind: len(each.old) for kind, each in names.items() if len(each.old)}
        | {"address": len(renamer.addresses_seen)},
        columns=tuple(renamer.dropped),
        settings=tuple(dropped),
        others=tuple(_others(folder, {rows.file for rows in raw.values()})),
    )


class _Renamer:
    """Renames the cells of tables; remembers the addresses it met and the columns it dropped."""

    def __init__(
        self, names: Mapping[str, _NewNames], networks: Iterable[str], addresses: AddressMap
    ) -> None:
        self.names = names
        self.addresses_seen: dict[str, str] = {}
        self.dropped: list[str] = []
        self._addresses = addresses
        new = dict(names["network"].pairs())
        self._network = {name: new[name] for name in networks}

    def columns(self, table: str, rows: TextTable) -> dict[str, pa.Array]:
        """Return the columns of a table to write, in the order of the schema."""
        self.dropped += [f"{table}.{name}" for name in rows.unknown]
        kinds = {column.name: column.kind for column in TABLE_OF[table].columns}
        found = {}
        for name, kind in kinds.items():
            if name not in rows.columns:
                continue
            cells = self._cells((table, name), kind, rows.columns[name])
            if cells is None:
                self.dropped.append(f"{table}.{name}")
            else:
                found[name] = cells
        return found

    def _cells(self, column: tuple[str, str], kind: str, cells: pa.Array) -> pa.Array | None:
        """Return the cells of a column renamed, None where they are to be left out."""
        plain = not pa.types.is_dictionary(cells.type)
        texts = cells if plain else cells.dictionary
        if column in NETWORK_ITEMS:
            texts = self._each(texts, self._network_or_address)
        elif column == ("networks", "cidr"):
            texts = self._each(texts, self._prefix)
        elif column in KIND_OF and kind == "list":
            texts = self._each(texts, dict(self.names[KIND_OF[column]].pairs()).__getitem__)
        elif column in KIND_OF:
            texts = self.names[KIND_OF[column]].replace(_folded(texts, kind))
        elif kind in IDENTIFYING and column not in KEPT_TEXTS:
            return None
        return texts if plain else texts.take(cells.indices)

    def _each(self, texts: pa.Array, rename: Callable[[str], str]) -> pa.Array:
        """Return the texts with each of their items renamed."""
        return pa.array([";".join(map(rename, items(text))) for text in texts.to_pylist()], STRING)

    def _network_or_address(self, item: str) -> str:
        name = self._network.get(item)
        return name or self.addresses_seen.setdefault(item, self._addresses.address(item))

    def _prefix(self, item: str) -> str:
        return self.addresses_seen.setdefault(item, self._addresses.prefix(item))


def _old_names(kind: str, raw: Mapping[str, TextTable], wished: Sequence[str]) -> pa.Array:
    """Return the names of a kind wherever they occur; ``wished`` are jobs of the settings."""
    found = [pa.array(wished, STRING)] if kind == "job" else []
    for table, column in KINDS[kind][1]:
        if table in raw and column in raw[table].columns:
            cells = raw[table].columns[column]
            texts = cells.dictionary if pa.types.is_dictionary(cells.type) else cells
            kind_of_cell = TABLE_OF[table].column(column).kind
            texts = _folded(texts, kind_of_cell)
            if kind_of_cell == "list":
                texts = pa.array(
                    [item for text in texts.to_pylist() for item in items(text)], STRING
                )
            found.append(texts.cast(STRING))
    return pa.concat_arrays(found) if found else pa.array([], STRING)


def _folded(texts: pa.Array, kind: str) -> pa.Array:
    """Return texts as the estate compares them: words in small letters."""
    return pc.utf8_lower(texts.cast(STRING)) if kind == "word" else texts


def _alike_late(old: str, start: str) -> str:
    """Return a name that begins with ``start`` and is as late as ``old`` in the late weeks."""
    names = (f"{start}-{number}" for number in count())
    return next(name for name in names if _lateness(name) == _lateness(old))


def _lateness(job: str) -> tuple[int, int]:
    digest = hashlib.sha256(job.encode()).digest()
    first, second = (int.from_bytes(digest[place : place + 4], "big") for place in (0, 4))
    return first % LATENESS, second % LATENESS


def _secret(folder: Path, raw: Mapping[str, TextTable]) -> bytes:
    """Return a key that only they can work out who have the estate's files."""
    secret = hashlib.blake2b(digest_size=32, person=b"gip anonymise")
    for name in sorted(rows.file for rows in raw.values()):
        secret.update(hashlib.sha512((folder / name).read_bytes()).digest())
    return secret.digest()


def _read_settings(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the settings to write, without a name of their own, and the keys left out."""
    read = tomllib.loads(path.read_bytes().decode("utf-8-sig")) if path.exists() else {}
    settings, dropped = _known(read, "")
    return {"format": 1, "name": ANONYMOUS} | {
        key: value for key, value in settings.items() if key not in ("format", "name")
    }, dropped


def _known(table: Mapping[str, Any], before: str) -> tuple[dict[str, Any], list[str]]:
    """Return the keys that are known, section by section, and the others with their sections."""
    known: dict[str, Any] = {}
    others: list[str] = []
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            known[key], more = _known(value, f"{name}.")
            others += more
        elif name in KEYS:
            known[key] = value
        else:
            others.append(name)
    return known, others


def _others(folder: Path, read: Iterable[str]) -> list[str]:
    """Return the files of the folder that are no part of the estate's tables."""
    return sorted({path.name for path in folder.iterdir()} - {*read, SETTINGS})


def _write_key(renamer: _Renamer, path: Path) -> None:
    """Write which new name stands for which old one."""
    rows = [(kind, *pair) for kind, names in renamer.names.items() for pair in names.pairs()]
    rows += [("address", *pair) for pair in renamer.addresses_seen.items()]
    columns = zip(("kind", "name", "anonymous"), zip(*rows, strict=True), strict=True)
    write_csv(path, {name: list(cells) for name, cells in columns})
