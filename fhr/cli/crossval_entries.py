"""What can be cross-validated: networks that are trained, networks of another run, a linear line on a few features.

Each entry turns places, (repeat, outer fold), into scores of records that its models have not seen.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd
import yaml

from fhr.compute import progress_bar, spread
from fhr.errors import CheckpointError
from fhr.evaluation import Baseline, baseline_scores, permuted
from fhr.models import read_checkpoint
from fhr.tasks import DataFacts, parameters

from .crossval_networks import Job, JobResult, TrainedNetwork, member_seeds, train
from .crossval_store import CrossvalStore
from .training import TrainingCLI

__all__ = ["Entry", "FoldScores", "LinearEntry", "NetworksOf", "TrainedEntry"]

_log = logging.getLogger(__name__)
Place = tuple[int, int]


class FoldScores(NamedTuple):
    """Raw scores of one outer fold, and the networks that gave them; a linear line leaves none."""

    repeat: int
    fold: int
    raw: pd.DataFrame
    networks: tuple[TrainedNetwork, ...] = ()


class Entry(Protocol):
    """Something that can be cross-validated."""

    @property
    def settings(self) -> dict[str, Any]:
        """What MLflow's comparison view shows."""

    def folds(self, places: Sequence[Place]) -> Iterator[FoldScores]:
        """The scores of each place, in the order in which they are ready."""


class TrainedEntry:
    """Networks that are trained.

    Args:
        cli: the configuration, instantiated.
        facts: of its data.
        arguments: of the command line, for the configuration.
        inner: inner models an outer fold.
        members: retrainings of each.
        workers: processes on this machine.
        scheduler: of Dask, in place of `workers`; or None.
        at_once: train the members of an inner fold as one batched model; None where that is faster.
    """

    def __init__(
        self,
        cli: TrainingCLI,
        facts: DataFacts,
        arguments: tuple[str, ...],
        *,
        inner: int,
        members: int,
        workers: int,
        scheduler: str | None,
        at_once: bool | None = None,
    ) -> None:
        self._cli, self._facts, self._arguments = cli, facts, arguments
        self._inner, self._members, self._workers, self._scheduler = inner, members, workers, scheduler
        self._at_once = at_once

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters of the training that all folds share."""
        return _of_the_training(self._cli, self._facts)

    def folds(self, places: Sequence[Place]) -> Iterator[FoldScores]:
        """Train every inner fold; an outer fold is ready with the last of them."""
        seed = int(self._cli.config.seed_everything)
        threads = 1 if self._workers > 1 or self._scheduler else None
        jobs = [
            Job(self._arguments, r, f, i, member_seeds(seed, r, f, i, self._members), threads, self._at_once)
            for r, f in places
            for i in range(self._inner)
        ]
        start = time.monotonic()
        waiting: dict[Place, list[JobResult]] = {place: [] for place in places}
        with (
            progress_bar(len(jobs) * self._members, description="networks") as bar,
            closing(spread(train, jobs, workers=self._workers, scheduler=self._scheduler)) as results,
        ):
            for k, result in enumerate(results, start=1):
                bar.update(self._members)
                left = (time.monotonic() - start) / k * (len(jobs) - k) / 60
                _log.info("inner fold %d of %d is trained; about %.0f min left", k, len(jobs), left)
                place = result.repeat, result.fold
                waiting[place].append(result)
                if len(waiting[place]) == self._inner:
                    fold = sorted(waiting.pop(place), key=lambda one: one.inner)
                    raw = pd.concat([one.raw for one in fold], ignore_index=True)
                    yield FoldScores(*place, raw, tuple(network for one in fold for network in one.networks))


class NetworksOf:
    """The networks of another run, calibrated for another label: they learnt pH itself, which serves every label.

    Args:
        source: the other run.
        cli: the configuration, instantiated.
        facts: of its data.
        folder: for its files.
        repeats: how many of the other run are wanted.

    Raises:
        CheckpointError: networks that depend on the label, another configuration, data or split, or a run that lacks
            some of the outer folds.
    """

    def __init__(
        self, source: CrossvalStore, cli: TrainingCLI, facts: DataFacts, folder: Path, *, repeats: int
    ) -> None:
        self._cli, self._facts, self._source, self._folder = cli, facts, source, folder
        run_id = source.run_id
        if "baseline" in source.run.data.params:
            raise CheckpointError(f"run {run_id} is of a linear line and holds no networks; give one that trained some")
        if getattr(cli.model.loss, "needs_label", True) or cli.datamodule.class_weights != "none":
            raise CheckpointError(
                f"networks of run {run_id} learnt a label; only those whose loss does without, as PHRegression, and "
                "without class weights serve another one: train anew, without `--networks-of`"
            )
        path = source.client.download_artifacts(run_id, "config.yaml", str(folder))
        there, here = yaml.safe_load(Path(path).read_text(encoding="utf-8")), yaml.safe_load(cli.configuration())
        if any(here[part]["monitor"] != "val/loss" for part in ("early_stopping", "checkpoint")):
            raise CheckpointError(
                f"networks of run {run_id} were stopped by a metric of the label; those by `val/loss` serve another one"
            )
        for config in (there, here):
            config["data"]["init_args"].pop("target")
        if differing := sorted(key for key in {*there, *here} if there.get(key) != here.get(key)):
            raise CheckpointError(
                f"run {run_id} has another configuration in {', '.join(differing)}; give the same but for the label"
            )
        tags = source.run.data.tags
        found = {"data_checksum": facts.data_checksum, "split_checksum": facts.splits.checksum}
        if differing := [key for key, value in found.items() if tags.get(key) != value]:
            raise CheckpointError(f"run {run_id} has another {differing[0].replace('_', ' ')}; use the same data")
        self._known = source.folds()
        wanted = [(repeat, fold) for repeat in range(repeats) for fold in range(len(facts.splits.folds[0]))]
        if missing := [place for place in wanted if place not in self._known]:
            raise CheckpointError(
                f"run {run_id} lacks {len(missing)} of {len(wanted)} outer folds; let it end first, or ask for fewer "
                "repeats"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters of the training, and where it was done."""
        return _of_the_training(self._cli, self._facts) | {"networks_of": self._source.run_id}

    def folds(self, places: Sequence[Place]) -> Iterator[FoldScores]:
        """Fetch each place."""
        for place in places:
            networks = []
            for path in self._source.checkpoints(self._known[place], self._folder):
                card, _ = read_checkpoint(path)
                _, _, inner = card.fold
                networks.append(TrainedNetwork(inner, card.member, path.read_bytes(), "", card.epochs, 0.0))
                path.unlink()
            yield FoldScores(*place, self._source.scores(self._known[place]), tuple(networks))


