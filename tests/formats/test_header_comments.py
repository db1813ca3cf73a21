"""Comments of headers as people write them: the value, or missing with a note that keeps the text."""

import dataclasses
from math import isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.formats import read, write_wfdb
from fhr.formats.wfdb.ctu_uhb_header import IMPLAUSIBLE
from fhr.formats.wfdb.header_comments import Comments, parse_comments
from fhr.recording import Clinical, Outcome, Recording, Step


def parsed(*lines: str) -> Comments:
    return parse_comments(lines, n_samples=19200, fs=4.0, where="a.hea")


def values(comments: Comments) -> dict[str, float]:
    """Fields that are known."""
    fields = dataclasses.asdict(comments.outcome) | dataclasses.asdict(comments.clinical)
    return {key: value for key, value in fields.items() if not isnan(value)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *((line, {"ph": 7.14}) for line in ("#pH: 7.14", "#pH=7.14", "#PH 7.14", "# pH  7,14", "#ph:7.14", "#pH7.14")),
        *((line, {"ph": 7.14}) for line in ("#pH 7.14 [-]", "#pH [-]: 7.14", "#pH (umbilical artery) = 7.14")),
        *(
            (f"#{label} 7.14", {"ph": 7.14})
            for label in ("umbilical pH", "pH(art)", "cord artery pH:", "pH_art =", "UA pH")
        ),
        ("#BE: −10,5 mmol/l", {"be": -10.5}),
        ("#BE .5", {"be": 0.5}),
        ("#base excess -10.5 mEq/l", {"be": -10.5}),
        ("#pCO2 7.7 kPa", {"pco2": 7.7}),
        ("#pCO2 [mmHg]: 60.00496", {"pco2": 8.0}),
        *((line, {"apgar1": 9}) for line in ("#Apgar1: 9/10", "#Apgar 1 min 9", "#APGAR1=9", "#Apgar 1': 9")),
        ("#Apgar5 8", {"apgar5": 8}),
        ("#Apgar 9/10/10", {"apgar1": 9, "apgar5": 10}),
        *(
            (f"#{label}{text}", {"gestational_age": 40})
            for label in ("Gest. weeks  ", "gestation: ", "GA = ", "Gestational age ")
            for text in ("40+3", "40 weeks 3 days", "40w3d", "40 3/7", "40")
        ),
        ("#Gest. weeks 39.5", {"gestational_age": 39.5}),
        *(
            (f"#{text}", {"weight": 3250})
            for text in (
                "Weight(g)    3,250",
                "Weight 3250 g",
                "Birth weight: 3,25 kg",
                "weight (kg) 3.25",
                "Weight 3 250",
            )
        ),
        ("#Birth weight: 3.29 kg", {"weight": 3290}),
        *((f"#{text}", {"sex": 1}) for text in ("Sex F", "sex: female", "Gender = f", "Sex          1")),
        *((f"#{text}", {"sex": 2}) for text in ("Sex M", "SEX: Male", "Gender male", "Sex          2")),
        ("#<age>: 32 <sex>: F", {"maternal_age": 32, "sex": 1}),
        ("#pH: 7.14, BE: -10.5; Apgar1: 6", {"ph": 7.14, "be": -10.5, "apgar1": 6}),
        ("#Diabetes: yes", {"diabetes": 1}),
        ("#Meconium no", {"meconium": 0}),
        ("#Deliv. type  Caesarean section", {"delivery_type": 2}),
        ("#I.stage 3.5 h", {"first_stage": 210}),
        ("#II.stage: 20 min", {"second_stage": 20}),
        ("#NICU days = 3 days", {"nicu_days": 3}),
        ("#<pH>7.14", {"ph": 7.14}),
        *((f"#{text}", {"maternal_age": 31}) for text in ("Mother age: 31", "age of mother = 31", "Mother's age 31")),
        *((f"#{text}: CS", {"delivery_type": 2}) for text in ("Delivery", "Type of delivery", "mode of birth")),
        *((f"#pH{a}7.14{b}BE{a}-5.2", {"ph": 7.14, "be": -5.2}) for a, b in ("= ", " ,", " /", ":,")),
        ("#Apgar 1 min 8 Apgar 5 min 9 gestational age 40", {"apgar1": 8, "apgar5": 9, "gestational_age": 40}),
        ("#pH 7.14 venous pH 7.25", {"ph": 7.14}),
    ],
)
def test_values_as_people_write_them(line, expected):
    comments = parsed(line)
    assert values(comments) == expected
    assert comments.notes == ()


