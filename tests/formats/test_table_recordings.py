"""CSV and TSV tables of any make."""

import hashlib
import logging
from math import nan
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import read_table, write_table
from fhr.recording import Clinical, Outcome, Recording, Step

PLAIN = "time,fhr,uc\n0,140,1\n0.25,150.5,2\n0.5,160,3\n"
EXPECTED = ([140, 150.5, 160], [1, 2, 3], 4.0)


@pytest.fixture
def table(tmp_path: Path):
    def write(content: str | bytes, name: str = "a.csv") -> Path:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / name

    return write


def check(recording: Recording, fhr_values: list, uc: list | None, fs: float) -> None:
    np.testing.assert_array_equal(recording.fhr, np.float32(fhr_values))
    np.testing.assert_array_equal(recording.uc, np.float32([nan] * len(fhr_values) if uc is None else uc))
    assert recording.fs == fs


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "  "),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace(",", "\t").replace(".", ","),
        PLAIN.replace("time,fhr,uc", "Time (s), FHR [bpm] ,TOCO (a.u.)"),
        PLAIN.replace("time,fhr,uc", '"time_s","fetal_heart_rate","Uterine activity"'),
        PLAIN.replace("time,fhr,uc", "seconds,FHR1,UA"),
        PLAIN.replace("\n0.25", "\n250").replace("\n0.5", "\n500").replace("time", "t [ms]"),
        PLAIN.replace("\n0.25", "\n250").replace("\n0.5", "\n500"),  # the unit is told from the steps
        PLAIN.replace("time,fhr,uc\n", "# time,fhr,uc\n"),
        "# made by a device\n#\n\n" + PLAIN + "\n\n",
        PLAIN.replace("time,fhr,uc", "Zeit (s),FHF,Wehen"),
        "note,uc,fhr,time\nä,1,140,0\n,2,150.5,.25\nx,3,160,0.5\n".encode("latin-1"),
        "time,fhr,uc\n2020-02-03 23:59:59.75,140,1\n2020-02-04T00:00:00,150.5,2\n2020-02-04 00:00:00.250,160,3",
        "fhr,uc,time\n140,1,0\n150.5,2,0.25\n160,3,0.5\n",
    ],
)
def test_the_same_recording_in_many_layouts(table, content):
    recording = fhr.read(table(content))
    check(recording, *EXPECTED)
    assert (recording.name, recording.mhr, recording.source.format) == ("a", None, "table")
    (step,) = recording.history
    assert (step.name, step.parameters["fs"]) == ("read", 4.0)
    assert set(step.parameters["guessed"]) == {"time", "fhr", "uc"}


def test_every_guess_is_logged_and_kept(table, caplog):
    path = table("Elapsed time;FHR [Hz];MHR\n0;2,5;80\n1;2,25;0\n")
    with caplog.at_level(logging.INFO, logger="fhr"):
        recording = read_table(path)
    check(recording, [150, 135], None, 1.0)
    np.testing.assert_array_equal(recording.mhr, np.float32([80, nan]))
    assert recording.history[0].parameters == {
        "format": "table",
        "columns": {"time": "Elapsed time", "fhr": "FHR [Hz]", "mhr": "MHR"},
        "units": {"fhr": "hz"},
        "converted": {"fhr": "Hz to bpm"},
        "separator": ";",
        "decimal": ",",
        "guessed": ["time", "fhr", "mhr"],
        "fs": 1.0,
        "time_unit_guessed": "s",
    }
    assert "FHR [Hz]" in caplog.text
    assert recording.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("gap", ["", "0", "0.0", "nan", "NaN", "NA", "-", "--", "null"])
def test_gaps(table, gap):
    recording = read_table(table(f"time,fhr,uc,mhr\n0,140,{gap},{gap}\n1,{gap},5,80\n"))
    check(recording, [140, nan], [nan, 5], 1.0)
    np.testing.assert_array_equal(recording.mhr, np.float32([nan, 80]))


def test_short_rows_end_in_gaps_and_long_ones_are_refused(table):
    check(read_table(table("time,fhr,uc\n0,140\n1,141,5\n2\n")), [140, 141, nan], [nan, 5, nan], 1.0)
    check(read_table(table("time,fhr,\n0,140,\n1,141,\n")), [140, 141], None, 1.0)
    with pytest.raises(FormatError, match=r"row 3 has 3 cells in a table of 2 columns; correct it"):
        read_table(table("time,fhr\n0,140\n1,141,5\n"))


