"""The peers answer the planner's question: the exact ones alike, the others no better."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from estates import estate

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers import PEERS, rebalancer_env
from benchmarks.peers.greedy import with_room
from benchmarks.peers.outcome import Outcome
from benchmarks.peers.question import Question, ask
from benchmarks.peers.values import overload, values
from models.aims import MINIMISED
from models.estate import Estate
from models.plan import AimResult
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.synthetic import generate
from optimizer.inputs.synthetic.options import Options
from optimizer.planner import plan

LIMIT = 600.0
OPTIONS = {
    "easy": Options(vms=120),
    "tight": Options(vms=150, tightness=1.3, servers=5, windows=3),
    "enforced": Options(vms=100, tightness=1.1, failover="enforce", windows=2),
    "one window": Options(vms=200, windows=1, tightness=1.2, servers=6),
    "unlike": Options(vms=80, likeness=0.0, windows=2, current=False),
}
every_estate = pytest.mark.parametrize("name", OPTIONS)


@cache
def small_estate(folder: Path, name: str) -> Estate:
    generate(folder / name, OPTIONS[name])
    return read_estate(folder / name)


@cache
def planned(folder: Path, name: str) -> tuple[AimResult, ...]:
    aims = tuple(plan(small_estate(folder, name)).aims)
    assert all(aim.proven for aim in aims)
    return aims


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peers")


def agrees(outcome: Outcome, aims: tuple[AimResult, ...]) -> None:
    """Up to and including peak all is proven; what is proven after it is the planner's, too."""
    names = [aim.aim for aim in aims]
    for place, aim in enumerate(aims):
        if place <= names.index("peak"):
            assert outcome.proven[aim.aim], aim.aim
        if not outcome.proven[aim.aim]:
            return
        assert (outcome.values[aim.aim], outcome.bounds[aim.aim]) == (aim.value, aim.value)


@every_estate
@pytest.mark.parametrize("peer", ["scip", "highs"])
def test_mip_gives_the_planners_values(folder: Path, name: str, peer: str) -> None:
    agrees(PEERS[peer](small_estate(folder, name), LIMIT), planned(folder, name))


def test_booleans_give_the_planners_values(folder: Path) -> None:
    agrees(PEERS["booleans"](small_estate(folder, "easy"), LIMIT), planned(folder, "easy"))


def test_flow_gives_the_planners_values(folder: Path) -> None:
    outcome = PEERS["flow"](small_estate(folder, "one window"), LIMIT)
    assert all(outcome.proven.values())
    agrees(outcome, planned(folder, "one window"))


def test_flow_says_where_it_is_not_exact(folder: Path) -> None:
    outcome = PEERS["flow"](small_estate(folder, "tight"), LIMIT)
    assert set(outcome.values.values()) == {None}
    assert outcome.note == "not exact here: several activities"


@every_estate
def test_the_relaxation_is_never_worse(folder: Path, name: str) -> None:
    """In the order of the aims: past the first bound that no plan reaches all bounds are less."""
    outcome = PEERS["lp_glop"](small_estate(folder, name), LIMIT)
    assert set(outcome.values.values()) == {None}
    for aim in planned(folder, name):
        bound = outcome.bounds[aim.aim]
        assert bound is not None
        if bound != aim.value:
            assert (bound < aim.value) == (aim.aim in MINIMISED)
            return


def test_pdlp_is_near_the_exact_relaxation(folder: Path) -> None:
    exact = PEERS["lp_glop"](small_estate(folder, "easy"), LIMIT).bounds
    for aim, bound in PEERS["lp_pdlp"](small_estate(folder, "easy"), LIMIT).bounds.items():
        assert bound == pytest.approx(exact[aim], rel=0.02, abs=2)


@every_estate
def test_greedy_keeps_capacity_and_is_no_better(folder: Path, name: str) -> None:
    question = ask(small_estate(folder, name))
    proxy = with_room(question)
    assert overload(question, proxy) == ""
    assert stands_in(question, proxy)
    reached = values(question, proxy)
    for aim in planned(folder, name):
        if reached[aim.aim] != aim.value:
            assert (reached[aim.aim] > aim.value) == (aim.aim in MINIMISED)
            return


