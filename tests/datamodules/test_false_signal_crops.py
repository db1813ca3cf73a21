"""Which recordings are learnt from, and what a batch of crops holds."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fhr.datamodules import FalseSignalDataModule
from fhr.datamodules.crops import Crops, Marked, WholeRecordings
from fhr.datasets import FalseSignals, make_splits
from fhr.errors import DatasetNotFoundError, FHRError, SplitError
from fhr.preprocessing import FalseSignalAugmentation, FalseSignalInput

ENCODING = FalseSignalInput()
NAN = np.nan


def data_of(folder: Path, **options: object) -> FalseSignalDataModule:
    data = FalseSignalDataModule(str(folder), crop_minutes=4, batch_size=4, **options)
    data.setup()
    return data


@pytest.fixture(scope="module")
def data(false_signal_folder) -> FalseSignalDataModule:
    return data_of(false_signal_folder)


def marked(n: int, name: str = "one", first: int = 0, last: int | None = None) -> Marked:
    """FHR counts samples from 100, so that a crop tells where it is from."""
    rates = np.stack([np.arange(100, 100 + n), np.full(n, 80)]).astype(np.float32)
    marks = np.full((2, n), NAN, dtype=np.float32)
    marks[0, first:last] = np.arange(n)[first:last] % 2
    return Marked(name, rates, marks, "doppler")


def crops(*recordings: Marked, n_times: int = 100, seed: int = 0, **options: object) -> Crops:
    return Crops(recordings, n_times, encoding=ENCODING, augmentation=None, seed=seed, **options)


def fhr_of(signal: torch.Tensor) -> np.ndarray:
    """(batch, time) in bpm, NaN where missing."""
    return np.where(signal[:, 1] > 0, signal[:, 0] * ENCODING.scale + ENCODING.offset, NAN)


def test_facts_are_those_of_the_folder(data, false_signal_folder):
    database, facts = FalseSignals(false_signal_folder), data.facts
    assert facts.data_checksum == database.checksum
    assert facts.splits == make_splits(database, n_repeats=1, strata=database.strata)
    assert (facts.target, facts.fold, facts.origin) == ("false signal", (0, 0, 0), str(false_signal_folder))
    parts = facts.partition
    assert parts.calibration == ()
    assert sorted(parts.test) == sorted(facts.splits.folds[0][0])
    assert sorted([*parts.train, *parts.validation, *parts.test]) == sorted(database.names)
    assert len(parts.validation) == 3
    for name in database.names:
        marks = database.marks(name)[0][~np.isnan(database[name].fhr)]
        assert facts.labels[name] == pytest.approx(np.nanmean(marks))


def test_folds_cover_every_recording_once(false_signal_folder, data):
    tests = [name for fold in range(5) for name in data_of(false_signal_folder, fold=fold).facts.partition.test]
    assert sorted(tests) == sorted(data.facts.splits.strata)
    other = data_of(false_signal_folder, inner=1).facts.partition
    assert other.test == data.facts.partition.test
    assert other.validation != data.facts.partition.validation


def test_doppler_recordings_are_tested_with_and_without_mhr(data, false_signal_folder):
    database = FalseSignals(false_signal_folder)
    batches = list(data.test_dataloader())
    assert [batch.names[0] for batch in batches if batch.group != "doppler_without_mhr"] == list(
        data.facts.partition.test
    )
    assert {batch.group for batch in batches} == {"doppler", "doppler_without_mhr", "scalp"}
    for batch in batches:
        (name,) = batch.names
        rates, marks = ENCODING.rates(database[name]), database.marks(name)
        assert batch.group.startswith("scalp" if database.groups[name] == "ScalpTrain" else "doppler")
        if batch.group == "doppler_without_mhr":
            rates[1] = NAN
        np.testing.assert_array_equal(batch.signal[0], ENCODING.encode(rates))
        known = ~np.isnan(marks) & ~np.isnan(rates)
        np.testing.assert_array_equal(batch.weight[0], known)
        np.testing.assert_array_equal(batch.target[0].numpy()[known], marks[known])
        assert all(part.dtype == torch.float32 for part in batch[:3])


def test_a_long_recording_is_tiled_and_moves_from_epoch_to_epoch():
    dataset = crops(marked(950))
    assert len(dataset) == 10
    seen = np.zeros(950)
    for epoch in range(30):
        dataset.epoch = epoch
        batch = dataset.__getitems__(range(10))
        assert batch.signal.shape == (10, 4, 100)
        assert batch.names == ("one",) * 10
        where = fhr_of(batch.signal) - 100
        assert not np.isnan(where).any()
        np.testing.assert_allclose(np.diff(where), 1)
        first = np.rint(where[:, 0]).astype(int)
        np.testing.assert_array_equal(batch.target[:, 0], (first[:, None] + np.arange(100)) % 2)
        for start in first:
            seen[start : start + 100] += 1
    assert seen.min() > 5
    assert seen[100:850].max() < 90


def test_only_the_marked_part_is_tiled():
    dataset = crops(marked(5000, first=2000, last=2150))
    assert len(dataset) == 2
    for epoch in range(20):
        dataset.epoch = epoch
        batch = dataset.__getitems__([0, 1])
        assert (batch.weight[:, 0].sum(dim=1) > 0).all()
        assert batch.weight[:, 1].sum() == 0


def test_a_short_recording_stands_at_a_random_place():
    dataset, places = crops(marked(30)), set()
    for epoch in range(40):
        dataset.epoch = epoch
        fhr = fhr_of(dataset[0].signal)[0]
        (where,) = np.nonzero(~np.isnan(fhr))
        np.testing.assert_allclose(fhr[where], np.arange(100, 130))
        assert dataset[0].weight[0, 0].sum() == 30
        places.add(int(where[0]))
    assert len(places) > 15
    assert {min(places) < 20, max(places) > 50} == {True}


def test_a_crop_depends_on_seed_epoch_and_index_alone():
    recordings = [marked(950), marked(30, "two"), marked(500, "three")]
    dataset = Crops(recordings, 100, encoding=ENCODING, augmentation=FalseSignalAugmentation(), seed=1)
    together, reverse = dataset.__getitems__([3, 10, 12]), dataset.__getitems__([12, 3, 10])
    for i, j in ((0, 1), (1, 2), (2, 0)):
        for one, other in zip(together[:3], reverse[:3], strict=True):
            assert torch.equal(one[i], other[j])
    assert together.names == ("one", "two", "three")
    dataset.epoch = 1
    assert not torch.equal(dataset.__getitems__([3, 10, 12]).signal, together.signal)
    other = Crops(recordings, 100, encoding=ENCODING, augmentation=FalseSignalAugmentation(), seed=2)
    assert not torch.equal(other.__getitems__([3, 10, 12]).signal, together.signal)


def test_what_the_augmentation_takes_away_costs_nothing():
    everything = FalseSignalAugmentation(without_mhr=1, with_gaps=1)
    dataset = Crops([marked(4000)], 4000, encoding=ENCODING, augmentation=everything, seed=0)
    batch = dataset[0]
    assert (batch.signal[:, 2:] == 0).all()
    assert batch.weight[:, 1].sum() == 0
    assert 0 < batch.weight[0, 0].sum() < 4000
    np.testing.assert_array_equal(batch.weight[:, 0], batch.signal[:, 1])


def test_whole_recordings_are_batches_of_one():
    dataset = WholeRecordings([marked(950), marked(30, "two")], encoding=ENCODING)
    assert len(dataset) == 2
    assert dataset[1].names == ("two",)
    assert dataset[0].signal.shape == (1, 4, 950)


def test_an_epoch_shuffles_every_crop(data):
    loader = data.train_dataloader()
    names = [[name for batch in loader for name in batch.names] for _ in range(2)]
    assert names[0] == names[1]
    loader.sampler.set_epoch(1)
    assert [name for batch in loader for name in batch.names] != names[0]
    assert set(names[0]) <= set(data.facts.partition.train)
    assert {len(batch.names) for batch in loader} == {4}


def test_a_split_file_is_used_and_checked(false_signal_folder, tmp_path):
    database = FalseSignals(false_signal_folder)
    splits = make_splits(database, n_repeats=2, n_folds=3, seed=8, strata=database.strata)
    path = str(splits.save(tmp_path / "splits.json"))
    assert data_of(false_signal_folder, splits=path, repeat=1).facts.partition.test == tuple(sorted(splits.folds[1][0]))
    other = make_splits(database, n_repeats=1, strata=database.strata)
    path = str(type(other)(other.folds, other.strata, other.seed, "0" * 64).save(tmp_path / "other.json"))
    with pytest.raises(SplitError, match="the split was made for other data"):
        data_of(false_signal_folder, splits=path)


def test_mistakes(monkeypatch, false_signal_folder):
    monkeypatch.delenv("FHR_DATA", raising=False)
    with pytest.raises(
        DatasetNotFoundError, match=r"no data folder was named; give `--data.root DIR`, or set FHR_DATA"
    ):
        FalseSignalDataModule().setup()
    with pytest.raises(FHRError, match=r"crop_minutes=0, batch_size=8; both must be positive"):
        FalseSignalDataModule(crop_minutes=0)
    with pytest.raises(SplitError, match="not set up yet"):
        _ = FalseSignalDataModule().facts
    with pytest.raises(SplitError, match="fold=5; this split has fold 0 to 4"):
        data_of(false_signal_folder, fold=5)


def test_a_set_of_unknown_sensor_is_refused(false_signal_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(false_signal_folder, folder)
    table = folder / "recordings.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",ScalpTrain,", ",Skalp,"), encoding="utf-8")
    marks = folder / "annotations.csv"
    marks.write_text(marks.read_text(encoding="utf-8").replace(",ScalpTrain,", ",Skalp,"), encoding="utf-8")
    with pytest.raises(FHRError, match="of the set 'Skalp'"):
        data_of(folder)
