"""Recordings with the marks of experts, and what is wrong with a folder that cannot be read."""

import shutil
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import FalseSignals, make_splits
from fhr.errors import DatasetNotFoundError, FormatError, SplitError


@pytest.fixture(scope="module")
def database(false_signal_folder) -> FalseSignals:
    return FalseSignals(false_signal_folder)


@pytest.fixture
def folder(false_signal_folder, tmp_path) -> Path:
    return shutil.copytree(false_signal_folder, tmp_path / "copy")


def add_marks(folder: Path, *rows: str) -> None:
    with (folder / "annotations.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in rows)


def test_every_recording_with_its_group(database, false_signal_folder):
    rows = pd.read_csv(false_signal_folder / "recordings.csv")
    assert database.names == [Path(file).stem for file in rows["file"]]
    assert list(database.groups.values()) == rows["dataset"].tolist()
    assert database.quarantined == {}
    assert database.origin == str(false_signal_folder)


def test_the_second_stage_counts_from_the_first_sample(database, false_signal_folder):
    rows = pd.read_csv(false_signal_folder / "recordings.csv", dtype=str).fillna("")
    assert {"", "antepartum"} < set(rows["stage2_start_sample"])
    for recording, text in zip(database, rows["stage2_start_sample"], strict=True):
        if text in ("", "antepartum"):
            assert isnan(recording.stage2_start)
        else:
            assert recording.stage2_start == (int(text) - 1) / 4


def test_marks_are_those_of_the_table_later_rows_first(database, false_signal_folder):
    table = pd.read_csv(false_signal_folder / "annotations.csv", dtype={"label": str})
    for recording in database:
        expected = np.full((2, len(recording)), np.nan)
        for row in table[table["file"] == f"{recording.name}.fhrm"].itertuples():
            for sample in range(row.start_sample, row.end_sample + 1):
                expected[["fhr", "mhr"].index(row.channel), sample - 1] = row.label == "false"
        marks = database.marks(recording.name)
        assert marks.dtype == np.float32
        np.testing.assert_array_equal(marks, expected)


def test_marks_of_no_recording(database):
    with pytest.raises(DatasetNotFoundError, match="no record 'nobody'"):
        database.marks("nobody")


def test_the_checksum_covers_marks_and_stages(database, folder):
    assert FalseSignals(folder).checksum == database.checksum
    add_marks(folder, "DopMHRTrain0000.fhrm,DopMHRTrain,fhr,false,1,1")
    with_mark = FalseSignals(folder).checksum
    (folder / "recordings.csv").write_text((folder / "recordings.csv").read_text().replace("antepartum", "7"))
    assert len({database.checksum, with_mark, FalseSignals(folder).checksum}) == 3


def test_strata_are_the_sets_and_whether_fhr_is_false(database):
    by_kind: dict[tuple[str, bool], set[int]] = {}
    for name, stratum in database.strata.items():
        kind = database.groups[name], bool((database.marks(name)[0] == 1).any())
        by_kind.setdefault(kind, set()).add(stratum)
    assert len(by_kind) == 4
    assert sorted(number for numbers in by_kind.values() for number in numbers) == [0, 1, 2, 3]


def test_folds_are_stratified(database):
    splits = make_splits(database, n_repeats=1, n_folds=2, seed=3, strata=database.strata)
    assert splits.data == database.checksum
    counts = [np.bincount([database.strata[name] for name in fold], minlength=4) for fold in splits.folds[0]]
    assert np.abs(counts[0] - counts[1]).max() <= 1
    assert sorted(name for fold in splits.folds[0] for name in fold) == sorted(database.names)
    assert splits == make_splits(database, n_repeats=1, n_folds=2, seed=3, strata=database.strata)


def test_a_record_without_a_stratum(database):
    strata = {name: number for name, number in database.strata.items() if name != "ScalpTrain0003"}
    with pytest.raises(SplitError, match=r"1 records have no stratum \['ScalpTrain0003'\]; give one for each record"):
        make_splits(database, strata=strata)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("fhr,false,0,5", "samples 0 to 5 are no range within 1 to"),
        ("fhr,false,9,5", "samples 9 to 5 are no range"),
        ("mhr,true,1,9999999", "samples 1 to 9999999 are no range"),
        ("toco,true,1,2", "channel 'toco', label 'true'; channels are fhr and mhr"),
        ("fhr,maybe,1,2", "label 'maybe'"),
        ("fhr,true,one,2", "start_sample is 'one'; give a whole number"),
        ("fhr,true,1,2.5", "end_sample is '2.5'; give a whole number"),
        ("fhr,true,1,inf", "end_sample is 'inf'; give a whole number"),
    ],
)
def test_marks_that_do_not_fit_quarantine_their_recording(folder, row, message):
    add_marks(folder, f"DopMHRTrain0001.fhrm,DopMHRTrain,{row}")
    database = FalseSignals(folder)
    assert list(database.quarantined) == ["DopMHRTrain0001"]
    assert message in database.quarantined["DopMHRTrain0001"]
    assert len(database) == 23
    assert set(database.groups) == set(database.names) == set(database.strata)