def stands_in(question: Question, proxy: np.ndarray[tuple[int], np.dtype[np.int32]]) -> bool:
    """Tell whether the backup server can stand in for any loss, straight from the rule."""
    problem = question.problem
    if problem.failover_limit is None:
        return True
    chosen, own = proxy[question.servable], problem.backup_server
    for moment, running in zip(question.active, question.anyway[:, own], strict=True):
        now = moment[question.activity]
        for loss in problem.losses:
            lost = np.isin(chosen, loss) & problem.takeover[question.kind]
            if (now & (lost | (chosen == own))).sum() > max(0, problem.failover_limit - running):
                return False
    return True


SERVERS = ["bs hq max_tasks=1", "a east max_tasks=1", "b east running_tasks=1"]


def test_product_by_hand(tmp_path: Path) -> None:
    """v1 to a (0 < 1 run), v2 to a again (1 = 1, by name), v3 to b; hq's go to bs, in tier 2."""
    vms = ["v1 east", "v2 east", "v3 east", "v4 hq", "v5 hq"]
    outcome = PEERS["product"](estate(tmp_path, SERVERS, vms), LIMIT)
    assert outcome.values == {
        "coverage": 5, "tier1": 3, "tier2": 2, "tier3": 0, "protected": 3, "same_site": 5,
        "peak": 2, "balance": 4 + 4 + 4,
    }  # fmt: skip
    assert outcome.note == f"{7 * 60 * 2} task-minutes a week above max_tasks, on 2 servers"


def test_greedy_by_hand(tmp_path: Path) -> None:
    """a has room for v1 alone, so v2 and v3 go to b; bs has room for v4 alone, b takes v5."""
    vms = ["v1 east", "v2 east", "v3 east", "v4 hq", "v5 hq"]
    outcome = PEERS["greedy"](estate(tmp_path, SERVERS, vms), LIMIT)
    assert outcome.values == {
        "coverage": 5, "tier1": 3, "tier2": 1, "tier3": 1, "protected": 4, "same_site": 4,
        "peak": 4, "balance": 16 + 1 + 1,
    }  # fmt: skip
    assert outcome.note == ""


@pytest.mark.parametrize("peer", [name for name in PEERS if "rebalancer" not in name])
def test_nothing_to_plan(tmp_path: Path, peer: str) -> None:
    outcome = PEERS[peer](estate(tmp_path, SERVERS, ["v1 east os=Debian"]), LIMIT)
    assert outcome.bounds.get("coverage") in (0, None)
    assert outcome.values["balance"] in (1 + 0 + 1, None)


def test_values_refuse_a_server_that_may_not_serve(tmp_path: Path) -> None:
    question = ask(estate(tmp_path, [*SERVERS, "c east excluded=true"], ["v1 east"]))
    with pytest.raises(ValueError, match="may not serve"):
        values(question, np.array([3], dtype=np.int32))


@pytest.mark.skipif(
    not rebalancer_env.ready(),
    reason="no environment for Rebalancer: python -m benchmarks.peers.rebalancer_env makes one",
)
@pytest.mark.parametrize("peer", ["rebalancer_local", "rebalancer_highs"])
def test_rebalancer_plans_within_the_rules(folder: Path, peer: str) -> None:
    outcome = PEERS[peer](small_estate(folder, "easy"), LIMIT)
    assert None not in outcome.values.values(), outcome.note
    assert "max_tasks" not in outcome.note
    for aim in planned(folder, "easy"):
        value = outcome.values[aim.aim]
        assert value is not None
        if value != aim.value:
            assert (value > aim.value) == (aim.aim in MINIMISED)
            return


def test_rebalancer_says_why_it_cannot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebalancer_env, "install", lambda: "not installed: no such thing")
    outcome = PEERS["rebalancer_local"](small_estate(folder, "easy"), LIMIT)
    assert set(outcome.values.values()) == {None}
    assert outcome.note == "not installed: no such thing"
