"""The strip: its size in centimetres, what is drawn and what is not, and what is refused."""

import dataclasses
import itertools
import os
import struct
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import rcParams

import fhr
from fhr.errors import FHRError
from fhr.plots import ctg
from fhr.plots.ctg_signals import alone
from fhr.plots.ctg_window import Window
from fhr.preprocessing import runs
from fhr.recording import Recording


def panels(figure):
    assert plt.get_fignums() == []
    figure.savefig(BytesIO(), format="png", dpi=40)
    axes = {axes.get_label(): axes for axes in figure.axes}
    assert list(axes) == ["rate", "events", "activity"]
    return axes


def size_cm(figure, axes):
    return axes.get_position().size * figure.get_size_inches() * 2.54


def layer(axes, gid):
    """The artists of a layer."""
    return [artist for artist in (*axes.lines, *axes.collections) if artist.get_gid() == gid]


def spans(axes, gid):
    """Starts and ends of the rectangles of a layer, min."""
    return [
        (path.vertices[:, 0].min(), path.vertices[:, 0].max())
        for collection in layer(axes, gid)
        for path in collection.get_paths()
    ]


def written(figure):
    return [text.get_text() for text in figure.texts]


def legend(figure):
    (only,) = figure.legends
    return {text.get_text() for text in only.get_texts()}


def strip(n, fs=4.0, **fields):
    return Recording("strip", np.full(n, 140.0), np.full(n, 20.0), fs, **fields)


def test_a_name_is_written_as_it_is():
    figure = ctg(dataclasses.replace(strip(240), name=r"cost $\frac$"))
    panels(figure)  # drawn: as mathematics it could not be read
    assert written(figure)[0] == r"cost $\frac$ · 0% signal loss"


@pytest.mark.parametrize(
    ("speed", "scale", "minutes"), [(1, 20, None), (3, 30, None), (2, 20, 7.3), (1, 30, 7.3), (2, 30, 30), (3, 20, 30)]
)
def test_the_paper_has_its_true_size(labour, labour_morphology, speed, scale, minutes):
    for morphology in (None, labour_morphology):
        figure = ctg(labour, morphology, minutes=minutes, speed=speed, scale=scale)
        axes = {axes.get_label(): axes for axes in figure.axes}
        for name, high in (("rate", (210 - 50) / scale), ("activity", 4)):
            assert size_cm(figure, axes[name]) == pytest.approx([(minutes or 90) * speed, high], abs=1e-6)
            assert np.ptp(axes[name].get_xlim()) == pytest.approx(minutes or 90)
        for axis in axes.values():  # nothing off the figure, and no panel over another
            box = axis.get_position()
            assert 0 < box.x0 < box.x1 < 1
            assert 0 < box.y0 < box.y1 < 1
        assert axes["rate"].get_position().y0 > axes["activity"].get_position().y1


def test_a_png_says_how_large_it_is(labour):
    buffer = BytesIO()
    figure = ctg(labour, minutes=10)
    figure.savefig(buffer, format="png", dpi=100)
    data = buffer.getvalue()
    (width,) = struct.unpack(">I", data[16:20])
    at = data.index(b"pHYs") + 4
    (per_metre,) = struct.unpack(">I", data[at : at + 4])
    assert 100 * width / per_metre == pytest.approx(figure.get_figwidth() * 2.54, abs=0.03)


def test_the_scale_of_the_paper_and_its_lines(labour):
    rate, _, activity = ctg(labour, minutes=20).axes
    assert rate.get_ylim() == (50, 210)
    assert activity.get_ylim() == (0, 100)
    assert rate.get_yticks().tolist() == [60, 80, 100, 120, 140, 160, 180, 200]
    ruled = {
        (round(s[0, 1], 6), float(width))
        for lines in rate.collections
        if hasattr(lines, "get_segments")
        for s, width in zip(
            lines.get_segments(), np.broadcast_to(lines.get_linewidth(), len(lines.get_segments())), strict=True
        )
        if s[0, 1] == s[1, 1]
    }
    thick = {level for level, width in ruled if width == max(w for _, w in ruled if w < 2)}
    assert thick == {110, 160}
    american, *_ = ctg(labour, minutes=9, speed=3, scale=30, bpm=(30, 240)).axes
    assert american.get_yticks().tolist() == list(range(30, 241, 30))


