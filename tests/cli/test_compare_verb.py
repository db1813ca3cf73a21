"""`fhr compare`: runs and files of predictions in pairs, on stdout, in figures and back in MLflow."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from fhr.evaluation.comparison import COMPARED, compare
from fhr.tracking import mlflow_client


def made(signal: float, seed: int, flip: bool = False) -> pd.DataFrame:
    generator, label = np.random.default_rng(seed), np.arange(60) % 3 == 0
    score = generator.normal(size=60) + signal * label
    rows = {"name": [str(1001 + i) for i in range(60)], "repeat": 0, "fold": np.arange(60) % 5}
    return pd.DataFrame(rows).assign(
        label=(label != flip).astype(int), score=score, probability=1 / (1 + np.exp(-score))
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A folder with an MLflow store of a few small runs, and their ids by what they are."""
    folder, patch = tmp_path_factory.mktemp("store"), pytest.MonkeyPatch()
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.chdir(folder)
    (folder / "mlruns").mkdir()
    client, ids = mlflow_client(), {}
    experiment = client.create_experiment("births", artifact_location=(folder / "mlruns/artifacts").as_uri())

    def add(kind: str, predictions: pd.DataFrame | None, *, name: str, status: str = "FINISHED", **tags: str) -> None:
        ids[kind] = client.create_run(experiment, run_name=name, tags={"target": "ph<7.05", **tags}).info.run_id
        if predictions is not None:
            client.log_text(ids[kind], predictions.to_csv(index=False), "predictions.csv")
        client.set_terminated(ids[kind], status)

    add("weak", made(0.3, 0), name="network")
    add("strong", made(1.8, 1), name="network")
    add("third", made(0.9, 2), name="forest")
    add("stopped", made(0.9, 2), name="network", status="FAILED")
    add("fold", made(0.9, 2), name="repeat 0 fold 0", **{"mlflow.parentRunId": ids["weak"]})
    add("fit", made(0.9, 2).drop(columns=["repeat", "fold"]), name="fit")
    for seed in range(3, 6):
        add(f"fit {seed}", made(0.9, seed).drop(columns=["repeat", "fold"]), name="fit")
    add("samples", made(0.9, 2)[["name"]].assign(measured="fhr"), name="false signals")
    add("bare", None, name="bare")
    add("other label", made(0.9, 2, flip=True), name="network", target="ph<=7.15")
    add("other folds", made(0.9, 2).assign(fold=0), name="network")
    patch.undo()
    return folder, ids


