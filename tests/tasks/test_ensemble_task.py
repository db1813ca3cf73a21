"""Members trained as one training are what they would be if each were trained by itself."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint

from fhr.datamodules import CTUUHBDataModule, MembersDataModule
from fhr.errors import FHRError
from fhr.losses import BinaryCrossEntropy, PHRegression
from fhr.models import InceptionNet, read_checkpoint
from fhr.preprocessing import Augmentation
from fhr.tasks import Calibration, ClassificationTask, EnsembleTask, fit_members, score_windows

SEEDS = (5, 6, 7)


def task_of(seed: int, *, learning_rate: float = 0.02, **options: object) -> ClassificationTask:
    pl.seed_everything(seed)
    network = InceptionNet(**{"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 4, "dropout": 0.0, **options})
    return ClassificationTask(network, PHRegression(), learning_rate=learning_rate)


def data_of(folder: Path, seed: int = 0, **options: object) -> CTUUHBDataModule:
    given = {"target": "ph<7.20", "window_minutes": 20, "batch_size": 16, "augmentation": Augmentation()}
    return CTUUHBDataModule(str(folder), **{**given, "bootstrap": True, "seed": seed, **options})


@pytest.fixture(scope="module")
def members_data(births) -> MembersDataModule:
    made = MembersDataModule(data_of(births), SEEDS)
    made.setup("fit")
    return made


def trainer_of(*callbacks: pl.Callback, max_epochs: int = 4, **options: object) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    given = {**quiet, "enable_checkpointing": keeps, **options}
    return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), **given)


def best(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(folder, filename="best", monitor="val/loss")


def alone(data: MembersDataModule, seed: int, folder: Path, *stopping: pl.Callback, **options: object) -> Path:
    """The finished checkpoint of one member, trained by itself."""
    calibration, task = Calibration(calibrate=False), task_of(seed)
    trainer_of(calibration, best(folder), *stopping, **options).fit(task, datamodule=data.of(seed))
    return calibration.path


def assert_same_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert set(one) == set(other)
    assert [key for key, value in one.items() if not torch.equal(value, other[key])] == []


def test_in_turn_each_member_ends_as_it_would_alone_bit_for_bit(members_data, tmp_path):
    """Weights of its own best epoch, card, and scores, as the checkpoint of a training by itself has them."""
    tasks = [task_of(seed) for seed in SEEDS]
    fitted = fit_members(tasks, members_data, trainer_of(best(tmp_path)), tmp_path / "members", at_once=False)
    assert [member.checkpoint.name for member in fitted] == ["member0.ckpt", "member1.ckpt", "member2.ckpt"]
    assert sorted(tmp_path.iterdir()) == [tmp_path / "members"]  # no checkpoint of the stack
    for member, seed in zip(fitted, SEEDS, strict=True):
        path = alone(members_data, seed, tmp_path / str(seed))
        files = [torch.load(p, weights_only=True) for p in (member.checkpoint, path)]
        assert_same_weights(*(file.pop("state_dict") for file in files))
        assert files[0] == files[1]  # epoch, step and the whole card
        card, network = read_checkpoint(member.checkpoint)
        assert member.epochs == card.epochs
        task = ClassificationTask(network, PHRegression())
        for series, use in ((member.held_out, "calibration"), (member.test, "test")):
            scores, _ = score_windows(task, getattr(members_data, f"{use}_dataloader")())
            assert list(series.index) == list(getattr(members_data.facts.partition, use))
            np.testing.assert_array_equal(series, scores)
    assert len({member.epochs for member in fitted}) > 1  # or the best epochs were not put to the test


@pytest.mark.parametrize("options", [{}, {"gradient_clip_val": 0.3}, {"accumulate_grad_batches": 2}])
def test_at_once_each_member_ends_as_it_would_alone(members_data, tmp_path, options):
    """In double precision, so that what is equal is equal by more than luck."""
    ensemble = EnsembleTask([task_of(seed) for seed in SEEDS], at_once=True)
    trainer_of(precision="64-true", **options).fit(ensemble, datamodule=members_data)
    for member, step, seed in zip(ensemble.members(), ensemble.steps, SEEDS, strict=True):
        path = alone(members_data, seed, tmp_path / str(seed), precision="64-true", **options)
        file = torch.load(path, weights_only=True)
        torch.testing.assert_close(dict(member.state_dict()), file["state_dict"], atol=1e-6, rtol=1e-6)
        assert (member.epochs, step) == (file["fhr"]["epochs"], file["global_step"])


def test_gradients_are_clipped_member_by_member(members_data):
    seen = []

    class Spy(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, *_):
            gradients = [p.grad.flatten(1) for p in pl_module.networks.parameters()]
            seen.append(torch.cat(gradients, dim=1).norm(dim=1))

    for options in ({}, {"gradient_clip_val": 0.3}):
        ensemble = EnsembleTask([task_of(seed) for seed in SEEDS], at_once=False)
        trainer_of(Spy(), max_steps=1, **options).fit(ensemble, datamodule=members_data)
    free, clipped = seen
    assert free.max() > 0.3
    torch.testing.assert_close(clipped, free.clamp(max=0.3))


def test_a_member_stops_by_itself_and_the_training_ends_with_the_last_one(members_data, tmp_path):
    stopping = {"monitor": "val/loss", "patience": 1}
    tasks, epochs = [task_of(seed) for seed in SEEDS], 12
    trainer = trainer_of(best(tmp_path), EarlyStopping(**stopping), max_epochs=epochs)
    fitted = fit_members(tasks, members_data, trainer, tmp_path / "members", at_once=False)
    ends = []
    for member, seed in zip(fitted, SEEDS, strict=True):
        early = EarlyStopping(**stopping)
        path = alone(members_data, seed, tmp_path / str(seed), early, max_epochs=epochs)
        ends.append(early.stopped_epoch + 1)
        files = [torch.load(p, weights_only=True) for p in (member.checkpoint, path)]
        assert_same_weights(*(file["state_dict"] for file in files))
        assert member.epochs == files[1]["fhr"]["epochs"]
    assert 1 < min(ends) < max(ends) < epochs  # or no stopping was put to the test
    assert trainer.current_epoch == max(ends)


def test_without_a_checkpoint_by_the_loss_the_last_weights_are_kept(members_data, tmp_path):
    tasks = [task_of(seed) for seed in SEEDS]
    fitted = fit_members(tasks, members_data, trainer_of(max_epochs=3), tmp_path, at_once=False)
    assert [member.epochs for member in fitted] == [3, 3, 3]
    task = task_of(SEEDS[0])
    trainer_of(max_epochs=3).fit(task, datamodule=members_data.of(SEEDS[0]))
    assert_same_weights(torch.load(fitted[0].checkpoint, weights_only=True)["state_dict"], task.state_dict())


@pytest.mark.parametrize("at_once", [True, False])
def test_dropout_depends_on_the_seed_alone(members_data, tmp_path, at_once):
    def test_scores(seed: int) -> np.ndarray:
        tasks = [task_of(s, dropout=0.4) for s in SEEDS]
        torch.rand(seed + 3)
        trainer = trainer_of(best(tmp_path), max_epochs=1)
        fitted = fit_members(tasks, members_data, trainer, tmp_path / "m", seed=seed, at_once=at_once)
        return np.stack([member.test for member in fitted])

    first = test_scores(0)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, test_scores(0))
    assert (first != test_scores(1)).mean() > 0.9


def test_a_first_epoch_is_kept_whatever_its_loss(members_data):
    """As `ModelCheckpoint` does where the loss is not finite; such a member stops."""
    tasks = [task_of(seed) for seed in SEEDS]
    with torch.no_grad():
        tasks[1].model.head[-1].weight.fill_(torch.nan)
    ensemble = EnsembleTask(tasks, at_once=True, patience=5)
    trainer_of(max_epochs=3).fit(ensemble, datamodule=members_data)
    epochs = [task.epochs for task in ensemble.members()]
    assert epochs[1] == 1
    assert min(epochs[0], epochs[2]) >= 1
    assert all(p.isfinite().all() for p in ensemble.members()[2].model.parameters())


def test_members_before_any_training_are_refused():
    with pytest.raises(FHRError, match="no epoch was trained and validated, so that no member has weights; train for"):
        EnsembleTask([task_of(1)]).members()


def test_members_of_several_settings_are_refused():
    with pytest.raises(FHRError, match=r"members with several settings: .*0\.02.* and .*0\.01.*; train these by"):
        EnsembleTask([task_of(1), task_of(2, learning_rate=0.01)])
    other = ClassificationTask(task_of(1).model, BinaryCrossEntropy(), learning_rate=0.02)
    with pytest.raises(FHRError, match=r"members with several settings: .*PHRegression.* and .*BinaryCrossEntropy"):
        EnsembleTask([task_of(1), other])


def test_tasks_that_compute_something_else_are_refused():
    class Other(ClassificationTask):
        pass

    with pytest.raises(FHRError, match="members at once of Other; they are for ClassificationTask, train these alone"):
        EnsembleTask([Other(task_of(1).model, PHRegression())])


def test_a_loss_with_weights_is_refused():
    task = task_of(1)
    task.loss.temperature = torch.nn.Parameter(torch.ones(()))
    with pytest.raises(FHRError, match="PHRegression has weights of its own; train its members one after another"):
        EnsembleTask([task])


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (EMAWeightAveraging(), "EMAWeightAveraging with members at once; train them one after another"),
        (EarlyStopping("val/auroc", mode="max"), r"EarlyStopping by .*'val/auroc', 'mode': 'max'.*; members at once"),
        (EarlyStopping("val/loss", min_delta=0.1), r"EarlyStopping by .*'min_delta': -0\.1.*; members at once know"),
        (ModelCheckpoint(monitor="val/auroc", mode="max"), r"ModelCheckpoint by .*'val/auroc'.*; members at once know"),
    ],
)
def test_a_trainer_that_would_treat_members_otherwise_is_refused(members_data, tmp_path, callback, message):
    with pytest.raises(FHRError, match=message):
        fit_members([task_of(1)], members_data, trainer_of(callback), tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.cuda
def test_members_at_once_on_cuda_learn_what_they_learn_in_turn_on_the_cpu(members_data, tmp_path):
    scores = []
    for accelerator in ("cpu", "cuda"):  # in turn and at once, where nobody says
        tasks = [task_of(seed, learning_rate=1e-3) for seed in SEEDS]
        trainer = trainer_of(best(tmp_path), max_epochs=1, accelerator=accelerator, devices=1)
        fitted = fit_members(tasks, members_data, trainer, tmp_path / accelerator)
        scores.append([member.test for member in fitted])
    np.testing.assert_allclose(scores[1], scores[0], atol=0.02)
