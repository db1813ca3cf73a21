"""Tables as people export them: header blocks, signs of numbers, clocks, spreadsheets, gzip, own files saved again."""

import csv
import gzip
import io
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import read_table, recordings_in, write_table
from fhr.formats.times import clock_parts
from fhr.formats.times.clock_times import clock_times
from fhr.recording import Clinical, Outcome, Provenance, Recording, Step

RATES, PRESSURES = [140, 150.5, 160, 139.25, 141, 142, 143, 144], [1, 2, 3, 4, 5, 6, 7, 8]
QUARTERS = [i / 4 for i in range(8)]
HEADER = "time;fhr;uc\n"
START = datetime(2020, 2, 3, 23, 59, 57)


def body(times: list, separator: str = ";", decimal: str = ".", end: str = "") -> str:
    rows = zip(times, RATES, PRESSURES, strict=True)
    return "".join(separator.join([str(t), str(f).replace(".", decimal), str(u)]) + end + "\n" for t, f, u in rows)


@pytest.fixture
def read(tmp_path: Path):
    def reading(content: str | bytes, name: str = "a.csv", **options: object) -> Recording:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return fhr.read(tmp_path / name, **options)

    return reading


def check(recording: Recording, fs: float = 4.0) -> dict:
    np.testing.assert_array_equal(recording.fhr, np.float32(RATES))
    np.testing.assert_array_equal(recording.uc, np.float32(PRESSURES))
    assert (recording.fs, recording.name) == (fs, "a")
    return dict(recording.history[0].parameters)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (HEADER + ";bpm;mmHg\n" + body(QUARTERS), {}),
        (HEADER + "[s];[1/min];[%]\n\n" + body(QUARTERS), {}),
        (HEADER + "ms;bpm;\n" + body([1000 * t for t in QUARTERS]), {}),
        ("Patient: X\nDevice;FM30\nExported;03.02.2020 10:00\n\n" + HEADER + body(QUARTERS), {}),
        ("03.02.2020 10:00\nPatient;4711\n" + HEADER + body(QUARTERS), {"columns": {"fhr": 1}}),
        ("FHR;US\nUC;Toco\nFHR;140\n\n" + HEADER + body(QUARTERS), {}),
        ("Patient;4711;\nWard;B;\n" + HEADER + body(QUARTERS, end=";"), {}),
        ("Time;Fetal;Uterine\n;Heart rate;activity\n" + body(QUARTERS), {}),
        ('"Time\n[s]";"FHR\n[bpm]";UC\n' + body(QUARTERS), {}),
        ("sep=;\r\n" + HEADER + body(QUARTERS, decimal=","), {}),
        ("sep=\t\n" + HEADER.replace(";", "\t") + body(QUARTERS, "\t"), {}),
        ("x;y;z\n#\nA;B;C\n" + body(QUARTERS), {"header_row": 3, "columns": {"time": "A", "fhr": "B", "uc": "C"}}),
        ("Patient: X\nZeit;K 1;K 2\n" + body(QUARTERS), {"columns": {"time": 0, "fhr": 1, "uc": 2}}),
        ("Patient: X\nZeit;K 1;K 2\n" + body(QUARTERS), {"columns": {"fhr": "K 1", "uc": "K 2"}}),
        ("Patient ID: 4711\n\n" + body(QUARTERS), {"columns": {"time": 0, "fhr": 1, "uc": 2}}),
        (HEADER + body(QUARTERS) + "\nMean;140;3\nEnd of export: 8 rows\n# signed\n", {}),
        ("Time (s)  FHR (bpm)  UC (mmHg)\n" + body(QUARTERS, "   "), {}),
        ('"# Time (s)" FHR "UC"\n' + body(QUARTERS, " ", ","), {}),
        ("Zeit;Fetale Herzfrequenz [1/min];Wehentätigkeit\n" + body(QUARTERS, decimal=","), {}),
        ("temps,RCF,Contractions utérines\n" + body(QUARTERS, ","), {}),
        ((HEADER + body(QUARTERS)).encode("utf-16-le"), {}),
        ((HEADER + body(QUARTERS)).encode("latin-1"), {"units": {"time": "s"}}),
    ],
)
def test_what_stands_around_the_rows(read, content, options):
    check(read(content, **options))


