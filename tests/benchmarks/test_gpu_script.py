"""The command for a GPU, small and on the CPU; what befalls one entry is told and leaves the others alone."""

import json
import os
import sys
import time
from math import nan
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))  # for the workers too, which import this file

from gpu import Record, main, measure_all  # noqa: E402
from gpu_entries import ENTRIES, Entry, Result  # noqa: E402


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


@pytest.fixture
def command(monkeypatch):
    """The exit code of the command with these arguments."""

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "path", sys.path[:])
        monkeypatch.setattr(sys, "argv", ["gpu.py", *map(str, arguments)])
        return main()

    return run


@pytest.mark.process
def test_the_command_keeps_results_and_draws_their_table(tmp_path, command):
    only = ["fGn", "tests"]
    assert command("--out", tmp_path, "--device", "cpu", "--small", "--minutes", 60, "--only", *only) == 0
    found = lines(tmp_path)
    assert [line for line in found if line["status"] != "measured"] == []
    assert list(dict.fromkeys(line["entry"] for line in found)) == ["tests", "fGn"]  # by worth
    table = (tmp_path / "results.md").read_text()
    assert table.startswith("Here is the CPU; ")
    assert "small, the numbers say nothing" in table
    for line in found:
        assert f"| {line['entry']} | {line['what']} | " in table
    assert " 1 skipped" in (tmp_path / "cuda_tests.txt").read_text()


@pytest.mark.training
@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.name != "tests"], ids=lambda entry: entry.name)
def test_an_entry_gives_results_at_small_size(tmp_path, entry):
    found: dict[str, Result] = {}
    entry.measure(
        lambda result: found.update({result.what: result}), device="cpu", small=True, seconds=600, folder=tmp_path
    )
    assert all(result.value is None or result.value > 0 for result in found.values())
    if entry.name == "multiscale":
        result = found["6 segments, R = 20, float64"]
        assert (result.items, result.cpu_items, result.aim) == (6, 3, "50 ms")
        assert result.times_as_fast == pytest.approx(2 * result.cpu / result.value)
    if entry.name == "protocol":
        assert found["outer folds done"].value == 1
        assert (tmp_path / "folds_small" / "repeat0-fold0" / "scores.csv.gz").is_file()


@pytest.fixture
def refused(command, capsys):
    """What the command says on stderr of arguments that it does not take."""

    def refuse(*arguments: object) -> str:
        assert command(*arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err

    return refuse


def test_without_a_gpu_it_says_so(tmp_path, monkeypatch, refused):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    said = refused("--out", tmp_path / "none")
    assert said == "no CUDA device here; `--device cpu` tries the entries on the CPU\n"
    assert not (tmp_path / "none").exists()


def test_a_file_in_the_place_of_its_folder_is_said(tmp_path, refused):
    file = tmp_path / "file"
    file.write_text("mine")
    said = refused("--out", file, "--device", "cpu", "--small")
    assert said == f"--out {file}: File exists; give a folder, a new one or one to add to\n"
    assert file.read_text() == "mine"


def sound(say, *, device, small, seconds, folder):
    say(Result("first", 1.0, "s"))
    say(Result("first", 2.0, "s", items=10, cpu=4.0, cpu_items=5))
    say(Result("second", nan, note="a | b"))


def without_memory(say, *, device, small, seconds, folder):
    say(Result("before", 3))
    raise RuntimeError("CUDA out of memory")


def dies(say, **options):
    os._exit(3)


def hangs(say, **options):
    time.sleep(60)


def takes_the_rest(say, *, seconds, **options):
    say(Result("seconds", seconds))


@pytest.mark.process
def test_what_befalls_one_entry_leaves_the_others_alone(tmp_path):
    entries = [
        Entry("rest", 0, 1, takes_the_rest, takes_the_rest=True),
        Entry("sound", 1, 30, sound),
        Entry("too long", 6, 1e6, sound),
        Entry("out of memory", 5, 30, without_memory),
        Entry("dies", 4, 30, dies),
        Entry("hangs", 3, 0.5, hangs),
    ]
    record = Record(tmp_path, ["head"])
    measure_all(entries, record, "cpu", small=False, end=time.monotonic() + 1000)
    found = lines(tmp_path)
    assert [(line["entry"], line["status"]) for line in found] == [
        ("too long", "not run: no time"),
        ("out of memory", "measured"),
        ("out of memory", "RuntimeError: CUDA out of memory"),
        ("dies", "its process died with 3"),
        ("hangs", "stopped after 1 s, which was its time"),
        *[("sound", "measured")] * 3,
        ("rest", "measured"),
    ]
    assert 100 < found[-1]["value"] < 0.9 * 1000  # of what was left
    assert (tmp_path / "results.md").read_text().splitlines()[:-1] == [
        "head",
        "",
        "| entry | what | here | CPU | faster, per item | aim | note |",
        "|---|---|---|---|---|---|---|",
        "| too long |  | - | - | - | - | not run: no time |",
        "| out of memory | before | 3 | - | - | - |  |",
        "| out of memory |  | - | - | - | - | RuntimeError: CUDA out of memory |",
        "| dies |  | - | - | - | - | its process died with 3 |",
        "| hangs |  | - | - | - | - | stopped after 1 s, which was its time |",
        "| sound | first | 2 s | 4 s for 5 | 4 x | - |  |",
        "| sound | second | nan | - | - | - | a / b |",
    ]


def test_names_and_worths_are_the_entries_own():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert [e.name for e in sorted(ENTRIES, key=lambda one: one.value) if e.takes_the_rest] == ["protocol"]
    assert min(ENTRIES, key=lambda one: one.value).name == "protocol"