def test_a_gap_breaks_the_line_and_no_sample_is_lost(labour):
    rate = panels(ctg(labour, minutes=30))["rate"]
    line = next(line for line in rate.lines if line.get_label() == "fetal heart rate")
    n = 30 * 240
    # The sample before the window is drawn too, so that the line reaches the edge.
    np.testing.assert_array_equal(line.get_ydata(), labour.fhr[-n - 1 :])
    np.testing.assert_allclose(line.get_xdata(), np.arange(-n - 1, 0) / 240, atol=1e-9)
    (dot,) = layer(rate, "alone")
    assert dot.get_marker() == "."
    assert dot.get_linestyle() == "None"
    assert dot.get_data() == (pytest.approx([-3500 / 240]), pytest.approx([130]))


def test_a_sample_alone_leaves_ink():
    fhr = np.full(2400, np.nan)
    fhr[1200] = 180

    def ink(signal):
        image = BytesIO()
        ctg(Recording("dot", signal, np.full(2400, np.nan), 4.0), minutes=10).savefig(image, format="raw", dpi=100)
        return (np.frombuffer(image.getvalue(), np.uint8).reshape(-1, 4)[:, :3].max(axis=1) < 100).sum()

    assert ink(fhr) > ink(np.full(2400, np.nan))


def test_what_is_beyond_the_paper_is_marked_at_its_edge(labour):
    axes = panels(ctg(labour, minutes=30))
    marks = {mark.get_marker(): mark.get_data() for mark in layer(axes["rate"], "beyond")}
    assert marks["^"] == (pytest.approx([-1995 / 240]), pytest.approx([210]))
    assert marks["v"] == (pytest.approx([-950 / 240]), pytest.approx([50]))
    (mark,) = layer(axes["activity"], "beyond")
    assert mark.get_data() == (pytest.approx([-1180 / 240]), pytest.approx([100]))
    wide = panels(ctg(labour, minutes=30, bpm=(30, 240)))["rate"]
    assert layer(wide, "beyond") == []


def test_marks_at_the_edge_do_not_pile_up():
    fhr = np.full(240 * 60, 140.0)
    fhr[::2] = 250
    rate = panels(ctg(Recording("spikes", fhr, fhr * 0, 4.0)))["rate"]
    (marks,) = layer(rate, "beyond")
    assert 200 < len(marks.get_xdata()) <= 241  # one in 0.25 cm of 60 cm


def test_every_layer_of_the_morphology(labour, labour_morphology):
    figure = ctg(labour, labour_morphology, minutes=30)
    axes = panels(figure)
    (baseline,) = layer(axes["rate"], "baseline")
    assert set(baseline.get_ydata()) == {140}
    assert spans(axes["events"], "accelerations") == [pytest.approx((-25, -25 + 2 / 3)), pytest.approx((-5, -13 / 3))]
    assert len(spans(axes["events"], "decelerations")) == 2
    assert [text.get_text() for text in axes["events"].texts] == ["variable", "prolonged"]
    assert len(spans(axes["activity"], "contractions")) == 2
    (peaks,) = layer(axes["activity"], "contraction peaks")
    assert peaks.get_xdata() == pytest.approx([-1280 / 60, -3])
    assert spans(axes["rate"], "uncertain") == [pytest.approx((-1000 / 60, -12.5))]
    assert spans(axes["activity"], "uncertain") == [pytest.approx((-10, -500 / 60))]
    assert spans(axes["events"], "sinusoidal pattern") == [pytest.approx((-15, -200 / 60))]
    names = {"fetal heart rate", "maternal heart rate", "baseline", "accelerations", "decelerations", "contractions"}
    assert legend(figure) == {*names, "uncertain", "sinusoidal pattern"}
    assert written(figure)[0] == f"labour · {100 * np.isnan(labour.fhr[-7200:]).mean():.0f}% signal loss"
    assert "FIGO 2015 (−60 to 0 min): suspicious (reduced variability) · NICHD 2008 (−60 to 0 min): II" in written(
        figure
    )


