"""A store that was renamed, copied, merged or carried elsewhere: its own files, and nothing in the old place."""

import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from fhr.errors import CheckpointError, TrackingError
from fhr.tracking import (
    RunFiles,
    ensure_experiment,
    ensure_store,
    find_run,
    folder_tags,
    hold_run,
    mlflow_client,
    new_run_folder,
    run_checkpoints,
    run_folder,
    run_state,
    store_moves,
)
from fhr.tracking.moved_store import folder_path, relocate

SAID = "checkpoint"


def make_run(content: str = SAID, *, params: bool = True, experiment: str = "fits") -> str:
    """A finished run of the store of the current folder, with one file among its checkpoints."""
    client, number = mlflow_client(), ensure_experiment(experiment)
    run_id = client.create_run(number, tags=folder_tags(new_run_folder())).info.run_id
    if params:
        client.log_param(run_id, "target", "ph<7.05")
    client.log_text(run_id, content, "checkpoints/finished.ckpt")
    client.set_terminated(run_id)
    return str(run_id)


def content(run_id: str) -> str:
    (path,) = run_checkpoints(run_id)
    return path.read_text()


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


def query(text: str, *values: object) -> list[tuple]:
    with closing(sqlite3.connect("mlruns/mlflow.db")) as store, store:
        return store.execute(text, values).fetchall()


