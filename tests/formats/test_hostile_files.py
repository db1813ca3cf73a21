"""What stands where a file should: links, pipes, devices, strange names, files that change; none is read or blocks."""

import os
import sys
from functools import partial
from pathlib import Path

import hostile
import pytest
from hostile_kinds import small_samples

import fhr
from fhr.errors import FormatError
from fhr.formats import read_whole, recordings_in
from fhr.formats.files.regular_file import cut, shown
from fhr.formats.reading import READERS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO, and links need rights")
SAMPLES = small_samples()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


PLACES = [(label, name) for label in ("wfdb", "csv", "npz", "7.mat", "fhrm") for name in SAMPLES[label].files]


@pytest.mark.parametrize(("label", "name"), PLACES)
def test_a_link_within_the_folder_is_followed(folder, label, name):
    path = SAMPLES[label].write(folder)
    (folder / "deeper").mkdir()
    (folder / name).rename(folder / "deeper" / "store")
    (folder / name).symlink_to("deeper/store")
    assert hostile.verdict(partial(fhr.read, path)) == "read"


@pytest.mark.parametrize("reader", dict.fromkeys(READERS.values()), ids=lambda reader: reader.__name__)
def test_a_folder_is_said_to_be_one(tmp_path, reader):
    for name in ("a", "a.csv", "a.xyz"):
        (tmp_path / name).mkdir()
        with pytest.raises(FormatError, match=r"a(\.\w+)? is a folder|a folder, no file"):
            reader(tmp_path / name)


def test_a_link_to_the_whole_folder_is_followed(folder):
    path = SAMPLES["wfdb"].write(folder)
    link = folder.with_name("link")
    link.symlink_to(folder)
    assert hostile.verdict(lambda: fhr.read(link / path.name)) == "read"


NAMES = ["a\nb", "\x1b[31mred", "CON", "NUL", " ", "-rf", "...", "%s", "é", "\u202ea", "a" * 240, "'", "a b", "{0}"]


@pytest.mark.parametrize("name", NAMES)
def test_strange_names_are_names(folder, name):
    for label in ("csv", "npz", "7.mat", "fhrm"):
        (data,) = SAMPLES[label].files.values()
        path = folder / f"{name}.{label.rpartition('.')[2]}"
        path.write_bytes(data)
        assert hostile.verdict(partial(fhr.read, path)) == "read"
        path.write_bytes(data[:7])
        assert hostile.verdict(partial(fhr.read, path)) == "refused"


def test_a_name_that_is_no_text_is_refused(folder):
    (data,) = SAMPLES["fhrm"].files.values()
    path = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.fhrm"))
    path.write_bytes(data)
    with pytest.raises(FormatError, match="can't encode"):
        fhr.read(path)


def test_a_folder_lists_what_is_refused_by_name(folder, caplog):
    SAMPLES["npz"].write(folder)
    for name in ("fifo.npz", "fifo.csv"):
        os.mkfifo(folder / name)
    (folder / "link.fhr").symlink_to("/dev/zero")
    with hostile.watchdog(300):
        assert [path.name for path in recordings_in(folder)] == ["a.npz", "fifo.npz", "link.fhr"]
    assert "fifo.csv: cannot be read (no regular file but a pipe, socket or device)" in caplog.text


@pytest.mark.parametrize(("told", "length"), [(10, 9), (10, 11), (0, 5)])
def test_a_file_that_changes_while_it_is_read_is_refused(folder, monkeypatch, told, length):
    """`fstat` tells a size, and the file has another by the time it is read."""
    (folder / "a").write_bytes(bytes(length))
    real = os.fstat

    def stale(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[6] = told
        return os.stat_result(fields)

    monkeypatch.setattr("fhr.formats.files.regular_file.os.fstat", stale)
    with pytest.raises(FormatError, match=r"changed while it was read|the file is empty"):
        read_whole(folder / "a", limit=100, kind="file")


def test_a_signal_file_that_shrinks_is_refused(folder, monkeypatch):
    path = SAMPLES["wfdb"].write(folder)
    data = path.with_suffix(".dat").read_bytes()
    real = os.fstat

    def stale(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[6] = len(data) if fields[6] == len(data) - 2 else fields[6]
        return os.stat_result(fields)

    path.with_suffix(".dat").write_bytes(data[:-2])
    monkeypatch.setattr("fhr.formats.wfdb.samples.os.fstat", stale)
    with pytest.raises(FormatError, match=r"r1.dat: 160 bytes where the header .* is truncated, fetch it again"):
        fhr.read(path)


def test_what_a_message_shows_of_a_file_is_short_and_printable():
    assert cut("a\x1b[31m\n" + "b" * 1000) == "a\\x1b[31m\\n" + "b" * 313 + "..."
    assert shown("7,1") == "'7,1'"
    assert shown("\x1b" * 100) == "'" + "\\x1b" * 80 + "'..."