def test_an_area_lies_on_its_side_of_the_baseline(labour, labour_morphology):
    rate = panels(ctg(labour, labour_morphology, minutes=30))["rate"]
    for name, side in (("accelerations", 1), ("decelerations", -1)):
        (area,) = layer(rate, name)
        heights = np.concatenate([path.vertices[:, 1] for path in area.get_paths()]) - 140
        assert (side * heights >= -1e-3).all()
        assert np.abs(heights).max() == pytest.approx(8, abs=0.1)  # the fetus's sine


def test_a_baseline_that_is_not_known_is_not_in_the_legend(labour, labour_morphology):
    unknown = dataclasses.replace(labour_morphology, baseline=np.full(len(labour), np.nan, dtype=np.float32))
    figure = ctg(labour, unknown, minutes=30)
    panels(figure)
    assert "baseline" not in legend(figure)
    assert "decelerations" in legend(figure)


def test_events_outside_the_strip_are_not_drawn(labour, labour_morphology):
    figure = ctg(labour, labour_morphology, start=0, minutes=20)
    axes = panels(figure)
    assert legend(figure) == {"fetal heart rate", "maternal heart rate", "baseline"}
    assert list(axes["events"].texts) == []


def test_names_of_neighbouring_events_do_not_touch(labour, labour_morphology):
    figure = ctg(labour, labour_morphology, minutes=30)
    names = panels(figure)["events"].texts
    boxes = [text.get_window_extent() for text in names]
    assert not boxes[0].overlaps(boxes[1])
    assert names[0].get_position()[1] != names[1].get_position()[1]


def test_signals_alone(labour):
    figure = ctg(labour, minutes=30)
    assert legend(figure) == {"fetal heart rate", "maternal heart rate"}
    assert legend(ctg(strip(2400), minutes=30)) == {"fetal heart rate"}
    assert list(panels(figure)["events"].collections) == []


def test_false_signal_is_darker_where_it_is_more_probable(labour):
    probability = np.zeros(len(labour), dtype=np.float32)
    probability[-2400:-1200], probability[-1200:] = 0.6, 0.95
    probability[-4800:-2400] = np.nan
    figure = ctg(labour, minutes=30, false_signal=probability)
    shaded = spans(panels(figure)["rate"], "false signal")
    assert shaded == [pytest.approx((-10, 0)), pytest.approx((-5, 0)), pytest.approx((-5, 0))]
    assert "false signal" in legend(figure)
    mask = spans(panels(ctg(labour, minutes=30, false_signal=probability > 0.9))["rate"], "false signal")
    assert mask == [pytest.approx((-5, 0))] * 3
    assert "false signal" not in legend(ctg(labour, minutes=30, false_signal=probability * 0))


def test_the_second_stage(labour):
    rate, _, activity = ctg(labour, minutes=30).axes
    for axes in (rate, activity):
        (line,) = layer(axes, "second stage")
        assert set(line.get_xdata()) == {-10}
    since = ctg(labour, minutes=5).axes[0]
    assert layer(since, "second stage") == []
    assert [text.get_text() for text in since.texts if "stage" in text.get_text()] == ["second stage, since −10 min"]
    before = ctg(labour, start=0, minutes=5).axes[0]
    assert not any("stage" in text.get_text() for text in before.texts)


