"""`fhr export`: a run as one file, which the verbs that predict and compare read as it is, away from its store."""

import io
import shutil
from pathlib import Path

import pandas as pd
import pytest

import fhr
from fhr.formats import RunFile


@pytest.fixture(scope="module")
def exported(runs, run_fhr, tmp_path_factory) -> dict[str, Path]:
    """The fit and the cross-validation as files, in a folder without a store."""
    folder = tmp_path_factory.mktemp("exported")
    for name, run_id in (("fit", runs.fit), ("crossval", runs.crossval)):
        answer = run_fhr(runs.folder, "export", run_id, folder / f"{name}.fhrrun")
        assert (answer.code, answer.out) == (0, ""), answer.err
        assert answer.err.startswith(f"run {run_id}, {5 * (name == 'crossval')} child runs, ")
        assert f"predict --run {folder / name}.fhrrun PATH..." in answer.err
    return {name: folder / f"{name}.fhrrun" for name in ("fit", "crossval")}


def test_the_same_run_gives_the_same_bytes(exported, runs, run_fhr, tmp_path):
    moved = Path(shutil.copytree(runs.folder, tmp_path / "moved"))
    assert run_fhr(moved, "export", runs.crossval, "again.fhrrun").code == 0
    assert (moved / "again.fhrrun").read_bytes() == exported["crossval"].read_bytes()


@pytest.mark.parametrize("name", ["fit", "crossval"])
def test_predictions_are_those_of_the_run(name, exported, runs, run_fhr, births, tmp_path):
    """Nothing is unpacked, nor is a store made."""
    there = run_fhr(runs.folder, "predict", births / "s0001", "--run", getattr(runs, name))
    here = run_fhr(tmp_path, "predict", births / "s0001", "--run", exported[name])
    assert (here.code, here.out) == (0, there.out)
    assert list(tmp_path.iterdir()) == []
    assert len(fhr.load(exported[name]).cards) == (1 if name == "fit" else 5)


def test_comparisons_are_those_of_the_run(exported, runs, run_fhr):
    both = [run_fhr(runs.folder, "compare", run, "predictions.csv") for run in (runs.crossval, exported["crossval"])]
    assert [answer.code for answer in both] == [0, 0]
    first, second = (pd.read_csv(io.StringIO(answer.out)) for answer in both)
    pd.testing.assert_frame_equal(first, second)


def test_a_recalibrated_model(exported, run_fhr, births, tmp_path):
    made = run_fhr(tmp_path, "evaluate", exported["crossval"], births, "--keep-fitted", "--recalibrate", "own")
    assert "births" in made.err  # all of these births are known to the model: it refuses, after it was loaded
    assert made.code == 2


def test_what_an_export_cannot_do(exported, runs, run_fhr, tmp_path):
    file = exported["fit"]
    tested = run_fhr(tmp_path, "test", "--run", file)
    assert (tested.code, tested.out) == (2, "")
    assert f"fhr test: --run {file}: an exported run is only read, and a test writes" in tested.err
    resumed = run_fhr(runs.folder, "crossval", "--resume", file)
    assert (resumed.code, resumed.out) == (2, "")
    for arguments, said in (
        ([runs.fit, "fit.zip"], "fhr export: FILE fit.zip: an exported run is called *.fhrrun; name it so"),
        (["0" * 32, "fit.fhrrun"], f"fhr export: there is no run '{'0' * 32}' in sqlite:///"),
        ([runs.fit, "none/fit.fhrrun"], "fhr export: FILE none/fit.fhrrun: cannot be written"),
    ):
        answer = run_fhr(runs.folder, "export", *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert said in answer.err
    assert not list(runs.folder.glob("*.fhrrun*"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[: len(data) // 2], "no whole exported run, its end is missing; copy it again"),
        (lambda data: data.replace(b'"FINISHED"', b'"FAILED!!"', 1), "damaged or edited ("),
        (lambda data: b"", "no whole exported run"),
    ],
    ids=["cut", "edited", "empty"],
)
def test_a_spoilt_export(spoil, said, exported, run_fhr, births, tmp_path):
    (tmp_path / "a.fhrrun").write_bytes(spoil(exported["fit"].read_bytes()))
    for arguments in (
        ["predict", births / "s0001", "--run", "a.fhrrun"],
        ["compare", "a.fhrrun", exported["crossval"]],
    ):
        answer = run_fhr(tmp_path, *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert f"a.fhrrun: {said}" in answer.err
        assert len(answer.err.splitlines()) <= 2


def test_what_it_holds(exported, runs):
    with RunFile(exported["crossval"]) as held:
        assert held.run.run_id == runs.crossval
        assert held.run.tags["kind"] == "cross-validation"
        assert {run.parent for run in held.runs[1:]} == {runs.crossval}
        assert "predictions.csv" in held.names(held.run)
        assert b"test/auroc" in held.metrics(held.run)
        assert len(held.checkpoints()) == 5