@pytest.mark.parametrize(
    "line",
    [
        *("#pH: unknown", "#pH NaN", "#BE n/a", "#Sex ?", "#Apgar1 -", "#II.stage     -1", "#Pos. II.st.  -1"),
        *("#pH (venous): 7.24", "#venous pH 7.24", "#Apgar 10: 9", "#phase 2", "#be careful", "#-- Outcome measures"),
        *("#delivery room 5", "#Delivery descriptors", "#BD", "#seen by BD"),
        *("#", "#----- Additional parameters for record 1001", "pH 7.14", "#ageing 3", "#sexes 2", "#"),
    ],
)
def test_no_value_and_no_note(line):
    comments = parsed(line)
    assert (values(comments), comments.notes, comments.remarks) == ({}, (), {})


@pytest.mark.parametrize(
    ("line", "field", "kept"),
    [
        ("#pH high", "ph", "high"),
        ("#pH", "ph", ""),
        ("#scalp pH 7.14", "ph", "scalp pH 7.14"),
        ("#worst Apgar 3", "apgar1", "worst Apgar 3"),
        ("#pH:", "ph", ""),
        ("#NICU days ", "nicu_days", ""),
        *(
            (f"#{label} {sign}{number}", field, f"{sign}{number}")
            for label, field, number in (("pH:", "ph", "7.1"), ("BE", "be", "-12"), ("Apgar5", "apgar5", "7"))
            for sign in ("<", "> ", ">=", "≥", "~")
        ),
        ("#Weight(g) > 3000", "weight", "> 3000"),
        ("#pH => 7.14", "ph", "> 7.14"),
        ("#BD 8.1", "bdecf", "BD 8.1"),  # of the blood or of the extracellular fluid
        ("#cord SBE: -8.1", "be", "cord SBE: -8.1"),
        ("#pHv 7.25", "ph", "pHv 7.25"),
        ("#pH 7.14, 7.20", "ph", "7.14, 7.20"),
        ("#pH 71.4", "ph", 71.4),
        ("#pH inf", "ph", float("inf")),
        ("#BE-10.5", "be", "BE-10.5"),  # a dash or a minus
        ("#pCO27.7", "pco2", "pCO27.7"),
        ("#pCO2 55", "pco2", 55.0),
        ("#Weight(g) 3.25", "weight", 3.25),
        ("#Weight (kg): 32", "weight", "32 kg"),
        ("#weight 7 lb", "weight", "7 lb"),
        ("#Weight(g) 2_660", "weight", "2_660"),
        ("#Sex 3", "sex", 3.0),
        ("#First stage: 1,250", "first_stage", "1,250"),  # minutes and a quarter, or twenty hours
        ("#Presentation cephalic", "presentation", "cephalic"),
        ("#Pos. II.st. 14,400", "stage2_start", "14,400"),
    ],
)
def test_what_cannot_be_told_is_missing_and_noted(line, field, kept, caplog):
    caplog.set_level("INFO", logger="fhr")
    comments = parsed(line)
    assert (values(comments), comments.notes) == ({}, (Step(IMPLAUSIBLE, {"field": field, "value": kept}),))
    assert "a.hea: " in caplog.text


@pytest.mark.parametrize("line", ["#pH 7.14 (BE -8)", "#pH 7.14 in the cord BE -8", "#scalp pH 7.14, BE -8"])
def test_each_measure_of_a_line_that_cannot_be_told_is_noted(line):
    comments = parsed(line)
    assert (values(comments), [step.parameters["field"] for step in comments.notes]) == ({}, ["ph", "be"])


