"""A cross-validation whose models are arrays keeps them, and `fhr predict` and `fhr evaluate` take its run."""

import io
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from small_kernel_line import FEATURES, TARGET, bare_card

import fhr
from fhr.cli.crossval_store import CrossvalStore
from fhr.datasets import FittedModel, FittedNetwork, Place, make_splits
from fhr.evaluation import FolderStore, MemoryStore, cross_validate
from fhr.models import KernelLine, pack_model, read_checkpoint
from fhr.preprocessing import Pipeline

SILENT = "quarantined s0052: s0052: 6 of 7 statistics cannot be computed"  # of its last 20 min


@dataclass(frozen=True, eq=False)
class Line:
    """A kernel line at one place, with the model itself."""

    table: pd.DataFrame

    def fit(self, place: Place, seed: int) -> FittedModel:
        parts, database = place.partition, place.database
        learnt = list(place.bootstrap((*parts.train, *parts.validation), seed))
        model = KernelLine(TARGET, FEATURES.column_groups).fit(
            self.table.loc[learnt].to_numpy(), database.outcomes.loc[learnt]
        )
        digests = dict(zip(database.outcomes.index, database.digests, strict=True))
        card = replace(
            bare_card(place.inner, place.fold, learnt_from=tuple(digests[name] for name in dict.fromkeys(learnt))),
            data=database.checksum,
            splits=place.splits.checksum,
            member=place.member,
            pipeline=Pipeline(minutes=20, channels=("fhr", "uc", "mask")).to_dict(),
        )
        held_out, test = (
            pd.Series(model.scores(self.table.loc[list(names)].to_numpy()), list(names))
            for names in (parts.calibration, parts.test)
        )
        network = FittedNetwork(pack_model(card, model), place.inner, place.member)
        return FittedModel(held_out, test, network)


@pytest.fixture(scope="module")
def line(births_database):
    pipeline = Pipeline(minutes=20)
    rows = {recording.name: FEATURES(pipeline.cut(recording)) for recording in births_database}
    return lambda place, seed: Line(pd.DataFrame.from_dict(rows, orient="index", columns=list(FEATURES.names)))


def test_a_fold_in_a_folder_predicts_what_the_table_says(births_database, line, tmp_path):
    store = FolderStore(tmp_path / "folds")
    result = cross_validate(line, births_database, target=TARGET, inner=2, members=2, store=store)
    names = [path.name for path in store.networks()]
    assert len(names) == 20
    assert names[:2] == ["repeat0-fold0-inner0-member0.npz", "repeat0-fold0-inner0-member1.npz"]
    row = result.predictions.iloc[0]
    (folder,) = {path.parent for path in store.networks() if f"fold{row['fold']}-" in path.name}
    prediction = fhr.load(folder).predict(births_database[row["name"]])
    assert prediction.probability == pytest.approx(row["probability"], abs=1e-9)
    assert (prediction.low, prediction.high, prediction.spread) == pytest.approx(
        (row["low"], row["high"], row["spread"]), abs=1e-9
    )
    assert prediction.model.of == "out_of_fold_auroc"
    assert not any("uterine activity" in words for words in prediction.warnings)
    cards = [read_checkpoint(path)[0] for path in store.networks()]
    assert {card.target for card in cards} == {TARGET}
    assert {card.member for card in cards} == {0, 1}
    assert all(card.calibrator and card.confidence and card.ranking for card in cards)


def test_a_store_in_memory_ranks_them(births_database, line):
    store = MemoryStore()
    result = cross_validate(line, births_database, target=TARGET, inner=1, store=store)
    contents = [content for fold in store.folds.values() for content in fold.networks.values()]
    assert len(contents) == 5
    assert result.metrics["auroc"].low > 0.5


@pytest.fixture(scope="module")
def kept(births_database, line, prepare_store, tmp_path_factory):
    """Folder and run of a cross-validation in MLflow."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(folder)
        prepare_store(folder / "mlruns" / "mlflow.db")
        splits = make_splits(births_database)
        tags = {"data_checksum": births_database.checksum, "split_checksum": splits.checksum}
        store = CrossvalStore.create("acidosis", "kernel line", tags)
        with store.working():
            cross_validate(line, births_database, target=TARGET, splits=splits, inner=1, store=store)
    return folder, store.run_id


@pytest.fixture
def run(kept, monkeypatch):
    """The run, from the folder that holds its store."""
    folder, run_id = kept
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(folder)
    return run_id


def test_the_run_predicts(run, kept, simulated_folder, simulated_database, run_fhr):
    predictor = fhr.load(run)
    assert len(predictor.cards) == 5
    assert all(card.ranking["of"] == "out_of_fold_auroc" for card in predictor.cards)
    answer = run_fhr(kept[0], "predict", simulated_folder, "--run", run)
    assert answer.code == 1
    assert SILENT in answer.err
    found = pd.read_csv(io.StringIO(answer.out)).set_index("name")
    predictions, _ = predictor.predict_all(simulated_database)
    np.testing.assert_allclose(found["probability"], [p.probability for p in predictions], atol=1e-3)


def test_the_run_is_evaluated_and_recalibrated(run, kept, simulated_folder, run_fhr, tmp_path):
    answer = run_fhr(
        kept[0], "evaluate", run, simulated_folder, "--report", tmp_path / "r", "--recalibrate", tmp_path / "local"
    )
    assert answer.code == 1
    assert SILENT in answer.err
    assert sorted(path.suffix for path in (tmp_path / "local").iterdir()) == [".npz"] * 5
    assert fhr.load(tmp_path / "local").recalibration.births == 59


def test_a_fold_of_the_run_can_be_calibrated_for_another_label(run):
    fold = CrossvalStore.open(run).fitted(0, 2)
    (network,) = fold.networks
    assert network.checkpoint.startswith(b"PK")
    assert (network.inner, network.member) == (0, 0)
