import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from warm_python import python

from fhr import __version__
from fhr.compute import spread
from fhr.datasets import CTUUHB, RecordingFolder
from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.features import METADATA_COLUMNS, FeatureSet, extract, extraction_chunk, parquet_table, read_features

ROOT = Path(__file__).resolve().parents[2]
FEATURES = FeatureSet(groups=("multiscale",), minutes=20.0)
CHUNK, STEP = 4, 10.0

# Kills itself, as `kill -9` would, after the third chunk of a run; its workers' process ids are on stdout.
KILLED = """
import multiprocessing, os, signal, sys
from fhr.features import FeatureSet, extract

def progress(done, total):
    if done >= 12:
        print(*(worker.pid for worker in multiprocessing.active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    features = FeatureSet(groups=("multiscale",), minutes=20.0)
    extract(sys.argv[1], sys.argv[2], features, step=10.0, chunk=4, workers=int(sys.argv[3]), progress=progress)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, simulated_folder) -> Path:
    """Some of the simulated recordings; the tests that change them copy them first."""
    folder = tmp_path_factory.mktemp("some")
    for path in sorted(simulated_folder.glob("s00[01]*")):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def database(folder) -> CTUUHB:
    return CTUUHB(folder)


@pytest.fixture(scope="module")
def expected(tmp_path_factory, folder) -> pd.DataFrame:
    """The table of one process, without interruption."""
    out = tmp_path_factory.mktemp("expected") / "table.parquet"
    result = extract(folder, out, FEATURES, step=STEP, chunk=CHUNK)
    assert (result.n_computed, result.quarantined, result.was_there) == (len(CTUUHB(folder)), {}, False)
    assert os.listdir(out.parent) == ["table.parquet"]
    return read_features(out)


def run(folder, out, **options):
    return extract(folder, out, **{"feature_set": FEATURES, "step": STEP, "chunk": CHUNK, **options})


def assert_same(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    """To the bit."""
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    assert table.attrs["provenance"]["data_checksum"] == expected.attrs["provenance"]["data_checksum"]


def test_a_row_for_each_window_of_each_record(database, expected):
    assert list(expected.columns) == [*(column.name for column in METADATA_COLUMNS), *FEATURES.names, "path"]
    assert expected["record"].unique().tolist() == database.names
    for original in list(database)[::7]:
        rows = expected[expected["record"] == original.name]
        windows = FEATURES.windows(original, step=STEP)
        assert rows["window"].tolist() == list(range(len(windows.fhr)))
        assert len(rows) == 1 + (original.duration / 60 - 20) // STEP
        for column in ("start", "end", "to_end"):
            np.testing.assert_array_equal(rows[f"{column}_s"], getattr(windows, column))
        np.testing.assert_array_equal(rows["end_s"] - rows["start_s"], 1200)
        np.testing.assert_array_equal(rows["end_s"] + rows["to_end_s"], original.duration)
        np.testing.assert_array_equal(rows["loss"], windows.loss)
        np.testing.assert_array_equal(rows[list(FEATURES.names)], FEATURES.compute(windows.fhr, windows.uc))


def test_the_last_window_is_what_training_and_prediction_see(database, expected):
    last = expected[expected["window"] == 0].set_index("record")[expected.attrs["features"]]
    for original in list(database)[:5]:
        np.testing.assert_allclose(last.loc[original.name], FEATURES(original), rtol=1e-9, atol=1e-12)
    assert np.isfinite(last.to_numpy()).mean() > 0.7


def test_every_column_says_what_it_is(expected):
    facts = expected.attrs["columns"]
    for role, columns in (("metadata", METADATA_COLUMNS), ("feature", FEATURES.columns)):
        for column in columns:
            assert facts[column.name] == {"role": role, "unit": column.unit, "description": column.description}
    assert expected.attrs["features"] == list(FEATURES.names)
    # Nothing that tells how long the recording was is a feature.
    for column in expected.attrs["features"]:
        assert not np.allclose(expected[column], expected["end_s"], equal_nan=True)
    json.dumps(expected.attrs)


def test_provenance(folder, database, expected):
    provenance = expected.attrs["provenance"]
    assert FeatureSet.from_dict(provenance["feature_set"]) == FEATURES
    assert provenance["feature_set_checksum"] == FEATURES.checksum
    assert provenance["data_checksum"] == database.checksum
    assert (provenance["step"], provenance["version"], provenance["origin"]) == (STEP, __version__, str(folder))
    assert (provenance["n_records"], provenance["n_windows"]) == (len(database), len(expected))
    assert provenance["quarantined"] == {}
    assert {"numpy", "scipy", "pyarrow", "git_commit"} <= set(provenance["environment"])
    assert provenance["device"] == "cpu"


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_chunks_do_not_matter(folder, expected, tmp_path, chunk):
    run(folder, tmp_path / "t.parquet", chunk=chunk)
    assert_same(read_features(tmp_path / "t.parquet"), expected)


def test_row_groups_do_not_matter(folder, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_table, "_ROWS", 30)
    run(folder, tmp_path / "t.parquet")
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups >= 3
    assert_same(read_features(tmp_path / "t.parquet"), expected)


@pytest.mark.process
def test_two_processes_give_the_same_bits(folder, expected, tmp_path):
    done = []
    result = run(folder, tmp_path / "t.parquet", workers=2, progress=lambda *counts: done.append(counts))
    assert result.n_computed == len(CTUUHB(folder))
    assert_same(read_features(tmp_path / "t.parquet"), expected)
    assert len(done) == 5
    assert done[-1] == (result.n_computed, result.n_computed)


@pytest.mark.process
def test_dask_gives_the_same_bits(folder, expected, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
    )
    with cluster:
        address = cluster.scheduler_address.replace("tcp", "dask")
        assert run(folder, tmp_path / "t.parquet", scheduler=address).n_computed == len(CTUUHB(folder))
    assert_same(read_features(tmp_path / "t.parquet"), expected)


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_after_a_kill_the_finished_chunks_are_kept(folder, expected, tmp_path, workers):
    out, parts = tmp_path / "t.parquet", tmp_path / "t.parquet.parts"
    (tmp_path / "killed.py").write_text(KILLED)
    environment = {**os.environ, "PYTHONPATH": path()}
    killed = python(tmp_path / "killed.py", folder, out, workers, folder=ROOT, environment=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    wait_until_gone(killed.stdout.split(), workers)
    assert not out.exists()
    kept = sorted(parts.glob("*.parquet"))
    assert len(kept) == 3 if workers == 1 else len(kept) >= 3  # workers go on until they notice
    before = {part: part.stat().st_mtime_ns for part in kept}
    stamps = []
    result = run(folder, out, progress=lambda *_: stamps.append({p: p.stat().st_mtime_ns for p in kept}))
    assert stamps[-1] == before  # not written again
    n_kept = sum(min(CHUNK, len(CTUUHB(folder)) - int(part.stem)) for part in kept)
    assert result.n_computed == len(CTUUHB(folder)) - n_kept
    assert_same(read_features(out), expected)
    assert sorted(os.listdir(tmp_path)) == ["killed.py", "t.parquet"]


def path() -> str:
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def wait_until_gone(pids: list[str], workers: int) -> None:
    """Workers of a killed run end by themselves."""
    assert len(pids) == (workers if workers > 1 else 0)
    if not os.path.isdir("/proc/self"):
        return
    deadline = time.monotonic() + 600
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlives the process that it worked for"
        time.sleep(0.05)


def _runs(pid: str) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.process
def test_an_interruption_waits_for_what_runs_and_no_longer(folder, tmp_path):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, tmp_path / "t.parquet", chunk=1, workers=2, progress=interrupt)
    # One is done, two run, and a few stand in the queue that cannot be called back; the workers have ended.
    assert multiprocessing.active_children() == []
    assert 1 <= len(list((tmp_path / "t.parquet.parts").glob("*.parquet"))) < len(CTUUHB(folder)) - 5


def test_after_an_interruption_the_finished_chunks_are_kept(folder, expected, tmp_path):
    def interrupt(done: int, total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    out = tmp_path / "t.parquet"
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, progress=interrupt)
    assert run(folder, out).n_computed == len(CTUUHB(folder)) - 8
    assert_same(read_features(out), expected)


def test_a_part_that_is_no_part_is_made_again(folder, expected, tmp_path):
    parts = tmp_path / "t.parquet.parts"
    parts.mkdir()
    (parts / "00000000.parquet").write_bytes(b"PAR1 and then the disk was full")
    assert run(folder, tmp_path / "t.parquet").n_computed == len(CTUUHB(folder))
    assert_same(read_features(tmp_path / "t.parquet"), expected)


def test_a_full_disk_is_said_and_loses_nothing(folder, expected, tmp_path, monkeypatch):
    write, out = pq.write_table, tmp_path / "t.parquet"

    def full(table, path, **options):
        write(table, path, **options)
        if "00000008" in str(path):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(FHRError, match=r"00000008.* cannot be written \(No space left on device\); make room"):
        run(folder, out)
    monkeypatch.undo()
    assert sorted(os.listdir(f"{out}.parts")) == ["00000000.parquet", "00000004.parquet", "lock"]
    assert run(folder, out).n_computed == len(CTUUHB(folder)) - 8
    assert_same(read_features(out), expected)


@pytest.mark.process
def test_a_dead_worker_is_an_error_that_says_what_to_do():
    with pytest.raises(FHRError, match=r"a worker process died .* is kept: go on from there, with fewer --wor"):
        list(spread(os._exit, [1, 2, 3], workers=2))


class Interrupted:
    """A run of a copy of the recordings, stopped in the middle, with what it left."""

    def __init__(self, folder: Path, tmp_path: Path) -> None:
        self.folder, self.out = shutil.copytree(folder, tmp_path / "copy"), tmp_path / "t.parquet"

        def stop(done: int, total: int) -> None:
            if done >= 8:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(self.folder, self.out, progress=stop)
        self.n = len(CTUUHB(self.folder))


@pytest.fixture
def interrupted(folder, tmp_path) -> Interrupted:
    return Interrupted(folder, tmp_path)


def test_another_feature_set_computes_all_again(interrupted):
    other = FeatureSet(groups=("multiscale",), minutes=20.0, multiscale={"p": 1.0})
    assert run(interrupted.folder, interrupted.out, feature_set=other).n_computed == interrupted.n


def test_another_step_computes_all_again(interrupted):
    assert run(interrupted.folder, interrupted.out, step=15.0).n_computed == interrupted.n


def test_other_source_or_libraries_compute_all_again(interrupted, monkeypatch):
    other = extraction_chunk.computed_by().replace("numpy ", "numpy 9")
    monkeypatch.setattr(extraction_chunk, "computed_by", lambda: other)
    assert run(interrupted.folder, interrupted.out).n_computed == interrupted.n
    assert read_features(interrupted.out).attrs["provenance"]["made_by"] == other
    monkeypatch.undo()
    with pytest.raises(FHRError, match=r"a table of other source or libraries \(numpy 9\S+ there, \S+ here\)"):
        run(interrupted.folder, interrupted.out)


def test_a_changed_recording_computes_its_chunk_again(interrupted, expected):
    names = CTUUHB(interrupted.folder).names
    replace_recording(interrupted.folder, names[1], names[-1])
    assert run(interrupted.folder, interrupted.out).n_computed == interrupted.n - CHUNK
    table = read_features(interrupted.out).set_index("record")
    other = expected.set_index("record")
    columns = list(FEATURES.names)
    np.testing.assert_array_equal(table.loc[names[1], columns], other.loc[names[-1], columns])
    np.testing.assert_array_equal(table.loc[names[0], columns], other.loc[names[0], columns])


def replace_recording(folder: Path, name: str, other: str) -> None:
    """Record `name` gets the signals of `other`."""
    shutil.copy(folder / f"{other}.dat", folder / f"{name}.dat")
    (folder / f"{name}.hea").write_text((folder / f"{other}.hea").read_text().replace(other, name))


def test_a_bad_recording_is_quarantined_and_the_others_go_on(folder, expected, tmp_path):
    copy, out = shutil.copytree(folder, tmp_path / "copy"), tmp_path / "t.parquet"
    names = CTUUHB(copy).names
    (copy / f"{names[3]}.hea").write_text("nonsense\n")
    with open(copy / f"{names[9]}.dat", "ab") as file:
        file.write(b"\x00" * 4)
    shorten(copy / f"{names[5]}", minutes=7)
    result = run(copy, out)
    assert list(result.quarantined) == [names[3], names[5], names[9]]
    assert "record line 'nonsense'" in result.quarantined[names[3]]
    assert "7.0 min of signal, shorter than one window of 20 min" in result.quarantined[names[5]]
    assert "the file is too long" in result.quarantined[names[9]]
    table = read_features(out)
    assert table.attrs["provenance"]["quarantined"] == result.quarantined
    rest = expected[~expected["record"].isin(result.quarantined)].reset_index(drop=True)
    pd.testing.assert_frame_equal(*(one.drop(columns="path") for one in (table, rest)), check_exact=True)
    assert (result.n_records, result.n_windows) == (len(names) - 3, len(rest))
    again = run(copy, out)
    assert again.was_there
    assert again.quarantined == result.quarantined
    # Once mended, only what it belongs to is made again, into another table.
    shutil.copy(folder / f"{names[3]}.hea", copy)
    with pytest.raises(FHRError, match=r"t\.parquet: holds a table that differs in data_checksum; choose another name"):
        run(copy, out)


def shorten(record: Path, minutes: float) -> None:
    from dataclasses import replace

    from fhr.formats import read_wfdb, write_wfdb

    whole = read_wfdb(record)
    n = round(minutes * 240)
    short = replace(whole, fhr=whole.fhr[:n], uc=whole.uc[:n], stage2_start=np.nan, history=())
    write_wfdb(short, record.parent)


def test_a_folder_of_bad_recordings_gives_no_table(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for header in copy.glob("*.hea"):
        header.write_text("nonsense\n")
    (tmp_path / "out").mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"none of its \d+ records can be used; the first, s00.*nonsense"):
        run(copy, tmp_path / "out" / "t.parquet")
    assert os.listdir(tmp_path / "out") == []


def test_the_same_table_is_not_made_again(folder, expected, tmp_path):
    out = tmp_path / "t.parquet"
    run(folder, out)
    before = hashlib.sha256(out.read_bytes()).hexdigest()
    for overwrite in (False, True):
        again = run(folder, out, overwrite=overwrite)
        assert (again.was_there, again.n_computed) == (True, 0)
        assert (again.n_records, again.n_windows) == (len(CTUUHB(folder)), len(expected))
    assert hashlib.sha256(out.read_bytes()).hexdigest() == before
    assert os.listdir(tmp_path) == ["t.parquet"]


def test_another_table_is_replaced_only_when_told(folder, tmp_path):
    out = tmp_path / "t.parquet"
    for present in (b"a table of one's own", None):
        if present:
            out.write_bytes(present)
            message = r"t\.parquet: is there, and is no feature table; choose another name, or overwrite it"
        else:
            message = r"t\.parquet: holds a table that differs in feature_set_checksum, step; choose another name"
        before = out.read_bytes()
        changed = {"feature_set": FeatureSet(groups=("multiscale",)), "step": 7.0} if not present else {}
        with pytest.raises(FHRError, match=message):
            run(folder, out, **changed)
        assert out.read_bytes() == before
        assert os.listdir(tmp_path) == ["t.parquet"]
        assert run(folder, out, overwrite=True, **changed).n_computed == len(CTUUHB(folder))
        assert read_features(out).attrs["provenance"]["step"] == changed.get("step", STEP)


def test_two_runs_do_not_write_one_table(folder, tmp_path):
    out, messages = tmp_path / "t.parquet", []

    def second(done: int, total: int) -> None:
        with pytest.raises(FHRError) as error:
            run(folder, out)
        messages.append(str(error.value))

    assert run(folder, out, progress=second).n_computed
    assert set(messages) == {f"{out}: another run is writing this table; wait for it, or choose another name"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0.0}, "windows with step=0.0 at 4 Hz"),
        ({"workers": 0}, "workers=0; give 1 or more processes"),
        ({"chunk": 0}, "chunk=0; give 1 or more records"),
        ({"scheduler": "http://localhost:1"}, "scheduler 'http://localhost:1'; give dask://HOST:PORT or tcp://"),
        ({"scheduler": "localhost:8786"}, "give dask://HOST:PORT"),
        ({"feature_set": FeatureSet(groups=("multiscale",), multiscale={"wavelet": "nonsense"})}, "nonsense"),
        ({"feature_set": FeatureSet(groups=("scalar",)), "device": "cuda"}, "device cuda: only the groups multiscale"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(folder, tmp_path, options, message):
    with pytest.raises(FHRError, match=message):
        run(folder, tmp_path / "t.parquet", **options)
    assert os.listdir(tmp_path) == []


def test_no_recording_is_written_over(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    signals = (copy / "s0001.dat").read_bytes()
    with pytest.raises(FHRError, match=r"s0001\.dat: it is among the recordings of .*copy; choose another file"):
        run(copy, copy / "s0001.dat", overwrite=True)
    assert (copy / "s0001.dat").read_bytes() == signals


def test_a_place_that_cannot_be_written(folder, tmp_path):
    for out in (tmp_path, tmp_path / "nowhere" / "t.parquet"):
        with pytest.raises(FHRError, match="cannot be written; name a file in a folder that exists"):
            run(folder, out)
    assert os.listdir(tmp_path) == []


def test_a_folder_without_recordings(tmp_path):
    for folder, message in (
        (tmp_path / "nowhere", "does not exist; give the folder that"),
        (tmp_path, "holds no recor"),
    ):
        with pytest.raises(DatasetNotFoundError, match=message) as ours:
            run(folder, tmp_path / "t.parquet")
        with pytest.raises(DatasetNotFoundError) as usual:
            RecordingFolder(folder)
        assert str(ours.value) == str(usual.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("second", ["s0001", "s0001.hea"])
def test_a_record_that_is_listed_twice(folder, tmp_path, second):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "RECORDS").write_text(f"s0001\ns0002\n{second}\n")
    with pytest.raises(FormatError, match="record 's0001' stands twice; keep one of them"):
        run(copy, tmp_path / "t.parquet")


def test_no_scheduler_answers(folder, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")

    def unreachable(*_, **__):
        raise OSError("Timed out trying to connect to tcp://127.0.0.1:9 after 20 s")

    monkeypatch.setattr(distributed, "Client", unreachable)
    with pytest.raises(
        FHRError, match=r"no Dask scheduler answers at dask://127.0.0.1:9 \(Timed out .* start one with"
    ):
        run(folder, tmp_path / "t.parquet", scheduler="dask://127.0.0.1:9")
    assert os.listdir(tmp_path) == []


def test_without_dask_the_extra_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FHRError, match=r"a scheduler needs Dask; install it: pip install 'intrapartum-fhr\[dask\]'"):
        run(folder, tmp_path / "t.parquet", scheduler="dask://localhost:8786")


def test_files_that_are_no_feature_tables(tmp_path):
    with pytest.raises(FHRError, match=r"nothing\.parquet: no whole feature table"):
        read_features(tmp_path / "nothing.parquet")
    (tmp_path / "text.parquet").write_text("record,window\n")
    with pytest.raises(FHRError, match=r"text\.parquet: no whole feature table"):
        read_features(tmp_path / "text.parquet")
    pd.DataFrame({"c1": [0.5]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(FHRError, match=r"other\.parquet: no whole feature table"):
        read_features(tmp_path / "other.parquet")
