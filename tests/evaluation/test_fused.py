"""Models of several families are kept as one checkpoint, which scores what the cross-validation scored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
from sklearn.linear_model import LogisticRegression

import fhr
from fhr.datamodules import PlaceDataModule
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import BASELINES, GROUP_LINES, FolderStore, OnTable, Procedure, cross_validate, feature_table
from fhr.evaluation.packed_lines import linear_line
from fhr.losses import PHRegression
from fhr.models import Fusion, InceptionNet, read_checkpoint
from fhr.models.array_checkpoint import ArrayCheckpoint
from fhr.prediction import network_embedding
from fhr.preprocessing import Pipeline
from fhr.robustness.reader import reader_of
from fhr.tasks import ClassificationTask, Training

TARGET = "ph<7.20"
PIPELINE = Pipeline(minutes=20)
LOGISTIC, RIDGE = BASELINES[:2]


def small_network(place, seed):
    data = PlaceDataModule(place, seed=seed, window_minutes=20, batch_size=32)
    task = ClassificationTask(InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=8), PHRegression())
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return Training(task, data, pl.Trainer(max_epochs=1, **quiet))


def lines(table: pd.DataFrame):
    return [line.maker(table, pipeline=PIPELINE, kept=True) for line in (LOGISTIC, RIDGE)]


def check_scores(path, database, rows) -> None:
    """The model of a checkpoint scores recordings as the cross-validation did, but for those with hardly any signal."""
    predictor = fhr.load(path)
    prepared = predictor.prepare(database[name] for name in rows["name"])
    assert len(prepared.unusable) < 2
    found = predictor.scores(np.stack([w.signal for w in prepared.windows]), np.stack(prepared.features))[0]
    np.testing.assert_allclose(found, rows["score"][prepared.is_used], rtol=1e-6, atol=1e-6)


def check(result, store, database, fold: int = 0) -> None:
    """What a fold keeps predicts its own out-of-fold scores and probabilities."""
    (path,) = [path for path in store.networks() if path.parent.name == f"repeat0-fold{fold}"]
    rows = result.raw[0, fold]
    rows = rows[rows["use"] == "test"]
    check_scores(path, database, rows)
    row = result.predictions.query("fold == @fold").iloc[0]
    prediction = fhr.load(path).predict(database[row["name"]])
    assert prediction.probability == pytest.approx(row["probability"], abs=1e-5)
    assert (prediction.low, prediction.high) == pytest.approx((row["low"], row["high"]), abs=1e-6)
    assert prediction.model.of == "out_of_fold_auroc"


@pytest.fixture(scope="module")
def whole(births_database, births_table, tmp_path_factory):
    """A whole procedure of a network, the kernel line and both lines on order statistics, with its folds."""
    kernel = GROUP_LINES[0]
    table = feature_table(births_database, kernel.features(PIPELINE))
    makers = [small_network, kernel.maker(table, pipeline=PIPELINE, kept=True), *lines(births_table)]
    store = FolderStore(tmp_path_factory.mktemp("whole"))
    return cross_validate(Procedure(makers, "mean"), births_database, target=TARGET, inner=1, store=store), store


def test_a_network_and_lines_predict_as_one_what_they_scored_out_of_fold(whole, births_database):
    result, store = whole
    check(result, store, births_database)
    card, model = read_checkpoint(store.networks()[0])
    assert isinstance(model, Fusion)
    assert [type(part).__name__ for _, part in model.parts] == [
        "InceptionNet",
        "FittedKernelLine",
        "FittedLinearLine",
        "FittedLinearLine",
    ]
    assert model.scale.weights == (0.25,) * 4
    assert len(card.learnt_from) == 96
    assert not any(part.calibrator or part.confidence for part, _ in model.parts)
    predictor = fhr.load(store.folder / "repeat0-fold0")
    assert not predictor.reads_signal
    with pytest.raises(CheckpointError, match="looks at no moment"):
        fhr.prediction.where_it_looked(predictor, births_database[0])
    with pytest.raises(CheckpointError, match="only kernel lines are explained"):
        fhr.prediction.explain(predictor, births_database[0])
    with pytest.raises(CheckpointError, match="is not attacked or certified as one"):
        reader_of(predictor)
    with pytest.raises(CheckpointError, match="no one set of features"):
        network_embedding(predictor)


@pytest.mark.parametrize("by", ["choose", "weigh"])
def test_chosen_and_weighed_lines_predict_what_they_scored_out_of_fold(by, births_database, births_table, tmp_path):
    store = FolderStore(tmp_path)
    result = cross_validate(
        Procedure(lines(births_table), by), births_database, target=TARGET, inner=1, store=store, members=2
    )
    (path, other) = [path for path in store.networks() if path.parent.name == "repeat0-fold1"]
    rows = result.raw[0, 1].query("use == 'test'")
    for member, one in enumerate((path, other)):
        check_scores(one, births_database, rows[rows["member"] == member])
    assert read_checkpoint(path)[1].scale.weights == result.combined[0, 1].weights
    assert fhr.load(store.folder / "repeat0-fold1").predict(births_database[0]).probability is not None


def test_nothing_is_kept_where_a_family_cannot_be(births_database, births_table, tmp_path):
    store = FolderStore(tmp_path)
    own = lambda place, seed: OnTable(LogisticRegression(), births_table[["loss_60"]])  # noqa: E731
    makers = [*lines(births_table)[:1], own]
    cross_validate(Procedure(makers, "mean"), births_database, target=TARGET, inner=1, store=store)
    assert store.networks() == []


def test_models_that_do_not_belong_together_are_not_kept_and_this_is_said(
    births_database, births_table, tmp_path, caplog
):
    store, other = FolderStore(tmp_path), RIDGE.maker(births_table, pipeline=Pipeline(minutes=30), kept=True)
    with caplog.at_level("WARNING", logger="fhr"):
        cross_validate(Procedure([lines(births_table)[0], other]), births_database, target=TARGET, inner=1, store=store)
    assert store.networks() == []
    assert "no model is kept for predictions: part1 of the fusion is of another pipeline" in caplog.text


def test_a_spoilt_part_is_refused_by_its_name(whole, tmp_path):
    """Missing, damaged, of another fold or label, never seen by the card, a fusion within it, or a scale of others."""
    _, store = whole
    stored = ArrayCheckpoint.load(store.networks()[0])
    path = tmp_path / "spoilt.npz"
    another = ArrayCheckpoint.load(store.networks()[1]).arrays

    def refused(message: str, card=stored.card, **arrays) -> None:
        kept = {name: array for name, array in {**stored.arrays, **arrays}.items() if array is not None}
        ArrayCheckpoint(str(path), card, kept).write(card, path)
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(path)

    def of(**given):
        return type(stored.card)(**{**stored.card.__dict__, **given})

    refused("part2 of 4 of the fusion is missing", part2=None)
    refused("a fusion of 4 parts with 1 arrays more", part4=stored.arrays["part1"])
    refused("part1: damaged", part1=stored.arrays["part1"][:-200])
    refused("part0: not a checkpoint|part0: no checkpoint|part0: damaged", part0=stored.arrays["part0"][:300])
    refused("part3 of the fusion is of another fold, learnt from", part3=another["part3"])
    refused("part0 of the fusion is of another target", card=of(target="ph<7.05"))
    refused("part0 of the fusion is of another learnt from", card=of(learnt_from=stored.card.learnt_from[1:]))
    refused("part1 of the fusion is another fusion", part1=np.frombuffer(Path(stored.path).read_bytes(), np.uint8))
    plain = stored.card.network["init_args"]
    for wrong in ({"weights": [1.0]}, {"weights": []}, {"spread": [0.0] * 4}, {"centre": [float("inf")] * 4}, {"x": 1}):
        refused("spoilt.npz: ", card=of(network={**stored.card.network, "init_args": {**plain, **wrong}}))


def test_only_lines_of_this_package_become_arrays():
    with pytest.raises(FHRError, match="LogisticRegression is no fitted line of this package"):
        linear_line(LogisticRegression())
    x = np.random.default_rng(0).normal(size=(60, 3)).round(1)  # with ties
    x[:4, 0] = np.nan
    asked = np.vstack([x, [[-9, 9, np.nan]], x[:5] + 0.01])
    for make, sign, y in ((LOGISTIC.make, 1, x[:, 1] > 0), (RIDGE.make, -1, x[:, 1])):
        line = make().fit(x, y)
        wanted = line.decision_function(asked) if sign > 0 else -line.predict(asked)
        np.testing.assert_allclose(linear_line(line).scores(asked), wanted, rtol=1e-9, atol=1e-9)
