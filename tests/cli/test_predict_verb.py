"""`fhr predict`: recordings in, one table out; what cannot be used is named."""

import io
import shutil
from pathlib import Path

import pandas as pd
import pytest

import fhr
from fhr.cli.tables import write_csv
from fhr.errors import FHRError
from fhr.prediction import EXPLAINED, where_it_looked
from fhr.tracking import run_checkpoints


@pytest.fixture
def checkpoint(runs, monkeypatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(runs.folder)
    (path,) = run_checkpoints(runs.fit)
    return path


@pytest.fixture
def folder(births, tmp_path) -> Path:
    """Five recordings."""
    some = tmp_path / "some"
    some.mkdir()
    for i in range(1, 6):
        for suffix in ("hea", "dat"):
            shutil.copy(births / f"s{i:04d}.{suffix}", some)
    return some


def table(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def test_a_folder(checkpoint, folder, run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "predict", folder, "--run", checkpoint)
    assert (answer.code, answer.err) == (0, "")
    rows = table(answer.out)
    assert list(rows.columns)[:5] == ["name", "probability", "score", "loss", "warnings"]
    predictor = fhr.load(checkpoint)
    assert rows["name"].tolist() == [f"s{i:04d}" for i in range(1, 6)]
    for row in rows.itertuples():
        prediction = predictor.predict(fhr.read(folder / row.name))
        assert row.probability == pytest.approx(prediction.probability, abs=1e-5)
        assert row.loss == pytest.approx(prediction.loss, abs=5.1e-5)
        assert (row.record, row.path) == (row.name, str(folder / row.name))
    assert [path.name for path in tmp_path.iterdir()] == ["some"]


def test_files_and_folders_and_a_run_id(runs, checkpoint, folder, run_fhr):
    paths = [folder / "s0002.hea", folder / "s0004", folder / "s0001.dat"]
    by_run = run_fhr(runs.folder, "predict", *paths, "--run", runs.fit)
    assert by_run.code == 0
    assert table(by_run.out)["name"].tolist() == ["s0002", "s0004", "s0001"]
    assert run_fhr(runs.folder, "predict", *paths, "--run", checkpoint).out == by_run.out
    whole = run_fhr(runs.folder, "predict", *paths, "--run", runs.crossval)
    assert whole.code == 0
    assert table(whole.out)["name"].tolist() == ["s0002", "s0004", "s0001"]
    assert whole.out != by_run.out


@pytest.mark.parametrize("damage", ["truncated", "missing", "header", "suffix"])
def test_one_bad_file_among_good_ones(checkpoint, folder, run_fhr, damage):
    bad = folder / "s0003.hea"
    if damage == "truncated":
        (folder / "s0003.dat").write_bytes((folder / "s0003.dat").read_bytes()[:100])
    elif damage == "missing":
        bad = folder / "s0009.hea"
    elif damage == "header":
        bad.write_text("nonsense\n")
    else:
        bad = folder / "s0003.pdf"
    answer = run_fhr(folder, "predict", folder / "s0001", bad, folder / "s0002", "--run", checkpoint)
    assert answer.code == 1
    assert table(answer.out)["name"].tolist() == ["s0001", "s0002"]
    (line,) = answer.err.splitlines()
    assert f"quarantined {bad}: " in line
    assert len(line.split(f"{bad}: ", 1)[1]) > 20  # the reason


def test_one_bad_recording_in_a_folder(checkpoint, folder, run_fhr):
    (folder / "s0003.dat").write_bytes(b"")
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint)
    assert answer.code == 1
    assert table(answer.out)["name"].tolist() == ["s0001", "s0002", "s0004", "s0005"]
    assert f"quarantined {folder / 's0003'}: " in answer.err


def test_a_recording_that_reads_well_but_is_too_short(checkpoint, folder, run_fhr, births_database):
    recording = births_database["s0007"]
    n = 5 * 60 * 4
    short = type(recording)("brief", recording.fhr[-n:], recording.uc[-n:], 4.0, outcome=recording.outcome)
    fhr.write_wfdb(short, folder)
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint, "--out", "risk.csv")
    assert answer.code == 1
    assert "quarantined brief: brief: 5.0 min of signal where the last 20 min are needed" in answer.err
    assert len(pd.read_csv(folder / "risk.csv")) == 5


