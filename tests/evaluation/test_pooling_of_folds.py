import numpy as np
import pandas as pd
import pytest

from fhr.errors import SplitError
from fhr.evaluation import evaluate_predictions, summary_row
from fhr.metrics import auroc, brier, evaluate


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Two repeats of 80 records, in an order of their own, with scores that rank otherwise than the probabilities."""
    generator = np.random.default_rng(0)
    label = np.arange(80) % 4 == 0
    tables = [
        pd.DataFrame(
            {
                "name": [f"r{i}" for i in range(80)],
                "repeat": repeat,
                "fold": np.arange(80) % 5,
                "label": label.astype(int),
                "score": generator.normal(size=80) + 0.7 * label,
                "probability": np.clip(0.25 + 0.2 * label + 0.1 * generator.normal(size=80), 0.01, 0.99),
            }
        ).sample(frac=1, random_state=repeat)
        for repeat in (0, 1)
    ]
    return pd.concat(tables, ignore_index=True)


def test_metrics_are_of_pooled_folds_averaged_over_repeats(predictions):
    results = evaluate_predictions(predictions)
    for metric, function, column in (("auroc", auroc, "score"), ("brier", brier, "probability")):
        each = [function(rows["label"], rows[column]) for _, rows in predictions.groupby("repeat")]
        assert results[metric].value == pytest.approx(np.mean(each))
    averaged = predictions.groupby("name")[["label", "score"]].mean()
    assert results["auroc"].value != pytest.approx(auroc(averaged["label"], averaged["score"]), abs=1e-3)


def test_one_repeat_is_the_plain_evaluation(predictions):
    one = predictions[predictions["repeat"] == 1].sort_values("name")
    results, expected = evaluate_predictions(one), evaluate(one["label"], one["probability"], one["score"])
    assert list(results) == list(expected)
    for metric, interval in results.items():
        np.testing.assert_allclose(interval, expected[metric])


def test_a_missing_record_is_refused(predictions):
    for row in (0, 90):
        with pytest.raises(SplitError, match="a record is missing from a repeat; pool whole repeats"):
            evaluate_predictions(predictions.drop(index=row))


def test_a_record_twice_is_refused(predictions):
    twice = pd.concat([predictions, predictions.iloc[[3]]])
    with pytest.raises(SplitError, match="a record is predicted twice in one repeat; pool disjoint folds"):
        evaluate_predictions(twice)


def test_a_row_of_the_table(predictions):
    results = evaluate_predictions(predictions)
    row = summary_row("a model", results)
    assert row["model"] == "a model"
    assert row["auroc"] == round(results["auroc"].value, 3)
    assert row["auroc_95"] == f"{results['auroc'].low:.3f} to {results['auroc'].high:.3f}"
    assert set(row) == {
        "model",
        *(f"{metric}{end}" for metric in ("auroc", "auprc", "brier", "calibration_slope") for end in ("", "_95")),
    }
