"""Rebalancing of the data that a network is trained on: its training part alone changes."""

from dataclasses import dataclass, replace
from math import nan
from typing import ClassVar

import numpy as np
import pytest
import torch

from fhr.datamodules import DatabaseDataModule, PlaceDataModule
from fhr.datasets import Database, Place, make_splits
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import unseen
from fhr.models import InceptionNet
from fhr.recording import Outcome, Recording
from fhr.synthesis import Drawn, FittedGenerator, Generator, Rebalancing
from fhr.tasks.training_card import checkpoint_card

N, FS, MINUTES = 100, 4.0, 2.0
TARGET = "ph<=7.15"


@dataclass(frozen=True, kw_only=True)
class Copies(Generator):
    """Copies of training records."""

    keeps: ClassVar[str] = "all"
    destroys: ClassVar[str] = "nothing"

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        return Drawn(fitted.windows.signals[rows])


class Cheat(Copies):
    """A generator that learns from all that there is."""

    def fit(self, recordings, labels=None, *, place=None, outer=False) -> FittedGenerator:
        return super().fit(list(place.database), place.labels)


def outcome(ph: float, k: int) -> Outcome:
    """The base deficit is known of two births in three."""
    return Outcome(ph=float(ph), bdecf=40 * (7.4 - float(ph)) if k % 3 else nan)


def births() -> Database:
    rng = np.random.default_rng(0)
    ph = np.where(np.arange(N) % 5 == 0, 7.05, 7.3) + rng.uniform(-0.05, 0.05, N)
    n = int(60 * MINUTES * FS)
    signals = 140 + rng.normal(size=(N, n)).cumsum(axis=1) / 10
    made = [Recording(f"r{k:03d}", signals[k], signals[k], FS, outcome=outcome(ph[k], k)) for k in range(N)]
    return Database(made, origin="short births")


DATABASE = births()
PLACE = Place.first(DATABASE, TARGET, make_splits(DATABASE)).at(0, 1, 2)
COPIES = Copies(minutes=MINUTES)


def ready(rebalancing: Rebalancing, place: Place = PLACE, **options: object) -> PlaceDataModule:
    data = PlaceDataModule(place, rebalancing=rebalancing, window_minutes=MINUTES, batch_size=200, **options)
    data.setup()
    return data