def test_none_is_readable(checkpoint, folder, run_fhr):
    for path in folder.glob("*.dat"):
        path.write_bytes(b"")
    for paths in ([folder], [folder / "s0001", folder / "s0002"]):
        answer = run_fhr(folder, "predict", *paths, "--run", checkpoint, "--out", "risk.csv")
        assert answer.code == 2
        assert answer.out == ""
        assert "fhr predict: " in answer.err
        assert "can be read" in answer.err
        assert not (folder / "risk.csv").exists()


@pytest.mark.parametrize("where", ["nowhere", "empty"])
def test_no_folder_of_recordings(checkpoint, run_fhr, tmp_path, where):
    (tmp_path / "empty").mkdir()
    answer = run_fhr(tmp_path, "predict", where, "--run", checkpoint)
    assert answer.code == 2
    assert where in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("model", ["none.ckpt", "text.ckpt", "0" * 32])
def test_no_model(runs, folder, run_fhr, model):
    (runs.folder / "text.ckpt").write_text("hello")
    answer = run_fhr(runs.folder, "predict", folder, "--run", model)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr predict: ")
    assert model in answer.err


def test_a_device_that_is_not_there(checkpoint, folder, run_fhr):
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint, "--device", "nonsense")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "fhr predict: device 'nonsense'; choose auto, cpu, cuda, cuda:N or mps\n"


def test_out_takes_the_table_and_stdout_stays_empty(checkpoint, folder, run_fhr):
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint, "--out", "risk.csv")
    assert answer == (0, "", "")
    expected = run_fhr(folder, "predict", folder, "--run", checkpoint)
    assert (folder / "risk.csv").read_text() == expected.out
    assert not list(folder.glob("*.part"))


def test_out_is_whole_or_not_at_all(tmp_path, monkeypatch):
    out = tmp_path / "risk.csv"
    out.write_text("the old table\n")

    def full(self: pd.DataFrame, file: object, **_: object) -> None:
        Path(getattr(file, "name", file)).write_text("name,proba")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(FHRError, match=r"risk.csv: cannot be written \(No space left on device\)"):
        write_csv(pd.DataFrame({"name": [1]}), str(out))
    assert out.read_text() == "the old table\n"
    assert [path.name for path in tmp_path.iterdir()] == ["risk.csv"]


@pytest.mark.parametrize("out", ["nowhere/risk.csv", "folder"])
def test_out_that_cannot_be_written(tmp_path, out):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FHRError, match=rf"--out .*{out}: cannot be written \((No such file|Is a)[ \w]+\)"):
        write_csv(pd.DataFrame({"name": [1]}), str(tmp_path / out))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("out", ["nowhere/risk.csv", "."])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(runs, run_fhr, births, out):
    answer = run_fhr(runs.folder, "predict", "--run", "no such run", str(births), "--out", out)
    assert answer.code == 2
    assert f"--out {out}: cannot be written; name a file in a folder that exists" in answer.err


def test_confidence_is_in_the_table_and_on_cards(checkpoint, folder, run_fhr):
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint, "--out", "risk.csv", "--card", "cards/new")
    assert answer == (0, "", "")
    rows, predictor = pd.read_csv(folder / "risk.csv"), fhr.load(checkpoint)
    assert sorted(path.name for path in (folder / "cards/new").iterdir()) == [
        f"s{i:04d}.{kind}" for i in range(1, 6) for kind in ("md", "png")
    ]
    for row in rows.itertuples():
        prediction = predictor.predict(fhr.read(folder / row.name))
        assert (
            (folder / "cards/new" / f"{row.name}.md")
            .read_text()
            .startswith(f"# {row.name}: umbilical pH below 7.20 (ph<7.20)\n\nResearch")
        )
        assert (row.low, row.high) == pytest.approx((prediction.low, prediction.high), abs=1e-5)
        assert row.set_80 == (" or ".join(prediction.sets[0.8]) or "neither")
        assert row.abstain == prediction.abstain


