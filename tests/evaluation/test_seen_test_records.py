"""Whatever has seen test records is refused in a cross-validation, or its results are marked."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from sklearn.linear_model import LogisticRegression

from fhr.datamodules import BankDataModule, PlaceDataModule
from fhr.datasets import Database, FittedModel, Place
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.evaluation import MemoryStore, OnTable, cross_validate
from fhr.losses import PHRegression
from fhr.models import InceptionNet, read_checkpoint
from fhr.preprocessing import Pipeline
from fhr.recording import Composition, Heritage, Provenance
from fhr.synthesis import Bank
from fhr.tasks import ClassificationTask, Training

TARGET = "ph<7.20"


def network() -> InceptionNet:
    return InceptionNet(n_channels=3, n_outputs=1, depth=1, n_filters=2)


def digest_of(database: Database, name: str) -> str:
    return dict(zip(database.names, database.digests, strict=True))[name]


def with_made(births: Database) -> Database:
    """The births, and others that were made by what was fitted to the first of them."""
    fitted = Provenance("synthetic", "gan", (digest_of(births, births.names[0]),))
    made = [
        replace(births[i], name=f"made{i}", fhr=births[i].fhr[::-1], source=None, provenance=fitted)
        for i in range(10, 20)
    ]
    measured = [replace(recording, provenance=Provenance()) for recording in births]
    return Database([*measured, *made], origin="births and a gan's")


def line(database: Database):
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(database))}, database.names)
    return lambda place, seed: OnTable(LogisticRegression(), table)


def test_a_database_with_what_was_made_from_test_records(births_database):
    database = with_made(births_database)
    with pytest.raises(SplitError, match=r"of the training part were made by gan; .* from 1 of \d+ test records"):
        cross_validate(line(database), database, target=TARGET)
    result = cross_validate(line(database), database, target=TARGET, name="line", out_of_fold=False)
    assert result.name == "line (not out-of-fold)"
    assert result.row()["model"] == "line (not out-of-fold)"
    assert result.row()["out_of_fold"] == "no"


def test_results_that_are_out_of_fold_have_no_mark_and_stores_keep_the_two_apart(births_database):
    store = MemoryStore()
    row = cross_validate(line(births_database), births_database, target=TARGET, name="line", store=store).row()
    assert (row["model"], "out_of_fold" in row) == ("line", False)
    with pytest.raises(SplitError, match="holds folds of another cross-validation: name line there"):
        cross_validate(
            line(births_database), births_database, target=TARGET, name="line", store=store, out_of_fold=False
        )


class Started:
    """A fit that starts from weights that were trained before."""

    def __init__(self, trained: InceptionNet):
        self.trained = trained

    def fit(self, place: Place, seed: int) -> FittedModel:
        own = network()
        own.load_state_dict(self.trained.state_dict())
        return FittedModel(
            *(pd.Series(0.0, list(names)) for names in (place.partition.calibration, place.partition.test))
        )


def test_weights_that_learnt_from_what_was_fitted_to_test_records(births_database):
    trained = network()
    trained.heritage = Heritage(
        ("a" * 64,), Composition({"synthetic": 1}, ("gan",), (digest_of(births_database, births_database.names[0]),))
    )
    with pytest.raises(CheckpointError, match=r"fold \d: the network InceptionNet learnt from 1 of 24 test records"):
        cross_validate(lambda place, seed: Started(trained), births_database, target=TARGET)
    trained.heritage = Heritage(("a" * 64,), Composition({"measured": 1}))
    cross_validate(lambda place, seed: Started(trained), births_database, target=TARGET, inner=1)


def test_data_of_another_fold(births_database):
    def other(place, seed):
        data = PlaceDataModule(replace(place, fold=(place.fold + 1) % 5), fs=0.25)
        data.setup()

    with pytest.raises(CheckpointError, match=r"what is trained on .* has learnt from 24 of 24 test records"):
        cross_validate(other, births_database, target=TARGET)


@pytest.fixture(scope="module")
def bank() -> Bank:
    """Of few labours, whose features are made up."""
    values = np.random.default_rng(4).normal(size=(8, 2))
    return Bank(pd.DataFrame(values, [f"s{i + 1:04d}" for i in range(8)], ["mad_60", "loss_60"]), seed=9)


def births_of(database: Database) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(5).normal(size=(len(database), 2)), database.names, ["mad_60", "loss_60"])


@pytest.mark.training
def test_a_bank_that_is_refitted_inside_the_fold_may_be_learnt_from(births_database, bank, tmp_path):
    place = Place.first(births_database, TARGET).at(0, 2)
    data = BankDataModule(place, bank.at(place, births_of(births_database)), n=20, alone=True, fs=0.25, seed=3)
    trainer = pl.Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu"
    )
    fitted = Training(ClassificationTask(network(), PHRegression()), data, trainer).fit(place, 0)
    assert set(fitted.test.index) == set(place.partition.test)
    assert len(data.facts.partition.train) == 20
    (tmp_path / "net.ckpt").write_bytes(fitted.network.checkpoint)
    card, _ = read_checkpoint(tmp_path / "net.ckpt")
    assert any(maker.startswith("fhr.synthesis") for maker in card.made_by)
    tested = {digest_of(births_database, name) for name in place.partition.test}
    learnt = {digest_of(births_database, name) for name in (*place.partition.train, *place.partition.validation)}
    assert learnt <= card.seen
    assert not tested & card.seen


def test_one_that_was_fitted_elsewhere_may_not(births_database, bank):
    first = Place.first(births_database, TARGET)
    everywhere = bank.at(first.at(0, 2), births_of(births_database))

    def make(place, seed):
        data = BankDataModule(place, everywhere, n=10, fs=0.25)
        data.setup()
        return SimpleNamespace(fit=lambda place, seed: None)

    with pytest.raises(CheckpointError, match=r"what is trained on 10 labours of fhr.synthesis .* has learnt from"):
        cross_validate(make, births_database, target=TARGET)


def test_what_is_drawn_is_cut_as_the_records_are(births_database, bank):
    windows = births_database.changed(Pipeline(minutes=20, withheld=10).cut)
    place = Place.first(windows, TARGET)
    refitted = bank.at(place, births_of(births_database))
    data = BankDataModule(place, refitted, n=3, fs=0.25, window_minutes=20, withheld_minutes=10)
    data.setup()
    drawn = {recording.name for recording in refitted.sample(3, seed=data.seed)}
    assert {round(data.facts.recordings[name].duration / 60, 6) for name in drawn} == {20}


def test_mistakes_in_what_is_drawn(births_database, bank):
    place = Place.first(births_database, TARGET)
    with pytest.raises(FHRError, match="n=0 recordings to draw"):
        BankDataModule(place, bank.at(place, births_of(births_database)), n=0)
    same = SimpleNamespace(sample=lambda n, seed: Database([births_database[0]], origin="the same"))
    with pytest.raises(FHRError, match="that was drawn has the name of a record"):
        BankDataModule(place, same, n=1, fs=0.25).setup()
