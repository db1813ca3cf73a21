"""The newborn's state follows the severity as far as is asked for, and its numbers agree with each other."""

import numpy as np
import pytest

from fhr.simulation.outcome import PH, PH_SECTION, base_deficit, draw_outcome


def outcomes(severity, **options):
    rng = np.random.default_rng(1)
    return [draw_outcome(float(s), rng, **options) for s in severity]


def ph(severity, **options):
    return np.array([outcome.ph for outcome in outcomes(severity, **options)])


def test_with_everything_explained_the_ph_falls_as_severity_rises():
    values = ph(np.linspace(-4, 4, 200), explained=1.0)
    assert np.all(np.diff(values) <= 0)
    assert values[0] == pytest.approx(PH[1][-1], abs=0.02)
    assert values[-1] == pytest.approx(PH[1][0], abs=0.02)


@pytest.mark.parametrize("explained", [0.0, 0.3, 0.6, 0.9])
def test_the_correlation_is_the_one_asked_for(explained):
    severity = np.random.default_rng(2).standard_normal(4000)
    values = ph(severity, explained=explained)
    ranks = np.argsort(np.argsort(-values)) / len(values)
    order = np.argsort(np.argsort(severity)) / len(values)
    # Spearman's of two normal variables of correlation r: 6 / pi asin(r / 2).
    assert np.corrcoef(ranks, order)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(explained / 2), abs=0.05)


def test_shares_are_those_of_each_way_of_birth():
    severity = np.random.default_rng(3).standard_normal(6000)
    # CTU-UHB: 22 of 411 vaginal births below 7.05, 79 at most 7.15; 11 and 11 of 31 sections.
    for section, low, middle in ((False, 0.0535, 0.192), (True, 0.355, 0.355)):
        values = ph(severity, section=section)
        assert np.mean(values < 7.05) == pytest.approx(low, abs=0.02)
        assert np.mean(values <= 7.15) == pytest.approx(middle, abs=0.025)
        assert (PH_SECTION if section else PH)[1][0] - 0.006 <= values.min()


def test_base_deficit_is_that_of_real_records(ctu_uhb_database):
    """The formula on real pH and pCO2 gives the BDecf that stands in the same header."""
    real = ctu_uhb_database.outcomes[["ph", "pco2", "bdecf"]].dropna().to_numpy()
    found = np.array([base_deficit(ph, pco2)[1] for ph, pco2, _ in real])
    apart = np.abs(found - real[:, 2])
    assert len(real) > 400
    assert np.quantile(apart, 0.97) < 0.1


def test_written_gases_agree_with_each_other():
    for outcome in outcomes(np.linspace(-3, 3, 300)):
        assert outcome.bdecf == pytest.approx(base_deficit(outcome.ph, outcome.pco2)[1], abs=0.006)
        assert outcome.ph == round(outcome.ph, 2)


def test_apgar_rises_from_the_first_minute_to_the_fifth_and_falls_with_the_ph():
    found = outcomes(np.random.default_rng(4).standard_normal(3000))
    first, fifth, acid = np.array([(o.apgar1, o.apgar5, o.ph) for o in found]).T
    assert np.all(fifth >= first - 1)
    assert fifth.mean() > first.mean() + 0.4
    assert 0.3 < np.corrcoef(first, acid)[0, 1] < 0.6
