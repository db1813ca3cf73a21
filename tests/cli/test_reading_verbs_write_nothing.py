"""Verbs that only read leave an empty folder empty, and a store as it is."""

import shutil
from pathlib import Path

import pytest

RUN = "0" * 32
EMPTY_FOLDER = {
    "--help": (["--help"], 0),
    "--version": (["--version"], 0),
    "download --help": (["download", "--help"], 0),
    "fit --help": (["fit", "--help"], 0),
    "runs": (["runs"], 2),
    "compare": (["compare", RUN, "1" * 32], 2),
    "predict": (["predict", "{folder}", "--run", RUN], 2),
    "quality with a network": (["quality", "{folder}", "--run", RUN], 2),
    "test": (["test", "--run", RUN], 2),
    "quality": (["quality", "{folder}"], 0),
    "info": (["info", "{folder}", "--targets"], 0),
    "morphology": (["morphology", "{folder}"], 0),
    "splits": (["splits", "{births}", "--out", "{out}/splits.json"], 0),
    "plot": (["plot", "{folder}/s0001", "--out", "{out}/strip.png", "--minutes", "10"], 0),
    "similar": (["similar", "{folder}/s0001", "--among", "{folder}", "--embedding", "raw", "--step", "30"], 0),
    "simulate": (["simulate", "--n", "1", "--out", "{out}/simulated"], 0),
    "features": (["features", "{folder}", "--out", "{out}/features.parquet", "--groups", "scalar", "--step", "30"], 0),
}


@pytest.fixture(scope="module")
def few(births, tmp_path_factory) -> Path:
    """Two recordings."""
    folder = tmp_path_factory.mktemp("few")
    for name in ("s0001", "s0002"):
        for suffix in ("hea", "dat"):
            shutil.copy(births / f"{name}.{suffix}", folder)
    return folder


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of each file; of folders too, which a file that comes and goes would change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    }


@pytest.mark.parametrize(("arguments", "code"), EMPTY_FOLDER.values(), ids=EMPTY_FOLDER.keys())
def test_an_empty_folder_stays_empty(arguments, code, few, births, run_fhr, tmp_path):
    here, out = tmp_path / "here", tmp_path / "out"
    here.mkdir()
    out.mkdir()
    answer = run_fhr(here, *(part.format(folder=few, births=births, out=out) for part in arguments))
    assert answer.code == code, answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("verb", ["runs", "compare", "predict a fit", "predict all folds", "no such run"])
def test_a_store_stays_as_it_is(verb, runs, few, run_fhr):
    before = snapshot(runs.folder)
    arguments = {
        "runs": ["runs"],
        "compare": ["compare", runs.crossval, "predictions.csv"],
        "predict a fit": ["predict", few, "--run", runs.fit],
        "predict all folds": ["predict", few, "--run", runs.crossval],
        "no such run": ["predict", few, "--run", RUN],
    }[verb]
    answer = run_fhr(runs.folder, *arguments)
    assert answer.code == (2 if verb == "no such run" else 0), answer.err
    assert snapshot(runs.folder) == before
