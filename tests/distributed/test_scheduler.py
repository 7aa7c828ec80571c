"""A scheduler of one's own: absent, gone, with certificates."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

import pytest
import trustme
from batches import by_name, joining, scheduling, silent, tables
from click.testing import CliRunner
from estates import TINY, put

from models.batch_result import EstateResult
from optimizer.cli.main import gip
from optimizer.distributed import cluster as engines
from optimizer.distributed.batch.run_batch import BatchRequest, run_batch
from optimizer.distributed.cluster import Cluster, ClusterError, open_cluster


def test_a_scheduler_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "CONNECT", 0.5)
    put(tmp_path / "in", "a")
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for server in (mute, closed):
            place = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            with pytest.raises(ClusterError, match=r"within 0\.5 seconds") as caught:
                run_batch(
                    str(tmp_path / "in"),
                    str(tmp_path / "out"),
                    BatchRequest(),
                    Cluster(place),
                    silent,
                )
            assert f"--scheduler {place}: cannot be reached" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_goes_leaves_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[Path, dict[str, bytes]]
) -> None:
    estates = put(tmp_path / "in", "waiting", "a", "b")
    out = tmp_path / "out"
    monkeypatch.setattr(engines, "CONNECT", 2)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scheduling(tmp_path))
        stack.enter_context(joining(place, tmp_path))

        def tell(rows: list[EstateResult], *_: object) -> None:
            if len(rows) == 2:
                stack.close()

        rows = by_name(run_batch(str(estates), str(out), BatchRequest(), Cluster(place), tell))
    assert tables(out / "a") == tables(out / "b") == expected[TINY]
    assert rows["a"].status == rows["b"].status == "planned"
    assert "the scheduler is gone; start the batch again" in rows["waiting"].error
    assert "waiting,failed" in (out / "summary.csv").read_text("utf-8-sig")


def test_tls_with_certificates_of_ones_own(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    card = authority.issue_cert("127.0.0.1")
    card.private_key_pem.write_to_path(tmp_path / "key.pem")
    card.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    options = [f"--tls-{name}" for name in ("ca-file", "cert", "key")]
    tls = [word for pair in zip(options, map(str, files), strict=True) for word in pair]
    put(tmp_path / "in", "a")
    with (
        scheduling(tmp_path, "--protocol", "tls", *tls) as place,
        joining(place, tmp_path, "--protocol", "tls", *tls),
    ):
        assert place.startswith("tls://")
        call = ["batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--scheduler", place]
        done = CliRunner().invoke(gip, [*call, *tls, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["counts"] == {"planned": 1}
        stranger = Cluster(place, None, None, tmp_path / "other.pem", *files[1:])
        with pytest.raises(ClusterError, match="cannot be reached"), open_cluster(stranger, 1):
            pass


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--scheduler", "tcp://a:1", "--workers", "2"], "for this machine"),
        (["--scheduler", "tls://a:1"], "needs --tls-ca-file"),
        (["--tls-key", "x"], "are for a --scheduler of tls://"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], says: str) -> None:
    done = CliRunner().invoke(gip, ["batch", "in", "--out", "out", *options])
    assert done.exit_code == 2
    assert says in done.output
