"""Data of a pretraining: what is hidden, who is trained on, and what the weights will have learnt from."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from fhr.datamodules import PretrainingDataModule
from fhr.datamodules.pieces import pieces
from fhr.datamodules.window_truth import truth_of_morphology
from fhr.datasets import CTUUHB, Database, FalseSignals, make_splits, refusing_seen
from fhr.errors import CheckpointError, DatasetNotFoundError, FHRError
from fhr.losses import TruthLoss
from fhr.morphology import analyze
from fhr.preprocessing import Pipeline
from fhr.recording import Heritage, Recording, Source, Step, developed_on
from fhr.simulation import simulate_labour, simulate_recording, truth_signals
from fhr.tasks.pretraining_card import pretraining_card

RATE, BASELINE, DECELERATION, CONTRACTION, ARTEFACT, HIDDEN = range(len(TruthLoss.targets))


def data_of(labours: int = 6, **options) -> PretrainingDataModule:
    options = {"window_minutes": 20, "batch_size": 4, **options}
    made = PretrainingDataModule(labours, 2, 2, **options)
    made.setup()
    return made


@pytest.fixture(scope="module")
def data() -> PretrainingDataModule:
    return data_of()


def test_hidden_stretches_are_lost_to_the_network_and_known_to_the_truth(data):
    (batch,) = data.test_dataloader()
    assert batch.signal.shape == (2, 3, 1200)
    assert batch.truth.shape == (2, 6, 1200)
    for k in range(2):
        recording = simulate_recording(k, seed=7)
        whole = Pipeline(minutes=20)(recording).signal
        fhr, uc, mask = batch.signal[k].numpy()
        gone = mask != whole[2].astype(np.float16)
        wanted = batch.truth[k, HIDDEN].numpy()
        assert 60 < gone.sum() < 6 * 61  # six stretches of 30 to 60 s, parts of which were missing anyway
        assert not fhr[gone].any()
        np.testing.assert_allclose(fhr[~gone & (mask > 0)], whole[0][~gone & (mask > 0)], atol=2e-3)
        np.testing.assert_allclose(uc, whole[1], atol=2e-3)
        known = ~np.isnan(wanted)
        assert 30 < known.sum() <= gone.sum()
        np.testing.assert_allclose(wanted[known], whole[0][known], atol=4e-3)
        assert (whole[2][known] >= 0.5).all()
        assert not batch.truth[k, ARTEFACT][torch.from_numpy(gone)].isfinite().any()


def test_the_truth_is_known_near_measured_heart_rate_alone(data):
    (batch,) = data.test_dataloader()
    for k in range(2):
        labour = simulate_labour(k, seed=7)
        measured = np.flatnonzero(Pipeline(minutes=20)(labour.recording).signal[2] > 0)
        away = np.abs(np.arange(1200)[:, None] - measured).min(1)
        found = batch.truth[k].numpy()
        truth = truth_signals(labour.truth, minutes=20, fs=1.0)
        assert np.array_equal(np.isnan(found[RATE]), away > 30)
        assert np.isfinite(found[TruthLoss.targets.index("contraction")]).all()
        near = away <= 30
        np.testing.assert_allclose(found[RATE, near] * 20 + 140, truth[0, near], atol=0.1)
        np.testing.assert_allclose(found[DECELERATION, near], truth[2, near], atol=1e-3)


def test_what_is_hidden_changes_with_the_epoch_in_training_alone(data):
    train = data.train_dataloader()
    first = [batch.signal for batch in train]
    assert all(torch.equal(a, b.signal) for a, b in zip(first, train, strict=True))
    train.sampler.set_epoch(1)
    assert not torch.equal(torch.cat(first), torch.cat([batch.signal for batch in train]))
    again = [next(iter(data.val_dataloader())).signal for _ in range(2)]
    assert torch.equal(*again)
    assert not torch.equal(again[0], next(iter(data_of(seed=5).val_dataloader())).signal)


def test_crops_lie_within_the_windows_of_training_alone():
    data = data_of(crop_minutes=5, hidden=0)
    crops = torch.cat([batch.signal for batch in data.train_dataloader()])
    assert crops.shape[-1] == 300
    assert next(iter(data.val_dataloader())).signal.shape[-1] == 1200
    wholes = torch.from_numpy(data._dataset(data.facts.partition.train).signal.astype(np.float32))
    places = wholes.unfold(-1, 300, 1).permute(0, 2, 1, 3)
    assert all((places == crop).all((2, 3)).any() for crop in crops)


def test_more_labours_leave_those_of_test_and_validation(data):
    more = data_of(9).facts.partition  # s0011 has no heart rate in its last 20 min
    assert more.test == data.facts.partition.test == ("simulated s0001", "simulated s0002")
    assert more.validation == data.facts.partition.validation == ("simulated s0003", "simulated s0004")
    assert more.train == tuple(f"simulated s{k:04d}" for k in (*range(5, 11), 12, 13, 14))
    assert more.train[:6] == data.facts.partition.train
    labour = simulate_recording(4, seed=7)
    assert Database([labour], origin="").digests[0] == data.facts.recordings["simulated s0005"].source.sha256


def test_signals_and_truth_are_fitted_to_no_record_and_their_ph_to_all_442(data):
    """As of `fhr.synthesis.Bank`: without an outcome nothing of the law that was tuned to it can be learnt."""
    (batch,) = data.val_dataloader()
    assert batch.ph.isnan().all()
    assert not set(developed_on()) & Heritage((), data.facts.learnt_composition).seen
    assert data.facts.learnt_composition.kinds == {"simulated": 8}
    birth = Recording("1001", [140], [10], 4.0, source=Source("1001.dat", "wfdb", developed_on()[0]))
    with refusing_seen(Database([birth], origin="test"), ["1001"]):
        data_of()
        with pytest.raises(CheckpointError, match=r"simulated labours with seed 7 has learnt from 1 of 1 test records"):
            data_of(outcome=True)
    outcome = data_of(outcome=True)
    assert next(iter(outcome.val_dataloader())).ph[0] == pytest.approx(simulate_recording(2, seed=7).outcome.ph)
    assert set(developed_on()) <= Heritage((), outcome.facts.learnt_composition).seen


def test_recordings_are_trained_on_without_a_truth(false_signal_folder, simulated_folder, caplog):
    caplog.set_level(logging.INFO, logger="fhr.datamodules")
    data = data_of(
        2, window_minutes=8, fhrma=str(false_signal_folder), ctu_uhb=str(simulated_folder), fold=1, batch_size=512
    )
    births = make_splits(database := CTUUHB(simulated_folder)).partition(0, 1, 0)
    trained = data.facts.partition.train
    seen_of = {group: {name.split()[1] for name in trained if name.startswith(group)} for group in ("fhrma", "ctu_uhb")}
    assert seen_of["fhrma"] == {r.name for r in FalseSignals(false_signal_folder) if len(r) >= 8 * 240}
    assert seen_of["ctu_uhb"] == set(births.train)
    digests = dict(zip(database.names, database.digests, strict=True))
    seen = Heritage(tuple(data.facts.recordings[name].source.sha256 for name in trained)).seen
    assert {digests[name] for name in births.train} <= seen
    assert "FHRMA is under GPL-3.0" in caplog.text
    (batch,) = data.train_dataloader()
    unknown = batch.truth[:, RATE].isnan().all(1)
    assert int(unknown.sum()) == len(batch.ph) - 2 > len(trained)
    assert data.facts.learnt_composition.kinds == {
        "measured": len(seen_of["fhrma"]),
        "simulated": 4 + len(births.train),
    }
    assert batch.truth[unknown, HIDDEN].isfinite().any()
    assert batch.truth[unknown, :HIDDEN].isnan().all()
    assert set(data.facts.labels.index) == {f"simulated s{k:04d}" for k in range(1, 7)}


def test_recordings_are_read_by_the_rules_and_labours_keep_their_truth(false_signal_folder):
    options = {"window_minutes": 8, "fhrma": str(false_signal_folder), "batch_size": 512, "hidden": 0}
    plain, read = (data_of(2, morphology=morphology, **options) for morphology in (False, True))
    (before,), (after,) = plain.train_dataloader(), read.train_dataloader()
    assert torch.equal(before.signal, after.signal)
    labours = before.truth[:, RATE].isfinite().any(1)
    torch.testing.assert_close(before.truth[labours], after.truth[labours], equal_nan=True, rtol=0, atol=0)
    ruled = after.truth[~labours]
    assert ruled[:, [RATE, CONTRACTION, ARTEFACT]].isnan().all()  # the activity of these recordings is flat
    assert ruled[:, [BASELINE, DECELERATION]].isfinite().any(2).all()
    whole = FalseSignals(false_signal_folder)
    name = next(n for n in read.facts.partition.train if n.startswith("fhrma") and len(read._rows[n]) == 1)
    (row,) = read._rows[name]
    morphology = analyze(whole[name.split()[1]])
    seconds = morphology.baseline[-480 * 4 :].reshape(480, 4).mean(1)
    found = read._truth[row, BASELINE].astype(np.float32)
    known = np.isfinite(found)
    assert known.sum() > 240
    np.testing.assert_allclose(found[known] * 20 + 140, seconds[known], atol=0.1)
    said = ", read by the rules of morphology"
    assert read.facts.origin == plain.facts.origin + said
    assert said in pretraining_card("InceptionNet", read.facts, {})


def test_what_the_rules_read_is_cut_out_at_the_place_of_the_window():
    recording = simulate_recording(0, seed=7)
    fs, events = recording.fs, pd.DataFrame({"start_s": [630.5], "end_s": [700.0]})
    unseen = pd.DataFrame({"channel": ["uc", "fhr"], "start_s": [600.0, 900.0], "end_s": [640.0, 960.0]})
    ramp = np.arange(len(recording), dtype=np.float32) / fs / 60  # bpm
    morphology = replace(analyze(recording), baseline=ramp, decelerations=events, contractions=events, uncertain=unseen)
    pipeline = Pipeline(minutes=10)
    signal = np.ones((3, 600), dtype=np.float32)
    signal[2, 500:] = 0
    truth = truth_of_morphology(morphology, 1200.0, signal, pipeline)
    assert np.isnan(truth[[RATE, ARTEFACT]]).all()
    seconds = np.arange(600, 1200)
    far = seconds >= 1130
    baseline = np.where(far, np.nan, ((seconds + 0.375) / 60 - 140) / 20)
    np.testing.assert_allclose(truth[BASELINE], baseline, rtol=1e-5)
    falls = ((seconds >= 631) & (seconds < 700)) + 0.5 * (seconds == 630)
    wanted = np.where(far | ((seconds >= 900) & (seconds < 960)), np.nan, falls)
    np.testing.assert_array_equal(truth[DECELERATION], wanted)
    np.testing.assert_array_equal(truth[CONTRACTION], np.where(seconds < 640, np.nan, falls))
    early = truth_of_morphology(morphology, 400.0, np.ones((3, 600), dtype=np.float32), pipeline)
    assert np.isnan(early[:, :200]).all()
    np.testing.assert_allclose(early[BASELINE, 200], (0.375 / 60 - 140) / 20, rtol=1e-5)


def test_pieces_use_a_recording_from_its_end_and_lack_what_was_not_recorded():
    recording = simulate_recording(0, seed=7)
    short = recording.after(Step("cut"), fhr=recording.fhr[: 240 * 25], uc=recording.uc[: 240 * 25])
    last, first = pieces(short, minutes=20, least=5)
    assert (len(last), len(first), last.source) == (4800, 4800, recording.source)
    np.testing.assert_array_equal(last.fhr, short.fhr[1200:])
    np.testing.assert_array_equal(first.uc[-1200:], short.uc[:1200])
    assert np.isnan(first.fhr[:-1200]).all()
    assert np.isnan(first.uc[:-1200]).all()
    assert len(list(pieces(short, minutes=20, least=6))) == 1
    assert len(list(pieces(short, minutes=25, least=6))) == 1
    assert not list(pieces(short, minutes=60, least=30))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"labours": 0}, "each use needs a labour"),
        ({"simulation_seed": -1}, "the seed is 0 or more"),
        ({"channels": ["fhr"]}, "heart rate is hidden in `fhr` and `mask`, give both"),
        ({"window_minutes": 70}, "simulated labours are recorded for 65 min or longer"),
        ({"crop_minutes": 30}, "a crop of at most 20 min"),
        ({"crop_minutes": 0.5}, "stretches of a sample or more that fit into it"),
        ({"shortest": 40, "longest": 30}, "shortest=40 s, longest=30 s"),
        ({"morphology": True}, "morphology=True without recordings"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, said):
    with pytest.raises(FHRError, match=said):
        data_of(**options)


def test_a_folder_that_is_not_there_is_refused_before_anything_is_simulated(tmp_path):
    with pytest.raises(DatasetNotFoundError, match="nowhere"):
        data_of(10**9, fhrma=str(tmp_path / "nowhere"))
