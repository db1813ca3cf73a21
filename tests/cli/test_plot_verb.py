"""`fhr plot`: one recording in, one figure out."""

import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fhr.calibration import Thresholds
from fhr.morphology import Morphology
from fhr.prediction import FalseSignalProbability


@pytest.fixture
def drawn(monkeypatch):
    """What the verb asked to be drawn."""
    calls = []
    module = __import__("fhr.plots.ctg_write", fromlist=["write_ctg"])
    original = module.write_ctg

    def write_ctg(recording, morphology=None, **options):
        calls.append((recording, morphology, options))
        original(recording, morphology, **options)

    monkeypatch.setattr(module, "write_ctg", write_ctg)
    return calls


@pytest.mark.parametrize(("out", "head"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.html", b"<!doctype html>")])
def test_a_file_of_each_kind(run_fhr, births, tmp_path, out, head):
    if out.endswith("html"):
        pytest.importorskip("plotly", reason="the extra plotly is not installed")
    before = hashlib.sha256((births / "s0001.dat").read_bytes()).hexdigest()
    for _ in range(2):  # the second over the first
        answer = run_fhr(tmp_path, "plot", births / "s0001", "--out", out, "--no-morphology", "--minutes", 20)
        assert answer == (0, "", "")
    assert (tmp_path / out).read_bytes()[:20].lower().startswith(head.lower())
    assert [path.name for path in tmp_path.iterdir()] == [out]
    assert hashlib.sha256((births / "s0001.dat").read_bytes()).hexdigest() == before


def test_options(run_fhr, births, tmp_path, drawn):
    paper = [
        "--sheet",
        "a3-landscape",
        "--speed",
        3,
        "--start",
        600,
        "--minutes",
        9,
        "--count",
        "start",
        "--no-morphology",
    ]
    assert run_fhr(tmp_path, "plot", births / "s0002.hea", "--out", "a.png", *paper).code == 0
    assert run_fhr(tmp_path, "plot", births / "s0002.hea", "--out", "a.png", *paper, "--scale", 20).code == 0
    (recording, morphology, options), (*_, second) = drawn
    assert (recording.name, morphology) == ("s0002", None)
    assert (options["start"], options["minutes"], options["count"]) == (600, 9, "start")
    assert (options["speed"], options["scale"], second["scale"]) == (3, 30, 20)
    assert (options["false_signal"], options["sheet"]) == (None, "a3-landscape")


def test_the_morphology_is_that_of_the_recording(run_fhr, births, tmp_path, drawn):
    assert run_fhr(tmp_path, "plot", births / "s0003", "--out", "a.png").code == 0
    ((recording, morphology, _),) = drawn
    assert isinstance(morphology, Morphology)
    assert (morphology.name, len(morphology.baseline)) == (recording.name, len(recording))


def test_a_run_shades_false_signal(run_fhr, births, tmp_path, drawn, monkeypatch):
    asked = []

    def load(run, device="cpu"):
        asked.append(run)
        return SimpleNamespace(
            name=run,
            thresholds=Thresholds(),
            false_signal_probability=lambda recording: FalseSignalProbability(np.full(len(recording), 0.8), None),
        )

    monkeypatch.setattr("fhr.cli.plot.load_false_signal", load)
    answer = run_fhr(tmp_path, "plot", births / "s0001", "--out", "a.png", "--run", "abc")
    assert answer.code == 0
    assert asked == ["abc"]
    ((recording, morphology, options),) = drawn
    assert set(options["false_signal"]) == {0.8}
    assert np.isfinite(recording.fhr).any()  # drawn as recorded
    assert np.isnan(morphology.baseline).all()  # but judged without what is false


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.jpg"], "a.jpg: unknown suffix '.jpg'; known are .png, .svg, .pdf, .html"),
        (["--out", "nowhere/a.png"], "--out nowhere/a.png: cannot be written; name a file in a folder that exists"),
        (["--out", "a.png", "--speed", 4], "speed=4 cm/min is no paper speed"),
        (["--out", "a.png", "--scale", 0], "scale=0 bpm/cm is no paper scale"),
        (["--out", "a.png", "--minutes", -3], "minutes=-3.0; give a positive length"),
        (["--out", "a.png", "--start", 1e6], "start=1000000.0 s in s0001"),
        (["--out", "a.png", "--run", "none.ckpt"], "none.ckpt"),
    ],
)
def test_a_mistake_is_one_line_and_no_file(run_fhr, births, tmp_path, arguments, message):
    answer = run_fhr(tmp_path, "plot", births / "s0001", "--no-morphology", *arguments)
    assert (answer.code, answer.out) == (2, "")
    (line,) = answer.err.splitlines()
    assert line.startswith("fhr plot: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "folder"])
def test_a_recording_that_cannot_be_read(run_fhr, births, tmp_path, damage):
    for suffix in ("hea", "dat"):
        shutil.copy(births / f"s0001.{suffix}", tmp_path)
    path = {"missing": Path("s0009"), "truncated": Path("s0001"), "folder": tmp_path}[damage]
    if damage == "truncated":
        Path(tmp_path, "s0001.dat").write_bytes(b"")
    answer = run_fhr(tmp_path, "plot", path, "--out", "a.png")
    assert (answer.code, answer.out) == (2, "")
    assert str(path) in answer.err
    assert not (tmp_path / "a.png").exists()


def test_an_old_file_survives_a_mistake(run_fhr, births, tmp_path):
    out = tmp_path / "a.png"
    out.write_bytes(b"the old file")
    assert run_fhr(tmp_path, "plot", births / "s0001", "--out", out, "--minutes", 0, "--no-morphology").code == 2
    assert out.read_bytes() == b"the old file"
