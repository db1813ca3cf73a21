"""Which record is used for what, in which order, with which weight."""

from collections.abc import Iterable

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from fhr.datamodules import CTUUHBDataModule, DatabaseDataModule, PlaceDataModule, SimulatedDataModule
from fhr.datasets import Database, Place, make_splits
from fhr.errors import FHRError, SplitError
from fhr.features import FeatureSet
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.preprocessing import Augmentation, Pipeline
from fhr.tasks import Batch, ClassificationTask

USES = ("train", "validation", "calibration", "test")
TINY = {"window_minutes": 20, "batch_size": 16}


class InMemory(DatabaseDataModule):
    """Any database."""

    def __init__(self, database: Database, **options: object) -> None:
        super().__init__(**options)
        self.database = database

    def read(self) -> Database:
        return self.database


def ready(database: Database, **options: object) -> InMemory:
    data = InMemory(database, **{**TINY, **options})
    data.setup()
    return data


@pytest.fixture(scope="module")
def data(simulated_database) -> InMemory:
    return ready(simulated_database)


def loader_of(data: DatabaseDataModule, use: str) -> Iterable[Batch]:
    name = {"train": "train", "validation": "val", "calibration": "calibration", "test": "test"}[use]
    return getattr(data, f"{name}_dataloader")()


def epoch_of(data: DatabaseDataModule, epoch: int) -> list[Batch]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)
    return list(loader)


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x[:2], y[:2], strict=True)
    )


@pytest.mark.parametrize("make", [CTUUHBDataModule, SimulatedDataModule])
def test_shapes_are_known_before_any_data_is_read(make, monkeypatch):
    monkeypatch.delenv("FHR_DATA", raising=False)
    data = make(window_minutes=30, fs=2, channels=["fhr", "mask"])
    assert (data.n_channels, data.n_times, data.n_outputs, data.fs) == (2, 3600, 1, 2)
    with pytest.raises(SplitError, match=r"the data module is not set up yet; call setup\(\) first"):
        data.facts  # noqa: B018


def test_shapes_are_those_of_the_batches(simulated_database):
    data = ready(simulated_database, fs=2, channels=["fhr", "mask"])
    for use in USES:
        batch = next(iter(loader_of(data, use)))
        assert batch.signal.shape[1:] == (data.n_channels, data.n_times)
        assert {part.dtype for part in batch} == {torch.float32}
        assert {len(part) for part in batch} == {len(batch.signal)}


def test_no_record_has_two_uses_and_every_record_has_one(data, simulated_database):
    partition = vars(data.facts.partition)
    assert set(partition) == set(USES)
    names = [name for use in USES for name in partition[use]]
    assert sorted(names) == sorted(simulated_database.names)
    assert set(data.facts.learnt_from) == set(names) - set(partition["test"])


def test_the_test_slice_is_the_outer_fold(simulated_database):
    folds = make_splits(simulated_database).folds
    data = ready(simulated_database, repeat=1, fold=2, inner=3)
    assert sorted(data.facts.partition.test) == sorted(folds[1][2])
    assert data.facts.fold == (1, 2, 3)
    other = ready(simulated_database, repeat=1, fold=2, inner=0)
    assert other.facts.partition.test == data.facts.partition.test
    assert not set(other.facts.partition.calibration) & set(data.facts.partition.calibration)


@pytest.mark.parametrize("use", USES)
def test_a_loader_gives_the_windows_of_its_slice(data, simulated_database, use):
    names = getattr(data.facts.partition, use)
    batches = list(loader_of(data, use))
    signal, label, ph, weight, _, bdecf, offset = (torch.cat(parts) for parts in zip(*batches, strict=True))
    pipeline = Pipeline(minutes=20)
    expected = {name: pipeline(simulated_database[name]).signal for name in names}
    given = [next(n for n in names if np.array_equal(one, expected[n])) for one in signal.numpy()]
    assert sorted(given) == sorted(names)
    assert given == list(names) or use == "train"
    outcome, deficit = simulated_database.outcomes.loc[given, ["ph", "bdecf"]].to_numpy().T
    np.testing.assert_allclose(ph, outcome, rtol=1e-6)
    np.testing.assert_allclose(bdecf, deficit, rtol=1e-6)
    np.testing.assert_array_equal(label, outcome <= 7.15)
    assert (weight == 1).all()
    assert (offset == 0).all()


