"""`fhr runs`: when, on what, how well, and what runs were given that others were not."""

import io
from datetime import datetime, timedelta

import pandas as pd
import pytest

from fhr.cli.run_table import COLUMNS, differing


def listed(run_fhr, runs, *options) -> pd.DataFrame:
    answer = run_fhr(runs.folder, "runs", *options)
    assert answer.code == 0, answer.err
    return pd.read_csv(io.StringIO(answer.out)).set_index("run_id")


def test_a_run_says_when_on_what_and_how_well(runs, run_fhr, births):
    rows = listed(run_fhr, runs)
    assert (rows.index.name, *rows.columns) == COLUMNS
    tested = pd.read_csv(io.StringIO(runs.answers["test"].out)).set_index("metric").loc["auroc"]
    row = rows.loc[runs.fit]
    assert [row["auroc"], row["auroc_low"], row["auroc_high"]] == pytest.approx(list(tested[:3]), abs=1e-6)
    assert row["target"] == "ph<7.20"
    assert row["data"] == f"{births}: 120 simulated"
    begun = datetime.strptime(row["date"], "%Y-%m-%dT%H:%M")
    assert abs(datetime.now() - begun) < timedelta(hours=2)  # local, as the table


def test_runs_of_a_label_or_an_experiment_or_the_newest(runs, run_fhr):
    every = listed(run_fhr, runs)
    assert listed(run_fhr, runs, "--last", 1).index.tolist() == every.index[:1].tolist()
    of_label = listed(run_fhr, runs, "--target", "ph<7.20")
    assert of_label.index.tolist() == every.index[every["target"] == "ph<7.20"].tolist()
    experiment = every.loc[runs.fit, "experiment"]
    assert runs.fit in listed(run_fhr, runs, "--experiment", experiment, "--target", "ph<7.20").index


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "ph>7.20"], "--target ph>7.20: no run is of it; did you mean 'ph<7.20'?"),
        (["--experiment", "births"], "--experiment births: no run is of it; there are "),
        (["--last", "0"], "--last 0; it is at least 1"),
    ],
)
def test_what_no_run_is_of(runs, run_fhr, options, message):
    answer = run_fhr(runs.folder, "runs", *options)
    assert (answer.code, answer.out) == (2, "")
    assert f"fhr runs: {message}" in answer.err


def test_parameters_in_which_runs_differ():
    fit = {"network": "fhr.models.inception.InceptionNet", "network/n_filters": "8", "n_parameters": "495", "fold": "0"}
    other = fit | {"network/n_filters": "16", "n_parameters": "900", "target": "ph<7.05"}
    another = fit | {"network": "my.Net", "network/layers": "3"}
    line = {"baseline": "ridge", "target": "ph<7.20"}
    assert differing([fit, other, another, line]) == [
        "network=InceptionNet, n_filters=8",
        "network=InceptionNet, n_filters=16",
        "network=Net, n_filters=8",
        "",
    ]
    assert differing([fit]) == [""]
    assert differing([]) == []


def test_many_or_long_parameters_are_cut():
    one, other = ({f"p{k}": f"{value}{'x' * 60}" for k in range(11)} for value in "ab")
    words = differing([one, other])[0].split(", ")
    assert len(words) == 9
    assert words[-1] == "and 3 more"
    assert words[0] == f"p0=a{'x' * 36}..."
