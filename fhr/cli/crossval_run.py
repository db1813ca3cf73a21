"""The work behind `fhr crossval`: train every member, cross-fit, average, record."""

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from fhr.calibration import RidgePlatt
from fhr.errors import FHRError, SplitError
from fhr.evaluation import (
    BASELINES,
    FoldPrediction,
    MemberScores,
    baseline_predictions,
    cross_fit,
    evaluate_predictions,
    summary_row,
)
from fhr.features import feature_table
from fhr.metrics import Interval
from fhr.models import finish_checkpoint
from fhr.tasks import (
    ClassificationTask,
    DataFacts,
    ModelCard,
    data_record,
    metric_values,
    parameters,
    run_tags,
    score_windows,
    write_evaluation,
)
from fhr.tracking import end_with_parent, ensure_store, environment, mlflow_client, progress_bar, tracking_uri

from .training import TrainingCLI, quieten

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Outcome", "crossval"]

_log = logging.getLogger(__name__)


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


@dataclass(frozen=True)
class _Member:
    """One network of one inner fold, and what it says of the records that it has not seen."""

    repeat: int
    fold: int
    inner: int
    checkpoint: Path
    scores: MemberScores
    device: str
    epochs: int
    seconds: float


def crossval(arguments: list[str], *, repeats: int, n_inner: int, workers: int) -> Outcome:
    """Run the whole protocol for one configuration; see the verb.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    quieten()
    cli = TrainingCLI(arguments, tracked=False, run=False)
    data = cli.datamodule
    if not isinstance(cli.model, ClassificationTask):
        raise FHRError(
            f"a cross-validation of {type(cli.model).__name__}; `fhr crossval` is for classification; fit each fold "
            "with `fhr fit --data.fold K`"
        )
    data.setup("fit")
    facts: DataFacts = data.facts
    available = len(facts.splits.folds)
    if repeats > available:
        raise SplitError(f"--repeats {repeats}; the split has {available}")
    n_folds = len(facts.splits.folds[0])
    _check_folds(facts, repeats, n_inner)
    jobs = [(r, f, i) for r in range(repeats) for f in range(n_folds) for i in range(n_inner)]

    artifacts = ensure_store()
    client = mlflow_client()
    experiment = _experiment(client, data.experiment, artifacts)
    network = type(cli.model.model).__name__
    run_id = client.create_run(
        experiment, run_name=f"{network} cross-validation {repeats} x {n_folds} x {n_inner}", tags=run_tags(facts)
    ).info.run_id
    _log.info("run %s: %d networks to train", run_id, len(jobs))
    try:
        one_fit = {"repeat", "fold", "inner", "device", *(f"n_{use}" for use in vars(facts.partition))}
        settings = parameters(cli.trainer, cli.model, facts, data)
        settings |= {"repeats": repeats, "inner_networks": n_inner, "workers": workers}
        for key, value in settings.items():
            if key not in one_fit:
                client.log_param(run_id, key, value)
        client.log_text(run_id, cli.configuration(), "config.yaml")
        client.log_dict(run_id, environment(), "environment.json")
        record = {key: value for key, value in data_record(facts).items() if key not in ("fold", "records")}
        client.log_dict(run_id, record, "data.json")  # the folds are in splits.json
        with tempfile.TemporaryDirectory() as folder:
            facts.splits.save(Path(folder) / "splits.json")
            client.log_artifact(run_id, f"{folder}/splits.json")
            members: dict[tuple[int, int], list[_Member]] = {}
            predictions = []
            with progress_bar(len(jobs), description="networks") as bar:
                for member in _train_all(arguments, jobs, Path(folder), workers):
                    bar.update()
                    _log.info(
                        "repeat %d fold %d inner %d: best epoch %d, %.0f s",
                        member.repeat,
                        member.fold,
                        member.inner,
                        member.epochs,
                        member.seconds,
                    )
                    fold = members.setdefault((member.repeat, member.fold), [])
                    fold.append(member)
                    if len(fold) == n_inner:
                        fold.sort(key=lambda m: m.inner)
                        prediction = cross_fit([m.scores for m in fold], facts.labels)
                        predictions.append(_frame(fold[0], prediction, facts))
                        _record_fold(client, experiment, run_id, fold, prediction, predictions[-1], Path(folder))
            table = pd.concat(predictions).sort_values(["repeat", "fold", "name"], ignore_index=True)
            results = evaluate_predictions(table)
            rows = [summary_row(f"{network} ({n_inner} inner networks)", results)]
            for baseline, baseline_table in _baselines(facts, repeats):
                other = evaluate_predictions(baseline_table)
                rows.append(summary_row(baseline, other))
                client.log_metric(run_id, f"baseline/auroc {baseline}".replace(",", ""), other["auroc"].value)
            card = ModelCard(
                network=cli.model.model.specification["class_path"],
                target=facts.target,
                origin=facts.origin,
                data_checksum=facts.data_checksum,
                n_tested=len(facts.labels),
                n_positive=int(facts.labels.sum()),
                tested_on=f"{repeats} x {n_folds} outer folds; {n_inner} inner networks a fold, averaged after "
                "calibration on their held-out inner folds; figures of repeat 0",
                results=results,
                window_minutes=facts.pipeline.to_dict()["minutes"],
                features=facts.features,
                left_out=len(facts.quarantined),
            )
            report = Path(folder) / "report"
            report.mkdir()
            write_evaluation(report, card, table[table["repeat"] == 0], facts.recordings)
            table.to_csv(report / "predictions.csv", index=False)
            pd.DataFrame(rows).to_csv(report / "models.csv", index=False)
            client.log_artifacts(run_id, str(report))
        for key, metric in metric_values(results).items():
            client.log_metric(run_id, key, metric)
    except BaseException as error:
        client.set_terminated(run_id, "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED")
        raise
    client.set_terminated(run_id)
    return Outcome(run_id, tracking_uri(), results, table, rows, dict(facts.quarantined))


def _check_folds(facts: DataFacts, repeats: int, n_inner: int) -> None:
    """Refuse folds whose calibrator would lack records before anything is trained."""
    for repeat in range(repeats):
        for fold in range(len(facts.splits.folds[repeat])):
            parts = (facts.splits.partition(repeat, fold, inner).calibration for inner in range(n_inner))
            RidgePlatt.check_sample(facts.labels.reindex([name for part in parts for name in part]).dropna())


def _experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifacts))


def _train_all(arguments: list[str], jobs: list[tuple[int, int, int]], folder: Path, workers: int) -> Iterator[_Member]:
    if workers == 1:
        for job in jobs:
            yield _train(arguments, *job, folder)
        return
    # Spawned, not forked: a forked torch hangs in its thread pools.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        futures = [pool.submit(_train, arguments, *job, folder) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            # Waits for the running members only; without waiting, the end of `with` would take the cancelling back.
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker() -> None:
    torch.set_num_threads(1)
    quieten()
    end_with_parent()


def _train(arguments: list[str], repeat: int, fold: int, inner: int, folder: Path) -> _Member:
    start = time.monotonic()
    where = folder / f"{repeat}-{fold}-{inner}"
    place = [f"--data.init_args.repeat={repeat}", f"--data.init_args.fold={fold}", f"--data.init_args.inner={inner}"]
    overrides = [*place, f"--checkpoint.dirpath={where}", "--trainer.enable_progress_bar=false"]
    cli = TrainingCLI([*arguments, *overrides], tracked=False, run=False)
    cli.trainer.fit(cli.model, cli.datamodule)
    device = str(cli.trainer.strategy.root_device)
    if cli.calibration.path is None:
        raise SplitError("the trainer kept no checkpoint; leave `fast_dev_run` out")
    partition = cli.datamodule.facts.partition
    calibration, _ = score_windows(cli.model, cli.datamodule.calibration_dataloader())
    test, _ = score_windows(cli.model, cli.datamodule.test_dataloader())
    scores = MemberScores(
        pd.Series(calibration, index=list(partition.calibration)), pd.Series(test, index=list(partition.test))
    )
    return _Member(
        repeat, fold, inner, cli.calibration.path, scores, device, cli.model.epochs, time.monotonic() - start
    )


def _frame(member: _Member, prediction: FoldPrediction, facts: DataFacts) -> pd.DataFrame:
    names = prediction.score.index
    return pd.DataFrame(
        {
            "name": names,
            "repeat": member.repeat,
            "fold": member.fold,
            "label": facts.labels.loc[names].to_numpy().astype(int),
            "score": prediction.score.to_numpy(),
            "probability": prediction.probability.to_numpy(),
        }
    )


def _record_fold(
    client: "MlflowClient",
    experiment: str,
    parent: str,
    fold: list[_Member],
    prediction: FoldPrediction,
    table: pd.DataFrame,
    folder: Path,
) -> None:
    """One child run an outer fold, with its calibrated networks and its predictions."""
    first = fold[0]
    child = client.create_run(
        experiment,
        run_name=f"repeat {first.repeat} fold {first.fold}",
        tags={"mlflow.parentRunId": parent},
    ).info.run_id
    client.log_param(child, "repeat", first.repeat)
    client.log_param(child, "fold", first.fold)
    client.log_param(child, "device", first.device)
    client.log_text(child, table.to_csv(index=False), "predictions.csv")
    for member in fold:
        client.log_metric(child, "best_epoch", member.epochs, step=member.inner)
        client.log_metric(child, "seconds", member.seconds, step=member.inner)
        name = f"repeat{member.repeat}-fold{member.fold}-inner{member.inner}.ckpt"
        path = finish_checkpoint(member.checkpoint, prediction.calibrator.to_dict(), folder / name)
        client.log_artifact(child, str(path), "checkpoints")
        path.unlink()
    client.log_dict(child, prediction.calibrator.to_dict(), "calibrator.json")
    client.set_terminated(child)


def _baselines(facts: DataFacts, repeats: int) -> Iterator[tuple[str, pd.DataFrame]]:
    features = feature_table(facts.recordings.values())
    ph = pd.Series({name: recording.outcome.ph for name, recording in facts.recordings.items()})
    for baseline in BASELINES:
        if baseline.on_ph and not facts.target.startswith("ph"):
            continue
        parts = [
            baseline_predictions(baseline, features, facts.labels, ph, facts.splits, repeat=repeat)
            for repeat in range(repeats)
        ]
        yield baseline.name, pd.concat(parts)
