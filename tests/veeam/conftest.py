"""Backup servers to apply plans to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from veeam_server import PASSWORD, USER
from veeam_site import Site, site_of

from optimizer import http_client
from optimizer.veeam.api_revisions import NAMES


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the account of those servers, a narrow terminal, and no pauses between attempts."""
    monkeypatch.setattr(http_client, "RETRY", http_client.RETRY.new(backoff_factor=0))
    monkeypatch.setenv("VEEAM_USERNAME", USER)
    monkeypatch.setenv("VEEAM_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def site(revision: str, tmp_path: Path) -> Iterator[Site]:
    yield from site_of(revision, tmp_path)


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[Site]:
    yield from site_of(NAMES[-1], tmp_path)
