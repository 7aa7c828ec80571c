"""Certificates: what they certify of plans, and that a changed one is rejected."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import random_estates
from click.testing import CliRunner
from estates import BRANCHES, TINY, estate
from hypothesis import HealthCheck, given, settings

from models.estate import Estate
from models.plan import Plan
from optimizer import certificate
from optimizer.certificate import RejectedError, verify
from optimizer.cli.main import gip
from optimizer.eligibility.context import PlanningContext
from optimizer.formulation.decomposition import coordinator
from optimizer.formulation.solve_assignment import solve_assignment
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.output.certificate_writer import write_certificate
from optimizer.planner import plan_of_solution
from optimizer.solver.deadline import Deadline

few = settings(
    max_examples=max(10, settings().max_examples // 20),
    suppress_health_check=list(HealthCheck),
)
REFUSALS = (RejectedError, ArithmeticError, LookupError, ValueError)
# Four tasks on three servers of three: 667 per mille, of which a relaxation sees 445.
THIRDS = (["bs hq", *(f"{name} a max_tasks=3" for name in "pqr")], ["v a", "w a", "x a", "y a"])
UTILISATION = {"planning": {"balance": "utilisation"}}


def certified(
    read: Estate, file: Path, workers: int = 1, seconds: float | None = None
) -> tuple[Plan, list[str]]:
    """Plan an estate, write its certificate to ``file`` and return what verifying says."""
    context = PlanningContext.build(read)
    options = SolveOptions(read.settings, Deadline(seconds), 0, workers, pooling=True)
    best = solve_assignment(context, options, lambda event: None)
    made = plan_of_solution(context, best)
    write_certificate(best, made.aims, read.settings, read.inputs, Deadline(seconds), file)
    return made, verify(file.read_bytes().splitlines(keepends=True))


def all_certified(made: Plan) -> list[str]:
    """Return what is to be said of a plan of which every aim is certified."""
    return [f"{aim.aim} {aim.value}: bound {aim.bound} certified, optimal" for aim in made.aims]


@pytest.mark.parametrize("folder", [TINY, BRANCHES], ids=lambda folder: folder.name)
def test_the_sample_estates_are_certified_by_the_file_alone(folder: Path, tmp_path: Path) -> None:
    """The verifier runs by itself, isolated from every package, and says the same."""
    made, sentences = certified(read_estate(folder), tmp_path / "proof")
    assert sentences == all_certified(made)
    alone = shutil.copy(certificate.__file__, tmp_path / "alone.py")
    command = [sys.executable, "-I", "-S", str(alone), str(tmp_path / "proof")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == sentences


def is_certified(sentence: str) -> bool:
    return "NOT certified" not in sentence


@few
@given(spec=random_estates.estates())
def test_what_duals_prove_is_certified_and_what_a_search_says_is_not(spec: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        random_estates.write(spec, Path(name))
        made, sentences = certified(read_estate(Path(name)), Path(name) / "proof")
    assert [is_certified(sentence) for sentence in sentences] == [
        aim.proof == "duals" for aim in made.aims
    ]


def test_what_rests_on_a_search_is_open(tmp_path: Path) -> None:
    read = estate(tmp_path, *THIRDS, settings=UTILISATION)
    made, sentences = certified(read, tmp_path / "proof")
    assert [aim.aim for aim in made.aims if aim.proof == "search"] == ["peak"]
    open_ones = [sentence for sentence in sentences if not is_certified(sentence)]
    assert open_ones == ["peak 667: bound 667 NOT certified, only 445 is"]


def test_a_tolerance_and_no_time_are_certified_as_far_as_they_go(tmp_path: Path) -> None:
    tolerance = {"planning": {"tolerance": {"tier1": "0.5"}}}
    servers, vms = ["bs hq", "p a max_tasks=9", "q b"], [f"v{n} a" for n in range(6)]
    read = estate(tmp_path, servers, vms, settings=tolerance)
    made, sentences = certified(read, tmp_path / "proof")
    assert [aim.value < aim.best for aim in made.aims[:3]] == [False, True, False]
    assert all(map(is_certified, sentences))
    assert sentences[1] == "tier1 3: bound 6 certified"
    # Without any time only what counting shows is proven.
    made, sentences = certified(read, tmp_path / "proof", seconds=0)
    assert not all(aim.proven for aim in made.aims)
    assert is_certified(sentences[0])


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    """Four networks without links, each a part of its own."""
    monkeypatch.setattr(coordinator, "_minimum_size", lambda settings: 1)
    vms = [f"{net}{number} {net}" for net in "abcd" for number in range("abcd".index(net) + 3)]
    servers = [f"{net}p{number} {net} max_tasks=3" for net in "abcd" for number in range(2)]
    return estate(tmp_path / "parts", ["bs hq", *servers], vms, links=[])


def test_parts_are_certified_one_by_one_the_same_for_any_workers(
    parts: Estate, tmp_path: Path
) -> None:
    made, sentences = certified(parts, tmp_path / "one")
    assert sentences == all_certified(made)
    assert (tmp_path / "one").read_bytes().count(b"\npart\n") == 4
    certified(parts, tmp_path / "three", workers=3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "three").read_bytes()


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the certificate of the branch offices, line by line."""
    file = tmp_path_factory.mktemp("certificate") / "proof"
    certified(read_estate(BRANCHES), file)
    return file.read_bytes().splitlines(keepends=True)


