"""What was given wrong is named; one bad recording is left out, and the others go on."""

import logging
import re
import shutil
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from fhr.datamodules import CTUUHBDataModule, DatabaseDataModule, SimulatedDataModule
from fhr.datasets import Database, make_splits
from fhr.errors import DatasetNotFoundError, FHRError, OutcomeError, SignalError, SplitError
from fhr.recording import Recording


class Given(DatabaseDataModule):
    """The recordings as they are given."""

    def __init__(self, recordings: list[Recording], **options: object) -> None:
        super().__init__(**{"window_minutes": 20, **options})
        self.recordings = recordings

    def read(self) -> Database:
        return Database(self.recordings, origin="here")


def short(recording: Recording, minutes: float) -> Recording:
    n = round(minutes * 60 * recording.fs)
    return replace(recording, fhr=recording.fhr[-n:], uc=recording.uc[-n:])


@pytest.fixture
def recordings(simulated_database) -> list[Recording]:
    return list(simulated_database)


def test_a_folder_that_does_not_exist(tmp_path):
    data = CTUUHBDataModule(str(tmp_path / "nowhere"))
    with pytest.raises(DatasetNotFoundError, match=r"nowhere' does not exist; give the folder .* `fhr simulate"):
        data.setup()


def test_a_folder_without_recordings(tmp_path):
    with pytest.raises(DatasetNotFoundError, match=r"holds no recording in a format that is read"):
        CTUUHBDataModule(str(tmp_path)).setup()


@pytest.mark.parametrize("value", [None, ""])
def test_no_folder_was_named(monkeypatch, value):
    monkeypatch.delenv("FHR_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("FHR_DATA", value)
    with pytest.raises(DatasetNotFoundError, match=r"no data folder was named; give `--data.root DIR`, or set"):
        CTUUHBDataModule().setup()


def test_fhr_data_names_the_folder_that_holds_the_database(monkeypatch, tmp_path, simulated_folder):
    monkeypatch.setenv("FHR_DATA", str(tmp_path))
    with pytest.raises(DatasetNotFoundError, match=re.escape(str(tmp_path / "ctu-uhb-ctgdb"))):
        CTUUHBDataModule().setup()
    (tmp_path / "ctu-uhb-ctgdb").symlink_to(simulated_folder)
    data = CTUUHBDataModule(window_minutes=20)
    data.setup()
    assert len(data.facts.recordings) == 60


@pytest.mark.parametrize("target", ["acidosis", "ph<<7", "lactate>5", ""])
def test_a_target_that_is_not_defined(target):
    with pytest.raises(OutcomeError, match=f"target '{target}' is not defined; write a measure"):
        SimulatedDataModule(target=target)


@pytest.mark.parametrize("channels", [("uc", "fhr"), ("fhr", "pulse"), ()])
def test_channels_that_are_not_known(channels):
    with pytest.raises(FHRError, match="choose from fhr, uc, mask, in this order"):
        SimulatedDataModule(channels=(*channels, "mask") if channels else channels)


def test_several_channels_need_their_mask():
    with pytest.raises(FHRError, match=r"channels=\['fhr', 'uc'\]; add `mask`"):
        SimulatedDataModule(channels=["fhr", "uc"])


def test_a_batch_of_one_is_refused():
    with pytest.raises(FHRError, match=r"batch_size=1; batch normalisation needs 2 or more"):
        SimulatedDataModule(batch_size=1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("ph<6.5", "0 of 60 usable records meet ph<6.5, fewer than the 5 folds; use more records or another target"),
        ("ph<7.90", "0 of 60 usable records do not meet ph<7.90, fewer than the 5 folds"),
    ],
)
def test_a_class_smaller_than_the_folds(recordings, target, message):
    with pytest.raises(SplitError, match=message):
        Given(recordings, target=target).setup()


@pytest.mark.parametrize(("place", "value"), [("repeat", 10), ("fold", 5), ("inner", 4), ("fold", -1)])
def test_a_fold_that_does_not_exist(recordings, place, value):
    with pytest.raises(SplitError, match=f"{place}={value}; this split has {place} 0 to "):
        Given(recordings, **{place: value}).setup()


def test_recordings_that_cannot_be_used_are_left_out_and_named(recordings, caplog):
    caplog.set_level(logging.WARNING, logger="fhr.datamodules")
    silent, brief, slow = recordings[3:6]
    recordings[3] = replace(silent, fhr=np.full(len(silent), nan))
    recordings[4] = short(brief, 5)
    recordings[5] = replace(slow, fs=3.7)
    data = Given(recordings)
    data.setup()
    names = {one.name for one in (silent, brief, slow)}
    assert set(data.facts.quarantined) == names
    assert "no valid FHR sample in the last 20 min" in data.facts.quarantined[silent.name]
    assert "5.0 min of signal where the last 20 min are needed" in data.facts.quarantined[brief.name]
    assert "sampled at 3.7 Hz" in data.facts.quarantined[slow.name]
    for name in names:
        assert f"left out {name}: " in caplog.text
    used = {name for slice_ in vars(data.facts.partition).values() for name in slice_}
    assert used == set(data.facts.labels.index) == set(data.facts.recordings) == {r.name for r in recordings} - names


def test_five_minutes_where_sixty_are_needed(recordings):
    data = Given([short(recording, 5) for recording in recordings], window_minutes=60)
    with pytest.raises(
        SignalError,
        match=r"here: none of 60 records can be used; the first: s0001: 5.0 min of signal where the last 60 min are "
        r"needed; use longer recordings, or train with a shorter window \(`--data.window_minutes`\)",
    ):
        data.setup()


def test_recordings_without_the_outcome_are_named_and_unused(recordings, caplog):
    caplog.set_level(logging.WARNING, logger="fhr.datamodules")
    unknown = recordings[7]
    recordings[7] = replace(unknown, outcome=replace(unknown.outcome, ph=nan))
    data = Given(recordings)
    data.setup()
    assert data.facts.unlabelled == (unknown.name,)
    assert f"1 records lack the outcome of ph<=7.15: {unknown.name}" in caplog.text
    assert unknown.name not in {name for slice_ in vars(data.facts.partition).values() for name in slice_}
    assert data.facts.quarantined == {}


def test_a_damaged_file_is_quarantined_and_the_rest_go_on(simulated_folder, tmp_path, caplog):
    folder = shutil.copytree(simulated_folder, tmp_path / "damaged")
    (folder / "s0002.dat").write_bytes(b"x")
    data = CTUUHBDataModule(str(folder), window_minutes=20)
    data.setup()
    assert set(data.facts.quarantined) == {"s0002"}
    assert "left out s0002: " in caplog.text
    assert len(data.facts.labels) == 59


def test_a_split_file_of_other_data(recordings, tmp_path):
    path = make_splits(Database(recordings[:50], origin="others")).save(tmp_path / "splits.json")
    with pytest.raises(
        SplitError, match=r"the split was made for other data than here .*10 not known to it.* `fhr splits`"
    ):
        Given(recordings, splits=str(path)).setup()


@pytest.mark.parametrize("content", [None, "", "{}", '{"format": 9}'])
def test_no_split_file(recordings, tmp_path, content):
    path = tmp_path / "splits.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SplitError, match=re.escape(str(path))):
        Given(recordings, splits=str(path)).setup()
