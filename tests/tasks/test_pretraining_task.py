"""A pretraining from batch to checkpoint, and a training that begins with its weights."""

from math import nan
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint

from fhr.datamodules import CTUUHBDataModule, PretrainingDataModule
from fhr.errors import CheckpointError, FHRError
from fhr.losses import AcidosisTarget, PHRegression, TruthLoss
from fhr.models import (
    DeepKernel,
    FeatureSequence,
    InceptionNet,
    LinearFeatures,
    Trunk,
    read_checkpoint,
    take_pretrained,
)
from fhr.prediction import load
from fhr.simulation import simulate_labour
from fhr.tasks import Calibration, ClassificationTask, KernelTask, PretrainingTask, TruthBatch
from fhr.tasks.trivial_reading import trivial_reading

SMALL = {"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 4, "dropout": 0.0}


class Steps(Trunk):
    """Features are means of the signal over steps of 8 samples."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()
        self.end_in(n_channels, n_outputs)

    def sequence(self, signal: torch.Tensor) -> FeatureSequence:
        values = torch.nn.functional.avg_pool1d(signal, 8)
        return FeatureSequence(values, torch.ones_like(values[:, :1]))


def network() -> InceptionNet:
    torch.manual_seed(1)
    return InceptionNet(**SMALL)


def trainer_of(*callbacks: pl.Callback, max_epochs: int = 2) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), enable_checkpointing=keeps, **quiet)


@pytest.fixture(scope="module")
def data() -> PretrainingDataModule:
    made = PretrainingDataModule(8, 3, 4, window_minutes=20, batch_size=4, outcome=True)
    made.setup()
    return made


@pytest.fixture(scope="module")
def pretrained(data, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    task = PretrainingTask(network(), TruthLoss(), learning_rate=0.01)
    kept = ModelCheckpoint(folder, monitor="val/loss", filename="best")
    ended = Calibration(checkpoint=kept)
    trainer_of(kept, ended).fit(task, data)
    assert ended.path is not None
    return ended.path


@pytest.fixture(scope="module")
def births_data(births) -> CTUUHBDataModule:
    made = CTUUHBDataModule(str(births), target="ph<7.20", window_minutes=20, batch_size=32)
    made.setup()
    return made


def test_a_step_is_read_as_several_values_in_order_of_time():
    task = PretrainingTask(Steps(), TruthLoss(), fine=4)
    with torch.no_grad():
        task.reader.weight.zero_()
        task.reader.bias.copy_(torch.arange(24.0))
        task.reader.weight[:, 0] = 100.0
    signal = torch.arange(3.0).repeat_interleave(8).expand(2, 3, 24)
    wanted = [[100 * step + 4 * row + part for step in range(3) for part in range(4)] for row in range(6)]
    assert torch.equal(task(signal), torch.tensor(wanted).expand(2, 6, 12))


def test_the_truth_of_a_step_is_the_mean_of_what_is_known():
    """By a layer that reads nothing: the loss is the mean of the truth of the steps that are half known."""
    task = PretrainingTask(Steps(), TruthLoss(baseline=0, deceleration=0, contraction=0, artefact=0, hidden=0, ph=0))
    task.fine, task.reader = 1, torch.nn.Conv1d(3, 6, 1)
    torch.nn.init.zeros_(task.reader.weight)
    torch.nn.init.zeros_(task.reader.bias)
    truth = torch.full((1, 6, 24), nan)
    truth[0, 0, :4] = 1.0
    truth[0, 0, 8:11] = 7.0
    truth[0, 0, 16:24] = torch.tensor([3.0, 5.0]).repeat(4)
    loss, size = task.cost(TruthBatch(torch.randn(1, 3, 24), truth, torch.full((1,), nan)), "val")
    assert (loss.item(), size) == (pytest.approx((1 + 4) / 2), 1)


def test_a_trunk_learns_to_read_labours_and_its_checkpoint_is_one_of_a_trunk(pretrained, data):
    card, found = read_checkpoint(pretrained)
    assert (card.kind, card.calibrator, card.target) == ("pretraining", None, "truth of simulated labours")
    assert isinstance(found, InceptionNet)
    names = set(torch.load(pretrained, weights_only=True)["state_dict"])
    assert names == {f"model.{name}" for name in found.state_dict()} | {"reader.weight", "reader.bias"}
    assert len(card.learnt_from) == 11
    assert found.heritage.seen > set(card.learnt_from)  # with the pH, the 442 records, too


def test_an_evaluation_averages_over_labours_beside_a_rule(pretrained, data, tmp_path):
    task = PretrainingTask(network(), TruthLoss())
    task.take(data.facts)
    task.load_state_dict(torch.load(pretrained, weights_only=True)["state_dict"])
    found = task.evaluate(data)
    assert list(found.results) == [*(f"{t}{end}" for t in TruthLoss.targets for end in ("", "_trivial")), "acidosis"]
    assert set(found.predictions["name"]) == set(data.facts.partition.test)
    (batch,) = data.test_dataloader()
    row = found.predictions.set_index(["name", "target"]).loc[(data.facts.partition.test[1], "baseline")]
    with torch.no_grad():
        read = task.eval()(batch.signal)[1, 1]
    true = batch.truth[1, 1].unfold(0, 4, 4)
    known = true.isfinite().sum(1) >= 2
    wanted = np.corrcoef(read[known], true.nanmean(1)[known])[0, 1]
    assert row["read"] == pytest.approx(wanted, abs=1e-5)
    assert row["n"] == known.sum()
    of_target = found.predictions.query("target == 'baseline'")["read"]
    assert found.results["baseline"].value == pytest.approx(of_target.mean())
    task.report(found, tmp_path)
    assert "| hidden_trivial |" in (tmp_path / "model_card.md").read_text()


def test_the_rule_reads_what_is_plain_to_see():
    labour = simulate_labour(3, seed=1)
    rate, activity = (x[-14400:].reshape(1, -1, 16).mean(-1) for x in (labour.truth.fhr, labour.truth.uc))
    gap = rate.copy()
    gap[0, 100:105] = nan
    read = dict(zip(TruthLoss.targets, trivial_reading(gap, activity, 4.0)[0], strict=True))
    known = np.isfinite(gap[0])
    np.testing.assert_allclose(read["rate"][known], rate[0, known])
    np.testing.assert_allclose(np.diff(read["hidden"][99:106], 2), 0, atol=1e-4)
    assert abs(np.median(rate[0] - read["baseline"])) < 1
    lowest, strongest = rate[0].argmin(), activity[0].argmax()
    assert read["deceleration"][lowest] > np.quantile(read["deceleration"], 0.95)
    assert read["contraction"][strongest] > np.quantile(read["contraction"], 0.95)
    spiked = gap.copy()
    spiked[0, 300] *= 2
    assert trivial_reading(spiked, activity, 4.0)[0, TruthLoss.targets.index("artefact")].argmax() == 300
    assert not trivial_reading(np.full((1, 50), nan), np.zeros((1, 50)), 4.0).any()


def test_a_network_without_a_sequence_and_no_value_a_step_are_refused():
    with pytest.raises(FHRError, match="LinearFeatures gives no sequence of features to read"):
        PretrainingTask(LinearFeatures(n_features=2), TruthLoss())
    with pytest.raises(FHRError, match="fine=0"):
        PretrainingTask(network(), TruthLoss(), fine=0)


def test_pretrained_weights_predict_nothing(pretrained):
    with pytest.raises(CheckpointError, match="weights of a pretraining, which predict nothing"):
        load(pretrained)


class Began(pl.Callback):
    """Notes whether the trunk was that of the checkpoint before the first step."""

    def __init__(self, path: Path) -> None:
        self.wanted, self.began = network(), None
        take_pretrained(self.wanted, path)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.began = torch.equal(pl_module.model.stem[0].weight, self.wanted.stem[0].weight)


def classification(weights: Path | None) -> ClassificationTask:
    return ClassificationTask(
        network(), PHRegression(), learning_rate=0.01, weights=None if weights is None else str(weights)
    )


def test_a_training_begins_with_the_weights_and_one_that_goes_on_does_not(pretrained, births_data, tmp_path):
    began, other = Began(pretrained), Began(pretrained)
    trainer_of(other, max_epochs=1).fit(classification(None), births_data)
    kept, averaged = ModelCheckpoint(tmp_path, save_last=True), EMAWeightAveraging(update_starting_at_step=1000)
    task = classification(pretrained)
    trainer_of(began, kept, averaged, max_epochs=1).fit(task, births_data)
    assert (began.began, other.began) == (True, False)
    # An average that has not begun is of the same weights.
    average = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]["model.stem.0.weight"]
    assert torch.equal(average, began.wanted.stem[0].weight)
    card = read_checkpoint(tmp_path / "last.ckpt")[0]
    assert set(card.learnt_from) == {*read_checkpoint(pretrained)[0].learnt_from, *task.card().learnt_from}
    assert card.kinds["simulated"] == 11 + len(births_data.facts.learnt_from)

    trainer = trainer_of(max_epochs=1)
    trainer.fit(again := classification(pretrained), births_data)
    moved = again.model.stem[0].weight.clone()
    assert again.begin() is False
    assert torch.equal(again.model.stem[0].weight, moved)


def test_a_head_on_a_frozen_trunk_begins_with_the_weights_and_keeps_them(pretrained, births_data):
    network = DeepKernel(trunk_args=SMALL, learn="none")
    task = KernelTask(network, AcidosisTarget(deficit=0.0), learning_rate=0.01, weights=str(pretrained))
    trainer_of(max_epochs=1).fit(task, births_data)
    signal = next(iter(births_data.test_dataloader())).signal
    wanted = read_checkpoint(pretrained)[1].sequence(signal)
    torch.testing.assert_close(network.eval().trunk.sequence(signal), wanted, rtol=0, atol=0)


def test_a_training_goes_on_without_the_file_of_the_weights(pretrained, births_data, tmp_path):
    file = tmp_path / "begin.ckpt"
    file.write_bytes(pretrained.read_bytes())

    class Stop(pl.Callback):
        def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.current_epoch == 1:
                raise InterruptedError

    kept = ModelCheckpoint(tmp_path, save_last=True)
    with pytest.raises(InterruptedError):
        trainer_of(kept, Stop()).fit(classification(file), births_data)
    file.unlink()
    trainer_of().fit(task := classification(file), births_data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert task.epochs == 2
    with pytest.raises(CheckpointError, match=r"begin\.ckpt does not exist"):
        trainer_of().fit(classification(file), births_data)


def test_weights_that_know_other_windows_are_refused(pretrained, births):
    data = CTUUHBDataModule(str(births), target="ph<7.20", window_minutes=20, fs=2.0)
    with pytest.raises(CheckpointError, match=r"these weights know windows with fs 1\.0, the data have 2\.0"):
        trainer_of().fit(classification(pretrained), data)
