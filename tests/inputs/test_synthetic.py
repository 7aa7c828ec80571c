"""Tests of `optimizer.inputs.synthetic`: any size, reproducible, as tight and alike as asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import EstateError, OutputError
from models.estate import Estate
from models.ruleset import RULESETS, is_windows
from models.week import WEEK, active_intervals
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.synthetic import generate
from optimizer.inputs.synthetic.batches import draw_batches
from optimizer.inputs.synthetic.options import Options
from optimizer.inputs.synthetic.topology import read_topology

SINET = Path(__file__).parents[3] / "shared/data/topologies/Sinet.graphml"
# Tokyo to Osaka is about 400 km on the great circle, so 2 ms at 200 km per ms.
GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
 <key id="n" for="node" attr.name="label" attr.type="string"/>
 <key id="a" for="node" attr.name="Latitude" attr.type="double"/>
 <key id="o" for="node" attr.name="Longitude" attr.type="double"/>
 <graph edgedefault="directed">
  <node id="0">
   <data key="n">Tokyo</data><data key="a">35.69</data><data key="o">139.69</data>
  </node>
  <node id="1">
   <data key="n">Osaka</data><data key="a">34.69</data><data key="o">135.50</data>
  </node>
  <node id="2"><data key="n">Tokyo</data></node>
  <node id="3"><data key="n">Naha; Okinawa, "south"</data></node>
  <node id="4"/>
  <edge source="0" target="1"/><edge source="1" target="0"/>
  <edge source="0" target="2"/><edge source="2" target="3"/><edge source="3" target="3"/>
 </graph>
</graphml>
"""


def generated_estate(folder: Path, **options: Any) -> Estate:
    generate(folder, Options(**options))
    return read_estate(folder)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def tasks(estate: Estate) -> tuple[np.ndarray, np.ndarray]:
    """Return job and VM of every Windows task."""
    jobs, vms = estate.jobs, estate.vms
    works = jobs["enabled"] & jobs[["application_aware", "indexing", "log_processing"]].any(axis=1)
    windows = vms["os"].map(is_windows) & vms["available"]
    job, vm = (estate.job_vms[name].to_numpy() for name in ("job_code", "vm_code"))
    planned = works.to_numpy()[job] & windows.to_numpy()[vm]
    return job[planned], vm[planned]


def intervals(estate: Estate) -> list[tuple[tuple[int, int], ...]]:
    columns = (estate.jobs[name] for name in ("start", "duration_minutes", "days"))
    return [active_intervals(*row) for row in zip(*columns, strict=True)]


def peak(estate: Estate) -> int:
    """Return the most Windows tasks that are active at once."""
    load = np.zeros(WEEK, dtype=np.int64)
    times = intervals(estate)
    for job in tasks(estate)[0]:
        for begin, end in times[job]:
            load[begin:end] += 1
    return int(load.max())


@pytest.mark.parametrize(
    "options",
    [
        {"vms": 1},
        {"vms": 1, "sites": 1, "windows": 1, "servers": 5},
        {"vms": 5, "sites": 20, "shape": "ring", "likeness": 0.0},
        {"vms": 300, "sites": 9, "shape": "mesh", "likeness": 0.5, "failover": "enforce"},
        {"vms": 2500, "addresses": True, "likeness": 0.8, "tightness": 1.4},
        {"vms": 2500, "current": False, "windows": 2, "seed": 7},
    ],
    ids=str,
)
def test_same_options_same_bytes_and_no_problems(tmp_path: Path, options: dict[str, Any]) -> None:
    estate = generated_estate(tmp_path / "one", **options)
    generate(tmp_path / "two", Options(**options))
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert estate.findings == ()
    assert len(estate.vms) == options["vms"]
    assert estate.settings.failover_capacity == options.get("failover", "report")
    assert (estate.current is not None) == options.get("current", True)


def test_another_seed_is_another_estate(tmp_path: Path) -> None:
    generate(tmp_path / "one", Options(500, seed=1))
    generate(tmp_path / "two", Options(500, seed=2))
    assert content(tmp_path / "one")["vms.csv"] != content(tmp_path / "two")["vms.csv"]


