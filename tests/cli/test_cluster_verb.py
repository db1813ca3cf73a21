"""`fhr cluster`: kinds of labour as table, words and figure, kept as a run, and resumed after a signal."""

import io
import re
import shutil

import pandas as pd
import pytest

import fhr
from fhr.clustering import METHODS, REFERENCES
from fhr.clustering.kept_repetitions import KeptRepetitions
from fhr.similarity import DISTANCES, EMBEDDINGS
from fhr.tracking import mlflow_client

SEARCH = ["--embedding", "raw", "--window", 20, "--axes", 2, "--repetitions", 3, "--reference-sets", 19, "--seed", 5]


@pytest.fixture(scope="module")
def few(simulated_folder, simulated_database, tmp_path_factory):
    """24 labours with enough signal, and a recording that is too short."""
    folder = tmp_path_factory.mktemp("few")
    whole = [one for one in simulated_database.recordings if pd.isna(one.fhr[-4800:]).mean() < 0.4]
    for recording in whole[:24]:
        for suffix in ("hea", "dat"):
            shutil.copy(simulated_folder / f"{recording.name}.{suffix}", folder)
    fhr.write_npz(fhr.Recording("short", whole[0].fhr[:2400], whole[0].uc[:2400], whole[0].fs), folder / "short.npz")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(run_fhr, few, tmp_path_factory):
    """The verb with its table on stdout, in a folder of its own."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    return folder, run_fhr(folder, "cluster", few, *SEARCH)


def test_table_words_and_run(uninterrupted, monkeypatch):
    folder, answer = uninterrupted
    assert answer.code == 1, answer.err  # a recording was left out
    assert "quarantined short: " in answer.err
    table = pd.read_csv(io.StringIO(answer.out), dtype={"kind": str})
    assert len(table) == 24
    assert (table["end_s"] - table["start_s"]).unique().tolist() == [1200]
    assert "fhr cluster: of 3 repetitions found" in answer.err
    assert "cannot be told apart" in answer.err
    assert "no evidence about fetuses" in answer.err
    assert "cluster" not in answer.err.replace("fhr cluster", "").replace("fhr.cli.cluster", "")  # but "kinds"
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = mlflow_client().get_run(re.search(r"run ([0-9a-f]{32})", answer.err)[1])
    assert run.info.status == "FINISHED"
    assert [run.data.params[name] for name in ("method", "minutes", "step")] == ["kmeans", "20.0", "inf"]
    assert run.data.metrics["number"] == table["kind"].drop(table.index[table["kind"] == "nowhere"]).astype(int).max()
    assert 0 < run.data.metrics["p/1"] <= 1
    files = {one.path for one in mlflow_client().list_artifacts(run.info.run_id)}
    assert files == {"environment.json", "kinds.csv", "kinds.json", "kinds.png", "words.txt"}
    assert list((folder / "mlruns" / "kinds").iterdir()) == []


def test_an_interrupted_search_goes_on_and_gives_the_same(uninterrupted, run_fhr, few, tmp_path, monkeypatch):
    save = KeptRepetitions.save

    def stopped(self, number, found):
        if number == 2:
            raise KeyboardInterrupt
        save(self, number, found)

    given = ["cluster", few, *SEARCH, "--out", "k.csv", "--figure", "k.pdf"]
    with monkeypatch.context() as patch:
        patch.setattr(KeptRepetitions, "save", stopped)
        first = run_fhr(tmp_path, *given, stopped=True)
    assert first.code == 130
    assert "repetitions kept: 2, in k.csv.parts; the same command goes on with them" in first.err
    assert not (tmp_path / "k.csv").exists()
    other = run_fhr(tmp_path, *given, "--alpha", 0.2)
    assert other.code == 2
    assert "k.csv.parts: holds repetitions of other labours or settings" in other.err
    again = run_fhr(tmp_path, *given)
    assert (again.code, again.out) == (1, "")
    assert "fhr cluster: 2 of 3 repetitions are kept in k.csv.parts" in again.err
    assert (tmp_path / "k.csv").read_text() == uninterrupted[1].out
    assert (tmp_path / "k.pdf").read_bytes().startswith(b"%PDF")
    assert {path.name for path in tmp_path.iterdir()} == {"k.csv", "k.pdf", "mlruns"}


def test_the_help_names_what_can_be_chosen(run_fhr, tmp_path):
    words = set(re.findall(r"\w+", run_fhr(tmp_path, "cluster", "--help").out))
    assert {*METHODS, *REFERENCES, *EMBEDDINGS, *DISTANCES} < words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "data folder 'nowhere' does not exist"),
        (["FEW", "--method", "kmean"], "--method kmean: not known; choose from agglomerative, gaussian_mixture"),
        (["FEW", "--out", "none/k.csv"], "--out none/k.csv: cannot be written"),
        (["FEW", "--figure", "k.svg"], "k.svg: suffix '.svg'"),
        (["FEW", "--figure", "none/k.png"], "--figure none/k.png: cannot be written"),
        (["FEW", "--embedding", "kernal"], "choose from kernel, log_leaders"),
        (["FEW", "--embedding", "raw", "--window", 600], "no labour with a window of 600 min"),
        (["FEW", "--embedding", "raw", "--window", 20, "--axes", 0], "axes=0; give a whole number"),
        (["FEW", "--run", "none.ckpt"], "none.ckpt"),
        (["FEW", "--outcomes", "none.csv"], "none.csv: no readable table of outcomes"),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(run_fhr, few, tmp_path, arguments, message):
    answer = run_fhr(tmp_path, "cluster", *(str(few) if one == "FEW" else one for one in arguments))
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kinds", 9], "kinds=9 for 24 labours; ask for 1 to 4 kinds"),
        (["--alpha", 0.01], "level 0.01 with 19 reference sets"),
        (["--references", "gausian"], "references gausian are not known; choose from gaussian, copula"),
        (["--repetitions", 0], "repetitions=0"),
    ],
)
def test_a_search_that_cannot_be_is_refused(run_fhr, few, uninterrupted, arguments, message):
    answer = run_fhr(uninterrupted[0], "cluster", few, *SEARCH, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err.splitlines()[-1]


@pytest.mark.statistics
def test_pairs_have_a_say_and_what_distinguishes_kinds_is_told(run_fhr, few, tmp_path, monkeypatch):
    names = sorted(one.stem for one in few.glob("*.hea"))
    rows = [f"{names[0]},{names[1]},must-link,3", f"{names[0]},{names[1]},cannot-link,1", f"{names[2]},nobody,unsure,1"]
    (tmp_path / "pairs.csv").write_text("\n".join(["first,second,relation,weight", *rows]))
    asked = ["--kinds", 2, "--pairs", "pairs.csv", "--surrogates", 2, "--out", "k.csv"]
    answer = run_fhr(tmp_path, "cluster", few, *SEARCH, *asked)
    assert answer.code == 1, answer.err  # the short recording
    assert "they count as a must-link of weight 2" in answer.err
    assert "nobody" in answer.err
    assert "without pairs" in answer.err
    assert "more of kinds than surrogates of" in answer.err
    assert "others made the kinds, and count no more" in answer.err
    table = pd.read_csv(tmp_path / "k.csv", index_col="record", dtype={"kind": str})
    both = table.loc[[int(one) for one in names[:2]]] if table.index.dtype.kind == "i" else table.loc[names[:2]]
    assert both["kind"].nunique() == 1
    assert not (tmp_path / "k.csv.parts").exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = re.search(r"run ([0-9a-f]{32})", answer.err)[1]
    assert "differences.csv" in {one.path for one in mlflow_client().list_artifacts(run)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--pairs", "none.csv"], "none.csv"),
        (["--pairs", "none.csv", "--labels", "ph<7.05"], "give one of them"),
        (["--labels", "ph"], "ph"),
    ],
)
def test_pairs_and_labels_that_cannot_be_are_refused(run_fhr, few, tmp_path, given, said):
    answer = run_fhr(tmp_path, "cluster", few, *SEARCH, *given)
    assert answer.code == 2, answer.err
    assert said in answer.err
