"""Any LightningModule whose `predict_step` gives scores is scored in the order of the loader."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fhr.datamodules import CTUUHBDataModule
from fhr.errors import FHRError
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.tasks import Batch, ClassificationTask, EnsembleTask, score_windows


class Own(pl.LightningModule):
    """Knows nothing of this package."""

    def predict_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        assert not self.training
        return batch.sum(1)


class Marked(NamedTuple):
    """A batch of one's own."""

    x: torch.Tensor
    label: torch.Tensor


class OfMarked(Own):
    def predict_step(self, batch: Marked, batch_idx: int) -> torch.Tensor:
        return batch.x[:, 0]


X = torch.arange(20.0).reshape(10, 2)


def test_a_module_of_ones_own_is_scored_and_left_in_its_mode():
    module = Own().train()
    scores, labels = score_windows(module, DataLoader(X, batch_size=4))
    np.testing.assert_array_equal(scores, X.sum(1))
    assert scores.dtype == float
    assert np.isnan(labels).all()
    assert labels.shape == (10,)
    assert module.training
    marked = [Marked(x, x[:, 0] > 5) for x in X.split(3)]
    np.testing.assert_array_equal(score_windows(OfMarked(), marked)[1], X[:, 0] > 5)


@pytest.mark.parametrize(
    ("found", "said"),
    [(lambda x: x, r"shape \(4, 2\)"), (lambda x: x.sum(), r"shape \(\)"), (lambda _: 1.0, "type float")],
)
def test_anything_but_a_score_for_each_window_is_refused(found, said):
    module = Own()
    module.predict_step = lambda batch, _: found(batch)
    with pytest.raises(
        FHRError, match=rf"Own.predict_step gives scores of {said}; return a tensor of risk scores \(batch,\)"
    ):
        score_windows(module, DataLoader(X, batch_size=4))


def test_predictions_of_a_trainer_are_the_scores(births):
    data = CTUUHBDataModule(str(births), target="ph<7.20", window_minutes=20)
    data.setup()
    task = ClassificationTask(InceptionNet(n_filters=2, kernel_sizes=[5], depth=2, stride=4), PHRegression())
    trainer = pl.Trainer(logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu")
    found = torch.cat(trainer.predict(task, data.test_dataloader()))
    scores, labels = score_windows(task, data.test_dataloader())
    np.testing.assert_array_equal(scores, found)
    np.testing.assert_array_equal(labels, data.facts.labels[list(data.facts.partition.test)])


def test_a_batch_on_a_device_is_a_batch():
    batch = Batch(torch.zeros(2, 3, 5), *torch.ones(3, 2), torch.zeros(2, 1, dtype=torch.float64))
    moved = batch.to(torch.device("meta"))
    assert isinstance(moved, Batch)
    assert {part.device.type for part in moved} == {"meta"}
    assert moved.features.dtype == torch.float64  # where the device has it


def test_a_batch_of_data_without_base_deficit_says_that_it_is_unknown():
    batch = Batch(torch.zeros(2, 3, 5), *torch.ones(3, 2), torch.zeros(2, 0))
    assert batch.bdecf.expand(2).isnan().all()
    task = ClassificationTask(InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=1).eval(), PHRegression())
    torch.testing.assert_close(task.predict_step(batch, 0), task(batch.signal))


def test_an_offset_is_a_part_of_the_score_and_of_the_loss():
    """Of several members, too: what each loses is what it would lose alone."""
    networks = [InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=1, dropout=0.0) for _ in range(2)]
    tasks = [ClassificationTask(network.eval(), PHRegression()) for network in networks]
    ph, offset = torch.tensor([7.0, 7.2, 7.3]), torch.tensor([1.5, 0.0, -1.0])
    batch = Batch(torch.randn(3, 3, 60), *torch.ones(3, 3), torch.zeros(3, 0))._replace(ph=ph, offset=offset)
    scores = [task.model.scores(batch.signal) + offset[:, None] for task in tasks]
    torch.testing.assert_close(tasks[0].predict_step(batch, 0), scores[0][:, 0])
    losses = torch.stack([PHRegression()(one, batch.label, ph, batch.weight) for one in scores])
    torch.testing.assert_close(batch.cost(PHRegression(), scores[0] - offset[:, None]), losses[0])
    stacked = Batch(*(part.expand(2, *part.shape) for part in batch[:5]), torch.zeros(2, 3), offset.expand(2, 3))
    torch.testing.assert_close(EnsembleTask(tasks).eval().cost(stacked), losses)


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_training_of_any_number_of_steps_has_a_schedule(steps):
    task = ClassificationTask(InceptionNet(), PHRegression())
    task._trainer = SimpleNamespace(estimated_stepping_batches=steps)
    made = task.configure_optimizers()
    for _ in range(steps - 1):
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
