"""stdout that ends early, is full or closed, and places that `--out` cannot write to: what every verb makes of them."""

import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fhr.formats import write_table

ROOT = Path(__file__).resolve().parents[2]
PRINTING = [["info", "DIR"], ["morphology", "DIR"], ["quality", "DIR"], ["predict", "DIR", "--run", "FIT"], ["runs"]]
WRITING = [
    *([*arguments, "--out"] for arguments in PRINTING),
    ["compare", "OOF", "OTHER", "--out"],
    ["morphology", "DIR", "--out", "events.csv", "--summary"],
    ["predict", "DIR", "--run", "FIT", "--out", "risk.csv", "--timeline"],
    ["splits", "DIR", "--out"],
    ["features", "DIR", "--groups", "scalar", "--out"],
    ["plot", "DIR/s0001", "--minutes", "10", "--out"],
]
NAMES = ["-".join(part.strip("-") for part in arguments if part.islower()) for arguments in WRITING]


@pytest.fixture(scope="module")
def few(tmp_path_factory, births_database) -> Path:
    """Twelve recordings, enough to split."""
    folder = tmp_path_factory.mktemp("few")
    for recording in births_database.recordings[:12]:
        write_table(recording, folder / f"{recording.name}.csv")
    return folder


@pytest.fixture(scope="module")
def filled(runs, births, few, tmp_path_factory):
    """`filled(arguments)`: the placeholders replaced by files that a session has trained."""
    (checkpoint,) = (runs.folder / "mlruns").rglob(f"{runs.fit}/**/*.ckpt")
    predictions = runs.folder / "predictions.csv"
    other = shutil.copy(predictions, tmp_path_factory.mktemp("other") / "other.csv")

    def fill(arguments: list[str]) -> list[str]:
        places = {"FIT": str(checkpoint), "RUN": runs.fit, "OOF": str(predictions), "OTHER": str(other)}
        folder = str(births if arguments[0] in ("splits", "features", "plot") else few)
        return [places.get(part, part.replace("DIR", folder)) for part in arguments]

    return fill


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("FHR", f"{sys.executable} -m fhr")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "buffered"),
    [
        (PRINTING[0], ""),
        (PRINTING[0], "PYTHONUNBUFFERED=1 "),
        # With torch and MLflow, which do something of their own when Python ends.
        (["predict", "DIR", "--run", "RUN"], "PYTHONUNBUFFERED=1 "),
    ],
    ids=["info", "info-unbuffered", "predict-unbuffered"],
)
def test_a_reader_that_stops_reading_gets_no_complaint(runs, filled, arguments, buffered):
    answer = shell(runs.folder, f"{buffered}FHR -q {' '.join(filled(arguments))} | true")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.process
def test_a_reader_that_stops_in_the_middle_gets_no_complaint(tmp_path):
    # More than a pipe holds, so that the writer is stopped while it writes, not at its end.
    code = "import sys, pandas as pd; from fhr.cli import info, main; from fhr.cli.tables import write_csv; "
    code += "info.run = lambda options: write_csv(pd.DataFrame({'a': range(200_000)}), None) or 0; "
    code += "sys.exit(main(['info', '.']))"
    answer = shell(tmp_path, f'{sys.executable} -c "{code}" | head -n 2')
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "a\n0\n", "")


@pytest.mark.process
@pytest.mark.parametrize("arguments", ["--help", "--version", "info --help", "fit --help"])
def test_help_that_nobody_reads(tmp_path, arguments):
    answer = shell(tmp_path, f"FHR {arguments} | true")
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.process
@pytest.mark.parametrize("buffered", ["", "PYTHONUNBUFFERED=1 "], ids=["buffered", "unbuffered"])
def test_a_full_stdout_is_said(runs, few, buffered):
    answer = shell(runs.folder, f"{buffered}FHR info {few} > /dev/full")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert answer.stderr.startswith("fhr info: stdout cannot be written (No space left on device)")


@pytest.mark.process
def test_closed_streams(few, tmp_path):
    answer = shell(tmp_path, f"FHR info {few} --out t.csv >&- 2>&- && FHR info {few} >&-")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 13


