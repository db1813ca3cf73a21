"""Spoilt and hostile predictions and kept tables: read or an `FHRError`, soon and with little memory."""

import gzip
import os
import sys
import tracemalloc
from pathlib import Path

import hostile
import numpy as np
import pandas as pd
import pytest

from fhr.errors import FHRError, FormatError, SplitError
from fhr.evaluation import check, keep, oof_file, read_oof, recompute
from fhr.evaluation.repeats import whole_repeats
from fhr.recording import Recording

FACTS = {"run_id": "0a", "commit": "c0", "split_sha": "5e", "config": "a.yaml", "machine": "m", "date": "2026-01-31"}
MODEL, LABEL = "a model", "ph<7.05"
VALID = Recording("r", [140.0, 141.0], [1.0, 2.0], 4.0)  # what `hostile.verdict` looks at; the tables are checked here
HEADER = b"record,repeat,fold,label,score,probability\n"


def predictions() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    names = [*(f"r{i}" for i in range(18)), "NA", "nan"]
    table = pd.DataFrame({"name": names, "repeat": 0, "fold": np.arange(20) % 5, "label": np.arange(20) % 2})
    return table.assign(score=generator.normal(size=20), probability=generator.uniform(size=20))


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    keep(folder, predictions(), model=MODEL, label=LABEL, **FACTS)
    return folder


@pytest.fixture
def folder(tmp_path, kept) -> Path:
    (tmp_path / "folder" / "oof").mkdir(parents=True)
    for path in (kept / "crossval.csv", oof_file(kept, MODEL, LABEL)):
        (tmp_path / "folder" / path.relative_to(kept)).write_bytes(path.read_bytes())
    return tmp_path / "folder"


def read_predictions(path: Path) -> Recording:
    table = read_oof(path)
    assert list(table.columns) == ["name", "repeat", "fold", "label", "score", "probability"]
    assert isinstance(table.index, pd.RangeIndex)
    assert table["name"].map(lambda name: isinstance(name, str)).all()
    assert [table[name].dtype.kind for name in table.columns[1:]] == list("iiiff")
    whole_repeats(table)
    return VALID


def read_table(path: Path) -> Recording:
    for found in check(path.parent, intervals=0):
        assert found.isprintable()
        assert len(found) < 3000
    recompute(path.parent, intervals=0)
    return VALID


def test_a_record_may_be_called_not_available(folder):
    assert {"NA", "nan"} <= set(read_oof(oof_file(folder, MODEL, LABEL))["name"])
    assert check(folder) == []


def test_spoilt_predictions_are_read_or_refused(folder):
    path = oof_file(folder, MODEL, LABEL)
    packed, verdicts = path.read_bytes(), []
    text = gzip.decompress(packed)
    for number in range(60):
        generator = np.random.default_rng(number)
        if number % 4:
            path.write_bytes(gzip.compress(hostile.spoil(text, generator, text=True), 1))
        else:
            path.write_bytes(hostile.spoil(packed, generator, text=False))
        with hostile.watchdog(20):
            verdicts.append(hostile.verdict(path, read_predictions))
    assert min(verdicts.count("read"), verdicts.count("refused")) > 3  # both doors are tried


def test_a_spoilt_kept_table_is_read_or_refused(folder):
    path, verdicts = folder / "crossval.csv", []
    data = path.read_bytes()
    for number in range(20):
        path.write_bytes(hostile.spoil(data, np.random.default_rng(number), text=True))
        with hostile.watchdog(20):
            verdicts.append(hostile.verdict(path, read_table))
    assert min(verdicts.count("read"), verdicts.count("refused")) > 0


def test_the_fuzz_can_fail(folder):
    """What was read without a bound, and with `ValueError` alone caught, is found."""

    def careless(path: Path) -> Recording:
        pd.read_csv(path, dtype={"repeat": int})["record"].str.len()
        return VALID

    path = oof_file(folder, MODEL, LABEL)
    text = gzip.decompress(path.read_bytes())

    def spoil_and_read() -> None:
        for number in range(100):
            path.write_bytes(gzip.compress(hostile.spoil(text, np.random.default_rng(number), text=True), 1))
            hostile.verdict(path, careless)

    with pytest.raises(hostile.Escape):
        spoil_and_read()


BOMBS = {
    "unpacks to much": (lambda: gzip.compress(HEADER + bytes(100 << 20), 1), "unpacks to more than 67108864 bytes"),
    "two of them": (lambda: gzip.compress(HEADER) * 2, "goes on after its end"),
    "truncated": (lambda: gzip.compress(HEADER * 9)[:-3], "it is truncated"),
    "columns without end": (lambda: gzip.compress(b"a," * (1 << 21), 1), "no table of predictions|columns a, a"),
    "fields without end": (lambda: gzip.compress(HEADER + b"1," * (1 << 21) + b"\n", 1), "fields, not 6"),
    "an index": (lambda: gzip.compress(HEADER + b"a,0,0,0,1,0.5,7\n" * 9), "line 2 has 7 fields, not 6"),
    "blank lines": (lambda: gzip.compress(HEADER + b"\n" * (1 << 24), 1), "line 2 has 0 fields"),
    "an open quote": (lambda: gzip.compress(HEADER + b'"' + b"1,\n" * (1 << 21), 1), "field larger than field limit"),
    "a long name": (lambda: gzip.compress(HEADER + b"a" * 2000 + b",0,0,0,1,0.5\n"), "more than 1000 characters"),
    "a huge number": (lambda: gzip.compress(HEADER + b"a," + b"9" * 30 + b",0,0,1,0.5\n"), "no table of predictions"),
    "no text": (lambda: gzip.compress(b"\xff" + HEADER), "no readable predictions"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(folder, name):
    make, message = BOMBS[name]
    path = oof_file(folder, MODEL, LABEL)
    path.write_bytes(make())
    tracemalloc.start()
    try:
        with hostile.watchdog(20), pytest.raises(FormatError, match=message):
            read_oof(path)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()


def test_every_record_in_a_repeat_of_its_own_is_refused_before_they_are_crossed():
    """A table of all records by all repeats would take 13 GB."""
    n = 20_000
    names = [f"{i:06d}" for i in range(n)]
    table = pd.DataFrame({"name": names, "repeat": np.arange(n), "fold": 0, "label": 0})
    with pytest.raises(SplitError, match="19999 of 20000 records are missing from repeat 1, 000000 the first"):
        whole_repeats(table.assign(score=0.0, probability=0.5))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO, and links need rights")
@pytest.mark.parametrize("impostor", hostile.IMPOSTORS)
@pytest.mark.parametrize("which", ["crossval.csv", "oof"])
def test_what_is_no_file_of_the_folder_is_refused(folder, which, impostor):
    path = folder / which if which == "crossval.csv" else oof_file(folder, MODEL, LABEL)
    path.rename(path.with_name(f"valid-{path.name}"))
    hostile.IMPOSTORS[impostor](path)
    with hostile.watchdog(20):
        if which == "crossval.csv" and impostor == "nothing":
            assert check(folder) != []  # predictions without a row
            return
        with pytest.raises(FHRError, match=path.name):
            recompute(folder)
        if which == "oof":
            with pytest.raises(FormatError, match="no readable predictions"):
                read_oof(path)
            assert any("no readable predictions" in found for found in check(folder))
    assert os.path.lexists(path) == (impostor != "nothing")