def test_names_and_addresses_mean_the_same_networks(tmp_path: Path) -> None:
    named = generated_estate(tmp_path / "named", vms=3000, likeness=0.9)
    addressed = generated_estate(tmp_path / "addressed", vms=3000, likeness=0.9, addresses=True)
    assert named.network_sets == addressed.network_sets
    assert (named.vms["network_set"] == addressed.vms["network_set"]).all()


def test_an_estate_has_what_estates_have(tmp_path: Path) -> None:
    estate = generated_estate(tmp_path, vms=20_000, sites=12)
    servers, vms, jobs = estate.servers, estate.vms, estate.jobs
    kinds = vms["os"].map(lambda os: "none" if not os else "windows" if is_windows(os) else "other")
    assert kinds.value_counts(normalize=True).round(2).to_dict() == pytest.approx(
        {"windows": 0.88, "other": 0.11, "none": 0.01}, abs=0.01
    )
    at_site = np.sort(vms["network_set"].map(lambda s: estate.network_sets[s][:1]).map(
        lambda n: estate.networks["site"][n[0]] if n else ""
    ).value_counts().to_numpy())  # fmt: skip
    assert at_site[-1] > 4 * np.median(at_site)
    candidates = servers["os"].map(RULESETS["v12"].may_be_proxy) & servers["available"]
    assert (candidates & ~servers["excluded"]).sum() == 20 + 1
    assert (~candidates).any()
    assert servers["excluded"].any()
    hosts = {code for code in vms["host_code"] if code >= 0}
    assert hosts
    assert all("hyperv_host" in servers["roles"][code] for code in hosts)
    assert jobs["proxy_codes"].map(bool).any()
    assert not jobs["enabled"].all()
    assert estate.job_vms["job_code"].value_counts().max() <= 500
    with_proxies = {estate.networks["site"][n] for s in servers["networks"] for n in
                    estate.networks.index[estate.networks["network"].isin(s)]}  # fmt: skip
    assert 1 < len(with_proxies) < 12
    over_sunday = [days for start, length, days in zip(
        jobs["start"], jobs["duration_minutes"], jobs["days"], strict=True
    ) if 6 in days and start + length > 24 * 60]  # fmt: skip
    assert over_sunday
    assert estate.current is not None
    assert (estate.current["proxy_code"] < 0).any()


@pytest.mark.parametrize("tightness", [0.5, 0.7, 1.5])
def test_tightness_is_peak_over_capacity(tmp_path: Path, tightness: float) -> None:
    # One site is one region: what its proxies can do is the peak over the tightness.
    estate = generated_estate(tmp_path, vms=4000, sites=1, servers=3, tightness=tightness)
    proxies = estate.servers[estate.servers["server"].str.startswith("gip-")]
    capacity = int((proxies["max_tasks"] - proxies["running_tasks"]).sum())
    assert capacity == int(np.ceil(peak(estate) / tightness))


def test_likeness_nought_makes_every_task_its_own_kind(tmp_path: Path) -> None:
    estate = generated_estate(tmp_path, vms=6000, sites=4, likeness=0.0)
    times = intervals(estate)
    job, vm = tasks(estate)
    kinds = {(estate.vms["network_set"][v], times[j]) for j, v in zip(job, vm, strict=True)}
    assert len(kinds) == len(vm) > 4500


def test_most_other_systems_are_in_jobs_that_leave_guests_alone(tmp_path: Path) -> None:
    estate = generated_estate(tmp_path, vms=20_000)
    vms, jobs = estate.vms, estate.jobs
    job, vm = (estate.job_vms[name].to_numpy() for name in ("job_code", "vm_code"))
    quiet = ~jobs[["application_aware", "indexing", "log_processing"]].any(axis=1).to_numpy()
    linux = jobs["job"].str.contains("-linux-").to_numpy()
    other = (~vms["os"].map(is_windows) & (vms["os"] != "")).to_numpy()
    assert quiet[linux].all()
    assert other[vm[linux[job]]].all()
    assert (~linux[job] & other[vm]).sum() / other[vm].sum() == pytest.approx(0.05, abs=0.01)