def test_first_rows_without_values_are_rows(read):
    recording = read(
        "Date/Time\tCh.1, 1/min\n2020-01-01T00:00:00Z\tNaN\n2020-01-01T00:00:01Z\t140\n", columns={"fhr": 1}
    )
    np.testing.assert_array_equal(recording.fhr, np.float32([np.nan, 140]))
    recording = read("HR1;HR2;Toco\nNaN;NaN;NaN\n140;NaN;5\n", fs=4)
    np.testing.assert_array_equal(recording.fhr, np.float32([np.nan, 140]))
    recording = read("#N/A;1\n140;2\n#N/A;3\n", fs=4, columns={"fhr": 0, "uc": 1})
    np.testing.assert_array_equal(recording.fhr, np.float32([np.nan, 140, np.nan]))


@pytest.mark.parametrize(
    ("above", "below", "columns", "refused"),
    [
        ("", "1;8;lost\n2;8;lost\n3;;140\n", {"time": 0, "uc": 1, "fhr": 2}, "'lost'"),
        ("CTG viewer\n", "1;8;lost\n2;8;lost\n3;8;140\n", {"time": 0, "uc": 1, "fhr": 2}, "'lost'"),
        ("", "lost;lost\nlost;lost\n8;140\n", {"uc": 0, "fhr": 1}, "'lost'"),
        ("", "lost\nlost\n140\n", {"fhr": 0}, "'lost'"),
        ("Patient: 4\nCTG viewer 2.1\n\n", "140\n", {"fhr": 0}, ""),
        ("", "lost;8\nlost;9\n140;8\n", {"fhr": 0, "uc": 1}, "'lost'"),
        ("Bed;3\nAge;30\n\n", "8;140\n", {"uc": 0, "fhr": 1}, ""),
    ],
)
def test_first_rows_that_hold_words_are_rows_where_positions_are_given(read, above, below, columns, refused):
    row = below.strip().rpartition("\n")[2]
    time = row.partition(";")[2]
    rest = [f"{3 + i};{time}" if "time" in columns else row for i in range(1, 30)]
    content = above + below + "\n".join(rest) + "\n"
    if refused:
        with pytest.raises(FormatError, match=refused):
            read(content, columns=columns, fs=1)
    else:
        assert len(read(content, columns=columns, fs=1)) == 30


def test_a_comma_in_the_name_of_the_only_column(read):
    recording = read("FHR1, bpm\n142,75\n136,00\n", fs=4)
    np.testing.assert_array_equal(recording.fhr, np.float32([142.75, 136]))


def grouped(number: int, sign: str) -> str:
    return f"{number:,}".replace(",", sign)


@pytest.mark.parametrize(
    ("header", "times", "decimal"),
    [
        *(("time_ms", [grouped(250 * i, sign) for i in range(8)], ".") for sign in (",", " ", "'", "\u202f")),
        ("time_ms", [grouped(250 * i, ".") for i in range(8)], ","),
        ("time_ms", [f"{250 * i:,}.0" for i in range(8)], "."),
        ("time_ms", [grouped(250 * i, ".") + ",0" for i in range(8)], ","),
        ("time_s", [f"{60 + i / 4:.3f}".replace(".", ",") for i in range(8)], "."),
        ("time_ms", [grouped(60_000 + 250 * i, ",") for i in range(8)], "."),
        ("time", [grouped(1_580_774_397_000 + 250 * i, ".") for i in range(8)], ","),
    ],
)
def test_signs_of_decimals_and_thousands(read, header, times, decimal):
    check(read(f"{header};fhr;uc\n" + body(times, decimal=decimal)))


