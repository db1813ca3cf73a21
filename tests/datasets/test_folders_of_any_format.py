"""Databases of folders of any format, with lists of records, folders within, and outcomes from a table beside them."""

import logging
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fhr.datasets import (
    CTUUHB,
    FolderSource,
    RecordingFolder,
    apart_by_path,
    make_splits,
    read_measures,
    read_outcomes,
    read_paths,
    with_outcomes,
)
from fhr.errors import DatasetNotFoundError, FHRError, FormatError, OutcomeError, SplitError
from fhr.evaluation import local_births
from fhr.features import FeatureSet, extract, read_features
from fhr.formats import write_npz, write_table, write_wfdb
from fhr.recording import Outcome, Recording

NAMES = ("s0001", "s0002", "s0003", "s0004", "s0005", "s0006")
UNKNOWN = Outcome()


def tiny(name: str, level: float = 140.0, **fields: object) -> Recording:
    return Recording(name, np.r_[level, level + 1, np.nan, level].repeat(60), np.full(240, 20.0), 4.0, **fields)


@pytest.fixture(scope="module")
def records(simulated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    for name in NAMES:
        for suffix in (".hea", ".dat"):
            shutil.copy(simulated_folder / f"{name}{suffix}", folder)
    return folder


@pytest.fixture(scope="module")
def hospital(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same recordings in four formats, without outcomes, and the outcomes in a table."""
    folder = tmp_path_factory.mktemp("hospital")
    rows = []
    for i, one in enumerate(CTUUHB(records)):
        bare = replace(one, outcome=UNKNOWN, provenance=type(one.provenance)())
        if i % 3:
            (write_table if i % 3 == 1 else write_npz)(bare, folder / f"{one.name}{('', '.csv', '.npz')[i % 3]}")
        else:
            write_wfdb(bare, folder)
        o = one.outcome
        rows.append(f"{one.name}.csv;{o.ph:.2f};{o.bdecf:.2f};{o.be:.1f};{o.pco2:.1f};{o.apgar1:g};{o.apgar5:g}")
    (folder / "outcomes.csv").write_text(
        "Datei;file;pH;BDecf;BE;pCO2;Apgar1;Apgar5\n"
        + "".join(f"x;{row}\n" for row in rows).replace(".", ",").replace(",csv", ".csv")
    )
    return folder


def test_any_format_with_a_table_is_the_database_of_the_records(records, hospital):
    """Signals, names, outcomes: the checksum is the same, so that splits of one are splits of the other."""
    database, told = CTUUHB(records), RecordingFolder(hospital, outcomes=hospital / "outcomes.csv")
    assert told.quarantined == {}
    assert sorted(told.names) == list(NAMES)
    assert told.labels("ph<7.20").to_dict() == database.labels("ph<7.20").to_dict()
    assert told.checksum == database.checksum
    make_splits(database, n_repeats=1, n_folds=2).check(told)
    assert RecordingFolder(hospital).labels("ph<7.20").isna().all()
    assert RecordingFolder(hospital).checksum != database.checksum
    assert RecordingFolder(records).names == database.names
    assert RecordingFolder(records).digests == database.digests


def test_features_of_any_format_are_those_of_the_records(records, hospital, tmp_path):
    features = FeatureSet(groups=("signal_loss",), minutes=60.0)
    of_records = extract(records, tmp_path / "a.parquet", features, step=60.0)
    told = {"outcomes": hospital / "outcomes.csv"}
    of_hospital = extract(hospital, tmp_path / "b.parquet", features, step=60.0, chunk=2, **told)
    first, second = read_features(of_records.path), read_features(of_hospital.path)
    assert of_hospital.quarantined == {}
    assert of_hospital.n_records == 6
    assert first.attrs["provenance"]["data_checksum"] == second.attrs["provenance"]["data_checksum"]
    assert "reading" not in first.attrs["provenance"]
    assert second.attrs["provenance"]["reading"] == {"outcomes": str(hospital / "outcomes.csv")}
    both = [table.set_index(["record", "window"]).sort_index() for table in (first, second)]
    np.testing.assert_array_equal(both[0].drop(columns="path"), both[1].drop(columns="path"))
    paths = dict(zip(second["record"], second["path"], strict=True))
    assert {Path(path).name for path in paths.values()} == {
        *("s0001", "s0004", "s0002.csv", "s0005.csv", "s0003.npz", "s0006.npz")
    }
    assert extract(hospital, tmp_path / "b.parquet", features, step=60.0, **told).was_there


def test_a_source_is_handed_to_other_processes_in_parts(hospital):
    source = FolderSource.of(hospital, outcomes=hospital / "outcomes.csv")
    parts = [pickle.loads(pickle.dumps(part)) for part in source.parts(4)]
    assert [len(part) for part in parts] == [4, 2]
    assert [part.read(i).digest for part in parts for i in range(len(part))] == [
        source.read(i).digest for i in range(6)
    ]
    assert not np.isnan(parts[1].read(1).outcome.ph)
    assert len(parts[1].outcomes) == 2


def test_recordings_called_alike_are_called_by_their_paths(tmp_path, caplog):
    for k, folder in enumerate(("p1", "p2/day 1")):
        (tmp_path / folder).mkdir(parents=True)
        write_table(tiny("ctg", 130 + k), tmp_path / folder / "ctg.csv")
    write_table(tiny("other", 150), tmp_path / "p1" / "other.csv")
    (tmp_path / "births.csv").write_text("file,pH\np1/ctg.csv,7.0\np2\\day 1\\ctg.csv,7.1\nother.csv,7.2\n")
    database = RecordingFolder(tmp_path, recursive=True, outcomes=tmp_path / "births.csv")
    assert database.names == ["p1/ctg", "other", "p2/day 1/ctg"]
    assert [recording.outcome.ph for recording in database] == [7.0, 7.2, 7.1]
    recordings, quarantined = read_paths([str(tmp_path)], recursive=True)
    assert quarantined == {}
    assert [recording.name for recording in recordings] == ["ctg", "other", "ctg"]
    assert [recording.name for recording in apart_by_path(recordings)] == ["p1/ctg", "other", "p2/day 1/ctg"]
    with pytest.raises(DatasetNotFoundError, match=r"folders within it do \(p1\): give recursive=True"):
        RecordingFolder(tmp_path)
    write_npz(tiny("ctg"), tmp_path / "p1" / "ctg.npz")
    with pytest.raises(FormatError, match=r"p1/ctg.csv and p1/ctg.npz are called alike and may be the same labour"):
        RecordingFolder(tmp_path, recursive=True)
    with caplog.at_level(logging.WARNING):
        write_table(tiny("top"), tmp_path / "top.csv")
        RecordingFolder(tmp_path)
    assert "recordings in folders within it are not read (p1); give recursive=True" in caplog.text


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["p1/a,7.1", "p1/b,6.9"], {"a": 7.1}),  # p2/b is another labour
        (["other/b,7.3", "a,7.1"], {"a": 7.1}),
        (["p1/a.csv,7.1", "./p2/b.csv,7.2"], {"a": 7.1, "b": 7.2}),
        (["{0}/p1/a.csv,7.1", "b,7.2"], {"a": 7.1, "b": 7.2}),
        (["{1}/p1/a.csv,7.1", "{1}\\p2\\b.csv,7.2"], {"a": 7.1, "b": 7.2}),
    ],
)
def test_a_row_is_of_the_recording_whose_path_ends_so(tmp_path, rows, expected):
    for k, path in enumerate(("p1/a", "p2/b")):
        (tmp_path / path).parent.mkdir()
        write_table(tiny(path[-1], 130 + k), tmp_path / f"{path}.csv")
    births = tmp_path / "births.csv"
    births.write_text("file,pH\n" + "\n".join(rows).format(tmp_path, tmp_path.name) + "\n")
    recordings, _ = read_paths([str(tmp_path)], recursive=True)
    folder = RecordingFolder(tmp_path, recursive=True, outcomes=births)
    joined, _ = with_outcomes(recordings, read_measures(births))
    labels = local_births(recordings, "ph<7.15", read_outcomes(births, "ph<7.15")).labels
    for found in (list(folder), joined):
        assert {one.name: one.outcome.ph for one in found if one.outcome.ph == one.outcome.ph} == expected
    assert {name: labels[name] for name in "ab" if name in labels} == {name: ph < 7.15 for name, ph in expected.items()}


def test_a_file_that_is_called_after_another_birth_is_refused(tmp_path):
    write_table(tiny("1001", 130), tmp_path / "a.csv")
    write_table(tiny("1004", 140), tmp_path / "1001.csv")
    write_table(tiny("c", 150), tmp_path / "c.csv")
    births = tmp_path / "births.csv"

    def told(rows: str) -> list[dict[str, float]]:
        births.write_text(f"record,pH\nc,7.2\n{rows}")
        recordings, _ = read_paths([str(tmp_path)])
        joined, _ = with_outcomes(recordings, read_measures(births))
        table = local_births(recordings, "ph<7.05", read_outcomes(births, "ph<7.05")).labels
        folder = RecordingFolder(tmp_path, outcomes=births)
        return [
            *(
                {one.name: one.outcome.ph for one in found if one.outcome.ph == one.outcome.ph}
                for found in (folder, joined)
            ),
            {name: {1.0: 6.9, 0.0: 7.2}[label] for name, label in table.items() if name in ("1001", "1004", "c")},
        ]

    assert told("1001,6.9\n") == [{"c": 7.2, "1004": 6.9}] * 3  # of the file 1001.csv, wherever it is asked
    assert told("1001,6.9\na,7.2\n1004,7.2\n") == [{"c": 7.2}] * 3


def test_one_labour_in_two_formats_is_not_split(tmp_path, caplog):
    rates = np.random.default_rng(0).normal(140, 5, (3, 240))
    made = [Recording(f"r{i}", rate, np.full(240, 20.0), 4.0) for i, rate in enumerate(rates)]
    for one in made:
        write_wfdb(one, tmp_path)  # rounds to 0.01
    nothing = np.full(240, np.nan)
    write_wfdb(Recording("lost", nothing, nothing, 4.0), tmp_path)  # is nobody's copy
    make_splits(RecordingFolder(tmp_path), n_repeats=1, n_folds=2)
    write_table(replace(made[1], name="again", uc=np.full(240, np.nan)), tmp_path / "again.csv")
    folder = RecordingFolder(tmp_path)
    with pytest.raises(SplitError, match="records r1 and again have the same heart rate"):
        make_splits(folder, n_repeats=1, n_folds=2)
    make_splits(folder, n_repeats=1, n_folds=2, strata=dict.fromkeys(folder.names, 0))  # excerpts: told alone
    assert "records r1 and again have the same heart rate (1 such pairs)" in caplog.text
    write_wfdb(replace(made[0], name="copied"), tmp_path)
    with pytest.raises(SplitError, match=r"records copied and r0 hold the same signals; .* keep one of them"):
        make_splits(RecordingFolder(tmp_path), n_repeats=1, n_folds=2)


@pytest.mark.parametrize("kind", [CTUUHB, RecordingFolder])
def test_a_list_is_compared_with_what_lies_there(tmp_path, kind):
    for name in ("a", "b", "c"):
        write_wfdb(tiny(name), tmp_path)
    (tmp_path / "RECORDS").write_text("c\nd\n")
    database = kind(tmp_path)
    assert database.names == ["c"]
    assert "No such file" in database.quarantined["d"]
    assert database.quarantined[str(tmp_path / "RECORDS")] == (
        "names 2 records; not read are others that lie there, 2 (a, b), and missing are 1 of those that it names; list "
        "them, or remove RECORDS"
    )
    _, quarantined = read_paths([str(tmp_path)])
    assert len(quarantined) == 2
    assert "d.hea: No such file or directory, though RECORDS names it" in quarantined[str(tmp_path / "d")]
    (tmp_path / "RECORDS").write_text("c\nb\na\n")
    assert kind(tmp_path).quarantined == {}


@pytest.mark.parametrize("recursive", [False, True])
def test_a_list_may_name_records_of_folders_within(tmp_path, recursive):
    for k, folder in enumerate(("p1", "p2")):
        write_wfdb(tiny("r", 130 + k), tmp_path / folder)
    write_wfdb(tiny("other"), tmp_path / "p2")
    (tmp_path / "RECORDS").write_text("p2/r\np1/r\n")
    database = RecordingFolder(tmp_path, recursive=recursive)
    assert database.names == ["p2/r", "p1/r"]
    assert [recording.fhr[0] for recording in database] == [131, 130]
    assert CTUUHB(tmp_path).names == database.names
    assert (
        "names 2 records; not read are others that lie there, 1 (other);"
        in database.quarantined[str(tmp_path / "RECORDS")]
    )
    (tmp_path / "elsewhere").symlink_to(tmp_path.parent, target_is_directory=True)
    (tmp_path / "RECORDS").write_text("elsewhere/r\n")
    with pytest.raises(FormatError, match="'elsewhere' is a link out of this folder"):
        RecordingFolder(tmp_path)


def test_a_table_that_does_not_fit_is_told(tmp_path, caplog):
    write_wfdb(tiny("a", outcome=Outcome(ph=7.10)), tmp_path)
    for i, name in enumerate("bcdef"):
        write_table(tiny(name, 120 + i), tmp_path / f"{name}.csv")
    table = tmp_path / "births.csv"
    table.write_text("record,pH\na,7.104\nb,7.2\nc,7.3\nd,\nx,7.0\ne,71.2\n")
    with caplog.at_level(logging.WARNING):
        database = RecordingFolder(tmp_path, outcomes=table)
    assert database.outcomes["ph"].to_dict() == pytest.approx(
        {"a": 7.10, "b": 7.2, "c": 7.3, "d": np.nan, "f": np.nan}, nan_ok=True
    )
    assert database.quarantined == {
        "e.csv": f"{table}: ph is 71.2, outside of 6.5 to 7.8",
    }
    assert "births.csv: recordings without an outcome: 1 (f)" in caplog.text
    assert "births.csv: outcomes without a recording: 1 (x)" in caplog.text
    table.write_text("record,pH\na,7.2\nb,7.2\n")
    assert RecordingFolder(tmp_path, outcomes=table).quarantined == {
        "a": f"{table}: ph 7.2 contradicts ph 7.1 in the recording itself; correct one of them"
    }
    table.write_text("record,pH\nu,7.2\nv,7.2\n")
    with pytest.raises(
        OutcomeError, match=r"none of its 2 rows names one of the 6 recordings .* \(u, v beside a, b, c"
    ):
        RecordingFolder(tmp_path, outcomes=table)
    table.write_text("record,ward\na,1\n")
    with pytest.raises(
        OutcomeError, match="no column of an outcome among 'record', 'ward'; call one of them ph, bdecf"
    ):
        RecordingFolder(tmp_path, outcomes=table)


def test_two_files_of_one_labour_are_one_birth(tmp_path):
    for i, name in enumerate(("7", "8")):
        (tmp_path / f"{name}_fhr.csv").write_text(
            "t,fhr\n" + "".join(f"{k / 4},{130 + i + k % 2}\n" for k in range(40))
        )
        (tmp_path / f"{name}_uc.csv").write_text("t,uc\n" + "".join(f"{k / 4},{20 + k % 2}\n" for k in range(40)))
    (tmp_path / "births.csv").write_text("case,pH\n7,7.0\n8,7.1\n")
    database = RecordingFolder(tmp_path, join=True, outcomes=tmp_path / "births.csv")
    assert database.names == ["7", "8"]
    assert database.quarantined == {}
    assert database.outcomes["ph"].tolist() == [7.0, 7.1]
    assert not np.isnan(database["8"].uc).any()
    apart = RecordingFolder(tmp_path)
    assert apart.names == ["7_fhr", "8_fhr"]
    assert "uterine activity without heart rate" in apart.quarantined[str(tmp_path / "7_uc.csv")]
    with pytest.raises(FHRError, match=r"7_uc.csv: uterine activity without heart rate; join it with the file of its"):
        read_paths([str(tmp_path / "7_uc.csv")])
    files = [str(tmp_path / f"7_{channel}.csv") for channel in ("uc", "fhr")]
    ((joined,), quarantined) = read_paths(files, join=True)
    assert (joined.name, quarantined) == ("7", {})


def test_options_go_to_the_formats_that_take_them(tmp_path):
    (tmp_path / "a.csv").write_text("puls\n" + "2.3\n2.4\n" * 40)
    write_wfdb(tiny("b"), tmp_path)
    database = RecordingFolder(tmp_path, reading={"columns": {"fhr": "puls"}, "units": {"fhr": "hz"}, "fs": 4.0})
    assert database["a"].fhr[0] == pytest.approx(138)


def test_files_of_one_labour_that_cannot_be_told_apart_are_left_out(tmp_path):
    def write(name: str, channel: str) -> None:
        (tmp_path / name).write_text(
            f"t,{channel}\n" + "".join(f"{k / 4},{'140,' * channel.count(',')}{20 + k}\n" for k in range(40))
        )

    for name, channel in (("6_fhr.csv", "fhr,x"), ("6_hr.csv", "fhr,x"), ("6_uc.csv", "uc"), ("9_uc.csv", "uc")):
        write(name, channel)
    write("8.csv", "fhr,uc")
    write("8_uc.csv", "uc")
    database = RecordingFolder(tmp_path, join=True)
    assert database.names == ["8"]
    np.testing.assert_array_equal(database[0].uc, 20 + np.arange(40))
    said = {Path(path).name: reason for path, reason in database.quarantined.items()}
    assert sorted(said) == ["6_fhr.csv", "6_hr.csv", "6_uc.csv", "8_uc.csv", "9_uc.csv"]
    assert said["6_uc.csv"].startswith("6_fhr.csv, 6_hr.csv, 6_uc.csv are of one labour")
    assert said["8_uc.csv"] == "8.csv holds uterine activity of its own, and is read without this file"
    assert said["9_uc.csv"] == "uterine activity, and no file of the heart rate of this labour beside it"


@pytest.mark.parametrize("row", ["1", "1.0", "0001.0"])
def test_zeros_that_a_spreadsheet_cut_off_are_no_lost_outcome(tmp_path, row):
    for k, name in enumerate(("0001", "10001")):
        write_table(tiny(name, 130 + k), tmp_path / f"{name}.csv")
    (tmp_path / "births.csv").write_text(f"record,pH\n{row},7.1\n10001,7.2\n")
    with pytest.raises(OutcomeError, match=f"leading zeros, '.0' or capitals .{row} beside 0001"):
        RecordingFolder(tmp_path, outcomes=tmp_path / "births.csv")


def test_lists_as_programs_write_them(tmp_path):
    for name in ("a", "b"):
        write_wfdb(tiny(name), tmp_path)
    (tmp_path / "RECORDS").write_bytes("\ufeff./b\r\na\r\n".encode())
    (tmp_path / "a.foo").write_bytes(b"\0\1\2")  # an annotator of anybody's
    database = RecordingFolder(tmp_path)
    assert (database.names, database.quarantined) == (["b", "a"], {})
    (tmp_path / "RECORDS").write_text("# list\na\n")
    with pytest.raises(FormatError, match="'# list' is a comment, which a list of records cannot hold"):
        RecordingFolder(tmp_path)


def test_a_folder_without_a_known_heart_rate_is_refused_with_its_reason(tmp_path):
    (tmp_path / "a.csv").write_text("time,A1,B1\n" + "".join(f"{k / 4},140,20\n" for k in range(40)))
    for work in (lambda: RecordingFolder(tmp_path), lambda: extract(tmp_path, tmp_path / "f.parquet", step=60.0)):
        with pytest.raises(DatasetNotFoundError, match=r"none of its 1 records can be read; the first, .*a.csv"):
            work()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetNotFoundError, match="holds no recording in a format that is read"):
        RecordingFolder(tmp_path / "empty")
