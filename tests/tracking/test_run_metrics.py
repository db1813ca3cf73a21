"""Metrics of a run: the main ones in MLflow, all of them in a table, read together."""

import pytest

from fhr.errors import TrackingError
from fhr.tracking import METRICS_FILE, headline, metrics_table, mlflow_client, run_metrics

VALUES = {"test/auroc": 0.7, "test/auroc_low": 0.6, "test/auroc_high": 0.8, "test/ece": 0.1, "audit/share_low": 0.5}


def test_the_table_has_a_row_a_metric_and_an_end_without_its_value_is_one_itself():
    assert metrics_table(VALUES) == (
        "metric,value,low,high\ntest/auroc,0.7,0.6,0.8\ntest/ece,0.1,,\naudit/share_low,0.5,,\n"
    )


def test_the_main_metrics_come_with_their_intervals():
    assert headline(VALUES) == {key: VALUES[key] for key in ("test/auroc", "test/auroc_low", "test/auroc_high")}
    assert headline(VALUES, ["test/ece", "test/missing"]) == {"test/ece": 0.1}
    assert headline(VALUES, ()) == VALUES


def test_a_run_gives_all_of_them_an_old_one_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match="there is no MLflow store"):
        run_metrics("0" * 32)
    client = mlflow_client()
    new, old = (client.create_run("0").info.run_id for _ in range(2))
    for key, value in headline(VALUES).items():
        client.log_metric(new, key, value)
    client.log_metric(new, "val/loss", 0.3)
    client.log_text(new, metrics_table(VALUES), METRICS_FILE)
    for key, value in VALUES.items():
        client.log_metric(old, key, value)
    assert run_metrics(old, client) == VALUES
    assert run_metrics(new) == VALUES | {"val/loss": 0.3}
    again = {"test/auroc": 0.71, "audit/share_low": 0.4}  # an old run that is tested once more
    client.log_text(old, metrics_table(again), METRICS_FILE)
    assert run_metrics(old, client) == again