def test_a_decimal_comma_that_comes_late_or_in_quotes(read):
    whole = "".join(f"{i};140;5\n" for i in range(40))
    assert read(HEADER + whole + "40;139,5;5\n").fhr[-1] == 139.5
    assert read((HEADER + whole).replace(";", ",") + '40,"139,5",5\n').fhr[-1] == 139.5
    quoted = "".join(f'"{t}","{f}",{u}\n'.replace(".", ",") for t, f, u in zip(QUARTERS, RATES, PRESSURES, strict=True))
    check(read("time,fhr,uc\n" + quoted))


@pytest.mark.parametrize(
    ("form", "options"),
    [
        *(
            (form, {})
            for form in ("%H:%M:%S", "%I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %I:%M:%S %p", "%Y%m%dT%H%M%S")
        ),
        *(
            (form, {})
            for form in ("%d-%b-%Y %H:%M:%S", "%b %d, %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%d.%m.%y, %H:%M:%S")
        ),
        *((form, {}) for form in ("%Y%m%d%H%M%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S,000+0100")),  # 03/02, 04/02
        ("%m/%d/%Y %H:%M:%S", {"dayfirst": False}),
        ("%M:%S", {"units": {"time": "mm:ss"}}),
    ],
)
def test_clocks_of_any_form(read, form, options):
    start = START if form != "%M:%S" else datetime(2020, 2, 3)
    stamps = [(start + timedelta(seconds=i)).strftime(form) for i in range(8)]
    said = check(read(HEADER + body(stamps), **options), fs=1)
    if "%d" in form:
        assert said["start"].replace("T", " ").startswith(("2020-02-03 23:59:57", "20200203 235957"))
    else:
        assert "start" not in said


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Date;Time;FHR;UC\n", "%d.%m.%Y;%H:%M:%S"),
        ("Datum;Uhrzeit;FHF;Wehen\n", "%Y%m%d;%H:%M:%S"),
        ("date [mm/dd/yyyy];time;FHR;UC\n", "%m/%d/%Y;%I:%M:%S %p"),
    ],
)
def test_date_and_time_apart(read, header, rows):
    said = check(read(header + body([(START + timedelta(seconds=i)).strftime(rows) for i in range(8)])), fs=1)
    assert said["start"] == "2020-02-03 23:59:57"


