"""Files that are not what they say: each is refused with the file, the value and what to do."""

import tracemalloc
from math import nan
from pathlib import Path

import numpy as np
import pytest

from fhr.errors import FormatError
from fhr.formats import read, read_wfdb, write_wfdb
from fhr.recording import Outcome, Recording

HEADER = "r1.hea: "
FHR_LINE = "r1.dat 16 100(0)/bpm 12 0 14000 28225 0 FHR"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A valid record of 4 samples; its header's path."""
    recording = Recording("r1", [140.0, nan, 142.25, 0.0], [1.0, 2.0, 3.0, nan], 4.0, outcome=Outcome(ph=7.2))
    return write_wfdb(recording, tmp_path)


def refused(record: Path, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        read(record)
    assert str(record.parent) in str(error.value)


def test_the_record_is_valid_before_it_is_spoilt(record):
    assert FHR_LINE in record.read_text()
    np.testing.assert_array_equal(read(record).fhr, np.float32([140, nan, 142.25, nan]))


@pytest.mark.parametrize("size", [0, 1, 14, 15])
def test_truncated_signal_file(record, size):
    data = record.with_suffix(".dat")
    data.write_bytes(data.read_bytes()[:size])
    refused(record, rf"r1.dat: {size} bytes where the header declares 4 samples of 2 signals \(16 bytes\); .*truncated")


def test_too_long_signal_file(record):
    data = record.with_suffix(".dat")
    data.write_bytes(data.read_bytes() + b"\0\0\0\0")
    refused(record, r"r1.dat: 20 bytes where .*\(16 bytes\); the file is too long, fetch it again")


def test_missing_signal_file(record):
    record.with_suffix(".dat").unlink()
    refused(record, r"r1.dat: no readable signal file \(No such file or directory\); fetch it beside its header")


def test_folder_in_place_of_the_signal_file(record):
    record.with_suffix(".dat").unlink()
    record.with_suffix(".dat").mkdir()
    refused(record, "r1.dat")


@pytest.mark.parametrize("column", [0, 1])
def test_one_changed_sample_fails_the_checksum(record, column):
    samples = np.fromfile(record.with_suffix(".dat"), "<i2")
    samples[4 + column] += 1
    samples.tofile(record.with_suffix(".dat"))
    refused(
        record, rf"r1.dat: signal {column} sums to \d+ \(mod 65536\), the header says \d+; .*damaged, fetch it again"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # the record line
        ("r1 2 4 4", "r2 2 4 4", "the header is of record 'r2'; rename the file or the record"),
        ("r1 2 4 4", "r1", "record line 'r1'; it must give name, number of signals, sampling rate and length"),
        ("r1 2 4 4", "r1 2", "the record line gives no sampling rate; write it there .*, or give fs, in Hz"),
        ("r1 2 4 4", "r1/3 2 4 4", "3 segments declared, 2 segment lines found"),
        ("r1 2 4 4", "r1/2 2 4 4", "segment 'r1.dat 16 .* is not a plain record name"),
        ("r1 2 4 4", "r1 2 0 4", "sampling rate 0; it must be a positive number of Hz"),
        ("r1 2 4 4", "r1 2 -4 4", "sampling rate -4; it must be"),
        ("r1 2 4 4", "r1 2 nan 4", "sampling rate nan; it must be"),
        ("r1 2 4 4", "r1 2 inf 4", "sampling rate inf; it must be"),
        ("r1 2 4 4", "r1 2 four 4", "record line 'r1 2 four 4' holds a field that is no number"),
        ("r1 2 4 4", "r1 2 4 -4", "-4 samples declared; a recording has 1 to"),
        ("r1 2 4 4", "r1 2 4 0", "0 samples declared; a recording has 1 to"),
        ("r1 2 4 4", "r1 2 4 4.0", "record line 'r1 2 4 4.0' holds a field that is no number"),
        ("r1 2 4 4", "r1 2 4 99999999999999", "99999999999999 samples declared; a recording has 1 to 4838400"),
        ("r1 2 4 4", "r1 2 4 4838400", r"r1.dat: 16 bytes where .*\(19353600 bytes\); the file is truncated"),
        ("r1 2 4 4", "r1 2 4 " + "9" * 1900, "holds a field that is no number"),
        ("r1 2 4 4", "r1 0 4 4", "0 signals declared; a recording has 1 to 16"),
        ("r1 2 4 4", "r1 -1 4 4", "-1 signals declared; a recording has"),
        ("r1 2 4 4", "r1 999999999 4 4", "999999999 signals declared; a recording has"),
        ("r1 2 4 4", "r1 3 4 4", "3 signals declared, 2 signal lines found"),
        ("r1 2 4 4", "r1 1 4 4", "1 signals declared, 2 signal lines found"),
        # the signal line
        (FHR_LINE, FHR_LINE.replace("100(0)", "0(0)"), "FHR has no gain, or one of 0: it is not calibrated; write"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "-100(0)"), "'FHR' has the gain -100 and the baseline 0; correct"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "abc"), "signal line '.* abc/bpm .*; gain.*must be numbers"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "nan"), "signal line '.* nan/bpm .*must be numbers"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "1e999"), "has the gain inf"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "1e-320"), "has the gain 9.99989e-321"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "100(" + "9" * 400 + ")"), "signal line '.*must be numbers"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "100(9999999999999)"), "the baseline 9999999999999; correct them"),
        (FHR_LINE, FHR_LINE.replace("100(0)/bpm 12 0", "100/bpm 12 " + "9" * 400), "signal line '.*must be numbers"),
        (FHR_LINE, FHR_LINE.replace("100(0)/bpm 12 0", "100/bpm 12 x"), "signal line '.* x .*must be numbers"),
        (FHR_LINE, FHR_LINE.replace("28225", "x"), "signal line '.* x .*must be numbers"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 212 "), "r1.dat: signals in formats 212 and 16; a file has one format"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 7 "), "r1.dat: signals in formats 7 and 16"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 16x4 "), r"r1.dat: 16 bytes where .*\(40 bytes\); the file is truncated"),
        (
            FHR_LINE,
            FHR_LINE.replace(" 16 ", " 16+24 "),
            r"r1.dat: 16 bytes where .*\(40 bytes\); the file is truncated",
        ),
        (FHR_LINE, FHR_LINE.removesuffix(" FHR"), "no signal is known to be FHR; it holds , UC; say columns="),
        (FHR_LINE, "r1.dat 16", "no signal is known to be FHR; it holds , UC; say columns="),
        (FHR_LINE, "r1.dat", "signal line 'r1.dat'; it must give a file and a number for its format"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "../r1.dat"), "signal file '../r1.dat' is not a plain file name beside"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "/etc/passwd"), "signal file '/etc/passwd' is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", ".."), "signal file '..' is not a plain"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "."), "signal file '.' is not a plain"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "..\\r1.dat"), "is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "C:r1.dat"), "is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "r1\0.dat"), "its lines are not of text"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "other.dat"), r"other.dat: no readable signal file .*fetch it beside"),
        (" UC", " FHR", "'FHR' and 'FHR' both look like fhr; say which is to be read"),
        (" FHR", " ECG", "no signal is known to be FHR; it holds ECG, UC; say columns="),
    ],
)
def test_contradictory_header(record, old, new, message):
    text = record.read_text()
    assert text.count(old) == 1
    record.write_text(text.replace(old, new))
    refused(record, message if message.startswith(("r1.dat", "other.dat")) else HEADER + ".*" + message)