def test_time_is_counted_to_the_end_or_from_the_start(labour):
    to_end = panels(ctg(labour, start=3600, minutes=20))["activity"]
    assert [label.get_text() for label in to_end.get_xticklabels()] == ["−30", "−25", "−20", "−15", "−10"]
    from_start = panels(ctg(labour, start=3600, minutes=20, count="start"))["activity"]
    assert [label.get_text() for label in from_start.get_xticklabels()] == ["1:00", "1:05", "1:10", "1:15", "1:20"]
    for axes, shift in ((to_end, 90), (from_start, 0)):
        assert axes.lines[0].get_xdata()[[0, -1]] + shift == pytest.approx([60 - 1 / 240, 80])


@pytest.mark.parametrize(("fs", "seconds"), [(1, 10), (1, 4000), (2, 100), (4, 10), (8, 100), (3.7, 10), (3.7, 4000)])
def test_any_rate_and_length(fs, seconds):
    recording = strip(int(seconds * fs), fs)
    figure = ctg(recording)
    rate = panels(figure)["rate"]
    assert size_cm(figure, rate)[0] == pytest.approx(max(recording.duration / 60, 5))
    assert rate.lines[0].get_xdata()[0] == pytest.approx(-recording.duration / 60)


@pytest.mark.parametrize("kind", ["no uc", "mhr only", "empty", "nothing"])
def test_channels_that_hold_nothing(kind):
    none = np.full(2400, np.nan)
    recording = {
        "no uc": Recording("r", np.full(2400, 140.0), none, 4.0),
        "mhr only": Recording("r", none, np.zeros(2400), 4.0, mhr=np.full(2400, 80.0)),
        "empty": Recording("r", none[:0], none[:0], 4.0),
        "nothing": Recording("r", none, none, 4.0, mhr=none),
    }[kind]
    figure = ctg(recording)
    panels(figure)
    title = {
        "no uc": "r · 0% signal loss · no uterine activity",
        "mhr only": "r · 100% signal loss",
        "empty": "r · no signal · no uterine activity",
        "nothing": "r · 100% signal loss · no uterine activity",
    }[kind]
    assert written(figure)[0] == title
    assert ("maternal heart rate" in legend(figure)) == (kind == "mhr only")


def test_settings_and_pyplot_stay_as_they_are(labour, labour_morphology):
    before = dict(rcParams)
    panels(ctg(labour, labour_morphology, minutes=30))
    assert dict(rcParams) == before


def test_a_window_holds_whole_samples():
    recording = strip(6000, fs=10.0 / 3)
    for seconds in (0.3, 3.0, 30.3, 299.7):
        window = Window.of(recording, seconds, 1, "end")
        assert window.inside.start == round(seconds * recording.fs)
        assert window.inside.stop - window.inside.start == 200


def test_runs_and_lonely_samples_by_brute_force():
    generator = np.random.default_rng(0)
    for n in range(9):
        for _ in range(20):
            mask = generator.random(n) < 0.5
            start, stop = runs(mask)
            rebuilt = np.zeros(n, dtype=bool)
            for first, last in zip(start, stop, strict=True):
                assert mask[first:last].all()
                rebuilt[first:last] = True
            np.testing.assert_array_equal(rebuilt, mask)
            signal = np.where(mask, 140, np.nan)
            expected = [mask[i] and not (i > 0 and mask[i - 1]) and not (i + 1 < n and mask[i + 1]) for i in range(n)]
            assert alone(signal).tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speed": 4}, "speed=4 cm/min is no paper speed; give 1, 2 or 3"),
        ({"scale": 25}, "scale=25 bpm/cm is no paper scale; give 20 or 30"),
        ({"bpm": (120, 210)}, r"bpm=\(120, 210\): the paper must hold 110 to 160 bpm"),
        ({"minutes": 0}, "minutes=0; give a positive length"),
        ({"minutes": float("nan")}, "minutes=nan; give a positive length"),
        ({"minutes": 600}, "600 min of labour at 1 cm/min are 6.0 m of paper; one figure takes 5 m: give minutes"),
        ({"start": -1}, "start=-1 s in labour, which lasts 5400 s; give seconds from its start"),
        ({"start": 5400}, "start=5400 s in labour, which lasts 5400 s"),
        ({"count": "clock"}, "count='clock'; give 'end' for minutes to the end"),
        ({"false_signal": np.zeros(3)}, r"false_signal has shape \(3,\) beside 21600 samples of labour"),
        ({"false_signal": np.full(21600, 1.5)}, "false_signal ranges from 1.5 to 1.5; give probabilities in"),
    ],
)
def test_what_is_refused(labour, arguments, message):
    with pytest.raises(FHRError, match=message):
        ctg(labour, **arguments)


