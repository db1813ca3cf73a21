import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from fhr.datasets import CTUUHB
from fhr.errors import DatasetNotFoundError, FormatError
from fhr.formats import write_wfdb
from fhr.recording import Outcome, Recording


@pytest.fixture
def folder(simulated_folder: Path, tmp_path: Path) -> Path:
    """The first four simulated recordings, to be spoilt."""
    for name in ("s0001", "s0002", "s0003", "s0004"):
        for suffix in (".hea", ".dat"):
            shutil.copy(simulated_folder / (name + suffix), tmp_path)
    return tmp_path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2])


def test_the_real_database_is_complete(ctu_uhb, ctu_uhb_database):
    database = ctu_uhb_database
    assert len(database) == 442
    assert database.quarantined == {}
    assert database.names == (ctu_uhb / "RECORDS").read_text().split()
    assert database.root == ctu_uhb
    assert database.origin == str(ctu_uhb)
    assert {recording.fs for recording in database} == {4.0}
    assert min(recording.duration for recording in database) >= 3600


def test_records_are_listed_by_their_file_in_its_order(folder):
    (folder / "RECORDS").write_text("s0003\n s0001\r\n\n")
    assert CTUUHB(folder).names == ["s0003", "s0001"]
    assert CTUUHB(str(folder)).names == ["s0003", "s0001"]


def test_without_a_list_headers_are_taken_by_name(folder):
    (folder / "notes.txt").write_text("not a record")
    (folder / "s0005.dat").write_bytes(b"no header")
    assert CTUUHB(folder).names == ["s0001", "s0002", "s0003", "s0004"]


def test_one_bad_record_is_quarantined_and_the_rest_load(folder, caplog):
    truncate(folder / "s0002.dat")
    with caplog.at_level(logging.INFO):
        database = CTUUHB(folder)
    assert database.names == ["s0001", "s0003", "s0004"]
    assert list(database.quarantined) == ["s0002"]
    assert "s0002.dat" in database.quarantined["s0002"]
    assert "truncated" in database.quarantined["s0002"]
    assert "quarantined s0002" in caplog.text
    with pytest.raises(DatasetNotFoundError, match=r"no record 's0002' \(.*truncated"):
        database["s0002"]


def test_a_listed_record_that_is_not_there_is_quarantined(folder):
    (folder / "RECORDS").write_text("s0001\ns0009\n")
    database = CTUUHB(folder)
    assert database.names == ["s0001"]
    assert "No such file" in database.quarantined["s0009"]


def test_no_readable_record_is_an_error_with_the_first_reason(folder):
    for path in folder.glob("*.dat"):
        truncate(path)
    with pytest.raises(DatasetNotFoundError, match=r"none of its 4 records can be read; the first, s0001: .*truncated"):
        CTUUHB(folder)


def test_a_missing_folder(tmp_path):
    with pytest.raises(
        DatasetNotFoundError, match=r"data folder '.*none' does not exist; give the folder.*fhr simulate"
    ):
        CTUUHB(tmp_path / "none")


def test_a_file_in_place_of_a_folder(folder):
    with pytest.raises(DatasetNotFoundError, match=r"data folder '.*s0001.hea' is a file; give the folder that holds"):
        CTUUHB(folder / "s0001.hea")


@pytest.mark.parametrize("root", ["x" * 5000, "a\0b"])
def test_a_path_that_no_folder_can_have(root):
    with pytest.raises(DatasetNotFoundError, match="does not exist; give the folder"):
        CTUUHB(root)


def test_a_folder_without_recordings(tmp_path):
    with pytest.raises(
        DatasetNotFoundError, match=r"holds no recording \(no RECORDS file, no .hea file\); give the folder"
    ):
        CTUUHB(tmp_path)


def test_an_empty_list(folder):
    (folder / "RECORDS").write_text("\n")
    with pytest.raises(
        DatasetNotFoundError, match=r"holds no recording \(RECORDS is empty\); give the folder that does"
    ):
        CTUUHB(folder)


@pytest.mark.parametrize("name", ["../s0001", "/etc/passwd", "sub//s0001", "sub/../s0001", "..", ".", "..\\s0001"])
def test_a_list_that_points_elsewhere(folder, name):
    (folder / "RECORDS").write_text(f"s0001\n{name}\n")
    with pytest.raises(
        FormatError, match=r"RECORDS: '.*' is not a plain record name in this folder; list plain"
    ) as error:
        CTUUHB(folder)
    assert repr(name) in str(error.value)


def test_a_list_that_names_a_record_twice(folder):
    (folder / "RECORDS").write_text("s0001\ns0002\ns0001\n")
    with pytest.raises(FormatError, match="record 's0001' stands twice; keep one of them"):
        CTUUHB(folder)


def test_a_binary_list(folder):
    (folder / "RECORDS").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(FormatError, match=r"RECORDS: cannot be read \(.*; it is a text file, one record a line"):
        CTUUHB(folder)


def test_outcomes_are_a_table_by_name(ctu_uhb_database):
    outcomes = ctu_uhb_database.outcomes
    assert outcomes.shape == (442, 6 + 28)
    assert outcomes.index.name == "record"
    assert outcomes.index.tolist() == ctu_uhb_database.names
    row = outcomes.loc["1001"]
    assert (row["ph"], row["bdecf"], row["apgar1"], row["weight"], row["first_stage"]) == (7.14, 8.14, 6, 2660, 232)
    assert np.isnan(outcomes.loc["2012", "first_stage"])
    assert outcomes["ph"].notna().all()
    assert outcomes["bdecf"].isna().sum() == 10


@pytest.mark.parametrize(
    ("target", "positive", "unknown"),
    [
        ("ph<7.05", 33, 0),
        ("ph<=7.15", 90, 0),
        ("ph<7.20", 142, 0),
        ("apgar1<7", 54, 0),
        ("ph<7.05 & bdecf>=12", 16, 10),
    ],
)
def test_counts_of_the_usual_labels(ctu_uhb_database, target, positive, unknown):
    labels = ctu_uhb_database.labels(target)
    assert labels.name == target
    assert labels.index.tolist() == ctu_uhb_database.names
    assert (labels == 1).sum() == positive
    assert labels.isna().sum() == unknown
    assert (labels == 0).sum() == 442 - positive - unknown


def test_an_unknown_outcome_gives_an_unknown_label(tmp_path):
    for name, ph in (("a", 7.0), ("b", np.nan), ("c", 7.3)):
        write_wfdb(Recording(name, [140.0], [1.0], 4.0, outcome=Outcome(ph=ph)), tmp_path)
    np.testing.assert_array_equal(CTUUHB(tmp_path).labels("ph<7.05"), [1, np.nan, 0])


def test_a_list_with_a_byte_order_mark_and_paths_from_here(folder):
    names = CTUUHB(folder).names
    (folder / "RECORDS").write_text("\ufeff" + "".join(f"./{name}\r\n" for name in names), encoding="utf-8")
    assert CTUUHB(folder).names == names
    (folder / "RECORDS").write_text("# list of\n" + "\n".join(names))
    with pytest.raises(FormatError, match=r"RECORDS: '# list of' is a comment, .*; remove it"):
        CTUUHB(folder)
