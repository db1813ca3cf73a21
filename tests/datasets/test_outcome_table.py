"""Tables of outcomes as hospitals export them: what is read, and what is refused or set aside by name."""

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import read_outcomes
from fhr.errors import FormatError, OutcomeError


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "outcomes.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    "header", ["name,pH", "record,PH", "Recording,Umbilical artery pH", "file,pH (umbilical artery)", "ID;pH art."]
)
def test_headers_of_hospitals(written, header):
    separator = ";" if ";" in header else ","
    table = read_outcomes(written(f"{header}\na{separator}7.04\nb{separator}7.05\nc{separator}\n"), "ph<7.05")
    assert table.labels.loc[["a", "b"]].tolist() == [1.0, 0.0]
    assert np.isnan(table.labels.loc["c"])
    assert table.labels.name == "ph<7.05"
    assert not table.unusable


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_german_export(written, encoding):
    text = "Datei;pH;Apgar 1 min;Größe\r\nrecord;7,04;9;52\r\n".replace("Datei", "Record")
    assert read_outcomes(written(text, encoding), "ph<7.05").labels.to_dict() == {"record": 1.0}


def test_measures_of_a_label_of_two(written):
    path = written("record,pH,BDecf,pCO2\na,7.0,13,900\nb,7.0,3,1\nc,7.2,13,1\nd,7.0,,1\n")
    labels = read_outcomes(path, "ph<7.05 & bdecf>=12").labels
    assert labels.iloc[:3].tolist() == [1.0, 0.0, 0.0]
    assert np.isnan(labels["d"])


@pytest.mark.parametrize("header", ["ph<7.05", "pH < 7.05"])
def test_a_column_of_labels(written, header):
    path = written(f"record,{header}\na.hea,1\nfolder/b.csv,0\nc,\nd,yes\ne,maybe\n")
    table = read_outcomes(path, "ph<7.05")
    assert table.labels.dropna().to_dict() == {"a": 1.0, "b": 0.0, "d": 1.0}
    assert table.unusable == {"e": "ph<7.05 is 'maybe'; write 0 or 1"}


def test_labels_and_measures_complete_each_other_and_may_not_differ(written):
    both = "record,pH,ph<7.05\na,7.0,\nb,,0\nc,7.3,{}\n"
    assert read_outcomes(written(both.format(0)), "ph<7.05").labels.to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0}
    with pytest.raises(OutcomeError, match=r"contradicts pH for 1 records \(c\); correct one of them"):
        read_outcomes(written(both.format(1)), "ph<7.05")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("0.72", "outside of 6.5 to 7.8"), ("72", "outside"), ("inf", "outside"), ("7.2O", "no number")],
)
def test_an_implausible_value_sets_its_birth_aside(written, cell, reason):
    rows = "".join(f"r{i},7.2\n" for i in range(9))
    table = read_outcomes(written(f"record,pH\n{rows}odd,{cell}\n"), "ph<7.20")
    assert list(table.unusable) == ["odd"]
    assert reason in table.unusable["odd"]
    assert "odd" not in table.labels.index


@pytest.mark.parametrize("unit", ["720", "0.72", "7.2 pH", "62"])
def test_many_implausible_values_are_another_unit(written, unit):
    rows = "".join(f"r{i},{unit}\n" for i in range(9))
    with pytest.raises(
        OutcomeError, match=r"9 of 9 values of ph cannot be .*; check its unit, decimal sign and column"
    ):
        read_outcomes(written(f"record,pH\n{rows}"), "ph<7.20")


def test_a_decimal_comma_in_quotes(written):
    assert read_outcomes(written('record,pH\na,"7,04"\n'), "ph<7.05").labels["a"] == 1


def test_groups_as_text(written):
    table = read_outcomes(written("record,pH,Ward\na,7.2,north\nb,7.2,\n"), "ph<7.20", groups=["Ward"])
    assert table.groups["Ward"].tolist() == ["north", None]
    with pytest.raises(OutcomeError, match="no column 'ward' to group by; the header is 'record', 'pH', 'Ward'"):
        read_outcomes(written("record,pH,Ward\na,7.2,north\n"), "ph<7.20", groups=["ward"])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("record,pH\na,7.2\na,7.1\n", FormatError, "record 'a' stands in 2 rows .*; keep one row a birth"),
        ("record,pH\na,7.2\na.hea,7.1\n", FormatError, "record 'a' stands in 2 rows"),
        ("record,pH\n,7.2\n", FormatError, "1 rows without a name in the column 'record'"),
        ("pH,Apgar1\n7.2,9\n", OutcomeError, "no column names the record; the header is 'pH', 'Apgar1'"),
        ("record,acidity\na,7.2\n", OutcomeError, "no column for ph among 'record', 'acidity'; call one so, or give"),
        ("record,pH,ph art\na,7.2,7.2\n", OutcomeError, "'pH', 'ph art' may all be ph; keep one"),
        ("record,pH,pH\na,7.2,7.2\n", FormatError, "column 'pH' stands twice"),
        ("record,\ufffd\ufffd\na,7.2\n", OutcomeError, "no column for ph"),
        ("record,pH\na,7.2,3,4\n", FormatError, "2 names above rows of 4 cells"),
        ("record,pH,x\na,7.2,1\nb\n", FormatError, "row 2 has 1 cells beneath 3 names"),
        ("a,7.2\nb,7.1\n", OutcomeError, "no column names the record"),
        ("1,7.2\n2,7.1\n", FormatError, "no header row; name the columns"),
        ("record,pH\n", FormatError, "no row beneath the header"),
        ("", FormatError, "the file is empty"),
        ("\0\1\2", FormatError, "not a text file"),
    ],
)
def test_what_is_refused(written, text, error, message):
    with pytest.raises(error, match=message):
        read_outcomes(written(text), "ph<7.05")


def test_a_spreadsheet_has_one_sheet_with_rows(tmp_path):
    pytest.importorskip("openpyxl")
    one = pd.DataFrame({"record": ["a", "b"], "pH": [7.2, 7.0]})
    for n in (1, 2):
        with pd.ExcelWriter(tmp_path / f"{n}.xlsx") as book:
            for i in range(n):
                one.to_excel(book, sheet_name=f"s{i}", index=False)
            pd.DataFrame().to_excel(book, sheet_name="empty", index=False)
    assert read_outcomes(tmp_path / "1.xlsx", "ph<7.05").labels.to_dict() == {"a": 0, "b": 1}
    with pytest.raises(FormatError, match="2 sheets with rows; leave the one with the outcomes, or save it as CSV"):
        read_outcomes(tmp_path / "2.xlsx", "ph<7.05")


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(FormatError, match="no readable table of outcomes"):
            read_outcomes(path, "ph<7.05")


def test_a_target_that_is_not_defined(written):
    with pytest.raises(OutcomeError, match="target 'lactate>5' is not defined"):
        read_outcomes(written("record,pH\na,7.2\n"), "lactate>5")
