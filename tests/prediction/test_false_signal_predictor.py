"""Probabilities for each sample: any rate, any length, with and without MHR; and what the other kind refuses."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import fhr
from fhr.calibration import Thresholds
from fhr.datasets import FalseSignals
from fhr.errors import CheckpointError, SignalError
from fhr.metrics import score_counts
from fhr.models import CheckpointCard, Network, read_checkpoint
from fhr.prediction import Abstention, FalseSignalPredictor, Predictor
from fhr.prediction import false_signal as module
from fhr.recording import Recording
from fhr.tracking import run_checkpoints


@pytest.fixture(autouse=True)
def _where_the_run_is(false_signal_run, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(false_signal_run.folder)


@pytest.fixture
def member(false_signal_run) -> tuple[CheckpointCard, Network]:
    (path,) = run_checkpoints(false_signal_run.fit)
    return read_checkpoint(path)


@pytest.fixture
def predictor(false_signal_run) -> FalseSignalPredictor:
    return fhr.load(false_signal_run.fit)


@pytest.fixture(scope="module")
def recording(false_signal_folder) -> Recording:
    return FalseSignals(false_signal_folder)["DopMHRTrain0001"]


class Sum(Network):
    """Logits are what a filter makes of the channels: what a sample sees is known."""

    def __init__(self, length: int = 513) -> None:
        super().__init__()
        self.layer = torch.nn.Conv1d(4, 2, length, padding=length // 2)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.layer(signal)


def of(recording: Recording, **changes: object) -> Recording:
    given = {"fhr": recording.fhr, "uc": recording.uc, "fs": recording.fs, "mhr": recording.mhr}
    return Recording(recording.name, **{**given, **changes})


def test_a_run_and_its_file_give_the_same_predictor(predictor, false_signal_run, recording):
    assert isinstance(predictor, FalseSignalPredictor)
    (path,) = run_checkpoints(false_signal_run.fit)
    one, other = (p.false_signal_probability(recording) for p in (predictor, fhr.load(path)))
    np.testing.assert_array_equal(one.fhr, other.fhr)
    np.testing.assert_array_equal(one.mhr, other.mhr)
    assert predictor.thresholds == Thresholds.from_dict(read_checkpoint(path)[0].calibrator)


def test_one_probability_for_each_value(predictor, recording):
    found = predictor.false_signal_probability(recording)
    for probability, signal in ((found.fhr, recording.fhr), (found.mhr, recording.mhr)):
        assert probability.dtype == np.float32
        assert probability.shape == signal.shape
        np.testing.assert_array_equal(np.isnan(probability), np.isnan(signal))
        assert ((probability >= 0) & (probability <= 1))[~np.isnan(signal)].all()
        assert np.nanstd(probability) > 0


def test_what_trains_is_what_predicts(predictor, false_signal_run, false_signal_folder):
    """The counts of the test of the run, from the recordings alone."""
    database = FalseSignals(false_signal_folder)
    metrics = pd.read_csv(io.StringIO(false_signal_run.answers["test"].out), index_col=0)["value"]
    total = 0
    path = fhr.tracking.mlflow_client().download_artifacts(false_signal_run.fit, "predictions.csv")
    rows = pd.read_csv(path)
    for name in rows.loc[rows["measured"] == "fhr", "name"]:
        probability, marks = (
            predictor.false_signal_probability(database[name]).fhr.astype(float),
            database.marks(name)[0],
        )
        used = ~np.isnan(marks) & ~np.isnan(probability)
        total = total + score_counts(marks[used], np.log(probability[used] / (1 - probability[used])))
    assert fhr.metrics.pooled_metrics(total)["auroc"] == pytest.approx(metrics["auroc_fhr"], abs=1e-3)


def test_without_mhr_there_is_no_answer_for_it(predictor, recording):
    without = predictor.false_signal_probability(of(recording, mhr=None))
    assert without.mhr is None
    empty = predictor.false_signal_probability(of(recording, mhr=np.full(len(recording), np.nan)))
    np.testing.assert_array_equal(without.fhr, empty.fhr)
    assert np.isnan(empty.mhr).all()


@pytest.mark.parametrize(("fs", "n"), [(1.0, 10), (2.0, 20), (4.0, 1), (5.0, 77), (8.0, 80)])
def test_other_rates_and_ten_seconds(predictor, fs, n):
    signal = np.linspace(130, 150, n)
    found = predictor.false_signal_probability(Recording("short", signal, np.full(n, np.nan), fs, mhr=signal - 60))
    assert found.fhr.shape == found.mhr.shape == (n,)
    assert np.isfinite(found.fhr).all()


def test_a_rate_is_held_on_the_way_there_and_back(predictor, recording):
    at_4_hz = predictor.false_signal_probability(recording).fhr
    twice = of(recording, fs=8.0, **{c: np.repeat(getattr(recording, c), 2) for c in ("fhr", "uc", "mhr")})
    np.testing.assert_array_equal(predictor.false_signal_probability(twice).fhr, np.repeat(at_4_hz, 2))


@pytest.mark.parametrize(("fs", "n"), [(0.5, 100), (10.0, 100), (4.0, 0), (8.0, 1)])
def test_what_cannot_be_used(predictor, fs, n):
    with pytest.raises(SignalError, match=r"short: (sampled at|no sample)"):
        predictor.false_signal_probability(Recording("short", np.full(n, 140.0), np.zeros(n), fs))


def test_chunks_with_context_are_the_whole(member, monkeypatch):
    torch.manual_seed(0)
    made = FalseSignalPredictor([(member[0], Sum())])
    generator = np.random.default_rng(0)
    long = Recording("long", generator.normal(140, 20, 5000), np.zeros(5000), 4.0, mhr=generator.normal(80, 20, 5000))
    whole = made.false_signal_probability(long)
    sizes = []
    made.networks[0].register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape[-1]))
    monkeypatch.setattr(module, "_CHUNK", 1024)
    monkeypatch.setattr(module, "_CONTEXT", 256)
    chunked = made.false_signal_probability(long)
    np.testing.assert_allclose(chunked.fhr, whole.fhr, atol=1e-6)
    np.testing.assert_allclose(chunked.mhr, whole.mhr, atol=1e-6)
    assert sizes == [1280, 1536, 1536, 1536, 1160]


def test_two_days_are_seen_in_chunks(member):
    made, n = FalseSignalPredictor([(member[0], Sum(1))]), 2 * 86400
    sizes = []
    made.networks[0].register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape[-1]))
    assert made.false_signal_probability(Recording("long", np.full(n, 140.0), np.zeros(n), 1.0)).fhr.shape == (n,)
    assert max(sizes) == 2**16 + 2 * 2**13
    assert len(sizes) == 11


def test_members_are_averaged(member, predictor, recording):
    card, network = member
    torch.manual_seed(1)
    two = FalseSignalPredictor([(card, network), (card, Sum())])
    other = FalseSignalPredictor([(card, two.networks[1])])
    expected = [p.false_signal_probability(recording).fhr for p in (predictor, other)]
    np.testing.assert_allclose(two.false_signal_probability(recording).fhr, np.mean(expected, axis=0), atol=1e-6)


def test_false_signal_becomes_missing_and_the_history_says_by_what(predictor, false_signal_run, recording):
    found = predictor.false_signal_probability(recording)
    threshold = float(np.nanmedian(found.fhr))
    cleaned = predictor.remove_false_signal(recording, thresholds=Thresholds(threshold, 1.0))
    np.testing.assert_array_equal(np.isnan(cleaned.fhr), np.isnan(recording.fhr) | (found.fhr >= threshold))
    step = cleaned.history[-1]
    assert (step.name, step.parameters["run"]) == ("remove_false_signal", false_signal_run.fit)
    assert step.parameters["fhr_threshold"] == threshold
    assert predictor.remove_false_signal(recording).history[-1].parameters["fhr_threshold"] == predictor.thresholds.fhr


def test_each_kind_refuses_what_the_other_does(predictor, member, recording):
    for ask in (predictor.predict, lambda one: predictor.predict_all([one])):
        with pytest.raises(
            CheckpointError, match="a false-signal network gives no risk; use `false_signal_probability`"
        ):
            ask(recording)
    with pytest.raises(CheckpointError, match="checkpoints of kind false_signal where classification is needed"):
        Predictor([member])
    with pytest.raises(CheckpointError, match="a predictor needs at least one checkpoint"):
        FalseSignalPredictor([])


def test_there_is_no_risk_to_shift_or_to_abstain_from(false_signal_run):
    for options in ({"prevalence": 0.1}, {"abstention": Abstention()}):
        with pytest.raises(CheckpointError, match="gives no risk; leave prevalence and abstention out"):
            fhr.load(false_signal_run.fit, **options)


def test_a_classification_says_nothing_of_samples(runs, recording, monkeypatch):
    monkeypatch.chdir(runs.folder)
    classifier = fhr.load(runs.fit)
    assert isinstance(classifier, Predictor)
    with pytest.raises(CheckpointError, match=r"a network of ph<7\.20 says nothing of single samples; load a run of"):
        classifier.false_signal_probability(recording)
    with pytest.raises(CheckpointError, match="checkpoints of kind classification where false_signal is needed"):
        FalseSignalPredictor([(classifier.cards[0], classifier.networks[0])])


def test_without_thresholds_a_half_is_taken_and_said(member, caplog):
    card, network = member
    predictor = FalseSignalPredictor([(replace(card, calibrator=None), network)], name="last.ckpt")
    assert predictor.thresholds == Thresholds(0.5, 0.5)
    assert "last.ckpt holds no thresholds, 0.5 is taken" in caplog.text
