"""Rows of a table of outcomes: one rule finds their recordings for training, tables and evaluation alike."""

from pathlib import Path

import numpy as np
import pytest

from fhr.datasets import (
    RecordingFolder,
    apart_by_path,
    called_in_files,
    names_of,
    read_measures,
    read_outcomes,
    read_paths,
    with_outcomes,
)
from fhr.errors import OutcomeError
from fhr.evaluation import local_births
from fhr.formats import write_table
from fhr.recording import Recording

FOLDERS = {"p1/ctg0": "ctg0", "p2/ctg1": "ctg1"}


def three_ways(root: Path, files: dict[str, str], table: str) -> dict[str, float]:
    """The pH of each file that has one, the same for training, for tables and for evaluation."""
    for i, (file, own) in enumerate(files.items()):
        (root / file).parent.mkdir(exist_ok=True)
        write_table(Recording(own, 130.0 + i + np.arange(40) % 7, np.arange(40), 4.0), root / f"{file}.csv")
    births = root / "births.csv"
    births.write_text(table.replace("ROOT", str(root)))

    def by_file(recordings: list[Recording], values: list[float]) -> dict[str, float]:
        paths = (Path(one.path).relative_to(root).with_suffix("").as_posix() for one in recordings)
        return {path: value for path, value in zip(paths, values, strict=True) if value == value}

    trained = RecordingFolder(root, recursive=True, outcomes=births)
    of_training = by_file(trained.recordings, trained.outcomes["ph"].tolist())
    read, _ = read_paths([str(root)], recursive=True, ignored=[births])
    read, known = apart_by_path(read), names_of(map(called_in_files, read))
    joined, _ = with_outcomes(read, read_measures(births, known=known))
    assert by_file(joined, [one.outcome.ph for one in joined]) == of_training
    used = local_births(read, "ph<7.05", read_outcomes(births, "ph<7.05", known=known))
    assert set(by_file(list(used.recordings), used.labels.tolist())) == set(of_training)
    return of_training


@pytest.mark.parametrize(
    ("files", "table", "found"),
    [
        (FOLDERS, "record,pH\np1/ctg0,7.1\np1/ctg1,6.9\n", {"p1/ctg0": 7.1}),  # no such file in that folder
        (FOLDERS, "record,pH\nctg0,7.1\nother/ctg1,6.9\n", {"p1/ctg0": 7.1}),
        (FOLDERS, "record,pH\nctg0,7.1\n./p2/ctg1.csv,6.9\n", {"p1/ctg0": 7.1, "p2/ctg1": 6.9}),
        (FOLDERS, "record,pH\nROOT/p1/ctg0.csv,7.1\nROOT/p2/ctg1.csv,6.9\n", {"p1/ctg0": 7.1, "p2/ctg1": 6.9}),
        (FOLDERS, "record,pH\nROOT/p2/ctg0.csv,7.1\nROOT/p2/ctg1.csv,6.9\n", {"p2/ctg1": 6.9}),
        (FOLDERS, "record,pH\nC:\\x\\p1\\ctg0.csv,7.1\nC:\\x\\p2\\ctg1.csv,6.9\n", {"p1/ctg0": 7.1, "p2/ctg1": 6.9}),
        (FOLDERS, "name,file,pH\nMrs,ctg0.csv,7.1\nMrs,ctg1.csv,6.9\n", {"p1/ctg0": 7.1, "p2/ctg1": 6.9}),
        (FOLDERS, "name,record,pH\nA B,ctg0,7.1\nC D,ctg1,6.9\n", {"p1/ctg0": 7.1, "p2/ctg1": 6.9}),
        ({"p1/a": "a", "p2/a": "a", "b": "b"}, "record,pH\na,7.1\nb,6.9\n", {"b": 6.9}),
        ({"a": "1001", "1001": "1004"}, "record,pH\n1001,6.9\n", {"1001": 6.9}),  # and a is told
        ({"a": "1001", "b": "1004"}, "record,pH\n1001,6.9\nb,7.1\n", {"a": 6.9, "b": 7.1}),
        ({"a": "1001", "b": "1004"}, "record,pH\n1001,6.9\na,7.1\nb,7.2\n", {"b": 7.2}),
    ],
)
def test_a_row_is_of_one_recording_whatever_it_is_read_for(tmp_path, files, table, found):
    assert three_ways(tmp_path, files, table) == found


def test_what_calls_itself_as_the_row_of_another_file_is_quarantined(tmp_path):
    files = {"a": "1001", "1001": "1004", "c": "1007", "d": "x"}
    assert three_ways(tmp_path, files, "record,pH\n1001,6.9\n1007,7.0\nc,7.2\nd,7.3\n") == {"1001": 6.9, "d": 7.3}
    reasons = RecordingFolder(tmp_path, outcomes=tmp_path / "births.csv").quarantined
    assert "calls itself 1001, and that row is of the file of another recording; rename one" in reasons["a.csv"]
    assert "it calls itself 1007, as a row is called that is not of its file" in reasons["c.csv"]


def test_rows_of_other_folders_are_shown_with_them(tmp_path):
    message = r"none of its 2 rows names one of the 2 .* \(p3/ctg0, p3/ctg1 beside ctg0, ctg1\); name each by its file"
    with pytest.raises(OutcomeError, match=message):
        three_ways(tmp_path, FOLDERS, "record,pH\np3/ctg0.csv,7.1\np3/ctg1.csv,6.9\n")


@pytest.mark.parametrize(
    ("names", "rows"), [("0001 0002 10001", "1 2 10001"), ("a01 b", "A1 b"), ("7 8", "7.0 8"), ("7 8", "007 08.0")]
)
def test_names_that_a_spreadsheet_has_changed_are_refused(tmp_path, names, rows):
    table = "record,pH\n" + "".join(f"{row},7.{i}\n" for i, row in enumerate(rows.split()))
    with pytest.raises(OutcomeError, match=r"rows are called as recordings but for leading zeros, '\.0' or capitals"):
        three_ways(tmp_path, {name: name for name in names.split()}, table)
    read, _ = read_paths([str(tmp_path)], ignored=[tmp_path / "births.csv"])
    with pytest.raises(OutcomeError, match=r"beside .*; call each as its recording"):
        local_births(read, "ph<7.05", read_outcomes(tmp_path / "births.csv", "ph<7.05"))
