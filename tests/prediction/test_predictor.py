"""What trains is what predicts; and what a user is told besides the number."""

import re
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.calibration import RidgePlatt
from fhr.datasets import CTUUHB, Database
from fhr.errors import CheckpointError, SignalError
from fhr.models import CheckpointCard, Network, finish_checkpoint, read_checkpoint
from fhr.prediction import Prediction, Predictor, to_frame
from fhr.recording import Provenance, Recording, Step
from fhr.tracking import mlflow_client, run_checkpoints

SEEN = "this recording was used in training"
MAKER = r"\(made by fhr\.simulation [^)]*, seed=28, explained=1\)"


def said_of_measured(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """What a recording that was measured, and a network of such recordings, are told: recordings of tests are made."""
    of_network, *rest, of_recording = warnings  # that of the model comes first
    assert re.fullmatch(rf"no measured recording: it is simulated {MAKER}", of_recording)
    assert re.fullmatch(rf"the network learnt from records that were made: 96 simulated {MAKER}", of_network)
    return tuple(rest)


@pytest.fixture(autouse=True)
def _where_the_runs_are(runs, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)


@pytest.fixture
def checkpoint(runs) -> Path:
    (path,) = run_checkpoints(runs.fit)
    return path


@pytest.fixture
def member(checkpoint) -> tuple[CheckpointCard, Network]:
    return read_checkpoint(checkpoint)


@pytest.fixture
def predictor(checkpoint) -> Predictor:
    return fhr.load(checkpoint)


@pytest.fixture
def tested(runs, tmp_path) -> pd.DataFrame:
    """What the test of the run said of each record of its outer fold."""
    path = mlflow_client().download_artifacts(runs.fit, "predictions.csv", str(tmp_path))
    return pd.read_csv(path, index_col="name")


def test_a_file_and_a_run_give_the_same_predictor(runs, checkpoint, births_database):
    from_file, from_text, from_run = fhr.load(checkpoint), fhr.load(str(checkpoint)), fhr.load(runs.fit)
    for recording in list(births_database)[:3]:
        prediction = from_file.predict(recording)
        assert prediction == from_run.predict(recording) == from_text.predict(recording)
        assert 0 < prediction.probability < 1


def test_what_trains_is_what_predicts(predictor, tested, births_database):
    """The score and the probability of the training code, from the recording alone."""
    assert len(tested) == 24
    for name, row in tested.iterrows():
        prediction = predictor.predict(births_database[name])
        assert prediction.score == pytest.approx(row["score"], abs=1e-4)
        assert prediction.probability == pytest.approx(row["probability"], abs=1e-4)
    assert tested["probability"].nunique() > 12


def test_a_fit_knows_how_far_to_trust_it(predictor, tested, births_database):
    """Intervals around and sets for records of the test fold; without a channel of UC too."""
    for name in tested.index[:3]:
        recording = births_database[name]
        silent = recording.after(Step("lose"), uc=np.full(len(recording), nan))
        for prediction in (predictor.predict(recording), predictor.predict(silent)):
            assert 0 <= prediction.low < prediction.high <= 1
            assert set(prediction.sets[0.8]) <= {"not ph<7.20", "ph<7.20"}
            assert "ph<7.20" in prediction.guarantees[0.8]
            assert prediction.model.of == "held_out_auroc"
            assert prediction.model.auroc.low < prediction.model.auroc.value < prediction.model.auroc.high
            assert prediction.model.unchecked == ()
            assert prediction.abstain == bool(prediction.reasons)
            assert (prediction.spread, prediction.flip_rate) == (None, None)  # of a single network


def test_arrays_in_probability_out(predictor, births_database):
    recording = births_database["s0003"]
    bare = Recording("mine", fhr=np.array(recording.fhr, dtype=float), uc=np.array(recording.uc), fs=4)
    prediction = predictor.predict(bare)
    assert prediction.name == "mine"
    assert prediction.target == "ph<7.20"
    expected = predictor.predict(recording)
    assert (prediction.probability, prediction.score) == (expected.probability, expected.score)


def test_only_the_window_counts(predictor, births_database):
    recording = births_database["s0003"]
    n = 20 * 60 * 4
    late = replace(recording, fhr=recording.fhr[-n - 400 :], uc=recording.uc[-n - 400 :])
    assert predictor.predict(late).score == pytest.approx(predictor.predict(recording).score, abs=1e-6)


def test_all_at_once_is_one_by_one(predictor, births_database):
    recordings = list(births_database)[:70]
    together, unusable = predictor.predict_all(iter(recordings))
    assert unusable == {}
    assert [prediction.name for prediction in together] == [recording.name for recording in recordings]
    alone = [predictor.predict(recording) for recording in recordings]
    assert [p.warnings for p in together] == [p.warnings for p in alone]
    np.testing.assert_allclose([p.score for p in together], [p.score for p in alone], atol=1e-5)


def test_what_cannot_be_used_is_named_and_the_rest_predicted(predictor, births_database):
    first, silent, last = list(births_database)[:3]
    silent = replace(silent, fhr=np.full(len(silent), nan))
    predictions, unusable = predictor.predict_all([first, silent, last])
    assert [prediction.name for prediction in predictions] == [first.name, last.name]
    assert list(unusable) == [silent.name]
    assert "no valid FHR sample in the last 20 min" in unusable[silent.name]
    assert predictor.predict_all([silent])[0] == []
    assert predictor.predict_all([]) == ([], {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fhr": np.full(4000, 140.0), "uc": np.zeros(4000)}, "16.7 min of signal where the last 20 min are needed"),
        ({"fs": 3.3}, "sampled at 3.3 Hz"),
    ],
)
def test_one_that_cannot_be_used_is_an_error(predictor, births_database, changes, message):
    with pytest.raises(SignalError, match=message):
        predictor.predict(replace(births_database["s0001"], **changes))


def test_a_cross_validation_averages_its_networks(runs, births_database):
    whole = fhr.load(runs.crossval)
    members = [fhr.load(path) for path in run_checkpoints(runs.crossval)]
    assert len(whole.networks) == len(members) == 5
    (ranking,) = {tuple(sorted(card.ranking.items())) for card in whole.cards}
    results = mlflow_client().get_run(runs.crossval).data.metrics
    assert dict(ranking)["value"] == pytest.approx(results["test/auroc"])
    assert (dict(ranking)["of"], dict(ranking)["n"]) == (
        "out_of_fold_auroc",
        len(births_database.labels("ph<7.20").dropna()),
    )
    for recording in list(births_database)[:4]:
        prediction, each = whole.predict(recording), [one.predict(recording) for one in members]
        assert prediction.probability == pytest.approx(np.mean([one.probability for one in each]), abs=1e-4)
        assert prediction.score == pytest.approx(np.mean([one.score for one in each]), abs=1e-5)
        assert len({round(one.score, 6) for one in each}) == 5
        assert SEEN in prediction.warnings  # every record is in the training part of some fold


def test_seen_in_training(runs, predictor, births_database, tested):
    data = {name: predictor.predict(births_database[name]).warnings for name in births_database.names}
    assert {name for name, warnings in data.items() if SEEN not in warnings} == set(tested.index)


def test_seen_in_training_without_a_file(member, births_database):
    card, network = member
    recordings = [replace(recording, source=None) for recording in list(births_database)[:2]]
    card = replace(card, learnt_from=Database(recordings[:1], origin="memory").digests)
    predictor = Predictor([(card, network)])
    seen, unseen = (predictor.predict(recording) for recording in recordings)
    assert SEEN in seen.warnings
    assert SEEN not in unseen.warnings


def test_what_was_made_is_said_of_the_recording_and_of_the_network(member, births_database):
    """On the confidence card, too; of measured recordings and networks of such there is nothing to say."""
    card, network = member
    recording = next(iter(births_database))
    synthetic = Provenance("synthetic", "iaaft(seed=1)", ("1001",))
    measured = replace(card, kinds=None, made_by=(), fitted_to=(), learnt_from=())
    for provenance, of, words in (
        (Provenance(), measured, []),
        (synthetic, measured, ["no measured recording: it is synthetic (made by iaaft(seed=1))"]),
        (
            Provenance(),
            replace(measured, kinds={"measured": 90, "synthetic": 6}, made_by=("gan",)),
            ["the network learnt from records that were made: 90 measured, 6 synthetic (made by gan)"],
        ),
    ):
        prediction = Predictor([(of, network)]).predict(replace(recording, provenance=provenance))
        assert [w for w in prediction.warnings if "made" in w] == words
        assert all(f": {w}\n" in prediction.card() for w in words)


def test_networks_of_a_cross_validation_that_is_not_out_of_fold_say_so(member):
    card, network = member
    facts = [Predictor([(replace(card, out_of_fold=known), network)]).confidence for known in (True, False)]
    scores = np.zeros((1, 1))
    assert [one.judge(scores).model.out_of_fold for one in facts] == [True, False]


def test_a_record_that_a_generator_was_fitted_to_was_seen(member, births_database):
    """Through the records that the generator made."""
    card, network = member
    first, second = list(births_database)[:2]
    digest = Database([first], origin="one").digests[0]
    of_generator = replace(card, learnt_from=(), kinds={"synthetic": 9}, made_by=("gan",), fitted_to=(digest,))
    predictor = Predictor([(of_generator, network)])
    assert SEEN in predictor.predict(first).warnings
    assert SEEN not in predictor.predict(second).warnings


def test_much_loss(predictor, births_database, tested):
    recording = births_database[tested.index[0]]
    fhr_signal = np.array(recording.fhr)
    fhr_signal[-20 * 60 * 4 : -8 * 60 * 4] = nan
    lossy = predictor.predict(recording.after(Step("lose"), fhr=fhr_signal))
    assert lossy.loss > 0.6
    assert said_of_measured(lossy.warnings) == (f"{lossy.loss:.0%} of the signal of the last 20 min is lost",)
    assert said_of_measured(predictor.predict(recording).warnings) == ()


def test_no_uterine_activity_in_the_window(predictor, births_database, tested):
    recording = births_database[tested.index[0]]
    uc = np.array(recording.uc)
    uc[-20 * 60 * 4 :] = nan
    warnings = predictor.predict(recording.after(Step("lose"), uc=uc)).warnings
    assert said_of_measured(warnings) == ("no uterine activity",)


def test_without_a_calibrator_there_is_no_probability(checkpoint, tmp_path, births_database, tested):
    bare = fhr.load(finish_checkpoint(checkpoint, None, tmp_path / "bare.ckpt"))
    prediction = bare.predict(births_database[tested.index[0]])
    assert prediction.probability is None
    assert said_of_measured(prediction.warnings) == ("not calibrated: no probability",)
    assert prediction.score == pytest.approx(tested["score"].iloc[0], abs=1e-5)
    assert to_frame([prediction])["probability"].isna().all()


def test_the_calibrator_is_the_stored_one(member, births_database):
    card, network = member
    predictor = Predictor([(card, network)])
    prediction = predictor.predict(births_database["s0001"])
    stored = RidgePlatt.from_dict(card.calibrator)
    assert prediction.probability == pytest.approx(stored.predict(prediction.score), abs=1e-4)


def test_members_that_were_trained_differently(member):
    card, network = member
    features = {"features": {"set": {}, "checksum": "f"}}
    for changes in ({"target": "ph<7.05"}, {"pipeline": {**card.pipeline, "minutes": 30}}, features):
        other = replace(card, **changes)
        with pytest.raises(CheckpointError, match="target, features or recalibration; load those"):
            Predictor([(card, network), (other, network)])
    with pytest.raises(CheckpointError, match="needs at least one checkpoint"):
        Predictor([])


def test_columns_are_only_ever_appended(predictor, births: Path):
    predictions, _ = predictor.predict_all(list(CTUUHB(births))[:3])
    table = to_frame([*predictions, Prediction("x", "ph<7.20", None, 0.5, 0.2, ("one", "two"))])
    assert list(table.columns)[:5] == ["name", "probability", "score", "loss", "warnings"]
    assert len(table) == 4
    assert table["warnings"].iloc[3] == "one; two"
    assert list(to_frame([]).columns) == list(table.columns)


@pytest.mark.parametrize("name", ["none.ckpt", "0" * 32])
def test_nothing_to_load(name):
    with pytest.raises(CheckpointError, match=name):
        fhr.load(name)


def test_a_file_that_is_no_checkpoint(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CheckpointError, match=r"notes.txt: not a checkpoint"):
        fhr.load(tmp_path / "notes.txt")
