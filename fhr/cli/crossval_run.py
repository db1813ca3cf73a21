"""The work behind `fhr crossval`: train every network, keep every finished fold, cross-fit, average, report."""

import logging
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fhr.calibration import RidgePlatt
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.evaluation import cross_fit, inner_scores
from fhr.metrics import Interval
from fhr.models import finish_checkpoint
from fhr.tasks import ClassificationTask, DataFacts, data_record, parameters, run_tags
from fhr.tracking import environment, progress_bar, spread, tracking_uri

from .crossval_networks import Job, JobResult, member_seeds, train
from .crossval_report import report
from .crossval_store import CrossvalStore
from .training import TrainingCLI, quieten

__all__ = ["Outcome", "Plan", "crossval"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        arguments: of the command line, for the configuration.
        repeats: shuffles of the outer folds.
        inner: inner networks an outer fold.
        members: retrainings of each of them.
        workers: processes on this machine.
        scheduler: of Dask, in place of `workers`; or None.
        resume: run to go on with, or None.
        networks_of: run whose networks are taken in place of training, or None.
        name: of the model in tables; None for the class of the network.
    """

    arguments: tuple[str, ...]
    repeats: int = 1
    inner: int = 4
    members: int = 1
    workers: int = 1
    scheduler: str | None = None
    resume: str | None = None
    networks_of: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a cross-validation found.

    Attributes:
        run_id: of the MLflow run.
        store: where MLflow keeps it.
        results: metrics of the network, with intervals.
        predictions: out-of-fold, one row a record and repeat.
        table: one row a model, the baselines included.
        quarantined: records that were left out, with the reason.
    """

    run_id: str
    store: str
    results: dict[str, Interval]
    predictions: pd.DataFrame
    table: list[dict[str, Any]]
    quarantined: dict[str, str]


def crossval(plan: Plan) -> Outcome:
    """Run the whole protocol for one configuration; see the verb.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    quieten()
    with tempfile.TemporaryDirectory() as folder:
        store = None
        if plan.resume is not None:
            store = CrossvalStore.open(plan.resume)
            plan = _plan_of(store, plan, Path(folder))
        cli = TrainingCLI(plan.arguments, tracked=False, run=False)
        facts = _facts(cli, plan)
        if store is None:
            store = _new_run(cli, facts, plan, Path(folder))
        elif (tag := store.run.data.tags["data_checksum"]) != facts.data_checksum:
            raise SplitError(
                f"run {plan.resume} is of the data {tag[:12]}, found are {facts.data_checksum[:12]}; restore the data"
            )
        with store.working():
            _run_folds(store, cli, facts, plan, Path(folder))
            raw = {place: store.scores(child) for place, child in sorted(store.folds().items())}
            results, table, rows = report(store, cli, facts, raw, name=plan.name or type(cli.model.model).__name__)
    return Outcome(store.run_id, tracking_uri(), results, table, rows, dict(facts.quarantined))


def _plan_of(store: CrossvalStore, plan: Plan, folder: Path) -> Plan:
    """The plan of a run that is there; how the work is spread may be another."""
    if plan.arguments:
        raise CheckpointError("a run is resumed with its own configuration; leave `--config` and its settings out")
    path = store.client.download_artifacts(store.run_id, "config.yaml", str(folder))
    found = store.run.data.params
    return replace(
        plan,
        arguments=("--config", path),
        repeats=int(found["repeats"]),
        inner=int(found["inner_networks"]),
        members=int(found["members"]),
        networks_of=None if found["networks_of"] == "None" else found["networks_of"],
        name=found["name"],
    )


def _facts(cli: TrainingCLI, plan: Plan) -> DataFacts:
    """The data, once everything that can be refused before the training has been."""
    if not isinstance(cli.model, ClassificationTask):
        raise FHRError(
            f"a cross-validation of {type(cli.model).__name__}; `fhr crossval` is for classification; fit each fold "
            "with `fhr fit --data.fold K`"
        )
    cli.datamodule.setup("fit")
    facts: DataFacts = cli.datamodule.facts
    available = len(facts.splits.folds)
    if plan.repeats > available:
        raise SplitError(f"--repeats {plan.repeats}; the split has {available}")
    for repeat in range(plan.repeats):
        for fold in range(len(facts.splits.folds[repeat])):
            parts = (facts.splits.partition(repeat, fold, inner).calibration for inner in range(plan.inner))
            RidgePlatt.check_sample(facts.labels.reindex([name for part in parts for name in part]).dropna())
    return facts


def _new_run(cli: TrainingCLI, facts: DataFacts, plan: Plan, folder: Path) -> CrossvalStore:
    network = plan.name or type(cli.model.model).__name__
    n_folds = len(facts.splits.folds[0])
    name = f"{network} cross-validation {plan.repeats} x {n_folds} x {plan.inner}"
    store = CrossvalStore.create(cli.datamodule.experiment, name, run_tags(facts))
    one_fit = {"repeat", "fold", "inner", "device", *(f"n_{use}" for use in vars(facts.partition))}
    settings = parameters(cli.trainer, cli.model, facts, cli.datamodule)
    settings = {key: value for key, value in settings.items() if key not in one_fit}
    settings |= {"repeats": plan.repeats, "inner_networks": plan.inner, "members": plan.members}
    settings |= {"networks_of": plan.networks_of, "name": network}
    client, run_id = store.client, store.run_id
    for key, value in settings.items():
        client.log_param(run_id, key, value)
    client.log_text(run_id, cli.configuration(), "config.yaml")
    client.log_dict(run_id, environment(), "environment.json")
    record = {key: value for key, value in data_record(facts).items() if key not in ("fold", "records")}
    client.log_dict(run_id, record, "data.json")  # the folds are in splits.json
    facts.splits.save(folder / "splits.json")
    client.log_artifact(run_id, str(folder / "splits.json"))
    return store


def _run_folds(store: CrossvalStore, cli: TrainingCLI, facts: DataFacts, plan: Plan, folder: Path) -> None:
    """Train what is not kept yet."""
    n_folds, done = len(facts.splits.folds[0]), store.folds()
    places = [(r, f) for r in range(plan.repeats) for f in range(n_folds) if (r, f) not in done]
    seed = int(cli.config.seed_everything)
    threads = 1 if plan.workers > 1 or plan.scheduler else None
    jobs = [
        Job(plan.arguments, r, f, i, member_seeds(seed, r, f, i, plan.members), threads)
        for r, f in places
        for i in range(plan.inner)
    ]
    _log.info("run %s: %d networks to train, %d folds are there", store.run_id, len(jobs) * plan.members, len(done))
    if not jobs:
        return
    start = time.monotonic()
    waiting: dict[tuple[int, int], list[JobResult]] = {place: [] for place in places}
    with (
        progress_bar(len(jobs) * plan.members, description="networks") as bar,
        closing(spread(train, jobs, workers=plan.workers, scheduler=plan.scheduler)) as results,
    ):
        for k, result in enumerate(results, start=1):
            bar.update(plan.members)
            fold = waiting[result.repeat, result.fold]
            fold.append(result)
            left = (time.monotonic() - start) / k * (len(jobs) - k) / 60
            _log.info("inner fold %d of %d is trained; about %.0f min left", k, len(jobs), left)
            if len(fold) == plan.inner:
                _keep(store, sorted(fold, key=lambda one: one.inner), facts, folder)
                fold.clear()


def _keep(store: CrossvalStore, fold: Sequence[JobResult], facts: DataFacts, folder: Path) -> None:
    """Calibrate a fold and keep it."""
    repeat, number = fold[0].repeat, fold[0].fold
    raw = pd.concat([one.raw for one in fold], ignore_index=True)
    calibrator = cross_fit(inner_scores(raw), facts.labels).calibrator.to_dict()
    networks = [network for one in fold for network in one.networks]
    paths, several = [], len(networks) > len(fold)
    for network in networks:
        member = f"-member{network.member}" if several else ""
        draft = folder / "draft.ckpt"
        draft.write_bytes(network.checkpoint)
        name = f"repeat{repeat}-fold{number}-inner{network.inner}{member}.ckpt"
        paths.append(finish_checkpoint(draft, calibrator, folder / name))
    store.keep_fold(
        repeat,
        number,
        raw,
        texts={"calibrator.json": yaml.safe_dump(calibrator)},
        parameters={"device": networks[0].device},
        metrics=[(key, float(getattr(n, key)), i) for i, n in enumerate(networks) for key in ("epochs", "seconds")],
        checkpoints=paths,
    )
    for path in paths:
        path.unlink()
