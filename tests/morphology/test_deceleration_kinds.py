"""Every kind of deceleration, drawn by hand against one contraction from 600 to 680 s with its peak at 640 s."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import SignalError
from fhr.morphology.events import Events
from fhr.morphology.kinds_of_deceleration import deceleration_kinds

N_SECONDS = 1800
KNOWN = np.empty((0, 2))


def events(*rows, amplitude=25.0):
    """Events from (start, peak, end)."""
    start, peak, end = np.array(rows, dtype=float).reshape(-1, 3).T
    ones = np.ones(len(rows))
    return Events(start, end, peak, amplitude * ones, 100 * ones, 0 * ones)


CONTRACTION = events((600, 640, 680))


def judge(corners, *, contractions=CONTRACTION, uncertain=KNOWN, fs=4.0, noise=1.0, missing=()):
    """The kind, contraction and lag of one deceleration, drawn as lines between (s, bpm below 140)."""
    time = np.arange(round(N_SECONDS * fs)) / fs
    at, below = np.array(corners, dtype=float).T
    fhr = 140 - np.interp(time, at, below, 0, 0) + np.random.default_rng(0).normal(0, noise, len(time))
    for start, end in missing:
        fhr[round(start * fs) : round(end * fs)] = np.nan
    fall = events((at[0], at[np.argmax(below)], at[-1]), amplitude=below.max())
    found = deceleration_kinds(fall, contractions, np.array(uncertain), fhr, np.full(len(fhr), 140.0), fs)
    return found.kind[0], found.contraction[0], found.lag[0]


EARLY = [(602, 0), (640, 20), (678, 0)]
LATE = [(635, 0), (680, 25), (730, 0)]
VARIABLE = [(620, 0), (630, 40), (650, 42), (660, 0)]
V_SHAPE = [(625, 0), (640, 45), (655, 0)]
PROLONGED = [(630, 0), (640, 45), (800, 45), (830, 0)]
LATE_BY_THE_PEAK = [(610, 0), (665, 25), (710, 0)]  # begins with the contraction; its nadir is 25 s late
DEEP_WITH_THE_PEAK = [(602, 0), (640, 45), (678, 0)]
BEFORE_ITS_PEAK = [(560, 0), (610, 25), (680, 0)]  # the nadir is 30 s before the contraction's


@pytest.mark.parametrize("fs", [1.0, 2.0, 4.0, 8.0])
@pytest.mark.parametrize(
    ("corners", "kind", "lag"),
    [
        (EARLY, "early", 0),
        (LATE, "late", 40),
        (VARIABLE, "variable", 10),
        (V_SHAPE, "variable", 0),
        (PROLONGED, "prolonged", 160),
        (LATE_BY_THE_PEAK, "late", 25),
        (DEEP_WITH_THE_PEAK, "unclassified", 0),
        (BEFORE_ITS_PEAK, "unclassified", -30),
    ],
)
def test_each_kind(corners, kind, lag, fs):
    if corners is PROLONGED:
        corners = [(630, 0), (640, 45), (800, 46), (830, 0)]
    assert judge(corners, fs=fs) == (kind, 0, lag)


def test_late_begins_more_than_20_s_after_the_contraction():
    """Same nadir 10 s after the peak, one onset before and one after FIGO's limit."""
    contraction = events((600, 660, 720))
    assert judge([(618, 0), (670, 25), (715, 0)], contractions=contraction)[0] == "early"
    assert judge([(623, 0), (670, 25), (715, 0)], contractions=contraction)[0] == "late"


@pytest.mark.parametrize(("seconds", "kind"), [(20, "variable"), (26, "variable"), (34, "late"), (50, "late")])
def test_half_a_minute_parts_abrupt_from_gradual(seconds, kind):
    nadir = 690
    assert judge([(nadir - seconds, 0), (nadir, 30), (nadir + 40, 0)], noise=0.3)[0] == kind


def test_the_beginning_of_the_nadir_counts_not_its_lowest_point():
    """An abrupt fall to a floor that sinks slowly on for a minute."""
    assert judge([(640, 0), (655, 40), (715, 43), (735, 0)])[0] == "variable"


def test_a_slow_drift_before_the_fall_does_not_make_it_gradual():
    assert judge([(600, 0), (640, 3), (655, 45), (665, 45), (690, 0)])[0] == "variable"


def test_three_minutes_are_prolonged_for_either_shape():
    assert judge([(630, 0), (640, 45), (800, 46), (809, 0)])[0] == "variable"
    assert judge([(630, 0), (640, 45), (800, 46), (812, 0)])[0] == "prolonged"
    assert judge([(630, 0), (710, 45), (812, 0)])[0] == "prolonged"


