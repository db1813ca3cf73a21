"""Finished folds of other source, libraries or models are fitted again, and damaged ones too: nothing is mixed."""

import ast
import importlib.util
import json
import logging
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import fhr
from fhr.evaluation import BASELINES, FolderStore, MemoryStore, OnTable, Procedure, cross_validate, trained_by
from fhr.evaluation.kept_parts import TRAINED_BY
from fhr.evaluation.maker_source import maker_source

PACKAGE = Path(fhr.__file__).parent
TARGET = "ph<7.20"
STUDY = """
from fhr.evaluation import OnTable
from sklearn.linear_model import LogisticRegression

RATE = 0.5
calls = []

class Base:
    slope = 1.0

class Mine(Base):
    def fit(self, x, y):
        self.rate = RATE
        return self

    def decision_function(self, x):
        return helper(x[:, 0]) + self.shift

    @property
    def shift(self):
        return shifted() + LOW + HIGH

LOW, MIDDLE, HIGH = 1, 2, 2

def shifted():
    return 7

def helper(x):
    return 2 * x

def make(place, seed):
    calls.append(place)
    return OnTable(Mine(), None)

def unrelated():
    return 1
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A user's script as a module, by its text."""
    # An edit of the same length within the same second would be read from the bytecode of the text before.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(text: str):
        path = tmp_path / "study_of_mine.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("study_of_mine", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["study_of_mine"] = module
        import linecache

        linecache.clearcache()
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("study_of_mine", None)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("self.rate = RATE", "self.rate = -RATE", True),
        ("return 2 * x", "return 3 * x", True),
        ("slope = 1.0", "slope = 2.0", True),
        ("return 7", "return 8", True),
        ("= 1, 2, 2", "= 2, 2, 2", True),
        ("= 1, 2, 2", "= 1, 3, 2", False),
        ("RATE = 0.5", "RATE = 0.25", True),
        ("OnTable(Mine(), None)", "OnTable(Mine(), 3)", True),
        ("calls = []", "calls = [1, 2]", False),
        ("return 1\n", "return 2\n", False),
    ],
)
def test_an_edit_of_what_makes_a_model_changes_its_key_and_of_nothing_else(study, before, after, changes):
    assert STUDY.count(before) == 1
    first, again = maker_source(study(STUDY).make), maker_source(study(STUDY).make)
    assert first == again != ""
    assert (maker_source(study(STUDY.replace(before, after)).make) != first) is changes


def test_a_key_is_that_of_the_values_that_it_is_made_with(births_table):
    def made(c, table, seen=()):
        count = 0

        def make(place, seed):
            nonlocal count
            count += 1
            seen_here = [*seen]
            return OnTable(LogisticRegression(C=c), table, name=str(seen_here))

        return make

    first = maker_source(made(0.5, births_table))
    make = made(0.5, births_table.copy())
    make(None, 0)  # what a function itself counts is no setting of its
    assert maker_source(make) == first
    assert maker_source(made(0.25, births_table)) != first
    changed = births_table.copy()
    changed.iloc[3, 2] += 1e-9
    assert maker_source(made(0.5, changed)) != first
    assert maker_source(made(0.5, births_table, seen=("a",))) != first


def _line(place, seed, *, c):
    return OnTable(LogisticRegression(C=c), pd.DataFrame())


def test_partials_procedures_and_lines_of_the_package():
    keys = [maker_source(partial(_line, c=c)) for c in (1.0, 2.0)]
    assert keys[0] != keys[1]
    assert maker_source(Procedure((partial(_line, c=1.0),))) != maker_source(Procedure((partial(_line, c=2.0),)))
    table = pd.DataFrame(np.ones((3, 1)), columns=["loss_60"])
    line = next(line for line in BASELINES if line.slug == "loss")
    assert (
        maker_source(line.maker(table)) == maker_source(line.maker(table.copy())) != maker_source(line.maker(2 * table))
    )
    assert maker_source(LogisticRegression) == ""  # nothing of the user's


