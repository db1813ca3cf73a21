from dataclasses import replace
from math import inf, isnan
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from linear_reader import LinearReader, levels
from small_kernel_line import bare_card, kernel_line

from fhr.confidence.decision import Threshold
from fhr.confidence.judgement import Judgement
from fhr.errors import CheckpointError, FHRError
from fhr.metrics import auroc
from fhr.plots import ToldStrip, flip_strips
from fhr.prediction import Predictor
from fhr.recording import Recording
from fhr.robustness import COLUMNS, Sheet, Traces, WindowSheet, robustness_sheet, size_for_half, window_sheet
from fhr.robustness.kept_sheets import KeptSheets
from fhr.robustness.sheet_figures import curves_figure, flip_figure

THREATS = ("error_rms", "error_peak", "offset", "uc_gain", "shift", "block_loss")


class Linear(LinearReader):
    """With all that a sheet asks of a predictor."""

    def __init__(self, *, wrong: float = 1.0) -> None:
        super().__init__()
        self.predictor.target = "ph<7.05"
        self.predictor.confidence = SimpleNamespace(threshold=Threshold(0.5), judge=self._judge)
        (one,) = self.networks
        one.reads_activity, one.slope = False, lambda signal: wrong * type(one).slope(one, signal)

    def member_scores(self, traces: Traces) -> torch.Tensor:
        fhr = torch.nan_to_num(traces.fhr, nan=140.0).double()
        return (fhr @ self.networks[0].fhr)[None]

    @staticmethod
    def _judge(scores: np.ndarray) -> Judgement:
        p = 1 / (1 + np.exp(140 - scores.mean(0)))
        return Judgement("ph<7.05", scores.mean(0), probability=p, p_values=np.stack([1 - p, p], axis=1))


@pytest.fixture(scope="module")
def sheets() -> list[WindowSheet]:
    """Of four births, the last two with the label, one verdict of which is wrong."""
    reader, traces = Linear(), levels(136.0, 141.0, 139.0, 143.0)
    made = [window_sheet(reader, traces[[i]], threats=THREATS, looks=20) for i in range(4)]
    return [one.of(one.record, label) for one, label in zip(made, (0, 0, 1, 1), strict=True)]


def row(sheet: WindowSheet, threat: str) -> dict:
    return next(one for one in sheet.table if one["threat"] == threat)


def test_rows_hold_what_is_exact_of_a_linear_score(sheets):
    reader, traces = Linear(), levels(136.0)
    weights, measured = reader.networks[0].fhr, traces.measured[0].double()
    gap = 140.0 - reader.scores(traces)[0, 0]
    assert tuple(row(sheets[0], "offset")) == COLUMNS
    for threat, exact in (
        ("error_rms", gap / float((weights * measured).norm() * measured.sum().sqrt())),
        ("offset", gap / float((weights * measured).sum())),
    ):
        one = row(sheets[0], threat)
        assert one["certified"] <= exact * (1 + 1e-6) <= one["found"] * (1 + 2e-6)
        assert one["found"] == pytest.approx(exact, rel=0.05)
        assert one["certified"] == pytest.approx(exact, rel=0.1)  # the slope counts the gap
        assert not one["broken"]
    assert (row(sheets[0], "uc_gain")["certified"], row(sheets[0], "uc_gain")["looks"]) == (inf, 0)
    assert row(sheets[0], "shift")["found"] > row(sheets[0], "shift")["certified"]
    unknown = row(sheets[0], "block_loss")
    assert isnan(unknown["certified"])
    assert "no bound is known of LinearNetwork" in unknown["not_certified"]


def test_words_say_what_is_proven_found_and_not_known(sheets):
    sheet = Sheet(sheets, {})
    verdict, *said = sheet.words(sheets[0])
    assert "below the threshold" in verdict
    assert "after averaging and calibration" in verdict
    assert "at 1 Hz" in verdict
    rms, _, _, gain, _, block = said
    assert "(proven); the smallest change found that flips it needs" in rms
    assert float(rms.split("up to ")[1].split()[0]) <= row(sheets[0], "error_rms")["certified"]
    assert float(rms.split("needs ")[1].split()[0]) >= row(sheets[0], "error_rms")["found"]
    assert gain.endswith("unchanged whatever its size (by construction: the model reads no uterine activity)")
    assert block.startswith("Block of loss: no proof is known (no bound is known of LinearNetwork")
    half = size_for_half(sheets, "error_rms")
    assert sum(row(one, "error_rms")["certified"] >= half for one in sheets) == 2
    assert sheet.short.loc[0, "error_rms_found"] == row(sheets[0], "error_rms")["found"]


def test_a_certificate_that_is_too_large_is_told(caplog):
    sheet = window_sheet(Linear(wrong=0.5), levels(136.0), threats=["error_rms", "uc_gain"], looks=20)
    assert sheet.broken == ["error_rms"]
    assert row(sheet, "error_rms")["broken"]
    assert "an attack beats the certificate" in caplog.text
    assert "ERROR OF THIS PROGRAM" in "\n".join(Sheet([sheet], {}).words(sheet))
    assert any("ERROR OF THIS PROGRAM" in line for line in Sheet([sheet], {}).lines)