@pytest.mark.parametrize(
    ("times", "start"),
    [
        ([1_580_774_397 + t for t in QUARTERS], "2020-02-03 23:59:57+00:00"),
        ([round((1_580_774_397 + t) * 1_000_000) for t in QUARTERS], "2020-02-03 23:59:57+00:00"),
        ([round((1_580_774_397 + t) * 1_000_000) * 1000 for t in QUARTERS], "2020-02-03 23:59:57+00:00"),
        ([f"{43864 + (86397 + t) / 86400:.10f}" for t in QUARTERS], "2020-02-03 23:59:57"),
        ([f"{t / 86400:.10f}" for t in QUARTERS], None),
        ([f"0 days 00:00:0{t:.3f}" for t in QUARTERS], None),
        (["59:59.00", "59:59.25", "59:59.50", "59:59.75", *(f"1:00:0{t:.2f}" for t in QUARTERS[:4])], None),
        ([f"25:00:0{t:.2f}" for t in QUARTERS], None),
    ],
)
def test_times_as_numbers_and_durations(read, times, start):
    assert check(read(HEADER + body(times))).get("start") == start


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            HEADER + "03/02/2020 10:00:00;140;1\n03/02/2020 10:00:01;140;1\n",
            r"row 2: the date '03/02/2020' .* dayfirst=True",
        ),
        (HEADER + "00:00;140;1\n00:01;140;1\n", r"row 2: the time is '00:00', .*units=\{'time': 'mm:ss'\}"),
        (HEADER + "10:00:00;140;1\n10:61:00;140;1\n", "row 3: the time is '10:61:00', which no clock shows"),
        (HEADER + "13:00:00 PM;140;1\n", "row 2: the time is '13:00:00 PM', which no clock shows"),
        (HEADER + "10:00:00;140;1\nlater;140;1\n10:00:02;140;1\n", "row 3: the time is 'later'"),
        (HEADER + "1;140;1,250\n2;140;1,000\n", "column 'uc': '1,250' may be .* say decimal='.' or decimal=','"),
        (HEADER + "\n\n1;140;1\n\n2;abc;1\n3;140;1\n", r"not a table of numbers \(row 6, column 'fhr', holds 'abc'"),
        (HEADER + "1;140;1\n2;141;1\nabc;142;1\n", r"\(row 4, column 'time', holds 'abc'"),
        (HEADER + "1;140;1\n2;140;1;5\n", "row 3 has 4 cells in a table of 3 columns"),
        ("time fhr uc\n1 140 1\n2 30\n", "row 3 has 2 cells in a table of 3 columns between spaces; which is blank"),
        ("time,fhr\n1,5,140,25\n", "2 names above rows of 4 cells"),
        ("time,fhr,\n1,5,140\n", "numbers beneath a blank name in column 2"),
        (HEADER + "s;mV;mmHg\n" + body(QUARTERS), "'fhr' is in 'mV', no unit of a heart rate"),
        ("patient_id,fhr\n1,140\n1,140\n2,141\n", "column 'patient_id' names 2 recordings, '1' and '2' the first"),
        ("time;fhr [Hz];uc\ns;bpm;\n" + body(QUARTERS), r"'fhr \[Hz\]' is said to be in 'bpm'; say which unit"),
        (
            "# name: 1\n# fs: 4.0\n# outcome: {}\n" + HEADER + body(QUARTERS),
            "without the line '# fhr table 1' above them",
        ),
    ],
)
def test_what_may_mean_two_things_is_refused(read, content, message):
    with pytest.raises(FormatError, match=message):
        read(content)


def test_arguments(read):
    for name in ("a.xls", "a.ods", "a.xlsb"):
        with pytest.raises(
            FormatError, match=f"spreadsheets of the form {name[1:]} are not read; save it as .xlsx or CSV"
        ):
            read(b"\xd0\xcf\x11\xe0", name)
    with pytest.raises(FormatError, match=r"not a text file but a zip archive, as spreadsheets are; call it .xlsx"):
        read(b"PK\3\4")
    with pytest.raises(FHRError, match=r"header_row=-1; give the row of the header, counted from 1"):
        read(HEADER, header_row=-1)
    with pytest.raises(FormatError, match="header_row=9 is blank or not there"):
        read(HEADER + "0;140;1\n", header_row=9)
    with pytest.raises(FHRError, match="sheet='A'; a text table has no sheets"):
        read(HEADER + body(QUARTERS), sheet="A")
    with pytest.raises(FHRError, match="several of 'uc'; only FHR may have several"):
        read(HEADER, columns={"uc": [1, 2]})


def test_gzip(read, tmp_path, monkeypatch):
    packed = gzip.compress((HEADER + body(QUARTERS)).encode())
    check(read(packed, "a.csv.gz"))
    check(read(packed, "a.TXT.GZ"))
    assert [path.name for path in recordings_in(tmp_path)] == ["a.TXT.GZ", "a.csv.gz"]
    with pytest.raises(FormatError, match="no whole gzip file"):
        read(packed[:-9], "a.csv.gz")
    path = write_table(read(packed, "a.csv.gz"), tmp_path / "b.tsv.gz")
    np.testing.assert_array_equal(read_table(path).fhr, np.float32(RATES))
    monkeypatch.setattr("fhr.formats.tables.table._MAX_BYTES", 1 << 10)
    with pytest.raises(FormatError, match="unpacks to more than 1024 bytes"):
        read(gzip.compress(bytes(2000)), "a.csv.gz")


