"""Features beside the signal: computed once whatever the number of processes, their scaling of the training part."""

import logging
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from fhr.datamodules import CTUUHBDataModule, DatabaseDataModule, SimulatedDataModule
from fhr.datamodules.features import cache_folder, cached_features, compute_features
from fhr.datasets import Database
from fhr.errors import SignalError
from fhr.features import FeatureScaling, FeatureSet
from fhr.losses import PHRegression
from fhr.models import LinearFeatures
from fhr.preprocessing import Augmentation
from fhr.recording import Recording
from fhr.tasks import ClassificationTask

FEATURES = FeatureSet(groups=("multiscale",), minutes=10, multiscale={"j2": 6})
LOADERS = {
    "train": "train_dataloader",
    "validation": "val_dataloader",
    "calibration": "calibration_dataloader",
    "test": "test_dataloader",
}


class Given(DatabaseDataModule):
    """The recordings as they are given."""

    def __init__(self, recordings: list[Recording], **options: object) -> None:
        super().__init__(**{"window_minutes": 20, "batch_size": 16, "features": FEATURES, **options})
        self.recordings = recordings

    def read(self) -> Database:
        return Database(self.recordings, origin="here")


def ready(recordings: list[Recording], **options: object) -> Given:
    data = Given(recordings, **options)
    data.setup()
    return data


