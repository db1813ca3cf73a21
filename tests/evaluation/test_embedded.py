"""Heads on the embedding of a network: against the same head on a table, on a control, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from fhr.datamodules import PlaceDataModule
from fhr.datasets import Database, Place, make_splits
from fhr.errors import FHRError
from fhr.evaluation import EmbeddedMaker, KernelLineMaker, OnTable, cross_validate, embedding_table, lines
from fhr.evaluation.baselines import ridge
from fhr.losses import AcidosisTarget, PHRegression
from fhr.metrics import auroc
from fhr.models import CTGNet, DeepKernel, InceptionNet, KernelLine, Network
from fhr.models.kernel_line import WEIGHTS
from fhr.recording import Outcome, Recording
from fhr.synthesis import Rebalancing
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


def line(noise: float) -> KernelLineMaker:
    """The kernel line on features that tell the pH of each birth with so much noise."""
    features = lines(["kernel"])[0].features()
    told_to = TOLD[:, None] + noise * np.random.default_rng(1).normal(size=(N, len(features.names)))
    return KernelLineMaker(pd.DataFrame(told_to, DATABASE.names, list(features.names)), features)


def test_an_embedding_is_one_more_kernel_of_a_kernel_line():
    made = EmbeddedMaker(frozen, line=line(3.0))
    assert made.name == "frozen, in the kernel line"
    found = made(PLACE, 0).fit(PLACE, 0)
    training = frozen(PLACE, 0)
    training.fit(PLACE, 0)
    table = embedding_table(training.task.model, list(DATABASE), training.data.pipeline)
    (kinds,) = (training.task.model.embedded_blocks,)
    groups = [*np.repeat([f"kind {k}" for k in range(len(kinds))], kinds), *made.line.features.column_groups]
    weights = {**WEIGHTS, **{f"kind {k}": 0.3 / len(kinds) for k in range(len(kinds))}}
    both = table.join(made.line.table)
    part = PLACE.partition
    train = [*part.train, *part.validation]
    model = KernelLine(TARGET, groups, weights).fit(both.loc[train].to_numpy(), DATABASE.outcomes.loc[train])
    np.testing.assert_allclose(found.test, model.scores(both.loc[list(part.test)].to_numpy()), atol=1e-6)
    nothing = EmbeddedMaker(frozen, line=line(3.0), weight=1e-5)(PLACE, 0).fit(PLACE, 0)
    alone = line(3.0)(PLACE, 0).fit(PLACE, 0)
    np.testing.assert_allclose(nothing.test, alone.test, atol=1e-4)
    assert np.abs(found.test - alone.test).max() > 1e-3


def test_features_and_signals_of_a_control_are_those_of_one_other_birth():
    made = EmbeddedMaker(frozen, line=line(0.1))
    permuted = cross_validate(made, DATABASE, target=TARGET, splits=SPLITS, permutations=1, inner=1)
    assert 0.3 < permuted.metrics["auroc"].value < 0.7


def test_an_embedding_in_what_is_no_plain_kernel_line_is_refused():
    weighed = replace(line(1.0), rebalancing=Rebalancing("weights"))
    for given in ({"line": line(1.0), "head": "ridge"}, {"line": weighed}):
        with pytest.raises(FHRError, match="give head='kernel' and a line without rebalancing"):
            EmbeddedMaker(frozen, **given)
    with pytest.raises(FHRError, match=r"weight=0.0 of an embedding; give a positive number"):
        EmbeddedMaker(frozen, line=line(1.0), weight=0.0)


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
