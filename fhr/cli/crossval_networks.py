"""The networks of one inner fold, trained one after another, as work that any process or machine can do."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fhr.errors import SplitError
from fhr.evaluation import MemberScores, raw_scores
from fhr.tasks import score_windows

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
    """

    arguments: tuple[str, ...]
    repeat: int
    fold: int
    inner: int
    seeds: tuple[int, ...] | None
    threads: int | None = None


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
    """Train and score every member.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    if job.threads is not None:
        torch.set_num_threads(job.threads)
    quieten()
    tables, networks = [], []
    for member, seed in enumerate(job.seeds or (None,)):
        with tempfile.TemporaryDirectory() as folder:
            scores, network = _train(job, member, seed, Path(folder))
        tables.append(raw_scores(scores, repeat=job.repeat, fold=job.fold, inner=job.inner, member=member))
        networks.append(network)
    return JobResult(job.repeat, job.fold, job.inner, pd.concat(tables, ignore_index=True), tuple(networks))


def _train(job: Job, member: int, seed: int | None, folder: Path) -> tuple[MemberScores, TrainedNetwork]:
    start = time.monotonic()
    overrides = [f"--data.init_args.{name}={getattr(job, name)}" for name in ("repeat", "fold", "inner")]
    overrides += [f"--checkpoint.dirpath={folder}", "--trainer.enable_progress_bar=false"]
    if seed is not None:
        overrides += [f"--seed_everything={seed}", "--data.init_args.bootstrap=true"]
    cli = TrainingCLI([*job.arguments, *overrides], tracked=False, run=False)
    cli.trainer.fit(cli.model, cli.datamodule)
    if cli.calibration.path is None:
        raise SplitError("the trainer kept no checkpoint; leave `fast_dev_run` out")
    data, partition = cli.datamodule, cli.datamodule.facts.partition
    held_out, _ = score_windows(cli.model, data.calibration_dataloader())
    test, _ = score_windows(cli.model, data.test_dataloader())
    scores = MemberScores(pd.Series(held_out, list(partition.calibration)), pd.Series(test, list(partition.test)))
    network = TrainedNetwork(
        inner=job.inner,
        member=member,
        checkpoint=cli.calibration.path.read_bytes(),
        device=str(cli.trainer.strategy.root_device),
        epochs=cli.model.epochs,
        seconds=time.monotonic() - start,
    )
    return scores, network
