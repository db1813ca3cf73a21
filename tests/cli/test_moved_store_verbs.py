"""Verbs on a store that was copied: they read and write the copy, and leave the old place as it is."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow.utils.file_utils import local_file_uri_to_path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def places(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as store:
        named = store.execute("SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM logged_models")
        return {str(uri) for (uri,) in named}


@pytest.fixture
def copied(runs, tmp_path) -> Path:
    """A copy of the folder with the runs, made as a user would."""
    return Path(shutil.copytree(runs.folder, tmp_path / "a copy"))


def test_reading(runs, copied, births, run_fhr):
    for run in (runs.fit, runs.crossval):
        there, here = (run_fhr(folder, "predict", births / "s0001", "--run", run) for folder in (runs.folder, copied))
        assert (here.code, here.out) == (0, there.out)
    shutil.rmtree(copied / "mlruns" / "artifacts" / runs.fit)
    lost = run_fhr(copied, "predict", births / "s0001", "--run", runs.fit)
    assert lost.code == 2
    gone = copied / "mlruns" / "artifacts" / runs.fit / "artifacts"
    assert f"fhr predict: the files of run {runs.fit} are gone: {gone} is missing; bring this" in lost.err
    (fold,) = sorted(find_folds(copied, runs.crossval))[:1]
    shutil.rmtree(copied / "mlruns" / "artifacts" / fold)
    half = run_fhr(copied, "predict", births / "s0001", "--run", runs.crossval)
    assert half.code == 2  # not the average of the folds that are left
    assert f"the files of run {fold} are gone" in half.err


def mlflow_pyfunc(folder: Path, run_id: str) -> Any:
    """The model of a run, as MLflow alone loads it."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}")
    try:
        return mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    finally:
        mlflow.set_tracking_uri(before)


def find_folds(folder: Path, run_id: str) -> list[str]:
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as store:
        text = "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId' AND value = ?"
        return [str(child) for (child,) in store.execute(text, (run_id,))]


def test_writing(runs, copied, births, run_fhr, plain_report):
    before = snapshot(runs.folder)
    dry = run_fhr(copied, "runs", "--relocate", "dry")
    n = sum("/models/" not in place for place in places(copied))  # other tests may have left some, too
    moved = f"the store was moved or copied from {runs.folder}/mlruns: its {n} runs are in {copied}/mlruns"
    assert (dry.code, dry.out, dry.err) == (0, "", f"fhr runs: {moved}\n")
    assert f"{moved}; `fhr runs --relocate` notes that down" in run_fhr(copied, "runs").err
    assert places(copied) == places(runs.folder)
    tested = run_fhr(copied, "test", "--run", runs.fit)
    assert (tested.code, tested.out) == (0, runs.answers["test"].out), tested.err
    assert moved in tested.err
    resumed = run_fhr(copied, "crossval", "--resume", runs.crossval)
    assert resumed.code == 0, resumed.err
    compared = run_fhr(copied, "compare", runs.crossval, "predictions.csv", "--log")
    assert compared.code == 0, compared.err
    again = run_fhr(copied, "runs", "--relocate")
    assert again.err == "fhr runs: nothing was moved: the store names the folder that it lies in\n"
    assert {place.startswith(f"{(copied / 'mlruns').as_uri()}/") for place in places(copied)} == {True}
    there = {place for place in places(runs.folder) if Path(local_file_uri_to_path(place)).is_dir()}
    for place in there:  # a run that was taken back has no files
        assert Path(local_file_uri_to_path(place.replace(runs.folder.as_uri(), copied.as_uri()))).is_dir()
    model = mlflow_pyfunc(copied, runs.fit)
    assert model.predict([str(births / "s0001")])["name"].tolist() == ["s0001"]
    assert snapshot(runs.folder) == before
