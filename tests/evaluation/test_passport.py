"""Passports: what a generator is on one fold, beside real records; a memoriser and a spoiler are told."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.evaluation import Passport, RealMeasures, passport_power, surrogate_passport
from fhr.evaluation.passport import NO_DEFECT
from fhr.recording import Provenance
from fhr.report import write_passport
from fhr.simulation import simulate_recording
from fhr.synthesis import Drawn, FittedGenerator, Generator

POWER = {NO_DEFECT: 0.04, "no lag": 0.9}


@dataclass(frozen=True, kw_only=True)
class _Copies(Generator):
    """The training records themselves, mirrored if asked, a little louder."""

    mirrored: bool = False

    keeps: ClassVar[str] = "<all>"
    destroys: ClassVar[str] = "nothing"

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        signals = fitted.windows.signals[rows] + np.float32(0.1)
        if self.mirrored:
            signals[:, 0] = 280 - signals[:, 0]
        return Drawn(signals)


@pytest.fixture(scope="module")
def records():
    return [simulate_recording(k, seed=3) for k in range(24)]


@pytest.fixture(scope="module")
def copies(records) -> FittedGenerator:
    return _Copies().fit(records[:14])


@pytest.fixture(scope="module")
def measures() -> RealMeasures:
    return RealMeasures()


@pytest.fixture(scope="module")
def passport(records, copies, measures) -> Passport:
    return surrogate_passport(copies, records[14:], power=POWER, n_splits=200, measures=measures)


def test_a_memoriser_is_told(passport):
    assert passport.verdict.good is False
    assert any("copies 5 min" in name for name in passport.verdict.memorisations)
    assert (passport.n_training, passport.n_held_out, len(passport.synthetic)) == (14, 10, 10)


def test_copies_of_real_records_look_real(passport):
    assert passport.verdict.infidelities == ()
    assert {"marginals: asymmetry", "marginals: coupling", "embedding: mmd2"} <= set(passport.indices["index"])
    assert (passport.indices["p"] >= 1 / 201).all()


def test_rises_in_place_of_falls_are_told_and_without_power_there_is_no_verdict(records, measures):
    mirrored = surrogate_passport(
        _Copies(mirrored=True).fit(records[:14]), records[14:], n_splits=400, measures=measures
    )
    assert mirrored.indices.set_index("index").loc["marginals: asymmetry", "p"] < 0.01
    assert mirrored.verdict.good is None
    assert "power: not measured" in mirrored.verdict.words


def test_too_few_records_to_part_have_no_power(copies):
    assert passport_power(copies.windows, 5) == {}


def test_wrong_records_are_refused(records, copies):
    with pytest.raises(FHRError, match="fitted to 1 of 11 held-out"):
        surrogate_passport(copies, records[13:])
    with pytest.raises(FHRError, match="9 held-out records of the class; a passport needs 10 each"):
        surrogate_passport(copies, records[15:])
    fake = [replace(r, provenance=Provenance("synthetic", "iaaft")) for r in records[14:]]
    with pytest.raises(FHRError, match=r"synthetic \(made by iaaft\)"):
        surrogate_passport(copies, fake)
    with pytest.raises(FHRError, match="60 min at 4 Hz"):
        surrogate_passport(_Copies(minutes=30).fit(records[:14]), records[14:])


def test_the_page_stands_by_itself_and_its_key_is_right(passport, tmp_path):
    page = write_passport(tmp_path / "passport", passport, n_strips=6, seed=2)
    text = page.read_text(encoding="utf-8")
    assert "not good: memorises" in text
    assert "&lt;all&gt;" in text
    assert "<all>" not in text
    assert text.index("data:image/png") < text.index("<h2>Key")
    plain = json.loads((page.parent / "passport.json").read_text(encoding="utf-8"))
    real = {recording.name for recording in passport.real}
    assert [one["kind"] == "real" for one in plain["strips"]] == [one["name"] in real for one in plain["strips"]]
    assert sorted(one["kind"] for one in plain["strips"]) == ["real"] * 3 + ["synthetic"] * 3
    assert plain["verdict"]["good"] is False
    assert (page.parent / "strips.png").stat().st_size > 10_000
    with pytest.raises(FHRError, match="n_strips=7; give an even number from 2 to 20"):
        write_passport(tmp_path, passport, n_strips=7)
