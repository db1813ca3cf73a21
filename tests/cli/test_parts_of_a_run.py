"""Folds in MLflow that other source or libraries made, or that are damaged: not given, and replaced by new ones."""

from pathlib import Path
from urllib.parse import unquote, urlparse

import pandas as pd
import pytest

from fhr.cli.crossval_store import CrossvalStore
from fhr.evaluation import RAW_COLUMNS, FinishedFold

MADE = "source a; numpy 1"
ABOUT = {"data": "d", "splits": "s", "made_by": MADE}


@pytest.fixture
def store(tmp_path, prepare_store, monkeypatch) -> CrossvalStore:
    """A run with three finished folds."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    prepare_store(tmp_path / "mlruns" / "mlflow.db")
    store = CrossvalStore.create("acidosis", "a run", {"data_checksum": "d", "split_checksum": "s"})
    for fold in range(3):
        store.keep(finished(fold))
    return store


def finished(fold: int, made_by: str = MADE, score: float = 0.5) -> FinishedFold:
    row = dict.fromkeys(RAW_COLUMNS, 0) | {"name": "r1", "use": "test", "fold": fold, "score": score}
    return FinishedFold(0, fold, pd.DataFrame([row])[list(RAW_COLUMNS)], {}, made_by=made_by)


def test_what_this_source_made_is_given(store, caplog):
    assert CrossvalStore.open(store.run_id).done(ABOUT) == {(0, 0), (0, 1), (0, 2)}
    assert not caplog.messages


def test_others_and_damaged_ones_are_replaced_and_it_is_said_once(store, caplog):
    before = store.folds()
    store.client.set_tag(before[0, 0], "made_by", "source a; numpy 2")
    damaged = Path(unquote(urlparse(store.client.get_run(before[0, 1]).info.artifact_uri).path), "scores.csv.gz")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    again = CrossvalStore.open(store.run_id)
    assert again.done(ABOUT) == {(0, 2)}
    assert [message.split(": ", 1)[1] for message in caplog.messages] == [
        "1 of 3 kept outer folds are damaged and are fitted again",
        "1 of 3 kept outer folds were made by other source or libraries (numpy 2 there, 1 here) and are fitted again; "
        "to keep them, restore what made them",
    ]
    for fold in (0, 1):
        again.keep(finished(fold, score=0.25))
    after = CrossvalStore.open(store.run_id)
    assert after.done(ABOUT) == {(0, 0), (0, 1), (0, 2)}
    folds = after.folds()
    assert folds[0, 2] == before[0, 2]
    assert not {folds[0, 0], folds[0, 1]} & set(before.values())
    assert [after.scores(0, fold)["score"].item() for fold in range(3)] == [0.25, 0.25, 0.5]
    assert store.client.get_run(before[0, 0]).info.lifecycle_stage == "deleted"
