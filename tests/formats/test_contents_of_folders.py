"""What becomes of every file of a folder: read, plainly none, or left out with its reason."""

import os
import sys
from pathlib import Path

import pytest

from fhr.datasets import RecordingFolder, read_paths
from fhr.errors import DatasetNotFoundError, FormatError
from fhr.formats import contents_of, read, recordings_in, write_npz, write_wfdb
from fhr.recording import Recording

SHORT = Recording("w1", [140.0, 141.0], [1.0, 2.0], 4.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wfdb(SHORT, tmp_path)
    (tmp_path / "t1.csv").write_text("time,fhr\n0,140\n0.25,141\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", b"# A hospital\n"),
        ("LICENSE", b"free\n"),
        ("RECORDS", b"w1\n"),
        ("SHA256SUMS.txt", b"0123456789abcdef  w1.dat\n"),
        ("wfdbcal", b"# calibration\nFHR\t0 - undefined 20 bpm\nUC\t- - undefined 50 nd\n"),
        ("notes.txt", b"of the night shift\nthe fhr was fine\n"),
        ("strip.png", b"\x89PNG"),
        ("settings.yaml", b"fs: 4\n"),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0"),
        (".hidden.csv", b"time,fhr\n0,140\n"),
        ("events.csv", b"record,kind,start_s,end_s\nw1,ACC,1,2\n"),
        ("readings.csv", b"rec_id,expert_id,step1\n77,1,1\n78,1,2\n"),
        ("outcomes.csv", b"file;pH\nt1.csv;7,10\n"),
        ("found.tsv", b"path\tlabel\tp\nx/w1\tph<7.05\t0.1\n"),
        ("participants.tsv", b"participant_id\tage\nsub-1\t30\nsub-2\t31\n"),
        ("moments.tsv", b"onset\tduration\ttrial_type\n1\t2\tacc\n"),
        ("~$t1.xlsx", b"lock"),
        ("w1.atr", b"\0\0"),
        ("t1.marks", b"\0\0"),
    ],
)
def test_what_plainly_is_no_recording_is_told_of_quietly(folder, name, content):
    (folder / name).write_bytes(content)
    found = contents_of(folder)
    assert [path.name for path in found.recordings] == ["t1.csv", "w1.hea"]
    assert found.left_out == {}
    assert [path.name for path in found.others] == [name]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "odd.csv",
            b"time,puls\n0,140\n",
            r"no column is known to be FHR; the header is 'time,puls'; say columns=\{'fhr'",
        ),
        ("one.csv", b"record,time,puls\n9,0,140\n9,1,141\n", "no column is known to be FHR"),  # of one, not of several
        ("uc.csv", b"nr,time,toco\n1,0,14\n", "uterine activity without heart rate; join it"),
        ("a_toco.csv", b"time,toco,quality\n0,14,1\n", "uterine activity without heart rate; join it"),
        ("both.csv", b"time,toco,puls\n0,14,140\n", "no column is known to be FHR; the header is 'time,toco,puls'"),
        ("noise.csv", b"\0\xff" * 50, "noise.csv: "),
        ("empty.csv", b"", "no row"),
        ("lonely.dat", b"\0\0", "signals without their header; fetch lonely.hea"),
        ("x.marks", b"\0\0", "markers of a recording that is not here; put x beside it"),
        ("all.zip", b"PK", "an archive, which is not looked into; unpack it"),
        (
            "samples",
            b"time,fhr\n0,140\n0.25,141\n",
            "looks like a table of samples, but it has no suffix; call it samples.csv",
        ),
        (
            "samples.asc.out",
            b"time,fhr\n0,140\n0.25,141\n",
            "looks like a table of samples, but the suffix .out is not",
        ),
    ],
)
def test_what_may_be_a_recording_is_left_out_with_its_reason(folder, name, content, reason):
    (folder / name).write_bytes(content)
    found = contents_of(folder)
    assert [path.name for path in found.recordings] == ["t1.csv", "w1.hea"]
    assert found.others == ()
    assert list(found.left_out) == [str(folder / name)]
    with pytest.raises(FormatError, match=reason):
        raise FormatError(found.left_out[str(folder / name)])


