"""The page of an interactive strip: its list of events, what it may load, and how it behaves in a real browser."""

import re
import shutil
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from fhr.plots import write_ctg
from fhr.plots.ctg_page import ctg_page
from fhr.recording import Clinical, Recording

pytest.importorskip("plotly", reason="the extra plotly is not installed")

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def segmented(labour_morphology):
    """Ten minutes with a baseline, and ten without."""
    end = len(labour_morphology.baseline) / labour_morphology.fs
    table = {"start_s": [end - 1200, end - 600], "end_s": [end - 600, end], "baseline": [np.nan, 140.0]}
    words = {
        "baseline_class": ["unknown", "normal"],
        "variability": [np.nan, 4.0],
        "variability_class": ["", "reduced"],
    }
    return replace(labour_morphology, segments=pd.DataFrame(table | words))


def listed(page):
    """Start, end and words of each button of the list."""
    found = re.findall(r'<button type="button" data-start="(.+?)" data-end="(.+?)">(.+?)</button>', page)
    return [(float(start), float(end), unescape(words)) for start, end, words in found]


def test_every_event_is_listed_with_its_time(labour, segmented):
    page = ctg_page(replace(labour, clinical=Clinical(gestational_age=39)), segmented)
    events = listed(page)
    assert events[0] == (-10, 0, "−10 min: baseline 140 bpm (normal), variability 4 bpm (reduced)")
    falls = [words for *_, words in events if "deceleration" in words]
    at = zip(("−63.3", "−23.3", "−22.5"), ("early", "variable", "prolonged"), strict=True)
    assert falls == [f"{minutes} min: {kind} deceleration, 20 bpm, 40 s" for minutes, kind in at]
    assert re.findall(r"<summary>(.+?)</summary>", page) == [
        "Baseline (1)",
        "Accelerations (3)",
        "Decelerations (3)",
        "Contractions (3)",
    ]
    head = page[: page.index("<main>")]
    assert "39 weeks of gestation" in head
    assert "suspicious (reduced variability)" in head
    assert "Research software, not a medical device." in page
    part = ctg_page(labour, segmented, minutes=10, count="start")
    assert [words for *_, words in listed(part)][1:] == [
        "1:25: acceleration, 20 bpm, 40 s",
        "1:26: contraction, 20, 40 s",
    ]


def test_a_file_that_stands_alone(tmp_path, labour):
    path = tmp_path / "a.html"
    write_ctg(labour, path=path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>Cardiotocogram of labour</title>" in text
    assert (
        "content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\""
        in text
    )
    assert "<script src=" not in text
    assert "there are no events to list" in text
    assert '"modebar":{"remove":["sendChartToCloud"' in text
    assert len(text) < 8e6
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_a_hostile_name_is_text(labour_morphology):
    n = len(labour_morphology.baseline)
    page = ctg_page(Recording(HOSTILE, np.full(n, 140.0), np.zeros(n), labour_morphology.fs), labour_morphology)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.process
def test_in_a_browser(tmp_path, labour, segmented):
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no chromium and chromedriver are installed: the page is not opened")
    write_ctg(labour, segmented, path=tmp_path / "a.html")
    options = webdriver.ChromeOptions()
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=800,900"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = shutil.which("chromium")
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        browser.get((tmp_path / "a.html").as_uri())

        def shown():
            return browser.execute_script("return document.getElementById('strip').layout.xaxis.range")

        def press(css):
            button = browser.find_element("css selector", css)
            browser.execute_script("arguments[0].focus()", button)
            browser.switch_to.active_element.send_keys("\ue007")  # Enter

        assert shown() == [-30, 0]
        assert browser.execute_script("return innerWidth") == 800
        wide = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
        assert browser.execute_script(wide) == 0  # no bar for the width
        assert browser.find_elements(
            "css selector", ".rangeslider-container path.js-line"
        )  # the overview shows signals
        for start, end, words in listed((tmp_path / "a.html").read_text(encoding="utf-8"))[1:5]:
            press(f'nav [data-start="{start:.6g}"][data-end="{end:.6g}"]')
            first, last = shown()
            assert first <= start < end <= last
            assert -90 <= first < last <= 0
            (current,) = browser.find_elements("css selector", "nav [aria-current]")
            assert current.text == words
        marked = browser.execute_script("return document.getElementById('strip').layout.shapes.at(-1)")
        assert (marked["visible"], marked["x0"], marked["x1"]) == (True, start, end)
        press('[data-move="0"]')
        assert shown() == [-90, 0]
        press("nav button")
        press('[data-move="-1"]')
        assert shown() == [-45, -15]
        assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
        assert browser.get_log("browser") == []  # what the policy forbids would be told here
    finally:
        browser.quit()