def features_of(data: DatabaseDataModule, use: str) -> np.ndarray:
    """In the order of the partition; the training loader is read without its shuffle."""
    return getattr(data, LOADERS[use])().dataset.features.numpy()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("FHR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def recordings(simulated_database) -> list[Recording]:
    return list(simulated_database)


@pytest.fixture(scope="module")
def data(simulated_database) -> Given:
    return ready(list(simulated_database))


@pytest.fixture
def calls(monkeypatch, tmp_path) -> Path:
    """A file that grows by one byte for each recording whose features are computed, in whatever process."""
    path, compute = tmp_path / "calls", FeatureSet.__call__
    path.touch()

    def counted(self: FeatureSet, recording: Recording) -> np.ndarray:
        with path.open("ab") as file:
            file.write(b".")
        return compute(self, recording)

    monkeypatch.setattr(FeatureSet, "__call__", counted)
    return path


@pytest.mark.parametrize("make", [CTUUHBDataModule, SimulatedDataModule])
def test_names_are_known_before_any_data_is_read(make, monkeypatch):
    monkeypatch.delenv("FHR_DATA", raising=False)
    data = make(features=FEATURES)
    assert data.feature_names == FEATURES.names
    assert data.n_features == len(FEATURES.names) > 0
    assert (make().feature_names, make().n_features) == ((), 0)


def test_without_features_a_batch_has_none(recordings):
    data = ready(recordings, features=None)
    assert (data.facts.features, data.facts.scaling) == (None, None)
    for loader in LOADERS.values():
        batch = next(iter(getattr(data, loader)()))
        assert batch.features.shape == (len(batch.label), 0)
        assert batch.features.dtype == torch.float32


@pytest.mark.parametrize("use", LOADERS)
def test_a_loader_gives_the_features_of_its_records(data, simulated_database, use):
    """Of the last ten minutes of the recording, where the signal has twenty."""
    names = getattr(data.facts.partition, use)
    expected = np.stack([FEATURES(simulated_database[name]) for name in names])
    assert np.array_equal(features_of(data, use), expected, equal_nan=True)
    for batch in getattr(data, LOADERS[use])():
        assert batch.features.shape == (len(batch.label), data.n_features)
        assert batch.features.dtype == torch.float64


def test_features_stay_with_their_record_when_the_order_is_shuffled(data, simulated_database):
    names = data.facts.partition.train
    signal = {data._signal[name].tobytes(): name for name in names}
    expected = dict(zip(names, features_of(data, "train"), strict=True))
    loader = data.train_dataloader()
    loader.sampler.set_epoch(3)
    for batch in loader:
        for row, given in zip(batch.signal.numpy(), batch.features.numpy(), strict=True):
            assert np.array_equal(given, expected[signal[row.tobytes()]], equal_nan=True)


def test_the_augmentation_leaves_the_features(data, recordings):
    augmented = ready(recordings, augmentation=Augmentation())
    plain, changed = (next(iter(one.train_dataloader())) for one in (data, augmented))
    assert not torch.equal(changed.signal, plain.signal)
    assert np.array_equal(changed.features, plain.features, equal_nan=True)


def louder(recording: Recording) -> Recording:
    """The same labour with more variability: other features, and the same pH, hence the same folds."""
    mean = np.nanmean(recording.fhr)
    return replace(recording, fhr=(mean + 1.2 * (recording.fhr - mean)).astype(np.float32), source=None)


@pytest.mark.parametrize("use", LOADERS)
def test_only_the_training_part_of_the_fold_is_in_the_scaling(data, recordings, use):
    names = getattr(data.facts.partition, use)
    other = ready([louder(one) if one.name in names else one for one in recordings])
    assert other.facts.partition == data.facts.partition
    assert not np.array_equal(features_of(other, use), features_of(data, use), equal_nan=True)
    assert (other.facts.scaling == data.facts.scaling) is (use != "train")


def test_the_scaling_is_that_of_the_training_records(data, simulated_database):
    rows = [FEATURES(simulated_database[name]) for name in data.facts.partition.train]
    assert data.facts.scaling == FeatureScaling.fit(np.stack(rows))
    medians = np.median(data.facts.scaling(features_of(data, "train")), axis=0)
    np.testing.assert_allclose(medians, 0.0, atol=0.1)


def test_a_feature_that_cannot_be_computed_is_missing(recordings, data):
    """In the batch; for the network it is the training median."""
    name = data.facts.partition.test[0]
    silent = next(i for i, one in enumerate(recordings) if one.name == name)
    signal = np.array(recordings[silent].fhr)
    signal[-10 * 60 * 4 :] = nan
    recordings[silent] = replace(recordings[silent], fhr=signal, source=None)
    given = ready(recordings)
    missing = np.isnan(FEATURES(recordings[silent]))
    assert missing.any()
    assert np.array_equal(np.isnan(features_of(given, "test")[0]), missing)
    scaled = given.facts.scaling(features_of(given, "test"))
    assert (scaled[0][missing] == 0).all()
    assert np.isfinite(scaled).all()


def test_recordings_too_short_for_the_features_are_left_out_and_named(recordings, caplog):
    caplog.set_level(logging.WARNING, logger="fhr.datamodules")
    brief = recordings[4]
    n = 25 * 60 * 4
    recordings[4] = replace(brief, fhr=brief.fhr[-n:], uc=brief.uc[-n:], source=None)
    data = ready(recordings, features=replace(FEATURES, minutes=30))
    assert set(data.facts.quarantined) == {brief.name}
    assert f"left out {brief.name}: " in caplog.text
    assert brief.name not in data.facts.labels.index
    with pytest.raises(SignalError, match="here: none of 60 records can be used; the first: "):
        ready(recordings, features=replace(FEATURES, minutes=600))


def test_lightning_computes_them_before_it_sets_up_and_once(recordings, cache, calls):
    data = Given(recordings)
    trainer = pl.Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False
    )
    trainer.fit(ClassificationTask(LinearFeatures(data.n_features), PHRegression()), datamodule=data)
    assert calls.stat().st_size == len(recordings)
    again = Given(recordings)
    again.prepare_data()
    again.setup()
    assert calls.stat().st_size == len(recordings)
    for use in LOADERS:
        assert np.array_equal(features_of(again, use), features_of(data, use), equal_nan=True)


