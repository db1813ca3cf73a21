"""Sheets of A4: how many, which minutes, of what size, and a file that is whole or not there."""

import re
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.plots import ctg_pages, write_ctg
from fhr.recording import Recording


@pytest.fixture
def drawn(monkeypatch):
    """The windows that were drawn, and the size of each figure in cm."""
    from importlib import import_module

    module = import_module("fhr.plots.ctg_sheets")
    sheets = []

    def lay_out(*arguments, **options):
        figure = original(*arguments, **options)
        box = figure.axes[0].get_position().width * figure.get_figwidth() * 2.54
        sheets.append((arguments[3], box, figure.texts[1].get_text()))
        return figure

    original = module.lay_out
    monkeypatch.setattr(module, "lay_out", lay_out)
    return sheets


def hours(minutes, fs=1.0):
    n = int(minutes * 60 * fs)
    return Recording("long", np.full(n, 140.0), np.zeros(n), fs)


def boxes(path):
    """The sizes of the pages of a PDF, pt."""
    pages = re.findall(rb"/Type /Page\b[^s].*?>>", path.read_bytes(), re.DOTALL)
    return [tuple(map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", page).groups())) for page in pages]


@pytest.mark.parametrize(
    ("minutes", "speed", "expected"),
    [(5, 1, 1), (27, 1, 1), (27.1, 1, 2), (53, 1, 2), (54, 1, 3), (9, 3, 1), (40, 3, 5), (13, 2, 1), (25, 2, 2)],
)
def test_number_of_sheets_and_their_minutes(tmp_path, drawn, minutes, speed, expected):
    path = tmp_path / "long.pdf"
    recording = hours(minutes)
    assert ctg_pages(recording, path=path, speed=speed) == expected
    assert boxes(path) == [pytest.approx((29.7 / 2.54 * 72, 21 / 2.54 * 72), abs=0.01)] * expected
    windows = [window for window, _, _ in drawn]
    assert windows[-1].end == pytest.approx(recording.duration)
    if expected > 1:
        assert windows[0].start == 0
    for before, after in pairwise(windows):
        assert before.end - after.start >= 60 - 1e-6
    for window, width, text in drawn:
        assert width == pytest.approx(window.minutes * speed, abs=1e-6)
        assert text.endswith(f"sheet {windows.index(window) + 1} of {expected}")
    assert plt.get_fignums() == []
    assert [file.name for file in tmp_path.iterdir()] == ["long.pdf"]


def test_part_of_a_recording(tmp_path, drawn):
    assert ctg_pages(hours(300), path=tmp_path / "a.pdf", start=3600, minutes=50) == 2
    assert [(w.start, w.end) for w, *_ in drawn] == [(3600, 3600 + 27 * 60), (3600 + 23 * 60, 3600 + 50 * 60)]


def test_the_same_recording_gives_the_same_bytes(tmp_path, labour, labour_morphology):
    for name in ("a.pdf", "b.pdf"):
        assert ctg_pages(labour, labour_morphology, path=tmp_path / name) == 4
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_whole_or_not_at_all(tmp_path, labour, suffix, monkeypatch):
    from matplotlib.figure import Figure

    path = tmp_path / f"old{suffix}"
    path.write_bytes(b"the old file")
    calls = []

    def savefig(self, file, **options):
        calls.append(file)
        if len(calls) < 2 and suffix == ".pdf":
            original(self, file, **options)
        else:
            raise OSError(28, "No space left on device")

    original = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", savefig)
    with pytest.raises(OSError, match="No space left"):
        write_ctg(labour, path=path)
    assert path.read_bytes() == b"the old file"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_write_by_suffix(tmp_path, labour):
    for name, head in (("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")):
        write_ctg(labour, path=tmp_path / name, minutes=10)
        write_ctg(labour, path=tmp_path / name, minutes=5)  # over the old one
        assert (tmp_path / name).read_bytes().startswith(head)


def test_what_is_refused(tmp_path, labour):
    with pytest.raises(FHRError, match=r"a.svg: unknown suffix '.svg'; known are .png, .pdf, .html"):
        write_ctg(labour, path=tmp_path / "a.svg")
    with pytest.raises(FHRError, match=r"bpm=\(0, 300\) at 20 bpm/cm is 15.0 cm high; a sheet takes 13"):
        ctg_pages(labour, path=tmp_path / "a.pdf", bpm=(0, 300))
    with pytest.raises(FHRError, match="speed=5"):
        ctg_pages(labour, path=tmp_path / "a.pdf", speed=5)
    with pytest.raises(FileNotFoundError):
        ctg_pages(labour, path=tmp_path / "nowhere" / "a.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_roll_of_blank_paper_is_refused(tmp_path):
    recording = Recording("one", np.full(4800, 140.0), np.full(4800, 10.0), fs=4.0)
    with pytest.raises(FHRError, match="give fewer minutes"):
        ctg_pages(recording, path=tmp_path / "a.pdf", minutes=1e9)
    assert list(tmp_path.iterdir()) == []
