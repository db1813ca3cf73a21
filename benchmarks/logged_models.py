"""Seconds and bytes that a run's model of MLflow adds to it.

python benchmarks/logged_models.py RUN [RUN ...], in a folder that holds `mlruns`

The store is copied; there the models of each run are deleted, and one is logged anew as a fit or a cross-validation
does at its end, with everything imported, and once more, which finds it there. `linked` are bytes that take no room.
"""

import argparse
import shutil
import tempfile
import time
from contextlib import chdir
from pathlib import Path

from fhr.prediction import log_model
from fhr.tracking import ensure_store, mlflow_client


def main() -> None:
    """Print one row a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree("mlruns", Path(folder, "mlruns"))
        with chdir(folder):
            ensure_store()  # which notes the new place down
            measured(runs[0])  # which imports
            for run in runs:
                print(run, {name: round(value, 3) for name, value in measured(run).items()}, flush=True)


def measured(run: str) -> dict[str, float]:
    """Seconds for a run without a model, seconds where it is there, and its bytes."""
    client = mlflow_client()
    experiment = client.get_run(run).info.experiment_id
    for model in client.search_logged_models([experiment], f"source_run_id = '{run}'"):
        client.delete_logged_model(model.model_id)
    begun = time.monotonic()
    model_id = log_model(run)
    logged = time.monotonic()
    log_model(run)
    again = time.monotonic() - logged
    place = Path(client.get_logged_model(model_id).artifact_location.removeprefix("file://"))
    files = [path.stat() for path in place.rglob("*") if path.is_file()]
    linked = sum(file.st_size for file in files if file.st_nlink > 1)
    return {
        "seconds": logged - begun,
        "again": again,
        "bytes": sum(file.st_size for file in files),
        "linked": linked,
    }


if __name__ == "__main__":
    main()
