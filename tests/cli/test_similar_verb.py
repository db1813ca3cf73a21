"""`fhr similar`: the labours of a database that are most like a recording, as table, words, figure and page."""

import io
import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest

import fhr
from fhr.similarity import DISTANCES, EMBEDDINGS, open_index


@pytest.fixture(scope="module")
def index(simulated_folder, tmp_path_factory):
    """The index of 60 labours by their raw signals."""
    folder = tmp_path_factory.mktemp("kept") / "index"
    open_index(simulated_folder, "raw", step=20, folder=folder)
    return folder


def test_table_words_and_exit_code(run_fhr, simulated_folder, index, tmp_path):
    query = simulated_folder / "s0001"
    answer = run_fhr(tmp_path, "similar", query, "--among", index, "--k", 4, "--target", "ph<=7.15", "--fdr", "by")
    assert answer.code == 0, answer.err
    matches = fhr.similar(query, index, k=4, targets=["ph<=7.15"], fdr="yekutieli")
    found = pd.read_csv(io.StringIO(answer.out))
    assert list(found) == list(matches.table)
    assert found["record"].tolist() == matches.table["record"].tolist()
    assert "s0001" not in set(found["record"])
    for line in matches.words.splitlines():
        assert f"fhr similar: {line}\n" in answer.err
    assert "no evidence about fetuses" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_searched_with_its_own_windows_and_the_index_is_kept(run_fhr, simulated_folder, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for name in ("s0001", "s0002"):
        for suffix in ("hea", "dat"):
            shutil.copy(simulated_folder / f"{name}.{suffix}", few)
    fhr.write_npz(replace(fhr.read(simulated_folder / "s0003"), outcome=fhr.recording.Outcome()), few / "s0003.npz")
    (tmp_path / "births.csv").write_text("record,pH\ns0003,7.31\n")
    given = ["--window", 15, "--step", 30, "--most-loss", 0.6, "--distance", "mahalanobis", "--embedding"]
    given += ["order_statistics", "--end", 1800, "--own", "--index", "kept", "--out", "m.csv"]
    given += ["--outcomes", "births.csv"]
    answer = run_fhr(tmp_path, "similar", few / "s0002", "--among", few, *given)
    assert (answer.code, answer.out) == (0, "")
    assert "no p-values are told" in answer.err
    found = pd.read_csv(tmp_path / "m.csv")
    assert found[["query_start_s", "query_end_s"]].drop_duplicates().to_numpy().tolist() == [[900, 1800]]
    assert set(found["record"]) == {"s0001", "s0002", "s0003"}
    assert found.set_index("record").loc["s0003", "ph"] == 7.31
    kept = open_index(tmp_path / "kept").index
    assert (kept.minutes, kept.step, kept.most_loss, kept.distance.name) == (15, 30, 0.6, "mahalanobis")


def test_the_help_names_what_can_be_compared(run_fhr, tmp_path):
    words = set(re.findall(r"\w+", run_fhr(tmp_path, "similar", "--help").out))
    assert {*EMBEDDINGS, *DISTANCES} < words


def test_figures_and_page(run_fhr, simulated_folder, index, tmp_path):
    given = ["--among", index, "--k", 1, "--out", "m.csv"]
    one = run_fhr(tmp_path, "similar", simulated_folder / "s0001", *given, "--figure", "a.png", "--page", "p.html")
    assert one.code == 0, one.err
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "How they were found" in (tmp_path / "p.html").read_text(encoding="utf-8")
    queries = [simulated_folder / "s0001", simulated_folder / "s0002"]
    two = run_fhr(tmp_path, "similar", *queries, *given, "--figure", "a.png")
    assert two.code == 2
    assert "--figure a.png: 2 queries; name a .pdf" in two.err
    assert run_fhr(tmp_path, "similar", *queries, *given, "--figure", "a.pdf").code == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_queries_that_cannot_be_used_are_named(run_fhr, simulated_database, index, tmp_path):
    recording = simulated_database.recordings[0]
    n = round(600 * recording.fs)
    short = fhr.Recording("short", recording.fhr[:n], recording.uc[:n], recording.fs)
    odd = fhr.Recording("odd", recording.fhr[:5400], recording.uc[:5400], 3.0)
    for one in (short, odd):
        fhr.write_npz(one, tmp_path / f"{one.name}.npz")
    fhr.write_npz(recording, tmp_path / "whole.npz")
    names = ["whole.npz", "short.npz", "odd.npz", "none.npz"]
    answer = run_fhr(tmp_path, "similar", *names, "--among", index, "--k", 2)
    assert answer.code == 1
    assert len(pd.read_csv(io.StringIO(answer.out))) == 2
    for name in ("short", "odd", "none.npz"):
        assert f"quarantined {name}: " in answer.err
    assert run_fhr(tmp_path, "similar", "short.npz", "--among", index).code == 2


def test_a_run_compares_what_its_network_pools(run_fhr, runs, births, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for i in range(1, 7):
        for suffix in ("hea", "dat"):
            shutil.copy(births / f"s{i:04d}.{suffix}", few)
    given = ["--among", few, "--step", 60, "--run", runs.fit, "--index", tmp_path / "kept"]
    answer = run_fhr(runs.folder, "similar", few / "s0001", *given)
    assert answer.code == 0, answer.err
    found = pd.read_csv(io.StringIO(answer.out))
    assert (found["query_end_s"] - found["query_start_s"]).unique().tolist() == [1200]  # the window of the run
    assert set(found["unit"]) == {"SD"}
    assert re.search(r"learnt from [1-9]\d* of the \d+ labours of the database: how those ended is no test", answer.err)
    again = run_fhr(runs.folder, "similar", few / "s0001", "--among", tmp_path / "kept", "--run", runs.fit)
    assert again.out == answer.out
    other = run_fhr(runs.folder, "similar", few / "s0001", "--among", tmp_path / "kept")
    assert other.code == 2
    assert "give that function" in other.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--among", "nowhere"], "data folder 'nowhere' does not exist"),
        (["--among", "INDEX", "--k", 0], "k=0; give a whole number of at least 1"),
        (["--among", "INDEX", "--surrogates", -1], "surrogates=-1"),
        (["--among", "INDEX", "--window", 30], "minutes=30.0: what it is compared with"),
        (["--among", "INDEX", "--most-loss", 0.1], "has most_loss 0.5; leave it out"),
        (["--among", "INDEX", "--index", "kept"], "is an index already; leave out"),
        (["--among", "INDEX", "--embedding", "kernal"], "choose from kernel, log_leaders"),
        (["--among", "INDEX", "--end", 1e7], "end it within the recording"),
        (["--among", "INDEX", "--target", "ph"], "target 'ph' is not defined"),
        (["--among", "INDEX", "--figure", "a.svg"], "a.svg: suffix '.svg'"),
        (["--among", "INDEX", "--figure", "none/a.png"], "--figure none/a.png: cannot be written"),
        (["--among", "INDEX", "--page", "none/a.html"], "--page none/a.html: cannot be written"),
        (["--among", "INDEX", "--outcomes", "b.csv"], "b.csv: outcomes are joined with a folder of recordings"),
        (["--among", "INDEX", "--out", "."], "--out .: cannot be written"),
        (["--among", "INDEX", "--run", "none.ckpt"], "none.ckpt"),
        (["--among", "FOLDER", "--index", "INDEX", "--embedding", "raw"], "holds an index of other settings (step)"),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(run_fhr, simulated_folder, index, tmp_path, arguments, message):
    places = {"INDEX": str(index), "FOLDER": str(simulated_folder)}
    answer = run_fhr(tmp_path, "similar", simulated_folder / "s0001", *(places.get(one, one) for one in arguments))
    assert (answer.code, answer.out) == (2, "")
    (line,) = (
        [line for line in answer.err.splitlines() if not line.endswith(f"with {places[arguments[1]]}")]
        if (arguments[1] in places)
        else answer.err.splitlines()[-1:]
    )
    assert line.startswith("fhr similar: ")
    assert message.replace("INDEX", str(index)) in line
    assert list(tmp_path.iterdir()) == []
