"""Verbs that append their rows batch by batch: who goes on with what a kill leaves, and how little is read at once."""

import io
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import fhr
from fhr.cli import in_batches, kept_work
from fhr.cli.growing_table import GrowingTable
from fhr.datasets import read_paths, stream_paths
from fhr.errors import FHRError
from fhr.recording import TableColumn

VERB = ["morphology", "some", "--out", "t.csv"]
PARTS = {"quality": ["--out", "t.csv"], "morphology": ["--out", "t.csv", "--summary", "rows.csv"]}


@pytest.fixture
def here(simulated_folder: Path, tmp_path: Path, monkeypatch) -> Path:
    """Seven recordings, read two at a time; the sixth is damaged."""
    monkeypatch.setattr(in_batches, "_SIZE", 2)
    some = tmp_path / "some"
    some.mkdir()
    for i in range(1, 8):
        for suffix in (".hea", ".dat"):
            shutil.copy(simulated_folder / f"s{i:04d}{suffix}", some)
    (some / "s0006.dat").write_bytes(b"")
    return tmp_path


@pytest.fixture
def killed(here: Path, run_fhr, monkeypatch):
    """`killed(*verb)`: leave what a kill leaves whose second batch is not noted yet; returns the whole tables."""

    def kill(*verb: object) -> dict[str, bytes]:
        note, notes = kept_work.KeptWork.note, []

        def noted(kept: kept_work.KeptWork, *batch: object) -> None:
            notes.append(batch)
            if len(notes) == 2:
                shutil.copytree(kept.folder, here / "left")
            note(kept, *batch)

        with monkeypatch.context() as patch:
            patch.setattr(kept_work.KeptWork, "note", noted)
            assert run_fhr(here, *verb).code == 1
        tables = [here / str(verb[i + 1]) for i, option in enumerate(verb) if option in ("--out", "--summary")]
        whole = {path.name: path.read_bytes() for path in tables}
        for path in tables:
            path.unlink()
        (here / "left").rename(here / "t.csv.parts")
        with (here / "t.csv.parts" / "out.csv").open("ab") as file:
            file.write(b"s0005,DEC,12")
        return whole

    return kill


def analysed(monkeypatch) -> list[str]:
    """Recordings that are analysed from now on."""
    found: list[str] = []
    monkeypatch.setattr(
        "fhr.cli.morphology.analyze_true", lambda one, predictor: found.append(one.name) or fhr.morphology.analyze(one)
    )
    return found


@pytest.mark.parametrize("verb", PARTS)
def test_the_same_command_goes_on_after_a_kill(here, killed, run_fhr, verb):
    given = [verb, "some", *PARTS[verb]]
    whole = killed(*given)
    answer = run_fhr(here, *given)
    assert answer.code == 1
    assert f"fhr {verb}: going on after 2 recordings that are finished in {here / 't.csv.parts'}\n" in answer.err
    assert "quarantined some/s0006: " in answer.err
    assert {name: (here / name).read_bytes() for name in whole} == whole
    assert sorted(path.name for path in here.iterdir()) == sorted(["some", *whole])


def test_finished_recordings_are_not_computed_again(here, killed, run_fhr, monkeypatch):
    killed(*VERB)
    found = analysed(monkeypatch)
    run_fhr(here, *VERB)
    assert found == ["s0003", "s0004", "s0005", "s0007"]


@pytest.mark.parametrize("change", ["header", "signal", "removed", "added", "table cut", "journal cut"])
def test_what_has_changed_is_computed_anew(here, killed, run_fhr, monkeypatch, change):
    killed(*VERB)
    some, parts = here / "some", here / "t.csv.parts"
    if change == "header":
        (some / "s0002.hea").write_text((some / "s0002.hea").read_text().replace("#Parity ", "#Parity 1"))
    elif change == "signal":
        for suffix in (".hea", ".dat"):
            text = (some / f"s0003{suffix}").read_bytes()
            (some / f"s0002{suffix}").write_bytes(text.replace(b"s0003", b"s0002"))
    elif change == "removed":
        (some / "RECORDS").write_text("s0002\ns0003\n")
    elif change == "added":
        (some / "RECORDS").write_text("".join(f"s000{i}\n" for i in (1, 2, 3)))
    elif change == "table cut":
        (parts / "out.csv").write_bytes((parts / "out.csv").read_bytes()[:50])
    else:
        (parts / "journal").write_bytes((parts / "journal").read_bytes()[:-2])
    found = analysed(monkeypatch)
    answer = run_fhr(here, *VERB)
    anew = change in ("header", "signal", "removed")
    assert ("have changed is computed anew" in answer.err) == anew
    assert ("going on after 2 recordings" in answer.err) == (change == "added")
    assert ("s0002" in found) == (change != "added")
    went_on = (here / "t.csv").read_bytes()
    run_fhr(here, *VERB)
    assert (here / "t.csv").read_bytes() == went_on


