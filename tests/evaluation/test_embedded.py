"""Heads on the embedding of a network: against the same head on a table, on a control, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from fhr.datamodules import PlaceDataModule
from fhr.datasets import Database, Place, make_splits
from fhr.errors import FHRError
from fhr.evaluation import EmbeddedMaker, OnTable, cross_validate, embedding_table
from fhr.evaluation.baselines import ridge
from fhr.losses import AcidosisTarget, PHRegression
from fhr.metrics import auroc
from fhr.models import CTGNet, DeepKernel, InceptionNet, Network
from fhr.recording import Outcome, Recording
from fhr.tasks import ClassificationTask, KernelTask, Training

N, FS, MINUTES, TARGET = 100, 1.0, 4.0, "ph<7.20"
TRUNK = {"n_filters": 3, "kernel_sizes": [5], "depth": 1, "stride": 4, "dropout": 0.0}
RNG = np.random.default_rng(5)
TOLD = RNG.normal(size=N)  # of the pH, by the size of the fluctuations


def births() -> Database:
    made = []
    for k in range(N):
        signal = 140 + (6 + 3 * np.tanh(TOLD[k])) * np.random.default_rng(k).normal(size=int(60 * MINUTES * FS))
        ph = 7.2 + 0.1 * TOLD[k] + 0.02 * RNG.normal()
        made.append(Recording(f"r{k:03d}", signal, signal, FS, outcome=Outcome(ph=ph)))
    return Database(made, origin="made-up births")


DATABASE = births()
SPLITS = make_splits(DATABASE)
PLACE = Place.first(DATABASE, TARGET, SPLITS).at(0, 1, 2)


def trained(place: Place, seed: int, task: ClassificationTask) -> Training:
    data = PlaceDataModule(place, seed=seed, window_minutes=MINUTES, batch_size=64)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return Training(task, data, pl.Trainer(max_epochs=1, enable_checkpointing=False, **quiet))


def frozen(place: Place, seed: int) -> Training:
    torch.manual_seed(seed)
    network = DeepKernel(trunk_args=TRUNK, learn="statistics", parts=[1.0])
    return trained(place, seed, KernelTask(network, AcidosisTarget()))


def plain(place: Place, seed: int, network: type[Network] = InceptionNet) -> Training:
    torch.manual_seed(seed)
    made = network(**(TRUNK if network is InceptionNet else {"n_times": 240}))
    return trained(place, seed, ClassificationTask(made, PHRegression()))


def test_a_head_scores_as_it_does_on_the_table_of_the_embedding():
    found = EmbeddedMaker(plain, "ridge")(PLACE, 3).fit(PLACE, 3)
    training = plain(PLACE, 3)
    training.fit(PLACE, 3)
    table = embedding_table(training.task.model, list(DATABASE), training.data.pipeline)
    assert table.shape == (N, 2 * 3 * 2)
    wanted = OnTable(ridge(), table, "ph").fit(PLACE, 3)
    pd.testing.assert_series_equal(found.test, wanted.test)
    pd.testing.assert_series_equal(found.held_out, wanted.held_out)


@pytest.mark.parametrize("head", ["kernel", "ridge", "logistic"])
@pytest.mark.parametrize("maker", [frozen, plain], ids=["frozen", "trained"])
def test_every_head_on_every_network_ranks_births_that_it_has_not_seen(head, maker):
    found = EmbeddedMaker(maker, head)(PLACE, 0).fit(PLACE, 0)
    scores = pd.concat([found.held_out, found.test])
    assert auroc(PLACE.labels.loc[scores.index].to_numpy(), scores.to_numpy()) > 0.8
    assert found.network is None


def test_a_control_has_the_signals_of_other_births():
    permuted = cross_validate(EmbeddedMaker(frozen), DATABASE, target=TARGET, splits=SPLITS, permutations=1, inner=2)
    assert permuted.metrics["auroc"].value < 0.7


def test_what_gives_no_embedding_and_what_is_no_head_are_refused():
    with pytest.raises(FHRError, match="CTGNet gives no embedding"):
        EmbeddedMaker(lambda place, seed: plain(place, seed, CTGNet))(PLACE, 0).fit(PLACE, 0)
    with pytest.raises(FHRError, match="give one of kernel, ridge, logistic"):
        EmbeddedMaker(frozen, "forest")
    with pytest.raises(FHRError, match="its network is a OnTable; give a Training"):
        EmbeddedMaker(lambda place, seed: OnTable(ridge(), pd.DataFrame(index=["a"])))(PLACE, 0)