def test_a_single_record_left_over_is_no_training_batch_of_its_own(data):
    names = data.facts.partition.train
    one_left = next(size for size in range(2, len(names)) if len(names) % size == 1)
    module = ready(data.database, batch_size=one_left)
    assert {len(batch.label) for batch in epoch_of(module, 0)} == {one_left}
    assert sum(len(batch.label) for batch in epoch_of(data, 0)) == len(names)


def test_order_and_augmentation_depend_on_seed_and_epoch_alone(simulated_database):
    options = {"augmentation": Augmentation(), "seed": 4}
    from_the_start, resumed = (ready(simulated_database, **options) for _ in range(2))
    epochs = [epoch_of(from_the_start, epoch) for epoch in range(3)]
    torch.rand(7)
    np.random.default_rng().random(3)
    list(resumed.val_dataloader())
    assert same(epoch_of(resumed, 2), epochs[2])
    assert same(epoch_of(resumed, 0), epochs[0])
    assert not same(epoch_of(ready(simulated_database, **options | {"seed": 5}), 0), epochs[0])


def test_each_epoch_has_an_order_and_an_augmentation_of_its_own(simulated_database, data):
    orders = [torch.cat([batch.ph for batch in epoch_of(data, epoch)]) for epoch in (0, 1)]
    assert not torch.equal(*orders)
    assert torch.equal(*(order.sort().values for order in orders))
    loader = ready(simulated_database, augmentation=Augmentation()).train_dataloader()
    drawn = []
    for epoch in (0, 1, 0):
        loader.sampler.set_epoch(epoch)
        drawn.append(loader.dataset[3].signal)
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])


def test_augmentation_changes_training_windows_only(simulated_database, data):
    augmented = ready(simulated_database, augmentation=Augmentation())
    assert not torch.equal(epoch_of(augmented, 0)[0].signal, epoch_of(data, 0)[0].signal)
    assert torch.equal(epoch_of(augmented, 0)[0].label, epoch_of(data, 0)[0].label)
    for use in USES[1:]:
        assert same(list(loader_of(augmented, use)), list(loader_of(data, use)))
    nothing = Augmentation(level=0, gain=0, shift=0, drop_blocks=0, drop_minutes=0)
    assert same(epoch_of(ready(simulated_database, augmentation=nothing), 1), epoch_of(data, 1))


def test_the_trainer_tells_the_loader_the_epoch(simulated_database):
    """Lightning has to call `set_epoch`, or every epoch would look the same."""
    seen: list[Batch] = []

    class Spy(pl.Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            seen.append(batch)

    data = ready(simulated_database, augmentation=Augmentation(), seed=2, batch_size=64)
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Spy()],
    )
    network = InceptionNet(n_filters=1, kernel_sizes=(3,), depth=1, stride=8)
    trainer.fit(ClassificationTask(network, PHRegression()), datamodule=data)
    again = ready(simulated_database, augmentation=Augmentation(), seed=2, batch_size=64)
    assert same(seen, [batch for epoch in range(3) for batch in epoch_of(again, epoch)])


def test_balanced_weights_give_both_classes_the_same_sum(simulated_database):
    data = ready(simulated_database, class_weights="balanced")
    for use in USES:
        _, label, _, weight, *_ = (torch.cat(parts) for parts in zip(*loader_of(data, use), strict=True))
        assert 0 < label.mean() < 0.5
        assert weight[label == 1].sum().item() == pytest.approx(weight[label == 0].sum().item(), rel=1e-5)
        assert weight.sum().item() == pytest.approx(len(weight), rel=1e-5)


def test_a_split_file_gives_the_folds_that_it_holds(simulated_database, tmp_path, data):
    path = make_splits(simulated_database).save(tmp_path / "standard.json")
    assert ready(simulated_database, splits=str(path)).facts.partition == data.facts.partition
    other = make_splits(simulated_database, n_folds=3, seed=8)
    module = ready(simulated_database, splits=str(other.save(tmp_path / "other.json")), fold=2)
    assert sorted(module.facts.partition.test) == sorted(other.folds[0][2])
    assert module.facts.splits.checksum == other.checksum != data.facts.splits.checksum