def of(data: DatabaseDataModule, use: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and weights of a part."""
    batches = list(getattr(data, f"{use}_dataloader")())
    return tuple(torch.cat([getattr(b, name) for b in batches]).numpy() for name in ("label", "weight"))


def share(label: np.ndarray, weight: np.ndarray) -> float:
    return weight[label == 1].sum() / weight[label == 0].sum()


@pytest.mark.parametrize("method", ["weights", "oversampling", "synthetic"])
def test_what_trains_reaches_the_share_and_what_is_tested_stays(method):
    data = ready(Rebalancing(method, 0.8, COPIES if method == "synthetic" else None))
    plain = ready(Rebalancing())
    label, weight = of(data, "train")
    assert share(label, weight) == pytest.approx(0.8, abs=0.02)
    assert (method == "weights") == (len(label) == len(PLACE.partition.train))
    assert share(*of(data, "val")) == pytest.approx(0.8)
    for use in ("calibration", "test"):
        for one, other in zip(of(data, use), of(plain, use), strict=True):
            np.testing.assert_array_equal(one, other)
    assert data.settings["rebalancing"] == Rebalancing(method, 0.8, data.rebalancing.generator).title


def test_what_is_made_is_counted_apart_and_knows_the_records_that_fit_the_weights_alone():
    data = ready(Rebalancing("synthetic", 1.0, COPIES))
    part, digests = PLACE.partition, dict(zip(DATABASE.names, DATABASE.digests, strict=True))
    assert set(data.facts.partition.train) > set(part.train)
    made = [data.facts.recordings[name] for name in data.facts.partition.train if name not in part.train]
    assert {one.provenance.kind for one in made} == {"synthetic"}
    assert set(made[0].provenance.fitted_to) == {digests[name] for name in part.train}
    assert data.facts.learnt_composition.kinds["synthetic"] == len(made)
    positives = {name for name in part.train if PLACE.labels[name] == 1}
    assert {one.history[0].parameters["outcome_of"] for one in made} <= positives


@pytest.mark.parametrize("method", ["oversampling", "synthetic"])
def test_what_is_more_has_the_base_deficit_of_its_outcome(method):
    (batch,) = ready(Rebalancing(method, 1.0, COPIES if method == "synthetic" else None)).train_dataloader()
    assert len(batch.bdecf) > len(PLACE.partition.train)
    unknown = batch.bdecf.isnan()
    assert 0.2 < unknown.float().mean() < 0.5
    torch.testing.assert_close(batch.bdecf[~unknown], 40 * (7.4 - batch.ph[~unknown]), rtol=0, atol=1e-4)


def test_a_control_makes_them_from_the_signals_of_others():
    control = replace(PLACE, permutation=3)
    data = ready(Rebalancing("synthetic", 1.0, COPIES), control)
    givers = control.givers(list(control.labels.index))
    made = data.facts.recordings["y0001"]
    giver = givers[made.history[0].parameters["outcome_of"]]
    np.testing.assert_array_equal(made.uc, DATABASE[giver].uc)
    assert made.outcome == DATABASE[made.history[0].parameters["outcome_of"]].outcome
    digests = dict(zip(DATABASE.names, DATABASE.digests, strict=True))
    assert not {digests[name] for name in control.partition.test} & set(made.provenance.fitted_to)


def test_copies_follow_the_seed_and_the_members_of_an_ensemble():
    def trained_on(seed: int, place: Place = PLACE) -> np.ndarray:
        (batch,) = ready(Rebalancing("oversampling"), place, seed=seed).train_dataloader()
        return np.sort(batch.ph.numpy())

    assert np.array_equal(trained_on(1), trained_on(1))
    assert not np.array_equal(trained_on(1), trained_on(2))
    (batch,) = ready(Rebalancing("oversampling"), replace(PLACE, members=3)).members([1, 2, 3]).train_dataloader()
    assert batch.label.shape[0] == 3
    assert 0.3 < batch.label.mean() < 0.7
    assert not torch.equal(batch.ph[0].sort().values, batch.ph[1].sort().values)


def test_a_generator_that_has_seen_test_records_is_refused():
    with unseen(PLACE), pytest.raises(CheckpointError, match="learnt from 20 of 20 test records"):
        ready(Rebalancing("synthetic", 1.0, Cheat(minutes=MINUTES)))


def test_mistakes():
    with pytest.raises(FHRError, match="SMOTE draws between features"):
        ready(Rebalancing("smote"))
    with pytest.raises(FHRError, match=r"class_weights=balanced; .* weighted once"):
        ready(Rebalancing("weights"), class_weights="balanced")
    with pytest.raises(FHRError, match="take windows at the end"):
        ready(Rebalancing("synthetic", 1.0, COPIES), withheld_minutes=1.0)
    short = Rebalancing("synthetic", 1.0, Copies(minutes=MINUTES / 2))
    data = PlaceDataModule(PLACE, rebalancing=short, window_minutes=MINUTES)
    for _ in range(2):  # nothing is left half set up
        with pytest.raises(FHRError, match="can be trained on; draw more, or longer ones"):
            data.setup()
    alike = PLACE.labels.where(~PLACE.labels.index.isin(PLACE.partition.train), 0.0)
    with pytest.raises(FHRError, match="rebalancing needs both classes"):
        Rebalancing("oversampling").copies(alike.loc[list(PLACE.partition.train)].to_numpy(), PLACE, 0)


def test_a_card_tells_the_prevalence_of_the_records():
    network = InceptionNet(n_channels=3, n_outputs=1, depth=1, n_filters=2).specification
    ways = (Rebalancing(), Rebalancing("synthetic", 1.0, COPIES))
    plain, with_made = (checkpoint_card(network, ready(way).facts, kind="classification", epochs=1) for way in ways)
    assert with_made.prevalence == plain.prevalence == pytest.approx(0.2, abs=0.01)
    assert "Copies" in " ".join(with_made.made_by)


def test_a_place_that_holds_some_of_the_records_gives_a_network_these_alone():
    train = PLACE.partition.train
    gone = train[: len(train) // 3]
    fewer = replace(PLACE, labels=PLACE.labels.drop(list(gone)))
    data = ready(Rebalancing(), fewer)
    assert data.facts.partition == fewer.partition
    assert len(data.facts.partition.train) == len(train) - len(gone)
