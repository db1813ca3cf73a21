"""Predictions that are read again, and the files of their comparison; runs of a store are in tests/cli."""

import numpy as np
import pandas as pd
import pytest

from fhr.errors import FHRError
from fhr.evaluation import KeptPredictions, compare, kept_predictions, told_apart, write_comparison


def made(signal: float, seed: int) -> pd.DataFrame:
    generator, label = np.random.default_rng(seed), np.arange(60) % 3 == 0
    score = generator.normal(size=60) + signal * label
    rows = {"name": [str(1001 + i) for i in range(60)], "repeat": 0, "fold": np.arange(60) % 5}
    return pd.DataFrame(rows).assign(label=label.astype(int), score=score, probability=1 / (1 + np.exp(-score)))


def test_a_file_is_read_with_names_as_text(tmp_path):
    made(1, 0).rename(columns={"name": "record"}).to_csv(tmp_path / "line.csv.gz", index=False)
    kept = kept_predictions(str(tmp_path / "line.csv.gz"))
    assert (kept.name, kept.experiment, kept.target) == ("line", "", "")
    pd.testing.assert_frame_equal(kept.predictions, made(1, 0))


def test_what_is_no_table_is_said(tmp_path):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(FHRError, match=r"empty\.csv: no table of predictions"):
        kept_predictions(str(tmp_path / "empty.csv"))


def test_models_of_one_name_are_told_apart():
    table = pd.DataFrame()
    runs = [KeptPredictions(digit * 32, "network", table, "1") for digit in "ab"]
    models = [*runs, KeptPredictions("x.csv", "network", table), runs[0]._replace(name="c")]
    assert [model.name for model in told_apart(models)] == [
        "network aaaaaaaa",
        "network bbbbbbbb",
        "network x.csv",
        "c",
    ]


def test_a_comparison_leaves_its_table_and_its_curves(tmp_path):
    models = {"weak": made(0.3, 0), "strong": made(1.8, 1)}
    table = compare(models, ("auroc", "brier"), n_resamples=20)
    write_comparison(models, table, tmp_path / "new")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "comparison.csv"), table)
    assert (tmp_path / "new" / "figures" / "roc.png").read_bytes().startswith(b"\x89PNG")
