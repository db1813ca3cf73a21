"""A run with its child runs in plain types, and as one file."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fhr.errors import CheckpointError, FormatError, TrackingError
from fhr.formats import RunFile, write_run_file
from fhr.formats.archives.sealed_archive import write_sealed
from fhr.tracking import ensure_experiment, folder_tags, kept_runs, mlflow_client


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return mlflow_client()


@pytest.fixture
def make(client):
    """Makes a finished run with a file of its own."""

    def run(parent: str = "", status: str = "FINISHED", checkpoint: str = "") -> str:
        tags = {"mlflow.parentRunId": parent} if parent else {"target": "ph<7.05", **folder_tags(Path("x"))}
        run_id = str(client.create_run(ensure_experiment("fits"), run_name="a name", tags=tags).info.run_id)
        client.log_param(run_id, "fold", "0")
        for step, value in enumerate((0.5, float("nan"))):
            client.log_metric(run_id, "val/loss", value, timestamp=step, step=step)
        client.log_text(run_id, "é", "a b/é.txt")
        if checkpoint:
            client.log_text(run_id, checkpoint, "checkpoints/one.ckpt")
        client.set_terminated(run_id, status)
        return run_id

    return run


def test_a_run_with_those_below_it(client, make, tmp_path):
    parent = make()
    children = [make(parent, checkpoint="first"), make(parent, "FAILED")]
    below = make(children[0], checkpoint="of a fold's fold")
    make()
    runs = kept_runs(parent, tmp_path)
    listed = [one.info.run_id for one in client.search_runs(["1"], f"tags.`mlflow.parentRunId` = '{parent}'")]
    assert sorted(listed) == sorted(children)
    assert [run.run_id for run in runs] == [parent, *listed, below]  # models are averaged in the order of the store
    first = runs[0]
    assert (first.experiment, first.name, first.status, first.parent) == ("fits", "a name", "FINISHED", "")
    assert first.parameters == {"fold": "0"}
    assert first.tags["target"] == "ph<7.05"
    assert not {"fhr.folder", "fhr.host"} & {*first.tags}
    assert [row[:3] for row in first.metrics] == [("val/loss", 0, 0), ("val/loss", 1, 1)]
    assert [*first.files] == ["a b/é.txt"]
    path = write_run_file(tmp_path / "run.fhrrun", runs)
    with RunFile(path) as exported:
        assert exported.runs == tuple(run._replace(metrics=(), files={}) for run in runs)
        assert exported.read(exported.run, "a b/é.txt").decode() == "é"
        assert exported.metrics(exported.run) == b"metric,step,time,value\nval/loss,0,0,0.5\nval/loss,1,1,nan\n"
        assert [(run.run_id, name) for run, name in exported.checkpoints()] == [(children[0], "checkpoints/one.ckpt")]
    again = write_run_file(tmp_path / "again.fhrrun", kept_runs(parent, tmp_path))
    assert again.read_bytes() == path.read_bytes()


def test_of_a_run_that_has_its_own_checkpoint(client, make, tmp_path):
    parent = make(checkpoint="own")
    make(parent, checkpoint="of a child")
    with RunFile(write_run_file(tmp_path / "run.fhrrun", kept_runs(parent, tmp_path))) as exported:
        assert [exported.read(*one) for one in exported.checkpoints()] == [b"own"]


def test_runs_that_name_each_other_as_parents(client, make, tmp_path):
    one = make()
    other = make(one)
    client.set_tag(one, "mlflow.parentRunId", other)
    assert [run.run_id for run in kept_runs(one, tmp_path)] == [one, other]


def test_files_that_are_copied_from_elsewhere(client, make, tmp_path, monkeypatch):
    """As from a server: MLflow fetches them."""
    run_id = make(checkpoint="c")
    monkeypatch.setattr("fhr.tracking.run_files.RunFiles.local", lambda files, run: None)
    (run,) = kept_runs(run_id, tmp_path)
    assert {name: path.is_relative_to(tmp_path / run_id) for name, path in run.files.items()} == {
        "a b/é.txt": True,
        "checkpoints/one.ckpt": True,
    }


@pytest.mark.parametrize(("status", "told"), [("RUNNING", "STALE"), ("FAILED", "FAILED"), ("KILLED", "KILLED")])
def test_a_run_that_is_not_finished(status, told, make, tmp_path):
    run_id = make(status=status)
    with pytest.raises(CheckpointError, match=f"run {run_id} is {told}; let it end first, or give another run"):
        kept_runs(run_id, tmp_path)


def test_no_such_run(client, tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no run 'x\.ckpt' in sqlite:///.*; `fhr runs` lists the runs"):
        kept_runs("x.ckpt", tmp_path)


NO_FILE, NOT_ITS_OWN = "which is a link or no regular file; put the file there", "are not its own: "


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("a link", NO_FILE),
        ("a link to a folder", NO_FILE),
        ("a pipe", NO_FILE),
        ("a linked folder", NOT_ITS_OWN),
        ("another folder", NOT_ITS_OWN),
    ],
)
def test_files_that_are_not_the_runs_own(what, said, client, make, tmp_path):
    """A store of a stranger would take files of this machine along."""
    run_id = make()
    place = Path("mlruns", "artifacts", run_id, "artifacts")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    if what == "a link":
        (place / "key").symlink_to(tmp_path / "secret" / "key")
    elif what == "a link to a folder":
        (place / "all").symlink_to(tmp_path / "secret")
    elif what == "a pipe":
        os.mkfifo(place / "pipe")
    elif what == "a linked folder":
        place.rename(tmp_path / "artifacts")
        place.symlink_to(tmp_path / "secret")
    else:
        with closing(sqlite3.connect("mlruns/mlflow.db")) as store, store:
            store.execute("UPDATE runs SET artifact_uri = ?", ((tmp_path / "secret").as_uri(),))
    with pytest.raises(TrackingError, match=said):
        kept_runs(run_id, tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda runs: {},
        lambda runs: [],
        lambda runs: runs * 2,
        lambda runs: [{**runs[0], "run_id": "../x"}],
        lambda runs: [{**runs[0], "tags": {"target": 3}}],
        lambda runs: [{**runs[0], "tags": ["target"]}],
        lambda runs: [{**runs[0], "start": "yesterday"}],
        lambda runs: [{key: value for key, value in runs[0].items() if key != "name"}],
    ],
)
def test_a_list_of_runs_that_is_none(spoil, tmp_path):
    plain = {"run_id": "a1", "parent": "", "experiment": "", "name": "", "status": "FINISHED", "start": 0, "end": None}
    runs = [{**plain, "parameters": {}, "tags": {"target": "ph<7.05"}}]
    path = tmp_path / "a.fhrrun"
    write_sealed(path, "exported run", 1, [("runs.json", json.dumps(runs).encode())])
    with RunFile(path) as exported:
        assert exported.run.tags == {"target": "ph<7.05"}
    write_sealed(path, "exported run", 1, [("runs.json", json.dumps(spoil(runs)).encode())])
    with pytest.raises(
        FormatError, match=r"a.fhrrun: (no exported run|damaged or edited) \(.*\); (export|copy) it again"
    ):
        RunFile(path)


def test_another_suffix(make, tmp_path):
    with pytest.raises(FormatError, match=r"suffix '\.zip'; the exported run is called \.fhrrun"):
        write_run_file(tmp_path / "a.zip", kept_runs(make(), tmp_path))
