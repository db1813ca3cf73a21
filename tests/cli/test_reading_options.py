"""Options on how recordings are read, and what verbs say of the files of a folder."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.cli.reading_options import READING, add_reading, how_read, reading_of
from fhr.errors import FHRError
from fhr.formats import options_taken
from fhr.formats.reading import READERS

N = 4 * 60 * 21


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_reading(parser)
    return parser.parse_args(arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labours whose column nobody knows, in Hz, each called alike, and their outcomes."""
    folder = tmp_path_factory.mktemp("labours")
    for k in range(2):
        (folder / f"p{k}").mkdir()
        rates = (140 + k + np.arange(N) // 240 % 9) / 60
        cells = "".join(f"{v:.5f};12\n" for v in rates)
        (folder / f"p{k}" / "ctg.csv").write_text(f"curve, blue;toco\n{cells}")
    (folder / "births.csv").write_text("file;pH\np0/ctg.csv;7,01\np1/ctg.csv;7,30\n")
    return folder


HOW = ("--columns", "fhr=curve, blue", "--units", "fhr=hz", "--fs", "4", "--recursive")


def test_options_become_what_readers_take():
    options = parsed(
        "--columns", "fhr=HR, mean,uc=2", "--columns", "mhr=", "--units", "fhr=hz,uc=kpa", "--header-row", "3"
    )
    assert reading_of(options) == {
        "columns": {"fhr": "HR, mean", "uc": 2, "mhr": None},
        "units": {"fhr": "hz", "uc": "kpa"},
        "header_row": 3,
    }
    options = parsed("--columns", "fhr=A,fhr=B", "--dayfirst", "no", "--worksheet", "Tab 2", "--missing", "fhr=-1,uc=")
    assert reading_of(options) == {
        "columns": {"fhr": ["A", "B"]},
        "dayfirst": False,
        "missing": {"fhr": -1.0, "uc": None},
        "sheet": "Tab 2",
    }
    assert how_read(parsed("--recursive", "--fs", "4")) == {"recursive": True, "join": False, "reading": {"fs": 4.0}}
    assert how_read(parsed(), "a.csv", None)["ignored"] == ["a.csv"]
    for wrong, message in (
        (["--columns", "fhr"], "--columns fhr: give CHANNEL=NAME"),
        (["--units", "fhr=hz,fhr=ms"], "--units: fhr stands twice"),
    ):
        with pytest.raises(FHRError, match=message):
            reading_of(parsed(*wrong))


def test_every_option_of_a_reader_is_one_of_the_verbs():
    """What a message says that one should give can be given."""
    taken = {name for suffix in READERS for name in options_taken(f"x{suffix}")}
    assert taken - set(READING) == {"variables", "markers"}  # an older name; a file of its own


def test_a_verb_reads_what_it_is_told_to(run_fhr, folder, tmp_path):
    answer = run_fhr(tmp_path, "info", folder, *HOW, "--out", "t.csv")
    assert (answer.code, answer.err) == (0, "")
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["record"].tolist() == ["ctg", "ctg"]
    assert table["path"].tolist() == [str(folder / f"p{k}" / "ctg.csv") for k in range(2)]
    assert table["fhr_loss"].tolist() == [0, 0]
    answer = run_fhr(tmp_path, "info", folder)
    assert answer.code == 2
    assert "folders within it do (p0, p1): give --recursive" in answer.err
    answer = run_fhr(tmp_path, "info", folder / "p0")
    assert answer.code == 2
    assert "no column is known to be FHR; the header is 'curve, blue;toco'; say --columns fhr=NAME" in answer.err
    answer = run_fhr(tmp_path, "info", folder / "p0" / "ctg.cvs", folder / "p3")
    assert answer.code == 2
    assert "ctg.cvs: No such file or directory; did you mean 'ctg.csv'?" in answer.err
    assert "p3: No such file or directory; " in answer.err


def test_outcomes_beside_the_recordings(run_fhr, folder, tmp_path):
    told = ("--outcomes", folder / "births.csv")
    answer = run_fhr(tmp_path, "info", folder, *HOW, "--targets", *told)
    assert answer.code == 0
    assert answer.out.split("\n")[1] == "ph<7.05,2,1,0.5,0"
    answer = run_fhr(tmp_path, "splits", folder, *HOW, *told, "--out", "s.json", "--folds", 2, "--repeats", 1)
    assert answer.code == 0
    assert sorted(json.loads((tmp_path / "s.json").read_text())["strata"]) == ["p0/ctg", "p1/ctg"]
    (tmp_path / "more.csv").write_text((folder / "births.csv").read_text() + "p9/none.csv;7,2\n")
    answer = run_fhr(tmp_path, "info", folder, *HOW, "--targets", "--outcomes", "more.csv")
    assert answer.code == 0
    assert "more.csv: outcomes without a recording: 1 (p9/none" in answer.err
    answer = run_fhr(tmp_path, "info", folder, *HOW, *told)
    assert (answer.code, answer.out) == (2, "")
    assert "--outcomes without --targets" in answer.err


def test_features_take_the_same(run_fhr, folder, tmp_path):
    more = ("--groups", "signal_loss", "--window", 20, "--step", 20, "--outcomes", folder / "births.csv")
    answer = run_fhr(tmp_path, "features", folder, *HOW, *more, "--out", "t.parquet")
    assert (answer.code, answer.err.split("\n")[-2]) == (0, "t.parquet: 2 windows of 2 recordings, 2 computed now")
    again = run_fhr(tmp_path, "features", folder, *HOW, *more, "--out", "t.parquet")
    assert "t.parquet is there already" in again.err
    other = run_fhr(tmp_path, "features", folder, *HOW, *more[:-2], "--out", "t.parquet")
    assert other.code == 2
    assert "holds a table that differs in reading" in other.err


def test_a_kept_table_is_of_its_options():
    """What another way of reading has finished is not gone on with."""
    from fhr.cli.growing_table import GrowingTable
    from fhr.cli.in_batches import work_of

    options = [parsed(*HOW), parsed(*HOW[2:])]
    works = [work_of(one, [GrowingTable("t.csv", [])]) for one in options]
    assert {key for key in works[0] if works[0][key] != works[1][key]} == {"columns"}
    assert json.loads(json.dumps(works[0])) == works[0]
    assert {"columns", "units", "fs", "header_row", "recursive", "join"} <= set(works[0])


def test_training_takes_outcomes(folder):
    from fhr.datamodules import CTUUHBDataModule
    from fhr.datasets import RecordingFolder

    reading = {"columns": {"fhr": "curve, blue"}, "units": {"fhr": "hz"}, "fs": 4.0}
    how = {"recursive": True, "outcomes": str(folder / "births.csv"), "reading": reading}
    database = CTUUHBDataModule(str(folder), target="ph<7.05", **how).read()
    assert database.labels("ph<7.05").to_dict() == {"p0/ctg": 1.0, "p1/ctg": 0.0}
    assert database.checksum == RecordingFolder(folder, **how).checksum
    dotted = {"columns.fhr": "curve, blue", "units.fhr": "hz", "fs": 4.0}  # --data.reading.columns.fhr NAME
    assert CTUUHBDataModule(str(folder), **how | {"reading": dotted}).read().checksum == database.checksum
