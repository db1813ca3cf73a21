"""What the tests of the verbs share."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from fhr.cli import crossval_run
from fhr.evaluation import BASELINES


@pytest.fixture
def plain_report(monkeypatch: pytest.MonkeyPatch, births_table: pd.DataFrame) -> None:
    """A cross-validation of `births` reports beside one line only, and its figures are drawn small.

    What a report holds is told by the run that all tests share, and by the tests of `fhr.evaluation`.
    """
    save: Callable[..., None] = Figure.savefig

    def save_small(figure: Figure, path: Path, **options: object) -> None:
        figure.clear()
        save(figure, path, **(options | {"dpi": 20}))

    def known_table(recordings: object) -> pd.DataFrame:
        assert [recording.name for recording in recordings] == births_table.index.tolist()
        return births_table

    monkeypatch.setattr(Figure, "savefig", save_small)
    monkeypatch.setattr(crossval_run, "BASELINES", BASELINES[-1:])
    monkeypatch.setattr(crossval_run, "baseline_table", known_table)
