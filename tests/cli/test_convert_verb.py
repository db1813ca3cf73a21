"""`fhr convert`: places, formats, what is told, and what is never replaced."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.formats import not_kept, write_table


@pytest.fixture
def here(simulated_folder: Path, tmp_path: Path) -> Path:
    """Two WFDB records in each of two wards, of the same names."""
    for ward in ("a", "b"):
        (tmp_path / ward).mkdir()
        for name in ("s0001", "s0002"):
            for suffix in (".hea", ".dat"):
                shutil.copy(simulated_folder / f"{name}{suffix}", tmp_path / ward)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_recording_to_a_file_and_back(here, run_fhr):
    assert run_fhr(here, "convert", "a/s0001.hea", "x.csv").err == "x.csv: 1 recording\n"
    assert run_fhr(here, "convert", "x.csv", "s0001.npz").code == 0
    assert run_fhr(here, "convert", "s0001.npz", "new.hea").err == (
        "wfdb does not keep name of s0001: 'new' for 's0001'\nnew.hea: 1 recording\n"
    )
    first = fhr.read(here / "a" / "s0001")
    assert not_kept(first, fhr.read(here / "x.csv")) == {}
    assert (here / "new.dat").read_bytes() == (here / "a" / "s0001.dat").read_bytes()


def test_a_folder_keeps_names_and_wards_apart(here, run_fhr):
    assert run_fhr(here, "convert", "a", "o", "--to", "npz").code == 0
    assert names(here / "o") == ["s0001.npz", "s0002.npz"]
    assert run_fhr(here, "convert", "a", "b/s0002.dat", "two", "--to", "tsv").code == 0
    assert names(here / "two") == ["a/s0001.tsv", "a/s0002.tsv", "b/s0002.tsv"]


def test_two_files_of_one_name_in_one_folder(here, run_fhr):
    write_table(fhr.read(here / "b" / "s0002"), here / "a" / "s0001.csv")
    answer = run_fhr(here, "convert", "a", "o", "--to", "npz")
    assert answer.code == 1
    assert "quarantined a/s0001.csv: o/s0001.npz is of a/s0001 already; convert it by itself" in answer.err
    assert fhr.read(here / "o" / "s0001.npz").name == "s0001"


def test_what_cannot_be_read_or_held_is_named_and_the_rest_goes_on(here, run_fhr):
    (here / "a" / "s0002.dat").write_bytes(b"")
    (here / "a" / "deep").mkdir()
    (here / "a" / "deep" / "odd name.csv").write_text("time_s,fhr\n0,140\n1,141\n2,139\n")
    (here / "a" / "high.csv").write_text("time_s,fhr,uc\n0,140,400\n1,141,2\n2,139,3\n")
    answer = run_fhr(here, "convert", "a", "o", "--to", "wfdb", "--recursive")
    assert answer.code == 1
    assert "quarantined a/s0002: " in answer.err
    assert "odd name" in answer.err
    assert "format 16 ends at 327.67" in answer.err
    assert sorted(path.name for path in (here / "o").rglob("*")) == ["s0001.dat", "s0001.hea"]


def test_what_is_there_stays_and_the_same_command_goes_on(here, run_fhr):
    command = ("convert", "a", "o", "--to", "csv")
    run_fhr(here, *command)
    (here / "o" / "s0001.csv").unlink()  # as if it had been interrupted
    before = (here / "o" / "s0002.csv").stat().st_mtime_ns
    assert run_fhr(here, *command).err == "o: 2 recordings, 1 of them as they were there already\n"
    assert (here / "o" / "s0002.csv").stat().st_mtime_ns == before
    (here / "o" / "s0002.csv").write_text("mine")
    answer = run_fhr(here, *command)
    assert answer.code == 1
    assert "o/s0002.csv is there and holds something else; give --overwrite to replace it" in answer.err
    assert (here / "o" / "s0002.csv").read_text() == "mine"
    assert run_fhr(here, *command, "--overwrite").code == 0
    assert fhr.read(here / "o" / "s0002.csv").name == "s0002"


def test_nothing_that_is_read_is_replaced(here, run_fhr):
    (here / "t.csv").write_text("time_s,fhr\n0,140\n1,141\n2,139\n")
    for given in (("t.csv", "t.csv"), ("a", "t.csv", ".", "--to", "csv"), ("a", "b", "a", "--to", "wfdb")):
        before = {name: (here / name).read_bytes() for name in names(here)}
        answer = run_fhr(here, "convert", *given, "--overwrite")
        assert ("is among the recordings that are read" in answer.err) == (given[0] == "t.csv")
        assert ("1 in this format, read from there, stay as they are" in answer.err) == (given[1:3] == ("t.csv", "."))
        after = {name: (here / name).read_bytes() for name in names(here)}
        assert {name: after[name] for name in before} == before


def test_a_folder_is_converted_into_itself(here, run_fhr):
    write_table(fhr.read(here / "b" / "s0001"), here / "a" / "t.csv")
    for _ in range(2):
        assert run_fhr(here, "convert", "a", "a", "--to", "wfdb").code == 0
        assert names(here / "a") == ["s0001.dat", "s0001.hea", "s0002.dat", "s0002.hea", "t.csv", "t.dat", "t.hea"]
        (here / "a" / "t.csv").unlink(missing_ok=True)
        write_table(fhr.read(here / "b" / "s0001"), here / "a" / "t.csv")
        (here / "a" / "t.hea").unlink()
        (here / "a" / "t.dat").unlink()
    answer = run_fhr(here, "convert", "a", "a", "--to", "wfdb", "--resample", "1", "--overwrite")
    assert answer.err.count("is among the recordings that are read") == 2
    answer = run_fhr(here, "convert", ".", "a/new", "--to", "npz", "--recursive")
    assert (answer.code, "a/new lies in a folder that is read with --recursive" in answer.err) == (2, True)


def test_marks_that_are_not_kept_are_told(here, run_fhr):
    (here / "a" / "s0001.marks").write_text("0000040 epidural\n0000080 $ ACC 60\n")
    assert run_fhr(here, "convert", "a", "o", "--to", "csv").err == (
        "csv does not keep marks of s0001: 2 in s0001.marks\no: 2 recordings\n"
    )
    (here / "a" / "s0001.marks").write_text("epidural\n")
    assert "s0001.marks, line 1: 'epidural' is no marker" in run_fhr(here, "convert", "a/s0001", "x.csv").err


def test_an_interruption_leaves_whole_files_only(here, run_fhr, monkeypatch):
    write = fhr.formats.write

    def stop(recording, path):
        write(recording, path)
        if recording.name == "s0002":
            raise KeyboardInterrupt
        return path

    monkeypatch.setattr("fhr.formats.write", stop)
    assert run_fhr(here, "convert", "a", "o", "--to", "csv", stopped=True).code == 130
    assert names(here / "o") == ["s0001.csv"]


def test_stdout_takes_a_table(here, run_fhr):
    answer = run_fhr(here, "convert", "a/s0001", "-", "--resample", "1")
    assert answer.code == 0
    table = pd.read_csv(io.StringIO(answer.out), comment="#")
    first = fhr.preprocessing.resample(fhr.read(here / "a" / "s0001"), 1)
    np.testing.assert_array_equal(table["fhr"].astype(np.float32), first.fhr)
    assert "\t" in run_fhr(here, "convert", "a/s0001", "-", "--to", "tsv").out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("a/s0001", "x"), r"x: no format; end it in one of .hea, .csv"),
        (("a/s0001", "x.fhr"), r"x.fhr: no format; end it in one of"),
        (("a/s0001", "x.csv", "--to", "npz"), "x.csv and --to npz are two formats"),
        (("a", "x.csv"), "x.csv: one recording goes there, and 2 were given; name a folder"),
        (("a", "-"), "-: one recording goes there, and 2 were given"),
        (("a/s0001", "-", "--to", "npz"), "--to npz: stdout takes csv or tsv; name a file"),
        (("a/s0001", "no/x.csv"), "OUT no/x.csv: cannot be written; name a file in a folder that exists"),
        (("a/s0001", "a/s0001.hea/o", "--to", "csv"), "cannot be written to; name another folder"),
        (("a/s0001", "x.csv", "--resample", "0"), "--resample 0; the rate is a positive number"),
        (("a/s0001", "x.csv", "--reach", "1"), "--reach 1 without --resample; give the rate, too"),
        (("nothing.csv", "x.npz"), "none of the 1 recordings can be read"),
    ],
)
def test_mistakes(here, run_fhr, given, said):
    before = names(here)
    answer = run_fhr(here, "convert", *given)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert names(here) == before
