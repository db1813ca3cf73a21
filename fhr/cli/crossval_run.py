"""The work behind `fhr crossval`: score every fold, keep it as soon as it is finished, then evaluate them all."""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.calibration import TYPICAL_STATISTICS, Reference, RidgePlatt
from fhr.compute import check_scheduler
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.evaluation import BASELINES, Baseline, baseline_table, cross_fit
from fhr.metrics import Interval
from fhr.models import finish_checkpoint, read_checkpoint
from fhr.tasks import ClassificationTask, DataFacts, data_record, run_tags
from fhr.tracking import environment, source_state, tracking_uri

from .crossval_entries import Entry, FoldScores, LinearEntry, NetworksOf, TrainedEntry
from .crossval_report import Report
from .crossval_store import CrossvalStore
from .training import TrainingCLI, quieten

__all__ = ["Outcome", "Plan", "crossval"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        arguments: of the command line, for the configuration.
        config: name of the configuration's file, as it is noted down.
        baselines: slugs of linear lines to cross-validate in place of the network, or `all`.
        repeats: shuffles of the outer folds.
        n_folds: outer folds that the split must have, or None.
        inner: inner models an outer fold.
        members: retrainings of each of them.
        permutations: runs of a linear line on features that belong to other records, in place of repeats; 0 for none.
        workers: processes on this machine.
        scheduler: of Dask, in place of `workers`; or None.
        at_once: train the members of an inner fold as one batched model; None where that is faster.
        resume: run to go on with, or None.
        networks_of: run whose networks are taken in place of training, or None.
        name: of the model in tables; None for the class of the network.
        keep: folder of the kept table that gets the results, or None.
    """

    arguments: tuple[str, ...]
    config: str = ""
    baselines: tuple[str, ...] = ()
    repeats: int = 1
    n_folds: int | None = None
    inner: int = 4
    members: int = 1
    permutations: int = 0
    workers: int = 1
    scheduler: str | None = None
    at_once: bool | None = None
    resume: str | None = None
    networks_of: str | None = None
    name: str | None = None
    keep: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a cross-validation found.

    Attributes:
        run_id: of the MLflow run.
        store: where MLflow keeps it.
        results: metrics of the model, with intervals.
        predictions: out-of-fold, one row a record and repeat.
        table: one row a model, those that stand beside it included.
        quarantined: records that were left out, with the reason.
        predicts: whether the run holds networks for new recordings.
    """

    run_id: str
    store: str
    results: dict[str, Interval]
    predictions: pd.DataFrame
    table: list[dict[str, Any]]
    quarantined: dict[str, str]
    predicts: bool = True


def crossval(plan: Plan) -> Iterator[Outcome]:
    """Run the whole protocol for one configuration, or for each of the linear lines; see the verb.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    quieten()
    with tempfile.TemporaryDirectory() as temporary:
        folder, store = Path(temporary), None
        if plan.resume is not None:
            store = CrossvalStore.open(plan.resume)
            plan = _plan_of(store, plan, folder)
        lines, source = _lines(plan.baselines), None
        if plan.networks_of is not None:
            source = CrossvalStore.open(plan.networks_of)
            params = source.run.data.params
            plan = replace(plan, inner=int(params["inner_models"]), members=int(params["members"]))
        cli = TrainingCLI(plan.arguments, tracked=False, run=False)
        facts = _facts(cli, plan)
        if store is not None:
            _check_source(store, facts)
        features = cache(lambda: baseline_table(facts.recordings.values()))  # some seconds, once all else is checked
        entries: list[tuple[str, Entry]] = []
        for line in lines:
            name = f"{line.name}, permuted records" if plan.permutations else line.name
            entries.append((name, LinearEntry(line, facts, features, permutations=plan.permutations)))
        control = "" if cli.datamodule.permute is None else ", permuted records"
        if control and lines:
            raise FHRError("`--data.permute` is for networks; permute a baseline with `--permutations N`")
        if source is not None:
            networks = NetworksOf(source, cli, facts, folder, repeats=plan.repeats)
            entries.append((plan.name or source.run.data.params["name"], networks))
        elif not lines:
            trained = TrainedEntry(
                cli,
                facts,
                plan.arguments,
                inner=plan.inner,
                members=plan.members,
                workers=plan.workers,
                scheduler=plan.scheduler,
                at_once=plan.at_once,
            )
            name = plan.name or type(cli.model.model).__name__
            entries.append((name.removesuffix(control) + control, trained))
        for name, entry in entries:
            run = store or _new_run(cli, entry, facts, replace(plan, name=name), folder)
            yield _cross_validate(run, cli, entry, facts, features, replace(plan, name=name), folder)


def _lines(slugs: Sequence[str]) -> list[Baseline]:
    known = {line.slug: line for line in BASELINES}
    if unknown := [slug for slug in slugs if slug not in known and slug != "all"]:
        raise FHRError(f"--baseline {unknown[0]}; there are {', '.join(known)}, and `all` for each of them")
    return [line for line in BASELINES if line.slug in slugs or "all" in slugs]


def _plan_of(store: CrossvalStore, plan: Plan, folder: Path) -> Plan:
    """The plan of a run that is there; how the work is spread may be another."""
    if plan.arguments or plan.baselines or plan.networks_of:
        raise CheckpointError("a run is resumed with its own configuration; leave all that would change it out")
    path = store.client.download_artifacts(store.run_id, "config.yaml", str(folder))
    found: Mapping[str, str] = store.run.data.params
    return replace(
        plan,
        arguments=("--config", Path(path).read_text(encoding="utf-8")),  # the text: workers may be elsewhere
        config=found["config"],
        baselines=(found["baseline"],) if "baseline" in found else (),
        repeats=int(found["repeats"]),
        inner=int(found["inner_models"]),
        members=int(found["members"]),
        permutations=int(found.get("permutations", 0)),
        networks_of=found.get("networks_of"),
        name=found["name"],
    )


def _check_source(store: CrossvalStore, facts: DataFacts) -> None:
    """Refuse to go on with other records or folds; say so where the source has changed."""
    tags = store.run.data.tags
    for key, found in (("data_checksum", facts.data_checksum), ("split_checksum", facts.splits.checksum)):
        if tags[key] != found:
            raise SplitError(
                f"run {store.run_id} has the {key.replace('_', ' ')} {tags[key][:12]}, found is {found[:12]}; restore "
                "what it was started with, or start anew"
            )
    if any(tags.get(key) != value for key, value in source_state().items()):
        _log.warning("run %s was started from another state of the source than it goes on with now", store.run_id)


def _facts(cli: TrainingCLI, plan: Plan) -> DataFacts:
    """The data, once everything that can be refused before the training has been."""
    if not isinstance(cli.model, ClassificationTask):
        raise FHRError(
            f"a cross-validation of {type(cli.model).__name__}; `fhr crossval` is for classification; fit each fold "
            "with `fhr fit --data.fold K`"
        )
    if plan.scheduler is not None:
        check_scheduler(plan.scheduler)
    cli.datamodule.setup("fit")
    facts: DataFacts = cli.datamodule.facts
    available = len(facts.splits.folds)
    if plan.repeats > available:
        raise SplitError(f"--repeats {plan.repeats}; the split has {available}")
    if plan.n_folds not in (None, n_folds := len(facts.splits.folds[0])):
        raise SplitError(
            f"--folds {plan.n_folds}; the split has {n_folds}: make another with `fhr splits`, and name it with "
            "`--data.splits FILE`"
        )
    for repeat in range(plan.repeats):
        for fold in range(len(facts.splits.folds[repeat])):
            parts = (facts.splits.partition(repeat, fold, inner).calibration for inner in range(plan.inner))
            RidgePlatt.check_sample(facts.labels.reindex([name for part in parts for name in part]).dropna())
    return facts


def _new_run(cli: TrainingCLI, entry: Entry, facts: DataFacts, plan: Plan, folder: Path) -> CrossvalStore:
    repeats, n_folds = plan.permutations or plan.repeats, len(facts.splits.folds[0])
    name = f"{plan.name} cross-validation {repeats} x {n_folds} x {plan.inner}"
    store = CrossvalStore.create(cli.datamodule.experiment, name, run_tags(facts))
    settings = {**entry.settings, "repeats": plan.repeats, "inner_models": plan.inner, "members": plan.members}
    settings |= {"name": plan.name, "config": plan.config, "target": facts.target}
    client, run_id = store.client, store.run_id
    store.log(parameters=settings)
    client.log_text(run_id, cli.configuration(), "config.yaml")
    client.log_dict(run_id, environment(), "environment.json")
    record = {key: value for key, value in data_record(facts).items() if key not in ("fold", "records")}
    client.log_dict(run_id, record, "data.json")  # the folds are in splits.json
    facts.splits.save(folder / "splits.json")
    client.log_artifact(run_id, str(folder / "splits.json"))
    return store


def _cross_validate(
    store: CrossvalStore,
    cli: TrainingCLI,
    entry: Entry,
    facts: DataFacts,
    features: Callable[[], pd.DataFrame],
    plan: Plan,
    folder: Path,
) -> Outcome:
    """Keep the folds that are not there yet, then report on all."""
    with store.working():
        n_folds, done = len(facts.splits.folds[0]), store.folds()
        repeats = range(plan.permutations or plan.repeats)
        places = [(r, f) for r in repeats for f in range(n_folds) if (r, f) not in done]
        _log.info(
            "run %s, %s: %d of %d outer folds to do", store.run_id, plan.name, len(places), n_folds * len(repeats)
        )
        if places:
            for fold in entry.folds(places):
                _keep(store, fold, facts, features(), folder)
        raw = {place: store.scores(child) for place, child in sorted(store.folds().items())}
        report = Report(store, cli, facts, features(), raw, name=str(plan.name), linear=isinstance(entry, LinearEntry))
        results, predictions, rows = report.write()
        if plan.keep is not None:
            report.keep(plan.keep, predictions, config=plan.config)
    predicts = not isinstance(entry, LinearEntry) and cli.datamodule.permute is None
    return Outcome(store.run_id, tracking_uri(), results, predictions, rows, dict(facts.quarantined), predicts)


def _keep(store: CrossvalStore, fold: FoldScores, facts: DataFacts, features: pd.DataFrame, folder: Path) -> None:
    """Calibrate a fold and keep it, with all that predictions of its networks need."""
    prediction = cross_fit(fold.raw, facts.labels)
    calibrator, learnt_from = prediction.calibrator, sorted(set(prediction.held_out["name"]))
    statistics = features.loc[learnt_from, list(TYPICAL_STATISTICS)]
    reference = Reference.of(prediction.held_out, facts.labels, statistics, calibrator).to_dict()
    drafts = []
    for i, network in enumerate(fold.networks):
        drafts.append(folder / f"draft{i}.ckpt")
        drafts[-1].write_bytes(network.checkpoint)
    calibrator.bind(label=facts.target, model=[read_checkpoint(draft)[0].procedure for draft in drafts])
    paths, several = [], any(network.member for network in fold.networks)
    for network, draft in zip(fold.networks, drafts, strict=True):
        member = f"-member{network.member}" if several else ""
        path = folder / f"repeat{fold.repeat}-fold{fold.fold}-inner{network.inner}{member}.ckpt"
        finish_checkpoint(
            draft,
            calibrator.to_dict(),
            path,
            confidence=reference,
            member=network.member,
            target=facts.target,
            prevalence=float(facts.labels.loc[learnt_from].mean()),
        )
        paths.append(path)
        draft.unlink()
    store.keep_fold(
        fold.repeat,
        fold.fold,
        fold.raw,
        texts={"calibrator.json": json.dumps(calibrator.to_dict(), indent=1)},
        parameters={"device": fold.networks[0].device} if fold.networks else {},
        metrics=[
            (name, value, i)
            for i, network in enumerate(fold.networks)
            for name, value in (("best_epoch", network.epochs), ("seconds", network.seconds))
        ],
        checkpoints=paths,
    )
    for path in paths:
        path.unlink()
