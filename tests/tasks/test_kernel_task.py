"""The task of a trunk under a kernel-ridge head: what the head is fitted to, and that noise teaches it nothing."""

from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint
from torch.utils.data import DataLoader

from fhr.errors import CheckpointError, FHRError
from fhr.losses import AcidosisTarget
from fhr.metrics import auroc
from fhr.models import DeepKernel, InceptionNet
from fhr.tasks import Batch, KernelTask

TRUNK = {"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 4, "dropout": 0.0}


def births(n: int, seed: int) -> Batch:
    """Windows whose variability in the last third falls with the pH; one pH is unknown."""
    generator = torch.Generator().manual_seed(seed)
    ph = 7.2 + 0.1 * torch.randn(n, generator=generator)
    signal = torch.randn(n, 3, 240, generator=generator)
    signal[:, 0, -80:] *= (0.6 + 3 * (ph - 7.1).clamp(0, 0.3))[:, None]
    signal[:, 2] = 1.0
    ph[0] = torch.nan
    return Batch(signal, (ph <= 7.15).float(), ph, torch.ones(n), torch.empty(n, 0), torch.full((n,), torch.nan))


def loader(*batches: Batch) -> DataLoader:
    return DataLoader(list(batches), batch_size=None)


def fit(task: KernelTask, batches: list[Batch], stopping: list[Batch], epochs: int, *callbacks: pl.Callback) -> None:
    trainer = pl.Trainer(
        max_epochs=epochs,
        callbacks=list(callbacks),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=bool(callbacks),
        accelerator="cpu",
    )
    trainer.fit(task, loader(*batches), loader(*stopping) if stopping else None)


def task_of(learn: str = "all") -> KernelTask:
    torch.manual_seed(0)
    return KernelTask(DeepKernel(trunk_args=TRUNK, learn=learn), AcidosisTarget(deficit=0.0), learning_rate=0.01)


@pytest.fixture(scope="module")
def fitted() -> KernelTask:
    task = task_of()
    fit(task, [births(60, 0), births(60, 1)], [births(30, 2)], 25)
    return task


def test_the_head_is_fitted_to_training_windows_and_to_those_that_stop_it(fitted):
    assert fitted.model.head.n_records == 59 + 59 + 29  # without the records of unknown pH


def test_the_head_is_what_its_own_fit_of_the_last_weights_gives(fitted):
    model = fitted.model.eval()
    batches = [births(60, 0), births(60, 1), births(30, 2)]
    signal, ph = torch.cat([b.signal for b in batches]), torch.cat([b.ph for b in batches])
    before = model(births(20, 3).signal)
    target, known = AcidosisTarget(deficit=0.0)(ph < 7.15, ph, torch.full_like(ph, torch.nan))
    model.head.fit(model.embed(signal).detach(), target, known.float())
    torch.testing.assert_close(model(births(20, 3).signal), before, atol=1e-4, rtol=0)


def test_it_ranks_births_that_it_has_not_seen(fitted):
    new = births(200, 4)
    scores = fitted(new.signal).detach().numpy()
    assert auroc(new.label[1:].numpy(), scores[1:]) > 0.7


def test_a_checkpoint_holds_the_head_that_it_was_kept_for(tmp_path):
    task = task_of("statistics")
    fit(task, [births(40, 0)], [births(25, 1)], 2, ModelCheckpoint(tmp_path, filename="best", monitor="val/loss"))
    state = torch.load(tmp_path / "best.ckpt", weights_only=True)["state_dict"]
    assert int(state["model.head.fitted"]) == 39 + 24
    again = task_of("statistics")
    again.load_state_dict(state)
    assert again(births(5, 2).signal).std() > 0


def test_without_a_slice_that_stops_it_the_head_is_fitted_to_the_training_windows():
    task = task_of("none")
    fit(task, [births(40, 0)], [], 1)
    assert task.model.head.n_records == 39


@pytest.mark.statistics
def test_permuted_outcomes_teach_a_trunk_nothing():
    """The guard against an embedding that collapses onto what it has seen."""
    found = []
    for seed in range(12):
        batches = [births(60, 100 + 3 * seed), births(60, 101 + 3 * seed)]
        order = torch.randperm(59, generator=torch.Generator().manual_seed(seed)) + 1
        for batch in batches:
            batch.ph[1:] = batch.ph[order]
        torch.manual_seed(seed)
        task = KernelTask(DeepKernel(trunk_args=TRUNK), AcidosisTarget(deficit=0.0), learning_rate=0.01)
        fit(task, batches, [], 6)
        new = births(200, 102 + 3 * seed)
        found.append(auroc(new.label[1:].numpy(), task(new.signal).detach().numpy()[1:]))
    assert abs(sum(found) / len(found) - 0.5) < 0.1  # a standard error is .03 here, as 120 births lean one way


def test_another_network_is_refused():
    with pytest.raises(FHRError, match="InceptionNet has no kernel-ridge head"):
        KernelTask(InceptionNet(), AcidosisTarget())


def test_a_batch_of_unknown_outcomes_teaches_nothing_and_breaks_nothing():
    task, unknown = task_of(), births(8, 3)
    unknown.ph[:] = torch.nan
    fit(task, [births(40, 0), unknown], [], 1)
    assert task.model.head.n_records == 39
    assert all(parameter.isfinite().all() for parameter in task.parameters())


def test_heads_of_several_epochs_are_not_averaged():
    with pytest.raises(FHRError, match="EMAWeightAveraging would average heads"):
        fit(task_of("none"), [births(40, 0)], [], 1, EMAWeightAveraging())


def test_a_head_of_a_part_of_the_records_is_refused():
    task = task_of("none")
    task.trainer = SimpleNamespace(world_size=2, callbacks=[])
    with pytest.raises(FHRError, match="on 2 devices, of which each sees a part"):
        task.on_fit_start()


def test_the_slice_that_the_head_has_learnt_from_validates_nothing(fitted):
    trainer = pl.Trainer(logger=False, enable_progress_bar=False, accelerator="cpu")
    fitted.take(SimpleNamespace(target="ph<=7.15"))
    with pytest.raises(CheckpointError, match="has learnt from the early-stopping slice too"):
        trainer.validate(fitted, loader(births(30, 2)), verbose=False)
    fitted.take(None)
    assert "val/loss" in trainer.validate(fitted, loader(births(30, 5)), verbose=False)[0]  # records of somebody else