@pytest.fixture
def client(store, monkeypatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(store[0])
    return mlflow_client()


def everything(client: MlflowClient) -> list:
    return list(client.search_runs([experiment.experiment_id for experiment in client.search_experiments()]))


def test_two_runs(store, run_fhr, client):
    folder, ids = store
    before = len(everything(client))
    answer = run_fhr(folder, "compare", ids["weak"], ids["strong"])
    assert answer.code == 0, answer.err
    assert "one repeat: training's variance is unknown" in answer.err
    table = pd.read_csv(io.StringIO(answer.out))
    names = {kind: f"network {ids[kind][:8]}" for kind in ("weak", "strong")}
    expected = compare({names["weak"]: made(0.3, 0), names["strong"]: made(1.8, 1)})
    pd.testing.assert_frame_equal(table, expected)
    assert table["metric"].tolist() == list(COMPARED)
    assert len(everything(client)) == before
    assert sorted(path.name for path in folder.iterdir()) == ["mlruns"]


def test_a_file_in_the_place_of_a_run(store, run_fhr, tmp_path):
    made(0.3, 0).rename(columns={"name": "record"}).to_csv(tmp_path / "weak.csv.gz", index=False)
    answer = run_fhr(store[0], "compare", tmp_path / "weak.csv.gz", store[1]["third"], "--out", tmp_path / "table.csv")
    assert (answer.code, answer.out) == (0, ""), answer.err
    table = pd.read_csv(tmp_path / "table.csv")
    assert set(table["against"]) == {"weak"}
    assert set(table["model"]) == {"forest"}
    made(0.9, 3).to_csv(tmp_path / "strong.csv", index=False)
    answer = run_fhr(tmp_path, "compare", "weak.csv.gz", "strong.csv")
    assert answer.code == 0, answer.err
    assert not (tmp_path / "mlruns").exists()


def test_tested_fits_of_one_fold(store, run_fhr, tmp_path):
    """Two fits alone, then fits with other seeds as repeats; a CSV of one fold in the place of a run."""
    folder, ids = store
    answer = run_fhr(folder, "compare", ids["fit"], ids["fit 3"])
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("metric")
    assert table["sd_training"].isna().all()
    assert table["note"].str.startswith("one repeat: training's variance is unknown").all()
    made(0.3, 0).drop(columns=["repeat", "fold"]).to_csv(tmp_path / "a.csv", index=False)
    made(0.3, 1).drop(columns=["repeat", "fold"]).to_csv(tmp_path / "b.csv", index=False)
    answer = run_fhr(
        folder, "compare", f"{tmp_path / 'a.csv'},{tmp_path / 'b.csv'}", f"{ids['fit 3']},{ids['fit 4']},{ids['fit 5']}"
    )
    assert answer.code == 0, answer.err
    assert "one fold: training's variance is that of the seeds" in answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("metric")
    assert set(table["against"]) == {"a (2 fits)"}
    assert set(table["model"]) == {"fit (3 fits)"}
    assert (table["repeats"] == 2).all()
    assert (table.loc["auroc", ["sd_training", "detectable"]] > 0).all()


def test_fits_that_are_no_repeats(store, run_fhr, tmp_path):
    folder, ids = store
    made(0.9, 3).iloc[1:].drop(columns=["repeat", "fold"]).to_csv(tmp_path / "short.csv", index=False)
    made(0.9, 3).drop(columns=["repeat", "fold", "label"]).to_csv(tmp_path / "bare.csv", index=False)
    for given, message in (
        (f"{ids['fit 3']},{ids['fit 3']}", f"{ids['fit 3']} has the scores of {ids['fit 3']}, and says nothing of"),
        (f"{ids['fit 3']},{ids['weak']}", f"{ids['weak']} is no fit of one fold; only such fits are joined by commas"),
        (f"{ids['fit 3']},{tmp_path / 'short.csv'}", "short.csv tests other records than"),
        (f"{ids['fit 3']},nonsense", "'nonsense' is neither a file nor a run"),
        (f"{ids['fit 3']},{tmp_path / 'bare.csv'}", "bare.csv: no column 'label'"),
    ):
        answer = run_fhr(folder, "compare", ids["fit"], given)
        assert (answer.code, answer.out) == (2, "")
        assert message in answer.err


def test_figures(store, run_fhr, tmp_path):
    runs = [store[1][kind] for kind in ("weak", "strong", "third")]
    answer = run_fhr(store[0], "compare", *runs, "--figures", tmp_path / "new" / "figures")
    assert answer.code == 0, answer.err
    assert (tmp_path / "new" / "figures" / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_a_comparison_is_kept_where_it_is_asked_for(store, run_fhr, client):
    folder, ids = store
    known = {one.info.run_id for one in everything(client)}
    answer = run_fhr(folder, "compare", ids["weak"], ids["strong"], "--log")
    assert answer.code == 0, answer.err
    (kept,) = [one for one in everything(client) if one.info.run_id not in known]
    assert kept.info.status == "FINISHED"
    assert kept.info.experiment_id == client.get_run(ids["weak"]).info.experiment_id
    assert kept.data.tags["comparison"] == f"{ids['weak']} {ids['strong']}"
    assert (kept.data.tags["kind"], kept.data.tags["target"]) == ("comparison", "ph<7.05")
    table = pd.read_csv(io.StringIO(answer.out)).set_index("metric")
    for metric, row in table.iterrows():
        ends = {"": "difference", "_low": "low", "_high": "high", "_p": "p_holm", "_detectable": "detectable"}
        for suffix, column in ends.items():
            assert kept.data.metrics[f"difference/{metric}{suffix}"] == pytest.approx(row[column])
    text = client.download_artifacts(kept.info.run_id, "comparison.csv")
    pd.testing.assert_frame_equal(pd.read_csv(text), table.reset_index())
    assert [file.path for file in client.list_artifacts(kept.info.run_id, "figures")] == ["figures/roc.png"]
    listed = run_fhr(folder, "runs")
    assert kept.info.run_id in listed.out


def test_several_models_are_told_apart_by_their_place(store, run_fhr, client):
    folder, ids = store
    known = {one.info.run_id for one in everything(client)}
    answer = run_fhr(folder, "compare", ids["third"], ids["weak"], ids["strong"], "--log")
    assert answer.code == 0, answer.err
    (kept,) = [one for one in everything(client) if one.info.run_id not in known]
    table = pd.read_csv(io.StringIO(answer.out)).set_index(["metric", "model"])
    assert kept.data.params["first"] == "forest"
    for place, kind in ((1, "weak"), (2, "strong")):
        name = kept.data.params[f"model_{place}"]
        assert name == f"network {ids[kind][:8]}"
        value = table.loc[("auroc", name), "difference"]
        assert kept.data.metrics[f"difference/auroc/{place}"] == pytest.approx(value)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (["weak"], "give two or more different runs, the first to compare with"),
        (["weak", "weak"], "give two or more different runs"),
        (["weak", "nonsense"], "'nonsense' is neither a file nor a run of sqlite:///.*; `fhr runs` lists the runs"),
        (["weak", "stopped"], "run {stopped} is FAILED; compare it when it is finished"),
        (["weak", "fold"], "run {fold} is one fold of {weak}; compare whole cross-validations, give that id"),
        (["weak", "fit"], "in repeat 0 48 of 60 records are in another fold"),
        (["weak", "bare"], "run {bare} holds no predictions of a label; .* with `fhr test --run {bare}`"),
        (["weak", "samples"], "run {samples} holds no predictions of a label"),
        (["weak", "other label"], "runs of 2 labels cannot be compared: {weak} predicts ph<7.05, .* predicts ph<=7.15"),
        (["weak", "other folds"], "in repeat 0 48 of 60 records are in another fold, 1002 in 1 and 0; use one split"),
    ],
)  # fmt: skip
def test_mistakes(store, run_fhr, kinds, message):
    folder, ids = store
    answer = run_fhr(folder, "compare", *[ids.get(kind, kind) for kind in kinds])
    assert (answer.code, answer.out) == (2, "")
    assert re.search(
        message.format(**{kind: ids[kind] for kind in ("weak", "stopped", "fold", "samples", "bare")}), answer.err
    )
    assert answer.err.startswith("fhr compare: ")


