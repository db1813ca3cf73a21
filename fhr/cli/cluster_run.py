"""Kinds of labour kept as a run of MLflow: settings, the number and its tests, table, words and figure."""

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import fhr
from fhr.clustering import Kinds
from fhr.tracking import environment, mark_stopped, mlflow_client, source_state

__all__ = ["keep_kinds"]

_SETTINGS = (
    *("embedding", "distance", "minutes", "step", "most_loss", "axes"),
    *("method", "asked", "most", "alpha", "references", "n_references", "repetitions", "seed"),
)


def keep_kinds(
    found: Kinds, experiment: str, *, origin: str, figure: str | None = None, differences: pd.DataFrame | None = None
) -> str:
    """Keep kinds as a run; returns its id.

    Args:
        found: by `fhr.clustering.find_kinds`, in an index.
        experiment: id of the run's experiment.
        origin: where the labours come from.
        figure: file of the figure that was drawn; None draws one.
        differences: of the kinds, see `fhr.clustering.what_distinguishes`; None where there is one kind.

    Raises:
        TrackingError: a store that fails.
    """
    tags = {**source_state(), "kind": "kinds of labour", "data": origin}
    tags["data_checksum"] = str(found.facts["data_checksum"])
    client, name = mlflow_client(), f"kinds of {origin[:60]}"
    run_id = str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)
    try:
        for key in _SETTINGS:
            client.log_param(run_id, key, found.facts[key])
        client.log_param(run_id, "version", fhr.__version__)
        for key, value in _metrics(found).items():
            client.log_metric(run_id, key, value)
        client.log_dict(run_id, environment(), "environment.json")
        client.log_dict(run_id, _facts(found), "kinds.json")
        client.log_text(run_id, found.words, "words.txt")
        client.log_text(run_id, found.table.to_csv(index=False), "kinds.csv")
        if differences is not None:
            client.log_text(run_id, differences.to_csv(), "differences.csv")
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder, "kinds.png") if figure is None else Path(figure)
            if figure is None:
                found.write_figures(drawn)
            client.log_artifact(run_id, str(drawn))
    except BaseException as error:
        mark_stopped(run_id, error)
        raise
    client.set_terminated(run_id)
    return run_id


def _metrics(found: Kinds) -> dict[str, float]:
    table = found.table
    return {
        "number": found.number,
        **{f"p/{kinds}": float(p) for kinds, p in found.p.items()},
        **{f"share/{kinds}": float(share) for kinds, share in found.p_of_number["share"].items()},
        "labours": len(found.points.labours),
        "left_out": len(found.points.left_out),
        "doubtful": int(table["doubtful"].sum()),
        "nowhere": float(found.nowhere.mean()),
        "membership": float(table["membership"].mean()),
    }


def _facts(found: Kinds) -> dict[str, Any]:
    """Settings and findings in plain types."""
    shares = found.p_of_number.reset_index().to_dict("records")
    tests = [{"kinds": test.kinds, "p": test.p, "gain": test.gain, **test.by_reference} for test in found.tests]
    told = {"lines": found.lines, "warnings": found.warnings, "left_out": dict(found.points.left_out)}
    return {**found.facts, "number": found.number, "tests": tests, "p_of_number": shares, **told}
