"""The networks of one inner fold, trained, as work that any process or machine can do."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch

from fhr.errors import SplitError
from fhr.evaluation import MemberScores, raw_scores
from fhr.models import at_once_hindrance
from fhr.tasks import fit_members, score_windows

from .training import TrainingCLI, quieten

__all__ = ["Job", "JobResult", "TrainedNetwork", "member_seeds", "train"]


@dataclass(frozen=True)
class Job:
    """One inner fold.

    Attributes:
        arguments: of the command line, for the configuration.
        repeat: of the outer folds.
        fold: outer fold.
        inner: inner fold.
        seeds: of each member; None for the configuration's own and the whole training part, without a bootstrap.
        threads: that torch may use; None for its default.
        at_once: train the members as one batched model; None where that is faster, on a GPU.
    """

    arguments: tuple[str, ...]
    repeat: int
    fold: int
    inner: int
    seeds: tuple[int, ...] | None
    threads: int | None = None
    at_once: bool | None = None


@dataclass(frozen=True)
class TrainedNetwork:
    """A checkpoint file as bytes, so that it can travel, and what its training was."""

    inner: int
    member: int
    checkpoint: bytes
    device: str
    epochs: int
    seconds: float


@dataclass(frozen=True)
class JobResult:
    """The networks of an inner fold and what they say of records that they have not seen."""

    repeat: int
    fold: int
    inner: int
    raw: pd.DataFrame
    networks: tuple[TrainedNetwork, ...]


def member_seeds(seed: int, repeat: int, fold: int, inner: int, members: int) -> tuple[int, ...] | None:
    """A seed for each of several members; None for a single one, which is trained as `fhr fit` would."""
    if members == 1:
        return None
    state = np.random.SeedSequence([seed, repeat, fold, inner]).generate_state(members)
    return tuple(int(value) for value in state)


def train(job: Job) -> JobResult:
    """Train and score every member: at once on a GPU, where stacking them gains, else one after another.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    if job.threads is not None:
        torch.set_num_threads(job.threads)
    quieten()
    with tempfile.TemporaryDirectory() as folder:
        trained = _train_at_once(job, Path(folder)) if _at_once(job) else _train_in_turn(job, Path(folder))
        places = {"repeat": job.repeat, "fold": job.fold, "inner": job.inner}
        raw = [raw_scores(one.scores, **places, member=m) for m, one in enumerate(trained)]
        networks = [
            TrainedNetwork(job.inner, m, one.path.read_bytes(), one.device, one.epochs, one.seconds)
            for m, one in enumerate(trained)
        ]
    return JobResult(job.repeat, job.fold, job.inner, pd.concat(raw, ignore_index=True), tuple(networks))


class _Trained(NamedTuple):
    scores: MemberScores
    path: Path
    device: str
    epochs: int
    seconds: float


def _cli(job: Job, seed: int | None, folder: Path) -> TrainingCLI:
    overrides = [f"--data.init_args.{name}={getattr(job, name)}" for name in ("repeat", "fold", "inner")]
    overrides += [f"--checkpoint.dirpath={folder}", "--trainer.enable_progress_bar=false"]
    if seed is not None:
        overrides += [f"--seed_everything={seed}", "--data.init_args.bootstrap=true"]
    return TrainingCLI([*job.arguments, *overrides], tracked=False, run=False)


def _train_in_turn(job: Job, folder: Path) -> list[_Trained]:
    if job.seeds is None:
        cli = _cli(job, None, folder)
        return [_train(cli, cli.datamodule)]
    trained, shared = [], None
    for m, seed in enumerate(job.seeds):
        cli = _cli(job, seed, folder / str(m))  # seeds everything
        if shared is None:
            shared = cli.datamodule.members(job.seeds)
            shared.prepare_data()
            shared.setup("fit")  # here, so that the data are read once
        trained.append(_train(cli, shared.of(seed)))
    return trained


def _train(cli: TrainingCLI, data: pl.LightningDataModule) -> _Trained:
    start = time.monotonic()
    cli.trainer.fit(cli.model, data)
    if cli.calibration.path is None:
        raise SplitError("the trainer kept no checkpoint; leave `fast_dev_run` out")
    partition = data.facts.partition  # type: ignore[attr-defined]
    held_out, _ = score_windows(cli.model, data.calibration_dataloader())  # type: ignore[attr-defined]
    test, _ = score_windows(cli.model, data.test_dataloader())
    scores = MemberScores(pd.Series(held_out, list(partition.calibration)), pd.Series(test, list(partition.test)))
    device = str(cli.trainer.strategy.root_device)
    return _Trained(scores, cli.calibration.path, device, cli.model.epochs, time.monotonic() - start)


def _at_once(job: Job) -> bool:
    if job.seeds is None or job.at_once is not None:
        return job.seeds is not None and bool(job.at_once)
    cli = _cli(job, None, Path(tempfile.gettempdir()))
    return cli.trainer.strategy.root_device.type == "cuda" and at_once_hindrance(cli.model.model) is None


def _train_at_once(job: Job, folder: Path) -> list[_Trained]:
    start, seeds = time.monotonic(), job.seeds or ()
    clis = [_cli(job, seed, folder / str(m)) for m, seed in enumerate(seeds)]
    first = clis[0]
    data = first.datamodule.members(seeds)
    models = [cli.model for cli in clis]
    fitted = fit_members(models, data, first.trainer, folder / "members", seed=seeds[0], at_once=True)
    device, seconds = str(first.trainer.strategy.root_device), (time.monotonic() - start) / len(fitted)
    return [_Trained(MemberScores(f.held_out, f.test), f.checkpoint, device, f.epochs, seconds) for f in fitted]
