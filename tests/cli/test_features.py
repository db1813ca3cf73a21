"""`fhr features`: what it says, where it says it, and how it ends."""

import os
import re
import shutil

import numpy as np
import pytest

from fhr.datasets import CTUUHB
from fhr.features import GROUPS, OPTIONAL_GROUPS, FeatureSet, read_features


@pytest.fixture(scope="module")
def folder(tmp_path_factory, births):
    """A few recordings; tests that change them copy them first."""
    folder = tmp_path_factory.mktemp("few")
    for path in sorted(births.glob("s000[1-5]*")):
        shutil.copy(path, folder)
    return folder


def test_the_table_of_a_folder(run_fhr, folder, tmp_path):
    arguments = ["features", folder, "--out", "t.parquet", "--window", 20, "--step", 10, "--groups", "multiscale"]
    answer = run_fhr(tmp_path, *arguments)
    table = read_features(tmp_path / "t.parquet")
    expected = f"t.parquet: {len(table)} windows of 5 recordings, 5 computed now\n"
    assert answer == (0, "", expected)
    assert os.listdir(tmp_path) == ["t.parquet"]
    features = FeatureSet(groups=("multiscale",), minutes=20.0)
    assert table.attrs["provenance"]["feature_set_checksum"] == features.checksum
    for original in CTUUHB(folder):
        (row,) = table.loc[(table["record"] == original.name) & (table["window"] == 0), table.attrs["features"]].values
        np.testing.assert_allclose(row, features(original), rtol=1e-9, atol=1e-12)
    again = run_fhr(tmp_path, *arguments)
    assert (again.code, again.out) == (0, "")
    assert again.err.startswith("t.parquet is there already, of these recordings and parameters: ")
    other = run_fhr(tmp_path, *arguments, "--step", 5)
    assert (other.code, other.out) == (2, "")
    assert other.err.endswith("differs in step; choose another name, or overwrite it (--overwrite)\n")
    assert run_fhr(tmp_path, *arguments, "--step", 5, "--overwrite").code == 0
    assert len(read_features(tmp_path / "t.parquet")) > len(table)


def test_all_groups_half_an_hour_and_five_minutes_are_the_default(run_fhr, folder, tmp_path):
    assert run_fhr(tmp_path, "features", folder, "--out", "t.parquet").code == 0
    table = read_features(tmp_path / "t.parquet")
    assert table.attrs["provenance"]["feature_set_checksum"] == FeatureSet().checksum
    assert table.attrs["features"] == list(FeatureSet().names)
    assert table.columns.is_unique  # signal loss is told of every table, and is a scalar feature
    assert set((table["end_s"] - table["start_s"]).round(9)) == {1800.0}
    assert set(table["to_end_s"].diff()[table["window"] > 0]) == {300.0}


def test_groups_are_put_in_order(run_fhr, folder, tmp_path):
    given = ["capacities", "wide_quantiles", "scattering", "signal_loss"]
    answer = run_fhr(
        tmp_path, "features", folder, "--out", "t.parquet", "--window", 20, "--step", 60, "--groups", *given
    )
    assert answer.code == 0
    table = read_features(tmp_path / "t.parquet")
    expected = FeatureSet(groups=("scattering", "signal_loss", "wide_quantiles", "capacities"), minutes=20.0)
    assert table.attrs["features"] == list(expected.names)
    assert table.attrs["provenance"]["feature_set_checksum"] == expected.checksum
    for original in CTUUHB(folder):
        row = table.loc[table["record"] == original.name, list(expected.names)].to_numpy()[0]
        np.testing.assert_allclose(row, expected(original), rtol=1e-9, atol=1e-12)


def test_the_help_names_every_group(run_fhr, tmp_path):
    told = re.split(r"[\s,;:]+", run_fhr(tmp_path, "features", "--help").out)
    assert set(told) >= {*GROUPS, *OPTIONAL_GROUPS}


def test_a_damaged_recording_is_named(run_fhr, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "s0002.hea").write_text("s0002 2 4\n")
    for _ in range(2):  # made, and there already
        answer = run_fhr(tmp_path, "features", copy, "--out", "t.parquet", "--groups", "multiscale")
        assert (answer.code, answer.out) == (1, "")
        assert "quarantined s0002: " in answer.err
        assert "4 recordings" in answer.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--window", "0"], "features with fs=4.0 Hz and windows of 0.0 min"),
        (["--step", "-1"], "windows with --step=-1.0"),
        (
            ["--groups", "fractal"],
            "feature groups ('fractal',); choose from multiscale, scalar, morphology, scattering, order_statistics, "
            "signal_loss, wide_quantiles, band_amplitudes, modulation, capacities, event_statistics, scale_cumulants, "
            "cross_channel, octave_spectra, increments, activity_quantiles, coupling, gap_pattern, in this order",
        ),
        (["--workers", "0"], "workers=0"),
        (["--scheduler", "localhost"], "scheduler 'localhost'; give dask://HOST:PORT"),
        (["--out", "nowhere/t.parquet"], "cannot be written; name a file in a folder that exists"),
    ],
)
def test_mistakes_are_refused_before_the_work(run_fhr, folder, tmp_path, options, message):
    answer = run_fhr(tmp_path, "features", folder, "--out", "t.parquet", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr features: ")
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_workers_or_a_scheduler(run_fhr, folder, tmp_path):
    options = ["--workers", 2, "--scheduler", "dask://localhost:8786"]
    answer = run_fhr(tmp_path, "features", folder, "--out", "t.parquet", *options)
    assert answer.code == 2
    assert "not allowed with argument" in answer.err


def test_a_folder_that_is_not_there(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "features", "nowhere", "--out", "t.parquet")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(
        "fhr features: data folder 'nowhere' does not exist; give the folder that holds the rec"
    )