def test_tables_without_a_header_or_without_times(table):
    check(read_table(table("140\n\n150\n0\n141,5\n"), fs=2), [140, nan, 150, nan, 141.5], None, 2.0)
    path = table("0,140,7\n1,141,8\n", "b.csv")
    with pytest.raises(FormatError, match=r"no column is known to be FHR; there is no header row .*; say columns="):
        read_table(path, fs=1)
    check(read_table(path, columns={"time": 0, "fhr": 1, "uc": 2}), [140, 141], [7, 8], 1.0)
    check(read_table(path, columns={"fhr": 1}, fs=8), [140, 141], None, 8.0)
    path = table("fhr,uc\n140,7\n\n141,8\n", "c.csv")
    with pytest.raises(FormatError, match=r"no time column and no fs; name one with columns=.* or give fs in Hz"):
        read_table(path)
    check(read_table(path, fs=4), [140, nan, 141], [7, nan, 8], 4.0)


def test_what_is_given_is_not_guessed(table):
    path = table("when,first,second,fhr\n0,140,430,1\n0.5,141,0,1\n1,142,500,1\n")
    recording = read_table(path, columns={"fhr": "second", "mhr": 1, "time": "when"}, units={"fhr": "ms"})
    check(recording, [60000 / 430, nan, 120], None, 2.0)
    np.testing.assert_array_equal(recording.mhr, np.float32([140, 141, 142]))
    assert recording.history[0].parameters["guessed"] == []
    path = table("time,fhr,toco,uc\n5,140,1,7\n5,141,2,8\n", "b.csv")
    check(read_table(path, columns={"time": None, "uc": "uc"}, fs=4), [140, 141], [7, 8], 4.0)
    check(read_table(path, columns={"time": None, "uc": None}, fs=4), [140, 141], None, 4.0)
    path = table("time:fhr\n0:140,5\n1:141,5\n", "c.csv")
    check(read_table(path, separator=":", decimal=","), [140.5, 141.5], None, 1.0)


def test_times_with_a_unit_and_a_start(table):
    recording = read_table(table("time_min,fhr\n10,140\n10.05,141\n10.1,142\n"))
    np.testing.assert_allclose(recording.fs, 1 / 3)
    assert recording.history[0].parameters["start_s"] == 600
    recording = read_table(table("datetime,fhr\n2020-01-01 10:00:00,140\n2020-01-01 10:00:01,141\n"))
    assert recording.history[0].parameters["start"] == "2020-01-01 10:00:00"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "the file is empty"),
        ("\t\n\t", {}, "no row; the file is empty or holds comments only"),
        ("# only\n# comments\n", {}, "no row; the file is empty or holds comments only"),
        ("time,fhr\n", {}, "no row beneath the header"),
        (
            "a,b\n1,2\n",
            {"fs": 4},
            r"no column is known to be FHR; the header is 'a,b' \(header_row= takes another\); say columns=",
        ),
        ("fhr,hr\n1,2\n", {"fs": 4}, "'fhr' and 'hr' both look like fhr; say which is to be read"),
        ("a,b\n1,2\n", {"columns": {"fhr": "c"}}, "column 'c' of fhr is not there; the header is 'a,b'"),
        ("a,a\n1,2\n", {"columns": {"fhr": "a"}}, "column 'a' of fhr stands twice"),
        ("a,b\n1,2\n", {"columns": {"fhr": 2}}, "column 2 of fhr; they are 0 to 1; the header is 'a,b'"),
        ("a,b\n1,2\n", {"columns": {"fhr": 1, "uc": "b"}}, "column 'b' is given twice; it holds one channel"),
        ("time,fhr\n0,140\n1,abc\n", {}, "not a table of numbers .*'abc'"),
        ("time,fhr\n0,140\nx,141\n", {}, "not a table of numbers .*'x'"),
        ("time,fhr\n0,140\n,141\n", {}, "row 3 has no time; remove the row, or read without the times"),
        ("time,fhr\n0,140\n0,141\n", {}, r"the time 0 \(row 2\) stands twice; .*columns=\{'time': None\}"),
        ("time,fhr\n0,140\n", {}, "one row tells no sampling rate; give fs, in Hz"),
        ("time,fhr\n0,140\n5,141\n", {}, "time steps of 5; say their unit with units="),
        ("time_s,fhr\n0,140\n500,141\n", {}, "time steps of 500 s; check the times and their unit"),
        ("time_s,fhr\n0,140\n1,141\n2,142\n1e9,141\n", {}, "more than 4838400 samples; check times and unit"),
        (
            "time,fhr\n0,1\n.43,1\n.85,1\n1.26,1\n1.9,1\n2.4,1\n2.5,1\n",
            {},
            "times are irregular .steps from 0.1 to 0.6",
        ),
        ("time,fhr\n0,2.3\n1,2.4\n", {}, "the median of fhr is 2.35, no heart rate in bpm; say its unit"),
        ("time,fhr\n0,430\n1,440\n", {}, "the median of fhr is 435, no heart rate"),
        (
            "time,rr\n0,0.4\n1,0.4\n",
            {},
            r"the median of fhr \(rr\) is 1.5e\+05 from ms, no heart rate in bpm; say its unit",
        ),
        (
            "time,a\n0,140\n1,140\n",
            {"columns": {"fhr": "a"}, "units": {"fhr": "hz"}},
            r"of fhr \(a\) is 8400 from hz, no hea",
        ),
        ("time,fhr\n0,140\n1,inf\n", {}, "fhr is infinite in row 2"),
        ("time,fhr\n0,140\n1,1e300\n", {}, "fhr is infinite in row 2"),
        ("time,fhr\n0,00,140,5\n0,25,141,5\n", {}, "2 names above rows of 4 cells"),
        ("time,fhr\n0,140\n1,141\n", {"fs": 0}, "sampling rate fs=0; it must be a positive number of Hz"),
        ("time,fhr\n0,140\n1,141\n", {"fs": nan}, "sampling rate fs=nan"),
        ("time,fhr\n0,140\n1,141\n", {"fs": "4"}, "sampling rate fs='4'"),
        ("\0\0\0\0", {}, "not a text file; export the table as CSV"),
        ("# fhr table 1\n# fs: four\ntime_s,fhr\n0,140\n", {}, "fs is 'four'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_out(table, content, options, message):
    path = table(content)
    with pytest.raises(FormatError, match=message) as error:
        read_table(path, **options)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"pulse": "a"}}, "columns: 'pulse'; the channels are time, fhr, uc, mhr"),
        ({"columns": {"fhr": 1.5}}, "columns: 1.5; give a header name, a position from 0, or None"),
        ({"units": {"uc": "volts"}}, "units: uc in 'volts'; it may be in mmhg, kpa"),
        ({"units": {"fs": "hz"}}, "units: 'fs'; units are known of time, fhr, uc, mhr"),
        ({"units": {"fhr": "rpm"}}, "units: fhr in 'rpm'; it may be in bpm, hz, ms"),
        ({"separator": ""}, "separator=''; give one character"),
        ({"decimal": ";"}, "decimal=';'; give '.' or ','"),
        ({"decimal": ",", "separator": ","}, "decimal=','; give '.' or ',', another than the separator"),
        ({"tolerance": 0}, "tolerance=0; give a positive number of seconds"),
        ({"tolerance": nan}, "tolerance=nan"),
        ({"wrong": 1}, "option 'wrong'; read_table takes columns, fs, units, separator, decimal, tolerance"),
    ],
)
def test_arguments_are_checked(table, options, message):
    with pytest.raises(FHRError, match=message):
        fhr.read(table(PLAIN), **options)


