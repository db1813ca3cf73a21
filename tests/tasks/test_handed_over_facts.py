"""The facts of the data are handed to a task; it never asks for them, and does without where there are none."""

import ast
import logging
from copy import deepcopy
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

import fhr.tasks
from fhr.datamodules import CTUUHBDataModule
from fhr.errors import CheckpointError, FHRError
from fhr.losses import PHRegression, SmoothedCrossEntropy
from fhr.models import InceptionNet, read_checkpoint
from fhr.tasks import Calibration, ClassificationTask, RunTracking, checkpoint_card

TASKS = Path(__file__).resolve().parents[2] / "fhr" / "tasks"


def task_of() -> ClassificationTask:
    torch.manual_seed(1)
    network = InceptionNet(n_filters=2, kernel_sizes=[5], depth=2, stride=4, dropout=0.0)
    return ClassificationTask(network, PHRegression(), learning_rate=0.01)


def trainer_of(*callbacks: pl.Callback, max_epochs: int = 1) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    keeps = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    return pl.Trainer(max_epochs=max_epochs, callbacks=list(callbacks), enable_checkpointing=keeps, **quiet)


@pytest.fixture(scope="module")
def data(births) -> CTUUHBDataModule:
    made = CTUUHBDataModule(str(births), target="ph<7.20", window_minutes=20, batch_size=32)
    made.setup()
    return made


def test_no_lightning_module_knows_a_data_module():
    """Callbacks may; by the syntax tree, comments and docstrings left out."""
    known, found, classes = {"LightningModule"}, [], []
    for path in sorted(TASKS.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes += [(path.name, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in classes:
        known |= {c.name for _, c in classes if any(ast.unparse(base).split(".")[-1] in known for base in c.bases)}
    for name, one in classes:
        if one.name in known:
            found += [f"{name}: {ast.unparse(node)}" for node in ast.walk(one) if _names_a_data_module(node)]
    assert {"Task", "ClassificationTask", "FalseSignalTask", "EnsembleTask"} <= known
    assert found == []


def _names_a_data_module(node: ast.AST) -> bool:
    names = [getattr(node, field, None) for field in ("attr", "id", "arg")]
    return "datamodule" in names or (isinstance(node, ast.Constant) and node.value == "datamodule")


def test_a_task_that_was_told_nothing_says_what_to_do():
    task = task_of()
    assert not task.has_facts
    with pytest.raises(FHRError, match=r"ClassificationTask knows nothing of its data; fit or test it with a data mod"):
        task.facts  # noqa: B018
    with pytest.raises(FHRError, match=r"hand their facts over with `task\.take\(facts\)`"):
        task.card()


def test_a_loss_is_told_the_label_of_the_data(data):
    loss = SmoothedCrossEntropy()
    task = ClassificationTask(task_of().model, loss)
    task.take(None)
    task.take(data.facts)
    batch = next(iter(data.val_dataloader()))
    scores = torch.linspace(-1, 1, len(batch.label))[:, None]
    assert batch.cost(loss, scores) == batch.cost(SmoothedCrossEntropy("ph<7.20"), scores)
    assert batch.cost(loss, scores) != batch.cost(SmoothedCrossEntropy("ph<7.10"), scores)


def test_facts_that_were_handed_over_make_the_card(data):
    task = task_of()
    task.take(data.facts)
    assert task.facts is data.facts
    assert task.card() == checkpoint_card(task.model.specification, data.facts, kind="classification", epochs=0)
    assert deepcopy(task).facts is data.facts  # a copy of a task copies no recordings


def test_a_card_is_made_of_a_network_and_facts_alone(data, births_database):
    card = checkpoint_card({"class_path": "a.B", "init_args": {}}, data.facts, kind="k", epochs=3, calibrator={"a": 1})
    assert (card.kind, card.epochs, card.calibrator, card.network["class_path"]) == ("k", 3, {"a": 1}, "a.B")
    digests = dict(zip(births_database.names, births_database.digests, strict=True))
    assert list(card.learnt_from) == [digests[name] for name in data.facts.learnt_from]


def test_a_trainer_hands_over_the_facts_of_its_data_module_and_no_older_ones(data, tmp_path):
    task, kept = task_of(), ModelCheckpoint(tmp_path)
    trainer_of(kept).fit(task, datamodule=data)
    assert task.facts is data.facts
    assert read_checkpoint(kept.best_model_path)[0].data == data.facts.data_checksum
    trainer_of().fit(task, data.train_dataloader())
    assert not task.has_facts  # or its checkpoint would speak of other data


def test_facts_that_a_user_hands_over_stay(data, tmp_path):
    task, kept = task_of(), ModelCheckpoint(tmp_path)
    task.take(data.facts)
    trainer_of(kept).fit(task, data.train_dataloader(), data.val_dataloader())
    assert task.facts is data.facts
    assert read_checkpoint(kept.best_model_path)[0].learnt_from == task.card().learnt_from


def test_without_facts_a_task_trains_and_its_checkpoint_has_no_card(data, tmp_path, caplog):
    """It goes on from its last epoch, and is tested, as with any module of Lightning."""
    caplog.set_level(logging.INFO, logger="fhr.tasks")
    loaders = data.train_dataloader(), data.val_dataloader()
    task, kept = task_of(), ModelCheckpoint(tmp_path, save_last=True)
    trainer_of(kept, RunTracking(), Calibration(calibrate=False)).fit(task, *loaders)
    assert "a checkpoint without a card: nobody handed over what this training has to remember" in caplog.text
    assert "the checkpoints have no card, so that none is finished" in caplog.text
    assert "fhr" not in torch.load(tmp_path / "last.ckpt", weights_only=True)
    with pytest.raises(CheckpointError, match="no checkpoint of this package"):
        read_checkpoint(tmp_path / "last.ckpt")
    fresh = task_of()
    (metrics,) = trainer_of(RunTracking()).test(fresh, loaders[1], ckpt_path=tmp_path / "last.ckpt", verbose=False)
    assert fresh.epochs == 1
    assert metrics["test/loss"] > 0
    with pytest.raises(CheckpointError, match=r"planned for \d+ steps, asked for are"):
        trainer_of(max_epochs=3).fit(task_of(), *loaders, ckpt_path=tmp_path / "last.ckpt")


def test_there_is_no_calibration_without_a_data_module(data, tmp_path):
    with pytest.raises(FHRError, match="no data module, so no held-out records to calibrate on; give `fit` one"):
        trainer_of(ModelCheckpoint(tmp_path), Calibration()).fit(task_of(), data.train_dataloader())
    assert list(tmp_path.iterdir()) == []


def test_a_task_is_loaded_by_lightning_alone(data, tmp_path):
    task, kept = task_of(), ModelCheckpoint(tmp_path)
    trainer_of(kept).fit(task, datamodule=data)
    again = ClassificationTask.load_from_checkpoint(
        kept.best_model_path, model=task_of().model, loss=PHRegression(), weights_only=True
    )
    assert again.epochs == 1
    assert all(torch.equal(value, task.state_dict()[key]) for key, value in again.state_dict().items())


def test_old_names_work_with_a_warning():
    for old, new in (("RunRecord", "RunTracking"), ("data_record", "plain_facts")):
        with pytest.warns(FutureWarning, match=rf"fhr\.tasks\.{old} is fhr\.tasks\.{new} now"):
            assert getattr(fhr.tasks, old) is getattr(fhr.tasks, new)
    with pytest.raises(AttributeError, match="has no attribute 'RunBook'"):
        fhr.tasks.RunBook  # noqa: B018
