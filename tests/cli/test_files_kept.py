"""Verbs never write over what they read."""

from pathlib import Path

import numpy as np
import pytest

from fhr.cli.files_kept import check_not_read
from fhr.errors import FHRError
from fhr.formats import write_table, write_wfdb
from fhr.recording import Recording

ONE = Recording("1", np.full(400, 140.0), np.full(400, 10.0), 4.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A record with an annotation file, a table, activity apart, outcomes and a figure."""
    write_wfdb(ONE, tmp_path)
    write_table(ONE, tmp_path / "2.csv")
    (tmp_path / "1.atr").write_bytes(b"\0\0")
    (tmp_path / "3_uc.csv").write_text("time,toco\n0,10\n1,11\n2,12\n")
    (tmp_path / "births.csv").write_text("record,pH\n1,7.1\n2,7.2\n")
    (tmp_path / "p.png").write_bytes(b"png")
    return tmp_path


@pytest.mark.parametrize("name", ["1.hea", "1.dat", "1.atr", "2.csv", "3_uc.csv"])
def test_files_of_the_recordings_of_a_folder_stay(folder, name):
    for path, recursive in ((folder, False), (folder.parent, True)):
        with pytest.raises(FHRError, match=f"--out .*{name}: it is among the recordings of"):
            check_not_read(str(folder / name), "--out", [str(path)], recursive=recursive)
    check_not_read(str(folder / name), "--out", [str(folder.parent)])


@pytest.mark.parametrize("name", ["births.csv", "p.png", "new.csv", "sub"])
def test_other_files_are_replaced(folder, name):
    (folder / "sub").mkdir()
    check_not_read(str(folder / name), "--out", [str(folder)])


@pytest.mark.parametrize("given", ["1", "1.hea", "1.dat"])
def test_all_files_of_one_record_stay(folder, given):
    for name in ("1.hea", "1.dat", "1.atr"):
        with pytest.raises(FHRError, match="it is among the recordings of"):
            check_not_read(str(folder / name), "--out", [str(folder / given)])
    check_not_read(str(folder / "2.csv"), "--out", [str(folder / given)])


@pytest.mark.parametrize(
    "arguments",
    [
        *("splits {0} --out {0}/2.csv", "splits {0} --outcomes {0}/births.csv --out {0}/births.csv"),
        *("cluster {0} --out {0}/2.csv", "similar {0}/2.csv --among {0} --out {0}/1.dat"),
        *("features {0} --out {0}/2.csv --overwrite", "quality {0} --out {0}/3_uc.csv", "info {0} --out {0}/1.dat"),
    ],
)
def test_verbs_refuse_such_places_before_the_work(folder, arguments, run_fhr):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    verb, *rest = arguments.format(folder).split()
    answer = run_fhr(folder, verb, *rest)
    assert answer.code == 2
    assert "choose another file" in answer.err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