def test_a_missing_file_and_a_wrong_stage_are_quarantined(folder):
    (folder / "ScalpTrain0003.fhrm").unlink()
    table = (folder / "recordings.csv").read_text().replace("antepartum", "never", 1)
    (folder / "recordings.csv").write_text(table)
    database = FalseSignals(folder)
    assert "No such file" in database.quarantined["ScalpTrain0003"]
    assert "stage2_start_sample is 'never'" in database.quarantined["DopMHRTrain0001"]
    assert len(database) == 22


@pytest.mark.parametrize("file", ["../DopMHRTrain0000.fhrm", "a\\b.fhrm"])
def test_files_outside_the_folder_are_not_read(folder, file):
    with (folder / "recordings.csv").open("a") as table:
        table.write(f"{file},DopMHRTrain,\n")
    (reason,) = FalseSignals(folder).quarantined.values()
    assert "is not a plain file name in this folder" in reason


@pytest.mark.parametrize("table", ["recordings.csv", "annotations.csv"])
def test_a_table_that_is_missing_or_no_table(folder, table):
    (folder / table).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match=f"{table}: "):
        FalseSignals(folder)
    (folder / table).write_text("file,dataset\nDopMHRTrain0000.fhrm,DopMHRTrain\n")
    with pytest.raises(FormatError, match=rf"{table}: line 2 lacks a value; the columns are file, dataset"):
        FalseSignals(folder)
    (folder / table).unlink()
    with pytest.raises(DatasetNotFoundError, match=rf"has no {table}; give the folder of the FHRMA .* set FHR_DATA"):
        FalseSignals(folder)


def test_tables_with_a_byte_order_mark_as_spreadsheets_write_them(database, folder):
    for name in ("recordings.csv", "annotations.csv"):
        (folder / name).write_text((folder / name).read_text(), encoding="utf-8-sig")
    assert FalseSignals(folder).checksum == database.checksum


def test_marks_of_a_file_that_is_not_listed_are_told(database, folder, caplog):
    add_marks(folder, "Other.fhrm,DopMHRTrain,fhr,false,1,2")
    assert FalseSignals(folder).checksum == database.checksum
    assert "marks of 1 files that recordings.csv does not list are left out: Other.fhrm" in caplog.text


def test_no_folder_and_no_recording(folder):
    with pytest.raises(DatasetNotFoundError, match="data folder 'nowhere' does not exist; give the folder"):
        FalseSignals("nowhere")
    (folder / "recordings.csv").write_text("file,dataset,stage2_start_sample\nnone.fhrm,DopMHRTrain,\n")
    with pytest.raises(DatasetNotFoundError, match=r"none of its 1 recordings can be read; the first: .*none\.fhrm"):
        FalseSignals(folder)
    (folder / "recordings.csv").write_text("file,dataset,stage2_start_sample\n")
    with pytest.raises(DatasetNotFoundError, match=r"recordings\.csv is empty"):
        FalseSignals(folder)


def test_the_real_set(fhrma_false_signals):
    database = FalseSignals(fhrma_false_signals)
    assert len(database) == 779
    assert database.quarantined == {}
    table = pd.read_csv(fhrma_false_signals / "annotations.csv")
    listed = 0
    for _, ranges in table.sort_values("start_sample").groupby(["file", "channel"]):
        end = 0
        for row in ranges.itertuples():  # some ranges overlap
            listed += max(row.end_sample - max(row.start_sample - 1, end), 0)
            end = max(end, row.end_sample)
    assert listed == sum(int((~np.isnan(database.marks(name))).sum()) for name in database.names)
    stages = pd.read_csv(fhrma_false_signals / "recordings.csv")["stage2_start_sample"]
    assert (
        sum(not isnan(recording.stage2_start) for recording in database)
        == pd.to_numeric(stages, errors="coerce").notna().sum()
    )
