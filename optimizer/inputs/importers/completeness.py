"""What a plan still lacks: the cells that no inventory filled, and where to fill them in."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd
import pyarrow as pa

from models.schema import TABLES
from optimizer.files.text_table import items
from optimizer.inputs.estate_folder.prefix_lookup import AMBIGUOUS, NEITHER, PrefixTable
from optimizer.inputs.importers.shared_addresses import addresses_in

COLUMNS = ("file", "row", "column", "why")
BLOCKING = (  # the contract has no plan without them
    "servers.csv:roles", "servers.csv:os", "servers.csv:networks", "networks.csv:network",
    "servers.csv:server", "jobs.csv:job", "jobs.csv:start", "jobs.csv:duration_minutes",
    "vms.csv:vm", "job_vms.csv:vm",
)  # fmt: skip
WORK = ("application_aware", "indexing", "log_processing")
Gap = tuple[str, str, str, str]
Tables = Mapping[str, pd.DataFrame]


def list_missing(tables: Tables, others: Iterable[Gap] = ()) -> pd.DataFrame:
    """Return a row for each gap in an estate's tables, and the ``others``: file, row, column, why.

    ``tables`` are those of an estate by name, as text; ``row`` is the key of a row, "" where a
    gap is one of the whole table.
    """
    full = {
        table.name: tables.get(table.name, pd.DataFrame(dtype="str")).reindex(
            columns=[column.name for column in table.columns], fill_value=""
        )
        for table in TABLES
    }
    gaps = [*_servers(full["servers"]), *_networks(full), *_vms(full["vms"]), *_jobs(full), *others]
    return pd.DataFrame(gaps, columns=COLUMNS, dtype="str")


def blocks(gaps: pd.DataFrame) -> pd.Series[bool]:
    """Tell which gaps leave no plan; the others cost a proxy here and there."""
    place = gaps["file"] + ":" + gaps["column"]
    whole = (gaps["row"] == "") & (place != "networks.csv:cidr")
    return whole | place.isin(BLOCKING)


def _servers(servers: pd.DataFrame) -> Iterator[Gap]:
    if not any("backup_server" in items(cell.lower()) for cell in servers["roles"]):
        yield "servers.csv", "", "roles", "no server is the backup_server"
    yield from _empty("servers", servers, "os", "a server of unknown system")
    why = "no inventory tells a server's addresses: name its networks or an address in each"
    yield from _empty("servers", servers, "networks", why)


def _networks(full: Tables) -> Iterator[Gap]:
    """Yield what servers and VMs name and networks.csv lacks."""
    networks = full["networks"]
    if networks.empty:
        yield "networks.csv", "", "cidr", "no networks: no address says which one it is in"
        return
    owners: dict[str, str] = {}
    names = dict(zip(full["vms"]["vm"].tolist(), full["vms"]["name"].tolist(), strict=True))
    for kind in ("servers", "vms"):
        keys, cells = (full[kind][name].tolist() for name in (kind[:-1], "networks"))
        for key, cell in zip(keys, cells, strict=True):
            called = names.get(key) or key if kind == "vms" else key
            for item in items(cell):
                owners.setdefault(item, f"{kind[:-1]} {called}")
    book = PrefixTable.of(networks["network"].tolist(), [_cidr(text) for text in networks["cidr"]])
    codes = book.find_all(pa.array(owners, pa.string())).tolist()
    known = addresses_in({"vms": full["vms"], "servers": full["servers"]})
    outside: dict[str, list[str]] = defaultdict(list)
    for (item, owner), code in zip(owners.items(), codes, strict=True):
        if code == NEITHER:
            yield "networks.csv", item, "network", f"named by {owner}, but not there"
        elif code == AMBIGUOUS:
            why = f"the address, first of {owner}, is in two networks of one length"
            yield "networks.csv", item, "cidr", why
        elif code < 0 and known.is_doubtful(item):
            why = f"{item} does not tell its network: name that, or another address"
            for table, key in known.only(item):
                yield f"{table}.csv", key, "networks", why
        elif code < 0:
            outside[_around(item)].append(item)
    for around, found in outside.items():
        first = f"{found[0]} of {owners[found[0]]}"
        number = f"{len(found)} addresses, first {first}, are" if len(found) > 1 else f"{first} is"
        why = f"{number} in no network: add this one, or what it is a part of"
        yield "networks.csv", around, "cidr", why


def _around(item: str) -> str:
    """Return the network of the usual length that holds an address."""
    length = 64 if ":" in item else 24
    return str(ipaddress.ip_network(f"{item.partition('%')[0]}/{length}", strict=False))


def _cidr(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text) if "/" in text else None
    except ValueError:  # reading the estate tells what is wrong with it
        return None


def _vms(vms: pd.DataFrame) -> Iterator[Gap]:
    yield from _empty("vms", vms, "os", "a VM of unknown system is not planned")
    yield from _empty("vms", vms, "networks", "a VM of unknown networks gets no proxy by network")


def _jobs(full: Tables) -> Iterator[Gap]:
    jobs, pairs = full["jobs"], full["job_vms"]
    if jobs.empty:
        yield "jobs.csv", "", "job", "no jobs: nothing to plan"
    yield from _empty("jobs", jobs, "start", "a job needs the time when it starts")
    yield from _empty("jobs", jobs, "duration_minutes", "a job needs how long it runs")
    unknown = (jobs[list(WORK)] == "").all(axis="columns")
    why = "unknown whether it works inside guests; empty is no, and then it has no tasks"
    yield from _empty("jobs", jobs[unknown], WORK[0], why)
    if pairs.empty:
        yield "job_vms.csv", "", "vm", "no job has a VM: nothing to plan"
    shared = full["vms"]["name"][full["vms"]["name"].duplicated()]
    for owner, key in (("jobs", "job"), ("vms", "vm")):
        gone = pairs[key][~pairs[key].isin(full[owner][key])]
        for name in gone.drop_duplicates():
            if owner == "vms" and name in set(shared):
                why = "the name of several VMs: write the id of the one that is meant"
                yield "job_vms.csv", name, key, why
            else:
                yield f"{owner}.csv", name, key, "named in job_vms.csv, but not there"
    servers = set(full["servers"]["server"])
    selected = {
        name: job
        for job, cell in zip(jobs["job"][::-1], jobs["proxies"][::-1], strict=True)
        for name in items(cell)
    }
    for name in sorted(selected.keys() - servers if servers else ()):
        why = f"selected by job {selected[name]} in jobs.csv, but no server is called so"
        yield "servers.csv", name, "server", why


def _empty(table: str, rows: pd.DataFrame, column: str, why: str) -> Iterator[Gap]:
    """Yield a gap for each of ``rows`` whose cell in ``column`` is empty."""
    for key in rows.loc[rows[column] == "", rows.columns[0]]:
        yield f"{table}.csv", key, column, why