@pytest.mark.parametrize(
    ("corners", "kind"),
    [(EARLY, "unclassified"), (LATE, "unclassified"), (VARIABLE, "variable"), (PROLONGED, "prolonged")],
)
@pytest.mark.parametrize(
    ("contractions", "uncertain"),
    [
        (events(), [[0.0, 1800.0]]),
        (events(), KNOWN),
        (CONTRACTION, [[600.0, 1800.0]]),
        (events((100, 140, 180)), KNOWN),
        (events((900, 940, 980)), KNOWN),
    ],
)
def test_without_a_contraction_only_the_shape_is_known(corners, kind, contractions, uncertain):
    found, row, lag = judge(corners, contractions=contractions, uncertain=uncertain)
    assert (found, row) == (kind, -1)
    assert np.isnan(lag)


def test_uc_that_is_missing_between_contraction_and_nadir_leaves_it_open():
    """Another contraction may have been there."""
    gradual = [(700, 0), (750, 25), (800, 0)]
    assert judge(gradual)[:2] == ("late", 0)
    assert judge(gradual, uncertain=[[690.0, 720.0]])[:2] == ("late", 0)
    assert judge(gradual, uncertain=[[685.0, 745.0]])[:2] == ("unclassified", -1)


def test_the_contraction_is_the_last_that_began():
    train = events((500, 540, 580), (600, 640, 680), (700, 740, 780))
    assert judge(LATE, contractions=train)[1:] == (1, 40)
    assert judge([(690, 0), (740, 25), (780, 0)], contractions=train)[:2] == ("early", 2)
    # It begins 20 s before one contraction, long after another: the next one is its own.
    alone = events((400, 440, 480), (600, 640, 680))
    assert judge([(580, 0), (640, 25), (690, 0)], contractions=alone)[:2] == ("early", 1)


def test_missing_heart_rate_in_the_fall():
    """A gap over the fall of a gradual one leaves 12 to 60 s for it: either kind; a short gap leaves no doubt."""
    gradual = [(640, 0), (700, 30), (740, 0)]
    assert judge(gradual, missing=[(648, 660)])[0] == "late"
    assert judge(gradual, missing=[(642, 694)])[0] == "unclassified"
    assert judge(VARIABLE, missing=[(621, 629)])[0] == "variable"
    assert judge(gradual, missing=[(630, 745)])[0] == "unclassified"


def test_pushing_shares_one_contraction():
    """Three falls with the pushes of one contraction of the second stage are three variable ones of row 0."""
    time = np.arange(N_SECONDS * 4) / 4
    fhr = 140 - sum(np.interp(time, [s, s + 6, s + 12, s + 18], [0, 30, 30, 0]) for s in (605, 630, 655))
    falls = events((605, 612, 623), (630, 637, 648), (655, 662, 673))
    found = deceleration_kinds(falls, CONTRACTION, KNOWN, fhr, np.full(len(time), 140.0), 4.0)
    assert found.kind.tolist() == ["variable"] * 3
    assert found.contraction.tolist() == [0, 0, 0]
    assert found.lag.tolist() == [-28, -3, 22]


def test_no_deceleration():
    found = deceleration_kinds(events(), CONTRACTION, KNOWN, np.full(400, 140.0), np.full(400, 140.0), 4.0)
    assert [len(column) for column in found] == [0, 0, 0]


@given(st.data())
def test_whatever_comes_in_has_a_kind(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    fs = data.draw(st.sampled_from([1.0, 4.0, 8.0]))
    n = int(900 * fs)
    fhr = 140 + np.cumsum(rng.normal(0, 1, n))
    fhr[rng.random(n) < rng.random()] = np.nan

    def some(count):
        start = np.sort(rng.uniform(0, 850, count))
        end = np.minimum(start + rng.uniform(15, 200, count), 900)
        return events(*zip(start, rng.uniform(start, end), end, strict=True))

    falls, contractions = some(rng.integers(0, 9)), some(rng.integers(0, 9))
    found = deceleration_kinds(falls, contractions, np.array([[0.0, rng.uniform(1, 800)]]), fhr, 0 * fhr + 140, fs)
    assert set(found.kind) <= {"early", "late", "variable", "prolonged", "unclassified"}
    assert ((found.contraction >= -1) & (found.contraction < len(contractions.start))).all()
    with_one = found.contraction >= 0
    assert (np.isnan(found.lag) == ~with_one).all()
    assert (
        found.lag[with_one] == pytest.approx((falls.peak - contractions.peak[found.contraction.clip(0)])[with_one])
        if len(contractions.start)
        else not with_one.any()
    )
    assert with_one[np.isin(found.kind, ["early", "late"])].all()
    assert ((found.kind == "prolonged") == (falls.end - falls.start > 180)).all()


def test_mistakes_are_named():
    with pytest.raises(SignalError, match=r"fhr has shape \(5,\), baseline \(4,\)"):
        deceleration_kinds(events(), events(), KNOWN, np.zeros(5), np.zeros(4), 4.0)
    with pytest.raises(SignalError, match=r"uc_uncertain has shape \(5,\)"):
        deceleration_kinds(events(), events(), np.zeros(5), np.zeros(5), np.zeros(5), 4.0)