def test_setting_up_again_keeps_everything(data):
    facts = data.facts
    data.setup("test")
    assert data.facts is facts


def test_simulated_recordings_in_memory_are_those_of_the_folder(simulated_folder):
    folder, memory = CTUUHBDataModule(str(simulated_folder), **TINY), SimulatedDataModule(60, 20, **TINY)
    for data in (folder, memory):
        data.setup()
    assert memory.facts.data_checksum == folder.facts.data_checksum
    assert memory.facts.partition == folder.facts.partition
    assert same(epoch_of(memory, 1), epoch_of(folder, 1))


def test_how_much_is_explained_reaches_the_simulation():
    hard, easy = (SimulatedDataModule(8, 20, explained=explained, **TINY).read() for explained in (0.0, 1.0))
    assert [recording.outcome.ph for recording in hard] != [recording.outcome.ph for recording in easy]
    np.testing.assert_array_equal(hard[0].fhr, easy[0].fhr)
    assert "explained 1" in easy.origin


def test_permuted_records_have_the_signals_of_others_and_their_own_labels(simulated_folder):
    """The control: nothing can be learnt, but everything else is as it was."""
    plain, permuted, again = (
        CTUUHBDataModule(str(simulated_folder), target="ph<7.20", window_minutes=20, permute=permute)
        for permute in (None, 3, 3)
    )
    batches = []
    for data in (plain, permuted, again):
        data.setup()
        batches.append(next(iter(data.test_dataloader())))
    one, other, same = batches
    assert plain.facts.partition == permuted.facts.partition
    assert torch.equal(one.label, other.label)
    assert torch.equal(one.ph, other.ph)
    assert torch.equal(other.signal, same.signal)
    moved = (one.signal != other.signal).flatten(1).any(1)
    assert moved.float().mean() > 0.8


EARLY = {"window_minutes": 15, "window_before": "stage2", "withheld_minutes": 5}


def test_a_window_that_ends_earlier_is_all_that_is_read(simulated_database):
    """Signals, features, and the recordings that typicality and lines are computed from; the folds stay the same."""
    features = FeatureSet(groups=("multiscale",), minutes=10, multiscale={"j2": 6})
    data = ready(simulated_database, **EARLY, features=features)
    facts = data.facts
    assert {recording.duration for recording in facts.recordings.values()} == {15 * 60}
    assert facts.splits == make_splits(simulated_database)
    assert facts.data_checksum != simulated_database.checksum
    name = facts.partition.test[0]
    batch = next(iter(data.test_dataloader()))
    window = Pipeline(minutes=15, before="stage2", withheld=5)
    np.testing.assert_array_equal(batch.signal[0], window(simulated_database[name]).signal)
    np.testing.assert_allclose(batch.features[0], features(window.cut(simulated_database[name])), rtol=1e-6)
    assert data.settings["window"] == "the 15 min until 5 min before the second stage (the end, where there was none)"


def test_a_cross_validation_of_such_a_network_has_windows_too(simulated_database):
    place = Place.first(simulated_database, "ph<=7.15")
    with pytest.raises(FHRError, match=r"the cross-validation has whole recordings; give it `database.changed\("):
        PlaceDataModule(place, **EARLY).setup()
    windows = simulated_database.changed(Pipeline(minutes=15, before="stage2", withheld=5).cut)
    data = PlaceDataModule(Place.first(windows, "ph<=7.15", place.splits), **EARLY)
    data.setup()
    assert data.facts.partition == place.partition


def test_features_see_nothing_beyond_the_window():
    features = FeatureSet(groups=("multiscale",), minutes=20)
    with pytest.raises(FHRError, match=r"features of 20 min beside the 15 min until 5 min before .*; set `data.feat"):
        CTUUHBDataModule(**EARLY, features=features)
    CTUUHBDataModule(window_minutes=15, features=features)  # of the usual window they may