def test_mistakes_with_files(run_fhr, tmp_path):
    made(0.3, 0).to_csv(tmp_path / "a.csv", index=False)
    made(0.9, 1).to_csv(tmp_path / "b.csv", index=False)
    (tmp_path / "empty.csv").write_text("")
    for arguments, message in (
        (
            ["a.csv", "b.csv", "--log"],
            "--log keeps a comparison beside its runs, and there are files only; give a run id",
        ),
        (["a.csv", "empty.csv"], "empty.csv: no table of predictions"),
        (["a.csv", "0123abcd"], "0123abcd: no such file, and there is no MLflow store sqlite:///"),
        (["a.csv", "b.csv", "--out", "nowhere/table.csv"], "--out nowhere/table.csv: cannot be written"),
        (["a.csv", "b.csv", "--figures", "a.csv"], "--figures a.csv: a file; name a folder"),
    ):
        answer = run_fhr(tmp_path, "compare", *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert message in answer.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "empty.csv"]


def test_what_a_cross_validation_leaves_is_what_is_compared(runs, run_fhr):
    """The artifact of the run and the file of `--out` are the same predictions."""
    answer = run_fhr(runs.folder, "compare", runs.crossval, "predictions.csv")
    assert answer.code == 0, answer.err
    table = pd.read_csv(io.StringIO(answer.out)).set_index("metric")
    assert table.loc["auroc", ["difference", "low", "high", "p"]].tolist() == [0, 0, 0, 1]
