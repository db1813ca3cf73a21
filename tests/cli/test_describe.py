"""`--describe`: every column of every table is described, and nothing else."""

import csv
import io
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.cli.describe import DESCRIPTION
from fhr.cli.tables import in_csv
from fhr.recording import PATH, RECORD, TableColumn
from fhr.recording.recording import Step

cli = import_module("fhr.cli.command_line")
DESCRIBED = [verb for verb in cli._VERBS if hasattr(import_module(f"fhr.cli.{verb}"), "tables")]
WRITTEN = {
    "info": ["info", "DIR", "--out", "--out"],
    "targets": ["info", "DIR", "--targets", "--out", "--targets"],
    "predict": ["predict", "DIR", "--label", "ph<7.05", "--out", "--out", "--timeline", "--explain"],
    "quality": ["quality", "DIR", "--out", "--out"],
    "morphology": ["morphology", "DIR", "--out", "--out", "--summary", "--thresholds"],
    "similar": ["similar", "DIR", "--among", "DIR", "--embedding", "raw", "--step", "30", "--out", "--out"],
}
KEYED = ("predict", "quality", "morphology", "features", "info", "similar", "cluster", "robustness", "crossval")


@pytest.fixture(scope="module")
def few(simulated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings."""
    folder = tmp_path_factory.mktemp("few")
    for name in ("s0001", "s0002", "s0003"):
        for suffix in (".hea", ".dat"):
            (folder / f"{name}{suffix}").write_bytes((simulated_folder / f"{name}{suffix}").read_bytes())
    return folder


def described(run_fhr, folder: Path, verb: str) -> dict[str, dict[str, dict[str, str]]]:
    """Rows of the data dictionary by table and column."""
    answer = run_fhr(folder, verb, "--describe")
    assert answer.code == 0
    reader = csv.DictReader(io.StringIO(answer.out))
    assert tuple(reader.fieldnames) == DESCRIPTION
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for row in reader:
        assert row["column"] not in tables.setdefault(row["table"], {}), row
        tables[row["table"]][row["column"]] = row
    return tables


@pytest.mark.parametrize("verb", DESCRIBED)
def test_every_column_says_its_type_and_meaning(run_fhr, tmp_path, verb):
    for columns in described(run_fhr, tmp_path, verb).values():
        for row in columns.values():
            assert row["type"] in ("text", "number", "integer", "flag")
            assert row["meaning"], row
            assert row["meaning"].isprintable(), row
            assert (row["type"] == "flag") <= bool(row["values"]), row
            assert bool(row["decimals"]) <= (row["type"] == "number"), row


@pytest.mark.parametrize("verb", KEYED)
def test_the_key_is_in_every_table_of_recordings(run_fhr, tmp_path, verb):
    tables = described(run_fhr, tmp_path, verb)
    for name in {*tables} - {"--thresholds", "--targets"}:
        assert {"record", "path"} <= {*tables[name]}, name


@pytest.mark.parametrize("name", WRITTEN)
def test_tables_are_as_described(run_fhr, few, tmp_path, name):
    verb, *rest = WRITTEN[name]
    given = [str(few) if part == "DIR" else part for part in rest]
    options, asked = given[: given.index("--out")], given[given.index("--out") + 1 :]
    written = dict.fromkeys(["--out" if name != "targets" else "--targets", *asked])
    files = {option: tmp_path / f"{option[2:]}.csv" for option in written}
    places = [part for option, file in files.items() for part in ("--out" if name == "targets" else option, file)]
    answer = run_fhr(tmp_path, verb, *options, *places)
    assert answer.code == 0, answer.err
    tables = described(run_fhr, tmp_path, verb)
    for option, file in files.items():
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        assert rows.columns.tolist() == [*tables[option]]
        assert len(rows), option
        for column, about in tables[option].items():
            check(rows[column], about)
        if "path" in rows:
            assert {*rows["path"]} <= {str(few / f"s000{i}") for i in (1, 2, 3)}


def check(cells: pd.Series, about: dict[str, str]) -> None:
    """Cells are of their type, with no more decimals than they have, and empty only where that means something."""
    filled = cells[cells != ""]
    assert len(filled) == len(cells) or about["empty"] != "never", about
    if about["type"] == "flag":
        assert {*filled} <= {"0", "1"}, about
    elif about["type"] == "integer":
        assert filled.str.fullmatch(r"-?\d+").all(), about
    elif about["type"] == "number":
        assert np.isfinite(filled.astype(float)).all(), about
        if about["decimals"]:
            assert (filled.str.extract(r"\.(\d+)")[0].fillna("").str.len() <= int(about["decimals"])).all(), about
    assert not filled.str.contains(r"\{'|np\.|None|nan|True|False", regex=True).any(), about


def test_a_table_that_is_not_as_described_is_a_fault():
    columns = (RECORD, TableColumn("kind_<k>", "probability", digits=2, type="number"), PATH)
    table = pd.DataFrame({"record": ["a"], "kind_1": [0.128], "kind_2": [-0.0001], "path": [None]})
    assert in_csv(table, columns).to_csv(index=False) == "record,kind_1,kind_2,path\na,0.13,0.0,\n"
    for wrong in (table.assign(more=1), table.drop(columns="path"), table[["path", "kind_1", "record"]]):
        with pytest.raises(ValueError, match="described are record, kind_<k>, path"):
            in_csv(wrong, columns)


def test_flags_and_whole_numbers_where_some_are_missing():
    columns = [TableColumn("yes", "", type="flag"), TableColumn("n", "", type="integer")]
    table = pd.DataFrame({"yes": [True, None, False], "n": [3.0, np.nan, 10.0]})
    assert in_csv(table, columns).to_csv(index=False) == "yes,n\n1,3\n,\n0,10\n"


def test_notes_of_a_reader_are_words():
    from fhr.cli.info import _words

    step = Step("read", {"format": "wfdb", "uc": {"unit": "kPa", "factor": 7.50062}, "samples": [1, 2]})
    assert _words(step.parameters) == "format wfdb, uc (unit kPa, factor 7.50062), samples 1 2"