def test_suffixes_that_nobody_knows_are_counted_by_kind(folder):
    for name in ("a.ctg", "b.ctg", "c.CTG", "d.ctg", "e.npy"):
        (folder / name).write_bytes(b"\0\1\2")
    left_out = contents_of(folder).left_out
    assert list(left_out) == [str(folder / "*.ctg"), str(folder / "*.npy")]
    assert (
        "4 files of the suffix .ctg, which is not read (a.ctg, b.ctg, c.CTG and 1 more); known are .hea"
        in left_out[str(folder / "*.ctg")]
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file systems of Linux take any bytes for a name")
def test_a_name_that_is_no_utf_8_is_left_out_escaped(folder):
    with open(os.fsencode(folder) + b"/caf\xe9.csv", "w") as file:
        file.write("time,fhr\n0,140\n")
    ((path, reason),) = contents_of(folder).left_out.items()
    assert path == f"{folder}/caf\\udce9.csv"
    assert "its name is not in UTF-8" in reason
    within = os.fsencode(folder) + b"/ward\xe9"
    os.mkdir(within)
    with open(within + b"/a.csv", "w") as file:
        file.write("time,fhr\n0,140\n0.25,141\n")
    assert list(contents_of(folder, recursive=True).left_out)[-1] == f"{folder}/ward\\udce9/a.csv"
    with pytest.raises(FormatError, match="surrogates not allowed"):
        read(os.fsdecode(within) + "/a.csv")


def test_signal_files_of_any_name_belong_to_the_header_that_names_them(folder):
    header = (folder / "w1.hea").read_text()
    (folder / "w1.hea").write_text(header.replace("w1.dat", "signals.bin"))
    (folder / "w1.dat").rename(folder / "signals.bin")
    assert contents_of(folder).left_out == {}
    (folder / "w1.hea").write_text(header)
    assert list(contents_of(folder).left_out) == [str(folder / "*.bin")]


def test_columns_that_are_asked_for_make_a_table_a_recording(folder):
    (folder / "odd.csv").write_text("time,puls\n0,140\n1,141\n")
    assert [path.name for path in contents_of(folder, columns={"fhr": "puls"}).recordings] == [
        *("odd.csv", "t1.csv", "w1.hea")  # of t1.csv `read` says that it has no such column
    ]


def test_outcomes_in_a_spreadsheet_are_no_recording(folder):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["record", "pH"], ["w1", 7.1], ["t1", 7.2]):
        book.active.append(row)
    book.save(folder / "births.xlsx")
    assert [path.name for path in contents_of(folder).others] == ["births.xlsx"]


def test_what_is_to_be_written_is_ignored(folder):
    (folder / "out.csv").write_text("a table of an earlier day\n")
    assert contents_of(folder).left_out
    assert contents_of(folder, ignored=[folder / "out.csv"]).left_out == {}


def test_folders_within(folder):
    within = folder / "p1" / "day 2"
    within.mkdir(parents=True)
    write_npz(SHORT, within / "w1.npz")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.csv").write_text("time,fhr\n0,140\n")
    (folder / "out.csv.parts").mkdir()
    (folder / "out.csv.parts" / "x.csv").write_text("time,fhr\n0,140\n")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert contents_of(folder).folders == ()  # none that directly holds recordings
    assert list(contents_of(folder / "p1").folders) == [within]
    assert recordings_in(folder) == [folder / "t1.csv", folder / "w1.hea"]
    found = contents_of(folder, recursive=True)
    assert list(found.recordings) == [folder / "t1.csv", folder / "w1.hea", within / "w1.npz"]
    assert found.left_out == {
        str(folder / "loop"): "a link to a folder, which is not followed; give that folder itself"
    }


def test_a_folder_within_that_cannot_be_listed_is_left_out(folder, monkeypatch):
    (folder / "closed").mkdir()
    real = Path.iterdir

    def closed(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", closed)
    found = contents_of(folder, recursive=True)
    assert len(found.recordings) == 2
    assert "cannot be listed (Permission denied); check its rights" in found.left_out[str(folder / "closed")]


@pytest.mark.parametrize("name", ["w2", "w1.csv", "t2.csv", "none.ctg", "w2.hea", "t1.cvs"])
def test_a_missing_path_is_said_to_be_missing_with_what_is_spelt_alike(folder, name):
    with pytest.raises(FormatError, match=r"No such file or directory; (did you mean '[wt]1.*'\?|check the path)"):
        read(folder / name)


def test_a_file_is_no_folder(folder):
    with pytest.raises(DatasetNotFoundError, match=r"t1.csv' is a file; give one that holds recordings"):
        contents_of(folder / "t1.csv")


@pytest.mark.parametrize(
    "header",
    [
        *(
            "metric,value,low,high",
            "trial,state,auroc,lr",
            "run_id,experiment,name,status",
            "part,name,value,unit,origin",
        ),
        *("target,threat,unit,size,records,certified", "target,records,positive", "name,repeat,fold,label,score"),
        *("name,probability,score,record,path", "query,query_start_s,rank,record", "record,kind,start_s,end_s,path"),
    ],
)
def test_tables_of_our_own_verbs_are_no_recordings_with_one_row(header, tmp_path):
    (tmp_path / "t.csv").write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    found = contents_of(tmp_path)
    assert (found.recordings, found.left_out) == ((), {})


def test_a_folder_within_is_told_where_it_may_hold_a_recording(folder):
    for name, text in (
        ("results", "record,path\na,b\n"),
        ("data", "time,fhr\n0,140\n"),
        ("odd", "time,A1\n0,140\n"),
    ):
        (folder / name).mkdir()
        (folder / name / "t.csv").write_text(text)
    assert list(contents_of(folder).folders) == [folder / "data", folder / "odd"]
    assert list(contents_of(folder, ignored=[folder / "odd"]).folders) == [folder / "data"]
    _, quarantined = read_paths([str(folder)])
    assert "give recursive=True" in quarantined[str(folder / "data")]
    assert str(folder / "data") in RecordingFolder(folder).quarantined
    assert read_paths([str(folder)], ignored=[folder / "data", folder / "odd"])[1] == {}