def test_another_command_or_version_does_not_go_on(here, killed, run_fhr):
    killed(*VERB)
    answer = run_fhr(here, "morphology", "some/s0001", "--out", "t.csv")
    assert (answer.code, answer.out) == (2, "")
    assert "t.csv.parts: holds what another command (the recordings) has finished of this table; give" in answer.err
    journal = here / "t.csv.parts" / "journal"
    first, *rest = journal.read_text().splitlines()
    work = json.loads(first)
    work["made_by"] = work["made_by"].replace("source ", "source 0")
    journal.write_text("\n".join([json.dumps(work), *rest, ""]))
    answer = run_fhr(here, *VERB)
    assert answer.code == 2
    assert "holds what another version (source 0" in answer.err
    assert sorted(path.name for path in here.iterdir()) == ["some", "t.csv.parts"]
    shutil.rmtree(here / "t.csv.parts")
    assert run_fhr(here, *VERB).code == 1


def test_two_runs_do_not_write_one_table(here, run_fhr):
    (here / "t.csv.parts").mkdir()
    with FileLock(here / "t.csv.parts" / "lock"):
        answer = run_fhr(here, *VERB)
    assert answer.code == 2
    assert "--out t.csv: another run is writing this table; wait for it, or choose another name" in answer.err


def test_what_another_verb_keeps_stays(here, run_fhr):
    (here / "t.csv.parts").mkdir()
    (here / "t.csv.parts" / "0001.npz").write_text("repetitions of a search")
    answer = run_fhr(here, *VERB)
    assert answer.code == 2
    assert "t.csv.parts: holds 0001.npz, which is of something else; choose another --out" in answer.err
    assert (here / "t.csv.parts" / "0001.npz").exists()


def test_an_interruption_keeps_what_is_finished(here, run_fhr, monkeypatch):
    def stop(recording, predictor):
        if recording.name == "s0004":
            raise KeyboardInterrupt
        return fhr.morphology.analyze(recording)

    with monkeypatch.context() as patch:
        patch.setattr("fhr.cli.morphology.analyze_true", stop)
        answer = run_fhr(here, *VERB, stopped=True)
    assert answer.code == 130
    assert f"recordings finished: 2, in {here / 't.csv.parts'}; the same command goes on with them" in answer.err
    assert not (here / "t.csv").exists()
    expected = run_fhr(here, *VERB[:2]).out
    run_fhr(here, *VERB)
    assert (here / "t.csv").read_text() == expected


def test_rows_come_before_the_rest_is_read(here, run_fhr, monkeypatch):
    seen = []
    out = io.StringIO()

    def look(recording):
        seen.append(len(out.getvalue()))
        return {("fhr", "jump"): ~np.isnan(recording.fhr)}

    monkeypatch.setattr("fhr.preprocessing.check_quality", look)
    monkeypatch.setattr("sys.stdout", out)
    fhr.cli.main(["quality", "-q", str(here / "some")])
    assert seen[0] == 0 < seen[2] < seen[4]


def test_a_stream_reads_one_recording_at_a_time(here, monkeypatch):
    known, read = [], fhr.formats.read
    monkeypatch.setattr("fhr.datasets.members.read", lambda path: known.append(Path(path).name) or read(path))
    stream = stream_paths([str(here / "some")])
    assert (len(stream), known) == (7, [])
    assert next(iter(stream)).recording.name == "s0001"
    assert known == ["s0001"]


def test_the_stream_gives_what_is_read_at_once(here):
    (here / "mixed").mkdir()
    fhr.write_npz(fhr.read(here / "some/s0001"), here / "mixed/a.npz")
    (here / "mixed/b.npz").write_bytes(b"")
    for name in ("s0001", "s0002"):
        (here / "mixed" / f"{name}.hea").write_text("nonsense\n")
    (here / "empty").mkdir()
    paths = [str(here / name) for name in ("some", "mixed", "empty", "some/s0003.hea", "nowhere.csv")]
    recordings, quarantined = read_paths(paths)
    assert [one.name for one in recordings] == [*(f"s000{i}" for i in (1, 2, 3, 4, 5, 7)), "s0001", "s0003"]
    assert list(quarantined) == [
        str(here / name) for name in ("some/s0006", "mixed", "mixed/b.npz", "empty", "nowhere.csv")
    ]
    assert "none of its 2 records can be read; the first, s0001: " in quarantined[str(here / "mixed")]
    (here / "mixed/a.npz").unlink()
    with pytest.raises(FHRError, match=r"none of the 2 recordings can be read: .*none of its 2 records .*b\.npz"):
        list(stream_paths([str(here / "mixed")]))