def test_an_own_file_that_a_spreadsheet_saved_again(tmp_path):
    recording = Recording(
        'b, "q"; 1',
        [140.1, np.nan, 0.0, 150.25],
        [-1.5, 0, np.nan, 3],
        4.0,
        outcome=Outcome(ph=7.05, apgar5=9),
        clinical=Clinical(weight=3100),
        stage2_start=0.5,
        history=(Step("clean", {"limits": [50, 200], "why": "a, b; c"}),),
        provenance=Provenance("synthetic", "maker, v1; x", ("1001", "1002")),
    )
    text = write_table(recording, tmp_path / "own.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    width = max(map(len, rows))
    for separator, decimal, quoting in (
        (";", ",", csv.QUOTE_MINIMAL),
        ("\t", ".", csv.QUOTE_ALL),
        (",", ".", csv.QUOTE_ALL),
    ):
        saved = io.StringIO()
        writer = csv.writer(saved, delimiter=separator, quoting=quoting)
        for row in rows:
            cells = row if row[0].startswith("#") else [cell.replace(".", decimal) for cell in row]
            writer.writerow(cells + [""] * (width - len(cells)))
        (tmp_path / "again.csv").write_text("\ufeff" + saved.getvalue(), encoding="utf-8")
        again = read_table(tmp_path / "again.csv")
        for channel in ("fhr", "uc"):
            np.testing.assert_array_equal(getattr(again, channel), getattr(recording, channel))
        assert (again.name, again.stage2_start, again.provenance) == (recording.name, 0.5, recording.provenance)
        assert (again.outcome.ph, again.clinical.weight, again.history) == (7.05, 3100, recording.history)
    (tmp_path / "again.csv").write_text(text.replace('"ph": 7.05', '"ph": 7,05'))
    with pytest.raises(FormatError, match=r"outcome is .*; write it anew"):
        read_table(tmp_path / "again.csv")


@pytest.fixture
def workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="spreadsheets need the extra `excel`")

    def write(*sheets: tuple[str, list]) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        book.create_chartsheet("Chart")
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return write


def rows_of(times: list, names: tuple = ("Time", "FHR [bpm]", "UC")) -> list:
    return [names, *([t, f, u] for t, f, u in zip(times, RATES, PRESSURES, strict=True))]


@pytest.mark.parametrize(
    ("rows", "fs", "start"),
    [
        (rows_of(QUARTERS), 4, None),
        (rows_of([START + timedelta(seconds=t) for t in QUARTERS]), 4, "2020-02-03 23:59:57"),
        (rows_of([(START + timedelta(seconds=i)).time() for i in range(8)]), 1, None),
        (rows_of([timedelta(hours=25, seconds=t) for t in QUARTERS]), 4, None),
        ([["Patient", "X"], [], *rows_of(QUARTERS)[:1], ["s", "bpm", "mmHg"], *rows_of(QUARTERS)[1:]], 4, None),
        ([[str(cell).replace(".", ",") for cell in row] for row in rows_of(QUARTERS)], 4, None),
        (
            [
                ["Date", "Time", "FHR", "UC"],
                *([date(2020, 2, 3), datetime(2020, 2, 3, 10, 0, i).time(), RATES[i], PRESSURES[i]] for i in range(8)),
            ],
            1,
            "2020-02-03 10:00:00",
        ),
    ],
)
def test_spreadsheets(workbook, rows, fs, start):
    said = check(fhr.read(workbook(("Notes", [["Patient", "X"]]), ("CTG", rows))), fs)
    assert (said["sheet"], said.get("start")) == ("CTG", start)