@pytest.mark.parametrize("arguments", WRITING, ids=NAMES)
def test_a_place_that_cannot_be_written_to(runs, run_fhr, filled, tmp_path, arguments):
    suffix = {"plot": ".png", "features": ".parquet"}.get(arguments[0], ".csv")
    (tmp_path / f"folder{suffix}").mkdir()
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    for place in (tmp_path / f"missing/t{suffix}", tmp_path / f"folder{suffix}", tmp_path / f"file/t{suffix}"):
        answer = run_fhr(runs.folder, *filled(arguments), place)
        assert (answer.code, answer.out) == (2, ""), place
        assert str(place) in answer.err
        assert len([line for line in answer.err.splitlines() if not line.startswith("WARNING")]) == 1
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("arguments", WRITING, ids=NAMES)
def test_a_disk_that_is_full_leaves_no_half_file(runs, run_fhr, filled, tmp_path, arguments):
    """A limit on the size of files stands for the disk."""
    suffix = {"plot": ".png", "features": ".parquet"}.get(arguments[0], ".csv")
    place = tmp_path / f"t{suffix}"
    place.write_text("what was there")
    overwrite = ["--overwrite"] if arguments[0] == "features" else []
    given = filled(arguments)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        answer = run_fhr(runs.folder, *given, place, *overwrite)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for beside in ("events.csv", "risk.csv"):
        (runs.folder / beside).unlink(missing_ok=True)
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert "Traceback" not in answer.err
    assert "File too large" in answer.err
    assert place.read_text() == "what was there"
    assert [path.name for path in tmp_path.glob("t.*")] == [place.name]


@pytest.mark.process
def test_a_link_stays_a_link_and_a_pipe_a_pipe(few, run_fhr, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "t.csv").symlink_to("kept/real.csv")
    assert run_fhr(tmp_path, "info", few, "--out", "t.csv") == (0, "", "")
    assert (tmp_path / "t.csv").is_symlink()
    written = (tmp_path / "kept/real.csv").read_text()
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as reader:
        assert run_fhr(tmp_path, "info", few, "--out", "pipe") == (0, "", "")
        assert reader.communicate()[0] == written
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", ["info", "splits", "features"])
def test_a_device_stays_a_device(births, run_fhr, tmp_path, verb):
    answer = run_fhr(tmp_path, verb, births, "--out", "/dev/full")
    assert (answer.code, answer.out) == (2, "")
    assert "/dev/full: cannot be written" in answer.err
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert not Path("/dev/full.part").exists()


@pytest.mark.parametrize("verb", ["info", "quality", "morphology"])
def test_a_dash_is_stdout(simulated_folder, tmp_path, run_fhr, verb):
    record = simulated_folder / "s0001"
    plain, dashed = (run_fhr(tmp_path, verb, record, *more) for more in ((), ("--out", "-")))
    assert (dashed.code, dashed.out) == (0, plain.out)
    assert list(tmp_path.iterdir()) == []


def test_a_further_table_on_stdout(simulated_folder, tmp_path, run_fhr):
    given = ("morphology", simulated_folder / "s0001", simulated_folder / "s0002")
    run_fhr(tmp_path, *given, "--out", "a.csv", "--summary", "b.csv")
    answer = run_fhr(tmp_path, *given, "--out", "c.csv", "--summary", "-")
    assert (answer.code, answer.out) == (0, (tmp_path / "b.csv").read_text())
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.csv"]
    for more in (("--summary", "-"), ("--out", "c.csv", "--summary", "-", "--thresholds", "-")):
        answer = run_fhr(tmp_path, *given, *more)
        assert (answer.code, answer.out) == (2, "")
        assert "are tables for stdout, which takes one; give the others files" in answer.err


def test_folds_on_stdout(simulated_folder, tmp_path, run_fhr):
    run_fhr(tmp_path, "splits", simulated_folder, "--out", "s.json")
    assert run_fhr(tmp_path, "splits", simulated_folder, "--out", "-").out == (tmp_path / "s.json").read_text()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("features", "DIR", "--out", "-"), "stdout takes tables, and this is none; name a file"),
        (("simulate", "--out", "-"), "name a folder (./- for one of that name)"),
        (("plot", "DIR/s0001", "--out", "-"), "stdout takes tables"),
        (("crossval", "--config", "cnn", "--out", "-"), "stdout takes another table of this verb; name a file"),
    ],
)
def test_what_stdout_does_not_take(simulated_folder, tmp_path, run_fhr, given, said):
    answer = run_fhr(tmp_path, *(str(one).replace("DIR", str(simulated_folder)) for one in given))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []
