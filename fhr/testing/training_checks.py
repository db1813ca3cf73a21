"""Checks of training: the seed says all, every weight learns, and a fit ends with finite numbers."""

import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import count, islice
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from fhr.datamodules import SimulatedDataModule
from fhr.datasets import Database
from fhr.losses import BinaryCrossEntropy
from fhr.simulation import simulate_recording
from fhr.tasks import Batch, ClassificationTask

from .outcomes import FailedCheckError, NotJudgedError
from .subject import Subject, training_steps

__all__ = ["fit", "gradients", "seed"]

_N_LABOURS, _MINUTES = 32, 60  # simulated labours last 65 min or more
_ENDING = 60  # s: the shortest window, of 60 samples at 1 Hz
_CHANNELS = {1: ("fhr",), 2: ("fhr", "mask"), 3: ("fhr", "uc", "mask")}


def seed(subject: Subject) -> None:
    """The same seed gives the same weights, and the network leaves the seed to its user.

    A run is repeated from its seed; retrainings and members of an ensemble differ by theirs.
    """
    first, again = (subject.make(seed=3).state_dict() for _ in range(2))
    if differing := [name for name, value in first.items() if not torch.equal(value, again[name])]:
        raise FailedCheckError(
            f"the same seed gives other values of {', '.join(differing[:3])}; draw from the global generators of torch "
            "or numpy alone"
        )
    drawn = []
    for number in (3, 4):
        subject.make(seed=number)
        drawn.append((float(torch.rand(())), random.random()))
    if any(a == b for a, b in zip(*drawn, strict=True)):
        raise FailedCheckError(
            "making it seeds a global generator, so that every retraining would be the same; remove manual_seed"
        )


def gradients(subject: Subject) -> None:
    """Every parameter gets a gradient within four steps, all are finite, with records that are all missing among them.

    A parameter without one is a mistake in `forward`, stops training on several devices, and counts as capacity. One
    record without signal must not turn all weights into NaN.
    """
    network = subject.make()
    signal, x = subject.windows(8), subject.features(8)
    signal[-2:], x[-2:] = 0.0, 0.0
    waiting = {name for name, p in network.named_parameters() if p.requires_grad}
    if not waiting:
        raise FailedCheckError("it has no parameter that learns; give it one, such as nn.Linear")
    for _ in training_steps(network, signal, x, n=4):
        given = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
        if odd := [name for name, gradient in given.items() if not gradient.isfinite().all()]:
            raise FailedCheckError(
                f"the gradient of {_named(odd)} is not finite; look for a root or a division at 0, as an all-missing "
                "window makes them: add a small number inside"
            )
        waiting -= {name for name, gradient in given.items() if gradient.any()}
    if waiting:
        raise FailedCheckError(
            f"no gradient reaches {_named(sorted(waiting))}; use it in `forward`, delete it, or freeze it by "
            "requires_grad_(False)"
        )


def fit(subject: Subject) -> None:
    """A fit of two epochs on 32 simulated labours ends with a finite loss, other weights and finite scores.

    It goes through the data module and task that `fhr fit` uses, on the CPU, and writes nothing. Whether the network
    learns anything is not judged.
    """
    data = _labours(subject.n_channels, subject.n_times)
    network = subject.make(n_outputs=1)
    task = ClassificationTask(network, BinaryCrossEntropy())
    before = {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}
    with _in_silence():
        trainer = pl.Trainer(
            max_epochs=2,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        try:
            trainer.fit(task, datamodule=data)
        finally:
            data.trainer = None  # which holds the network; the data outlive it
    for name in ("train/loss", "val/loss"):
        if not (value := trainer.callback_metrics[name]).isfinite():
            raise FailedCheckError(f"{name} is {float(value)} after two epochs; look for what grows without bound")
    if all(torch.equal(p, before[name]) for name, p in network.named_parameters() if name in before):
        raise FailedCheckError("no weight changed in two epochs; let the scores depend on the parameters")
    network.eval()
    for batch in data.test_dataloader():
        batch = _with_features(batch, subject.n_features)
        if not subject.scores(network, batch.signal, batch.features).isfinite().all():
            raise FailedCheckError("scores of the test records are not finite after two epochs")


def _named(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _with_features(batch: Batch, n_features: int) -> Batch:
    """The batch with made-up features: to compute those of a `FeatureSet` takes longer than all checks."""
    drawn = torch.randn(len(batch.label), n_features, generator=torch.Generator().manual_seed(0))
    return batch._replace(features=drawn)


class _Labours(SimulatedDataModule):
    """Simulated labours that end with signal, so that windows of any length can be cut from them."""

    def read(self) -> Database:
        return _database(self.n, self.simulation_seed)

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        task: Any = self.trainer.lightning_module  # type: ignore[union-attr]
        return _with_features(batch, task.model.n_features)


@lru_cache(maxsize=1)
def _database(n: int, seed: int) -> Database:
    recordings = (simulate_recording(index, seed=seed, explained=0.9) for index in count())
    ending = (r for r in recordings if np.isfinite(r.fhr[-int(_ENDING * r.fs) :]).mean() > 0.5)
    return Database(islice(ending, n), origin=f"simulation of {n} labours that end with signal")


@lru_cache(maxsize=2)
def _labours(n_channels: int, n_times: int) -> _Labours:
    """Labours of these shapes, read and split; the same for every network."""
    if n_channels not in _CHANNELS:
        raise NotJudgedError(f"labours have 1 to 3 channels, not {n_channels}; fit it by a task of its own")
    rates = [fs for fs in (1, 2, 4) if n_times <= _MINUTES * 60 * fs]
    if not rates:
        raise NotJudgedError(f"labours have at most {_MINUTES * 60 * 4} samples, not {n_times}")
    data = _Labours(
        n=_N_LABOURS,
        target="ph<7.20",
        fs=rates[0],
        window_minutes=n_times / rates[0] / 60,
        channels=_CHANNELS[n_channels],
        batch_size=4,
    )
    data.setup("fit")
    return data


@contextmanager
def _in_silence() -> Iterator[Any]:
    """Lightning speaks of devices and workers, which nobody chose here."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
