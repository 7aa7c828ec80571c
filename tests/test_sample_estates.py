"""The estates in ``data``: planned, written, judged, and as good as their README says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from estates import proxies, reasons, values, write

from models.plan import CONNECTIONS, WINDOWS, Plan
from optimizer.checker import judge
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def tiny() -> Plan:
    return plan(read_estate(DATA / "tiny"))


@pytest.fixture(scope="module")
def branch_offices() -> Plan:
    return plan(read_estate(DATA / "branch-offices"))


def judged(plan: Plan, folder: Path) -> dict[str, int]:
    """Return the aims' values as the checker counts them in the files of ``plan``."""
    write(plan, folder)
    judgement = judge(plan.estate, folder)
    assert judgement.violations == ()
    return judgement.values


def test_tiny(tiny: Plan, tmp_path: Path) -> None:
    # Room: gip-01 2, gip-02 3, vbr-01 4 - 1 running - u1 = 2 from 23:00 to 24:00, when both jobs
    # run. That is 7 for 7 Windows tasks, so every place is taken, and it follows one by one:
    found = values(tiny)
    assert found == judged(tiny, tmp_path)
    assert list(found.items()) == [
        ("coverage", 7),
        ("tier1", 4),  # two of t1 t2 t3 on gip-01; a1 and d1 on gip-02
        ("tier2", 1),  # the third of them on vbr-01
        ("tier3", 1),  # gip-02's third place for b1 or b2; the other is vbr-01's, tier 4
        ("protected", 4),  # tier 1; the b on gip-02 hangs on the link of osaka-b, as vbr-01 does
        ("same_site", 6),  # all but the b that goes to Tokyo
        ("peak", 4),  # vbr-01 at 23:00: running, u1, a t, a b
        ("balance", 29),  # 2 ** 2 + 3 ** 2 + 4 ** 2
        ("moves", 3),  # d1 and b2 leave gip-01, t2 or t3 leaves vbr-01 for it
    ]


def test_tiny_by_name(tiny: Plan) -> None:
    # t1 stays on gip-01 and b1 on gip-02, else there would be more moves.
    served = proxies(tiny)
    assert {served["t2"], served["t3"]} == {"gip-01", "vbr-01"}
    del served["t2"], served["t3"]
    assert served == {
        "a1": "gip-02", "b1": "gip-02", "b2": "vbr-01", "d1": "gip-02", "t1": "gip-01",
        "u1": "vbr-01",
    }  # fmt: skip
    # vbr-01 reaches every VM, so it can take over whatever is not its own.
    own = tiny.proxy == tiny.estate.backup_server
    assert (tiny.failover[~own] == tiny.estate.backup_server).all()
    assert (tiny.failover[own] == -1).all()


def test_branch_offices(branch_offices: Plan, tmp_path: Path) -> None:
    # As README.md there has it: found by the planner and by the independent model of `oracle`.
    found = values(branch_offices)
    assert found == judged(branch_offices, tmp_path)
    assert list(found.items()) == [
        ("coverage", 167), ("tier1", 113), ("tier2", 3), ("tier3", 49), ("protected", 109),
        ("same_site", 120), ("peak", 16), ("balance", 1171), ("moves", 58),
    ]  # fmt: skip


def test_branch_offices_unassigned(branch_offices: Plan) -> None:
    found = reasons(branch_offices)
    assert Counter(found.values()) == {
        "capacity": 1,  # the fifth VM of takamatsu-plant
        "job_proxies": 2,  # naha-manual
        "not_reachable": 2,  # a network without a link, a guest too old for PowerShell Direct
        "unknown_network": 3,  # no network, no such address, an ambiguous one
        "unknown_os": 1,
    }
    for vm in ("nagoya-line-05", "naha-lab-01"):
        assert found[vm] == "not_reachable"
    for vm in ("sendai-scan-01", "naha-app-09", "kyoto-tenant-01"):
        assert found[vm] == "unknown_network"
    # 175 Windows tasks, 8 of them unassigned; beside them the one of unknown system.
    assert (branch_offices.tasks.kind == WINDOWS).sum() == 167 + 8


def test_branch_offices_by_powershell_direct(branch_offices: Plan) -> None:
    # The factory's lines 1 to 4: no route, but hosts. No such connection is protected.
    direct = branch_offices.connection == CONNECTIONS.index("powershell_direct")
    names = branch_offices.estate.vms["vm"].to_numpy()[branch_offices.tasks.vm[direct]]
    assert sorted(names) == [f"nagoya-line-0{number}" for number in (1, 2, 3, 4)]
    assert not np.any(branch_offices.protected[direct])
    assert set(branch_offices.tier[direct].tolist()) <= {3, 4}