def test_a_written_table_keeps_everything_but_the_source(tmp_path):
    recording = Recording(
        "Ä b/1",
        [140.1, nan, 0.0, 1e30],
        [-1.5, 0.0, nan, 3],
        4.0,
        mhr=[nan, nan, 80, 81],
        outcome=Outcome(ph=7.05, apgar5=9),
        clinical=Clinical(weight=3100),
        stage2_start=0.5,
        history=(Step("clean", {"limits": [50, 200], "why": "a\nb"}),),
    )
    for name in ("new/a.csv", "new/a.TSV"):
        path = write_table(recording, tmp_path / name)
        again = read_table(path)
        for channel in ("fhr", "uc", "mhr"):
            np.testing.assert_array_equal(getattr(again, channel), getattr(recording, channel))
        assert (again.name, again.fs, again.stage2_start) == ("Ä b/1", 4.0, 0.5)
        assert again.history == recording.history
        np.testing.assert_equal(again.outcome, recording.outcome)
        np.testing.assert_equal(again.clinical, recording.clinical)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["a.TSV", "a.csv"]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[lines.index("time_s\tfhr\tuc\tmhr") + 1 :][:2] == ["0.0\t140.1\t-1.5\t", "0.25\t\t0.0\t"]


def test_a_cut_of_a_written_table_keeps_the_second_stage_in_place(tmp_path):
    path = write_table(Recording("a", [140, 141, 142, 143], [1, 2, 3, 4], 1.0, stage2_start=3.0), tmp_path / "a.csv")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("0.0,")]
    path.write_text("\n".join(lines))
    recording = read_table(path)
    check(recording, [141, 142, 143], [2, 3, 4], 1.0)
    assert recording.stage2_start == 2.0
    assert recording.history[0].parameters["start_s"] == 1.0


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(FormatError, match="a: the recording holds no sample"):
        write_table(Recording("a", [], [], 4.0), tmp_path / "a.csv")
    with pytest.raises(FormatError, match=r"suffix '.xlsx'; the table is called .csv or .tsv"):
        write_table(Recording("a", [140], [1], 4.0), tmp_path / "a.xlsx")
    with pytest.raises(FormatError, match=r"its history cannot be written .*complex"):
        write_table(Recording("a", [140], [1], 4.0, history=(Step("s", {"x": 1j}),)), tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "units", "factor"),
    [
        ("toco [kPa]", None, 7.50062),
        ("UC_kPa", None, 7.50062),
        ("uc", {"uc": "kpa"}, 7.50062),
        ("uc_kpa", {"uc": "mmhg"}, 1.0),
        ("toco (mmHg)", None, 1.0),
        ("uc (au)", None, 1.0),
        ("uc", None, 1.0),
    ],
)
def test_uterine_activity_in_kpa_becomes_mmhg(table, name, units, factor):
    recording = read_table(table(f"fhr,{name}\n140,2\n141,\n142,8\n"), fs=4, units=units)
    np.testing.assert_allclose(recording.uc, np.float32([2 * factor, np.nan, 8 * factor]), rtol=1e-6)
    read = recording.history[0].parameters
    assert read.get("converted") == ({"uc": "kPa to mmHg"} if factor != 1 else None)
    stored = fhr.write_table(recording, recording.source.path + ".again.csv")
    np.testing.assert_array_equal(read_table(stored).uc, recording.uc)


