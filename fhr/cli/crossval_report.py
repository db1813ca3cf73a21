"""What a cross-validation found: predictions, tables, figures and the model card, in its run."""

import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.evaluation import (
    BASELINES,
    baseline_scores,
    birth_groups,
    conformal_table,
    evaluate_predictions,
    keep,
    out_of_fold,
    shortcut_audit,
    singleton_gain,
    subgroups,
    summary_row,
)
from fhr.metrics import Interval
from fhr.tasks import DataFacts, ModelCard, metric_values, write_evaluation

from .crossval_store import CrossvalStore
from .training import TrainingCLI

__all__ = ["Report"]

_LOSS = "loss_60"


class Report:
    """Evaluates the scores of all folds.

    Args:
        store: of the run.
        cli: its configuration, instantiated.
        facts: of its data.
        features: `baseline_table` of its records.
        raw: scores of each outer fold, by repeat and fold.
        name: of the model.
        linear: a baseline or a control; such a one has no others beside it.
    """

    def __init__(
        self,
        store: CrossvalStore,
        cli: TrainingCLI,
        facts: DataFacts,
        features: pd.DataFrame,
        raw: Mapping[tuple[int, int], pd.DataFrame],
        *,
        name: str,
        linear: bool,
    ) -> None:
        self._store, self._cli, self._facts, self._features = store, cli, facts, features
        self._raw, self._name, self._linear = raw, name, linear

    def write(self) -> tuple[dict[str, Interval], pd.DataFrame, list[dict[str, Any]]]:
        """Evaluate and record.

        Returns:
            Metrics of the model, out-of-fold predictions, and a row a model.
        """
        client, run_id, facts = self._store.client, self._store.run_id, self._facts
        table = _pooled(self._raw.values(), facts.labels)
        results = evaluate_predictions(table)
        audit = shortcut_audit(table, self._features[_LOSS])
        groups = birth_groups(facts.recordings.values())
        rows, beside = [summary_row(self._title, results)], {}
        for name, other in self._beside(sorted(table["repeat"].unique())):
            found = evaluate_predictions(other)
            rows.append(summary_row(name, found))
            beside[f"baseline/auroc {name}".replace(",", "")] = found["auroc"].value
            if name.startswith("signal loss"):
                results |= {"singletons_beyond_signal_loss": singleton_gain(table, other)}
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_evaluation(folder, self._card(results, table), table[table["repeat"] == 0], facts.recordings)
            table.to_csv(folder / "predictions.csv", index=False)
            pd.DataFrame(rows).to_csv(folder / "models.csv", index=False)
            conformal_table(table).to_csv(folder / "conformal.csv", index=False)
            pd.DataFrame(audit, index=["value", "low", "high"]).T.to_csv(folder / "shortcut_audit.csv")
            subgroups(table, groups, self._features[_LOSS]).to_csv(folder / "subgroups.csv", index=False)
            client.log_artifacts(run_id, str(folder))
        audited = {f"audit/{name}": interval for name, interval in audit.items()}
        self._store.log(metrics=metric_values(results) | _values(audited) | beside)
        return results, table, rows

    def keep(self, folder: str, predictions: pd.DataFrame, *, config: str) -> Path:
        """Put the predictions and their row into the kept table of `folder`."""
        run = self._store.run
        started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
        return keep(
            folder,
            predictions,
            model=self._name,
            label=self._facts.target,
            run_id=self._store.run_id,
            commit=run.data.tags["git_commit"] + ("+" if run.data.tags["git_dirty"] == "true" else ""),
            split_sha=run.data.tags["split_checksum"],
            config=config,
            machine=self._machine,
            date=date.isoformat(started.date()),
        )

    @property
    def _title(self) -> str:
        first = next(iter(self._raw.values()))
        inner, members = first["inner"].nunique(), first["member"].nunique()
        several = f" x {members} members" if members > 1 else ""
        return self._name if self._linear else f"{self._name} ({inner} inner networks{several})"

    @property
    def _machine(self) -> str:
        return f"{os.cpu_count()} {platform.machine()} cores"

    def _beside(self, repeats: list[int]) -> Iterator[tuple[str, pd.DataFrame]]:
        """The baselines on the same folds."""
        facts = self._facts
        ph = pd.Series({name: recording.outcome.ph for name, recording in facts.recordings.items()})
        for line in BASELINES if not self._linear else ():
            parts = [
                baseline_scores(line, self._features, facts.labels, ph, facts.splits, repeat=repeat)
                for repeat in repeats
            ]
            folds = (fold for part in parts for _, fold in part.groupby("fold"))
            yield line.name, _pooled(folds, facts.labels)

    def _card(self, results: Mapping[str, Interval], table: pd.DataFrame) -> ModelCard:
        facts, n_folds = self._facts, len(self._facts.splits.folds[0])
        return ModelCard(
            network=self._name if self._linear else self._cli.model.model.specification["class_path"],
            target=facts.target,
            origin=facts.origin,
            data_checksum=facts.data_checksum,
            n_tested=len(facts.labels),
            n_positive=int(facts.labels.sum()),
            tested_on=f"{table['repeat'].nunique()} x {n_folds} outer folds; {self._title}, averaged after calibration "
            "on their held-out inner folds; figures of repeat 0",
            results=results,
            window_minutes=facts.pipeline.to_dict()["minutes"],
            features=facts.features,
            left_out=len(facts.quarantined),
        )


def _pooled(folds: Any, labels: pd.Series) -> pd.DataFrame:
    table = pd.concat([out_of_fold(fold, labels) for fold in folds])
    return table.sort_values(["repeat", "fold", "name"], ignore_index=True)


def _values(results: Mapping[str, Interval]) -> dict[str, float]:
    return {key.removeprefix("test/"): value for key, value in metric_values(dict(results)).items()}
