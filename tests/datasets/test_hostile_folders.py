"""Folders that are not what they say: lists, tables and split files; spoilt at random in `test_hostile.py`."""

import json
import os
import shutil
import sys
from pathlib import Path

import hostile
import pytest

from fhr.datasets import CTUUHB, FalseSignals, Splits, make_splits
from fhr.errors import FormatError, SplitError

windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO, and links need rights")


@pytest.fixture
def records(simulated_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    for name in ("s0001", "s0002"):
        for suffix in (".hea", ".dat"):
            shutil.copy(simulated_folder / f"{name}{suffix}", folder)
    return folder


@pytest.fixture
def marked(false_signal_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(false_signal_folder, tmp_path / "marked"))


@windows
def test_records_that_are_links_out_of_the_folder_are_quarantined(records, simulated_folder):
    (records / "s0003.hea").symlink_to(simulated_folder / "s0003.hea")
    os.mkfifo(records / "s0004.hea")
    with hostile.watchdog(300):
        database = CTUUHB(records)
    assert database.names == ["s0001", "s0002"]
    assert "outside its folder; put the file itself there" in database.quarantined["s0003"]
    assert "no regular file but a pipe" in database.quarantined["s0004"]


@pytest.mark.parametrize(
    "name",
    ["../s0001", "/dev/zero", "C:s0001", "\x1b[31m", "a\0b", "..", "x" * 5000, "x" * 5000 + "/", "a/" * 5000 + "b"],
)
def test_names_that_are_not_plain_are_shown_and_refused(records, name):
    (records / "RECORDS").write_text(f"s0001\n{name}\n")
    with pytest.raises(FormatError, match="is not a plain record name in this folder") as error:
        CTUUHB(records)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1000


def test_a_million_lines_of_one_record_are_refused_before_it_is_read(records, monkeypatch):
    (records / "RECORDS").write_text("s0001\n" * 1_000_000)
    monkeypatch.setattr("fhr.datasets.ctu_uhb.read_wfdb", lambda path: pytest.fail("it was read"))
    with hostile.watchdog(60), pytest.raises(FormatError, match="record 's0001' stands twice; keep one of them"):
        CTUUHB(records)


def test_a_list_without_end_is_refused(records):
    (records / "RECORDS").write_bytes(b"s1 " * (3 << 20))
    with pytest.raises(FormatError, match=r"RECORDS: 9437184 bytes; a list of records ends at 8388608"):
        CTUUHB(records)


@pytest.mark.parametrize("sample", ["0", "-5", "9" * 4000, "1e300", "99999999"])
def test_a_second_stage_outside_the_recording_quarantines_it(marked, sample):
    path = marked / "recordings.csv"
    lines = path.read_text().split("\n")
    lines[1] = f"DopMHRTrain0000.fhrm,DopMHRTrain,{sample}"
    path.write_text("\n".join(lines))
    database = FalseSignals(marked)
    assert "stage2_start_sample is '" in database.quarantined["DopMHRTrain0000"]
    assert len(database) == 23


def test_a_recording_that_is_listed_twice_is_refused_before_it_is_read(marked, monkeypatch):
    path = marked / "recordings.csv"
    path.write_text(path.read_text() + "DopMHRTrain0000.fhrm,DopMHRTrain,\n" * 10_000)
    monkeypatch.setattr("fhr.datasets.false_signals.read_fhrma", lambda path: pytest.fail("it was read"))
    with pytest.raises(FormatError, match=r"recordings.csv: 'DopMHRTrain0000.fhrm' stands twice"):
        FalseSignals(marked)


@pytest.fixture
def split_file(simulated_database: CTUUHB, tmp_path: Path) -> Path:
    return make_splits(simulated_database, n_repeats=1, n_folds=5).save(tmp_path / "splits.json")


@pytest.mark.parametrize("seed", ["1e999", "-1", "1.5", "true", '"1"', "[" * 100_000, "9" * 5000])
def test_split_files_with_a_seed_that_is_none(split_file, seed):
    split_file.write_text(split_file.read_text().replace('"seed": 0', f'"seed": {seed}'))
    with pytest.raises(SplitError, match=r"splits.json: (no readable split file|the checksum does not fit)"):
        Splits.load(split_file)


@pytest.mark.parametrize(
    "edit",
    [
        lambda folds: folds[0].append(folds[1][0]),
        lambda folds: folds[0].pop(),
        lambda folds: folds.append(["x"]),
        lambda folds: folds[0].append(folds[0][0]),
    ],
)
def test_a_record_in_two_folds_is_refused_though_the_checksum_fits(split_file, edit):
    content = json.loads(split_file.read_text())
    edit(content["folds"][0])
    forged = Splits(
        tuple(tuple(map(tuple, repeat)) for repeat in content["folds"]),
        content["strata"],
        content["seed"],
        content["data"],
    ).save(split_file)
    with pytest.raises(SplitError, match="not each record is in one fold of each repeat"):
        Splits.load(forged)