def test_numbers_of_days_count_from_where_the_workbook_says(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="spreadsheets need the extra `excel`")
    days = 45_366 + (36_000 + np.arange(40) / 4) / 86_400  # 2024-03-15 10:00 since 1900
    for epoch, first in ((openpyxl.utils.datetime.WINDOWS_EPOCH, 0), (openpyxl.utils.datetime.MAC_EPOCH, 1462)):
        book = openpyxl.Workbook()
        book.epoch = epoch
        for row in [("time", "fhr"), *zip((days - first).tolist(), 140 + np.arange(40), strict=True)]:
            book.active.append(row)
        book.save(tmp_path / "a.xlsx")
        recording = fhr.read(tmp_path / "a.xlsx")
        assert (recording.date, recording.fs) == ("2024-03-15", 4)


def test_cells_in_percent_are_read_as_they_are_shown(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="spreadsheets need the extra `excel`")
    book = openpyxl.Workbook()
    book.active.append(["Time", "FHR", "UC"])
    for row, (time, rate, pressure) in enumerate(rows_of(QUARTERS)[1:], 2):
        book.active.append([time, rate, pressure / 100])
        book.active.cell(row, 3).number_format = "0.0%"
    book.save(tmp_path / "a.xlsx")
    check(fhr.read(tmp_path / "a.xlsx"))


def test_a_sheet_of_rows_without_a_header_is_not_dropped(workbook):
    path = workbook(("A", rows_of(QUARTERS)), ("B", [[2 + t, 140, 5] for t in QUARTERS]))
    with pytest.raises(
        FormatError, match="the sheet 'B' holds rows without a header, which may go on from those of 'A'"
    ):
        fhr.read(path)
    check(fhr.read(path, sheet="A"))


def test_spreadsheets_that_are_refused(workbook, tmp_path, monkeypatch):
    path = workbook(("A", rows_of(QUARTERS)), ("B", rows_of(QUARTERS)))
    with pytest.raises(FormatError, match="the sheets 'A', 'B' hold a heart rate; say which with sheet=NAME"):
        fhr.read(path)
    check(fhr.read(path, sheet="B"))
    with pytest.raises(FormatError, match="no sheet 'C'; it has 'A', 'B'"):
        fhr.read(path, sheet="C")
    with pytest.raises(FormatError, match=r"row 4, column 'FHR .bpm.', holds 'x'"):
        fhr.read(workbook(("A", [*rows_of(QUARTERS)[:3], [0.5, "x", 1]])))
    with pytest.raises(FormatError, match=r"formulas without stored values in xl/worksheets/sheet1.xml"):
        fhr.read(workbook(("A", [*rows_of(QUARTERS)[:3], [0.5, "=B3", 1]])))
    whole = workbook(("A", rows_of(QUARTERS))).read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[:900])
    with pytest.raises(FormatError, match=r"no spreadsheet that can be read \(.*\); save it as CSV"):
        fhr.read(tmp_path / "a.xlsx")
    entities = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as after:
        for name in before.namelist():
            after.writestr(name, entities if name.endswith("sheet1.xml") else before.read(name))
    with pytest.raises(FormatError, match="a document type of its own"):
        fhr.read(tmp_path / "a.xlsx")
    monkeypatch.setattr("fhr.formats.tables.table._MAX_SHEETS", 1000)
    with pytest.raises(FormatError, match=r"it unpacks to .* bytes, more than 1000"):
        fhr.read(workbook(("A", rows_of(QUARTERS))))


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("{0.hour}:{0.minute}:{0.second}", None),
        ("{0:%Hh%Mm%S}.00s", None),
        ("{0.hour} h {0.minute} min {0.second} s", None),
        ("{0:%H.%M.%S}", None),
        ("{0:%H.%M.%S}.000", None),
        ("{0:%d-%b-%y %I.%M.%S}.000000 {0:%p}", "2020-02-03 23:59:57"),
        ("{0:%d-%b-%y %I.%M.%S}.000000 {0:%p} +02:00", "2020-02-03 23:59:57"),
        ("{0:%d.%m.%Y %H.%M.%S}", "2020-02-03 23:59:57"),
    ],
)
def test_clocks_without_colons_or_zeros(read, form, start):
    said = check(read(HEADER + body([form.format(START + timedelta(seconds=i)) for i in range(8)])), fs=1)
    assert said.get("start") == start


