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
        ("r1 2 4 4", "r1 2 4", "record line 'r1 2 4'; it must give name, number of signals, sampling rate and length"),
        ("r1 2 4 4", "r1 2", "record line 'r1 2'; it must give"),
        ("r1 2 4 4", "r1/3 2 4 4", "'r1/3' is a multi-segment record; join its segments first"),
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
        ("r1 2 4 4", "r1 2 4 " + "9" * 5000, "holds a field that is no number"),
        ("r1 2 4 4", "r1 0 4 4", "0 signals declared; a recording has 1 to 16"),
        ("r1 2 4 4", "r1 -1 4 4", "-1 signals declared; a recording has"),
        ("r1 2 4 4", "r1 999999999 4 4", "999999999 signals declared; a recording has"),
        ("r1 2 4 4", "r1 3 4 4", "3 signals declared, 2 signal lines found"),
        ("r1 2 4 4", "r1 1 4 4", "1 signals declared, 2 signal lines found"),
        # the signal line
        (
            FHR_LINE,
            FHR_LINE.replace("100(0)", "0(0)"),
            r"gain '0\(0\)/bpm', ADC zero '0' or checksum '28225'; all must",
        ),
        (FHR_LINE, FHR_LINE.replace("100(0)", "-100(0)"), r"gain '-100\(0\)/bpm'"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "abc"), "gain 'abc/bpm'"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "nan"), "gain 'nan/bpm'"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "1e999"), "gain '1e999/bpm'"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "1e-320"), "gain '1e-320/bpm'"),
        (FHR_LINE, FHR_LINE.replace("100(0)", "100(" + "9" * 400 + ")"), "gain '100"),
        (FHR_LINE, FHR_LINE.replace("100(0)/bpm 12 0", "100/bpm 12 " + "9" * 400), "ADC zero '999"),
        (FHR_LINE, FHR_LINE.replace("100(0)/bpm 12 0", "100/bpm 12 x"), "ADC zero 'x'"),
        (FHR_LINE, FHR_LINE.replace("28225", "x"), "checksum 'x'"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 212 "), "signal format '212'; only format 16 is read"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 16x4 "), "signal format '16x4'"),
        (FHR_LINE, FHR_LINE.replace(" 16 ", " 16+24 "), r"signal format '16\+24'"),
        (FHR_LINE, FHR_LINE.removesuffix(" FHR"), "has 8 of 9 fields; the checksum is needed"),
        (FHR_LINE, "r1.dat 16", "signal line 'r1.dat 16' has 2 of 9 fields"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "../r1.dat"), "signal file '../r1.dat' is not a plain file name beside"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "/etc/passwd"), "signal file '/etc/passwd' is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", ".."), "signal file '..' is not a plain"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "."), "signal file '.' is not a plain"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "..\\r1.dat"), "is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "C:r1.dat"), "is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "r1\0.dat"), "is not a plain file name"),
        (FHR_LINE, FHR_LINE.replace("r1.dat", "other.dat"), "signals in several files; store them in one .dat file"),
        (" UC", " FHR", "two signals are called FHR; keep one of them"),
        (" FHR", " HR", "no signal is called FHR; name it in the header's signal line"),
        # the comment block
        ("#pH           7.2", "#pH           high", "pH is 'high'; write a number or NaN"),
        ("#pH           7.2", "#pH           7,2", "pH is '7,2'; write a number or NaN"),
        ("#pH           7.2", "#pH", "pH is 'pH'; write a number or NaN"),
        ("#NICU days    NaN", "#NICU days    ", "NICU days is 'days'; write a number or NaN"),
        ("#pH           7.2", "#pH           7.2\n#pH           7.1", "the field 'pH' stands twice; keep one of them"),
    ],
)
def test_contradictory_header(record, old, new, message):
    text = record.read_text()
    assert text.count(old) == 1
    record.write_text(text.replace(old, new))
    refused(record, message if message.startswith("r1.dat") else HEADER + ".*" + message)


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


@pytest.mark.parametrize("content", [b"\x80\xff\xfe" * 50, b"\xff\xfer\x001\x00", b"r1 2 4 4\n\xff"])
def test_binary_header(record, content):
    record.write_bytes(content)
    refused(record, HEADER + r"no readable WFDB header \(.*can't decode.*\); check the path")


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
    (record.parent / "r1.edf").write_bytes(b"0")
    refused(
        record.with_suffix(".edf"), r"r1.edf: unknown suffix '.edf'; known are .hea, .dat, .*, or a WFDB record without"
    )


def test_a_folder(record):
    with pytest.raises(FormatError, match=r"is a folder; fhr.read takes one recording, fhr.datasets.CTUUHB takes a"):
        read(record.parent)