def test_curves_fall_and_proofs_lie_below_attacks(sheets):
    curves = Sheet(sheets, {}).curves
    for _, rows in curves.groupby("threat"):
        assert (rows["certified"].diff().dropna() <= 0).all()
        known = rows.dropna(subset="attacked")
        assert (known["certified"] <= known["attacked"]).all()
        assert (known["certified_accuracy"] <= known["attacked_accuracy"]).all()
    of_errors = curves[curves["threat"] == "error_rms"].set_index("size")
    assert of_errors.loc[0.0, "certified_accuracy"] == 0.5
    plain = [one.probability for one in sheets]
    assert of_errors.loc[0.0, "certified_auroc"] == auroc([0, 0, 1, 1], np.exp(plain)) == 0.75
    assert (of_errors["certified_auroc"] <= of_errors["attacked_auroc"]).all()
    assert (of_errors["certified_mean_lowest"] <= of_errors["attacked_mean_lowest"]).all()
    assert (of_errors["certified_mean_highest"] >= of_errors["attacked_mean_highest"]).all()
    coverage = [name for name in of_errors if "coverage" in name and name.startswith("certified")]
    assert len(coverage) == 6
    for name in coverage:
        assert (of_errors[name] <= of_errors[name.replace("certified", "attacked")]).all()
    # Of a linear score the farthest that is found is the bound, but for the slope, which counts the gap too.
    found, proven = (of_errors[f"{by}_mean_highest"].to_numpy() for by in ("attacked", "certified"))
    assert found == pytest.approx(proven, abs=0.02)


def test_figures_show_the_change_and_every_threat(sheets):
    figure = flip_figure(sheets[0])
    labels = [axes.get_label() for axes in figure.axes]
    assert labels == ["rate", "change"] * 3 + ["activity"]
    drawn = figure.axes[1].lines[-1].get_ydata()
    strip = sheets[0].strips[1]
    np.testing.assert_allclose(drawn, strip.fhr - sheets[0].strips[0].fhr)
    assert len([axes for axes in curves_figure(Sheet(sheets, {}).curves, "ph<7.05").axes if axes.axison]) == 6
    nothing = replace(sheets[0], strips=sheets[0].strips[:1])
    assert [axes.get_label() for axes in flip_figure(nothing).axes] == ["rate", "activity"]
    window = ToldStrip(np.ones(60), np.ones(60), 1.0, ["a"])
    with pytest.raises(FHRError, match="give changes of one window"):
        flip_strips(window, [ToldStrip(np.ones(50), np.ones(50), 1.0, ["b"])])


def test_what_is_kept_is_the_same_and_known_by_what_decides_it(sheets, tmp_path):
    recording = Recording("a", np.full(600, 140.0, np.float32), np.zeros(600, np.float32), fs=4.0)
    kept = KeptSheets(tmp_path / "kept", "one model")
    assert kept.load(recording) is None
    kept.save(recording, sheets[:2])
    again = kept.load(recording)
    assert again is not None
    for one, other in zip(again, sheets[:2], strict=True):
        assert str(one.table) == str([dict(x) | {"label": other.label} for x in other.table])
        assert str(one.worst) == str(other.worst)
        assert [strip.threat for strip in one.strips] == [strip.threat for strip in other.strips]
        np.testing.assert_array_equal(one.strips[1].fhr, other.strips[1].fhr)
    assert KeptSheets(tmp_path / "kept", "another model").load(recording) is None
    assert kept.load(replace(recording, fhr=recording.fhr + 1)) is None
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:500])
    assert kept.load(recording) is None


def test_a_model_without_a_threshold_and_settings_that_are_none_are_refused():
    model = Predictor([(bare_card(), kernel_line())])
    recording = Recording("a", np.full(4800, 140.0, np.float32), np.zeros(4800, np.float32), fs=4.0)
    with pytest.raises(CheckpointError, match="no calibrator"):
        robustness_sheet(model, [recording])
    for given, said in (
        ({"threats": ["noise"]}, "threat 'noise' is not known"),
        ({"threats": []}, "no threat"),
        ({"largest": {"error_rms": 0.0}}, "size 0.0 of error_rms"),
        ({"largest": {"uc_gain": 1.0}}, "above 1"),
        ({"threats": ["offset"], "largest": {"shift": 5.0}}, "not among the threats"),
        ({"looks": 0}, "looks=0"),
        ({"kept": "somewhere"}, "known_as"),
    ):
        with pytest.raises(FHRError, match=said):
            robustness_sheet(model, [recording], **given)


def test_recordings_of_one_name_are_called_by_their_paths(sheets):
    alike = [replace(sheets[0], record="ctg0", path=f"p{k}/ctg0.csv") for k in (1, 2)]
    sheet = Sheet([*alike, sheets[1]], {})
    assert [sheet.called(one) for one in sheet.sheets] == ["p1/ctg0.csv", "p2/ctg0.csv", sheets[1].record]
    assert next(sheet.words(alike[1])).startswith("p2/ctg0.csv, ")