def test_batches_are_groups_of_their_sizes(tmp_path: Path) -> None:
    # 150 requests in batches of 1, 2, 47 and 100, drawn twice over: 300 VMs at one site, and
    # every batch is odd, that is a pair of networks of its own.
    file = tmp_path / "batches.txt"
    file.write_text(",".join(["1800000 m", "|\n1800300 b", "b", "|", *"g" * 47, "|", *"k" * 100]))
    estate = generated_estate(tmp_path / "one", vms=300, sites=1, batches=file, likeness=0.0)
    sizes = sorted(estate.vms["network_set"][estate.vms["network_set"] > 0].value_counts())
    assert sizes == [1, 1, 2, 2, 47, 47, 100, 100]
    generate(tmp_path / "two", Options(300, sites=1, batches=file, likeness=0.0))
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_batch_stays_together(tmp_path: Path) -> None:
    sizes, rng = np.array([3, 50]), np.random.default_rng(4)
    drawn = draw_batches(sizes, 150, rng)
    assert len(drawn) == 150
    assert set(np.bincount(drawn)[:-1].tolist()) == {3, 50}
    file = tmp_path / "batches.txt"
    file.write_text(",".join([*"b" * 400, "|"]))
    estate = generated_estate(tmp_path / "estate", vms=400, sites=1, batches=file)
    assert estate.vms["network_set"].value_counts().iloc[0] > 380


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read"),
        ("", "holds no VM requests"),
        ("|,|\n", "holds no VM requests"),
        ("b,b;b,|", "'b;b' is no VM request"),
    ],
    ids=["missing", "empty", "no-requests", "no-list"],
)
def test_what_is_no_list_of_batches_is_refused(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    file = tmp_path / "b.txt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EstateError, match=rf"b.txt: {reason}.*; give a list of VM requests"):
        generate(tmp_path / "estate", Options(10, batches=file))
    assert not (tmp_path / "estate").exists()


def test_likeness_one_makes_few_kinds(tmp_path: Path) -> None:
    estate = generated_estate(tmp_path, vms=6000, sites=4)
    times = intervals(estate)
    kinds = {(estate.vms["network_set"][v], times[j]) for j, v in zip(*tasks(estate), strict=True)}
    assert len(kinds) < 4 * 8 * 5


def test_a_graph_becomes_sites_and_links(tmp_path: Path) -> None:
    file = tmp_path / "graph.graphml"
    file.write_text(GRAPHML)
    topology = read_topology(file)
    naha = 'Naha Okinawa, "south"'
    assert topology.sites == ("Tokyo", "Osaka", "Tokyo 2", naha, "4")
    assert topology.links == ((0, 1), (0, 2), (2, 3))
    assert topology.latency_ms[0] == pytest.approx(2.0, abs=0.05)
    assert topology.latency_ms[1:] == (None, None)
    assert topology.centre == 0
    estate = generated_estate(tmp_path / "estate", vms=200, topology=file)
    assert set(estate.networks["site"]) == set(topology.sites)
    assert estate.links is not None
    ends = set(zip(estate.links["from"], estate.links["to"], strict=True))
    assert {("rtr-Tokyo", "rtr-Osaka"), ("rtr-Tokyo 2", f"rtr-{naha}")} <= ends
    assert estate.links["both_ways"].all()


def test_a_real_topology_gives_its_sites(tmp_path: Path) -> None:
    if not SINET.exists():
        pytest.skip("the sample topologies are not beside the repository")
    import networkx as nx

    labels = {label for _, label in nx.read_graphml(SINET).nodes(data="label")}
    estate = generated_estate(tmp_path, vms=2000, topology=SINET)
    assert set(estate.networks["site"]) == labels
    assert len(labels) == 74


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read as GraphML"),
        ("no graph", "cannot be read as GraphML"),
        ("<graphml/>", "cannot be read as GraphML"),
        (GRAPHML.split("  <node")[0] + "</graph></graphml>", "has no nodes"),
    ],
    ids=["missing", "text", "no-graph", "no-nodes"],
)
def test_what_is_no_graph_is_refused(tmp_path: Path, text: str | None, reason: str) -> None:
    file = tmp_path / "x.graphml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(EstateError, match=f"x.graphml: {reason}.*; give a GraphML file"):
        generate(tmp_path / "estate", Options(10, topology=file))
    assert not (tmp_path / "estate").exists()


def test_an_estate_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv.gz").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"jobs.csv.gz is there already; choose an empty"):
        generate(tmp_path, Options(10))
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.csv.gz"]


@pytest.mark.parametrize("wrong", [{"vms": 0}, {"tightness": 0.0}, {"likeness": 1.1}, {"sites": 0}])
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**({"vms": 10} | wrong))