def test_two_recordings_of_one_name_have_a_card_each(checkpoint, folder, run_fhr, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for suffix in ("hea", "dat"):
        shutil.copy(folder / f"s0001.{suffix}", other)
    paths = [folder / "s0001", other / "s0001"]
    assert run_fhr(folder, "predict", *paths, "--run", checkpoint, "--card", "cards").code == 0
    assert sorted(path.name for path in (folder / "cards").iterdir()) == [
        *("s0001-2.md", "s0001-2.png", "s0001.md", "s0001.png")
    ]


def test_where_the_network_looked_is_in_a_table_and_on_cards(checkpoint, folder, run_fhr):
    paths = [folder / "s0001", folder / "s0002"]
    options = ["--explain", "minutes.csv", "--out", "risk.csv", "--card", "looked"]
    assert run_fhr(folder, "predict", *paths, "--run", checkpoint, *options) == (0, "", "")
    found, predictor = pd.read_csv(folder / "minutes.csv"), fhr.load(checkpoint)
    assert list(found.columns) == list(EXPLAINED)
    assert found["name"].unique().tolist() == ["s0001", "s0002"]
    for name, rows in found.groupby("name"):
        looked = where_it_looked(predictor, fhr.read(folder / name))
        total = sum(values.sum() for values in looked.signals.values())
        assert rows["contribution"].sum() == pytest.approx(total, abs=5e-7 * len(rows))
        text = (folder / "looked" / f"{name}.md").read_text()
        assert "## Where the network looked\n\n- " + looked.words()[0] in text
        assert (folder / "looked" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_timeline(checkpoint, folder, run_fhr):
    paths = [folder / "s0001", folder / "s0002"]
    options = ["--timeline", "timeline.csv", "--out", "risk.csv", "--card", "timelines"]
    answer = run_fhr(folder, "predict", *paths, "--run", checkpoint, *options)
    assert answer == (0, "", "")
    found, rows = pd.read_csv(folder / "timeline.csv"), pd.read_csv(folder / "risk.csv")
    for name in rows["name"]:
        assert (folder / "timelines" / f"{name}-timeline.png").read_bytes().startswith(b"\x89PNG")
    assert found["name"].unique().tolist() == ["s0001", "s0002"]
    last = found[found["to_end"] == 0]
    assert last["probability"].tolist() == pytest.approx(rows["probability"].tolist(), abs=1e-5)
    assert found["warnings"].str.contains("learnt nothing", na=False).tolist() == (found["to_end"] > 0).tolist()


def test_timeline_of_one_that_cannot_be_used(checkpoint, folder, run_fhr, births_database):
    recording = births_database["s0007"]
    n = 5 * 60 * 4
    fhr.write_wfdb(type(recording)("brief", recording.fhr[-n:], recording.uc[-n:], 4.0), folder)
    paths = [folder / "brief", folder / "s0001"]
    answer = run_fhr(folder, "predict", *paths, "--run", checkpoint, "--timeline", "timeline.csv")
    assert answer.code == 1
    assert pd.read_csv(folder / "timeline.csv")["name"].unique().tolist() == ["s0001"]
    answer = run_fhr(folder, "predict", folder / "brief", "--run", checkpoint, "--timeline", "timeline.csv")
    assert answer.code == 1
    assert len(pd.read_csv(folder / "timeline.csv")) == 0


def test_prevalence_of_ones_own_hospital(checkpoint, folder, run_fhr):
    own = table(run_fhr(folder, "predict", folder, "--run", checkpoint, "--prevalence", 0.02).out)
    usual = table(run_fhr(folder, "predict", folder, "--run", checkpoint).out)
    assert (own["probability"] < usual["probability"]).all()
    assert own["prevalence"].tolist() == [0.02] * 5
    assert own["set_90"].equals(usual["set_90"])
    answer = run_fhr(folder, "predict", folder, "--run", checkpoint, "--prevalence", 1.5)
    assert answer.code == 2
    assert "prevalence=1.5; give the share of births with ph<7.20" in answer.err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--card", "taken/cards"), "--card taken/cards: no folder to write to (Not a directory); name another"),
        (("--timeline", "nowhere/x.csv"), "--timeline nowhere/x.csv: cannot be written; name a file in a folder"),
    ],
)
def test_more_places_that_cannot_be_written(runs, births, tmp_path, run_fhr, option, message):
    (tmp_path / "taken").write_text("a file")
    answer = run_fhr(tmp_path, "predict", births, "--run", "no such run", *option)
    assert answer.code == 2
    assert message in answer.err