@pytest.fixture
def enter(monkeypatch):
    """Goes to a folder, as another process would work there."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")

    def go(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        return folder

    return go


@pytest.fixture
def old(enter, tmp_path) -> Path:
    """The current folder, in which stores are made."""
    return enter(tmp_path / "old")


def test_a_renamed_folder(old, enter):
    run_id = make_run()
    new = old.rename(old.with_name("Größe µ, it's"))
    enter(new)
    before = snapshot(new)
    assert content(run_id) == SAID
    assert run_checkpoints(run_id)[0].is_relative_to(new)
    assert snapshot(new) == before  # reading writes nothing
    (move,) = store_moves()
    assert (move.old, move.new, move.runs, move.found) == (str(old / "mlruns"), new / "mlruns", 1, True)
    ensure_store()
    assert store_moves() == []
    uri = mlflow_client().get_run(run_id).info.artifact_uri
    assert uri == (new / "mlruns" / "artifacts" / run_id / "artifacts").as_uri()
    assert content(run_id) == SAID
    assert make_run("next") != run_id
    assert not old.exists()
    assert len(list((new / "mlruns" / "artifacts").iterdir())) == 2


@pytest.mark.parametrize("name", ["50%20", " what#is?this;a=b&c "])
def test_into_and_out_of_a_folder_whose_name_a_uri_would_change(name, old, enter):
    run_id = make_run()
    place = old.with_name(name)
    relocate(old.rename(place) / "mlruns" / "mlflow.db")
    with closing(sqlite3.connect(place / "mlruns" / "mlflow.db")) as store:
        ((uri,),) = store.execute("SELECT artifact_uri FROM runs")
    assert Path(local_file_uri_to_path(uri)) == place / "mlruns" / "artifacts" / run_id / "artifacts"  # as MLflow reads
    enter(place.rename(old.with_name("new")))
    assert content(run_id) == SAID
    ensure_store()
    assert content(run_id) == SAID


def test_a_copy_is_read_and_written_and_the_old_place_is_not(old, enter, caplog):
    run_id, _ = make_run(), make_run()
    new = enter(shutil.copytree(old, old.with_name("new")))
    before = snapshot(old)
    (new / "mlruns" / "artifacts" / run_id / "artifacts" / "checkpoints" / "finished.ckpt").write_text("of the copy")
    assert content(run_id) == "of the copy"
    mlflow_client().download_artifacts(run_id, "")  # MLflow remembers a place of the run
    later = make_run("later")
    assert caplog.messages == [f"the store was moved or copied from {old}/mlruns: its 2 runs are in {new / 'mlruns'}"]
    mlflow_client().log_text(run_id, "tested", "predictions.csv")
    assert content(later) == "later"
    assert (new / "mlruns" / "artifacts" / run_id / "artifacts" / "predictions.csv").read_text() == "tested"
    assert snapshot(old) == before
    enter(old)
    assert content(run_id) == SAID
    assert store_moves() == []


def test_a_copy_of_a_store_without_runs(old, enter):
    ensure_experiment("fits")
    new = enter(shutil.copytree(old, old.with_name("new")))
    run_id = make_run()
    assert not (old / "mlruns" / "artifacts").exists()
    assert (new / "mlruns" / "artifacts" / run_id).is_dir()


def test_it_is_noted_down_once(old, enter):
    make_run()
    new = enter(old.rename(old.with_name("new")))
    ensure_store()
    before = snapshot(new / "mlruns")
    ensure_store()
    assert {k: v for k, v in snapshot(new / "mlruns").items() if not k.endswith(".lock")} == {
        k: v for k, v in before.items() if not k.endswith(".lock")
    }


@pytest.mark.parametrize(
    "former",
    [r"C:\anna\study\mlruns", "file:///C:/anna/study/mlruns"],
)
def test_from_another_machine(former, old):
    """Its paths are of whatever system; so are those of unfinished work, which can go on here."""
    run_id = make_run()
    work = run_folder(find_run(run_id))
    place = old / "mlruns"
    query("UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)", place.as_uri(), former)
    query("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", place.as_uri(), former)
    plain = folder_path(former)
    query("UPDATE tags SET value = replace(value, ?, ?) WHERE key = 'fhr.folder'", str(place), plain)
    query("UPDATE tags SET value = 'elsewhere' WHERE key = 'fhr.host'")
    assert content(run_id) == SAID
    assert run_folder(find_run(run_id)) is None
    work.mkdir(parents=True)
    assert run_folder(find_run(run_id)) == work
    ensure_store()
    assert store_moves() == []
    run = find_run(run_id)
    assert (run_folder(run), run.data.tags["fhr.host"]) == (work, socket.gethostname())
    assert content(run_id) == SAID


def test_unfinished_work_of_the_copy(old, enter):
    """A run that goes on in the old place stands still in its copy."""
    folder = new_run_folder()
    with hold_run(folder):
        run_id = mlflow_client().create_run(ensure_experiment("fits"), tags=folder_tags(folder)).info.run_id
        mlflow_client().log_text(run_id, "x", "config.yaml")
        assert run_state(find_run(run_id)) == "RUNNING"
        new = enter(shutil.copytree(old, old.with_name("new")))
        assert run_state(find_run(run_id)) == "STALE"
        assert run_folder(find_run(run_id)) == new / "mlruns" / "checkpoints" / folder.name


def test_nothing_is_moved_while_a_process_works_there(old, enter):
    run_id = make_run()
    new = enter(old.rename(old.with_name("new")))
    with hold_run(new / "mlruns" / "checkpoints" / "abc"):
        with pytest.raises(TrackingError, match=r"was moved or copied here from .*old/mlruns, and a process works in"):
            ensure_store()
        assert content(run_id) == SAID
    ensure_store()


def test_a_linked_folder_was_not_moved(old, enter):
    run_id = make_run()
    place = (old / "mlruns").rename(old.with_name("disk"))
    (old / "mlruns").symlink_to(place)
    assert store_moves() == []
    assert content(run_id) == SAID
    new = enter(old.with_name("new"))
    (new / "mlruns").symlink_to(place)  # opened by another way, while the first one is there
    assert store_moves() == []
    (old / "mlruns").unlink()
    assert content(run_id) == SAID
    ensure_store()
    assert store_moves() == []


def test_what_no_folder_of_the_store_holds_is_left_alone(old, enter):
    places = ["s3://bucket/fits", "mlflow-artifacts:/1", "dbfs:/fits", "https://host/fits", "1/2", "file:///a/../b/1"]
    client, uris = mlflow_client(), {}
    for place in places:
        number = client.create_experiment(place, artifact_location="s3://bucket")
        run_id = client.create_run(number).info.run_id
        uris[run_id] = f"{place}/{run_id}/artifacts"
        query("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", uris[run_id], run_id)
        query("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", place, number)
    ours = make_run()
    enter(old.rename(old.with_name("new")))
    ensure_store()
    assert content(ours) == SAID
    assert {run_id: find_run(run_id).info.artifact_uri for run_id in uris} == uris
    left = {place for (place,) in query("SELECT artifact_location FROM experiments WHERE experiment_id > 0")}
    assert left >= {*places}


@pytest.mark.parametrize("name", ["disk", "artifacts"])
def test_a_place_that_a_user_chose(name, old, enter):
    """It is left alone while it is there, and named when it is not."""
    chosen = old.with_name("big") / name
    mlflow_client().create_experiment("chosen", artifact_location=chosen.as_uri())
    run_id, other = make_run(experiment="chosen"), make_run()
    enter(old.rename(old.with_name("new")))
    ensure_store()
    assert len(list(chosen.iterdir())) == 1
    assert content(run_id) == content(other) == SAID
    shutil.move(chosen.parent, old.with_name("unmounted"))
    with pytest.raises(
        TrackingError, match=rf"the files of run {run_id} are gone: {chosen}/.*; bring this folder back"
    ):
        run_checkpoints(run_id)
    ensure_store()
    shutil.move(old.with_name("unmounted"), chosen.parent)
    assert content(run_id) == SAID
    assert content(other) == SAID


def test_a_disk_that_is_missing_is_no_former_folder(old, enter):
    chosen = old.with_name("big") / "artifacts"
    mlflow_client().create_experiment("chosen", artifact_location=chosen.as_uri())
    enter(old.rename(old.with_name("new")))
    assert chosen.parent not in [Path(move.old) for move in store_moves()]
    ensure_store()
    assert mlflow_client().get_experiment_by_name("chosen").artifact_location == chosen.as_uri()


def test_two_stores_merged_by_hand(old, enter):
    """Rows of another store, with its files or without; what is not here is taken from where it is."""
    theirs = make_run("theirs", experiment="theirs"), make_run("left there", experiment="left")
    new = enter(old.with_name("new"))
    ours = make_run("ours")
    query("UPDATE experiments SET experiment_id = 7 WHERE name = 'fits'")
    query("UPDATE runs SET experiment_id = 7")
    with closing(sqlite3.connect("mlruns/mlflow.db")) as store, store:
        store.execute("ATTACH ? AS theirs", (str(old / "mlruns" / "mlflow.db"),))
        store.execute("INSERT INTO experiments SELECT * FROM theirs.experiments WHERE experiment_id > 0")
        for table in ("runs", "params", "tags"):
            store.execute(f"INSERT INTO {table} SELECT * FROM theirs.{table}")
    assert [content(run) for run in (ours, *theirs)] == ["ours", "theirs", "left there"]
    shutil.copytree(old / "mlruns" / "artifacts" / theirs[0], new / "mlruns" / "artifacts" / theirs[0])
    before = snapshot(old)
    ensure_store()
    assert content(ours) == "ours"
    assert run_checkpoints(theirs[0])[0].is_relative_to(new)
    with pytest.raises(TrackingError, match="are gone"):
        run_checkpoints(theirs[1])
    make_run("next", experiment="left")
    assert snapshot(old) == before


def test_the_database_alone_was_copied(old, enter):
    run_id = make_run()
    new = enter(old.with_name("new"))
    (new / "mlruns").mkdir()
    shutil.copy(old / "mlruns" / "mlflow.db", new / "mlruns")
    assert content(run_id) == SAID
    before = snapshot(old)
    assert make_run("new") in {path.name for path in (new / "mlruns" / "artifacts").iterdir()}
    assert snapshot(old) == before
    assert content(run_id) == SAID
    shutil.rmtree(old)
    with pytest.raises(TrackingError, match=r"are gone: .*/old/mlruns/.* is missing"):
        run_checkpoints(run_id)
    shutil.rmtree(new / "mlruns" / "artifacts")
    assert make_run("newer")
    assert not old.exists()


def test_a_database_elsewhere_keeps_its_files_beside_it(old, enter, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{old / 'store' / 'runs.db'}")
    run_id = make_run()
    assert (old / "store" / "artifacts" / run_id).is_dir()
    assert not (old / "mlruns" / "artifacts").exists()
    new = (old / "store").rename(old / "moved store")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{new / 'runs.db'}")
    assert content(run_id) == SAID
    make_run()
    assert not (old / "store").exists()


def test_what_mlflow_keeps_by_the_number_of_an_experiment(old, enter):
    """MLflow's own layout, of its first experiment."""
    run_id = mlflow_client().create_run("0").info.run_id
    query("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", f"{old}/mlruns/0")
    query("UPDATE runs SET artifact_uri = ?", f"{old}/mlruns/0/{run_id}/artifacts")
    mlflow_client().log_text(run_id, SAID, "checkpoints/finished.ckpt")
    mlflow_client().set_terminated(run_id)
    new = enter(old.rename(old.with_name("new")))
    assert content(run_id) == SAID
    ensure_store()
    assert (new / "mlruns" / "0" / run_id).is_dir()
    assert query("SELECT artifact_location FROM experiments WHERE experiment_id = 0") == [
        ((new / "mlruns" / "0").as_uri(),)
    ]