def test_each_of_a_hundred_random_corruptions_is_rejected(lines: list[bytes]) -> None:
    content, dice = b"".join(lines), random.Random(0)  # noqa: S311
    for _ in range(100):
        place = dice.randrange(len(content))
        other = bytes([dice.choice([b for b in range(256) if b != content[place]])])
        spoilt = content[:place] + other + content[place + 1 :]
        with pytest.raises(REFUSALS):
            verify(spoilt.splitlines(keepends=True))


def with_digest(lines: list[bytes]) -> list[bytes]:
    """Return changed lines with the digest that they ask for."""
    return [*lines[:-1], f"sha256 {hashlib.sha256(b''.join(lines[:-1])).hexdigest()}\n".encode()]


def forgeries(lines: list[bytes], dice: random.Random) -> Iterator[list[bytes]]:
    """Yield certificates that claim what is not so, or prove less than they claim, for ever."""
    while True:
        kind = dice.choice([b"column", b"bound", b"aim", b"multipliers", b"whole", b"row"])
        at = dice.choice([n for n, line in enumerate(lines) if line.startswith(kind)])
        words, step = lines[at].split(), dice.randrange(1, 9)
        if kind == b"column":  # another point, outside its bounds
            words[3] = b"%d" % (int(words[2]) + step)
        elif kind == b"bound":  # a better one, which the point itself refutes
            words[1] = b"%d" % (int(words[1]) + better(aim_before(lines, at)) * step)
        elif kind == b"aim":  # more held than the point has
            words[3] = b"%d" % (int(words[3]) + better(lines[at]) * step)
        elif kind == b"multipliers":  # none at all, where they are needed
            if len(words) == 2 or not lines[at + 1].startswith(b"bound"):
                continue
            words = words[:2]
        elif kind == b"whole":  # another value or bound
            place = dice.choice([3, 4])
            words[place] = b"%d" % (int(words[place]) + step)
        else:  # a row that the point breaks
            words[1:3] = b"-", b"-1"
        yield [*lines[:at], b" ".join(words) + b"\n", *lines[at + 1 :]]


def better(aim: bytes) -> int:
    return 1 if aim.split()[2] == b"max" else -1


def aim_before(lines: list[bytes], at: int) -> bytes:
    return next(line for line in reversed(lines[:at]) if line.startswith(b"aim "))


def test_each_of_a_hundred_forgeries_with_a_right_digest_is_rejected(lines: list[bytes]) -> None:
    assert len(verify(with_digest(lines))) == 9
    made = forgeries(lines, random.Random(1))  # noqa: S311
    for _ in range(100):
        forged = with_digest(next(made))
        with pytest.raises(REFUSALS):
            verify(forged)


@pytest.mark.parametrize(
    ("cut", "why"),
    [
        (lambda lines: lines[:-1], "digest"),
        (lambda lines: [*lines[:3], *lines[-1:]], "digest"),
        (lambda lines: with_digest([b"gip-certificate 2\n", *lines[1:]]), "format 1"),
        (lambda lines: with_digest([*lines[:-2], lines[-1]]), "not concluded"),
        (lambda lines: [*lines, b"part\n"], "begins with sha256"),
    ],
)
def test_what_is_cut_off_is_rejected(
    lines: list[bytes], cut: Callable[[list[bytes]], list[bytes]], why: str
) -> None:
    with pytest.raises(RejectedError, match=why):
        verify(cut(lines))


def test_the_command_writes_what_verifies(tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "out" / "proof.txt"
    ran = CliRunner().invoke(
        gip, ["plan", str(TINY), "--out", str(out), "--certificate", str(file)]
    )
    assert ran.exit_code == 0, ran.output
    assert "moves 3: bound 3 certified, optimal" in ran.output
    assert len(verify(file.read_bytes().splitlines(keepends=True))) == 9
    assert CliRunner().invoke(gip, ["check", str(TINY), str(out), "-q"]).exit_code == 0


@pytest.mark.parametrize(
    ("file", "others", "told"),
    [
        ("out/plan.json", [], "is a file of the plan; choose another --certificate"),
        ("estate/proof.txt", [], "is the estate itself"),
        ("proof.txt", ["--out-of-core"], "--certificate go without --out-of-core"),
    ],
)
def test_a_certificate_in_a_wrong_place_is_refused(
    tmp_path: Path, file: str, others: list[str], told: str
) -> None:
    shutil.copytree(TINY, tmp_path / "estate")
    words = [str(tmp_path / "estate"), "--out", str(tmp_path / "out"), *others]
    ran = CliRunner().invoke(gip, ["plan", *words, "--certificate", str(tmp_path / file)])
    assert ran.exit_code != 0
    assert told in " ".join((ran.output + str(ran.exception)).split())
    assert not (tmp_path / "out" / "plan.json").exists()
    assert not (tmp_path / "proof.txt").exists()
