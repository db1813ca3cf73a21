"""Kinds as people see them: table, words, warnings, figures, HTML in a notebook."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fhr.clustering import KIND_COLUMNS, Kinds, KindsTest, Method, Partition, Points, find_kinds
from fhr.clustering.kind_display import MOST_DRAWN, drawn_rows
from fhr.clustering.kind_table import doubtful_first
from fhr.clustering.kind_words import number_words
from fhr.datasets import Database
from fhr.errors import FHRError, FormatError
from fhr.similarity import Embedding, open_index

NULL = np.linspace(-1, 3, 199)
STILL = Method("still", lambda values, kinds, seed: Partition(np.arange(len(values)) % kinds, 0.0), parts=(2,))
FACTS = {"asked": None, "found": 2, "alpha": 0.05, "method": "kmeans", "most": 8}


def decided(*p):
    return tuple(KindsTest(k + 1, one, {"gaussian": one}, 2.0, NULL) for k, one in enumerate(p))


@pytest.fixture(scope="module")
def two_kinds():
    """Two kinds of 12 labours, a labour between them, one that is like none, and one of which nothing is known."""
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(-6, 1, (12, 2)), rng.normal(6, 1, (12, 2)), [[0.0, 0.0], [90, 0], [6, 6]]])
    points = Points(values, np.array([f"L{i:02d}" for i in range(len(values))]), left_out={"x": "x: all is missing"})
    first = np.r_[np.full(12, 0.99), np.full(12, 0.02), 0.5, 0.5, np.nan]
    sway = np.linspace(-0.4, 0.4, 10)[:, None] * (np.arange(len(values)) == 24)
    memberships = np.stack([first + sway, 1 - first - sway], axis=2)
    nowhere = np.r_[np.zeros(25), 0.9, 0.0]
    numbers = np.array([1] * 3 + [2] * 7)
    found = tuple(m if k == 2 else m.sum(axis=1, keepdims=True) for k, m in zip(numbers, memberships, strict=True))
    return Kinds(points, 2, decided(0.005, 0.31), numbers, memberships, found, nowhere, FACTS)


def test_the_table_tells_kind_doubt_and_what_is_typical(two_kinds):
    table = two_kinds.table
    assert list(table)[: len(KIND_COLUMNS)] == list(KIND_COLUMNS)
    assert table["kind"].tolist() == ["1"] * 12 + ["2"] * 12 + [table["kind"][24], "nowhere", ""]
    assert table.loc[table["doubtful"], "record"].tolist() == ["L24", "L25"]
    assert table["second"].tolist()[:24] == ["2"] * 12 + ["1"] * 12
    values = two_kinds.points.values
    for kind, rows in (("1", slice(0, 12)), ("2", slice(12, 24))):
        of_kind = table[(table["kind"] == kind) & ~table["doubtful"]]
        centre = values[table["kind"] == kind].mean(axis=0)
        away = np.linalg.norm(values[rows] - centre, axis=1)
        assert of_kind.sort_values("typical")["record"].tolist() == of_kind["record"].iloc[np.argsort(away)].tolist()
    assert table["typical"].isna().tolist() == [False] * 25 + [True, True]
    assert table.loc[26, ["membership", "low", "p_nowhere"]].isna().all()
    assert doubtful_first(table)["record"].tolist()[:2] == ["L25", "L24"]


def test_words_tell_the_number_its_shares_the_members_and_the_bound(two_kinds):
    number, shares, one, two, nowhere, unknown, bound = two_kinds.lines
    assert number == "2 kinds: one is not enough (p = 0.005), and nothing speaks for more (p = 0.31)"
    assert shares == "of 10 repetitions found 2 kinds 70% (35% to 93%), one kind 30% (7% to 65%)"
    assert one.startswith("kind 1: 1")
    assert two.startswith("kind 2: 1")
    typical = two_kinds.table.query("kind == '2'").sort_values("typical")["record"].head(3)
    assert two.endswith(f"most typical: {', '.join(typical)}")
    assert nowhere == "nowhere: 1 labour, like none of the kinds: L25"
    assert unknown == "no repetition says anything of 1 labour: L26"
    assert bound.startswith("with 27 records in 2 dimensions, two kinds closer than ")
    assert two_kinds.warnings == ["1 labour left out; the first, x: all is missing"]
    assert two_kinds.words.splitlines()[-1] == f"warning: {two_kinds.warnings[0]}"


@pytest.mark.parametrize(
    ("p", "facts", "said"),
    [
        ((0.9,), {"found": 1}, "one kind: nothing speaks for more (p = 0.9)"),
        ((0.01, 0.02, 0.5), {"found": 3}, "3 kinds: 2 or fewer are not enough (p = 0.02), and nothing speaks for more"),
        ((0.01, 0.02), {"found": 2}, "2 kinds or more: 2 are not enough (p = 0.02), and no more were looked for"),
        ((0.01,), {"found": 4, "method": "hdbscan"}, "4 kinds, as many as hdbscan finds: one is not enough (p = 0.01)"),
    ],
)
def test_the_number_is_told_as_the_tests_found_it(p, facts, said):
    series = pd.Series(p, index=range(1, len(p) + 1))
    (line,) = number_words(series, {**FACTS, **facts})
    assert line.startswith(said)
    *_, asked = number_words(series, {**FACTS, **facts, "asked": 6})
    assert asked == "what follows is of 6 kinds, as was asked for"


def test_a_number_that_few_repetitions_found_is_warned_of(two_kinds):
    seldom = replace(two_kinds, numbers=np.array([1] * 9 + [2]))
    assert seldom.warnings[0].startswith("only 10% of the repetitions found 2 kinds")
    assert replace(two_kinds, numbers=np.ones(10, dtype=int)).warnings[0].startswith("none of the repetitions found 2")


def test_a_kind_that_nothing_belongs_to_is_told(two_kinds):
    third = np.concatenate([two_kinds.memberships, np.zeros((10, 27, 1))], axis=2)
    lines = replace(two_kinds, memberships=third, number=3).lines
    assert "kind 3: no labour is most probably of it" in lines


def test_the_overview_shows_the_kinds_in_turn(two_kinds, tmp_path):
    figure = two_kinds.figure()
    axes = {one.get_label(): one for one in figure.axes}
    named = [text.get_text().split(" (")[0] for text in axes["pairs"].get_yticklabels()]
    assert named == ["kind 1", "kind 2", "nowhere", ""]
    assert [patch.get_height() for patch in axes["numbers"].patches] == [0.3, 0.7]
    titles = [one.get_title() for one in figure.axes if one.get_label() == "split"]
    assert titles == ["is it one kind? p = 0.005", "are 2 kinds enough? p = 0.31"]
    two_kinds.write_figures(tmp_path / "k.png")  # vectors have no strips
    assert (tmp_path / "k.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FHRError, match="vectors were given"):
        two_kinds.strips(1)
    with pytest.raises(FHRError, match="kind 3; choose from 1, 2, nowhere"):
        two_kinds.strips(3)
    with pytest.raises(FormatError, match="suffix"):
        two_kinds.write_figures(tmp_path / "k.svg")


def test_kinds_in_an_index_know_their_windows_and_what_was_learnt_from(simulated_database):
    recordings = [one for one in simulated_database.recordings if np.isnan(one.fhr[-4800:]).mean() < 0.4][:21]
    short = replace(
        recordings[0], name="short", fhr=recordings[0].fhr[:99], uc=recordings[0].uc[:99], stage2_start=None
    )
    learnt = Embedding(level, name="level", learnt_from=frozenset({recordings[0].name, "another"}))
    opened = open_index(Database([*recordings, short], origin="some"), learnt, step=math.inf)
    found = find_kinds(opened, method=STILL, repetitions=2, n_references=19)
    table = found.table
    assert (table["end_s"] - table["start_s"]).unique().tolist() == [1200]
    assert found.facts["embedding"] == "level"
    learnt_from, left_out = (next(one for one in found.warnings if word in one) for word in ("learnt", "left out"))
    assert learnt_from.startswith("the embedding learnt from 1 of the 21 labours: kinds of these may be kinds of what")
    assert "short: " in left_out
    strips = found.strips(1)
    told = [text.get_text() for text in strips.texts if text.get_gid() == "words" and text.get_weight() == "bold"]
    assert told[:3] == table.sort_values("typical")["record"].head(3).tolist()
    with pytest.raises(FHRError, match="not at hand"):
        find_kinds(opened.index, method=STILL, repetitions=2, n_references=19).strips(1)


def level(windows):
    fhr = windows.signal[:, 0]
    return np.stack([np.nanmedian(fhr, axis=1), np.nanstd(fhr, axis=1)], axis=1)


def test_some_of_many_are_drawn_of_each_kind():
    n = 4 * MOST_DRAWN
    kind = np.where(np.arange(n) % 4 == 0, "2", "1")
    table = pd.DataFrame({"kind": kind, "typical": pd.array(np.arange(n), dtype="Int64")})
    rows = drawn_rows(table)
    assert len(rows) == MOST_DRAWN
    assert (kind[rows] == "2").mean() == pytest.approx(0.25, abs=0.01)
    assert kind[rows].tolist() == sorted(kind[rows])


def test_a_notebook_shows_words_warnings_and_the_overview(two_kinds):
    html = two_kinds._repr_html_()
    assert "<li>2 kinds: one is not enough" in html
    assert "<li>Warning: 1 labour left out" in html
    assert "data:image/png;base64," in html
    assert "cluster" not in html.partition("data:image")[0]
