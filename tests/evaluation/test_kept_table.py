"""Every row of the published table comes out of the predictions that are kept beside it."""

from pathlib import Path

import pandas as pd
import pytest

from fhr.evaluation import check

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
INTERVALS = 4  # more than a second each: the latest rows only, the others' were checked when they were the latest


@pytest.mark.statistics
def test_every_row_is_recomputed_from_its_predictions():
    """Values of all rows, bootstrap intervals of the latest; a file that is missing or of another checksum fails."""
    assert check(BENCHMARKS, intervals=INTERVALS) == []


def test_no_file_is_kept_without_the_table():
    files, table = list(BENCHMARKS.glob("oof/*.csv.gz")), BENCHMARKS / "crossval.csv"
    assert len(files) == (len(pd.read_csv(table)) if table.is_file() else 0)