def test_the_morphology_of_another_recording_is_refused(labour, labour_morphology):
    with pytest.raises(
        FHRError, match=r"the morphology of labour \(21600 samples at 4 Hz\) is not that of strip \(2400"
    ):
        ctg(strip(2400), labour_morphology)
    other = dataclasses.replace(labour_morphology, fs=2.0)
    with pytest.raises(FHRError, match="analyze the recording that is drawn"):
        ctg(labour, other)


@pytest.mark.skipif(not os.environ.get("FHR_DATA"), reason="set FHR_DATA to the folder of real recordings")
@pytest.mark.parametrize(
    "path",
    [
        "ctu-uhb-ctgdb/2025",  # 54% loss
        "ctu-uhb-ctgdb/1104",  # no UC
        "fhrma-morphology/train01.fhr",
        "fhrma-false-signals/DopMHRTrain0035.fhrm",  # MHR only
        "fhrma-false-signals/ScalpTrain0001.fhrm",
    ],
)
def test_real_recordings(path):
    recording = fhr.read(Path(os.environ["FHR_DATA"], path))
    for speed in (1, 3):
        figure = ctg(recording, minutes=30, speed=speed, scale=20 if speed == 1 else 30)
        rate = panels(figure)["rate"]
        assert size_cm(figure, rate)[0] == pytest.approx(30 * speed)
        assert ("maternal heart rate" in legend(figure)) == (recording.mhr is not None and "Dop" in path)


def test_where_networks_looked_stands_in_lanes_of_one_scale(labour, labour_morphology):
    looked = np.full((2, len(labour)), np.nan)
    looked[:, -7200:] = 0.0
    looked[0, -4800:-2400], looked[1, -2400:-1200] = 0.3, -0.1
    for morphology in (None, labour_morphology):
        figure = ctg(labour, morphology, contributions=looked, minutes=40)
        figure.savefig(BytesIO(), format="png", dpi=40)
        axes = {axes.get_label(): axes for axes in figure.axes}
        order = ["rate", "looked at fhr", "events", "looked at uc", "activity"]
        assert sorted(axes, key=lambda name: -axes[name].get_position().y0) == order
        boxes = [axes[name].get_position() for name in order]
        assert all(above.y0 >= below.y1 - 1e-9 for above, below in itertools.pairwise(boxes))
        tops = []
        for name, side, first, last, value in (
            ("looked at fhr", "speaks for the label", -20, -10, 0.3),
            ("looked at uc", "speaks against the label", -10, -5, -0.1),
        ):
            tops.append(axes[name].get_ylim()[1])
            (filled,) = layer(axes[name], side)
            x, y = np.concatenate([path.vertices for path in filled.get_paths()]).T
            assert [x[y == value].min(), x[y == value].max()] == pytest.approx([first, last], abs=1e-9)
            other = "speaks against the label" if side == "speaks for the label" else "speaks for the label"
            (none,) = layer(axes[name], other)
            assert all((path.vertices[:, 1] == 0).all() for path in none.get_paths())
        assert tops[0] == tops[1] > 0.3
        assert {"speaks for the label", "speaks against the label"} <= legend(figure)
    for bad, words in ((looked[:1], r"contributions of shape \(1, "), (looked + np.inf, "infinite")):
        with pytest.raises(FHRError, match=words):
            ctg(labour, contributions=bad)
