"""Sealed archives: what was written comes back, the same bytes each time; what was cut, edited or forged does not."""

import hashlib
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import hostile
import pytest

from fhr.errors import FormatError
from fhr.formats.archives.sealed_archive import SealedArchive, write_sealed

FILES = {"runs.json": b"[]", "a/é.txt": b"text", "a/empty": b"", "b.bin": bytes(range(256))}


def write(path: Path, files: dict[str, bytes] = FILES, version: int = 1) -> bytes:
    return write_sealed(path, "exported run", version, files.items()).read_bytes()


def contents(path: Path, newest: int = 1) -> dict[str, bytes]:
    with SealedArchive(path, "exported run", newest) as archive:
        return {name: archive.read(name) for name in archive.names}


def forged(path: Path, members: dict[str, bytes], listed: object = None, how: int = zipfile.ZIP_STORED) -> Path:
    """An archive whose checksums hold, whatever it says."""
    if listed is None:
        listed = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in members.items()}
    if not isinstance(listed, bytes):
        listed = json.dumps({"kind": "exported run", "version": 1, "files": listed}).encode()
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(zipfile.ZipInfo("contents.json"), listed)
        archive.comment = b"sha256 " + hashlib.sha256(listed).hexdigest().encode()
    return path


def test_what_was_written_comes_back_and_any_program_opens_it(tmp_path):
    (tmp_path / "file").write_bytes(b"of a file")
    path = write_sealed(tmp_path / "a.zip", "exported run", 1, [*FILES.items(), ("z", tmp_path / "file")])
    assert contents(path) == {**FILES, "z": b"of a file"}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*FILES, "z", "contents.json"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "file"]


def test_the_same_files_give_the_same_bytes(tmp_path):
    first = write(tmp_path / "a.zip")
    os.utime(tmp_path, (0, 0))
    assert write(tmp_path / "b.zip") == first
    assert hashlib.sha256(first).hexdigest().startswith("617caef81b0f63e1")


def test_every_cut_is_refused(tmp_path):
    whole, path = write(tmp_path / "a.zip"), tmp_path / "cut.zip"
    for length in [*range(0, len(whole), 9), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError, match=r"no whole exported run, its end is missing; copy it again"):
            contents(path)


def test_every_edited_byte_is_refused_or_tells_nothing(tmp_path):
    """The date of a file, say, is in no checksum; nor does anything read it."""
    given: list[dict[str, bytes]] = []
    whole, path, verdicts = write(tmp_path / "a.zip"), tmp_path / "edited.zip", []
    for at in range(0, len(whole), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        verdicts.append(hostile.verdict(lambda: given.append(contents(path))))
    assert all(found == FILES for found in given)
    assert verdicts.count("refused") > 0.8 * len(verdicts)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (2, r"a.zip: exported run, version 2; this package knows 1, update intrapartum-fhr"),
        (0, r"\(exported run, version 0\); copy"),
    ],
)
def test_another_version(version, expected, tmp_path):
    write(tmp_path / "a.zip", version=version)
    with pytest.raises(FormatError, match=expected):
        contents(tmp_path / "a.zip")


NAMES = [
    "../a",
    "/a",
    "a/../../b",
    "a\\..\\b",
    "C:/a",
    "C:a",
    ".",
    "a//b",
    "a/",
    "",
    "a\nb",
    "x" * 401,
    "contents.json",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_would_leave_its_folder(name, tmp_path):
    with pytest.raises(FormatError, match="cannot be the name of a file"):
        write(tmp_path / "a.zip", {name: b""})
    assert list(tmp_path.iterdir()) == []
    if name not in ("", "contents.json"):
        with pytest.raises(FormatError, match="damaged or edited"):
            contents(forged(tmp_path / "b.zip", {name: b"x"}))


def test_what_is_forged(tmp_path):
    """With checksums that hold: compressed, more or fewer files than listed, a list of any other shape."""
    members = {"a": b"x" * 100}
    right = {"bytes": 100, "sha256": "0" * 64}
    others = [[], 3, "a", {}, {"a": 1}, {"a": {}}, {"a": {"bytes": 100}}, {"a": {**right, "sha256": 5}}]
    others += [
        {"a": {**right, "bytes": 99}},
        {"a": right, "b": right},
        b"[" * 100_000,
        b"\xff",
        b"{}",
        b"[" + b"1," * 10**6,
    ]
    for listed in others:
        with pytest.raises(FormatError, match=r"damaged or edited \("):
            contents(forged(tmp_path / "a.zip", members, listed))
    with pytest.raises(FormatError, match="wrong checksum of 'a'"):
        contents(forged(tmp_path / "a.zip", members, {"a": right}))
    with pytest.raises(FormatError, match="compressed or encrypted"):
        contents(forged(tmp_path / "a.zip", members, how=zipfile.ZIP_DEFLATED))
    with pytest.raises(FormatError, match=r"\(exported run, version 1\)"):
        SealedArchive(forged(tmp_path / "a.zip", members), "something else", 1)


def test_what_would_ask_for_more_than_the_file_holds(tmp_path):
    """One member listed many times; a directory larger than any; a second end, of a larger form of archive."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", bytes(1 << 20))
        first = archive.infolist()[0]
        for i in range(500):
            twin = zipfile.ZipInfo(f"b{i}")
            twin.header_offset, twin.file_size, twin.compress_size, twin.CRC = 0, 1 << 20, 1 << 20, first.CRC
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive.comment = b"sha256 " + b"0" * 64
    bombs = [path.read_bytes()]
    seal = b"sha256 " + b"0" * 64
    directory = struct.pack("<4s42x", b"PK\1\2") * 10**6
    bombs.append(directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, len(directory), 0, len(seal)) + seal)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, 0, 0, len(seal)) + seal
    larger = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 0, 0, len(directory), 0)
    bombs.append(directory + larger + struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1) + end)
    within = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, len(directory), 0, 0)
    hidden = b"sha256 " + within.ljust(64, b"0")
    bombs.append(directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, 0, 0, len(hidden)) + hidden)
    for bomb in bombs:
        path.write_bytes(bomb)
        tracemalloc.start()
        with pytest.raises(FormatError):
            contents(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()


def test_too_much_for_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr("fhr.formats.archives.sealed_archive._MOST_BYTES", 2 * 2**23 + 100)
    with pytest.raises(FormatError, match=r"a.zip: more than \d+ bytes or 10000 files; write parts"):
        write(tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):
    (tmp_path / "grows").write_bytes(b"x")
    monkeypatch.setattr("fhr.formats.archives.sealed_archive._chunks", lambda path: [b"xy"])
    with pytest.raises(FormatError, match="grows: it changed while it was read"):
        write_sealed(tmp_path / "a.zip", "exported run", 1, [("a", tmp_path / "grows")])
    assert [path.name for path in tmp_path.iterdir()] == ["grows"]


def test_no_file(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FormatError, match="no readable file"):
            contents(path)
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with pytest.raises(FormatError, match="its end is missing"):
        contents(path)
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FormatError, match="its end is missing"):
        contents(path)