@pytest.mark.process
def test_many_processes_and_threads_compute_them_once(recordings, cache, calls):
    features = FeatureSet(groups=("scalar",), minutes=3)  # without torch, whose threads do not outlive a fork
    database = Database(recordings[:12], origin="here")
    context = multiprocessing.get_context("fork")  # so that the count is theirs too
    processes = [context.Process(target=cached_features, args=(database, features)) for _ in range(3)]
    for process in processes:
        process.start()
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: cached_features(database, features), range(3)))
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert calls.stat().st_size == 12
    for one in found:
        pd.testing.assert_frame_equal(one.table, compute_features(database, features).table, check_exact=True)
    assert sorted(path.suffix for path in (cache / "features").iterdir()) == [".lock", ".npz"]


def test_what_is_kept_is_bit_for_bit_what_was_computed(recordings, cache):
    brief = replace(recordings[0], fhr=recordings[0].fhr[:2000], uc=recordings[0].uc[:2000])
    database = Database([brief, *recordings[1:6]], origin="here")
    computed, read = (cached_features(database, FEATURES) for _ in range(2))
    assert computed.unusable.keys() == read.unusable.keys() == {brief.name}
    assert computed.unusable == read.unusable
    pd.testing.assert_frame_equal(read.table, computed.table, check_exact=True)


def test_other_data_or_another_feature_set_is_another_file(recordings, cache, calls):
    database, other = (Database(some, origin="here") for some in (recordings[:3], recordings[1:4]))
    for given, features in ((database, FEATURES), (other, FEATURES), (database, replace(FEATURES, minutes=15))):
        cached_features(given, features)
    assert calls.stat().st_size == 9
    assert len(list(cache.rglob("*.npz"))) == 3
    cached_features(Database(recordings[2::-1], origin="elsewhere"), FEATURES)  # the same data in another order
    assert calls.stat().st_size == 9


@pytest.mark.parametrize("damage", ["text", "empty", "truncated", "flipped", "array", "pickle", "other records"])
def test_a_damaged_file_is_computed_anew_with_a_warning(recordings, cache, caplog, damage):
    caplog.set_level(logging.WARNING, logger="fhr.datamodules")
    database = Database(recordings[:4], origin="here")
    expected = cached_features(database, FEATURES)
    (path,) = cache.rglob("*.npz")
    whole = path.read_bytes()
    if damage == "array":
        with path.open("wb") as file:
            np.save(file, np.ones(3))
    elif damage == "pickle":
        with path.open("wb") as file:
            np.savez(file, record=np.array([Path("x")], dtype=object))
    elif damage == "other records":
        cached_features(Database(recordings[1:5], origin="here"), FEATURES)
        (other,) = set(cache.rglob("*.npz")) - {path}
        os.replace(other, path)
    else:
        half = len(whole) // 2
        flipped = whole[:half] + bytes(255 - b for b in whole[half : half + 40]) + whole[half + 40 :]
        path.write_bytes({"text": b"hello", "empty": b"", "truncated": whole[:half], "flipped": flipped}[damage])
    found = cached_features(database, FEATURES)
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    assert f"{path} is damaged (" in caplog.text
    caplog.clear()
    pd.testing.assert_frame_equal(cached_features(database, FEATURES).table, expected.table, check_exact=True)
    assert caplog.text == ""


def test_a_cache_that_cannot_be_written_costs_time_only(recordings, tmp_path, monkeypatch, caplog, data):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FHR_CACHE", str(tmp_path / "file"))
    caplog.set_level(logging.WARNING, logger="fhr.datamodules")
    assert np.array_equal(features_of(ready(recordings), "test"), features_of(data, "test"), equal_nan=True)
    assert "features are not kept (" in caplog.text
    assert "set FHR_CACHE to a folder that can be written" in caplog.text


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("FHR_CACHE", "/named")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == Path("/named")
    monkeypatch.delenv("FHR_CACHE")
    assert cache_folder() == Path("/xdg/fhr")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == tmp_path / ".cache" / "fhr"
