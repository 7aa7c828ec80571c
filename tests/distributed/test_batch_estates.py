"""Which folders and addresses a batch takes for estates."""

from __future__ import annotations

from pathlib import Path

import pytest
from estates import BRANCHES, put

from models.errors import GipError
from optimizer.distributed.batch.discovery import EstatesError, find_estates, find_refusal


def test_the_largest_first_and_nothing_but_estates(tmp_path: Path) -> None:
    put(tmp_path, "b", "a", "deep/er/c")
    put(tmp_path, "large", estate=BRANCHES)
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "servers.csv.gz").write_bytes(b"1")
    (tmp_path / "none" / "servers.txt").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path)
    names = ["large", "a", "b", "deep/er/c", "packed"]
    assert [estate.name for estate in find_estates(str(tmp_path))] == names
    assert [estate.name for estate in find_estates(tmp_path.as_uri())] == names


def test_a_list_of_paths(tmp_path: Path) -> None:
    put(tmp_path, "here/a", "b")
    listed = tmp_path / "here" / "list.txt"
    lines = ["a", "../b", str(tmp_path / "b"), "memory://bucket/x", "gone", "", "a/../c/"]
    listed.write_bytes("\r\n".join(lines).encode())
    found = {estate.name: (estate.place, estate.size > 0) for estate in find_estates(str(listed))}
    root = str(tmp_path).lstrip("/")
    assert found == {
        "a": (str(tmp_path / "here" / "a"), True),
        "../b": (str(tmp_path / "here" / ".." / "b"), True),
        f"{root}/b": (str(tmp_path / "b"), True),
        "bucket/x": ("memory://bucket/x", False),
        "gone": (str(tmp_path / "here" / "gone"), False),
        "c": (str(tmp_path / "here" / "a/../c/"), False),
    }
    assert [name for name in found if find_refusal(name)] == ["../b"]


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a", True),
        ("a b/\N{SNOWMAN}/..c", True),
        ("..", False),
        ("a/../../b", False),
        ("/etc", False),
        ("a//b", False),
        ("", False),
        ("summary.csv", False),
        ("summary.html/a", False),
        ("batch.lock", False),
        ("a/batch.lock", True),
        ("a/.gip-b", False),
    ],
)
def test_no_name_leads_out_of_the_output(name: str, fits: bool) -> None:
    assert (find_refusal(name) is None) == fits


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("gone", "does not exist"),
        ("empty", "holds a servers.csv"),
        ("estate", "is an estate itself; plan it with `gip plan`"),
        ("twice.txt", "twice.txt:3: './a' is in line 1 already"),
        ("bytes.txt", "cannot be read"),
    ],
)
def test_what_leads_to_no_estate_is_told(tmp_path: Path, source: str, says: str) -> None:
    put(tmp_path, "estate")
    (tmp_path / "empty").mkdir()
    (tmp_path / "twice.txt").write_text("a\n\n./a\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(EstatesError) as caught:
        find_estates(str(tmp_path / source))
    assert says in str(caught.value)


def test_addresses_of_no_kind_are_told() -> None:
    for place in ("gopher://a/b", "s3://a/b"):
        with pytest.raises(GipError, match="cannot be opened"):
            find_estates(place)
