"""What a cross-validation found: predictions, tables, figures and the model card, in its run."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.evaluation import (
    BASELINES,
    baseline_predictions,
    cross_fit,
    evaluate_predictions,
    inner_scores,
    summary_row,
)
from fhr.features import feature_table
from fhr.metrics import Interval
from fhr.tasks import DataFacts, ModelCard, metric_values, write_evaluation

from .crossval_store import CrossvalStore
from .training import TrainingCLI

__all__ = ["report"]


def report(
    store: CrossvalStore, cli: TrainingCLI, facts: DataFacts, raw: Mapping[tuple[int, int], pd.DataFrame], *, name: str
) -> tuple[dict[str, Interval], pd.DataFrame, list[dict[str, Any]]]:
    """Evaluate and record.

    Returns:
        Metrics of the network, out-of-fold predictions, and a row a model.
    """
    client, run_id = store.client, store.run_id
    table = pd.concat([_predictions(rows, facts) for rows in raw.values()])
    table = table.sort_values(["repeat", "fold", "name"], ignore_index=True)
    repeats, n_inner = table["repeat"].nunique(), next(iter(raw.values()))["inner"].nunique()
    results = evaluate_predictions(table)
    rows = [summary_row(f"{name} ({n_inner} inner networks)", results)]
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
        tested_on=f"{repeats} x {len(facts.splits.folds[0])} outer folds; {n_inner} inner networks a fold, averaged "
        "after calibration on their held-out inner folds; figures of repeat 0",
        results=results,
        window_minutes=facts.pipeline.to_dict()["minutes"],
        features=facts.features,
        left_out=len(facts.quarantined),
    )
    with tempfile.TemporaryDirectory() as folder:
        write_evaluation(Path(folder), card, table[table["repeat"] == 0], facts.recordings)
        table.to_csv(f"{folder}/predictions.csv", index=False)
        pd.DataFrame(rows).to_csv(f"{folder}/models.csv", index=False)
        client.log_artifacts(run_id, folder)
    for key, metric in metric_values(results).items():
        client.log_metric(run_id, key, metric)
    return results, table, rows


def _predictions(raw: pd.DataFrame, facts: DataFacts) -> pd.DataFrame:
    prediction = cross_fit(inner_scores(raw), facts.labels)
    names = prediction.score.index
    return pd.DataFrame(
        {
            "name": names,
            "repeat": raw["repeat"].iloc[0],
            "fold": raw["fold"].iloc[0],
            "label": facts.labels.loc[names].to_numpy().astype(int),
            "score": prediction.score.to_numpy(),
            "probability": prediction.probability.to_numpy(),
        }
    )


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
