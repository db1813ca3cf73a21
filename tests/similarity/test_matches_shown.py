"""Matches as people see them: words, a table to read, figures, HTML in a notebook, a page of the report."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from some_labours import labour, labours

from fhr.datasets import Database
from fhr.errors import FHRError, FormatError
from fhr.recording import Outcome, Provenance
from fhr.report import write_matches_page
from fhr.similarity import index_of_recordings, raw_signals, similar
from fhr.similarity.match_words import ended_words, match_words, method_words

PH = (7.0, 7.1, 7.3, 7.25, np.nan, 7.2)


@pytest.fixture(scope="module")
def database():
    known = [replace(one, outcome=Outcome(ph=ph)) for one, ph in zip(labours(6), PH, strict=True)]
    known[1] = replace(known[1], provenance=Provenance("synthetic", made_by="somebody"))
    return Database(known, origin="six <labours>")


def found(database, *queries, **given):
    return similar(list(queries), database, **{"embedding": "raw", "step": 10, "k": 5, **given})


def test_words_tell_how_near_and_how_they_ended(database):
    matches = found(database, labour("q", 9), targets=["ph<7.05", "apgar1<7"])
    nearest, common, ended, unknown = matches.words.splitlines()
    first = matches.table.iloc[0]
    assert nearest == (
        f"q: nearest of 5: {first['record']}, {first['distance']:.3g} bpm apart, {first['rms_bpm']:.3g} bpm when "
        f"aligned, p_special {first['p_special']:.2g}"
    )
    assert common.startswith("q: none is closer")
    n_with = int((matches.table["ph"] < 7.05).sum())
    n_known = int(matches.table["ph"].notna().sum())
    assert ended.startswith(f"q: {n_with} of {n_known} had umbilical pH below 7.05 (1% to ")
    assert ended.endswith("; 20% expected")
    assert unknown == "q: Apgar at 1 minute below 7: known of none of them"


def test_an_interval_stands_beside_a_share():
    row = {"label": "ph<=7.15", "n_with": 7, "n_known": 10, "low": 0.348, "high": 0.933, "expected": np.nan}
    assert ended_words(row) == "7 of 10 had umbilical pH at most 7.15 (35% to 93%)"


def test_a_match_is_told_in_full():
    row = {"rank": 2, "record": "a", "to_end_s": 1500.0, "distance": 0.123, "unit": "", "p_special": 0.0004}
    row |= {"rms_bpm": 9.5}
    row |= {"p_by": "tail", "p_surrogate": 0.01, "ph": 7.1, "apgar1": 3.0, "apgar5": np.nan, "loss": 0.4}
    assert list(match_words(row | {"kind": "measured", "lag_s": -12.0})) == [
        "2. a",
        "ends 25 min before the end of the recording",
        "distance 0.123",
        "9.5 bpm when aligned",
        "p_special 0.0004 (tail)",
        "p_surrogate 0.01",
        "pH 7.10, Apgar 3 at 1 min",
        "40% signal loss",
        "drawn 12 s later",
    ]
    bare = row | {"ph": np.nan, "apgar1": np.nan, "to_end_s": 0.0, "kind": "synthetic", "lag_s": np.nan}
    assert {"ends with the recording", "outcome unknown", "40% signal loss, synthetic"} < set(match_words(bare))


def test_a_table_to_read_has_what_is_known(database):
    plain = found(database, labour("q", 9)).readable("q")
    assert "distance (bpm)" in plain
    assert {"rms (bpm)", "lag (s)"} < set(plain.columns)
    assert {"base deficit (mmol/l)", "p_surrogate", "q"}.isdisjoint(plain.columns)
    assert plain.set_index("record")["pH"].to_dict()["L001"] == "7.10"
    assert set(plain["kind"]) == {"", "synthetic"}
    assert "q" in found(database, labour("q", 9), labour("r", 10)).readable("r")


def test_a_figure_has_the_query_above_its_matches_on_one_scale(database):
    matches = found(database, labour("q", 9), k=2)
    axes = matches.figure().axes
    assert [one.get_label() for one in axes] == ["rate", "activity"] * 3
    assert {one.get_ylim() for one in axes[::2]} == {(50, 210)}
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), matches.queries.signal[0, 0])
    behind, front = axes[4].lines[:2]
    np.testing.assert_array_equal(behind.get_ydata(), matches.queries.signal[0, 0])
    np.testing.assert_array_equal(front.get_ydata(), matches.windows.signal[1, 0])


def test_a_match_that_lags_is_drawn_earlier(database):
    matches = found(database, labour("q", 9), k=1)
    lagging = replace(matches, table=matches.table.assign(lag_s=30.0))
    ends = [one.figure().axes[2].lines[1].get_xdata()[-1] for one in (matches, lagging)]
    assert ends == pytest.approx([-1 / 240 - matches.table["lag_s"].iloc[0] / 60, -1 / 240 - 0.5])


def test_a_figure_is_of_one_query(database, tmp_path):
    matches = found(database, labour("q", 9), labour("r", 10), k=1)
    np.testing.assert_array_equal(matches.figure("r").axes[0].lines[0].get_ydata(), matches.queries.signal[1, 0])
    for name in (None, "s"):
        with pytest.raises(FHRError, match="choose from q, r"):
            matches.figure(name)
    with pytest.raises(FHRError, match="choose from q, r"):
        matches.write_figures(tmp_path / "a.png")
    with pytest.raises(FormatError, match=r"called \.png or \.pdf"):
        matches.write_figures(tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []
    matches.write_figures(tmp_path / "a.pdf")
    assert len(re.findall(rb"/Type /Page\b", (tmp_path / "a.pdf").read_bytes())) == 2


def test_html_of_a_notebook_shows_the_first_query_and_escapes(database):
    matches = found(database, labour("<b>", 9), labour("r", 10), labour("short", 3, minutes=5), k=4)
    assert repr(matches) == f"Matches in six <labours>\n{matches.words}"
    html = matches._repr_html_()
    assert "<b>&lt;b&gt;, minutes 20 to 40</b>; 1 more queries" in html
    assert "Warning: of the 6 labours of the database 1 synthetic" in html
    assert "Warning: short was left out: " in html
    assert html.count("data:image/png") == 1
    assert html.count("<tr") == 5


def test_without_recordings_there_is_all_but_strips(database, tmp_path):
    index = index_of_recordings(database, raw_signals(20), step=10)
    matches = similar(labour("q", 9), index, k=2)
    assert "data:image" not in matches._repr_html_()
    assert "data:image" not in write_matches_page(tmp_path / "a.html", matches).read_text(encoding="utf-8")
    with pytest.raises(FHRError, match="not at hand"):
        matches.figure()


def test_the_page_stands_by_itself(database, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, to, **_: (drawn.append(figure), to.write(b"png")))
    queries = [labour("q", 9), labour("r", 10), labour("short", 3, minutes=5)]
    matches = found(database, *queries, fdr="yekutieli", surrogates=9)
    page = write_matches_page(tmp_path / "page.html", matches).read_text(encoding="utf-8")
    assert len(drawn) == 2
    assert page.count("data:image/png") == 2
    for line in (*matches.lines("q"), *matches.lines("r")):
        assert line.replace("<", "&lt;") in page
    assert "short was left out: short: " in page
    assert "six &lt;labours&gt;" in page
    assert "by Benjamini and Yekutieli" in page
    assert "9 surrogates of the query" in page
    assert "not a medical device" in page


def test_the_method_says_what_was_compared(database):
    facts = found(database, labour("q", 9), own=True).facts
    said = " ".join(method_words(facts))
    assert "Windows of 20 min, every 10 min: 18 windows of 6 labours" in said
    assert "the embedding raw and the euclidean distance, in bpm" in said
    assert "p_special" not in said