def test_every_room_that_a_fit_rests_on_is_read():
    """A room that comes to be imported there has to be listed, or excused."""
    excused = {"tracking", "errors", "deprecation", "plots", "evaluation", "prediction"}  # it logs what is trained
    rooms = {part for part in TRAINED_BY if "/" not in part}
    files = [
        path for part in TRAINED_BY for path in ([PACKAGE / part] if "/" in part else (PACKAGE / part).rglob("*.py"))
    ]
    assert all(path.is_file() for path in files)
    asked = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("fhr."):
                asked.add(node.module.split(".")[1])
    assert asked - rooms - excused == set()


@pytest.fixture(scope="module")
def table(births_database):
    ph = births_database.outcomes["ph"]
    return pd.DataFrame({"told": ph + np.random.default_rng(0).normal(scale=0.05, size=len(ph))})


def line(table, c=1.0):
    return lambda place, seed: OnTable(LogisticRegression(C=c), table)


@pytest.fixture
def fitted(monkeypatch):
    """Outer folds that were fitted, in turn."""
    places, fit = [], OnTable.fit

    def counted(self, place, seed):
        places.append(place.fold)
        return fit(self, place, seed)

    monkeypatch.setattr(OnTable, "fit", counted)
    return places


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_folds_of_another_model_are_fitted_again_and_replaced(births_database, table, tmp_path, fitted, caplog, kind):
    store = FolderStore(tmp_path) if kind == "folder" else MemoryStore()
    settings = {"target": TARGET, "inner": 1, "store": store, "name": "line"}
    first = cross_validate(line(table), births_database, **settings)
    assert fitted == [0, 1, 2, 3, 4]
    cross_validate(line(table), births_database, **settings)
    assert fitted == [0, 1, 2, 3, 4]
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
    other = cross_validate(line(table, c=1e-3), births_database, **settings)
    assert fitted == [0, 1, 2, 3, 4] * 2
    (said,) = [message for message in caplog.messages if "kept outer folds" in message]
    assert "5 of 5 kept outer folds were made by other source or libraries (model " in said
    alone = cross_validate(line(table, c=1e-3), births_database, target=TARGET, inner=1)
    pd.testing.assert_frame_equal(other.predictions, alone.predictions)
    assert not np.array_equal(other.predictions["score"], first.predictions["score"])
    cross_validate(line(table, c=1e-3), births_database, **settings)
    assert len(fitted) == 15  # five of `alone`: the store has those of the new model
    if kind == "folder":
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            *(f"repeat0-fold{k}" for k in range(5)),
            "study.json",
        ]


def test_damaged_folds_and_those_of_other_libraries_are_fitted_again(births_database, table, tmp_path, fitted, caplog):
    settings = {"target": TARGET, "inner": 1, "name": "line"}
    whole = cross_validate(line(table), births_database, store=FolderStore(tmp_path), **settings)
    scores, made_by = (
        (tmp_path / f"repeat0-fold{k}" / name) for k, name in ((3, "scores.csv.gz"), (1, "made_by.json"))
    )
    scores.write_bytes(scores.read_bytes()[:-30])
    made = json.loads(made_by.read_text())
    assert made.startswith(trained_by() + "; model ")
    made_by.write_text(json.dumps(made.replace("scipy ", "scipy 0.")))
    (tmp_path / "repeat0-fold2" / "made_by.json").unlink()  # kept before it was noted
    fitted.clear()
    again = cross_validate(line(table), births_database, store=FolderStore(tmp_path), **settings)
    assert fitted == [1, 2, 3]
    pd.testing.assert_frame_equal(again.predictions, whole.predictions)
    said = [message for message in caplog.messages if "kept outer folds" in message]
    assert len(said) == 2
    assert "1 of 5 kept outer folds are damaged and are fitted again" in said[0]
    assert "2 of 5 kept outer folds were made by other source or libraries (nothing noted there; scipy 0." in said[1]
    cross_validate(line(table), births_database, store=FolderStore(tmp_path), **settings)
    assert fitted == [1, 2, 3]
