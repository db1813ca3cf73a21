"""Attributions find what a network of known arithmetic reads, add up where they promise to, and say when not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_kernel_line import bare_card, kernel_line
from tiny_predictor import tiny_predictor

from fhr.errors import CheckpointError, FHRError, SignalError
from fhr.features import FeatureSet
from fhr.models import Network
from fhr.prediction import EXPLAINED, METHODS, Attribution, Predictor, explain, where_it_looked
from fhr.prediction.usual_window import usual_window
from fhr.preprocessing import Pipeline
from fhr.recording import Recording

FS, MINUTES = 4.0, 40
PIPELINE = Pipeline(minutes=MINUTES, steps=())
CAUSE = (18, 10)  # min before the end, between which the heart rate falls again and again


class Falls(Network):
    """Score: half-minutes' worth of measured heart rate below 120 bpm, with a little of everything else."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        below = torch.relu(-signal[:, :1] - 1) * signal[:, -1:]
        return self.weight * below.sum(-1) / 30 + 1e-4 * signal[:, :2].sum((1, 2))[:, None]


class Contractions(Network):
    """Score: contractions wherever the heart rate was measured, as networks see them that are blind in gaps."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return (torch.relu(signal[:, 1]) * signal[:, 2]).sum(-1)[:, None]


class Line(Network):
    """Score: a line of the signal."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("slope", torch.randn((n_channels, PIPELINE.n_times), generator=generator))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return (self.slope * signal).sum((1, 2))[:, None]


def predictor_of(*networks: Network, pipeline: Pipeline = PIPELINE) -> Predictor:
    facts = {"features": None, "pipeline": pipeline.to_dict()}
    return Predictor([(bare_card(i, network=one.specification, **facts), one) for i, one in enumerate(networks)])


@pytest.fixture(scope="module")
def labour() -> Recording:
    """45 min of a restless heart rate, a gap, contractions, and in one stretch late decelerations."""
    n = round(45 * 60 * FS)
    to_end, rng = (n - np.arange(n)) / FS / 60, np.random.default_rng(0)
    fhr = 140 + np.convolve(rng.normal(0, 8, n), np.ones(40) / 13, "same")
    cycle = np.arange(n) / FS % 180
    inside = (to_end <= CAUSE[0]) & (to_end > CAUSE[1])
    fhr -= np.where(inside, 45 * np.clip(1 - np.abs(cycle - 110) / 45, 0, None), 0)
    fhr[(to_end <= 30) & (to_end > 27)] = np.nan
    uc = 10 + 50 * np.clip(np.sin(2 * np.pi * (cycle - 35) / 180), 0, None) ** 2 + rng.normal(0, 0.3, n)
    return Recording("labour", fhr, uc, FS)


@pytest.fixture(scope="module")
def attributions(labour) -> dict[str, Attribution]:
    predictor = predictor_of(Falls(), Falls(weight=2.0))
    return {method: where_it_looked(predictor, labour, method) for method in METHODS}


def hit_rate(found: Attribution) -> float:
    """Share of the four minutes that add most which lie in the cause, in its signal."""
    largest = found.by_stretch().nlargest(4, "contribution")
    inside = (largest["channel"] == "fhr") & largest["start"].between(CAUSE[1] + 1, CAUSE[0])
    return float(inside.mean())


@pytest.mark.parametrize("method", METHODS)
def test_the_cause_is_found_and_not_by_a_shuffled_attribution(attributions, method):
    found, rng = attributions[method], np.random.default_rng(0)
    assert hit_rate(found) == 1
    shuffled = [
        hit_rate(replace(found, signals={name: rng.permutation(values) for name, values in found.signals.items()}))
        for _ in range(20)
    ]
    assert np.mean(shuffled) < 0.4


@pytest.mark.parametrize("method", METHODS)
def test_the_score_is_the_mean_over_the_networks_and_gaps_add_nothing(labour, attributions, method):
    found = attributions[method]
    each = [where_it_looked(predictor_of(Falls(weight=weight)), labour, method) for weight in (1.0, 2.0)]
    assert found.score == pytest.approx(np.mean([one.score for one in each]))
    assert list(found.signals) == ["fhr", "uc"]
    for name, values in found.signals.items():
        np.testing.assert_allclose(values, np.mean([one.signals[name] for one in each], axis=0), atol=1e-7)
        assert values.shape == (PIPELINE.n_times,)
    to_end = PIPELINE.n_times - np.arange(PIPELINE.n_times)
    assert (found.signals["fhr"][(to_end <= 1799) & (to_end > 1621)] == 0).all()
    assert (found.signals["uc"][(to_end <= 1799) & (to_end > 1621)] != 0).any()