@pytest.mark.parametrize("midnight", [0, 3])
def test_a_date_alone_is_midnight(read, midnight):
    times = [datetime(2024, 3, 5) + timedelta(seconds=i - midnight) for i in range(8)]
    texts = [f"{time:%d.%m.%y %H:%M:%S}".removesuffix(" 00:00:00") for time in times]
    assert check(read(HEADER + body(texts)), fs=1)["start"] == times[0].isoformat(sep=" ")


def test_a_digit_that_is_missing_in_a_clock_is_no_zero(read):
    with pytest.raises(FormatError, match="row 3: the time is '10:05:4', with one digit where others have two"):
        read(HEADER + "10:05:03;140;1\n10:05:4;140;1\n10:05:05;140;1\n")


def test_minutes_and_seconds_as_decimals_in_the_unit_that_is_said(read):
    rows = "".join(f"{f'{i // 60}.{i % 60:02d}'.rstrip('0').rstrip('.')};140;5\n" for i in range(90))
    with pytest.raises(FormatError, match=r"no minutes, .* units=\{'time': 'mm:ss'\}"):
        read("time_min;fhr;uc\n" + rows)
    recording = read("time_min;fhr;uc\n" + rows, units={"time": "mm:ss"})
    assert (recording.fs, len(recording)) == (1, 90)
    assert not np.isnan(recording.fhr).any()


@pytest.mark.parametrize(
    ("word", "month"),
    [("června", 6), ("července", 7), ("lipca", 7), ("lipnja", 6), ("listopadu", 11), ("Oktober", 10), ("fév", 2)],
)
def test_months_of_several_languages(read, word, month):
    said = check(read(HEADER + body([f"5. {word} 2024 10:00:0{i}" for i in range(8)])), fs=1)
    assert said["start"] == f"2024-{month:02d}-05 10:00:00"


@pytest.mark.parametrize("word", ["cer", "lip", "srp", "lis", "listopada"])
def test_a_month_that_languages_take_for_two_is_refused(read, word):
    with pytest.raises(FormatError, match=r"row 2: the time is '5 .* a month that differs .* YYYY-MM-DD"):
        read(HEADER + body([f"5 {word} 2024 10:00:0{i}" for i in range(8)]))


@pytest.mark.parametrize("form", ["%H:%M:%S.%f", "%d.%m.%Y %I:%M:%S,%f %p", "%b %d %Y %H:%M:%S.%f"])
def test_many_clocks_are_read_at_once_as_one_by_one(form, monkeypatch):
    begin = datetime(2024, 3, 31, 23, 40)
    cells = pd.Series([(begin + timedelta(seconds=1.37 * i)).strftime(form) for i in range(3000)])
    cells[[5, 2000]] = ""
    given = {"dates": None, "unit": "clock", "dayfirst": None, "row_of": str, "where": "a"}
    at_once = clock_times(cells, **given)
    monkeypatch.setattr(clock_parts, "_MANY", 10**6)
    one_by_one = clock_times(cells, **given)
    np.testing.assert_array_equal(at_once.seconds, one_by_one.seconds)
    assert at_once[1:] == one_by_one[1:]
    assert at_once.seconds[-1] - at_once.seconds[0] == pytest.approx(1.37 * 2999)


@pytest.mark.parametrize(
    "content",
    [
        "'time','fhr','uc'\n'hh:mm:ss.mmm','bpm','nd'\n" + body([f"'0:00:0{t:.3f}'" for t in QUARTERS], ","),
        "   Elapsed time     FHR     UC\n   (seconds)   (bpm)   (nd)\n" + body([f"  {t}" for t in QUARTERS], "   "),
        '"time" "fhr" "uc"\n' + body([f'"{row}" {t}' for row, t in enumerate(QUARTERS, 1)], " "),
        "time fhr uc\n" + body([f"2024-03-05 10:00:0{t:.2f}" for t in QUARTERS], " "),
        HEADER + body(QUARTERS, end="%"),
        HEADER + body(QUARTERS, decimal=",").replace(";139,25;", ";139,250;").replace(";150,5;", ";150,500;"),
        HEADER.strip() + ";x\n" + body(QUARTERS, end=";\N{MINUS SIGN}1"),
        "x;fhr;uc;time\n" + "".join(f"\N{MINUS SIGN}1;{f};{u};{t}\n" for t, f, u in rows_of(QUARTERS)[1:]),
    ],
)
def test_signs_and_names_of_other_programs(read, content):
    check(read(content))