def test_recordings_of_one_name_stay_apart_by_path(here, run_fhr):
    (here / "other").mkdir()
    for suffix in (".hea", ".dat"):
        shutil.copy(here / f"some/s0001{suffix}", here / "other")
    short = fhr.read(here / "some/s0001")
    short = type(short)("s0001", short.fhr[:1000], short.uc[:1000], 4.0)
    fhr.write_npz(short, here / "short.npz")
    answer = run_fhr(
        here, "predict", "short.npz", "other", "some/s0001", "short.npz", "--label", "ph<7.05", "--card", "c"
    )
    rows = pd.read_csv(io.StringIO(answer.out))
    assert rows[["record", "path"]].to_numpy().tolist() == [["s0001", "other/s0001"], ["s0001", "some/s0001"]]
    assert [
        line.partition("quarantined ")[2].split(": ")[0] for line in answer.err.splitlines() if "quarantined" in line
    ] == [
        "short.npz",
        "short.npz (2)",
    ]
    assert sorted(os.listdir(here / "c")) == [f"s0001{k}.{kind}" for k in ("-2", "") for kind in ("md", "png")]


def test_cards_have_their_names_after_a_kill(here, run_fhr, monkeypatch):
    monkeypatch.setattr(in_batches, "_SIZE", 1)
    (here / "other").mkdir()
    for suffix in (".hea", ".dat"):
        shutil.copy(here / f"some/s0001{suffix}", here / "other")
    from fhr.prediction import written_cards

    write, names = written_cards.Prediction.card, []

    def stop(prediction):
        names.append(prediction.path)
        if len(names) == 2:
            raise KeyboardInterrupt
        return write(prediction)

    given = ["predict", "some/s0001", "other/s0001", "--label", "ph<7.05", "--card", "c", "--out", "t.csv"]
    monkeypatch.setattr(written_cards.Prediction, "card", stop)
    assert run_fhr(here, *given, stopped=True).code == 130
    assert run_fhr(here, *given).code == 0
    assert names == ["some/s0001", "other/s0001", "other/s0001"]
    assert sorted(os.listdir(here / "c")) == [f"s0001{k}.{kind}" for k in ("-2", "") for kind in ("md", "png")]


def test_two_tables_in_one_file_are_refused(here, run_fhr):
    answer = run_fhr(here, "morphology", "some", "--out", "t.csv", "--summary", "./t.csv")
    assert (answer.code, answer.out) == (2, "")
    assert "--summary ./t.csv: --out names the same file; give each table its own" in answer.err


def test_each_file_of_a_verb_is_its_own_and_no_recording_is_written_over(here, run_fhr):
    answer = run_fhr(here, "morphology", "some", "--out", "t.csv", "--thresholds", "t.csv")
    assert answer.code == 2
    assert "--thresholds t.csv: --out names the same file" in answer.err
    recording = here / "tables" / "one.csv"
    recording.parent.mkdir()
    recording.write_text("seconds,fhr\n" + "".join(f"{i / 4},140\n" for i in range(2400)))
    content = recording.read_text()
    for verb in (["quality", recording], ["predict", recording.parent], ["info", "tables"]):
        answer = run_fhr(here, *verb, "--out", "tables/../tables/one.csv")
        assert answer.code == 2
        assert f"one.csv: it is among the recordings of {verb[1]}; choose another file" in answer.err
    assert recording.read_text() == content
    (recording.parent / "q.csv").write_text("a table of an earlier day\n")
    assert run_fhr(here, "info", "tables", "--out", "tables/q.csv").code == 0


def test_what_has_finished_nothing_hinders_nobody(here, run_fhr):
    (here / "t.csv.parts").mkdir()
    (here / "t.csv.parts" / "journal").write_text('{"paths": ["others"]}\n')
    assert run_fhr(here, "quality", "some", "--out", "t.csv").code == 1
    assert not (here / "t.csv.parts").exists()


def test_who_reads_only_the_first_rows_hinders_no_other_table(here, run_fhr, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("sys.stdout", Closed())
    table = GrowingTable(str(here / "rows.csv"), (TableColumn("a", "text", "a word"),), "--summary")
    first = GrowingTable(None, table.columns)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(BrokenPipeError))
        stack.enter_context(kept_work.kept_work([first, table], dict))
        table.append(pd.DataFrame({"a": ["x"]}))
        first.append(pd.DataFrame({"a": ["x"]}))
    assert not list(here.glob("rows.csv*"))
