"""Files of every dialect, clock, unit, gap and layout, composed from one recording: read as it is, or refused.

Few of each format; `benchmarks/every_file.py` composes thousands.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FormatError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from compositions import Truth, difference, helps, judge
from every_file import FORMS, composed

NUMBER = 8
NEEDS = {"xlsx": "openpyxl", "edf": "edfio", "h5": "h5py", "mat 7.3": "h5py"}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_read_is_true_and_what_is_refused_says_why(form, tmp_path):
    pytest.importorskip(NEEDS.get(form, "numpy"), reason=f"{form} needs an extra of the package")
    clear = right = 0
    for number in range(NUMBER):
        (folder := tmp_path / str(number)).mkdir()
        one = composed(form, number, seed=24)
        verdict = judge(one, folder)
        assert verdict.outcome in ("right", "guessed right", "refused ambiguous", "refused clear"), (
            number,
            one.axes,
            verdict,
        )
        clear += not one.doubts
        right += verdict.outcome == "right"
    assert right >= clear - 1


def test_the_same_number_composes_the_same_files():
    for form in ("csv", "wfdb", "npz"):
        one, again = composed(form, 3), composed(form, 3)
        assert one.files == again.files
        assert one.axes == again.axes
        assert composed(form, 4).axes != one.axes


TRUE = Truth(np.array([140.0, np.nan, 150.0]), np.array([1.0, 2.0, np.nan]), None, 4.0, "2024-03-15")
READ = fhr.Recording(
    "a", TRUE.fhr, TRUE.uc, 4.0, history=(fhr.recording.Step("read", {"start": "2024-03-15T10:00:00"}),)
)


@pytest.mark.parametrize(
    ("found", "differs"),
    [
        (READ, ""),
        (replace(READ, fs=2.0), "fs 2, not 4"),
        (replace(READ, history=()), "the date 2024-03-15 is lost"),
        (replace(READ, fhr=[140, 140, 150]), "1 gaps of fhr differ, first at sample 1"),
        (replace(READ, fhr=[np.nan, 140, 150]), "2 gaps of fhr"),
        (replace(READ, fhr=[140, np.nan, 150.01]), "1 samples of fhr, first 2"),
        (replace(READ, fhr=TRUE.fhr[:2], uc=TRUE.uc[:2]), "2 samples of fhr, not 3"),
        (replace(READ, uc=np.full(3, np.nan)), "2 gaps of uc"),
        (replace(READ, mhr=[80, 80, 80]), "mhr where there is none"),
    ],
)
def test_what_is_bent_is_seen(found, differs):
    said = difference(found, TRUE)
    assert said.startswith(differs)
    assert bool(said) == bool(differs)


def test_a_careless_reader_is_caught(tmp_path, monkeypatch):
    one = next(one for one in (composed("csv", number) for number in range(99)) if not one.doubts)
    for careless, outcome in (
        (lambda path, **_: replace(READ, fhr=one.truth.fhr[:-1], uc=one.truth.fhr[:-1]), "WRONG"),
        (lambda path, **_: [][0], "ESCAPED"),
        (lambda path, **_: _refuse("no"), "badly said"),
        (lambda path, **_: _refuse(f"{path}: row 3 holds no time; remove it"), "refused clear"),
    ):
        monkeypatch.setattr(fhr, "read", careless)
        assert judge(one, tmp_path).outcome == outcome


def _refuse(words: str) -> None:
    raise FormatError(words)


@pytest.mark.parametrize(
    ("words", "lack"),
    [
        ("/x/a.csv: row 3 has no time; remove the row", ""),
        ("row 3 has no time; remove the row", "does not name the file"),
        ("/x/a.csv: no intact spreadsheet; save it again", "names no place"),
        ("/x/a.csv: row 3 has no time", "names no remedy"),
        ("/x/a.csv: row 3\nremove it", "is no single line"),
    ],
)
def test_words_that_do_not_help_are_seen(words, lack):
    assert helps(words, "a.csv") == lack