def test_a_line_is_taken_apart_exactly(labour):
    line = Line()
    predictor, slope = predictor_of(line), line.slope.numpy().astype(float)
    _, window, _ = predictor.prepare_one(labour)
    signal, usual = window.signal.astype(float), usual_window(window, PIPELINE).astype(float)
    found = where_it_looked(predictor, labour, "integrated gradients", steps=1)
    for row, name in enumerate(("fhr", "uc")):
        np.testing.assert_allclose(found.signals[name], slope[row] * (signal - usual)[row], atol=1e-4)
    assert found.missed == pytest.approx(0, abs=1e-2)
    lost, moved = ((slope * (signal - without))[:, -600:-540] for without in (np.zeros_like(signal), usual))
    for method, expected in (("missing", lost[0] + lost[2]), ("at rest", moved[0])):  # the mask is lost with FHR
        found = where_it_looked(predictor, labour, method, step=60)
        assert np.isnan(found.missed)
        minute = found.by_stretch().query("start == 10 and end == 9").set_index("channel")["contribution"]
        assert minute["fhr"] == pytest.approx(expected.sum(), abs=1e-2)
        assert minute["uc"] == pytest.approx(moved[1].sum(), abs=1e-2)


def test_gradients_add_up_and_too_few_steps_are_told(labour, caplog):
    predictor = tiny_predictor(0, PIPELINE, calibrator=None)
    found = where_it_looked(predictor, labour, "integrated gradients")
    assert abs(found.missed) < 0.02 * abs(found.score - found.reference)
    assert caplog.text == ""
    rough = where_it_looked(predictor_of(Falls()), labour, "integrated gradients", steps=1)
    assert abs(rough.missed) > 0.05 * abs(rough.score - rough.reference)
    assert "labour: 1 steps miss" in caplog.text


def test_contractions_are_not_credited_to_the_heart_rate_that_is_lost_with_them(labour):
    found = where_it_looked(predictor_of(Contractions()), labour).by_stretch()
    added = found.groupby("channel")["contribution"].sum()
    assert added["uc"] > 100
    assert abs(added["fhr"]) < 0.02 * added["uc"]


def test_features_beside_the_signal_are_held(labour):
    features = FeatureSet(groups=("order_statistics",), fs=1.0, minutes=20)
    predictor = tiny_predictor(0, PIPELINE, features, calibrator=None)
    _, window, row = predictor.prepare_one(labour)
    windows = np.stack([window.signal, usual_window(window, PIPELINE)])
    score, reference = predictor.scores(windows, np.stack([row, row]))[0]
    found = where_it_looked(predictor, labour, "integrated gradients")
    assert (found.score, found.reference) == pytest.approx((score, reference), abs=1e-6)
    assert abs(found.missed) < 0.02 * abs(score - reference)


@pytest.mark.cuda
@pytest.mark.parametrize("method", METHODS)
def test_a_gpu_gives_the_same(labour, method):
    network = tiny_predictor(0, PIPELINE, calibrator=None)
    members = list(zip(network.cards, network.networks, strict=True))
    here = where_it_looked(network, labour, method)
    there = where_it_looked(Predictor(members, device="cuda"), labour, method)
    for name, values in here.signals.items():
        np.testing.assert_allclose(there.signals[name], values, atol=1e-5)


def test_steady_signal_is_seen_by_its_loss_alone(labour):
    steady = replace(labour, fhr=np.full_like(labour.fhr, 115.0))
    found = {method: where_it_looked(predictor_of(Falls()), steady, method).signals["fhr"] for method in METHODS}
    assert found["missing"].sum() > 15
    for method in ("at rest", "integrated gradients"):  # the baseline is found to a step of 2 bpm
        assert abs(found[method].sum()) < 0.3 * found["missing"].sum()


