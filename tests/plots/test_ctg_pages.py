"""Sheets of A4: how many, which minutes, of what size, and a file that is whole or not there."""

import dataclasses
import re
from io import BytesIO
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fhr.errors import FHRError
from fhr.plots import ctg_pages, write_ctg
from fhr.plots.ctg_sheets import SHEETS
from fhr.recording import Clinical, Provenance, Recording, Source, Step


@pytest.fixture
def drawn(monkeypatch):
    """The figures of the sheets, of which the file holds no ink: most tests are about size and words."""
    figures = []
    original = PdfPages.savefig
    monkeypatch.setattr(PdfPages, "savefig", lambda pdf, figure: [figures.append(figure), original(pdf, Figure())])
    return figures


def windows(figures):
    """Limits of each row, min, with its width and height on paper, cm."""
    rows = [(axes, figure) for figure in figures for axes in figure.axes if axes.get_label() == "rate"]
    return [(*axes.get_xlim(), *axes.get_position().size * figure.get_size_inches() * 2.54) for axes, figure in rows]


def written(figure, gid):
    return next(text.get_text() for text in figure.texts if text.get_gid() == gid)


def hours(minutes, fs=1.0):
    n = int(minutes * 60 * fs)
    return Recording("long", np.full(n, 140.0), np.zeros(n), fs)