class LinearEntry:
    """A baseline or a control.

    Args:
        baseline: the line.
        facts: of the data.
        features: gives `baseline_table` of its records.
        permutations: a control: this many runs, each on features that belong to other records; 0 for none. The
            repeat of permutation k is k, its folds are those of repeat k modulo the repeats that the split has.
    """

    def __init__(
        self, baseline: Baseline, facts: DataFacts, features: Callable[[], pd.DataFrame], *, permutations: int = 0
    ) -> None:
        self._baseline, self._facts, self._features, self._permutations = baseline, facts, features, permutations

    @property
    def settings(self) -> dict[str, Any]:
        """Name and columns."""
        columns = ", ".join(self._baseline.columns or ("all",))
        return {"baseline": self._baseline.slug, "permutations": self._permutations, "columns": columns[:500]}

    def folds(self, places: Sequence[Place]) -> Iterator[FoldScores]:
        """Fit every fold of every repeat that is asked for."""
        facts = self._facts
        ph = pd.Series({name: recording.outcome.ph for name, recording in facts.recordings.items()})
        available = len(facts.splits.folds)
        for repeat in sorted({repeat for repeat, _ in places}):
            features = permuted(self._features(), seed=repeat) if self._permutations else self._features()
            scores = baseline_scores(
                self._baseline, features, facts.labels, ph, facts.splits, repeat=repeat % available
            ).assign(repeat=repeat)
            for fold in [fold for r, fold in places if r == repeat]:
                yield FoldScores(repeat, fold, scores[scores["fold"] == fold].reset_index(drop=True))


def _of_the_training(cli: TrainingCLI, facts: DataFacts) -> dict[str, Any]:
    one_fit = {"repeat", "fold", "inner", "device", *(f"n_{use}" for use in vars(facts.partition))}
    settings = parameters(cli.trainer, cli.model, facts, cli.datamodule)
    return {key: value for key, value in settings.items() if key not in one_fit}
