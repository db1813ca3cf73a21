"""A robustness sheet written: tables, page and strips in a folder, and as a run of MLflow."""

import re
from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

import fhr
from fhr.datasets import label_slug
from fhr.formats import whole_or_not_at_all
from fhr.plots.html_page import png
from fhr.report import write_robustness_page
from fhr.robustness import THREAT_COLUMNS, WORST_COLUMNS, Sheet, size_for_half
from fhr.robustness.sheet_figures import curves_figure, flip_figure
from fhr.tracking import environment, mark_stopped, mlflow_client, source_state

from .tables import in_csv

__all__ = ["keep_robustness", "write_robustness"]

_TABLES = {
    "robustness.csv": ("frame", THREAT_COLUMNS),
    "worst.csv": ("worst", WORST_COLUMNS),
    "database.csv": ("curves", ()),
}
_PAGE = "robustness.html"


def write_robustness(folder: str | Path, sheet: Sheet, *, model: str, strips: int) -> None:
    """Write the tables, the page and the strips into a folder.

    Args:
        folder: it exists, or is made.
        sheet: of the recordings.
        model: its name.
        strips: recordings whose strips are drawn.

    Raises:
        OSError: a folder that cannot be written to.
    """
    folder = Path(folder)
    (folder / "strips").mkdir(parents=True, exist_ok=True)
    for name, (table, columns) in _TABLES.items():
        found = getattr(sheet, table)
        with whole_or_not_at_all(folder / name) as part:
            in_csv(found, columns if len(found) else ()).to_csv(part, index=False)
    for target in dict.fromkeys(one.target for one in sheet.sheets):
        with whole_or_not_at_all(folder / f"database-{label_slug(target)}.png") as part:
            part.write_bytes(png(curves_figure(sheet.curves, target), dpi=120))
    for one in sheet.easiest(strips):
        name = f"{_file_name(sheet.called(one))}-{label_slug(one.target)}.png"
        with whole_or_not_at_all(folder / "strips" / name) as part:
            part.write_bytes(png(flip_figure(one), dpi=150))
    write_robustness_page(folder / _PAGE, sheet, model=model, strips=strips)


def keep_robustness(
    folder: str | Path, sheet: Sheet, experiment: str, *, model: str, origin: str, settings: Mapping[str, Any]
) -> str:
    """Keep what was written as a run; returns its id.

    Args:
        folder: of `write_robustness`.
        sheet: of the recordings.
        experiment: id of the run's experiment.
        model: its name.
        origin: where the recordings come from.
        settings: of the threats and attacks.

    Raises:
        TrackingError: a store that fails.
    """
    tags = {**source_state(), "kind": "robustness of verdicts", "model": model, "data": origin[:500]}
    client = mlflow_client()
    run_id = str(client.create_run(experiment, run_name=f"robustness of {model[:60]}", tags=tags).info.run_id)
    try:
        for key, value in {**settings, "version": fhr.__version__}.items():
            client.log_param(run_id, key, value)
        for key, number in _metrics(sheet).items():
            client.log_metric(run_id, key, number)
        client.log_dict(run_id, environment(), "environment.json")
        client.log_text(run_id, "\n".join(sheet.lines), "words.txt")
        for name in (*_TABLES, _PAGE):
            client.log_artifact(run_id, str(Path(folder, name)))
    except BaseException as error:
        mark_stopped(run_id, error)
        raise
    client.set_terminated(run_id)
    return run_id


def _metrics(sheet: Sheet) -> dict[str, float]:
    """Sizes that half of the verdicts withstand, by label and threat."""
    found: dict[str, float] = {"records": len(sheet.sheets), "quarantined": len(sheet.quarantined)}
    found["broken"] = sum(len(one.broken) for one in sheet.sheets)
    for target in dict.fromkeys(one.target for one in sheet.sheets):
        some = [one for one in sheet.sheets if one.target == target]
        for threat in dict.fromkeys(row["threat"] for one in some for row in one.rows):
            if isfinite(size := size_for_half(some, threat)):
                found[f"half_certified/{label_slug(target)}/{threat}"] = size
    return found


def _file_name(record: str) -> str:
    """A name that every file system takes; one that had to be changed gets some digits of its own."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", record)[:100].lstrip(".")
    return plain if plain == record else f"{plain}-{sha256(record.encode()).hexdigest()[:8]}"