@pytest.mark.parametrize("length", ["4838400", "99999999999999"])
def test_a_huge_declared_length_allocates_nothing(record, length):
    record.write_text(record.read_text().replace("r1 2 4 4", f"r1 2 4 {length}"))
    tracemalloc.start()
    try:
        refused(record, "truncated|samples declared")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"\n\r\n", b"# only a comment\n"])
def test_header_without_a_record_line(record, content):
    record.write_bytes(content)
    refused(record, HEADER + "no record line; the file is empty or holds comments only")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\xff\xfe" * 50, "record line '.*; it must give name"),
        (b"\xff\xfer\x001\x00", "record line 'r1'; it must give name"),
        (b"r1 2 4 4\n\xff", "2 signals declared, 1 signal lines found"),
        (b"r1 1 4 4\n\x00\xff", "no readable WFDB header, its lines are not of text; check the path"),
    ],
)
def test_binary_header(record, content, message):
    record.write_bytes(content)
    refused(record, HEADER + message)


def test_empty_header(record):
    record.write_bytes(b"")
    refused(record, HEADER + "the file is empty; fetch it again")


def test_header_of_zeros(record):
    record.write_bytes(bytes(1000))
    refused(record, HEADER + "record line")


def test_header_of_a_size_that_no_header_has(record):
    record.write_bytes(b"#" * (1 << 20) + b"\n")
    refused(record, HEADER + "1048577 bytes; a WFDB header ends at 1048576")


@pytest.mark.parametrize("reader", [read, read_wfdb])
def test_missing_header(record, reader):
    record.unlink()
    with pytest.raises(FormatError, match=r"r1.hea: no readable WFDB header \(No such file or directory\); check"):
        reader(record.with_suffix(".dat"))


@pytest.mark.parametrize("path", [".", "", "/", "..", "a\0b", "x" * 5000])
@pytest.mark.parametrize("reader", [read, read_wfdb])
def test_paths_that_no_record_can_have(reader, path):
    with pytest.raises(FormatError):
        reader(path)


def test_unknown_suffix(record):
    (record.parent / "r1.xyz").write_bytes(b"0")
    refused(
        record.with_suffix(".xyz"), r"r1.xyz: unknown suffix '.xyz'; known are .hea, .dat, .*, or a WFDB record without"
    )


def test_a_folder(record):
    with pytest.raises(
        FormatError, match=r"is a folder; fhr.read takes one recording, fhr.datasets.RecordingFolder takes a"
    ):
        read(record.parent)