def test_two_scores_alone_may_be_one_of_ten():
    assert [step.parameters["value"] for step in parsed("#Apgar: 9/10").notes] == ["Apgar: 9/10"] * 2


@pytest.mark.parametrize(
    ("lines", "ph", "notes"),
    [
        (["#pH 7.14", "#pH: 7,14"], 7.14, []),
        (["#pH NaN", "#pH: 7,14"], 7.14, []),
        (["#pH 7.14", "#pH unknown"], 7.14, []),
        (["#pH 7.14", "#pH 7.2"], nan, ["7.14 | 7.2"]),
        (["#pH 7.14", "#pH 7.2", "#pH 7.14"], nan, ["7.14 | 7.2 | 7.14"]),
    ],
)
def test_a_field_that_stands_twice(lines, ph, notes):
    comments = parsed(*lines)
    assert comments.outcome.ph == pytest.approx(ph, nan_ok=True)
    assert [step.parameters["value"] for step in comments.notes] == notes


WRITTEN = [
    *("#pH high", "#pH", "#BE-10.5", "#Apgar: 9/10", "#Weight (kg): 32", "#pH 7.1\n#pH 7.2", "#gestation 40+3"),
    *("#Weight 3,250", "#pCO2 55 mmHg", "#Apgar 9/10/10", "#Sex Müller", "#Sex F", "#I.stage 1,250", "#pH 7.14, 7.20"),
]


@pytest.mark.parametrize("lines", WRITTEN)
def test_what_was_read_stands_when_it_is_written_and_read_again(tmp_path: Path, lines):
    header = write_wfdb(Recording("a", [140.0, 141.0], [1.0, 2.0], 4.0), tmp_path)
    signals = [line for line in header.read_text().splitlines() if not line.startswith("#")]
    header.write_text("\n".join([*signals, lines]))
    first = read(header)
    again = read(write_wfdb(first, tmp_path / "again"))
    assert values(parsed(*lines.split("\n"))) == pytest.approx(
        {k: v for k, v in (dataclasses.asdict(again.outcome) | dataclasses.asdict(again.clinical)).items() if v == v}
    )
    notes = [[step for step in one.history if step.name == IMPLAUSIBLE] for one in (first, again)]
    assert notes[0] == notes[1]
    twice = write_wfdb(again, tmp_path / "twice")
    assert twice.read_bytes() == (tmp_path / "again" / "a.hea").read_bytes()


def test_the_days_of_a_gestation_are_kept_and_written_again(tmp_path):
    header = write_wfdb(Recording("a", [140.0], [1.0], 4.0, clinical=Clinical(gestational_age=40)), tmp_path)
    header.write_text(header.read_text().replace("#Gest. weeks  40", "#Gest. weeks  40+3"))
    recording = read(header)
    assert recording.history[0].parameters["comments"] == {"gestational_age": "40+3"}
    assert write_wfdb(recording, tmp_path / "again").read_bytes() == header.read_bytes()


def test_notes_of_a_stranger_write_no_lines_of_their_own(tmp_path):
    note = Step(IMPLAUSIBLE, {"field": "ph", "value": "7\n#Sex 1"})
    strange = Step("read", {"comments": {"be": "1\n#Sex 1", "weight": 3}})
    recording = Recording("a", [140.0], [1.0], 4.0, outcome=Outcome(be=1), history=(note, strange))
    assert isnan(read(write_wfdb(recording, tmp_path)).clinical.sex)


@given(
    st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(["#pH", "#", "#Apgar ", "#Weight(g) ", "#GA:"])
)
def test_any_comment_gives_values_within_their_ranges(text, label):
    comments = parsed(*f"{label}{text}".split("\n"))
    ph, weeks = comments.outcome.ph, comments.clinical.gestational_age
    assert isnan(ph) or 6.5 <= ph <= 7.8
    assert isnan(weeks) or 20 <= weeks <= 45
    assert all(isinstance(step.parameters["value"], str | float) for step in comments.notes)
