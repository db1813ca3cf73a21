"""The report of a cross-validation: its tables, figures and model card, as files in a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from fhr.compute import concerning
from fhr.errors import FHRError
from fhr.metrics import Interval, net_benefit_table
from fhr.recording import Composition

from .baseline_features import baseline_table
from .births_by_group import birth_groups, subgroups
from .conformal_sets import conformal_table, singleton_gain
from .over_permutations import (
    OverPermutations,
    givers_by_repeat,
    over_permutations,
    permuted_audit,
    permuted_groups,
)
from .repeats import whole_repeats
from .result import CrossValidation
from .shortcut_report import shortcut_report
from .window_audit import window_audit

if TYPE_CHECKING:
    from fhr.features import FeatureSet
    from fhr.tasks import ModelCard

__all__ = ["Report", "write_report"]

LOSS = "loss_60"
"""Column of `baseline_table`: signal loss of the last 60 min, a shortcut that every model is held against."""
_NOT_OUT_OF_FOLD = (
    "- **Not out-of-fold**: models may have learnt from the records that they are tested on, or from recordings whose "
    "maker was fitted to them. The numbers here are no estimate for new births\n"
)


class Report(NamedTuple):
    """Numbers of a report.

    Attributes:
        results: metrics of the model, with intervals.
        audit: of the shortcut by signal loss, see `shortcut_report`.
        rows: a row a model, those that stand beside it included.
        beside: AUROC of each model beside it, by name.
        control: of a control, its AUROC over permutations; else None.
        card: of the model.
    """

    results: dict[str, Interval]
    audit: Mapping[str, Interval]
    rows: list[dict[str, Any]]
    beside: dict[str, float]
    control: OverPermutations | None = None
    card: "ModelCard | None" = None


def write_report(
    result: CrossValidation,
    folder: str | Path,
    *,
    beside: Sequence[CrossValidation] = (),
    table: pd.DataFrame | None = None,
    network: str = "",
    window_minutes: float = 60.0,
    window: str = "",
    features: "FeatureSet | None" = None,
    left_out: int = 0,
) -> Report:
    """Write the tables of predictions, models, net benefit, conformal sets, audit and subgroups, card and figures.

    Args:
        result: of `cross_validate`, on a database.
        folder: where to; it is made where it is missing.
        beside: other models on the same folds, such as the baselines.
        table: `baseline_table` of the records; None computes it.
        network: class path for the model card; the name of the model where it is empty.
        window_minutes: how much signal the model looks at, for the model card.
        window: in words, where it is another than the last minutes, for the model card.
        features: what it takes beside the signal, for the model card.
        left_out: records that could not be used, for the model card.

    Raises:
        FHRError: a result without recordings.
        SplitError: a record that some repeat left out.
    """
    from fhr.tasks import ModelCard, records_line, write_evaluation  # Lightning, which a table does without

    folder, database = Path(folder), result.first.database
    if database is None:
        raise FHRError("a report of scores without recordings; cross-validate a database")
    recordings = {recording.name: recording for recording in database}
    if table is None:
        table = baseline_table(recordings.values())
    predictions, results = result.predictions, dict(result.metrics)
    known = {name: recordings[name] for name in predictions["name"].unique()}
    given = givers_by_repeat(predictions, result.permutations) if result.permutations else None
    control, groups = None, birth_groups(known.values())
    with concerning(result.subject):
        audit = (
            shortcut_report(predictions, table, known.values())
            if given is None
            else permuted_audit(predictions, table[LOSS], given)
        )
    rows, areas = [result.row()], {}
    if given is not None:  # what comes from a signal is of the record that the signal was given by
        control = over_permutations(predictions, result.permutations)
        rows[0] |= {"permutations": len(control.values), "auroc_standard_error": round(control.standard_error, 4)}
        known = {name: known[giver] for name, giver in given[int(predictions["repeat"].min())].items()}
    for other in beside:
        rows.append(other.row())
        areas[other.name] = other.measured["auroc"].value
        if other.name.startswith("signal loss"):
            results |= {"singletons_beyond_signal_loss": singleton_gain(predictions, other.predictions)}
    made = Composition.of(known.values())
    repeats, n_folds = predictions["repeat"].nunique(), len(result.first.splits.folds[0])
    first = predictions[predictions["repeat"] == predictions["repeat"].min()]
    card = ModelCard(
        network=network or result.name,
        target=result.target,
        origin=database.origin,
        data_checksum=result.first.splits.data,
        n_tested=len(first),
        n_positive=int(first["label"].sum()),
        tested_on=f"{repeats} x {n_folds} outer folds; {result.title or result.name}; members, then inner folds, are "
        "averaged, and the average is calibrated on the held-out inner folds; figures of repeat 0",
        results=results,
        window_minutes=window_minutes,
        features=features,
        left_out=left_out,
        records=records_line(made, made) + ("" if result.out_of_fold else _NOT_OUT_OF_FOLD),
        window=window,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_evaluation(folder, card, first, known)
    predictions.to_csv(folder / "predictions.csv", index=False)
    pd.DataFrame(rows).to_csv(folder / "models.csv", index=False)
    model = whole_repeats(predictions)
    net_benefit_table(model.labels, model.probabilities).to_csv(folder / "net_benefit.csv", index=False)
    conformal_table(predictions).to_csv(folder / "conformal.csv", index=False)
    audits = {"shortcut": audit}
    if given is None or control is None:
        audits["window"] = window_audit(known.values(), table, minutes=window_minutes)
        by_group = subgroups(predictions, groups, table[LOSS])
    else:
        by_group = permuted_groups(predictions, groups, table[LOSS], given)
        pd.DataFrame({"auroc": control.values}).to_csv(folder / "permutations.csv", index_label="permutation")
    by_group.to_csv(folder / "subgroups.csv", index=False)
    for name, audited in audits.items():
        pd.DataFrame(audited, index=["value", "low", "high"]).T.to_csv(folder / f"{name}_audit.csv")
    return Report(results, audit, rows, areas, control, card)