def boxes(path):
    """The sizes of the pages of a PDF, pt."""
    pages = re.findall(rb"/Type /Page\b[^s].*?>>", path.read_bytes(), re.DOTALL)
    return [tuple(map(float, re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", page).groups())) for page in pages]


@pytest.mark.parametrize(
    ("sheet", "minutes", "speed", "rows", "sheets"),
    [
        ("a4", 5, 1, 1, 1),
        ("a4", 18, 1, 1, 1),
        ("a4", 18.1, 1, 2, 1),
        ("a4", 35, 1, 2, 1),
        ("a4", 35.1, 1, 3, 2),
        ("a4", 9, 3, 2, 1),
        ("a4", 90, 2, 12, 6),
        ("a4-landscape", 27, 1, 1, 1),
        ("a4-landscape", 54, 1, 3, 3),
        ("a4-landscape", 40, 3, 5, 5),
        ("a4-landscape", 25, 2, 2, 2),
        ("a3-landscape", 77, 1, 2, 1),
        ("a3-landscape", 78, 1, 3, 2),
    ],
)
def test_number_of_sheets_and_their_minutes(tmp_path, drawn, sheet, minutes, speed, rows, sheets):
    path = tmp_path / "long.pdf"
    assert ctg_pages(hours(minutes), path=path, speed=speed, sheet=sheet) == sheets == len(drawn)
    found = windows(drawn)
    assert len(found) == rows
    assert found[-1][1] == 0
    if rows > 1:
        assert found[0][0] == pytest.approx(-minutes)
    for before, after in pairwise(found):
        assert before[1] - after[0] >= 1 - 1e-6
    for first, last, width, height in found:
        assert (width, height) == (pytest.approx((last - first) * speed, abs=1e-6), pytest.approx(8))
    for i, figure in enumerate(drawn, start=1):
        assert tuple(figure.get_size_inches() * 2.54) == pytest.approx(SHEETS[sheet])
        assert written(figure, "sheet") == f"time to the end of the recording (min) · sheet {i} of {sheets}"
        assert written(figure, "notice") == "research software, not a medical device"
    assert plt.get_fignums() == []


def test_part_of_a_recording(tmp_path, drawn):
    assert ctg_pages(hours(300), path=tmp_path / "a.pdf", start=3600, minutes=50) == 2
    assert [limits[:2] for limits in windows(drawn)] == [(-240, -222), (-223, -205), (-208, -190)]


def test_the_header_tells_whose_strip_it_is(tmp_path, drawn, labour):
    path = tmp_path / "a.pdf"
    known = dataclasses.replace(
        labour,
        clinical=Clinical(gestational_age=39),
        source=Source("/ward/7/labour.csv", "table"),
        history=(Step("read", {"start": "2012-03-04T23:30:00+01:00"}),),
    )
    ctg_pages(known, path=path, minutes=30, speed=3, scale=30)
    lost = f"{100 * np.isnan(labour.fhr[-2880 - 12 :]).mean():.0f}% signal loss"
    said = "recorded 2012-03-04 · 39 weeks of gestation · 0% signal loss · source: labour.csv (table)"
    assert written(drawn[-1], "about") == said.replace("0% signal loss", lost)
    assert written(drawn[-1], "name") == "labour"
    assert written(drawn[-1], "paper") == "3 cm/min, 30 bpm/cm"
    made = dataclasses.replace(labour, provenance=Provenance("simulated", "me"), name="long" * 99 + "$x$")
    ctg_pages(made, path=path, minutes=15)
    assert written(drawn[-1], "about").startswith("simulated · ")
    assert written(drawn[-1], "name").endswith(" …")


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_words_of_a_sheet_lie_on_others(tmp_path, drawn, labour, labour_morphology, sheet):
    probability = np.full(len(labour), 0.8)
    source = Source("/ward/" + "a_long_name_" * 20, "table")
    full = dataclasses.replace(labour, source=source, clinical=Clinical(gestational_age=39), name="name " * 50)
    ctg_pages(full, labour_morphology, path=tmp_path / "a.pdf", false_signal=probability, sheet=sheet, minutes=30)
    figure = drawn[-1]
    figure.savefig(BytesIO(), format="raw", dpi="figure")
    (legend,) = figure.legends
    words = [text for text in figure.texts if text.get_text()]
    boxes = [text.get_window_extent() for text in (*words, *legend.get_texts())]
    boxes += [label.get_window_extent() for axes in figure.axes[2::3] for label in axes.get_xticklabels()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    panels = [axes.get_window_extent() for axes in figure.axes]
    assert not [box for box in boxes for panel in panels if box.overlaps(panel)]
    inside = [box for box in boxes if 0 < box.x0 < box.x1 < figure.bbox.x1 and 0 < box.y0 < box.y1 < figure.bbox.y1]
    assert len(inside) == len(boxes)


def test_the_ruler_is_five_centimetres(tmp_path, drawn):
    ctg_pages(hours(9), path=tmp_path / "a.pdf")
    (ruler,) = (line for line in drawn[0].findobj(Line2D) if line.get_gid() == "ruler")
    assert np.ptp(ruler.get_xdata()) * drawn[0].get_figwidth() * 2.54 == pytest.approx(5)


def test_the_same_recording_gives_the_same_bytes(tmp_path, labour, labour_morphology):
    for name in ("a.pdf", "b.pdf"):
        assert ctg_pages(labour, labour_morphology, path=tmp_path / name, minutes=40) == 2
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert boxes(tmp_path / "a.pdf") == [pytest.approx((21 / 2.54 * 72, 29.7 / 2.54 * 72), abs=0.01)] * 2
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".pdf"] == []
    for name in ("a.svg", "b.svg"):
        write_ctg(labour, labour_morphology, path=tmp_path / name, minutes=10)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


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
    for name, head in (("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")):
        write_ctg(labour, path=tmp_path / name, minutes=10)
        write_ctg(labour, path=tmp_path / name, minutes=5)  # over the old one
        assert (tmp_path / name).read_bytes().startswith(head)


def test_a_picture_has_true_size_and_its_name_is_text(tmp_path):
    recording = dataclasses.replace(hours(20), name="<script>")
    write_ctg(recording, path=tmp_path / "a.svg", speed=2)
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<script" not in text
    (points,) = re.findall(r'<svg [^>]*width="([\d.]+)pt"', text)
    assert float(points) / 72 * 2.54 == pytest.approx(40 + 2.7, abs=0.001)


def test_what_is_refused(tmp_path, labour):
    with pytest.raises(FHRError, match=r"a.jpg: unknown suffix '.jpg'; known are .png, .svg, .pdf, .html"):
        write_ctg(labour, path=tmp_path / "a.jpg")
    with pytest.raises(FHRError, match=r"bpm=\(0, 300\) at 20 bpm/cm makes a row 19.7 cm high; a sheet \(a4-landscape"):
        ctg_pages(labour, path=tmp_path / "a.pdf", bpm=(0, 300), sheet="a4-landscape")
    with pytest.raises(FHRError, match="sheet='b5'; known are a4, a4-landscape, a3-landscape"):
        ctg_pages(labour, path=tmp_path / "a.pdf", sheet="b5")
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
