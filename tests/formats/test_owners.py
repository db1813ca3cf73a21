"""Which files belong to the recordings that are read."""

import os
from pathlib import Path

import pytest

from fhr.formats.owners import owner_of

HEADER = "r 2 4 3\nr.dat 16 100/bpm 16 0 0 0 0 FHR\nsignals.bin 16 100/nd 16 0 0 0 0 UC\n"
SAMPLES = "time,fhr,uc\n0,140,3\n1,141,4\n"
FILES = {
    "r.hea": HEADER,
    "r.dat": "",
    "r.atr": "",
    "signals.bin": "",
    "RECORDS": "r\n",
    "one.csv": SAMPLES,
    "one_uc.csv": "time,uc\n0,3\n1,4\n",
    "odd.csv": "time,A1,uc\n0,140,3\n1,141,4\n",
    "two.edf": "",
    "three.fhrh": "",
    "births.csv": "record,pH\none,7.1\nr,7.2\n",
    "predictions.csv": "record,probability,path\none,0.1,some/one.csv\n",
    "folds.json": "{}",
    "page.html": "",
}
OF_NONE = {"births.csv", "predictions.csv", "folds.json", "page.html"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    some = tmp_path / "some"
    some.mkdir()
    for name, text in FILES.items():
        (some / name).write_text(text)
    return some


def test_every_part_of_a_recording_belongs_to_the_folder_and_tables_of_results_do_not(folder):
    found = {name for name in FILES if owner_of(folder / name, [folder]) == str(folder)}
    assert found == FILES.keys() - OF_NONE
    assert owner_of(folder / "new.csv", [folder]) is None
    assert owner_of(folder / "one.csv", [folder.parent]) is None
    assert owner_of(folder / "one.csv", [folder.parent], recursive=True) == str(folder.parent)
    assert owner_of(folder / "one.csv", [folder / "page.html", folder.parent / "elsewhere"]) is None


def test_a_file_that_is_given_has_its_parts(folder):
    for given in ("r", "r.hea", "r.dat"):
        found = {name for name in FILES if owner_of(folder / name, [folder / given]) is not None}
        assert found == {"r.hea", "r.dat", "r.atr", "signals.bin"}
    assert {name for name in FILES if owner_of(folder / name, [folder / "births.csv"])} == {"births.csv"}


def test_links_lead_to_where_they_lead(folder, tmp_path):
    (tmp_path / "link.csv").symlink_to(folder / "one.csv")
    os.link(folder / "one.csv", tmp_path / "hard.csv")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "x.csv").symlink_to(folder / "one.csv")
    assert owner_of(tmp_path / "link.csv", [folder]) == str(folder)
    assert owner_of(tmp_path / "hard.csv", [folder]) == str(folder)
    assert owner_of(folder / "one.csv", [tmp_path / "linked"]) == str(tmp_path / "linked")
    assert owner_of(folder / "one.csv", [tmp_path / "link.csv"]) == str(tmp_path / "link.csv")