def test_models_of_the_registry_and_of_runs_move_too(old, enter):
    run_id = make_run()
    number = find_run(run_id).info.experiment_id
    at = (old / "mlruns" / "artifacts" / "models" / "m-1" / "artifacts").as_uri()
    query(
        "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, "
        "last_updated_timestamp_ms, status, lifecycle_stage) VALUES ('m-1', ?, 'n', ?, 0, 0, 2, 'active')",
        *(number, at),
    )
    client = mlflow_client()
    client.create_registered_model("fhr")
    client.create_model_version("fhr", at, run_id)
    new = enter(old.rename(old.with_name("new")))
    ensure_store()
    moved = (new / "mlruns" / "artifacts" / "models" / "m-1" / "artifacts").as_uri()
    assert query("SELECT artifact_location FROM logged_models") == [(moved,)]
    assert query("SELECT source FROM model_versions") == [(moved,)]


@pytest.mark.parametrize("lost", ["all files", "the folder of checkpoints", "one file"])
def test_a_store_that_was_deleted_half(lost, old):
    run_id = make_run()
    folder = old / "mlruns" / "artifacts" / run_id / "artifacts"
    shutil.rmtree({"all files": old / "mlruns" / "artifacts"}.get(lost, folder / "checkpoints"))
    if lost == "one file":
        with pytest.raises(
            TrackingError, match=rf"run {run_id} holds no config\.yaml: {folder}/config.yaml is missing"
        ):
            RunFiles().fetch(find_run(run_id), "config.yaml")
        return
    kind = TrackingError if lost == "all files" else CheckpointError
    said = f"the files of run {run_id} are gone: {folder} is missing" if kind is TrackingError else "holds no finished"
    with pytest.raises(kind, match=said):
        run_checkpoints(run_id)
    make_run("anew")


@pytest.mark.parametrize("name", ["plain", "a b", "50%20", "what#is?this", "Größe µ", "...", "ends "])
def test_paths_and_uris_say_the_same(name):
    path = PurePosixPath("/data") / name / "mlruns"
    assert folder_path(path.as_uri()) == folder_path(str(path)) == str(path)
    for drive in ("D:\\", r"\\server\share"):
        windows = PureWindowsPath(drive) / name / "mlruns"
        assert folder_path(windows.as_uri()) == folder_path(str(windows)) == windows.as_posix()