def test_rows_are_named_as_a_spreadsheet_counts_and_sorted_on_demand(table):
    path = table("# of a ward\ntime,fhr,uc\n0,140,1\n\n0.5,160,3\n0.25,150.5,2\n")
    with pytest.raises(
        FormatError, match=r"row 6 goes back in time, from 0.5 to 0.25: rows are out of order; give order="
    ):
        read_table(path)
    recording = read_table(path, order="time")
    check(recording, [140, 150.5, 160], [1, 2, 3], 4.0)
    assert recording.history[0].parameters["rows_sorted"] == 2


def test_a_count_of_samples_stands_for_times_where_there_are_none(table):
    rows = [f"{k},{140 + k}" for k in range(12) if k not in (4, 5)]
    recording = read_table(table("Sample No,fhr\n" + "\n".join(rows)), fs=2)
    expected = [nan if k in (4, 5) else 140 + k for k in range(12)]
    check(recording, expected, None, 2.0)
    both = [f"{k + 7},{k / 4},{140 + k}" for k in range(12)]
    check(read_table(table("index,time,fhr\n" + "\n".join(both))), list(range(140, 152)), None, 4.0)
    with pytest.raises(FormatError, match="count samples and tell no sampling rate; give fs"):
        read_table(table("Sample No,fhr\n" + "\n".join(rows)))


def test_seconds_of_whole_stamps_and_digits_of_a_clock(table):
    stamps = [f"2024-03-15 10:00:{k // 4:02d},{140 + k}" for k in range(2, 39)]
    recording = read_table(table("time,fhr\n" + "\n".join(stamps)))
    check(recording, [140 + k for k in range(2, 39)], None, 4.0)
    digits = [f"{20240315100000 + k // 120 * 100 + k % 120 / 2},{140 + k % 7}" for k in range(360)]
    recording = read_table(table("time,fhr\n" + "\n".join(digits)), fs=2)
    check(recording, [140 + k % 7 for k in range(360)], None, 2.0)
    assert recording.history[0].parameters["start"] == "2024-03-15 10:00:00"
    with pytest.raises(FormatError, match="times as 100000 are no seconds, since their last two digits stay"):
        read_table(table("time,fhr\n" + "\n".join(line[8:] for line in digits)), fs=2)


@pytest.mark.parametrize("header", ["fhr\n", "", "# of a ward\nfhr\n"])
def test_blank_lines_count_alike_at_both_ends(table, header):
    options = {"fs": 4} | ({} if header else {"columns": {"fhr": 0}})
    recording = read_table(table(f"{header}\n\n140\n\n141\n\n\n"), **options)
    check(recording, [nan, nan, 140, nan, 141, nan, nan], None, 4.0)
    check(read_table(table(f"{header}140\n141"), **options), [140, 141], None, 4.0)
    two = read_table(table("fhr,uc\n\n,\n140,7\n\n141,8\n,\n\n\n"), fs=4)
    check(two, [nan, 140, nan, 141, nan], [nan, 7, nan, 8, nan], 4.0)  # a row of two columns has its comma
    check(read_table(table(f"{header}140\n141\n\n"), **options), [140, 141], None, 4.0)
    timed = read_table(table("time,fhr\n\n0,\n1,140\n2,\n\n\n"))
    check(timed, [nan, 140, nan], None, 1.0)


def test_an_own_table_that_was_copied_in_part_is_refused(tmp_path):
    path = write_table(Recording("a", [140, 141, 142, 143], [1, 2, 3, 4], 1.0), tmp_path / "a.csv")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(FormatError, match="ends after 3 of 4 samples; fetch it again"):
        read_table(path)
    path.write_text("".join(line for line in lines[:-1] if "n_samples" not in line))
    assert len(read_table(path)) == 3
