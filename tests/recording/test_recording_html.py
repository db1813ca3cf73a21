"""A recording in a notebook: what it says, that hostile texts are text, and that the small strip loses no event."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from fhr.recording import Bar, Clinical, Outcome, Provenance, Recording, Source, small_strip

HOSTILE = '"><script>alert(1)</script>'


class Tags(HTMLParser):
    """Tags and text of a piece of HTML; `depth` is 0 where all that was opened is closed."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.depth = set(), "", 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.depth += 1
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag):
        self.depth -= 1

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.words += f" {data}"


def drawn(svg):
    """Points (x, y) of each unbroken line of the signals."""
    paths = re.findall(r'<path d="(M[^"]*)" fill="none"', svg)
    lines = [line for path in paths for line in path.split("M")[1:]]
    return [np.array([point.split() for point in line.split("L")], float) for line in lines]


def test_facts_of_a_recording():
    recording = Recording(
        "a",
        np.repeat([120.0, np.nan, 140.0], [4800, 2400, 4800]),
        np.full(12000, 10.0),
        4.0,
        outcome=Outcome(ph=7.1, apgar1=6, apgar5=8),
        clinical=Clinical(gestational_age=41, sex=1, delivery_type=2),
        stage2_start=2400.0,
        source=Source("a.hea", "wfdb"),
    )
    page = Tags(recording._repr_html_())
    for words in (
        "50.0 min at 4 Hz, 12000 samples",
        "median 130 bpm (5% to 95%: 120 to 140), 20% lost",
        "not recorded",
        "the last 10 min",
        "pH 7.10, Apgar 6 at 1 min and 8 at 5 min",
        "41 weeks, female, caesarean section",
        "a.hea (wfdb)",
    ):
        assert words in page.words
    assert "kind" not in page.words
    made = replace(recording, provenance=Provenance("simulated", "<b>me</b>"), outcome=Outcome(), mhr=recording.fhr)
    page = Tags(made._repr_html_())
    assert "simulated (made by <b>me</b>)" in page.words
    assert "not known" in page.words
    assert "b" in page.tags  # the title


@pytest.mark.parametrize("n", [0, 1, 7, 601, 5000])
def test_hostile_texts_are_text_at_any_length(n):
    signal = np.full(n, np.nan)
    recording = Recording(HOSTILE, signal, signal, 0.3, source=Source(HOSTILE, HOSTILE), mhr=signal)
    html = recording._repr_html_()
    page = Tags(html)
    assert page.depth == 0
    assert "script" not in page.tags
    assert "no signal" in page.words
    assert "nan" not in html


def test_the_small_strip_keeps_each_fall_and_each_gap():
    fhr = np.full(24000, 140.0)
    fhr[12345] = 60.0  # one sample of 24000
    fhr[6000:9000] = np.nan
    fhr[-1] = 900.0
    lines = drawn(small_strip(fhr, fs=4.0, said=""))
    assert [len(line) for line in lines] == [2 * 150, 2 * 375]
    (x, low), high = lines[1][lines[1][:, 1].argmax()], lines[1][:, 1].min()
    assert x == pytest.approx(30 + 600 * 12345 / 24000, abs=1)
    assert (low, high) == (94.0, 4.0)  # 60 bpm, and the upper edge
    assert len(drawn(small_strip(fhr, fhr * 0, fs=4.0, said=""))) == 4
    assert drawn(small_strip(fhr[:0], fhr[:0], fs=4.0, said="")) == []


def test_bars_stand_at_their_times():
    svg = small_strip(np.full(600, 140.0), fs=1.0, said="x", bars=[Bar(300, 450, "red"), Bar(-9, 1e9, "blue")])
    found = re.findall(r'<rect x="([\d.]+)" y="103" width="([\d.]+)" height="5" fill="(\w+)"/>', svg)
    assert found == [("330.0", "150.0", "red"), ("30.0", "600.0", "blue")]