def test_a_thousands_sign_in_a_heart_rate_is_refused(read):
    with pytest.raises(FormatError, match=r"row 7, column 'fhr', holds '142,000'; the decimal sign is '\.'"):
        read(HEADER + body(QUARTERS).replace(";142;", ";142,000;"))


def test_an_error_of_a_spreadsheet_is_a_gap_and_a_cell_too_narrow_is_not(read):
    recording = read(HEADER + "0;140;1\n1;#DIV/0!;#VALUE!\n2;141;\N{MINUS SIGN}3\n")
    np.testing.assert_array_equal(recording.fhr, np.float32([140, np.nan, 141]))
    np.testing.assert_array_equal(recording.uc, np.float32([1, np.nan, -3]))
    with pytest.raises(FormatError, match="row 3, column 'fhr', holds '#####'"):
        read(HEADER + "0;140;1\n1;#####;2\n2;141;3\n")


def test_a_clock_that_is_set_back_over_midnight_is_refused_and_a_date_in_quotes_is_kept(read):
    times = [datetime(2024, 3, 5, 23, 59, 50) + timedelta(seconds=i) for i in range(40)]
    times[30:] = [one - timedelta(seconds=40) for one in times[30:]]
    rows = "".join(f"{one:%H:%M:%S},{140 + i % 3}\n" for i, one in enumerate(times))
    with pytest.raises(FormatError, match="row 32"):
        read("time,fhr\n" + rows)
    dates = [datetime(2024, 3, 5) + timedelta(seconds=i) for i in range(40)]
    recording = read("time,fhr\n" + "".join(f'" {one.isoformat()}+01:00"," 140"\n' for one in dates))
    assert recording.date == "2024-03-05"


def test_rows_without_values_at_the_ends_are_samples_in_sheets_and_above_a_footer(read, tmp_path):
    rows = "\t\n" * 2 + "".join(f"{140 + i % 3}\t\n" for i in range(20)) + "\t\n" * 3
    recording = read("fhr\tuc\n" + rows + "End of export: 25 rows\n", "a.tsv", fs=1)
    assert np.flatnonzero(~np.isnan(recording.fhr))[[0, -1]].tolist() == [2, 21]
    assert len(recording) == 25
    pd.DataFrame({"fhr": [np.nan] * 2 + [140.0] * 20, "uc": np.nan}).to_excel(tmp_path / "a.xlsx", index=False)
    assert np.isnan(fhr.read(tmp_path / "a.xlsx", fs=1).fhr).tolist() == [True] * 2 + [False] * 20


def test_a_unit_that_names_times_too_is_a_unit_beneath_a_rate(read):
    recording = read("time;fhr\n;sec\n" + "".join(f"{i / 4};0.42{i % 4}\n" for i in range(40)))
    assert recording.fhr[0] == pytest.approx(60 / 0.42)


@pytest.mark.parametrize("cell", ["10:00:١٢", "١٠:٠٠:١٢", "10h05m١٢s", "10.00.١٢"])
def test_digits_of_other_scripts_are_no_times(read, cell):
    rows = [f"10:00:{10 + k},{140 + k % 3}" for k in range(20)]
    rows[7] = f"{cell},140"
    with pytest.raises(FormatError, match="row 9"):
        read("time,fhr\n" + "\n".join(rows) + "\n")
