"""The same command gives the same bytes."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def some(tmp_path_factory, simulated_folder) -> Path:
    """Twelve recordings."""
    folder = tmp_path_factory.mktemp("some")
    for path in sorted(simulated_folder.glob("s00*"))[:24]:
        shutil.copy(path, folder)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", "--n", "3", "--seed", "7", "--out", "made"],
        ["splits", "FOLDER", "--seed", "7", "--out", "splits.json"],
        ["features", "FOLDER", "--groups", "multiscale", "morphology", "--step", "30", "--out", "t.parquet"],
        ["predict", "FOLDER", "--run", "RUN", "--out", "risk.csv", "--timeline", "timeline.csv"],
        ["morphology", "FOLDER", "--out", "events.csv", "--summary", "summary.csv"],
        ["quality", "FOLDER", "--out", "ranges.csv"],
        ["plot", "FOLDER/s0001", "--minutes", "20", "--out", "strip.png"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_twice_the_same(run_fhr, runs, some, tmp_path, arguments):
    (checkpoint,) = (runs.folder / "mlruns").rglob(f"{runs.fit}/**/*.ckpt")
    places = {"RUN": str(checkpoint)}
    given = [places.get(part, part.replace("FOLDER", str(some))) for part in arguments]
    found = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        assert run_fhr(folder, *given).code == 0
        found.append(files(folder))
    assert found[0]
    assert found[0] == found[1]


def test_another_seed_gives_something_else(run_fhr, simulated_folder, tmp_path):
    for seed in ("1", "2"):
        assert run_fhr(tmp_path, "splits", simulated_folder, "--seed", seed, "--out", f"{seed}.json").code == 0
    first, second = ((tmp_path / f"{seed}.json").read_bytes() for seed in ("1", "2"))
    assert first != second


@pytest.mark.process
def test_features_do_not_depend_on_the_workers(run_fhr, some, tmp_path):
    for workers in ("1", "2"):
        (tmp_path / workers).mkdir()
        arguments = ["--groups", "multiscale", "--step", "30", "--workers", workers, "--out", "t.parquet"]
        assert run_fhr(tmp_path / workers, "features", some, *arguments).code == 0
    assert (tmp_path / "1/t.parquet").read_bytes() == (tmp_path / "2/t.parquet").read_bytes()