def test_the_window_at_rest_has_no_events_and_the_same_gaps(labour):
    window = PIPELINE(labour)
    usual = usual_window(window, PIPELINE)
    np.testing.assert_array_equal(usual[2], window.signal[2])
    missing = (window.signal[0] == 0) & (window.signal[2] == 0)
    assert missing.sum() == 180
    assert (usual[0][missing] == 0).all()
    assert np.ptp(20 * usual[0][~missing]) < 12 < np.ptp(20 * window.signal[0])  # bpm
    assert np.ptp(30 * usual[1]) < 15 < np.ptp(30 * window.signal[1])


def test_only_signals_that_are_read_are_looked_at(labour):
    pipeline = replace(PIPELINE, channels=("fhr", "mask"))
    found = where_it_looked(predictor_of(Falls(n_channels=2), pipeline=pipeline), labour)
    assert list(found.signals) == ["fhr"]
    fhr, uc = found.along(labour)
    assert np.isnan(uc).all()
    assert hit_rate(found) == 1
    assert np.isfinite(fhr).sum() == PIPELINE.n_times * FS


def test_a_window_that_ends_earlier_lies_there(labour):
    pipeline = Pipeline(minutes=20.5, withheld=8, steps=())
    predictor = predictor_of(Falls(), pipeline=pipeline)
    found = where_it_looked(predictor, labour)
    assert found.end == 37 * 60
    fhr, _ = found.along(labour)
    assert np.flatnonzero(np.isfinite(fhr))[[0, -1]].tolist() == [16.5 * 60 * FS, 37 * 60 * FS - 1]
    assert found.shown(labour) == 28.5
    assert CAUSE[1] < 45 - np.nanargmax(fhr) / FS / 60 <= CAUSE[0]
    table = explain(predictor, labour, looked=found)
    assert len(table) == 2 * 21  # the first is half a minute
    assert table["contribution"].sum() == pytest.approx(sum(values.sum() for values in found.signals.values()))


def test_stretches_in_words():
    fhr = np.zeros(600)
    fhr[60:180], fhr[300:360], fhr[540:] = 0.01, -0.03, 0.002
    found = Attribution("a", "ph<7.05", "missing", 1.0, None, 1.0, 600.0, {"fhr": fhr, "uc": fhr[::-1] / 2})
    assert found.words() == (
        "heart rate, 5 to 4 min before the end: -1.8",
        "heart rate, 9 to 7 min before the end: +1.2",
        "uterine activity, 6 to 5 min before the end: -0.9",
    )
    assert replace(found, signals={"fhr": np.zeros(600)}).words() == ()
    with pytest.raises(FHRError, match=r"stretches of 0.1 s at 1 Hz; give at least one sample"):
        found.by_stretch(0.1)


def test_an_explanation_of_networks_is_of_minutes(labour):
    table = explain(predictor_of(Falls()), labour)
    assert list(table.columns) == list(EXPLAINED)
    assert (table["contribution"].abs().diff().dropna() <= 0).all()
    assert len(table) == 2 * MINUTES
    first = table.iloc[0]
    assert (first["group"], first["unit"], first["target"]) == ("fhr", "bpm", "ph<7.20")
    assert first["value"] < first["usual"] - 10
    gap = table[(table["group"] == "fhr") & (table["feature"] == "29 to 28 min before the end")]
    assert gap["value"].isna().all()
    assert (gap["contribution"] == 0).all()


def test_what_cannot_be_told_is_refused(labour):
    predictor = predictor_of(Falls())
    for options, words in (
        ({"method": "saliency"}, "method='saliency'; choose from missing, at rest, integrated gradients"),
        ({"stretch": 3000}, "stretches of 3000 samples every 30 in a window of 2400"),
        ({"step": 0.1}, "stretches of 60 samples every 0 in"),
        ({"stretch": np.inf}, "stretches of 0 samples"),
        ({"method": "integrated gradients", "steps": 0}, "steps=0; give 1 or more"),
    ):
        with pytest.raises(FHRError, match=words):
            where_it_looked(predictor, labour, **options)
    with pytest.raises(SignalError, match="no valid FHR"):
        where_it_looked(predictor, replace(labour, fhr=np.full_like(labour.fhr, np.nan)))
    lines = Predictor([(bare_card(), kernel_line())])
    with pytest.raises(CheckpointError, match="looks at no moment; see what each adds"):
        where_it_looked(lines, labour)
    with pytest.raises(CheckpointError, match="FittedKernelLine reads statistics and no signal"):
        lines.gradients(np.zeros((1, 3, 1200), dtype=np.float32), np.zeros((1, 3)))
