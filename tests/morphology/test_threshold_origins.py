"""What decides is listed, with its origin, and verdicts say whose it is."""

import pytest

from fhr.morphology import analyze, summary, thresholds
from fhr.morphology.baseline import CHANGE
from fhr.morphology.category import DETECTORS
from fhr.simulation import simulate_recording


def test_every_threshold_has_a_number_and_an_origin():
    table = thresholds()
    assert table.columns.tolist() == ["part", "name", "value", "unit", "origin"]
    assert table["value"].notna().all()
    assert set(table["part"]) == {"categories", "baseline", "accelerations", "decelerations", "contractions"}
    tuned = table[table["part"].isin(["baseline", "accelerations", "decelerations"])]
    assert set(tuned["origin"]) == {DETECTORS}
    assert table.loc[table["name"] == "CHANGE", "value"].item() == CHANGE


@pytest.mark.parametrize(("guideline", "more"), [("FIGO 2015", True), ("NICHD 2008", False)])
def test_more_than_is_not_at_least(guideline, more):
    table = thresholds()
    row = table[table["origin"].str.startswith(guideline) & table["name"].str.startswith("amplitude of a deceleration")]
    assert row["value"].item() == 15
    assert ("more than" in row["name"].item()) == more


def test_verdicts_say_what_they_rest_on():
    found = analyze(simulate_recording(0, seed=1))
    for category in (found.figo, found.nichd):
        assert category.guideline in category.basis
        assert DETECTORS in category.basis
    assert DETECTORS in summary(found)["basis"]
